//! History is thinned on a computer that does not keep all of it, and what is needed again comes from the server.

use holdfast_domain::{NoteId, RevisionId};
use holdfast_notebook::sync::{Happened, HistoryKept, SyncFlag, WhySetAside, sign_in};
use holdfast_notebook::{ContentAt, NotePatch, NotebookError, Since, WhyNotHere};
use holdfast_sync::SyncState;
use holdfast_testkit::{Backup, Fault, PASSPHRASE, TestDevice, World};

use crate::syncing::assert_same;

const DAY_MS: u64 = 24 * 3_600_000;

/// So many days pass, on each of which these are used.
async fn days(w: &World, days: u64, used: &[&str]) {
    for _ in 0..days {
        w.clock.advance(DAY_MS);
        for name in used {
            w[name].sync().await;
        }
    }
}

/// Each of them writes something, and so signs how far it has read.
async fn sign(w: &World, who: &[&str]) {
    for _ in 0..2 {
        for name in who {
            w[name].add("Signed", name);
            w[name].sync().await;
        }
    }
}

fn versions(device: &TestDevice, id: NoteId) -> Vec<RevisionId> {
    device.vault().history(id.into()).unwrap().into_iter().map(|info| info.id).collect()
}

/// By their number in the history, the oldest first.
fn thinned(device: &TestDevice, id: NoteId) -> Vec<usize> {
    let history = device.vault().history(id.into()).unwrap();
    history.iter().enumerate().filter(|(_, info)| info.content != ContentAt::Here).map(|(n, _)| n).collect()
}

const NONE: [usize; 0] = [];
const LINES: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// So many devices; the others of the account have not been heard of for long.
async fn active(devices: usize) -> World {
    let w = World::of(devices);
    days(&w, 182, &["A", "B"]).await;
    sign(&w, &["A", "B"]).await;
    w.sync_all().await;
    w
}

/// A note with five versions of one day, which A will keep for thirty.
async fn world(devices: usize) -> (World, NoteId) {
    let w = active(devices).await;
    w["A"].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    let id = written(&w).await;
    (w, id)
}

async fn written(w: &World) -> NoteId {
    let id = w["A"].add("Note", LINES);
    for word in ["two", "three", "four", "five"] {
        w.sync_all().await;
        w["A"].replace(id, word, &format!("{word} {word}"));
    }
    w.sync_all().await;
    id
}

#[tokio::test]
async fn old_versions_go_from_one_computer_and_come_back_when_they_are_wanted() {
    let (w, id) = world(2).await;
    let before = w["A"].vault().history(id.into()).unwrap();
    sign(&w, &["A", "B"]).await;
    days(&w, 29, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), NONE, "everything stays for thirty days");
    days(&w, 3, &["A", "B"]).await;
    assert_eq!((thinned(&w["A"], id), thinned(&w["B"], id)), (vec![0, 1, 2, 3], vec![]));
    assert_same(&w);
    // Their places are what they were.
    let now = w["A"].vault().history(id.into()).unwrap();
    let places = |of: &[holdfast_notebook::RevisionInfo]| {
        of.iter().map(|v| (v.id, v.parents.clone(), v.device, v.at_ms, v.is_head)).collect::<Vec<_>>()
    };
    assert_eq!(places(&now), places(&before));
    // What stayed says what changed since the last before it that is here.
    let last = w["A"].vault().note_version(id, now[4].id).unwrap();
    assert_eq!((last.row.body, last.is_shown, last.since), (w["A"].body(id), true, Since::Nothing));

    let first = now[0].id;
    let gone = || w["A"].vault().note_version(id, first);
    assert!(matches!(gone(), Err(NotebookError::Thinned { why: None })));
    assert!(matches!(w["A"].vault().restore_version(id, first), Err(NotebookError::Thinned { .. })));
    // Nobody sends what is not here, and it is no damage.
    w["A"].vault().check_database().unwrap();
    w["A"].net.turn_off();
    let offline = w["A"].syncer().fetch_version(id, first).await;
    assert!(matches!(offline, Err(NotebookError::Thinned { why: Some(WhyNotHere::NoAnswer) })), "{offline:?}");
    w["A"].net.turn_on();
    w["A"].syncer().fetch_version(id, first).await.unwrap();
    assert_eq!(gone().unwrap().row.body, LINES);
    assert_eq!(thinned(&w["A"], id), [1, 2, 3], "only what was asked for");
    assert_eq!(w["A"].vault().note_version(id, now[4].id).unwrap().since, Since::Earlier);
    assert_eq!(gone().unwrap().since, Since::Before, "the first one was written on nothing");
    w["A"].syncer().fetch_version(id, first).await.unwrap();
    // It is as any other.
    w["A"].vault().restore_version(id, first).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), LINES);
    // And stays for as long as a new one.
    sign(&w, &["A", "B"]).await;
    days(&w, 29, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), [1, 2, 3]);
    days(&w, 4, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
}

#[tokio::test]
async fn what_only_some_have_read_stays_and_so_does_all_where_that_was_chosen() {
    let (w, id) = world(2).await;
    sign(&w, &["A"]).await;
    days(&w, 100, &["A"]).await;
    assert_eq!(thinned(&w["A"], id), NONE, "B has not said that it has read them");
    w["B"].sync().await;
    sign(&w, &["B", "A"]).await;
    days(&w, 2, &["A"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
    w["B"].vault().set_history_kept(HistoryKept::Everything).unwrap();
    days(&w, 35, &["B"]).await;
    assert_eq!(thinned(&w["B"], id), NONE);
    // A vault without a server keeps everything: there is nobody to have it from.
    let alone = World::alone();
    alone["A"].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    assert_eq!(alone["A"].vault().history_kept().unwrap(), HistoryKept::Days(30));
}

#[tokio::test]
async fn a_clock_that_jumps_thins_nothing() {
    let (w, id) = world(2).await;
    sign(&w, &["A", "B"]).await;
    w.clock.advance(100 * DAY_MS);
    for _ in 0..20 {
        w.sync_all().await;
    }
    sign(&w, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), NONE);
    // What counts is what passed between two looks, a day at most.
    days(&w, 33, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
    assert_eq!(w["A"].body(id), w["B"].body(id));
}

#[tokio::test]
async fn a_clock_that_jumps_makes_nobody_silent() {
    let w = World::of(2);
    w["A"].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    let id = w["A"].add("Note", LINES);
    w["A"].sync().await;
    w["A"].set_title(id, "Another title");
    w["A"].sync().await;
    days(&w, 32, &["A"]).await;
    w.clock.advance(200 * DAY_MS);
    days(&w, 2, &["A"]).await;
    assert_eq!(thinned(&w["A"], id), NONE, "B was heard of lately, as far as days were counted");
}

/// B wrote on the second of five versions and was away for two hundred days.
async fn away() -> (World, NoteId) {
    let w = World::of(2);
    w["A"].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    let id = w["A"].add("Note", LINES);
    w.sync_all().await;
    w["A"].replace(id, "two", "two two");
    w.sync_all().await;
    w["B"].replace(id, "nine", "nine nine");
    for word in ["three", "four", "five"] {
        w["A"].replace(id, word, &format!("{word} {word}"));
        w["A"].sync().await;
    }
    days(&w, 200, &["A"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
    (w, id)
}

#[tokio::test]
async fn who_was_away_merges_with_what_was_thinned_meanwhile() {
    let (w, id) = away().await;
    w["B"].sync().await;
    let merged = w["B"].body(id);
    assert!(merged.contains("nine nine") && merged.contains("five five"), "{merged}");
    w["A"].net.take_requests();
    w["A"].sync().await;
    assert!(w["A"].net.take_requests().contains(&"fetch"));
    assert_eq!(w["A"].body(id), merged);
    w.sync_all().await;
    assert_same(&w);
    // What is needed to merge is here; what lies before it is not.
    assert_eq!(thinned(&w["A"], id), [0]);
    assert_eq!(w["A"].vault().receipts().unwrap().len(), 1, "and the merge says what it did");
}

#[tokio::test]
async fn what_needs_a_thinned_version_is_set_aside_until_that_comes() {
    for whole in [false, true] {
        let (w, id) = away().await;
        // Sent as the difference to what it builds on, and whole.
        w["B"].vault().set_sync_flag(SyncFlag::Deltas, !whole).unwrap();
        w["B"].set_title(id, "Also of B");
        w["B"].sync().await;
        let before = w["A"].body(id);
        w["A"].net.refuse(Some(("fetch", holdfast_protocol::ProtocolError::Server("no".into()))));
        w["A"].try_sync().await.unwrap_err();
        let aside = w["A"].vault().set_aside().unwrap();
        assert!(aside.contains_key(&WhySetAside::Thinned), "{aside:?}");
        assert_ne!(w["A"].syncer().status().unwrap().state, SyncState::UpToDate);
        assert_eq!(w["A"].body(id), before, "it is not applied half");
        // What is typed meanwhile goes on.
        w["A"].replace(id, "ten", "ten ten");
        w["A"].net.refuse(None);
        // What is sent goes first.
        w["A"].sync().await;
        w["A"].sync().await;
        assert_eq!(w["A"].vault().set_aside().unwrap().len(), 0);
        w.sync_all().await;
        assert_same(&w);
        let body = w["B"].body(id);
        assert!(body.contains("nine nine") && body.contains("ten ten"), "{body}");
    }
}

/// Who finds in the same sync that the server was set back has it at the end of that, too.
#[tokio::test]
async fn what_comes_with_a_healing_and_needs_a_thinned_version_comes_with_it() {
    let (mut w, id) = away().await;
    let backup = w.server.backup().await;
    w["A"].add("Lost", "what the server loses\n");
    w["A"].sync().await;
    w.server.restore(&backup).await;
    w["B"].sync().await;
    w["A"].sync().await;
    assert_eq!(w["A"].vault().set_aside().unwrap().len(), 0);
    assert!(w["A"].body(id).contains("nine nine"), "{}", w["A"].body(id));
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let (w, id) = away().await;
    w["B"].sync().await;
    for after in 0..4 {
        for fault in [Fault::DropRequest, Fault::DropAnswer] {
            w["A"].net.fail(after, fault);
            let _ = w["A"].try_sync().await;
            w["A"].net.heal();
        }
    }
    w.sync_all().await;
    assert_same(&w);
    assert!(w["A"].body(id).contains("nine nine"));
}

#[tokio::test]
async fn an_editor_that_shows_what_was_thinned_is_behind() {
    let (w, id) = world(2).await;
    let seen = vec![versions(&w["A"], id)[1]];
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    let patch = NotePatch { body: Some("typed on it\n".into()), ..NotePatch::default() };
    let saved = w["A"].vault().save_note(id, &seen, &patch);
    assert!(matches!(saved, Err(NotebookError::Stale)), "{saved:?}");
}

#[tokio::test]
async fn receipts_of_what_is_thinned_go_and_what_is_open_keeps_its_versions() {
    let w = active(2).await;
    w["A"].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    assert_same(&w);
    let [merged, open] = ["Merged", "Open"].map(|title| w["A"].add(title, LINES));
    w.sync_all().await;
    w["A"].replace(merged, "two", "of A");
    w["B"].replace(merged, "nine", "of B");
    w["A"].replace(open, "two", "of A");
    w["B"].replace(open, "two", "of B");
    w.sync_all().await;
    assert_eq!((w["A"].vault().receipts().unwrap().len(), w["A"].to_review(open)), (1, 1));
    assert_same(&w);
    w["A"].replace(merged, "ten", "on both");
    w["A"].set_title(open, "Still open");
    w.sync_all().await;
    assert_same(&w);
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert_eq!((thinned(&w["A"], merged), thinned(&w["A"], open)), (vec![0, 1, 2], vec![]));
    assert_eq!(w["A"].vault().receipts().unwrap().len(), 0);
    assert_eq!(w["B"].vault().receipts().unwrap().len(), 1, "of its own it has everything");
    let review = w["A"].review(open);
    assert_eq!(review.review.places.len(), 1);
    assert_same(&w);
    // Decided, it is thinned like any other; and a decision of then cannot be undone, but is no damage.
    w["A"].take_side_of(open, w["B"].id());
    w.sync_all().await;
    sign(&w, &["A", "B"]).await;
    w["A"].replace(open, "ten", "later");
    w.sync_all().await;
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert!(!thinned(&w["A"], open).is_empty());
    let undone = w["A"].vault().undo_resolution(open.into());
    assert!(matches!(undone, Err(NotebookError::NothingToUndo(_))), "{undone:?}");
    w["B"].vault().undo_resolution(open.into()).unwrap();
    w.sync_all().await;
    assert_same(&w);
}

/// A question was asked again by who took back what they had decided, and closed by another who had not seen that: whoever
/// opens it once more needs all that it was about.
#[tokio::test]
async fn what_asks_again_keeps_its_versions_until_something_is_written_on_it() {
    let (w, id) = world(2).await;
    w["A"].vault().trash_note(id).unwrap();
    w["B"].replace(id, "nine", "of B");
    w.sync_all().await;
    assert_eq!((w["A"].to_review(id), w["B"].to_review(id)), (1, 1));
    w["A"].take_side_of(id, w["B"].id());
    w["A"].sync().await;
    w["A"].vault().undo_resolution(id.into()).unwrap();
    w["B"].vault().trash_note(id).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["A"].to_review(id), w["A"].note(id).row.trashed), (0, true));
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), NONE);
    w["B"].vault().restore_note(id).unwrap();
    w.sync_all().await;
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert!(!thinned(&w["A"], id).is_empty());
    assert_same(&w);
}

#[tokio::test]
async fn packs_are_compared_with_what_is_thinned_and_give_it_back() {
    let (w, id) = world(2).await;
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
    // B has all of it and makes them; A has only the places, and finds them there.
    w.clock.pack_every(8);
    for _ in 0..4 {
        sign(&w, &["B", "A"]).await;
        w.sync_all().await;
    }
    let packs = w.server.packs();
    assert!(!packs.is_empty() && packs.iter().any(|pack| pack.dropped), "{packs:?}");
    assert!(w.server.bodies().0 > 0);
    // Also to who reads no packs otherwise.
    w["A"].vault().set_sync_flag(SyncFlag::Packs, false).unwrap();
    let first = versions(&w["A"], id)[0];
    w["A"].syncer().fetch_version(id, first).await.unwrap();
    assert_eq!(w["A"].vault().note_version(id, first).unwrap().row.body, LINES);
    assert_same(&w);
}

/// The backup is older than the sessions.
async fn restored(w: &mut World, backup: &Backup) {
    w.server.restore(backup).await;
    for device in &w.devices {
        if device.try_sync().await.is_err() {
            sign_in(device.vault(), device.connect(), PASSPHRASE).await.unwrap();
        }
    }
    w.sync_all().await;
    w.sync_all().await;
}

/// A server that is set back to before all that both computers have thinned: of those versions nobody has the contents.
/// Who joins then, and who was away, sees the note.
#[tokio::test]
async fn a_server_that_lost_what_everybody_thinned_gets_the_places() {
    let mut w = World::of(3);
    // C has not been heard of for so long that nobody waits for it.
    days(&w, 182, &["A", "B"]).await;
    sign(&w, &["A", "B"]).await;
    for name in ["A", "B"] {
        w[name].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    }
    let id = w["A"].add("Note", LINES);
    w["A"].sync().await;
    let backup = w.server.backup().await;
    for word in ["two", "three", "four", "five"] {
        w["A"].replace(id, word, &format!("{word} {word}"));
        w["A"].sync().await;
    }
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert_eq!((thinned(&w["A"], id), thinned(&w["B"], id)), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));

    restored(&mut w, &backup).await;
    let joined = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(joined);
    w.sync_all().await;
    w.sync_all().await;
    for name in ["A", "B", "C", "New"] {
        assert_eq!(w[name].body(id), w["A"].body(id), "{name}");
        assert_eq!(w[name].vault().sync_status().unwrap().state, SyncState::UpToDate, "{name}");
        assert_eq!(w[name].vault().set_aside().unwrap().len(), 0, "{name}");
        assert_eq!(versions(&w[name], id), versions(&w["A"], id), "{name}");
    }
    // The first one was in the backup.
    assert_eq!((thinned(&w["C"], id), thinned(&w["New"], id)), (vec![1, 2, 3], vec![1, 2, 3]));
    assert_same(&w);
    w["New"].replace(id, "nine", "nine nine");
    w["A"].replace(id, "one", "one one");
    w.sync_all().await;
    w.sync_all().await;
    assert!(w["C"].body(id).contains("nine nine") && w["C"].body(id).contains("one one"));
    assert_same(&w);
    // A second restore takes the places away again, and they come again.
    restored(&mut w, &backup).await;
    let joined = TestDevice::join("Newer", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(joined);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["Newer"].body(id), w["A"].body(id));
}

/// Somebody is removed while the places are under way: they go again, under the account's new key.
#[tokio::test]
async fn places_that_wait_are_sealed_with_the_key_that_counts() {
    let mut w = World::of(3);
    days(&w, 182, &["A", "B"]).await;
    sign(&w, &["A", "B"]).await;
    for name in ["A", "B"] {
        w[name].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    }
    let backup = w.server.backup().await;
    let id = written(&w).await;
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
    w.server.restore(&backup).await;
    for name in ["A", "B"] {
        sign_in(w[name].vault(), w[name].connect(), PASSPHRASE).await.unwrap();
    }
    let (by, c) = (w["B"].syncer().clone(), w["C"].id());
    w["A"].net.take_requests();
    w["A"].net.before("push", async move { by.remove_device(c, None).await.unwrap() });
    w["A"].sync().await;
    let requests = w["A"].net.take_requests();
    assert!(requests.contains(&"heal") && requests.contains(&"push"), "{requests:?}");
    w["A"].sync().await;
    let joined = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.retain(|device| device.id() != c);
    w.devices.push(joined);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["New"].body(id), w["A"].body(id));
    assert_eq!((thinned(&w["New"], id), w["New"].vault().set_aside().unwrap().len()), (vec![0, 1, 2, 3], 0));
}

#[tokio::test]
async fn a_restored_server_gets_back_what_somebody_has_and_is_told_what_nobody_has() {
    for everybody in [false, true] {
        let mut w = active(2).await;
        for name in if everybody { &["A", "B"][..] } else { &["A"] } {
            w[*name].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
        }
        let backup = w.server.backup().await;
        let id = written(&w).await;
        sign(&w, &["A", "B"]).await;
        days(&w, 33, &["A", "B"]).await;
        assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
        w.server.restore(&backup).await;
        for _ in 0..3 {
            w.sync_all().await;
        }
        assert_same(&w);
        let told = |name: &str| {
            let lines = w[name].vault().activity(50).unwrap();
            lines.into_iter().filter(|line| line.what == Happened::Healed).map(|line| line.message).collect::<String>()
        };
        let says = "4 older versions that it lost are not on this computer";
        assert!(told("A").contains(says) && told("B").contains(says) == everybody, "{} | {}", told("A"), told("B"));
        let first = versions(&w["A"], id)[0];
        let is_said_to_be = w["A"].vault().history(id.into()).unwrap()[0].content;
        assert_eq!(is_said_to_be, if everybody { ContentAt::Elsewhere } else { ContentAt::Server });
        let came = w["A"].syncer().fetch_version(id, first).await;
        let joined = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
        joined.sync().await;
        if everybody {
            assert!(matches!(came, Err(NotebookError::Thinned { why: Some(WhyNotHere::NotOnServer) })), "{came:?}");
        } else {
            came.unwrap();
        }
        // Of what is nowhere the log has the places, so that what builds on it can be read.
        assert_eq!(joined.body(id), w["A"].body(id));
        assert_eq!((versions(&joined, id), joined.vault().set_aside().unwrap().len()), (versions(&w["A"], id), 0));
        // The others go on.
        w["A"].replace(id, "ten", "ten ten");
        w.sync_all().await;
        assert_same(&w);
        assert!(w["B"].body(id).contains("ten ten"));
    }
}

#[tokio::test]
async fn who_joins_later_has_the_history_that_the_server_has() {
    let (w, id) = world(2).await;
    sign(&w, &["A", "B"]).await;
    days(&w, 33, &["A", "B"]).await;
    assert_eq!(thinned(&w["A"], id), [0, 1, 2, 3]);
    let joined = TestDevice::join("New", w.dir.path(), &w.clock, &w.server).await.unwrap();
    joined.sync().await;
    assert_eq!(thinned(&joined, id), NONE);
    for version in versions(&joined, id) {
        joined.vault().note_version(id, version).unwrap();
    }
    // A vault that is set to keep less, or more, later.
    w["B"].vault().set_history_kept(HistoryKept::Days(30)).unwrap();
    w["A"].vault().set_history_kept(HistoryKept::Everything).unwrap();
    sign(&w, &["A", "B"]).await;
    joined.add("Signed", "by the new one");
    joined.sync().await;
    w.sync_all().await;
    assert_eq!((thinned(&w["A"], id), thinned(&w["B"], id)), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
}
