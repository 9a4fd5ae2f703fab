//! `cargo xtask test`: every check there is, in one row. Continuous integration runs exactly this.

pub mod display;

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::command;
use crate::place::Place;
use crate::run::{DESKTOP, EMBEDDED};
use crate::setup::{self, Purpose};
use crate::sim;
use crate::stages::{self, Stage};
use crate::tidy::workspace::Workspace;
use display::Display;

/// The package of tests of the whole, and its binary that drives the window.
const WHOLE: &str = "holdfast-tests";
const WINDOW: &str = "window";

/// Runs every stage; fails if one does.
pub fn run(place: &Place, long: bool) -> anyhow::Result<ExitCode> {
    setup::run(place, Purpose::Test)?;
    let display = Display::new(place)?;
    let stages = stages(place, &display, long)?;
    let passed = stages::run(place, stages)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The stages, cheap ones first.
fn stages(place: &Place, display: &Display, long: bool) -> anyhow::Result<Vec<Stage>> {
    let cargo = |words: &[&str]| plain(command::cargo(place), words);
    let npm = |words: &[&str]| plain(command::npm(place), &[&["run", "--silent"], words].concat());
    // The simulator turns a feature on that nothing else may be built with.
    let core = ["--workspace", "--exclude", DESKTOP, "--exclude", WHOLE, "--exclude", sim::SIM];
    let ourselves = std::env::current_exe().context("The path of this program is unknown.")?;

    let mut stages = vec![
        Stage::new("tidy", plain(Command::new(&ourselves), &["tidy"])),
        Stage::new("format", cargo(&["fmt", "--all", "--check"])),
        Stage::new("ui build", npm(&["build"])),
        Stage::new("ui types", npm(&["check"])),
        Stage::new("ui lint", npm(&["lint"])),
        Stage::new("ui tests", npm(&["test"])).with_tests(),
        // Tauri reads ui/dist while it compiles.
        Stage::new("clippy", cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
            .needs(&["ui build"]),
        Stage::new("core tests", cargo(&[&["test", "--no-fail-fast"], &core[..]].concat())).with_tests(),
    ];
    let mut units = cargo(&["test", sim::PROFILE[0], sim::PROFILE[1], "--package", sim::SIM]);
    units.env(sim::SQLITE.0, sim::SQLITE.1);
    stages.push(Stage::new("simulator units", units).with_tests());
    let simulated = [&["sim"], &sim::IN_EVERY_TEST[..]].concat();
    stages.push(Stage::new("simulator", plain(Command::new(&ourselves), &simulated)));
    let twice = [&["sim"], &sim::TWICE[..]].concat();
    stages.push(Stage::new("simulator, twice", plain(Command::new(&ourselves), &twice)));
    if long {
        let words = ["test", "--no-fail-fast", "--lib", "--bins", "--tests"];
        let command = cargo(&[&words, &core[..], &["--", "--ignored"]].concat());
        stages.push(Stage::new("long core tests", command).with_tests());
    }
    stages.extend([
        Stage::new(
            "programs",
            cargo(&["build", "--package", "holdfast-cli", "--package", "holdfast-server", "--bins"]),
        ),
        Stage::new("bindings", plain(Command::new(&ourselves), &["bindings", "--check"])).needs(&["ui build"]),
        Stage::new("window program", cargo(&[&["build", "--package", DESKTOP], &EMBEDDED[..]].concat()))
            .needs(&["ui build"]),
        Stage::new("window units", cargo(&[&["test", "--lib", "--package", DESKTOP], &EMBEDDED[..]].concat()))
            .with_tests()
            .needs(&["ui build"]),
    ]);
    stages.extend(whole(place, display, long)?);
    Ok(stages)
}

/// The tests of the whole, on a private screen: first without the window, then in it.
fn whole(place: &Place, display: &Display, long: bool) -> anyhow::Result<Vec<Stage>> {
    let names = Workspace::read(place)?.test_targets(WHOLE);
    let test = |names: &[&str]| {
        let mut command = display.command(&["cargo", "test", "--no-fail-fast", "--package", WHOLE]);
        for name in names {
            command.args(["--test", name]);
        }
        // One window at a time: each is three processes.
        command.args(["--", "--test-threads", "1"]);
        if long {
            command.arg("--include-ignored");
        }
        plain(command, &[])
    };
    let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != WINDOW).collect();
    let mut stages = Vec::new();
    if !others.is_empty() {
        stages.push(Stage::new("whole tests", test(&others)).with_tests().needs(&["programs"]));
    }
    stages.push(Stage::new("window tests", test(&[WINDOW])).with_tests().needs(&["programs", "window program"]));
    Ok(stages)
}

/// The same everywhere: no colours in the logs, and the clock of Greenwich.
fn plain(mut command: Command, words: &[&str]) -> Command {
    command
        .args(words)
        .env("TZ", "UTC")
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .env("TERM", "dumb")
        // A failed test says what it found; the frames above it would push that out of the end of the log.
        .env("RUST_BACKTRACE", "0")
        .env_remove("FORCE_COLOR");
    command
}
