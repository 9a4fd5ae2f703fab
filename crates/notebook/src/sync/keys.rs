//! The account's sealed keys, kept in step with the server's: another device may have joined or removed one, and a server
//! that was restored from a backup may have an older state of them, or one that went another way from there.

use holdfast_crypto::{
    AccountKeys, CryptoError, DeviceMember, DevicePublic, LastBatch, Parted, RemovedDevice, Standing,
};
use holdfast_domain::DeviceId;
use holdfast_protocol as wire;
use holdfast_protocol::{
    DeviceRegistration, DeviceRemoval, Hash, KeyEpoch, ProtocolError, PutKeys, SyncProtocol, Token, keys_hash,
};

use super::account::KEY_TRIES;
use super::activity::{self, Happened, Line};
use super::failures::is_the_lines;
use super::login::{self, Login};
use super::{blobs, meta};
use crate::{NotebookError, Result, Vault};

/// Keys that a server handed out and that do not open are the server's doing: the login was right.
pub(super) fn hostile(error: CryptoError) -> NotebookError {
    match error {
        CryptoError::NewerVersion(_) => NotebookError::NewerVersion,
        // A member signed that.
        CryptoError::Removed => ProtocolError::DeviceRemoved.into(),
        other => {
            tracing::warn!(error = %other, "the account's keys do not open");
            NotebookError::HostileServer("the account's keys do not open".into())
        }
    }
}

pub(super) fn registration(device: &DevicePublic) -> DeviceRegistration {
    DeviceRegistration { device: wire::DeviceId(device.device_id), sign_pk: device.sign_pk }
}

/// What has to go to the server so that it knows every member that this device knows, and nobody else.
struct Lack {
    /// Members that the server's keys do not name.
    devices: Vec<DevicePublic>,
    /// Devices that have no part in the account, which the server does not know.
    removed: Vec<DeviceRemoval>,
    /// The keys as they should be.
    keys: AccountKeys,
}

impl Lack {
    /// Nothing but the keys themselves, and the login that goes with them.
    fn of(keys: AccountKeys) -> Self {
        Self { devices: Vec::new(), removed: Vec::new(), keys }
    }
}

/// What came of keys that are not this device's.
#[derive(Default)]
pub(super) struct Followed {
    lack: Option<Lack>,
    /// Devices that this device knows to be removed only now.
    removed: Vec<DeviceId>,
    /// What became of this computer's passphrase, where it is another now.
    passphrase: Option<Passphrase>,
    /// They are nobody's: a member's words that this device does not know are not in them.
    is_junk: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Passphrase {
    /// It was changed elsewhere.
    Changed,
    /// So it was, and a change that was made here goes under.
    NotKept,
}

impl Passphrase {
    fn words(self) -> &'static str {
        match self {
            Self::Changed => {
                "The passphrase was changed on another computer, and that one opens this vault from now on"
            }
            Self::NotKept => {
                "The passphrase that was set here was not kept: another one was set at the same time, and that one opens \
                 this vault from now on"
            }
        }
    }
}

impl Followed {
    /// The same where this computer itself did it.
    pub(super) fn own(mut self) -> Self {
        self.passphrase = self.passphrase.filter(|became| *became == Passphrase::NotKept);
        self.removed.clear();
        self
    }
}

/// What to do about keys that a newer version may have written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Newer {
    /// They are left as they are, and sync waits for a newer program here.
    Stop,
    /// A person removes a computer, which may have put them there. A newer program that has others puts those again.
    Replace,
}

/// Fetches the account's keys, and brings the server's up to date where they are older than this device's.
///
/// The older state is never taken over. Nothing that this device knows is given up: members that the server's keys
/// lack are added to them again, and so is a passphrase ([`carries`]). Keys that leave out a removal are replaced by this
/// device's, whoever is in them: the removed device could have made them. So is what is nobody's keys. With whatever goes,
/// the passphrase's login goes, where this device knows it.
pub(super) async fn refresh_keys(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    bring_together(vault, server, token, Newer::Stop).await
}

pub(super) async fn bring_together(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    newer: Newer,
) -> Result<()> {
    let mut was_junk = false;
    for _ in 0..KEY_TRIES {
        let (bytes, version) = server.get_keys(token).await?;
        let ours = vault.keys().file.account().clone();
        let taken = if ours.to_bytes() == bytes {
            let waits = matches!(vault.read(|r| login::standing(vault, r))?, login::Standing::Waits);
            let lack = waits && !login::is_told(vault, server).await?;
            Followed { lack: lack.then(|| Lack::of(ours)), ..Followed::default() }
        } else {
            follow(vault, &bytes, newer)?
        };
        tell(vault, &taken)?;
        let Some(lack) = taken.lack else {
            keep_version(vault, version)?;
            // A passphrase that was taken over is mostly the server's. A sync that only sends reads no page that says so.
            if matches!(vault.read(|r| login::standing(vault, r))?, login::Standing::Waits) {
                login::is_told(vault, server).await?;
            }
            return Ok(());
        };
        if taken.is_junk && was_junk {
            return Err(NotebookError::HostileServer("the account's keys do not open".into()));
        }
        was_junk |= taken.is_junk;
        match send(vault, server, token, &lack, bytes, version).await {
            Ok(()) => {
                blobs::ask_with_the_next(vault)?;
                // What it hands out from now on is what was put there, or it is the server's doing.
                if !taken.is_junk {
                    return Ok(());
                }
            }
            Err(NotebookError::Protocol(ProtocolError::KeysChanged { .. })) => {}
            Err(other) => return Err(other),
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

/// As [`refresh_keys`], for who reads or writes the log. Answers with the name of the server's keys, under which what is
/// sealed here opens. Where they lack only what could not be put there (a new passphrase, a computer that has joined),
/// nothing of the notes waits for that.
pub(super) async fn shared_keys(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Hash> {
    let error = match refresh_keys(vault, server, token).await {
        Ok(()) => return Ok(own_keys(vault)),
        Err(error) if is_the_lines(&error) => return Err(error),
        Err(error) => error,
    };
    let (bytes, _) = server.get_keys(token).await?;
    let Ok(theirs) = AccountKeys::from_bytes(&bytes) else { return Err(error) };
    let keys = vault.keys();
    let ours = keys.file.account();
    let is_ours = theirs.log().genesis_hash() == ours.log().genesis_hash();
    if is_ours && theirs.generation() == ours.generation() && ours.log().standing_of(theirs.log()) == Standing::Older {
        tracing::warn!(%error, "the account's keys could not be put");
        return Ok(keys_hash(&bytes));
    }
    Err(error)
}

/// Takes over newer keys, with what this device has that they leave behind.
pub(super) fn follow(vault: &Vault, bytes: &[u8], newer: Newer) -> Result<Followed> {
    let (mut keys, logins) = keys_and_logins(vault)?;
    let ours = keys.file.account().clone();
    let login = logins.iter().find(|login| login.salt == ours.kdf_params().salt);
    let junk = || Followed { lack: Some(Lack::of(ours.clone())), is_junk: true, ..Followed::default() };
    let theirs = match AccountKeys::from_bytes(bytes) {
        Ok(theirs) if theirs.log().genesis_hash() == ours.log().genesis_hash() => theirs,
        Err(CryptoError::NewerVersion(_)) if newer == Newer::Stop => return Err(NotebookError::NewerVersion),
        _ => return Ok(junk()),
    };
    let mine = ours.log().claimed_members().clone();
    let standing = ours.log().standing_of(theirs.log());
    if matches!(standing, Standing::Older | Standing::GivenUp) {
        if standing == Standing::GivenUp && theirs.log().standing_of(ours.log()) == Standing::GivenUp {
            return Err(NotebookError::HostileServer(
                "computers were removed from the account in two ways that know nothing of each other".into(),
            ));
        }
        return Ok(Followed { lack: Some(left_out(&ours, &theirs)), ..Followed::default() });
    }
    let says_nothing_new = theirs.log().head() == ours.log().head();
    let parted = ours.log().parted(theirs.log());
    let (before, after) = (ours.kdf_params().salt, theirs.kdf_params().salt);
    let crate::vault::Keys { file, open } = &*keys;
    let (mut file, mut open) = (file.clone(), open.clone());
    match file.update_account(theirs, &mut open, &mut vault.env().rng()) {
        Ok(()) => {}
        // A member's keys are spoiled, and this device has the same.
        Err(CryptoError::NotOpened | CryptoError::Damaged(_)) if says_nothing_new => return Ok(junk()),
        Err(other) => return Err(hostile(other)),
    }
    let members = open.account.members.clone();
    let removed = members.removed.iter().map(|one| one.device.device_id).filter(|id| mine.removed(*id).is_none());
    let removed = removed.map(DeviceId).collect();
    let mut devices = missing_members(&mine.devices, &members.devices);
    devices.retain(|device| members.removed(device.device_id).is_none());
    // It went another way from an older state. This device follows, and takes those along whom it left behind.
    for device in &devices {
        file.add_device(&mut open, device, &mut vault.env().rng())?;
    }
    let is_carried = before != after && carries(parted, login);
    if is_carried {
        file.carry_passphrase(&mut open, &ours, &mut vault.env().rng())?;
    }
    let lacks = is_carried || !devices.is_empty();
    let lack = lacks.then(|| Lack { devices, removed: Vec::new(), keys: file.account().clone() });
    let changed = crate::vault::Keys { file, open };
    vault.write_keys(&changed)?;
    *keys = changed;
    // The answer to what was set here may have been lost.
    let is_own = logins.iter().any(|login| login.salt == after && login.made_here);
    let waited = login.is_some_and(Login::waits);
    let became = if waited { Passphrase::NotKept } else { Passphrase::Changed };
    let passphrase = Some(became).filter(|_| before != after && !is_carried && (waited || !is_own));
    Ok(Followed { lack, removed, passphrase, is_junk: false })
}

/// Whether this device's passphrase is set again on keys that went another way.
///
/// One that was set here, and that no server has had, goes over another that was set elsewhere meanwhile: it was typed
/// later, or at the same time. Not over one that came with a removal: that one keeps somebody out. One that a server had
/// goes over none; without another it goes back. But where somebody was removed, only if this computer knows it for its
/// own: who was removed had the key to set one.
fn carries(parted: Parted, login: Option<&Login>) -> bool {
    let (made_here, waits) = login.map_or((false, false), |login| (login.made_here, login.waits()));
    parted.our_passphrase
        && if parted.their_generation {
            made_here && !parted.their_passphrase
        } else {
            waits || !parted.their_passphrase
        }
}

/// The keys, and the logins that are known, among them that of the keys' passphrase.
fn keys_and_logins(vault: &Vault) -> Result<(std::sync::MutexGuard<'_, crate::vault::Keys>, Vec<Login>)> {
    let mut looked_for = None;
    loop {
        // The database first, as everywhere. A row is there before the key file names it, so the second look is the last,
        // unless the passphrase changes once more.
        let rows = vault.read(login::all)?;
        let keys = vault.keys();
        let salt = keys.file.account().kdf_params().salt;
        if looked_for == Some(salt) || rows.iter().any(|row| row.salt == salt) {
            return Ok((keys, rows));
        }
        looked_for = Some(salt);
    }
}

/// What keys leave out that are older than ours, or that are given up.
fn left_out(ours: &AccountKeys, theirs: &AccountKeys) -> Lack {
    let (mine, known) = (ours.log().claimed_members(), theirs.log().claimed_members());
    let devices = missing_members(&mine.devices, &known.devices);
    let forgotten = mine.removed.iter().filter(|one| known.removed(one.device.device_id).is_none());
    let mut removed: Vec<_> = forgotten.map(|one| removal(one, false)).collect();
    // Who came in since on the way that is given up: nobody can tell a new computer from the removed one's doing.
    let strangers = known.devices.iter().filter(|one| mine.sign_pk(one.device_id).is_none());
    removed.extend(
        strangers.map(|&device| removal(&RemovedDevice { device, last: LastBatch { ctr: 0, hash: [0; 32] } }, false)),
    );
    Lack { devices, removed, keys: ours.clone() }
}

fn missing_members(ours: &[DeviceMember], theirs: &[DeviceMember]) -> Vec<DevicePublic> {
    let lacks = ours.iter().filter(|device| !theirs.iter().any(|known| known.device_id == device.device_id));
    lacks.map(|d| DevicePublic { device_id: d.device_id, sign_pk: d.sign_pk, box_pk: d.box_pk }).collect()
}

/// Lines of the activity log: who was removed, and what became of the passphrase.
pub(super) fn tell(vault: &Vault, taken: &Followed) -> Result<()> {
    let junk = "What the server had for the account's keys was not theirs; this computer put them there again";
    let account: Vec<&str> =
        taken.passphrase.map(Passphrase::words).into_iter().chain(taken.is_junk.then_some(junk)).collect();
    if taken.removed.is_empty() && account.is_empty() || crate::planted("removal-untold") {
        return Ok(());
    }
    vault.transact(|t| {
        for device in &taken.removed {
            let name = t.tx.device(*device)?.map_or_else(|| "A computer".to_owned(), |row| format!("“{}”", row.name));
            activity::write(t, &Line::new(Happened::Removed, format!("{name} was removed from the account")))?;
        }
        for said in account {
            activity::write(t, &Line::new(Happened::Account, said))?;
        }
        t.changes.settings = true;
        Ok(())
    })
}

/// A request registers one device and removes one. The keys change with the last, so that whoever reads them finds all of
/// it done; and so does the login.
async fn send(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    lack: &Lack,
    theirs: Vec<u8>,
    mut version: u64,
) -> Result<()> {
    // This one first: the server listens to who it knows.
    let me = vault.device().0;
    let mut devices: Vec<&DevicePublic> = lack.devices.iter().collect();
    devices.sort_by_key(|device| device.device_id != me);
    let login = login::for_keys(vault, &lack.keys)?;
    let salt = login.as_ref().map(|(kdf, _)| kdf.salt);
    let requests = devices.len().max(lack.removed.len()).max(1);
    for n in 0..requests {
        let is_last = n + 1 == requests;
        let keys = if is_last { lack.keys.to_bytes() } else { theirs.clone() };
        let request = PutKeys {
            new_passphrase: login.clone().filter(|_| is_last),
            add_device: devices.get(n).copied().map(registration),
            remove_device: lack.removed.get(n).copied(),
            key_epoch: Some(newest_epoch(vault)?),
            by: Some(login::claim(vault, token)),
            // Those that are still to be removed hear that, and not that their session ended.
            members: Some(
                members(&lack.keys).into_iter().chain(lack.removed.iter().skip(n + 1).map(|r| r.device)).collect(),
            ),
            ..PutKeys::new(version, keys)
        };
        version = server.put_keys(token, request).await?;
    }
    keep_put(vault, version, salt)
}

/// Everybody who is a member by these keys.
pub(super) fn members(keys: &AccountKeys) -> Vec<wire::DeviceId> {
    keys.log().claimed_members().devices.iter().map(|device| wire::DeviceId(device.device_id)).collect()
}

/// The server has keys of this version, and with them a passphrase's login.
pub(super) fn keep_put(vault: &Vault, version: u64, login: Option<[u8; 16]>) -> Result<()> {
    vault.transact(|t| {
        t.tx.put_u64(meta::KEYS_VERSION, version)?;
        login.map_or(Ok(()), |salt| login::server_has(t.tx, salt))
    })
}

/// What the server has to know of a removed device.
pub(super) fn removal(removed: &RemovedDevice, if_last: bool) -> DeviceRemoval {
    let DeviceMember { device_id, sign_pk, .. } = removed.device;
    DeviceRemoval { device: wire::DeviceId(device_id), sign_pk, last_ctr: removed.last.ctr, if_last }
}

/// Names the account's keys as this device has them.
pub(super) fn own_keys(vault: &Vault) -> Hash {
    keys_hash(&vault.keys().file.account().to_bytes())
}

/// The key epoch that this device seals with.
pub(super) fn newest_epoch(vault: &Vault) -> Result<KeyEpoch> {
    let epoch = vault.with_space_keys(|keys| Ok(keys.current_epoch().0))?;
    Ok(KeyEpoch { space: wire::SpaceId(vault.space().0), epoch })
}

pub(super) fn keep_version(vault: &Vault, version: u64) -> Result<()> {
    vault.transact(|t| Ok(t.tx.put_u64(meta::KEYS_VERSION, version)?))
}
