//! Devices, their server and their network, and what is known of them that they need not know themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use holdfast_domain::{AttachmentId, NoteId, NotebookId, RevisionId};
use holdfast_merge::PlaceId;
use holdfast_notebook::{NotebookError, RecordId};
use holdfast_protocol::DeviceId;
use tempfile::TempDir;

use crate::alone::are_left_alone;
use crate::device::{Device, SimClock, VaultKind};
use crate::dice::{Dice, Source};
use crate::fault::{Checked, Fault, Invariant, OrBroken as _, Violation};
use crate::files::{files_go, months_follow};
use crate::habits::few_tags;
use crate::joiner::somebody_joins;
use crate::latecomer::pack_block;
use crate::plan::{Act, Plan, Step};
use crate::removals::Account;
use crate::squat::{SQUATTER, Squatter};
use crate::template::{Template, device_name, open_server, place};
use crate::thinking::About;
use crate::thinned::{self, Thins};

use crate::net::{LineState, Network, Real};
use crate::tripped::few_notes;

/// A word of an edit that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// The device.
    pub at: usize,
    pub token: u32,
    pub record: RecordId,
}

/// What a person decided.
#[derive(Clone, Debug)]
pub struct Decision {
    pub record: RecordId,
    pub revision: RevisionId,
    /// The places of texts, titles and dates: what they hold was written once, so that they do not come again.
    pub places: Vec<(PlaceId, About)>,
    pub device: usize,
}

/// What a run met.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// Of the plan, done.
    pub steps: u64,
    /// What people did in these, one thing at a time, whether it was refused or not; each sync of a device; and each fault.
    pub operations: u64,
    pub conflicts: u64,
    pub reviews: u64,
    pub receipts: u64,
    pub crashes: u64,
    pub rebases: u64,
    pub forks: u64,
    /// Packs that the server took, and entries that were read from packs.
    pub packs: u64,
    pub by_packs: u64,
    /// Revisions whose bodies the servers have let go.
    pub bodies_gone: u64,
    /// Releases that came true on a server, and those that were taken back.
    pub released: u64,
    pub kept: u64,
    /// Versions of which only the place is left on a device.
    pub thinned: u64,
    /// What was sent late and somebody took over.
    pub taken_over: u64,
    /// Clean text that somebody put back and that another, who had not seen that, took away (0015).
    pub put_back_gone: u64,
    /// Words of which each side was taken away by somebody who had seen it, and by nobody who had seen all (0015).
    pub gone_by_sides: u64,
    /// What two wrote alike and somebody who had seen one of them took away (0015).
    pub alike_gone: u64,
    /// Removed text that is clean again where places of places were decided in part (0015).
    pub back_by_parts: u64,
    pub faults: BTreeSet<Fault>,
}

/// A backup of the server: its files, what its log held, and whom it had shut out.
#[derive(Clone)]
pub struct SavedServer {
    pub files: Vec<(PathBuf, Vec<u8>)>,
    pub log: Vec<RevisionId>,
    pub removed: BTreeSet<DeviceId>,
    pub key_epoch: u32,
    pub blobs: Vec<[u8; 32]>,
}

pub struct World {
    /// Gone with the world.
    pub dir: TempDir,
    pub clock: SimClock,
    pub network: Network,
    pub devices: Vec<Device>,
    pub server_source: Source,
    /// Done in the step that is under way, as [`Met::operations`] counts.
    pub deeds: u64,
    /// Entries that were in the log before anything happened.
    pub first: u64,
    pub notes: Vec<NoteId>,
    pub notebooks: Vec<NotebookId>,
    /// Records of a kind that only a newer version knows.
    pub others: Vec<RecordId>,
    /// The kinds of faults that this seed may have.
    pub faults: Vec<Fault>,
    pub account: Account,
    pub saved: Vec<Saved>,
    /// The bytes of files, by the words in their names.
    pub files: Vec<(u32, Vec<u8>)>,
    pub decisions: Vec<Decision>,
    /// Words that were typed and taken away again before they were a revision: no history has them.
    pub typed_over: BTreeSet<u32>,
    /// Every revision that somebody made, and those that were there before.
    pub made: BTreeSet<RevisionId>,
    /// When, where history is thinned: by the clock of the world, and no earlier than it was.
    pub made_ms: BTreeMap<RevisionId, u64>,
    pub saved_server: Option<SavedServer>,
    /// A server lost a file, and nothing that it says shows that it was set back: it is asked about once a day.
    pub asks_by_the_day: bool,
    /// After so many turns of what goes on the server is set back.
    pub restore_after: Option<usize>,
    /// After so many turns this device is shown the other log.
    pub switch_after: Option<(usize, usize)>,
    /// Where in the server's log each revision is, when everything is over.
    pub places: BTreeMap<RevisionId, usize>,
    tokens: u32,
    /// The disk of the device at work is full.
    pub full: bool,
    /// What is done now may be gone after the computer stops.
    pub unacknowledged: bool,
    pub met: Met,
    hash: blake3::Hasher,
    pub trace: Option<Vec<String>>,
    /// By which another computer joins.
    pub link: String,
    /// One does, when everything is over.
    pub joins: bool,
    /// What is dear is looked at.
    pub looks: bool,
    /// A few notes that go at once are a question.
    pub trips: bool,
    /// Programs are left alone when all else is over.
    pub left_alone: bool,
    /// What nothing names goes.
    pub months_follow: bool,
    /// Files that somebody made a note name when their bytes were gone.
    pub named_when_gone: BTreeSet<(RecordId, AttachmentId)>,
    /// Files that came late with a note that somebody took over.
    pub came_late: BTreeSet<AttachmentId>,
    /// People have few tags, and share them; and they go back to versions of long ago.
    pub few_tags: bool,
}

impl World {
    pub fn new(template: &Template, plan: &Plan, trace: bool) -> Checked<Self> {
        holdfast_notebook::simulation::forget_thinned();
        let dir = place().works("making a folder")?;
        template.copy(plan.devices, dir.path()).works("copying a world")?;
        let clock = SimClock::default();
        clock.set(template.now_ms + 60_000);
        let (network, server_source) = (Network::default(), Source::new(plan.seed));
        let core = open_server(&dir.path().join("server"), &clock, &server_source).works("opening the server")?;
        network.net().servers.push(Real { core: Some(core), log: template.log.clone(), ..Real::default() });
        let squats = plan.devices <= SQUATTER && plan.faults.contains(&Fault::Squat);
        network.net().squatter = template.squatter.clone().filter(|_| squats).map(Squatter::new);
        let mut dice = Dice::new(plan.seed ^ 0xC10C);
        let kind = VaultKind {
            plain_pages: template.plain_pages,
            few_notes: few_notes(plan.seed),
            pack_block: pack_block(plan.seed),
            files_go: files_go(plan.seed),
            thins: Thins::of(plan),
        };
        let mut devices = Vec::new();
        for index in 0..plan.devices {
            network.net().lines.push(LineState::of_who_has_read(&template.log));
            // Clocks differ by what people do not notice.
            let clock = clock.beside(dice.below(240_000) as i64 - 120_000);
            let name = device_name(index);
            let keychain = &template.keychain;
            let mut device = Device::new(index, &name, dir.path().join(&name), clock, keychain, &network, kind);
            device.source.restart(plan.seed.wrapping_add(index as u64));
            device.checked = template.log.len() as u64;
            device.reopen()?;
            if let Some(thins) = kind.thins {
                thinned::choose(&device, thins)?;
            }
            devices.push(device);
        }
        let mut made: BTreeSet<RevisionId> = template.log.iter().copied().collect();
        for device in &devices {
            made.extend(device.look(|l| l.all_heads())?);
        }
        Ok(Self {
            dir,
            clock,
            network,
            devices,
            server_source,
            first: template.log.len() as u64,
            notes: Vec::new(),
            notebooks: Vec::new(),
            others: Vec::new(),
            faults: plan.faults.clone(),
            account: Account::default(),
            saved: Vec::new(),
            files: Vec::new(),
            decisions: Vec::new(),
            typed_over: BTreeSet::new(),
            made,
            made_ms: BTreeMap::new(),
            saved_server: None,
            asks_by_the_day: false,
            restore_after: None,
            switch_after: None,
            places: BTreeMap::new(),
            tokens: 0,
            full: false,
            unacknowledged: false,
            deeds: 0,
            met: Met::default(),
            hash: blake3::Hasher::new(),
            trace: trace.then(Vec::new),
            link: template.link.clone(),
            joins: somebody_joins(plan.seed),
            looks: plan.seed.is_multiple_of(4),
            trips: few_notes(plan.seed) < u64::MAX,
            left_alone: are_left_alone(plan.seed),
            months_follow: months_follow(plan.seed),
            named_when_gone: BTreeSet::new(),
            came_late: BTreeSet::new(),
            few_tags: few_tags(plan.seed),
        })
    }

    /// A line of the trace, and of its hash.
    pub fn note(&mut self, line: &str) {
        tracing::info!("{line}");
        self.hash.update(line.as_bytes()).update(b"\n");
        if let Some(trace) = &mut self.trace {
            trace.push(line.to_owned());
        }
    }

    pub fn trace_hash(&self) -> String {
        self.hash.finalize().to_hex()[..16].to_owned()
    }

    pub fn token(&mut self) -> u32 {
        self.tokens += 1;
        self.tokens
    }

    /// Words of an edit that somebody was told is saved.
    pub fn acknowledge(&mut self, at: usize, record: RecordId, fresh: &[u32]) {
        self.saved.extend(fresh.iter().map(|token| Saved { at, token: *token, record }));
    }

    /// True where a use case may answer so.
    pub fn may_fail(&self, error: &NotebookError) -> bool {
        match error {
            NotebookError::Stale
            | NotebookError::Invalid(_)
            | NotebookError::NothingToUndo(_)
            | NotebookError::NotFound { .. } => true,
            NotebookError::DiskFull => self.full,
            NotebookError::NeedsNewerVersion => self.met.faults.contains(&Fault::Newer),
            _ => false,
        }
    }

    pub fn step(&mut self, number: usize, step: Step) -> Checked {
        let mut dice = Dice::new(step.salt);
        self.clock.advance(1 + dice.below(20_000) as u64);
        let at = step.device % self.devices.len();
        let count = self.devices.len();
        // Somebody is always there.
        let at = (0..count).map(|n| (at + n) % count).find(|d| !self.devices[*d].away).unwrap_or(at);
        for device in &mut self.devices {
            device.furthest_ms = device.furthest_ms.max(device.clock.now_ms());
            device.source.restart(step.salt.wrapping_mul(31).wrapping_add(device.index as u64));
        }
        self.server_source.restart(step.salt.wrapping_mul(37));
        self.deeds = u64::from(matches!(step.act, Act::Befall(_)));
        let outcome = match step.act {
            Act::Sync => {
                let synced = self.sync(at, None)?;
                let decided = if dice.chance(30) { self.decide_about_late(at, false, &mut dice)? } else { None };
                decided.map_or_else(|| synced.clone(), |decided| format!("{synced}; {decided}"))
            }
            Act::SyncTogether => self.sync_together(at, &mut dice)?,
            Act::SaveServer => self.save_server()?,
            Act::Mend => self.mend(&mut dice),
            Act::Befall(fault) => self.befall(at, fault, &mut dice)?,
            act => self.person(at, act, &mut dice)?,
        };
        self.met.steps += 1;
        self.met.operations += std::mem::take(&mut self.deeds).max(1);
        self.note(&format!("{number} {} {:?}: {outcome}", self.devices[at].name, step.act));
        self.overheard()
    }

    /// What the network noticed.
    pub fn overheard(&self) -> Checked {
        let found: Option<Violation> = self.network.net().violation.clone();
        found.map_or(Ok(()), Err)
    }

    /// Looks at the outbox after something was done: nothing left it that the server has not acknowledged, and
    /// nobody wrote more than `most` revisions.
    pub fn look_at_outbox(&mut self, at: usize, most: usize) -> Checked {
        let position = self.devices[at].position()?;
        let now: BTreeSet<RevisionId> = position.outbox.iter().copied().collect();
        let device = &mut self.devices[at];
        let before = std::mem::replace(&mut device.outbox, now.clone());
        let sent = {
            let mut net = self.network.net();
            let line = net.line(at);
            if let Some(gone) = before.iter().find(|rid| !now.contains(rid) && !line.acknowledged.contains(rid)) {
                let name = &self.devices[at].name;
                return Invariant::Outbox.broken(format!("{gone} left the outbox of {name} without acknowledgement"));
            }
            std::mem::take(&mut line.sent)
        };
        let fresh: BTreeSet<RevisionId> = now.into_iter().chain(sent).filter(|rid| !self.made.contains(rid)).collect();
        let named = usize::from(self.has_named_itself(at, &fresh)?);
        if fresh.len() - named > most {
            let name = &self.devices[at].name;
            let what = format!("{name} made {} revisions where a person made at most {most}", fresh.len());
            return Invariant::Storm.broken(what);
        }
        if self.devices[at].kind().thins.is_some() {
            let now_ms = self.clock.now_ms();
            for rid in &fresh {
                self.made_ms.entry(*rid).or_insert(now_ms);
            }
        }
        self.made.extend(&fresh);
        Ok(())
    }

    /// A copy that became a device of its own writes its name, once: nobody else does it.
    fn has_named_itself(&mut self, at: usize, fresh: &BTreeSet<RevisionId>) -> Checked<bool> {
        let device = &mut self.devices[at];
        let Some(first) = device.look(|l| l.own_first())? else { return Ok(false) };
        Ok(device.twin && fresh.contains(&first) && device.named.insert(first))
    }

    /// All of the log up to the cursor is here.
    pub fn look_at_cursor(&mut self, at: usize) -> Checked {
        let forked = [Fault::Restore, Fault::Fork];
        if forked.iter().any(|fault| self.met.faults.contains(fault)) {
            return Ok(());
        }
        let position = self.devices[at].position()?;
        let Some((_, seq)) = position.cursor else { return Ok(()) };
        let from = self.devices[at].checked.min(seq);
        let entries: Vec<(usize, RevisionId)> = {
            let net = self.network.net();
            let log = &net.servers[0].log;
            if seq > log.len() as u64 {
                let what = format!("the cursor is at {seq} and the log ends at {}", log.len());
                return Invariant::CursorAndRows.broken(what);
            }
            // Of releases a device keeps what they say.
            let new = log[from as usize..seq as usize].iter().copied().enumerate();
            new.filter(|(_, rid)| !net.releases.contains(rid) && !net.is_junk(rid)).collect()
        };
        for (n, rid) in entries {
            if !self.devices[at].look(|l| l.has(rid))? && !position.quarantine.contains(&rid) {
                let (name, seq) = (&self.devices[at].name, from + n as u64 + 1);
                let what = format!("{name} has read past {seq} and does not have {rid}");
                return Invariant::CursorAndRows.broken(what);
            }
        }
        self.devices[at].checked = seq;
        Ok(())
    }
}
