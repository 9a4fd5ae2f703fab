//! A vault that was copied: two of them under one device id would count their batches apart from each other.
//!
//! The copy that notices takes a new id and new keys, as a member of its own, and keeps everything that it has. What it
//! had not sent stays as it was written, by the old id: the old key signs, while it is still here, that the new device
//! is its heir, and batches carry that statement. So no change gets another id, and none is there twice when the other
//! copy sends the same.

use std::collections::BTreeSet;

use holdfast_domain::{DeviceId, RevisionId, fold_name};
use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, Hash, Heir, ProtocolError, SyncProtocol, Token, batch_hash, decode, encode, heir_bytes, limits,
};
use holdfast_store::Reader;
use holdfast_sync::StepReport;

use super::account::{KEY_TRIES, load};
use super::activity::{self, Happened, Line};
use super::keys::{refresh_keys, registration};
use super::{device, login, meta};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// The log has to be read to its end before anything is sent: what is waiting may be there already.
const READ_FIRST: u64 = 1;
/// It was read, and nothing was sent since.
const READ: u64 = 2;

pub(super) fn is_copied(reader: &Reader<'_>) -> Result<bool> {
    Ok(reader.get_u64(meta::COPIED)?.is_some())
}

pub(super) fn reads_first(reader: &Reader<'_>) -> Result<bool> {
    Ok(reader.get_u64(meta::REBORN)? == Some(READ_FIRST))
}

/// The log was read to its end. Only now is it known which names are taken: another copy may have become a device of
/// its own before.
pub(super) fn has_read(vault: &Vault) -> Result<()> {
    if !vault.read(reads_first)? {
        return Ok(());
    }
    vault.transact(|t| {
        t.tx.put_u64(meta::REBORN, READ)?;
        let old = t.tx.get_meta(meta::REBORN_OF)?.and_then(|id| id.try_into().ok()).map(DeviceId);
        let name = new_name(t.reader(), old)?;
        device::create(t, vault.device(), name.clone())?;
        let message = format!("This vault was copied from another computer; it is now “{name}”");
        activity::write(t, &Line::new(Happened::Copied, message))?;
        t.changes.settings = true;
        Ok(())
    })
}

/// The server took a batch.
pub(super) fn went_well(t: &Txn<'_>) -> Result<()> {
    Ok(t.tx.remove_meta(meta::REBORN)?)
}

/// True where a batch is signed by this device and not known to it: another copy of the vault sent it.
pub(super) fn knows_own(vault: &Vault, reader: &Reader<'_>, manifests: &[BatchManifest]) -> Result<bool> {
    let under_way = reader.batch()?.map(|batch| decode::<BatchManifest>(&batch.manifest)).transpose();
    let under_way = under_way.ok().flatten().map_or(Hash::ZERO, |manifest| batch_hash(&manifest));
    for manifest in manifests.iter().filter(|m| m.device.0 == vault.device().0) {
        let batch = batch_hash(manifest);
        if batch != under_way && reader.manifest(&batch.0)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// This vault is a copy: it becomes a device of its own.
pub(super) async fn become_another(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<StepReport> {
    if vault.read(|r| Ok(r.get_u64(meta::REBORN)?))?.is_some() {
        return Err(NotebookError::HostileServer("it says again and again that this vault was copied".into()));
    }
    tracing::warn!("this vault was copied: it becomes another device");
    for _ in 0..KEY_TRIES {
        refresh_keys(vault, server, token).await?;
        let version = vault.read(load)?.map_or(0, |account| account.keys_version);
        let (salt, mut changed, heir, request) = {
            let keys = vault.keys();
            let (mut file, mut open) = (keys.file.clone(), keys.open.clone());
            let (old, salt) = (open.device.clone(), file.account().kdf_params().salt);
            file.take_new_device(&mut open, vault.keychain_key().as_ref(), &mut vault.env().rng())?;
            let (space, of) = (wire::SpaceId(vault.space().0), wire::DeviceId(old.device_id));
            let to = wire::DeviceId(open.device.device_id);
            let heir = Heir { of, to, signature: old.sign(&heir_bytes(space, of, to)) };
            let request = wire::PutKeys {
                add_device: Some(registration(&open.device.public())),
                by: Some(login::claim_of(&open.device, token)),
                ..wire::PutKeys::new(version, file.account().to_bytes())
            };
            (salt, crate::vault::Keys { file, open }, heir, request)
        };
        let version = match server.put_keys(token, request).await {
            Ok(version) => version,
            Err(ProtocolError::KeysChanged { .. }) => continue,
            Err(other) => return Err(other.into()),
        };
        // The statement first: with the next line the old keys are gone. A process that ends between is still the old
        // device, with a statement for one that never was.
        vault.transact(|t| {
            let mut heirs = heirs(t.reader())?;
            heirs.push(heir);
            put_heirs(t, &heirs)?;
            Ok(t.tx.put_u64(meta::KEYS_VERSION, version)?)
        })?;
        {
            let mut keys = vault.keys();
            // A passphrase that was set during the request.
            if keys.file.account().kdf_params().salt != salt {
                let crate::vault::Keys { file, open } = &mut changed;
                file.carry_passphrase(open, keys.file.account(), &mut vault.env().rng())?;
            }
            vault.write_keys(&changed)?;
            *keys = changed;
        }
        adopt(vault)?;
        return Ok(StepReport { moved: true, ..StepReport::default() });
    }
    Err(NotebookError::Protocol(ProtocolError::Busy { retry_after_s: None }))
}

/// Makes the database's device the one of the key file. Also where a process ended between the two.
pub(crate) fn adopt(vault: &Vault) -> Result<()> {
    let (old, new) = (vault.device(), DeviceId(vault.keys().open.device.device_id));
    vault.set_device(new);
    let adopted = vault.transact(|t| {
        t.tx.put_meta(crate::vault::meta::DEVICE, &new.0)?;
        t.tx.clear_batch()?;
        t.tx.unassign_batches()?;
        t.tx.clear_batch_accepted()?;
        t.tx.remove_meta(meta::COPIED)?;
        t.tx.put_u64(meta::REBORN, if crate::planted("copy-sends-first") { READ } else { READ_FIRST })?;
        t.tx.put_meta(meta::REBORN_OF, &old.0)?;
        t.changes.settings = true;
        Ok(())
    });
    if adopted.is_err() {
        vault.set_device(old);
    }
    adopted
}

/// The old name with a number that makes it another.
fn new_name(reader: &Reader<'_>, old: Option<DeviceId>) -> Result<String> {
    let devices = reader.devices()?;
    let taken: BTreeSet<String> = devices.iter().map(|device| fold_name(&device.name)).collect();
    let untold = device::untold_name(reader)?;
    let name = devices.iter().find(|device| Some(device.id) == old).map(|device| &device.name).or(untold.as_ref());
    let name = name.map_or("This computer", String::as_str);
    let base = match name.rsplit_once(" (") {
        Some((base, number)) if number.strip_suffix(')').is_some_and(|n| n.parse::<u32>().is_ok()) => base,
        _ => name,
    };
    let names = (2..=u32::MAX).map(|n| format!("{base} ({n})"));
    Ok(names.into_iter().find(|name| !taken.contains(&fold_name(name))).unwrap_or_default())
}

fn heirs(reader: &Reader<'_>) -> Result<Vec<Heir>> {
    let Some(bytes) = reader.get_meta(meta::HEIRS)? else { return Ok(Vec::new()) };
    let rows = bytes.chunks_exact(HEIR_BYTES).map(decode::<Heir>);
    rows.collect::<std::result::Result<_, _>>().map_err(|_| NotebookError::Damaged("the heirs cannot be read".into()))
}

/// Each is as long as every other: fixed lengths only.
const HEIR_BYTES: usize = 1 + (1 + 17) * 2 + (1 + 66);

fn put_heirs(t: &Txn<'_>, heirs: &[Heir]) -> Result<()> {
    let bytes: Vec<u8> = heirs.iter().flat_map(encode).collect();
    Ok(t.tx.put_meta(meta::HEIRS, &bytes)?)
}

/// The statements that a batch of these revisions needs.
pub(super) fn heirs_for(vault: &Vault, reader: &Reader<'_>, rids: &[RevisionId]) -> Result<Vec<Heir>> {
    let all = heirs(reader)?;
    if all.is_empty() || crate::planted("heirs-not-named") {
        return Ok(Vec::new());
    }
    let me = vault.device();
    let mut out: Vec<Heir> = Vec::new();
    for rid in rids {
        let mut at = reader.author_of(*rid)?.unwrap_or(me);
        while at != me {
            let Some(next) = all.iter().rev().find(|heir| heir.of.0 == at.0 && leads_to(&all, heir.to, me)) else {
                return Err(NotebookError::Damaged("a change of another device waits to be sent".into()));
            };
            at = DeviceId(next.to.0);
            if out.contains(next) {
                break;
            }
            out.push(*next);
        }
    }
    out.truncate(limits::MAX_HEIRS);
    Ok(out)
}

/// Each device has at most a few: one for each time that the vault was copied.
fn leads_to(all: &[Heir], from: wire::DeviceId, me: DeviceId) -> bool {
    let mut at = from;
    for _ in 0..=all.len() {
        if at.0 == me.0 {
            return true;
        }
        match all.iter().rev().find(|heir| heir.of == at) {
            Some(next) => at = next.to,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_stored_one_after_another() {
        let heir = Heir { of: wire::DeviceId([1; 16]), to: wire::DeviceId([2; 16]), signature: [3; 64] };
        assert_eq!(encode(&heir).len(), HEIR_BYTES);
    }
}
