//! Words that do not belong: what was left unfinished, and Tauri outside its room.

use super::Finding;
use super::files::{Language, SourceFile};
use super::source::Source;

/// Macros that stand for work not done, or for a look at a value while working.
const MACROS: [(&str, &str); 3] = [
    ("todo!", "write it, or leave out what needs it"),
    ("unimplemented!", "write it, or leave out what needs it"),
    ("dbg!", "take it out; use tracing for what should stay"),
];

/// Notes to oneself.
const NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// The room of Tauri in Rust, and the one file of the interface that may speak to it.
const TAURI_ROOM: &str = "src-tauri/";
const TAURI_FILE: &str = "ui/src/ipc/tauri.ts";
const TAURI_MODULE: &str = "@tauri-apps/";

/// Looks through code, comments and strings.
pub fn check(file: &SourceFile, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |line: usize, what: &str, to_do: &str| {
        findings.push(Finding::new(&file.path, line + 1, what, to_do));
    };
    for (line, comment) in &source.comments {
        for note in NOTES.iter().filter(|note| has_word(comment, note)) {
            found(*line, &format!("a note to oneself ({note})"), "do it now, or open an issue");
        }
    }
    if file.language == Language::Rust {
        for (line, code) in source.code.iter().enumerate() {
            for (name, to_do) in MACROS.iter().filter(|(name, _)| has_word(code, name)) {
                found(line, &format!("{name} in the code"), to_do);
            }
            if !file.path.starts_with(TAURI_ROOM) && has_word(code, "tauri::") {
                found(line, "Tauri outside src-tauri", "put what needs it there; ipc holds the rest");
            }
        }
    } else if file.path.starts_with("ui/src/") && file.path != TAURI_FILE {
        for (line, _) in source.strings.iter().filter(|(_, text)| text.starts_with(TAURI_MODULE)) {
            found(
                *line,
                "Tauri outside its file",
                &format!("use the interface of ui/src/ipc; only {TAURI_FILE} speaks to Tauri"),
            );
        }
    }
    findings
}

/// Does `word` stand in the text by itself?
fn has_word(text: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next().filter(|_| word.ends_with(joins));
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{files, source};

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = files::sample(path, text);
        let found = super::check(&file, &source::split(text, file.language));
        found.into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn unfinished_work_is_found_in_code_alone() {
        assert_eq!(found("a.rs", "fn a() {\n    todo!()\n}"), [(2, "todo! in the code".to_owned())]);
        assert!(found("a.rs", "// todo! is a macro\nlet a = \"dbg!\"; my_dbg!(a);").is_empty());
    }

    #[test]
    fn notes_to_oneself_are_found_in_comments_alone() {
        let note = NOTES[0];
        assert_eq!(found("a.rs", &format!("// {note}: later")).len(), 1);
        assert_eq!(found("a.svelte", &format!("<!-- {note} -->")).len(), 1);
        assert!(found("a.rs", &format!("let {note} = 1; // {note}S")).is_empty());
    }

    #[test]
    fn tauri_stays_in_its_room() {
        assert_eq!(found("crates/ipc/src/a.rs", "use tauri::State;").len(), 1);
        assert!(found("crates/ipc/src/a.rs", "use my_tauri::State;").is_empty());
        assert!(found("src-tauri/src/a.rs", "use tauri::State;").is_empty());
        let import = "import { invoke } from \"@tauri-apps/api/core\";";
        assert_eq!(found("ui/src/views/a.ts", import).len(), 1);
        assert!(found("ui/src/ipc/tauri.ts", import).is_empty());
    }
}
