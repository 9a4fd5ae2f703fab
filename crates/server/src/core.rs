//! The server without a network: [`SyncProtocol`] over storage.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use holdfast_protocol::limits::{MAX_BATCH_BYTES, MAX_BLOB_BYTES, MAX_ENTRY_BYTES, WIRE_VERSION};
use holdfast_protocol::{
    AccountId, Cid, CreateAccount, EventStream, FetchRequest, Fetched, HealRequest, KdfParams, LogAnswer, LogPage,
    LogRequest, Login, Missing, MissingRequest, ProtocolError, PushOutcome, PushRequest, PutKeys, ServerInfo, Session,
    SpaceId, SyncProtocol, Token, keys_hash,
};

use crate::accounts::{self, folded};
use crate::events::{Events, Listener};
use crate::files::make_private_dir;
use crate::heal;
use crate::login_limit::LoginLimit;
use crate::packs::{self, LogFigures};
use crate::push::{check_shape, is_known, owned_space, push};
use crate::releases;
use crate::secrets::token_hash;
use crate::storage::{SessionRow, Storage, Tx};
use crate::{CoreOptions, ServerError, Tamper, Work};

/// Expired invitations are told from unknown ones for this long.
const REMEMBER_EXPIRED_MS: u64 = 90 * 24 * 3600 * 1000;

/// The protocol over storage. Cheap to clone; all clones are one server. Needs a Tokio runtime, but for [`Work::InPlace`].
#[derive(Clone)]
pub struct Core(Arc<Inner>);

struct Inner {
    storage: Storage,
    login_limit: Mutex<LoginLimit>,
    events: Events,
    options: CoreOptions,
}

impl Core {
    /// Opens the data folder, or makes it.
    pub fn open(data: &Path, options: CoreOptions) -> Result<Self, ServerError> {
        make_private_dir(data)?;
        let storage = Storage::open(data)?;
        releases::sweep(&storage)?;
        Ok(Self(Arc::new(Inner { storage, login_limit: Mutex::default(), events: Events::default(), options })))
    }

    /// A new invitation and when it ends, in milliseconds since 1970. Any number of accounts may be made with it.
    pub fn invite(&self, ttl_s: u64) -> Result<(Vec<u8>, u64), ServerError> {
        let now_ms = self.now_ms();
        let expires_ms = now_ms.saturating_add(ttl_s.saturating_mul(1000)).min(i64::MAX as u64);
        let invitation: [u8; 16] = self.0.options.randomness.bytes()?;
        let forget_ms = now_ms.saturating_sub(REMEMBER_EXPIRED_MS);
        self.0.storage.write(|tx| tx.insert_invitation(&token_hash(&invitation), expires_ms, forget_ms))?;
        Ok((invitation.to_vec(), expires_ms))
    }

    /// Begins a new log epoch in every space: after the data was restored from a backup, so that every device compares
    /// what it has. Without this the first device that notices causes it, in its own space.
    pub fn begin_new_epochs(&self) -> Result<(), ServerError> {
        self.0.storage.write(|tx| {
            for space in tx.all_spaces()? {
                let mut row = tx.space(space)?.ok_or(ServerError::Damaged("space"))?;
                heal::begin_epoch(tx, &self.0.options.randomness, space, &mut row)?;
                tx.update_space(space, &row)?;
            }
            Ok(())
        })
    }

    /// For tests.
    #[doc(hidden)]
    pub fn figures(&self) -> Result<LogFigures, ServerError> {
        self.0.storage.read(|tx| tx.log_figures())
    }

    /// Whether the token is a session's: asked before a large body is read.
    pub(crate) async fn authorize(&self, token: Token) -> Result<(), ProtocolError> {
        let now_ms = self.now_ms();
        self.blocking(move |inner| inner.storage.read(|tx| session(tx, &token, now_ms)).map(drop)).await
    }

    /// Streams of events that are open.
    pub(crate) fn open_streams(&self) -> usize {
        self.0.events.open()
    }

    fn now_ms(&self) -> u64 {
        (self.0.options.clock)()
    }

    /// Work that has begun goes on where whoever asked is gone; nothing after this does. So what a commit is to be
    /// followed by belongs into `work`.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ServerError> + Send + 'static,
    ) -> Result<T, ProtocolError> {
        let inner = Arc::clone(&self.0);
        if inner.options.work == Work::InPlace {
            return work(&inner).map_err(ServerError::into_answer);
        }
        let done = tokio::task::spawn_blocking(move || work(&inner).map_err(ServerError::into_answer)).await;
        done.unwrap_or_else(|_| Err(ProtocolError::Server("see the server's log".into())))
    }
}

/// The account of a session. A device that was removed hears that, and nothing else.
fn session(tx: &Tx<'_>, token: &Token, now_ms: u64) -> Result<AccountId, ServerError> {
    whole_session(tx, token, now_ms).map(|session| session.account)
}

fn whole_session(tx: &Tx<'_>, token: &Token, now_ms: u64) -> Result<SessionRow, ServerError> {
    match tx.session(&token_hash(&token.0), now_ms)? {
        None => Err(ProtocolError::Unauthorized.into()),
        Some(session) if session.removed && !crate::planted("removed-is-served") => {
            Err(ProtocolError::DeviceRemoved.into())
        }
        Some(session) => Ok(session),
    }
}

impl Inner {
    /// Tells those who listen that the log has grown; after the commit.
    fn tell(&self, space: SpaceId, outcome: &PushOutcome) {
        if let PushOutcome::Accepted { head, .. } = outcome {
            self.events.tell(space, *head);
        }
    }

    fn login_limit(&self) -> std::sync::MutexGuard<'_, LoginLimit> {
        self.login_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn login(&self, request: &Login, now_ms: u64) -> Result<Session, ServerError> {
        let user = folded(&request.user)?;
        let allowed = || match self.login_limit().wait_s(&user, now_ms) {
            Some(wait_s) => Err(ProtocolError::Busy { retry_after_s: Some(wait_s) }),
            None => Ok(()),
        };
        // Before the wait for the disk: who has to wait keeps nobody else from it.
        allowed()?;
        self.storage.write(|tx| {
            // Again, where there is one after the other: of many guesses at once each sees those before it.
            allowed()?;
            let answer = accounts::login(tx, &self.options.randomness, &user, request, now_ms);
            match &answer {
                Ok(_) => self.login_limit().succeeded(&user),
                Err(ServerError::Answer(ProtocolError::WrongLogin)) => self.login_limit().failed(&user, now_ms),
                Err(_) => {}
            }
            answer
        })
    }

    fn put_blob(&self, token: &Token, now_ms: u64, space: SpaceId, cid: Cid, sealed: &[u8]) -> Result<(), ServerError> {
        if sealed.len() > MAX_BLOB_BYTES {
            return Err(ProtocolError::TooLarge.into());
        }
        if blake3::hash(sealed).as_bytes() != &cid.0 && !crate::planted("blob-unhashed") {
            return Err(ProtocolError::Refused("the blob is not what its id says".into()).into());
        }
        let quota = self.options.quota_bytes;
        // The file first: a row never names a file that is not on disk.
        let is_there = self.storage.read(|tx| {
            let account = session(tx, token, now_ms)?;
            let row = owned_space(tx, account, space)?;
            // A file that a restored backup lacks is written anew.
            let is_there = tx.has_blob(space, cid)? && self.storage.blobs.has(cid);
            let full = quota.is_some_and(|quota| row.stored_bytes + sealed.len() as u64 > quota);
            if full && !is_there { Err(ProtocolError::TooLarge.into()) } else { Ok(is_there) }
        })?;
        if is_there {
            return Ok(());
        }
        self.storage.blobs.write(cid, sealed, u64::from_be_bytes(self.options.randomness.bytes()?))?;
        self.storage.write(|tx| {
            let account = session(tx, token, now_ms)?;
            let mut row = owned_space(tx, account, space)?;
            // Its file may have gone since, with the last row that named it.
            if !self.storage.blobs.has(cid) {
                self.storage.blobs.write(cid, sealed, u64::from_be_bytes(self.options.randomness.bytes()?))?;
            }
            if tx.has_blob(space, cid)? {
                return Ok(());
            }
            row.stored_bytes += sealed.len() as u64;
            tx.insert_blob(space, cid, sealed.len() as u64)?;
            tx.update_space(space, &row)
        })
    }

    fn get_blob(&self, token: &Token, now_ms: u64, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ServerError> {
        self.storage.read(|tx| {
            let account = session(tx, token, now_ms)?;
            owned_space(tx, account, space)?;
            let is_there = tx.has_blob(space, cid)? || crate::planted("blob-of-anybody") && self.storage.blobs.has(cid);
            if is_there { Ok(()) } else { Err(ProtocolError::NotFound.into()) }
        })?;
        match self.storage.blobs.read(cid) {
            Ok(sealed) => Ok(sealed),
            // A restored backup may lack it: who has it sends it again, and nobody else waits for it.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(ProtocolError::NotFound.into()),
            Err(e) => Err(e.into()),
        }
    }
}

#[async_trait]
impl SyncProtocol for Core {
    async fn info(&self) -> Result<ServerInfo, ProtocolError> {
        Ok(ServerInfo {
            version: WIRE_VERSION,
            max_batch_bytes: MAX_BATCH_BYTES as u32,
            max_entry_bytes: MAX_ENTRY_BYTES as u32,
            max_blob_bytes: MAX_BLOB_BYTES as u64,
            now_ms: self.now_ms(),
        })
    }

    async fn prelogin(&self, user: &str) -> Result<KdfParams, ProtocolError> {
        let user = folded(user)?;
        self.blocking(move |inner| inner.storage.write(|tx| accounts::prelogin(tx, &inner.options.randomness, &user)))
            .await
    }

    async fn create_account(&self, request: CreateAccount) -> Result<Session, ProtocolError> {
        let now_ms = self.now_ms();
        let mut session = self
            .blocking(move |inner| {
                inner.storage.write(|tx| accounts::create(tx, &inner.options.randomness, &request, now_ms))
            })
            .await?;
        session.keys = Tamper::apply(self.0.options.tamper.keys.as_ref(), session.keys)?;
        Ok(session)
    }

    async fn login(&self, request: Login) -> Result<Session, ProtocolError> {
        let now_ms = self.now_ms();
        let mut session = self.blocking(move |inner| inner.login(&request, now_ms)).await?;
        session.keys = Tamper::apply(self.0.options.tamper.keys.as_ref(), session.keys)?;
        Ok(session)
    }

    async fn get_keys(&self, token: &Token) -> Result<(Vec<u8>, u64), ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        let read = move |inner: &Inner| inner.storage.read(|tx| tx.keys(session(tx, &token, now_ms)?));
        let (keys, version) = self.blocking(read).await?;
        Ok((Tamper::apply(self.0.options.tamper.keys.as_ref(), keys)?, version))
    }

    async fn put_keys(&self, token: &Token, request: PutKeys) -> Result<u64, ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        let put = move |inner: &Inner| {
            let (version, told) = inner.storage.write(|tx| {
                let session = whole_session(tx, &token, now_ms)?;
                let put = accounts::put_keys(tx, &token, &session, &request)?;
                if !put.shut_out {
                    return Ok((put.version, None));
                }
                let space = tx.personal_space(session.account)?;
                let row = space.map(|space| owned_space(tx, session.account, space)).transpose()?;
                Ok((put.version, space.zip(row.map(|row| row.head))))
            })?;
            if let Some((space, head)) = told {
                inner.events.look_again(space, head);
            }
            Ok(version)
        };
        self.blocking(put).await
    }

    async fn push(&self, token: &Token, request: PushRequest) -> Result<PushOutcome, ProtocolError> {
        check_shape(&request)?;
        let (token, now_ms) = (token.clone(), self.now_ms());
        let (space, quota_bytes) = (request.manifest.space, self.0.options.quota_bytes);
        let outcome = self
            .blocking(move |inner| {
                let outcome = inner.storage.transact(|tx| {
                    let account = session(tx, &token, now_ms)?;
                    push(tx, account, &request, quota_bytes)
                })?;
                inner.tell(space, &outcome);
                Ok(outcome)
            })
            .await?;
        Tamper::apply(self.0.options.tamper.push.as_ref(), outcome)
    }

    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        let quota_bytes = self.0.options.quota_bytes;
        let read = move |inner: &Inner| {
            let LogRequest { space, log_epoch, seq, link, max_bytes, packs: knows, .. } = request;
            let times = (now_ms, &inner.options.releases);
            let (of_packs, of_releases) = inner.storage.read(|tx| {
                let session = whole_session(tx, &token, now_ms)?;
                Ok((
                    packs::says_something(tx, &session, &request)?,
                    releases::says_something(tx, &session, &request, times)?,
                ))
            })?;
            if of_packs {
                inner.storage.write(|tx| packs::note(tx, &whole_session(tx, &token, now_ms)?, &request))?;
            }
            if of_releases
                && inner.storage.write(|tx| releases::note(tx, &whole_session(tx, &token, now_ms)?, &request, times))?
            {
                releases::sweep(&inner.storage)?;
            }
            inner.storage.read(|tx| {
                let session = whole_session(tx, &token, now_ms)?;
                let row = owned_space(tx, session.account, space)?;
                let head = row.head;
                if !crate::planted("position-not-checked") && !is_known(tx, space, &head, (log_epoch, seq, link))? {
                    return Ok(LogAnswer::Rebase { head });
                }
                let page = tx.page(space, head, seq, max_bytes as usize, knows.is_some())?;
                let may_pack = knows.map(|_| packs::may_pack(tx, &session, &row, quota_bytes)).transpose()?;
                let may_release = request.releases.map(|_| releases::may_release(tx, &session)).transpose()?;
                let keys = Some(keys_hash(&tx.keys(session.account)?.0));
                let login_salt = Some(tx.login_salt(session.account)?);
                Ok(LogAnswer::Page(LogPage { keys, login_salt, may_pack, may_release, ..page }))
            })
        };
        Tamper::apply(self.0.options.tamper.log.as_ref(), self.blocking(read).await?)
    }

    async fn missing(&self, token: &Token, request: MissingRequest) -> Result<Missing, ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        self.blocking(move |inner| {
            inner.storage.read(|tx| {
                owned_space(tx, session(tx, &token, now_ms)?, request.space)?;
                heal::missing(tx, &inner.storage.blobs, &request)
            })
        })
        .await
    }

    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        self.blocking(move |inner| {
            inner.storage.read(|tx| {
                owned_space(tx, session(tx, &token, now_ms)?, request.space)?;
                tx.fetch(request.space, &request.rids, request.packs == Some(true))
            })
        })
        .await
    }

    async fn heal(&self, token: &Token, request: HealRequest) -> Result<PushOutcome, ProtocolError> {
        heal::check_shape(&request)?;
        let (token, now_ms) = (token.clone(), self.now_ms());
        let (space, quota_bytes) = (request.space, self.0.options.quota_bytes);
        let outcome = self
            .blocking(move |inner| {
                let outcome = inner.storage.transact(|tx| {
                    heal::heal(tx, &inner.options.randomness, session(tx, &token, now_ms)?, &request, quota_bytes)
                })?;
                inner.tell(space, &outcome);
                Ok(outcome)
            })
            .await?;
        Tamper::apply(self.0.options.tamper.push.as_ref(), outcome)
    }

    async fn put_blob(&self, token: &Token, space: SpaceId, cid: Cid, sealed: Vec<u8>) -> Result<(), ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        self.blocking(move |inner| inner.put_blob(&token, now_ms, space, cid, &sealed)).await
    }

    async fn get_blob(&self, token: &Token, space: SpaceId, cid: Cid) -> Result<Vec<u8>, ProtocolError> {
        let (token, now_ms) = (token.clone(), self.now_ms());
        let sealed = self.blocking(move |inner| inner.get_blob(&token, now_ms, space, cid)).await?;
        Tamper::apply(self.0.options.tamper.blob.as_ref(), sealed)
    }

    async fn events(&self, token: &Token, space: SpaceId) -> Result<Box<dyn EventStream>, ProtocolError> {
        let (session_token, now_ms) = (token.clone(), self.now_ms());
        let begin = move |inner: &Inner| {
            let account = inner.storage.read(|tx| {
                let account = session(tx, &session_token, now_ms)?;
                owned_space(tx, account, space).map(|_| account)
            })?;
            // First the place, then the head: no push falls between.
            let place = inner.events.listen(account, space)?;
            let head = inner.storage.read(|tx| Ok(owned_space(tx, account, space)?.head))?;
            Ok((place, head))
        };
        let (place, head) = self.blocking(begin).await?;
        Ok(Box::new(Listener::begin(self.clone(), token.clone(), place, head)))
    }
}
