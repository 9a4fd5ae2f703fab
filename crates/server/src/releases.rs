//! Releases: when blobs that nothing names any more may go. What names what the server cannot read; it goes by what devices
//! say, and waits for all of them.
//!
//! **Invariant:** a blob goes only by a release that nobody took back, a grace period after the server first counted it, and
//! after every device of the account that was heard of lately has said *since then* that it keeps nothing of it.

use holdfast_protocol::{Entry, LogRequest, ReleaseBody, SpaceId};

use crate::ServerError;
use crate::config::ReleaseTimes;
use crate::push::{is_known, owned_space};
use crate::storage::{LiveRelease, Passed, SessionRow, SpaceRow, Storage, Tx};

/// The space's own time is written down so many times in the longest step that it makes.
const TICKS_A_STEP: u64 = 24;

/// A release, or what takes one back, was stored at the head of the log.
pub(crate) fn stored(tx: &Tx<'_>, id: SpaceId, space: &SpaceRow, entry: &Entry) -> Result<(), ServerError> {
    let Some(body) = ReleaseBody::of_bytes(&entry.body).filter(|body| body.rid(id) == entry.rid) else {
        return Ok(());
    };
    match body {
        ReleaseBody::Release(release) => tx.insert_release(id, entry.rid, space.head.seq, &release),
        ReleaseBody::Keep(_) if crate::planted("taken-back-and-gone") => Ok(()),
        ReleaseBody::Keep(rid) => tx.keep(id, rid),
    }
}

/// Whether a device may send releases: all of the account know them.
pub(crate) fn may_release(tx: &Tx<'_>, session: &SessionRow) -> Result<bool, ServerError> {
    Ok(tx.all_passed(session.account)?.iter().all(|device| device.knows))
}

/// The space's own time as it is now. The server's clock may be set: one that jumps ahead counts for one step, and one that
/// is set back for nothing.
fn age_now((age_ms, at_ms): (u64, u64), now_ms: u64, times: &ReleaseTimes) -> u64 {
    let gone_ms = if at_ms == 0 { 0 } else { now_ms.saturating_sub(at_ms) };
    age_ms.saturating_add(gone_ms.min(times.step_ms))
}

fn is_tick_due((_, at_ms): (u64, u64), now_ms: u64, times: &ReleaseTimes) -> bool {
    at_ms == 0 || now_ms.abs_diff(at_ms) >= times.step_ms / TICKS_A_STEP
}

/// True where a request says something of releases that has to be noted down, or time has passed.
pub(crate) fn says_something(
    tx: &Tx<'_>,
    session: &SessionRow,
    request: &LogRequest,
    (now_ms, times): (u64, &ReleaseTimes),
) -> Result<bool, ServerError> {
    let Some(device) = session.device else { return Ok(false) };
    let Some(said) = tx.passed(session.account, device)? else { return Ok(false) };
    if said.knows != request.releases.is_some() {
        return Ok(true);
    }
    owned_space(tx, session.account, request.space)?;
    if !tx.has_live_releases(request.space)? {
        return Ok(false);
    }
    let age = tx.age(request.space)?;
    let passes = request.releases == Some(true) && (said.seq < request.seq || said.age_ms < age.0);
    Ok(passes || said.heard_age_ms < age.0 || is_tick_due(age, now_ms, times))
}

/// Notes down what a device says of releases; lets go what may go. True where the files of some are to follow.
pub(crate) fn note(
    tx: &Tx<'_>,
    session: &SessionRow,
    request: &LogRequest,
    (now_ms, times): (u64, &ReleaseTimes),
) -> Result<bool, ServerError> {
    let Some(device) = session.device else { return Ok(false) };
    let Some(mut said) = tx.passed(session.account, device)? else { return Ok(false) };
    let mut space = owned_space(tx, session.account, request.space)?;
    let id = request.space;
    let age_ms = age_now(tx.age(id)?, now_ms, times);
    tx.set_age(id, age_ms, now_ms)?;
    tx.begin_releases(id, age_ms)?;
    (said.knows, said.heard_age_ms) = (request.releases.is_some(), age_ms);
    let LogRequest { log_epoch, seq, link, .. } = *request;
    // A position of another epoch is one of another log.
    let is_here = log_epoch == space.head.log_epoch && is_known(tx, id, &space.head, (log_epoch, seq, link))?;
    if request.releases == Some(true) && is_here {
        (said.seq, said.age_ms) = (seq, age_ms);
    }
    tx.set_passed(session.account, device, said)?;
    let Some(before) = age_ms.checked_sub(times.grace_ms) else { return Ok(false) };
    let members = tx.all_passed(session.account)?;
    let mut any = false;
    for release in tx.live_releases(id, before)? {
        if all_have_passed(&members, &release, age_ms, times) && counts(tx, session, id, &release)? {
            for cid in &release.cids {
                space.stored_bytes = space.stored_bytes.saturating_sub(tx.remove_blob(id, *cid)?);
            }
            tx.release_is_done(id, release.rid)?;
            any = true;
        }
    }
    if any {
        tx.update_space(id, &space)?;
    }
    Ok(any)
}

/// Whether each device that was heard of lately has said, after the grace period, that it keeps nothing of it.
fn all_have_passed(members: &[Passed], release: &LiveRelease, age_ms: u64, times: &ReleaseTimes) -> bool {
    if crate::planted("gone-unasked") {
        return true;
    }
    members.iter().all(|device| {
        let silent = age_ms.saturating_sub(device.heard_age_ms) >= times.silent_ms;
        let ripe_ms = release.age_ms.saturating_add(times.grace_ms);
        silent || (device.seq >= release.seq && device.age_ms >= ripe_ms)
    })
}

/// What a device signed after it was removed releases nothing, although others may have brought it back.
fn counts(tx: &Tx<'_>, session: &SessionRow, id: SpaceId, release: &LiveRelease) -> Result<bool, ServerError> {
    let Some(manifest) = tx.manifest_at(id, release.seq)? else { return Ok(false) };
    let device = tx.device(session.account, manifest.device)?;
    Ok(device.is_some_and(|device| device.removed_ctr.is_none_or(|last| manifest.ctr <= last)))
}

/// Removes the files of blobs that no space has any more. Each under the storage's lock, so that nobody brings one back at
/// the same time; what a stop leaves here goes with the next call.
pub(crate) fn sweep(storage: &Storage) -> Result<(), ServerError> {
    loop {
        let more = storage.write(|tx| {
            let Some((cid, is_there_again)) = tx.next_to_remove()? else { return Ok(false) };
            if !is_there_again {
                storage.blobs.remove(cid)?;
            }
            tx.is_removed(cid)?;
            Ok(true)
        })?;
        if !more {
            return Ok(());
        }
    }
}
