//! What a removed computer sent late, decided about by a person: taken over as a change of this computer, or discarded.
//!
//! What is taken over is a new revision of this device with the same content, on what the late one builds on: it merges
//! with what was written since, like any other. The late revision itself is in nobody's history. The entry stays in
//! quarantine either way, decided: a server that is restored may show it again, and nobody is asked twice.

use std::collections::BTreeSet;

use holdfast_domain::{AttachmentId, Fields, NoteId, Origin, RecordId, Revision, RevisionId};

use super::activity::{self, Happened, Line};
use super::set_aside::{Aside, AsideId, Way, WhySetAside, find, is_late};
use super::thinning;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// What came of taking an entry over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenOver {
    pub record: RecordId,
    /// It could not merge and is a note of its own.
    pub new_note: bool,
}

impl Vault {
    /// Takes over what a removed computer sent late. Files that a note of it names, and that came late too, come with
    /// it; versions that it builds on are decided about with it.
    ///
    /// # Errors
    /// `NotFound` where it is not set aside (any more); `Invalid` where there is nothing to take over.
    pub fn take_over(&self, id: AsideId) -> Result<TakenOver> {
        self.transact(|t| {
            let aside = late(t, id)?;
            let way = aside.way(t.vault, t.reader())?;
            let taken = take(t, &aside, way)?;
            // An editor that shows the note has not seen these words.
            t.changes.from_sync = true;
            if let Some(Fields::Note(note)) = aside.revision.as_ref().map(|revision| &revision.fields) {
                let files = note.attachments.iter().map(|entry| entry.value.1).collect();
                if !crate::planted("taken-without-files") {
                    take_files(t, files)?;
                }
            }
            tell(t, &aside, Happened::TakenOver, "taken over")?;
            Ok(taken)
        })
    }

    /// Discards what a removed computer sent late: it is asked about no more. Its sealed bytes stay in the vault's
    /// database, since what the server holds is compared with them.
    ///
    /// # Errors
    /// `NotFound` where it is not set aside (any more); `Invalid` for what comes in by itself when it can.
    pub fn discard_set_aside(&self, id: AsideId) -> Result<()> {
        self.transact(|t| {
            let aside = late(t, id)?;
            t.tx.decide_quarantine(aside.row.rid, &aside.row.body_hash, None)?;
            t.changes.settings = true;
            tell(t, &aside, Happened::Discarded, "discarded")
        })
    }
}

/// An entry of a removed computer that nobody has decided about.
fn late(t: &Txn<'_>, id: AsideId) -> Result<Aside> {
    let (aside, why) = find(t.vault, t.reader(), id)?;
    if why != WhySetAside::Removed {
        return Err(NotebookError::Invalid(
            "This change comes in by itself when what it waits for is here. There is nothing to decide.".into(),
        ));
    }
    Ok(aside)
}

fn take(t: &mut Txn<'_>, aside: &Aside, way: Way) -> Result<TakenOver> {
    let gone = || NotebookError::Internal("an entry that opened does not".into());
    let revision = aside.revision.as_ref().ok_or_else(gone)?;
    let (new_note, record, parents) = match way {
        Way::Version { record, parents } => (false, record, parents),
        Way::NewNote => (true, NoteId(t.vault.env().random()?).into(), Vec::new()),
        Way::Nowhere | Way::Gone => {
            let what = "Nothing of this change can be taken over. It can be discarded.";
            return Err(NotebookError::Invalid(what.into()));
        }
    };
    t.observe(revision);
    // What is being typed was typed without it.
    t.commit_working(record)?;
    let parents = match t.record(record)? {
        Some(there) if crate::planted("taken-over-overrules") => there.heads.clone(),
        Some(there) => there.graph()?.maximal(parents).into_iter().collect(),
        None => parents,
    };
    let stamp = t.stamp();
    let fields = revision.fields.clone();
    let like = Revision::new(record, parents.clone(), stamp, Origin::Restore, holdfast_merge::ALGO, fields.clone());
    if !thinning::lacking(t.vault, t.reader(), Some((aside.row.rid, &like)), record)?.is_empty() {
        // It is fetched with the next sync.
        return Err(NotebookError::Thinned { why: None });
    }
    let made = Revision::new(record, parents, stamp, Origin::Restore, holdfast_merge::ALGO, fields);
    let taken_as = t.commit_revision(made)?;
    if !crate::planted("taken-over-and-asked") {
        t.tx.decide_quarantine(aside.row.rid, &aside.row.body_hash, Some(taken_as))?;
    }
    decide_behind(t, revision, taken_as)?;
    t.changes.settings = true;
    Ok(TakenOver { record, new_note })
}

/// The versions that it builds on and that came late too: it holds what they said.
fn decide_behind(t: &Txn<'_>, revision: &Revision, taken_as: RevisionId) -> Result<()> {
    let (mut todo, mut seen) = (revision.parents().to_vec(), BTreeSet::new());
    while let Some(parent) = todo.pop() {
        if !seen.insert(parent) {
            continue;
        }
        for row in t.tx.quarantined(parent)?.into_iter().filter(|row| is_late(row) && row.taken_as.is_none()) {
            let (rid, body_hash) = (row.rid, row.body_hash);
            if let Some(behind) = Aside::load(t.vault, t.reader(), row)?.revision {
                todo.extend(behind.parents());
                t.tx.decide_quarantine(rid, &body_hash, Some(taken_as))?;
            }
        }
    }
    Ok(())
}

/// The records of files that a note names and that came late too.
fn take_files(t: &mut Txn<'_>, files: BTreeSet<AttachmentId>) -> Result<()> {
    for row in t.tx.list_quarantine()?.into_iter().filter(is_late) {
        let aside = Aside::load(t.vault, t.reader(), row)?;
        let wanted = aside.revision.as_ref().is_some_and(|revision| {
            matches!(revision.fields, Fields::Attachment(_)) && files.contains(&revision.record.into())
        });
        if !wanted || aside.row.taken_as.is_some() {
            continue;
        }
        let way = aside.way(t.vault, t.reader())?;
        if matches!(way, Way::Version { .. }) {
            take(t, &aside, way)?;
        }
    }
    Ok(())
}

fn tell(t: &mut Txn<'_>, aside: &Aside, what: Happened, word: &str) -> Result<()> {
    let name = match aside.device {
        Some(device) => t.tx.device(device)?.map(|row| format!("“{}”", row.name)),
        None => None,
    };
    let name = name.unwrap_or_else(|| "a computer that is not in the account".into());
    activity::write(t, &Line::new(what, format!("1 change of {name}, sent after its removal, was {word}")))
}
