//! A server in a folder of its own, with a clock that stands still, and devices that push to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ed25519_dalek::{Signer as _, SigningKey};
use holdfast_protocol::*;
use holdfast_server::{Clock, Core, CoreOptions, RunningServer, Server, ServerConfig, Tamper};
use holdfast_sync_http::HttpClient;
use tempfile::TempDir;

pub const START_MS: u64 = 1_800_000_000_000;
pub const QUOTA: u64 = 40 * 1024 * 1024;

pub struct World {
    pub dir: TempDir,
    pub now_ms: Arc<AtomicU64>,
    pub core: Core,
    pub api: Arc<dyn SyncProtocol>,
    pub server: Option<RunningServer>,
}

impl World {
    pub fn options(now_ms: &Arc<AtomicU64>) -> CoreOptions {
        let now_ms = Arc::clone(now_ms);
        let clock: Clock = Arc::new(move || now_ms.load(Ordering::SeqCst));
        CoreOptions { clock, quota_bytes: Some(QUOTA), ..CoreOptions::default() }
    }

    pub fn direct() -> Self {
        let (dir, now_ms) = (tempfile::tempdir().unwrap(), Arc::new(AtomicU64::new(START_MS)));
        let core = Core::open(dir.path(), Self::options(&now_ms)).unwrap();
        Self { dir, now_ms, api: Arc::new(core.clone()), core, server: None }
    }

    pub async fn https() -> Self {
        Self::tampered(Tamper::default()).await
    }

    pub async fn tampered(tamper: Tamper) -> Self {
        let (dir, now_ms) = (tempfile::tempdir().unwrap(), Arc::new(AtomicU64::new(START_MS)));
        let options = CoreOptions { tamper, ..Self::options(&now_ms) };
        let config = ServerConfig { options, ..ServerConfig::new(dir.path(), "127.0.0.1:0") };
        let server = Server::start(config).await.unwrap();
        let api = Arc::new(HttpClient::new(&server.join_link.url, server.join_link.pin).unwrap());
        Self { dir, now_ms, api, core: server.core().clone(), server: Some(server) }
    }

    pub fn pass_ms(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// A request to make an account, all of whose ids and secrets come from `n`.
    pub fn creation(&self, user: &str, n: u8) -> CreateAccount {
        let (invitation, _) = self.core.invite(3600).unwrap();
        CreateAccount {
            invitation,
            user: user.into(),
            account: AccountId([n; 16]),
            space: SpaceId([n; 16]),
            kdf: KdfParams { salt: [n; 16], memory_kib: 65_536, passes: 3, lanes: 1 },
            passphrase_auth: LoginSecret([n; 32]),
            code_auth: LoginSecret([n + 100; 32]),
            keys: vec![n; 100],
            device: Device::new(n, SpaceId([n; 16])).registration(),
        }
    }

    /// Account `n` with its first device, signed in.
    pub async fn account(&self, user: &str, n: u8) -> (Token, Device) {
        let session = self.api.create_account(self.creation(user, n)).await.ok().unwrap();
        (Token(session.token), Device::new(n, session.space))
    }

    pub async fn read(&self, token: &Token, space: SpaceId, at: LogHead, max_bytes: u32) -> LogAnswer {
        let LogHead { log_epoch, seq, link } = at;
        self.api
            .log(token, LogRequest { space, log_epoch, seq, link, max_bytes, packs: None, releases: None })
            .await
            .unwrap()
    }

    /// The whole log, checked.
    pub async fn whole_log(&self, token: &Token, space: SpaceId) -> LogPage {
        let LogAnswer::Page(page) = self.read(token, space, BEGINNING, u32::MAX).await else { panic!("rebase") };
        assert_eq!(LinkChain::start(space).feed(&page), Ok(page.head));
        page
    }
}

pub const BEGINNING: LogHead = LogHead { log_epoch: 0, seq: 0, link: Hash::ZERO };

/// A device that signs batches, as the client does.
#[derive(Clone)]
pub struct Device {
    pub key: SigningKey,
    pub id: DeviceId,
    pub space: SpaceId,
    pub ctr: u64,
    pub prev: Hash,
    pub seen: LogHead,
}

impl Device {
    pub fn new(n: u8, space: SpaceId) -> Self {
        let key = SigningKey::from_bytes(&[n; 32]);
        Self { key, id: DeviceId([n; 16]), space, ctr: 0, prev: Hash::ZERO, seen: BEGINNING }
    }

    /// Its word that this session is its own.
    pub fn claim(&self, token: &Token) -> Claim {
        self.signed(&session_bytes(token, self.id))
    }

    pub fn signed(&self, bytes: &[u8]) -> Claim {
        Claim { device: self.id, signature: self.key.sign(bytes).to_bytes() }
    }

    pub fn registration(&self) -> DeviceRegistration {
        DeviceRegistration { device: self.id, sign_pk: self.key.verifying_key().to_bytes() }
    }

    /// The next batch; the device stays where it is until `accepted`.
    pub fn batch(&self, entries: Vec<Entry>) -> PushRequest {
        let LogHead { log_epoch, seq, link } = self.seen;
        let mut manifest = BatchManifest {
            space: self.space,
            device: self.id,
            ctr: self.ctr + 1,
            prev: self.prev,
            seen: Seen { log_epoch, seq, link, members: Hash::ZERO },
            rids: entries.iter().map(|entry| entry.rid).collect(),
            heirs: Vec::new(),
            state: None,
            mark: None,
            signature: [0; 64],
        };
        self.sign(&mut manifest);
        PushRequest { manifest, entries, keys: None }
    }

    pub fn sign(&self, manifest: &mut BatchManifest) {
        manifest.signature = self.key.sign(&signed_bytes(manifest)).to_bytes();
    }

    pub fn accepted(&mut self, request: &PushRequest) {
        self.ctr = request.manifest.ctr;
        self.prev = batch_hash(&request.manifest);
    }

    /// Pushes and expects that it is stored.
    pub async fn push(&mut self, world: &World, token: &Token, entries: Vec<Entry>) -> (Vec<Stored>, LogHead) {
        let request = self.batch(entries);
        let outcome = world.api.push(token, request.clone()).await.unwrap();
        let PushOutcome::Accepted { stored, head } = outcome else { panic!("{outcome:?}") };
        self.accepted(&request);
        (stored, head)
    }
}

/// Entry `n` with a body of so many bytes.
pub fn entry(n: u8, len: usize) -> Entry {
    Entry { kind: EntryKind::Revision, rid: Rid([n; 32]), key_epoch: 1, body: vec![n; len] }
}
