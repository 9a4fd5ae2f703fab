//! What lies between a device and its server: a switch, faults, and a count of what went over it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use holdfast_notebook::sync::{Connect, ServerAddress};
use holdfast_protocol::{
    Cid, CreateAccount, EventStream, FetchRequest, Fetched, HealRequest, KdfParams, LogAnswer, LogRequest, Login,
    Missing, MissingRequest, ProtocolError, PushOutcome, PushRequest, PutKeys, ServerInfo, Session, SpaceId,
    SyncProtocol, Token,
};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Lost on the way there: the server never sees it.
    DropRequest,
    /// Lost on the way back: the server has done it.
    DropAnswer,
}

type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct State {
    off: AtomicBool,
    /// For the next requests, in order; `None` lets one through.
    faults: Mutex<VecDeque<Option<Fault>>>,
    requests: Mutex<Vec<&'static str>>,
    instead: Mutex<Option<Arc<dyn SyncProtocol>>>,
    before: Mutex<Option<(&'static str, Act)>>,
    refused: Mutex<Option<(&'static str, ProtocolError)>>,
    small_pages: AtomicBool,
}

/// One device's network. Clones are the same network.
#[derive(Clone, Default)]
pub struct Network(Arc<State>);

impl Network {
    pub fn turn_off(&self) {
        self.0.off.store(true, Ordering::SeqCst);
    }

    pub fn turn_on(&self) {
        self.0.off.store(false, Ordering::SeqCst);
    }

    /// Lets `after` requests through, then does this to one.
    pub fn fail(&self, after: usize, fault: Fault) {
        let mut faults = self.0.faults.lock().unwrap();
        faults.extend(std::iter::repeat_n(None, after));
        faults.push_back(Some(fault));
    }

    /// Forgets the faults that did not come to pass.
    pub fn heal(&self) {
        self.0.faults.lock().unwrap().clear();
        self.turn_on();
    }

    /// The requests since the last call, by the names of the protocol's methods.
    pub fn take_requests(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.requests.lock().unwrap())
    }

    /// Does this before the next request of that name goes on: what happens at the same time elsewhere.
    pub fn before(&self, request: &'static str, act: impl Future<Output = ()> + Send + 'static) {
        *self.0.before.lock().unwrap() = Some((request, Box::pin(act)));
    }

    /// The server answers every request of that name so, until `None` ends it.
    pub fn refuse(&self, what: Option<(&'static str, ProtocolError)>) {
        *self.0.refused.lock().unwrap() = what;
    }

    /// The log comes an entry at a time.
    pub fn small_pages(&self) {
        self.0.small_pages.store(true, Ordering::SeqCst);
    }

    /// Another server answers in the place of the right one, as where one was taken over; `None` ends it.
    pub fn answer_instead(&self, server: Option<Arc<dyn SyncProtocol>>) {
        *self.0.instead.lock().unwrap() = server;
    }

    /// The connection of a device with this network, over another.
    pub fn connect(&self, over: Connect) -> Connect {
        let network = self.clone();
        Arc::new(move |address| {
            Ok(Arc::new(Line { network: network.clone(), over: over.clone(), address: address.clone() }))
        })
    }
}

struct Line {
    network: Network,
    /// Asked for each request: a server that was started again is another one.
    over: Connect,
    address: ServerAddress,
}

/// A request that got through, and what becomes of the answer.
struct Under {
    server: Arc<dyn SyncProtocol>,
    lost: bool,
}

impl Under {
    fn answer<T>(&self, answer: Result<T, ProtocolError>) -> Result<T, ProtocolError> {
        if self.lost { Err(ProtocolError::Unreachable("the answer was lost".into())) } else { answer }
    }
}

impl Line {
    async fn send(&self, what: &'static str) -> Result<Under, ProtocolError> {
        let state = &self.network.0;
        if state.off.load(Ordering::SeqCst) {
            return Err(ProtocolError::NoNetwork);
        }
        state.requests.lock().unwrap().push(what);
        let before = state.before.lock().unwrap().take_if(|(of, _)| *of == what);
        if let Some((_, act)) = before {
            act.await;
        }
        let fault = state.faults.lock().unwrap().pop_front().flatten();
        if fault == Some(Fault::DropRequest) {
            return Err(ProtocolError::Unreachable("the request was lost".into()));
        }
        if let Some((of, answer)) = &*state.refused.lock().unwrap()
            && *of == what
        {
            return Err(answer.clone());
        }
        let instead = state.instead.lock().unwrap().clone();
        let server = match instead {
            Some(server) => server,
            None => (self.over)(&self.address)?,
        };
        Ok(Under { server, lost: fault == Some(Fault::DropAnswer) })
    }
}

#[async_trait]
impl SyncProtocol for Line {
    async fn info(&self) -> Result<ServerInfo, ProtocolError> {
        let under = self.send("info").await?;
        under.answer(under.server.info().await)
    }

    async fn prelogin(&self, user: &str) -> Result<KdfParams, ProtocolError> {
        let under = self.send("prelogin").await?;
        under.answer(under.server.prelogin(user).await)
    }

    async fn create_account(&self, request: CreateAccount) -> Result<Session, ProtocolError> {
        let under = self.send("create_account").await?;
        under.answer(under.server.create_account(request).await)
    }

    async fn login(&self, request: Login) -> Result<Session, ProtocolError> {
        let under = self.send("login").await?;
        under.answer(under.server.login(request).await)
    }

    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        let under = self.send("get_keys").await?;
        under.answer(under.server.get_keys(token).await)
    }

    async fn put_keys(&self, token: &Token, request: PutKeys) -> Result<u64, ProtocolError> {
        let under = self.send("put_keys").await?;
        under.answer(under.server.put_keys(token, request).await)
    }

    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        let under = self.send("push").await?;
        under.answer(under.server.push(token, request).await)
    }

    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        let under = self.send("log").await?;
        let small = self.network.0.small_pages.load(Ordering::SeqCst);
        let max_bytes = if small { request.max_bytes.min(1) } else { request.max_bytes };
        under.answer(under.server.log(token, LogRequest { max_bytes, ..request }).await)
    }

    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError> {
        let under = self.send("missing").await?;
        under.answer(under.server.missing(token, request).await)
    }

    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        let under = self.send("fetch").await?;
        under.answer(under.server.fetch(token, request).await)
    }

    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        let under = self.send("heal").await?;
        under.answer(under.server.heal(token, request).await)
    }

    async fn put_blob(&self, token: &Token, space: SpaceId, cid: Cid, sealed: Vec<u8>) -> Result<(), ProtocolError> {
        let under = self.send("put_blob").await?;
        under.answer(under.server.put_blob(token, space, cid, sealed).await)
    }

    async fn get_blob(&self, token: &Token, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ProtocolError> {
        let under = self.send("get_blob").await?;
        under.answer(under.server.get_blob(token, space, cid).await)
    }

    async fn events(&self, token: &Token, space: SpaceId) -> Result<Box<dyn EventStream>, ProtocolError> {
        let under = self.send("events").await?;
        under.answer(under.server.events(token, space).await)
    }
}
