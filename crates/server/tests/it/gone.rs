//! Who asked is gone before the answer: what was committed is told all the same. And what goes on at the same time.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use holdfast_protocol::*;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::world::{Device, World, entry};

/// Longer than anything here takes that comes at all.
const NEVER: Duration = Duration::from_secs(5);

/// One thread for what blocks, so that a test can stop it.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap()
}

/// Polls once while nothing that blocks goes on, lets go of it, and lets everything go on.
fn begun_and_dropped<T>(future: impl Future<Output = T>) {
    let (go_on, gate) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || gate.recv());
    assert!(future.now_or_never().is_none(), "it waits for what blocks");
    go_on.send(()).unwrap();
}

async fn listening(world: &World) -> (Token, Device, Box<dyn EventStream>, LogHead) {
    let (token, device) = world.account("ada", 1).await;
    let mut stream = world.api.events(&token, device.space).await.unwrap();
    let head = stream.next().await.unwrap();
    (token, device, stream, head)
}

#[test]
fn a_poke_that_was_asked_for_and_let_go_of_is_told_the_next_time() {
    runtime().block_on(async {
        let world = World::direct();
        let (token, mut device, mut stream, _) = listening(&world).await;
        let (_, head) = device.push(&world, &token, vec![entry(1, 10)]).await;
        begun_and_dropped(stream.next());
        assert_eq!(timeout(NEVER, stream.next()).await, Ok(Ok(head)));
        assert!(stream.next().now_or_never().is_none(), "and once only");
    });
}

#[test]
fn a_push_whose_asker_is_gone_is_told() {
    runtime().block_on(async {
        let world = World::direct();
        let (token, device, mut stream, before) = listening(&world).await;
        begun_and_dropped(world.api.push(&token, device.batch(vec![entry(1, 10)])));
        let told = timeout(NEVER, stream.next()).await;
        assert_eq!(told.map(|head| head.map(|head| (head.log_epoch, head.seq))), Ok(Ok((before.log_epoch, 1))));
    });
}

#[test]
fn a_new_epoch_whose_asker_is_gone_is_told() {
    runtime().block_on(async {
        let world = World::direct();
        let (token, device, mut stream, before) = listening(&world).await;
        let lost = Some(LogHead { seq: 9, link: Hash([9; 32]), ..before });
        let request = HealRequest { space: device.space, lost, manifests: vec![], entries: vec![] };
        begun_and_dropped(world.api.heal(&token, request));
        let told = timeout(NEVER, stream.next()).await.unwrap().unwrap();
        assert_ne!(told.log_epoch, before.log_epoch);
    });
}

#[test]
fn a_session_that_was_ended_by_one_who_is_gone_hears_it() {
    runtime().block_on(async {
        let world = World::direct();
        let (token, device, ..) = listening(&world).await;
        let login =
            || Login { user: "ada".into(), method: LoginMethod::Passphrase, auth: LoginSecret([1; 32]), device: None };
        let other = Token(world.api.login(login()).await.ok().unwrap().token);
        let mut stream = world.api.events(&other, device.space).await.unwrap();
        stream.next().await.unwrap();
        let (keys, version) = world.api.get_keys(&token).await.unwrap();
        let kdf = KdfParams { salt: [2; 16], memory_kib: 65_536, passes: 3, lanes: 1 };
        let new_passphrase = Some((kdf, LoginSecret([2; 32])));
        begun_and_dropped(world.api.put_keys(&token, PutKeys { new_passphrase, ..PutKeys::new(version, keys) }));
        assert_eq!(timeout(NEVER, stream.next()).await, Ok(Err(ProtocolError::Unauthorized)));
    });
}

fn guess(auth: u8) -> Login {
    Login { user: "ada".into(), method: LoginMethod::Passphrase, auth: LoginSecret([auth; 32]), device: None }
}

/// The answers to all of these at the same time: none gets to the database before all have begun.
fn at_once(world: &World, logins: Vec<Login>) -> Vec<Option<ProtocolError>> {
    let (began, begins) = mpsc::channel();
    // A runtime of their own: each begins on a thread that was not there before.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_start(move || began.send(()).unwrap_or(()))
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut other = rusqlite::Connection::open(world.dir.path().join("holdfast.sqlite3")).unwrap();
        let writing = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
        let count = logins.len();
        let mut all = join_all(logins.into_iter().map(|login| world.core.login(login)));
        assert!((&mut all).now_or_never().is_none(), "they wait for the database");
        for _ in 0..count {
            begins.recv_timeout(NEVER).unwrap();
        }
        drop(writing);
        all.await.into_iter().map(Result::err).collect()
    })
}

fn with_an_account() -> World {
    runtime().block_on(async {
        let world = World::direct();
        world.account("ada", 1).await;
        world
    })
}

#[test]
fn as_many_guesses_at_once_as_one_after_the_other() {
    let answers = at_once(&with_an_account(), (0..40).map(|_| guess(2)).collect());
    let wrong = answers.iter().filter(|answer| **answer == Some(ProtocolError::WrongLogin)).count();
    let busy = answers.iter().filter(|answer| matches!(answer, Some(ProtocolError::Busy { .. }))).count();
    assert_eq!((wrong, busy), (10, 30));
}

#[test]
fn who_knows_the_secret_is_not_kept_out_by_others_who_do() {
    let answers = at_once(&with_an_account(), (0..29).map(|n| guess(if n % 3 == 2 { 2 } else { 1 })).collect());
    let wrong = answers.iter().filter(|answer| **answer == Some(ProtocolError::WrongLogin)).count();
    let right = answers.iter().filter(|answer| answer.is_none()).count();
    assert_eq!((wrong, right), (9, 20));
}
