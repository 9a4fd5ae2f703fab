//! The vault of one folder, open or not, and its sync running beside it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use holdfast_notebook::sync::{Connect, Syncer};
use holdfast_notebook::{Env, Keychain, Vault};
use tokio::sync::{Notify, broadcast, watch};

use crate::dto::{CommandError, ErrorCode, Event};
use crate::handlers::review::View;
use crate::{Answer, convert};

/// Where events go.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// What all handlers share.
pub struct App {
    pub(crate) dir: PathBuf,
    pub(crate) env: Env,
    pub(crate) connect: Connect,
    pub(crate) keychain: Box<dyn Keychain>,
    pub(crate) host_name: String,
    sink: EventSink,
    open: Mutex<Option<Open>>,
    problem: Mutex<Option<CommandError>>,
    /// The review in the dialog, so that a choice costs no fold of the note. Gone with the vault.
    review: Mutex<Option<View>>,
}

/// An open vault with its background task.
struct Open {
    syncer: Arc<Syncer>,
    stop: Arc<Notify>,
    task: Option<JoinHandle<()>>,
    /// Tells threads that wait for a server that the vault is being closed.
    closing: watch::Sender<bool>,
    /// Each of them has a sender: with the last one they are all gone.
    waits: (mpsc::Sender<Infallible>, mpsc::Receiver<Infallible>),
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    pub fn new(
        dir: PathBuf,
        env: Env,
        connect: Connect,
        keychain: Box<dyn Keychain>,
        host_name: String,
        sink: EventSink,
    ) -> Self {
        let (open, problem, review) = (Mutex::new(None), Mutex::new(None), Mutex::new(None));
        Self { dir, env, connect, keychain, host_name, sink, open, problem, review }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Opens by the system's keychain, if the person chose so. A problem is kept for the session's status.
    pub fn start(&self) {
        self.set_problem(None);
        // A folder that cannot be looked into is a problem too, and nobody is asked to make a vault there.
        match holdfast_notebook::vault_exists(&self.dir) {
            Ok(true) => {}
            Ok(false) => return,
            Err(e) => return self.set_problem(Some(crate::command_error(&e))),
        }
        match Vault::open_with_keychain(&self.dir, &*self.keychain, self.env.clone()) {
            Ok(Some(vault)) => {
                if let Err(e) = self.opened(vault) {
                    self.set_problem(Some(e));
                }
            }
            Ok(None) => {}
            Err(e) => self.set_problem(Some(crate::command_error(&e))),
        }
    }

    pub(crate) fn problem(&self) -> Option<CommandError> {
        held(&self.problem).clone()
    }

    pub(crate) fn set_problem(&self, problem: Option<CommandError>) {
        *held(&self.problem) = problem;
    }

    pub(crate) fn shown_review(&self) -> MutexGuard<'_, Option<View>> {
        held(&self.review)
    }

    pub fn is_open(&self) -> bool {
        held(&self.open).is_some()
    }

    pub(crate) fn syncer(&self) -> Answer<Arc<Syncer>> {
        held(&self.open).as_ref().map(|o| o.syncer.clone()).ok_or_else(not_open)
    }

    /// Does something with the open vault that waits for a server, on this thread, which is one for blocking work: to its
    /// end, or until the vault is closed. A request may take an hour, and nobody who waits keeps the keys of a vault that
    /// was locked.
    pub(crate) fn with_syncer<T>(&self, work: impl AsyncFnOnce(&Syncer) -> T) -> Answer<T> {
        let (syncer, mut closing, waits) = {
            let open = held(&self.open);
            let open = open.as_ref().ok_or_else(not_open)?;
            (open.syncer.clone(), open.closing.subscribe(), open.waits.0.clone())
        };
        let done = run_here(async {
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => Err(not_open()),
                done = work(&syncer) => Ok(done),
            }
        });
        drop(syncer);
        drop(waits);
        done?
    }

    pub(crate) fn vault(&self) -> Answer<Arc<Vault>> {
        Ok(self.syncer()?.vault().clone())
    }

    /// Takes an open vault over: its sync starts, its events flow.
    pub(crate) fn opened(&self, vault: Vault) -> Answer<()> {
        self.set_problem(None);
        let vault = Arc::new(vault);
        let syncer = Syncer::new(vault.clone(), self.connect.clone()).map_err(|e| crate::command_error(&e))?;
        let syncer = Arc::new(syncer);
        let stop = Arc::new(Notify::new());
        let task = std::thread::Builder::new().name("sync".into()).spawn({
            let (syncer, stop, sink) = (syncer.clone(), stop.clone(), self.sink.clone());
            move || run(&syncer, &stop, &sink)
        });
        let task = task.map_err(|e| CommandError {
            code: ErrorCode::Internal,
            message: format!("The sync task could not be started ({e})."),
            retryable: true,
        })?;
        let (closing, waits) = (watch::channel(false).0, mpsc::channel());
        *held(&self.open) = Some(Open { syncer, stop, task: Some(task), closing, waits });
        self.tell_session();
        Ok(())
    }

    /// Commits what is typed and closes the vault. Nothing secret of it stays with the app.
    pub fn close(&self) -> Answer<()> {
        let Some(mut open) = held(&self.open).take() else { return Ok(()) };
        // What is typed first: if it cannot be committed the vault stays open, and says why.
        if let Err(e) = open.syncer.vault().commit_all() {
            let error = crate::command_error(&e);
            *held(&self.open) = Some(open);
            return Err(error);
        }
        *self.shown_review() = None;
        open.closing.send_replace(true);
        open.stop.notify_one();
        if let Some(task) = open.task.take() {
            // The task ends by itself; if it panicked there is nothing to wait for.
            let _ = task.join();
        }
        let (own, others) = open.waits;
        drop(own);
        // Nothing is ever sent: this is the end of the last one that waited.
        let _ = others.recv();
        // On a full disk the last of it fails. Nothing of what was kept depends on that, and the keys go all the same.
        let closed = open.syncer.vault().close().map_err(|e| crate::command_error(&e));
        drop(open.syncer);
        self.tell_session();
        closed
    }

    pub(crate) fn tell_session(&self) {
        if let Ok(status) = crate::handlers::session::status(self) {
            (self.sink)(Event::Session(status));
        }
    }
}

fn not_open() -> CommandError {
    CommandError { code: ErrorCode::NotOpen, message: "The vault is locked. Unlock it first.".into(), retryable: true }
}

/// Runs a request to its end on this thread, which is one for blocking work.
pub(crate) fn run_here<T>(future: impl Future<Output = T>) -> Answer<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| convert::invalid(format!("The request could not be started ({e}).")))?;
    Ok(runtime.block_on(future))
}

/// Looks now and then whether a backup is due; not at once, so that the start is not slower for it.
async fn daily_backups(vault: &Arc<Vault>) {
    const FIRST: Duration = Duration::from_mins(2);
    const EVERY: Duration = Duration::from_hours(1);
    let mut wait = FIRST;
    loop {
        tokio::time::sleep(wait).await;
        wait = EVERY;
        let vault = vault.clone();
        // On a thread of its own: a big vault takes its time, and sync goes on.
        match tokio::task::spawn_blocking(move || vault.daily_backup()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "no backup today"),
            Err(error) => tracing::error!(%error, "the backup ended early"),
        }
    }
}

/// The background task: sync, and what changed told to the window.
fn run(syncer: &Arc<Syncer>, stop: &Notify, sink: &EventSink) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no runtime for sync");
            return;
        }
    };
    let mut changes = syncer.vault().subscribe();
    let mut status = syncer.watch();
    let pump = async {
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => sink(Event::Changed(convert::changes(&change))),
                    // Too many to tell one by one: everything may have changed.
                    Err(broadcast::error::RecvError::Lagged(_)) => sink(Event::Changed(convert::everything())),
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                Ok(()) = status.changed() => {}
            }
            status.mark_unchanged();
            match crate::handlers::sync::status_of(syncer) {
                Ok(status) => sink(Event::Sync(status)),
                Err(error) => {
                    tracing::warn!(message = error.message, "no sync status");
                    sink(Event::SyncFailed(error));
                }
            }
        }
    };
    runtime.block_on(async {
        tokio::select! {
            ended = syncer.run(stop) => {
                if let Err(error) = ended {
                    tracing::error!(%error, "sync ended");
                }
            }
            () = pump => {}
            () = daily_backups(syncer.vault()) => {}
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use holdfast_testkit::{MemoryKeychain, PASSPHRASE, World};

    use super::*;
    use crate::handlers;

    /// Somebody clicks on a file, the server takes its time, and the vault is locked.
    #[test]
    fn a_vault_that_is_locked_while_a_file_comes_is_locked_and_opens_again() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut w = World::of(2);
        let path = w.dir.path().join("film.bin");
        std::fs::write(&path, vec![7; 5 << 20]).unwrap();
        let note = w["A"].add("T", "text\n");
        w["A"].vault().attach_file(note, &path).unwrap();
        runtime.block_on(w.sync_all());
        let (dir, connect) = (w["B"].dir.clone(), w["B"].connect().clone());
        let (tell, comes) = mpsc::channel();
        w["B"].net.before("get_blob", async move {
            tell.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        w["B"].close();

        let (env, keychain, sink) = (w.clock.env(), Box::new(MemoryKeychain::default()), Arc::new(|_| ()));
        let app = App::new(dir, env, connect, keychain, "B".into(), sink);
        handlers::session::unlock(&app, PASSPHRASE).unwrap();
        let file = app.vault().unwrap().attachments(note).unwrap()[0].id;
        std::thread::scope(|scope| {
            let (app, note) = (&app, note.to_string());
            let waits = scope.spawn(move || handlers::notes::attachment_fetch(app, &note, &file.to_string()));
            comes.recv().unwrap();
            app.close().unwrap();
            assert_eq!(waits.join().unwrap().unwrap_err().code, ErrorCode::NotOpen);
        });
        handlers::session::unlock(&app, PASSPHRASE).unwrap();
        assert!(app.vault().unwrap().note(note).is_ok());
        app.close().unwrap();
    }
}
