//! Accounts: login secrets as hashes, and sealed keys with their version.

use holdfast_protocol::{AccountId, KdfParams};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Result, Tx};

/// An account but for its keys.
pub(crate) struct AccountRow {
    pub(crate) account: AccountId,
    pub(crate) kdf: KdfParams,
    pub(crate) auth_salt: [u8; 32],
    pub(crate) passphrase_auth: [u8; 32],
    pub(crate) code_auth: [u8; 32],
}

fn kdf(row: &Row<'_>) -> rusqlite::Result<KdfParams> {
    Ok(KdfParams {
        salt: row.get("kdf_salt")?,
        memory_kib: row.get("kdf_memory_kib")?,
        passes: row.get("kdf_passes")?,
        lanes: row.get("kdf_lanes")?,
    })
}

impl Tx<'_> {
    pub(crate) fn account_by_user(&self, user_folded: &str) -> Result<Option<AccountRow>> {
        let sql = "SELECT * FROM accounts WHERE user_folded = ?1";
        let row = self.0.prepare_cached(sql)?.query_row([user_folded], |row| {
            Ok(AccountRow {
                account: AccountId(row.get("account")?),
                kdf: kdf(row)?,
                auth_salt: row.get("auth_salt")?,
                passphrase_auth: row.get("passphrase_auth")?,
                code_auth: row.get("code_auth")?,
            })
        });
        Ok(row.optional()?)
    }

    /// The parameters of the oldest account, as a pattern for those of unknown users.
    pub(crate) fn typical_kdf(&self) -> Result<Option<KdfParams>> {
        let sql = "SELECT kdf_salt, kdf_memory_kib, kdf_passes, kdf_lanes FROM accounts ORDER BY rowid LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([], kdf).optional()?)
    }

    pub(crate) fn has_account(&self, account: AccountId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE account = ?1)";
        Ok(self.0.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
    }

    /// The keys get version 1.
    pub(crate) fn insert_account(
        &self,
        user_folded: &str,
        account: &AccountRow,
        keys: &[u8],
        created_ms: u64,
    ) -> Result<()> {
        self.0.execute(
            "INSERT INTO accounts (account, user_folded, kdf_salt, kdf_memory_kib, kdf_passes, kdf_lanes, auth_salt,
                 passphrase_auth, code_auth, keys, keys_version, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11)",
            params![
                account.account.0,
                user_folded,
                account.kdf.salt,
                account.kdf.memory_kib,
                account.kdf.passes,
                account.kdf.lanes,
                account.auth_salt,
                account.passphrase_auth,
                account.code_auth,
                keys,
                created_ms as i64
            ],
        )?;
        Ok(())
    }

    /// The sealed keys and their version.
    pub(crate) fn keys(&self, account: AccountId) -> Result<(Vec<u8>, u64)> {
        let sql = "SELECT keys, keys_version FROM accounts WHERE account = ?1";
        Ok(self.0.prepare_cached(sql)?.query_row([account.0], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?)
    }

    pub(crate) fn set_keys(&self, account: AccountId, keys: &[u8], version: u64) -> Result<()> {
        let sql = "UPDATE accounts SET keys = ?2, keys_version = ?3 WHERE account = ?1";
        self.0.prepare_cached(sql)?.execute(params![account.0, keys, version as i64])?;
        Ok(())
    }

    pub(crate) fn auth_salt(&self, account: AccountId) -> Result<[u8; 32]> {
        let sql = "SELECT auth_salt FROM accounts WHERE account = ?1";
        Ok(self.0.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
    }

    /// The salt of the passphrase that signs in.
    pub(crate) fn login_salt(&self, account: AccountId) -> Result<[u8; 16]> {
        let sql = "SELECT kdf_salt FROM accounts WHERE account = ?1";
        Ok(self.0.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
    }

    /// True where it was another one.
    pub(crate) fn set_passphrase(&self, account: AccountId, kdf: &KdfParams, auth: &[u8; 32]) -> Result<bool> {
        let changed = self.0.execute(
            "UPDATE accounts SET kdf_salt = ?2, kdf_memory_kib = ?3, kdf_passes = ?4, kdf_lanes = ?5,
                 passphrase_auth = ?6
             WHERE account = ?1 AND (kdf_salt, kdf_memory_kib, kdf_passes, kdf_lanes, passphrase_auth)
                 IS NOT (?2, ?3, ?4, ?5, ?6)",
            params![account.0, kdf.salt, kdf.memory_kib, kdf.passes, kdf.lanes, auth],
        )?;
        Ok(changed > 0)
    }
}
