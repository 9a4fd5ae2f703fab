//! Devices: their signing keys, and where each stands with its batches.

use holdfast_protocol::{AccountId, DeviceId, DeviceRegistration, Hash};
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Tx};

pub(crate) struct DeviceRow {
    pub(crate) sign_pk: [u8; 32],
    /// 0 before the first batch.
    pub(crate) last_ctr: u64,
    pub(crate) last_batch: Hash,
    /// The encoded outcome of the last batch; `None` where that batch came back by healing.
    pub(crate) last_answer: Option<Vec<u8>>,
    /// Where it was removed: the counter of its last batch that counts.
    pub(crate) removed_ctr: Option<u64>,
}

impl Tx<'_> {
    pub(crate) fn device(&self, account: AccountId, device: DeviceId) -> Result<Option<DeviceRow>> {
        let sql = "SELECT sign_pk, last_ctr, last_batch, last_answer, removed_ctr FROM devices
                   WHERE account = ?1 AND device = ?2";
        let row = self.0.prepare_cached(sql)?.query_row(params![account.0, device.0], |row| {
            Ok(DeviceRow {
                sign_pk: row.get(0)?,
                last_ctr: row.get::<_, i64>(1)? as u64,
                last_batch: Hash(row.get(2)?),
                last_answer: row.get(3)?,
                removed_ctr: row.get::<_, Option<i64>>(4)?.map(|ctr| ctr as u64),
            })
        });
        Ok(row.optional()?)
    }

    pub(crate) fn insert_device(&self, account: AccountId, device: &DeviceRegistration) -> Result<()> {
        let sql = "INSERT INTO devices (account, device, sign_pk, heard_age_ms)
                   VALUES (?1, ?2, ?3, (SELECT coalesce(max(age_ms), 0) FROM spaces WHERE account = ?1))";
        self.0.prepare_cached(sql)?.execute(params![account.0, device.device.0, device.sign_pk])?;
        Ok(())
    }

    /// It is no member any more. What it sent up to this counter stays its own.
    pub(crate) fn set_removed(&self, account: AccountId, device: DeviceId, last_ctr: u64) -> Result<()> {
        let sql = if crate::planted("removed-everywhere") {
            "UPDATE devices SET removed_ctr = ?3 WHERE ?1 IS NOT NULL AND device = ?2"
        } else {
            "UPDATE devices SET removed_ctr = ?3 WHERE account = ?1 AND device = ?2"
        };
        self.0.prepare_cached(sql)?.execute(params![account.0, device.0, last_ctr as i64])?;
        Ok(())
    }

    /// It is a member, whatever was said of it before.
    pub(crate) fn let_in(&self, account: AccountId, device: DeviceId) -> Result<()> {
        let sql = "UPDATE devices SET removed_ctr = NULL,
                       heard_age_ms = (SELECT coalesce(max(age_ms), 0) FROM spaces WHERE account = ?1)
                   WHERE account = ?1 AND device = ?2";
        self.0.prepare_cached(sql)?.execute(params![account.0, device.0])?;
        Ok(())
    }

    pub(crate) fn set_last_batch(
        &self,
        account: AccountId,
        device: DeviceId,
        ctr: u64,
        batch: Hash,
        answer: Option<&[u8]>,
    ) -> Result<()> {
        let sql = "UPDATE devices SET last_ctr = ?3, last_batch = ?4, last_answer = ?5
                   WHERE account = ?1 AND device = ?2";
        self.0.prepare_cached(sql)?.execute(params![account.0, device.0, ctr as i64, batch.0, answer])?;
        Ok(())
    }
}
