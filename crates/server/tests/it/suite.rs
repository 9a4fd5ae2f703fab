//! What every form of the server must do.

use holdfast_protocol::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_BLOB_BYTES, MAX_ENTRY_BYTES, MAX_KEYS_BYTES};
use holdfast_protocol::*;

pub use crate::healing::*;
pub use crate::packs::*;
pub use crate::removal::*;
use crate::world::{BEGINNING, Device, QUOTA, START_MS, World, entry};

pub fn refused<T>(result: Result<T, ProtocolError>) -> bool {
    matches!(result, Err(ProtocolError::Refused(_) | ProtocolError::NotRegistered))
}

/// Of a device that this server does not know.
pub fn unknown<T>(result: Result<T, ProtocolError>) -> bool {
    matches!(result, Err(ProtocolError::NotRegistered))
}

fn login(user: &str, method: LoginMethod, auth: u8) -> Login {
    Login { user: user.into(), method, auth: LoginSecret([auth; 32]), device: None }
}

pub async fn info_names_the_limits(world: World) {
    let info = world.api.info().await.unwrap();
    assert_eq!((info.version, info.now_ms), (1, START_MS));
    assert_eq!(info.max_batch_bytes as usize, MAX_BATCH_BYTES);
    assert_eq!(info.max_entry_bytes as usize, MAX_ENTRY_BYTES);
    assert_eq!(info.max_blob_bytes as usize, MAX_BLOB_BYTES);
}

pub async fn an_account_is_made_once(world: World) {
    let request = world.creation("Ada", 1);
    let session = world.api.create_account(request.clone()).await.ok().unwrap();
    assert_eq!((session.account, session.space), (request.account, request.space));
    assert_eq!((session.keys, session.keys_version), (request.keys.clone(), 1));

    // The answer was lost, the client asks again: the same account, another session.
    let again = world.api.create_account(request).await.ok().unwrap();
    assert_ne!(again.token, session.token);
    assert_eq!(again.account, session.account);

    let taken = world.api.create_account(world.creation(" ADA ", 2)).await;
    assert_eq!(taken.err(), Some(ProtocolError::UserTaken));
    assert!(refused(world.api.create_account(world.creation("bob", 1)).await), "the ids are in use");
}

pub async fn a_wrong_login_is_refused_and_slowed_down(world: World) {
    world.account("ada", 1).await;
    for (user, method, auth) in [("Ada ", LoginMethod::Passphrase, 1), ("ada", LoginMethod::RecoveryCode, 101)] {
        let session = world.api.login(login(user, method, auth)).await.ok().unwrap();
        assert_eq!(session.keys, vec![1; 100]);
    }
    for (user, method, auth) in [
        ("ada", LoginMethod::Passphrase, 2),
        ("ada", LoginMethod::Passphrase, 101),
        ("ada", LoginMethod::RecoveryCode, 1),
        ("nobody", LoginMethod::Passphrase, 1),
    ] {
        assert_eq!(world.api.login(login(user, method, auth)).await.err(), Some(ProtocolError::WrongLogin));
    }
    for _ in 3..10 {
        let wrong = world.api.login(login("ada", LoginMethod::Passphrase, 2)).await;
        assert_eq!(wrong.err(), Some(ProtocolError::WrongLogin));
    }
    let right = || world.api.login(login("ada", LoginMethod::Passphrase, 1));
    assert_eq!(right().await.err(), Some(ProtocolError::Busy { retry_after_s: Some(60) }));
    world.pass_ms(60_000);
    assert!(right().await.is_ok());
}

pub async fn prelogin_does_not_tell_who_exists(world: World) {
    let before = world.api.prelogin("bob").await.unwrap();
    assert_eq!(world.api.prelogin("Bob").await.unwrap(), before, "the same at each asking");
    world.account("ada", 1).await;
    let known = world.api.prelogin("ADA").await.unwrap();
    assert_eq!(known.salt, [1; 16]);
    let unknown = world.api.prelogin("bob").await.unwrap();
    assert_eq!(unknown, KdfParams { salt: before.salt, ..known });
    assert_ne!(world.api.prelogin("carol").await.unwrap().salt, unknown.salt);
}

pub async fn invitations_end(world: World) {
    let request = world.creation("ada", 1);
    let unknown = CreateAccount { invitation: vec![0; 16], ..request.clone() };
    assert_eq!(world.api.create_account(unknown).await.err(), Some(ProtocolError::InvitationInvalid));
    world.pass_ms(3_599_999);
    let second = CreateAccount { invitation: request.invitation.clone(), ..world.creation("bob", 2) };
    assert!(world.api.create_account(second).await.is_ok(), "reusable until it expires");
    world.pass_ms(1);
    assert_eq!(world.api.create_account(request.clone()).await.err(), Some(ProtocolError::InvitationExpired));
    // Another invitation does not make it forgotten.
    world.core.invite(1).unwrap();
    assert_eq!(world.api.create_account(request).await.err(), Some(ProtocolError::InvitationExpired));
}

pub async fn a_retry_whose_invitation_ended_is_answered(world: World) {
    let request = world.creation("ada", 1);
    let session = world.api.create_account(request.clone()).await.ok().unwrap();
    world.pass_ms(3_600_000);
    let again = world.api.create_account(request.clone()).await.ok().unwrap();
    assert_eq!((again.account, again.space), (session.account, session.space));
    // Who does not know the secrets hears of the invitation, and not whether there is such a user.
    for (passphrase, code) in [(2, 101), (1, 102)] {
        let (passphrase_auth, code_auth) = (LoginSecret([passphrase; 32]), LoginSecret([code; 32]));
        let other = CreateAccount { passphrase_auth, code_auth, ..request.clone() };
        assert_eq!(world.api.create_account(other).await.err(), Some(ProtocolError::InvitationExpired));
    }
    let elsewhere = CreateAccount { space: SpaceId([9; 16]), ..request.clone() };
    assert_eq!(world.api.create_account(elsewhere).await.err(), Some(ProtocolError::InvitationExpired));
    // Forgotten in the end, and the retry is one still.
    world.pass_ms(91 * 24 * 3_600_000);
    world.core.invite(1).unwrap();
    let unknown = CreateAccount { user: "bob".into(), ..request.clone() };
    assert_eq!(world.api.create_account(unknown).await.err(), Some(ProtocolError::InvitationInvalid));
    assert!(world.api.create_account(request).await.is_ok());
}

pub async fn bad_user_names_are_refused(world: World) {
    for name in ["", "  ", "a\nb", &"x".repeat(65), &"x".repeat(1000)] {
        assert!(refused(world.api.create_account(world.creation(name, 1)).await));
        assert!(refused(world.api.prelogin(name).await));
    }
}

pub async fn push_and_read_back(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let empty = world.whole_log(&token, device.space).await;
    assert!(empty.entries.is_empty() && empty.log_epoch != 0);

    let kinds = [EntryKind::Revision, EntryKind::Pack, EntryKind::Place, EntryKind::Release];
    let entries: Vec<_> = (1..).zip(kinds).map(|(n, kind)| Entry { kind, ..entry(n, 100) }).collect();
    let (stored, head) = device.push(&world, &token, entries.clone()).await;
    assert_eq!(
        stored.iter().map(|s| (s.rid, s.seq, s.duplicate)).collect::<Vec<_>>(),
        [(Rid([1; 32]), 1, false), (Rid([2; 32]), 2, false), (Rid([3; 32]), 3, false), (Rid([4; 32]), 4, false),]
    );
    let page = world.whole_log(&token, device.space).await;
    assert_eq!((page.head, page.log_epoch), (head, empty.log_epoch));
    assert_eq!(page.entries.iter().map(|e| e.entry.clone()).collect::<Vec<_>>(), entries);
    assert_eq!(verify(&page.manifests[0], &device.registration().sign_pk), Ok(()));

    device.seen = head;
    let (_, next) = device.push(&world, &token, vec![entry(5, 0)]).await;
    let LogAnswer::Page(tail) = world.read(&token, device.space, head, 1).await else { panic!() };
    assert_eq!(tail.entries.len(), 1);
    assert_eq!(LinkChain::at(device.space, head).feed(&tail), Ok(next));
}

pub async fn pages_are_bounded_and_chain(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    for n in 0..4 {
        device.push(&world, &token, (1..=5).map(|i| entry(n * 5 + i, 1000)).collect()).await;
    }
    let mut chain = LinkChain::start(device.space);
    let mut sizes = Vec::new();
    loop {
        let LogAnswer::Page(page) = world.read(&token, device.space, chain.position(), 7000).await else { panic!() };
        if page.entries.is_empty() {
            break;
        }
        chain.feed(&page).unwrap();
        sizes.push((page.entries.len(), page.manifests.len()));
    }
    assert_eq!(sizes, [(7, 2), (7, 2), (6, 2)]);
    let LogAnswer::Page(page) = world.read(&token, device.space, BEGINNING, 0).await else { panic!() };
    assert_eq!(page.entries.len(), 1, "at least one, however little was asked for");
}

pub async fn a_retry_gets_the_same_answer(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let request = device.batch(vec![entry(1, 10), entry(2, 10)]);
    let first = world.api.push(&token, request.clone()).await.unwrap();
    assert_eq!(world.api.push(&token, request.clone()).await.unwrap(), first);
    device.accepted(&request);

    // Also when other devices have pushed in between.
    let mut second = second_device(&world, &token, 9, device.space).await;
    second.push(&world, &token, vec![entry(3, 10)]).await;
    assert_eq!(world.api.push(&token, request).await.unwrap(), first);
    assert_eq!(world.whole_log(&token, device.space).await.entries.len(), 3);
}

pub async fn the_same_bytes_are_stored_once(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    device.push(&world, &token, vec![entry(1, 10)]).await;
    let (stored, head) = device.push(&world, &token, vec![entry(2, 10), entry(1, 10), entry(2, 10)]).await;
    let seen: Vec<_> = stored.iter().map(|s| (s.seq, s.duplicate)).collect();
    assert_eq!(seen, [(2, false), (1, true), (2, true)]);
    assert_eq!(head.seq, 2);
    // The manifest that first carried an entry stays its manifest.
    let page = world.whole_log(&token, device.space).await;
    assert_eq!(page.entries[0].batch, batch_hash(&page.manifests[0]));
}

pub async fn a_used_counter_is_a_fork(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let clone = device.clone();
    device.push(&world, &token, vec![entry(1, 10)]).await;
    let forked = PushOutcome::Forked { ctr: 1, batch: device.prev };

    let other = clone.batch(vec![entry(2, 10)]);
    assert_eq!(world.api.push(&token, other).await.unwrap(), forked, "the same counter, another batch");
    let skipped = Device { ctr: 2, ..device.clone() }.batch(vec![entry(2, 10)]);
    assert_eq!(world.api.push(&token, skipped).await.unwrap(), forked, "a counter left out");
    let broken = Device { prev: Hash([7; 32]), ..device.clone() }.batch(vec![entry(2, 10)]);
    assert_eq!(world.api.push(&token, broken).await.unwrap(), forked, "another history");
    let last = Device { ctr: u64::MAX - 1, ..device.clone() }.batch(vec![entry(2, 10)]);
    assert_eq!(world.api.push(&token, last).await.unwrap(), forked);
    assert_eq!(world.whole_log(&token, device.space).await.entries.len(), 1);
}

pub async fn an_unknown_position_asks_for_rebase(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let (_, head) = device.push(&world, &token, vec![entry(1, 10)]).await;
    let unknown = [
        LogHead { log_epoch: head.log_epoch ^ 1, ..head },
        LogHead { link: Hash([9; 32]), ..head },
        LogHead { seq: 2, ..head },
        LogHead { seq: u64::MAX, ..head },
        LogHead { seq: 0, ..head },
        LogHead { log_epoch: 0, ..head },
        LogHead { log_epoch: head.log_epoch ^ 1, seq: 0, link: Hash::ZERO },
    ];
    for seen in unknown {
        let request = Device { seen, ..device.clone() }.batch(vec![entry(2, 10)]);
        assert_eq!(world.api.push(&token, request).await.unwrap(), PushOutcome::Rebase { head }, "{seen:?}");
        assert_eq!(world.read(&token, device.space, seen, 100).await, LogAnswer::Rebase { head }, "{seen:?}");
    }
    // The check of `seen` comes before the counter's.
    let both = Device { seen: LogHead { seq: 5, ..head }, ctr: 7, ..device.clone() }.batch(vec![entry(2, 10)]);
    assert_eq!(world.api.push(&token, both).await.unwrap(), PushOutcome::Rebase { head });
    device.seen = LogHead { seq: 0, link: Hash::ZERO, ..head };
    device.push(&world, &token, vec![entry(2, 10)]).await;
}

pub async fn an_old_key_epoch_is_stale(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    device.push(&world, &token, vec![Entry { key_epoch: 3, ..entry(1, 10) }]).await;
    let request = device.batch(vec![Entry { key_epoch: 3, ..entry(2, 10) }, Entry { key_epoch: 2, ..entry(3, 10) }]);
    assert_eq!(world.api.push(&token, request).await.unwrap(), PushOutcome::StaleEpoch { key_epoch: 3 });
    assert_eq!(world.whole_log(&token, device.space).await.entries.len(), 1);
}

pub async fn a_rejected_batch_stores_nothing(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    for n in 1..=3 {
        device.push(&world, &token, vec![Entry { body: vec![n], ..entry(1, 0) }]).await;
    }
    let before = world.whole_log(&token, device.space).await;
    let fourth = Entry { body: vec![4], ..entry(1, 0) };
    let high = Entry { key_epoch: 9, ..entry(2, 10) };
    let request = device.batch(vec![high, fourth]);
    let rejected = PushOutcome::Rejected { index: 1, reason: RejectReason::TooManyVariants };
    assert_eq!(world.api.push(&token, request).await.unwrap(), rejected);
    let request = device.batch(vec![entry(2, 10), entry(3, MAX_ENTRY_BYTES + 1)]);
    let rejected = PushOutcome::Rejected { index: 1, reason: RejectReason::TooLarge };
    assert_eq!(world.api.push(&token, request).await.unwrap(), rejected);
    assert_eq!(world.whole_log(&token, device.space).await, before);
    // The counter was not used up, nor the key epoch raised; what is there already is no new variant.
    let (stored, _) = device.push(&world, &token, vec![entry(2, 10), Entry { body: vec![2], ..entry(1, 0) }]).await;
    assert_eq!(stored.iter().map(|s| s.duplicate).collect::<Vec<_>>(), [false, true]);
}

pub async fn malformed_batches_are_refused(world: World) {
    let (token, device) = world.account("ada", 1).await;
    let good = device.batch(vec![entry(1, 10), entry(2, 10)]);
    let changes: [fn(&mut PushRequest); 6] = [
        |r| r.entries.swap(0, 1),
        |r| r.entries.truncate(1),
        |r| r.entries.clear(),
        |r| r.manifest.signature[5] ^= 1,
        |r| r.manifest.ctr = 2,
        |r| r.manifest.device = DeviceId([77; 16]),
    ];
    for change in changes {
        let mut request = good.clone();
        change(&mut request);
        assert!(refused(world.api.push(&token, request).await));
    }
    assert!(refused(world.api.push(&token, device.batch(vec![])).await));
    assert!(world.whole_log(&token, device.space).await.entries.is_empty());
}

pub async fn other_accounts_see_nothing(world: World) {
    let (ada, mut device) = world.account("ada", 1).await;
    let (bob, bobs) = world.account("bob", 2).await;
    device.push(&world, &ada, vec![entry(1, 10)]).await;
    let cid = Cid(*blake3::hash(b"blob").as_bytes());
    world.api.put_blob(&ada, device.space, cid, b"blob".to_vec()).await.unwrap();

    for space in [device.space, SpaceId([99; 16])] {
        let intruder = Device { space, ..bobs.clone() };
        let pushed = world.api.push(&bob, intruder.batch(vec![entry(2, 10)])).await;
        assert_eq!(pushed, Err(ProtocolError::NotFound));
        let request =
            LogRequest { space, log_epoch: 0, seq: 0, link: Hash::ZERO, max_bytes: 1, packs: None, releases: None };
        assert_eq!(world.api.log(&bob, request).await, Err(ProtocolError::NotFound));
        assert_eq!(world.api.get_blob(&bob, space, cid).await, Err(ProtocolError::NotFound));
        assert_eq!(world.api.put_blob(&bob, space, cid, b"blob".to_vec()).await, Err(ProtocolError::NotFound));
    }
    assert_eq!(world.api.get_blob(&bob, bobs.space, cid).await, Err(ProtocolError::NotFound));
    // Ada's device does not speak for Bob's account.
    let stolen = Device { space: bobs.space, ..Device::new(1, bobs.space) };
    assert!(unknown(world.api.push(&bob, stolen.batch(vec![entry(2, 10)])).await));
}

pub async fn sessions_end(world: World) {
    let (token, device) = world.account("ada", 1).await;
    let cid = Cid(*blake3::hash(b"").as_bytes());
    for wrong in [Token(vec![0; 32]), Token(vec![]), Token(vec![1; 1000])] {
        assert_eq!(world.api.get_keys(&wrong).await, Err(ProtocolError::Unauthorized));
        let pushed = world.api.push(&wrong, device.batch(vec![entry(1, 10)])).await;
        assert_eq!(pushed, Err(ProtocolError::Unauthorized));
        assert_eq!(world.api.put_blob(&wrong, device.space, cid, vec![]).await, Err(ProtocolError::Unauthorized));
    }
    world.pass_ms(365 * 24 * 3600 * 1000 - 1);
    assert!(world.api.get_keys(&token).await.is_ok());
    world.pass_ms(1);
    assert_eq!(world.api.get_keys(&token).await, Err(ProtocolError::Unauthorized));
}

pub async fn keys_change_by_version_only(world: World) {
    let (token, _) = world.account("ada", 1).await;
    let plain = PutKeys::new(1, vec![7; 9]);
    assert_eq!(world.api.put_keys(&token, plain.clone()).await, Ok(2));
    assert_eq!(world.api.put_keys(&token, plain.clone()).await, Err(ProtocolError::KeysChanged { version: 2 }));
    assert_eq!(world.api.get_keys(&token).await, Ok((vec![7; 9], 2)));

    let kdf = KdfParams { salt: [8; 16], memory_kib: 131_072, passes: 4, lanes: 2 };
    let new_passphrase = Some((kdf.clone(), LoginSecret([50; 32])));
    let changed = PutKeys { expected_version: 2, new_passphrase, ..plain };
    assert_eq!(world.api.put_keys(&token, changed).await, Ok(3));
    assert_eq!(world.api.prelogin("ada").await.unwrap(), kdf);
    let old = world.api.login(login("ada", LoginMethod::Passphrase, 1)).await;
    assert_eq!(old.err(), Some(ProtocolError::WrongLogin));
    assert!(world.api.login(login("ada", LoginMethod::Passphrase, 50)).await.is_ok());
    assert!(world.api.login(login("ada", LoginMethod::RecoveryCode, 101)).await.is_ok());
}

pub async fn second_device(world: &World, token: &Token, n: u8, space: SpaceId) -> Device {
    let device = Device::new(n, space);
    let (keys, expected_version) = world.api.get_keys(token).await.unwrap();
    let add_device = Some(device.registration());
    world.api.put_keys(token, PutKeys { add_device, ..PutKeys::new(expected_version, keys) }).await.unwrap();
    device
}

pub async fn a_second_device_is_registered_with_the_keys(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let unregistered = Device::new(5, first.space);
    assert!(unknown(world.api.push(&token, unregistered.batch(vec![entry(1, 10)])).await));
    let mut second = second_device(&world, &token, 5, first.space).await;
    second.push(&world, &token, vec![entry(1, 10)]).await;

    let (keys, expected_version) = world.api.get_keys(&token).await.unwrap();
    let other_key = DeviceRegistration { sign_pk: [3; 32], ..second.registration() };
    let put = PutKeys { add_device: Some(other_key), ..PutKeys::new(expected_version, vec![0]) };
    assert!(refused(world.api.put_keys(&token, put).await));
    assert_eq!(world.api.get_keys(&token).await, Ok((keys, expected_version)), "nothing of it was kept");
}

pub async fn blobs_are_checked_and_kept(world: World) {
    let (token, device) = world.account("ada", 1).await;
    let sealed = vec![9; 3_000_000];
    let cid = Cid(*blake3::hash(&sealed).as_bytes());
    assert_eq!(world.api.get_blob(&token, device.space, cid).await, Err(ProtocolError::NotFound));
    let wrong = Cid([1; 32]);
    assert!(refused(world.api.put_blob(&token, device.space, wrong, sealed.clone()).await));
    assert_eq!(world.api.get_blob(&token, device.space, wrong).await, Err(ProtocolError::NotFound));
    for _ in 0..2 {
        world.api.put_blob(&token, device.space, cid, sealed.clone()).await.unwrap();
    }
    assert!(world.api.get_blob(&token, device.space, cid).await.unwrap() == sealed);

    // What a failing disk made of it is not there, and can be sent again.
    let name = cid.to_string();
    let path = world.dir.path().join("blobs").join(&name[..2]).join(&name);
    std::fs::write(path, b"rot").unwrap();
    assert_eq!(world.api.get_blob(&token, device.space, cid).await, Err(ProtocolError::NotFound));
    let asked = MissingRequest { space: device.space, rids: Vec::new(), cids: vec![cid] };
    assert_eq!(world.api.missing(&token, asked).await.unwrap().cids, [cid]);
    world.api.put_blob(&token, device.space, cid, sealed.clone()).await.unwrap();
    assert!(world.api.get_blob(&token, device.space, cid).await.unwrap() == sealed);
}

pub async fn what_is_too_large_is_refused(world: World) {
    let (token, device) = world.account("ada", 1).await;
    let half = MAX_BATCH_BYTES / 2;
    let request = device.batch(vec![entry(1, half), entry(2, half + 1)]);
    assert_eq!(world.api.push(&token, request).await, Err(ProtocolError::TooLarge));
    let many = device.batch((0..=MAX_BATCH_ENTRIES).map(|_| entry(1, 0)).collect());
    assert!(world.api.push(&token, many).await.is_err());
    let keys = vec![0; MAX_KEYS_BYTES + 1];
    let put = PutKeys::new(1, keys.clone());
    assert_eq!(world.api.put_keys(&token, put).await, Err(ProtocolError::TooLarge));
    let creation = CreateAccount { keys, ..world.creation("bob", 2) };
    assert_eq!(world.api.create_account(creation).await.err(), Some(ProtocolError::TooLarge));
    let blob = vec![0; MAX_BLOB_BYTES + 1];
    assert_eq!(world.api.put_blob(&token, device.space, Cid([0; 32]), blob).await, Err(ProtocolError::TooLarge));

    // And exactly the most is taken.
    let mut device = device;
    let most = vec![entry(1, MAX_ENTRY_BYTES), entry(2, MAX_BATCH_BYTES - MAX_ENTRY_BYTES)];
    device.push(&world, &token, most).await;
    assert_eq!(world.whole_log(&token, device.space).await.entries.len(), 2);
}

pub async fn a_quota_holds(world: World) {
    let (token, mut device) = world.account("ada", 1).await;
    let blob = vec![0; QUOTA as usize - 1000];
    let cid = Cid(*blake3::hash(&blob).as_bytes());
    world.api.put_blob(&token, device.space, cid, blob).await.unwrap();
    let request = device.batch(vec![entry(1, 1000), entry(2, 1)]);
    let rejected = PushOutcome::Rejected { index: 1, reason: RejectReason::QuotaExceeded };
    assert_eq!(world.api.push(&token, request).await.unwrap(), rejected);
    device.push(&world, &token, vec![entry(1, 1000)]).await;
    let more = Cid(*blake3::hash(b"x").as_bytes());
    assert_eq!(world.api.put_blob(&token, device.space, more, b"x".to_vec()).await, Err(ProtocolError::TooLarge));
}
