//! The one interface that the HTTP client and the server both implement.

use async_trait::async_trait;

use crate::{
    Cid, CreateAccount, EventStream, FetchRequest, Fetched, HealRequest, KdfParams, LogAnswer, LogRequest, Login,
    Missing, MissingRequest, ProtocolError, PushOutcome, PushRequest, PutKeys, ServerInfo, Session, SpaceId,
};

/// A bearer token, as `Session` has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub Vec<u8>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What went over a wire. Zeros where nobody counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub bytes_up: u64,
    pub bytes_down: u64,
}

impl Traffic {
    /// What was added since.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            bytes_up: self.bytes_up.saturating_sub(before.bytes_up),
            bytes_down: self.bytes_down.saturating_sub(before.bytes_down),
        }
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, more: Self) {
        self.bytes_up += more.bytes_up;
        self.bytes_down += more.bytes_down;
    }
}

/// Sync as seen by a client. The server's handlers implement it over storage, `sync-http` over the wire:
/// whatever passes against one passes against the other.
#[async_trait]
pub trait SyncProtocol: Send + Sync {
    async fn info(&self) -> Result<ServerInfo, ProtocolError>;
    /// What went over the wire since this was made, for the log that a person reads.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
    /// Answers for unknown users too, with parameters that do not tell them apart.
    async fn prelogin(&self, user: &str) -> Result<KdfParams, ProtocolError>;
    async fn create_account(&self, request: CreateAccount) -> Result<Session, ProtocolError>;
    async fn login(&self, request: Login) -> Result<Session, ProtocolError>;
    /// The account's newest sealed keys and their version.
    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError>;
    /// The new version, or `ProtocolError::KeysChanged`.
    async fn put_keys(&self, token: &Token, request: PutKeys) -> Result<u64, ProtocolError>;
    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError>;
    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError>;
    /// Which of these ids and blobs the server does not have.
    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError>;
    /// Single entries, as many as fit a page.
    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError>;
    /// Brings back what the server lost. Idempotent.
    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError>;
    /// Idempotent; the server checks `cid = BLAKE3(sealed)`.
    async fn put_blob(&self, token: &Token, space: SpaceId, cid: Cid, sealed: Vec<u8>) -> Result<(), ProtocolError>;
    async fn get_blob(&self, token: &Token, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ProtocolError>;

    /// Pokes for a space. [`ProtocolError::NotFound`] where the server has none, as those that came before them:
    /// then there are polls only.
    async fn events(&self, token: &Token, space: SpaceId) -> Result<Box<dyn EventStream>, ProtocolError> {
        let _ = (token, space);
        Err(ProtocolError::NotFound)
    }
}
