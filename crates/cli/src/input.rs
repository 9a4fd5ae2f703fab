//! Texts from files and from standard input, byte for byte.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use crate::Outcome;
use crate::failure::Failure;

/// More than any note can have: what is longer is refused without being read to its end.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// All of standard input.
pub fn from_stdin(what: &str) -> Outcome<String> {
    text(io::stdin().lock(), what, "standard input")
}

/// A text that may be left out: empty where standard input is a terminal.
pub fn body_from_stdin() -> Outcome<String> {
    if io::stdin().is_terminal() { Ok(String::new()) } else { from_stdin("The text") }
}

/// The text of `--body-file`: a file, or `-` for standard input, which must not be a terminal, nor empty unless that is
/// allowed: nothing at all comes from a program before the pipe that failed as well.
pub fn body_from(path: &Path, allow_empty: bool) -> Outcome<String> {
    if path.as_os_str() == "-" {
        if io::stdin().is_terminal() {
            return Err(Failure::usage("No text is read from a terminal: give it on standard input, or name a file."));
        }
        let text = from_stdin("The text")?;
        if text.is_empty() && !allow_empty {
            return Err(Failure::said(
                "Standard input is empty. Nothing was changed. For an empty text, add --allow-empty.",
            ));
        }
        return Ok(text);
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| unreadable(&name, &e))?;
    text(file, "The text", &name)
}

fn text(from: impl Read, what: &str, name: &str) -> Outcome<String> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(name, &e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::said(format!("{what} is too long: a note can have 2 MiB. Nothing was changed.")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Failure::said(format!("{what} is not UTF-8: the byte at offset {at} does not fit. Nothing was changed."))
    })
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::said(format!("{name} cannot be read: {}.", why(error)))
}

/// Why a file cannot be read or written, as a part of a sentence.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "there is no permission for it".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is not a folder".to_owned(),
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_text_is_kept_byte_for_byte_or_refused_with_the_place() {
        let odd = "\u{feff}a\r\nb\0c\u{301}\n\n";
        assert_eq!(text(odd.as_bytes(), "The text", "x").unwrap(), odd);
        let bad = text(&b"ab\xff"[..], "The text", "x").unwrap_err();
        assert_eq!(bad.sentence(), "The text is not UTF-8: the byte at offset 2 does not fit. Nothing was changed.");
        assert_eq!(bad.exit_code(), 1);
    }
}
