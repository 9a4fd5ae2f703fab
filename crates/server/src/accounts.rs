//! Accounts: making one, signing in, and the sealed keys.

use holdfast_protocol::limits::{MAX_KEYS_BYTES, fold_user};
use holdfast_protocol::{
    AccountId, Claim, CreateAccount, DeviceId, DeviceRegistration, DeviceRemoval, KdfParams, KeyEpoch, Login,
    LoginMethod, LoginSecret, ProtocolError, PutKeys, Session, Token, login_bytes, session_bytes,
};

use crate::push::owned_space;
use crate::secrets::{auth_hash, decoy_salt, same, token_hash};
use crate::storage::{AccountRow, SessionRow, SpaceRow, Tx};
use crate::{Randomness, ServerError};

/// A year.
const SESSION_MS: u64 = 365 * 24 * 3600 * 1000;
/// What an unknown user seems to use while there is no account to take after.
const DECOY_KDF: KdfParams = KdfParams { salt: [0; 16], memory_kib: 64 * 1024, passes: 3, lanes: 1 };

pub(crate) fn folded(user: &str) -> Result<String, ProtocolError> {
    fold_user(user).ok_or_else(|| ProtocolError::Refused("the user name is empty, too long or not text".into()))
}

pub(crate) fn prelogin(tx: &Tx<'_>, random: &Randomness, user: &str) -> Result<KdfParams, ServerError> {
    if let Some(account) = tx.account_by_user(user)? {
        return Ok(account.kdf);
    }
    let secret = tx.server_secret(random.bytes()?)?;
    let typical = tx.typical_kdf()?.unwrap_or(DECOY_KDF);
    Ok(KdfParams { salt: decoy_salt(&secret, user), ..typical })
}

pub(crate) fn create(
    tx: &Tx<'_>,
    random: &Randomness,
    request: &CreateAccount,
    now_ms: u64,
) -> Result<Session, ServerError> {
    let user = folded(&request.user)?;
    if request.keys.len() > MAX_KEYS_BYTES {
        return Err(ProtocolError::TooLarge.into());
    }
    let existing = tx.account_by_user(&user)?;
    // A retry of a request whose answer was lost, and whose invitation may have ended since; whoever knows both secrets
    // is the owner.
    if let Some(existing) = existing.as_ref().filter(|existing| is_same(existing, request))
        && tx.personal_space(existing.account)? == Some(request.space)
        && let Some(session) = open_session(tx, random, existing.account, Some(request.device.device), now_ms)?
    {
        return Ok(session);
    }
    match tx.invitation_expiry(&token_hash(&request.invitation))? {
        None if crate::planted("uninvited-comes-in") => {}
        None => return Err(ProtocolError::InvitationInvalid.into()),
        Some(expires_ms) if expires_ms <= now_ms && !crate::planted("invitation-never-ends") => {
            return Err(ProtocolError::InvitationExpired.into());
        }
        Some(_) => {}
    }
    // Only who was invited hears that there is such a user.
    if existing.is_some() {
        return Err(ProtocolError::UserTaken.into());
    }
    if tx.has_account(request.account)? || tx.space(request.space)?.is_some() {
        return Err(ProtocolError::Refused("the account or the space is there already".into()).into());
    }
    let auth_salt = random.bytes()?;
    let account = AccountRow {
        account: request.account,
        kdf: request.kdf.clone(),
        auth_salt,
        passphrase_auth: auth_hash(&auth_salt, &request.passphrase_auth),
        code_auth: auth_hash(&auth_salt, &request.code_auth),
    };
    tx.insert_account(&user, &account, &request.keys, now_ms)?;
    // 0 is what a device names that has seen no log.
    tx.insert_space(request.space, request.account, u64::from_be_bytes(random.bytes()?).max(1))?;
    tx.insert_device(request.account, &request.device)?;
    open_session(tx, random, request.account, Some(request.device.device), now_ms)?.ok_or(ServerError::Damaged("space"))
}

fn is_same(existing: &AccountRow, request: &CreateAccount) -> bool {
    let fits = |kept: &[u8; 32], secret| same(kept, &auth_hash(&existing.auth_salt, secret));
    let knows =
        fits(&existing.passphrase_auth, &request.passphrase_auth) && fits(&existing.code_auth, &request.code_auth);
    existing.account == request.account && (knows || crate::planted("made-again-by-anybody"))
}

pub(crate) fn login(
    tx: &Tx<'_>,
    random: &Randomness,
    user: &str,
    request: &Login,
    now_ms: u64,
) -> Result<Session, ServerError> {
    let wrong = || ServerError::Answer(ProtocolError::WrongLogin);
    let account = tx.account_by_user(user)?;
    let (salt, expected) = match &account {
        Some(account) => match request.method {
            LoginMethod::Passphrase => (account.auth_salt, account.passphrase_auth),
            LoginMethod::RecoveryCode => (account.auth_salt, account.code_auth),
        },
        // The same work for an unknown user.
        None => ([0; 32], [0; 32]),
    };
    let fits = same(&auth_hash(&salt, &request.auth), &expected) || crate::planted("any-secret-signs-in");
    let account = account.filter(|_| fits).ok_or_else(wrong)?;
    // Only who knows the secret hears of it.
    let device = match &request.device {
        Some(claim) => {
            proven(tx, account.account, claim, &login_bytes(user, request.method, &request.auth, claim.device))?
        }
        None => None,
    };
    open_session(tx, random, account.account, device, now_ms)?.ok_or(ServerError::Damaged("space"))
}

/// The device that a request is shown to come from. `None` where this server does not know it: it was restored from a
/// backup, and the session is nobody's until the device is registered again.
fn proven(tx: &Tx<'_>, account: AccountId, claim: &Claim, said: &[u8]) -> Result<Option<DeviceId>, ServerError> {
    match tx.device(account, claim.device)? {
        None => Ok(None),
        Some(device) if device.removed_ctr.is_some() => Err(ProtocolError::DeviceRemoved.into()),
        Some(device) if claim.holds(said, &device.sign_pk) || crate::planted("claim-is-enough") => {
            Ok(Some(claim.device))
        }
        Some(_) => Err(ProtocolError::Refused("the computer did not sign that".into()).into()),
    }
}

fn open_session(
    tx: &Tx<'_>,
    random: &Randomness,
    account: AccountId,
    device: Option<DeviceId>,
    now_ms: u64,
) -> Result<Option<Session>, ServerError> {
    let Some(space) = tx.personal_space(account)? else { return Ok(None) };
    let token: [u8; 32] = random.bytes()?;
    tx.insert_session(&token_hash(&token), account, device, now_ms, now_ms.saturating_add(SESSION_MS))?;
    let (keys, keys_version) = tx.keys(account)?;
    Ok(Some(Session { token: token.to_vec(), account, space, keys, keys_version }))
}

/// What came of putting keys.
pub(crate) struct Put {
    pub(crate) version: u64,
    /// Whoever listens has to look whether the session is still one.
    pub(crate) shut_out: bool,
}

/// All or nothing: the keys, who may sign in, whose sessions there are, and what they may push change together.
pub(crate) fn put_keys(
    tx: &Tx<'_>,
    token: &Token,
    session: &SessionRow,
    request: &PutKeys,
) -> Result<Put, ServerError> {
    let account = session.account;
    if request.keys.len() > MAX_KEYS_BYTES {
        return Err(ProtocolError::TooLarge.into());
    }
    let (_, version) = tx.keys(account)?;
    if version != request.expected_version && !crate::planted("keys-overwritten") {
        return Err(ProtocolError::KeysChanged { version }.into());
    }
    if let Some(device) = &request.add_device {
        add_device(tx, account, device)?;
    }
    let this = token_hash(&token.0);
    let mut owner = session.device;
    if let Some(claim) = &request.by
        && let Some(device) = proven(tx, account, claim, &session_bytes(token, claim.device))?
    {
        owner = Some(device);
        tx.bind_session(&this, device)?;
    }
    // Whoever knows the passphrase has a session. Who else has one is for the computers of the account to say.
    let shuts_out = request.remove_device.is_some() || request.new_passphrase.is_some();
    if owner.is_none() && shuts_out && !crate::planted("nobody-shuts-out") {
        return Err(ProtocolError::Refused("no computer of the account signed this".into()).into());
    }
    if let Some(removal) = &request.remove_device {
        if owner == Some(removal.device) {
            return Err(ProtocolError::Refused("a computer cannot remove itself".into()).into());
        }
        remove_device(tx, account, removal)?;
    }
    let is_new = match &request.new_passphrase {
        Some((kdf, _)) if crate::planted("old-secret-signs-in") => {
            tx.set_passphrase(account, kdf, &auth_hash(&tx.auth_salt(account)?, &LoginSecret([0; 32])))?
        }
        Some((kdf, secret)) => tx.set_passphrase(account, kdf, &auth_hash(&tx.auth_salt(account)?, secret))?,
        None => false,
    };
    let shut_out = is_new || request.remove_device.is_some();
    if shut_out && !crate::planted("sessions-stay") {
        // Whose the nameless are is not known: one may be the removed device's, or of whoever knew the passphrase.
        tx.end_other_sessions(account, &this, request.members.as_deref())?;
    }
    if request.remove_device.is_some() {
        // The removed one may have shut others out: whom a member names is one.
        for member in request.members.iter().flatten().filter(|_| !crate::planted("members-stay-out")) {
            tx.let_in(account, *member)?;
        }
    }
    if let Some(KeyEpoch { space, epoch }) = request.key_epoch.filter(|_| !crate::planted("key-epoch-not-raised")) {
        let row = if crate::planted("epoch-of-anybody") {
            tx.space(space)?.ok_or(ProtocolError::NotFound)?
        } else {
            owned_space(tx, account, space)?
        };
        tx.update_space(space, &SpaceRow { key_epoch: row.key_epoch.max(epoch), ..row })?;
    }
    tx.set_keys(account, &request.keys, version + 1)?;
    Ok(Put { version: version + 1, shut_out })
}

fn add_device(tx: &Tx<'_>, account: AccountId, device: &DeviceRegistration) -> Result<(), ServerError> {
    match tx.device(account, device.device)? {
        None => tx.insert_device(account, device),
        Some(known) if known.removed_ctr.is_some() => {
            Err(ProtocolError::Refused("this device was removed".into()).into())
        }
        Some(known) if known.sign_pk == device.sign_pk => Ok(()),
        Some(_) => Err(ProtocolError::Refused("this device has another key already".into()).into()),
    }
}

fn remove_device(tx: &Tx<'_>, account: AccountId, removal: &DeviceRemoval) -> Result<(), ServerError> {
    let DeviceRemoval { device, sign_pk, last_ctr, if_last } = *removal;
    match tx.device(account, device)? {
        None => tx.insert_device(account, &DeviceRegistration { device, sign_pk })?,
        Some(known) if known.sign_pk != sign_pk => {
            return Err(ProtocolError::Refused("this device has another key".into()).into());
        }
        Some(known) if if_last && known.last_ctr > last_ctr => return Err(ProtocolError::DeviceAhead.into()),
        Some(_) => {}
    }
    tx.set_removed(account, device, last_ctr)
}
