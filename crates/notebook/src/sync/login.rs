//! The login secret of the vault's passphrase, by the salt that it was derived under.
//!
//! Three things say which passphrase there is: the account's keys (here and on the server) and the server's login. What
//! ties them together is the salt of the key derivation, which is random and new with each passphrase: the keys name it,
//! the server names it, and the rows here have the secret for it. A row is written before the key file. So after an end
//! at any moment the key file says which row counts, and what the server lacks follows from comparing salts.

use holdfast_crypto::{AccountKeys, KdfParams, PassphraseKeys};
use holdfast_protocol as wire;
use holdfast_protocol::{
    Claim, LoginMethod, LoginSecret, ProtocolError, SyncProtocol, Token, login_bytes, session_bytes,
};
use holdfast_store::{Reader, WriteTx};
use zeroize::Zeroizing;

use super::account::{Connect, load};
use super::activity::{self, Happened, Line};
use super::keys::refresh_keys;
use super::{has_server, meta};
use crate::{NotebookError, Result, Vault};

type Salt = [u8; 16];

/// What signs in with a passphrase.
#[derive(Clone)]
pub(super) struct Login {
    pub salt: Salt,
    auth: Zeroizing<[u8; 32]>,
    /// The passphrase was set on this computer.
    pub made_here: bool,
    /// The server has had it.
    pub confirmed: bool,
}

impl Login {
    pub fn new(salt: Salt, keys: &PassphraseKeys) -> Self {
        Self { salt, auth: keys.auth(), made_here: false, confirmed: false }
    }

    /// The server has it.
    pub fn told(self) -> Self {
        Self { confirmed: true, ..self }
    }

    pub fn secret(&self) -> LoginSecret {
        LoginSecret(*self.auth)
    }

    /// It was set here, and no server has it yet.
    pub fn waits(&self) -> bool {
        self.made_here && !self.confirmed
    }
}

const ROW_BYTES: usize = 16 + 32 + 1;
const MADE_HERE: u8 = 1;
const CONFIRMED: u8 = 2;

/// At most three: of the key file's passphrase, of the server's, and of one that is being set.
pub(super) fn all(reader: &Reader<'_>) -> Result<Vec<Login>> {
    let bytes = Zeroizing::new(reader.get_meta(meta::LOGINS)?.unwrap_or_default());
    let damaged = || NotebookError::Damaged("the passphrase's login cannot be read".into());
    bytes
        .chunks(ROW_BYTES)
        .map(|row| {
            let (salt, rest) = row.split_first_chunk().ok_or_else(damaged)?;
            let (auth, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
            let &[flags] = rest else { return Err(damaged()) };
            let (made_here, confirmed) = (flags & MADE_HERE != 0, flags & CONFIRMED != 0);
            Ok(Login { salt: *salt, auth: Zeroizing::new(*auth), made_here, confirmed })
        })
        .collect()
}

fn put_all(tx: &WriteTx<'_>, rows: &[Login]) -> Result<()> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(rows.len() * ROW_BYTES));
    for row in rows {
        bytes.extend_from_slice(&row.salt);
        bytes.extend_from_slice(row.auth.as_ref());
        bytes.push(u8::from(row.made_here) * MADE_HERE + u8::from(row.confirmed) * CONFIRMED);
    }
    Ok(tx.put_meta(meta::LOGINS, &bytes)?)
}

/// The salt of the server's login, as it was named last.
fn server_salt(reader: &Reader<'_>) -> Result<Option<Salt>> {
    Ok(reader.get_meta(meta::LOGIN_SALT)?.and_then(|salt| salt.try_into().ok()))
}

/// Keeps a row, and forgets those that nothing names: `present` is the key file's.
pub(super) fn keep(tx: &WriteTx<'_>, login: Login, present: Salt) -> Result<()> {
    let server = server_salt(tx)?;
    let mut rows = all(tx)?;
    rows.retain(|row| row.salt != login.salt && (row.salt == present || Some(row.salt) == server));
    rows.push(login);
    put_all(tx, &rows)
}

/// The server's login has this salt.
pub(super) fn server_has(tx: &WriteTx<'_>, salt: Salt) -> Result<()> {
    if server_salt(tx)? != Some(salt) {
        tx.put_meta(meta::LOGIN_SALT, &salt)?;
    }
    let mut rows = all(tx)?;
    if let Some(row) = rows.iter_mut().find(|row| row.salt == salt && !row.confirmed) {
        row.confirmed = true;
        put_all(tx, &rows)?;
    }
    Ok(())
}

/// As [`server_has`], by a page of the log. No write where nothing is new.
pub(super) fn server_named(vault: &Vault, salt: Salt) -> Result<()> {
    let known = |r: &Reader<'_>| {
        let confirmed = !all(r)?.iter().any(|row| row.salt == salt && !row.confirmed);
        Ok(confirmed && server_salt(r)? == Some(salt))
    };
    if vault.read(known)? { Ok(()) } else { vault.transact(|t| server_has(t.tx, salt)) }
}

fn salt_of(account: &AccountKeys) -> Salt {
    account.kdf_params().salt
}

fn present_salt(vault: &Vault) -> Salt {
    salt_of(vault.keys().file.account())
}

/// What goes with these keys to the server, where the secret is known here.
pub(super) fn for_keys(vault: &Vault, keys: &AccountKeys) -> Result<Option<(wire::KdfParams, LoginSecret)>> {
    let row = vault.read(all)?.into_iter().find(|row| row.salt == salt_of(keys));
    Ok(row.map(|row| (wire_kdf(keys.kdf_params()), row.secret())))
}

/// How the server's login stands to the vault's passphrase.
pub(super) enum Standing {
    /// It is its login; or there is no server.
    Same,
    /// It is another's, or it is not known whose; the secret is here.
    Waits,
    /// It is another's, and the secret is not here: nobody typed the passphrase on this computer.
    Untold,
}

pub(super) fn standing(vault: &Vault, reader: &Reader<'_>) -> Result<Standing> {
    let (server, present) = (server_salt(reader)?, present_salt(vault));
    if server == Some(present) || !has_server(reader)? {
        return Ok(Standing::Same);
    }
    let is_here = all(reader)?.iter().any(|row| row.salt == present);
    Ok(match (is_here, server) {
        (true, _) => Standing::Waits,
        (false, Some(_)) => Standing::Untold,
        (false, None) => Standing::Same,
    })
}

/// Brings the server's login and keys to what this vault has, where something of a passphrase waits.
pub(super) async fn settle(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    match vault.read(|r| standing(vault, r))? {
        Standing::Waits if crate::planted("passphrase-not-told") => Ok(()),
        Standing::Waits => refresh_keys(vault, server, token).await,
        Standing::Same | Standing::Untold => Ok(()),
    }
}

/// Asks which passphrase signs in. True where it is the vault's.
pub(super) async fn is_told(vault: &Vault, server: &dyn SyncProtocol) -> Result<bool> {
    let user = vault.read(load)?.ok_or(NotebookError::NoServer)?.user;
    let salt = server.prelogin(&user).await?.salt;
    server_named(vault, salt)?;
    Ok(salt == present_salt(vault))
}

/// A passphrase is being set here: before the key file knows of it.
pub(crate) fn passphrase_made(vault: &Vault, salt: Salt, keys: &PassphraseKeys) -> Result<()> {
    let login = Login { made_here: true, ..Login::new(salt, keys) };
    let present = present_salt(vault);
    vault.transact(|t| keep(t.tx, login, present))
}

/// Writes down that the vault opens with another one from now on. That is done, whether or not there is room for a line.
pub(crate) fn tell_passphrase_set(vault: &Vault) {
    let said = "The passphrase was changed here, and the new one opens this vault from now on";
    if let Err(error) = vault.transact(|t| activity::write(t, &Line::new(Happened::Account, said))) {
        tracing::warn!(%error, "the activity log lacks that the passphrase was changed");
    }
}

/// The passphrase that just opened the vault.
pub(crate) fn passphrase_typed(vault: &Vault, keys: &PassphraseKeys) -> Result<()> {
    let present = present_salt(vault);
    let typed = Login::new(present, keys);
    let is_needed = vault.read(|r| {
        let known = all(r)?.iter().any(|row| row.salt == present && row.auth == typed.auth);
        Ok(!known && has_server(r)?)
    })?;
    if is_needed { vault.transact(|t| keep(t.tx, typed, present)) } else { Ok(()) }
}

pub(super) fn wire_kdf(kdf: &KdfParams) -> wire::KdfParams {
    wire::KdfParams { salt: kdf.salt, memory_kib: kdf.memory_kib, passes: kdf.passes, lanes: kdf.lanes }
}

/// How the server derives a user's login secret.
pub(super) async fn prelogin(server: &dyn SyncProtocol, user: &str) -> Result<KdfParams> {
    let kdf = server.prelogin(user).await?;
    let kdf = KdfParams { salt: kdf.salt, memory_kib: kdf.memory_kib, passes: kdf.passes, lanes: kdf.lanes };
    // A server that asks for a weak derivation would get something that it can guess from.
    kdf.check().map_err(|e| NotebookError::HostileServer(e.to_string()))?;
    Ok(kdf)
}

/// This computer's word that the session is its own.
pub(super) fn claim(vault: &Vault, token: &Token) -> Claim {
    let keys = vault.keys();
    claim_of(&keys.open.device, token)
}

pub(super) fn claim_of(device: &holdfast_crypto::DeviceKeys, token: &Token) -> Claim {
    let id = wire::DeviceId(device.device_id);
    Claim { device: id, signature: device.sign(&session_bytes(token, id)) }
}

/// After the server ended the session. The vault's passphrase does, also where the server still has the one before it:
/// this computer has kept that one's secret. So does the passphrase that the server has.
pub async fn sign_in(vault: &Vault, connect: &Connect, passphrase: &str) -> Result<()> {
    let account = vault.read(load)?.ok_or(NotebookError::NoServer)?;
    let server = connect(&account.address)?;
    let kdf = prelogin(&*server, &account.user).await?;
    let is_present = kdf.salt == present_salt(vault);
    let kept = vault.read(all)?.into_iter().find(|row| row.salt == kdf.salt && !is_present);
    let login = match kept {
        Some(kept) if vault.check_passphrase(passphrase).is_ok() => kept,
        _ => Login::new(kdf.salt, &PassphraseKeys::derive(passphrase, &kdf)?),
    };
    let (user, method, auth) = (account.user, LoginMethod::Passphrase, login.secret());
    let device = {
        let keys = vault.keys();
        let id = wire::DeviceId(keys.open.device.device_id);
        Claim { device: id, signature: keys.open.device.sign(&login_bytes(&user, method, &auth, id)) }
    };
    let session = match server.login(wire::Login { user, method, auth, device: Some(device) }).await {
        Err(removed @ ProtocolError::DeviceRemoved) => {
            let removed = removed.into();
            // It is said from now on, and not that somebody has to sign in.
            vault.transact(|t| super::problem::keep(t.tx, &removed))?;
            return Err(removed);
        }
        Err(ProtocolError::WrongLogin) if !is_present => return Err(NotebookError::OtherPassphrase),
        other => other?,
    };
    if session.space.0 != vault.space().0 {
        return Err(NotebookError::HostileServer("it answers for another account".into()));
    }
    let present = present_salt(vault);
    vault.transact(|t| {
        t.tx.put_meta(meta::TOKEN, &session.token)?;
        // First what the server has: a row for that is kept.
        server_has(t.tx, login.salt)?;
        let flags = all(t.tx)?.into_iter().find(|row| row.salt == login.salt);
        let made_here = flags.is_some_and(|row| row.made_here);
        keep(t.tx, Login { made_here, confirmed: true, ..login }, present)?;
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

impl Vault {
    /// What is wrong with the passphrase that the server knows. It stops nothing else.
    pub fn passphrase_problem(&self) -> Result<Option<NotebookError>> {
        self.read(|r| {
            Ok(match standing(self, r)? {
                Standing::Same => None,
                Standing::Waits => Some(NotebookError::PassphraseWaits),
                Standing::Untold => Some(NotebookError::PassphraseUntold),
            })
        })
    }
}
