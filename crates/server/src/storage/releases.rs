//! Releases, the time by which they are counted, and what each device said of them.

use holdfast_protocol::{AccountId, Cid, DeviceId, Release, Rid, SpaceId};
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Tx};

/// A release that was not taken back and whose blobs are not gone.
pub(crate) struct LiveRelease {
    pub(crate) rid: Rid,
    pub(crate) seq: u64,
    /// When the server counted it first.
    pub(crate) age_ms: u64,
    pub(crate) cids: Vec<Cid>,
}

/// What a device that is a member said last.
#[derive(Clone, Copy, Default)]
pub(crate) struct Passed {
    pub(crate) knows: bool,
    pub(crate) heard_age_ms: u64,
    /// Up to this place it has taken back what it wants to keep.
    pub(crate) seq: u64,
    /// When it said so.
    pub(crate) age_ms: u64,
}

impl Tx<'_> {
    pub(crate) fn insert_release(&self, space: SpaceId, rid: Rid, seq: u64, release: &Release) -> Result<()> {
        let cids: Vec<u8> = release.cids().iter().flat_map(|cid| cid.0).collect();
        let sql = "INSERT INTO releases (space, rid, seq, kept, cids) VALUES (?1, ?2, ?3, 0, ?4)
                   ON CONFLICT (space, rid) DO UPDATE SET seq = excluded.seq, cids = excluded.cids WHERE seq = 0";
        self.0.prepare_cached(sql)?.execute(params![space.0, rid.0, seq as i64, cids])?;
        Ok(())
    }

    /// The release with this id is taken back, whether or not it is here.
    pub(crate) fn keep(&self, space: SpaceId, rid: Rid) -> Result<()> {
        let sql = "INSERT INTO releases (space, rid, seq, kept, cids) VALUES (?1, ?2, 0, 1, x'')
                   ON CONFLICT (space, rid) DO UPDATE SET kept = 1";
        self.0.prepare_cached(sql)?.execute(params![space.0, rid.0])?;
        Ok(())
    }

    pub(crate) fn has_live_releases(&self, space: SpaceId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM releases WHERE space = ?1 AND kept = 0 AND done = 0)";
        Ok(self.0.prepare_cached(sql)?.query_row([space.0], |row| row.get(0))?)
    }

    /// Those that were counted since before `age_ms`.
    pub(crate) fn live_releases(&self, space: SpaceId, age_ms: u64) -> Result<Vec<LiveRelease>> {
        let sql = "SELECT rid, seq, age_ms, cids FROM releases
                   WHERE space = ?1 AND kept = 0 AND done = 0 AND age_ms <= ?2 ORDER BY seq, rid";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![space.0, age_ms as i64], |row| {
            let cids: Vec<u8> = row.get(3)?;
            Ok(LiveRelease {
                rid: Rid(row.get(0)?),
                seq: row.get::<_, i64>(1)? as u64,
                age_ms: row.get::<_, i64>(2)? as u64,
                cids: cids.as_chunks::<32>().0.iter().copied().map(Cid).collect(),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// From now on these releases are counted.
    pub(crate) fn begin_releases(&self, space: SpaceId, age_ms: u64) -> Result<()> {
        let sql = "UPDATE releases SET age_ms = ?2 WHERE space = ?1 AND age_ms IS NULL";
        self.0.prepare_cached(sql)?.execute(params![space.0, age_ms as i64])?;
        Ok(())
    }

    pub(crate) fn release_is_done(&self, space: SpaceId, rid: Rid) -> Result<()> {
        let sql = "UPDATE releases SET done = 1 WHERE space = ?1 AND rid = ?2";
        self.0.prepare_cached(sql)?.execute(params![space.0, rid.0])?;
        Ok(())
    }

    /// The log is another one: nobody has said anything of it, and all is counted anew.
    pub(crate) fn forget_passed(&self, space: SpaceId, account: AccountId) -> Result<()> {
        self.0.execute("UPDATE releases SET age_ms = NULL WHERE space = ?1 AND done = 0", [space.0])?;
        self.0.execute("UPDATE devices SET passed_seq = 0, passed_age_ms = 0 WHERE account = ?1", [account.0])?;
        Ok(())
    }

    /// The space's own time, and the server's clock when it was.
    pub(crate) fn age(&self, space: SpaceId) -> Result<(u64, u64)> {
        let sql = "SELECT age_ms, age_at_ms FROM spaces WHERE space = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64));
        Ok(self.0.prepare_cached(sql)?.query_row([space.0], read)?)
    }

    pub(crate) fn set_age(&self, space: SpaceId, age_ms: u64, at_ms: u64) -> Result<()> {
        let sql = "UPDATE spaces SET age_ms = ?2, age_at_ms = ?3 WHERE space = ?1";
        self.0.prepare_cached(sql)?.execute(params![space.0, age_ms as i64, at_ms as i64])?;
        Ok(())
    }

    /// What a member said last. `None` for one that is none.
    pub(crate) fn passed(&self, account: AccountId, device: DeviceId) -> Result<Option<Passed>> {
        let sql = "SELECT knows_releases, heard_age_ms, passed_seq, passed_age_ms FROM devices
                   WHERE account = ?1 AND device = ?2 AND removed_ctr IS NULL";
        Ok(self.0.prepare_cached(sql)?.query_row(params![account.0, device.0], passed).optional()?)
    }

    /// Of every member.
    pub(crate) fn all_passed(&self, account: AccountId) -> Result<Vec<Passed>> {
        let sql = "SELECT knows_releases, heard_age_ms, passed_seq, passed_age_ms FROM devices
                   WHERE account = ?1 AND removed_ctr IS NULL";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map([account.0], passed)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn set_passed(&self, account: AccountId, device: DeviceId, said: Passed) -> Result<()> {
        let sql = "UPDATE devices SET knows_releases = ?3, heard_age_ms = ?4, passed_seq = ?5, passed_age_ms = ?6
                   WHERE account = ?1 AND device = ?2";
        let Passed { knows, heard_age_ms, seq, age_ms } = said;
        let row = params![account.0, device.0, knows, heard_age_ms as i64, seq as i64, age_ms as i64];
        self.0.prepare_cached(sql)?.execute(row)?;
        Ok(())
    }

    /// Takes a blob from a space; its file is to follow. Gives how many bytes it was.
    pub(crate) fn remove_blob(&self, space: SpaceId, cid: Cid) -> Result<u64> {
        let sql = "DELETE FROM blobs WHERE space = ?1 AND cid = ?2 RETURNING sealed_bytes";
        let bytes = self.0.prepare_cached(sql)?.query_row(params![space.0, cid.0], |row| row.get::<_, i64>(0));
        let Some(bytes) = bytes.optional()? else { return Ok(0) };
        let sql = "INSERT INTO blobs_to_remove (cid) VALUES (?1) ON CONFLICT DO NOTHING";
        self.0.prepare_cached(sql)?.execute([cid.0])?;
        Ok(bytes as u64)
    }

    /// One whose file is to go, and whether a space has it again.
    pub(crate) fn next_to_remove(&self) -> Result<Option<(Cid, bool)>> {
        let sql = "SELECT cid, EXISTS (SELECT 1 FROM blobs b WHERE b.cid = r.cid) FROM blobs_to_remove r LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| Ok((Cid(row.get(0)?), row.get(1)?));
        Ok(self.0.prepare_cached(sql)?.query_row([], read).optional()?)
    }

    pub(crate) fn is_removed(&self, cid: Cid) -> Result<()> {
        self.0.prepare_cached("DELETE FROM blobs_to_remove WHERE cid = ?1")?.execute([cid.0])?;
        Ok(())
    }
}

fn passed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Passed> {
    let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
    Ok(Passed { knows: row.get(0)?, heard_age_ms: number(1)?, seq: number(2)?, age_ms: number(3)? })
}
