//! Settings of this installation, and the recovery code while it is unconfirmed.

use holdfast_crypto::RecoveryCode;

use super::{Vault, meta};
use crate::Result;

impl Vault {
    /// The look that the person chose, as the window named it; `None` before there was a choice.
    pub fn theme(&self) -> Result<Option<String>> {
        self.read(|r| Ok(r.get_meta(meta::THEME)?.map(|b| String::from_utf8_lossy(&b).into_owned())))
    }

    pub fn set_theme(&self, theme: &str) -> Result<()> {
        self.transact(|t| {
            t.tx.put_meta(meta::THEME, theme.as_bytes())?;
            t.changes.settings = true;
            Ok(())
        })
    }

    /// The recovery code until a person has confirmed it; kept in the encrypted database, then forgotten.
    pub fn unconfirmed_code(&self) -> Result<Option<RecoveryCode>> {
        let phrase = self.read(|r| Ok(r.get_meta(meta::RECOVERY_PHRASE)?))?;
        let phrase = phrase.map(zeroize::Zeroizing::new);
        phrase.map(|p| Ok(RecoveryCode::parse(&String::from_utf8_lossy(&p))?)).transpose()
    }

    /// True if the words, at least two, are those at their places (from 0) in the code: then it is forgotten here.
    pub fn confirm_code(&self, words: &[(usize, String)]) -> Result<bool> {
        let Some(code) = self.unconfirmed_code()? else { return Ok(true) };
        let right = code.words();
        let places: std::collections::BTreeSet<usize> = words.iter().map(|(n, _)| *n).collect();
        let confirmed = places.len() >= 2
            && words.iter().all(|(n, word)| right.get(*n).is_some_and(|r| *r == word.trim().to_lowercase()));
        if confirmed {
            self.transact(|t| {
                t.tx.remove_meta(meta::RECOVERY_PHRASE)?;
                t.changes.settings = true;
                Ok(())
            })?;
        }
        Ok(confirmed)
    }
}
