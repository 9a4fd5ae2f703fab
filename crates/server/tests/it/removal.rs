//! A device that is removed: its sessions end, nothing is taken from it, and what it sent before stays.

use std::sync::Arc;

use holdfast_protocol::*;
use holdfast_server::Core;

use crate::suite::{refused, second_device};
use crate::world::{BEGINNING, Device, World, entry};

/// Signs in as one of the account's devices.
async fn sign_in(world: &World, device: DeviceId) -> Result<Token, ProtocolError> {
    let (user, method, auth) = ("ada".into(), LoginMethod::Passphrase, LoginSecret([1; 32]));
    world.api.login(Login { user, method, auth, device: Some(device) }).await.map(|session| Token(session.token))
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
        by: Some(by.id),
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
    let lost_token = sign_in(&world, lost.id).await.unwrap();
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
    let read = LogRequest { space: lost.space, log_epoch: 0, seq: 0, link: Hash::ZERO, max_bytes: 10, packs: None };
    assert!(removed(world.api.log(&lost_token, read).await));
    assert!(removed(world.api.get_keys(&lost_token).await));
    assert!(removed(world.api.put_keys(&lost_token, PutKeys::new(3, vec![0])).await));
    let cid = Cid(*blake3::hash(b"blob").as_bytes());
    assert!(removed(world.api.put_blob(&lost_token, lost.space, cid, b"blob".to_vec()).await));
    assert!(removed(world.api.get_blob(&lost_token, lost.space, cid).await));
    assert!(removed(
        world.api.fetch(&lost_token, FetchRequest { space: lost.space, rids: Vec::new(), packs: None }).await
    ));
    assert!(removed(sign_in(&world, lost.id).await), "the right passphrase does not help");
    // Whoever else's session it uses: the batch is the removed device's.
    assert!(removed(world.api.push(&token, request).await));

    // What it sent before stays, and the others go on.
    first.seen = BEGINNING;
    first.push(&world, &token, vec![Entry { key_epoch: 2, ..entry(3, 10) }]).await;
    let page = world.whole_log(&token, first.space).await;
    let (keys, version) = world.api.get_keys(&token).await.unwrap();
    assert_eq!((page.entries.len(), page.keys, version), (2, Some(keys_hash(&keys)), 3));
    assert!(sign_in(&world, first.id).await.is_ok());
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
    assert!(removed(sign_in(&world, lost.id).await));

    // What counts of it can be brought back by the others, under the key that it was sealed with, and nothing else.
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
    assert!(refused(world.api.heal(&token, heal(&late)).await));
    assert_eq!(world.whole_log(&token, first.space).await.entries.len(), 1);
}

pub async fn sessions_of_nobody_end_with_a_removal(world: World) {
    let (token, first) = world.account("ada", 1).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    // A session whose device is not known, as earlier versions have them; and one that a batch tells of.
    let nameless = || async {
        let (user, method, auth) = ("ada".into(), LoginMethod::Passphrase, LoginSecret([1; 32]));
        Token(world.api.login(Login { user, method, auth, device: None }).await.ok().unwrap().token)
    };
    let (unknown, third_token) = (nameless().await, nameless().await);
    let mut third = second_device(&world, &token, 6, first.space).await;
    third.push(&world, &third_token, vec![entry(1, 10)]).await;
    put(&world, &token, &first, removal(&lost)).await.unwrap();
    assert_eq!(world.api.get_keys(&unknown).await, Err(ProtocolError::Unauthorized));
    assert!(world.api.get_keys(&third_token).await.is_ok());
    assert!(world.api.get_keys(&token).await.is_ok());
}

/// As after a kill: a removal is on the disk whole when it is answered.
#[tokio::test]
async fn a_removal_survives_the_process() {
    let mut world = World::direct();
    let (token, first) = world.account("ada", 1).await;
    let lost = second_device(&world, &token, 5, first.space).await;
    let lost_token = sign_in(&world, lost.id).await.unwrap();
    put(&world, &token, &first, removal(&lost)).await.unwrap();
    world.core = Core::open(world.dir.path(), World::options(&world.now_ms)).unwrap();
    world.api = Arc::new(world.core.clone());
    assert!(removed(world.api.get_keys(&lost_token).await));
    let old = first.batch(vec![entry(1, 10)]);
    assert_eq!(world.api.push(&token, old).await.unwrap(), PushOutcome::StaleEpoch { key_epoch: 2 });
}
