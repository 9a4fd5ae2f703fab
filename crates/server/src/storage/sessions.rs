//! Sessions and invitations, both by hash and with an end.

use holdfast_protocol::{AccountId, DeviceId};
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Tx};

pub(crate) struct SessionRow {
    pub(crate) account: AccountId,
    /// `None` while it is not known.
    pub(crate) device: Option<DeviceId>,
    /// Its device was removed.
    pub(crate) removed: bool,
}

impl Tx<'_> {
    /// A session that has not ended.
    pub(crate) fn session(&self, token_hash: &[u8; 32], now_ms: u64) -> Result<Option<SessionRow>> {
        let sql = "SELECT s.account, s.device, d.removed_ctr IS NOT NULL FROM sessions s
                   LEFT JOIN devices d ON d.account = s.account AND d.device = s.device
                   WHERE token_hash = ?1 AND expires_ms > ?2";
        let now_ms = if crate::planted("session-never-ends") { 0 } else { now_ms };
        let row = self.0.prepare_cached(sql)?.query_row(params![token_hash, now_ms as i64], |row| {
            Ok(SessionRow {
                account: AccountId(row.get(0)?),
                device: row.get::<_, Option<_>>(1)?.map(DeviceId),
                removed: row.get(2)?,
            })
        });
        Ok(row.optional()?)
    }

    /// Also forgets sessions that have ended.
    pub(crate) fn insert_session(
        &self,
        token_hash: &[u8; 32],
        account: AccountId,
        device: Option<DeviceId>,
        now_ms: u64,
        expires_ms: u64,
    ) -> Result<()> {
        self.0.execute("DELETE FROM sessions WHERE expires_ms <= ?1", [now_ms as i64])?;
        let sql = "INSERT INTO sessions (token_hash, account, device, expires_ms) VALUES (?1, ?2, ?3, ?4)";
        self.0.prepare_cached(sql)?.execute(params![
            token_hash,
            account.0,
            device.map(|device| device.0),
            expires_ms as i64
        ])?;
        Ok(())
    }

    /// The session is this device's from now on.
    pub(crate) fn bind_session(&self, token_hash: &[u8; 32], device: DeviceId) -> Result<()> {
        let sql = "UPDATE sessions SET device = ?2 WHERE token_hash = ?1";
        self.0.prepare_cached(sql)?.execute(params![token_hash, device.0])?;
        Ok(())
    }

    /// Ends the sessions of an account of which nobody knows whose they are, and those of devices that are not among these
    /// members. Not this one, and not those of removed devices, which hear that they are.
    pub(crate) fn end_other_sessions(
        &self,
        account: AccountId,
        token_hash: &[u8; 32],
        members: Option<&[DeviceId]>,
    ) -> Result<()> {
        let sql = "SELECT s.token_hash, s.device FROM sessions s
                   LEFT JOIN devices d ON d.account = s.account AND d.device = s.device
                   WHERE s.account = ?1 AND s.token_hash <> ?2 AND d.removed_ctr IS NULL";
        let mut rows = self.0.prepare(sql)?;
        let others = rows.query_map(params![account.0, token_hash], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Option<_>>(1)?.map(DeviceId)))
        })?;
        for other in others.collect::<rusqlite::Result<Vec<_>>>()? {
            let (token_hash, device) = other;
            if device.is_none_or(|device| members.is_some_and(|members| !members.contains(&device))) {
                self.0.execute("DELETE FROM sessions WHERE token_hash = ?1", [token_hash])?;
            }
        }
        Ok(())
    }

    /// When an invitation ends, or ended.
    pub(crate) fn invitation_expiry(&self, invitation_hash: &[u8; 32]) -> Result<Option<u64>> {
        let sql = "SELECT expires_ms FROM invitations WHERE invitation_hash = ?1";
        let expires_ms =
            self.0.prepare_cached(sql)?.query_row([invitation_hash], |row| row.get::<_, i64>(0)).optional()?;
        Ok(expires_ms.map(|at| at as u64))
    }

    /// Also forgets invitations that ended before `forget_ms`; until then they are told from unknown ones.
    pub(crate) fn insert_invitation(&self, invitation_hash: &[u8; 32], expires_ms: u64, forget_ms: u64) -> Result<()> {
        self.0.execute("DELETE FROM invitations WHERE expires_ms < ?1", [forget_ms as i64])?;
        let sql = "INSERT INTO invitations (invitation_hash, expires_ms) VALUES (?1, ?2)";
        self.0.prepare_cached(sql)?.execute(params![invitation_hash, expires_ms as i64])?;
        Ok(())
    }
}
