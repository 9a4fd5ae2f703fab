//! Who is removed from the account, and the passphrase that is changed, while others push, pull and heal; and what of
//! the promises that suspends.
//!
//! A removed device keeps what it has. What it had not sent is on no other device; what it sends later, to a server that
//! has forgotten the removal, is set aside by everybody who knows of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use holdfast_domain::{DeviceId, RevisionId};
use holdfast_notebook::simulation::HistoryRow;
use holdfast_notebook::sync::Happened;
use holdfast_notebook::{NotebookError, RecordId};
use holdfast_protocol::ProtocolError;

use crate::befall::{Ended, Job};
use crate::dice::Dice;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::template::PASSPHRASE;
use crate::traced::versions_with;
use crate::world::{Saved, World};

/// More than a seed makes.
const LINES: u32 = 100_000;

/// What people were told about the account.
#[derive(Default)]
pub struct Account {
    tried: usize,
    /// Devices of which somebody was told that they are removed.
    removed: BTreeSet<DeviceId>,
    /// The passphrase that somebody set, where they were told that it counts.
    pub passphrase: Option<String>,
    pub changed: bool,
    /// A second removal that is under way: by whom, and of whom.
    asked: Option<(usize, DeviceId)>,
}

impl World {
    /// True where the server may forget what it was told, or tell it to some alone. Two removals that know nothing of each
    /// other stop sync with words (0027), so that there is one in such a seed.
    pub fn server_forgets(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::Restore | Fault::Fork))
    }

    /// True where a server was told to shut this device out.
    pub fn is_shut_out(&self, at: usize) -> Checked<bool> {
        let id = holdfast_protocol::DeviceId(self.devices[at].vault()?.device().0);
        Ok(self.network.net().removed.contains(&id))
    }

    /// Whether somebody reads that this device was removed. Where a torn write took away that it was told, it only knows that
    /// its session is over, until a person signs in.
    pub fn hears_of_removal(&self, at: usize, error: &NotebookError) -> Checked<bool> {
        let said = match error {
            NotebookError::Protocol(ProtocolError::DeviceRemoved) => true,
            NotebookError::Protocol(ProtocolError::Unauthorized) => self.met.faults.contains(&Fault::TornWrite),
            _ => false,
        };
        Ok(said && self.is_shut_out(at)?)
    }

    /// True where the server at the other end of its line was told so.
    pub fn is_shut_out_by_its_server(&self, at: usize) -> Checked<bool> {
        let id = holdfast_protocol::DeviceId(self.devices[at].vault()?.device().0);
        let mut net = self.network.net();
        let server = net.line(at).server;
        Ok(net.servers[server].removed.contains(&id))
    }

    /// One device removes another, or changes the passphrase, and others sync in the meantime.
    pub fn revoke(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let most = if self.server_forgets() { 1 } else { 2 };
        if self.account.tried >= most || self.devices[at].twin || self.devices[at].is_older() || self.is_shut_out(at)? {
            return Ok("nobody is removed".into());
        }
        let count = self.devices.len();
        let mut syncing: Vec<usize> = Vec::new();
        for other in (0..count).filter(|other| *other != at) {
            if !self.devices[other].away && !self.is_shut_out(other)? && (syncing.len() < 2 || dice.chance(30)) {
                syncing.push(other);
            }
        }
        if !self.account.changed && dice.chance(20) {
            return self.change_passphrase(at, &syncing, dice);
        }
        // Whoever came in where a removal was not known has to join again (0027), and a copied disk comes in.
        if self.server_forgets() && self.faults.contains(&Fault::Clone) {
            return Ok("nobody is removed where disks are copied".into());
        }
        let mut may_go = Vec::new();
        for other in (0..count).filter(|other| *other != at) {
            if !self.devices[other].twin && !self.is_shut_out(other)? {
                may_go.push(other);
            }
        }
        let Some(gone) = dice.pick(&may_go).copied() else { return Ok("nobody is left to be removed".into()) };
        self.account.tried += 1;
        let id = self.devices[gone].vault()?.device();
        let passphrase = (!self.account.changed && dice.chance(25)).then(|| format!("{PASSPHRASE} again"));
        self.account.changed |= passphrase.is_some();
        let mut jobs: Vec<(usize, Job)> = syncing.iter().map(|other| (*other, Job::Sync)).collect();
        // Somebody else removes another one in the same moment.
        let others = |d: &usize| *d != gone && !self.devices[*d].twin && !self.devices[*d].is_older();
        let two: Vec<usize> = syncing.iter().copied().filter(others).collect();
        if let (true, [by, who, ..]) = (self.account.tried < most && dice.chance(60), two.as_slice()) {
            self.account.tried += 1;
            let second = self.devices[*who].vault()?.device();
            jobs.retain(|(device, _)| device != by);
            jobs.push((*by, Job::Remove(second, None)));
            self.account.asked = Some((*by, second));
        }
        jobs.push((at, Job::Remove(id, passphrase.clone())));
        let fault = self.on_the_way(at, dice);
        let outcome = self.meanwhile(jobs, fault, dice, at)?;
        let name = self.devices[gone].name.clone();
        if outcome.done {
            self.account.removed.insert(id);
            if passphrase.is_some() {
                self.account.passphrase = passphrase;
            }
            return Ok(format!("{name} is removed; {}", outcome.said));
        }
        // It may be known to nobody, or found out later.
        Ok(format!("{name} may be removed; {}", outcome.said))
    }

    fn change_passphrase(&mut self, at: usize, syncing: &[usize], dice: &mut Dice) -> Checked<String> {
        self.account.changed = true;
        let new = format!("{PASSPHRASE} once more");
        self.devices[at].vault()?.change_passphrase(PASSPHRASE, &new).works("changing the passphrase")?;
        let mut jobs: Vec<(usize, Job)> = syncing.iter().map(|other| (*other, Job::Sync)).collect();
        jobs.push((at, Job::Sync));
        let fault = self.on_the_way(at, dice);
        let outcome = self.meanwhile(jobs, fault, dice, at)?;
        if outcome.done {
            self.account.passphrase = Some(new);
        }
        Ok(format!("a new passphrase; {}", outcome.said))
    }

    /// A fault of requests that this seed has, for one of this device's.
    fn on_the_way(&mut self, at: usize, dice: &mut Dice) -> Option<Fault> {
        let of_requests: Vec<Fault> = self.faults.iter().copied().filter(|f| f.is_of_request()).collect();
        let fault = dice.pick(&of_requests).copied().filter(|_| dice.chance(60))?;
        let next = (dice.below(6), fault, dice.next_u64());
        self.network.net().line(at).next = Some(next);
        Some(fault)
    }

    /// Does all of it at the same time. `done` is of the last of the jobs.
    fn meanwhile(
        &mut self,
        jobs: Vec<(usize, Job)>,
        fault: Option<Fault>,
        dice: &mut Dice,
        last: usize,
    ) -> Checked<Meanwhile> {
        let mut typing = Vec::new();
        for (device, _) in &jobs {
            typing.push((*device, self.devices[*device].position()?.typing.len()));
        }
        let typist = dice.chance(50).then(|| jobs[dice.below(jobs.len())].0);
        let ended = self.drive(jobs, dice, typist)?;
        let mut out = Meanwhile { done: false, said: String::new() };
        for (device, ended) in ended {
            let typing = typing.iter().find(|(d, _)| *d == device).map_or(0, |(_, typing)| *typing);
            // The keys are asked for first: what is typed meanwhile may be sent with the rest.
            let typing = typing + usize::from(typist == Some(device));
            let fault = fault.filter(|_| device == last);
            if let (Some((_, second)), Ended::Done(Ok(_))) =
                (self.account.asked.filter(|(by, _)| *by == device), &ended)
            {
                self.account.removed.insert(second);
            }
            if device == last {
                out.done = matches!(ended, Ended::Done(Ok(_)));
            }
            let outcome = self.after_sync(device, ended, fault, typing, false)?;
            let _ = write!(out.said, " {} {outcome};", self.devices[device].name);
        }
        self.account.asked = None;
        Ok(out)
    }

    /// As [`Self::revoke`]; where servers are set back, often to what they were before it.
    pub fn remove_and_forget(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let forgets = self.faults.contains(&Fault::Restore) && !self.faults.contains(&Fault::Fork);
        let forgets = forgets && dice.clone().chance(50);
        if forgets {
            self.save_server()?;
        }
        let outcome = self.revoke(at, dice)?;
        if !forgets || !outcome.contains("is removed;") {
            return Ok(outcome);
        }
        let restored = self.restore_server()?;
        let then = self.somebody_forgotten_comes(dice)?.unwrap_or_default();
        Ok(format!("{outcome} {restored} {then}"))
    }

    /// Whoever was removed, and is forgotten to be, writes and syncs, as if nothing had been.
    pub fn somebody_forgotten_comes(&mut self, dice: &mut Dice) -> Checked<Option<String>> {
        for at in 0..self.devices.len() {
            let forgotten = self.is_shut_out(at)? && !self.is_shut_out_by_its_server(at)?;
            if forgotten && !self.devices[at].away && dice.chance(70) {
                let wrote = self.edit_any(at, dice)?;
                let synced = self.sync(at, None)?;
                return Ok(Some(format!("{} {wrote}; {synced}", self.devices[at].name)));
            }
        }
        Ok(None)
    }

    /// The devices that are in the account when everything is over.
    pub fn members(&self) -> Vec<usize> {
        (0..self.devices.len()).filter(|at| !self.devices[*at].out).collect()
    }

    /// Whoever was removed is out, and nobody else: everybody who is in knows the same.
    pub fn removals_hold(&self) -> Checked {
        let mut out = BTreeSet::new();
        for device in self.devices.iter().filter(|device| device.out) {
            out.insert(device.vault()?.device());
        }
        for at in self.members() {
            let name = &self.devices[at].name;
            let known = self.devices[at].look(|l| l.membership())?;
            let removed: BTreeSet<DeviceId> = known.removed.iter().copied().collect();
            if let Some(back) = self.account.removed.iter().find(|id| !removed.contains(id)) {
                return Invariant::Decision.broken(format!("{back} was removed, and for {name} it is in the account"));
            }
            self.removals_are_told(at, removed.len())?;
            if (known.key_epoch as usize) <= removed.len() {
                let what = format!("{} were removed, and {name} still has key {}", removed.len(), known.key_epoch);
                return Invariant::Plaintext.broken(what);
            }
            if removed != out && !self.server_forgets() {
                let what = format!("for {name} {removed:?} are removed, and {out:?} are");
                return Invariant::Decision.broken(what);
            }
        }
        if let Some(at) = self.members().first() {
            // Whose program ended before it kept who it is has no name: nobody is it.
            let mut there = BTreeSet::new();
            for at in self.members() {
                there.insert(self.devices[at].vault()?.device());
            }
            let members = self.devices[*at].look(|l| l.membership())?.members;
            for member in members.into_iter().filter(|member| there.contains(member)) {
                if self.devices[*at].shown(RecordId(member.0))?.is_none() {
                    let what =
                        format!("{member} is in the account, and {} has never heard its name", self.devices[*at].name);
                    return Invariant::Convergence.broken(what);
                }
            }
        }
        // Deriving a key from it takes its time: one who set it or heard of it, and one who comes last.
        let ends = self.members();
        if let (Some(set), false) = (&self.account.passphrase, self.server_forgets()) {
            for at in ends.first().into_iter().chain(ends.last().filter(|last| Some(*last) != ends.first())) {
                let opens = self.devices[*at].vault()?.check_passphrase(set);
                let name = &self.devices[*at].name;
                opens.or_broken(Invariant::Decision, &format!("the passphrase that was set, on {name}"))?;
            }
        }
        Ok(())
    }

    /// Each removal has its line in the log of what sync did. (A torn write takes the last lines away, and a year the old ones.)
    fn removals_are_told(&self, at: usize, removals: usize) -> Checked {
        if [Fault::TornWrite, Fault::ClockJump, Fault::LongAway].iter().any(|fault| self.met.faults.contains(fault)) {
            return Ok(());
        }
        let lines = self.devices[at].vault()?.activity(LINES).works("reading what sync did")?;
        let told = lines.iter().filter(|line| line.what == Happened::Removed).count();
        if told < removals {
            let name = &self.devices[at].name;
            return Invariant::Liveness.broken(format!("{removals} were removed, and {name} says so of {told}"));
        }
        Ok(())
    }

    /// Whoever knows that a device was removed takes over what it sent since only where somebody of the account, who did
    /// not know, has built on it.
    pub fn look_at_late(&mut self, at: usize) -> Checked {
        let late = self.network.net().nobodys.clone();
        if late.is_empty() {
            return Ok(());
        }
        let knows = !self.devices[at].look(|l| l.membership())?.removed.is_empty();
        let knew = std::mem::replace(&mut self.devices[at].knows_of_removal, knows);
        for rid in late {
            if self.devices[at].late.contains(&rid) || !self.devices[at].look(|l| l.has(rid))? {
                continue;
            }
            self.devices[at].late.insert(rid);
            let own = self.devices[at].look(|l| l.made_here())?.contains(&rid);
            if own || !knew {
                continue;
            }
            let Some(record) = self.devices[at].look(|l| l.record_of(rid))? else { continue };
            let history = self.devices[at].look(|l| l.history(record))?;
            let nobodys = self.network.net().nobodys.clone();
            let is_vouched = |row: &&HistoryRow| !nobodys.contains(&row.rid) && history.is_ancestor(rid, row.rid);
            if !history.rows.iter().any(|row| is_vouched(&row)) {
                let name = &self.devices[at].name;
                return Invariant::Tampering.broken(format!("{name} took over {rid}, which a removed device sent"));
            }
        }
        Ok(())
    }

    /// What a device that is out had not sent, or sent when it was out already. So is what it sent to a server that was set
    /// back, or to another log, before anybody else read it: the log does not hold it, and nobody has it to bring it back.
    pub fn nobodys(&self) -> Checked<BTreeSet<RevisionId>> {
        let mut out: BTreeSet<RevisionId> = self.network.net().nobodys.clone();
        let forgot = [Fault::Restore, Fault::Fork].iter().any(|fault| self.met.faults.contains(fault));
        let log: BTreeSet<RevisionId> = self.network.net().servers[0].log.iter().copied().collect();
        for device in self.devices.iter().filter(|device| device.out) {
            out.extend(device.position()?.outbox);
            if forgot {
                for rid in device.look(|l| l.made_here())?.into_iter().filter(|rid| !log.contains(rid)) {
                    if !self.is_with_a_member(rid)? {
                        out.insert(rid);
                    }
                }
            }
        }
        Ok(out)
    }

    fn is_with_a_member(&self, rid: RevisionId) -> Checked<bool> {
        for at in self.members() {
            if self.devices[at].look(|l| l.has(rid))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True where everybody must have these words: somebody wrote them who is in the account, or who had sent them before.
    pub fn is_everybodys(&self, saved: &Saved, nobodys: &BTreeSet<RevisionId>) -> Checked<bool> {
        let by = &self.devices[saved.at];
        if !by.out {
            return Ok(true);
        }
        let versions = versions_with(&by.look(|l| l.history(saved.record))?, saved.token)?;
        Ok(!versions.is_empty() && versions.iter().all(|rid| !nobodys.contains(rid)))
    }

    /// A device that is out has what was written on it, and shows it.
    pub fn judge_those_out(&mut self) -> Checked {
        for at in (0..self.devices.len()).filter(|at| self.devices[*at].out).collect::<Vec<_>>() {
            let saved: Vec<(RecordId, u32)> =
                self.saved.iter().filter(|s| s.at == at).map(|s| (s.record, s.token)).collect();
            let records: BTreeSet<RecordId> = saved.iter().map(|(record, _)| *record).collect();
            for record in records {
                let tokens: Vec<u32> = saved.iter().filter(|(of, _)| *of == record).map(|(_, token)| *token).collect();
                self.judge_record(record, at, &tokens)?;
            }
        }
        Ok(())
    }
}

struct Meanwhile {
    done: bool,
    said: String,
}
