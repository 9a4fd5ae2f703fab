//! What only the HTTPS form has: pins, counters, addresses, and the program itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use holdfast_protocol::*;
use holdfast_server::{Server, ServerConfig, ServerError};
use holdfast_sync_http::{Counters, HttpClient};

use crate::world::{World, entry};

#[tokio::test]
async fn another_key_is_a_pin_mismatch_and_nothing_is_sent() {
    let world = World::https().await;
    let link = &world.server.as_ref().unwrap().join_link;
    let mut pin = link.pin;
    pin[31] ^= 1;
    let client = HttpClient::new(&link.url, pin).unwrap();
    assert_eq!(client.info().await, Err(ProtocolError::PinMismatch));
    let created = client.create_account(world.creation("ada", 1)).await;
    assert_eq!(created.err(), Some(ProtocolError::PinMismatch));
    assert_eq!(client.counters().bytes_down, 0);
}

#[tokio::test]
async fn a_stopped_server_is_unreachable() {
    let mut world = World::https().await;
    let link = world.server.as_ref().unwrap().join_link.clone();
    assert!(world.api.info().await.is_ok());
    world.server.take().unwrap().stop().await.unwrap();
    for client in [world.api, std::sync::Arc::new(HttpClient::new(&link.url, link.pin).unwrap())] {
        let Err(ProtocolError::Unreachable(why)) = client.info().await else { panic!() };
        assert!(!why.contains("127.0.0.1") && !why.is_empty());
    }
}

#[tokio::test]
async fn what_does_not_speak_tls_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    });
    let answer = HttpClient::new(&url, [0; 32]).unwrap().info().await;
    assert!(matches!(answer, Err(ProtocolError::Unreachable(_))), "{answer:?}");
    plain.await.unwrap();
}

#[tokio::test]
async fn requests_and_bytes_are_counted() {
    let world = World::https().await;
    let (token, device) = world.account("ada", 1).await;
    let link = &world.server.as_ref().unwrap().join_link;
    let client = HttpClient::new(&link.url, link.pin).unwrap();
    assert_eq!(client.counters(), Counters::default());
    client.push(&token, device.batch(vec![entry(1, 100_000)])).await.unwrap();
    let after_push = client.counters();
    assert_eq!(after_push.requests, 1);
    assert!((100_000..101_500).contains(&after_push.bytes_up), "{after_push:?}");
    assert!((50..1000).contains(&after_push.bytes_down), "{after_push:?}");
    let request = LogRequest {
        space: device.space,
        log_epoch: 0,
        seq: 0,
        link: Hash::ZERO,
        max_bytes: 1 << 20,
        packs: None,
        releases: None,
    };
    client.log(&token, request).await.unwrap();
    let after_pull = client.counters();
    assert_eq!(after_pull.requests, 2);
    assert!((100_000..102_000).contains(&(after_pull.bytes_down - after_push.bytes_down)), "{after_pull:?}");
}

#[test]
fn only_https_addresses_make_a_client() {
    for url in ["http://a", "https://a/path", "https://user@a", ""] {
        assert!(matches!(HttpClient::new(url, [0; 32]), Err(ProtocolError::Refused(_))));
    }
    let shown = format!("{:?}", HttpClient::new("https://a", [1; 32]).unwrap());
    assert_eq!(shown, r#"HttpClient { base_url: "https://a", .. }"#);
}

#[tokio::test]
async fn the_pin_outlives_a_restart_and_the_public_address_is_the_link_s() {
    let dir = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        public_url: Some("https://notes.example:8443/".into()),
        invite_ttl_s: 60,
        ..ServerConfig::new(dir.path(), "127.0.0.1:0")
    };
    let first = Server::start(config.clone()).await.unwrap();
    let link = first.join_link.clone();
    assert_eq!(link.url, "https://notes.example:8443");
    assert_eq!(JoinLink::parse(&link.to_string()), Ok(link.clone()));
    let busy = ServerConfig { listen: first.addr.to_string(), ..config.clone() };
    assert!(matches!(Server::start(busy).await, Err(ServerError::Listen { .. })));
    first.stop().await.unwrap();
    let second = Server::start(config).await.unwrap();
    assert_eq!(second.join_link.pin, link.pin);
    assert_ne!(second.join_link.invitation, link.invitation);
    second.stop().await.unwrap();
}

/// The program; killed when the test ends early.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    /// Starts it and reads the join link from the first line.
    fn serve(data: &std::path::Path, more: &[&str]) -> (Self, JoinLink) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_holdfast-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), JoinLink::parse(&line).unwrap())
    }
}

#[tokio::test]
async fn the_program_survives_a_kill_with_all_that_it_confirmed() {
    let world = World::direct();
    let dir = tempfile::tempdir().unwrap();
    let (program, link) = Program::serve(dir.path(), &[]);
    let client = HttpClient::new(&link.url, link.pin).unwrap();
    let invitation = link.invitation.unwrap();
    let session = client.create_account(CreateAccount { invitation, ..world.creation("ada", 1) }).await.ok().unwrap();
    let token = Token(session.token);
    let mut device = crate::world::Device::new(1, session.space);
    let mut answers = Vec::new();
    for n in 1..=5 {
        let request = device.batch(vec![entry(n, 1000)]);
        answers.push(client.push(&token, request.clone()).await.unwrap());
        device.accepted(&request);
    }
    drop(program);

    let (_program, link) = Program::serve(dir.path(), &["--invite-ttl-s", "0"]);
    let client = HttpClient::new(&link.url, link.pin).unwrap();
    let request = LogRequest {
        space: device.space,
        log_epoch: 0,
        seq: 0,
        link: Hash::ZERO,
        max_bytes: 1 << 20,
        packs: None,
        releases: None,
    };
    let LogAnswer::Page(page) = client.log(&token, request).await.unwrap() else { panic!() };
    assert_eq!(page.entries.len(), 5);
    let PushOutcome::Accepted { head, .. } = answers[4] else { panic!() };
    assert_eq!(page.head, head);
    let invitation = link.invitation.unwrap();
    let late = client.create_account(CreateAccount { invitation, ..world.creation("bob", 2) }).await;
    assert_eq!(late.err(), Some(ProtocolError::InvitationExpired));
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_stops_cleanly_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (mut program, link) = Program::serve(dir.path(), &[]);
    let client = HttpClient::new(&link.url, link.pin).unwrap();
    client.info().await.unwrap();
    let asked = Command::new("kill").args(["-TERM", &program.0.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert!(program.0.wait().unwrap().success());
    assert!(!dir.path().join("holdfast.sqlite3-wal").exists(), "the database was closed");
}
