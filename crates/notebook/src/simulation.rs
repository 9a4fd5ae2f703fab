//! What the simulator sees of a vault beside what its use cases tell: the facts that its invariants are about.
//! Reading changes nothing here; `Vault::review`, for one, commits what is being typed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdfast_crypto::DeviceKeys;
use holdfast_domain::{
    AttachmentId, DeviceId, Fields, NoteFields, NoteId, Opaque, Origin, RecordId, Revision, RevisionId, Stamp,
};
use holdfast_merge::{Graph, fold, left_by_undecided, left_by_undo, receipt_id};
use holdfast_protocol::{Hash, Token};
pub use holdfast_store::HistoryRow;
use holdfast_store::{Reader, Waiting};

use crate::record::Record;
use crate::strays;
use crate::sync::AsideId;
use crate::{NotePatch, Result, Vault};

/// A record as shown.
#[derive(Clone, Debug)]
pub struct Shown {
    pub fields: Fields,
    /// The working revision among them.
    pub heads: Vec<RevisionId>,
    pub typing: bool,
    /// The working revision, where it is an edit and no decision.
    pub typed: Option<RevisionId>,
}

/// Where sync stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncPosition {
    /// Log epoch and position.
    pub cursor: Option<(u64, u64)>,
    pub outbox: Vec<RevisionId>,
    pub quarantine: Vec<RevisionId>,
    /// Of what is set aside, so many a person has decided about.
    pub decided: usize,
    pub typing: Vec<RecordId>,
}

/// All revisions of a record.
#[derive(Default)]
pub struct History {
    pub rows: Vec<HistoryRow>,
    pub revisions: Vec<Revision>,
    graph: Graph,
}

// What was thinned somewhere in a world, which runs in one thread: its judges look at it still.
thread_local! {
    static THINNED: RefCell<BTreeMap<RevisionId, Revision>> = const { RefCell::new(BTreeMap::new()) };
    // By whom, since it was last asked.
    static JUST_THINNED: RefCell<Vec<(DeviceId, RevisionId)>> = const { RefCell::new(Vec::new()) };
}

/// Another world begins in this thread.
pub fn forget_thinned() {
    THINNED.with_borrow_mut(BTreeMap::clear);
    JUST_THINNED.with_borrow_mut(Vec::clear);
}

/// What devices have thinned since this was last asked.
pub fn just_thinned() -> Vec<(DeviceId, RevisionId)> {
    JUST_THINNED.take()
}

/// These are about to be thinned.
pub(crate) fn remember(by: DeviceId, reader: &Reader<'_>, rids: &BTreeSet<RevisionId>) -> Result<()> {
    JUST_THINNED.with_borrow_mut(|just| just.extend(rids.iter().map(|rid| (by, *rid))));
    for rid in rids {
        if let Some(revision) = reader.revision(*rid)? {
            THINNED.with_borrow_mut(|thinned| thinned.insert(*rid, revision));
        }
    }
    Ok(())
}

impl History {
    /// One revision more, after its parents.
    pub fn push(&mut self, rid: RevisionId, revision: Revision) {
        self.rows.push(HistoryRow {
            rid,
            parents: revision.parents().to_vec(),
            author: revision.author,
            hlc: revision.hlc,
            origin: revision.origin,
            merge_algo: revision.merge_algo,
            created_here: true,
            stub: false,
            in_log: false,
        });
        self.graph.insert(rid, revision.parents().to_vec(), Some(Arc::new(revision.clone())));
        self.revisions.push(revision);
    }

    /// Those that no other of these builds on.
    pub fn heads(&self, of: impl IntoIterator<Item = RevisionId>) -> Vec<RevisionId> {
        self.graph.maximal(of).into_iter().collect()
    }

    /// The state that these versions make together.
    pub fn fold(&self, of: &[RevisionId]) -> Option<Fields> {
        fold(&self.graph, of).ok().map(|folded| folded.fields)
    }

    pub fn is_ancestor(&self, a: RevisionId, b: RevisionId) -> bool {
        self.graph.is_ancestor(a, b)
    }

    /// The versions of which what goes back from the merge of `heads` to `side` leaves nothing but what they make together.
    pub fn left_by_undo(&self, on: &[RevisionId], heads: &[RevisionId], side: RevisionId) -> Option<Vec<RevisionId>> {
        left_by_undo(&self.graph, on, heads, side)
    }

    /// The same for a decision.
    pub fn left_by_undecided(&self, on: &[RevisionId], decision: &HistoryRow) -> Option<Vec<RevisionId>> {
        left_by_undecided(&self.graph, on, decision.rid, &decision.parents)
    }
}

/// What a save makes of a note.
pub fn patched(note: &mut NoteFields, patch: &NotePatch, stamp: Stamp, now_ms: u64) -> Result<()> {
    patch.apply(note, stamp, now_ms)
}

/// True where two states differ in anything that a person wrote: what does not is no revision.
pub fn differs(a: &Fields, b: &Fields) -> bool {
    crate::record::differs(a, b)
}

/// The canonical CBOR of a short text, as a version that is not written yet might put it into a field.
fn of_newer(text: &str) -> Opaque {
    // Text of up to 255 bytes, in its shortest form.
    let length = text.len() as u8;
    let head = if length < 24 { vec![0x60 | length] } else { vec![0x78, length] };
    Opaque::One([&head[..], text.as_bytes()].concat())
}

/// As a newer version writes a field of a note that this one does not know.
pub fn write_newer_field(vault: &Vault, note: NoteId, number: u64, text: &str) -> Result<()> {
    vault.transact(|t| {
        t.change_now(note.into(), "note", Origin::Edit, |fields, _, _| {
            if let Fields::Note(note) = fields {
                note.unknown.insert(number, of_newer(text));
            }
            Ok(())
        })
    })
}

/// As a newer version makes a record of a kind that this one does not know.
pub fn add_of_newer_kind(vault: &Vault, kind: u64, text: &str) -> Result<RecordId> {
    vault.transact(|t| {
        let id = RecordId(t.vault.env().random()?);
        let stamp = t.stamp();
        let fields = Fields::Unknown(kind, [(1, of_newer(text))].into());
        t.create(id, fields, stamp, Origin::Edit)?;
        Ok(id)
    })
}

/// Who is in the account, as a vault knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    pub members: Vec<DeviceId>,
    pub removed: Vec<DeviceId>,
    pub key_epoch: u32,
}

/// What a member's computer signs in and signs with, for one whose program is broken.
#[derive(Clone)]
pub struct Member {
    pub token: Token,
    /// The last batch that the server took.
    pub last: (u64, Hash),
    keys: DeviceKeys,
}

impl Member {
    /// `None` before it is one, or where its session is over.
    pub fn of(vault: &Vault) -> Result<Option<Self>> {
        let keys = vault.keys().open.device.clone();
        let (token, last) = vault.read(|r| Ok((crate::sync::session(r)?, r.batch_accepted()?)))?;
        let last = last.map_or((0, Hash::ZERO), |last| (last.ctr, Hash(last.hash)));
        Ok(token.map(|token| Self { token, last, keys }))
    }

    pub fn device(&self) -> holdfast_protocol::DeviceId {
        holdfast_protocol::DeviceId(self.keys.device_id)
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.keys.sign(message)
    }
}

/// An open vault, looked at.
pub struct Look<'v>(pub &'v Vault);

impl Look<'_> {
    pub fn records(&self) -> Result<Vec<RecordId>> {
        self.0.read(|r| {
            let mut all = r.records()?;
            all.extend(r.list_working()?.into_iter().map(|w| w.record));
            all.sort_unstable();
            all.dedup();
            Ok(all)
        })
    }

    pub fn shown(&self, id: RecordId) -> Result<Option<Shown>> {
        self.0.read(|r| {
            let Some(record) = Record::load(self.0, r, id)? else { return Ok(None) };
            let (heads, typing) = (record.shown_heads(), record.working.is_some());
            let typed = record.working.as_ref().filter(|w| w.revision.origin == Origin::Edit).map(|w| w.id);
            Ok(Some(Shown { fields: record.shown()?.fields, heads, typing, typed }))
        })
    }

    /// The row of a note that shows this.
    pub fn row_of(&self, id: NoteId, fields: &Fields) -> Result<Option<holdfast_store::NoteRow>> {
        let Some(note) = fields.as_note() else { return Ok(None) };
        self.0.read(|r| {
            let mut row = crate::view::note_row(id, note, strays::is_stray(r, note)?);
            // As the lists of a note are kept.
            row.attachments.sort();
            row.attachments.dedup();
            Ok(Some(row))
        })
    }

    /// True where the note is asked about for the notebook that it is in.
    pub fn is_stray(&self, fields: &Fields) -> Result<bool> {
        self.0.read(|r| fields.as_note().map_or(Ok(false), |note| strays::is_stray(r, note)))
    }

    pub fn position(&self) -> Result<SyncPosition> {
        self.0.read(|r| {
            Ok(SyncPosition {
                cursor: r.cursor()?.map(|c| (c.log_epoch, c.seq)),
                outbox: r.outbox_rids()?,
                decided: r.list_quarantine()?.iter().filter(|q| q.waiting == Waiting::Decided).count(),
                quarantine: r.list_quarantine()?.into_iter().map(|q| q.rid).collect(),
                typing: r.list_working()?.into_iter().map(|w| w.record).collect(),
            })
        })
    }

    /// Whether it knows that the server may have lost something, and looks for that.
    pub fn is_healing(&self) -> Result<bool> {
        self.0.read(crate::sync::is_healing)
    }

    pub fn membership(&self) -> Result<Membership> {
        let key_epoch = self.0.with_space_keys(|keys| Ok(keys.current_epoch().0))?;
        let keys = self.0.keys();
        let known = &keys.open.account.members;
        let mut members: Vec<DeviceId> = known.devices.iter().map(|d| DeviceId(d.device_id)).collect();
        let mut removed: Vec<DeviceId> = known.removed.iter().map(|d| DeviceId(d.device.device_id)).collect();
        members.sort_unstable();
        removed.sort_unstable();
        Ok(Membership { members, removed, key_epoch })
    }

    /// What is set aside because its device had no part in the account any more, decided about or not.
    pub fn set_aside_as_late(&self) -> Result<Vec<RevisionId>> {
        self.0.read(|r| {
            let rows = r.list_quarantine()?.into_iter();
            Ok(rows.filter(|q| matches!(q.waiting, Waiting::Removed | Waiting::Decided)).map(|q| q.rid).collect())
        })
    }

    /// What of what is here a change that is set aside builds on.
    pub fn aside_builds_on(&self, id: AsideId) -> Result<Vec<RevisionId>> {
        self.0.read(|r| crate::sync::builds_on(self.0, r, id))
    }

    /// What was sent late and decided about, and is asked about again.
    pub fn asked_again(&self) -> Result<Vec<RevisionId>> {
        self.0.read(|r| {
            let rows = r.list_quarantine()?;
            let of = |waiting| rows.iter().filter(move |row| row.waiting == waiting).map(|row| row.rid);
            let decided: BTreeSet<RevisionId> = of(Waiting::Decided).collect();
            Ok(of(Waiting::Removed).filter(|rid| decided.contains(rid)).collect())
        })
    }

    /// What is missing of what the versions that are set aside build on.
    pub fn awaited(&self) -> Result<Vec<RevisionId>> {
        self.0.read(|r| crate::sync::awaited(self.0, r))
    }

    /// What is known of a version here.
    pub fn whereabouts(&self, rid: RevisionId) -> Result<String> {
        self.0.read(|r| {
            let (here, seq, waits) = (r.has_revision(rid)?, r.is_in_log(rid)?, r.in_outbox(rid)?);
            let aside: Vec<_> = r.quarantined(rid)?.into_iter().map(|row| (row.waiting, row.seq)).collect();
            Ok(format!(
                "here {here} author {:?} in the log {seq} to be sent {waits} aside {aside:?}",
                r.author_of(rid)?
            ))
        })
    }

    /// What is set aside with its body, as it came: a server that lost it can have it back.
    pub fn kept_aside(&self) -> Result<Vec<RevisionId>> {
        self.0.read(|r| {
            let has_body = |row: &holdfast_store::QuarantineRow| {
                holdfast_protocol::decode::<holdfast_protocol::LogEntry>(&row.bytes)
                    .is_ok_and(|logged| !logged.entry.body.is_empty())
            };
            Ok(r.list_quarantine()?.into_iter().filter(has_body).map(|row| row.rid).collect())
        })
    }

    /// The sealed chunks that a revision names, where it is of a file.
    pub fn chunks_of(&self, rid: RevisionId) -> Result<Vec<[u8; 32]>> {
        let revision = self.0.read(|r| Ok(r.revision(rid)?))?;
        Ok(match revision.map(|revision| revision.fields) {
            Some(Fields::Attachment(file)) => file.chunks,
            _ => Vec::new(),
        })
    }

    /// Whether releases let go of all of a file, as far as this device has read, and whether its bytes went from here so.
    pub fn is_released(&self, id: AttachmentId) -> Result<(bool, bool)> {
        self.0.read(|r| {
            let row = match r.attachment(id)? {
                Some(file) => r.unnamed_file(&file.content)?,
                None => None,
            };
            Ok(row.map_or((false, false), |row| (row.released || row.gone_ms > 0, row.gone_ms > 0)))
        })
    }

    /// The files that it asks the server for.
    pub fn wanted_files(&self) -> Result<Vec<AttachmentId>> {
        self.0.read(|r| {
            let files = r.files_to_fetch(holdfast_store::Fetch::All)?;
            Ok(files.into_iter().map(|file| file.attachment).collect())
        })
    }

    /// The chunks of a file, in each way in which it was sealed.
    pub fn sealings_of(&self, id: AttachmentId) -> Result<Vec<Vec<[u8; 32]>>> {
        self.0.read(|r| {
            let Some(file) = r.attachment(id)? else { return Ok(Vec::new()) };
            Ok(r.sealings(&file.content)?.into_iter().map(|(chunks, _)| chunks).collect())
        })
    }

    pub fn record_of(&self, rid: RevisionId) -> Result<Option<RecordId>> {
        self.0.read(|r| Ok(r.record_of(rid)?))
    }

    /// How many versions are here of which only the place is.
    pub fn stubs(&self) -> Result<u64> {
        self.0.read(|r| Ok(r.count_stubs()?.0))
    }

    /// A revision, or a pack of the log.
    pub fn has(&self, rid: RevisionId) -> Result<bool> {
        self.0.read(|r| Ok(r.has_revision(rid)? || r.pack(&rid.0)?.is_some()))
    }

    /// The revisions that this device made.
    pub fn made_here(&self) -> Result<Vec<RevisionId>> {
        self.0.read(|r| Ok(r.made_here()?))
    }

    /// The first revision of the record of this device itself.
    pub fn own_first(&self) -> Result<Option<RevisionId>> {
        let me = RecordId(self.0.device().0);
        self.0.read(|r| Ok(r.history(me)?.into_iter().find(|row| row.parents.is_empty()).map(|row| row.rid)))
    }

    pub fn all_heads(&self) -> Result<Vec<RevisionId>> {
        self.0.read(|r| Ok(r.all_heads()?))
    }

    pub fn revision_count(&self) -> Result<u64> {
        self.0.read(|r| Ok(r.revision_count()?))
    }

    pub fn history(&self, id: RecordId) -> Result<History> {
        self.0.read(|r| {
            let (rows, mut graph, mut revisions) = (r.history(id)?, Graph::new(), Vec::new());
            for row in &rows {
                let revision =
                    r.revision(row.rid)?.or_else(|| THINNED.with_borrow(|thinned| thinned.get(&row.rid).cloned()));
                let revision = revision.ok_or_else(|| crate::NotebookError::missing(&row.rid))?;
                graph.insert(row.rid, row.parents.clone(), Some(Arc::new(revision.clone())));
                revisions.push(revision);
            }
            Ok(History { rows, revisions, graph })
        })
    }

    /// True where there is a receipt for the merge of these heads.
    pub fn has_receipt(&self, heads: &[RevisionId]) -> Result<bool> {
        self.0.read(|r| Ok(r.receipt(&receipt_id(heads, holdfast_merge::ALGO))?.is_some()))
    }
}
