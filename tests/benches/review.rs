//! How long the review dialog takes, in the real window: `cargo xtask bench review`.
//!
//! A note of a megabyte with 200 places, beside a short one with 3 in the same vault and window. What a person waits
//! for is timed inside the page, from the event of a real key to the second animation frame that has the result; a key
//! that does nothing is timed in the same way, so that the machine and its screen can be told from the dialog.
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
#[path = "../tests/window/long_note.rs"]
mod long_note;
#[path = "../tests/window/server.rs"]
mod server;
#[path = "../tests/window/terminal.rs"]
mod terminal;
#[path = "../tests/window/window.rs"]
mod window;

use anyhow::Context as _;
use computer::{Computer, hook};
use long_note::{TITLE, body, id, to_review};
use serde_json::{Value, json};

const SHORT: &str = "A short note";
const PLACES: usize = 200;
const PLACES_SHORT: usize = 3;
/// So often each note is opened.
const OPENINGS: usize = 12;
/// So many keys that do nothing.
const BARE: usize = 60;
/// What the next place must come in, at the 95th percentile.
const GOAL_MS: f64 = 100.0;

/// Times each key, until another place is shown and painted; a key that leads nowhere until the second frame.
const WATCH: &str = "window.keys = [];
    const step = () => document.querySelector('[data-testid=review-step]')?.textContent ?? '';
    const frame = requestAnimationFrame;
    addEventListener('keydown', (event) => {
        if (event.key === 'Alt') return;
        const bare = event.key === 'x';
        const before = step();
        const now = performance.now();
        const started = event.timeStamp > 0 && event.timeStamp <= now ? event.timeStamp : now;
        const look = () => {
            if (!bare && step() === before) frame(look);
            else frame(() => keys.push(performance.now() - started));
        };
        frame(look);
    }, true);";

/// Opens the review of a title from the list, and answers when its first place is painted, and when its Result is.
const OPEN: &str = "const [title, done] = arguments;
    const frame = requestAnimationFrame;
    const item = [...document.querySelectorAll('[data-testid=review-list-item]')].find((it) => it.innerText.includes(title));
    const started = performance.now();
    const until = (test) => new Promise((met) => {
        const look = () => { if (test()) frame(() => met(performance.now() - started)); else frame(look); };
        frame(look);
    });
    const place = until(() => document.querySelector('[data-testid=side-card]'));
    const text = until(() => document.querySelector('[data-testid=review-result] .hf-from-open'));
    item.click();
    Promise.all([place, text]).then(([place, text]) => done({
        place, text,
        step: document.querySelector('[data-testid=review-step]').textContent,
        elements: document.querySelectorAll('*').length,
    }));";

/// One command of the program, with how long it takes and how much it answers.
const CALL: &str = "const [command, given, done] = arguments;
    const started = performance.now();
    window.__TAURI_INTERNALS__.invoke(command, given).then((answer) => {
        const ms = performance.now() - started;
        done({ ms, bytes: new TextEncoder().encode(JSON.stringify(answer)).length });
    });";

fn main() -> anyhow::Result<()> {
    // `cargo test --all-targets` runs this too, and asks for no figures.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure())
}

/// Milliseconds of the same thing done several times.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn at(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    fn line(&self, what: &str, others: &[&Times]) {
        let ratios: Vec<String> = others.iter().map(|it| format!("{:>7.2}", self.at(50) / it.at(50))).collect();
        println!("{what:44} {:>5}  {:>7.1}  {:>7.1}  {}", self.0.len(), self.at(50), self.at(95), ratios.join("  "));
    }
}

fn number(value: &Value) -> anyhow::Result<f64> {
    value.as_f64().with_context(|| format!("{value} is no number."))
}

async fn measure() -> anyhow::Result<()> {
    println!(
        "A note of {} KB with {PLACES} places, and one of {} KB with {PLACES_SHORT}.",
        kb(PLACES),
        kb(PLACES_SHORT)
    );
    let (_server, laptop, _office) = to_review(&[(TITLE, PLACES), (SHORT, PLACES_SHORT)]).await?;
    laptop.click(&hook("nav-review")).await?;
    laptop.find(&hook("review-list-item")).await?;
    laptop.execute(WATCH).await?;

    let (mut first, mut text, mut elements) = (Vec::new(), Vec::new(), Vec::new());
    for title in [SHORT, TITLE] {
        let (mut firsts, mut texts, mut most) = (Times::default(), Times::default(), 0.0_f64);
        for _ in 0..OPENINGS {
            let seen = laptop.execute_async(OPEN, vec![json!(title)]).await?;
            anyhow::ensure!(seen["step"].as_str().is_some_and(|it| it.starts_with("choice 1 of")), "{seen}");
            firsts.0.push(number(&seen["place"])?);
            texts.0.push(number(&seen["text"])?);
            most = most.max(number(&seen["elements"])?);
            laptop.later().await?;
        }
        first.push(firsts);
        text.push(texts);
        elements.push(most);
    }

    let bare = press(&laptop, "x", BARE).await?;
    open(&laptop, SHORT).await?;
    let mut short = press(&laptop, "Alt+Down", PLACES_SHORT - 1).await?;
    for _ in 0..BARE / 4 {
        short.0.extend(press(&laptop, "Alt+Up", PLACES_SHORT - 1).await?.0);
        short.0.extend(press(&laptop, "Alt+Down", PLACES_SHORT - 1).await?.0);
    }
    laptop.later().await?;
    open(&laptop, TITLE).await?;
    let stepped = press(&laptop, "Alt+Down", PLACES - 1).await?;
    // The last choice leads to Finish, and to no place.
    let chosen = press(&laptop, "1", PLACES - 1).await?;
    laptop.later().await?;

    let mut get = Times::default();
    let mut choose = Times::default();
    let (mut get_bytes, mut choose_bytes) = (0.0, 0.0_f64);
    let note = id(&laptop, TITLE).await?;
    for _ in 0..OPENINGS {
        let answer = call(&laptop, "review_get", json!({ "id": note })).await?;
        get.0.push(answer.0);
        get_bytes = answer.1;
    }
    let review = laptop.ask("review_get", json!({ "id": note })).await?;
    for place in review["places"].as_array().into_iter().flatten() {
        let given = json!({ "id": note, "place": place["id"], "choice": { "kind": "side", "number": 2 } });
        let answer = call(&laptop, "review_choose", given).await?;
        choose.0.push(answer.0);
        choose_bytes = choose_bytes.max(answer.1);
    }

    println!("\n{:44} {:>5}  {:>7}  {:>7}  {:>7}  {:>7}", "", "n", "p50 ms", "p95 ms", "÷ short", "÷ bare");
    bare.line("a key that does nothing, to the second frame", &[]);
    first[0].line("short note: opens, first place painted", &[]);
    first[1].line("long note: opens, first place painted", &[&first[0], &bare]);
    text[1].line("long note: opens, Result painted", &[&text[0], &bare]);
    short.line("short note: next place", &[]);
    stepped.line("long note: next place, by Alt+Down", &[&short, &bare]);
    chosen.line("long note: next place, by choosing", &[&short, &bare]);
    get.line("long note: the call that reads the review", &[]);
    choose.line("long note: the call that keeps a choice", &[]);
    println!("\nAnswers: {:.0} KB once to open, at most {choose_bytes} bytes a choice.", get_bytes / 1000.0);
    println!("Elements in the page: {} with the short note, {} with the long one.", elements[0], elements[1]);
    let worst = stepped.at(95).max(chosen.at(95));
    let verdict = if worst < GOAL_MS { "met" } else { "NOT met" };
    println!("The next place of the long note, p95: {worst:.1} ms. The goal, under {GOAL_MS} ms, is {verdict}.");
    Ok(())
}

fn kb(parts: usize) -> usize {
    body(parts, None).len() / 1000
}

async fn open(laptop: &Computer, title: &str) -> anyhow::Result<()> {
    laptop.execute_async(OPEN, vec![json!(title)]).await.map(drop)
}

/// Presses a key so often, each time after the page is done with the last.
async fn press(laptop: &Computer, chord: &str, times: usize) -> anyhow::Result<Times> {
    laptop.execute("window.keys.length = 0").await?;
    for n in 1..=times {
        laptop.press(chord).await?;
        let done = "return window.keys.length >= arguments[0]";
        laptop.until(&format!("{chord} is answered"), async || laptop.execute_with(done, vec![json!(n)]).await).await?;
    }
    let keys = laptop.execute("return window.keys").await?;
    Ok(Times(keys.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()))
}

/// Milliseconds, and bytes of the answer.
async fn call(laptop: &Computer, command: &str, given: Value) -> anyhow::Result<(f64, f64)> {
    let answer = laptop.execute_async(CALL, vec![json!(command), given]).await?;
    Ok((number(&answer["ms"])?, number(&answer["bytes"])?))
}
