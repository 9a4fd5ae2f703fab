//! The logs, and the manifests of their batches.

use std::collections::HashSet;

use holdfast_protocol::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, MAX_PAGE_MANIFEST_RIDS};
use holdfast_protocol::{
    BatchManifest, Entry, EntryKind, Fetched, Hash, LogEntry, LogHead, LogPage, Rid, SpaceId, decode, encode, link,
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Result, Tx};
use crate::ServerError;

fn kind(number: i64) -> Result<EntryKind> {
    match number {
        1 => Ok(EntryKind::Revision),
        2 => Ok(EntryKind::Pack),
        3 => Ok(EntryKind::Trim),
        4 => Ok(EntryKind::Release),
        _ => Err(ServerError::Damaged("kind of an entry")),
    }
}

fn logged(row: &Row<'_>) -> Result<LogEntry> {
    let entry =
        Entry { kind: kind(row.get(1)?)?, rid: Rid(row.get(2)?), key_epoch: row.get(3)?, body: row.get("body")? };
    Ok(LogEntry { seq: row.get::<_, i64>(0)? as u64, entry, batch: Hash(row.get(4)?) })
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
        for (seq, link) in links {
            set.execute(params![space.0, seq as i64, link.0])?;
        }
        Ok(head)
    }

    /// All variants of the first of these ids, as many as fit a page.
    pub(crate) fn fetch(&self, space: SpaceId, rids: &[Rid]) -> Result<Fetched> {
        let mut out = Fetched::default();
        let mut known = HashSet::new();
        let mut bytes = 0;
        let mut statement = self.0.prepare_cached(
            "SELECT seq, kind, rid, key_epoch, batch_hash, length(body), body FROM entries
             WHERE space = ?1 AND rid = ?2 ORDER BY seq",
        )?;
        let mut listed = 0;
        for rid in rids {
            let mut rows = statement.query(params![space.0, rid.0])?;
            while let Some(row) = rows.next()? {
                bytes += row.get::<_, i64>(5)? as usize;
                let batch = Hash(row.get(4)?);
                let manifest = if known.contains(&batch) { None } else { Some(self.manifest(space, batch)?) };
                listed += manifest.as_ref().map_or(0, |manifest| manifest.rids.len());
                if !out.entries.is_empty() && (bytes > MAX_PAGE_BYTES || listed > MAX_PAGE_MANIFEST_RIDS) {
                    return Ok(out);
                }
                out.entries.push(logged(row)?);
                known.insert(batch);
                out.manifests.extend(manifest);
            }
        }
        Ok(out)
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

    fn manifest(&self, space: SpaceId, batch: Hash) -> Result<BatchManifest> {
        let sql = "SELECT manifest FROM manifests WHERE space = ?1 AND batch_hash = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let bytes: Vec<u8> = statement.query_row(params![space.0, batch.0], |row| row.get(0))?;
        decode(&bytes).map_err(|_| ServerError::Damaged("manifest"))
    }

    /// The entries after `seq`, as many as fit `max_bytes` of bodies and the limits of a page, but at least one
    /// if there is one.
    pub(crate) fn page(&self, space: SpaceId, head: LogHead, seq: u64, max_bytes: usize) -> Result<LogPage> {
        let max_bytes = max_bytes.min(MAX_PAGE_BYTES);
        let (entries, manifests) = (Vec::new(), Vec::new());
        let mut page = LogPage { log_epoch: head.log_epoch, entries, manifests, head, keys: None, login_salt: None };
        let mut known = HashSet::new();
        let (mut bytes, mut rids) = (0, 0);
        let mut statement = self.0.prepare_cached(
            "SELECT seq, kind, rid, key_epoch, batch_hash, length(body), body FROM entries
             WHERE space = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let mut rows = statement.query(params![space.0, seq as i64, MAX_PAGE_ENTRIES as i64])?;
        while let Some(row) = rows.next()? {
            bytes += row.get::<_, i64>(5)? as usize;
            let batch = Hash(row.get(4)?);
            let manifest = if known.contains(&batch) { None } else { Some(self.manifest(space, batch)?) };
            rids += manifest.as_ref().map_or(0, |manifest| manifest.rids.len());
            if !page.entries.is_empty() && (bytes > max_bytes || rids > MAX_PAGE_MANIFEST_RIDS) {
                break;
            }
            page.entries.push(logged(row)?);
            known.insert(batch);
            page.manifests.extend(manifest);
        }
        Ok(page)
    }
}
