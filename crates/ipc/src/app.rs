//! The vault of one folder, open or not, and its sync running beside it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use holdfast_notebook::sync::{Connect, Syncer};
use holdfast_notebook::{Env, Keychain, Vault};
use tokio::sync::{Notify, broadcast};

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
        held(&self.open).as_ref().map(|o| o.syncer.clone()).ok_or_else(|| CommandError {
            code: ErrorCode::NotOpen,
            message: "The vault is locked. Unlock it first.".into(),
            retryable: true,
        })
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
        *held(&self.open) = Some(Open { syncer, stop, task: Some(task) });
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
        open.stop.notify_one();
        if let Some(task) = open.task.take() {
            // The task ends by itself; if it panicked there is nothing to wait for.
            let _ = task.join();
        }
        open.syncer.vault().close().map_err(|e| crate::command_error(&e))?;
        drop(open);
        self.tell_session();
        Ok(())
    }

    pub(crate) fn tell_session(&self) {
        if let Ok(status) = crate::handlers::session::status(self) {
            (self.sink)(Event::Session(status));
        }
    }
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
                Err(error) => tracing::warn!(message = error.message, "no sync status"),
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
