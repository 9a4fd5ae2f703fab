//! The command line of the window: which vault to open.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Holdfast, an encrypted notebook.

Usage: holdfast-desktop [--vault DIR | --data-dir DIR]

  --vault DIR      open the vault in DIR
  --data-dir DIR   keep the program's data in DIR; its default vault is DIR/default
  --version        print the version
  --help           print this
";

/// Where the person wants the program to look. Nothing given: the platform's data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// The folder of the vault itself.
    pub vault: Option<PathBuf>,
    /// The folder that holds vaults, in place of the platform's.
    pub data_dir: Option<PathBuf>,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    Open(Args),
    Help,
    Version,
}

/// Why a command line is refused; written for the person who typed it.
#[derive(Debug, PartialEq, Eq)]
pub enum UsageError {
    MissingFolder(&'static str),
    Twice(&'static str),
    Both,
    Unknown(String),
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MissingFolder(flag) => write!(f, "{flag} wants a folder after it."),
            Self::Twice(flag) => write!(f, "{flag} is given twice; give it once."),
            Self::Both => write!(f, "Give --vault or --data-dir, not both."),
            Self::Unknown(word) => write!(f, "\"{word}\" is not an option; --help lists them."),
        }
    }
}

impl std::error::Error for UsageError {}

/// Reads the arguments after the program's name. `--flag DIR` and `--flag=DIR` mean the same.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, UsageError> {
    let mut parsed = Args::default();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        let (name, inline) = match text.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text.as_ref(), None),
        };
        let (flag, slot) = match name {
            "--vault" => ("--vault", &mut parsed.vault),
            "--data-dir" => ("--data-dir", &mut parsed.data_dir),
            "--help" | "-h" => return Ok(Parsed::Help),
            "--version" | "-V" => return Ok(Parsed::Version),
            _ => return Err(UsageError::Unknown(text.into_owned())),
        };
        let dir = inline.or_else(|| args.next()).filter(|dir| !dir.is_empty());
        let dir = dir.ok_or(UsageError::MissingFolder(flag))?;
        if slot.replace(PathBuf::from(dir)).is_some() {
            return Err(UsageError::Twice(flag));
        }
    }
    if parsed.vault.is_some() && parsed.data_dir.is_some() {
        return Err(UsageError::Both);
    }
    Ok(Parsed::Open(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str]) -> Result<Parsed, UsageError> {
        parse(words.iter().map(OsString::from))
    }

    fn vault(dir: &str) -> Parsed {
        Parsed::Open(Args { vault: Some(dir.into()), data_dir: None })
    }

    #[test]
    fn a_folder_may_follow_or_be_joined() {
        assert_eq!(check(&[]), Ok(Parsed::Open(Args::default())));
        assert_eq!(check(&["--vault", "/a b"]), Ok(vault("/a b")));
        assert_eq!(check(&["--vault=/a=b"]), Ok(vault("/a=b")));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(check(&["--vault"]), Err(UsageError::MissingFolder("--vault")));
        assert_eq!(check(&["--vault="]), Err(UsageError::MissingFolder("--vault")));
        assert_eq!(check(&["--vault", "a", "--vault", "b"]), Err(UsageError::Twice("--vault")));
        assert_eq!(check(&["--vault", "a", "--data-dir", "b"]), Err(UsageError::Both));
        assert_eq!(check(&["notes"]), Err(UsageError::Unknown("notes".into())));
    }

    #[test]
    fn help_and_version_win() {
        assert_eq!(check(&["--help"]), Ok(Parsed::Help));
        assert_eq!(check(&["-V"]), Ok(Parsed::Version));
    }
}
