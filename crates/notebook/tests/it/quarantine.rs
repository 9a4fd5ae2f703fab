//! What cannot be used is set aside, the rest goes on, and what was set aside is taken when it can be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use holdfast_domain::NoteId;
use holdfast_notebook::sync::Happened;
use holdfast_notebook::{NotebookError, NotesFilter};
use holdfast_protocol::*;
use holdfast_sync::SyncState;
use holdfast_testkit::{Instead, Other, TestDevice, World};

use crate::syncing::assert_same;

/// Numbers and links as they would be if this page after `at` were true.
fn link_again(page: &mut LogPage, mut at: LogHead) {
    let Some(space) = page.manifests.first().map(|m| m.space) else { return };
    for logged in &mut page.entries {
        at.seq += 1;
        logged.seq = at.seq;
        let e = &logged.entry;
        let body = body_hash(&e.body);
        at.link = link(space, at.log_epoch, at.seq, at.link, e.kind, e.rid, e.key_epoch, body, logged.batch);
    }
    page.head = at;
    page.manifests.retain(|m| page.entries.iter().any(|e| e.batch == batch_hash(m)));
}

/// How far B has read.
async fn place_of_b(w: &World) -> LogHead {
    let at: Arc<Mutex<Option<LogHead>>> = Arc::default();
    let noted = at.clone();
    w.server.lies.about_pages(move |page| *noted.lock().unwrap() = Some(page.head));
    w["B"].sync().await;
    w.server.lies.be_honest();
    at.lock().unwrap().unwrap()
}

/// B has read up to this place. Behind it are two notes of two versions, in one batch: nothing that anybody has signed
/// as seen yet.
async fn unread() -> (World, LogHead, Vec<NoteId>) {
    let w = World::of(2);
    w.sync_all().await;
    let at = place_of_b(&w).await;
    let ids = vec![w["A"].add("T", "one\n"), w["A"].add("U", "one\n")];
    for id in &ids {
        w["A"].write(*id, "two\n");
    }
    w["A"].sync().await;
    (w, at, ids)
}

/// More than one request holds: each is asked for, in one sync.
#[tokio::test]
async fn three_hundred_that_wait_are_asked_for_in_one_sync() {
    let w = World::of(2);
    w.sync_all().await;
    let at = place_of_b(&w).await;
    let ids: Vec<NoteId> = (0..300).map(|n| w["A"].add(&format!("N {n}"), "text\n")).collect();
    w.server.lies.about_pages(move |page| {
        if page.entries.first().is_some_and(|e| e.seq == at.seq + 1) {
            page.entries.iter_mut().for_each(|e| e.entry.body[40] ^= 1);
            link_again(page, at);
        }
    });
    w["A"].sync().await;
    w["B"].net.take_requests();
    w["B"].sync().await;
    assert_eq!(w["B"].net.take_requests().iter().filter(|r| **r == "fetch").count(), 2);
    assert_eq!(set_aside(&w["B"]), 0);
    assert!(ids.iter().all(|id| w["B"].body(*id) == "text\n"));
    w.server.lies.be_honest();
    w.sync_all().await;
    assert_same(&w);
}

/// The id of a version of a note; 0 is the first.
fn version(w: &World, id: NoteId, n: usize) -> [u8; 32] {
    let mut versions = w["A"].vault().history(id.into()).unwrap();
    versions.sort_by_key(|v| v.parents.len());
    versions[n].id.0
}

/// Lies about the pages that begin where B stands.
fn lie(w: &World, at: LogHead, rid: [u8; 32], mut how: impl FnMut(&mut LogPage, usize) + Send + 'static) {
    w.server.lies.about_pages(move |page| {
        if page.entries.first().is_some_and(|e| e.seq == at.seq + 1)
            && let Some(place) = page.entries.iter().position(|e| e.entry.rid.0 == rid)
        {
            how(page, place);
            link_again(page, at);
        }
    });
}

/// Twenty-one notes go: some came with the page, the others were asked for after it. That is one sync, and it asks.
#[tokio::test]
async fn what_is_asked_for_after_the_last_page_counts_for_the_tripwire() {
    let w = World::of(2);
    let ids: Vec<NoteId> = (0..60).map(|n| w["A"].add(&format!("Note {n}"), "text\n")).collect();
    w.sync_all().await;
    let at = place_of_b(&w).await;
    for id in &ids[..21] {
        w["A"].vault().trash_note(*id).unwrap();
    }
    w["A"].sync().await;
    w.server.lies.about_pages(move |page| {
        if page.entries.first().is_some_and(|e| e.seq == at.seq + 1) {
            page.entries.iter_mut().step_by(2).for_each(|e| e.entry.body[40] ^= 1);
            link_again(page, at);
        }
    });
    w["B"].sync().await;
    let asked = w["B"].vault().tripwire().unwrap().map(|asked| (asked.trashed, asked.of));
    assert_eq!(asked, Some((21, 60)));
    assert_eq!(w["B"].vault().count_notes(&NotesFilter::default()).unwrap(), 60);
}

/// A server that has lost the bytes of one entry, in a log that fits them.
struct Rotten {
    core: holdfast_server::Core,
    rid: [u8; 32],
}

#[async_trait]
impl Instead for Rotten {
    fn core(&self) -> &holdfast_server::Core {
        &self.core
    }
    async fn push(&self, _: &Token, _: PushRequest) -> Result<PushOutcome, ProtocolError> {
        Err(ProtocolError::Server("not now".into()))
    }
    async fn log(&self, token: &Token, request: LogRequest) -> Result<LogAnswer, ProtocolError> {
        let whole = LogRequest { log_epoch: 0, seq: 0, link: Hash::ZERO, max_bytes: u32::MAX, ..request };
        let LogAnswer::Page(mut page) = self.core().log(token, whole).await? else { panic!("rebase") };
        page.entries.iter_mut().filter(|e| e.entry.rid.0 == self.rid).for_each(|e| e.entry.body[40] ^= 1);
        let beginning = LogHead { log_epoch: page.log_epoch, seq: 0, link: Hash::ZERO };
        link_again(&mut page, beginning);
        page.entries.drain(..request.seq as usize);
        page.entries.truncate(2);
        page.manifests.retain(|m| page.entries.iter().any(|e| e.batch == batch_hash(m)));
        Ok(LogAnswer::Page(page))
    }
    async fn fetch(&self, token: &Token, request: FetchRequest) -> Result<Fetched, ProtocolError> {
        let mut fetched = self.core().fetch(token, request).await?;
        fetched.entries.iter_mut().filter(|e| e.entry.rid.0 == self.rid).for_each(|e| e.entry.body[40] ^= 1);
        Ok(fetched)
    }
    async fn heal(&self, _: &Token, _: HealRequest) -> Result<PushOutcome, ProtocolError> {
        Err(ProtocolError::Server("not now".into()))
    }
}

async fn all_is_well_with_an_honest_server(w: &World, ids: &[NoteId]) {
    w.server.lies.be_honest();
    w.sync_all().await;
    assert_same(w);
    assert!(ids.iter().all(|id| w["B"].body(*id) == "two\n"));
}

fn set_aside(d: &TestDevice) -> u32 {
    d.syncer().status().unwrap().quarantined
}

#[tokio::test]
async fn what_does_not_open_is_set_aside_and_the_rest_goes_on() {
    let (w, at, ids) = unread().await;
    lie(&w, at, version(&w, ids[0], 1), |page, place| page.entries[place].entry.body[40] ^= 1);
    let b = &w["B"];
    b.sync().await;
    // It was asked for once more, and the true bytes came.
    assert!(b.net.take_requests().contains(&"fetch"));
    assert_eq!((set_aside(b), b.body(ids[0]).as_str(), b.body(ids[1]).as_str()), (0, "two\n", "two\n"));
    let log = b.vault().activity(10).unwrap();
    assert!(
        log.iter().any(|a| a.what == Happened::SetAside && a.message.starts_with("1 change does not open")),
        "{log:?}"
    );
    all_is_well_with_an_honest_server(&w, &ids).await;
}

#[tokio::test]
async fn other_bytes_under_an_id_do_no_harm_wherever_they_stand() {
    for after in [0, 1] {
        let (w, at, ids) = unread().await;
        lie(&w, at, version(&w, ids[0], 1), move |page, place| {
            let mut junk = page.entries[place].clone();
            junk.entry.body = vec![7; 200];
            page.entries.insert(place + after, junk);
        });
        w["B"].sync().await;
        assert_eq!((w["B"].body(ids[0]).as_str(), set_aside(&w["B"])), ("two\n", 0), "{after}");
        assert!(!w["B"].net.take_requests().contains(&"fetch"));
        all_is_well_with_an_honest_server(&w, &ids).await;
    }
}

#[tokio::test]
async fn of_very_many_variants_the_true_one_is_still_had() {
    let (w, at, ids) = unread().await;
    lie(&w, at, version(&w, ids[0], 1), |page, place| {
        for n in 0..9 {
            let mut junk = page.entries[place].clone();
            junk.entry.body = vec![n; 200];
            page.entries.insert(place, junk);
        }
        page.entries.remove(place + 9);
    });
    w["B"].sync().await;
    assert_eq!((w["B"].body(ids[0]).as_str(), set_aside(&w["B"])), ("two\n", 0));
    all_is_well_with_an_honest_server(&w, &ids).await;
}

#[tokio::test]
async fn a_parent_that_was_withheld_is_fetched() {
    let (w, at, ids) = unread().await;
    lie(&w, at, version(&w, ids[0], 0), |page, place| drop(page.entries.remove(place)));
    w["B"].sync().await;
    assert!(w["B"].net.take_requests().contains(&"fetch"));
    assert_eq!((w["B"].body(ids[0]).as_str(), set_aside(&w["B"])), ("two\n", 0));
    all_is_well_with_an_honest_server(&w, &ids).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_asked_for_at_each_poll() {
    let (w, _, ids) = unread().await;
    let (rid, b) = (version(&w, ids[0], 0), &w["B"]);
    b.net.answer_instead(Some(Arc::new(Other(Rotten { core: w.server.core(), rid }))));
    b.net.take_requests();
    b.sync().await;
    let status = b.syncer().status().unwrap();
    assert_eq!((status.state, status.quarantined), (SyncState::UpToDate, 2), "it and what builds on it");
    assert_eq!((b.vault().note(ids[0]).is_err(), b.body(ids[1]).as_str()), (true, "two\n"));
    assert_eq!(
        b.net.take_requests(),
        ["log", "log", "log", "fetch"],
        "the second asks whether the links are the server's"
    );
    for _ in 0..3 {
        b.sync().await;
        assert_eq!(b.net.take_requests(), ["log"]);
    }
    w.clock.advance(3_600_000);
    b.sync().await;
    assert_eq!(b.net.take_requests(), ["log", "fetch"]);
    b.net.answer_instead(None);
    all_is_well_with_an_honest_server(&w, &ids).await;
}

/// What others have signed as seen cannot be altered, however well the links are made to fit.
#[tokio::test]
async fn what_somebody_has_signed_as_seen_cannot_be_altered() {
    let (w, at, ids) = unread().await;
    w["A"].add("Later", "text\n");
    w["A"].sync().await;
    lie(&w, at, version(&w, ids[0], 1), |page, place| page.entries[place].entry.body[40] ^= 1);
    let said = w["B"].try_sync().await;
    let Err(NotebookError::HostileServer(what)) = &said else { panic!("{said:?}") };
    assert_eq!(what, "the computer “A” was shown another log than this one");
    assert!(w["B"].vault().note(ids[0]).is_err(), "nothing was taken");
    all_is_well_with_an_honest_server(&w, &ids).await;
}

#[tokio::test]
async fn what_was_altered_on_the_way_is_refused_before_the_end_of_the_log_too() {
    // A server that was set back in between, and grew as far again, looks the same once: so it is asked again.
    for (altered, refused) in [(1, false), (usize::MAX, true)] {
        let (w, at, ids) = unread().await;
        let pages = Arc::new(AtomicUsize::new(0));
        let counted = pages.clone();
        w.server.lies.about_pages(move |page| {
            let first = page.entries.first().is_some_and(|e| e.seq == at.seq + 1);
            if first && counted.fetch_add(1, Ordering::SeqCst) < altered {
                page.entries.truncate(2);
                page.entries[0].entry.body[40] ^= 1;
            }
        });
        let said = w["B"].try_sync().await;
        assert!(pages.load(Ordering::SeqCst) > 1);
        assert_eq!(matches!(said, Err(NotebookError::HostileServer(_))), refused, "{said:?}");
        assert_eq!((said.is_err(), w["B"].vault().note(ids[0]).is_err()), (refused, refused));
        assert_eq!(set_aside(&w["B"]), 0);
        all_is_well_with_an_honest_server(&w, &ids).await;
    }
}
