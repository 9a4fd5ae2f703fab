//! Two and three devices in step: requests, merges, heads that arrive while somebody types.

use std::collections::BTreeSet;

use holdfast_domain::NoteId;
use holdfast_notebook::sync::CycleReport;
use holdfast_notebook::{NotePatch, NotebookError, NotesFilter};
use holdfast_sync::SyncState;
use holdfast_testkit::{TestDevice, World};

/// Everything that a person sees of all notes, and the versions that it comes from.
pub fn shown(device: &TestDevice) -> Vec<String> {
    let filter = NotesFilter { trash: holdfast_store::TrashFilter::Any, ..NotesFilter::default() };
    let mut ids: Vec<NoteId> = device.vault().list_notes(&filter).unwrap().into_iter().map(|n| n.id).collect();
    ids.sort();
    ids.into_iter().map(|id| device.note(id)).map(|n| format!("{:?} {:?}", n.row, n.seen_heads)).collect()
}

pub fn assert_same(world: &World) {
    let first = shown(&world.devices[0]);
    for d in &world.devices[1..] {
        assert_eq!(shown(d), first, "{} and {} differ", world.devices[0].name, d.name);
        assert_eq!(d.vault().reviews().unwrap(), world.devices[0].vault().reviews().unwrap());
    }
    for d in &world.devices {
        let status = d.syncer().status().unwrap();
        assert_eq!((status.state, status.waiting, status.quarantined), (SyncState::UpToDate, 0, 0), "{}", d.name);
    }
}

#[tokio::test]
async fn a_sync_with_nothing_new_is_one_request() {
    let w = World::of(2);
    w.sync_all().await;
    w["A"].net.take_requests();
    let report = w["A"].sync().await;
    assert_eq!((report.pushed, report.pulled, w["A"].net.take_requests()), (0, 0, vec!["log"]));
}

#[tokio::test]
async fn a_change_is_at_most_two_requests_here_and_one_there() {
    let w = World::of(2);
    w.sync_all().await;
    let id = w["A"].add("T", "one\n");
    w["A"].net.take_requests();
    w["B"].net.take_requests();
    let report = w["A"].sync().await;
    assert_eq!((report.pushed, w["A"].net.take_requests()), (1, vec!["push"]));
    let report = w["B"].sync().await;
    assert_eq!((report.pulled, w["B"].net.take_requests()), (1, vec!["log"]));
    assert_eq!(w["B"].body(id), "one\n");
    // With changes on both sides.
    w["A"].write(id, "two\n");
    w["B"].add("U", "");
    w["B"].sync().await;
    w["A"].net.take_requests();
    assert_eq!((w["A"].sync().await.pushed, w["A"].net.take_requests()), (1, vec!["push", "log"]));
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn nothing_is_up_to_date_while_it_waits() {
    let w = World::of(2);
    w.sync_all().await;
    let state = || (w["A"].syncer().status().unwrap().state, w["A"].vault().sync_status().unwrap().state);
    assert_eq!(state(), (SyncState::UpToDate, SyncState::UpToDate));
    let id = w["A"].add("T", "one\n");
    assert_eq!(state(), (SyncState::Waiting, SyncState::Waiting));
    assert!(w["A"].note(id).waiting);
    w["A"].sync().await;
    assert_eq!(state(), (SyncState::UpToDate, SyncState::UpToDate));
    assert!(!w["A"].note(id).waiting);
    w["A"].type_body(id, "two\n");
    assert_eq!((state().0, w["A"].vault().sync_status().unwrap().waiting), (SyncState::Waiting, 1));
    assert_eq!(w["A"].vault().waiting_among(&[id]).unwrap(), BTreeSet::from([id]));
    w["A"].net.turn_off();
    assert!(w["A"].try_sync().await.is_err());
    assert_eq!(state().0, SyncState::Offline);
    w["A"].net.turn_on();
    w["A"].sync().await;
    assert_eq!(state().0, SyncState::UpToDate);
}

#[tokio::test]
async fn different_paragraphs_merge_with_a_receipt() {
    let w = World::of(2);
    let id = w["A"].add("T", "one\n\ntwo\n\nthree\n");
    w.sync_all().await;
    w["A"].replace(id, "one", "ONE");
    w["B"].replace(id, "three", "THREE");
    w.sync_all().await;
    assert_same(&w);
    let receipts: Vec<_> = w.devices.iter().map(|d| d.vault().receipts().unwrap()).collect();
    for (d, receipts) in w.devices.iter().zip(&receipts) {
        assert_eq!((d.body(id).as_str(), d.to_review(id)), ("ONE\n\ntwo\n\nTHREE\n", 0));
        assert_eq!((receipts.len(), receipts[0].sides.len(), d.heads(id).len()), (1, 2, 2));
        assert_eq!(d.vault().history(id.into()).unwrap().len(), 3, "a merge is a view, not a revision");
    }
    assert_eq!(receipts[0][0].id, receipts[1][0].id);
}

#[tokio::test]
async fn what_arrives_while_somebody_types_joins_at_the_next_version() {
    let w = World::of(2);
    let id = w["A"].add("T", "one\n\ntwo\n\nthree\n");
    w.sync_all().await;
    w["B"].replace(id, "three", "THREE");
    w["B"].sync().await;
    // A has a buffer open and types on it.
    let seen = w["A"].heads(id);
    let vault = w["A"].vault();
    let type_on = |seen: &[_], text: &str| {
        vault.save_note(id, seen, &NotePatch { body: Some(text.into()), ..NotePatch::default() }).unwrap()
    };
    let saved = type_on(&seen, "ONE\n\ntwo\n\nthree\n");
    w["A"].sync().await;
    let more = type_on(&saved.seen_heads, "ONE!\n\ntwo\n\nthree\n");
    assert!(more.stale, "B's version is not in the buffer");
    assert_eq!(w["A"].body(id), "ONE!\n\ntwo\n\nTHREE\n");
    // The window takes the merged text into its buffer, and with it the heads.
    let note = w["A"].note(id);
    assert_eq!(note.seen_heads.len(), 2);
    let joined = type_on(&note.seen_heads, "ONE!!\n\ntwo\n\nTHREE\n");
    assert!(!joined.stale && joined.seen_heads.len() == 1);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["B"].body(id).as_str(), w["B"].heads(id).len()), ("ONE!!\n\ntwo\n\nTHREE\n", 1));
}

#[tokio::test]
async fn both_typing_into_one_note_lose_no_key() {
    let w = World::of(2);
    let id = w["A"].add("T", "top\n\nbottom\n");
    w.sync_all().await;
    let mut buffers: Vec<_> = w.devices.iter().map(|d| (d.heads(id), d.body(id))).collect();
    for n in 0..12 {
        for (d, (seen, text)) in w.devices.iter().zip(&mut buffers) {
            let (at, word) = if d.name == "A" { ("top", "a") } else { ("bottom", "b") };
            *text = text.replacen(at, &format!("{at} {word}{n}"), 1);
            let patch = NotePatch { body: Some(text.clone()), ..NotePatch::default() };
            let saved = d.vault().save_note(id, seen, &patch).unwrap();
            *seen = saved.seen_heads;
            if saved.stale {
                let note = d.note(id);
                (*seen, *text) = (note.seen_heads, note.row.body);
            }
            d.sync().await;
        }
        w.clock.advance(700);
    }
    w.sync_all().await;
    assert_same(&w);
    let body = w["A"].body(id);
    for n in 0..12 {
        assert!(body.contains(&format!(" a{n}")) && body.contains(&format!(" b{n}")), "{n} is not in {body:?}");
    }
    assert_eq!(w["A"].to_review(id), 0);
}

#[tokio::test]
async fn a_third_device_that_comes_late_equals_the_others() {
    let w = World::of(2);
    let (merged, open) = (w["A"].add("Merged", "one\n\ntwo\n"), w["A"].add("Open", "line\n"));
    w["A"].vault().ensure_notebook("Deep/Er").unwrap();
    w.sync_all().await;
    for d in &w.devices {
        d.replace(merged, if d.name == "A" { "one" } else { "two" }, "changed");
        d.write(open, &format!("from {}\n", d.name));
        w.clock.advance(1_000);
    }
    w.sync_all().await;
    let mut w = w;
    let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
    assert_eq!(late.vault().list_notes(&NotesFilter::default()).unwrap().len(), 0);
    let CycleReport { pushed, pulled, .. } = late.sync().await;
    assert!(pushed == 1 && pulled >= 8, "{pushed} {pulled}");
    w.devices.push(late);
    w.sync_all().await;
    assert_same(&w);
    let late = &w["Late"];
    assert_eq!((late.to_review(open), late.vault().reviews().unwrap().len()), (1, 1));
    assert_eq!(late.vault().notebook_tree().unwrap(), w["A"].vault().notebook_tree().unwrap());
    let names: BTreeSet<String> = w["A"].vault().sync_status().unwrap().devices.into_iter().map(|d| d.name).collect();
    assert!(names.contains("Late") && names.contains("B"), "{names:?}");
}

#[tokio::test]
async fn three_devices_that_all_edit_converge() {
    let w = World::of(3);
    let id = w["A"].add("T", "a\n\nb\n\nc\n\nd\n");
    w.sync_all().await;
    for (d, word) in w.devices.iter().zip(["a", "b", "c"]) {
        d.replace(id, word, &word.to_uppercase());
        d.replace(id, "d", &format!("d by {}", d.name));
        d.tag(id, &[&d.name], &[]);
    }
    w.sync_all().await;
    assert_same(&w);
    let note = w["C"].note(id);
    assert_eq!((note.to_review, note.row.tags.clone()), (1, vec!["A".into(), "B".into(), "C".into()]));
    assert!(note.row.body.starts_with("A\n\nB\n\nC\n\n"), "{:?}", note.row.body);
    assert_eq!(w["A"].text_sides(id), [["d by A\n", "d by B\n", "d by C\n"]]);
}

#[tokio::test]
async fn a_rename_of_a_device_is_seen_by_the_others() {
    let w = World::of(2);
    w["A"].vault().rename_device("Ada's laptop").unwrap();
    w.sync_all().await;
    assert_eq!(w["B"].vault().device_names().unwrap()[&w["A"].id()], "Ada's laptop");
}

#[tokio::test]
async fn a_device_was_never_seen_later_than_now() {
    let w = World::of(2);
    let now = w.clock.now_ms();
    w.clock.advance(30 * 24 * 3600 * 1000);
    w["A"].add("Written next month", "");
    w["A"].sync().await;
    w.clock.set(now);
    w["B"].sync().await;
    let devices = w["B"].vault().sync_status().unwrap().devices;
    let seen = |name: &str| devices.iter().find(|d| d.name == name).map(|d| (d.last_seen_ms <= now, d.clock_ahead));
    assert_eq!((seen("A"), seen("B")), (Some((true, true)), Some((true, false))));
}

#[tokio::test]
async fn without_a_server_sync_says_so() {
    let w = World::alone();
    w["A"].add("T", "");
    assert!(matches!(w["A"].try_sync().await, Err(NotebookError::NoServer)));
    let status = w["A"].vault().sync_status().unwrap();
    assert_eq!((status.state, status.waiting), (SyncState::LocalOnly, 0));
}

#[tokio::test]
async fn a_big_vault_goes_over_in_several_batches_and_pages() {
    let w = World::on_disk(2);
    // Not compressible, so that the batches fill up.
    let mut rng = holdfast_testkit::TestRng::new(7);
    let ids: Vec<_> = (0..14)
        .map(|n| {
            let body: String = (0..50_000).map(|_| format!("{:016x}", rng.next_u64())).collect();
            w["A"].add(&format!("Big {n}"), &body)
        })
        .collect();
    w["A"].net.take_requests();
    w["A"].sync().await;
    assert!(w["A"].net.take_requests().len() >= 2);
    w["B"].net.take_requests();
    w["B"].sync().await;
    assert!(w["B"].net.take_requests().len() >= 2);
    for id in ids {
        assert_eq!(w["B"].body(id), w["A"].body(id));
    }
    w.sync_all().await;
    assert_same(&w);
}
