//! How sync stands, and what a person can do about it.

use holdfast_notebook::SyncState as State;
use holdfast_notebook::sync::Syncer;

use crate::convert::{answer, ms};
use crate::dto::{ActivityItem, DeviceItem, FirstSync, SyncState, SyncStatus};
use crate::{Answer, App, command_error};

pub fn status(app: &App) -> Answer<SyncStatus> {
    status_of(&*app.syncer()?)
}

pub(crate) fn status_of(syncer: &Syncer) -> Answer<SyncStatus> {
    let s = answer(syncer.status())?;
    Ok(SyncStatus {
        state: state(s.state),
        waiting: s.waiting,
        waiting_attachments: s.waiting_attachments,
        waiting_attachment_bytes: ms(s.waiting_attachment_bytes),
        to_review: s.to_review,
        last_confirmed_ms: s.last_confirmed_ms.map(ms),
        last_changes: s.last_changes,
        last_duration_ms: s.last_duration_ms,
        next_try_ms: s.next_try_ms.map(ms),
        server: s.server,
        user: s.user,
        problem: syncer.problem().map(|e| command_error(&e)),
        devices: s
            .devices
            .into_iter()
            .map(|d| DeviceItem {
                name: d.name,
                platform: d.platform,
                this_device: d.this_device,
                last_seen_ms: ms(d.last_seen_ms),
                added_ms: ms(d.added_ms),
            })
            .collect(),
        first_sync: syncer.first_sync().map(|f| FirstSync { done: f.done as u32, total: f.total as u32 }),
        quarantined: s.quarantined,
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

pub fn activity(app: &App, limit: u32) -> Answer<Vec<ActivityItem>> {
    let rows = answer(app.vault()?.activity(limit.min(1_000)))?;
    let items = rows.into_iter().map(|a| ActivityItem {
        at_ms: ms(a.at_ms),
        what: a.what,
        ok: a.ok,
        duration_ms: a.duration_ms as u32,
        bytes: ms(a.bytes),
        message: a.message,
    });
    Ok(items.collect())
}
