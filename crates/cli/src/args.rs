//! What can be typed after `holdfast`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use holdfast_notebook::Date;

use crate::markers::DEFAULT_SIZE;

/// Holdfast: an offline-first, end-to-end encrypted notebook.
///
/// The passphrase comes from HOLDFAST_PASSPHRASE, from the system's keychain (unless HOLDFAST_NO_KEYCHAIN=1), or
/// from a prompt.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version)]
pub struct Cli {
    /// The folder of the vault.
    #[arg(long, global = true, value_name = "DIR")]
    pub vault: Option<PathBuf>,
    /// Print the answer as one JSON value.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a vault. Prints the recovery code once.
    Init {
        /// What the other computers call this one.
        #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
        device_name: Option<String>,
    },
    /// Open the vault by its recovery code (on standard input) and set a new passphrase (HOLDFAST_NEW_PASSPHRASE).
    Unlock {
        #[arg(long, required = true)]
        recovery: bool,
    },
    /// Write and read notes.
    #[command(subcommand)]
    Note(NoteCommand),
    /// The tree of notebooks.
    #[command(subcommand)]
    Notebook(NotebookCommand),
    /// The files of notes.
    #[command(subcommand)]
    Attachment(AttachmentCommand),
    /// Find notes that hold every word.
    Search {
        #[arg(allow_hyphen_values = true)]
        query: String,
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
    /// Take in a folder of notes.
    Import {
        #[arg(long)]
        from: Format,
        path: PathBuf,
        /// Only say what would be taken.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write all notes into an empty folder.
    Export {
        #[arg(long)]
        to: Format,
        dir: PathBuf,
    },
    /// The account on a server.
    #[command(subcommand)]
    Account(AccountCommand),
    /// The computers of the account.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// The passphrase of the vault, which is that of the account.
    #[command(subcommand)]
    Passphrase(PassphraseCommand),
    /// Send and receive everything once.
    Sync,
    /// How things stand.
    Status,
    /// What this computer does differently: what is switched off where it does harm, and when large files come. Without
    /// a name, what there is.
    Config {
        name: Option<String>,
        #[arg(requires = "name")]
        value: Option<ConfigValue>,
    },
    /// What sync did, the newest first.
    Activity(ActivityArgs),
    /// Look at this vault: the database, the clock, the disk and more. Exit code 1 where something is to look at.
    Doctor,
    /// A sync that would take many notes away, and waits for a decision.
    #[command(subcommand)]
    Tripwire(TripwireCommand),
    /// What arrived and could not be taken in; and what a removed computer sent late, for you to decide about.
    #[command(subcommand)]
    SetAside(SetAsideCommand),
    /// Copies of this vault on this computer. Each is a folder that opens with --vault and the passphrase.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// What needs a decision.
    #[command(subcommand)]
    Review(ReviewCommand),
    /// What was merged by itself.
    Receipts {
        #[command(subcommand)]
        command: Option<ReceiptsCommand>,
    },
    /// Merge texts from standard input; needs no vault.
    ///
    /// One object a line, {"id", "path", "base", "ours", "theirs"}; for each, in the same order and at once, a line
    /// {"clean", "text", "conflicts", "ms"}. Where it is not clean, the text has conflict markers. `ms` is the time of
    /// the merge alone.
    MergeCases,
    /// Merge three files as `git merge-file` does; needs no vault.
    ///
    /// The order is git's, MINE BASE THEIRS (current, base, other), so that it can be a merge driver:
    ///
    ///   git config merge.holdfast.driver "holdfast merge-file --marker-size %L -L %X -L %S -L %Y %A %O %B"
    ///
    /// and in .gitattributes: *.md merge=holdfast
    ///
    /// Texts are UTF-8. The result replaces MINE at once or not at all. Lines that changed on both sides are compared
    /// by words; what merges within a line of a conflict stands in each of its versions.
    ///
    /// Exit codes: the number of conflicts, at most 127; 255 if nothing was merged; 129 for wrong arguments.
    #[command(verbatim_doc_comment)]
    MergeFile(MergeFile),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// What a setting can be; which of them, its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConfigValue {
    On,
    Off,
    Always,
    WhenOpened,
    Everything,
    #[value(name = "30")]
    Days30,
    #[value(name = "90")]
    Days90,
    #[value(name = "180")]
    Days180,
    #[value(name = "365")]
    Days365,
}

#[derive(Debug, Args)]
pub struct MergeFile {
    /// Print the result instead of writing it into MINE.
    #[arg(short = 'p', long)]
    pub stdout: bool,
    /// Say nothing on standard error.
    #[arg(short, long)]
    pub quiet: bool,
    /// Show the original in conflicts too.
    #[arg(long, overrides_with = "zdiff3")]
    pub diff3: bool,
    /// As --diff3, with the lines that both begin or end with outside of the conflict.
    #[arg(long)]
    pub zdiff3: bool,
    /// For git's sake: the merge has one of its own, whatever is asked for.
    #[arg(long, value_name = "ALGORITHM", hide_possible_values = true,
        value_parser = ["default", "minimal", "myers", "patience", "histogram"])]
    pub diff_algorithm: Option<String>,
    /// In place of the name of MINE, then of BASE, then of THEIRS, in conflict markers.
    #[arg(short = 'L', value_name = "LABEL", allow_hyphen_values = true)]
    pub labels: Vec<String>,
    /// How long conflict markers are.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SIZE)]
    pub marker_size: u16,
    /// In conflicts, take the version of MINE.
    #[arg(long, group = "favor")]
    pub ours: bool,
    /// In conflicts, take the version of THEIRS.
    #[arg(long, group = "favor")]
    pub theirs: bool,
    /// In conflicts, take the lines of both.
    #[arg(long, group = "favor")]
    pub union: bool,
    /// The current version; the result is written here.
    pub mine: PathBuf,
    /// What both were made from.
    pub base: PathBuf,
    #[arg(id = "THEIRS")]
    pub other: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Markdown,
}

#[derive(Debug, Subcommand)]
pub enum NoteCommand {
    /// Add a note; its text comes from standard input, never from a terminal. Prints the id.
    Add {
        #[arg(long, allow_hyphen_values = true)]
        title: String,
        /// Made where it is missing; `/` for none.
        #[arg(long, value_name = "A/B", allow_hyphen_values = true, value_parser = notebook)]
        notebook: Option<String>,
        #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
        tags: Vec<String>,
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
        due: Option<Date>,
    },
    /// Print a note, or a version of it.
    Show {
        id: String,
        /// As it was then: the id of a version, from `note history`.
        #[arg(long, value_name = "ID")]
        version: Option<String>,
    },
    /// List the versions of a note, the newest first.
    History { id: String },
    /// Make the title and the text of a version the newest ones, and its files the note's again. What was written since stays a
    /// version.
    Revert {
        id: String,
        /// From `note history`.
        version: String,
    },
    /// List all notes, trashed ones too.
    List,
    /// Change a note.
    Edit(NoteEdit),
    /// Put a note into the trash.
    Trash { id: String },
    /// Take a note out of the trash.
    Restore { id: String },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub struct NoteEdit {
    pub id: String,
    #[arg(long, group = "change", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// A day, or `none`.
    #[arg(long, group = "change", value_name = "YYYY-MM-DD", value_parser = date_or_none)]
    pub due: Option<DueChange>,
    /// Take the due date away.
    #[arg(long, group = "change", conflicts_with = "due")]
    pub no_due: bool,
    #[arg(long, group = "change", conflicts_with = "not_done")]
    pub done: bool,
    #[arg(long, group = "change")]
    pub not_done: bool,
    #[arg(long = "add-tag", group = "change", value_name = "TAG", allow_hyphen_values = true)]
    pub add_tags: Vec<String>,
    #[arg(long = "remove-tag", group = "change", value_name = "TAG", allow_hyphen_values = true)]
    pub remove_tags: Vec<String>,
    /// Made where it is missing; `/` for none.
    #[arg(long, group = "change", value_name = "A/B", allow_hyphen_values = true, value_parser = notebook)]
    pub notebook: Option<String>,
    /// The whole text: a file, or `-` for standard input.
    #[arg(long, group = "change", value_name = "FILE|-", allow_hyphen_values = true)]
    pub body_file: Option<PathBuf>,
    /// Take an empty standard input for an empty text. Otherwise it is refused: the program before the pipe may have
    /// failed. An empty file is an empty text.
    #[arg(long, requires = "body_file")]
    pub allow_empty: bool,
}

/// What `--due` says. A type of its own: for clap, an option in an option is the same as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueChange(pub Option<Date>);

#[derive(Debug, Subcommand)]
pub enum AttachmentCommand {
    /// List the files of a note.
    List { note: String },
    /// Copy a file into a note. Prints the path to link it by.
    Add { note: String, file: PathBuf },
    /// Take a file out of a note. What no note has any more goes after a month.
    Remove {
        note: String,
        /// Its path as the note links it, or its id.
        #[arg(value_name = "PATH|ID", allow_hyphen_values = true)]
        name: String,
    },
    /// Write a file of a note to a path. One that is not on this computer is fetched first.
    Get {
        note: String,
        /// Its path as the note links it, or its id.
        #[arg(value_name = "PATH|ID", allow_hyphen_values = true)]
        name: String,
        /// Where to; a file there is replaced.
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum NotebookCommand {
    /// List the notebooks with their notes counted.
    List,
    /// Make a notebook, and those above it.
    Add {
        #[arg(allow_hyphen_values = true)]
        path: String,
    },
    /// Give a notebook another name.
    Rename {
        #[arg(allow_hyphen_values = true)]
        path: String,
        #[arg(allow_hyphen_values = true)]
        name: String,
    },
    /// Put a notebook under another one, or with `/` under none.
    Move {
        #[arg(allow_hyphen_values = true)]
        path: String,
        #[arg(allow_hyphen_values = true, value_parser = notebook)]
        parent: String,
    },
    /// Let all files of a notebook and of those below come to this computer, large ones too.
    KeepOffline {
        #[arg(allow_hyphen_values = true)]
        path: String,
        value: Switch,
    },
    /// Put a notebook and all in it into the trash.
    Trash {
        #[arg(allow_hyphen_values = true)]
        path: String,
    },
}

#[derive(Debug, Args)]
pub struct ActivityArgs {
    /// Only lines that hold all of these words.
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub search: String,
    /// Only what failed.
    #[arg(long)]
    pub failed: bool,
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: u32,
    /// Write the whole log and figures about sync into a new file, without titles, texts, names and addresses.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["search", "failed", "limit"])]
    pub export: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum TripwireCommand {
    /// List what would go.
    Show,
    /// Keep what is here: what would go is brought back on every computer.
    Keep,
    /// Let it go, as the other computer did. A backup is made first.
    Accept,
}

#[derive(Debug, Subcommand)]
pub enum SetAsideCommand {
    /// List all: who sent what, when it came, and why it is set aside.
    List,
    /// Show what one says.
    Show { id: String },
    /// Take over what a removed computer sent late: as a change of this computer, which merges with what is here.
    Take { id: String },
    /// Discard what a removed computer sent late. Nobody is asked about it again.
    Discard { id: String },
}

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make one.
    Now,
    /// List them, the newest first.
    List,
    /// Open one, read all of it, and count.
    Test {
        /// Its folder; by default the newest.
        dir: Option<PathBuf>,
    },
    /// Go back to one where the vault is damaged and does not open any more. What is damaged is set aside, and the rest
    /// comes from the server with the next sync.
    Restore {
        /// Its folder, from `backup list`; by default the newest.
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account on a server for this vault.
    Create {
        /// The join link that the server printed.
        #[arg(long)]
        link: String,
        #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
        user: String,
        /// What the other computers call this one.
        #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
        device_name: Option<String>,
    },
    /// Print a link by which another computer joins this account. It does not expire, and opens nothing without the
    /// passphrase.
    Link,
    /// Make the vault of this computer from an account that exists.
    Join {
        /// A join link: from `account link` or the Sync panel of another computer, or as the server printed it.
        #[arg(long)]
        link: String,
        #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
        user: String,
        /// What the other computers call this one.
        #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
        device_name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// List them: this one first.
    List,
    /// Remove one that was lost or is not used any more, for good.
    ///
    /// It gets nothing more, and nothing is taken from it. What it has stays readable there for whoever has its
    /// passphrase; what it sent before stays in the notes.
    Remove {
        /// Its name, or its id or a beginning of it.
        #[arg(value_name = "NAME|ID", allow_hyphen_values = true)]
        device: String,
        /// Set a new passphrase too (HOLDFAST_NEW_PASSPHRASE), where somebody else may know the one that there is.
        #[arg(long)]
        change_passphrase: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum PassphraseCommand {
    /// Set another one (HOLDFAST_NEW_PASSPHRASE). The other computers take it over with their next sync.
    Change,
}

#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// List what needs a decision.
    List,
    /// Show each place with its versions.
    Show { id: String },
    /// Decide.
    Resolve(ReviewResolve),
    /// Take the last decision back.
    Undo { id: String },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("decision").required(true))]
pub struct ReviewResolve {
    pub id: String,
    /// Only this place, by its number or its id in `review show`; may be given more than once. Else all of them. A
    /// place keeps its number while others are decided.
    #[arg(long = "place", value_name = "N|ID", requires = "take", value_parser = place)]
    pub places: Vec<PlaceName>,
    /// Whose version: a computer's name, a version's id, `original`, `suggested` (where the review suggests a result),
    /// or `all`, which keeps every version of a text and leaves open what can have one value only.
    #[arg(long, group = "decision", value_name = "DEVICE|REV|all|original|suggested", allow_hyphen_values = true)]
    pub take: Option<String>,
    /// The whole text, which decides every place of the text and no other: a file, or `-` for standard input.
    #[arg(long, group = "decision", value_name = "FILE|-", allow_hyphen_values = true, conflicts_with = "places")]
    pub body_file: Option<PathBuf>,
    /// Take an empty standard input for an empty text. Otherwise it is refused.
    #[arg(long, requires = "body_file", conflicts_with = "take")]
    pub allow_empty: bool,
}

/// How a place is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceName {
    Number(u32),
    /// A beginning of its id, in lower case.
    Id(String),
}

#[derive(Debug, Subcommand)]
pub enum ReceiptsCommand {
    /// Go back to one version of what was merged.
    Undo {
        id: String,
        /// Whose version: a computer's name or a version's id; by default this computer's.
        #[arg(long, value_name = "DEVICE|REV", allow_hyphen_values = true)]
        take: Option<String>,
    },
}

/// A calendar day and nothing else: other forms of ISO 8601 would be taken here and refused elsewhere.
fn date(text: &str) -> Result<Date, String> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
    match text.parse() {
        Ok(date) if shape => Ok(date),
        _ => Err("a day is written like 2026-11-28".into()),
    }
}

fn date_or_none(text: &str) -> Result<DueChange, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(DueChange(None));
    }
    // A variable that was not set looks like this.
    if text.trim().is_empty() {
        return Err("to take the due date away, say --no-due".into());
    }
    date(text).map(|day| DueChange(Some(day)))
}

/// A path of notebooks, or `/`. Nothing is not taken for no notebook.
fn notebook(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("for no notebook, say /".into()) } else { Ok(text.to_owned()) }
}

/// Longer than this, digits are an id.
const MAX_NUMBER_DIGITS: usize = 5;

fn place(text: &str) -> Result<PlaceName, String> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(number) if digits && number > 0 && text.len() <= MAX_NUMBER_DIGITS => Ok(PlaceName::Number(number)),
        _ if text.len() > MAX_NUMBER_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(PlaceName::Id(text.to_ascii_lowercase()))
        }
        _ => Err("a place is called by its number, or by six or more characters of its id".into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_day_is_a_day_and_nothing_else() {
        assert_eq!(date("2026-02-28").unwrap().to_string(), "2026-02-28");
        for bad in ["2026-02-29", "20260228", "2026-02-28T10:00", "28.2.2026", "", "none", "+02026-1-1"] {
            assert!(date(bad).is_err(), "{bad}");
        }
        assert!(date_or_none("").unwrap_err().contains("--no-due"));
        assert_eq!(date_or_none("None").unwrap(), DueChange(None));
        assert!(date_or_none("2026-13-01").is_err());
    }

    #[test]
    fn a_place_is_called_by_its_number_or_its_id() {
        assert_eq!(place("12").unwrap(), PlaceName::Number(12));
        assert_eq!(place("1A2B3C").unwrap(), PlaceName::Id("1a2b3c".into()));
        assert_eq!(place("123456").unwrap(), PlaceName::Id("123456".into()));
        for bad in ["", "0", "+1", "-1", "abcde", "notanid"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn global_options_stand_before_or_after() {
        for words in [
            &["holdfast", "--json", "--vault", "d", "note", "list"],
            &["holdfast", "note", "list", "--vault", "d", "--json"],
        ] {
            let cli = Cli::try_parse_from(words.iter()).unwrap();
            assert!(cli.json && cli.vault == Some("d".into()));
        }
    }

    #[test]
    fn words_that_start_with_a_dash_are_words() {
        let cli = Cli::try_parse_from(["holdfast", "search", "-draft", "--limit", "3"]).unwrap();
        assert!(matches!(cli.command, Command::Search { query, limit: 3 } if query == "-draft"));
        let words = ["holdfast", "note", "add", "--title", "- one", "--tag", "-x"];
        assert!(Cli::try_parse_from(words).is_ok());
    }

    #[test]
    fn a_decision_needs_something_to_decide_by() {
        for bad in [
            &["holdfast", "review", "resolve", "ab"][..],
            &["holdfast", "review", "resolve", "ab", "--place", "1"],
            &["holdfast", "review", "resolve", "ab", "--place", "1", "--body-file", "f"],
            &["holdfast", "review", "resolve", "ab", "--place", "0", "--take", "all"],
            &["holdfast", "review", "resolve", "ab", "--place", "xyz", "--take", "all"],
            &["holdfast", "review", "resolve", "ab", "--take", "all", "--body-file", "f"],
            &["holdfast", "review", "resolve", "ab", "--take", "all", "--allow-empty"],
            &["holdfast", "note", "edit", "ab", "--due", ""],
            &["holdfast", "note", "edit", "ab", "--due", "2026-01-01", "--no-due"],
            &["holdfast", "note", "edit", "ab", "--notebook", " "],
            &["holdfast", "note", "add", "--title", "t", "--notebook", ""],
            &["holdfast", "notebook", "move", "A", ""],
            &["holdfast", "note", "edit", "ab", "--allow-empty"],
            &["holdfast", "note", "edit", "ab"],
            &["holdfast", "note", "edit", "ab", "--done", "--not-done"],
            &["holdfast", "unlock"],
        ] {
            assert!(Cli::try_parse_from(bad.iter()).is_err(), "{bad:?}");
        }
    }
}
