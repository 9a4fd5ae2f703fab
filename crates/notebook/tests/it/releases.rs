//! Files that nothing names any more: their bytes go after a time, everywhere, and not a day before; and come back from
//! whoever has them.

use std::fs;
use std::path::PathBuf;

use holdfast_domain::NoteId;
use holdfast_notebook::{AttachmentId, NotebookError, WhyNotHere};
use holdfast_sync::SyncState;
use holdfast_testkit::{TestClock, TestDevice, World};

use crate::syncing::assert_same;

const DAY_MS: u64 = 24 * 3_600_000;

/// All devices of the account. Who is not among those that sync is away.
const ALL: [&str; 4] = ["A", "B", "C", "D"];

fn file(w: &World, name: &str, text: &str) -> PathBuf {
    let path = w.dir.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn only(d: &TestDevice, note: NoteId) -> AttachmentId {
    let all = d.vault().attachments(note).unwrap();
    assert_eq!(all.len(), 1);
    all[0].id
}

fn bytes(d: &TestDevice, id: AttachmentId) -> String {
    String::from_utf8(d.vault().attachment_bytes(id).unwrap()).unwrap()
}

fn has(d: &TestDevice, id: AttachmentId) -> bool {
    d.vault().has_attachment(id).unwrap()
}

/// How many blobs the server has.
fn on_server(w: &World) -> usize {
    let shards = fs::read_dir(w.server.data().join("blobs")).unwrap();
    shards.map(|shard| fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}

/// Each writes something, and so signs how far it has read.
async fn sign(w: &World, devices: &[&str]) {
    for name in devices {
        w[*name].sync().await;
        w[*name].add("Signed", name);
        w[*name].sync().await;
    }
    for name in devices {
        w[*name].sync().await;
    }
}

/// So many days, on each of which these sync.
async fn days(w: &World, devices: &[&str], days: u64) {
    for _ in 0..days {
        w.clock.advance(DAY_MS);
        for name in devices {
            w[*name].sync().await;
        }
    }
}

/// A note with a file that everybody has.
async fn with_file() -> (World, NoteId, AttachmentId) {
    let w = World::of(4);
    let id = w["A"].add("T", "[plan](plan.pdf)\n");
    w["A"].vault().attach_file(id, &file(&w, "plan.pdf", "the plan")).unwrap();
    w.sync_all().await;
    let attachment = only(&w["A"], id);
    for device in &w.devices {
        assert_eq!(bytes(device, attachment), "the plan");
    }
    assert_eq!(on_server(&w), 1);
    (w, id, attachment)
}

/// The same with the file taken out of the note by A, and that released, two days later, and read by everybody.
async fn released() -> (World, NoteId, AttachmentId) {
    let (w, id, attachment) = with_file().await;
    w["A"].vault().detach_file(id, attachment).unwrap();
    w.sync_all().await;
    assert_eq!(w["B"].vault().attachments(id).unwrap(), []);
    // One until it is noticed, and one until it is said.
    days(&w, &ALL, 2).await;
    w.sync_all().await;
    sign(&w, &ALL).await;
    (w, id, attachment)
}

#[tokio::test]
async fn what_a_note_names_never_goes() {
    let (w, id, attachment) = with_file().await;
    // In the trash, too.
    let other = w["B"].add("Other", "text\n");
    w["B"].vault().attach_file(other, &file(&w, "other.pdf", "another plan")).unwrap();
    w["B"].vault().trash_note(other).unwrap();
    w.sync_all().await;
    for _ in 0..3 {
        days(&w, &ALL, 20).await;
        sign(&w, &ALL).await;
    }
    assert_eq!((bytes(&w["A"], attachment), on_server(&w)), ("the plan".into(), 2));
    w["A"].vault().restore_note(other).unwrap();
    assert_eq!(bytes(&w["A"], only(&w["A"], other)), "another plan");
    assert_eq!(only(&w["B"], id), attachment);
}

#[tokio::test]
async fn what_was_taken_out_goes_after_the_grace_period_and_not_before() {
    let (w, id, attachment) = released().await;
    days(&w, &ALL, 29).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (true, true, 1));
    days(&w, &ALL, 2).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (false, false, 0));
    for device in &w.devices {
        // It is gone, and told as that; nothing is missed and nothing waits.
        let said = device.vault().attachment_bytes(attachment);
        let gone = |why| matches!(why, WhyNotHere::Gone { since } if since.year() == 2027);
        assert!(matches!(said, Err(NotebookError::NotHere { why, .. }) if gone(why)), "{said:?}");
        let said = device.syncer().fetch_file(attachment).await;
        assert!(matches!(said, Err(NotebookError::NotHere { why, .. }) if gone(why)), "{said:?}");
        device.sync().await;
        let status = device.syncer().status().unwrap();
        assert_eq!((status.state, status.not_here.files, status.receiving.files), (SyncState::UpToDate, 0, 0));
    }
    // The history says that the note had it.
    let history = w["B"].vault().history(id.into()).unwrap();
    let had = |version| w["B"].vault().note_version(id, version).unwrap().row.attachments.len();
    assert_eq!(history.iter().map(|version| had(version.id)).max(), Some(1));
    assert_same(&w);
    // Given once more, it is here once more.
    w["B"].vault().attach_file(id, &file(&w, "plan.pdf", "the plan")).unwrap();
    w.sync_all().await;
    assert_eq!(bytes(&w["A"], only(&w["A"], id)), "the plan");
}

/// As long as somebody who may name it has not said that it does not, nothing goes.
#[tokio::test]
async fn who_was_away_and_still_names_it_keeps_it() {
    let (w, id, attachment) = with_file().await;
    let elsewhere = w["C"].add("Elsewhere", "[plan](plan.pdf)\n");
    w["C"].vault().attach_file(elsewhere, &file(&w, "plan.pdf", "the plan")).unwrap();
    w["A"].vault().detach_file(id, attachment).unwrap();
    days(&w, &["A", "B", "D"], 2).await;
    sign(&w, &["A", "B", "D"]).await;
    days(&w, &["A", "B", "D"], 60).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (true, true, 1));
    w["C"].sync().await;
    days(&w, &ALL, 40).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 40).await;
    for device in &w.devices {
        assert_eq!((only(device, elsewhere), bytes(device, attachment)), (attachment, "the plan".into()));
    }
    assert_eq!(on_server(&w), 1);
    assert_same(&w);
}

#[tokio::test]
async fn an_old_version_that_comes_back_in_time_keeps_it() {
    let (w, id, attachment) = released().await;
    days(&w, &ALL, 25).await;
    let history = w["B"].vault().history(id.into()).unwrap();
    let with = |version| !w["B"].vault().note_version(id, version).unwrap().row.attachments.is_empty();
    let old = history.iter().map(|version| version.id).find(|version| with(*version)).unwrap();
    w["B"].vault().restore_version(id, old).unwrap();
    days(&w, &ALL, 40).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 40).await;
    for device in &w.devices {
        assert_eq!((only(device, id), bytes(device, attachment)), (attachment, "the plan".into()));
    }
    assert_eq!(on_server(&w), 1);
    // Taken out once more, it goes by another release.
    w["B"].vault().detach_file(id, attachment).unwrap();
    days(&w, &ALL, 2).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 32).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (false, false, 0));
}

/// C was silent for so long that nobody waits for it any more, and it names the file: it gives it back.
#[tokio::test]
async fn who_still_has_it_gives_it_back() {
    let (w, id, attachment) = released().await;
    let elsewhere = w["C"].add("Elsewhere", "[plan](plan.pdf)\n");
    w["C"].vault().attach_file(elsewhere, &file(&w, "plan.pdf", "the plan")).unwrap();
    days(&w, &["A", "B", "D"], 100).await;
    assert_eq!(on_server(&w), 1, "C is waited for");
    days(&w, &["A", "B", "D"], 85).await;
    sign(&w, &["A", "B", "D"]).await;
    days(&w, &["A", "B", "D"], 1).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (false, false, 0));
    assert!(has(&w["C"], attachment));
    let requests = || w["C"].net.take_requests();
    requests();
    w["C"].sync().await;
    let requests = requests();
    let at = |request: &str| requests.iter().position(|r| *r == request);
    assert!(at("push") < at("missing") && at("missing") < at("put_blob"), "{requests:?}");
    assert_eq!(requests.iter().filter(|r| **r == "put_blob").count(), 1);
    assert!(
        requests.iter().rposition(|r| *r == "push") > at("put_blob"),
        "what names it comes behind it: {requests:?}"
    );
    w.sync_all().await;
    for device in &w.devices {
        assert_eq!((only(device, elsewhere), bytes(device, attachment)), (attachment, "the plan".into()));
    }
    assert_eq!(w["A"].vault().attachments(id).unwrap(), []);
    assert_same(&w);
}

/// The server's clock and a computer's may be set: it is not so that a month has passed.
#[tokio::test]
async fn a_clock_that_jumps_a_year_lets_nothing_go() {
    let (w, _, attachment) = released().await;
    w.clock.advance(300 * DAY_MS);
    w.sync_all().await;
    sign(&w, &ALL).await;
    w.sync_all().await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (true, true, 1));
    days(&w, &ALL, 27).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (true, true, 1));
}

/// One computer's clock is a year ahead.
#[tokio::test]
async fn a_computer_that_is_a_year_ahead_lets_nothing_go() {
    let mut w = World::of(4);
    let ahead = TestClock::default();
    ahead.set(w.clock.now_ms());
    let joined = TestDevice::join("ahead", w.dir.path(), &ahead, &w.server).await.unwrap();
    w.devices.push(joined);
    let id = w["A"].add("T", "[plan](plan.pdf)\n");
    w["A"].vault().attach_file(id, &file(&w, "plan.pdf", "the plan")).unwrap();
    w.sync_all().await;
    let attachment = only(&w["A"], id);
    w["A"].vault().detach_file(id, attachment).unwrap();
    w.sync_all().await;
    ahead.advance(365 * DAY_MS);
    for _ in 0..20 {
        w.sync_all().await;
        w.clock.advance(DAY_MS / 24);
        ahead.advance(DAY_MS / 24);
    }
    assert_eq!((has(&w["A"], attachment), has(&w.devices[4], attachment), on_server(&w)), (true, true, 1));
}

/// Both find at the same time that nothing names it: one release is enough, and two are no harm.
#[tokio::test]
async fn two_computers_release_the_same() {
    let (w, id, attachment) = with_file().await;
    w["A"].vault().detach_file(id, attachment).unwrap();
    w.sync_all().await;
    days(&w, &ALL, 1).await;
    w.clock.advance(DAY_MS);
    let (one, two) = tokio::join!(w["A"].try_sync(), w["B"].try_sync());
    one.unwrap();
    two.unwrap();
    w.sync_all().await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 32).await;
    assert_eq!((has(&w["A"], attachment), has(&w["B"], attachment), on_server(&w)), (false, false, 0));
    assert_same(&w);
}

/// Two records of the same contents, sealed twice: while one of them is named, neither goes.
#[tokio::test]
async fn two_records_of_one_content_go_together() {
    let w = World::of(4);
    let path = file(&w, "plan.pdf", "the plan");
    let [one, two] = ["A", "B"].map(|name| {
        let id = w[name].add(name, "[plan](plan.pdf)\n");
        w[name].vault().attach_file(id, &path).unwrap();
        (id, only(&w[name], id))
    });
    w.sync_all().await;
    assert_eq!((one.1 == two.1, on_server(&w)), (false, 2));
    w["A"].vault().detach_file(one.0, one.1).unwrap();
    days(&w, &ALL, 2).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 40).await;
    assert_eq!(
        (bytes(&w["A"], two.1), bytes(&w["B"], one.1), on_server(&w)),
        ("the plan".into(), "the plan".into(), 2)
    );
    w["A"].vault().detach_file(two.0, two.1).unwrap();
    days(&w, &ALL, 2).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 32).await;
    assert_eq!((has(&w["A"], two.1), has(&w["B"], one.1), on_server(&w)), (false, false, 0));
}

/// A server that was set back before what takes a release back: it hears it again, and keeps the file.
#[tokio::test]
async fn a_server_that_was_set_back_keeps_what_is_named() {
    let (mut w, id, attachment) = released().await;
    let backup = w.server.backup().await;
    let history = w["A"].vault().history(id.into()).unwrap();
    let with = |version| !w["A"].vault().note_version(id, version).unwrap().row.attachments.is_empty();
    let old = history.iter().map(|version| version.id).find(|version| with(*version)).unwrap();
    w["A"].vault().restore_version(id, old).unwrap();
    w.sync_all().await;
    w.server.restore(&backup).await;
    days(&w, &ALL, 40).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 40).await;
    for device in &w.devices {
        assert_eq!((only(device, id), bytes(device, attachment)), (attachment, "the plan".into()));
    }
    assert_eq!(on_server(&w), 1);
    assert_same(&w);
}

/// The file of a server that was set back to when it had it goes once more.
#[tokio::test]
async fn a_server_that_was_set_back_to_before_the_end_lets_it_go_again() {
    let (mut w, _, attachment) = released().await;
    let backup = w.server.backup().await;
    days(&w, &ALL, 31).await;
    assert_eq!((has(&w["A"], attachment), on_server(&w)), (false, 0));
    sign(&w, &ALL).await;
    w.server.restore(&backup).await;
    w.sync_all().await;
    assert_eq!((has(&w["A"], attachment), on_server(&w)), (false, 1), "nobody fetches what was released");
    sign(&w, &ALL).await;
    days(&w, &ALL, 34).await;
    assert_eq!((has(&w["B"], attachment), on_server(&w)), (false, 0));
    assert_eq!(w["B"].syncer().status().unwrap().state, SyncState::UpToDate);
    assert_same(&w);
}

/// While something waits that may name any file nothing goes, and what is named comes.
#[tokio::test]
async fn what_went_and_is_given_again_comes_while_something_else_waits() {
    let (w, id, attachment) = released().await;
    let notes: Vec<NoteId> = (0..25).map(|n| w["B"].add(&format!("Note {n}"), "text\n")).collect();
    w.sync_all().await;
    days(&w, &ALL, 31).await;
    assert_eq!((has(&w["A"], attachment), on_server(&w)), (false, 0));
    for note in notes {
        w["B"].vault().trash_note(note).unwrap();
    }
    w["B"].sync().await;
    w["A"].sync().await;
    assert!(w["A"].vault().tripwire().unwrap().is_some(), "the case is none");
    w["B"].vault().attach_file(id, &file(&w, "again.pdf", "the plan")).unwrap();
    w["B"].sync().await;
    w["A"].sync().await;
    assert_eq!(bytes(&w["A"], only(&w["A"], id)), "the plan");
}

/// The server has forgotten the release, so that nobody takes it back.
#[tokio::test]
async fn what_went_and_is_given_again_to_a_server_that_was_set_back_is_here_at_once() {
    let (mut w, id, attachment) = with_file().await;
    let backup = w.server.backup().await;
    w["A"].vault().detach_file(id, attachment).unwrap();
    w.sync_all().await;
    days(&w, &ALL, 2).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 31).await;
    assert_eq!((has(&w["A"], attachment), on_server(&w)), (false, 0));
    w.server.restore(&backup).await;
    w.sync_all().await;
    w.sync_all().await;
    w["B"].vault().attach_file(id, &file(&w, "again.pdf", "the plan")).unwrap();
    w["B"].sync().await;
    w["A"].sync().await;
    assert_eq!(bytes(&w["A"], only(&w["A"], id)), "the plan");
}

/// What is being typed names it, and so does a version that another one is beside.
#[tokio::test]
async fn an_open_note_and_a_version_beside_another_name_it() {
    let (w, id, attachment) = released().await;
    // A side that has it again, and one that was written without knowing that: both are heads.
    let history = w["B"].vault().history(id.into()).unwrap();
    let with = |version| !w["B"].vault().note_version(id, version).unwrap().row.attachments.is_empty();
    let old = history.iter().map(|version| version.id).find(|version| with(*version)).unwrap();
    w["B"].vault().restore_version(id, old).unwrap();
    w["A"].write(id, "another text\n");
    days(&w, &ALL, 2).await;
    sign(&w, &ALL).await;
    days(&w, &ALL, 40).await;
    for device in &w.devices {
        assert_eq!(bytes(device, attachment), "the plan");
    }
}
