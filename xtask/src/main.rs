//! The project's own commands, so that nobody has to remember which tool does what, and so that
//! continuous integration runs what a person runs. `cargo xtask help` lists them.
//!
//! One file a command; what several need is in `place` (where things are), `command` (running programs),
//! `setup` (what must be installed) and `stages` (a row of checks with a table at the end).

mod bench;
mod bindings;
mod bundle;
mod chaos;
mod command;
mod demo;
mod place;
mod run;
mod setup;
mod sim;
mod stages;
mod test;
mod tidy;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use place::Place;

/// Holdfast's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the program and start it
    Run {
        /// Arguments for the program, after `--`
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Run every check: style, units, programs, the real window
    Test {
        /// Run the long tests too (those marked `#[ignore]`)
        #[arg(long)]
        long: bool,
    },
    /// Check the house rules that no linter knows
    Tidy,
    /// Generate the TypeScript of every command, type and event
    Bindings {
        /// Only say whether it is current
        #[arg(long)]
        check: bool,
    },
    /// Build the installable package
    Bundle,
    /// Measure, with figures and ratios that can be repeated
    Bench {
        #[command(subcommand)]
        bench: bench::Bench,
    },
    /// Try to break sync: many devices, a network and disks that fail, from seeds (see `sim --help`)
    #[command(disable_help_flag = true)]
    Sim {
        /// Arguments for the simulator
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run the real programs through broken wires, kills, full disks and a server set back (see `chaos --help`)
    #[command(disable_help_flag = true)]
    Chaos {
        /// Arguments for it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Open two windows and a server, with notes that wait for review
    Demo,
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let place = Place::find()?;
    match command {
        Command::Run { args } => run::run(&place, &args),
        Command::Test { long } => test::run(&place, long),
        Command::Tidy => tidy::run(&place),
        Command::Bindings { check } => bindings::run(&place, check),
        Command::Bundle => bundle::run(&place).map(|()| ExitCode::SUCCESS),
        Command::Bench { bench } => bench::run(&place, &bench),
        Command::Sim { args } => sim::run(&place, &args),
        Command::Chaos { args } => chaos::run(&place, &args),
        Command::Demo => demo::run(&place),
    }
}
