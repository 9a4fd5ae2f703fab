//! A device that is removed: its sessions end, nothing is taken from it, and what it sent before stays.

use std::sync::Arc;

use holdfast_protocol::*;
use holdfast_server::Core;

use crate::suite::{refused, second_device};
use crate::world::{BEGINNING, Device, World, entry};

/// Signs in as one of the account's devices.
pub async fn sign_in(world: &World, device: &Device) -> Result<Token, ProtocolError> {
    let (user, method, auth) = ("ada", LoginMethod::Passphrase, LoginSecret([1; 32]));
    let claim = device.signed(&login_bytes(user, method, &auth, device.id));
    let login = Login { user: user.into(), method, auth, device: Some(claim) };
    world.api.login(login).await.map(|session| Token(session.token))
}

/// Signs in as nobody.
async fn sign_in_nameless(world: &World) -> Token {
    let (user, method, auth) = ("ada".into(), LoginMethod::Passphrase, LoginSecret([1; 32]));
    Token(world.api.login(Login { user, method, auth, device: None }).await.ok().unwrap().token)
}

fn removal(of: &Device) -> DeviceRemoval {
    let DeviceRegistration { device, sign_pk } = of.registration();
    DeviceRemoval { device, sign_pk, last_ctr: of.ctr, if_last: true }
}

/// The keys that a removal puts: without the device, and with the second epoch of the space.
async fn put(world: &World, token: &Token, by: &Device, removal: DeviceRemoval) -> Result<u64, ProtocolError> {
    let (keys, version) = world.api.get_keys(token).await?;
    let key_epoch = Some(KeyEpoch { space: by.space, epoch: 2 });
    let put = PutKeys {
        remove_device: Some(removal),
        key_epoch,
        by: Some(by.claim(token)),
        ..PutKeys::new(version, [keys, vec![2]].concat())
    };
    world.api.put_keys(token, put).await
}

fn removed<T>(answer: Result<T, ProtocolError>) -> bool {
    matches!(answer, Err(ProtocolError::DeviceRemoved))
}

pub async fn a_removed_device_is_shut_out(world: World) {
    let (token, mut first) = world.account("ada", 1).await;
    let mut lost = second_device(&world, &token, 5, first.space).await;
    let lost_token = sign_in(&world, &lost).await.unwrap();
    lost.push(&world, &lost_token, vec![entry(1, 10)]).await;
    let mut stream = world.api.events(&lost_token, lost.space).await.ok().unwrap();
    assert_eq!(stream.next().await.map(|head| head.seq), Ok(1));
    let mut other = world.api.events(&token, lost.space).await.ok().unwrap();
    assert_eq!(other.next().await.map(|head| head.seq), Ok(1));
    assert_eq!(put(&world, &token, &first, removal(&lost)).await, Ok(3));
    // At once, and not with the next change.
    assert!(stream.next().await.is_err());
    assert_eq!(other.next().await.map(|head| head.seq), Ok(1), "with nothing new");

    let request = lost.batch(vec![Entry { key_epoch: 2, ..entry(2, 10) }]);
    assert!(removed(world.api.push(&lost_token, request.clone()).await));
    let read = LogRequest {
        space: lost.space,
        log_epoch: 0,
        seq: 0,
        link: Hash::ZERO,
        max_bytes: 10,
        packs: None,
        releases: None,
    };
    assert!(removed(world.api.log(&lost_token, read).await));
    assert!(removed(world.api.get_keys(&lost_token).await));
    assert!(removed(world.api.put_keys(&lost_token, PutKeys::new(3, vec![0])).await));
    let cid = Cid(*blake3::hash(b"blob").as_bytes());
    assert!(removed(world.api.put_blob(&lost_token, lost.space, cid, b"blob".to_vec()).await));
    assert!(removed(world.api.get_blob(&lost_token, lost.space, cid).await));
    assert!(removed(
        world.api.fetch(&lost_token, FetchRequest { space: lost.space, rids: Vec::new(), packs: None }).await
    ));
    assert!(removed(sign_in(&world, &lost).await), "the right passphrase does not help");
    // Whoever else's session it uses: the batch is the removed device's.
    assert!(removed(world.api.push(&token, request).await));

    // What it sent before stays, and the others go on.
    first.seen = BEGINNING;
    first.push(&world, &token, vec![Entry { key_epoch: 2, ..entry(3, 10) }]).await;
    let page = world.whole_log(&token, first.space).await;
    let (keys, version) = world.api.get_keys(&token).await.unwrap();
    assert_eq!((page.entries.len(), page.keys, version), (2, Some(keys_hash(&keys)), 3));
    assert!(sign_in(&world, &first).await.is_ok());
}

pub async fn a_removal_ends_the_old_key_epoch_at_once(world: World) {
    let (token, mut first) = world.account("ada", 1).await;
    let mut third = second_device(&world, &token, 6, first.space).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    let in_flight = third.batch(vec![entry(1, 10)]);
    let stored = first.batch(vec![entry(2, 10)]);
    let answer = world.api.push(&token, stored.clone()).await.unwrap();
    first.accepted(&stored);
    put(&world, &token, &first, removal(&lost)).await.unwrap();

    assert_eq!(world.api.push(&token, in_flight.clone()).await.unwrap(), PushOutcome::StaleEpoch { key_epoch: 2 });
    // The very same batch, its bodies sealed anew.
    let mut anew = in_flight;
    anew.entries[0] = Entry { key_epoch: 2, body: vec![9; 12], ..anew.entries[0].clone() };
    assert!(matches!(world.api.push(&token, anew.clone()).await.unwrap(), PushOutcome::Accepted { .. }));
    third.accepted(&anew);
    // What was stored before has its answer still.
    assert_eq!(world.api.push(&token, stored).await.unwrap(), answer);
    assert_eq!(world.whole_log(&token, first.space).await.entries.len(), 2);
}

/// Whoever seals with keys that the server does not have finds out before anything is stored.
pub async fn a_push_with_other_account_keys_is_refused(world: World) {
    let (token, mut first) = world.account("ada", 1).await;
    let (keys, version) = world.api.get_keys(&token).await.unwrap();
    let request = PushRequest { keys: Some(keys_hash(&keys)), ..first.batch(vec![entry(1, 10)]) };
    let answer = world.api.push(&token, request.clone()).await.unwrap();
    first.accepted(&request);
    world.api.put_keys(&token, PutKeys::new(version, vec![5; 9])).await.unwrap();

    let next = PushRequest { keys: Some(keys_hash(&keys)), ..first.batch(vec![entry(2, 10)]) };
    assert_eq!(world.api.push(&token, next.clone()).await, Err(ProtocolError::KeysChanged { version: version + 1 }));
    assert_eq!(world.whole_log(&token, first.space).await.entries.len(), 1);
    // What was stored before has its answer, whatever became of the keys.
    assert_eq!(world.api.push(&token, request).await.unwrap(), answer);
    let newest = PushRequest { keys: Some(keys_hash(&[5; 9])), ..next };
    assert!(matches!(world.api.push(&token, newest).await.unwrap(), PushOutcome::Accepted { .. }));
}

pub async fn who_removes_has_read_all_that_was_sent(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let mut lost = second_device(&world, &token, 5, first.space).await;
    let early = removal(&lost);
    lost.push(&world, &token, vec![entry(1, 10)]).await;
    let before = world.api.get_keys(&token).await;
    assert_eq!(put(&world, &token, &first, early).await, Err(ProtocolError::DeviceAhead));
    assert_eq!(world.api.get_keys(&token).await, before, "nothing of it was kept");
    lost.push(&world, &token, vec![entry(2, 10)]).await;
    assert_eq!(put(&world, &token, &first, removal(&lost)).await, Ok(3));

    let other_key = DeviceRemoval { sign_pk: [3; 32], ..removal(&lost) };
    assert!(refused(put(&world, &token, &first, other_key).await));
    assert!(refused(put(&world, &token, &first, removal(&first)).await), "nobody removes itself");
    let back = PutKeys { add_device: Some(lost.registration()), ..PutKeys::new(3, vec![0]) };
    assert!(refused(world.api.put_keys(&token, back).await), "and nobody comes back under the same id");
}

pub async fn a_restored_server_is_told_of_a_removal_again(world: World) {
    let (token, first) = world.account("ada", 1).await;
    // It joined after the backup, and sent two batches: of neither is anything here.
    let mut lost = Device::new(5, first.space);
    let (one, late) = {
        let one = lost.batch(vec![entry(1, 10)]);
        lost.accepted(&one);
        (one, lost.batch(vec![entry(2, 10)]))
    };
    let again = DeviceRemoval { if_last: false, ..removal(&lost) };
    put(&world, &token, &first, again).await.unwrap();
    assert!(removed(sign_in(&world, &lost).await));

    // What it sent can be brought back by the others, under the key that it was sealed with, also what it sent late:
    // somebody may have built on it. Whoever reads knows what counts.
    let heal = |request: &PushRequest| {
        let batch = batch_hash(&request.manifest);
        HealRequest {
            space: first.space,
            lost: None,
            manifests: vec![request.manifest.clone()],
            entries: request.entries.iter().map(|entry| Restored { entry: entry.clone(), batch }).collect(),
        }
    };
    assert!(matches!(world.api.heal(&token, heal(&one)).await.unwrap(), PushOutcome::Accepted { .. }));
    assert!(matches!(world.api.heal(&token, heal(&late)).await.unwrap(), PushOutcome::Accepted { .. }));
    assert_eq!(world.whole_log(&token, first.space).await.entries.len(), 2);
    // Not as something new, and not from the device; and what it did not sign is not its.
    assert!(removed(world.api.push(&token, lost.batch(vec![entry(3, 10)])).await));
    let mut forged = heal(&late);
    forged.manifests[0].ctr += 1;
    forged.entries[0].batch = batch_hash(&forged.manifests[0]);
    assert!(refused(world.api.heal(&token, forged).await));
    assert!(removed(sign_in(&world, &lost).await));
}

pub async fn sessions_of_nobody_end_with_a_removal(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    let mut third = second_device(&world, &token, 6, first.space).await;
    // One of which nobody knows whose it is; one that a batch names, which whoever has read the log can send again; and one
    // that is its device's.
    let (unknown, named) = (sign_in_nameless(&world).await, sign_in_nameless(&world).await);
    third.push(&world, &named, vec![entry(1, 10)]).await;
    let third_token = sign_in(&world, &third).await.unwrap();
    let (keys, version) = world.api.get_keys(&token).await.unwrap();
    let members = Some(vec![first.id, third.id]);
    let by = Some(first.claim(&token));
    let put = PutKeys { remove_device: Some(removal(&lost)), by, members, ..PutKeys::new(version, keys) };
    world.api.put_keys(&token, put).await.unwrap();
    for ended in [&unknown, &named] {
        assert_eq!(world.api.get_keys(ended).await, Err(ProtocolError::Unauthorized));
    }
    assert!(world.api.get_keys(&third_token).await.is_ok());
    assert!(world.api.get_keys(&token).await.is_ok());
}

/// Whoever knows the passphrase knows every computer's id. Only the computer's key makes a session its own.
pub async fn a_session_is_a_devices_by_its_signature_only(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    let (user, method, auth) = ("ada", LoginMethod::Passphrase, LoginSecret([1; 32]));
    let said = lost.signed(&login_bytes(user, method, &auth, first.id));
    for signature in [said.signature, [0; 64], lost.signed(&login_bytes(user, method, &auth, lost.id)).signature] {
        let device = Some(Claim { device: first.id, signature });
        let login = Login { user: user.into(), method, auth: auth.clone(), device };
        assert!(refused(world.api.login(login).await), "as another computer");
    }
    // Nor by a put: neither another's signature, nor one over another session.
    let nameless = sign_in_nameless(&world).await;
    let (keys, version) = world.api.get_keys(&token).await.unwrap();
    for claim in [Claim { device: first.id, signature: [1; 64] }, first.claim(&token)] {
        let put = PutKeys { by: Some(claim), ..PutKeys::new(version, keys.clone()) };
        assert!(refused(world.api.put_keys(&nameless, put).await));
    }
    // Who is nobody shuts nobody out, neither one nor all.
    let out = PutKeys { remove_device: Some(removal(&lost)), ..PutKeys::new(version, keys.clone()) };
    assert!(refused(world.api.put_keys(&nameless, out).await));
    let kdf = KdfParams { salt: [8; 16], memory_kib: 65_536, passes: 3, lanes: 1 };
    let new_passphrase = Some((kdf, LoginSecret([50; 32])));
    let out = PutKeys { new_passphrase, ..PutKeys::new(version, keys.clone()) };
    assert!(refused(world.api.put_keys(&nameless, out).await));
    // It may register a computer, and be that one; who removes the lost one does not name it.
    let own = Device::new(7, first.space);
    let (add_device, by) = (Some(own.registration()), Some(own.claim(&nameless)));
    let put = PutKeys { add_device, by, ..PutKeys::new(version, keys.clone()) };
    let version = world.api.put_keys(&nameless, put).await.unwrap();
    let lost_token = sign_in(&world, &lost).await.unwrap();
    let put = PutKeys {
        remove_device: Some(removal(&lost)),
        by: Some(first.claim(&token)),
        members: Some(vec![first.id]),
        ..PutKeys::new(version, keys)
    };
    world.api.put_keys(&token, put).await.unwrap();
    assert_eq!(world.api.get_keys(&nameless).await, Err(ProtocolError::Unauthorized));
    assert!(removed(world.api.get_keys(&lost_token).await), "and it is told why");
    assert!(world.api.get_keys(&token).await.is_ok());
}

pub async fn a_new_passphrase_ends_what_the_old_one_began(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let second = second_device(&world, &token, 5, first.space).await;
    let second_token = sign_in(&world, &second).await.unwrap();
    let nameless = sign_in_nameless(&world).await;
    let kdf = KdfParams { salt: [8; 16], memory_kib: 65_536, passes: 3, lanes: 1 };
    let put = async |auth: u8| {
        let (keys, version) = world.api.get_keys(&token).await.unwrap();
        let new_passphrase = Some((kdf.clone(), LoginSecret([auth; 32])));
        let members = Some(vec![first.id, second.id]);
        world.api.put_keys(&token, PutKeys { new_passphrase, members, ..PutKeys::new(version, keys) }).await.unwrap();
    };
    put(50).await;
    assert_eq!(world.api.get_keys(&nameless).await, Err(ProtocolError::Unauthorized));
    assert!(world.api.get_keys(&second_token).await.is_ok() && world.api.get_keys(&token).await.is_ok());
    let page = world.whole_log(&token, first.space).await;
    assert_eq!(page.login_salt, Some([8; 16]), "a page names it");
    // The same once more ends nothing.
    let login =
        Login { user: "ada".into(), method: LoginMethod::Passphrase, auth: LoginSecret([50; 32]), device: None };
    let fresh = Token(world.api.login(login).await.ok().unwrap().token);
    put(50).await;
    assert!(world.api.get_keys(&fresh).await.is_ok());
    put(51).await;
    assert_eq!(world.api.get_keys(&fresh).await, Err(ProtocolError::Unauthorized));
}

/// Whom a stolen session has shut out is let in again by the removal of the thief.
pub async fn a_removal_lets_in_who_was_shut_out_without_right(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    let third = second_device(&world, &token, 6, first.space).await;
    let lost_token = sign_in(&world, &lost).await.unwrap();
    let third_token = sign_in(&world, &third).await.unwrap();
    put(&world, &lost_token, &lost, removal(&third)).await.unwrap();
    assert!(removed(world.api.get_keys(&third_token).await));
    assert!(world.api.get_keys(&token).await.is_ok(), "a removal that names nobody else ends nobody else's session");
    let (keys, version) = world.api.get_keys(&token).await.unwrap();
    let put = PutKeys {
        remove_device: Some(removal(&lost)),
        by: Some(first.claim(&token)),
        members: Some(vec![first.id, third.id]),
        ..PutKeys::new(version, keys)
    };
    world.api.put_keys(&token, put).await.unwrap();
    assert!(world.api.get_keys(&third_token).await.is_ok());
    assert!(sign_in(&world, &third).await.is_ok() && removed(sign_in(&world, &lost).await));
}

/// A manifest without its entries comes into no page: nobody can read up to its counter, and still its device is removed.
pub async fn a_counter_that_nobody_can_read_keeps_no_device_in(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let mut lost = second_device(&world, &token, 5, first.space).await;
    lost.push(&world, &token, vec![entry(1, 10)]).await;
    let read = removal(&lost);
    let ahead = Device { ctr: 1_000_000, ..lost.clone() }.batch(Vec::new()).manifest;
    let heal = HealRequest { space: first.space, lost: None, manifests: vec![ahead], entries: Vec::new() };
    world.api.heal(&token, heal).await.unwrap();
    assert_eq!(put(&world, &token, &first, read).await, Err(ProtocolError::DeviceAhead));
    put(&world, &token, &first, DeviceRemoval { if_last: false, ..read }).await.unwrap();
    assert!(removed(sign_in(&world, &lost).await));
    assert_eq!(world.whole_log(&token, first.space).await.entries.len(), 1);
}

/// As after a kill: a removal is on the disk whole when it is answered.
#[tokio::test]
async fn a_removal_survives_the_process() {
    let mut world = World::direct();
    let (token, first) = world.account("ada", 1).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    let lost_token = sign_in(&world, &lost).await.unwrap();
    put(&world, &token, &first, removal(&lost)).await.unwrap();
    world.core = Core::open(world.dir.path(), World::options(&world.now_ms)).unwrap();
    world.api = Arc::new(world.core.clone());
    assert!(removed(world.api.get_keys(&lost_token).await));
    let old = first.batch(vec![entry(1, 10)]);
    assert_eq!(world.api.push(&token, old).await.unwrap(), PushOutcome::StaleEpoch { key_epoch: 2 });
}
