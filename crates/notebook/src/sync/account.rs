//! Adding a server: creating an account, and joining one.

use std::path::Path;
use std::sync::Arc;

use holdfast_crypto::{AccountKeys, KeyFile, PassphraseKeys};
use holdfast_domain::RevisionId;
use holdfast_protocol as wire;
use holdfast_protocol::{JoinLink, LoginMethod, LoginSecret, ProtocolError, SyncProtocol, Token};
use holdfast_store::{Reader, WriteTx};

use super::keys::{hostile, registration};
use super::login::{self, Login, wire_kdf};
use super::{device, meta, seal_into_outbox};
use crate::{Env, NotebookError, Result, Vault};

/// Other devices may change the account's keys at the same time; so often it is tried anew.
pub(super) const KEY_TRIES: usize = 5;

/// Where a server is, and the key it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    pub url: String,
    /// SHA-256 of the server's public key (SPKI).
    pub pin: [u8; 32],
}

/// Makes the connection; the shell passes one over HTTPS.
pub type Connect = Arc<dyn Fn(&ServerAddress) -> Result<Arc<dyn SyncProtocol>, ProtocolError> + Send + Sync>;

/// What the vault knows of its account.
pub(super) struct Account {
    pub address: ServerAddress,
    pub user: String,
    /// `None` when the server refused it.
    pub token: Option<Token>,
    pub keys_version: u64,
}

pub(super) fn load(reader: &Reader<'_>) -> Result<Option<Account>> {
    let text =
        |key| -> Result<Option<String>> { Ok(reader.get_meta(key)?.map(|b| String::from_utf8_lossy(&b).into_owned())) };
    let Some(url) = text(meta::SERVER_URL)? else { return Ok(None) };
    let pin = reader.get_meta(meta::SERVER_PIN)?.and_then(|b| b.try_into().ok());
    let pin = pin.ok_or_else(|| NotebookError::Damaged("the database lacks the server's key".into()))?;
    Ok(Some(Account {
        address: ServerAddress { url, pin },
        user: text(meta::USER)?.unwrap_or_default(),
        token: reader.get_meta(meta::TOKEN)?.map(Token),
        keys_version: reader.get_u64(meta::KEYS_VERSION)?.unwrap_or(0),
    }))
}

fn store(tx: &WriteTx<'_>, address: &ServerAddress, user: &str, token: &[u8], keys_version: u64) -> Result<()> {
    tx.put_meta(meta::SERVER_URL, address.url.as_bytes())?;
    tx.put_meta(meta::SERVER_PIN, &address.pin)?;
    tx.put_meta(meta::USER, user.as_bytes())?;
    tx.put_meta(meta::TOKEN, token)?;
    tx.put_u64(meta::KEYS_VERSION, keys_version)?;
    Ok(())
}

/// Reads a join link; says what is wrong with one that is none.
pub fn read_link(link: &str) -> Result<JoinLink> {
    JoinLink::parse(link.trim()).map_err(|e| NotebookError::LinkInvalid(e.to_string()))
}

impl Vault {
    /// A link by which another computer joins this account. It says where the server is and which key it has, and lets
    /// nobody in: who joins signs in with the user's name and the passphrase. So it does not expire.
    ///
    /// # Errors
    /// [`NotebookError::NoServer`].
    pub fn join_link(&self) -> Result<JoinLink> {
        let address = self.read(load)?.ok_or(NotebookError::NoServer)?.address;
        JoinLink::new(&address.url, address.pin, None, 0).map_err(|e| NotebookError::LinkInvalid(e.to_string()))
    }
}

fn address(link: &JoinLink) -> ServerAddress {
    ServerAddress { url: link.url.clone(), pin: link.pin }
}

/// Makes an account on the server of a join link for a vault that has none, and queues everything for sending.
pub async fn create_account(
    vault: &Vault,
    connect: &Connect,
    link: &str,
    user: &str,
    passphrase: &str,
    device_name: Option<&str>,
) -> Result<()> {
    if let Some(account) = vault.read(load)? {
        return Err(NotebookError::HasServer(account.address.url));
    }
    let link = read_link(link)?;
    let invitation = link.invitation.clone().ok_or_else(|| {
        NotebookError::LinkInvalid("this link cannot make an account; ask for a new one from the server's owner".into())
    })?;
    if link.expires_ms <= vault.env().now_ms() {
        return Err(NotebookError::LinkExpired);
    }
    let code_auth = vault.read(|r| Ok(r.get_meta(meta::CODE_AUTH)?))?.and_then(|b| b.try_into().ok());
    let (request, login) = {
        let keys = vault.keys();
        let account = keys.file.account();
        let derived = PassphraseKeys::derive(passphrase, account.kdf_params())?;
        account.open_with_passphrase_keys(&derived)?;
        let login = Login::new(account.kdf_params().salt, &derived);
        let request = wire::CreateAccount {
            invitation,
            user: user.to_owned(),
            account: wire::AccountId(account.account_id()),
            space: wire::SpaceId(vault.space().0),
            kdf: wire_kdf(account.kdf_params()),
            passphrase_auth: login.secret(),
            code_auth: LoginSecret(
                code_auth.ok_or_else(|| NotebookError::Damaged("the database lacks the code's login".into()))?,
            ),
            keys: account.to_bytes(),
            device: registration(&keys.open.device.public()),
        };
        (request, login)
    };
    let address = address(&link);
    let server = connect(&address)?;
    let session = server.create_account(request).await?;
    vault.transact(|t| {
        store(t.tx, &address, user, &session.token, session.keys_version)?;
        login::server_has(t.tx, login.salt)?;
        login::keep(t.tx, login.clone().told(), login.salt)?;
        for (rid, bytes) in unsent(t.reader())? {
            seal_into_outbox(t, rid, &bytes)?;
        }
        t.changes.settings = true;
        Ok(())
    })?;
    if let Some(name) = device_name {
        vault.rename_device(name)?;
    }
    Ok(())
}

/// Every revision, parents before children.
fn unsent(reader: &Reader<'_>) -> Result<Vec<(RevisionId, Vec<u8>)>> {
    let mut out = Vec::new();
    for record in reader.records()? {
        let mut rows = reader.history(record)?;
        let mut done = std::collections::BTreeSet::new();
        while !rows.is_empty() {
            let before = rows.len();
            let mut later = Vec::new();
            for row in rows {
                if row.parents.iter().all(|p| done.contains(p)) {
                    done.insert(row.rid);
                    let bytes = reader.revision_bytes(row.rid)?.ok_or_else(|| NotebookError::missing(&row.rid))?;
                    out.push((row.rid, bytes));
                } else {
                    later.push(row);
                }
            }
            if later.len() == before {
                return Err(NotebookError::Damaged(format!("the history of record {record} has no beginning")));
            }
            rows = later;
        }
    }
    Ok(out)
}

/// Makes the vault of this computer in `dir` from an account that exists. The notes come with the first sync.
/// Where another computer turns out to have the name then, this one gets a number.
pub async fn join(
    dir: &Path,
    connect: &Connect,
    link: &str,
    user: &str,
    passphrase: &str,
    device_name: &str,
    env: Env,
) -> Result<Vault> {
    if crate::vault_exists(dir)? {
        return Err(NotebookError::VaultExists(dir.to_owned()));
    }
    let name = device::clean_name(device_name)?;
    let link = read_link(link)?;
    let address = address(&link);
    let server = connect(&address)?;
    let kdf = login::prelogin(&*server, user).await?;
    let derived = PassphraseKeys::derive(passphrase, &kdf)?;
    let login = Login::new(kdf.salt, &derived).told();
    let (method, auth) = (LoginMethod::Passphrase, login.secret());
    let session = server.login(wire::Login { user: user.to_owned(), method, auth, device: None }).await?;
    let token = Token(session.token.clone());
    let (mut keys, mut version) = (session.keys.clone(), session.keys_version);
    for _ in 0..KEY_TRIES {
        let account = AccountKeys::from_bytes(&keys).map_err(hostile)?;
        let open = account.open_with_passphrase_keys(&derived).map_err(hostile)?;
        if !open.spaces.contains_key(&session.space.0) {
            return Err(NotebookError::HostileServer("it names a space that the account does not have".into()));
        }
        let (file, open) = KeyFile::join(account, open, &mut env.rng())?;
        let request = wire::PutKeys {
            add_device: Some(registration(&open.device.public())),
            by: Some(login::claim_of(&open.device, &token)),
            ..wire::PutKeys::new(version, file.account().to_bytes())
        };
        match server.put_keys(&token, request).await {
            Ok(version) => {
                return Vault::create_joined(dir, file, open, env, |tx| {
                    device::will_be_called(tx, &name)?;
                    store(tx, &address, user, &session.token, version)?;
                    login::server_has(tx, login.salt)?;
                    login::keep(tx, login.clone(), login.salt)
                });
            }
            Err(ProtocolError::KeysChanged { .. }) => (keys, version) = server.get_keys(&token).await?,
            Err(other) => return Err(other.into()),
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}
