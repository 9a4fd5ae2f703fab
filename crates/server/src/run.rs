//! A server from start to stop.

use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::{RustlsConfig, from_tcp_rustls};
use holdfast_protocol::JoinLink;
use holdfast_protocol::limits::{PING_TIMEOUT, WINDOW_BYTES};
use tokio::task::JoinHandle;

use crate::http::{self, Shared};
use crate::{Core, ServerConfig, ServerError, tls};

/// How long requests under way may take after a stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

pub struct Server;

/// A bound server that answers. Dropping it lets it run on; [`stop`](Self::stop) ends it.
pub struct RunningServer {
    /// As bound, with the port that the system chose.
    pub addr: SocketAddr,
    /// Opens this server to new accounts until it expires.
    pub join_link: JoinLink,
    shared: Shared,
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Opens the data, binds, and answers when this returns. Needs a Tokio runtime.
    pub async fn start(config: ServerConfig) -> Result<RunningServer, ServerError> {
        let ServerConfig { keep_alive, head_timeout, body_timeout, .. } = config;
        let prepared = tokio::task::spawn_blocking(move || prepare(config)).await;
        let Prepared { core, listener, addr, tls, join_link } = prepared.map_err(std::io::Error::other)??;
        let handle = Handle::new();
        let mut server = from_tcp_rustls(listener, tls)?.handle(handle.clone()).first_request_timeout(head_timeout);
        server.http_builder().http1().header_read_timeout(head_timeout);
        let mut http2 = server.http_builder().http2();
        // A device that went away without a word would keep its stream of events open for ever.
        http2.keep_alive_interval(keep_alive).keep_alive_timeout(PING_TIMEOUT);
        http2.initial_stream_window_size(WINDOW_BYTES).initial_connection_window_size(WINDOW_BYTES);
        let shared = Shared::new(core, keep_alive, body_timeout);
        let app = http::router(shared.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(server.serve(app));
        Ok(RunningServer { addr, join_link, shared, handle, task })
    }
}

/// A server that is bound, but does not answer yet.
struct Prepared {
    core: Core,
    listener: TcpListener,
    addr: SocketAddr,
    tls: RustlsConfig,
    join_link: JoinLink,
}

fn prepare(config: ServerConfig) -> Result<Prepared, ServerError> {
    let randomness = config.options.randomness.clone();
    let core = Core::open(&config.data, config.options)?;
    if config.restored {
        core.begin_new_epochs()?;
    }
    let public_host = config.public_url.as_deref().and_then(host_of);
    let identity = tls::load_or_make(&config.data, &randomness, public_host.as_deref())?;
    let listener = bind(&config.listen)?;
    let addr = listener.local_addr()?;
    let url = config.public_url.unwrap_or_else(|| own_url(addr));
    let (invitation, expires_ms) = core.invite(config.invite_ttl_s)?;
    let join_link = JoinLink::new(&url, identity.pin, Some(invitation), expires_ms)?;
    Ok(Prepared { core, listener, addr, tls: RustlsConfig::from_config(identity.config), join_link })
}

impl RunningServer {
    /// The server behind the HTTPS.
    pub fn core(&self) -> &Core {
        self.shared.core()
    }

    /// Takes no new connections, ends streams of events, and ends when requests under way have, or after 5 seconds.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.shared.stop();
        self.handle.graceful_shutdown(Some(STOP_GRACE));
        self.task.await.map_err(std::io::Error::other)??;
        Ok(())
    }
}

fn bind(address: &str) -> Result<TcpListener, ServerError> {
    let listen = |source| ServerError::Listen { address: address.to_owned(), source };
    let addresses: Vec<_> = address.to_socket_addrs().map_err(listen)?.collect();
    TcpListener::bind(addresses.as_slice()).map_err(listen)
}

/// The address as this machine reaches it.
fn own_url(addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() { format!("https://localhost:{}", addr.port()) } else { format!("https://{addr}") }
}

/// The host in an address that [`JoinLink::new`] will accept; whatever else gives no host or one it refuses.
fn host_of(url: &str) -> Option<String> {
    let authority = url.strip_prefix("https://")?.trim_end_matches('/');
    match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map(|(host, _)| host).filter(|host| host.parse::<IpAddr>().is_ok()),
        None => authority.split(':').next(),
    }
    .filter(|host| !host.is_empty() && host.is_ascii())
    .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(own_url("0.0.0.0:8443".parse().unwrap()), "https://localhost:8443");
        assert_eq!(own_url("[::]:8443".parse().unwrap()), "https://localhost:8443");
        assert_eq!(own_url("[::1]:1".parse().unwrap()), "https://[::1]:1");
        assert_eq!(host_of("https://notes.example:1/").as_deref(), Some("notes.example"));
        assert_eq!(host_of("https://[::1]:1").as_deref(), Some("::1"));
        assert_eq!(host_of("http://a"), None);
    }
}
