//! The account's sealed keys, kept in step with the server's: another device may have joined or removed one, and a server
//! that was restored from a backup may have an older state of them, or one that went another way from there.

use holdfast_crypto::{AccountKeys, CryptoError, DeviceMember, DevicePublic, LastBatch, RemovedDevice, Standing};
use holdfast_domain::DeviceId;
use holdfast_protocol as wire;
use holdfast_protocol::{DeviceRegistration, DeviceRemoval, KeyEpoch, ProtocolError, PutKeys, SyncProtocol, Token};

use super::account::KEY_TRIES;
use super::activity::{self, Happened, Line};
use super::meta;
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

/// What came of the server's keys.
struct TakenOver {
    lack: Option<Lack>,
    /// Devices that this device knows to be removed only now.
    removed: Vec<DeviceId>,
}

/// Fetches the account's keys, and brings the server's up to date where they are older than this device's.
///
/// The older state is never taken over. Nothing that this device knows is given up: members that the server's keys
/// lack are added to them again. Keys that leave out a removal are replaced by this device's, whoever is in them: the
/// removed device could have made them.
pub(super) async fn refresh_keys(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    for _ in 0..KEY_TRIES {
        let (bytes, version) = server.get_keys(token).await?;
        let theirs = AccountKeys::from_bytes(&bytes).map_err(hostile)?;
        let taken = take_over(vault, theirs)?;
        note_removed(vault, &taken.removed)?;
        let Some(lack) = taken.lack else { return keep_version(vault, version) };
        // A new passphrase that was not sent yet: these go with its login secret, at the next sync.
        if vault.read(|r| Ok(r.get_meta(meta::NEW_AUTH)?))?.is_some() && lack.removed.is_empty() {
            return Ok(());
        }
        match send(vault, server, token, &lack, bytes, version).await {
            Ok(version) => return keep_version(vault, version),
            Err(NotebookError::Protocol(ProtocolError::KeysChanged { .. })) => {}
            Err(other) => return Err(other),
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

/// Takes over newer keys.
fn take_over(vault: &Vault, theirs: AccountKeys) -> Result<TakenOver> {
    let mut keys = vault.keys();
    let ours = keys.file.account().clone();
    let mine = ours.log().claimed_members().clone();
    let is_ours = theirs.log().genesis_hash() == ours.log().genesis_hash();
    let standing = ours.log().standing_of(theirs.log());
    if is_ours && matches!(standing, Standing::Older | Standing::GivenUp) {
        if standing == Standing::GivenUp && theirs.log().standing_of(ours.log()) == Standing::GivenUp {
            return Err(NotebookError::HostileServer(
                "computers were removed from the account in two ways that know nothing of each other".into(),
            ));
        }
        let known = theirs.log().claimed_members();
        let devices = missing_members(&mine.devices, &known.devices);
        let forgotten = mine.removed.iter().filter(|one| known.removed(one.device.device_id).is_none());
        let mut removed: Vec<_> = forgotten.map(|one| removal(one, false)).collect();
        // Who came in since on the way that is given up: nobody can tell a new computer from the removed one's doing.
        let strangers = known.devices.iter().filter(|one| mine.sign_pk(one.device_id).is_none());
        removed.extend(
            strangers
                .map(|&device| removal(&RemovedDevice { device, last: LastBatch { ctr: 0, hash: [0; 32] } }, false)),
        );
        return Ok(TakenOver { lack: Some(Lack { devices, removed, keys: ours }), removed: Vec::new() });
    }
    let crate::vault::Keys { file, open } = &mut *keys;
    let mut changed = file.clone();
    changed.update_account(theirs, open, &mut vault.env().rng()).map_err(hostile)?;
    let members = open.account.members.clone();
    let removed = members.removed.iter().map(|one| one.device.device_id).filter(|id| mine.removed(*id).is_none());
    let removed = removed.map(DeviceId).collect();
    let mut devices = missing_members(&mine.devices, &members.devices);
    devices.retain(|device| members.removed(device.device_id).is_none());
    let lack = if devices.is_empty() {
        None
    } else {
        // It went another way from an older state. This device follows, and takes those along whom it left behind.
        for device in &devices {
            changed.add_device(open, device, &mut vault.env().rng())?;
        }
        Some(Lack { devices, removed: Vec::new(), keys: changed.account().clone() })
    };
    *file = changed;
    vault.write_keys(&keys)?;
    Ok(TakenOver { lack, removed })
}

fn missing_members(ours: &[DeviceMember], theirs: &[DeviceMember]) -> Vec<DevicePublic> {
    let lacks = ours.iter().filter(|device| !theirs.iter().any(|known| known.device_id == device.device_id));
    lacks.map(|d| DevicePublic { device_id: d.device_id, sign_pk: d.sign_pk, box_pk: d.box_pk }).collect()
}

/// A line of the activity log for each.
fn note_removed(vault: &Vault, removed: &[DeviceId]) -> Result<()> {
    if removed.is_empty() {
        return Ok(());
    }
    vault.transact(|t| {
        for device in removed {
            let name = t.tx.device(*device)?.map_or_else(|| "A computer".to_owned(), |row| format!("“{}”", row.name));
            activity::write(t, &Line::new(Happened::Removed, format!("{name} was removed from the account")))?;
        }
        t.changes.settings = true;
        Ok(())
    })
}

/// A request registers one device and removes one. The keys change with the last, so that whoever reads them finds all of
/// it done.
async fn send(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    lack: &Lack,
    theirs: Vec<u8>,
    mut version: u64,
) -> Result<u64> {
    let requests = lack.devices.len().max(lack.removed.len()).max(1);
    for n in 0..requests {
        let is_last = n + 1 == requests;
        let keys = if is_last { lack.keys.to_bytes() } else { theirs.clone() };
        let request = PutKeys {
            add_device: lack.devices.get(n).map(registration),
            remove_device: lack.removed.get(n).copied(),
            key_epoch: Some(newest_epoch(vault)?),
            by: Some(wire::DeviceId(vault.device().0)),
            ..PutKeys::new(version, keys)
        };
        version = server.put_keys(token, request).await?;
    }
    Ok(version)
}

/// What the server has to know of a removed device.
pub(super) fn removal(removed: &RemovedDevice, if_last: bool) -> DeviceRemoval {
    let DeviceMember { device_id, sign_pk, .. } = removed.device;
    DeviceRemoval { device: wire::DeviceId(device_id), sign_pk, last_ctr: removed.last.ctr, if_last }
}

/// The key epoch that this device seals with.
pub(super) fn newest_epoch(vault: &Vault) -> Result<KeyEpoch> {
    let epoch = vault.with_space_keys(|keys| Ok(keys.current_epoch().0))?;
    Ok(KeyEpoch { space: wire::SpaceId(vault.space().0), epoch })
}

pub(super) fn keep_version(vault: &Vault, version: u64) -> Result<()> {
    vault.transact(|t| Ok(t.tx.put_u64(meta::KEYS_VERSION, version)?))
}
