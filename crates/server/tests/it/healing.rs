//! A server that was set back to an earlier state, as its clients find it and bring back what it lost.

use holdfast_protocol::limits::{MAX_BATCH_BYTES, MAX_ENTRY_BYTES};
use holdfast_protocol::*;

use crate::suite::{refused, second_device};
use crate::world::{BEGINNING, Device, QUOTA, World, entry};

fn restored(request: &PushRequest) -> Vec<Restored> {
    let batch = batch_hash(&request.manifest);
    request.entries.iter().map(|entry| Restored { entry: entry.clone(), batch }).collect()
}

fn heal(requests: &[&PushRequest]) -> HealRequest {
    HealRequest {
        space: requests[0].manifest.space,
        lost: None,
        manifests: requests.iter().map(|r| r.manifest.clone()).collect(),
        entries: requests.iter().flat_map(|r| restored(r)).collect(),
    }
}

/// What a device has pushed to a server of which this one is an earlier copy: two batches that it does not know.
fn lost_batches(device: &mut Device) -> (PushRequest, PushRequest) {
    device.seen = LogHead { seq: 7, link: Hash([7; 32]), ..device.seen };
    let first = device.batch(vec![entry(11, 10), entry(12, 10)]);
    device.accepted(&first);
    let second = device.batch(vec![entry(13, 10)]);
    device.accepted(&second);
    (first, second)
}

fn seqs(outcome: PushOutcome) -> Vec<(u64, bool)> {
    let PushOutcome::Accepted { stored, .. } = outcome else { panic!("{outcome:?}") };
    stored.iter().map(|s| (s.seq, s.duplicate)).collect()
}

pub async fn what_is_missing_is_told(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    device.push(&world, &token, vec![entry(1, 10), entry(2, 10)]).await;
    let blob = b"sealed".to_vec();
    let cid = Cid(*blake3::hash(&blob).as_bytes());
    world.api.put_blob(&token, device.space, cid, blob.clone()).await.unwrap();
    let request = MissingRequest {
        space: device.space,
        rids: [3, 1, 4, 2].map(|n| Rid([n; 32])).to_vec(),
        cids: vec![cid, Cid([9; 32])],
    };
    let missing = world.api.missing(&token, request.clone()).await.unwrap();
    assert_eq!(missing, Missing { rids: vec![Rid([3; 32]), Rid([4; 32])], cids: vec![Cid([9; 32])] });

    // A row without its file is nothing, and is made whole again.
    let name = cid.to_string();
    std::fs::remove_file(world.dir.path().join("blobs").join(&name[..2]).join(&name)).unwrap();
    assert_eq!(world.api.missing(&token, request.clone()).await.unwrap().cids, [cid, Cid([9; 32])]);
    assert_eq!(world.api.get_blob(&token, device.space, cid).await, Err(ProtocolError::NotFound));
    world.api.put_blob(&token, device.space, cid, blob.clone()).await.unwrap();
    assert_eq!(world.api.get_blob(&token, device.space, cid).await.unwrap(), blob);

    let (bob, _) = world.account("bob", 2).await;
    assert_eq!(world.api.missing(&bob, request).await, Err(ProtocolError::NotFound));
}

pub async fn single_entries_are_fetched(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    device.push(&world, &token, vec![entry(1, 10), entry(2, 10)]).await;
    device.push(&world, &token, vec![Entry { body: vec![9; 5], ..entry(1, 0) }, entry(3, 10)]).await;
    let request = FetchRequest { space: device.space, rids: [3, 9, 1].map(|n| Rid([n; 32])).to_vec(), packs: None };
    let fetched = world.api.fetch(&token, request.clone()).await.unwrap();
    let got: Vec<_> = fetched.entries.iter().map(|e| (e.seq, e.entry.rid.0[0], e.entry.body.len())).collect();
    assert_eq!(got, [(4, 3, 10), (1, 1, 10), (3, 1, 5)], "in the order of the question, with all variants");
    for logged in &fetched.entries {
        let manifest = fetched.manifests.iter().find(|m| batch_hash(m) == logged.batch).unwrap();
        assert!(manifest.rids.contains(&logged.entry.rid));
    }
    assert_eq!(fetched.manifests.len(), 2);
    let (bob, _) = world.account("bob", 2).await;
    assert_eq!(world.api.fetch(&bob, request).await, Err(ProtocolError::NotFound));

    // As many as fit.
    let half = MAX_BATCH_BYTES / 2;
    for n in 5..=7 {
        device.push(&world, &token, vec![entry(n, half)]).await;
    }
    let rids = [5, 6, 7].map(|n| Rid([n; 32])).to_vec();
    let fetched = world.api.fetch(&token, FetchRequest { space: device.space, rids, packs: None }).await.unwrap();
    assert_eq!(fetched.entries.len(), 2);
}

pub async fn lost_batches_come_back_with_their_counters(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let (_, head) = device.push(&world, &token, vec![entry(1, 10)]).await;
    device.seen = head;
    let (first, second) = lost_batches(&mut device);
    let next = device.batch(vec![entry(14, 10)]);
    assert!(matches!(world.api.push(&token, next.clone()).await, Ok(PushOutcome::Rebase { .. })));

    let outcome = world.api.heal(&token, heal(&[&first, &second])).await.unwrap();
    assert_eq!(seqs(outcome), [(2, false), (3, false), (4, false)]);
    let page = world.whole_log(&token, device.space).await;
    assert_eq!(page.head.log_epoch, head.log_epoch, "nobody showed a position that was lost");
    assert_eq!(page.entries.iter().map(|e| e.entry.rid.0[0]).collect::<Vec<_>>(), [1, 11, 12, 13]);
    assert_eq!(page.entries[3].batch, batch_hash(&second.manifest), "the manifest that first carried it");

    // Idempotent, with other bytes of the same entries too.
    let again = world.api.heal(&token, heal(&[&second, &first])).await.unwrap();
    assert_eq!(seqs(again), [(4, true), (2, true), (3, true)]);
    let mut sealed_anew = heal(&[&first]);
    sealed_anew.entries[0].entry.body = vec![1, 2, 3];
    assert_eq!(seqs(world.api.heal(&token, sealed_anew).await.unwrap()), [(2, true), (3, true)]);
    assert_eq!(world.whole_log(&token, device.space).await, page);

    // The device goes on counting where it was.
    device.seen = page.head;
    device.push(&world, &token, vec![entry(14, 10)]).await;
}

pub async fn junk_under_the_id_of_what_was_lost_keeps_nothing_from_coming_back(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let (first, _) = lost_batches(&mut device);
    let mut broken = second_device(&world, &token, 9, device.space).await;
    broken.push(&world, &token, vec![Entry { body: vec![9; 5], ..entry(11, 0) }]).await;

    let healed = world.api.heal(&token, heal(&[&first])).await.unwrap();
    assert_eq!(seqs(healed), [(2, false), (3, false)]);
    assert_eq!(seqs(world.api.heal(&token, heal(&[&first])).await.unwrap()), [(2, true), (3, true)]);
    let page = world.whole_log(&token, device.space).await;
    let got: Vec<_> = page.entries.iter().map(|e| (e.entry.rid.0[0], e.entry.body.len())).collect();
    assert_eq!(got, [(11, 5), (11, 10), (12, 10)]);
}

pub async fn a_lost_position_begins_a_new_epoch(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let (_, head) = device.push(&world, &token, vec![entry(1, 10), entry(2, 10)]).await;
    let space = device.space;
    let tell = |lost| HealRequest { space, lost, manifests: vec![], entries: vec![] };
    // What the server knows is no reason.
    for lost in [None, Some(head), Some(BEGINNING)] {
        let outcome = world.api.heal(&token, tell(lost)).await.unwrap();
        assert_eq!(outcome, PushOutcome::Accepted { stored: vec![], head }, "{lost:?}");
    }
    let lost = LogHead { seq: 9, link: Hash([9; 32]), ..head };
    let PushOutcome::Accepted { head: new, .. } = world.api.heal(&token, tell(Some(lost))).await.unwrap() else {
        panic!()
    };
    assert_ne!(new.log_epoch, head.log_epoch);
    let page = world.whole_log(&token, device.space).await;
    assert_eq!((page.head, page.entries.len()), (new, 2), "the same entries, under links that fit");
    // No position of the old epoch is known any more, and telling it again changes nothing.
    assert_eq!(world.read(&token, device.space, head, 100).await, LogAnswer::Rebase { head: new });
    let outcome = world.api.heal(&token, tell(Some(lost))).await.unwrap();
    assert_eq!(outcome, PushOutcome::Accepted { stored: vec![], head: new });
    device.seen = new;
    device.push(&world, &token, vec![entry(3, 10)]).await;
    assert_eq!(world.whole_log(&token, device.space).await.entries.len(), 3);
    // An epoch that it never had began after the backup that it was restored from: the second restore from it.
    let after_it = LogHead { log_epoch: head.log_epoch ^ 1, seq: 9, ..head };
    let PushOutcome::Accepted { head: third, .. } = world.api.heal(&token, tell(Some(after_it))).await.unwrap() else {
        panic!()
    };
    assert!(third.log_epoch != new.log_epoch && third.log_epoch != head.log_epoch);
    // That is told once; and no past epoch begins another.
    for lost in [after_it, lost, LogHead { seq: 50, ..new }] {
        let outcome = world.api.heal(&token, tell(Some(lost))).await.unwrap();
        assert_eq!(outcome, PushOutcome::Accepted { stored: vec![], head: third }, "{lost:?}");
    }
}

pub async fn a_member_heals_for_another_who_then_retries(world: World) {
    let (token, ada) = world.account("ada", 1).await;
    let other = second_device(&world, &token, 5, ada.space).await;
    let whole = other.batch(vec![entry(11, 10), entry(12, 10)]);
    // It had read the first only, and seals it anew.
    let mut part = heal(&[&whole]);
    part.entries.truncate(1);
    part.entries[0].entry.body = vec![1; 30];
    assert_eq!(seqs(world.api.heal(&token, part).await.unwrap()), [(1, false)]);
    // The retry of the other is taken as at the first time: nothing twice, nothing left out, and the same answer again.
    let outcome = world.api.push(&token, whole.clone()).await.unwrap();
    assert_eq!(seqs(outcome.clone()), [(1, false), (2, false)]);
    assert_eq!(world.api.push(&token, whole).await.unwrap(), outcome);
    assert_eq!(world.whole_log(&token, ada.space).await.entries.len(), 2);
}

pub async fn healing_takes_only_what_is_signed_by_members(world: World) {
    let (token, ada) = world.account("ada", 1).await;
    let (bob, bobs) = world.account("bob", 2).await;
    let good = ada.batch(vec![entry(11, 10)]);
    let stranger = Device::new(7, ada.space).batch(vec![entry(12, 10)]);
    let mut forged = good.clone();
    forged.manifest.signature[3] ^= 1;
    let mut others_space = good.clone();
    others_space.manifest.space = bobs.space;
    let mut unlisted = heal(&[&good]);
    unlisted.entries[0].entry.rid = Rid([99; 32]);
    let mut without = heal(&[&good]);
    without.manifests.clear();
    let mut foreign = heal(&[&others_space]);
    foreign.space = ada.space;
    for bad in [heal(&[&stranger]), heal(&[&forged]), heal(&[&good, &forged]), unlisted, without, foreign] {
        assert!(refused(world.api.heal(&token, bad).await));
    }
    assert_eq!(world.api.heal(&bob, heal(&[&good])).await, Err(ProtocolError::NotFound));
    assert!(world.whole_log(&token, ada.space).await.entries.is_empty());

    // All or nothing here too.
    let large = ada.batch(vec![entry(12, 10), entry(13, MAX_ENTRY_BYTES + 1)]);
    let rejected = PushOutcome::Rejected { index: 1, reason: RejectReason::TooLarge };
    assert_eq!(world.api.heal(&token, heal(&[&large])).await.unwrap(), rejected);
    let blob = vec![0; QUOTA as usize - 5];
    let cid = Cid(*blake3::hash(&blob).as_bytes());
    world.api.put_blob(&token, ada.space, cid, blob).await.unwrap();
    let rejected = PushOutcome::Rejected { index: 0, reason: RejectReason::QuotaExceeded };
    assert_eq!(world.api.heal(&token, heal(&[&good])).await.unwrap(), rejected);
    assert!(world.whole_log(&token, ada.space).await.entries.is_empty());
    let fourteen = (0..14).map(|_| entry(1, MAX_ENTRY_BYTES / 10)).collect();
    assert_eq!(world.api.heal(&token, heal(&[&ada.batch(fourteen)])).await, Err(ProtocolError::TooLarge));
}

pub async fn an_older_manifest_moves_no_counter(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let first = device.batch(vec![entry(1, 10)]);
    device.push(&world, &token, vec![entry(1, 10)]).await;
    device.push(&world, &token, vec![entry(2, 10)]).await;
    assert_eq!(seqs(world.api.heal(&token, heal(&[&first])).await.unwrap()), [(1, true)]);
    device.push(&world, &token, vec![entry(3, 10)]).await;
}

pub async fn a_new_epoch_for_all_keeps_every_entry(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let (bob, bobs) = world.account("bob", 2).await;
    let (_, head) = device.push(&world, &token, vec![entry(1, 10), entry(2, 10)]).await;
    let empty = world.whole_log(&bob, bobs.space).await;
    world.core.begin_new_epochs().unwrap();
    let page = world.whole_log(&token, device.space).await;
    assert_eq!((page.entries.len(), page.head.seq), (2, 2));
    assert_ne!(page.head.log_epoch, head.log_epoch);
    assert_ne!(world.whole_log(&bob, bobs.space).await.log_epoch, empty.log_epoch);
    assert_eq!(world.read(&token, device.space, head, 100).await, LogAnswer::Rebase { head: page.head });
}
