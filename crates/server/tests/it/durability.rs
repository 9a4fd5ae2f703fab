//! What outlives the process, and what is never on the disk.

use std::sync::Arc;

use holdfast_protocol::*;
use holdfast_server::Core;

use crate::world::{World, entry};

#[tokio::test]
async fn reopening_keeps_everything() {
    let mut world = World::direct();
    let (token, mut device) = world.account("ada", 1).await;
    let request = device.batch(vec![entry(1, 10)]);
    let answer = world.api.push(&token, request.clone()).await.unwrap();
    device.accepted(&request);
    let cid = Cid(*blake3::hash(b"blob").as_bytes());
    world.api.put_blob(&token, device.space, cid, b"blob".to_vec()).await.unwrap();
    let decoy = world.api.prelogin("bob").await.unwrap();
    let page = world.whole_log(&token, device.space).await;
    let invited = world.creation("carol", 3);

    // Opened a second time while the first is there, as after a kill: nothing was left to write.
    world.core = Core::open(world.dir.path(), World::options(&world.now_ms)).unwrap();
    world.api = Arc::new(world.core.clone());
    assert_eq!(world.whole_log(&token, device.space).await, page);
    assert_eq!(world.api.push(&token, request).await.unwrap(), answer);
    assert_eq!(world.api.get_blob(&token, device.space, cid).await.unwrap(), b"blob");
    assert_eq!(world.api.prelogin("bob").await.unwrap(), decoy);
    assert!(world.api.create_account(invited).await.is_ok());
    device.seen = page.head;
    let (_, head) = device.push(&world, &token, vec![entry(2, 10)]).await;
    assert_eq!((head.seq, head.log_epoch), (2, page.log_epoch));
}

#[tokio::test]
async fn concurrent_pushes_leave_no_gap() {
    let world = World::direct();
    let mut tasks = Vec::new();
    let (token, _) = world.account("ada", 1).await;
    for n in 10..18 {
        let device = crate::world::Device::new(n, SpaceId([1; 16]));
        let (keys, expected_version) = world.api.get_keys(&token).await.unwrap();
        let add_device = Some(device.registration());
        let put = PutKeys { add_device, ..PutKeys::new(expected_version, keys) };
        world.api.put_keys(&token, put).await.unwrap();
        let (api, token) = (Arc::clone(&world.api), token.clone());
        tasks.push(tokio::spawn(async move {
            let mut device = device;
            for i in 0..5 {
                let request = device.batch(vec![entry(n * 8 + i, 10), entry(n * 8 + i + 1, 20)]);
                let outcome = api.push(&token, request.clone()).await.unwrap();
                assert!(matches!(outcome, PushOutcome::Accepted { .. }));
                device.accepted(&request);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let page = world.whole_log(&token, SpaceId([1; 16])).await;
    assert_eq!(page.manifests.len(), 40);
}

#[tokio::test]
async fn no_secret_that_clients_send_is_on_the_disk() {
    let world = World::https().await;
    // Not the bytes of the ids, which are on the disk side by side.
    let passphrase_auth = LoginSecret([0xa7; 32]);
    let request = CreateAccount { keys: vec![0x55; 100], passphrase_auth, ..world.creation("ada", 1) };
    let session = world.api.create_account(request.clone()).await.ok().unwrap();
    let secrets = [&request.passphrase_auth.0[..], &request.code_auth.0, &session.token, &request.invitation];
    world.server.unwrap().stop().await.unwrap();
    let (mut files, mut keys_found) = (0, false);
    for file in std::fs::read_dir(world.dir.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            files += 1;
            for secret in secrets {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
            }
            keys_found |= bytes.windows(100).any(|window| window == request.keys);
        }
    }
    assert!(files >= 3, "the database, the key and the certificate");
    assert!(keys_found, "the search finds what must be there");
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::https().await;
    let mode = |name: &str| std::fs::metadata(world.dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("key.pem"), 0o600);
    assert_eq!(mode("certificate.pem"), 0o600);
}
