//! What waits for the decision, and the decision.

use std::path::PathBuf;

use holdfast_domain::{DeviceId, Fields, NoteFields, NoteId, Origin, Trash, TrashState};
use holdfast_store::{LossKind, LossRow};

use super::{end, is_pending, mostly_gone, notes, rows};
use crate::notebooks::notebook_of;
use crate::notes::note_of;
use crate::record::Record;
use crate::sync::activity::{self, Line};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// A sync that would take many notes away: nothing of it is shown yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tripwire {
    /// Names what was looked at: a decision about anything else is refused.
    pub number: u64,
    pub since_ms: u64,
    /// Notes that would go to the trash.
    pub trashed: u32,
    /// Notes that would lose most of their text.
    pub emptied: u32,
    /// Notebooks that would go to the trash.
    pub notebooks: u32,
    /// So many notes there are.
    pub of: u32,
    /// Who wrote it.
    pub devices: Vec<DeviceId>,
    /// The backup that was made first, if it could be made.
    pub snapshot: Option<PathBuf>,
}

/// A note that would go, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldNote {
    pub id: NoteId,
    pub title: String,
    /// True: to the trash. False: most of its text.
    pub trashed: bool,
    pub updated_ms: u64,
}

/// Not where notes are, and not what anybody decided about.
fn nothing() -> NotebookError {
    NotebookError::Invalid("no sync waits for a decision; nothing was changed".into())
}

pub(in crate::sync) fn load(r: &holdfast_store::Reader<'_>) -> Result<Option<Tripwire>> {
    let Some(number) = r.get_u64(rows::PENDING)? else { return Ok(None) };
    let losses = r.losses()?;
    let count = |kind| losses.iter().filter(|l| l.kind == kind || crate::planted("each-loss-counts")).count() as u32;
    Ok(Some(Tripwire {
        number,
        since_ms: r.get_u64(rows::SINCE_MS)?.unwrap_or(0),
        trashed: count(LossKind::Trashed),
        emptied: count(LossKind::Emptied),
        notebooks: count(LossKind::Notebook),
        of: super::live_notes(r, &losses)? as u32,
        devices: r.held_authors()?,
        snapshot: snapshot(r)?,
    }))
}

fn snapshot(r: &holdfast_store::Reader<'_>) -> Result<Option<PathBuf>> {
    Ok(r.get_meta(rows::SNAPSHOT)?.map(|b| PathBuf::from(String::from_utf8_lossy(&b).into_owned())))
}

impl Vault {
    /// What waits for a decision, if anything does.
    pub fn tripwire(&self) -> Result<Option<Tripwire>> {
        self.read(load)
    }

    /// The notes that would go, the newest first.
    pub fn held_notes(&self) -> Result<Vec<HeldNote>> {
        self.read(|r| {
            let mut out = Vec::new();
            for loss in r.losses()?.into_iter().filter(|l| l.kind != LossKind::Notebook) {
                if !r.is_held(loss.record)? {
                    continue;
                }
                if let Some(note) = r.note(loss.record.into())? {
                    let trashed = loss.kind == LossKind::Trashed;
                    out.push(HeldNote { id: note.id, title: note.title, trashed, updated_ms: note.updated_ms });
                }
            }
            out.sort_by_key(|n| (std::cmp::Reverse(n.updated_ms), n.id));
            Ok(out)
        })
    }

    /// Makes the backup that comes before the decision, if it is not there yet.
    pub fn tripwire_snapshot(&self) -> Result<()> {
        let (pending, made) = self.read(|r| Ok((is_pending(r)?, snapshot(r)?)))?;
        if !pending || crate::planted("no-backup-before") {
            return Ok(());
        }
        // It may have been removed, and where a vault was copied the copy may have none of its own.
        if let Some(made) = made
            && self.backups()?.iter().any(|backup| backup.dir.file_name() == made.file_name())
        {
            return Ok(());
        }
        let backup = self.backup(crate::BackupReason::BeforeTripwire)?;
        self.transact(|t| {
            // Decided meanwhile: the backup is kept as one of the others.
            if is_pending(t.reader())? {
                t.tx.put_meta(rows::SNAPSHOT, backup.dir.display().to_string().as_bytes())?;
                t.changes.settings = true;
            }
            Ok(())
        })
    }

    /// Keeps what is shown: what would go is brought back by a change that every computer gets. Nothing else of what
    /// arrived is undone. Answers with the number of notes.
    ///
    /// `seen` is the number of what the person looked at; `None` for whatever waits now.
    pub fn tripwire_keep(&self, seen: Option<u64>) -> Result<u32> {
        self.transact(|t| {
            check(t, seen)?;
            let losses = t.tx.losses()?;
            for loss in &losses {
                if crate::planted("kept-is-gone") {
                    t.tx.release(loss.record)?;
                    t.touch(loss.record);
                    continue;
                }
                keep(t, loss)?;
            }
            end(t)?;
            let kept = notes(&losses);
            activity::write(t, &Line::kept(kept))?;
            Ok(kept as u32)
        })
    }

    /// Shows what arrived. Answers with the number of notes. Fails, and changes nothing, where the backup that comes
    /// first cannot be made.
    pub fn tripwire_accept(&self, seen: Option<u64>) -> Result<u32> {
        self.tripwire_snapshot()?;
        self.transact(|t| {
            check(t, seen)?;
            let losses = t.tx.losses()?;
            for loss in &losses {
                t.tx.release(loss.record)?;
                t.touch(loss.record);
            }
            end(t)?;
            t.changes.from_sync = true;
            let accepted = notes(&losses);
            activity::write(t, &Line::accepted(accepted))?;
            Ok(accepted as u32)
        })
    }
}

fn check(t: &Txn<'_>, seen: Option<u64>) -> Result<()> {
    match (t.tx.get_u64(rows::PENDING)?, seen) {
        (None, _) => Err(nothing()),
        (Some(now), Some(seen)) if now != seen => Err(NotebookError::Stale),
        _ => Ok(()),
    }
}

/// Brings back what a record would lose, on all its versions.
fn keep(t: &mut Txn<'_>, loss: &LossRow) -> Result<()> {
    let id = loss.record;
    let Some(shown) = t.record(id)? else { return Ok(()) };
    let mine = shown.shown()?.fields;
    let working = shown.working.is_some();
    t.tx.release(id)?;
    t.touch(id);
    if working {
        t.commit_working(id)?;
    }
    let Some(all) = Record::load(t.vault, t.reader(), id)? else { return Ok(()) };
    let all = all.shown()?.fields;
    match (mine, all) {
        // It can be read, not changed: it stays as it came, to review.
        (_, Fields::Note(all)) if all.needs_newer_version() => Ok(()),
        (Fields::Note(mine), Fields::Note(all)) => keep_note(t, loss, mine, &all),
        (Fields::Notebook(_), Fields::Notebook(all)) if all.trash.is_trashed() => {
            t.change_now(id, "notebook", Origin::Restore, |fields, stamp, _| {
                notebook_of(fields)?.trash = Trash { state: TrashState::Live, stamp };
                Ok(())
            })
        }
        _ => Ok(()),
    }
}

fn keep_note(t: &mut Txn<'_>, loss: &LossRow, mine: NoteFields, all: &NoteFields) -> Result<()> {
    let id = loss.record;
    let trashed = all.trash.state != TrashState::Live;
    // Of one that was told to be emptied less may be gone by now: all of it is kept.
    let (before, now) = (mine.body.shown(), all.body.shown());
    let emptied = !crate::planted("emptied-not-kept");
    let emptied = emptied && (loss.kind == LossKind::Emptied && before != now || mostly_gone(&before, &now));
    if !trashed && !emptied {
        return Ok(());
    }
    t.change_now(id, "note", Origin::Restore, |fields, stamp, _| {
        let note = note_of(fields)?;
        if trashed {
            note.trash = Trash { state: TrashState::Live, stamp };
        }
        if emptied {
            // With its open places: only a decision about them closes them.
            note.body = mine.body;
            note.body.stamp = stamp;
        }
        Ok(())
    })
}
