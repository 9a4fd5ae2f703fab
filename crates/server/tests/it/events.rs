//! The stream of pokes, over real HTTPS.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdfast_protocol::*;
use holdfast_server::{Server, ServerConfig};
use holdfast_sync_http::HttpClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{World, entry};

/// A stream that has said where the log stands.
async fn opened(world: &World, token: &Token, space: SpaceId) -> (Box<dyn EventStream>, LogHead) {
    let mut stream = world.api.events(token, space).await.unwrap();
    let head = stream.next().await.unwrap();
    (stream, head)
}

#[tokio::test]
async fn a_poke_says_how_far_the_log_has_grown() {
    for world in [World::direct(), World::https().await] {
        let (token, mut device) = world.account("ada", 1).await;
        let (mut stream, head) = opened(&world, &token, device.space).await;
        assert_eq!(head.seq, 0);
        let (mut other, _) = opened(&world, &token, device.space).await;
        let (_, first) = device.push(&world, &token, vec![entry(1, 100)]).await;
        assert_eq!(stream.next().await, Ok(first));
        // One that reads slowly hears of the newest only.
        let (_, _) = device.push(&world, &token, vec![entry(2, 100)]).await;
        let (_, third) = device.push(&world, &token, vec![entry(3, 100), entry(4, 100)]).await;
        assert_eq!(third.seq, 4);
        while other.next().await.unwrap() != third {}
        // One that comes late begins where the log stands.
        assert_eq!(opened(&world, &token, device.space).await.1, third);
    }
}

#[tokio::test]
async fn what_was_refused_or_pushed_elsewhere_is_no_poke() {
    let world = World::https().await;
    let (token, mut device) = world.account("ada", 1).await;
    let (other_token, mut other) = world.account("bob", 2).await;
    let (mut stream, _) = opened(&world, &token, device.space).await;
    other.push(&world, &other_token, vec![entry(1, 10)]).await;
    let mut forked = device.batch(vec![entry(2, 10)]);
    forked.manifest.ctr = 7;
    device.sign(&mut forked.manifest);
    assert!(matches!(world.api.push(&token, forked).await, Ok(PushOutcome::Forked { .. })));
    let request = device.batch(vec![entry(3, 10)]);
    world.api.push(&token, request.clone()).await.unwrap();
    device.accepted(&request);
    let first = stream.next().await.unwrap();
    assert_eq!(first.seq, 1);
    // A retry of what was stored is answered again, and is nothing new.
    world.api.push(&token, request).await.unwrap();
    let (_, head) = device.push(&world, &token, vec![entry(4, 10)]).await;
    assert_eq!(stream.next().await, Ok(head));
}

#[tokio::test]
async fn a_log_that_begins_anew_is_told() {
    let world = World::https().await;
    let (token, mut device) = world.account("ada", 1).await;
    let (_, head) = device.push(&world, &token, vec![entry(1, 10), entry(2, 10)]).await;
    let (mut stream, first) = opened(&world, &token, device.space).await;
    assert_eq!(first, head);
    let lost = Some(LogHead { seq: 9, link: Hash([9; 32]), ..head });
    let request = HealRequest { space: device.space, lost, manifests: vec![], entries: vec![] };
    let PushOutcome::Accepted { head: new, .. } = world.api.heal(&token, request).await.unwrap() else { panic!() };
    assert_ne!(new.log_epoch, head.log_epoch);
    assert_eq!(stream.next().await, Ok(new));
}

#[tokio::test]
async fn only_the_owner_of_a_space_hears_of_it() {
    for world in [World::direct(), World::https().await] {
        let (token, device) = world.account("ada", 1).await;
        let (other_token, _) = world.account("bob", 2).await;
        let nobody = Token(vec![9; 32]);
        for (token, space, expected) in [
            (&other_token, device.space, ProtocolError::NotFound),
            (&token, SpaceId([9; 16]), ProtocolError::NotFound),
            (&nobody, device.space, ProtocolError::Unauthorized),
        ] {
            assert_eq!(world.api.events(token, space).await.err(), Some(expected));
        }
    }
}

#[tokio::test]
async fn a_session_that_ended_hears_nothing_more() {
    let world = World::https().await;
    let (token, mut device) = world.account("ada", 1).await;
    let (mut stream, _) = opened(&world, &token, device.space).await;
    world.pass_ms(366 * 24 * 3600 * 1000);
    let login = Login { user: "ada".into(), method: LoginMethod::Passphrase, auth: LoginSecret([1; 32]), device: None };
    let fresh = Token(world.api.login(login).await.ok().unwrap().token);
    device.push(&world, &fresh, vec![entry(1, 10)]).await;
    assert!(matches!(stream.next().await, Err(ProtocolError::Unreachable(_))), "it ends instead");
    assert_eq!(world.api.events(&token, device.space).await.err(), Some(ProtocolError::Unauthorized));
}

/// A server whose streams say often that they are alive.
async fn lively(keep_alive: Duration) -> World {
    let mut world = World::direct();
    let options = World::options(&world.now_ms);
    let config = ServerConfig { options, keep_alive, ..ServerConfig::new(world.dir.path(), "127.0.0.1:0") };
    let server = Server::start(config).await.unwrap();
    world.core = server.core().clone();
    world.api = Arc::new(HttpClient::new(&server.join_link.url, server.join_link.pin).unwrap());
    world.server = Some(server);
    world
}

#[tokio::test]
async fn an_idle_stream_ends_with_its_session() {
    let world = lively(Duration::from_millis(10)).await;
    let (token, device) = world.account("ada", 1).await;
    let (mut stream, _) = opened(&world, &token, device.space).await;
    world.pass_ms(366 * 24 * 3600 * 1000);
    // No push, no poke: only the next sign of life, which does not come.
    assert!(matches!(stream.next().await, Err(ProtocolError::Unreachable(_))));
}

#[tokio::test]
async fn a_stopping_server_ends_its_streams_and_does_not_wait_for_them() {
    let mut world = World::https().await;
    let (token, device) = world.account("ada", 1).await;
    let (mut stream, _) = opened(&world, &token, device.space).await;
    let stopped = tokio::spawn(world.server.take().unwrap().stop());
    assert!(matches!(stream.next().await, Err(ProtocolError::Unreachable(_))));
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn so_many_streams_an_account_and_no_more() {
    let world = World::https().await;
    let (token, mut device) = world.account("ada", 1).await;
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(opened(&world, &token, device.space).await.0);
    }
    let full = world.api.events(&token, device.space).await.err();
    assert_eq!(full, Some(ProtocolError::Busy { retry_after_s: Some(105) }));
    // Another account's are its own: 100 idle streams, and the server works as always.
    let (other_token, other) = world.account("bob", 2).await;
    for _ in 0..36 {
        streams.push(opened(&world, &other_token, other.space).await.0);
    }
    let (_, head) = device.push(&world, &token, vec![entry(1, 10)]).await;
    for stream in &mut streams[..64] {
        assert_eq!(stream.next().await, Ok(head));
    }
    // What is let go of is free again, when the server notices.
    drop(streams);
    while world.api.events(&token, device.space).await.is_err() {
        tokio::task::yield_now().await;
    }
}

/// A connection to the server that passes bytes on until it is told to be silent, or to break.
struct Wire {
    url: String,
    silent: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

async fn wire(to: std::net::SocketAddr) -> Wire {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let silent = Arc::new(AtomicBool::new(false));
    let quiet = silent.clone();
    let task = tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(to).await.unwrap();
            let (mut up, mut down) = ([0; 4096], [0; 4096]);
            loop {
                let done = tokio::select! {
                    n = client.read(&mut up) => match n {
                        Ok(n) if n > 0 => server.write_all(&up[..n]).await.is_err(),
                        _ => true,
                    },
                    n = server.read(&mut down) => match n {
                        // Swallowed: for the client it is as if the line were dead.
                        Ok(n) if n > 0 && quiet.load(Ordering::SeqCst) => false,
                        Ok(n) if n > 0 => client.write_all(&down[..n]).await.is_err(),
                        _ => true,
                    },
                };
                if done {
                    break;
                }
            }
        }
    });
    Wire { url, silent, task }
}

#[tokio::test]
async fn a_dead_line_and_a_cut_one_are_noticed() {
    let world = lively(Duration::from_millis(20)).await;
    let (token, device) = world.account("ada", 1).await;
    let server = world.server.as_ref().unwrap();
    let wire = wire(server.addr).await;
    // Longer than the server is ever silent, so that it holds while the line is good: through some signs of life.
    let client = HttpClient::new(&wire.url, server.join_link.pin).unwrap().with_silence(Duration::from_secs(2));
    let mut stream = client.events(&token, device.space).await.unwrap();
    stream.next().await.unwrap();
    let before = client.counters().bytes_down;
    {
        let next = stream.next();
        tokio::pin!(next);
        while client.counters().bytes_down < before + 30 {
            tokio::select! {
                heard = &mut next => panic!("{heard:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        wire.silent.store(true, Ordering::SeqCst);
        let Err(ProtocolError::Unreachable(why)) = next.await else { panic!() };
        assert!(why.contains("dead"), "{why}");
    }
    wire.silent.store(false, Ordering::SeqCst);
    drop((stream, client));

    let client = HttpClient::new(&wire.url, server.join_link.pin).unwrap();
    let mut stream = client.events(&token, device.space).await.unwrap();
    stream.next().await.unwrap();
    wire.task.abort();
    assert!(matches!(stream.next().await, Err(ProtocolError::Unreachable(_))));
}

#[tokio::test]
async fn the_numbers_name_routes_and_nobody() {
    let world = World::https().await;
    let (token, mut device) = world.account("ada-lovelace", 1).await;
    let (_stream, _) = opened(&world, &token, device.space).await;
    device.push(&world, &token, vec![entry(1, 10)]).await;
    assert!(world.api.get_blob(&token, device.space, Cid([3; 32])).await.is_err());
    let text = plain_get(&world, "/metrics").await;
    for part in [
        "holdfast_event_streams 1",
        "holdfast_answers_total{route=\"/v1/spaces/{space}/push\",status=\"200\"} 1",
        "holdfast_answers_total{route=\"/v1/spaces/{space}/blobs/{cid}\",status=\"404\"} 1",
        "holdfast_request_seconds_count{method=\"POST\",route=\"/v1/spaces/{space}/push\"} 1",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    for secret in ["ada", &device.space.to_string(), &Cid([3; 32]).to_string(), "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// A request that the client of the protocol does not make.
async fn plain_get(world: &World, path: &str) -> String {
    // A second test of this process may have set it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap();
    let url = format!("{}{path}", world.server.as_ref().unwrap().join_link.url);
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}
