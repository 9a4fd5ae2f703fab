//! A disk that is really full, where this machine lets a test mount one.

use std::fs;

use holdfast_store::SCHEMA_VERSION;
use holdfast_testkit::old_schema::{schema, set_back_to_schema_2};
use holdfast_tests::programs::{Computer, Done, PASSPHRASE, Server, USER};
use holdfast_tests::small_disk::SmallDisk;
use serde_json::Value;

use crate::noise;

const SAID: &str =
    "The disk is full. Nothing was changed, and what was saved before is safe. Free some space and try again.";

/// Fails with the sentence of a full disk.
fn full(done: &Done) {
    assert_eq!((done.code, done.stderr.trim()), (Some(1), SAID), "{done:?}");
}

#[test]
fn a_disk_that_is_really_full_loses_nothing() {
    let desk = Computer::new();
    let Some(disk) = SmallDisk::mount(desk.vault(), 5) else {
        eprintln!("SKIPPED: this user cannot mount a file system in memory");
        return;
    };
    desk.ok(["init"]);
    let mut ids = Vec::new();
    let failed = loop {
        let n = ids.len();
        let title = format!("Note {n}");
        let done = desk.run_with_input(["note", "add", "--title", &title], noise(n as u64, 300_000).as_bytes());
        if done.code != Some(0) {
            break done;
        }
        ids.push(done.ok()["id"].clone());
        assert!(ids.len() < 40, "the disk never fills");
    };
    full(&failed);
    let there = |desk: &Computer, ids: &[Value]| {
        let notes = desk.notes();
        assert!(ids.iter().all(|id| notes.iter().any(|note| note["id"] == *id)), "an acknowledged note is gone");
        notes.len()
    };

    // An import that has no room, and the rest of the disk filled up by somebody else.
    let folder = tempfile::tempdir().unwrap();
    for n in 0..20 {
        fs::write(folder.path().join(format!("{n}.md")), noise(100 + n, 300_000)).unwrap();
    }
    let import = ["import", "--from", "markdown", folder.path().to_str().unwrap()];
    full(&desk.run(import));
    disk.fill();
    full(&desk.run_with_input(["note", "add", "--title", "No room"], noise(1, 300_000).as_bytes()));
    disk.empty();

    disk.grow(64);
    assert_eq!(there(&desk, &ids), ids.len(), "a save that failed left nothing");
    assert_eq!(desk.ok(import)["notes"], 20, "there is room again");
    assert_eq!(there(&desk, &ids), ids.len() + 20);

    // What does not fit into a pull waits on the server.
    let server = Server::start();
    desk.create_account(&server.link);
    let laptop = Computer::new();
    let small = SmallDisk::mount(laptop.vault(), 4).unwrap();
    laptop.ok(["account", "join", "--link", &server.link, "--user", USER]);
    let own = laptop.add("Own", "written on a small disk");
    let done = laptop.run(["sync"]);
    assert_eq!((done.code, done.stderr.trim()), (Some(1), SAID), "{done:?}");
    small.grow(64);
    assert!(laptop.notes().iter().any(|note| note["id"] == own.as_str()), "its own note is gone");
    let all = holdfast_tests::programs::converge(&[&laptop, &desk]);
    assert_eq!(all.len(), ids.len() + 21);
}

#[test]
fn a_vault_of_an_earlier_version_waits_for_room_for_its_backup() {
    let desk = Computer::new();
    let Some(disk) = SmallDisk::mount(desk.vault(), 8) else {
        eprintln!("SKIPPED: this user cannot mount a file system in memory");
        return;
    };
    desk.ok(["init"]);
    for n in 0..4 {
        desk.add(&format!("Note {n}"), &noise(n, 500_000));
    }
    let notes = desk.notes();
    set_back_to_schema_2(&desk.vault(), PASSPHRASE);
    // Enough to open it, not for a copy.
    disk.fill_but(1024 * 1024);
    for _ in 0..2 {
        let done = desk.run(["note", "list"]);
        assert_eq!(done.code, Some(1), "{done:?}");
        for part in
            ["makes a backup before", "the disk is full", "Nothing was changed", "MB of it and open the vault again."]
        {
            assert!(done.stderr.contains(part), "{part:?} is not in {done:?}");
        }
        let left = fs::read_dir(desk.vault().join("backups")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "half a backup");
    }
    disk.empty();
    assert_eq!(schema(&desk.vault(), PASSPHRASE), 2);
    disk.grow(64);
    assert_eq!(desk.notes(), notes);
    assert_eq!(schema(&desk.vault(), PASSPHRASE), SCHEMA_VERSION);
    assert_eq!(desk.ok(["backup", "list"])[0]["reason"], "before-upgrade");
}
