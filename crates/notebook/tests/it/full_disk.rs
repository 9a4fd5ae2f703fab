//! A full disk: said, nothing lost, and all goes on when there is room again.

use std::fs;

use holdfast_notebook::{NewNote, NotePatch, NotebookError, NotesFilter};
use holdfast_testkit::{TestRng, World};

use crate::syncing::assert_same;

/// No more room than is taken already.
fn fill(w: &World, name: &str) {
    w[name].vault().limit_pages(1).unwrap();
}

fn free(w: &World, name: &str) {
    w[name].vault().limit_pages(u32::MAX - 1).unwrap();
}

fn noise(kib: usize) -> String {
    let mut rng = TestRng::new(3);
    (0..kib * 64).map(|_| format!("{:015x}\n", rng.next_u64() >> 4)).collect()
}

#[test]
fn a_save_on_a_full_disk_keeps_what_was_there() {
    let mut w = World::alone();
    let id = w["A"].add("T", "one\n");
    let typed = w["A"].type_body(id, "one\ntwo\n");
    let (text, before) = (noise(200), w["A"].note(id));
    fill(&w, "A");
    let patch = NotePatch { body: Some(text.clone()), ..NotePatch::default() };
    for _ in 0..2 {
        let said = w["A"].vault().save_note(id, &typed.seen_heads, &patch);
        assert!(matches!(said, Err(NotebookError::DiskFull)), "{said:?}");
        assert_eq!(w["A"].note(id), before);
    }
    let said = w["A"].vault().add_note(&NewNote { body: text.clone(), ..NewNote::default() });
    assert!(matches!(said, Err(NotebookError::DiskFull)), "{said:?}");
    free(&w, "A");
    w["A"].vault().save_note(id, &typed.seen_heads, &patch).unwrap();
    assert_eq!(w["A"].body(id), text);
    w["A"].crash();
    w["A"].reopen();
    assert_eq!((w["A"].body(id), w["A"].vault().count_notes(&NotesFilter::default()).unwrap()), (text, 1));
}

#[test]
fn an_import_on_a_full_disk_is_none() {
    let w = World::alone();
    let folder = w.dir.path().join("import");
    fs::create_dir_all(folder.join("Sub")).unwrap();
    for n in 0..5 {
        fs::write(folder.join(format!("Sub/{n}.md")), noise(100)).unwrap();
    }
    fill(&w, "A");
    let said = w["A"].vault().import_folder(&folder, false);
    assert!(matches!(said, Err(NotebookError::DiskFull)), "{said:?}");
    assert_eq!(w["A"].vault().count_notes(&NotesFilter::default()).unwrap(), 0);
    assert!(w["A"].vault().notebook_tree().unwrap().is_empty());
    free(&w, "A");
    assert_eq!(w["A"].vault().import_folder(&folder, false).unwrap().notes, 5);
    assert_eq!(w["A"].vault().count_notes(&NotesFilter::default()).unwrap(), 5);
}

#[tokio::test]
async fn a_pull_on_a_full_disk_takes_nothing_and_goes_on_later() {
    let w = World::of(2);
    w.sync_all().await;
    let ids: Vec<_> = (0..3).map(|n| w["A"].add(&format!("Big {n}"), &noise(300))).collect();
    w["A"].sync().await;
    fill(&w, "B");
    for _ in 0..2 {
        let said = w["B"].try_sync().await;
        assert!(matches!(said, Err(NotebookError::DiskFull)), "{said:?}");
        assert!(ids.iter().all(|id| w["B"].vault().note(*id).is_err()));
    }
    free(&w, "B");
    w.sync_all().await;
    assert_same(&w);
    assert!(ids.iter().all(|id| w["B"].body(*id) == w["A"].body(*id)));
}

#[tokio::test]
async fn a_confirmation_that_cannot_be_noted_is_asked_for_again() {
    let w = World::of(2);
    w.sync_all().await;
    let id = w["A"].add("T", &noise(50));
    fill(&w, "A");
    // Whatever fails in the sync, the change stays in the queue or was confirmed.
    let _ = w["A"].try_sync().await;
    free(&w, "A");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].vault().history(id.into()).unwrap().len(), 1);
}

#[tokio::test]
async fn the_background_sync_outlives_a_full_disk() {
    let w = World::of(2);
    w.sync_all().await;
    let id = w["A"].add("Big", &noise(400));
    w["A"].sync().await;
    fill(&w, "B");
    let (syncer, stop) = (w["B"].syncer().clone(), std::sync::Arc::new(tokio::sync::Notify::new()));
    let mut watch = syncer.watch();
    let running = tokio::spawn({
        let (syncer, stop) = (syncer.clone(), stop.clone());
        async move { syncer.run(&stop).await }
    });
    while syncer.problem().is_none() {
        watch.changed().await.unwrap();
    }
    assert!(matches!(*syncer.problem().unwrap(), NotebookError::DiskFull));
    free(&w, "B");
    syncer.sync_now().unwrap();
    while w["B"].vault().note(id).is_err() {
        watch.changed().await.unwrap();
    }
    stop.notify_one();
    running.await.unwrap().unwrap();
    assert_eq!(w["B"].body(id), w["A"].body(id));
}
