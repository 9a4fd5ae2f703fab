//! Changes travel as the difference to what they build on, where that is small, and are whole on every device.

use std::sync::{Arc, Mutex};

use holdfast_protocol::LogPage;
use holdfast_testkit::{TestDevice, TestServer, World};

use crate::syncing::assert_same;

/// As long as a long note, and with little that repeats.
fn long() -> String {
    (0..2_000_u32).map(|n| format!("Line {n}: {:x}.\n", n.wrapping_mul(2_654_435_761))).collect()
}

/// The length of each sealed body that goes down from now on, by place in the log.
fn watch_pages(server: &TestServer) -> Arc<Mutex<Vec<usize>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    server.lies.about_pages(move |page: &mut LogPage| {
        into.lock().unwrap().extend(page.entries.iter().map(|e| e.entry.body.len()));
    });
    seen
}

fn add_a_word(device: &TestDevice, id: holdfast_domain::NoteId, n: usize) {
    let line = format!("Line {n}:");
    device.replace(id, &line, &format!("{line} and a word {n},"));
}

#[tokio::test]
async fn a_word_in_a_long_note_is_sent_as_a_word_and_the_chain_ends() {
    let w = World::of(3);
    w.sync_all().await;
    let id = w["A"].add("Long", &long());
    for n in 0..40 {
        add_a_word(&w["A"], id, n);
    }
    w["A"].sync().await;
    let sizes = watch_pages(&w.server);
    w["B"].sync().await;
    let sizes = sizes.lock().unwrap().clone();
    assert_eq!(sizes.len(), 41);
    // A few hundred bytes or tens of thousands: which ones are whole cannot be mistaken.
    let whole: Vec<usize> = (0..sizes.len()).filter(|n| sizes[*n] > 8_000).collect();
    assert!(sizes.iter().all(|size| *size < 400 || *size > 8_000), "{sizes:?}");
    assert_eq!(whole[0], 0);
    let ends = whole[1..].iter().copied().chain([sizes.len()]);
    let chains: Vec<usize> = whole.iter().zip(ends).map(|(from, to)| to - from - 1).collect();
    assert!(chains.iter().all(|n| *n < 17), "{chains:?}");
    assert!(chains.iter().any(|n| *n >= 10), "{chains:?}");

    // Another goes on from there, and a third has all of it at once.
    add_a_word(&w["B"], id, 100);
    w["B"].sync().await;
    let sizes = watch_pages(&w.server);
    w["C"].sync().await;
    assert!(sizes.lock().unwrap().last().is_some_and(|size| *size < 400));
    w.sync_all().await;
    assert_same(&w);
    for device in &w.devices {
        assert_eq!(device.body(id).matches(" and a word ").count(), 41);
        assert_eq!(device.vault().history(id.into()).unwrap().len(), 42);
    }
}

#[tokio::test]
async fn two_changes_to_one_version_are_both_small_and_both_there() {
    let w = World::of(2);
    let id = w["A"].add("Long", &long());
    w.sync_all().await;
    add_a_word(&w["A"], id, 3);
    add_a_word(&w["B"], id, 1_500);
    w["A"].sync().await;
    let sizes = watch_pages(&w.server);
    w["B"].sync().await;
    w["A"].sync().await;
    assert!(sizes.lock().unwrap().iter().all(|size| *size < 400), "{sizes:?}");
    w.sync_all().await;
    assert_same(&w);
    for device in &w.devices {
        assert_eq!(device.body(id).matches(" and a word ").count(), 2);
    }
}

#[tokio::test]
async fn a_history_from_before_the_server_arrives_whole() {
    let mut w = World::alone();
    let id = w["A"].add("Long", &long());
    for n in 0..20 {
        add_a_word(&w["A"], id, n);
    }
    w["A"].create_account(&w.server).await.unwrap();
    w["A"].sync().await;
    let b = TestDevice::join("B", w.dir.path(), &w.clock, &w.server).await.unwrap();
    let sizes = watch_pages(&w.server);
    b.sync().await;
    assert!(sizes.lock().unwrap().iter().filter(|size| **size < 400).count() >= 18);
    w.devices.push(b);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id).matches(" and a word ").count(), 20);
}
