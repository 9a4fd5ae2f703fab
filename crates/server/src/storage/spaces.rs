//! Spaces: who owns one, and the head of its log.

use holdfast_protocol::{AccountId, LogHead, SpaceId};
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Tx};

pub(crate) struct SpaceRow {
    pub(crate) account: AccountId,
    pub(crate) head: LogHead,
    /// The newest epoch under which an accepted entry was sealed.
    pub(crate) key_epoch: u32,
    /// Bodies and blobs.
    pub(crate) stored_bytes: u64,
}

impl Tx<'_> {
    pub(crate) fn space(&self, space: SpaceId) -> Result<Option<SpaceRow>> {
        let sql = "SELECT account, log_epoch, head_seq, head_link, key_epoch, stored_bytes FROM spaces
                   WHERE space = ?1";
        let row = self.0.prepare_cached(sql)?.query_row([space.0], |row| {
            let head = LogHead {
                log_epoch: row.get::<_, i64>(1)? as u64,
                seq: row.get::<_, i64>(2)? as u64,
                link: holdfast_protocol::Hash(row.get(3)?),
            };
            Ok(SpaceRow {
                account: AccountId(row.get(0)?),
                head,
                key_epoch: row.get(4)?,
                stored_bytes: row.get::<_, i64>(5)? as u64,
            })
        });
        Ok(row.optional()?)
    }

    /// The account's first space, which is its personal one.
    pub(crate) fn personal_space(&self, account: AccountId) -> Result<Option<SpaceId>> {
        let sql = "SELECT space FROM spaces WHERE account = ?1 ORDER BY rowid LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([account.0], |row| row.get(0)).optional()?.map(SpaceId))
    }

    pub(crate) fn all_spaces(&self) -> Result<Vec<SpaceId>> {
        let mut statement = self.0.prepare("SELECT space FROM spaces ORDER BY rowid")?;
        let spaces = statement.query_map([], |row| Ok(SpaceId(row.get(0)?)))?.collect::<rusqlite::Result<_>>()?;
        Ok(spaces)
    }

    pub(crate) fn insert_space(&self, space: SpaceId, account: AccountId, log_epoch: u64) -> Result<()> {
        let sql = "INSERT INTO spaces (space, account, log_epoch) VALUES (?1, ?2, ?3)";
        self.0.prepare_cached(sql)?.execute(params![space.0, account.0, log_epoch as i64])?;
        Ok(())
    }

    pub(crate) fn update_space(&self, space: SpaceId, row: &SpaceRow) -> Result<()> {
        let sql = "UPDATE spaces SET log_epoch = ?2, head_seq = ?3, head_link = ?4, key_epoch = ?5, stored_bytes = ?6
                   WHERE space = ?1";
        let LogHead { log_epoch, seq, link } = row.head;
        self.0.prepare_cached(sql)?.execute(params![
            space.0,
            log_epoch as i64,
            seq as i64,
            link.0,
            row.key_epoch,
            row.stored_bytes as i64
        ])?;
        Ok(())
    }

    /// The log does not have this epoch any more.
    pub(crate) fn put_past_epoch(&self, space: SpaceId, log_epoch: u64) -> Result<()> {
        let sql = "INSERT INTO past_epochs (space, log_epoch) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.0.prepare_cached(sql)?.execute(params![space.0, log_epoch as i64])?;
        Ok(())
    }

    pub(crate) fn is_past_epoch(&self, space: SpaceId, log_epoch: u64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM past_epochs WHERE space = ?1 AND log_epoch = ?2)";
        Ok(self.0.prepare_cached(sql)?.query_row(params![space.0, log_epoch as i64], |row| row.get(0))?)
    }
}
