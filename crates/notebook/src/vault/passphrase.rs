//! The floor for a passphrase. The window shows its strength; here is only what is refused.

use crate::{NotebookError, Result};

/// Fewer characters than this are refused: what is too weak is the person's to say, but none is no passphrase.
const MIN_CHARACTERS: usize = 1;

pub(crate) fn check(passphrase: &str) -> Result<()> {
    if passphrase.chars().count() < MIN_CHARACTERS {
        return Err(NotebookError::WeakPassphrase(MIN_CHARACTERS));
    }
    Ok(())
}
