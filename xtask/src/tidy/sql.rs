//! SQL is written in the store, and in the server's storage; nowhere else.

use super::Finding;
use super::files::{Language, SourceFile};
use super::rules::Rules;
use super::source::Source;

/// How a statement begins, and a word that must follow somewhere for it to be one and not prose.
const STATEMENTS: [(&str, &str); 13] = [
    ("SELECT", ""),
    ("INSERT", "INTO"),
    ("REPLACE", "INTO"),
    ("UPDATE", "SET"),
    ("DELETE", "FROM"),
    ("CREATE", "TABLE"),
    ("CREATE", "INDEX"),
    ("CREATE", "TRIGGER"),
    ("CREATE", "VIEW"),
    ("ALTER", "TABLE"),
    ("DROP", "TABLE"),
    ("PRAGMA", ""),
    ("ATTACH", "DATABASE"),
];

/// Looks at what is between quotes in Rust.
pub fn check(rules: &Rules, file: &SourceFile, source: &Source) -> Vec<Finding> {
    if file.language != Language::Rust || rules.may_hold_sql(&file.path) {
        return Vec::new();
    }
    let found = source.strings.iter().filter(|(_, text)| is_statement(text));
    found
        .map(|(line, _)| {
            let to_do = "ask the store for it; a query is a function there";
            Finding::new(&file.path, line + 1, "SQL outside the rooms that may hold it", to_do)
        })
        .collect()
}

fn is_statement(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let rest: Vec<&str> = text.split_whitespace().collect();
        let begins = |(begin, then): &(&str, &str)| first == *begin && (then.is_empty() || rest.contains(then));
        // A word alone is a word.
        words.next().is_some() && STATEMENTS.iter().any(begins)
    })
}

#[cfg(test)]
mod tests {
    use crate::tidy::{files, rules, source};

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let file = files::sample(path, text);
        let found = super::check(&rules::sample(), &file, &source::split(text, file.language));
        found.iter().map(|finding| finding.line).collect()
    }

    /// A Rust file with a string in its second line; put together here, so that this file holds none.
    fn holding(words: &[&str]) -> String {
        format!("// a comment\nlet text = \"{}\";", words.join(" "))
    }

    #[test]
    fn statements_are_found_elsewhere() {
        let text = holding(&["\n  SELECT", "id FROM note"]);
        assert_eq!(lines("crates/high/src/a.rs", &text), [2]);
        assert!(lines("crates/low/src/a.rs", &text).is_empty());
        for words in [["UPDATE", "note SET a = 1"], ["PRAGMA", "journal_mode"], ["CREATE", "VIRTUAL TABLE t"]] {
            assert_eq!(lines("crates/high/src/a.rs", &holding(&words)), [2], "{words:?}");
        }
    }

    #[test]
    fn prose_is_not() {
        for words in [["SELECT", ""], ["UPDATE", "your program"], ["Select", "a note"], ["CREATE", "a note"]] {
            assert!(lines("crates/high/src/a.rs", &holding(&words)).is_empty(), "{words:?}");
        }
        assert!(lines("a.rs", &format!("// {} a FROM b", "SELECT")).is_empty());
    }
}
