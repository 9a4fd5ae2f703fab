//! `kill -9` of the window while somebody types and everything is being saved and sent: what the program had shown as
//! saved is there afterwards, nothing is there twice, both computers agree, and the next sync is not refused.
//!
//! `HOLDFAST_SEED` replays a run.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use holdfast_testkit::TestRng;
use serde_json::json;

use crate::computer::{Computer, EDITOR};
use crate::server::Server;
use crate::terminal::Terminal;
use crate::window::within;

const NOTE: &str = "Log book";
/// A kill comes at some time in so long after the first new words are saved.
const SPAN_MS: usize = 1_500;

#[tokio::test]
async fn a_killed_window_loses_nothing_that_was_saved() -> anyhow::Result<()> {
    within(kills(3)).await
}

#[tokio::test]
#[ignore = "takes minutes: cargo xtask test --long"]
async fn twenty_killed_windows_lose_nothing() -> anyhow::Result<()> {
    kills(20).await
}

async fn kills(wanted: usize) -> anyhow::Result<()> {
    let now =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |it| it.as_nanos() as u64);
    let seed = std::env::var("HOLDFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
    println!("windows: HOLDFAST_SEED={seed}");
    let mut rng = TestRng::new(seed);
    let server = Server::start()?;
    let mut laptop = Computer::new("Laptop").await?;
    laptop.create_vault().await?;
    laptop.write(NOTE, "Begun.").await?;
    laptop.add_server(&server).await?;
    laptop.wait_status("Up to date").await?;
    let office = Terminal::join(&server, "Office PC")?;
    let id = office.id(NOTE)?;

    let (mut begun, mut newer) = ("Begun.".to_owned(), 0);
    for round in 0..wanted {
        laptop.open(NOTE).await?;
        laptop.wait_body(&begun).await?;
        laptop.execute_with(&format!("{EDITOR} {TYPE}"), vec![json!(round)]).await?;
        let saved = saved_before_the_kill(&laptop, &id, &begun, rng.below(SPAN_MS)).await?;
        laptop.kill().await?;

        laptop.launch().await?;
        laptop.unlock().await?;
        laptop.open(NOTE).await?;
        let body = laptop.body().await?;
        ensure!(body.starts_with(&saved), "saved was {saved:?}, and there is {body:?}");
        ensure!(body[begun.len()..] == words(round, body.len() - begun.len()), "never typed like this: {body:?}");
        newer += usize::from(body.len() > saved.len());
        laptop.sync().await?;
        office.sync()?;
        let notes = office.notes()?;
        ensure!(notes.len() == 1 && notes[0]["review"] == json!(false), "there is {notes:?}");
        assert_eq!(notes[0]["body"].as_str(), Some(body.as_str()), "the computers differ");
        begun = body;
    }
    println!(
        "windows: {wanted} kills while typing, saving and syncing; of {newer} there was more on the disk than was shown last"
    );
    Ok(())
}

/// Types a word every few milliseconds, and sends it all the time.
const TYPE: &str = "const [round] = arguments;
    let n = 0;
    setInterval(() => {
        const insert = ` ${round}.${n++}`;
        view.dispatch({ changes: { from: view.state.doc.length, insert }, userEvent: 'input.type' });
    }, 15);
    setInterval(() => void window.__TAURI_INTERNALS__.invoke('sync_now'), 120);";

/// The first bytes of what a round types.
fn words(round: usize, bytes: usize) -> String {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        text = format!("{text} {round}.{n}");
    }
    text.truncate(bytes);
    text
}

/// What the program answers that it has on disk, last before the moment that the seed chose.
async fn saved_before_the_kill(laptop: &Computer, id: &str, begun: &str, delay_ms: usize) -> anyhow::Result<String> {
    let give_up = Instant::now() + Duration::from_mins(1);
    let mut kill_at = None;
    loop {
        let note = laptop.ask("note_get", json!({ "id": id })).await?;
        let body = note["body"].as_str().context("The note has no body.")?.to_owned();
        if kill_at.is_none() && body.len() > begun.len() {
            kill_at = Some(Instant::now() + Duration::from_millis(delay_ms as u64));
        }
        if kill_at.is_some_and(|at| at <= Instant::now()) {
            return Ok(body);
        }
        ensure!(Instant::now() < give_up, "nothing of what is typed is saved");
    }
}
