//! Keys that do not fit, files that are not whole, stops that were not clean, and what lies on the disk.

use std::{fs, path::Path};

use holdfast_store::{RawKey, SCHEMA_VERSION, Store, StoreError};

use crate::support::{TempStore, key, note, put, revision, rid};

const CANARY: &str = "zebracanary";

fn filled() -> TempStore {
    let t = TempStore::new();
    t.write(|tx| {
        for n in 0..200 {
            let mut row = note(n, &format!("{CANARY} title {n}"), &format!("{CANARY} body {n} ").repeat(20));
            row.tags = vec![format!("{CANARY}tag")];
            row.file_name = Some(format!("{CANARY}.md"));
            tx.put_note_view(&row, CANARY)?;
        }
        put(tx, 1, &revision(1, &[], 1, CANARY))?;
        tx.put_meta(CANARY, CANARY.as_bytes())
    });
    t
}

fn closed() -> (tempfile::TempDir, std::path::PathBuf) {
    let t = filled();
    let path = t.path();
    t.store.close().unwrap();
    (t.dir, path)
}

/// What opening, checking and reading everything says.
fn open(path: &Path, key: &RawKey) -> Result<(), StoreError> {
    let store = Store::open(path, key)?;
    store.quick_check()?;
    store.read(|tx| {
        for id in tx.note_ids()? {
            tx.note(id)?;
        }
        tx.search(CANARY, 1000, true)?;
        Ok(())
    })
}

#[test]
fn the_right_key_opens_and_another_does_not() {
    let (_dir, path) = closed();
    open(&path, &key(1)).unwrap();
    let before = fs::read(&path).unwrap();
    for attempt in [Store::open(&path, &key(2)), Store::open_reader(&path, &key(2))] {
        assert!(matches!(attempt, Err(StoreError::WrongKey)));
    }
    assert_eq!(fs::read(&path).unwrap(), before, "a wrong key changes nothing");
}

#[test]
fn a_missing_file_is_not_made_and_an_existing_one_not_overwritten() {
    let (dir, path) = closed();
    let missing = dir.path().join("missing.db");
    assert!(matches!(Store::open(&missing, &key(1)), Err(StoreError::NotFound)));
    assert!(!missing.exists());
    let before = fs::read(&path).unwrap();
    assert!(matches!(Store::create(&path, &key(1)), Err(StoreError::Io(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn files_that_are_not_whole_are_damaged_and_stay_as_they_are() {
    let (dir, path) = closed();
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    let random: Vec<u8> = (0..whole.len() as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut flipped = whole.clone();
    for page in 1..pages {
        flipped[page * 4096 + 1000] ^= 1;
    }
    let mut header = whole.clone();
    header[..16].fill(0x55);
    let mut blank = header.clone();
    blank[..4096].fill(0);
    for (what, bytes, maybe_key) in [
        ("empty", Vec::new(), false),
        ("half a page", whole[..2048].to_vec(), false),
        ("cut in a page", whole[..whole.len() - 100].to_vec(), false),
        ("cut in the middle", whole[..pages / 2 * 4096].to_vec(), false),
        ("one page", whole[..4096].to_vec(), false),
        ("a bit in each page", flipped, false),
        ("random bytes, no page", random[..random.len() - 1].to_vec(), false),
        ("text", b"not a database, a text".to_vec(), false),
        // The key is checked by the first page: these cannot be told from a wrong key.
        ("random bytes", random, true),
        ("garbage header", header, true),
        ("blank first page", blank, true),
    ] {
        let damaged = dir.path().join("damaged.db");
        fs::write(&damaged, &bytes).unwrap();
        let result = open(&damaged, &key(1));
        match result {
            Err(StoreError::Damaged(_)) if !maybe_key => {}
            Err(StoreError::WrongKey) if maybe_key => {}
            other => panic!("{what}: {other:?}"),
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(dir.path().join(format!("damaged.db{suffix}")));
        }
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let (_dir, path) = closed();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\"; PRAGMA user_version = 99;", "01".repeat(32))).unwrap();
    drop(conn);
    for attempt in [Store::open(&path, &key(1)), Store::open_reader(&path, &key(1))] {
        assert!(matches!(attempt, Err(StoreError::NewerSchema { found: 99, known }) if known == SCHEMA_VERSION));
    }
}

#[test]
fn a_making_that_was_interrupted_is_not_taken_for_a_vault() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\"; CREATE TABLE t (x);", "01".repeat(32))).unwrap();
    drop(conn);
    assert!(matches!(Store::open(&path, &key(1)), Err(StoreError::Damaged(_))));
}

#[test]
fn everything_is_there_after_a_drop_and_the_next_start_knows() {
    let t = filled();
    assert!(t.store.was_clean_stop());
    let path = t.path();
    drop(t.store);
    let store = Store::open(&path, &key(1)).unwrap();
    assert!(!store.was_clean_stop());
    store.quick_check().unwrap();
    let (notes, has) = store.read(|tx| Ok::<_, StoreError>((tx.note_ids()?.len(), tx.has_revision(rid(1))?))).unwrap();
    assert_eq!((notes, has), (200, true));
    store.close().unwrap();
    assert!(Store::open(&path, &key(1)).unwrap().was_clean_stop());
}

#[test]
fn a_log_that_was_left_behind_is_read_by_a_copy() {
    let t = filled();
    let copy = t.dir.path().join("copy.db");
    // As a kill leaves it: file and log, without a close.
    fs::copy(t.path(), &copy).unwrap();
    fs::copy(t.dir.path().join("vault.db-wal"), t.dir.path().join("copy.db-wal")).unwrap();
    let store = Store::open(&copy, &key(1)).unwrap();
    store.quick_check().unwrap();
    assert_eq!(store.read(|tx| tx.note_ids()).unwrap().len(), 200);
}

#[test]
fn nothing_on_the_disk_is_in_the_clear() {
    let t = filled();
    let scan = |when: &str| {
        let mut files = 0;
        for entry in fs::read_dir(t.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            for needle in [CANARY.as_bytes(), b"SQLite format 3", b"CREATE TABLE"] {
                let found = bytes.windows(needle.len()).any(|w| w == needle);
                assert!(!found, "{when}: {} holds {}", path.display(), String::from_utf8_lossy(needle));
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
            }
            files += 1;
        }
        files
    };
    assert_eq!(scan("in use"), 3, "file, -wal and -shm");
    t.store.checkpoint().unwrap();
    scan("after a checkpoint");
    // The scan can find: the same words unencrypted.
    fs::write(t.dir.path().join("planted"), format!("…{CANARY}…")).unwrap();
    assert!(std::panic::catch_unwind(|| scan("planted")).is_err());
}

#[test]
fn an_error_in_the_middle_takes_everything_back() {
    let t = filled();
    let failed: Result<(), StoreError> = t.store.write(|tx| {
        tx.put_note_view(&note(999, "not kept", ""), "")?;
        tx.put_meta("k", b"v")?;
        Err(StoreError::NotFound)
    });
    assert!(matches!(failed, Err(StoreError::NotFound)));
    assert_eq!(t.read(|tx| Ok((tx.note_ids()?.len(), tx.get_meta("k")?))), (200, None));
    assert!(t.read(|tx| tx.search("kept", 10, true)).is_empty());
    t.write(|tx| tx.put_meta("k", b"v"));
}

#[test]
fn readers_see_a_snapshot_while_another_connection_writes() {
    let t = filled();
    let readers = [0; 2].map(|_| Store::open_reader(&t.path(), &key(1)).unwrap());
    let count = |store: &Store| store.read(|tx| tx.note_ids()).unwrap().len();
    let seen = readers[0]
        .read(|tx| {
            let before = tx.note_ids()?.len();
            t.write(|tx| tx.put_note_view(&note(999, "new", ""), ""));
            assert_eq!(count(&readers[1]), 201, "a snapshot that begins later sees it");
            Ok::<_, StoreError>((before, tx.note_ids()?.len()))
        })
        .unwrap();
    assert_eq!(seen, (200, 200));
    assert_eq!(count(&readers[0]), 201);
    assert!(readers[0].write(|tx| tx.put_meta("k", b"v")).is_err(), "a reader cannot write");
}

#[test]
fn readers_on_other_threads_never_see_half_a_transaction() {
    let t = filled();
    let path = t.path();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let reader = Store::open_reader(&path, &key(1)).unwrap();
            std::thread::spawn(move || {
                let mut last = 0;
                while last < 50 {
                    let (a, b) = reader.read(|tx| Ok::<_, StoreError>((tx.get_u64("a")?, tx.get_u64("b")?))).unwrap();
                    assert_eq!(a, b);
                    assert!(a.unwrap_or(0) >= last);
                    last = a.unwrap_or(0);
                }
            })
        })
        .collect();
    for n in 1..=50 {
        t.write(|tx| {
            tx.put_u64("a", n)?;
            tx.put_u64("b", n)
        });
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
