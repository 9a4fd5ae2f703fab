//! The background task as the window runs it, over real HTTPS: changes arrive by themselves, without polls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_notebook::sync::{Connect, SyncFlag, SyncMetrics, Syncer};
use holdfast_notebook::{NoteId, NotebookError, ProtocolError, Vault};
use holdfast_sync::SyncState;
use holdfast_testkit::{TestDevice, World};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The sync of one device in the background, as a window has it; over the wire and not through the test's network.
struct Running {
    syncer: Arc<Syncer>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(w: &World, device: &TestDevice) -> Self {
        let syncer = Arc::new(Syncer::new(device.vault().clone(), w.server.connect()).unwrap());
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn({
            let (syncer, stop) = (syncer.clone(), stop.clone());
            async move { syncer.run(&stop).await.unwrap() }
        });
        Self { syncer, stop, task }
    }

    async fn stop(self) {
        self.stop.notify_one();
        self.task.await.unwrap();
    }

    /// Waits until the status is so; each change of it is looked at.
    async fn until(&self, what: &str, mut is_so: impl FnMut(&Syncer) -> bool) {
        let mut changed = self.syncer.watch();
        let waiting = async {
            while !is_so(&self.syncer) {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(100), waiting).await;
        assert!(waited.is_ok(), "{what}: {:?} {:?}", self.syncer.status().unwrap(), self.syncer.metrics());
    }

    async fn until_state(&self, state: SyncState) {
        self.until(&format!("{state:?}"), |s| s.status().unwrap().state == state).await;
    }

    /// Up to date and listening.
    async fn until_live(&self) {
        self.until("live", |s| {
            let m = s.metrics();
            m.streams > m.streams_broken && s.status().unwrap().state == SyncState::UpToDate
        })
        .await;
    }

    fn metrics(&self) -> SyncMetrics {
        self.syncer.metrics()
    }
}

fn body(vault: &Vault, id: NoteId) -> Option<String> {
    vault.note(id).ok().map(|n| n.row.body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_arrives_because_the_server_says_so() {
    let w = World::https_pair().await;
    let (a, b) = (Running::start(&w, &w["A"]), Running::start(&w, &w["B"]));
    a.until_live().await;
    b.until_live().await;
    let polls = b.metrics().pulls.done;
    let id = w["A"].add("T", "one\n");
    w["A"].vault().commit_note(id).unwrap();
    b.until("the note", |_| body(w["B"].vault(), id).as_deref() == Some("one\n")).await;
    // The note can be there before the steps that brought it are over.
    b.until("told and asked", |s| s.metrics().pokes > 0 && s.metrics().pulls.done > polls).await;
    a.until("pushed", |s| s.metrics().pushes.done >= 1).await;
    // Back, and what one does not know the other does not ask for.
    w["B"].write(id, "one, two\n");
    a.until("the text", |_| body(w["A"].vault(), id).as_deref() == Some("one, two\n")).await;
    a.until_state(SyncState::UpToDate).await;
    b.until_state(SyncState::UpToDate).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_s_own_push_makes_it_ask_nothing() {
    let w = World::https_pair().await;
    let a = Running::start(&w, &w["A"]);
    a.until_live().await;
    let before = a.metrics();
    for n in 0..5 {
        w["A"].add(&format!("Note {n}"), "text\n");
        w["A"].vault().commit_all().unwrap();
        a.until("pushed", |s| s.metrics().pushes.done > before.pushes.done + n).await;
        // The server has told of it too.
        a.until("told", |s| s.metrics().pokes > before.pokes + n).await;
    }
    a.until_state(SyncState::UpToDate).await;
    let after = a.metrics();
    assert_eq!(after.pulls.done, before.pulls.done, "{after:?}");
    assert_eq!(after.pushes.done, before.pushes.done + 5);
    a.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_notes_typed_at_once_are_few_requests() {
    let w = World::https_pair().await;
    let a = Running::start(&w, &w["A"]);
    a.until_live().await;
    let before = a.metrics();
    // Each in a transaction of its own, as quick as the disk allows.
    for n in 0..200 {
        let id = w["A"].add(&format!("Note {n}"), "text\n");
        w["A"].vault().commit_note(id).unwrap();
    }
    a.until("sent", |s| s.status().unwrap().waiting == 0).await;
    let sent = a.metrics().pushes.done - before.pushes.done;
    assert!(sent <= 12, "{sent} pushes for 200 notes: {:?}", a.metrics());
    a.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_again_is_heard_again() {
    let mut w = World::https_pair().await;
    let b = Running::start(&w, &w["B"]);
    b.until_live().await;
    w.server.stop().await;
    b.until("the end of the stream", |s| s.metrics().streams_broken > 0).await;
    w.server.start().await;
    b.until("the stream", |s| s.metrics().streams > 1).await;
    let id = w["A"].add("T", "after the restart\n");
    w["A"].sync().await;
    b.until("the note", |_| body(w["B"].vault(), id).is_some()).await;
    b.until_state(SyncState::UpToDate).await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_while_the_server_was_away_comes_with_the_stream() {
    let mut w = World::https_pair().await;
    let b = Running::start(&w, &w["B"]);
    b.until_live().await;
    w.server.stop().await;
    // It asks in vain, and says so.
    b.syncer.sync_now().unwrap();
    b.until_state(SyncState::Unreachable).await;
    w.server.start().await;
    let id = w["A"].add("T", "meanwhile\n");
    w["A"].sync().await;
    b.until("the note", |_| body(w["B"].vault(), id).is_some()).await;
    b.until_state(SyncState::UpToDate).await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ended_is_said() {
    let w = World::https_pair().await;
    let b = Running::start(&w, &w["B"]);
    b.until_live().await;
    w.clock.advance(400 * 24 * 3600 * 1000);
    // A fresh session of the other device pushes; the old stream ends instead of telling of it.
    holdfast_notebook::sync::sign_in(w["A"].vault(), w["A"].connect(), holdfast_testkit::PASSPHRASE).await.unwrap();
    w["A"].add("T", "text\n");
    w["A"].sync().await;
    b.until_state(SyncState::NeedsSignIn).await;
    let before = b.metrics();
    holdfast_notebook::sync::sign_in(w["B"].vault(), w["B"].connect(), holdfast_testkit::PASSPHRASE).await.unwrap();
    b.syncer.signed_in();
    b.until("the stream", |s| s.metrics().streams > before.streams).await;
    b.until_state(SyncState::UpToDate).await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_and_switched_off_it_does_not_listen() {
    let w = World::https_pair().await;
    let b = Running::start(&w, &w["B"]);
    b.until_live().await;
    b.syncer.pause(true).unwrap();
    b.until_state(SyncState::Paused).await;
    let id = w["A"].add("T", "text\n");
    w["A"].sync().await;
    assert!(body(w["B"].vault(), id).is_none());
    b.syncer.pause(false).unwrap();
    b.until("the note", |_| body(w["B"].vault(), id).is_some()).await;
    b.stop().await;

    assert!(w["B"].vault().sync_flag(SyncFlag::Events).unwrap(), "on by default");
    w["B"].vault().set_sync_flag(SyncFlag::Events, false).unwrap();
    assert!(!w["B"].vault().sync_flag(SyncFlag::Events).unwrap() && w["B"].vault().sync_flag(SyncFlag::Wake).unwrap());
    let b = Running::start(&w, &w["B"]);
    b.until_state(SyncState::UpToDate).await;
    b.syncer.sync_now().unwrap();
    b.until("a second cycle", |s| s.metrics().pulls.done > 1).await;
    assert_eq!(b.metrics().streams, 0);
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_comes_makes_it_try() {
    let mut w = World::https_pair().await;
    w.server.stop().await;
    let b = Running::start(&w, &w["B"]);
    b.until_state(SyncState::Unreachable).await;
    w.server.start().await;
    b.syncer.network_up();
    b.until_state(SyncState::UpToDate).await;
    assert_eq!(b.metrics().wakes, 1);
    b.stop().await;
}

/// Time is the test's: it goes on by itself while everybody waits.
#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_said_and_what_is_typed_meanwhile_is_committed() {
    let w = World::of(1);
    let id = w["A"].add("T", "text\n");
    w["A"].vault().commit_all().unwrap();
    w["A"].net.before("push", std::future::pending());
    let (syncer, stop) = (w["A"].syncer().clone(), Notify::new());
    let watch = async {
        let mut minutes = 0;
        loop {
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
            minutes += 1;
            match syncer.problem() {
                None => assert!(minutes < 8, "nothing is said"),
                Some(problem) => {
                    assert!(matches!(*problem, NotebookError::NothingMoves { minutes: 6.. }), "{problem:?}");
                    break;
                }
            }
        }
        assert!(minutes >= 6, "after {minutes} minutes");
        // It is noted down at the next look, which may come after this one.
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        assert_eq!(syncer.status().unwrap().state, SyncState::Syncing);
        let said = |w: &World| {
            let log = w["A"].vault().activity(50).unwrap();
            log.iter().filter(|line| matches!(line.problem, Some(NotebookError::NothingMoves { .. }))).count()
        };
        assert_eq!(said(&w), 1);
        // The typing of a long request is committed while it lasts.
        w["A"].type_body(id, "more text\n");
        w.clock.advance(10_000);
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        assert_eq!(w["A"].vault().history(id.into()).unwrap().len(), 2);
        assert_eq!(said(&w), 1, "it is noted down once");
        stop.notify_one();
    };
    let (ended, ()) = tokio::join!(syncer.run(&stop), watch);
    ended.unwrap();
    // Another try gets through, and all is well.
    w["A"].sync().await;
    assert!(w["A"].syncer().problem().is_none());
    assert_eq!(w["A"].syncer().status().unwrap().state, SyncState::UpToDate);
}

/// A connection that went silent seems to be there for minutes: what is tried next makes one of its own, and waits for none.
#[tokio::test]
async fn after_a_silence_the_next_try_makes_a_connection_of_its_own() {
    let w = World::of(1);
    w["A"].sync().await;
    let made = Arc::new(AtomicUsize::new(0));
    let connect = w["A"].connect().clone();
    let counted: Connect = {
        let made = made.clone();
        Arc::new(move |address| {
            made.fetch_add(1, Ordering::SeqCst);
            connect(address)
        })
    };
    let syncer = Syncer::new(w["A"].vault().clone(), counted).unwrap();
    for _ in 0..2 {
        syncer.run_once().await.unwrap();
    }
    assert_eq!(made.load(Ordering::SeqCst), 1, "while it works it stays");
    w["A"].net.refuse(Some(("log", ProtocolError::Unreachable("no answer".into()))));
    assert!(syncer.run_once().await.is_err());
    w["A"].net.refuse(None);
    syncer.run_once().await.unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 2);
}
