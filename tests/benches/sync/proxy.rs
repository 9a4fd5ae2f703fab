//! What goes over the wire, counted between the two ends by neither of them: requests and bytes as HTTP has them
//! (request lines, headers and bodies, without TLS), and bytes as TCP has them (with TLS and its handshakes). It ends TLS
//! with the server's own key, which lies in the server's folder.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What went through since the last time that one asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub requests: u64,
    /// As HTTP/1.1 has them: the part that does not depend on whether a connection was open already.
    pub up: u64,
    pub down: u64,
    /// As TCP has them.
    pub raw_up: u64,
    pub raw_down: u64,
}

#[derive(Default)]
struct Counters {
    requests: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    raw_up: AtomicU64,
    raw_down: AtomicU64,
}

fn add(counter: &AtomicU64, bytes: usize) {
    counter.fetch_add(bytes as u64, Ordering::SeqCst);
}

/// A running proxy.
#[derive(Clone, Default)]
pub struct Proxy(Arc<Counters>);

impl Proxy {
    /// Serves on `listener`, for the server at `server` whose folder is `data`.
    pub fn start(listener: TcpListener, server: SocketAddr, data: &Path) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain =
            CertificateDer::pem_slice_iter(&fs::read(data.join("certificate.pem"))?).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(&fs::read(data.join("key.pem"))?)?;
        let mut inward = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        // Requests can be told apart without knowing HTTP/2.
        inward.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut outward = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        outward.alpn_protocols = vec![b"http/1.1".to_vec()];
        let proxy = Self::default();
        let counters = proxy.0.clone();
        let (acceptor, connector) = (TlsAcceptor::from(Arc::new(inward)), TlsConnector::from(Arc::new(outward)));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, connector, counters) = (acceptor.clone(), connector.clone(), counters.clone());
                tokio::spawn(async move { relay(client, server, acceptor, connector, counters).await });
            }
        });
        Ok(proxy)
    }

    /// What went through since the last time.
    pub fn take(&self) -> Count {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::SeqCst);
        let Counters { requests, up, down, raw_up, raw_down } = &*self.0;
        Count {
            requests: take(requests),
            up: take(up),
            down: take(down),
            raw_up: take(raw_up),
            raw_down: take(raw_down),
        }
    }
}

async fn relay(
    client: TcpStream,
    server: SocketAddr,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    counters: Arc<Counters>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let client = acceptor.accept(Counted { stream: client, counters: counters.clone() }).await?;
    let under = TcpStream::connect(server).await?;
    under.set_nodelay(true)?;
    let server = connector.connect(ServerName::IpAddress(server.ip().into()), under).await?;
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let mut requests = Requests::default();
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                return to_server.shutdown().await;
            }
            let part = &buffer[..read];
            add(&counters.requests, requests.feed(part)?);
            add(&counters.up, read);
            to_server.write_all(part).await?;
            to_server.flush().await?;
        }
    };
    let down = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return to_client.shutdown().await;
            }
            add(&counters.down, read);
            to_client.write_all(&buffer[..read]).await?;
            to_client.flush().await?;
        }
    };
    tokio::try_join!(up, down).map(drop)
}

/// Where one request ends and the next begins: HTTP/1.1 as this client sends it, with the length of each body said
/// before it. Nothing is guessed from what a body holds.
#[derive(Default)]
struct Requests {
    /// A head that is not whole yet.
    head: Vec<u8>,
    /// Of the present body.
    left: u64,
}

impl Requests {
    /// How many requests end their head in `bytes`.
    fn feed(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut heads = 0;
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.left > 0 {
                let body = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= body as u64;
                rest = &rest[body..];
                continue;
            }
            self.head.push(rest[0]);
            rest = &rest[1..];
            if self.head.ends_with(b"\r\n\r\n") {
                self.left = body_length(&self.head)?;
                self.head.clear();
                heads += 1;
            }
        }
        Ok(heads)
    }
}

fn body_length(head: &[u8]) -> io::Result<u64> {
    let strange = || io::Error::other("a request that this proxy cannot count");
    let head = std::str::from_utf8(head).map_err(|_| strange())?.to_ascii_lowercase();
    let mut lines = head.lines();
    if !lines.next().is_some_and(|line| line.ends_with(" http/1.1")) || head.contains("\r\ntransfer-encoding:") {
        return Err(strange());
    }
    match lines.find_map(|line| line.strip_prefix("content-length:")) {
        None => Ok(0),
        Some(length) => length.trim().parse().map_err(|_| strange()),
    }
}

/// Counts what a socket carries.
struct Counted {
    stream: TcpStream,
    counters: Arc<Counters>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        add(&self.counters.raw_up, buf.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            add(&self.counters.raw_down, written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The server behind the proxy is the one that this bench started: nobody has to prove it.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
