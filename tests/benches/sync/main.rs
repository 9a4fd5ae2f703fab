//! What a sync costs: requests and bytes as a proxy counts them, and time. `cargo xtask bench sync`.
//!
//! Ten thousand notes go from one computer to a server and to a second computer, all real programs on this machine.
#![allow(clippy::unwrap_used)]

mod corpus;
mod proxy;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context as _;
use holdfast_tests::programs::{Computer, Server, USER, program};
use proxy::{Count, Proxy};
use serde_json::Value;
use tokio::net::TcpListener;

fn main() -> anyhow::Result<()> {
    // `cargo test --all-targets` runs this too, and asks for no figures.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    // The programs are waited for on this thread; the proxy has others.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _inside = runtime.enter();
    measure(&runtime)
}

fn measure(runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
    println!("{}", program("holdfast").display());
    let files = tempfile::tempdir()?;
    let text = corpus::write(files.path())?;
    println!("{} notes, {:.1} MB of text.", corpus::NOTES, mb(text as u64));

    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    // A free port; whoever takes it in between makes the server say so.
    let behind: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = Server::start_with(&behind.to_string(), &["--public-url", &format!("https://{address}")]);
    let proxy = Proxy::start(listener, behind, &server.data())?;

    let a = Computer::with_vault();
    let from = files.path().to_str().context("The folder's name is no text.")?;
    let started = Instant::now();
    let imported = a.ok(["import", "--from", "markdown", from]);
    println!("import: {} notes in {:.1} s", imported["notes"], started.elapsed().as_secs_f64());
    a.ok(["account", "create", "--link", &server.link, "--user", USER]);
    proxy.take();

    println!("\n{:36} {:>8} {:>11} {:>11} {:>9}", "", "requests", "bytes up", "bytes down", "seconds");
    let pushed = cycle("everything, from the first computer", &a, &proxy);
    let sealed = pushed.up;
    cycle("no change", &a, &proxy);
    let b = Computer::new();
    b.ok(["account", "join", "--link", &server.link, "--user", USER]);
    proxy.take();
    cycle("everything, to the second computer", &b, &proxy);
    a.sync();
    b.sync();
    proxy.take();

    let note = a.notes().into_iter().next().context("There is no note.")?;
    let id = note["id"].as_str().unwrap_or_default().to_owned();
    let body = format!("{}one more line\n", note["body"].as_str().unwrap_or_default());
    a.ok_with_input(["note", "edit", &id, "--body-file", "-"], body.as_bytes());
    cycle("one changed note", &a, &proxy);
    cycle("the same, to the second computer", &b, &proxy);

    // A word in a note of 100 KB.
    let mut long = String::new();
    for n in 0..1_500 {
        writeln!(long, "Line {n} of a long note, {:x} and so on, and on, and on.", n * 7_919)?;
    }
    let id = a.add("A long note", &long);
    a.sync();
    proxy.take();
    let changed = long.replacen("Line 700 of", "Row 700 of", 1);
    a.ok_with_input(["note", "edit", &id, "--body-file", "-"], changed.as_bytes());
    cycle(&format!("one word in a note of {} KB", long.len() / 1_000), &a, &proxy);

    anyhow::ensure!(a.notes().len() == corpus::NOTES + 1, "The first computer lost notes.");
    b.sync();
    anyhow::ensure!(a.notes() == b.notes(), "The two computers differ.");
    println!("\nUp: {:.2} bytes for each byte of text.", sealed as f64 / text as f64);
    Ok(())
}

/// One sync, as the proxy saw it.
fn cycle(what: &str, computer: &Computer, proxy: &Proxy) -> Count {
    let answer: Value = computer.sync();
    let count = proxy.take();
    let seconds = answer["elapsed_ms"].as_f64().unwrap_or(f64::NAN) / 1e3;
    println!("{what:36} {:>8} {:>11} {:>11} {seconds:>9.2}", count.requests, count.up, count.down);
    count
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
