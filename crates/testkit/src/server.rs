//! A server in a folder of its own: its core called directly, or over real HTTPS. It lies on demand, and starts again
//! on the same data.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use holdfast_notebook::sync::{Connect, ServerAddress};
use holdfast_protocol::{JoinLink, LogAnswer, LogPage, ProtocolError, PushOutcome};
use holdfast_server::{Core, CoreOptions, PackFigures, RunningServer, Server, ServerConfig, Tamper};
use holdfast_sync_http::HttpClient;
use tempfile::TempDir;

use crate::TestClock;

type Hook<T> = Mutex<Option<Box<dyn FnMut(T) -> Result<T, ProtocolError> + Send>>>;

#[derive(Default)]
struct Hooks {
    push: Hook<PushOutcome>,
    log: Hook<LogAnswer>,
    blob: Hook<Vec<u8>>,
    keys: Hook<Vec<u8>>,
}

/// What a server says instead of the truth, until it is told to be honest again.
#[derive(Clone, Default)]
pub struct Lies(Arc<Hooks>);

fn told<T>(hook: &Hook<T>, honest: T) -> Result<T, ProtocolError> {
    match &mut *hook.lock().unwrap() {
        Some(lie) => lie(honest),
        None => Ok(honest),
    }
}

impl Lies {
    /// About every page of the log.
    pub fn about_pages(&self, mut lie: impl FnMut(&mut LogPage) + Send + 'static) {
        *self.0.log.lock().unwrap() = Some(Box::new(move |answer| match answer {
            LogAnswer::Page(mut page) => {
                lie(&mut page);
                Ok(LogAnswer::Page(page))
            }
            other @ LogAnswer::Rebase { .. } => Ok(other),
        }));
    }

    /// About every answer to a reader.
    pub fn about_log(&self, lie: impl FnMut(LogAnswer) -> Result<LogAnswer, ProtocolError> + Send + 'static) {
        *self.0.log.lock().unwrap() = Some(Box::new(lie));
    }

    /// About what became of a push, or of what was sent to a restored server again.
    pub fn about_push(&self, lie: impl FnMut(PushOutcome) -> Result<PushOutcome, ProtocolError> + Send + 'static) {
        *self.0.push.lock().unwrap() = Some(Box::new(lie));
    }

    pub fn about_blobs(&self, lie: impl FnMut(Vec<u8>) -> Result<Vec<u8>, ProtocolError> + Send + 'static) {
        *self.0.blob.lock().unwrap() = Some(Box::new(lie));
    }

    pub fn about_keys(&self, lie: impl FnMut(Vec<u8>) -> Result<Vec<u8>, ProtocolError> + Send + 'static) {
        *self.0.keys.lock().unwrap() = Some(Box::new(lie));
    }

    pub fn be_honest(&self) {
        *self.0.push.lock().unwrap() = None;
        *self.0.log.lock().unwrap() = None;
        *self.0.blob.lock().unwrap() = None;
        *self.0.keys.lock().unwrap() = None;
    }

    fn tamper(&self) -> Tamper {
        let (push, log, blob, keys) = (self.0.clone(), self.0.clone(), self.0.clone(), self.0.clone());
        Tamper {
            push: Some(Arc::new(move |honest| told(&push.push, honest))),
            log: Some(Arc::new(move |honest| told(&log.log, honest))),
            blob: Some(Arc::new(move |honest| told(&blob.blob, honest))),
            keys: Some(Arc::new(move |honest| told(&keys.keys, honest))),
        }
    }
}

enum Door {
    /// Requests are function calls; the slot is empty while the server is down.
    Direct(Arc<Mutex<Option<Core>>>),
    Https {
        listen: String,
        running: Option<RunningServer>,
    },
}

pub struct TestServer {
    data: PathBuf,
    /// Where the data is this server's own.
    _dir: Option<TempDir>,
    clock: TestClock,
    pub lies: Lies,
    door: Door,
}

/// A server's data at one moment.
pub struct Backup(Vec<(PathBuf, Vec<u8>)>);

/// Every file below a folder, by its path in it.
pub(crate) fn read_files(root: &Path, below: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            read_files(root, &path, files);
        } else {
            files.push((path, fs::read(entry.path()).unwrap()));
        }
    }
}

/// What a link to a server without HTTPS says.
const DIRECT_URL: &str = "https://direct.invalid";

impl TestServer {
    /// Without a network between.
    pub fn direct(clock: &TestClock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().to_owned();
        Self { _dir: Some(dir), ..Self::direct_on(&data, clock) }
    }

    /// As [`TestServer::direct`], on data that somebody else keeps.
    pub fn direct_on(data: &Path, clock: &TestClock) -> Self {
        let mut server = Self {
            data: data.to_owned(),
            _dir: None,
            clock: clock.clone(),
            lies: Lies::default(),
            door: Door::Direct(Arc::default()),
        };
        server.open_direct();
        server
    }

    pub async fn https(clock: &TestClock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Self {
            data: dir.path().to_owned(),
            _dir: Some(dir),
            clock: clock.clone(),
            lies: Lies::default(),
            door: Door::Https { listen: "127.0.0.1:0".into(), running: None },
        };
        server.start().await;
        server
    }

    fn options(&self) -> CoreOptions {
        CoreOptions { clock: self.clock.for_server(), tamper: self.lies.tamper(), ..CoreOptions::default() }
    }

    fn open_direct(&mut self) {
        let core = Core::open(&self.data, self.options()).unwrap();
        if let Door::Direct(slot) = &self.door {
            *slot.lock().unwrap() = Some(core);
        }
    }

    /// Starts again after [`TestServer::stop`], on the same data and at the same address.
    pub async fn start(&mut self) {
        if matches!(self.door, Door::Direct(_)) {
            return self.open_direct();
        }
        let options = self.options();
        if let Door::Https { listen, running } = &mut self.door {
            let config = ServerConfig { options, ..ServerConfig::new(&self.data, listen.clone()) };
            let started = Server::start(config).await.unwrap();
            *listen = started.addr.to_string();
            *running = Some(started);
        }
    }

    pub async fn stop(&mut self) {
        match &mut self.door {
            Door::Direct(slot) => *slot.lock().unwrap() = None,
            Door::Https { running, .. } => {
                if let Some(running) = running.take() {
                    running.stop().await.unwrap();
                }
            }
        }
    }

    /// The server itself. Panics while it is down.
    pub fn core(&self) -> Core {
        match &self.door {
            Door::Direct(slot) => slot.lock().unwrap().clone().unwrap(),
            Door::Https { running, .. } => running.as_ref().unwrap().core().clone(),
        }
    }

    /// The folder with the server's data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// All of its data as it is now, as a backup has it. Stops it for the moment.
    pub async fn backup(&mut self) -> Backup {
        self.stop().await;
        let mut files = Vec::new();
        read_files(&self.data, Path::new(""), &mut files);
        self.start().await;
        Backup(files)
    }

    /// Starts again on the data of a backup.
    pub async fn restore(&mut self, backup: &Backup) {
        self.stop().await;
        for entry in fs::read_dir(&self.data).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        for (below, bytes) in &backup.0 {
            let path = self.data.join(below);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        self.start().await;
    }

    /// The packs over its log, in order.
    pub fn packs(&self) -> Vec<PackFigures> {
        self.core().figures().unwrap().packs
    }

    /// How many revisions of its log have no body any more, and how many bytes the bodies of all entries are.
    pub fn bodies(&self) -> (u64, u64) {
        let figures = self.core().figures().unwrap();
        (figures.without_body, figures.body_bytes)
    }

    /// A join link that ends after so many seconds.
    pub fn link_for(&self, ttl_s: u64) -> String {
        let (invitation, expires_ms) = self.core().invite(ttl_s).unwrap();
        let (url, pin) = match &self.door {
            Door::Direct(_) => (DIRECT_URL.to_owned(), [7; 32]),
            Door::Https { running, .. } => {
                let link = &running.as_ref().unwrap().join_link;
                (link.url.clone(), link.pin)
            }
        };
        JoinLink::new(&url, pin, Some(invitation), expires_ms).unwrap().to_string()
    }

    /// A join link of an hour.
    pub fn link(&self) -> String {
        self.link_for(3600)
    }

    /// How devices reach it.
    pub fn connect(&self) -> Connect {
        match &self.door {
            Door::Direct(slot) => {
                let slot = slot.clone();
                Arc::new(move |_| match slot.lock().unwrap().clone() {
                    Some(core) => Ok(Arc::new(core)),
                    None => Err(ProtocolError::Unreachable("the server is down".into())),
                })
            }
            Door::Https { .. } => {
                let made: Mutex<Vec<(ServerAddress, HttpClient)>> = Mutex::default();
                Arc::new(move |address| {
                    let mut made = made.lock().unwrap();
                    if let Some((_, client)) = made.iter().find(|(known, _)| known == address) {
                        return Ok(Arc::new(client.clone()));
                    }
                    let client = HttpClient::new(&address.url, address.pin)?;
                    made.push((address.clone(), client.clone()));
                    Ok(Arc::new(client))
                })
            }
        }
    }
}
