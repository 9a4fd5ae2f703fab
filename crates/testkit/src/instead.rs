//! A server that answers some requests in its own way, and the rest as the real one does.

use async_trait::async_trait;
use holdfast_protocol::{
    Cid, CreateAccount, FetchRequest, Fetched, HealRequest, KdfParams, LogAnswer, LogRequest, Login, Missing,
    MissingRequest, ProtocolError, PushOutcome, PushRequest, PutKeys, ServerInfo, Session, SpaceId, SyncProtocol,
    Token,
};
use holdfast_server::Core;

/// What is answered in another way than the real server would; everything as it would where nothing is said.
#[async_trait]
pub trait Instead: Send + Sync {
    /// The real server.
    fn core(&self) -> &Core;

    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        self.core().get_keys(token).await
    }

    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        self.core().push(token, request).await
    }

    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        self.core().log(token, request).await
    }

    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError> {
        self.core().missing(token, request).await
    }

    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        self.core().fetch(token, request).await
    }

    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        self.core().heal(token, request).await
    }
}

/// Such a server, for [`Network::answer_instead`](crate::Network::answer_instead).
pub struct Other<T>(pub T);

#[async_trait]
impl<T: Instead> SyncProtocol for Other<T> {
    async fn info(&self) -> Result<ServerInfo, ProtocolError> {
        self.0.core().info().await
    }

    async fn prelogin(&self, user: &str) -> Result<KdfParams, ProtocolError> {
        self.0.core().prelogin(user).await
    }

    async fn create_account(&self, request: CreateAccount) -> Result<Session, ProtocolError> {
        self.0.core().create_account(request).await
    }

    async fn login(&self, request: Login) -> Result<Session, ProtocolError> {
        self.0.core().login(request).await
    }

    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        self.0.get_keys(token).await
    }

    async fn put_keys(&self, token: &Token, request: PutKeys) -> Result<u64, ProtocolError> {
        self.0.core().put_keys(token, request).await
    }

    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        self.0.push(token, request).await
    }

    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        self.0.log(token, request).await
    }

    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError> {
        self.0.missing(token, request).await
    }

    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        self.0.fetch(token, request).await
    }

    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        self.0.heal(token, request).await
    }

    async fn put_blob(&self, token: &Token, space: SpaceId, cid: Cid, sealed: Vec<u8>) -> Result<(), ProtocolError> {
        self.0.core().put_blob(token, space, cid, sealed).await
    }

    async fn get_blob(&self, token: &Token, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ProtocolError> {
        self.0.core().get_blob(token, space, cid).await
    }
}
