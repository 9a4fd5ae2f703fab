//! What lies between the devices and their server: lines that fail, servers that lie, and a record of what really
//! happened, to compare with what devices believe.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use holdfast_domain::RevisionId;
use holdfast_protocol::{
    Cid, CreateAccount, DeviceId, Entry, EntryKind, EventStream, FetchRequest, Fetched, HealRequest, Item, KdfParams,
    LogAnswer, LogHead, LogPage, LogRequest, Login, Missing, MissingRequest, PackRange, ProtocolError, PushOutcome,
    PushRequest, PutKeys, Restored, Rid, ServerInfo, Session, SpaceId, SyncProtocol, Token, Wire, batch_hash, decode,
    encode,
};
use holdfast_server::Core;
use tokio::sync::Notify;

use crate::dice::Dice;
use crate::fault::{Fault, Invariant, Violation};
use crate::lies;
use crate::squat::{Squatter, name_of};
use crate::tokens::MARK;

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
struct Late {
    device: usize,
    server: usize,
    token: Token,
    push: PushRequest,
}

#[derive(Default)]
pub struct Net {
    pub servers: Vec<Real>,
    pub lines: Vec<LineState>,
    late: Vec<Late>,
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

impl Net {
    pub fn line(&mut self, device: usize) -> &mut LineState {
        &mut self.lines[device]
    }

    /// Of the list of what a log holds.
    pub fn is_junk(&self, entry: &RevisionId) -> bool {
        self.squatter.as_ref().is_some_and(|squatter| squatter.junk.contains(entry))
    }

    /// Junk has its id, and this server nothing else under it.
    pub fn is_only_junk(&self, rid: &RevisionId, server: usize) -> bool {
        let used = self.squatter.as_ref().is_some_and(|squatter| squatter.ids.contains_key(rid));
        used && !self.servers[server].log.contains(rid)
    }

    fn broken(&mut self, invariant: Invariant, what: String) {
        self.violation.get_or_insert(Violation { invariant, what });
    }

    /// A key and a nonce follow from a salt: another content under the same salt would show what both are.
    fn note_sealed(&mut self, sealed: &[u8], id: &[u8; 32]) {
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

    fn note_entry(&mut self, entry: &Entry) {
        // Nothing in it is sealed.
        if entry.kind == EntryKind::Release {
            return;
        }
        // What a pack covers stands in the clear before its seal.
        let sealed = PackRange::of_body(&entry.body).filter(|_| entry.kind == EntryKind::Pack);
        self.note_sealed(sealed.map_or(entry.body.as_slice(), |(_, sealed)| sealed), &entry.rid.0);
    }

    /// What became of a push of this device at the server itself.
    fn note_push_of(
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

    fn note_heal(&mut self, request: &HealRequest, server: usize, outcome: &Result<PushOutcome, ProtocolError>) {
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
    fn note_keys(&mut self, server: usize, request: &PutKeys) {
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

/// Lets the others go on once.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        // Where programs are left alone a runtime asks them.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A stream of events, over a line that breaks.
struct Heard {
    stream: Box<dyn EventStream>,
    cut: Arc<Notify>,
}

#[async_trait]
impl EventStream for Heard {
    async fn next(&mut self) -> Result<LogHead, ProtocolError> {
        tokio::select! {
            heard = self.stream.next() => heard,
            () = self.cut.notified() => Err(lost("the stream was cut")),
        }
    }
}

pub struct Line {
    network: Network,
    device: usize,
}

fn lost(what: &str) -> ProtocolError {
    ProtocolError::Unreachable(what.into())
}

impl Line {
    fn net(&self) -> MutexGuard<'_, Net> {
        self.network.net()
    }

    /// Kills the program: what waits for this waits for ever, and is dropped.
    async fn killed(&self) {
        {
            let mut net = self.net();
            net.met.insert(Fault::CrashInRequest);
            net.line(self.device).killed = true;
        }
        std::future::pending::<()>().await;
    }

    /// What is to happen to a request that starts now.
    fn fate(&self, what: &'static str) -> Result<Option<(Fault, u64)>, ProtocolError> {
        let mut net = self.net();
        let line = net.line(self.device);
        line.requests.push(what);
        let fate = match &mut line.next {
            Some((0, fault, dice)) => {
                let fate = (*fault, *dice);
                line.next = None;
                Some(fate)
            }
            Some((after, ..)) => {
                *after -= 1;
                None
            }
            None => None,
        };
        if line.mute {
            net.met.insert(Fault::Partition);
            return Err(lost("the request was lost"));
        }
        Ok(fate)
    }

    /// Whoever was removed gets nothing more.
    fn note_served(&self, what: &str, server: usize, served: bool) {
        let mut net = self.net();
        let id = net.line(self.device).id;
        let anybodys = ["info", "prelogin"].contains(&what);
        if served && !anybodys && id.is_some_and(|id| net.servers[server].removed.contains(&id)) {
            net.broken(Invariant::Tampering, format!("a removed device was answered {what}"));
        }
    }

    /// The server that is reached, and where it is. What is late arrives before.
    async fn reach(&self) -> Result<(Core, usize), ProtocolError> {
        loop {
            let next = self.net().late.pop();
            let Some(late) = next else { break };
            let core = self.net().servers[late.server].core.clone();
            if let Some(core) = core {
                let outcome = core.push(&late.token, late.push.clone()).await;
                self.net().note_push_of((late.device, &late.push), late.server, &outcome);
            }
        }
        let mut net = self.net();
        let server = net.line(self.device).server;
        let core = net.servers[server].core.clone();
        core.map(|core| (core, server)).ok_or_else(|| lost("the server is down"))
    }

    async fn exchange<T, F>(
        &self,
        what: &'static str,
        call: impl Fn(Core) -> F + Send + Sync,
        look: impl Fn(&mut Net, usize, &Result<T, ProtocolError>) + Send + Sync,
        late: Option<(&Token, &PushRequest)>,
    ) -> Result<T, ProtocolError>
    where
        T: Send,
        F: Future<Output = Result<T, ProtocolError>> + Send,
    {
        Turn(false).await;
        let fate = self.fate(what)?;
        match fate {
            Some((Fault::DropRequest, _)) => {
                self.net().met.insert(Fault::DropRequest);
                return Err(lost("the request was lost"));
            }
            Some((Fault::CrashInRequest, dice)) if dice % 2 == 0 => self.killed().await,
            Some((Fault::Late, _)) => {
                if let Some((token, push)) = late {
                    let mut net = self.net();
                    net.met.insert(Fault::Late);
                    let server = net.line(self.device).server;
                    net.late.push(Late { device: self.device, server, token: token.clone(), push: push.clone() });
                    return Err(lost("the request is late"));
                }
            }
            _ => {}
        }
        let (core, server) = self.reach().await?;
        if let (Some((Fault::Squat, dice)), Some((_, others))) = (fate, late) {
            self.network.squat(&core, server, others, dice).await;
            // For a while the log has nothing else under that id.
            if (dice >> 32).is_multiple_of(4) {
                return Err(lost("the request was lost"));
            }
        }
        let mut answer = call(core.clone()).await;
        self.note_served(what, server, answer.is_ok());
        look(&mut self.net(), server, &answer);
        if let Some((Fault::Duplicate, dice)) = fate {
            self.net().met.insert(Fault::Duplicate);
            let second = call(core).await;
            look(&mut self.net(), server, &second);
            if dice % 2 == 0 {
                answer = second;
            }
        }
        Turn(false).await;
        match fate {
            Some((Fault::CrashInRequest, _)) => self.killed().await,
            Some((Fault::DropAnswer, _)) => {
                self.net().met.insert(Fault::DropAnswer);
                return Err(lost("the answer was lost"));
            }
            Some((Fault::Truncate, _)) => {
                self.net().met.insert(Fault::Truncate);
                return Err(ProtocolError::Malformed("the answer ends in the middle".into()));
            }
            _ => {}
        }
        if self.net().line(self.device).deaf {
            self.net().met.insert(Fault::Partition);
            return Err(lost("the answer was lost"));
        }
        answer
    }

    /// No part of an answer may be taken for a whole one.
    fn check_cut<T: Wire>(&self, whole: &T, dice: u64) {
        let bytes = encode(whole);
        let cut = (dice % bytes.len().max(1) as u64) as usize;
        if decode::<T>(&bytes[..cut]).is_ok() {
            self.net().broken(Invariant::Tampering, format!("{cut} of {} bytes were read as an answer", bytes.len()));
        }
    }

    fn lie(&self, request: &LogRequest, page: LogPage) -> LogPage {
        let mut net = self.net();
        let line = net.line(self.device);
        let before = line.last_page.replace(page.clone());
        let Some((lie, seed)) = line.lie.filter(|(lie, seed)| !lies::is_of_answers(*lie, *seed)) else { return page };
        let mut dice = Dice::new(seed);
        let told = if lie == Fault::Fork {
            let here = net.line(self.device).server == 0;
            dice.pick(&net.elsewhere).filter(|_| here).map_or_else(|| page.clone(), |b| lies::graft(request, &page, b))
        } else {
            lies::tell(lie, &mut dice, request, &page, before)
        };
        let line = net.line(self.device);
        if told != page {
            let known = |rid: &Rid| line.acknowledged.contains(&RevisionId(rid.0));
            let is_old = lies::is_of_what_is_here(&page, &told, known) || lies::is_about_packs(&page, &told);
            line.lied |= lies::must_be_noticed(lie, request, &told) && !is_old;
            net.met.insert(lie);
        }
        told
    }
}

impl Line {
    /// The server says of what it was sent what is not so. Who is told it has read the log up to `read`.
    fn lie_of(&self, answer: PushOutcome, read: u64) -> PushOutcome {
        let mut net = self.net();
        let line = net.line(self.device);
        let Some((lie, seed)) = line.lie.filter(|(lie, seed)| lies::is_of_answers(*lie, *seed)) else { return answer };
        let known = |rid: &Rid| line.acknowledged.contains(&RevisionId(rid.0));
        let told = lies::of_answer(lie, &mut Dice::new(seed ^ 0xA25E), &answer, read, known);
        if told != answer {
            line.lied = true;
            net.met.insert(lie);
        }
        told
    }
}

#[async_trait]
impl SyncProtocol for Line {
    async fn info(&self) -> Result<ServerInfo, ProtocolError> {
        self.exchange("info", |core| async move { core.info().await }, |_, _, _| {}, None).await
    }

    async fn prelogin(&self, user: &str) -> Result<KdfParams, ProtocolError> {
        self.exchange("prelogin", |core| async move { core.prelogin(user).await }, |_, _, _| {}, None).await
    }

    async fn create_account(&self, request: CreateAccount) -> Result<Session, ProtocolError> {
        let request = &request;
        let call = |core: Core| async move { core.create_account(request.clone()).await };
        self.exchange("create_account", call, |_, _, _| {}, None).await
    }

    async fn login(&self, request: Login) -> Result<Session, ProtocolError> {
        let request = &request;
        self.exchange("login", |core| async move { core.login(request.clone()).await }, |_, _, _| {}, None).await
    }

    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        self.exchange("get_keys", |core| async move { core.get_keys(token).await }, |_, _, _| {}, None).await
    }

    async fn put_keys(&self, token: &Token, request: PutKeys) -> Result<u64, ProtocolError> {
        let older = self.net().line(self.device).older;
        // What no earlier version said. Its signature it gives: without one a server lets nobody remove anybody.
        let request = if older { PutKeys { members: None, key_epoch: None, ..request } } else { request };
        let request = &request;
        let call = |core: Core| async move { core.put_keys(token, request.clone()).await };
        let look = |net: &mut Net, server: usize, answer: &Result<u64, ProtocolError>| {
            if answer.is_ok() {
                net.note_keys(server, request);
                // A copy of a vault becomes another device in the middle of a sync, and so does its session.
                if let (Some(_), Some(claim)) = (&request.add_device, &request.by) {
                    net.line(self.device).id = Some(claim.device);
                }
            }
        };
        self.exchange("put_keys", call, look, None).await
    }

    async fn push(&self, token: &Token, mut request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        {
            let mut net = self.net();
            if net.line(self.device).older {
                request.keys = None;
                net.met.insert(Fault::Older);
            }
            for entry in &request.entries {
                net.note_entry(entry);
            }
            let revisions = request.entries.iter().filter(|entry| entry.kind == EntryKind::Revision);
            net.line(self.device).sent.extend(revisions.map(|entry| RevisionId(entry.rid.0)));
        }
        let request = &request;
        let call = |core: Core| async move { core.push(token, request.clone()).await };
        let look = |net: &mut Net, server: usize, outcome: &Result<PushOutcome, ProtocolError>| {
            net.note_push_of((self.device, request), server, outcome);
        };
        let answer = self.exchange("push", call, look, Some((token, request))).await?;
        self.check_cut(&answer, request.manifest.ctr.wrapping_mul(7919));
        let told = self.lie_of(answer, request.manifest.seen.seq);
        if let PushOutcome::Accepted { stored, .. } = &told {
            let mut net = self.net();
            net.line(self.device).acknowledged.extend(stored.iter().map(|s| RevisionId(s.rid.0)));
        }
        Ok(told)
    }

    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        let asked = &request;
        let call = |core: Core| async move { core.log(token, *asked).await };
        let look = |net: &mut Net, server: usize, answer: &Result<LogAnswer, ProtocolError>| {
            net.rebases += u64::from(matches!(answer, Ok(LogAnswer::Rebase { .. })));
            let word = asked.packs.filter(|seq| *seq > 0 && server == 0).zip(net.line(self.device).id);
            net.pack_words.extend(word);
        };
        let answer = self.exchange("log", call, look, None).await?;
        if request.seq == 0 && request.max_bytes > 0 {
            let mut net = self.net();
            let line = net.line(self.device);
            line.reads_again |= std::mem::take(&mut line.told_lost);
        }
        self.check_cut(&answer, request.seq.wrapping_mul(104_729));
        Ok(match answer {
            LogAnswer::Page(mut page) => {
                if self.net().line(self.device).older {
                    page.keys = None;
                }
                // What another copy of the same disk sent waits here too, until this device sees it in the log.
                let items = page.items().unwrap_or_default();
                let shown = items.iter().map(Item::outline);
                let told = self.lie(&request, page.clone());
                let mut net = self.net();
                let shown: Vec<RevisionId> = shown
                    .filter(|shown| !net.is_junk(&name_of(shown.body)))
                    .map(|shown| RevisionId(shown.rid.0))
                    .collect();
                net.by_packs += items.len() as u64 - page.entries.len() as u64;
                net.line(self.device).acknowledged.extend(shown);
                LogAnswer::Page(told)
            }
            other @ LogAnswer::Rebase { .. } => other,
        })
    }

    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError> {
        let request = &request;
        let call = |core: Core| async move { core.missing(token, request.clone()).await };
        self.exchange("missing", call, |_, _, _| {}, None).await
    }

    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        let request = &request;
        let call = |core: Core| async move { core.fetch(token, request.clone()).await };
        self.exchange("fetch", call, |_, _, _| {}, None).await
    }

    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        let request = &request;
        for restored in &request.entries {
            self.net().note_entry(&restored.entry);
        }
        if request.lost.is_some() {
            // It has noticed, and reads all of it again.
            self.net().line(self.device).lied = false;
        }
        let call = |core: Core| async move { core.heal(token, request.clone()).await };
        let look = |net: &mut Net, server: usize, answer: &_| net.note_heal(request, server, answer);
        let answer = self.exchange("heal", call, look, None).await?;
        if request.lost.is_some() {
            self.net().line(self.device).told_lost = true;
        }
        if let PushOutcome::Accepted { stored, .. } = &answer {
            self.net().line(self.device).acknowledged.extend(stored.iter().map(|s| RevisionId(s.rid.0)));
        }
        Ok(answer)
    }

    async fn put_blob(&self, token: &Token, space: SpaceId, cid: Cid, sealed: Vec<u8>) -> Result<(), ProtocolError> {
        self.net().note_sealed(&sealed, &cid.0);
        let sealed = &sealed;
        let call = |core: Core| async move { core.put_blob(token, space, cid, sealed.clone()).await };
        let look = |net: &mut Net, server: usize, answer: &Result<(), ProtocolError>| {
            if answer.is_ok() {
                net.servers[server].blobs.push(cid.0);
            }
        };
        self.exchange("put_blob", call, look, None).await
    }

    async fn get_blob(&self, token: &Token, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ProtocolError> {
        let call = |core: Core| async move { core.get_blob(token, space, cid).await };
        let mut sealed = self.exchange("get_blob", call, |_, _, _| {}, None).await?;
        let mut net = self.net();
        let line = net.line(self.device);
        if let (Some((Fault::Alter, seed)), false) = (line.lie, sealed.is_empty()) {
            let at = (seed % sealed.len() as u64) as usize;
            sealed[at] ^= 1;
            line.lied = true;
            net.met.insert(Fault::Alter);
        }
        Ok(sealed)
    }
    async fn events(&self, token: &Token, space: SpaceId) -> Result<Box<dyn EventStream>, ProtocolError> {
        let call = |core: Core| async move { core.events(token, space).await };
        let stream = self.exchange("events", call, |_, _, _| {}, None).await?;
        let cut = self.net().line(self.device).cut.clone();
        Ok(Box::new(Heard { stream, cut }))
    }
}
