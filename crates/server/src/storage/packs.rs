//! Which parts of the logs are in packs.

use holdfast_protocol::{AccountId, DeviceId, Packed, SpaceId};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Result, Tx};
use crate::packs::{LogFigures, PackFigures as PackRow};

const COLUMNS: &str = "from_seq, to_seq, seq, dropped";

fn pack_row(row: &Row<'_>) -> rusqlite::Result<PackRow> {
    let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
    Ok(PackRow { from: number(0)?, to: number(1)?, seq: number(2)?, dropped: row.get(3)? })
}

impl Tx<'_> {
    /// The pack over a position.
    pub(crate) fn pack_over(&self, space: SpaceId, seq: u64) -> Result<Option<PackRow>> {
        Ok(self.next_pack(space, seq)?.filter(|pack| pack.from < seq))
    }

    /// The pack over a position, or the first behind it.
    pub(crate) fn next_pack(&self, space: SpaceId, seq: u64) -> Result<Option<PackRow>> {
        let sql = format!("SELECT {COLUMNS} FROM packs WHERE space = ?1 AND to_seq >= ?2 ORDER BY to_seq LIMIT 1");
        Ok(self.0.prepare_cached(&sql)?.query_row(params![space.0, seq as i64], pack_row).optional()?)
    }

    /// The pack that stands at a position itself, if it covers anything.
    pub(crate) fn pack_at(&self, space: SpaceId, seq: u64) -> Result<Option<PackRow>> {
        let sql = format!("SELECT {COLUMNS} FROM packs WHERE space = ?1 AND seq = ?2");
        Ok(self.0.prepare_cached(&sql)?.query_row(params![space.0, seq as i64], pack_row).optional()?)
    }

    /// Whether any position behind `from`, up to `to`, is under a pack.
    pub(crate) fn is_packed(&self, space: SpaceId, from: u64, to: u64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM packs WHERE space = ?1 AND to_seq > ?2 AND from_seq < ?3)";
        Ok(self.0.query_row(sql, params![space.0, from as i64, to as i64], |row| row.get(0))?)
    }

    pub(crate) fn insert_pack(&self, space: SpaceId, seq: u64, from: u64, to: u64) -> Result<()> {
        let sql = "INSERT INTO packs (space, to_seq, from_seq, seq) VALUES (?1, ?2, ?3, ?4)";
        self.0.execute(sql, params![space.0, to as i64, from as i64, seq as i64])?;
        Ok(())
    }

    pub(crate) fn log_figures(&self) -> Result<LogFigures> {
        let sql = format!("SELECT {COLUMNS} FROM packs ORDER BY space, to_seq");
        let mut statement = self.0.prepare(&sql)?;
        let packs = statement.query_map([], pack_row)?.collect::<rusqlite::Result<_>>()?;
        let sql = "SELECT coalesce(sum(kind = 1 AND length(body) = 0), 0), coalesce(sum(length(body)), 0) FROM entries";
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64));
        let (without_body, body_bytes) = self.0.query_row(sql, [], read)?;
        let sql = "SELECT coalesce(sum(done), 0), coalesce(sum(kept), 0) FROM releases";
        let (released, kept) = self.0.query_row(sql, [], read)?;
        Ok(LogFigures { packs, without_body, body_bytes, released, kept })
    }

    /// A pack as it is sent along.
    pub(crate) fn packed(&self, space: SpaceId, pack: PackRow) -> Result<Packed> {
        let sql = "SELECT key_epoch, body FROM entries WHERE space = ?1 AND seq = ?2";
        let read = |row: &Row<'_>| Ok(Packed { seq: pack.seq, key_epoch: row.get(0)?, body: row.get(1)? });
        Ok(self.0.prepare_cached(sql)?.query_row(params![space.0, pack.seq as i64], read)?)
    }

    /// Bytes of a pack, and of the bodies under it behind `after`.
    pub(crate) fn pack_and_bodies(&self, space: SpaceId, pack: PackRow, after: u64) -> Result<(usize, usize)> {
        let sql = "SELECT (SELECT length(body) FROM entries WHERE space = ?1 AND seq = ?2),
                          (SELECT coalesce(sum(length(body)), 0) FROM entries
                           WHERE space = ?1 AND kind = 1 AND seq > ?3 AND seq <= ?4)";
        let row = params![space.0, pack.seq as i64, after.max(pack.from) as i64, pack.to as i64];
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)? as usize));
        Ok(self.0.prepare_cached(sql)?.query_row(row, read)?)
    }

    /// Lets the bodies of the revisions under a pack go, and nothing else of them. Gives how many bytes they were.
    pub(crate) fn drop_bodies(&self, space: SpaceId, pack: PackRow) -> Result<u64> {
        let (_, bytes) = self.pack_and_bodies(space, pack, pack.from)?;
        let to = pack.to + u64::from(crate::planted("bodies-gone-beside"));
        let sql = "UPDATE entries SET body = x'' WHERE space = ?1 AND kind = 1 AND seq > ?2 AND seq <= ?3";
        self.0.execute(sql, params![space.0, pack.from as i64, to as i64])?;
        let sql = "UPDATE packs SET dropped = 1 WHERE space = ?1 AND to_seq = ?2";
        self.0.execute(sql, params![space.0, pack.to as i64])?;
        Ok(bytes as u64)
    }

    pub(crate) fn knows_packs(&self, account: AccountId, device: DeviceId) -> Result<bool> {
        let sql = "SELECT knows_packs FROM devices WHERE account = ?1 AND device = ?2";
        let row = self.0.prepare_cached(sql)?.query_row(params![account.0, device.0], |row| row.get(0)).optional()?;
        Ok(row.unwrap_or(false))
    }

    pub(crate) fn set_knows_packs(&self, account: AccountId, device: DeviceId, knows: bool) -> Result<()> {
        let sql = "UPDATE devices SET knows_packs = ?3 WHERE account = ?1 AND device = ?2";
        self.0.execute(sql, params![account.0, device.0, knows])?;
        Ok(())
    }

    /// Every device of the account that was not removed.
    pub(crate) fn all_know_packs(&self, account: AccountId) -> Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM devices
                                      WHERE account = ?1 AND removed_ctr IS NULL AND NOT knows_packs)";
        if crate::planted("nobody-is-older") {
            return Ok(true);
        }
        Ok(self.0.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
    }
}
