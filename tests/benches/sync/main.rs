//! What a sync costs: requests and bytes as a proxy counts them, and time. `cargo xtask bench sync`.
//!
//! Ten thousand notes go from one computer to a server and to a second computer, all real programs on this machine.
//! What must hold is printed with what was measured.
#![allow(clippy::unwrap_used)]

mod corpus;
mod proxy;
mod report;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use holdfast_crypto::KeyFile;
use holdfast_notebook::sync::{ServerAddress, Syncer};
use holdfast_notebook::{Env, Vault};
use holdfast_protocol::SyncProtocol;
use holdfast_store::{RawKey, Store, StoreError};
use holdfast_sync_http::HttpClient;
use holdfast_tests::programs::{Computer, PASSPHRASE, Server, USER, program};
use proxy::Proxy;
use report::{Limits, Report, Row, cpu_seconds};
use serde_json::Value;
use tokio::net::TcpListener;

/// PouchDB with the same notes, unencrypted, on a machine like this one under load: seconds.
const POUCHDB_PUSH_S: f64 = 27.0;
const POUCHDB_PULL_S: f64 = 11.0;
/// One kilobyte, of what is said in kilobytes.
const KB: f64 = 1_000.0;

fn main() -> anyhow::Result<ExitCode> {
    // `cargo test --all-targets` runs this too, and asks for no figures.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    // The programs are waited for on this thread; the proxy has others.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let report = measure(&runtime)?;
    Ok(if report.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(runtime: &tokio::runtime::Runtime) -> anyhow::Result<Report> {
    println!("{}", program("holdfast").display());
    let files = tempfile::tempdir()?;
    let text = corpus::write(files.path())?;
    println!("{} notes, {:.1} MB of text.", corpus::NOTES, text as f64 / 1e6);
    let mut report = Report::default();

    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    // A free port; whoever takes it in between makes the server say so.
    let behind: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = Server::start_with(&behind.to_string(), &["--public-url", &format!("https://{address}")]);
    let proxy = Proxy::start(listener, behind, &server.data())?;
    let seen = Seen { proxy: &proxy };

    let a = Computer::with_vault();
    let from = files.path().to_str().context("The folder's name is no text.")?;
    let started = Instant::now();
    let imported = a.ok(["import", "--from", "markdown", from]);
    println!("import: {} notes in {:.1} s", imported["notes"], started.elapsed().as_secs_f64());
    let compressed = compressed_bytes(&a.vault())?;
    println!("{:.2} MB in revisions that are compressed one by one", compressed as f64 / 1e6);
    a.ok(["account", "create", "--link", &server.link, "--user", USER]);
    let before = limits()?;

    let push = seen.cycle("everything, from the first computer", &a, &mut report);
    report.most("requests of a push of everything", push.count.requests as f64, 60.0);
    report.most("bytes of it for each byte of compressed revisions", push.count.up as f64 / compressed as f64, 1.2);
    let none = seen.cycle("no change", &a, &mut report);
    report.most("requests without a change", none.count.requests as f64, 1.0);
    report.below("bytes up without a change", none.count.up as f64, KB);
    report.below("bytes down without a change", none.count.down as f64, KB);

    let b = Computer::new();
    proxy.take();
    let (started, cpu) = (Instant::now(), cpu_seconds(true));
    b.ok(["account", "join", "--link", &server.link, "--user", USER]);
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds(true) - cpu);
    let join = report.row(Row::new("joining, on the second computer", proxy.take(), seconds, cpu));
    let pull = seen.cycle("everything, to the second computer", &b, &mut report);
    let after = limits()?;
    let requests = join.count.requests + pull.count.requests;
    report.most("requests until a second computer has everything", requests as f64, 20.0);

    // What the first sync says of itself, where it lets notes be read before all can be searched.
    let (readable_s, searched_s) = (pull.seconds_of("readable_ms"), pull.seconds_of("elapsed_ms"));
    report.most("seconds of a push of everything", push.seconds, POUCHDB_PUSH_S / 10.0);
    report.most("seconds until every note can be read", readable_s, POUCHDB_PULL_S / 3.0);
    let limits = Limits::stricter(before, after);
    println!("{limits}");
    report.most("first sync with its search index, in limits", searched_s / limits.pull_s, 2.0);
    report.figure("push, in limits", push.seconds / limits.push_s);

    a.sync();
    b.sync();
    proxy.take();
    let note = a.notes().into_iter().next().context("There is no note.")?;
    let id = note["id"].as_str().unwrap_or_default().to_owned();
    let body = format!("{}one more line\n", note["body"].as_str().unwrap_or_default());
    a.ok_with_input(["note", "edit", &id, "--body-file", "-"], body.as_bytes());
    let sent = seen.cycle("one changed note", &a, &mut report);
    let received = seen.cycle("the same, to the second computer", &b, &mut report);
    report.most("requests to send a changed note", sent.count.requests as f64, 2.0);
    report.most("requests to receive it", received.count.requests as f64, 2.0);

    // A word in a note of 100 KB.
    let mut long = String::new();
    for n in 0..1_750 {
        writeln!(long, "Line {n} of a long note, {:x} and so on, and on, and on.", n * 7_919)?;
    }
    let id = a.add("A long note", &long);
    a.sync();
    proxy.take();
    let changed = long.replacen("Line 700 of", "Row 700 of", 1);
    a.ok_with_input(["note", "edit", &id, "--body-file", "-"], changed.as_bytes());
    let word = seen.cycle(&format!("one word in a note of {} KB", long.len() / 1_000), &a, &mut report);
    report.below("bytes up for a word in a note of 100 KB", word.count.up as f64, 2.0 * KB);

    anyhow::ensure!(a.notes().len() == corpus::NOTES + 1, "The first computer lost notes.");
    b.sync();
    anyhow::ensure!(a.notes() == b.notes(), "The two computers differ.");

    // As in the window: the program stays, and so does its connection.
    let stays = staying(&b.vault())?;
    for what in ["the first sync of a program that stays", "no change, in a program that stays"] {
        proxy.take();
        let cpu = cpu_seconds(false);
        let done = runtime.block_on(stays.run_once())?;
        let cpu = cpu_seconds(false) - cpu;
        let row = report.row(Row::new(what, proxy.take(), done.elapsed_ms as f64 / 1e3, cpu));
        if what.starts_with("no change") {
            report.most("requests without a change, connected", row.count.requests as f64, 1.0);
            report.below("TCP bytes up without a change, connected", row.count.raw_up as f64, KB);
            report.below("TCP bytes down without a change, connected", row.count.raw_down as f64, KB);
        }
    }
    stays.vault().close()?;
    Ok(report)
}

struct Seen<'a> {
    proxy: &'a Proxy,
}

impl Seen<'_> {
    /// One sync, as the proxy saw it.
    fn cycle(&self, what: &str, computer: &Computer, report: &mut Report) -> Row {
        let cpu = cpu_seconds(true);
        let answer: Value = computer.sync();
        let cpu = cpu_seconds(true) - cpu;
        let seconds = answer["elapsed_ms"].as_f64().unwrap_or(f64::NAN) / 1e3;
        report.row(Row { said: answer, ..Row::new(what, self.proxy.take(), seconds, cpu) })
    }
}

/// The sum of all revisions of a vault, each compressed by itself, as the bound has it.
fn compressed_bytes(vault: &Path) -> anyhow::Result<usize> {
    let open = KeyFile::read(&vault.join("vault.keys"))?.open_with_passphrase(PASSPHRASE)?;
    let key = RawKey::new(open.database_key.to_sqlcipher_hex()).context("The key has another form.")?;
    let store = Store::open_reader(&vault.join("vault.db"), &key)?;
    let sum = store.read(|r| {
        let mut sum = 0;
        for record in r.records()? {
            for row in r.history(record)? {
                let bytes = r.revision_bytes(row.rid)?.unwrap_or_default();
                sum += zstd::bulk::compress(&bytes, 3)?.len();
            }
        }
        Ok::<_, StoreError>(sum)
    })?;
    Ok(sum)
}

/// `cargo xtask bench limits`, now.
fn limits() -> anyhow::Result<Limits> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["bench", "--quiet", "--package", "holdfast-store", "--bench", "limits"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "The limits could not be measured.");
    Limits::parse(&String::from_utf8(output.stdout)?)
}

/// The vault's own sync, in this process.
fn staying(vault: &Path) -> anyhow::Result<Syncer> {
    let vault = Arc::new(Vault::open(vault, PASSPHRASE, Env::system())?);
    let connect = Arc::new(|address: &ServerAddress| {
        Ok(Arc::new(HttpClient::new(&address.url, address.pin)?) as Arc<dyn SyncProtocol>)
    });
    Ok(Syncer::new(vault, connect)?)
}
