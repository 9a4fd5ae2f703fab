//! Every released schema is kept as a fixture, and opens for ever.

use std::path::Path;

use holdfast_domain::{AttachmentId, Fields, Kind, NotebookId, RecordId};
use holdfast_store::{
    Fetch, FileRow, FileState, PackRow, PackState, ReleaseRow, SCHEMA_VERSION, Sent, Store, StoreError, UnnamedFile,
    Waiting,
};
use rusqlite::{Connection, types::ValueRef};

use crate::support::{TempStore, key, note, put, revision, rid, stamp};

const V1: &str = include_str!("fixtures/schema_v1.sql");
/// Before what a sync would take away was held back.
const V2: &str = include_str!("fixtures/schema_v2.sql");
/// Before attachments lay in chunks.
const V3: &str = include_str!("fixtures/schema_v3.sql");
/// Before texts went ahead of files.
const V4: &str = include_str!("fixtures/schema_v4.sql");
/// Before the log had packs.
const V5: &str = include_str!("fixtures/schema_v5.sql");
/// Before the log had releases.
const V6: &str = include_str!("fixtures/schema_v6.sql");
/// Before history was thinned.
const V7: &str = include_str!("fixtures/schema_v7.sql");
/// The newest: what this version makes.
const V8: &str = include_str!("fixtures/schema_v8.sql");

fn raw(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "01".repeat(32))).unwrap();
    conn
}

/// The definitions and the rows, as SQL that makes them again. The search index is made from `notes`.
fn dump(conn: &Connection) -> String {
    let mut out = String::new();
    let mut tables = conn
        .prepare(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'note_words_%'
               AND name NOT LIKE 'note_trigrams_%' AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name",
        )
        .unwrap();
    let tables: Vec<(String, String)> =
        tables.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap();
    for (_, sql) in &tables {
        out.push_str(sql);
        out.push_str(";\n");
    }
    for (name, _) in tables.iter().filter(|(n, s)| s.starts_with("CREATE TABLE") && !n.contains("fts")) {
        let mut rows = conn.prepare(&format!("SELECT * FROM {name} ORDER BY 1")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns)
                .map(|i| match row.get_ref(i).unwrap() {
                    ValueRef::Null => "NULL".into(),
                    ValueRef::Integer(n) => n.to_string(),
                    ValueRef::Real(n) => n.to_string(),
                    ValueRef::Text(t) => format!("'{}'", String::from_utf8_lossy(t).replace('\'', "''")),
                    ValueRef::Blob(b) => {
                        format!("x'{}'", b.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat())
                    }
                })
                .collect();
            out.extend(["INSERT INTO ", name, " VALUES (", &values.join(", "), ");\n"]);
        }
    }
    out
}

fn body(changed: u8) -> String {
    (0..60_u32)
        .map(|n| if n == u32::from(changed) { "changed\n".into() } else { format!("line {n}: {}\n", n * 7919) })
        .collect()
}

/// A vault with a row in each table that holds more than one line of thought.
fn sample() -> TempStore {
    let t = TempStore::new();
    t.write(|tx| {
        put(tx, 1, &revision(1, &[], 1, &body(1)))?;
        put(tx, 2, &revision(1, &[1], 2, &body(2)))?;
        put(tx, 3, &revision(1, &[2], 3, &body(3)))?;
        let mut row = note(1, "It's a title", &body(3));
        row.tags = vec!["tag".into()];
        row.due = Some("2026-12-24".parse().unwrap());
        tx.put_note_view(&row, "")?;
        tx.put_notebook_view(&holdfast_store::NotebookRow {
            id: NotebookId([2; 16]),
            name: "Book".into(),
            parent: None,
            trashed: false,
            review: 0,
            created_ms: 1,
            parent_stamp: stamp(5),
        })?;
        tx.push_outbox(rid(3), 1, 1, b"sealed")?;
        tx.put_pack(&PackRow { rid: [6; 32], seq: 2, from: 0, to: 1, state: PackState::ToTell })?;
        tx.put_release(&ReleaseRow { rid: [8; 32], seq: 2, age_ms: 3, cids: vec![[9; 32]] })?;
        tx.put_unnamed(&UnnamedFile { content: [7; 32], age_ms: 2, named: false, released: true, gone_ms: 0 })?;
        tx.set_cursor(holdfast_store::Cursor { log_epoch: 1, seq: 2, link: [3; 32] })?;
        tx.put_chunk(&[5; 32], &[4; 32], Sent::No, b"bytes")?;
        tx.set_outbox_files(rid(3), &[[4; 32]].into())?;
        tx.put_file(&FileRow { content: [4; 32], size: 5, state: FileState::Whole, chunks: vec![[5; 32]] })?;
        tx.set_kept_offline(NotebookId([2; 16]), true)?;
        tx.mark_day(4)?;
        tx.put_place(rid(9), rid(8), 2, b"place")?;
        Ok(())
    });
    t
}

#[test]
fn the_newest_schema_is_what_it_was() {
    let t = sample();
    let path = t.path();
    drop(t.store);
    let now = dump(&raw(&path));
    if std::env::var_os("HOLDFAST_WRITE_FIXTURES").is_some() && SCHEMA_VERSION == 8 {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/schema_v8.sql"), &now).unwrap();
        return;
    }
    // Another version of zstd may write other bytes: only the definitions are compared.
    let definitions = |sql: &str| sql.split("INSERT INTO").next().unwrap_or_default().to_string();
    assert_eq!(SCHEMA_VERSION, 8, "keep this fixture, add one for the new schema, and compare that one here");
    assert_eq!(definitions(&now), definitions(V8));
}

/// Nothing is known of how long its versions were here: nothing is thinned for long.
#[test]
fn a_vault_of_schema_v7_opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = raw(&path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(V7).unwrap();
    conn.execute_batch("PRAGMA application_id = 1214673780; PRAGMA user_version = 7;").unwrap();
    drop(conn);
    let store = Store::open(&path, &key(1)).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            let held = tx.held(RecordId([1; 16]))?;
            assert_eq!(held.iter().map(|row| (row.stub, row.since_day)).collect::<Vec<_>>(), [(false, None); 3]);
            assert_eq!(tx.records_held_since(Kind::Note, 400, None, 9)?, []);
            assert_eq!((tx.live_releases()?.len(), tx.unnamed_files()?.len()), (1, 1));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// No file is released yet, and what waits does as before.
#[test]
fn a_vault_of_schema_v6_opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = raw(&path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(V6).unwrap();
    conn.execute_batch("PRAGMA application_id = 1214673780; PRAGMA user_version = 6;").unwrap();
    drop(conn);
    let store = Store::open(&path, &key(1)).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            assert_eq!((tx.outbox_len()?, tx.packs_wait()?, tx.outbox_rids()?), (1, false, vec![rid(3)]));
            assert_eq!((tx.list_packs()?.len(), tx.live_releases()?, tx.unnamed_files()?), (1, vec![], vec![]));
            assert_eq!((tx.has_file(&[4; 32])?, tx.count_files_not_here()?.files), (true, 0));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// Packs that this version's predecessor set aside are still there, to be looked at again.
#[test]
fn a_vault_of_schema_v5_opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = raw(&path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(V5).unwrap();
    conn.execute_batch(
        "INSERT INTO quarantine (rid, body_hash, seq, kind, reason, bytes)
             VALUES (zeroblob(32), zeroblob(32), 9, 3, 'a pack', x'01');
         PRAGMA application_id = 1214673780; PRAGMA user_version = 5;",
    )
    .unwrap();
    drop(conn);
    let store = Store::open(&path, &key(1)).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.revision_bytes(rid(3))?.unwrap(), revision(1, &[2], 3, &body(3)).encode().unwrap());
            assert_eq!((tx.outbox_len()?, tx.packs_wait()?, tx.outbox_rids()?), (1, false, vec![rid(3)]));
            assert_eq!(tx.outbox_files(rid(3))?, [[4; 32]], "what goes behind a file still does");
            assert_eq!((tx.cursor()?.unwrap().seq, tx.list_packs()?), (2, Vec::new()));
            let aside = tx.list_quarantine()?;
            assert_eq!((aside.len(), aside[0].seq, aside[0].waiting), (1, 9, Waiting::Program));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// What waited behind all files still goes behind the last of them; what is set aside has no time of arrival.
#[test]
fn a_vault_of_schema_v4_opens_and_reads() {
    for sent in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault.db");
        let conn = raw(&path);
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        conn.execute_batch(V4).unwrap();
        conn.execute_batch(
            "INSERT INTO chunks (cid, content, sent, data) VALUES (zeroblob(32), zeroblob(32), 0, x'01');
             INSERT INTO quarantine VALUES (1, zeroblob(32), zeroblob(32), 9, 5, 'late', x'02');
             PRAGMA application_id = 1214673780; PRAGMA user_version = 4;",
        )
        .unwrap();
        if sent {
            conn.execute_batch("UPDATE chunks SET sent = 2").unwrap();
        }
        drop(conn);
        let store = Store::open(&path, &key(1)).unwrap();
        store
            .read(|tx| {
                let behind = if sent { vec![] } else { vec![[0; 32]] };
                assert_eq!((tx.outbox_files(rid(3))?, tx.outbox_held_len()?), (behind, u64::from(!sent)));
                assert_eq!(tx.outbox_head(100, 9)?.len(), usize::from(sent));
                let aside = &tx.list_quarantine()?[0];
                assert_eq!((aside.seq, aside.waiting, aside.arrived_ms), (9, Waiting::Removed, 0));
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
}

/// Files that lay whole in a row, sent and not sent, are files of one chunk each, and still sent and not sent.
#[test]
fn a_vault_of_schema_v3_opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = raw(&path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(V3).unwrap();
    let attachment = |id: u8, content: u8, cid: u8, size: u32| {
        let bytes = |byte: u8, n: usize| format!("x'{}'", format!("{byte:02x}").repeat(n));
        format!(
            "INSERT INTO attachments VALUES ({}, 'f', 'text/plain', {size}, {}, {}, {id});",
            bytes(id, 16),
            bytes(content, 32),
            bytes(cid, 32)
        )
    };
    let rows = [attachment(1, 4, 0xc4, 3), attachment(2, 6, 0xc6, 8_000_000), attachment(3, 7, 0xc7, 9)].concat();
    conn.execute_batch(&rows).unwrap();
    conn.execute_batch(
        "INSERT INTO blob SELECT content, substr(chunks, 1, 32), 1, x'5ea1ed' FROM attachments WHERE created_ms = 2;
         PRAGMA application_id = 1214673780; PRAGMA user_version = 3;",
    )
    .unwrap();
    drop(conn);
    // As a backup it says what it lacks, without being brought up to date.
    let snapshot = Store::open_snapshot(&path, &key(1)).unwrap();
    let lacks = snapshot.read(|r| r.count_files_not_here()).unwrap();
    assert_eq!((lacks.files, lacks.bytes), (1, 9));
    drop(snapshot);
    assert_eq!(Store::schema_version(&path, &key(1)).unwrap(), 3);
    let store = Store::open(&path, &key(1)).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            let (mine, sent) = (tx.file(&[4; 32])?.unwrap(), tx.file(&[6; 32])?.unwrap());
            assert_eq!((mine.size, mine.state, mine.chunks), (3, FileState::Whole, vec![[0xc4; 32]]));
            assert_eq!((sent.size, sent.state, sent.chunks), (8_000_000, FileState::Whole, vec![[0xc6; 32]]));
            assert_eq!(
                (tx.chunk(&[0xc4; 32])?.unwrap(), tx.chunk(&[0xc6; 32])?.unwrap()),
                (b"bytes".to_vec(), vec![0x5e, 0xa1, 0xed])
            );
            assert_eq!((tx.next_chunk_to_send()?.unwrap().cid, tx.count_chunks_to_send()?), ([0xc4; 32], 1));
            assert_eq!(tx.sent_chunks()?, [[0xc6; 32]]);
            let missing = tx.files_to_fetch(Fetch::UpTo(100))?;
            assert_eq!(missing.iter().map(|m| m.attachment).collect::<Vec<_>>(), [AttachmentId([3; 16])]);
            assert!(tx.kept_offline()?.is_empty());
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// A file as the version with schema 2 left it.
fn write_v2(path: &Path) {
    let conn = raw(path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(V2).unwrap();
    conn.execute_batch(
        "INSERT INTO activity (at_ms, what, ok, duration_ms, bytes, message) VALUES (7, 'Synced', 1, 3, 9, '1 sent');
         PRAGMA application_id = 1214673780; PRAGMA user_version = 2;",
    )
    .unwrap();
}

#[test]
fn a_vault_of_schema_v2_opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    write_v2(&path);
    let store = Store::open(&path, &key(1)).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            let line = &tx.list_activity(1, None)?[0].activity;
            assert_eq!((line.at_ms, line.bytes_up, line.bytes_down), (7, 9, 0));
            assert_eq!((line.what.as_str(), &line.problem), ("Synced", &None));
            assert!(tx.losses()?.is_empty() && !tx.anything_held()?);
            assert_eq!(tx.heads(RecordId([1; 16]))?, [rid(3)]);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// A file as the version with schema 1 left it.
fn write_v1(path: &Path) {
    let conn = raw(path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn.execute_batch(V1).unwrap();
    conn.execute_batch(
        "INSERT INTO quarantine VALUES (4, 9, zeroblob(32), 'waits', x'02'), (6, 12, zeroblob(32), 'waits', x'03')",
    )
    .unwrap();
    conn.execute_batch(
        "INSERT INTO note_words (rowid, title, body, extra) SELECT n, title, body, search_text FROM notes;
         INSERT INTO note_trigrams (rowid, text) SELECT n, title || body || search_text FROM notes;
         PRAGMA application_id = 1214673780; PRAGMA user_version = 1;",
    )
    .unwrap();
}

#[test]
fn a_vault_of_schema_v1_opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    write_v1(&path);
    assert_eq!(Store::schema_version(&path, &key(1)).unwrap(), 1);
    let store = Store::open(&path, &key(1)).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            for n in 1..=3 {
                let read = tx.revision(rid(n))?.unwrap();
                let Fields::Note(fields) = &read.fields else { panic!("not a note") };
                assert_eq!(fields.body.shown(), body(n), "revision {n}: 1 is whole, 2 and 3 are deltas");
            }
            assert_eq!(tx.heads(RecordId([1; 16]))?, [rid(3)]);
            let hit = &tx.search("title", 5, false)?[0];
            assert_eq!(tx.note(hit.id)?.unwrap().tags, ["tag"]);
            assert_eq!(tx.notebooks()?[0].parent_stamp, stamp(5));
            assert_eq!(tx.cursor()?.unwrap().seq, 2);
            // Behind the file that was still to be sent.
            assert_eq!((tx.outbox_rids()?, tx.outbox_files(rid(3))?), (vec![rid(3)], vec![[4; 32]]));
            // The file had no id of its sealed bytes, and no record that names it.
            let file = tx.file(&[4; 32])?.unwrap();
            assert_eq!((file.state, file.size, file.chunks.len()), (FileState::Whole, 5, 1));
            assert_eq!(tx.chunk(&file.chunks[0])?.unwrap(), b"bytes");
            // Two entries under one id were told apart by their places, and still are two.
            let aside: Vec<_> = tx.list_quarantine()?.into_iter().map(|q| (q.seq, q.waiting, q.bytes)).collect();
            assert_eq!(aside, [(9, Waiting::Anything, vec![2]), (12, Waiting::Anything, vec![3])]);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn a_snapshot_comes_before_a_migration_and_without_it_nothing_is_changed() {
    for (schema, write) in [(1, write_v1 as fn(&Path)), (2, write_v2)] {
        let dir = tempfile::tempdir().unwrap();
        let (path, copy) = (dir.path().join("vault.db"), dir.path().join("copy.db"));
        write(&path);
        let before = dump(&raw(&path));

        // It fails: the file is what it was.
        let refused = Store::open_after(&path, &key(1), |_| Err(StoreError::DiskFull));
        assert!(matches!(refused, Err(StoreError::DiskFull)));
        // Something is in its way: the same.
        std::fs::write(&copy, b"in the way").unwrap();
        let refused = Store::open_after(&path, &key(1), |old| old.snapshot_to(&copy, &key(1)));
        assert!(refused.is_err());
        assert_eq!(std::fs::read(&copy).unwrap(), b"in the way");
        std::fs::remove_file(&copy).unwrap();
        assert_eq!(Store::schema_version(&path, &key(1)).unwrap(), schema);
        assert_eq!(dump(&raw(&path)), before);

        let store = Store::open_after(&path, &key(1), |old| {
            assert_eq!(old.schema, schema);
            old.snapshot_to(&copy, &key(1))
        });
        store.unwrap().close().unwrap();
        assert_eq!(Store::schema_version(&path, &key(1)).unwrap(), SCHEMA_VERSION);
        assert_eq!(Store::schema_version(&copy, &key(1)).unwrap(), schema);
        assert_eq!(dump(&raw(&copy)), before, "the snapshot is what was there");
        let old = Store::open_snapshot(&copy, &key(1)).unwrap();
        old.quick_check().unwrap();
        assert_eq!(old.read(|r| Ok::<_, StoreError>((r.note_ids()?.len(), r.notebooks()?.len()))).unwrap(), (1, 1));
        drop(old);

        // Nothing is due any more.
        Store::open_after::<StoreError>(&path, &key(1), |_| panic!("a snapshot that nobody needs")).unwrap();
    }
}
