//! A sync that would take many notes away asks first, on real databases and the real server.

use std::collections::BTreeSet;

use holdfast_domain::NoteId;
use holdfast_notebook::{BackupReason, NewNote, NotePatch, NotebookError, NotesFilter, Vault};
use holdfast_sync::SyncState;
use holdfast_testkit::{PASSPHRASE, TestDevice, World};

use crate::syncing::assert_same;

const TEXT: &str = "A line about pumps.\nAnother about the valve behind them.\n";

/// So many notes on the first device, and everything everywhere.
async fn notes(w: &World, count: usize) -> Vec<NoteId> {
    let ids = (0..count).map(|n| w["A"].add(&format!("Note {n}"), TEXT)).collect();
    w.sync_all().await;
    ids
}

fn trash(device: &TestDevice, ids: &[NoteId]) {
    for id in ids {
        device.vault().trash_note(*id).unwrap();
    }
}

fn live(device: &TestDevice) -> usize {
    device.vault().count_notes(&NotesFilter::default()).unwrap() as usize
}

/// What the person is asked: notes to the trash, notes emptied, of how many.
fn asked(device: &TestDevice) -> Option<(u32, u32, u32)> {
    device.vault().tripwire().unwrap().map(|t| (t.trashed, t.emptied, t.of))
}

fn state(device: &TestDevice) -> (SyncState, SyncState) {
    (device.syncer().status().unwrap().state, device.vault().sync_status().unwrap().state)
}

#[tokio::test]
async fn twenty_of_a_hundred_go_and_twenty_one_ask() {
    for (count, asks) in [(19, false), (20, false), (21, true)] {
        let w = World::of(2);
        let ids = notes(&w, 100).await;
        trash(&w["A"], &ids[..count]);
        w["A"].sync().await;
        let report = w["B"].sync().await;
        assert_eq!(report.pulled as usize, count);
        if asks {
            assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((21, 0, 100)), 100));
            assert_eq!(state(&w["B"]), (SyncState::Paused, SyncState::Paused));
            let held: BTreeSet<NoteId> = w["B"].vault().held_notes().unwrap().into_iter().map(|n| n.id).collect();
            assert_eq!(held, ids[..count].iter().copied().collect());
        } else {
            assert_eq!((asked(&w["B"]), live(&w["B"])), (None, 100 - count));
            assert_eq!(state(&w["B"]), (SyncState::UpToDate, SyncState::UpToDate));
        }
        // Who did it is not asked.
        assert_eq!((asked(&w["A"]), live(&w["A"])), (None, 100 - count));
    }
}

#[tokio::test]
async fn of_a_thousand_fifty_go_and_fifty_one_ask() {
    let w = World::of(2);
    let ids = notes(&w, 1_000).await;
    trash(&w["A"], &ids[..50]);
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!((asked(&w["B"]), live(&w["B"])), (None, 950));
    for id in &ids[..50] {
        w["A"].vault().restore_note(*id).unwrap();
    }
    w.sync_all().await;
    trash(&w["A"], &ids[..51]);
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((51, 0, 1_000)), 1_000));
}

#[tokio::test]
async fn texts_that_go_ask_as_well_and_come_back() {
    let w = World::of(2);
    let ids = notes(&w, 40).await;
    // Eleven to the trash, ten overwritten with something else: together more than twenty.
    trash(&w["A"], &ids[..11]);
    for id in &ids[11..21] {
        w["A"].write(*id, "ENCRYPTED, send money to get it back, this is the only copy of it all\n");
        w["A"].tag(*id, &["taken"], &[]);
    }
    // And usual edits, which are none of it.
    for id in &ids[21..] {
        w["A"].replace(*id, "valve", "valves");
    }
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!(asked(&w["B"]), Some((11, 10, 40)));
    assert!(ids[..21].iter().all(|id| w["B"].body(*id) == TEXT));
    assert!(ids[21..].iter().all(|id| w["B"].body(*id).contains("valves")), "the others are shown");
    assert_eq!(w["B"].vault().tripwire_keep(None).unwrap(), 21);
    w.sync_all().await;
    assert_same(&w);
    for device in &w.devices {
        assert_eq!((live(device), asked(device)), (40, None));
        assert!(ids[..21].iter().all(|id| device.body(*id) == TEXT), "{}", device.name);
        assert!(ids[11..21].iter().all(|id| device.note(*id).row.tags == ["taken"]), "what was no loss is not undone");
    }
}

/// What somebody writes in a held note may be more than what was taken out of it.
#[tokio::test]
async fn a_text_that_goes_is_kept_whole_however_much_is_written_meanwhile() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids[2..22]);
    for id in &ids[..2] {
        w["A"].write(*id, "gone\n");
    }
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!(asked(&w["B"]), Some((20, 2, 30)));
    let held = w["B"].body(ids[0]);
    let written = format!("{held}\n{}", "and much more, as somebody writes it meanwhile\n".repeat(20));
    w["B"].type_body(ids[0], &written);
    w["B"].vault().tripwire_keep(None).unwrap();
    assert_eq!(w["B"].body(ids[0]), written);
    w["B"].sync().await;
    w["A"].sync().await;
    assert_eq!(w["A"].body(ids[0]), written);
    assert_eq!(w["A"].body(ids[1]), held);
}

#[tokio::test]
async fn accepting_shows_it_and_writes_nothing() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    w["B"].sync().await;
    let heads: Vec<_> = ids.iter().map(|id| w["B"].vault().history((*id).into()).unwrap().len()).collect();
    assert_eq!(w["B"].vault().tripwire_accept(None).unwrap(), 30);
    assert_eq!((asked(&w["B"]), live(&w["B"])), (None, 0));
    assert_eq!(heads, ids.iter().map(|id| w["B"].vault().history((*id).into()).unwrap().len()).collect::<Vec<_>>());
    assert_eq!(w["B"].sync().await.pushed, 0);
    assert_same(&w);
    let again = w["B"].vault().tripwire_accept(None);
    assert!(matches!(again, Err(NotebookError::Invalid(_))), "{again:?}");
}

#[tokio::test]
async fn a_restart_in_the_middle_changes_nothing_of_it() {
    let mut w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids[..25]);
    w["A"].sync().await;
    w["B"].sync().await;
    let before = w["B"].vault().tripwire().unwrap();
    for _ in 0..2 {
        w["B"].crash();
        w["B"].reopen();
        assert_eq!(w["B"].vault().tripwire().unwrap(), before);
        assert_eq!((live(&w["B"]), w["B"].vault().held_notes().unwrap().len()), (30, 25));
        assert_eq!(w["B"].vault().sync_status().unwrap().state, SyncState::Paused);
        w["B"].sync().await;
    }
    assert_eq!(w["B"].vault().tripwire_keep(Some(before.unwrap().number)).unwrap(), 25);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(live(&w["A"]), 30);
}

#[tokio::test]
async fn more_that_arrives_meanwhile_joins_the_question_or_is_shown() {
    let w = World::of(2);
    let ids = notes(&w, 60).await;
    trash(&w["A"], &ids[..25]);
    w["A"].sync().await;
    w["B"].sync().await;
    let first = w["B"].vault().tripwire().unwrap().unwrap();
    // One more note is one more of the same question; an edit is an edit; a new note is a new note.
    trash(&w["A"], &ids[25..26]);
    w["A"].replace(ids[30], "valve", "gauge");
    let new = w["A"].add("New", "text\n");
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((26, 0, 61)), 61));
    assert!(w["B"].body(ids[30]).contains("gauge") && w["B"].body(new) == "text\n");
    // What was looked at is not what would be decided.
    assert!(matches!(w["B"].vault().tripwire_accept(Some(first.number)), Err(NotebookError::Stale)));
    assert!(matches!(w["B"].vault().tripwire_keep(Some(first.number)), Err(NotebookError::Stale)));
    assert_eq!(live(&w["B"]), 61);
    // Some are brought back where they were trashed: they are no longer asked about.
    for id in &ids[..10] {
        w["A"].vault().restore_note(*id).unwrap();
    }
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((16, 0, 61)), 61));
    // All of them: nothing is left to ask, and nothing was written here.
    for id in &ids[10..26] {
        w["A"].vault().restore_note(*id).unwrap();
    }
    w["A"].sync().await;
    assert_eq!(w["B"].sync().await.pushed, 0);
    assert_eq!((asked(&w["B"]), live(&w["B"])), (None, 61));
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn one_accepts_the_other_keeps_and_no_edit_is_lost() {
    let w = World::of(3);
    let ids = notes(&w, 40).await;
    // B and C have written into notes that A trashes, each before it knows.
    trash(&w["A"], &ids[..30]);
    w["B"].replace(ids[0], "valve", "valve (B was here)");
    w["A"].sync().await;
    w["B"].sync().await;
    w["C"].sync().await;
    // That note is a question of its own, on every device; the others are held.
    assert_eq!((asked(&w["B"]), asked(&w["C"])), (Some((29, 0, 40)), Some((29, 0, 40))));
    assert_eq!((w["B"].to_review(ids[0]), w["C"].to_review(ids[0])), (1, 1));
    // C goes on writing in what it still sees, one committed, one not.
    w["C"].replace(ids[1], "pumps", "pumps (C was here)");
    let body = w["C"].body(ids[2]).replace("pumps", "pumps (C types)");
    w["C"].type_body(ids[2], &body);
    w["B"].vault().tripwire_accept(None).unwrap();
    w["B"].sync().await;
    // Of the forty, the ten that were not trashed and the one that asks.
    assert_eq!(live(&w["B"]), 11);
    w["C"].vault().tripwire_keep(None).unwrap();
    assert_eq!(live(&w["C"]), 40);
    w.sync_all().await;
    w.sync_all().await;
    assert_same(&w);
    for device in &w.devices {
        assert_eq!((live(device), asked(device)), (40, None), "{}", device.name);
        assert!(device.body(ids[0]).contains("(B was here)") && device.body(ids[1]).contains("(C was here)"));
        assert!(device.body(ids[2]).contains("(C types)"));
        assert_eq!(device.vault().reviews().unwrap().len(), 1, "only B's question is one");
    }
}

#[tokio::test]
async fn writing_in_a_held_note_and_accepting_asks_about_that_note() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    w["B"].sync().await;
    w["B"].replace(ids[3], "pumps", "pumps and hoses");
    w["B"].vault().tripwire_accept(None).unwrap();
    w.sync_all().await;
    assert_same(&w);
    for device in &w.devices {
        assert_eq!((live(device), device.to_review(ids[3])), (1, 1), "trashed here, written there: a question");
        assert!(device.body(ids[3]).contains("hoses"));
    }
}

/// Another decided the places too, and emptied the notes then: that is held, and not what is taken back.
#[tokio::test]
async fn a_decision_that_is_taken_back_is_one_that_is_shown() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    let asking = &ids[..6];
    for id in asking {
        w["A"].replace(*id, "pumps", "fans");
        w["B"].replace(*id, "pumps", "hoses");
    }
    w.sync_all().await;
    w.sync_all().await;
    let sides = w["B"].text_sides(asking[0]);
    assert_eq!((sides.len(), sides[0].len()), (1, 2));
    for id in asking {
        w["B"].take_side_of(*id, w["B"].id());
        w["A"].take_side_of(*id, w["A"].id());
        w["A"].write(*id, "");
    }
    trash(&w["A"], &ids[6..]);
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!(asked(&w["B"]), Some((24, 6, 30)));
    w["B"].sync().await;
    for id in asking {
        assert!(w["B"].body(*id).contains("hoses"));
        w["B"].vault().undo_resolution((*id).into()).unwrap();
        assert_eq!(w["B"].text_sides(*id), sides);
        // There is nothing else of what is shown.
        assert!(matches!(w["B"].vault().undo_resolution((*id).into()), Err(NotebookError::NothingToUndo(_))));
    }
}

/// The notes that a first page took are part of the question that a later page of the same pull asks.
#[tokio::test]
async fn a_pull_of_several_pages_is_one_pull() {
    let w = World::on_disk(2);
    let mut rng = holdfast_testkit::TestRng::new(7);
    let mut big = |title: String| {
        let body: String = (0..40_000).map(|_| format!("{:016x}", rng.next_u64())).collect();
        w["A"].add(&title, &body)
    };
    let ids: Vec<_> = (0..22).map(|n| big(format!("Big {n}"))).collect();
    w.sync_all().await;
    trash(&w["A"], &ids[..11]);
    // Comes and goes within the pull: never was here, so it is not lost. What is trashed before is on an earlier page.
    let gone: Vec<_> = (0..16).map(|n| big(format!("Gone {n}"))).collect();
    trash(&w["A"], &gone);
    trash(&w["A"], &ids[11..]);
    w["A"].sync().await;
    w["B"].net.take_requests();
    w["B"].sync().await;
    assert!(w["B"].net.take_requests().len() >= 2, "several pages");
    assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((22, 0, 22)), 22));
    assert_eq!(w["B"].vault().tripwire_keep(None).unwrap(), 22);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(live(&w["A"]), 22);
}

#[tokio::test]
async fn who_joins_or_comes_late_is_asked_about_what_was_here_only() {
    let mut w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    // A new device never had them.
    let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
    late.sync().await;
    assert_eq!((asked(&late), live(&late)), (None, 0));
    w.devices.push(late);
    // A device that had other notes is not asked about these either.
    let more: Vec<_> = (0..30).map(|n| w["A"].add(&format!("More {n}"), TEXT)).collect();
    trash(&w["A"], &more);
    w["A"].sync().await;
    w["Late"].sync().await;
    assert_eq!((asked(&w["Late"]), live(&w["Late"])), (None, 0));
}

#[tokio::test]
async fn a_notebook_that_goes_with_its_notes_is_held_and_kept_with_them() {
    let w = World::of(2);
    let pumps = w["A"].vault().ensure_notebook("Work/Pumps").unwrap();
    let inner = Some(pumps);
    let ids: Vec<_> = (0..25)
        .map(|n| {
            let new = NewNote { title: format!("{n}"), body: TEXT.into(), notebook: inner, ..NewNote::default() };
            w["A"].vault().add_note(&new).unwrap()
        })
        .collect();
    w.sync_all().await;
    let tree = w["B"].vault().notebook_tree().unwrap();
    w["A"].vault().trash_notebook(pumps).unwrap();
    w["A"].sync().await;
    w["B"].sync().await;
    assert_eq!(asked(&w["B"]), Some((25, 0, 25)));
    assert_eq!(w["B"].vault().tripwire().unwrap().unwrap().notebooks, 1);
    assert_eq!(w["B"].vault().notebook_tree().unwrap(), tree);
    assert!(w["B"].vault().reviews().unwrap().is_empty(), "a held note is no stray");
    w["B"].vault().tripwire_keep(None).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["A"].vault().notebook_tree().unwrap(), w["B"].vault().notebook_tree().unwrap());
    assert!(w["A"].vault().reviews().unwrap().is_empty());
    assert!(ids.iter().all(|id| w["A"].note(*id).row.notebook == inner && !w["A"].note(*id).row.trashed));
}

#[tokio::test]
async fn a_backup_comes_first_and_opens_with_the_passphrase() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    w["B"].sync().await;
    let snapshot = w["B"].vault().tripwire().unwrap().unwrap().snapshot.unwrap();
    assert_eq!(w["B"].vault().test_backup(&snapshot).unwrap().notes, 30);
    w["B"].vault().tripwire_accept(None).unwrap();
    assert_eq!(live(&w["B"]), 0);
    let kept = Vault::open(&snapshot, PASSPHRASE, w.clock.env()).unwrap();
    assert_eq!(kept.count_notes(&NotesFilter::default()).unwrap(), 30);
    assert_eq!(kept.note(ids[7]).unwrap().row.body, TEXT);
}

#[tokio::test]
async fn a_backup_that_is_gone_is_made_again_before_anything_is_accepted() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    w["B"].sync().await;
    let first = w["B"].vault().tripwire().unwrap().unwrap().snapshot.unwrap();
    std::fs::remove_dir_all(&first).unwrap();
    w["B"].vault().tripwire_accept(None).unwrap();
    let made = w["B"].vault().backups().unwrap();
    let before = made.iter().find(|backup| backup.reason == BackupReason::BeforeTripwire).unwrap();
    assert_eq!(w["B"].vault().test_backup(&before.dir).unwrap().notes, 30);
}

#[tokio::test]
async fn without_room_for_a_backup_nothing_is_accepted() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    // A file where the folder of the backups would be.
    std::fs::write(w["B"].dir.join("backups"), b"in the way").unwrap();
    w["B"].sync().await;
    assert_eq!(w["B"].vault().tripwire().unwrap().unwrap().snapshot, None);
    let refused = w["B"].vault().tripwire_accept(None);
    assert!(matches!(refused, Err(NotebookError::Unreadable { .. })), "{refused:?}");
    assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((30, 0, 30)), 30));
    std::fs::remove_file(w["B"].dir.join("backups")).unwrap();
    w["B"].sync().await;
    assert!(w["B"].vault().tripwire().unwrap().unwrap().snapshot.is_some());
    w["B"].vault().tripwire_accept(None).unwrap();
    assert_eq!(live(&w["B"]), 0);
}

#[tokio::test]
async fn what_is_written_meanwhile_is_sent_and_never_called_up_to_date() {
    let w = World::of(2);
    let ids = notes(&w, 30).await;
    trash(&w["A"], &ids);
    w["A"].sync().await;
    w["B"].sync().await;
    let new = w["B"].add("Written while it waits", "text\n");
    assert_eq!(state(&w["B"]), (SyncState::Waiting, SyncState::Waiting));
    assert_eq!(w["B"].sync().await.pushed, 1);
    assert_eq!(state(&w["B"]), (SyncState::Paused, SyncState::Paused));
    w["A"].sync().await;
    assert_eq!(w["A"].body(new), "text\n");
    w["B"].net.turn_off();
    assert!(w["B"].try_sync().await.is_err());
    assert_eq!(state(&w["B"]).0, SyncState::Offline);
    w["B"].net.turn_on();
    w["B"].vault().tripwire_keep(None).unwrap();
    assert_eq!(state(&w["B"]).1, SyncState::Offline, "what failed last is said until a sync succeeds");
    w["B"].sync().await;
    assert_eq!(state(&w["B"]), (SyncState::UpToDate, SyncState::UpToDate));
    // And the restored notes are no second question there.
    w["A"].sync().await;
    assert_eq!((asked(&w["A"]), live(&w["A"])), (None, 31));
    let patch = NotePatch { title: Some("Renamed".into()), ..NotePatch::default() };
    w["A"].patch(ids[0], patch);
}

#[tokio::test]
async fn what_somebody_puts_into_the_trash_themselves_is_not_asked_about() {
    let w = World::of(2);
    let ids = notes(&w, 100).await;
    trash(&w["A"], &ids[..30]);
    w.sync_all().await;
    assert_eq!((asked(&w["B"]), live(&w["B"])), (Some((30, 0, 100)), 100));
    let looked_at = w["B"].vault().tripwire().unwrap().unwrap().number;

    trash(&w["B"], &ids[..2]);
    assert_eq!((asked(&w["B"]).map(|of| of.0), live(&w["B"])), (Some(28), 98));
    let held: BTreeSet<NoteId> = w["B"].vault().held_notes().unwrap().into_iter().map(|n| n.id).collect();
    assert_eq!(held, ids[2..30].iter().copied().collect());
    let stale = w["B"].vault().tripwire_keep(Some(looked_at));
    assert!(matches!(stale, Err(NotebookError::Stale)), "{stale:?}");

    assert_eq!(w["B"].vault().tripwire_keep(None).unwrap(), 28);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((live(&w["A"]), live(&w["B"])), (98, 98));
}

#[tokio::test]
async fn whoever_puts_all_of_it_into_the_trash_has_decided() {
    let w = World::of(2);
    let ids = notes(&w, 60).await;
    trash(&w["A"], &ids[..30]);
    w.sync_all().await;
    assert_eq!(asked(&w["B"]), Some((30, 0, 60)));
    trash(&w["B"], &ids[..30]);
    assert_eq!((asked(&w["B"]), live(&w["B"])), (None, 30));
    w.sync_all().await;
    assert_eq!(state(&w["B"]), (SyncState::UpToDate, SyncState::UpToDate));
    assert_same(&w);
}
