//! How sync stands, and what a person can do about it.

use std::path::Path;

use holdfast_notebook::SyncState as State;
use holdfast_notebook::sync::Syncer;

use crate::convert::{Names, answer, invalid, ms};
use crate::dto::{
    ActivityItem, ActivityQuery, AsideItem, AsideTaken, AsideText, CatchUp, DeviceItem, FileCount, FileProgress,
    Health, HeldNote, RemoveDeviceRequest, SyncState, SyncStatus, Tripwire,
};
use crate::{Answer, App, command_error};

pub fn status(app: &App) -> Answer<SyncStatus> {
    status_of(&*app.syncer()?)
}

pub(crate) fn status_of(syncer: &Syncer) -> Answer<SyncStatus> {
    let s = answer(syncer.status())?;
    Ok(SyncStatus {
        state: state(s.state),
        paused: s.paused,
        waiting: s.waiting,
        waiting_attachments: s.waiting_attachments,
        waiting_attachment_bytes: ms(s.waiting_attachment_bytes),
        sending: progress(s.sending),
        receiving: progress(s.receiving),
        not_here: file_count(s.not_here),
        to_review: s.to_review,
        notebooks_to_review: s.notebooks_to_review,
        last_confirmed_ms: s.last_confirmed_ms.map(ms),
        last_changes: s.last_changes,
        last_duration_ms: s.last_duration_ms,
        next_try_ms: s.next_try_ms.map(ms),
        server: s.server,
        user: s.user,
        problem: syncer.problem().map(|e| command_error(&e)),
        passphrase: answer(syncer.vault().passphrase_problem())?.map(|e| command_error(&e)),
        devices: s
            .devices
            .into_iter()
            .map(|d| DeviceItem {
                id: d.id.to_string(),
                name: d.name,
                platform: d.platform,
                this_device: d.this_device,
                last_seen_ms: ms(d.last_seen_ms),
                added_ms: ms(d.added_ms),
                clock_ahead: d.clock_ahead,
            })
            .collect(),
        catch_up: syncer.catch_up().map(|c| CatchUp {
            first: c.first,
            done: c.done as u32,
            total: c.total as u32,
            left: c.left_ms.map(crate::time_left),
        }),
        quarantined: s.quarantined,
        set_aside: crate::set_aside(&answer(syncer.vault().set_aside())?),
        tripwire: s.tripwire.map(|t| tripwire(syncer, t)).transpose()?,
    })
}

fn progress(p: holdfast_notebook::sync::FileProgress) -> FileProgress {
    FileProgress { files: p.files, done_bytes: ms(p.done_bytes), total_bytes: ms(p.total_bytes) }
}

pub(super) fn file_count(count: holdfast_notebook::FileCount) -> FileCount {
    FileCount { files: count.files as u32, bytes: ms(count.bytes) }
}

fn tripwire(syncer: &Syncer, t: holdfast_notebook::sync::Tripwire) -> Answer<Tripwire> {
    let names = Names::load(syncer.vault())?;
    Ok(Tripwire {
        number: t.number as u32,
        since_ms: ms(t.since_ms),
        trashed: t.trashed,
        emptied: t.emptied,
        notebooks: t.notebooks,
        of: t.of,
        devices: t.devices.iter().map(|d| names.name(*d)).collect(),
        backup: t.snapshot.map(|dir| dir.display().to_string()),
    })
}

/// The state as the DTO has it.
pub fn state(state: State) -> SyncState {
    match state {
        State::LocalOnly => SyncState::LocalOnly,
        State::UpToDate => SyncState::UpToDate,
        State::Waiting => SyncState::Waiting,
        State::Syncing => SyncState::Syncing,
        State::Offline => SyncState::Offline,
        State::Unreachable => SyncState::Unreachable,
        State::Paused => SyncState::Paused,
        State::NeedsSignIn => SyncState::NeedsSignIn,
        State::Locked => SyncState::Locked,
    }
}

pub fn now(app: &App) -> Answer<()> {
    answer(app.syncer()?.sync_now())
}

/// The window came to the front.
pub fn wake(app: &App) {
    if let Ok(syncer) = app.syncer() {
        syncer.wake();
    }
}

pub fn pause(app: &App, paused: bool) -> Answer<()> {
    answer(app.syncer()?.pause(paused))
}

/// The log, the newest first.
pub fn activity(app: &App, query: &ActivityQuery) -> Answer<Vec<ActivityItem>> {
    crate::activity_items(&*app.vault()?, query)
}

/// Writes the log and figures to a new file, without anything that is written in notes or names anybody.
pub fn activity_export(app: &App, path: &Path) -> Answer<u32> {
    let syncer = app.syncer()?;
    crate::export_activity(syncer.vault(), path, Some(&syncer.metrics()))
}

/// The notes that the sync that waits would take away.
pub fn tripwire_notes(app: &App) -> Answer<Vec<HeldNote>> {
    let notes = answer(app.vault()?.held_notes())?.into_iter().map(|n| HeldNote {
        id: n.id.to_string(),
        title: n.title,
        trashed: n.trashed,
        updated_ms: ms(n.updated_ms),
    });
    Ok(notes.collect())
}

/// Decides about what the person looked at; answers with the number of notes.
pub fn tripwire_decide(app: &App, number: u32, keep: bool) -> Answer<u32> {
    let syncer = app.syncer()?;
    let seen = Some(u64::from(number));
    let vault = syncer.vault();
    let notes = answer(if keep { vault.tripwire_keep(seen) } else { vault.tripwire_accept(seen) })?;
    // What was brought back goes out at once, and the state is told anew.
    syncer.wake();
    Ok(notes)
}

/// Removes another computer from the account, with a new passphrase where somebody else may know the one that there is.
pub fn device_remove(app: &App, request: &RemoveDeviceRequest) -> Answer<()> {
    let device = request.id.parse().map_err(|_| invalid("That is not the id of a computer."))?;
    let new = match &request.passphrase {
        Some(change) => {
            answer(app.vault()?.check_passphrase(&change.present))?;
            Some(change.new.as_str())
        }
        None => None,
    };
    answer(app.with_syncer(async |syncer| syncer.remove_device(device, new).await)?)
}

/// What is set aside, the newest arrival first.
pub fn aside_list(app: &App) -> Answer<Vec<AsideItem>> {
    crate::aside_items(&*app.vault()?)
}

/// What one of them says.
pub fn aside_text(app: &App, id: &str) -> Answer<AsideText> {
    crate::aside_text(&*app.vault()?, id)
}

/// Takes over what a removed computer sent late, as a change of this one.
pub fn aside_take(app: &App, id: &str) -> Answer<AsideTaken> {
    let syncer = app.syncer()?;
    let taken = crate::aside_take(syncer.vault(), id)?;
    // It goes out at once, and the count is told anew.
    syncer.wake();
    Ok(taken)
}

/// Discards it: nobody is asked about it again.
pub fn aside_discard(app: &App, id: &str) -> Answer<()> {
    let syncer = app.syncer()?;
    crate::aside_discard(syncer.vault(), id)?;
    syncer.wake();
    Ok(())
}

/// Looks at everything; what cannot be looked at is itself a finding.
pub fn check_health(app: &App) -> Answer<Health> {
    let found = app.with_syncer(async |syncer| {
        let metrics = Some(syncer.metrics());
        holdfast_notebook::health::check(syncer.vault(), syncer.connect(), &*app.keychain, metrics).await
    })?;
    let lines: Vec<_> = answer(found)?.iter().map(crate::health_line).collect();
    Ok(Health { at_ms: ms(app.env.now_ms()), ok: lines.iter().all(|l| l.ok), lines })
}
