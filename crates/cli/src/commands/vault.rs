//! `init`, `unlock` and `passphrase`.

use holdfast_notebook::{Env, NotebookError, SyncState, Vault, vault_exists};
use serde_json::json;

use crate::output::Answer;
use crate::session::{Place, device_name, finish};
use crate::{Outcome, passphrase};

pub fn init(place: &Place, name: Option<String>) -> Outcome {
    let dir = place.dir()?;
    // Before anybody thinks of a passphrase.
    if vault_exists(&dir)? {
        return Err(NotebookError::VaultExists(dir).into());
    }
    let secret = passphrase::first()?;
    let created = Vault::create(&dir, &secret, &device_name(name), Env::system())?;
    let phrase = created.recovery_code.to_phrase();
    finish(created.vault, |_| {
        let text = format!(
            "{}\n\nThis is the recovery code. It opens the vault without the passphrase. \
             Keep it on paper: it is not shown here again.",
            *phrase
        );
        Ok(Answer::new(json!({ "recovery_code": *phrase }), text))
    })
}

pub fn unlock(place: &Place) -> Outcome {
    let dir = place.dir()?;
    if !vault_exists(&dir)? {
        return Err(NotebookError::NoVault(dir).into());
    }
    let code = passphrase::recovery_code()?;
    let secret = passphrase::new()?;
    let vault = Vault::open_with_code(&dir, &code, &secret, Env::system())?;
    finish(vault, |_| Ok(Answer::done("The vault opens, and the new passphrase is set.")))
}

pub fn change_passphrase(place: &Place) -> Outcome {
    place.with_passphrase(|vault, present| {
        let new = passphrase::new()?;
        vault.change_passphrase(present, &new)?;
        let status = vault.sync_status()?;
        let text = match status.server {
            None => "The new passphrase is set.",
            Some(_) if status.state == SyncState::NeedsSignIn => {
                "The new passphrase is set here. The server ended this computer's session: sync with the new passphrase in \
                 HOLDFAST_PASSPHRASE to sign in, and the server and the other computers take it over."
            }
            Some(_) => {
                "This computer has the new passphrase. The server takes the old one until the next sync: `holdfast sync`. \
                 The other computers follow with theirs."
            }
        };
        Ok(Answer::done(text))
    })
}
