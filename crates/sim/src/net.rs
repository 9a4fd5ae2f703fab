//! What really happened: servers as they are, each device's line, and what was sent and taken, to compare with what devices
//! believe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_domain::RevisionId;
use holdfast_protocol::{
    DeviceId, Entry, EntryKind, HealRequest, LogPage, PackRange, ProtocolError, PushOutcome, PushRequest, PutKeys,
    Restored, Token, batch_hash,
};
use holdfast_server::Core;
use tokio::sync::Notify;

use crate::busy::Busy;
use crate::fault::{Fault, Invariant, Violation};
use crate::squat::Squatter;
use crate::tokens::MARK;
use crate::wire::Line;

/// A server as it really is.
#[derive(Default)]
pub struct Real {
    pub core: Option<Core>,
    /// The id of each entry of its log, in order.
    pub log: Vec<RevisionId>,
    /// The devices that it was told to shut out.
    pub removed: BTreeSet<DeviceId>,
    /// Nothing is to be taken that was sealed under an older key.
    pub key_epoch: u32,
    /// The sealed chunks of files that it took, in order.
    pub blobs: Vec<[u8; 32]>,
}

/// One device's line.
#[derive(Default)]
pub struct LineState {
    /// Which server answers.
    pub server: usize,
    /// Whose line it is.
    pub id: Option<DeviceId>,
    /// Requests do not arrive.
    pub mute: bool,
    /// Answers do not arrive.
    pub deaf: bool,
    /// No stream of events goes through it.
    pub no_stream: bool,
    /// The server has no time for it.
    pub busy: Option<Busy>,
    /// For the request after so many others.
    pub next: Option<(usize, Fault, u64)>,
    /// A lie for each answer from now on, with its seed.
    pub lie: Option<(Fault, u64)>,
    /// The last lie that was not what an honest server would have said.
    pub lied: bool,
    /// The program was killed: nothing of its futures may go on.
    pub killed: bool,
    /// The program does not know what was added to the protocol since.
    pub older: bool,
    /// It has told the server that something is lost, and reads the log from its beginning.
    pub reads_again: bool,
    pub told_lost: bool,
    pub requests: Vec<&'static str>,
    /// What the server told this device that it has, or really showed it.
    pub acknowledged: BTreeSet<RevisionId>,
    /// What it sent and was truly told that it is taken: it does not send that again by itself.
    pub settled: BTreeSet<RevisionId>,
    /// What this device sent since it was last looked at.
    pub sent: BTreeSet<RevisionId>,
    /// What of it a server put into its log: which server, and how many blobs it had then.
    pub stored: Vec<(RevisionId, usize, usize)>,
    pub last_page: Option<LogPage>,
    /// Ends the streams of events that are open.
    pub cut: Arc<Notify>,
}

impl LineState {
    /// The line of a device that has read so much of a log.
    pub fn of_who_has_read(log: &[RevisionId]) -> Self {
        Self { acknowledged: log.iter().copied().collect(), ..Self::default() }
    }
}

/// So many batches of another log are kept.
const MOST_ELSEWHERE: usize = 8;

/// A request that is still on its way.
pub struct Late {
    pub device: usize,
    pub server: usize,
    pub token: Token,
    pub push: PushRequest,
}

#[derive(Default)]
pub struct Net {
    pub servers: Vec<Real>,
    pub lines: Vec<LineState>,
    pub late: Vec<Late>,
    /// What was sealed with each salt.
    salts: BTreeMap<[u8; 16], [u8; 32]>,
    /// Every device that some server was told to shut out: one that was set back may have forgotten it.
    pub removed: BTreeSet<DeviceId>,
    /// What some server ever took of each.
    taken: BTreeMap<DeviceId, BTreeSet<RevisionId>>,
    /// What the log held when it was told so: of what such a device sent, this counts.
    counts: BTreeMap<DeviceId, BTreeSet<RevisionId>>,
    /// What does not: sent afterwards, to a server that had forgotten, or was another; or sent before to one that was set
    /// back, and brought back after the removal.
    pub nobodys: BTreeSet<RevisionId>,
    /// What devices signed who see another log, and have read in it what this one does not hold.
    pub elsewhere: Vec<PushRequest>,
    /// Where the logs parted.
    pub parted: u64,
    pub met: BTreeSet<Fault>,
    /// Pushes that were answered with Rebase, and with Forked.
    pub rebases: u64,
    pub forks: u64,
    /// Packs that a server took, and how many entries were read without their bodies.
    pub packs: BTreeSet<RevisionId>,
    pub by_packs: u64,
    /// What a server took that is no revision and no pack: releases, what takes those back, and places of lost versions.
    pub releases: BTreeSet<RevisionId>,
    /// Where the first server's packs stand: who made each, and who said that it holds what it should.
    pub pack_makers: BTreeMap<u64, DeviceId>,
    pub pack_words: BTreeSet<(u64, DeviceId)>,
    /// A member that nobody uses, and that may send junk.
    pub squatter: Option<Squatter>,
    pub violation: Option<Violation>,
}

/// The network of a world.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<Net>>);

impl Network {
    pub fn net(&self) -> MutexGuard<'_, Net> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn line(&self, device: usize) -> Line {
        Line { network: self.clone(), device }
    }

    /// What this device hears of ends.
    pub fn cut(&self, device: usize) {
        self.net().line(device).cut.notify_waiters();
    }
}

/// Of a sealed revision: version, number of the key, salt, kind and length, tag.
const BESIDE_REVISION: usize = 1 + 4 + 16 + 5 + 16;
/// Of a sealed part of a file: version, number of the key, salt, commitment, kind and length, tag.
pub const BESIDE_BLOB: usize = 1 + 4 + 16 + 32 + 9 + 16;

/// PADMÉ: of a length whose first bit stands for 2^e the last e - (floor(log2 e) + 1) bits are none.
fn is_padded(length: usize) -> bool {
    let bits = |n: usize| (usize::BITS - n.leading_zeros()).saturating_sub(1);
    let free = bits(length).saturating_sub(bits(bits(length) as usize) + 1);
    length.trailing_zeros() >= free
}

impl Net {
    pub fn line(&mut self, device: usize) -> &mut LineState {
        &mut self.lines[device]
    }

    /// Of the list of what a log holds.
    pub fn is_junk(&self, entry: &RevisionId) -> bool {
        self.squatter.as_ref().is_some_and(|squatter| squatter.junk.contains(entry))
    }

    /// Whether somebody notices that the first server goes back to this: who sent what is not in it knows that it was taken.
    /// Else the same may be sent again, and make the same log. Or the account's keys are older.
    pub fn is_told_of_going_back_to(&self, log: &[RevisionId], key_epoch: u32) -> bool {
        let now = &self.servers[0];
        let is_known = |rid: &RevisionId| self.lines.iter().any(|line| line.settled.contains(rid));
        now.key_epoch != key_epoch || !now.log.starts_with(log) || now.log[log.len()..].iter().any(is_known)
    }

    /// Junk has its id, and this server nothing else under it.
    pub fn is_only_junk(&self, rid: &RevisionId, server: usize) -> bool {
        let used = self.squatter.as_ref().is_some_and(|squatter| squatter.ids.contains_key(rid));
        used && !self.servers[server].log.contains(rid)
    }

    pub fn broken(&mut self, invariant: Invariant, what: String) {
        self.violation.get_or_insert(Violation { invariant, what });
    }

    /// A key and a nonce follow from a salt: another content under the same salt would show what both are.
    /// `beside`: so many bytes of it are not the padded text; `None` where that is not told by its form.
    pub fn note_sealed(&mut self, sealed: &[u8], id: &[u8; 32], beside: Option<usize>) {
        if beside.is_some_and(|beside| !is_padded(sealed.len().saturating_sub(beside))) {
            self.broken(Invariant::Plaintext, format!("a sealed body tells its length, {}", sealed.len()));
        }
        if sealed.windows(MARK.len()).any(|w| w == MARK.as_bytes()) {
            self.broken(Invariant::Plaintext, "a sealed body holds a planted word".into());
        }
        // version, number of the key, salt
        let Some(salt) = sealed.get(5..21).and_then(|s| <[u8; 16]>::try_from(s).ok()) else { return };
        let mut hasher = blake3::Hasher::new();
        hasher.update(id).update(sealed);
        let content = *hasher.finalize().as_bytes();
        if *self.salts.entry(salt).or_insert(content) != content {
            self.broken(Invariant::NonceOnce, format!("two bodies are sealed with the salt {salt:02x?}"));
        }
    }

    pub fn note_entry(&mut self, entry: &Entry) {
        // Nothing in it is sealed.
        if entry.kind == EntryKind::Release {
            return;
        }
        // What a pack covers stands in the clear before its seal.
        let sealed = PackRange::of_body(&entry.body).filter(|_| entry.kind == EntryKind::Pack);
        let beside = (entry.kind == EntryKind::Revision).then_some(BESIDE_REVISION);
        self.note_sealed(sealed.map_or(entry.body.as_slice(), |(_, sealed)| sealed), &entry.rid.0, beside);
    }

    /// What became of a push of this device at the server itself.
    pub fn note_push_of(
        &mut self,
        sender: (usize, &PushRequest),
        server: usize,
        outcome: &Result<PushOutcome, ProtocolError>,
    ) {
        let (line, request) = sender;
        let device = request.manifest.device;
        if let Ok(PushOutcome::Accepted { stored, .. }) = outcome {
            let real = &self.servers[server];
            let (before, newest, blobs) = (real.log.len() as u64, real.key_epoch, real.blobs.len());
            if real.removed.contains(&device) {
                self.broken(Invariant::Tampering, "a server took what a device sent that it had shut out".into());
            }
            let seen = request.manifest.seen.seq;
            if server > 0 && seen > self.parted && self.elsewhere.len() < MOST_ELSEWHERE {
                self.elsewhere.push(request.clone());
            }
            self.taken.entry(device).or_default().extend(stored.iter().map(|entry| RevisionId(entry.rid.0)));
            for entry in stored {
                self.note_late(device, RevisionId(entry.rid.0));
            }
            let packs = request.entries.iter().filter(|entry| entry.kind == EntryKind::Pack);
            self.packs.extend(packs.map(|entry| RevisionId(entry.rid.0)));
            let said = |entry: &&Entry| matches!(entry.kind, EntryKind::Release | EntryKind::Place);
            let releases = request.entries.iter().filter(said);
            self.releases.extend(releases.map(|entry| RevisionId(entry.rid.0)));
            for (s, _) in stored.iter().zip(&request.entries).filter(|(s, e)| !s.duplicate && e.kind == EntryKind::Pack)
            {
                if server == 0 {
                    self.pack_makers.entry(s.seq).or_insert(device);
                }
            }
            // Of a retry the entries are older than the answer.
            for (s, entry) in stored.iter().zip(&request.entries).filter(|(s, _)| !s.duplicate && s.seq > before) {
                self.lines[line].stored.push((RevisionId(s.rid.0), server, blobs));
                if entry.key_epoch < newest {
                    let what = "a server took what whoever was removed can read";
                    self.broken(Invariant::Plaintext, what.into());
                }
            }
        }
        self.note_push(server, outcome);
    }

    /// A server took this, of a batch of this device.
    fn note_late(&mut self, device: DeviceId, rid: RevisionId) {
        if self.counts.get(&device).is_some_and(|counts| !counts.contains(&rid)) {
            self.nobodys.insert(rid);
        }
    }

    pub fn note_heal(&mut self, request: &HealRequest, server: usize, outcome: &Result<PushOutcome, ProtocolError>) {
        if let Ok(PushOutcome::Accepted { .. }) = outcome {
            let batches: BTreeMap<_, _> = request.manifests.iter().map(|m| (batch_hash(m).0, m.device)).collect();
            for Restored { entry, batch } in &request.entries {
                // What was under way goes back so.
                if entry.kind == EntryKind::Pack {
                    self.packs.insert(RevisionId(entry.rid.0));
                }
                if matches!(entry.kind, EntryKind::Release | EntryKind::Place) {
                    self.releases.insert(RevisionId(entry.rid.0));
                }
                if let Some(device) = batches.get(&batch.0) {
                    self.taken.entry(*device).or_default().insert(RevisionId(entry.rid.0));
                    self.note_late(*device, RevisionId(entry.rid.0));
                }
            }
        }
        self.note_push(server, outcome);
    }

    /// What became of the account's keys at the server itself.
    pub fn note_keys(&mut self, server: usize, request: &PutKeys) {
        if let Some(removal) = request.remove_device {
            self.servers[server].removed.insert(removal.device);
            self.removed.insert(removal.device);
            let log = &self.servers[server].log;
            let counts = &*self.counts.entry(removal.device).or_insert_with(|| log.iter().copied().collect());
            // Nor does what it had sent to another log until then.
            let sent = self.taken.get(&removal.device).into_iter().flatten();
            self.nobodys.extend(sent.filter(|rid| !counts.contains(rid)));
        }
        if let Some(epoch) = request.key_epoch {
            let real = &mut self.servers[server];
            real.key_epoch = real.key_epoch.max(epoch.epoch);
        }
        if request.remove_device.is_some() || request.new_passphrase.is_some() {
            self.met.insert(Fault::Revoke);
        }
    }

    fn note_push(&mut self, server: usize, outcome: &Result<PushOutcome, ProtocolError>) {
        match outcome {
            Ok(PushOutcome::Accepted { stored, .. }) => {
                let log = &mut self.servers[server].log;
                for entry in stored {
                    // A retry is answered as the first time.
                    if !entry.duplicate && entry.seq > log.len() as u64 {
                        log.push(RevisionId(entry.rid.0));
                    }
                }
            }
            Ok(PushOutcome::Rebase { .. }) => self.rebases += 1,
            Ok(PushOutcome::Forked { .. }) => self.forks += 1,
            _ => {}
        }
    }
}
