//! Every version of a record, and going back to one.

use holdfast_domain::{DeviceId, Fields, NoteId, Origin, RecordId, RevisionId, SetEntry};
use holdfast_merge::{Graph, SideChange, changes_of, changes_since};
use holdfast_store::{HistoryRow, NoteRow, Reader};

use crate::notes::live;
use crate::record::{Record, differs};
use crate::undo::WayBack;
use crate::view::note_row;
use crate::{NotePatch, NotebookError, Result, Vault};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionInfo {
    pub id: RevisionId,
    pub parents: Vec<RevisionId>,
    pub device: DeviceId,
    /// Milliseconds since 1970, by the writing device's clock.
    pub at_ms: u64,
    pub origin: Origin,
    /// Nothing was written on it yet: what is shown is made of it.
    pub is_head: bool,
    pub content: ContentAt,
}

/// What the change of a version is told against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// What it was written on.
    Before,
    /// The last version before it that is here: what it was written on is not.
    Earlier,
    /// Nothing, since nothing before it is here: all of it seems new.
    Nothing,
}

/// Where the content of a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentAt {
    Here,
    /// Not on this computer any more; the server has it ([`crate::sync::Syncer::fetch_version`]).
    Server,
    /// Neither here nor, as far as is known, on the server, which was set back. Another computer may bring it back.
    Elsewhere,
}

/// One version of a note as it was, and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteVersion {
    pub info: RevisionInfo,
    /// As that version alone is shown.
    pub row: NoteRow,
    /// What it changed, against `since`.
    pub change: SideChange,
    pub since: Since,
    /// The note has its title, its text and all its files now: there is nothing to go back to.
    pub is_shown: bool,
}

impl Vault {
    /// The oldest first. What is being typed is no version yet.
    pub fn history(&self, record: RecordId) -> Result<Vec<RevisionInfo>> {
        self.read(|r| {
            let heads = r.heads(record)?;
            Ok(r.history(record)?.into_iter().map(|row| info(row, &heads)).collect())
        })
    }

    /// A version of a note, whichever computer wrote it.
    ///
    /// # Errors
    /// [`NotebookError::NotFound`] where the note has no such version; [`NotebookError::Thinned`] where only its place in
    /// the history is here.
    pub fn note_version(&self, id: NoteId, version: RevisionId) -> Result<NoteVersion> {
        self.read(|r| {
            let missing = || NotebookError::NotFound { what: "version", id: version.to_string() };
            let record = Record::load(self, r, id.into())?.ok_or_else(missing)?;
            let rows = r.history(id.into())?;
            let row = rows.iter().find(|row| row.rid == version).cloned().ok_or_else(missing)?;
            let Fields::Note(fields) = record.alone(record.revision(version)?)?.fields else { return Err(missing()) };
            let mut graph = record.graph()?;
            record.fill(&mut graph, version)?;
            let mut since = Since::Before;
            let change = match record.folding(&mut graph, |graph| changes_of(graph, version)) {
                Err(NotebookError::Thinned { .. }) => {
                    let mut before = rows.iter().rev().filter(|row| !row.stub && row.rid != version);
                    let before = before.find(|row| graph.is_ancestor(row.rid, version)).map(|row| row.rid);
                    since = if before.is_some() { Since::Earlier } else { Since::Nothing };
                    record.folding(&mut graph, |graph| changes_since(graph, before, version))?
                }
                change => change?,
            };
            let Fields::Note(shown) = record.shown()?.fields else { return Err(missing()) };
            let (now, then) = (note_row(id, &shown, false), note_row(id, &fields, false));
            let is_shown = now.title == then.title
                && now.body == then.body
                && then.attachments.iter().all(|file| now.attachments.contains(file));
            Ok(NoteVersion { info: info(row, &r.heads(id.into())?), row: then, change, since, is_shown })
        })
    }

    /// The title and the text of that version become the newest one, and the files that it had are the note's again; all
    /// else of the note stays, and so does what was written since, as a version.
    ///
    /// # Errors
    /// As [`Vault::note_version`] and [`Vault::edit_note`].
    pub fn restore_version(&self, id: NoteId, version: RevisionId) -> Result<()> {
        let row = self.note_version(id, version)?.row;
        let title = Some(row.title).filter(|_| !crate::planted("restored-without-title"));
        let patch = NotePatch { title, body: Some(row.body), ..NotePatch::default() };
        self.transact(|t| {
            t.change_now(id.into(), "note", Origin::Restore, |fields, stamp, now| {
                let note = live(fields)?;
                for file in row.attachments {
                    if !note.attachments.iter().any(|entry| entry.value == file) {
                        note.attachments.0.insert(SetEntry { value: file, stamp });
                    }
                }
                patch.apply(note, stamp, now)
            })
        })
    }

    /// The name of a device, as its own record has it. Of this one, also before it told anybody.
    pub fn device_names(&self) -> Result<std::collections::BTreeMap<DeviceId, String>> {
        self.read(|r| {
            let untold = crate::sync::untold_name(r)?.map(|name| (self.device(), name));
            Ok(untold.into_iter().chain(r.devices()?.into_iter().map(|d| (d.id, d.name))).collect())
        })
    }
}

fn info(row: HistoryRow, heads: &[RevisionId]) -> RevisionInfo {
    RevisionInfo {
        is_head: heads.contains(&row.rid),
        id: row.rid,
        parents: row.parents,
        device: row.author,
        at_ms: row.hlc.ms,
        origin: row.origin,
        content: match (row.stub, row.in_log) {
            (false, _) => ContentAt::Here,
            (true, true) => ContentAt::Server,
            (true, false) => ContentAt::Elsewhere,
        },
    }
}

/// True where a version of the record, of whichever computer, is an undo of the merge of these heads: receipts are
/// each computer's own rows, and history is what all of them have. What an undo writes follows from its parents, so it
/// is made again and compared.
pub(crate) fn merge_was_undone(
    record: &Record<'_, '_>,
    reader: &Reader<'_>,
    graph: &Graph,
    heads: &[RevisionId],
) -> Result<bool> {
    let undos = reader.history(record.id)?.into_iter().filter(|row| row.origin == Origin::Undo);
    for row in undos {
        let builds_on = |head: &RevisionId| row.parents.iter().any(|p| graph.is_ancestor(*head, *p));
        if !heads.iter().all(builds_on) {
            continue;
        }
        let written = record.revision(row.rid)?;
        let current = record.fold(&row.parents)?.fields;
        for head in heads {
            let ways = [
                WayBack::of_merge(record, graph, &row.parents, heads, *head)?,
                WayBack::told_apart(record, heads, *head)?,
            ];
            if ways.iter().any(|way| !differs(&way.from(&current, written.stamp()), &written.fields)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
