//! Revisions, their deltas, and which of them are heads.

use holdfast_domain::{Kind, Origin, RecordId};
use holdfast_store::{RevisionSource, Store, StoreError, WorkingRow};

use crate::support::{TempStore, key, noise, put, revision, rid};

fn heads(t: &TempStore, record: u8) -> Vec<u8> {
    t.read(|tx| tx.heads(RecordId([record; 16]))).into_iter().map(|r| r.0[0]).collect()
}

#[test]
fn forty_revisions_in_a_row_read_back_and_take_little_space() {
    let t = TempStore::new();
    let lines: Vec<String> = (0..400_u64).map(|n| format!("{:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let mut all = Vec::new();
    for n in 1..=40_u8 {
        let mut text = lines.clone();
        text[usize::from(n) * 7] = format!("changed {n}\n");
        let parent = [n - 1];
        let parents: &[u8] = if n == 1 { &[] } else { &parent };
        let r = revision(1, parents, n.into(), &text.concat());
        assert!(t.write(|tx| put(tx, n, &r)));
        all.push((n, r));
    }
    t.write(|tx| {
        for (id, r) in &all {
            assert!(!put(tx, *id, r)?, "a second time changes nothing");
        }
        Ok(())
    });
    let path = t.path();
    t.store.close().unwrap();
    let store = Store::open(&path, &key(1)).unwrap();
    for (id, r) in &all {
        let (bytes, read) = store
            .read(|tx| Ok::<_, holdfast_store::StoreError>((tx.revision_bytes(rid(*id))?, tx.revision(rid(*id))?)))
            .unwrap();
        assert_eq!(bytes.unwrap(), r.encode().unwrap());
        assert_eq!(read.as_ref(), Some(r));
    }
    let history = store.read(|tx| tx.history(RecordId([1; 16]))).unwrap();
    assert_eq!(history.len(), 40);
    assert_eq!(history[39].parents, [rid(39)]);
    assert_eq!((history[0].origin, history[0].created_here, history[0].stub), (Origin::Edit, true, false));
    drop(store);
    // Deltas up to depth 16, then a full one: of 40, three are full.
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "01".repeat(32))).unwrap();
    let (full, deepest, bytes): (u32, u32, i64) = conn
        .query_row("SELECT sum(encoding = 0), max(depth), sum(length(data)) FROM revisions", [], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })
        .unwrap();
    assert_eq!((full, deepest), (3, 16));
    assert!((bytes as usize) < 4 * all[0].1.encode().unwrap().len(), "{bytes}");
}

#[test]
fn a_text_with_nothing_in_common_is_stored_whole() {
    let t = TempStore::new();
    let other = noise(5, 500);
    t.write(|tx| {
        put(tx, 1, &revision(1, &[], 1, "short"))?;
        put(tx, 2, &revision(1, &[1], 2, &other))
    });
    assert_eq!(t.read(|tx| tx.revision(rid(2))).unwrap(), revision(1, &[1], 2, &other));
}

#[test]
fn heads_follow_from_the_graph_in_whatever_order_revisions_come() {
    // 1 → 2, 1 → 3, (2, 3) → 4, 3 → 5, 5 → 6.
    let graph: [(u8, &[u8]); 6] = [(1, &[]), (2, &[1]), (3, &[1]), (4, &[2, 3]), (5, &[3]), (6, &[5])];
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 2, 4, 1], [4, 1, 5, 0, 3, 2]] {
        let t = TempStore::new();
        for i in order {
            let (id, parents) = graph[i];
            let r = revision(1, parents, id.into(), "text");
            assert!(t.write(|tx| put(tx, id, &r)));
            assert!(!t.write(|tx| put(tx, id, &r)));
        }
        assert_eq!(heads(&t, 1), [4, 6], "{order:?}");
        assert_eq!(t.read(|tx| tx.records_with_several_heads()), [RecordId([1; 16])]);
        assert_eq!(t.read(|tx| tx.children(rid(3))), [rid(4), rid(5)]);
        let merge = revision(1, &[4, 6], 9, "merged");
        t.write(|tx| put(tx, 9, &merge));
        assert_eq!(heads(&t, 1), [9]);
        assert!(t.read(|tx| tx.records_with_several_heads()).is_empty());
    }
}

#[test]
fn orphans_are_told_and_another_record_is_no_parent() {
    let t = TempStore::new();
    let orphan = revision(1, &[1, 2], 3, "x");
    assert_eq!(t.read(|tx| tx.missing_parents(&orphan)), [rid(1), rid(2)]);
    t.write(|tx| put(tx, 1, &revision(1, &[], 1, "x")));
    t.write(|tx| put(tx, 2, &revision(2, &[], 1, "other record")));
    assert_eq!(t.read(|tx| tx.missing_parents(&orphan)), [rid(2)]);
    t.write(|tx| put(tx, 3, &orphan));
    assert_eq!(heads(&t, 1), [3]);
    assert_eq!(heads(&t, 2), [2], "a revision of record 1 cannot hide record 2");
    assert_eq!(t.read(|tx| tx.record_of(rid(3))), Some(RecordId([1; 16])));
    assert_eq!(t.read(|tx| tx.records()), [RecordId([1; 16]), RecordId([2; 16])]);
}

#[test]
fn numbers_of_other_devices_may_be_any() {
    let t = TempStore::new();
    let mut r = revision(1, &[], u64::MAX, "x");
    r.origin = Origin::Other(u64::MAX);
    let bytes = r.encode().unwrap();
    t.write(|tx| tx.put_revision(rid(1), &r, &bytes, RevisionSource::Log { seq: u64::MAX }));
    let line = &t.read(|tx| tx.history(RecordId([1; 16])))[0];
    assert_eq!((line.hlc.ms, line.origin, line.created_here), (u64::MAX, Origin::Other(u64::MAX), false));
    assert_eq!(t.read(|tx| tx.revision(rid(1))), Some(r));
}

#[test]
fn a_working_revision_is_replaced_and_taken() {
    let t = TempStore::new();
    let row = |record: u8, changed_ms| WorkingRow {
        record: RecordId([record; 16]),
        parents: vec![rid(1), rid(2)],
        fields: vec![record; 100],
        origin: Origin::Edit,
        started_ms: 1,
        changed_ms,
    };
    t.write(|tx| {
        tx.put_working(&row(1, 5))?;
        tx.put_working(&row(2, 4))?;
        tx.put_working(&row(1, 6))
    });
    assert_eq!(t.read(|tx| tx.list_working()), [row(2, 4), row(1, 6)]);
    assert_eq!(t.write(|tx| tx.take_working(RecordId([1; 16]))), Some(row(1, 6)));
    assert_eq!(t.write(|tx| tx.take_working(RecordId([1; 16]))), None);
    assert_eq!(t.read(|tx| tx.working(RecordId([2; 16]))), Some(row(2, 4)));
    assert_eq!(t.read(|tx| tx.working_count()), 1);
}

#[test]
fn what_was_rolled_back_or_lost_is_not_there_though_it_was_known() {
    let t = TempStore::new();
    let (kept, undone) = (revision(1, &[], 1, "kept"), revision(1, &[1], 2, "undone"));
    t.write(|tx| put(tx, 1, &kept));
    let failed = t.store.write(|tx| {
        put(tx, 2, &undone)?;
        assert_eq!(tx.revision(rid(2))?.as_ref(), Some(&undone));
        Err::<(), _>(StoreError::DiskFull)
    });
    assert!(failed.is_err());
    assert_eq!(t.read(|tx| tx.revision(rid(2))), None);
    assert_eq!(t.read(|tx| tx.revision(rid(1))), Some(kept));
    t.write(|tx| tx.lose_revision(rid(1)));
    assert_eq!(t.read(|tx| tx.revision_bytes(rid(1))), None);
}

/// Twenty versions, each a small change of the one before: most are stored as differences.
fn long_history(t: &TempStore) -> Vec<holdfast_domain::Revision> {
    let mut lines: Vec<String> = (0..200_u64).map(|n| noise(n, 1) + "\n").collect();
    let mut all = Vec::new();
    for n in 1..=20_u8 {
        lines[usize::from(n)] = format!("changed {n}\n");
        let parents: Vec<u8> = (n > 1).then(|| n - 1).into_iter().collect();
        let r = revision(1, &parents, n.into(), &lines.concat());
        t.write(|tx| put(tx, n, &r));
        all.push(r);
    }
    all
}

#[test]
fn what_is_thinned_is_gone_and_what_builds_on_it_reads_as_before() {
    let t = TempStore::new();
    let all = long_history(&t);
    let gone = |n: &u8| !n.is_multiple_of(5) && *n != 20;
    t.write(|tx| tx.thin(&(1..=20_u8).filter(gone).map(rid).collect()));
    // As it lies there, and not as it was read lately.
    let path = t.path();
    t.store.close().unwrap();
    let store = Store::open(&path, &key(1)).unwrap();
    let read = |n: u8| store.read(|tx| tx.revision(rid(n))).unwrap();
    for n in 1..=20_u8 {
        let expected = (!gone(&n)).then(|| all[usize::from(n) - 1].clone());
        assert_eq!(read(n), expected, "version {n}");
    }
    store
        .read(|tx| {
            let record = RecordId([1; 16]);
            assert_eq!((tx.heads(record)?, tx.history(record)?.len()), (vec![rid(20)], 20));
            assert!(tx.has_revision(rid(1))? && tx.is_stub(rid(1))? && !tx.is_stub(rid(5))?);
            assert_eq!(tx.count_stubs()?, (16, 16));
            assert_eq!(tx.history(record)?.iter().filter(|row| row.stub).count(), 16);
            // Nobody is to send what is not here.
            assert_eq!(tx.count_not_in_log()?, 4);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    // What is written on one that went is stored whole, and so is what comes back.
    let next = revision(1, &[1], 30, "on the first");
    store
        .write(|tx| {
            assert!(put(tx, 30, &next)?);
            assert!(tx.put_back(rid(1), &all[0].encode().unwrap(), 7)?);
            assert!(!tx.put_back(rid(1), b"again", 8)? && !tx.put_back(rid(99), b"unknown", 8)?);
            assert_eq!((tx.revision(rid(1))?.as_ref(), tx.revision(rid(2))?), (Some(&all[0]), None));
            assert_eq!((tx.delta_base(rid(30))?, tx.revision(rid(30))?), (None, Some(next.clone())));
            assert_eq!(tx.held(RecordId([1; 16]))?[0].since_day, Some(7));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn places_are_known_apart_until_something_builds_on_them() {
    let t = TempStore::new();
    let (one, two) = (revision(1, &[], 1, ""), revision(1, &[1], 2, ""));
    t.write(|tx| {
        tx.put_place(rid(101), rid(1), 5, b"one")?;
        tx.put_place(rid(101), rid(1), 9, b"again")?;
        Ok(())
    });
    t.read(|tx| {
        assert!(tx.has_place(rid(101))? && !tx.has_place(rid(1))? && !tx.has_revision(rid(1))?);
        assert_eq!((tx.place(rid(1))?.as_deref(), tx.place(rid(2))?), (Some(&b"one"[..]), None));
        Ok(())
    });
    let three = revision(1, &[2], 3, "whole");
    t.write(|tx| {
        assert!(tx.put_stub(rid(1), &one)? && tx.put_stub(rid(2), &two)? && !tx.put_stub(rid(2), &two)?);
        put(tx, 3, &three)
    });
    t.read(|tx| {
        let record = RecordId([1; 16]);
        assert_eq!(tx.heads(record)?, [rid(3)]);
        assert!(tx.is_stub(rid(1))? && tx.is_stub(rid(2))?);
        assert_eq!(tx.history(record)?[1].parents, [rid(1)]);
        assert!(tx.history(record)?.iter().all(|row| row.stub != (row.rid == rid(3)) && !row.in_log));
        // Of the first the log has the place.
        assert_eq!(tx.stubs_nowhere()?, [(record, rid(2))]);
        Ok(())
    });
    t.write(|tx| tx.forget_log());
    assert_eq!(t.read(|tx| tx.stubs_nowhere()).len(), 2);
}

#[test]
fn a_transaction_that_fails_thins_nothing() {
    let t = TempStore::new();
    let all = long_history(&t);
    let failed: Result<(), StoreError> = t.store.write(|tx| {
        tx.thin(&(1..=19_u8).map(rid).collect())?;
        assert_eq!(tx.revision(rid(3))?, None);
        Err(StoreError::DiskFull)
    });
    failed.unwrap_err();
    assert_eq!(t.read(|tx| tx.revision(rid(3))), Some(all[2].clone()));
}

#[test]
fn since_when_a_version_is_here_is_told_by_the_days_that_were_looked_at() {
    let t = TempStore::new();
    let write = |n: u8| t.write(|tx| put(tx, n, &revision(n % 2, &[], n.into(), &n.to_string())));
    let notes = |day, after: Option<RecordId>| t.read(|tx| tx.records_held_since(Kind::Note, day, after, 9));
    write(1);
    write(2);
    write(4);
    t.write(|tx| tx.mark_day(3));
    write(3);
    // Later on the same day: it is not moved.
    t.write(|tx| tx.mark_day(3));
    t.write(|tx| tx.mark_day(5));
    write(5);
    let days = |record: u8| {
        let held = t.read(|tx| tx.held(RecordId([record; 16])));
        held.iter().map(|row| row.since_day).collect::<Vec<_>>()
    };
    assert_eq!((days(0), days(1)), (vec![Some(3), Some(3)], vec![Some(3), Some(5), None]));
    let [even, odd] = [0, 1].map(|record| RecordId([record; 16]));
    assert_eq!((notes(2, None), notes(3, None), notes(4, None)), (vec![], vec![even], vec![even]));
    assert_eq!((notes(5, None), notes(9, Some(even)), notes(9, Some(odd))), (vec![even, odd], vec![odd], vec![]));
    assert_eq!(t.read(|tx| tx.last_day_of(holdfast_domain::DeviceId([7; 16]))), None, "its newest came later");
    t.write(|tx| tx.mark_day(8));
    assert_eq!(t.read(|tx| tx.last_day_of(holdfast_domain::DeviceId([7; 16]))), Some(8));
    assert_eq!(t.read(|tx| tx.last_day_of(holdfast_domain::DeviceId([6; 16]))), None);
    t.write(|tx| tx.thin(&[rid(2)].into()));
    assert_eq!(notes(9, None), [odd], "one version of it is whole");
}
