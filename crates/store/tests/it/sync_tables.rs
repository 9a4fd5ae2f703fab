//! Outbox, batch, cursor, manifests, quarantine, files, receipts, choices, activity.

use holdfast_domain::{AttachmentId, DeviceId, NotebookId, RecordId};
use holdfast_store::{
    ACTIVITY_KEPT, ACTIVITY_KEPT_ALWAYS, ACTIVITY_KEPT_MS, AttachmentRow, Batch, BatchAccepted, ChunkToSend, Cursor,
    Fetch, FileRow, FileState, LossKind, LossRow, ManifestRow, NewActivity, NotebookRow, PackRow, PackState,
    QuarantineRow, ReceiptRow, ReleaseRow, Sent, UnnamedFile, Waiting,
};

use crate::support::{TempStore, note, put, revision, rid, stamp};

#[test]
fn the_outbox_keeps_order_and_gives_at_least_one_row() {
    let t = TempStore::new();
    t.write(|tx| {
        for n in [5, 1, 9] {
            assert!(tx.push_outbox(rid(n), 1, 3, &[n; 100])?);
        }
        assert!(!tx.push_outbox(rid(5), 1, 3, b"again")?);
        Ok(())
    });
    let head =
        |bytes, rows| -> Vec<u8> { t.read(|tx| tx.outbox_head(bytes, rows)).iter().map(|r| r.rid.0[0]).collect() };
    assert_eq!(head(1, 10), [5]);
    assert_eq!(head(200, 10), [5, 1]);
    assert_eq!(head(299, 10), [5, 1]);
    assert_eq!(head(300, 10), [5, 1, 9]);
    assert_eq!(head(300, 2), [5, 1]);
    t.write(|tx| tx.assign_batch(&[rid(5), rid(1)], 7));
    assert_eq!(t.read(|tx| tx.outbox_batch(7)).len(), 2);
    assert!(t.write(|tx| tx.reseal(rid(1), 4, b"new")));
    let row = &t.read(|tx| tx.outbox_head(1000, 10))[1];
    assert_eq!((row.key_epoch, row.body.as_slice(), row.batch_ctr), (4, b"new".as_slice(), Some(7)));
    assert_eq!(t.write(|tx| tx.ack_outbox(&[rid(5), rid(77)])), 1);
    assert_eq!(t.read(|tx| Ok((tx.outbox_len()?, tx.in_outbox(rid(5))?, tx.in_outbox(rid(9))?))), (2, false, true));
    assert_eq!(t.read(|tx| tx.outbox_rids()), [rid(1), rid(9)]);
}

#[test]
fn batch_and_cursor_read_back() {
    let t = TempStore::new();
    assert_eq!(t.read(|tx| Ok((tx.batch()?, tx.batch_accepted()?, tx.cursor()?))), (None, None, None));
    let batch = Batch { ctr: 8, manifest: vec![1, 2, 3] };
    let accepted = BatchAccepted { ctr: 7, hash: [4; 32] };
    let cursor = Cursor { log_epoch: u64::MAX, seq: 12, link: [5; 32] };
    t.write(|tx| {
        tx.put_batch(&Batch { ctr: 9, manifest: vec![] })?;
        tx.put_batch(&batch)?;
        tx.set_batch_accepted(accepted)?;
        tx.set_cursor(cursor)
    });
    assert_eq!(
        t.read(|tx| Ok((tx.batch()?, tx.batch_accepted()?, tx.cursor()?))),
        (Some(batch), Some(accepted), Some(cursor))
    );
    t.write(|tx| tx.clear_batch());
    assert_eq!(t.read(|tx| tx.batch()), None);
}

#[test]
fn manifests_and_quarantine_take_each_once() {
    let t = TempStore::new();
    let manifest = |ctr| ManifestRow { batch: [ctr as u8; 32], device: DeviceId([1; 16]), ctr, bytes: vec![9] };
    t.write(|tx| {
        assert!(tx.put_manifest(&manifest(2))? && tx.put_manifest(&manifest(1))?);
        assert!(!tx.put_manifest(&manifest(2))?);
        Ok(())
    });
    assert_eq!(t.read(|tx| tx.last_manifest(DeviceId([1; 16]))), Some(manifest(2)));
    assert_eq!(t.read(|tx| tx.manifest(&[1; 32])), Some(manifest(1)));
    let entry = |body, seq, reason: &str| QuarantineRow {
        rid: rid(1),
        body_hash: [body; 32],
        seq,
        waiting: Waiting::Parent,
        reason: reason.into(),
        bytes: vec![1],
        arrived_ms: seq * 100,
        taken_as: None,
    };
    t.write(|tx| {
        tx.put_quarantine(&entry(1, 5, "orphan"))?;
        tx.put_quarantine(&entry(2, 3, "key"))?;
        tx.put_quarantine(&entry(1, 7, "newer"))
    });
    let again = QuarantineRow { arrived_ms: 500, ..entry(1, 7, "newer") };
    assert_eq!(t.read(|tx| tx.list_quarantine()), [entry(2, 3, "key"), again.clone()], "it came at 500");
    assert!(t.write(|tx| tx.remove_quarantine(rid(1), &[2; 32])));
    assert_eq!(t.read(|tx| tx.quarantine_len()), 1);
    // Junk under an id has its bound, and what is there is still found elsewhere.
    let kept: Vec<bool> = (10..14).map(|body| t.write(|tx| tx.put_quarantine(&entry(body, 8, "junk")))).collect();
    assert_eq!(kept, [true, true, false, false]);
    assert!(t.write(|tx| tx.put_quarantine(&entry(1, 9, "again"))));
    // What a person decided stays so, whatever comes again.
    t.write(|tx| {
        tx.decide_quarantine(rid(1), &[1; 32], Some(rid(7)))?;
        tx.put_quarantine(&entry(1, 11, "once more"))
    });
    let decided = t.read(|tx| tx.quarantined(rid(1))).into_iter().find(|row| row.seq == 11).unwrap();
    assert_eq!((decided.waiting, decided.taken_as, decided.arrived_ms), (Waiting::Decided, Some(rid(7)), 500));
    assert_eq!((t.read(|tx| tx.quarantine_len()), t.read(|tx| tx.quarantine_open_len())), (3, 2));
    assert_eq!(t.write(|tx| tx.clear_variants(rid(1))), 3);
}

#[test]
fn what_the_log_holds_is_known() {
    let t = TempStore::new();
    t.write(|tx| {
        for n in 1..=4 {
            let parents: Vec<u8> = (1..n).collect();
            put(tx, n, &revision(1, &parents, n.into(), "text"))?;
        }
        tx.push_outbox(rid(4), 1, 1, b"sealed")?;
        tx.set_received(rid(1), 7)?;
        tx.set_received(rid(1), 9)
    });
    let rids = |after| t.read(|tx| tx.not_in_log(after, 10)).iter().map(|row| row.rid).collect::<Vec<_>>();
    assert_eq!(rids(i64::MIN), [rid(2), rid(3)], "parents first; what waits in the outbox is not lost");
    let first = t.read(|tx| tx.not_in_log(i64::MIN, 1))[0];
    assert_eq!(rids(first.n), [rid(3)]);
    let at = |seq| Cursor { log_epoch: 3, seq, link: [4; 32] };
    t.write(|tx| {
        tx.set_cursor(at(7))?;
        tx.set_log_head(at(9))?;
        tx.put_log_link(7, &[4; 32])
    });
    assert_eq!((t.read(|tx| tx.log_head()), t.read(|tx| tx.log_link(7))), (Some(at(9)), Some([4; 32])));
    t.write(|tx| tx.forget_log());
    assert_eq!(rids(i64::MIN), [rid(1), rid(2), rid(3)]);
    assert_eq!(t.read(|tx| tx.count_not_in_log()), 3);
    assert_eq!((t.read(|tx| tx.cursor()), t.read(|tx| tx.log_head()), t.read(|tx| tx.log_link(7))), (None, None, None));
}

fn attachment(id: u8, content: u8, size: u64) -> AttachmentRow {
    AttachmentRow {
        id: AttachmentId([id; 16]),
        name: "f".into(),
        media_type: String::new(),
        size,
        content: [content; 32],
        chunks: vec![[content; 32]],
        created_ms: id.into(),
    }
}

#[test]
fn chunks_know_what_to_send() {
    let t = TempStore::new();
    let file = |content: u8, chunks: &[u8]| FileRow {
        content: [content; 32],
        size: 3,
        state: FileState::Whole,
        chunks: chunks.iter().map(|n| [*n; 32]).collect(),
    };
    t.write(|tx| {
        assert!(tx.put_chunk(&[11; 32], &[1; 32], Sent::No, b"abc")?);
        assert!(!tx.put_chunk(&[11; 32], &[1; 32], Sent::Yes, b"abc")?, "it is there");
        tx.put_chunk(&[12; 32], &[1; 32], Sent::No, b"de")?;
        tx.put_chunk(&[21; 32], &[2; 32], Sent::Yes, b"fetched")?;
        tx.put_file(&file(1, &[11, 12]))?;
        tx.put_file(&file(2, &[21]))
    });
    let next = || t.read(|tx| tx.next_chunk_to_send());
    let left = || t.read(|tx| tx.files_to_send()).iter().map(|f| (f.content[0], f.left, f.bytes)).collect::<Vec<_>>();
    assert_eq!(next(), Some(ChunkToSend { cid: [11; 32], bytes: 3, tried: false }));
    assert_eq!((t.read(|tx| tx.count_chunks_to_send()), left()), (2, vec![(1, 5, 5)]));
    t.write(|tx| tx.mark_sent(&[11; 32], Sent::Tried));
    assert_eq!((next().unwrap().tried, t.read(|tx| tx.tried_chunks(9))), (true, vec![[11; 32]]));
    t.write(|tx| tx.mark_sent(&[11; 32], Sent::Yes));
    assert_eq!((next().unwrap().cid[0], left()), (12, vec![(1, 2, 5)]));
    t.write(|tx| tx.mark_sent(&[12; 32], Sent::Yes));
    assert_eq!((next(), left()), (None, vec![]));
    assert_eq!(t.read(|tx| tx.sent_chunks()), [[11; 32], [12; 32], [21; 32]]);
    // The server lost one.
    t.write(|tx| tx.mark_sent(&[21; 32], Sent::No));
    assert_eq!((next().unwrap().cid[0], t.read(|tx| tx.chunk(&[21; 32]))), (21, Some(b"fetched".to_vec())));
    t.write(|tx| tx.remove_file(&[1; 32]));
    assert!(!t.read(|tx| tx.has_file(&[1; 32])) && !t.read(|tx| tx.has_chunk(&[11; 32])));
    assert!(t.read(|tx| tx.has_file(&[2; 32])));
}

#[test]
fn what_names_a_file_goes_behind_its_last_chunk_and_the_rest_does_not() {
    let t = TempStore::new();
    t.write(|tx| {
        for (cid, content) in [(11, 1), (12, 1), (21, 2)] {
            tx.put_chunk(&[cid; 32], &[content; 32], Sent::No, b"abc")?;
        }
        for n in 1..=5 {
            tx.push_outbox(rid(n), 1, 3, b"sealed")?;
        }
        tx.set_outbox_files(rid(1), &[[1; 32]].into())?;
        tx.set_outbox_files(rid(3), &[[1; 32], [2; 32]].into())?;
        tx.set_outbox_files(rid(4), &[[2; 32]].into())?;
        tx.assign_batch(&[rid(4), rid(5)], 9)
    });
    let free = || t.read(|tx| tx.outbox_head(1_000, 9)).iter().map(|row| row.rid).collect::<Vec<_>>();
    let held = || t.read(|tx| tx.outbox_held_len());
    assert_eq!((free(), held()), (vec![rid(2), rid(5)], 3));
    assert!(t.read(|tx| tx.is_batch_held(9)) && !t.read(|tx| tx.is_batch_held(8)));
    assert_eq!(t.read(|tx| tx.outbox_files(rid(3))), [[1; 32], [2; 32]]);
    t.write(|tx| tx.mark_sent(&[11; 32], Sent::Yes));
    t.write(|tx| tx.mark_sent(&[12; 32], Sent::Tried));
    assert_eq!(held(), 3, "a chunk of it may still be missing");
    t.write(|tx| tx.mark_sent(&[12; 32], Sent::Yes));
    assert_eq!((free(), held()), (vec![rid(1), rid(2), rid(5)], 2));
    // An acknowledged row, whatever it went behind, and a file that is forgotten.
    t.write(|tx| tx.ack_outbox(&[rid(3)]));
    assert_eq!(held(), 1);
    t.write(|tx| tx.remove_file(&[2; 32]));
    assert_eq!((free(), held()), (vec![rid(1), rid(2), rid(4), rid(5)], 0));
}

/// Chunks that were fetched of another sealing go where the file is whole; what the server lacks never.
#[test]
fn a_whole_file_keeps_the_chunks_that_it_is_made_of() {
    let t = TempStore::new();
    t.write(|tx| {
        for (cid, sent) in [(1, Sent::Yes), (2, Sent::Yes), (3, Sent::Tried)] {
            tx.put_chunk(&[cid; 32], &[9; 32], sent, b"x")?;
        }
        let partial = FileRow { content: [9; 32], size: 1, state: FileState::Partial, chunks: vec![[1; 32], [2; 32]] };
        tx.put_file(&partial)?;
        assert_eq!(tx.count_chunks_here(&[9; 32])?, 3);
        tx.put_file(&FileRow { state: FileState::Whole, chunks: vec![[2; 32]], ..partial })
    });
    assert_eq!([1, 2, 3].map(|n| t.read(|tx| tx.has_chunk(&[n; 32]))), [false, true, true]);
}

#[test]
fn files_know_which_to_fetch() {
    let t = TempStore::new();
    let book = |id: u8, parent: Option<u8>| NotebookRow {
        id: NotebookId([id; 16]),
        name: "b".into(),
        parent: parent.map(|p| NotebookId([p; 16])),
        trashed: false,
        review: 0,
        created_ms: 1,
        parent_stamp: stamp(1),
    };
    t.write(|tx| {
        for (id, content, size) in [(1, 1, 3), (2, 2, 3), (3, 2, 3), (4, 4, 5000), (5, 5, 6000), (6, 6, u64::MAX)] {
            tx.put_attachment_view(&attachment(id, content, size))?;
        }
        tx.put_chunk(&[1; 32], &[1; 32], Sent::No, b"abc")?;
        tx.put_file(&FileRow { content: [1; 32], size: 3, state: FileState::Whole, chunks: vec![[1; 32]] })?;
        // A below B below A, which a tree may be for a while, and a note in the lower one.
        tx.put_notebook_view(&book(1, Some(2)))?;
        tx.put_notebook_view(&book(2, Some(1)))?;
        let mut row = note(1, "T", "");
        row.notebook = Some(NotebookId([2; 16]));
        row.attachments = vec![("f".into(), AttachmentId([5; 16]))];
        tx.put_note_view(&row, "")
    });
    let wanted = |which| t.read(|tx| tx.files_to_fetch(which)).iter().map(|m| m.attachment.0[0]).collect::<Vec<_>>();
    assert_eq!((wanted(Fetch::UpTo(100)), wanted(Fetch::All)), (vec![2], vec![2, 4, 5, 6]), "each content once");
    let count = t.read(|tx| tx.count_files_not_here());
    assert_eq!((count.files, count.bytes), (4, 3 + 5000 + 6000), "a size that cannot be is none");
    t.write(|tx| tx.set_kept_offline(NotebookId([1; 16]), true));
    assert_eq!(wanted(Fetch::UpTo(100)), [2, 5]);
    t.write(|tx| {
        tx.put_file(&FileRow { content: [4; 32], size: 5000, state: FileState::Wanted, chunks: vec![[44; 32]] })?;
        tx.set_kept_offline(NotebookId([1; 16]), false)
    });
    assert_eq!((wanted(Fetch::UpTo(100)), wanted(Fetch::All)), (vec![4, 2], vec![4, 2, 5, 6]), "asked for first");
    assert_eq!(t.read(|tx| tx.files_to_fetch(Fetch::All))[0].chunks, [[44; 32]], "the sealing that was begun with");
}

#[test]
fn receipts_and_choices_read_back() {
    let t = TempStore::new();
    let receipt = |id: u8, at_ms| ReceiptRow {
        id: vec![id; 32],
        record: RecordId([1; 16]),
        heads: vec![rid(1), rid(2)],
        merge_algo: 1,
        at_ms,
        undone: false,
        seen: false,
    };
    t.write(|tx| {
        assert!(tx.put_receipt(&receipt(1, 10))? && tx.put_receipt(&receipt(2, 5))?);
        assert!(!tx.put_receipt(&receipt(1, 99))?);
        Ok(())
    });
    assert_eq!(t.read(|tx| tx.list_receipts(10)), [receipt(1, 10), receipt(2, 5)]);
    assert_eq!(t.read(|tx| tx.receipts_of(RecordId([1; 16]))).len(), 2);
    assert!(t.write(|tx| tx.mark_receipt_undone(&[1; 32])));
    assert!(t.read(|tx| tx.receipt(&[1; 32])).unwrap().undone);
    assert_eq!(t.read(|tx| tx.unseen_receipts()), 1);
    t.write(|tx| tx.mark_receipts_seen());
    assert_eq!(t.read(|tx| tx.unseen_receipts()), 0);

    let record = RecordId([2; 16]);
    t.write(|tx| {
        tx.put_review_choice(record, b"b", b"1")?;
        tx.put_review_choice(record, b"a", b"2")?;
        tx.put_review_choice(record, b"b", b"3")
    });
    let choices: Vec<_> = t.read(|tx| tx.review_choices(record)).into_iter().map(|c| (c.place, c.choice)).collect();
    assert_eq!(choices, [(b"a".to_vec(), b"2".to_vec()), (b"b".to_vec(), b"3".to_vec())]);
    assert!(t.write(|tx| tx.remove_review_choice(record, b"a")));
    assert_eq!(t.write(|tx| tx.clear_review_choices(record)), 1);
}

#[test]
fn the_activity_log_keeps_the_newest() {
    let t = TempStore::new();
    let line = |at_ms| NewActivity {
        at_ms,
        what: "sync".into(),
        ok: true,
        duration_ms: 1,
        bytes_up: 2,
        bytes_down: 3,
        message: "m".into(),
        problem: Some(vec![at_ms as u8]),
    };
    let extra = 10;
    t.write(|tx| (0..u64::from(ACTIVITY_KEPT) + extra).try_for_each(|n| tx.append_activity(&line(n)).map(|_| ())));
    let newest = t.read(|tx| tx.list_activity(2, None));
    let last = u64::from(ACTIVITY_KEPT) + extra - 1;
    assert_eq!(newest.iter().map(|r| r.activity.at_ms).collect::<Vec<_>>(), [last, last - 1]);
    let next = t.read(|tx| tx.list_activity(u32::MAX, Some(newest[1].id)));
    assert_eq!(next.len(), ACTIVITY_KEPT as usize - 2);
    assert_eq!(next.last().unwrap().activity, line(extra));
    // A line long after drops those that nobody asks for any more, but for the newest; one by a clock that was set back
    // drops none.
    t.write(|tx| tx.append_activity(&line(0)));
    assert_eq!(t.read(|tx| tx.list_activity(u32::MAX, None)).len(), ACTIVITY_KEPT as usize);
    t.write(|tx| tx.append_activity(&line(last + ACTIVITY_KEPT_MS)));
    let left: Vec<u64> = t.read(|tx| tx.list_activity(u32::MAX, None)).iter().map(|r| r.activity.at_ms).collect();
    assert_eq!(left.len(), ACTIVITY_KEPT_ALWAYS as usize);
    assert_eq!(left[..3], [last + ACTIVITY_KEPT_MS, 0, last]);
}

/// Held back: stored, a head of the record, and not among the heads that are shown.
#[test]
fn what_is_held_back_is_stored_and_not_shown() {
    let t = TempStore::new();
    let (one, two) = (RecordId([1; 16]), RecordId([2; 16]));
    t.write(|tx| {
        put(tx, 1, &revision(1, &[], 1, "a"))?;
        put(tx, 2, &revision(1, &[1], 2, "b"))?;
        put(tx, 3, &revision(1, &[2], 3, "c"))?;
        put(tx, 4, &revision(2, &[], 4, "other"))?;
        tx.put_arrival(rid(2), one)?;
        tx.put_arrival(rid(3), one)?;
        tx.put_arrival(rid(4), two)?;
        tx.put_loss(one, LossKind::Trashed)
    });
    assert_eq!((t.read(|tx| tx.is_held(one)), t.read(|tx| tx.heads_not_held(one))), (false, vec![rid(3)]));
    assert_eq!(t.read(|tx| tx.heads_before_arrivals(one)), [rid(1)]);
    assert_eq!(t.write(|tx| tx.hold_losses()), [one]);
    assert!(t.write(|tx| tx.hold_losses()).is_empty(), "it is held already");
    assert_eq!((t.read(|tx| tx.is_held(one)), t.read(|tx| tx.is_held(two))), (true, false));
    assert_eq!((t.read(|tx| tx.heads(one)), t.read(|tx| tx.heads_not_held(one))), (vec![rid(3)], vec![rid(1)]));
    // What is made here goes on from what is shown.
    t.write(|tx| put(tx, 5, &revision(1, &[1], 5, "mine")));
    assert_eq!(t.read(|tx| tx.heads_not_held(one)), [rid(5)]);
    t.write(|tx| tx.forget_arrivals());
    assert_eq!((t.read(|tx| tx.held_rids()), t.read(|tx| tx.has_arrivals(two))), (vec![rid(2), rid(3)], false));
    assert_eq!(t.read(|tx| tx.losses()), [LossRow { record: one, kind: LossKind::Trashed }]);
    assert!(t.write(|tx| tx.release(one)) && !t.write(|tx| tx.release(one)));
    assert_eq!(t.read(|tx| tx.heads_not_held(one)), [rid(3), rid(5)]);
    assert!(t.read(|tx| tx.losses()).is_empty() && !t.read(|tx| tx.anything_held()));
}

/// Between two pages of a pull somebody writes on what the first one brought: that they have seen.
#[test]
fn what_was_written_on_meanwhile_is_not_held_back() {
    let t = TempStore::new();
    let one = RecordId([1; 16]);
    t.write(|tx| {
        put(tx, 1, &revision(1, &[], 1, "a"))?;
        put(tx, 2, &revision(1, &[1], 2, "page one"))?;
        put(tx, 3, &revision(1, &[2], 3, "page one, too"))?;
        tx.put_arrival(rid(2), one)?;
        tx.put_arrival(rid(3), one)?;
        put(tx, 4, &revision(1, &[3], 4, "mine, on both"))?;
        put(tx, 5, &revision(1, &[1], 5, "page two, gone"))?;
        tx.put_arrival(rid(5), one)?;
        tx.put_loss(one, LossKind::Emptied)
    });
    assert_eq!(t.write(|tx| tx.hold_losses()), [one]);
    assert_eq!(t.read(|tx| tx.held_rids()), [rid(5)]);
    assert_eq!(t.read(|tx| tx.heads_not_held(one)), [rid(4)]);
}

/// What came without its body and is sealed here is given back under the hash of that, and found under it again.
#[test]
fn what_is_given_back_is_known_by_its_new_body() {
    let t = TempStore::new();
    let row = QuarantineRow {
        rid: rid(7),
        body_hash: [1; 32],
        seq: 0,
        waiting: Waiting::Parent,
        reason: String::new(),
        bytes: vec![9],
        arrived_ms: 5,
        taken_as: None,
    };
    t.write(|tx| {
        tx.put_quarantine(&row)?;
        tx.place_quarantine(rid(7), &[1; 32], &[2; 32], 4)?;
        tx.place_quarantine(rid(7), &[3; 32], &[4; 32], 5)
    });
    assert_eq!(t.read(|tx| tx.list_quarantine()), [QuarantineRow { body_hash: [2; 32], seq: 4, ..row }]);
}

#[test]
fn packs_say_what_they_cover_and_are_forgotten_with_the_log() {
    let t = TempStore::new();
    let pack = |rid, seq, (from, to), state| PackRow { rid: [rid; 32], seq, from, to, state };
    t.write(|tx| {
        tx.put_pack(&pack(1, 9, (0, 4), PackState::NotCompared))?;
        tx.put_pack(&pack(2, 10, (4, 8), PackState::DoesNotFit))?;
        tx.put_pack(&pack(3, 11, (0, 0), PackState::NotCompared))
    });
    let over = |seq| t.read(|tx| tx.pack_over(seq)).map(|pack| pack.rid[0]);
    assert_eq!([1, 4, 5, 8, 9].map(over), [Some(1), Some(1), None, None, None]);
    // Each is said once to the server; what is known of one stays where less is said.
    assert_eq!(t.read(|tx| tx.pack_to_tell()), None);
    t.write(|tx| tx.put_pack(&pack(1, 0, (0, 0), PackState::ToTell)));
    let to_tell = t.read(|tx| tx.pack_to_tell()).unwrap();
    assert_eq!(to_tell, pack(1, 9, (0, 4), PackState::ToTell));
    t.write(|tx| tx.pack_told(9));
    t.write(|tx| tx.put_pack(&pack(1, 9, (0, 4), PackState::ToTell)));
    assert_eq!(t.read(|tx| Ok((tx.pack_to_tell()?, tx.pack(&[1; 32])?.unwrap().state))), (None, PackState::Fits));
    // One that waits to be sent and was not tried is of no use in another log; what was signed stays.
    t.write(|tx| {
        tx.push_outbox(rid(3), 2, 1, b"signed")?;
        tx.assign_batch(&[rid(3)], 1)?;
        tx.push_outbox(rid(4), 2, 1, b"not yet")?;
        tx.push_outbox(rid(5), 1, 1, b"a change")?;
        tx.forget_log()
    });
    assert!(t.read(|tx| tx.list_packs()).is_empty());
    let left = |tx: &holdfast_store::ReadTx<'_>| {
        Ok((tx.outbox_len()?, tx.packs_wait()?, tx.in_outbox(rid(3))?, tx.in_outbox(rid(4))?))
    };
    assert_eq!(t.read(left), (1, true, true, false));
}

#[test]
fn parts_of_the_log_are_counted_by_what_is_history() {
    let t = TempStore::new();
    t.write(|tx| {
        for (n, (record, parents)) in [(1, &[][..]), (2, &[]), (1, &[1]), (1, &[3]), (2, &[2])].into_iter().enumerate()
        {
            put(tx, n as u8 + 1, &revision(record, parents, n as u64 + 1, "text"))?;
            tx.set_received(rid(n as u8 + 1), n as u64 + 1)?;
        }
        // Not in the log.
        put(tx, 6, &revision(3, &[], 9, "here only"))
    });
    let blocks = |length, to| -> Vec<(u64, u64, u64)> {
        t.read(|tx| tx.blocks(length, to)).iter().map(|b| (b.number, b.revisions, b.superseded)).collect()
    };
    assert_eq!(blocks(2, 5), [(0, 2, 2), (1, 2, 1)], "half a block does not count");
    assert_eq!(blocks(5, 5), [(0, 5, 3)]);
    assert!(blocks(8, 5).is_empty());
    let between =
        |from, to| -> Vec<u8> { t.read(|tx| tx.received_between(from, to)).iter().map(|(_, rid)| rid.0[0]).collect() };
    assert_eq!(between(0, 4), [1, 3, 4, 2], "each record's together");
    assert_eq!(between(2, 3), [3]);
    let row = QuarantineRow {
        rid: rid(7),
        body_hash: [1; 32],
        seq: 4,
        waiting: Waiting::Parent,
        reason: String::new(),
        bytes: Vec::new(),
        arrived_ms: 5,
        taken_as: None,
    };
    t.write(|tx| tx.put_quarantine(&row));
    assert_eq!([(0, 3), (3, 4), (4, 9)].map(|(a, b)| t.read(|tx| tx.is_set_aside_between(a, b))), [false, true, false]);
}

#[test]
fn a_release_counts_until_it_is_taken_back_in_whatever_order() {
    let t = TempStore::new();
    let release = |n: u8, seq| ReleaseRow { rid: [n; 32], seq, age_ms: 5, cids: vec![[n + 100; 32]] };
    t.write(|tx| {
        tx.put_release(&release(1, 4))?;
        tx.put_release(&release(2, 7))?;
        tx.keep_release(&[3; 32])?;
        tx.put_release(&release(3, 8))
    });
    let live = || t.read(|tx| Ok(tx.live_releases()?.into_iter().map(|row| row.rid[0]).collect::<Vec<_>>()));
    assert_eq!((live(), t.read(|tx| tx.has_live_releases())), (vec![1, 2], true));
    assert_eq!(t.read(|tx| Ok((tx.has_release(&[3; 32])?, tx.has_release(&[4; 32])?))), ((true, true), (false, false)));
    assert_eq!(t.read(|tx| tx.released_chunks(&[3; 32])), [[103; 32]], "for who has what it names");
    // The same place once more is no news: it is counted from when it was read first.
    t.write(|tx| tx.put_release(&ReleaseRow { age_ms: 9, ..release(1, 4) }));
    assert_eq!(t.read(|tx| Ok(tx.live_releases()?[0].age_ms)), 5);
    t.write(|tx| tx.keep_release(&[1; 32]));
    assert_eq!(live(), [2]);
    t.write(|tx| tx.forget_log());
    assert_eq!((live(), t.read(|tx| tx.has_live_releases())), (vec![], false));
}

#[test]
fn what_was_released_is_neither_fetched_nor_sent_again_nor_missed() {
    let t = TempStore::new();
    let unnamed = UnnamedFile { content: [1; 32], age_ms: 0, named: false, released: false, gone_ms: 0 };
    t.write(|tx| {
        for n in [1, 2] {
            tx.put_attachment_view(&AttachmentRow {
                id: AttachmentId([n; 16]),
                name: "f".into(),
                media_type: String::new(),
                size: 6,
                content: [n; 32],
                chunks: vec![[n + 20; 32]],
                created_ms: 1,
            })?;
            tx.put_chunk(&[n + 20; 32], &[n; 32], Sent::Yes, b"sealed")?;
        }
        tx.put_unnamed(&unnamed)
    });
    let seen = || {
        t.read(|tx| {
            let fetched = tx.files_to_fetch(Fetch::All)?.len();
            Ok((fetched, tx.sent_chunks()?.len(), tx.count_files_not_here()?.files, tx.count_unnamed()?.files))
        })
    };
    assert_eq!(seen(), (2, 2, 2, 1));
    t.write(|tx| tx.put_unnamed(&UnnamedFile { released: true, ..unnamed }));
    assert_eq!(seen(), (1, 1, 1, 1));
    t.write(|tx| tx.put_unnamed(&UnnamedFile { released: true, named: true, gone_ms: 3, ..unnamed }));
    assert_eq!(seen(), (2, 2, 2, 0), "named again");
}

/// What takes a release back goes before all else.
#[test]
fn what_takes_a_release_back_is_sent_first() {
    let t = TempStore::new();
    t.write(|tx| {
        for (n, kind) in [(1, 1), (2, 2), (3, 4), (4, 1)] {
            tx.push_outbox(rid(n), kind, 1, b"body")?;
        }
        Ok(())
    });
    let order = t.read(|tx| Ok(tx.outbox_head(1000, 9)?.into_iter().map(|row| row.rid).collect::<Vec<_>>()));
    assert_eq!(order, [3, 1, 2, 4].map(rid));
    assert_eq!(t.read(|tx| Ok((tx.outbox_len()?, tx.outbox_rids()?))), (2, vec![rid(1), rid(4)]));
}
