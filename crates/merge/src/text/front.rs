//! Front matter, merged by key: what each key has is one value, a set of names, or a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::align::lines;

/// A key with its value, as it stands: its line, and the lines below that belong to it.
struct Entry<'a> {
    key: &'a str,
    text: String,
}

const FENCE: &str = "---";

/// How many lines the front matter of a text takes, with its two fences; nothing where it has none.
pub(crate) fn front_lines<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<usize> {
    let fence = |line: &str| line.trim_end() == FENCE;
    if !lines.next().is_some_and(|first| fence(first.trim_start_matches('\u{feff}'))) {
        return None;
    }
    lines.position(fence).map(|at| at + 2)
}

/// The key that a line begins with, at the start of the line.
fn key(line: &str) -> Option<&str> {
    let (key, value) = line.split_once(':')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.');
    let starts = key.starts_with(char::is_alphabetic);
    (starts && key.chars().all(plain) && (value.trim_end().is_empty() || value.starts_with([' ', '\t'])))
        .then(|| key.trim_end())
}

/// The entries of a text in which each line belongs to a key and each key stands once.
fn entries(text: &str) -> Option<Vec<Entry<'_>>> {
    let mut out: Vec<Entry<'_>> = Vec::new();
    for line in lines(text) {
        match key(line) {
            Some(key) if out.iter().any(|e| e.key == key) => return None,
            Some(key) => out.push(Entry { key, text: line.to_string() }),
            None if line.starts_with([' ', '\t', '-']) && line.trim_end() != FENCE => {
                out.last_mut()?.text.push_str(line);
            }
            None => return None,
        }
    }
    Some(out)
}

fn of<'a>(entries: &'a [Entry<'_>], key: &str) -> Option<&'a str> {
    entries.iter().find(|e| e.key == key).map(|e| e.text.as_str())
}

fn is_set(key: &str) -> bool {
    matches!(key.to_ascii_lowercase().as_str(), "tags" | "tag" | "aliases" | "alias" | "keywords")
}

fn is_time(key: &str) -> bool {
    let key: String = key.to_ascii_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    matches!(
        key.as_str(),
        "updated" | "modified" | "lastmod" | "lastmodified" | "lastupdated" | "dateupdated" | "datemodified" | "mtime"
    )
}

fn value(entry: &str) -> &str {
    entry.split_once(':').map_or("", |(_, value)| value.trim())
}

/// A time that can be compared by its characters: `2026-11-28`, `2026-11-28T21:00:05Z`. Its form comes with it.
fn time(entry: &str) -> Option<(String, &str)> {
    let text = value(entry).trim_matches(['"', '\'']);
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let day = form.get(..10).is_some_and(|day| day == "0000-00-00");
    let signs = form.chars().all(|c| c == '0' || matches!(c, '-' | ':' | 'T' | ' ' | '.' | 'Z'));
    (day && signs && !entry.trim_end().contains('\n')).then_some((form, text))
}

/// How a set of names is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `[a, b]`
    Flow,
    /// `a, b`
    Commas,
    /// A line `- a` each.
    Block,
}

fn names(entry: &str) -> Option<(Form, Vec<&str>)> {
    let (_, value) = entry.split_once(':')?;
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
        let plain = !inner.contains(['[', ']', '"', '\'', '\n']);
        return plain.then(|| (Form::Flow, split(inner)));
    }
    if value.starts_with('-') {
        let items: Option<Vec<&str>> = value.lines().map(|l| l.trim().strip_prefix("- ").map(str::trim)).collect();
        return items.map(|items| (Form::Block, items));
    }
    (!value.contains(['\n', '"', '\'', '{', '#'])).then(|| (Form::Commas, split(value)))
}

fn split(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|n| !n.is_empty()).collect()
}

/// Added by anyone stays, removed by one and not touched by the others goes; written as the sides write it.
fn union(was: Option<&str>, sides: &[&str]) -> Option<String> {
    let (_, old) = was.map_or(Some((Form::Flow, Vec::new())), names)?;
    let all: Vec<(Form, Vec<&str>)> = sides.iter().map(|s| names(s)).collect::<Option<_>>()?;
    let form = all.first()?.0;
    if all.iter().any(|(f, _)| *f != form) {
        return None;
    }
    let mut out: Vec<&str> =
        old.iter().copied().filter(|name| all.iter().all(|(_, names)| names.contains(name))).collect();
    let new: BTreeSet<&str> =
        all.iter().flat_map(|(_, names)| names).copied().filter(|name| !old.contains(name)).collect();
    out.extend(new);
    let first = *sides.iter().min()?;
    let eol = if first.contains("\r\n") { "\r\n" } else { "\n" };
    let (head, _) = first.split_once(':')?;
    let last = if first.ends_with('\n') { eol } else { "" };
    Some(match form {
        Form::Flow => format!("{head}: [{}]{last}", out.join(", ")),
        Form::Commas => format!("{head}: {}{last}", out.join(", ")),
        Form::Block => {
            let item = lines(first).nth(1)?;
            let indent = &item[..item.len() - item.trim_start().len()];
            let items: Vec<String> = out.iter().map(|name| format!("{indent}- {name}")).collect();
            format!("{head}:{eol}{}{last}", items.join(eol))
        }
    })
}

/// A person must say what a key has.
struct Asks;

/// What a key has after all; nothing where it goes.
fn decided(key: &str, was: Option<&str>, sides: &[Option<&str>]) -> Result<Option<String>, Asks> {
    let changed: BTreeSet<Option<&str>> = sides.iter().copied().filter(|s| *s != was).collect();
    let changed: Vec<Option<&str>> = changed.into_iter().collect();
    match changed.as_slice() {
        [] => return Ok(was.map(str::to_string)),
        [only] => return Ok(only.map(str::to_string)),
        _ => {}
    }
    let texts: Vec<&str> = changed.into_iter().collect::<Option<_>>().ok_or(Asks)?;
    let merged = if is_set(key) {
        union(was, &texts)
    } else if is_time(key) {
        newest(&texts).map(str::to_string)
    } else {
        None
    };
    merged.map(Some).ok_or(Asks)
}

/// The newest of times that are written alike.
fn newest<'a>(texts: &[&'a str]) -> Option<&'a str> {
    let times: Vec<(String, &str)> = texts.iter().map(|t| time(t)).collect::<Option<_>>()?;
    let alike = times.iter().all(|(form, _)| *form == times[0].0);
    let newest = texts.iter().zip(&times).max_by_key(|(text, (_, time))| (*time, **text));
    newest.filter(|_| alike).map(|(text, _)| *text)
}

/// Lines of front matter that all sides together make of `base`; nothing where a person must say, or where it is
/// not plain keys.
pub(crate) fn merge_front(base: &str, sides: &[&str]) -> Option<String> {
    let was = entries(base)?;
    let is: Vec<Vec<Entry<'_>>> = sides.iter().map(|s| entries(s)).collect::<Option<_>>()?;
    // A key that is new comes after the key that it follows. Keys that two sides put at one place may be one under two
    // names, and so may a new one and one that two took out.
    let mut after: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    let mut placed: BTreeSet<&str> = was.iter().map(|e| e.key).collect();
    for side in &is {
        let mut new: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        let mut last = None;
        for entry in side {
            if was.iter().any(|e| e.key == entry.key) {
                last = Some(entry.key);
            } else {
                new.entry(last).or_default().push(entry.key);
            }
        }
        for (at, keys) in new {
            if after.entry(at).or_insert_with(|| keys.clone()) != &keys {
                return None;
            }
        }
    }
    let gone = |e: &Entry<'_>| is.iter().filter(|side| of(side, e.key).is_none()).count() > 1;
    // A new key at two places, or a key of the base at another: not plain.
    if (!after.is_empty() && was.iter().any(gone))
        || after.values().flatten().any(|key| !placed.insert(key))
        || is.iter().any(|side| moved(&was, side))
    {
        return None;
    }
    let order = std::iter::once(None).chain(was.iter().map(|e| Some(e.key)));
    let order = order.flat_map(|at| at.into_iter().chain(after.get(&at).into_iter().flatten().copied()));
    let mut out = String::new();
    for key in order.collect::<Vec<_>>() {
        let sides: Vec<Option<&str>> = is.iter().map(|side| of(side, key)).collect();
        if let Some(text) = decided(key, of(&was, key), &sides).ok()? {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&text);
        }
    }
    Some(out)
}

/// True if the keys that both have are in another order.
fn moved(was: &[Entry<'_>], is: &[Entry<'_>]) -> bool {
    let both = is.iter().filter_map(|e| was.iter().position(|w| w.key == e.key));
    !both.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn gives(base: &str, sides: [&str; 2], expected: Option<&str>) {
        assert_eq!(merge_front(base, &sides).as_deref(), expected);
        assert_eq!(merge_front(base, &[sides[1], sides[0]]).as_deref(), expected, "swapped");
    }

    #[test]
    fn times_are_the_newest_and_names_are_united() {
        gives(
            "title: A\ntags: [a, b]\nupdated: 2026-01-01\n",
            ["title: A\ntags: [a, c]\nupdated: 2026-03-01\n", "title: A\ntags: [a, b, d]\nupdated: 2026-02-01\n"],
            Some("title: A\ntags: [a, c, d]\nupdated: 2026-03-01\n"),
        );
        gives(
            "tags:\n  - a\n",
            ["tags:\n  - a\n  - c\n", "tags:\n  - a\n  - b\n"],
            Some("tags:\n  - a\n  - b\n  - c\n"),
        );
        gives("aliases: a\r\n", ["aliases: a, x\r\n", "aliases: b\r\n"], Some("aliases: b, x\r\n"));
    }

    #[test]
    fn keys_are_apart() {
        gives("a: 1\nb: 2\n", ["a: 3\nb: 2\n", "b: 4\n"], None);
        gives("a: 1\nb: 2\n", ["a: 3\nb: 2\n", "a: 1\nb: 4\nc: 5\n"], Some("a: 3\nb: 4\nc: 5\n"));
        gives("a: 1\nb: 2\n", ["a: 1\nx: 1\nb: 2\n", "a: 1\nb: 2\nw: 1\n"], Some("a: 1\nx: 1\nb: 2\nw: 1\n"));
        gives("a: 1\n", ["x: 1\na: 1\n", "x: 1\na: 2\n"], Some("x: 1\na: 2\n"));
    }

    #[test]
    fn other_values_are_a_question_and_so_is_what_is_not_plain() {
        gives("due: 2026-01-01\n", ["due: 2026-02-01\n", "due: 2026-03-01\n"], None);
        gives("updated: 2026-01-01\n", ["updated: 2026-02-01\n", "updated: yesterday\n"], None);
        gives("tags: [a]\n", ["tags: [a, \"b, c\"]\n", "tags: [a, d]\n"], None);
        gives("a: 1\na: 2\n", ["a: 3\n", "a: 4\n"], None);
        gives("# note\na: 1\n", ["# note\na: 2\n", "a: 1\n"], None);
        gives("a: 1\n", ["a: 1\nends: 2\n", "a: 1\nend: 2\n"], None);
        gives("a: 1\nend: 2\n", ["a: 2\n", "a: 1\nends: 2\n"], None);
    }

    #[test]
    fn front_matter_ends_at_its_second_fence() {
        let count = |text: &'static str| front_lines(lines(text));
        assert_eq!(count("---\na: 1\n---\ntext\n---\n"), Some(3));
        assert_eq!(count("\u{feff}---\r\na: 1\r\n---"), Some(3));
        assert_eq!(count("text\n---\n"), None);
        assert_eq!(count("---\nno end\n"), None);
    }
}
