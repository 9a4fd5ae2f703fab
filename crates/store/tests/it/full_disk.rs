//! A full disk leaves everything as it was.

use holdfast_store::{StoreError, WriteTx};

use crate::support::{TempStore, noise, note, put, revision, rid};

fn fill(tx: &WriteTx<'_>, from: u64, notes: u64) -> Result<(), StoreError> {
    for n in from..from + notes {
        // Text that does not compress.
        let body = noise(n, 300);
        put(tx, n as u8, &revision(n as u8, &[], n, &body))?;
        tx.put_note_view(&note(n, &format!("note {n}"), &body), "")?;
        tx.push_outbox(rid(n as u8), 1, 1, body.as_bytes())?;
        tx.put_u64("last", n)?;
    }
    Ok(())
}

#[test]
fn disk_full_in_a_transaction_keeps_nothing_of_it_and_the_next_one_works() {
    let t = TempStore::new();
    t.write(|tx| fill(tx, 0, 20));
    let state = || {
        t.read(|tx| {
            Ok((tx.note_ids()?, tx.revision_count()?, tx.outbox_len()?, tx.get_u64("last")?, tx.sidebar_counts()?))
        })
    };
    let before = state();
    let pages = t.store.page_count().unwrap();
    assert_eq!(t.store.set_max_page_count(pages + 10).unwrap(), pages + 10);
    for _ in 0..3 {
        assert!(matches!(t.store.write(|tx| fill(tx, 20, 100)), Err(StoreError::DiskFull)));
        assert_eq!(state(), before);
    }
    t.store.quick_check().unwrap();
    // What fits is still taken, and reads work.
    t.write(|tx| tx.put_u64("small", 1));
    assert_eq!(t.read(|tx| tx.search("note 7", 10, false))[0].title, "note 7");
    t.store.set_max_page_count(u32::MAX - 1).unwrap();
    t.write(|tx| fill(tx, 20, 100));
    assert_eq!(t.read(|tx| tx.note_ids()).len(), 120);
    t.store.quick_check().unwrap();
}

#[test]
fn after_a_rollback_by_sqlite_nothing_of_the_closure_is_kept() {
    let t = TempStore::new();
    t.write(|tx| fill(tx, 0, 5));
    t.store.set_max_page_count(t.store.page_count().unwrap() + 5).unwrap();
    let result: Result<(), StoreError> = t.store.write(|tx| {
        assert!(matches!(fill(tx, 5, 100), Err(StoreError::DiskFull)));
        // A caller that goes on all the same: outside a transaction this would be kept at once.
        assert!(tx.put_u64("small", 1).is_err());
        Ok(())
    });
    assert!(matches!(result, Err(StoreError::DiskFull)));
    assert_eq!(t.read(|tx| Ok((tx.note_ids()?.len(), tx.get_u64("small")?))), (5, None));
    t.store.quick_check().unwrap();
}
