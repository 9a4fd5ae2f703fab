//! How things stand, in a closed list. Never "up to date" while anything waits.

use crate::{Engine, Facts, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncState {
    LocalOnly,
    UpToDate,
    Waiting,
    Syncing,
    Offline,
    Unreachable,
    Paused,
    NeedsSignIn,
    Locked,
}

/// The state to show. `Locked` is the caller's: a locked vault has no engine.
pub fn state(engine: &Engine, facts: &Facts) -> SyncState {
    if !facts.has_server {
        return SyncState::LocalOnly;
    }
    if !facts.signed_in {
        return SyncState::NeedsSignIn;
    }
    if engine.is_paused() {
        return SyncState::Paused;
    }
    match engine.failure() {
        Some(Failure::Offline) => return SyncState::Offline,
        Some(Failure::SignIn) => return SyncState::NeedsSignIn,
        Some(Failure::Unreachable | Failure::Busy { .. } | Failure::Stop) => return SyncState::Unreachable,
        None => {}
    }
    let nothing_waits = facts.waiting() == 0 && facts.blobs_up == 0 && !facts.batch_pending;
    match (engine.is_running(), nothing_waits, engine.was_confirmed()) {
        (_, true, true) => SyncState::UpToDate,
        (false, true, false) if crate::planted("up-to-date-unasked") => SyncState::UpToDate,
        (true, ..) | (false, true, false) => SyncState::Syncing,
        (false, false, _) => SyncState::Waiting,
    }
}
