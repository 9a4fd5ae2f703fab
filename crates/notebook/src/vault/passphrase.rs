//! The floor for a passphrase, and changing it. The window shows its strength; here is only what is refused.

use super::Vault;
use crate::{NotebookError, Result};

/// Fewer characters than this are refused: what is too weak is the person's to say, but none is no passphrase.
const MIN_CHARACTERS: usize = 1;

pub(crate) fn check(passphrase: &str) -> Result<()> {
    if passphrase.chars().count() < MIN_CHARACTERS {
        return Err(NotebookError::WeakPassphrase(MIN_CHARACTERS));
    }
    Ok(())
}

impl Vault {
    /// Another passphrase in the place of the one that is typed here. The server and the other computers learn it with the
    /// next sync. Runs the key derivation.
    pub fn change_passphrase(&self, present: &str, new: &str) -> Result<()> {
        self.check_passphrase(present)?;
        self.set_passphrase(new)
    }

    /// Fails where this is not the vault's passphrase. Runs the key derivation.
    pub fn check_passphrase(&self, present: &str) -> Result<()> {
        let account = self.keys().file.account().clone();
        account.open_with_passphrase(present)?;
        Ok(())
    }

    /// Sets a passphrase, whatever it was.
    pub(crate) fn set_passphrase(&self, new: &str) -> Result<()> {
        check(new)?;
        let (mut file, mut open) = {
            let keys = self.keys();
            (keys.file.clone(), keys.open.clone())
        };
        let derived = file.set_passphrase(&mut open, new, &mut self.env.rng())?;
        // First what signs in with it: from the moment at which the key file has it, the server can be told.
        crate::sync::passphrase_made(self, file.account().kdf_params().salt, &derived)?;
        if crate::planted("passphrase-not-kept") {
            return Ok(());
        }
        // The account may have changed meanwhile.
        self.change_keys(|keys| {
            Ok(keys.file.carry_passphrase(&mut keys.open, file.account(), &mut self.env.rng())?)
        })?;
        crate::sync::tell_passphrase_set(self);
        self.wake.notify_one();
        Ok(())
    }
}
