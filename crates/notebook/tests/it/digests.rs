//! Devices compare what they make of the log, and find out which of them lacks something.

use holdfast_domain::NoteId;
use holdfast_notebook::sync::Happened;
use holdfast_testkit::{TestDevice, World};

use crate::syncing::assert_same;

const HOUR_MS: u64 = 3_600_000;

fn told(d: &TestDevice) -> Vec<String> {
    let lines = d.vault().activity(100).unwrap().into_iter().filter(|a| a.what == Happened::Compared);
    lines.map(|a| a.message).collect()
}

/// A note of two versions on both, and the newer is lost on one of them.
async fn lost_on(name: &str) -> (World, NoteId) {
    let w = World::of(2);
    let id = w["A"].add("T", "one\n");
    w.sync_all().await;
    w["A"].write(id, "two\n");
    w.sync_all().await;
    let newest = w[name].heads(id)[0];
    w[name].vault().lose_revision(id.into(), newest).unwrap();
    assert_eq!(w[name].body(id), "one\n");
    w.sync_all().await;
    assert_eq!(w[name].body(id), "one\n", "nobody asks for it again");
    (w, id)
}

/// An hour later somebody writes something else.
async fn say(w: &World, name: &str) {
    w.clock.advance(HOUR_MS);
    w[name].add("Other", "text\n");
    w[name].sync().await;
}

#[tokio::test]
async fn the_reader_that_lacks_something_gets_it_back() {
    let (w, id) = lost_on("B").await;
    say(&w, "A").await;
    w["B"].sync().await;
    assert_eq!(w["B"].body(id), "two\n");
    assert_eq!(told(&w["B"]), ["This computer and A disagreed about the notes, and agree again"]);
    assert_eq!(w["B"].vault().disagrees_with().unwrap(), None);
    w.sync_all().await;
    assert_same(&w);
    assert!(told(&w["A"]).is_empty());
}

#[tokio::test]
async fn the_writer_that_lacks_something_hears_of_it() {
    let (w, id) = lost_on("A").await;
    say(&w, "A").await;
    w["B"].sync().await;
    let said = "This computer and A disagree about the notes; reading everything again did not help";
    assert_eq!((told(&w["B"]), w["B"].vault().disagrees_with().unwrap()), (vec![said.to_owned()], Some(w["A"].id())));
    // A does not know yet. The next change of B tells it.
    w["A"].sync().await;
    assert_eq!(w["A"].body(id), "one\n");
    w["B"].add("Of B", "text\n");
    w["B"].sync().await;
    w["A"].sync().await;
    assert_eq!(w["A"].body(id), "two\n");
    say(&w, "A").await;
    w["B"].sync().await;
    assert_eq!(w["B"].vault().disagrees_with().unwrap(), None);
    assert_eq!(told(&w["B"])[0], "This computer and A disagreed about the notes, and agree again");
    w.sync_all().await;
    assert_same(&w);
}

/// Whatever they do, devices that lack nothing agree: also where one is behind, or has something that it did not send.
#[tokio::test]
async fn devices_that_lack_nothing_never_disagree() {
    let w = World::of(3);
    let ids: Vec<NoteId> = ["A", "B", "C"].map(|n| w[n].add("T", "one\n")).to_vec();
    w.sync_all().await;
    for round in 0..6 {
        w.clock.advance(2 * HOUR_MS);
        for (n, d) in w.devices.iter().enumerate() {
            d.write(ids[(n + round) % 3], &format!("round {round}\nof {}\n", d.name));
            d.write(ids[n], &format!("round {round}, again\nof {}\n", d.name));
            if (n + round) % 3 != 0 {
                d.sync().await;
            }
        }
    }
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!((told(d).len(), d.vault().disagrees_with().unwrap()), (0, None), "{}", d.name);
    }
}
