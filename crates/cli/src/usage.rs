//! What is wrong with what was typed after `holdfast`: a sentence that names it, and where to read what there is.

use std::error::Error as _;
use std::ffi::OsString;
use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command, CommandFactory as _};

use crate::args::Cli;

/// A word that was typed is shown so far, in characters.
const SHOWN_CHARS: usize = 60;

/// What is wrong, in one line. `path` is what [`command_path`] answers.
pub fn sentence(error: &clap::Error, path: &[String]) -> String {
    let typed = Typed { error, command: path.join(" ") };
    let command = &typed.command;
    let what = match error.kind() {
        ErrorKind::InvalidValue => typed.no_value(),
        ErrorKind::ValueValidation => {
            format!("{} does not fit {}{}", typed.value(), typed.argument(), typed.why())
        }
        ErrorKind::UnknownArgument => {
            format!("`{command}` does not take {}{}", typed.argument(), typed.perhaps(ContextKind::SuggestedArg))
        }
        ErrorKind::InvalidSubcommand => {
            let word = typed.texts(ContextKind::InvalidSubcommand).join(" ");
            format!("`{command}` has no command {}{}", quoted(&word), typed.perhaps(ContextKind::SuggestedSubcommand))
        }
        ErrorKind::MissingRequiredArgument => {
            let needed: Vec<_> = typed.texts(ContextKind::InvalidArg).iter().map(|text| needed(text)).collect();
            format!("`{command}` needs {}", all(&needed, "and"))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => missing_command(path),
        ErrorKind::ArgumentConflict => typed.conflict(),
        ErrorKind::InvalidUtf8 => format!("An argument of `{command}` is not UTF-8"),
        _ => format!("`{command}` cannot be run like this"),
    };
    format!("{what}. See `{command} --help`.")
}

/// The command that was typed, as far as it is one: `holdfast note add`.
pub fn command_path(words: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let root = Cli::command();
    let mut path = vec![root.get_name().to_owned()];
    let mut at = &root;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let word = word.to_string_lossy();
        if let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) {
            if takes_value(&root, at, option) {
                words.next();
            }
        } else if let Some(next) = at.find_subcommand(&*word) {
            path.push(next.get_name().to_owned());
            at = next;
        } else if !word.starts_with('-') {
            break;
        }
    }
    path
}

/// Whether the word after this option belongs to it. Global options are the root's.
fn takes_value(root: &Command, at: &Command, option: &str) -> bool {
    let mut known = root.get_arguments().chain(at.get_arguments());
    known.any(|arg| arg.get_long() == Some(option) && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append))
}

fn missing_command(path: &[String]) -> String {
    let root = Cli::command();
    let at = path.iter().skip(1).fold(&root, |at, name| at.find_subcommand(name).unwrap_or(at));
    let names: Vec<_> = at.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    format!("`{}` needs a command: {}", path.join(" "), all(&names, "or"))
}

/// What clap knows of the mistake.
struct Typed<'a> {
    error: &'a clap::Error,
    command: String,
}

impl Typed<'_> {
    fn texts(&self, kind: ContextKind) -> Vec<String> {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => vec![text.clone()],
            Some(ContextValue::Strings(texts)) => texts.clone(),
            _ => Vec::new(),
        }
    }

    fn value(&self) -> String {
        quoted(&self.texts(ContextKind::InvalidValue).join(" "))
    }

    fn argument(&self) -> String {
        self.texts(ContextKind::InvalidArg).first().map_or_else(|| "an argument".to_owned(), |text| name(text))
    }

    /// A value that is missing, or is none of those that there are.
    fn no_value(&self) -> String {
        let there = self.texts(ContextKind::ValidValue).iter().map(|value| quoted(value)).collect::<Vec<_>>();
        let given = self.texts(ContextKind::InvalidValue).concat();
        let needs = if given.is_empty() { "needs a value".to_owned() } else { format!("cannot be {}", quoted(&given)) };
        let only = if there.is_empty() { String::new() } else { format!(", only {}", all(&there, "or")) };
        format!("{} {needs}{only}", self.argument())
    }

    /// The reason that the value's own reader gave.
    fn why(&self) -> String {
        let Some(source) = self.error.source() else { return String::new() };
        let why = match source.downcast_ref::<ParseIntError>().map(ParseIntError::kind) {
            Some(IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => "no number may be so large".to_owned(),
            Some(_) => "it is no whole number".to_owned(),
            None => source.to_string(),
        };
        format!(": {}", why.trim_end_matches('.'))
    }

    fn perhaps(&self, kind: ContextKind) -> String {
        // The likeliest is the last.
        self.texts(kind).last().map_or_else(String::new, |text| format!("; perhaps {} is meant", quoted(text)))
    }

    fn conflict(&self) -> String {
        let (this, others) = (self.argument(), self.texts(ContextKind::PriorArg));
        let others: Vec<_> = others.iter().map(|text| name(text)).collect();
        match &others[..] {
            [] => format!("{this} does not go with what else was given"),
            [other] if *other == this => format!("{this} was given twice"),
            _ => format!("{this} does not go with {}", all(&others, "and")),
        }
    }
}

/// `--title <TITLE>` by its name alone; an argument without one by what stands for it.
fn name(argument: &str) -> String {
    let shown =
        if argument.starts_with('-') { argument.split([' ', '=']).next().unwrap_or(argument) } else { argument };
    quoted(shown.trim_matches(['<', '>', '[', ']']))
}

/// An argument that is missing, or one of a group: `<--take <WHOSE>|--body-file <FILE|->>`.
fn needed(argument: &str) -> String {
    match argument.strip_prefix("<--").and_then(|group| group.strip_suffix('>')) {
        Some(group) => {
            let names: Vec<_> = group.split("|--").map(|one| name(&format!("--{one}"))).collect();
            all(&names, "or")
        }
        None if argument.starts_with('-') => quoted(argument),
        None => name(argument),
    }
}

/// In quotation marks, on one line, and not too long.
fn quoted(text: &str) -> String {
    let mut shown: String =
        text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().count() > SHOWN_CHARS {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// `a`, `a or b`, `a, b or c`.
fn all(names: &[String], last: &str) -> String {
    match names {
        [] => "more".into(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser as _;

    use super::*;

    fn said(words: &str) -> String {
        let words: Vec<OsString> = words.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
        let error = Cli::try_parse_from(std::iter::once("holdfast".into()).chain(words.clone())).unwrap_err();
        sentence(&error, &command_path(words))
    }

    #[test]
    fn each_mistake_is_named_and_the_help_that_fits_it() {
        for (words, sentence) in [
            ("frobnicate", "`holdfast` has no command `frobnicate`. See `holdfast --help`."),
            ("reveiw list", "`holdfast` has no command `reveiw`; perhaps `review` is meant. See `holdfast --help`."),
            (
                "note",
                "`holdfast note` needs a command: add, show, history, revert, list, edit, trash or restore. See `holdfast note --help`.",
            ),
            ("note add", "`holdfast note add` needs `--title <TITLE>`. See `holdfast note add --help`."),
            (
                "note add --titel x",
                "`holdfast note add` does not take `--titel`; perhaps `--title` is meant. See `holdfast note add --help`.",
            ),
            ("--vault v sync now", "`holdfast sync` does not take `now`. See `holdfast sync --help`."),
            ("sync -x", "`holdfast sync` does not take `-x`. See `holdfast sync --help`."),
            ("note show", "`holdfast note show` needs `ID`. See `holdfast note show --help`."),
            ("note add --title", "`--title` needs a value. See `holdfast note add --help`."),
            (
                "note add --title x --due 2026-02-30",
                "`2026-02-30` does not fit `--due`: a day is written like 2026-11-28. See `holdfast note add --help`.",
            ),
            (
                "search x --limit many",
                "`many` does not fit `--limit`: it is no whole number. See `holdfast search --help`.",
            ),
            ("import --from word .", "`--from` cannot be `word`, only `markdown`. See `holdfast import --help`."),
            ("import", "`holdfast import` needs `--from <FROM>` and `PATH`. See `holdfast import --help`."),
            (
                "note edit ab --done --not-done",
                "`--done` does not go with `--not-done`. See `holdfast note edit --help`.",
            ),
            ("note show ab --json --json", "`--json` was given twice. See `holdfast note show --help`."),
            (
                "review resolve ab",
                "`holdfast review resolve` needs `--take` or `--body-file`. See `holdfast review resolve --help`.",
            ),
            ("unlock", "`holdfast unlock` needs `--recovery`. See `holdfast unlock --help`."),
        ] {
            assert_eq!(said(words), sentence, "{words}");
        }
        assert!(
            said("note edit ab").starts_with("`holdfast note edit` needs `--title`, `--due`, "),
            "{}",
            said("note edit ab")
        );
        assert!(said("").starts_with("`holdfast` needs a command: init, unlock, note, "), "{}", said(""));
    }

    #[test]
    fn what_was_typed_stays_on_one_line_and_short() {
        let long = format!("a\nb\u{1b}[31m{}", "x".repeat(500));
        let said = said(&format!("sync {long}"));
        assert!(said.lines().count() == 1 && said.len() < 200 && !said.contains('\u{1b}'), "{said:?}");
    }
}
