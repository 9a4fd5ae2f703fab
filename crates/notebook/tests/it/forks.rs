//! A server that shows two histories is found out at the first thing that crosses between them.

use std::sync::{Arc, Mutex};

use holdfast_notebook::NotebookError;
use holdfast_protocol::{LogPage, batch_hash, body_hash, link};
use holdfast_testkit::{TestServer, World};

/// A and C see one history, B another that begins like it. Gives what B's server may show it of A's batches.
async fn two_histories() -> (World, TestServer, LogPage) {
    let mut w = World::of(3);
    w.sync_all().await;
    let backup = w.server.backup().await;
    let other_data = w.dir.path().join("other server");
    std::fs::create_dir(&other_data).unwrap();
    let mut other = TestServer::direct_on(&other_data, &w.clock);
    other.restore(&backup).await;
    w["B"].net.answer_instead(Some(Arc::new(other.core())));
    w["A"].add("Of A", "one\n");
    w["A"].sync().await;
    w["A"].add("Of A", "two\n");
    w["A"].sync().await;
    w["B"].add("Of B", "one\n");
    w["B"].sync().await;
    let heard: Arc<Mutex<Option<LogPage>>> = Arc::default();
    let hears = heard.clone();
    w.server.lies.about_pages(move |page| {
        if !page.entries.is_empty() {
            *hears.lock().unwrap() = Some(page.clone());
        }
    });
    w["C"].sync().await;
    let heard = heard.lock().unwrap().take().unwrap();
    (w, other, heard)
}

/// Shows the last of these entries at the end of the log, with links that fit.
fn show_last(heard: &LogPage, page: &mut LogPage) {
    let mut logged = heard.entries.last().unwrap().clone();
    logged.seq = page.head.seq + 1;
    let manifest = heard.manifests.iter().find(|m| batch_hash(m) == logged.batch).unwrap();
    let e = &logged.entry;
    let (space, epoch, body) = (manifest.space, page.log_epoch, body_hash(&e.body));
    page.head.link = link(space, epoch, logged.seq, page.head.link, e.kind, e.rid, e.key_epoch, body, logged.batch);
    page.head.seq = logged.seq;
    page.manifests.push(manifest.clone());
    page.entries.push(logged);
}

#[tokio::test]
async fn two_histories_are_found_out_at_the_first_exchange() {
    let (w, other, heard) = two_histories().await;
    other.lies.about_pages(move |page| show_last(&heard, page));
    let said = w["B"].try_sync().await;
    let Err(NotebookError::HostileServer(what)) = &said else { panic!("{said:?}") };
    assert_eq!(what, "the computer “A” was shown another log than this one");
    assert_eq!(
        w["B"].vault().list_notes(&holdfast_notebook::NotesFilter::default()).unwrap().len(),
        1,
        "nothing was taken"
    );
}

#[tokio::test]
async fn when_each_device_was_seen_is_when_it_last_wrote() {
    let w = World::of(2);
    w.sync_all().await;
    let seen = |of: &str, at: &str| {
        let devices = w[at].syncer().status().unwrap().devices;
        devices.into_iter().find(|d| d.name == of).unwrap().last_seen_ms
    };
    w.clock.advance(3_600_000);
    w["B"].add("T", "text\n");
    let wrote = w.clock.now_ms();
    w["B"].sync().await;
    w.clock.advance(3_600_000);
    // A server that withholds B's change: what A says of B is as old as what it has.
    w.server.lies.about_log(|_| Err(holdfast_protocol::ProtocolError::Server("withheld".into())));
    assert!(w["A"].try_sync().await.is_err());
    assert!(seen("B", "A") < wrote);
    w.server.lies.be_honest();
    w["A"].sync().await;
    assert!(seen("B", "A") >= wrote && seen("B", "A") <= w.clock.now_ms());
}
