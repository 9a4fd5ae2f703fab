//! Syncing, and what befalls devices and servers.

use std::fs;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use holdfast_domain::{DeviceId, NoteId, RevisionId};
use holdfast_notebook::sync::CycleReport;
use holdfast_notebook::{NotebookError, SyncState};
use holdfast_protocol::Cid;

use crate::device::Device;
use crate::dice::Dice;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::net::{LineState, Real};
use crate::plan::{Act, MOST_DEVICES};
use crate::template::{open_server, read};
use crate::world::{SavedServer, World};

const YEAR_MS: i64 = 365 * 24 * 3_600 * 1_000;
const LONG_MS: u64 = 200 * 24 * 3_600 * 1_000;
/// As good as no limit to the pages of a database.
const NO_LIMIT: u32 = 1_000_000;

/// What a device is to do, beside others.
pub enum Job {
    Sync,
    /// Removes a device from the account, perhaps with a new passphrase.
    Remove(DeviceId, Option<String>),
    /// Gets an old version.
    Fetch(NoteId, RevisionId),
}

/// How a sync ended, or a removal, which has nothing to report.
pub enum Ended {
    Done(Result<CycleReport, NotebookError>),
    /// The program was killed in it.
    Killed,
}

type Running = Pin<Box<dyn Future<Output = Result<CycleReport, NotebookError>>>>;

impl World {
    /// Starts what each of these is to do, and lets one after the other go on, in an order that the dice make.
    pub fn drive(
        &mut self,
        jobs: Vec<(usize, Job)>,
        dice: &mut Dice,
        typist: Option<usize>,
    ) -> Checked<Vec<(usize, Ended)>> {
        let mut running: Vec<(usize, Running)> = Vec::new();
        self.deeds += jobs.len() as u64;
        for (at, job) in jobs {
            let syncer = self.devices[at].syncer()?;
            let id = holdfast_protocol::DeviceId(self.devices[at].vault()?.device().0);
            {
                let mut net = self.network.net();
                let line = net.line(at);
                line.id = Some(id);
                line.killed = false;
                line.requests.clear();
            }
            running.push((
                at,
                Box::pin(async move {
                    match job {
                        Job::Sync => syncer.run_once().await,
                        Job::Fetch(note, version) => {
                            syncer.fetch_version(note, version).await?;
                            Ok(CycleReport::default())
                        }
                        Job::Remove(device, passphrase) => {
                            syncer.remove_device(device, passphrase.as_deref()).await?;
                            Ok(CycleReport::default())
                        }
                    }
                }),
            ));
        }
        let mut context = Context::from_waker(Waker::noop());
        let (mut ended, mut typed) = (Vec::new(), false);
        while !running.is_empty() {
            match self.restore_after {
                Some(0) => {
                    self.restore_after = None;
                    let outcome = self.restore_server()?;
                    self.note(&format!("  meanwhile the server is {outcome}"));
                }
                Some(turns) => self.restore_after = Some(turns - 1),
                None => {}
            }
            match self.switch_after {
                Some((0, device)) => {
                    self.switch_after = None;
                    let mut net = self.network.net();
                    let line = net.line(device);
                    line.server = 1 - line.server;
                    line.reads_again = false;
                }
                Some((turns, device)) => self.switch_after = Some((turns - 1, device)),
                None => {}
            }
            let n = dice.below(running.len());
            let (at, future) = &mut running[n];
            let at = *at;
            if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
                ended.push((at, Ended::Done(done)));
                drop(running.remove(n));
            } else if self.network.net().line(at).killed {
                drop(running.remove(n));
                self.kill(at)?;
                ended.push((at, Ended::Killed));
            } else if typist == Some(at) && !typed && dice.chance(40) {
                typed = true;
                // What the sync committed first is not the typist's.
                self.look_at_outbox(at, usize::MAX)?;
                let outcome = self.edit_any(at, dice)?;
                self.note(&format!("  meanwhile {outcome}"));
            }
        }
        (self.restore_after, self.switch_after) = (None, None);
        Ok(ended)
    }

    /// The program ends now. What it had on disk is there when it starts again.
    pub fn kill(&mut self, at: usize) -> Checked {
        self.met.crashes += 1;
        let files = self.devices[at].files()?;
        self.devices[at].crash(&files)?;
        self.devices[at].reopen()
    }

    /// A sync, with this on its way.
    pub fn sync(&mut self, at: usize, fault: Option<(Fault, u64)>) -> Checked<String> {
        let mut dice = Dice::new(fault.map_or(0, |(_, salt)| salt));
        let typing = self.devices[at].position()?.typing.len();
        let shut_out = self.is_shut_out_by_its_server(at)?;
        if let Some((fault, salt)) = fault {
            let mut net = self.network.net();
            let line = net.line(at);
            if fault.is_lie() || fault == Fault::Fork {
                line.lie = Some((fault, salt));
                line.lied = false;
            } else {
                // Most syncs are of few requests.
                let far = if dice.chance(30) { dice.below(10) } else { 0 };
                line.next = Some((dice.below(3) + far, fault, salt >> 8));
            }
        }
        let live = self.live_notes(at)?;
        let ended = self.drive(vec![(at, Job::Sync)], &mut dice, None)?;
        let mut outcome = String::new();
        self.few_went(at, &live)?;
        for (at, ended) in ended {
            if shut_out && matches!(ended, Ended::Done(Ok(_))) {
                let what = format!("{} was removed, and is served", self.devices[at].name);
                return Invariant::Tampering.broken(what);
            }
            self.says_how_it_ended(at, &ended)?;
            outcome = self.after_sync(at, ended, fault.map(|(f, _)| f), typing, true)?;
        }
        Ok(outcome)
    }

    pub fn sync_together(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let count = self.devices.len();
        let mut devices = vec![at];
        for _ in 0..=dice.below(2) {
            let other = dice.below(count);
            if !devices.contains(&other) && !self.devices[other].away {
                devices.push(other);
            }
        }
        let typing: Vec<usize> =
            devices.iter().map(|d| Ok(self.devices[*d].position()?.typing.len())).collect::<Checked<_>>()?;
        let typist = dice.chance(60).then_some(at);
        // Whoever is shown another log in the middle may notice.
        let switched = self.switch_after.map(|(_, device)| device);
        let jobs = devices.iter().map(|device| (*device, Job::Sync)).collect();
        let ended = self.drive(jobs, dice, typist)?;
        let mut outcomes = Vec::new();
        for (device, ended) in ended {
            let typing = devices.iter().position(|d| *d == device).map_or(0, |n| typing[n]);
            self.says_how_it_ended(device, &ended)?;
            // What was typed meanwhile waits for the next one.
            let fault = (switched == Some(device)).then_some(Fault::Fork);
            let outcome = self.after_sync(device, ended, fault, typing, false)?;
            outcomes.push(format!("{} {outcome}", self.devices[device].name));
        }
        Ok(outcomes.join(", "))
    }

    /// `alone`: nobody else was at the server meanwhile.
    pub fn after_sync(
        &mut self,
        at: usize,
        ended: Ended,
        fault: Option<Fault>,
        typing: usize,
        alone: bool,
    ) -> Checked<String> {
        let (lied, partition, answered, asked_again) = {
            let mut net = self.network.net();
            let line = net.line(at);
            line.next = None;
            line.lie = None;
            let lied = std::mem::take(&mut line.lied);
            (lied, line.mute || line.deaf, line.requests.len(), line.requests.contains(&"fetch"))
        };
        let name = self.devices[at].name.clone();
        let outcome = match &ended {
            Ended::Killed => "killed".to_owned(),
            Ended::Done(Ok(report)) => {
                if self.trips {
                    self.devices[at].had_live = Some(self.live_notes(at)?);
                }
                self.is_noted(at, report.pushed + report.pulled > 0)?;
                // What was altered may be set aside; what was signed on another log has no place in this one.
                let aside = fault != Some(Fault::Fork) && !self.devices[at].position()?.quarantine.is_empty();
                // Or it asked for another body, and that was the right one.
                if lied && !aside && !asked_again {
                    return Invariant::Tampering.broken(format!("{name} took a lie for the truth ({fault:?})"));
                }
                if partition && answered > 0 {
                    return Invariant::Liveness.broken(format!("{name} synced over a broken line"));
                }
                format!("{} sent, {} received", report.pushed, report.pulled)
            }
            Ended::Done(Err(error)) if self.is_too_old(at, error) => {
                self.set_older(at, false);
                "too old for the log, and updated".to_owned()
            }
            Ended::Done(Err(error)) => {
                let removed = self.hears_of_removal(at, error)?;
                if removed && self.devices[at].syncer()?.status().works("the status")?.state == SyncState::UpToDate {
                    return Invariant::Liveness.broken(format!("{name} was removed and says that it is up to date"));
                }
                let excused = removed
                    || fault.is_some_and(|f| f.is_of_request() || f.is_lie() || f == Fault::Fork)
                    || partition
                    || (self.full && matches!(error, NotebookError::DiskFull));
                if !excused {
                    return Invariant::Liveness.broken(format!("{name} does not sync: {error}"));
                }
                format!("failed, {error}")
            }
        };
        self.look_at_outbox(at, typing)?;
        self.look_at_cursor(at)?;
        self.keeps_what_was_chosen()?;
        self.look_at_files(at)?;
        self.look_at_late(at)?;
        let counts = self.devices[at].vault()?.sidebar_counts().works("counting")?;
        let asks = counts.review + counts.review_notebooks;
        let before = std::mem::replace(&mut self.devices[at].asks, asks);
        self.met.conflicts += asks.saturating_sub(before);
        let heads = self.devices[at].look(|l| l.all_heads())?;
        let sent: Vec<RevisionId> = self.network.net().lines.iter().flat_map(|l| l.sent.iter().copied()).collect();
        if let Some(unknown) = heads.iter().find(|rid| !self.made.contains(rid) && !sent.contains(rid)) {
            return Invariant::Tampering.broken(format!("{name} has {unknown}, which nobody made"));
        }
        // A server that lies may say that it has what it has not; and what was set back meanwhile is found out later.
        let confirmed = matches!(&ended, Ended::Done(Ok(_))) && (fault.is_none_or(Fault::is_of_request));
        let forgets = !alone && self.server_forgets();
        self.says_what_is_so(at, &heads, confirmed && !forgets, alone && fault.is_none())?;
        self.asks_what_is_so(at)?;
        if self.now_and_then()
            && let Some(note) = self.notes_of(at)?.last()
        {
            self.shows_what_is(at, *note)?;
        }
        let mut hasher = blake3::Hasher::new();
        for head in &heads {
            hasher.update(&head.0);
        }
        Ok(format!("{outcome} {}", &hasher.finalize().to_hex()[..8]))
    }

    /// A file is at the server before what names it: nobody sees a link to nothing.
    fn look_at_files(&mut self, at: usize) -> Checked {
        let stored = std::mem::take(&mut self.network.net().line(at).stored);
        // A server that was set back has lost files too.
        if self.faults.iter().any(|fault| matches!(fault, Fault::Restore | Fault::Fork)) {
            return Ok(());
        }
        for (rid, server, had) in stored {
            let chunks = self.devices[at].look(|l| l.chunks_of(rid))?;
            let net = self.network.net();
            if chunks.iter().any(|chunk| !net.servers[server].blobs[..had].contains(chunk)) {
                return Invariant::Causality.broken(format!("{rid} was sent before the file that it names"));
            }
        }
        Ok(())
    }

    pub fn befall(&mut self, at: usize, fault: Fault, dice: &mut Dice) -> Checked<String> {
        match fault {
            fault if fault.is_of_request() || fault.is_lie() => {
                let outcome = self.sync(at, Some((fault, dice.next_u64())))?;
                let met = self.network.net().met.clone();
                self.met.faults.extend(met);
                Ok(outcome)
            }
            Fault::Partition => {
                let mut net = self.network.net();
                let line = net.line(at);
                line.mute = dice.chance(50);
                line.deaf = !line.mute;
                Ok(if line.mute { "requests are lost" } else { "answers are lost" }.into())
            }
            Fault::Crash => {
                let typing = self.devices[at].position()?.typing.len();
                self.kill(at)?;
                self.met.faults.insert(fault);
                self.look_at_outbox(at, typing)?;
                Ok("killed".into())
            }
            Fault::TornWrite => self.torn(at, dice),
            Fault::DiskFull => self.full_disk(at, dice),
            Fault::ClockJump => {
                let jump = [YEAR_MS, -YEAR_MS, 0][dice.below(3)];
                let offset = &self.devices[at].clock.offset_ms;
                offset.store(jump, std::sync::atomic::Ordering::SeqCst);
                self.met.faults.insert(fault);
                Ok(format!("the clock is off by {} days", jump / (24 * 3_600 * 1_000)))
            }
            Fault::LongAway => {
                let others = self.devices.iter().filter(|d| !d.away).count();
                // The server ends a session after a year.
                if others < 2 || self.met.faults.contains(&fault) {
                    return Ok("nobody goes".into());
                }
                self.devices[at].away = true;
                self.clock.advance(LONG_MS);
                self.met.faults.insert(fault);
                Ok("off for 200 days".into())
            }
            Fault::Clone => self.clone_disk(at),
            Fault::Restore if self.saved_server.is_some() && dice.chance(50) => {
                self.restore_after = Some(dice.below(12));
                self.sync_together(at, dice)
            }
            Fault::Restore => {
                let outcome = self.restore_server()?;
                Ok(self.somebody_forgotten_comes(dice)?.map_or(outcome.clone(), |then| format!("{outcome}; {then}")))
            }
            Fault::Fork if self.network.net().servers.len() > 1 => {
                if dice.chance(50) {
                    return self.sync(at, Some((fault, dice.next_u64())));
                }
                self.switch_after = Some((dice.below(12), at));
                self.sync_together(at, dice)
            }
            Fault::Fork => self.fork_server(dice),
            Fault::Revoke => self.remove_and_forget(at, dice),
            Fault::Older => Ok(self.grow_old(at)),
            Fault::Newer => self.write_as_newer(at, dice),
            _ => Ok("nothing".into()),
        }
    }

    /// Some act, as of a person, for a fault that befalls it.
    fn some_act(&mut self, at: usize, dice: &mut Dice, may_sync: bool) -> Checked<String> {
        const ACTS: [Act; 12] = [
            Act::Edit,
            Act::Edit,
            Act::Edit,
            Act::Type,
            Act::AddNote,
            Act::Tag,
            Act::Retitle,
            Act::TrashOrRestore,
            Act::Resolve,
            Act::UndoReceipt,
            Act::Attach,
            Act::AddNotebook,
        ];
        if may_sync && dice.chance(40) {
            return self.sync(at, None);
        }
        let act = ACTS[dice.below(ACTS.len())];
        self.person(at, act, dice)
    }

    /// The computer stops while it writes: of what was written since the last step, some bytes are there, or one is
    /// wrong. Whatever was done in this step was not acknowledged.
    fn torn(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let position = self.devices[at].position()?;
        // What was sent had been on disk before: only a sync that only reads may be lost.
        let may_sync = position.outbox.is_empty() && position.typing.is_empty();
        let before = self.devices[at].files()?;
        let (made, outbox, checked) = (self.made.clone(), self.devices[at].outbox.clone(), self.devices[at].checked);
        let (saved, decisions) = (self.saved.len(), self.decisions.len());
        self.unacknowledged = true;
        self.network.net().line(at).requests.clear();
        let done = self.some_act(at, dice, may_sync);
        self.unacknowledged = false;
        let doing = done?;
        let mut after = self.devices[at].files()?;
        // A pack may have been sent all the same.
        let sent = self.network.net().line(at).requests.contains(&"push");
        let same = after.database == before.database && !sent;
        let first = after.log.iter().zip(&before.log).take_while(|(a, b)| a == b).count();
        let mut how = "whole".to_owned();
        if same && first < after.log.len() {
            let k = first + dice.below(after.log.len() - first);
            if dice.chance(50) {
                after.log.truncate(k);
                how = format!("the log ends at {k}");
            } else {
                after.log[k] ^= 1 << dice.below(8);
                how = format!("the log is wrong at {k}");
            }
            self.met.faults.insert(Fault::TornWrite);
        }
        self.met.crashes += 1;
        self.devices[at].crash(&after)?;
        self.devices[at].reopen()?;
        let meanwhile = std::mem::replace(&mut self.made, made);
        // A copy that became a device of its own wrote its name, and sent it.
        let net = self.network.net();
        let sent = net.servers.iter().flat_map(|server| &server.log).filter(|rid| meanwhile.contains(rid));
        self.made.extend(sent.copied());
        drop(net);
        self.saved.truncate(saved);
        self.decisions.truncate(decisions);
        self.devices[at].outbox = outbox;
        self.devices[at].checked = checked.min(self.first);
        self.look_at_outbox(at, usize::MAX)?;
        self.look_at_cursor(at)?;
        let heads = self.devices[at].look(|l| l.all_heads())?;
        Ok(format!("{doing}; {how}; {} heads", heads.len()))
    }

    fn full_disk(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        self.devices[at].vault()?.limit_pages(1).works("limiting a database")?;
        self.full = true;
        let mut doing = Vec::new();
        for _ in 0..=dice.below(3) {
            doing.push(self.some_act(at, dice, true)?);
        }
        self.full = false;
        if doing.iter().any(|d| d.contains("the disk is full")) {
            self.met.faults.insert(Fault::DiskFull);
        }
        self.devices[at].vault()?.limit_pages(NO_LIMIT).works("limiting a database")?;
        Ok(doing.join("; "))
    }

    fn clone_disk(&mut self, at: usize) -> Checked<String> {
        let other = self.devices[at].twin || self.devices[at].is_older() || self.is_shut_out(at)?;
        if self.devices.len() > MOST_DEVICES || other {
            return Ok("no room".into());
        }
        let files = self.devices[at].files()?;
        let original = &self.devices[at];
        let (name, dir) = (format!("{}'", original.name), self.dir.path().join(format!("{}'", original.name)));
        let index = self.devices.len();
        files.write(&dir)?;
        let clock = self.devices[at].clock.beside(0);
        let mut twin = {
            let (keychain, kind) = (self.devices[at].keychain().clone(), self.devices[at].kind());
            Device::new(index, &name, dir, clock, &keychain, &self.network, kind)
        };
        let (server, acknowledged) = {
            let mut net = self.network.net();
            let line = net.line(at);
            (line.server, line.acknowledged.clone())
        };
        self.network.net().lines.push(LineState { server, acknowledged, ..LineState::default() });
        twin.outbox.clone_from(&self.devices[at].outbox);
        twin.had_live.clone_from(&self.devices[at].had_live);
        twin.checked = self.first;
        twin.twin = true;
        self.devices[at].twin = true;
        // What was being typed becomes a revision in both, and it is the same.
        twin.reopen()?;
        self.devices.push(twin);
        self.met.faults.insert(Fault::Clone);
        self.look_at_outbox(index, usize::MAX)?;
        Ok(format!("copied to {name}"))
    }

    pub fn server_dir(&self, server: usize) -> PathBuf {
        self.dir.path().join(if server == 0 { "server".to_owned() } else { format!("server{server}") })
    }

    pub fn save_server(&mut self) -> Checked<String> {
        let mut files = Vec::new();
        read(&self.server_dir(0), std::path::Path::new(""), &mut files).works("copying the server")?;
        let net = self.network.net();
        let Real { log, removed, key_epoch, blobs, .. } = &net.servers[0];
        let (log, removed, blobs) = (log.clone(), removed.clone(), blobs.clone());
        let saved = SavedServer { files, log, removed, key_epoch: *key_epoch, blobs };
        drop(net);
        self.saved_server = Some(saved);
        Ok("kept".into())
    }

    pub fn restore_server(&mut self) -> Checked<String> {
        let Some(SavedServer { files, log, removed, key_epoch, blobs }) = self.saved_server.clone() else {
            return self.save_server();
        };
        if log.len() == self.network.net().servers[0].log.len() {
            return Ok("nothing is new".into());
        }
        self.network.net().servers[0].core = None;
        let data = self.server_dir(0);
        fs::remove_dir_all(&data).works("removing the server")?;
        // Of one backup of three the last file is not on its disk, though the database knows it. Not where devices let their
        // own go: then nobody may have it any more.
        let may_lose = log.len().is_multiple_of(3) && !self.devices.iter().any(|device| device.kind().files_go);
        let lost = blobs.last().filter(|_| may_lose).map(|cid| Cid(*cid).to_string());
        for (path, bytes) in files {
            if lost.as_ref().is_some_and(|lost| path.ends_with(lost)) {
                continue;
            }
            let target = data.join(path);
            fs::create_dir_all(target.parent().unwrap_or(&data)).works("restoring the server")?;
            fs::write(target, bytes).works("restoring the server")?;
        }
        let core = open_server(&data, &self.clock, &self.server_source).works("opening the server")?;
        let mut net = self.network.net();
        self.asks_by_the_day |= lost.is_some() && !net.is_told_of_going_back_to(&log, key_epoch);
        net.servers[0] = Real { core: Some(core), log, removed, key_epoch, blobs };
        net.lines.iter_mut().for_each(|line| line.reads_again = false);
        drop(net);
        self.met.faults.insert(Fault::Restore);
        Ok("restored".into())
    }

    /// A second server with the same past, for some of the devices.
    fn fork_server(&mut self, dice: &mut Dice) -> Checked<String> {
        if self.network.net().servers.len() > 1 {
            return Ok("forked already".into());
        }
        let mut files = Vec::new();
        read(&self.server_dir(0), std::path::Path::new(""), &mut files).works("copying the server")?;
        let data = self.server_dir(1);
        for (path, bytes) in files {
            let target = data.join(path);
            fs::create_dir_all(target.parent().unwrap_or(&data)).works("forking the server")?;
            fs::write(target, bytes).works("forking the server")?;
        }
        let core = open_server(&data, &self.clock, &self.server_source).works("opening the server")?;
        let mut net = self.network.net();
        let Real { log, removed, key_epoch, blobs, .. } = &net.servers[0];
        let (log, removed, blobs) = (log.clone(), removed.clone(), blobs.clone());
        let copy = Real { core: Some(core), log, removed, key_epoch: *key_epoch, blobs };
        net.parted = copy.log.len() as u64;
        net.servers.push(copy);
        let mut moved = 0;
        for line in &mut net.lines {
            if dice.chance(50) {
                line.server = 1;
                moved += 1;
            }
        }
        drop(net);
        self.met.faults.insert(Fault::Fork);
        Ok(format!("{moved} see another log"))
    }

    /// Lines, clocks and servers as they should be, or some of them.
    pub fn mend(&mut self, dice: &mut Dice) -> String {
        let mut net = self.network.net();
        for line in &mut net.lines {
            line.mute = false;
            line.deaf = false;
            if dice.chance(50) {
                line.server = 0;
            }
        }
        self.met.faults.extend(net.met.iter().copied());
        drop(net);
        for device in &mut self.devices {
            device.away = false;
            if dice.chance(50) {
                device.clock.offset_ms.store(0, std::sync::atomic::Ordering::SeqCst);
            }
        }
        for at in 0..self.devices.len() {
            if self.devices[at].is_older() && dice.chance(50) {
                self.set_older(at, false);
            }
        }
        "mended".into()
    }

    /// One sync after the faults have stopped. `None` where the device has no part in the account any more.
    pub fn sync_in_peace(&mut self, at: usize) -> Checked<Option<CycleReport>> {
        let typing = self.devices[at].position()?.typing.len();
        let ended = self.drive(vec![(at, Job::Sync)], &mut Dice::new(0), None)?;
        let name = self.devices[at].name.clone();
        let Some((_, ended)) = ended.into_iter().next() else {
            return Invariant::Works.broken("nothing ran");
        };
        let status = self.devices[at].syncer()?.status().works("the status")?;
        match ended {
            Ended::Done(Ok(report)) => {
                self.look_at_outbox(at, typing)?;
                self.look_at_cursor(at)?;
                self.keeps_what_was_chosen()?;
                if status.tripwire.is_some() {
                    self.decide_in_peace(at)?;
                    // What moved before it was held counts as moved.
                    let then = self.sync_in_peace(at)?;
                    return Ok(then.map(|then| CycleReport {
                        pushed: report.pushed + then.pushed,
                        pulled: report.pulled + then.pulled,
                        packed: report.packed + then.packed,
                        ..then
                    }));
                }
                if status.waiting > 0 || status.state != SyncState::UpToDate {
                    let why = self.devices[at].vault()?.passphrase_problem().works("the passphrase")?;
                    let what = format!("{name} synced and is {:?}, {} waiting: {why:?}", status.state, status.waiting);
                    return Invariant::Liveness.broken(what);
                }
                Ok(Some(report))
            }
            Ended::Done(Err(error)) if self.hears_of_removal(at, &error)? => {
                self.look_at_outbox(at, typing)?;
                if status.tripwire.is_some() {
                    self.decide_in_peace(at)?;
                }
                if status.state != SyncState::NeedsSignIn {
                    let what = format!("{name} was removed, and says {:?}", status.state);
                    return Invariant::Liveness.broken(what);
                }
                Ok(None)
            }
            Ended::Done(Err(error)) if self.is_too_old(at, &error) => {
                self.set_older(at, false);
                self.look_at_outbox(at, typing)?;
                self.sync_in_peace(at)
            }
            Ended::Done(Err(error)) => Invariant::Liveness.broken(format!("{name} does not sync in peace: {error}")),
            Ended::Killed => Invariant::Works.broken("killed in peace"),
        }
    }
}
