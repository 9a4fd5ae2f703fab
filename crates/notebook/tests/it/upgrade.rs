//! A vault that an earlier version left: there is a backup of it that was opened and read, before anything is changed.

use std::fs;
use std::path::{Path, PathBuf};

use holdfast_notebook::sync::Happened;
use holdfast_notebook::{BackupReason, NoteId, NotebookError, Vault};
use holdfast_testkit::old_schema::{schema, set_back_to_schema_2};
use holdfast_testkit::{PASSPHRASE, World};

/// A closed vault of schema 2 with one note.
fn old(w: &mut World) -> (PathBuf, NoteId) {
    let id = w["A"].add("T", "written by an earlier version\n");
    w["A"].close();
    let dir = w["A"].dir.clone();
    set_back_to_schema_2(&dir, PASSPHRASE);
    (dir, id)
}

fn open(w: &World, dir: &Path) -> Result<Vault, NotebookError> {
    Vault::open(dir, PASSPHRASE, w.clock.env())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).map(|entries| entries.map(|e| e.unwrap().file_name()).collect::<Vec<_>>());
    entries.unwrap_or_default().into_iter().map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn a_checked_backup_of_the_old_form_is_made_once_and_opens() {
    let mut w = World::of(1);
    let (dir, id) = old(&mut w);
    let vault = open(&w, &dir).unwrap();
    assert_eq!(vault.note(id).unwrap().row.body, "written by an earlier version\n");
    let backups = vault.backups().unwrap();
    assert_eq!((backups.len(), backups[0].reason), (1, BackupReason::BeforeUpgrade));
    let copy = backups[0].dir.clone();
    assert_eq!(schema(&copy, PASSPHRASE), 2, "the backup is as the version before left it");
    assert_eq!(vault.test_backup(&copy).unwrap().notes, 1);
    assert_eq!(vault.activity(1).unwrap()[0].what, Happened::Backup);
    vault.close().unwrap();
    drop(vault);

    // Once: the vault is up to date now.
    drop(open(&w, &dir).unwrap());
    assert_eq!(names(&dir.join("backups")).len(), 1);
    // It is a vault like any other.
    let again = open(&w, &copy).unwrap();
    assert_eq!(again.note(id).unwrap().row.body, "written by an earlier version\n");
}

#[test]
fn without_a_backup_nothing_is_brought_up_to_date() {
    let mut w = World::of(1);
    let (dir, id) = old(&mut w);
    let backups = dir.join("backups");
    fs::write(&backups, b"no folder").unwrap();
    for _ in 0..2 {
        let failed = open(&w, &dir).unwrap_err();
        assert!(matches!(failed, NotebookError::NoSnapshot { .. }), "{failed:?}");
        assert_eq!(schema(&dir, PASSPHRASE), 2);
    }
    fs::remove_file(&backups).unwrap();
    assert_eq!(open(&w, &dir).unwrap().note(id).unwrap().row.title, "T");
}

#[test]
fn what_a_killed_try_left_half_made_goes_and_nothing_else() {
    let mut w = World::of(1);
    let (dir, _) = old(&mut w);
    let backups = dir.join("backups");
    let half = backups.join("2026-01-02T030405Z-before-upgrade.unfinished");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("vault.db"), b"half of a file").unwrap();
    fs::create_dir_all(backups.join("my own.unfinished")).unwrap();
    drop(open(&w, &dir).unwrap());
    let mut left = names(&backups);
    left.sort();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].ends_with("-before-upgrade") && left[1] == "my own.unfinished", "{left:?}");
}
