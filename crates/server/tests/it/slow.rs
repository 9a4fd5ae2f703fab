//! Who is slow is waited for as long as a slow line takes, and who says nothing is not.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use holdfast_protocol::*;
use holdfast_server::{Server, ServerConfig};
use holdfast_sync_http::HttpClient;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConnection, RootCertStore, StreamOwned};

use crate::world::{World, entry};

const SHORT: Duration = Duration::from_secs(1);
/// Far more than anything here waits for.
const NEVER: Duration = Duration::from_secs(20);

/// A server that waits for heads and bodies for a second.
async fn impatient() -> World {
    let mut world = World::direct();
    let options = World::options(&world.now_ms);
    let config = ServerConfig {
        options,
        head_timeout: SHORT,
        body_timeout: SHORT,
        ..ServerConfig::new(world.dir.path(), "127.0.0.1:0")
    };
    let server = Server::start(config).await.unwrap();
    world.core = server.core().clone();
    world.api = Arc::new(HttpClient::new(&server.join_link.url, server.join_link.pin).unwrap());
    world.server = Some(server);
    world
}

/// A connection of somebody who speaks TLS, says this over HTTP/1, and no more. What is heard until it ends.
fn said(world: &World, text: &'static str) -> tokio::task::JoinHandle<String> {
    let (addr, certificate) = (world.server.as_ref().unwrap().addr, world.dir.path().join("certificate.pem"));
    tokio::task::spawn_blocking(move || {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let tcp = TcpStream::connect(addr).unwrap();
        tcp.set_read_timeout(Some(NEVER)).unwrap();
        let mut stream = StreamOwned::new(tls, tcp);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut heard = Vec::new();
        match stream.read_to_end(&mut heard) {
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => panic!("it is kept"),
            // Without a word of TLS it is an end, too.
            _ => String::from_utf8_lossy(&heard).into_owned(),
        }
    })
}

#[tokio::test]
async fn who_says_nothing_or_half_is_not_kept() {
    let world = impatient().await;
    let silent = said(&world, "");
    let half = said(&world, "GET /healthz HTTP/1.1\r\nHost: a\r\n");
    let second = said(&world, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\n");
    let idle = said(&world, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(!silent.await.unwrap().contains(" 200 "));
    assert!(!half.await.unwrap().contains(" 200 "));
    for heard in [second.await.unwrap(), idle.await.unwrap()] {
        assert_eq!(heard.matches(" 200 ").count(), 1, "{heard}");
    }
}

#[tokio::test]
async fn half_a_body_is_waited_for_and_then_no_more() {
    let world = impatient().await;
    let half = said(&world, "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
    let endless = said(&world, "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    // Others do not wait for it.
    let (token, mut device) = world.account("ada", 1).await;
    device.push(&world, &token, vec![entry(1, 100)]).await;
    for heard in [half.await.unwrap(), endless.await.unwrap()] {
        assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
    }
}

/// A line to the server, of so many bytes a second each way and connection.
struct Line {
    url: String,
    connections: Arc<AtomicUsize>,
}

fn line(to: SocketAddr, per_s: usize) -> Line {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let server = TcpStream::connect(to).unwrap();
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                thread::spawn(move || carry(from, to, per_s));
            }
        }
    });
    Line { url, connections }
}

fn carry(mut from: TcpStream, mut to: TcpStream, per_s: usize) {
    let mut part = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut part) {
        for few in part[..n].chunks(per_s / 50) {
            if to.write_all(few).is_err() {
                break;
            }
            thread::sleep(Duration::from_secs_f64(few.len() as f64 / per_s as f64));
        }
    }
    let _ = (from.shutdown(std::net::Shutdown::Both), to.shutdown(std::net::Shutdown::Both));
}

#[tokio::test]
async fn a_connection_may_be_idle_between_requests_and_while_it_listens() {
    let world = impatient().await;
    let (token, mut device) = world.account("ada", 1).await;
    let server = world.server.as_ref().unwrap();
    let line = line(server.addr, usize::MAX);
    let client = HttpClient::new(&line.url, server.join_link.pin).unwrap();
    client.info().await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let mut stream = client.events(&token, device.space).await.unwrap();
    stream.next().await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let (_, head) = device.push(&world, &token, vec![entry(1, 10)]).await;
    assert_eq!(stream.next().await, Ok(head));
    assert_eq!(line.connections.load(Ordering::SeqCst), 1);
}

/// Half of the slowest line: 40 s long nothing is heard of the other end, not even the answer to a ping, which waits behind
/// what was sent. (A server that gives up in that time is seen only where more was asked for than systems take over at
/// once, which would be minutes.)
#[tokio::test]
async fn what_is_large_goes_through_a_slow_line() {
    const PER_S: usize = 8000;
    let world = World::https().await;
    let (token, device) = world.account("ada", 1).await;
    let (up, down) = (vec![1; 40 * PER_S], vec![2; 40 * PER_S]);
    let cid = |bytes: &[u8]| Cid(*blake3::hash(bytes).as_bytes());
    world.api.put_blob(&token, device.space, cid(&down), down.clone()).await.unwrap();
    let server = world.server.as_ref().unwrap();
    let line = line(server.addr, PER_S);
    // Each on its own: what comes in is a sign of life of its own.
    let [sender, reader] = [(); 2].map(|()| HttpClient::new(&line.url, server.join_link.pin).unwrap());
    let (put, got) = tokio::join!(
        sender.put_blob(&token, device.space, cid(&up), up.clone()),
        reader.get_blob(&token, device.space, cid(&down)),
    );
    assert_eq!(put, Ok(()));
    assert!(got == Ok(down), "{:?}", got.map(|bytes| bytes.len()));
    assert!(world.api.get_blob(&token, device.space, cid(&up)).await == Ok(up));
}
