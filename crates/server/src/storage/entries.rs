//! The logs, and the manifests of their batches.

use holdfast_protocol::{BatchManifest, DeviceId, Entry, EntryKind, Hash, LogHead, Rid, SpaceId, decode, encode, link};
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Tx};
use crate::ServerError;

pub(super) fn kind(number: i64) -> Result<EntryKind> {
    match number {
        1 => Ok(EntryKind::Revision),
        2 => Ok(EntryKind::Pack),
        3 => Ok(EntryKind::Place),
        4 => Ok(EntryKind::Release),
        _ => Err(ServerError::Damaged("kind of an entry")),
    }
}

impl Tx<'_> {
    /// The link at a position after the first.
    pub(crate) fn link_at(&self, space: SpaceId, seq: u64) -> Result<Option<Hash>> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
        let sql = "SELECT link FROM entries WHERE space = ?1 AND seq = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_row(params![space.0, seq], |row| row.get(0)).optional()?.map(Hash))
    }

    /// Where the log holds exactly this body of this revision.
    pub(crate) fn entry_seq(&self, space: SpaceId, rid: Rid, body_hash: Hash) -> Result<Option<u64>> {
        let sql = "SELECT seq FROM entries WHERE space = ?1 AND rid = ?2 AND body_hash = ?3";
        let mut statement = self.0.prepare_cached(sql)?;
        let seq = statement.query_row(params![space.0, rid.0, body_hash.0], |row| row.get::<_, i64>(0)).optional()?;
        Ok(seq.map(|seq| seq as u64))
    }

    /// Where the log holds any body of this revision; the first.
    pub(crate) fn first_seq(&self, space: SpaceId, rid: Rid) -> Result<Option<u64>> {
        let sql = "SELECT min(seq) FROM entries WHERE space = ?1 AND rid = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let seq: Option<i64> = statement.query_row(params![space.0, rid.0], |row| row.get(0))?;
        Ok(seq.map(|seq| seq as u64))
    }

    /// Where the log holds the revision as carried by this batch.
    pub(crate) fn seq_of_batch(&self, space: SpaceId, rid: Rid, batch: Hash) -> Result<Option<u64>> {
        let sql = "SELECT seq FROM entries WHERE space = ?1 AND rid = ?2 AND batch_hash = ?3 ORDER BY seq LIMIT 1";
        let mut statement = self.0.prepare_cached(sql)?;
        let seq = statement.query_row(params![space.0, rid.0, batch.0], |row| row.get::<_, i64>(0)).optional()?;
        Ok(seq.map(|seq| seq as u64))
    }

    /// Links the whole log anew, under another epoch. Gives its head.
    pub(crate) fn relink(&self, space: SpaceId, log_epoch: u64) -> Result<LogHead> {
        let mut head = LogHead { log_epoch, seq: 0, link: Hash::ZERO };
        let mut statement = self.0.prepare(
            "SELECT seq, kind, rid, key_epoch, body_hash, batch_hash FROM entries WHERE space = ?1 ORDER BY seq",
        )?;
        let mut set = self.0.prepare("UPDATE entries SET link = ?3 WHERE space = ?1 AND seq = ?2")?;
        let mut rows = statement.query([space.0])?;
        let mut links = Vec::new();
        while let Some(row) = rows.next()? {
            let seq = row.get::<_, i64>(0)? as u64;
            let (rid, body, batch) = (Rid(row.get(2)?), Hash(row.get(4)?), Hash(row.get(5)?));
            let next = link(space, log_epoch, seq, head.link, kind(row.get(1)?)?, rid, row.get(3)?, body, batch);
            head = LogHead { log_epoch, seq, link: next };
            links.push((seq, next));
        }
        links.truncate(links.len() - usize::from(crate::planted("last-not-relinked")).min(links.len()));
        for (seq, link) in links {
            set.execute(params![space.0, seq as i64, link.0])?;
        }
        Ok(head)
    }

    /// How many bodies the log holds under this id.
    pub(crate) fn variants(&self, space: SpaceId, rid: Rid) -> Result<usize> {
        let sql = "SELECT count(*) FROM entries WHERE space = ?1 AND rid = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_row(params![space.0, rid.0], |row| row.get::<_, i64>(0))? as usize)
    }

    pub(crate) fn insert_entry(
        &self,
        space: SpaceId,
        head: &LogHead,
        entry: &Entry,
        body_hash: Hash,
        batch: Hash,
    ) -> Result<()> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO entries (space, seq, kind, rid, key_epoch, body_hash, batch_hash, link, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        statement.execute(params![
            space.0,
            head.seq as i64,
            entry.kind as u8,
            entry.rid.0,
            entry.key_epoch,
            body_hash.0,
            batch.0,
            head.link.0,
            entry.body
        ])?;
        Ok(())
    }

    /// No change where it is there already: healing brought it.
    pub(crate) fn insert_manifest(&self, batch: Hash, manifest: &BatchManifest) -> Result<()> {
        let sql = "INSERT INTO manifests (space, batch_hash, manifest) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.0.prepare_cached(sql)?.execute(params![manifest.space.0, batch.0, encode(manifest)])?;
        Ok(())
    }

    /// The device that sent the entry at a position.
    pub(crate) fn sender_of(&self, space: SpaceId, seq: u64) -> Result<Option<DeviceId>> {
        Ok(self.manifest_at(space, seq)?.map(|manifest| manifest.device))
    }

    /// Of the batch that carried the entry at a position.
    pub(crate) fn manifest_at(&self, space: SpaceId, seq: u64) -> Result<Option<BatchManifest>> {
        let sql = "SELECT batch_hash FROM entries WHERE space = ?1 AND seq = ?2";
        let batch = self.0.prepare_cached(sql)?.query_row(params![space.0, seq as i64], |row| row.get(0)).optional()?;
        batch.map(|batch| self.manifest(space, Hash(batch))).transpose()
    }

    pub(super) fn manifest(&self, space: SpaceId, batch: Hash) -> Result<BatchManifest> {
        let sql = "SELECT manifest FROM manifests WHERE space = ?1 AND batch_hash = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let bytes: Vec<u8> = statement.query_row(params![space.0, batch.0], |row| row.get(0))?;
        decode(&bytes).map_err(|_| ServerError::Damaged("manifest"))
    }
}
