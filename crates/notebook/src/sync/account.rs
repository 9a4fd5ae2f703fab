//! Adding a server: creating an account, joining one, signing in again.

use std::path::Path;
use std::sync::Arc;

use holdfast_crypto::{AccountKeys, KdfParams, KeyFile, PassphraseKeys};
use holdfast_domain::RevisionId;
use holdfast_protocol as wire;
use holdfast_protocol::{JoinLink, LoginMethod, LoginSecret, ProtocolError, SyncProtocol, Token};
use holdfast_store::{Reader, WriteTx};

use super::keys::{hostile, refresh_keys, registration};
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

fn address(link: &JoinLink) -> ServerAddress {
    ServerAddress { url: link.url.clone(), pin: link.pin }
}

fn wire_kdf(kdf: &KdfParams) -> wire::KdfParams {
    wire::KdfParams { salt: kdf.salt, memory_kib: kdf.memory_kib, passes: kdf.passes, lanes: kdf.lanes }
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
    if link.expires_ms <= vault.env().now_ms() {
        return Err(NotebookError::LinkExpired);
    }
    let invitation = link.invitation.clone().ok_or_else(|| {
        NotebookError::LinkInvalid("this link cannot make an account; ask for a new one from the server's owner".into())
    })?;
    let code_auth = vault.read(|r| Ok(r.get_meta(meta::CODE_AUTH)?))?.and_then(|b| b.try_into().ok());
    let request = {
        let keys = vault.keys();
        let account = keys.file.account();
        let derived = PassphraseKeys::derive(passphrase, account.kdf_params())?;
        account.open_with_passphrase_keys(&derived)?;
        wire::CreateAccount {
            invitation,
            user: user.to_owned(),
            account: wire::AccountId(account.account_id()),
            space: wire::SpaceId(vault.space().0),
            kdf: wire_kdf(account.kdf_params()),
            passphrase_auth: LoginSecret(*derived.auth()),
            code_auth: LoginSecret(
                code_auth.ok_or_else(|| NotebookError::Damaged("the database lacks the code's login".into()))?,
            ),
            keys: account.to_bytes(),
            device: registration(&keys.open.device.public()),
        }
    };
    let address = address(&link);
    let server = connect(&address)?;
    let session = server.create_account(request).await?;
    vault.transact(|t| {
        store(t.tx, &address, user, &session.token, session.keys_version)?;
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
    let (derived, session) = log_in(&*server, user, passphrase, None).await?;
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
            by: Some(wire::DeviceId(open.device.device_id)),
            ..wire::PutKeys::new(version, file.account().to_bytes())
        };
        match server.put_keys(&token, request).await {
            Ok(version) => {
                return Vault::create_joined(dir, file, open, env, |tx| {
                    device::will_be_called(tx, &name)?;
                    store(tx, &address, user, &session.token, version)
                });
            }
            Err(ProtocolError::KeysChanged { .. }) => (keys, version) = server.get_keys(&token).await?,
            Err(other) => return Err(other.into()),
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

/// `device` is who signs in, where it is a member already.
async fn log_in(
    server: &dyn SyncProtocol,
    user: &str,
    passphrase: &str,
    device: Option<wire::DeviceId>,
) -> Result<(PassphraseKeys, wire::Session)> {
    let kdf = server.prelogin(user).await?;
    let kdf = KdfParams { salt: kdf.salt, memory_kib: kdf.memory_kib, passes: kdf.passes, lanes: kdf.lanes };
    // A server that asks for a weak derivation would get something that it can guess from.
    kdf.check().map_err(|e| NotebookError::HostileServer(e.to_string()))?;
    let derived = PassphraseKeys::derive(passphrase, &kdf)?;
    let auth = LoginSecret(*derived.auth());
    let (user, method) = (user.to_owned(), LoginMethod::Passphrase);
    let session = server.login(wire::Login { user, method, auth, device }).await?;
    Ok((derived, session))
}

/// After the server ended the session.
pub async fn sign_in(vault: &Vault, connect: &Connect, passphrase: &str) -> Result<()> {
    let account = vault.read(load)?.ok_or(NotebookError::NoServer)?;
    let server = connect(&account.address)?;
    let device = Some(wire::DeviceId(vault.device().0));
    let (_, session) = match log_in(&*server, &account.user, passphrase, device).await {
        Err(removed @ NotebookError::Protocol(ProtocolError::DeviceRemoved)) => {
            // It is said from now on, and not that somebody has to sign in.
            vault.transact(|t| super::problem::keep(t.tx, &removed))?;
            return Err(removed);
        }
        other => other?,
    };
    if session.space.0 != vault.space().0 {
        return Err(NotebookError::HostileServer("it answers for another account".into()));
    }
    vault.transact(|t| {
        t.tx.put_meta(meta::TOKEN, &session.token)?;
        super::problem::clear(t.tx)?;
        t.changes.settings = true;
        Ok(())
    })?;
    // A passphrase that was changed on another computer opens the vault here from now on.
    refresh_keys(vault, &*server, &Token(session.token)).await?;
    vault.wake.notify_one();
    Ok(())
}

/// The server refused the session.
pub(super) fn signed_out(vault: &Vault) -> Result<()> {
    vault.transact(|t| {
        t.tx.remove_meta(meta::TOKEN)?;
        t.changes.settings = true;
        Ok(())
    })
}

/// Notes that the server must learn a new passphrase's login; it does at the next sync.
pub(crate) fn passphrase_changed(vault: &Vault, passphrase: &str) -> Result<()> {
    if vault.read(load)?.is_none() {
        return Ok(());
    }
    let derived = PassphraseKeys::derive(passphrase, vault.keys().file.account().kdf_params())?;
    vault.keep_new_passphrase(Some(passphrase));
    vault.transact(|t| Ok(t.tx.put_meta(meta::NEW_AUTH, &*derived.auth())?))
}

/// The passphrase that just opened the vault, where the server does not know it yet.
pub(crate) fn passphrase_given(vault: &Vault, passphrase: &str) -> Result<()> {
    if vault.read(|r| Ok(r.get_meta(meta::NEW_AUTH)?))?.is_some() {
        vault.keep_new_passphrase(Some(passphrase));
    }
    Ok(())
}

/// Sends a new passphrase's keys and login, if there are any to send.
pub(super) async fn send_new_keys(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    let Some(auth) = vault.read(|r| Ok(r.get_meta(meta::NEW_AUTH)?))? else { return Ok(()) };
    let auth = auth.try_into().map_err(|_| NotebookError::Damaged("the new passphrase's login".into()))?;
    let request = {
        // The keys are locked after the database, here as everywhere.
        let version = vault.read(load)?.map_or(0, |a| a.keys_version);
        let keys = vault.keys();
        wire::PutKeys {
            new_passphrase: Some((wire_kdf(keys.file.account().kdf_params()), LoginSecret(auth))),
            by: Some(wire::DeviceId(vault.device().0)),
            ..wire::PutKeys::new(version, keys.file.account().to_bytes())
        }
    };
    let version = match server.put_keys(token, request).await {
        Err(ProtocolError::KeysChanged { version }) => send_on_newer_keys(vault, server, token, version).await?,
        answer => answer?,
    };
    vault.keep_new_passphrase(None);
    vault.transact(|t| {
        t.tx.put_u64(meta::KEYS_VERSION, version)?;
        t.tx.remove_meta(meta::NEW_AUTH)?;
        Ok(())
    })
}

/// What the server has to know of a new passphrase. Runs the key derivation once.
pub(super) fn login_of(file: &KeyFile, passphrase: &str) -> Result<(wire::KdfParams, LoginSecret)> {
    let kdf = file.account().kdf_params();
    Ok((wire_kdf(kdf), LoginSecret(*PassphraseKeys::derive(passphrase, kdf)?.auth())))
}

/// Another device changed the account since the passphrase was set here: it is set once more, on what the account is
/// now. Without the passphrase (the keychain opened the vault) that has to wait until somebody types it.
async fn send_on_newer_keys(vault: &Vault, server: &dyn SyncProtocol, token: &Token, newest: u64) -> Result<u64> {
    let passphrase = vault.new_passphrase().ok_or(ProtocolError::KeysChanged { version: newest })?;
    for _ in 0..KEY_TRIES {
        let (bytes, version) = server.get_keys(token).await?;
        let account = AccountKeys::from_bytes(&bytes).map_err(hostile)?;
        let (mut file, mut open) = {
            let keys = vault.keys();
            (keys.file.clone(), keys.open.clone())
        };
        file.update_account(account, &mut open, &mut vault.env().rng()).map_err(hostile)?;
        file.set_passphrase(&mut open, &passphrase, &mut vault.env().rng())?;
        let request = wire::PutKeys {
            new_passphrase: Some(login_of(&file, &passphrase)?),
            by: Some(wire::DeviceId(vault.device().0)),
            ..wire::PutKeys::new(version, file.account().to_bytes())
        };
        match server.put_keys(token, request).await {
            Ok(version) => {
                let mut keys = vault.keys();
                *keys = crate::vault::Keys { file, open };
                vault.write_keys(&keys)?;
                return Ok(version);
            }
            Err(ProtocolError::KeysChanged { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}
