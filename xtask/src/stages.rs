//! A row of checks, each a program with its output in a file, and a table at the end.
//!
//! A failed stage does not stop the others, except those that need it. The last line printed is
//! `N passed, N failed`, alone, for machines to read.

mod counts;
mod failures;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use counts::Counts;

use crate::command;
use crate::place::Place;

/// How much of a failed stage's output is shown, where no failed test says what it has to say.
const TAIL_LINES: usize = 80;

/// One check.
pub struct Stage {
    name: &'static str,
    command: Command,
    needs: &'static [&'static str],
    has_tests: bool,
}

impl Stage {
    /// A stage that passes if `command` does, and counts as one.
    pub fn new(name: &'static str, command: Command) -> Self {
        Self { name, command, needs: &[], has_tests: false }
    }

    /// The stage runs tests, which are counted one by one from what it prints.
    pub fn with_tests(mut self) -> Self {
        self.has_tests = true;
        self
    }

    /// The stage is left out if one of these did not pass.
    pub fn needs(mut self, names: &'static [&'static str]) -> Self {
        self.needs = names;
        self
    }
}

/// What became of a stage.
struct Outcome {
    name: &'static str,
    result: Verdict,
    counts: Counts,
    took: Duration,
    /// What failed, again at the very end: a long output is often cut at its beginning.
    failures: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// Left out, because this stage did not pass.
    LeftOut(&'static str),
}

/// Runs the stages in order; `true` if all passed.
pub fn run(place: &Place, stages: Vec<Stage>) -> anyhow::Result<bool> {
    let logs = place.logs();
    fs::create_dir_all(&logs).with_context(|| format!("{} could not be made.", place.shown(&logs)))?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for stage in stages {
        let outcome = one(place, &logs, stage, &outcomes)?;
        outcomes.push(outcome);
    }
    for Outcome { name, failures, .. } in &outcomes {
        for failure in failures {
            println!("\nfailed in \"{name}\": {failure}");
        }
    }
    println!("{}", table(&outcomes));
    Ok(outcomes.iter().all(|outcome| outcome.result == Verdict::Passed))
}

fn one(place: &Place, logs: &Path, stage: Stage, before: &[Outcome]) -> anyhow::Result<Outcome> {
    let name = stage.name;
    let passed = |need: &&str| before.iter().any(|outcome| outcome.name == *need && outcome.result == Verdict::Passed);
    if let Some(missing) = stage.needs.iter().find(|need| !passed(need)) {
        println!("{name} ... left out, since \"{missing}\" did not pass");
        return Ok(Outcome {
            name,
            result: Verdict::LeftOut(missing),
            counts: Counts::NONE,
            took: Duration::ZERO,
            failures: Vec::new(),
        });
    }
    print!("{name} ... ");
    // Nothing depends on the words before the result being seen early.
    let _ = std::io::stdout().flush();
    let started = Instant::now();
    let log = logs.join(format!("{}.log", name.replace(' ', "-")));
    let has_tests = stage.has_tests;
    let succeeded = logged(stage.command, &log)?;
    let took = started.elapsed();
    let output = fs::read(&log).with_context(|| format!("{} cannot be read.", place.shown(&log)))?;
    let output = String::from_utf8_lossy(&output);
    let counts = Counts::of(&output, has_tests, succeeded);
    let result = if succeeded { Verdict::Passed } else { Verdict::Failed };
    println!("{} ({})", word(result), seconds(took));
    let mut failures = Vec::new();
    if result == Verdict::Failed {
        failures = failures::of(&output);
        println!("{}\n  all of it: {}\n", tail(&output), place.shown(&log));
    }
    Ok(Outcome { name, result, counts, took, failures })
}

/// Runs a command with all it prints going to a file; `false` if it fails or cannot be started.
fn logged(mut command: Command, log: &PathBuf) -> anyhow::Result<bool> {
    let file = File::create(log).with_context(|| format!("{} could not be written.", log.display()))?;
    let copy = file.try_clone().context("A log could not be shared.")?;
    command.stdin(Stdio::null()).stdout(file).stderr(copy);
    match command.status() {
        Ok(status) => Ok(status.success()),
        Err(error) => {
            let sentence = format!("`{}` could not be started: {error}\n", command::shown(&command));
            fs::write(log, sentence).with_context(|| format!("{} could not be written.", log.display()))?;
            Ok(false)
        }
    }
}

fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    let shown: Vec<String> = lines[from..].iter().map(|line| format!("  | {line}")).collect();
    shown.join("\n")
}

fn word(result: Verdict) -> &'static str {
    match result {
        Verdict::Passed => "passed",
        Verdict::Failed => "FAILED",
        Verdict::LeftOut(_) => "left out",
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn table(outcomes: &[Outcome]) -> String {
    use std::fmt::Write as _;
    let width = outcomes.iter().map(|outcome| outcome.name.len()).max().unwrap_or_default();
    let mut text = format!("\n{:width$}  {:8}  {:>6}  {:>6}  {:>9}\n", "stage", "result", "passed", "failed", "time");
    let mut total = Counts::NONE;
    for outcome in outcomes {
        let Counts { passed, failed } = outcome.counts;
        total.passed += passed;
        total.failed += failed;
        // Writing to a string cannot fail.
        let _ = write!(text, "{:width$}  {:8}  ", outcome.name, word(outcome.result));
        let _ = writeln!(text, "{passed:>6}  {failed:>6}  {:>9}", seconds(outcome.took));
    }
    let _ = write!(text, "\n{} passed, {} failed", total.passed, total.failed);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_sum() {
        let outcome = |name, result, passed, failed| Outcome {
            name,
            result,
            counts: Counts { passed, failed },
            took: Duration::from_millis(1234),
            failures: Vec::new(),
        };
        let text = table(&[
            outcome("style", Verdict::Passed, 1, 0),
            outcome("units", Verdict::Failed, 40, 2),
            outcome("window", Verdict::LeftOut("units"), 0, 0),
        ]);
        assert_eq!(text.lines().last(), Some("41 passed, 2 failed"));
        assert!(text.contains("units   FAILED        40       2      1.2 s"), "{text}");
        assert!(text.contains("window  left out"), "{text}");
    }

    #[test]
    fn a_tail_keeps_the_end() {
        let output: Vec<String> = (0..TAIL_LINES + 5).map(|number| format!("line {number}")).collect();
        let shown = tail(&output.join("\n"));
        assert!(shown.starts_with("  | line 5\n"));
        assert!(shown.ends_with("  | line 84"));
    }
}
