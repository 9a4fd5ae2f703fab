//! From front matter to values.

use std::collections::BTreeSet;

use holdfast_domain::{Date, MAX_NAME_BYTES, check_name, clean_title, fold_name};

use super::yaml::{Entry, Outline, Scalar, Value, outline};
use super::{ALIASES, Block, CREATED, DONE, DUE, FrontMatter, TAGS, TITLE, UPDATED, time};

/// Reads what Holdfast knows. Tolerant: names in any case, lists in any notation, and nothing where the block
/// is not valid YAML.
pub fn read(front: &str) -> FrontMatter {
    match Block::find(front) {
        Some(block) => read_inner(block.inner, &outline(block.inner)),
        None => FrontMatter::default(),
    }
}

pub(super) fn read_inner(inner: &str, outline: &Outline) -> FrontMatter {
    let entries = outline.entries();
    FrontMatter {
        title: find(entries, TITLE, |s| title(&s.text)).map(|(_, v)| v),
        tags: names(inner, entries, TAGS),
        aliases: names(inner, entries, ALIASES),
        due: find(entries, DUE, |s| date(&s.text)).map(|(_, v)| v),
        created_ms: find(entries, CREATED, |s| time::parse(&s.text)).map(|(_, v)| v),
        updated_ms: find(entries, UPDATED, |s| time::parse(&s.text)).map(|(_, v)| v),
        done: find(entries, DONE, |s| truth(&s.text)).map(|(_, v)| v),
    }
}

/// The value of the first of the keys that has one that can be read; of a key written twice, the last.
pub(super) fn find<'a, T>(
    entries: &'a [Entry],
    keys: &[&str],
    read: impl Fn(&Scalar) -> Option<T>,
) -> Option<(&'a Entry, T)> {
    keys.iter().find_map(|key| {
        entries.iter().rev().filter(|e| e.key == *key).find_map(|e| match &e.value {
            Value::Scalar(s) if !s.is_null() => read(s).map(|v| (e, v)),
            _ => None,
        })
    })
}

pub(super) fn title(text: &str) -> Option<String> {
    Some(clean_title(text)).filter(|t| !t.is_empty())
}

/// True where the block's title is longer than a title can be, so that [`read`] gives its beginning only. The block
/// itself has all of it.
pub fn title_is_cut(front: &str) -> bool {
    let Some(block) = Block::find(front) else { return false };
    let cut = |s: &Scalar| title(&s.text).map(|_| s.text.trim().len() > MAX_NAME_BYTES);
    find(outline(block.inner).entries(), TITLE, cut).is_some_and(|(_, cut)| cut)
}

/// A day, also where a time follows it.
pub(super) fn date(text: &str) -> Option<Date> {
    let day = text.trim().get(..10)?;
    if !text.trim()[10..].starts_with(|c: char| c == 'T' || c.is_whitespace()) && text.trim().len() > 10 {
        return None;
    }
    day.parse().ok()
}

pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

fn names(inner: &str, entries: &[Entry], keys: &[&str]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    entries
        .iter()
        .filter(|e| keys.contains(&e.key.as_str()))
        .flat_map(|e| entry_names(inner, e))
        .filter(|n| seen.insert(fold_name(n)))
        .collect()
}

/// The names in one entry, in order.
pub(super) fn entry_names(inner: &str, entry: &Entry) -> Vec<String> {
    let is_tags = TAGS.contains(&entry.key.as_str());
    match &entry.value {
        Value::List { items: Some(items), .. } => items.iter().filter_map(|i| item_name(i, is_tags)).collect(),
        Value::Scalar(s) if s.is_null() && is_tags => {
            let Some(text) = comment_tags(inner, entry) else { return Vec::new() };
            text.split_whitespace().filter(|w| w.starts_with('#')).filter_map(|w| name(w, true)).collect()
        }
        Value::Scalar(s) if !s.is_null() => {
            let by_comma = s.text.contains([',', '\n']) || !is_tags;
            s.text
                .split(|c: char| if by_comma { matches!(c, ',' | '\n') } else { c.is_whitespace() })
                .filter_map(|n| name(n, is_tags))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// `tags: #a #b` is a comment to YAML, and tags to the person who wrote it.
pub(super) fn comment_tags<'a>(inner: &'a str, entry: &Entry) -> Option<&'a str> {
    let rest = &inner[entry.key_range.end..];
    let line = rest.split(['\n', '\r']).next()?.trim_start().strip_prefix(':')?.trim();
    (line.starts_with('#') && line[1..].starts_with(|c: char| c.is_alphanumeric())).then_some(line)
}

pub(super) fn item_name(item: &Scalar, is_tag: bool) -> Option<String> {
    if item.is_null() { None } else { name(&item.text, is_tag) }
}

/// A name as it is kept: a tag without the `#` that people write before it, however often, so that what was kept reads
/// as itself.
pub(super) fn name(text: &str, is_tag: bool) -> Option<String> {
    let text = text.trim();
    let before = |c: char| is_tag && (c == '#' || c.is_whitespace());
    check_name(text.trim_start_matches(before)).ok()
}
