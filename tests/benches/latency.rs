//! From the outbox of one computer to the text in the window of another: `cargo xtask bench latency`.
//!
//! Two real windows and a real server on this machine. In the first, a change is saved and committed, as leaving a
//! note does, by the commands that the page itself calls; the count begins before the commit, which puts it into the
//! outbox. In the second the note is open: an observer of the page sees the text come into the editor, and counts to
//! the animation frame after it. Both read the clock of this machine, in milliseconds.
#![allow(clippy::unwrap_used)]
// The window's tests use more of these than a bench does.
#![allow(dead_code)]

#[path = "../tests/window/computer.rs"]
mod computer;
#[path = "../tests/window/driver.rs"]
mod driver;
#[path = "../tests/window/keys.rs"]
mod keys;
#[path = "../tests/window/layout.rs"]
mod layout;
#[path = "../tests/window/server.rs"]
mod server;
#[path = "../tests/window/window.rs"]
mod window;

use std::time::Duration;

use anyhow::Context as _;
use computer::Computer;
use serde_json::{Value, json};
use server::Server;

const NOTE: &str = "Minutes";
const OTHER: &str = "Elsewhere";
const SAMPLES: u32 = 200;
/// Not counted: the first are slower.
const WARM_UP: u32 = 5;
/// What it must come in, at the 95th percentile.
const GOAL_MS: f64 = 300.0;

/// Notes when each sample's text is in the editor, and when it is in a frame.
const WATCH: &str = "window.seen = {}; window.drawn = {};
    const look = () => {
        const text = document.querySelector('[data-testid=note-body]')?.textContent ?? '';
        const found = text.match(/sample (\\d+)\\./);
        if (!found || found[1] in seen) return;
        const n = found[1];
        seen[n] = Date.now();
        requestAnimationFrame(() => requestAnimationFrame(() => { drawn[n] = Date.now(); }));
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });";

/// Saves a text and commits it. Answers when the commit began and when it was done.
const CHANGE: &str = "const [id, body, done] = arguments;
    const call = window.__TAURI_INTERNALS__.invoke;
    (async () => {
        const note = await call('note_get', { id });
        await call('note_save', { request: { id, seen_heads: note.seen_heads, patch: { body } } });
        const began = Date.now();
        await call('note_leave', { id });
        return { began, committed: Date.now() };
    })().then(done, (error) => done({ error: JSON.stringify(error) }));";

/// What the machine and its screen take, with nothing to do.
const BARE: &str = "const [done] = arguments;
    (async () => {
        const began = performance.now();
        await window.__TAURI_INTERNALS__.invoke('sync_status');
        const answered = performance.now();
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        return { call: answered - began, frames: performance.now() - answered };
    })().then(done);";

fn main() -> anyhow::Result<()> {
    // `cargo test --all-targets` runs this too, and asks for no figures.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let server = Server::start()?;
    let laptop = Computer::new("Laptop").await?;
    laptop.create_vault().await?;
    laptop.write(NOTE, "Nothing yet.").await?;
    laptop.add_server(&server).await?;
    laptop.wait_status("Up to date").await?;
    // Its own window shows another note, so that only the commands change this one.
    laptop.write(OTHER, "Something else.").await?;
    let office = Computer::new("Office PC").await?;
    office.join(&server).await?;
    office.open(NOTE).await?;
    office.wait_body("Nothing yet.").await?;
    office.execute(WATCH).await?;
    let query = json!({ "query": { "scope": { "kind": "all" }, "order": "title", "offset": 0, "limit": 100 } });
    let list = laptop.ask("notes_list", query).await?;
    let item = list["items"].as_array().into_iter().flatten().find(|note| note["title"] == NOTE);
    let id = item.context("The note is not in the list.")?["id"].clone();

    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut pause = 7_u64;
    for n in 1..=WARM_UP + SAMPLES {
        let body = format!("This is sample {n}. What follows stays as it is.\n");
        let change = laptop.execute_async(CHANGE, vec![id.clone(), json!(body)]).await?;
        let (began, committed) = (time(&change, "began")?, time(&change, "committed")?);
        let drawn = format!("return window.drawn[{n}] ?? null");
        office.until(&format!("sample {n} is there"), async || office.execute(&drawn).await).await?;
        let seen = office.execute(&format!("return {{ seen: seen[{n}], drawn: drawn[{n}] }}")).await?;
        if n > WARM_UP {
            times[0].push(time(&seen, "seen")? - began);
            times[1].push(time(&seen, "seen")? - committed);
            times[2].push(time(&seen, "drawn")? - began);
        }
        // At no fixed distance, so that no timer of the programs is in step with it.
        pause = pause.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis((pause >> 33) % 400)).await;
    }

    let (mut call, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let bare = office.execute_async(BARE, Vec::new()).await?;
        call.push(time(&bare, "call")?);
        frames.push(time(&bare, "frames")?);
    }

    println!("{SAMPLES} changes, from the outbox of one computer to the window of another, on the loopback.\n");
    println!("{:54} {:>7} {:>7} {:>7} {:>7}", "milliseconds", "p50", "p95", "p99", "most");
    line("before the commit, until the text is in the editor", &mut times[0]);
    line("after the commit, until the text is in the editor", &mut times[1]);
    line("before the commit, until the second frame with it", &mut times[2]);
    line("beside it: a call of the program, with an answer", &mut call);
    line("beside it: two frames of a page at rest", &mut frames);
    let p95 = at(&times[0], 95);
    let verdict = if p95 < GOAL_MS { "met" } else { "NOT met" };
    println!("\nThe goal, under {GOAL_MS} ms at the 95th percentile of the first line, is {verdict}.");
    Ok(())
}

fn time(value: &Value, key: &str) -> anyhow::Result<f64> {
    value[key].as_f64().with_context(|| format!("{value} has no {key}."))
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn line(what: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    let most = times.last().copied().unwrap_or(f64::NAN);
    println!("{what:54} {:>7.0} {:>7.0} {:>7.0} {most:>7.0}", at(times, 50), at(times, 95), at(times, 99));
}
