//! What a reader gets of a log: pages, and single entries; with their bodies, or with the packs that hold them.

use std::collections::{HashMap, HashSet};

use holdfast_protocol::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, MAX_PAGE_MANIFEST_RIDS};
use holdfast_protocol::{
    BatchManifest, Covered, Entry, EntryKind, Fetched, Hash, LogEntry, LogHead, LogPage, Outline, ProtocolError, Rid,
    Run, SpaceId,
};
use rusqlite::{Row, params};

use super::entries::kind;
use super::{Result, Tx};
use crate::packs::PackFigures as PackRow;

const COLUMNS: &str = "seq, kind, rid, key_epoch, batch_hash, body_hash, length(body), body";

fn outline(row: &Row<'_>) -> Result<Outline> {
    Ok(Outline {
        seq: row.get::<_, i64>(0)? as u64,
        kind: kind(row.get(1)?)?,
        rid: Rid(row.get(2)?),
        key_epoch: row.get(3)?,
        batch: Hash(row.get(4)?),
        body: Hash(row.get(5)?),
    })
}

fn body_bytes(row: &Row<'_>) -> Result<usize> {
    Ok(row.get::<_, i64>(6)? as usize)
}

fn logged(outline: &Outline, row: &Row<'_>) -> Result<LogEntry> {
    let Outline { seq, kind, rid, key_epoch, batch, .. } = *outline;
    Ok(LogEntry { seq, entry: Entry { kind, rid, key_epoch, body: row.get("body")? }, batch })
}

/// What this version's reader is told who does not know packs.
fn needs_newer() -> ProtocolError {
    ProtocolError::Refused("parts of the log are in packs: this program is too old for it".into())
}

/// What is gathered for an answer, within the limits of a page.
#[derive(Default)]
struct Gathered {
    entries: Vec<LogEntry>,
    covered: Covered,
    manifests: Vec<BatchManifest>,
    /// Where in `manifests`.
    known: HashMap<Hash, usize>,
    /// The packs in `covered`, by where they stand.
    packs: HashSet<u64>,
    count: usize,
    bytes: usize,
    listed: usize,
}

impl Gathered {
    /// Makes room for an entry: its manifest, and so many bytes. False where the page is full; one entry always fits.
    fn fits(&mut self, tx: &Tx<'_>, space: SpaceId, batch: Hash, bytes: usize, max_bytes: usize) -> Result<bool> {
        let manifest = if self.known.contains_key(&batch) { None } else { Some(tx.manifest(space, batch)?) };
        let listed = self.listed + manifest.as_ref().map_or(0, |manifest| manifest.rids.len());
        let bytes = self.bytes + bytes;
        if self.count > 0 && (bytes > max_bytes || listed > MAX_PAGE_MANIFEST_RIDS) {
            return Ok(false);
        }
        if let Some(manifest) = manifest {
            self.known.insert(batch, self.manifests.len());
            self.manifests.push(manifest);
        }
        (self.listed, self.bytes, self.count) = (listed, bytes, self.count + 1);
        Ok(true)
    }

    /// An entry without its body. Its manifest is here.
    fn outline(&mut self, outline: &Outline) {
        let rids = self.known.get(&outline.batch).map_or(&[][..], |at| self.manifests[*at].rids.as_slice());
        let last = self.covered.runs.last_mut();
        if let Some(run) = last.filter(|run| goes_on(run, outline, rids)) {
            run.bodies.push(outline.body);
            return;
        }
        let first = rids.iter().position(|rid| *rid == outline.rid).unwrap_or_default() as u32;
        let Outline { seq, kind, key_epoch, batch, body, .. } = *outline;
        self.covered.runs.push(Run { seq, kind, key_epoch, batch, first, bodies: vec![body] });
    }

    fn pack(&mut self, tx: &Tx<'_>, space: SpaceId, pack: PackRow) -> Result<()> {
        if self.packs.insert(pack.seq) {
            self.covered.packs.push(tx.packed(space, pack)?);
        }
        Ok(())
    }

    fn parts(self) -> (Vec<LogEntry>, Vec<BatchManifest>, Option<Covered>) {
        let covered = Some(self.covered).filter(|covered| *covered != Covered::default());
        (self.entries, self.manifests, covered)
    }
}

/// True where the entry follows the run in the log, and in the batch.
fn goes_on(run: &Run, outline: &Outline, rids: &[Rid]) -> bool {
    let next = run.first as usize + run.bodies.len();
    (run.kind, run.key_epoch, run.batch) == (outline.kind, outline.key_epoch, outline.batch)
        && run.seq + run.bodies.len() as u64 == outline.seq
        && rids.get(next) == Some(&outline.rid)
}

/// Which pack a page has come to.
enum Over {
    /// None, up to the end.
    Nothing,
    /// This is the one over the position, or the first behind it.
    Next(PackRow),
    /// The page is in it. Its bytes, where it is sent.
    In(PackRow, Option<usize>),
}

impl Over {
    fn new(next: Option<PackRow>) -> Self {
        next.map_or(Self::Nothing, Self::Next)
    }

    /// The pack that is sent in the place of the body at a position, and its bytes. Positions come in order.
    fn at(&mut self, tx: &Tx<'_>, space: SpaceId, seq: u64, knows_packs: bool) -> Result<Option<(PackRow, usize)>> {
        if let Self::Next(pack) | Self::In(pack, _) = self
            && seq > pack.to
        {
            *self = Self::new(tx.next_pack(space, seq)?);
        }
        if let Self::Next(pack) = *self
            && pack.from < seq
        {
            let (packed, bodies) = tx.pack_and_bodies(space, pack, seq - 1)?;
            let is_sent = pack.dropped || (knows_packs && packed < bodies);
            *self = Self::In(pack, is_sent.then_some(packed));
        }
        Ok(match *self {
            Self::In(pack, bytes) => bytes.map(|bytes| (pack, bytes)),
            Self::Nothing | Self::Next(_) => None,
        })
    }
}

impl Tx<'_> {
    /// The entries after `seq`, as many as fit `max_bytes` of bodies and the limits of a page, but at least one
    /// if there is one. A reader that knows packs gets those in the place of what they cover, where that is less.
    pub(crate) fn page(
        &self,
        space: SpaceId,
        head: LogHead,
        seq: u64,
        max_bytes: usize,
        knows_packs: bool,
    ) -> Result<LogPage> {
        let max_bytes = max_bytes.min(MAX_PAGE_BYTES);
        let mut page = Gathered::default();
        let mut over = Over::new(self.next_pack(space, seq + 1)?);
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries WHERE space = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
        ))?;
        let from = seq + u64::from(crate::planted("page-begins-late") && seq > 0 && head.seq > seq + 8);
        let mut rows = statement.query(params![space.0, from as i64, MAX_PAGE_ENTRIES as i64])?;
        while let Some(row) = rows.next()? {
            let entry = outline(row)?;
            let pack =
                if entry.kind == EntryKind::Revision { over.at(self, space, entry.seq, knows_packs)? } else { None };
            match pack {
                Some(_) if !knows_packs && page.count == 0 => return Err(needs_newer().into()),
                Some(_) if !knows_packs => break,
                Some((pack, bytes)) => {
                    let bytes = if page.packs.contains(&pack.seq) { 0 } else { bytes };
                    if !page.fits(self, space, entry.batch, bytes, max_bytes)? {
                        break;
                    }
                    page.pack(self, space, pack)?;
                    page.outline(&entry);
                }
                // Of a pack only who may still check it needs the body.
                None if knows_packs
                    && entry.kind == EntryKind::Pack
                    && !self.is_unchecked(space, &page, entry.seq)? =>
                {
                    if !page.fits(self, space, entry.batch, 0, max_bytes)? {
                        break;
                    }
                    page.outline(&entry);
                }
                None => {
                    if !page.fits(self, space, entry.batch, body_bytes(row)?, max_bytes)? {
                        break;
                    }
                    page.entries.push(logged(&entry, row)?);
                }
            }
        }
        let (entries, manifests, covered) = page.parts();
        let log_epoch = head.log_epoch;
        Ok(LogPage {
            log_epoch,
            entries,
            manifests,
            head,
            keys: None,
            login_salt: None,
            covered,
            may_pack: None,
            may_release: None,
        })
    }

    fn is_unchecked(&self, space: SpaceId, page: &Gathered, seq: u64) -> Result<bool> {
        Ok(!page.packs.contains(&seq) && self.pack_at(space, seq)?.is_some_and(|pack| !pack.dropped))
    }

    /// All variants of the first of these ids, as many as fit a page.
    pub(crate) fn fetch(&self, space: SpaceId, rids: &[Rid], knows_packs: bool) -> Result<Fetched> {
        let mut out = Gathered::default();
        let mut statement = self
            .0
            .prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE space = ?1 AND rid = ?2 ORDER BY seq"))?;
        'ids: for rid in rids {
            let mut rows = statement.query(params![space.0, rid.0])?;
            while let Some(row) = rows.next()? {
                let entry = outline(row)?;
                let over = if entry.kind == EntryKind::Revision { self.pack_over(space, entry.seq)? } else { None };
                match over.filter(|pack| pack.dropped) {
                    Some(_) if !knows_packs => {}
                    Some(pack) => {
                        let (packed, _) = self.pack_and_bodies(space, pack, pack.to)?;
                        let bytes = if out.packs.contains(&pack.seq) { 0 } else { packed };
                        if !out.fits(self, space, entry.batch, bytes, MAX_PAGE_BYTES)? {
                            break 'ids;
                        }
                        out.pack(self, space, pack)?;
                        out.outline(&entry);
                    }
                    None => {
                        if !out.fits(self, space, entry.batch, body_bytes(row)?, MAX_PAGE_BYTES)? {
                            break 'ids;
                        }
                        out.entries.push(logged(&entry, row)?);
                    }
                }
            }
        }
        let (entries, manifests, covered) = out.parts();
        Ok(Fetched { entries, manifests, covered })
    }
}
