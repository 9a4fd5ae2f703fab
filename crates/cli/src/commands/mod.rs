//! One file a noun.

mod account;
mod activity;
mod attachment;
mod backup;
mod config;
mod decide;
mod device;
mod doctor;
mod history;
mod merge_cases;
mod merge_file;
mod note;
mod notebook;
mod receipts;
mod review;
mod search;
mod set_aside;
mod sync;
mod transfer;
mod tripwire;
mod vault;

use crate::Outcome;
use crate::args::{Cli, Command, PassphraseCommand};
use crate::session::Place;

/// Runs a command to its end: when it returns, all it changed is on disk.
pub fn run(cli: Cli) -> Outcome {
    let place = Place(cli.vault);
    match cli.command {
        Command::Init { device_name } => vault::init(&place, device_name),
        Command::Unlock { recovery: _ } => vault::unlock(&place),
        Command::Note(command) => note::run(&place, command),
        Command::Notebook(command) => notebook::run(&place, command),
        Command::Attachment(command) => attachment::run(&place, &command),
        Command::Search { query, limit } => search::run(&place, &query, limit),
        Command::Import { from: _, path, dry_run } => transfer::import(&place, &path, dry_run),
        Command::Export { to: _, dir } => transfer::export(&place, &dir),
        Command::Account(command) => account::run(&place, command),
        Command::Device(command) => device::run(&place, command),
        Command::Passphrase(PassphraseCommand::Change) => vault::change_passphrase(&place),
        Command::Sync => sync::sync(&place),
        Command::Status => sync::status(&place),
        Command::Config { name, value } => config::run(&place, name.as_deref(), value),
        Command::Activity(args) => activity::run(&place, &args),
        Command::Doctor => doctor::run(&place),
        Command::Tripwire(command) => tripwire::run(&place, command),
        Command::SetAside(command) => set_aside::run(&place, &command),
        Command::Backup(command) => backup::run(&place, command),
        Command::Review(command) => review::run(&place, command),
        Command::Receipts { command } => receipts::run(&place, command),
        Command::MergeCases => merge_cases::run(),
        Command::MergeFile(command) => merge_file::run(&command),
    }
}
