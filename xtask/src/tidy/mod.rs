//! `cargo xtask tidy`: the rules of the house that no linter knows. The rules are data, in docs/rooms.toml.

mod files;
mod rooms;
mod rules;
mod simulation;
mod size;
mod source;
mod sql;
mod words;
pub mod workspace;

use std::fmt;
use std::process::ExitCode;

use crate::place::Place;
use files::SourceFile;
use rules::Rules;
use workspace::Workspace;

/// Something to put right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// From the root, with `/`.
    path: String,
    /// From 1.
    line: usize,
    what: String,
    to_do: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), to_do: to_do.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} — {}", self.path, self.line, self.what, self.to_do)
    }
}

/// Checks every rule, and prints each finding on its line.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    let rules = Rules::read(place)?;
    let files = files::read(place)?;
    let workspace = Workspace::read(place)?;
    let mut findings = rooms::check(&rules, &workspace);
    findings.extend(simulation::check(&rules, &workspace));
    for file in &files {
        findings.extend(check(&rules, file));
    }
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files read, {} findings", files.len(), findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(rules: &Rules, file: &SourceFile) -> Vec<Finding> {
    if rules.is_generated(&file.path) {
        return Vec::new();
    }
    let source = source::split(&file.text, file.language);
    [size::check(rules, file, &source), sql::check(rules, file, &source), words::check(file, &source)].concat()
}
