//! Backups: when they are made, which are kept, and that one is a vault.

use std::fs;

use holdfast_notebook::sync::{self, Happened};
use holdfast_notebook::{Backup, BackupReason, NotebookError, NotesFilter, Vault, vault_exists};
use holdfast_testkit::{PASSPHRASE, TestDevice, USER, World};

use crate::syncing::assert_same;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

#[test]
fn a_backup_is_made_while_the_vault_is_in_use_and_opens_as_a_vault() {
    let mut w = World::of(1);
    let id = w["A"].add("T", "committed\n");
    w["A"].type_body(id, "typed and not committed\n");
    let made = w["A"].vault().backup(BackupReason::Asked).unwrap();
    w["A"].write(id, "written after it\n");
    let content = made.content.unwrap();
    assert_eq!((content.notes, content.files_not_here.files), (1, 0));
    assert_eq!(w["A"].vault().backups().unwrap(), [Backup { content: None, ..made.clone() }]);
    assert_eq!(w["A"].vault().test_backup(&made.dir).unwrap().notes, 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&made.dir), mode(&made.dir.join("vault.db"))), (0o700, 0o600));
    }
    w["A"].close();
    let kept = Vault::open(&made.dir, PASSPHRASE, w.clock.env()).unwrap();
    assert_eq!(kept.note(id).unwrap().row.body, "typed and not committed\n");
}

#[test]
fn one_a_day_and_the_old_ones_go() {
    let w = World::of(1);
    let vault = w["A"].vault();
    w["A"].add("T", "text\n");
    assert!(vault.daily_backup().unwrap().is_some());
    assert!(vault.daily_backup().unwrap().is_none());
    w.clock.advance(DAY_MS - 1_000);
    assert!(vault.daily_backup().unwrap().is_none());
    for _ in 0..40 {
        w.clock.advance(DAY_MS);
        assert!(vault.daily_backup().unwrap().is_some());
    }
    let all = vault.backups().unwrap();
    assert!((9..=10).contains(&all.len()), "7 days, and of 4 weeks those that are older: {}", all.len());
    assert!(all.is_sorted_by(|a, b| a.at_ms > b.at_ms));
    // A clock that was set back a year makes one, not one an hour.
    w.clock.set(w.clock.now_ms() - 365 * DAY_MS);
    assert!(vault.daily_backup().unwrap().is_some());
    assert!(vault.daily_backup().unwrap().is_none());
}

#[test]
fn what_is_no_backup_is_left_alone_and_a_failure_is_told() {
    let w = World::of(1);
    let vault = w["A"].vault();
    let folder = w["A"].dir.join("backups");
    fs::create_dir_all(folder.join("holiday photos")).unwrap();
    fs::create_dir_all(folder.join("1970-01-01T000000Z-daily")).unwrap();
    assert!(vault.backups().unwrap().is_empty());
    vault.daily_backup().unwrap().unwrap();
    assert!(folder.join("holiday photos").exists());

    // Broken in the middle: it is found out, and the others still open.
    let made = vault.backup(BackupReason::Asked).unwrap();
    let db = made.dir.join("vault.db");
    let mut bytes = fs::read(&db).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&db, bytes).unwrap();
    assert!(matches!(vault.test_backup(&made.dir), Err(NotebookError::Damaged(_))));

    // Something is in the way of the next one: the log says that it failed.
    w.clock.advance(2 * DAY_MS);
    let at = jiff::Timestamp::from_millisecond(w.clock.now_ms() as i64).unwrap();
    let in_the_way = folder.join(format!("{}-daily.unfinished", at.strftime("%Y-%m-%dT%H%M%SZ")));
    fs::write(&in_the_way, b"no folder").unwrap();
    let before = vault.backups().unwrap().len();
    assert!(matches!(vault.daily_backup(), Err(NotebookError::Unreadable { .. })));
    assert_eq!(vault.backups().unwrap().len(), before);
    let newest = vault.activity(1).unwrap();
    assert!(!newest[0].ok && newest[0].what == Happened::Backup && newest[0].problem.is_some(), "{newest:?}");
    fs::remove_file(in_the_way).unwrap();
    assert!(vault.daily_backup().unwrap().is_some());
}

/// A program that was killed while it made one leaves a folder that is none. The next backup takes it away; what a person
/// put there stays.
#[test]
fn what_a_killed_program_left_goes_with_the_next_backup() {
    let w = World::of(1);
    let vault = w["A"].vault();
    let folder = w["A"].dir.join("backups");
    let left = |name: &str| {
        let left = folder.join(name);
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("vault.db"), [0; 5_000]).unwrap();
        left
    };
    let mine = left("notes of mine.unfinished");
    let asked = left("2026-01-02T030405Z-asked.unfinished");
    let daily = left("2026-01-02T030405Z-daily-3.unfinished");
    vault.daily_backup().unwrap().unwrap();
    assert!(!asked.exists() && !daily.exists() && mine.exists());
    let asked = left("2026-01-02T030405Z-asked.unfinished");
    vault.backup(BackupReason::Asked).unwrap();
    assert!(!asked.exists() && mine.exists());
    // Several at a time wait for each other, and each is one.
    std::thread::scope(|threads| {
        let all: Vec<_> = (0..4).map(|_| threads.spawn(|| vault.backup(BackupReason::Asked).unwrap())).collect();
        for made in all {
            assert!(vault.test_backup(&made.join().unwrap().dir).is_ok());
        }
    });
    assert_eq!(vault.backups().unwrap().len(), 6);
}

#[test]
fn a_big_import_comes_after_a_backup() {
    let w = World::of(1);
    let vault = w["A"].vault();
    let folder = w.dir.path().join("notes");
    fs::create_dir(&folder).unwrap();
    for n in 0..101 {
        fs::write(folder.join(format!("{n}.md")), "text\n").unwrap();
    }
    // Nothing is here that could be lost.
    vault.import_folder(&folder, false).unwrap();
    assert!(vault.backups().unwrap().is_empty());
    vault.import_folder(&folder, true).unwrap();
    assert!(vault.backups().unwrap().is_empty());
    vault.import_folder(&folder, false).unwrap();
    let all = vault.backups().unwrap();
    assert_eq!((all.len(), all[0].reason), (1, BackupReason::BeforeImport));
    assert_eq!(vault.test_backup(&all[0].dir).unwrap().notes, 101);
    assert_eq!(vault.count_notes(&NotesFilter::default()).unwrap(), 202);
}

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The middle of the database is overwritten, as by a bad disk: it goes back to a backup, gets from the server what it had
/// sent since, and what it had not is still there to be looked for.
#[tokio::test]
async fn a_damaged_vault_goes_back_to_a_backup_and_gets_the_rest_from_the_server() {
    let mut w = World::of(2);
    let id = w["A"].add("T", "one\n\nlast\n");
    w.sync_all().await;
    let old = w["A"].vault().backup(BackupReason::Asked).unwrap();
    w["A"].replace(id, "one", "sent");
    let later = w["A"].add("Later", "sent too\n");
    w["A"].sync().await;
    let (dir, me) = (w["A"].dir.clone(), w["A"].id());
    // In order: its newest notes would disappear for nothing.
    w["A"].close();
    let said = Vault::restore_backup(&dir, &old, PASSPHRASE, w.clock.env()).map(drop);
    assert!(matches!(&said, Err(NotebookError::Invalid(why)) if why.contains("nothing was restored")), "{said:?}");

    let db = dir.join("vault.db");
    let mut bytes = fs::read(&db).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    fs::write(&db, &bytes).unwrap();
    let open = |passphrase| Vault::open(&dir, passphrase, w.clock.env());
    assert!(matches!(open(PASSPHRASE).map(drop), Err(NotebookError::Damaged(_))));
    // A wrong passphrase, and a backup that is damaged too, change nothing.
    let before = names(&dir);
    let said = Vault::restore_backup(&dir, &old, "wrong", w.clock.env()).map(drop);
    assert!(matches!(said, Err(NotebookError::WrongPassphrase)), "{said:?}");
    let bad = Backup { dir: old.dir.with_file_name("bad"), ..old.clone() };
    fs::create_dir(&bad.dir).unwrap();
    fs::write(bad.dir.join("vault.db"), &bytes).unwrap();
    let said = Vault::restore_backup(&dir, &bad, PASSPHRASE, w.clock.env()).map(drop);
    assert!(matches!(said, Err(NotebookError::Damaged(_))), "{said:?}");
    assert_eq!(names(&dir), before);

    let listed = holdfast_notebook::backups_of(&dir).unwrap();
    assert_eq!(listed, [Backup { content: None, ..old.clone() }], "without opening the vault");
    let restored = Vault::restore_backup(&dir, &listed[0], PASSPHRASE, w.clock.env()).unwrap();
    assert_eq!(restored.note(id).unwrap().row.body, "one\n\nlast\n");
    assert!(restored.activity(5).unwrap().iter().any(|a| a.message.contains("went back to the backup")));
    restored.close().unwrap();
    drop(restored);
    let left: Vec<_> = names(&dir).into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(left, ["vault.db.damaged-1"]);
    assert_eq!(fs::read(dir.join("vault.db.damaged-1")).unwrap(), bytes);

    w["A"].reopen();
    w["A"].add("Of the restored one", "new\n");
    w["A"].write(id, "one\n\nlast, and more\n");
    w.sync_all().await;
    assert_same(&w);
    assert_ne!(w["A"].id(), me, "what it sent before it does not know of: it goes on as a computer of its own");
    assert_eq!(w["B"].body(later), "sent too\n");
    assert_eq!(w["B"].body(id), "sent\n\nlast, and more\n");
    assert_eq!(w["B"].vault().list_notes(&NotesFilter::default()).unwrap().len(), 3);
}

/// The key file is damaged or gone: the backup has one, which opens with the passphrase of its day.
#[tokio::test]
async fn a_damaged_key_file_comes_back_with_the_backup() {
    let mut w = World::of(1);
    let id = w["A"].add("T", "one\n");
    w.sync_all().await;
    let backup = w["A"].vault().backup(BackupReason::Asked).unwrap();
    let dir = w["A"].dir.clone();
    w["A"].close();
    let keys = dir.join("vault.keys");
    for damage in [true, false] {
        if damage {
            fs::write(&keys, b"no keys").unwrap();
        } else {
            fs::remove_file(&keys).unwrap();
            assert!(vault_exists(&dir).unwrap(), "nobody is asked to make a new one over it");
            let said = Vault::open(&dir, PASSPHRASE, w.clock.env()).map(drop).unwrap_err();
            assert!(matches!(&said, NotebookError::Damaged(what) if what.contains("vault.keys is missing")), "{said}");
        }
        let restored = Vault::restore_backup(&dir, &backup, PASSPHRASE, w.clock.env()).unwrap();
        assert_eq!(restored.note(id).unwrap().row.body, "one\n");
        restored.close().unwrap();
    }
    assert_eq!(fs::read(dir.join("vault.keys.damaged-1")).unwrap(), b"no keys");
}

/// Nothing was ever sent: the vault that came back gets its first server as any other.
#[tokio::test]
async fn a_restored_vault_that_had_no_server_gets_one() {
    let mut w = World::alone();
    let id = w["A"].add("T", "one\n");
    let backup = w["A"].vault().backup(BackupReason::Asked).unwrap();
    let dir = w["A"].dir.clone();
    w["A"].close();
    fs::write(dir.join("vault.db"), b"no database").unwrap();
    Vault::restore_backup(&dir, &backup, PASSPHRASE, w.clock.env()).unwrap().close().unwrap();
    w["A"].reopen();
    let link = w.server.link();
    sync::create_account(w["A"].vault(), w["A"].connect(), &link, USER, PASSPHRASE, None).await.unwrap();
    w["A"].sync().await;
    let b = TestDevice::join("B", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(b);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "one\n");
}
