//! `holdfast-server`: the sync server as a program.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use holdfast_server::{Server, ServerConfig};
use tracing_subscriber::EnvFilter;

/// The blind sync server of Holdfast.
#[derive(Parser)]
#[command(name = "holdfast-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is stopped. Prints a join link as the first line.
    Serve {
        /// The folder for everything that is kept; made if it is not there.
        #[arg(long)]
        data: PathBuf,
        /// The address and port to listen on. The default is for this computer only.
        #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDR:PORT")]
        listen: String,
        /// The address as other computers reach it, for the join link: `https://host[:port]`.
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
        /// The data was restored from a backup: every computer then compares what it has with it, and sends again
        /// what it lacks. Give it once, at the first start after the restore. Computers notice without it too.
        #[arg(long)]
        restored: bool,
        /// Seconds until the join link lets no more accounts be created.
        #[arg(long, hide = true, default_value_t = ServerConfig::INVITE_TTL_S)]
        invite_ttl_s: u64,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // "cargo build" of the whole workspace gives every crate the simulator's feature, and with it its small limits.
    if cfg!(feature = "simulation") {
        anyhow::bail!("this program was built together with the simulator; build it by itself, with --package");
    }
    let Command::Serve { data, listen, public_url, restored, invite_ttl_s } = Cli::parse().command;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter)
        .init();

    let config = ServerConfig { public_url, restored, invite_ttl_s, ..ServerConfig::new(&data, listen) };
    // Before the link is printed: whoever reads it may stop the server at once.
    let stop = stop_signal()?;
    let server = Server::start(config).await.with_context(|| format!("cannot serve {}", data.display()))?;
    tracing::info!(address = %server.addr, fingerprint = server.join_link.fingerprint(), "listening");
    print_join_link(&server.join_link.to_string());
    stop.await;
    tracing::info!("stopping");
    server.stop().await?;
    Ok(())
}

/// On standard output, which may be closed: a server without a reader still serves.
fn print_join_link(link: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{link}").and_then(|()| out.flush()).is_err() {
        tracing::warn!("the join link could not be printed");
    }
}

/// Resolves at the first SIGTERM or SIGINT. Listening begins at once.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Where Ctrl-C cannot be listened for, the system ends the process itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
