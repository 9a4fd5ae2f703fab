//! Answers on standard output, sentences on standard error.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::{Value, json};

/// What a command answers, in both forms.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub json: Value,
    /// For people. Printed with a line break at its end, if it has none; nothing where it is empty.
    pub text: String,
    /// The exit code: 0 but for a command whose answer it is.
    pub exit: u8,
}

impl Answer {
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), exit: 0 }
    }

    /// The answer of a command that has none of its own.
    pub fn done(text: impl Into<String>) -> Self {
        Self::new(json!({ "ok": true }), text)
    }

    /// The answer of a command that has printed it by itself.
    pub fn printed(exit: u8) -> Self {
        Self { json: Value::Null, text: String::new(), exit }
    }
}

/// Prints an answer. A reader that went away (`| head`) is no failure: what was asked for is done. Any other error is:
/// who reads a list that was cut, or waits for an id, must know.
pub fn print(answer: &Answer, json: bool) -> io::Result<()> {
    let mut out = if json { answer.json.to_string() } else { answer.text.clone() };
    if out.is_empty() || answer.json.is_null() {
        return Ok(());
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    let mut stdout = std::io::stdout().lock();
    if !json && stdout.is_terminal() {
        out = harmless(&out);
    }
    match stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// A text as a terminal may show it: what others wrote into their notes moves no cursor and sets no colour. A file gets it
/// as it is.
fn harmless(text: &str) -> String {
    text.replace("\r\n", "\n").replace(|c: char| c.is_control() && c != '\n' && c != '\t', "\u{fffd}")
}

/// Says what went wrong. Words of a server, or of another member, may be in it.
pub fn complain(sentence: &str) {
    // Nowhere is left to say that this failed.
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(sentence));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_told_what_to_do_by_a_note() {
        assert_eq!(harmless("a\tb\r\n\u{1b}[2J\u{7}\u{9b}1m\r"), "a\tb\n\u{fffd}[2J\u{fffd}\u{fffd}1m\u{fffd}");
    }
}
