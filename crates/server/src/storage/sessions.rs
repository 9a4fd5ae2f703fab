//! Sessions and invitations, both by hash and with an end.

use holdfast_protocol::AccountId;
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Tx};

impl Tx<'_> {
    /// The account of a session that has not ended.
    pub(crate) fn session_account(&self, token_hash: &[u8; 32], now_ms: u64) -> Result<Option<AccountId>> {
        let sql = "SELECT account FROM sessions WHERE token_hash = ?1 AND expires_ms > ?2";
        let account = self.0.prepare_cached(sql)?.query_row(params![token_hash, now_ms as i64], |row| row.get(0));
        Ok(account.optional()?.map(AccountId))
    }

    /// Also forgets sessions that have ended.
    pub(crate) fn insert_session(
        &self,
        token_hash: &[u8; 32],
        account: AccountId,
        now_ms: u64,
        expires_ms: u64,
    ) -> Result<()> {
        self.0.execute("DELETE FROM sessions WHERE expires_ms <= ?1", [now_ms as i64])?;
        let sql = "INSERT INTO sessions (token_hash, account, expires_ms) VALUES (?1, ?2, ?3)";
        self.0.execute(sql, params![token_hash, account.0, expires_ms as i64])?;
        Ok(())
    }

    /// When an invitation ends, or ended.
    pub(crate) fn invitation_expiry(&self, invitation_hash: &[u8; 32]) -> Result<Option<u64>> {
        let sql = "SELECT expires_ms FROM invitations WHERE invitation_hash = ?1";
        let expires_ms = self.0.query_row(sql, [invitation_hash], |row| row.get::<_, i64>(0)).optional()?;
        Ok(expires_ms.map(|at| at as u64))
    }

    /// Also forgets invitations that ended before `forget_ms`; until then they are told from unknown ones.
    pub(crate) fn insert_invitation(&self, invitation_hash: &[u8; 32], expires_ms: u64, forget_ms: u64) -> Result<()> {
        self.0.execute("DELETE FROM invitations WHERE expires_ms < ?1", [forget_ms as i64])?;
        let sql = "INSERT INTO invitations (invitation_hash, expires_ms) VALUES (?1, ?2)";
        self.0.execute(sql, params![invitation_hash, expires_ms as i64])?;
        Ok(())
    }
}
