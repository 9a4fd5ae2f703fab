//! Snapshots.

use std::fs;

use holdfast_store::{Store, StoreError};

use crate::support::{TempStore, key, note, put, revision};

#[test]
fn a_snapshot_opens_with_its_key_and_counts_the_same() {
    let t = TempStore::new();
    t.write(|tx| {
        for n in 0..100 {
            tx.put_note_view(&note(n, &format!("zebracanary {n}"), "body"), "")?;
            put(tx, n as u8, &revision(n as u8, &[], 1, "zebracanary"))?;
        }
        Ok(())
    });
    let path = t.dir.path().join("snapshot.db");
    t.store.backup_to(&path, &key(2)).unwrap();
    // Goes on in the original only.
    t.write(|tx| tx.put_note_view(&note(500, "later", ""), ""));
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(11).any(|w| w == b"zebracanary"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(matches!(Store::open(&path, &key(1)), Err(StoreError::WrongKey)));
    let copy = Store::open(&path, &key(2)).unwrap();
    assert!(!copy.was_clean_stop(), "it was taken while in use: check it");
    copy.quick_check().unwrap();
    let counts = copy
        .read(|tx| {
            Ok::<_, StoreError>((
                tx.note_ids()?.len(),
                tx.revision_count()?,
                tx.search("zebracanary", 500, false)?.len(),
            ))
        })
        .unwrap();
    assert_eq!(counts, (100, 100, 100));
}

#[test]
fn a_snapshot_stands_alone_and_overwrites_nothing() {
    let t = TempStore::new();
    t.write(|tx| tx.put_meta("k", b"v"));
    let path = t.dir.path().join("snapshot.db");
    t.store.backup_to(&path, &key(1)).unwrap();
    assert!(!t.dir.path().join("snapshot.db-wal").exists());
    let before = fs::read(&path).unwrap();
    assert!(matches!(t.store.backup_to(&path, &key(1)), Err(StoreError::Io(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
    let moved = t.dir.path().join("moved.db");
    fs::copy(&path, &moved).unwrap();
    assert_eq!(Store::open(&moved, &key(1)).unwrap().read(|tx| tx.get_meta("k")).unwrap(), Some(b"v".to_vec()));
    assert!(matches!(t.store.backup_to(&t.dir.path().join("no/such/folder.db"), &key(1)), Err(StoreError::NotFound)));
}
