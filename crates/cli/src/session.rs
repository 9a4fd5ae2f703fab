//! Opening the vault, and closing it so that everything is on disk before an answer is printed.

use std::path::PathBuf;
use std::sync::Arc;

use holdfast_notebook::sync::{Connect, ServerAddress};
use holdfast_notebook::{Env, Keychain, NoKeychain, NotebookError, OsKeychain, Vault, default_vault_dir, vault_exists};
use holdfast_sync_http::HttpClient;

use crate::failure::Failure;
use crate::passphrase::{self, Secret};
use crate::{Answer, Outcome};

/// Where the vault is, as it was typed.
pub struct Place(pub Option<PathBuf>);

impl Place {
    pub fn dir(&self) -> Outcome<PathBuf> {
        match &self.0 {
            Some(dir) => Ok(dir.clone()),
            None => Ok(default_vault_dir()?),
        }
    }

    /// The folder of a vault that is there; asked before anybody types a passphrase.
    fn existing(&self) -> Outcome<PathBuf> {
        let dir = self.dir()?;
        if vault_exists(&dir)? { Ok(dir) } else { Err(NotebookError::NoVault(dir).into()) }
    }

    /// Opens the vault, runs a command in it, and closes it.
    pub fn with_vault(&self, run: impl FnOnce(&Arc<Vault>) -> Outcome) -> Outcome {
        let dir = self.existing()?;
        let given = passphrase::given()?;
        let by_keychain = match &given {
            Some(_) => None,
            None => Vault::open_with_keychain(&dir, &*keychain(), Env::system())?,
        };
        let vault = match by_keychain {
            Some(vault) => vault,
            None => Vault::open(&dir, &given.map_or_else(passphrase::current, Ok)?, Env::system())?,
        };
        if !no_keychain() {
            vault.check_instance(&OsKeychain)?;
        }
        finish(vault, run)
    }

    /// As [`Self::with_vault`], by the passphrase, which the command needs too.
    pub fn with_passphrase(&self, run: impl FnOnce(&Arc<Vault>, &Secret) -> Outcome) -> Outcome {
        let dir = self.existing()?;
        let secret = passphrase::current()?;
        let vault = Vault::open(&dir, &secret, Env::system())?;
        finish(vault, |vault| run(vault, &secret))
    }
}

/// Runs a command in an open vault and closes it. A failure of the command is told before one of closing.
pub fn finish(vault: Vault, run: impl FnOnce(&Arc<Vault>) -> Outcome) -> Outcome<Answer> {
    let vault = Arc::new(vault);
    #[cfg(debug_assertions)]
    limit_pages(&vault)?;
    let outcome = run(&vault);
    let closed = vault.close();
    let answer = outcome?;
    match closed {
        // What the command did is on disk, in the write-ahead log or as a working revision, and only tidying up found no
        // room. "Nothing was changed" would make a person do it twice.
        Err(NotebookError::DiskFull) => tracing::warn!("the disk is full: the database was not tidied up"),
        other => other?,
    }
    Ok(answer)
}

/// For tests of a full disk, and in no release: the database may not grow past `HOLDFAST_TEST_MAX_PAGES`, or past what
/// it has, if that is more.
#[cfg(debug_assertions)]
fn limit_pages(vault: &Vault) -> Outcome<()> {
    match std::env::var("HOLDFAST_TEST_MAX_PAGES").map(|pages| pages.parse()) {
        Ok(Ok(pages)) => Ok(vault.limit_pages(pages)?),
        Ok(Err(_)) => Err(Failure::usage("HOLDFAST_TEST_MAX_PAGES is not a number.")),
        Err(_) => Ok(()),
    }
}

/// The system's keychain, or none where the environment says that it is not to be asked.
pub fn keychain() -> Box<dyn Keychain> {
    if no_keychain() { Box::new(NoKeychain) } else { Box::new(OsKeychain) }
}

/// True where the environment says that the system's keychain is not to be asked.
fn no_keychain() -> bool {
    std::env::var_os("HOLDFAST_NO_KEYCHAIN").is_some_and(|v| !v.is_empty() && v != "0")
}

/// The name of this computer, until a person gives another.
pub fn device_name(given: Option<String>) -> String {
    let name = given.unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned());
    if name.trim().is_empty() { "This computer".to_owned() } else { name }
}

/// Connections over HTTPS.
pub fn connect() -> Connect {
    Arc::new(|address: &ServerAddress| Ok(Arc::new(HttpClient::new(&address.url, address.pin)?)))
}

/// Runs something that needs the network, on this thread.
pub fn block_on<T>(work: impl Future<Output = T>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::said(format!("The network cannot be used: {e}.")))?;
    Ok(runtime.block_on(work))
}
