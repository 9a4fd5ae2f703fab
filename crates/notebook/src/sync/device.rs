//! What this device tells the others about itself: a sealed record under the device's own id.

use holdfast_domain::{DeviceFields, Fields, Merge, Origin, RecordId, UnknownFields, clean_title};
use holdfast_merge::edit_merge;

use crate::{NotebookError, Result, Vault};

impl Vault {
    /// Writes the record, or gives the device another name.
    pub(crate) fn write_device_record(&self, name: &str) -> Result<()> {
        let name = clean_title(name);
        let name = if name.is_empty() { "This computer".to_owned() } else { name };
        let id = RecordId(self.device().0);
        self.transact(|t| {
            if t.record(id)?.is_none() {
                let stamp = t.stamp();
                let fields = DeviceFields {
                    name: Merge::resolved(name, stamp),
                    platform: std::env::consts::OS.to_owned(),
                    last_seen_ms: t.now_ms,
                    created_ms: t.now_ms,
                    unknown: UnknownFields::new(),
                };
                t.create(id, Fields::Device(fields), stamp, Origin::Edit)?;
                return Ok(());
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
