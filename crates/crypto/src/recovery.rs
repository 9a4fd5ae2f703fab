//! The recovery code: 256 bits as 24 English words (BIP-39) with a checksum.

use std::fmt;

use bip39::{Language, Mnemonic};
use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::hazmat::{self, BoxSecret, Secret, labels};
use crate::rng::{Rng, random_secret};

/// Words in a code.
pub const WORDS: usize = 24;

/// What is wrong with a code as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryCodeError {
    /// Words are missing or too many.
    #[error("a recovery code has 24 words; this has {found}")]
    WrongNumberOfWords {
        /// How many there are.
        found: usize,
    },
    /// A word that is not on the list: mistyped.
    #[error("word {position} is not a recovery word")]
    UnknownWord {
        /// Counted from 1.
        position: usize,
    },
    /// All are words of the list, but not together: one is another word, or two are swapped.
    #[error("the words do not fit together: one is wrong or out of place")]
    Checksum,
}

/// A recovery code. Opens the vault and logs in at the server without the passphrase.
#[derive(Clone)]
pub struct RecoveryCode(Secret);

impl RecoveryCode {
    /// Makes a new code.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, CryptoError> {
        Ok(Self(random_secret(rng)?))
    }

    /// Reads a code as people write it: any case, any white space, numbers before words, commas after.
    ///
    /// # Errors
    /// [`CryptoError::RecoveryCode`].
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let mut phrase = Zeroizing::new(String::with_capacity(text.len()));
        let mut found = 0;
        let mut unknown = None;
        for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            found += 1;
            if found > 1 {
                phrase.push(' ');
            }
            let start = phrase.len();
            phrase.extend(word.chars().flat_map(char::to_lowercase));
            if unknown.is_none() && Language::English.find_word(&phrase[start..]).is_none() {
                unknown = Some(found);
            }
        }
        if found != WORDS {
            return Err(RecoveryCodeError::WrongNumberOfWords { found }.into());
        }
        if let Some(position) = unknown {
            return Err(RecoveryCodeError::UnknownWord { position }.into());
        }
        // The mnemonic wipes itself on drop.
        let mnemonic =
            Mnemonic::parse_in_normalized(Language::English, &phrase).map_err(|_| RecoveryCodeError::Checksum)?;
        let entropy = Zeroizing::new(mnemonic.to_entropy_array().0);
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(&entropy[..32]);
        Ok(Self(bytes))
    }

    /// The 24 words, in order.
    pub fn words(&self) -> Vec<&'static str> {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, self.0.as_ref())
            .expect("32 bytes are a valid length of entropy");
        mnemonic.words().collect()
    }

    /// The words with one space between.
    pub fn to_phrase(&self) -> Zeroizing<String> {
        let words = self.words();
        let mut phrase = Zeroizing::new(String::with_capacity(WORDS * 9));
        for (i, word) in words.iter().enumerate() {
            if i > 0 {
                phrase.push(' ');
            }
            phrase.push_str(word);
        }
        phrase
    }

    /// The secret that logs in at the server. It opens nothing.
    pub fn auth(&self) -> Zeroizing<[u8; 32]> {
        hazmat::derive_key(&self.0, labels::CODE_AUTH)
    }

    pub(crate) fn box_secret(&self) -> BoxSecret {
        BoxSecret::from_bytes(&hazmat::derive_key(&self.0, labels::CODE_BOX_KEY))
    }

    /// Seals what must be bound to the code itself and not only to its public key.
    pub(crate) fn kek(&self) -> Secret {
        hazmat::derive_key(&self.0, labels::CODE_ANCHOR_KEY)
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rng::SeededRng;

    fn error(text: &str) -> RecoveryCodeError {
        match RecoveryCode::parse(text) {
            Err(CryptoError::RecoveryCode(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_people_type_is_read() {
        let code = RecoveryCode::generate(&mut SeededRng::new("typed")).unwrap();
        let words = code.words();
        let numbered: Vec<String> = words.iter().enumerate().map(|(i, w)| format!("{}. {w}", i + 1)).collect();
        let tight: Vec<String> = words.iter().enumerate().map(|(i, w)| format!("{:02}){w}", i + 1)).collect();
        for text in [
            code.to_phrase().to_string(),
            numbered.join("\r\n"),
            tight.join(",\t"),
            format!("  {}\n", words.join("   ").to_uppercase()),
        ] {
            assert_eq!(*RecoveryCode::parse(&text).unwrap().0, *code.0, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let code = RecoveryCode::generate(&mut SeededRng::new("mistakes")).unwrap();
        let words = code.words();
        assert_eq!(error(""), RecoveryCodeError::WrongNumberOfWords { found: 0 });
        assert_eq!(error(&words[..23].join(" ")), RecoveryCodeError::WrongNumberOfWords { found: 23 });
        let mut wrong = words.clone();
        wrong[4] = "holdfast";
        wrong[9] = "nope";
        assert_eq!(error(&wrong.join(" ")), RecoveryCodeError::UnknownWord { position: 5 });
        let mut swapped = words.clone();
        swapped.swap(0, 1);
        assert_eq!(error(&swapped.join(" ")), RecoveryCodeError::Checksum);
    }
}
