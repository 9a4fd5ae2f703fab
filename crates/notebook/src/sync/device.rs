//! What this device tells the others about itself: a sealed record under the device's own id.

use std::collections::BTreeSet;

use holdfast_domain::{DeviceFields, DeviceId, Fields, Merge, Origin, RecordId, UnknownFields, fold_name};
use holdfast_merge::edit_merge;
use holdfast_store::{DeviceRow, Reader, WriteTx};

use super::activity::{self, Happened, Line};
use super::meta;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// A computer's name as it will be kept.
pub(super) fn clean_name(name: &str) -> Result<String> {
    let name = crate::patch::check_title(name)?;
    Ok(if name.is_empty() { "This computer".to_owned() } else { name })
}

/// `name`, or where another computer has it, with the number that makes it free: `--take NAME` and the cards of a
/// review tell computers apart by their names.
fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..=u32::MAX).map(|n| format!("{name} {n}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(&fold_name(name))).unwrap_or_default()
}

/// What this computer will be called once it has read the log. Which names are taken only the log tells, and reading
/// it beforehand would let somebody with a slow connection wait for the whole of it without a note to see.
pub(super) fn will_be_called(tx: &WriteTx<'_>, name: &str) -> Result<()> {
    Ok(tx.put_meta(meta::JOINED_AS, name.as_bytes())?)
}

/// This computer's name that it has not told the others yet.
pub(crate) fn untold_name(reader: &Reader<'_>) -> Result<Option<String>> {
    Ok(reader.get_meta(meta::JOINED_AS)?.and_then(|name| String::from_utf8(name).ok()))
}

/// The log was read to its end: a computer that has joined tells the others its name.
pub(super) fn introduce(vault: &Vault) -> Result<()> {
    if vault.read(untold_name)?.is_none() {
        return Ok(());
    }
    vault.transact(|t| {
        let Some(name) = untold_name(t.reader())? else { return Ok(()) };
        t.tx.remove_meta(meta::JOINED_AS)?;
        let me = vault.device();
        let devices = t.reader().devices()?;
        // Somebody named it meanwhile.
        if devices.iter().any(|device| device.id == me) {
            return Ok(());
        }
        let taken = devices.iter().map(|device| fold_name(&device.name)).collect();
        let free = free_name(&name, &taken);
        if free != name {
            let message = format!("Another computer is called “{name}”; this one is now “{free}”");
            activity::write(t, &Line::new(Happened::Named, message))?;
        }
        create(t, me, free)?;
        t.changes.settings = true;
        Ok(())
    })
}

/// Another computer's name has come for the first time: whoever did not add one wants to know. What a computer that has
/// just joined itself finds there is no news to it.
pub(crate) fn tell_joined(t: &mut Txn<'_>, joined: &DeviceRow) -> Result<()> {
    let me = t.vault.device();
    if joined.id == me || t.reader().device(me)?.is_none() {
        return Ok(());
    }
    // Anybody of the account can write such a record; who is in it the membership log says.
    if !t.vault.keys().open.account.members.devices.iter().any(|member| member.device_id == joined.id.0) {
        return Ok(());
    }
    t.changes.settings = true;
    activity::write(t, &Line::new(Happened::Joined, format!("“{}” joined the account", joined.name)))
}

/// Writes the record that a device does not have yet.
pub(super) fn create(t: &mut Txn<'_>, device: DeviceId, name: String) -> Result<()> {
    let stamp = t.stamp();
    let fields = DeviceFields {
        name: Merge::resolved(name, stamp),
        platform: std::env::consts::OS.to_owned(),
        last_seen_ms: t.now_ms,
        created_ms: t.now_ms,
        unknown: UnknownFields::new(),
    };
    t.create(RecordId(device.0), Fields::Device(fields), stamp, Origin::Edit)?;
    Ok(())
}

impl Vault {
    /// Writes the record, or gives the device another name.
    pub(crate) fn write_device_record(&self, name: &str) -> Result<()> {
        let name = clean_name(name)?;
        let id = RecordId(self.device().0);
        self.transact(|t| {
            if t.record(id)?.is_none() {
                return create(t, self.device(), name);
            }
            t.change_now(id, "device", Origin::Edit, |fields, stamp, now| match fields {
                Fields::Device(device) if *device.name.shown() != name => {
                    device.name = edit_merge(&device.name, name, stamp);
                    device.last_seen_ms = now.max(device.last_seen_ms);
                    Ok(())
                }
                Fields::Device(_) => Ok(()),
                _ => Err(NotebookError::Damaged("this device's record is of another kind".into())),
            })
        })
    }

    /// This computer's name, as the other devices see it.
    pub fn rename_device(&self, name: &str) -> Result<()> {
        self.write_device_record(name)
    }
}
