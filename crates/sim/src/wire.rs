//! What lies between the devices and their server: lines that fail, and servers that lie. What really happened is written
//! down ([`crate::net`]).

use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use async_trait::async_trait;
use holdfast_domain::RevisionId;
use holdfast_protocol::{
    Cid, CreateAccount, Entry, EntryKind, EventStream, FetchRequest, Fetched, HealRequest, Item, KdfParams, LogAnswer,
    LogHead, LogPage, LogRequest, Login, Missing, MissingRequest, ProtocolError, PushOutcome, PushRequest, PutKeys,
    Rid, ServerInfo, Session, SpaceId, SyncProtocol, Token, Wire, body_hash, decode, encode,
};
use holdfast_server::Core;
use tokio::sync::Notify;

use crate::dice::Dice;
use crate::fault::{Fault, Invariant};
use crate::lies;
use crate::net::{BESIDE_BLOB, Late, Net, Network};
use crate::squat::name_of;

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
            biased;
            heard = self.stream.next() => heard,
            () = self.cut.notified() => Err(lost("the stream was cut")),
        }
    }
}

pub struct Line {
    pub network: Network,
    pub device: usize,
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
        if line.no_stream && what == "events" {
            return Err(lost("the stream was refused"));
        }
        if let Some(answer) = line.busy.as_mut().and_then(|busy| busy.answer(what)) {
            return Err(answer);
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
        if told != page {
            // Who has seen what is meant by an id opens nothing else under it, and nobody opens what somebody else put there.
            let acknowledged = &net.lines[self.device].acknowledged;
            let unopened = |entry: &Entry| {
                acknowledged.contains(&RevisionId(entry.rid.0)) || net.is_junk(&name_of(body_hash(&entry.body)))
            };
            let is_old = lies::is_of_what_is_here(&page, &told, unopened) || lies::is_about_packs(&page, &told);
            net.line(self.device).lied |= lies::must_be_noticed(lie, request, &told) && !is_old;
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
        let told = self.lie_of(answer.clone(), request.manifest.seen.seq);
        if let PushOutcome::Accepted { stored, .. } = &told {
            let rids: Vec<RevisionId> = stored.iter().map(|s| RevisionId(s.rid.0)).collect();
            let mut net = self.net();
            let line = net.line(self.device);
            // A lie is refused, with all that is true in it.
            line.settled.extend(rids.iter().filter(|_| told == answer));
            line.acknowledged.extend(rids);
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
        self.net().note_sealed(&sealed, &cid.0, Some(BESIDE_BLOB));
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
