//! The account's sealed keys, kept in step with the server's: another device may have joined, and a server that was
//! restored from a backup may have an older state of them, or one that went another way from there.

use holdfast_crypto::{AccountKeys, CryptoError, DevicePublic};
use holdfast_protocol as wire;
use holdfast_protocol::{DeviceRegistration, ProtocolError, SyncProtocol, Token};

use super::account::KEY_TRIES;
use super::meta;
use crate::{NotebookError, Result, Vault};

/// Keys that a server handed out and that do not open are the server's doing: the login was right.
pub(super) fn hostile(error: CryptoError) -> NotebookError {
    match error {
        CryptoError::NewerVersion(_) => NotebookError::NewerVersion,
        other => {
            tracing::warn!(error = %other, "the account's keys do not open");
            NotebookError::HostileServer("the account's keys do not open".into())
        }
    }
}

pub(super) fn registration(device: &DevicePublic) -> DeviceRegistration {
    DeviceRegistration { device: wire::DeviceId(device.device_id), sign_pk: device.sign_pk }
}

/// What has to go to the server so that it knows every member that this device knows.
struct Lack {
    /// Members that the server's keys do not name.
    devices: Vec<DevicePublic>,
    /// The keys as they should be.
    keys: AccountKeys,
}

/// Fetches the account's keys, and brings the server's up to date where they are older than this device's.
///
/// The older state is never taken over. Nothing that this device knows is given up: members that the server's keys
/// lack are added to them again.
pub(super) async fn refresh_keys(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    for _ in 0..KEY_TRIES {
        let (bytes, version) = server.get_keys(token).await?;
        let theirs = AccountKeys::from_bytes(&bytes).map_err(hostile)?;
        let Some(lack) = take_over(vault, theirs)? else { return keep_version(vault, version) };
        // A new passphrase that was not sent yet: these go with its login secret, at the next sync.
        if vault.read(|r| Ok(r.get_meta(meta::NEW_AUTH)?))?.is_some() {
            return Ok(());
        }
        match send(server, token, &lack, bytes, version).await {
            Ok(version) => return keep_version(vault, version),
            Err(ProtocolError::KeysChanged { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

/// Takes over newer keys. `Some` where the server's lack something.
fn take_over(vault: &Vault, theirs: AccountKeys) -> Result<Option<Lack>> {
    let mut keys = vault.keys();
    let ours = keys.file.account().clone();
    let (mine, other) = (ours.log().entries(), theirs.log().entries());
    if mine.starts_with(other) && mine.len() > other.len() && theirs.account_id() == ours.account_id() {
        let known = &theirs.log().claimed_members().devices;
        let devices = missing_members(&ours.log().claimed_members().devices, known);
        return Ok(Some(Lack { devices, keys: ours }));
    }
    let crate::vault::Keys { file, open } = &mut *keys;
    let mut changed = file.clone();
    let known = open.account.members.devices.clone();
    changed.update_account(theirs, open).map_err(hostile)?;
    let devices = missing_members(&known, &open.account.members.devices);
    let lack = if devices.is_empty() {
        None
    } else {
        // It went another way from an older state. This device follows, and takes those along whom it left behind.
        for device in &devices {
            changed.add_device(open, device, &mut vault.env().rng())?;
        }
        Some(Lack { devices, keys: changed.account().clone() })
    };
    *file = changed;
    vault.write_keys(&keys)?;
    Ok(lack)
}

fn missing_members(
    ours: &[holdfast_crypto::DeviceMember],
    theirs: &[holdfast_crypto::DeviceMember],
) -> Vec<DevicePublic> {
    let lacks = ours.iter().filter(|device| !theirs.iter().any(|known| known.device_id == device.device_id));
    lacks.map(|d| DevicePublic { device_id: d.device_id, sign_pk: d.sign_pk, box_pk: d.box_pk }).collect()
}

/// A request registers one device. The keys change with the last, so that whoever reads them finds all registered.
async fn send(
    server: &dyn SyncProtocol,
    token: &Token,
    lack: &Lack,
    theirs: Vec<u8>,
    mut version: u64,
) -> Result<u64, ProtocolError> {
    let mut left = lack.devices.iter().peekable();
    loop {
        let device = left.next();
        let is_last = left.peek().is_none();
        let request = wire::PutKeys {
            expected_version: version,
            keys: if is_last { lack.keys.to_bytes() } else { theirs.clone() },
            new_passphrase: None,
            add_device: device.map(registration),
        };
        version = server.put_keys(token, request).await?;
        if is_last {
            return Ok(version);
        }
    }
}

fn keep_version(vault: &Vault, version: u64) -> Result<()> {
    vault.transact(|t| Ok(t.tx.put_u64(meta::KEYS_VERSION, version)?))
}
