//! The first sync of a second computer: read while it runs, ended at any point, and gone on with.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_domain::NoteId;
use holdfast_notebook::NewNote;
use holdfast_notebook::sync::CatchUp;
use holdfast_sync::SyncState;
use holdfast_testkit::{TestDevice, TestRng, World};
use tokio::sync::Notify;

use crate::syncing::assert_same;

/// Notes enough for several pages of the log, each with a word of its own.
const NOTES: usize = 1_300;

fn words(rng: &mut TestRng) -> String {
    (0..500).map(|_| format!("{:x} ", rng.next_u64())).collect()
}

/// A computer with many notes on the server, and one that joined and has none of them yet.
async fn filled() -> (World, TestDevice, Vec<NoteId>) {
    let w = World::alone();
    let mut rng = TestRng::new(7);
    let mut ids = Vec::new();
    for n in 0..NOTES {
        let body = format!("marked{n}x {}\n", words(&mut rng));
        let new = NewNote { title: format!("Note {n}"), body, ..NewNote::default() };
        ids.push(w["A"].vault().add_note(&new).unwrap());
    }
    w["A"].create_account(&w.server).await.unwrap();
    w["A"].sync().await;
    let b = TestDevice::join("B", w.dir.path(), &w.clock, &w.server).await.unwrap();
    (w, b, ids)
}

/// What is there can be read and is found; what is not is not claimed.
fn check_partly(b: &TestDevice, ids: &[NoteId]) -> usize {
    let mut there = 0;
    for (n, id) in ids.iter().enumerate() {
        let note = b.vault().note(*id).ok();
        if let Some(note) = &note {
            assert!(note.row.body.starts_with(&format!("marked{n}x ")));
            there += 1;
        }
        // Without an index a search looks at every text, which takes a while: two are enough.
        if n % 650 == 0 {
            let hits = b.vault().search(&format!("marked{n}x"), 10).unwrap();
            assert_eq!(
                hits.iter().map(|h| h.id).collect::<Vec<_>>(),
                note.map(|_| *id).into_iter().collect::<Vec<_>>()
            );
        }
    }
    there
}

#[tokio::test]
async fn a_first_sync_is_read_while_it_runs_and_goes_on_after_a_kill() {
    let (mut w, mut b, ids) = filled().await;
    // The second page never comes: the program is killed while it waits.
    let (waits, pages) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (net, rings, counted) = (b.net.clone(), waits.clone(), pages.clone());
    w.server.lies.about_pages(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let rings = rings.clone();
        net.before("log", async move {
            rings.notify_one();
            pending::<()>().await;
        });
    });
    tokio::select! {
        done = b.try_sync() => panic!("it ended: {done:?}"),
        () = waits.notified() => {}
    }
    assert_eq!(pages.load(Ordering::SeqCst), 1);
    let status = b.syncer().status().unwrap();
    assert_eq!((status.state, status.last_confirmed_ms), (SyncState::Syncing, None));
    let Some(CatchUp { first: true, done, total, .. }) = b.syncer().catch_up() else {
        panic!("it says nothing of the first sync")
    };
    assert!(0 < done && done < total, "{done} of {total}");
    let first = check_partly(&b, &ids[..]);
    assert!((500..NOTES).contains(&first), "{first}");
    assert_eq!(b.vault().index_behind().unwrap(), first as u64, "they are read before they are indexed");

    b.crash();
    w.server.lies.be_honest();
    b.reopen();
    assert_eq!(check_partly(&b, &ids), first, "what was there is there");
    b.net.take_requests();
    let report = b.sync().await;
    // It goes on where it was: nothing comes twice.
    assert!(report.pulled as usize <= NOTES + 2 - first, "{} more, {first} before", report.pulled);
    assert!(report.readable_ms <= report.elapsed_ms);
    assert_eq!(b.vault().index_behind().unwrap(), 0);
    assert!(b.syncer().catch_up().is_none());
    assert_eq!(check_partly(&b, &ids), NOTES);
    w.devices.push(b);
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn the_window_indexes_what_was_left_when_there_is_nothing_else_to_do() {
    let (_w, mut b, ids) = filled().await;
    // All pages come, and the program ends before any of it is indexed: at the end of a cycle the window waits.
    let (syncer, stop) = (b.syncer().clone(), Arc::new(Notify::new()));
    let ended = stop.clone();
    let running = tokio::spawn(async move { syncer.run(&ended).await });
    while b.vault().sync_status().unwrap().last_confirmed_ms.is_none() {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err());
    b.crash();
    b.reopen();
    assert!(b.vault().index_behind().unwrap() > 0);
    // Without a network too.
    b.net.turn_off();
    let (syncer, ended) = (b.syncer().clone(), stop.clone());
    let running = tokio::spawn(async move { syncer.run(&ended).await });
    while b.vault().index_behind().unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    stop.notify_one();
    running.await.unwrap().unwrap();
    assert_eq!(check_partly(&b, &ids), NOTES);
}
