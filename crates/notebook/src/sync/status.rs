//! The one picture of sync that everything draws from.

use holdfast_domain::DeviceId;
use holdfast_store::{FileCount, FileState, Reader};
use holdfast_sync::{Engine, Facts, Position, SyncState, state};

use super::failures::failure;
use super::{Tripwire, account, heal, lazy, login, meta, tripwire};
use crate::attachments::here_bytes;
use crate::{Result, Vault};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceStatus {
    pub id: DeviceId,
    pub name: String,
    pub platform: String,
    pub this_device: bool,
    /// Never later than now: the time is by the other computer's clock.
    pub last_seen_ms: u64,
    /// Its clock was ahead of this computer's by more than they may differ.
    pub clock_ahead: bool,
    pub added_ms: u64,
}

/// So much may two clocks differ, as for stamps (DESIGN.md section 3).
const CLOCK_SLACK_MS: u64 = 5 * 60 * 1_000;

/// Files that are on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileProgress {
    pub files: u32,
    /// What came through so far, and all of it.
    pub done_bytes: u64,
    pub total_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncStatus {
    pub state: SyncState,
    /// A person paused it. (The state says so too where a sync waits for a decision.)
    pub paused: bool,
    /// Changes that the server has not confirmed, those being typed included.
    pub waiting: u32,
    pub waiting_attachments: u32,
    /// What of them is still to be sent.
    pub waiting_attachment_bytes: u64,
    pub sending: FileProgress,
    /// Files that come by themselves, or were asked for.
    pub receiving: FileProgress,
    /// All files that are not on this computer, those that are on their way too.
    pub not_here: FileCount,
    pub to_review: u32,
    /// Those of them that are notebooks.
    pub notebooks_to_review: u32,
    pub last_confirmed_ms: Option<u64>,
    pub last_changes: u32,
    pub last_duration_ms: u32,
    pub next_try_ms: Option<u64>,
    pub server: Option<String>,
    pub user: Option<String>,
    pub devices: Vec<DeviceStatus>,
    pub quarantined: u32,
    /// A sync that would take many notes away, and waits for a decision.
    pub tripwire: Option<Tripwire>,
}

pub(super) fn facts(reader: &Reader<'_>) -> Result<Facts> {
    let account = account::load(reader)?;
    let (has_server, cursor) = (account.is_some(), reader.cursor()?);
    // While a restored server gets back what it lost, what it does not hold is not confirmed.
    let lost = if heal::is_healing(reader)? { reader.count_not_in_log()? } else { 0 };
    let batch = reader.batch()?;
    let held = batch.as_ref().map_or(Ok(false), |batch| reader.is_batch_held(batch.ctr))?;
    Ok(Facts {
        has_server,
        signed_in: account.is_some_and(|a| a.token.is_some()),
        batch_pending: batch.is_some() || reader.packs_wait()?,
        batch_held: held,
        outbox: if crate::planted("lost-not-counted") { reader.outbox_len()? } else { reader.outbox_len()? + lost }
            as u32,
        held: reader.outbox_held_len()? as u32,
        working: if has_server && !crate::planted("typing-not-counted") { reader.working_count()? as u32 } else { 0 },
        blobs_up: if crate::planted("file-after-revision") && reader.outbox_len()? > 0 {
            0
        } else if has_server {
            reader.count_chunks_to_send()? as u32
        } else {
            0
        },
        blobs_down: if has_server && !crate::planted("files-not-fetched") {
            reader.files_to_fetch(lazy::which(reader)?)?.len() as u32
        } else {
            0
        },
        log_known: cursor.is_some() && !heal::is_healing(reader)?,
        read: cursor.map_or_else(Position::default, |c| Position { log_epoch: c.log_epoch, seq: c.seq, link: c.link }),
    })
}

/// Files that are to be sent, and those that are to come.
fn under_way(reader: &Reader<'_>) -> Result<(FileProgress, FileProgress)> {
    let (mut up, mut down) = (FileProgress::default(), FileProgress::default());
    for file in reader.files_to_send()? {
        up.files += 1;
        up.done_bytes += file.bytes - file.left;
        up.total_bytes += file.bytes;
    }
    for file in reader.files_to_fetch(lazy::which(reader)?)? {
        down.files += 1;
        down.done_bytes += here_bytes(reader, &file.content, file.size, FileState::Partial)?;
        down.total_bytes = down.total_bytes.saturating_add(file.size);
    }
    Ok((up, down))
}

impl Vault {
    pub(super) fn sync_facts(&self) -> Result<Facts> {
        self.read(facts)
    }

    /// How things stand, with an engine that has not run: what a terminal says of a vault at rest. What the last
    /// sync ended on counts until one succeeds, whichever program ran it.
    pub fn sync_status(&self) -> Result<SyncStatus> {
        let mut engine = Engine::default();
        let facts = self.sync_facts()?;
        let paused = self.read(|r| Ok(r.get_u64(meta::PAUSED)?.unwrap_or(0) == 1))?;
        if paused {
            engine.handle(holdfast_sync::Event::Pause(true), &facts, 0, 0);
        }
        if let Some(problem) = self.last_sync_problem()? {
            engine.handle(holdfast_sync::Event::StepFailed(failure(&problem)), &facts, 0, 0);
        }
        let mut status = self.status_with(&engine)?;
        // Nothing runs that would try again.
        status.next_try_ms = None;
        // At rest nothing is being sent: either all was confirmed, or something waits, or it was never asked.
        if status.state == SyncState::Syncing {
            let confirmed = status.last_confirmed_ms.is_some() && facts.blobs_up == 0;
            let passphrase = matches!(self.read(|r| login::standing(self, r))?, login::Standing::Waits);
            status.state = match (confirmed && status.waiting == 0 && !passphrase, &status.tripwire) {
                (true, None) => SyncState::UpToDate,
                (true, Some(_)) => SyncState::Paused,
                (false, _) => SyncState::Waiting,
            };
        }
        Ok(status)
    }

    pub(super) fn status_with(&self, engine: &Engine) -> Result<SyncStatus> {
        let (me, now) = (self.device(), self.env().now_ms());
        self.read(|r| {
            let facts = facts(r)?;
            let account = account::load(r)?;
            let (sending, receiving) = if facts.has_server { under_way(r)? } else { Default::default() };
            let counts = r.sidebar_counts()?;
            let members = self.keys().open.account.members.clone();
            let mut devices: Vec<_> = r
                .devices()?
                .into_iter()
                .filter(|d| d.id == me || members.devices.iter().any(|member| member.device_id == d.id.0))
                .map(|d| DeviceStatus {
                    this_device: d.id == me,
                    id: d.id,
                    name: d.name,
                    platform: d.platform,
                    last_seen_ms: d.last_seen_ms,
                    clock_ahead: false,
                    added_ms: d.created_ms,
                })
                .collect();
            // A member that has told nothing of itself yet is one all the same.
            let known: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
            let silent =
                members.devices.iter().map(|member| DeviceId(member.device_id)).filter(|id| !known.contains(id));
            let untold = super::device::untold_name(r)?;
            let name = |id: DeviceId| untold.clone().filter(|_| id == me);
            devices.extend(silent.map(|id| DeviceStatus {
                this_device: id == me,
                id,
                name: name(id).unwrap_or_else(|| format!("Computer {}", &id.to_string()[..6])),
                platform: String::new(),
                last_seen_ms: 0,
                clock_ahead: false,
                added_ms: 0,
            }));
            for device in &mut devices {
                let seen_ms = device.last_seen_ms.max(r.last_written_ms(device.id)?.unwrap_or(0));
                device.clock_ahead = seen_ms > now + CLOCK_SLACK_MS;
                device.last_seen_ms = seen_ms.min(now);
            }
            devices.sort_by_key(|d| (!d.this_device, d.added_ms, d.id));
            let tripwire = tripwire::load(r)?;
            // A passphrase that the server does not have yet waits too, though it holds nothing else up.
            let passphrase = matches!(login::standing(self, r)?, login::Standing::Waits);
            let state = match state(engine, &facts) {
                // Not all that the server has is shown here, until somebody decides.
                SyncState::UpToDate if tripwire.is_some() => SyncState::Paused,
                SyncState::UpToDate if passphrase => SyncState::Waiting,
                state => state,
            };
            Ok(SyncStatus {
                state,
                paused: engine.is_paused(),
                waiting: facts.waiting(),
                waiting_attachments: sending.files,
                waiting_attachment_bytes: sending.total_bytes - sending.done_bytes,
                sending,
                receiving,
                not_here: r.count_files_not_here()?,
                to_review: if crate::planted("notebooks-not-counted") {
                    counts.review as u32
                } else {
                    (counts.review + counts.review_notebooks) as u32
                },
                notebooks_to_review: counts.review_notebooks as u32,
                last_confirmed_ms: r.get_u64(meta::CONFIRMED_MS)?,
                last_changes: r.get_u64(meta::LAST_CHANGES)?.unwrap_or(0) as u32,
                last_duration_ms: r.get_u64(meta::LAST_DURATION_MS)?.unwrap_or(0) as u32,
                next_try_ms: engine.next_try_ms(),
                server: account.as_ref().map(|a| a.address.url.clone()),
                user: account.map(|a| a.user),
                devices,
                quarantined: if crate::planted("aside-not-counted") { 0 } else { r.quarantine_open_len()? as u32 },
                tripwire,
            })
        })
    }
}
