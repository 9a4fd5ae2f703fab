//! The client: one method of [`SyncProtocol`], one request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast_protocol::limits::{
    EVENTS_KEEP_ALIVE, MAX_BLOB_BYTES, MAX_HEAL_BYTES, MAX_IDS_BYTES, MAX_KEYS_MESSAGE_BYTES, MAX_LOG_ANSWER_BYTES,
    MAX_PUSH_BYTES, MAX_SMALL_BYTES, PING_TIMEOUT, REQUEST_TIMEOUT, WINDOW_BYTES, body_time,
};
use holdfast_protocol::{
    Cid, CreateAccount, EVENT_STREAM, EventStream, FetchRequest, Fetched, HealRequest, JoinLink, KdfParams, Keys,
    KeysVersion, LogAnswer, LogRequest, Login, MEDIA_TYPE, Missing, MissingRequest, Prelogin, ProtocolError,
    PushOutcome, PushRequest, PutKeys, ServerInfo, Session, SpaceId, SyncProtocol, Token, Traffic, Wire, decode,
    encode,
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode, redirect};
use tokio::time::timeout;

use crate::counters::{AtomicCounters, Counters, header_bytes};
use crate::events::HttpEvents;
use crate::failure::{bad_answer, is_message, no_answer, too_slow};
use crate::pin::client_config;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the server is asked whether it is still there while a request is under way.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// An answer to a push lists the entries once more.
const MAX_OUTCOME_BYTES: usize = holdfast_protocol::limits::MAX_BATCH_ENTRIES * 64 + MAX_SMALL_BYTES;

/// A connection to one server, known by its pin. Cheap to clone; clones share connections and counters.
#[derive(Clone)]
pub struct HttpClient {
    http: Client,
    base_url: Arc<str>,
    counters: Arc<AtomicCounters>,
    /// For so long a stream of events may be silent.
    silence: Duration,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// A request on its way.
struct Ask<'a> {
    method: Method,
    path: String,
    token: Option<&'a Token>,
    body: Option<(&'static str, Vec<u8>)>,
}

impl<'a> Ask<'a> {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), token: None, body: None }
    }

    fn token(self, token: &'a Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Fails with `TooLarge` before anything is sent.
    fn message<T: Wire>(self, message: &T, max: usize) -> Result<Self, ProtocolError> {
        let bytes = encode(message);
        if bytes.len() > max {
            Err(ProtocolError::TooLarge)
        } else {
            Ok(Self { body: Some((MEDIA_TYPE, bytes)), ..self })
        }
    }
}

/// An answer, whole.
struct Answer {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn error(&self) -> ProtocolError {
        bad_answer(self.status, &self.headers, &self.body)
    }

    /// The message, where the status is one of those that carry it.
    fn message<T: Wire>(&self, statuses: &[StatusCode]) -> Result<T, ProtocolError> {
        if !statuses.contains(&self.status) {
            return Err(self.error());
        }
        if !is_message(&self.headers) {
            return Err(ProtocolError::Malformed("not CBOR".into()));
        }
        decode(&self.body)
    }
}

/// How long a body of that length may take.
fn patience(bytes: usize) -> Duration {
    REQUEST_TIMEOUT + body_time(bytes as u64)
}

impl HttpClient {
    /// Connects to nothing yet. `base_url` is `https://host[:port]`, as a join link has it; fails with `Refused`
    /// for any other.
    pub fn new(base_url: &str, pin: [u8; 32]) -> Result<Self, ProtocolError> {
        let refused = |what: &str| ProtocolError::Refused(what.into());
        let checked = JoinLink::new(base_url, pin, None, 0).map_err(|e| ProtocolError::Refused(e.to_string()))?;
        let tls = client_config(pin).map_err(|_| refused("TLS cannot be set up"))?;
        let http = Client::builder();
        // Where the system watches what was sent, it waits as long: the default is half of what may be on the way.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let http = http.tcp_user_timeout(PING_TIMEOUT);
        let http = http
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_initial_stream_window_size(WINDOW_BYTES)
            .http2_initial_connection_window_size(WINDOW_BYTES)
            .build()
            .map_err(|_| refused("the network cannot be set up"))?;
        Ok(Self { http, base_url: checked.url.into(), counters: Arc::default(), silence: 3 * EVENTS_KEEP_ALIVE })
    }

    /// What went over the wire since this client was made.
    pub fn counters(&self) -> Counters {
        self.counters.get()
    }

    /// For tests: a stream of events that is silent for so long is dead.
    #[doc(hidden)]
    #[must_use]
    pub fn with_silence(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    async fn ask(&self, ask: Ask<'_>, max_answer: usize) -> Result<Answer, ProtocolError> {
        let response = self.begin(ask).await?;
        timeout(patience(max_answer), self.whole(response, max_answer)).await.map_err(|_| too_slow())?
    }

    /// Sends a request, and waits until its answer begins.
    async fn begin(&self, ask: Ask<'_>) -> Result<Response, ProtocolError> {
        let mut request = self.http.request(ask.method, format!("{}{}", self.base_url, ask.path));
        if let Some(token) = ask.token {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", URL_SAFE_NO_PAD.encode(&token.0)))
                .map_err(|_| ProtocolError::Unauthorized)?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        let mut body_bytes = 0;
        if let Some((media_type, body)) = ask.body {
            body_bytes = body.len();
            request = request.header(CONTENT_TYPE, media_type).body(body);
        }
        let request = request.build().map_err(|_| ProtocolError::Refused("not a request".into()))?;
        let line = request.method().as_str().len() + request.url().as_str().len() + 12;
        self.counters.request(line + header_bytes(request.headers()) + body_bytes);
        let begun = timeout(patience(body_bytes), self.http.execute(request)).await.map_err(|_| too_slow())?;
        begun.map_err(|e| no_answer(&e))
    }

    /// Reads the answer, and stops above `max` bytes.
    async fn whole(&self, mut response: Response, max: usize) -> Result<Answer, ProtocolError> {
        let too_long = || ProtocolError::Malformed("the answer is too long".into());
        self.counters.received(17 + header_bytes(response.headers()));
        if response.content_length().is_some_and(|length| length > max as u64) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        loop {
            let chunk = timeout(REQUEST_TIMEOUT, response.chunk()).await.map_err(|_| too_slow())?;
            let Some(chunk) = chunk.map_err(|e| no_answer(&e))? else { break };
            self.counters.received(chunk.len());
            if body.len() + chunk.len() > max {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
    }
}

const OK: &[StatusCode] = &[StatusCode::OK];
const OUTCOMES: &[StatusCode] = &[StatusCode::OK, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];

#[async_trait]
impl SyncProtocol for HttpClient {
    async fn info(&self) -> Result<ServerInfo, ProtocolError> {
        self.ask(Ask::new(Method::GET, "/v1/info"), MAX_SMALL_BYTES).await?.message(OK)
    }

    fn traffic(&self) -> Traffic {
        let counted = self.counters.get();
        Traffic { bytes_up: counted.bytes_up, bytes_down: counted.bytes_down }
    }

    async fn prelogin(&self, user: &str) -> Result<KdfParams, ProtocolError> {
        let request = Prelogin { user: user.to_owned() };
        let ask = Ask::new(Method::POST, "/v1/prelogin").message(&request, MAX_SMALL_BYTES)?;
        self.ask(ask, MAX_SMALL_BYTES).await?.message(OK)
    }

    async fn create_account(&self, request: CreateAccount) -> Result<Session, ProtocolError> {
        let ask = Ask::new(Method::POST, "/v1/accounts").message(&request, MAX_KEYS_MESSAGE_BYTES)?;
        self.ask(ask, MAX_KEYS_MESSAGE_BYTES).await?.message(OK)
    }

    async fn login(&self, request: Login) -> Result<Session, ProtocolError> {
        let ask = Ask::new(Method::POST, "/v1/login").message(&request, MAX_SMALL_BYTES)?;
        self.ask(ask, MAX_KEYS_MESSAGE_BYTES).await?.message(OK)
    }

    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        let ask = Ask::new(Method::GET, "/v1/keys").token(token);
        let keys: Keys = self.ask(ask, MAX_KEYS_MESSAGE_BYTES).await?.message(OK)?;
        Ok((keys.keys, keys.version))
    }

    async fn put_keys(&self, token: &Token, request: PutKeys) -> Result<u64, ProtocolError> {
        let ask = Ask::new(Method::PUT, "/v1/keys").token(token).message(&request, MAX_KEYS_MESSAGE_BYTES)?;
        let made: KeysVersion = self.ask(ask, MAX_SMALL_BYTES).await?.message(OK)?;
        Ok(made.version)
    }

    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        let path = format!("/v1/spaces/{}/push", request.manifest.space);
        let ask = Ask::new(Method::POST, path).token(token).message(&request, MAX_PUSH_BYTES)?;
        self.ask(ask, MAX_OUTCOME_BYTES).await?.message(OUTCOMES)
    }

    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        let LogRequest { space, log_epoch, seq, link, max_bytes, packs, releases } = request;
        let packs = packs.map_or_else(String::new, |checked| format!("&packs={checked}"));
        let releases = releases.map_or("", |kept| if kept { "&releases=1" } else { "&releases=0" });
        let query = format!("log_epoch={log_epoch}&seq={seq}&link={link}&limit={max_bytes}{packs}{releases}");
        let ask = Ask::new(Method::GET, format!("/v1/spaces/{space}/log?{query}")).token(token);
        self.ask(ask, MAX_LOG_ANSWER_BYTES).await?.message(&[StatusCode::OK, StatusCode::CONFLICT])
    }

    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError> {
        let path = format!("/v1/spaces/{}/missing", request.space);
        let ask = Ask::new(Method::POST, path).token(token).message(&request, MAX_IDS_BYTES)?;
        self.ask(ask, MAX_IDS_BYTES).await?.message(OK)
    }

    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        let path = format!("/v1/spaces/{}/fetch", request.space);
        let ask = Ask::new(Method::POST, path).token(token).message(&request, MAX_SMALL_BYTES)?;
        self.ask(ask, MAX_LOG_ANSWER_BYTES).await?.message(OK)
    }

    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        let path = format!("/v1/spaces/{}/heal", request.space);
        let ask = Ask::new(Method::POST, path).token(token).message(&request, MAX_HEAL_BYTES)?;
        self.ask(ask, MAX_OUTCOME_BYTES).await?.message(OUTCOMES)
    }

    async fn put_blob(&self, token: &Token, space: SpaceId, cid: Cid, sealed: Vec<u8>) -> Result<(), ProtocolError> {
        if sealed.len() > MAX_BLOB_BYTES {
            return Err(ProtocolError::TooLarge);
        }
        let ask = Ask::new(Method::PUT, format!("/v1/spaces/{space}/blobs/{cid}")).token(token);
        let ask = Ask { body: Some(("application/octet-stream", sealed)), ..ask };
        let answer = self.ask(ask, MAX_SMALL_BYTES).await?;
        if answer.status == StatusCode::NO_CONTENT { Ok(()) } else { Err(answer.error()) }
    }

    async fn get_blob(&self, token: &Token, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ProtocolError> {
        let ask = Ask::new(Method::GET, format!("/v1/spaces/{space}/blobs/{cid}")).token(token);
        let answer = self.ask(ask, MAX_BLOB_BYTES).await?;
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(answer.error()) }
    }

    async fn events(&self, token: &Token, space: SpaceId) -> Result<Box<dyn EventStream>, ProtocolError> {
        let response = self.begin(Ask::new(Method::GET, format!("/v1/spaces/{space}/events")).token(token)).await?;
        if response.status() != StatusCode::OK {
            let answer = timeout(patience(MAX_SMALL_BYTES), self.whole(response, MAX_SMALL_BYTES));
            return Err(answer.await.map_err(|_| too_slow())??.error());
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_none_or(|kind| kind.split(';').next() != Some(EVENT_STREAM)) {
            return Err(ProtocolError::Malformed("not a stream of events".into()));
        }
        self.counters.received(17 + header_bytes(response.headers()));
        Ok(Box::new(HttpEvents::new(response, self.silence, Arc::clone(&self.counters))))
    }
}
