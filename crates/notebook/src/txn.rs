//! One change, inside its one database transaction.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Clock, Fields, Kind, NoteId, Origin, RecordId, Revision, RevisionId, Stamp};
use holdfast_store::{NoteQuery, NotebookFilter, Reader, RevisionSource, TrashFilter, WorkingRow, WriteTx};

use crate::record::{Record, differs};
use crate::vault::meta;
use crate::{NotebookError, OpChanges, Result, Vault};

/// Revisions that this transaction stored, decoded: their views need not read them back. At most so many bytes.
#[derive(Default)]
struct Fresh {
    revisions: BTreeMap<RevisionId, Revision>,
    bytes: usize,
}

const FRESH_BYTES: usize = 32 * 1024 * 1024;

pub(crate) struct Txn<'a> {
    pub vault: &'a Vault,
    pub tx: &'a WriteTx<'a>,
    clock: &'a mut Clock,
    pub now_ms: u64,
    pub changes: OpChanges,
    /// Records whose view is out of date.
    touched: BTreeSet<RecordId>,
    fresh: Fresh,
    /// What another computer's changes brought, for the tripwire to look at before it is shown.
    arrived: Vec<(RecordId, RevisionId)>,
    /// This device has read the log to its end.
    caught_up: bool,
    /// A notebook's view was made anew.
    tree_changed: bool,
    /// The notes of [`Self::note_joined`], once they were read.
    joined: Option<BTreeSet<RecordId>>,
}

impl<'a> Txn<'a> {
    pub fn new(vault: &'a Vault, tx: &'a WriteTx<'a>, clock: &'a mut Clock) -> Self {
        let now_ms = vault.env().now_ms();
        Self {
            vault,
            tx,
            clock,
            now_ms,
            changes: OpChanges::default(),
            touched: BTreeSet::new(),
            fresh: Fresh::default(),
            arrived: Vec::new(),
            caught_up: false,
            tree_changed: false,
            joined: None,
        }
    }

    pub fn reader(&self) -> &'a Reader<'a> {
        self.tx
    }

    /// A stamp greater than every one before.
    pub fn stamp(&mut self) -> Stamp {
        Stamp { hlc: self.clock.tick(self.now_ms), device: self.vault.device() }
    }

    /// Follows the clock of a revision that arrived.
    pub fn observe(&mut self, revision: &Revision) {
        self.clock.observe(revision.hlc, self.now_ms);
    }

    pub fn record(&self, id: RecordId) -> Result<Option<Record<'a, 'a>>> {
        Record::load(self.vault, self.reader(), id)
    }

    pub fn existing(&self, id: RecordId, what: &'static str) -> Result<Record<'a, 'a>> {
        self.record(id)?.ok_or_else(|| NotebookError::NotFound { what, id: id.to_string() })
    }

    /// Makes a new record.
    pub fn create(&mut self, id: RecordId, fields: Fields, stamp: Stamp, origin: Origin) -> Result<RevisionId> {
        self.commit_revision(Revision::new(id, Vec::new(), stamp, origin, self.vault.env().merge_algo(), fields))
    }

    /// Changes a record as a person does, on the versions that the person saw, as a working revision. Answers with
    /// the versions that the next edit goes on from.
    ///
    /// Saving on versions that are no longer the newest makes a head of its own, never an overwrite.
    pub fn edit(
        &mut self,
        id: RecordId,
        what: &'static str,
        seen: &[RevisionId],
        origin: Origin,
        change: impl FnOnce(&mut Fields, Stamp, u64) -> Result<()>,
    ) -> Result<Vec<RevisionId>> {
        let mut record = self.existing(id, what)?;
        if seen.is_empty() {
            return Err(NotebookError::Stale);
        }
        // A decision is a revision of its own, and so is typing that this edit has not seen.
        let goes_on = record
            .working
            .as_ref()
            .is_some_and(|w| seen.contains(&w.id) && w.revision.origin == origin && origin == Origin::Edit);
        if record.working.is_some() && !goes_on {
            self.commit_working(id)?;
            record = self.existing(id, what)?;
        }
        for version in seen {
            // An old one that was thinned is as one that is not known: what the editor has is written on the newest.
            if !record.knows(*version)? || self.tx.is_stub(*version)? {
                return Err(NotebookError::Stale);
            }
        }
        let base = record.fold(seen)?;
        if let Fields::Note(note) = &base.fields
            && note.needs_newer_version()
        {
            return Err(NotebookError::NeedsNewerVersion);
        }
        let stamp = self.stamp();
        let mut fields = base.fields.clone();
        change(&mut fields, stamp, self.now_ms)?;

        let (parents, started_ms) = match record.working.as_ref().filter(|w| goes_on && seen.contains(&w.id)) {
            Some(w) => {
                let others = seen.iter().copied().filter(|s| *s != w.id && !crate::planted("typing-forgets-arrivals"));
                let all: Vec<_> = w.revision.parents().iter().copied().chain(others).collect();
                (record.graph()?.maximal(all).into_iter().collect(), w.row.started_ms)
            }
            None if crate::planted("stale-buffer-overwrites") => (record.shown_heads(), self.now_ms),
            None => (seen.to_vec(), self.now_ms),
        };
        let changes_only = matches!(origin, Origin::Edit | Origin::Restore);
        if changes_only && !parents.is_empty() && !differs(&fields, &record.fold(&parents)?.fields) {
            if goes_on {
                self.tx.take_working(id)?;
                self.touch(id);
            }
            return Ok(parents);
        }
        let revision = Revision::new(id, parents, stamp, origin, self.vault.env().merge_algo(), fields);
        let bytes = revision.encode()?;
        let working = self.vault.revision_id(&bytes)?;
        self.tx.put_working(&WorkingRow {
            record: id,
            parents: revision.parents().to_vec(),
            fields: bytes,
            origin,
            started_ms,
            changed_ms: self.now_ms,
        })?;
        self.changes.waiting = true;
        self.touch(id);
        Ok(vec![working])
    }

    /// Changes a record on all its versions, and commits.
    pub fn change_now(
        &mut self,
        id: RecordId,
        what: &'static str,
        origin: Origin,
        change: impl FnOnce(&mut Fields, Stamp, u64) -> Result<()>,
    ) -> Result<()> {
        self.commit_working(id)?;
        let seen = self.existing(id, what)?.shown_heads();
        self.edit(id, what, &seen, origin, change)?;
        self.commit_working(id)?;
        Ok(())
    }

    /// What is being typed in a record becomes a revision. `None` where nothing is.
    pub fn commit_working(&mut self, id: RecordId) -> Result<Option<RevisionId>> {
        let Some(row) = self.tx.take_working(id)? else { return Ok(None) };
        let revision = Revision::decode(&row.fields)?;
        let revision = if crate::planted("typing-has-seen-all") && !self.tx.heads(id)?.is_empty() {
            let stamp = Stamp { hlc: revision.hlc, device: revision.author };
            let heads = self.tx.heads(id)?;
            Revision::new(id, heads, stamp, revision.origin, revision.merge_algo, revision.fields)
        } else {
            revision
        };
        self.commit_revision(revision).map(Some)
    }

    /// Stores a revision made here and queues it for sending.
    pub fn commit_revision(&mut self, revision: Revision) -> Result<RevisionId> {
        let bytes = revision.encode()?;
        let rid = self.vault.revision_id(&bytes)?;
        self.changes.waiting = true;
        if self.store(rid, revision, &bytes, RevisionSource::Here)? {
            crate::sync::enqueue(self, rid, &bytes)?;
        }
        Ok(rid)
    }

    /// Stores a revision, of which `canonical` are the bytes and `rid` the id. False where it is here already.
    pub fn store(
        &mut self,
        rid: RevisionId,
        revision: Revision,
        canonical: &[u8],
        source: RevisionSource,
    ) -> Result<bool> {
        let new = self.tx.put_revision(rid, &revision, canonical, source)?;
        if source == RevisionSource::Here || !crate::planted("views-left-old") {
            self.touch(revision.record);
        }
        if self.fresh.bytes + canonical.len() <= FRESH_BYTES {
            self.fresh.bytes += canonical.len();
            self.fresh.revisions.insert(rid, revision);
        }
        Ok(new)
    }

    /// A revision that was stored in this transaction, once.
    pub fn take_fresh(&mut self, rid: RevisionId) -> Option<Revision> {
        self.fresh.revisions.remove(&rid)
    }

    /// The record's view will be made anew before the transaction ends.
    pub fn touch(&mut self, id: RecordId) {
        self.touched.insert(id);
    }

    /// A version came from the log: as [`Self::touch`], once the tripwire has looked at it.
    pub fn arrived(&mut self, id: RecordId, rid: RevisionId) {
        self.arrived.push((id, rid));
        if !crate::planted("views-left-old") {
            self.touch(id);
        }
    }

    /// The pull that this transaction belongs to ends with it.
    pub fn ends_pull(&mut self) {
        self.caught_up = true;
    }

    /// Makes the views of what was touched so far, for an operation that reads them.
    pub fn flush_views(&mut self) -> Result<()> {
        self.refresh_touched()?;
        if std::mem::take(&mut self.tree_changed) {
            // Whether a question about a notebook is one depends on the tree, and so does whether a note is in a
            // trashed one.
            let rows = self.tx.notebooks()?;
            let strays = NotebookFilter::In(crate::strays::notebooks_of_strays(&rows)?);
            let open = NoteQuery { trash: TrashFilter::Any, ..NoteQuery::to_review() };
            for query in [open, NoteQuery { notebook: strays, ..NoteQuery::default() }] {
                for note in self.tx.list_notes(&query)? {
                    self.touch(note.id.into());
                }
            }
            let joined = self.joined()?.clone();
            self.touched.extend(joined);
            self.refresh_touched()?;
            crate::cycles::record(self, &rows)?;
        }
        Ok(())
    }

    /// Notes that lie in several notebooks which the tree shows as one. Where it does so no more, there is something to ask.
    pub fn note_joined(&mut self, id: RecordId, is_joined: bool) -> Result<()> {
        if self.joined()?.contains(&id) == is_joined {
            return Ok(());
        }
        let joined = self.joined.get_or_insert_default();
        if is_joined {
            joined.insert(id);
        } else {
            joined.remove(&id);
        }
        let bytes: Vec<u8> = joined.iter().flat_map(|id| id.0).collect();
        Ok(self.tx.put_meta(meta::JOINED_NOTES, &bytes)?)
    }

    fn joined(&mut self) -> Result<&BTreeSet<RecordId>> {
        if self.joined.is_none() {
            let bytes = self.tx.get_meta(meta::JOINED_NOTES)?.unwrap_or_default();
            self.joined = Some(bytes.as_chunks().0.iter().copied().map(RecordId).collect());
        }
        Ok(self.joined.get_or_insert_default())
    }

    fn refresh_touched(&mut self) -> Result<()> {
        while let Some(id) = self.touched.pop_first() {
            let kind = crate::view::refresh(self, id)?;
            if matches!(kind, Some(Kind::Note | Kind::Notebook)) {
                crate::sync::tripwire::look_at_shown(self, id)?;
            }
            match kind {
                Some(Kind::Note) => {
                    self.changes.notes.insert(NoteId::from(id));
                }
                Some(Kind::Notebook) => {
                    self.changes.notebooks = true;
                    self.tree_changed = true;
                }
                Some(Kind::Device) => self.changes.settings = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// Brings views, receipts and the clock up to date, and says what changed.
    pub fn finish(mut self) -> Result<OpChanges> {
        let arrived = std::mem::take(&mut self.arrived);
        if !arrived.is_empty() || self.caught_up {
            let caught_up = self.caught_up;
            crate::sync::tripwire::look(&mut self, &arrived, caught_up)?;
        }
        self.flush_views()?;
        if crate::planted("clock-not-kept") {
            return Ok(self.changes);
        }
        let last = self.clock.last();
        self.tx.put_u64(meta::HLC_MS, last.ms)?;
        let counter = if crate::planted("counter-not-kept") { 0 } else { last.counter };
        self.tx.put_u64(meta::HLC_COUNTER, u64::from(counter))?;
        Ok(self.changes)
    }
}
