//! A real server that says something else than the truth when a test wants it to.

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use holdfast_protocol::{LogAnswer, LogPage, PushOutcome};
use holdfast_server::{CoreOptions, Server, ServerConfig, Tamper};
use tokio::sync::oneshot;

type Lie<T> = Arc<Mutex<Option<Box<dyn FnMut(T) -> T + Send>>>>;

/// What the server says instead of the truth; nothing is the truth.
#[derive(Clone, Default)]
pub struct Lies {
    push: Lie<PushOutcome>,
    log: Lie<LogAnswer>,
    blob: Lie<Vec<u8>>,
    keys: Lie<Vec<u8>>,
}

fn told<T>(lie: &Lie<T>, honest: T) -> T {
    match &mut *lie.lock().unwrap() {
        Some(lie) => lie(honest),
        None => honest,
    }
}

fn tell<T: 'static>(lie: &Lie<T>, mut alter: impl FnMut(&mut T) + Send + 'static) {
    *lie.lock().unwrap() = Some(Box::new(move |mut honest| {
        alter(&mut honest);
        honest
    }));
}

impl Lies {
    fn tamper(&self) -> Tamper {
        let Self { push, log, blob, keys } = self.clone();
        Tamper {
            push: Some(Arc::new(move |honest| Ok(told(&push, honest)))),
            log: Some(Arc::new(move |honest| Ok(told(&log, honest)))),
            blob: Some(Arc::new(move |honest| Ok(told(&blob, honest)))),
            keys: Some(Arc::new(move |honest| Ok(told(&keys, honest)))),
        }
    }

    /// About what a reader of the log gets.
    pub fn about_pages(&self, mut lie: impl FnMut(&mut LogPage) + Send + 'static) {
        tell(&self.log, move |answer| match answer {
            LogAnswer::Page(page) => lie(page),
            LogAnswer::Rebase { .. } => {}
        });
    }

    /// About what became of what was sent.
    pub fn about_push(&self, lie: impl FnMut(&mut PushOutcome) + Send + 'static) {
        tell(&self.push, lie);
    }

    /// About an attachment, sealed.
    pub fn about_blobs(&self, lie: impl FnMut(&mut Vec<u8>) + Send + 'static) {
        tell(&self.blob, lie);
    }

    /// About the account's keys.
    pub fn about_keys(&self, lie: impl FnMut(&mut Vec<u8>) + Send + 'static) {
        tell(&self.keys, lie);
    }

    pub fn be_honest(&self) {
        *self.push.lock().unwrap() = None;
        *self.log.lock().unwrap() = None;
        *self.blob.lock().unwrap() = None;
        *self.keys.lock().unwrap() = None;
    }
}

/// The server, in a thread of its own: a test may block. It ends with the test.
pub struct LyingServer {
    pub link: String,
    pub lies: Lies,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LyingServer {
    pub fn start(data: &Path) -> Self {
        let lies = Lies::default();
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let options = CoreOptions { tamper: lies.tamper(), ..CoreOptions::default() };
        let config = ServerConfig { options, ..ServerConfig::new(data, "127.0.0.1:0") };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::start(config).await.unwrap();
                tell.send(server.join_link.to_string()).unwrap();
                // Dropped, if the test panicked, is as good as told.
                let _ = stopped.await;
                server.stop().await.unwrap();
            });
        });
        Self { link: told.recv().unwrap(), lies, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for LyingServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        // It panicked only where the test has failed already, or says so here.
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))), "the lying server failed");
    }
}
