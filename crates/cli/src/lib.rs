//! `holdfast`: the same use cases in a terminal.
//!
//! Standard output holds the answer and nothing else (with `--json` exactly one JSON value); standard error holds
//! sentences. Exit codes: 0, 1 failed, 2 usage, 3 the vault is open elsewhere, 75 the server is not reachable;
//! `merge-file` has those of `git merge-file`.

mod args;
mod commands;
mod failure;
mod ids;
mod input;
mod markers;
mod output;
mod passphrase;
mod progress;
mod session;
mod shapes;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use args::Cli;
use failure::Failure;
use output::Answer;

/// What a command answers.
type Outcome<T = Answer> = Result<T, Failure>;

/// The whole program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    // Silent unless it is asked for with RUST_LOG: standard error is for people.
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    }
    let json = cli.json;
    match commands::run(cli) {
        Ok(answer) => match output::print(&answer, json) {
            Ok(()) => ExitCode::from(answer.exit),
            Err(error) => {
                let why = input::why(&error);
                output::complain(&format!("It is done, but the answer cannot be printed: {why}."));
                ExitCode::from(failure::FAILED)
            }
        },
        Err(failure) => {
            if let Some(answer) = failure.answer() {
                // That it cannot be printed is the smaller failure of the two.
                let _ = output::print(answer, json);
            }
            // The sentence says everything to a person; the code is for who counts failures.
            tracing::info!(code = ?failure.code(), "failed");
            output::complain(&failure.sentence());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Help, or a sentence about what was typed. Git takes 2 from a merge driver for two conflicts, so `merge-file` fails
/// with another code.
fn refuse(error: &clap::Error) -> ExitCode {
    // Of no arguments at all clap makes a help that was not asked for.
    if !error.use_stderr() {
        // Nowhere is left to say that this failed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let path = usage::command_path(std::env::args_os().skip(1));
    output::complain(&usage::sentence(error, &path));
    let merges = path.get(1).is_some_and(|command| command == "merge-file");
    ExitCode::from(if merges { failure::GIT_USAGE } else { failure::USAGE })
}
