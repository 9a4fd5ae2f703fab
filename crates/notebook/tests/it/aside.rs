//! What a removed computer sent late can be looked at, taken over and discarded; what waits for something cannot.

use holdfast_domain::NoteId;
use holdfast_notebook::sync::{AsideEntry, AsideId, Happened, Takes, WhySetAside, sign_in};
use holdfast_notebook::{NotePatch, NotebookError};
use holdfast_sync::SyncState;
use holdfast_testkit::{Backup, PASSPHRASE, TestDevice, World};

use crate::syncing::shown;

/// B was removed; the server forgot it and let B in again; A knows and has read what B sent then.
struct Late {
    w: World,
    backup: Backup,
    shared: NoteId,
}

async fn late(what: impl FnOnce(&TestDevice, NoteId)) -> Late {
    let mut w = World::of(3);
    let shared = w["A"].add("Shared", "one\ntwo\nthree\n");
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["A"].syncer().remove_device(w["B"].id(), None).await.unwrap();
    w["A"].sync().await;
    w.server.restore(&backup).await;
    sign_in(w["B"].vault(), w["B"].connect(), PASSPHRASE).await.unwrap();
    what(&w["B"], shared);
    w["B"].sync().await;
    w["A"].sync().await;
    w["A"].sync().await;
    let late = Late { w, backup, shared };
    late.in_step().await;
    late
}

impl Late {
    fn a(&self) -> &TestDevice {
        &self.w["A"]
    }

    fn list(&self) -> Vec<AsideEntry> {
        self.a().vault().set_aside_entries().unwrap()
    }

    fn titled(&self, title: &str) -> AsideEntry {
        let mut all: Vec<_> = self.list().into_iter().filter(|e| e.title.as_deref() == Some(title)).collect();
        assert_eq!(all.len(), 1, "{:?}", self.list());
        all.remove(0)
    }

    fn text(&self, id: AsideId) -> String {
        self.a().vault().set_aside_text(id).unwrap().text.unwrap()
    }

    fn said(&self, what: &Happened) -> usize {
        self.a().vault().activity(100).unwrap().iter().filter(|line| line.what == *what).count()
    }

    /// A and C have the same, and say so.
    async fn in_step(&self) {
        for name in ["C", "A", "C"] {
            self.w[name].sync().await;
        }
        assert_eq!(shown(self.a()), shown(&self.w["C"]));
        assert_eq!(self.a().syncer().status().unwrap().state, SyncState::UpToDate);
    }
}

#[tokio::test]
async fn what_came_late_can_be_looked_at() {
    let l = late(|b, shared| {
        b.add("Alone", "written late\n");
        b.write(shared, "one\ntwo, late\nthree\n");
    })
    .await;
    let all = l.list();
    assert_eq!(all.len(), 2);
    for entry in &all {
        assert_eq!((entry.why, entry.device_name.as_deref()), (WhySetAside::Removed, Some("B")));
        assert_eq!((entry.device, entry.takes), (Some(l.w["B"].id()), Some(Takes::Version)));
        assert!(entry.arrived_ms.is_some() && entry.bytes > 0 && entry.record.is_some());
    }
    assert_eq!(l.text(l.titled("Alone").id), "written late\n");
    assert_eq!(l.text(l.titled("Shared").id), "one\ntwo, late\nthree\n");
    let text = l.a().vault().set_aside_text(l.titled("Alone").id).unwrap();
    assert!(text.written_ms.is_some() && text.tags.is_empty());
    assert_eq!(l.a().body(l.shared), "one\ntwo\nthree\n", "looking changes nothing");
    let unknown = AsideId([7; 32]);
    assert!(matches!(l.a().vault().set_aside_text(unknown), Err(NotebookError::NotFound { .. })));
}

/// It merges with what was written since, as if this computer had written it; and everybody gets it.
#[tokio::test]
async fn what_is_taken_over_is_a_version_of_this_computer() {
    let l = late(|b, shared| {
        b.add("Alone", "written late\n");
        b.write(shared, "one\ntwo, late\nthree\n");
    })
    .await;
    l.a().write(l.shared, "one, since\ntwo\nthree\n");
    // And something is being typed that has not seen it.
    l.a().type_body(l.shared, "one, since\ntwo\nthree\nfour\n");
    let mut told = l.a().vault().subscribe();
    let taken = l.a().vault().take_over(l.titled("Shared").id).unwrap();
    assert_eq!((NoteId::from(taken.record), taken.new_note), (l.shared, false));
    let told = told.try_recv().unwrap();
    assert!(told.from_sync && told.notes.contains(&l.shared), "an open editor has not seen these words");
    assert_eq!(l.a().body(l.shared), "one, since\ntwo, late\nthree\nfour\n");
    let newest = l.a().vault().history(l.shared.into()).unwrap();
    assert!(newest.iter().all(|version| version.device != l.w["B"].id()), "nothing of B's is in the history");
    let alone = l.a().vault().take_over(l.titled("Alone").id).unwrap();
    assert_eq!(l.a().body(alone.record.into()), "written late\n");
    l.in_step().await;
    assert_eq!(l.w["C"].body(l.shared), "one, since\ntwo, late\nthree\nfour\n");
    assert_eq!((l.list(), l.said(&Happened::TakenOver)), (vec![], 2));
    assert_eq!(l.a().syncer().status().unwrap().quarantined, 0);
    // Where both changed the same words, both are asked about, as always.
    assert_eq!(l.a().to_review(l.shared), 0);
}

#[tokio::test]
async fn the_same_words_are_asked_about() {
    let l = late(|b, shared| b.write(shared, "one\ntwo, late\nthree\n")).await;
    l.a().write(l.shared, "one\nzwei\nthree\n");
    l.a().vault().take_over(l.titled("Shared").id).unwrap();
    assert_eq!(l.a().text_sides(l.shared), [["two, late", "zwei"].map(|s| format!("{s}\n"))].map(|s| s.to_vec()));
    l.in_step().await;
}

/// Taking the last of a row takes what was before it along; what comes later still goes on from there.
#[tokio::test]
async fn several_versions_are_taken_as_one() {
    let l = late(|b, shared| {
        b.write(shared, "one\ntwo, late\nthree\n");
        b.write(shared, "one\ntwo, late\nthree, later\n");
    })
    .await;
    let newest = l.list().into_iter().find(|e| l.text(e.id).contains("later")).unwrap();
    l.a().vault().take_over(newest.id).unwrap();
    assert_eq!(l.a().body(l.shared), "one\ntwo, late\nthree, later\n");
    assert_eq!((l.list(), l.a().vault().history(l.shared.into()).unwrap().len()), (vec![], 2));
    l.in_step().await;
}

/// The first of a row is discarded, the second taken: it stands on what was there before both.
#[tokio::test]
async fn what_was_discarded_is_in_the_way_of_nothing() {
    let l = late(|b, shared| {
        b.write(shared, "one\ntwo, late\nthree\n");
        b.write(shared, "one\ntwo, late\nthree, later\n");
    })
    .await;
    let first = l.list().into_iter().find(|e| !l.text(e.id).contains("later")).unwrap();
    l.a().vault().discard_set_aside(first.id).unwrap();
    let left = l.list();
    assert_eq!((left.len(), left[0].takes), (1, Some(Takes::Version)));
    l.a().vault().take_over(left[0].id).unwrap();
    assert_eq!(l.a().body(l.shared), "one\ntwo, late\nthree, later\n");
    l.in_step().await;
}

/// Nobody is asked again: not after a restart, nor when a restored server shows it once more. The bytes stay.
#[tokio::test]
async fn what_was_discarded_is_not_asked_again() {
    let mut l = late(|b, shared| b.write(shared, "one\ntwo, late\nthree\n")).await;
    let id = l.titled("Shared").id;
    l.a().vault().discard_set_aside(id).unwrap();
    assert!(matches!(l.a().vault().discard_set_aside(id), Err(NotebookError::NotFound { .. })), "once");
    assert!(matches!(l.a().vault().take_over(id), Err(NotebookError::NotFound { .. })));
    assert_eq!(l.said(&Happened::Discarded), 1);
    let line = &l.a().vault().activity(1).unwrap()[0];
    assert!(!line.message.contains("Shared") && line.message.contains("discarded"), "{}", line.message);
    l.w["A"].close();
    l.w["A"].reopen();
    l.a().sync().await;
    assert_eq!((l.list(), l.a().vault().set_aside().unwrap().len()), (vec![], 0));
    // The log is read from its beginning once more.
    l.w.server.core().begin_new_epochs().unwrap();
    l.in_step().await;
    assert_eq!((l.list(), l.a().body(l.shared).as_str()), (vec![], "one\ntwo\nthree\n"));
    assert_eq!(l.a().syncer().status().unwrap().quarantined, 0);
    // And a server that is set back to before it all loses nothing of it.
    l.w.server.restore(&l.backup).await;
    l.a().sync().await;
    l.in_step().await;
    assert_eq!(l.list(), []);
}

/// Who took it in, not knowing of the removal, gives it back to a restored server in a seal of its own: other bytes, and the
/// same change.
#[tokio::test]
async fn what_was_discarded_is_not_asked_again_under_another_seal() {
    let mut w = World::of(3);
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["A"].syncer().remove_device(w["B"].id(), None).await.unwrap();
    w.server.restore(&backup).await;
    w["B"].add("Alone", "written late\n");
    w["B"].sync().await;
    w["C"].sync().await;
    w["A"].sync().await;
    w["A"].sync().await;
    let late = w["A"].vault().set_aside_entries().unwrap();
    assert_eq!((late.len(), late[0].title.as_deref()), (1, Some("Alone")));
    w["A"].vault().discard_set_aside(late[0].id).unwrap();
    for _ in 0..4 {
        w.server.restore(&backup).await;
        for name in ["C", "A", "C", "A"] {
            w[name].sync().await;
        }
        let status = w["A"].syncer().status().unwrap();
        assert_eq!((status.state, status.quarantined), (SyncState::UpToDate, 0));
        assert_eq!(w["A"].vault().set_aside_entries().unwrap(), []);
    }
}

/// Another computer of the account has taken it over: here nothing is left to do but to discard it.
#[tokio::test]
async fn what_another_computer_took_over_is_said() {
    let l = late(|b, shared| b.write(shared, "one\ntwo, late\nthree\n")).await;
    l.a().vault().take_over(l.titled("Shared").id).unwrap();
    l.in_step().await;
    let c = l.w["C"].vault();
    let there = c.set_aside_entries().unwrap();
    assert_eq!((there.len(), there[0].takes), (1, Some(Takes::Taken)));
    assert!(matches!(c.take_over(there[0].id), Err(NotebookError::Invalid(_))));
    c.discard_set_aside(there[0].id).unwrap();
    assert_eq!(c.set_aside_entries().unwrap(), []);
}

/// A note with a file: both came late.
#[tokio::test]
async fn a_file_comes_with_its_note() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.txt");
    std::fs::write(&path, b"the plan").unwrap();
    let l = late(|b, _| {
        let id = b.add("With a file", "see it\n");
        b.vault().attach_file(id, &path).unwrap();
    })
    .await;
    // The newest first.
    let newest = l.list().into_iter().find(|e| e.title.as_deref() == Some("With a file")).unwrap();
    let note: NoteId = l.a().vault().take_over(newest.id).unwrap().record.into();
    assert_eq!(l.list(), [], "the file's record too");
    l.in_step().await;
    for device in ["A", "C"] {
        let files = l.w[device].vault().attachments(note).unwrap();
        assert_eq!((files.len(), files[0].name.as_str(), files[0].here), (1, "plan.txt", true), "{device}");
        assert_eq!(l.w[device].vault().attachment_bytes(files[0].id).unwrap(), b"the plan");
    }
}

/// What this computer itself edits in a note before it decides is not touched by discarding.
#[tokio::test]
async fn discarding_changes_no_note() {
    let l = late(|b, shared| b.set(shared, NotePatch { title: Some("Late".into()), ..NotePatch::default() })).await;
    let before = shown(l.a());
    l.a().vault().discard_set_aside(l.titled("Late").id).unwrap();
    assert_eq!(shown(l.a()), before);
    l.in_step().await;
}

/// A first version became a note of its own, since another computer had made its note of a later one: what is built on that
/// version goes on in the note that was made of it.
#[tokio::test]
async fn what_builds_on_a_version_that_became_a_note_goes_on_there() {
    let l = late(|b, _| {
        let id = b.add("Alone", "first\n");
        b.write(id, "first\nsecond\n");
        b.write(id, "first\nsecond\nthird\n");
    })
    .await;
    let with = |d: &TestDevice, text: &str| {
        let all = d.vault().set_aside_entries().unwrap();
        all.into_iter().find(|e| d.vault().set_aside_text(e.id).unwrap().text.as_deref() == Some(text)).unwrap()
    };
    let c = &l.w["C"];
    let theirs = c.vault().take_over(with(c, "first\nsecond\n").id).unwrap();
    assert!(!theirs.new_note);
    l.in_step().await;

    let mine = l.a().vault().take_over(with(l.a(), "first\n").id).unwrap();
    assert!(mine.new_note && mine.record != theirs.record);
    let last = with(l.a(), "first\nsecond\nthird\n");
    assert_eq!((last.record, last.takes), (Some(mine.record), Some(Takes::Version)));
    let taken = l.a().vault().take_over(last.id).unwrap();
    assert_eq!((taken.record, taken.new_note), (mine.record, false));
    assert_eq!(l.a().body(mine.record.into()), "first\nsecond\nthird\n");
    assert_eq!(l.a().body(theirs.record.into()), "first\nsecond\n");
    l.in_step().await;
}
