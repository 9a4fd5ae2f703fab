//! Several sides added something at the same place.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::rules::Place;
use super::tokens::{Sort, tick_at, tokens};
use crate::align::lines;

fn blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// Words of a line, with how often each stands there.
fn words(line: &str) -> BTreeMap<&str, usize> {
    let mut count = BTreeMap::new();
    for token in tokens(line).iter().filter(|t| t.sort == Sort::Word) {
        *count.entry(token.text).or_insert(0) += 1;
    }
    count
}

/// Alike in three of four parts.
fn alike(a: &str, b: &str) -> bool {
    if a.trim() == b.trim() {
        return true;
    }
    let (a, b) = (words(a), words(b));
    let size = |w: &BTreeMap<&str, usize>| w.values().sum::<usize>();
    let common: usize = a.iter().map(|(w, n)| (*n).min(b.get(w).copied().unwrap_or(0))).sum();
    let longer = size(&a).max(size(&b));
    longer > 0 && 4 * common >= 3 * longer
}

fn near_duplicates(sides: &[&str]) -> bool {
    sides.iter().enumerate().any(|(i, a)| {
        sides[i + 1..]
            .iter()
            .any(|b| lines(a).filter(|l| !blank(l)).any(|x| lines(b).filter(|l| !blank(l)).any(|y| alike(x, y))))
    })
}

/// Where numbers are compared as numbers, and letters without their case first.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let split = |text: &str| -> Vec<(u8, u64, String)> {
        let mut out: Vec<(u8, u64, String)> = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                out.push((0, rest[..digits].parse().unwrap_or(u64::MAX), String::new()));
                rest = &rest[digits..];
            } else {
                out.push((1, 0, c.to_ascii_lowercase().to_string()));
                rest = &rest[c.len_utf8()..];
            }
        }
        out
    };
    split(a).cmp(&split(b)).then_with(|| a.cmp(b))
}

/// The sign that a list item begins with, and how far it is indented.
fn marker(line: &str) -> Option<(usize, char)> {
    let item = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - item.len();
    let mut chars = item.chars();
    match chars.next()? {
        sign @ ('-' | '*' | '+') if chars.next().is_some_and(|c| c == ' ' || c == '\t') => Some((indent, sign)),
        '0'..='9' => {
            let rest = item.trim_start_matches(|c: char| c.is_ascii_digit());
            (rest.starts_with(". ") || rest.starts_with(") ")).then_some((indent, '1'))
        }
        '|' => Some((indent, '|')),
        _ => None,
    }
}

/// The items of a list, each with what is indented below it; nothing if this is no list.
fn items(text: &str) -> Option<(char, Vec<String>)> {
    let mut out: Vec<String> = Vec::new();
    let mut first: Option<(usize, char)> = None;
    for line in lines(text) {
        match (marker(line), first) {
            (Some(at), None) => {
                first = Some(at);
                out.push(line.to_string());
            }
            (Some(at), Some(first)) if at == first => out.push(line.to_string()),
            (Some((indent, _)), Some((least, _))) if indent > least => out.last_mut()?.push_str(line),
            (None, Some((least, _))) if !blank(line) && line.len() - line.trim_start().len() > least => {
                out.last_mut()?.push_str(line);
            }
            _ => return None,
        }
    }
    // A row of dashes heads a table: two tables, not two rows.
    let dashes = |row: &String| row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\r' | '\n' | '\t'));
    match first {
        Some((_, '|')) if out.iter().any(dashes) => None,
        Some((_, sign)) => Some((sign, out)),
        None => None,
    }
}

fn sorted<'a>(items: impl Iterator<Item = &'a str>) -> bool {
    let items: Vec<&str> = items.collect();
    items.windows(2).all(|w| natural(w[0].trim(), w[1].trim()) != Ordering::Greater)
}

fn union(sides: &[&str], place: Place<'_>) -> Option<String> {
    let lists: Vec<(char, Vec<String>)> = sides.iter().map(|s| items(s)).collect::<Option<_>>()?;
    if lists.iter().any(|(sign, _)| *sign != lists[0].0) {
        return None;
    }
    let columns = |row: &String| row.matches('|').count();
    if lists[0].0 == '|' && lists.iter().flat_map(|(_, l)| l).any(|row| columns(row) != columns(&lists[0].1[0])) {
        return None;
    }
    let bare =
        |item: &str| tick_at(item).map_or_else(|| item.to_string(), |at| format!("{}{}", &item[..at], &item[at + 3..]));
    for (i, (_, a)) in lists.iter().enumerate() {
        for (_, b) in &lists[i + 1..] {
            if a.iter().any(|x| b.iter().any(|y| x != y && alike(&bare(x), &bare(y)))) {
                return None;
            }
        }
    }
    let beside = |line| marker(line).is_some_and(|m| m.1 == lists[0].0);
    let in_order = lists.iter().all(|(_, list)| {
        let above = Some(place.above).filter(|l| beside(l));
        let below = Some(place.below).filter(|l| beside(l));
        sorted(above.into_iter().chain(list.iter().map(String::as_str)).chain(below))
    });
    let mut all: Vec<String> = Vec::new();
    for item in lists.into_iter().flat_map(|(_, list)| list) {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    if in_order {
        all.sort_by(|a, b| natural(a.trim(), b.trim()));
    }
    Some(all.concat())
}

/// As lines end here.
fn line_break(sides: &[&str], place: Place<'_>) -> &'static str {
    let windows = sides.iter().chain([&place.above, &place.below]).any(|text| text.contains("\r\n"));
    if windows { "\r\n" } else { "\n" }
}

/// Passages with one blank line between.
fn blocks(sides: &[&str], place: Place<'_>) -> Option<String> {
    if near_duplicates(sides) {
        return None;
    }
    let split = |text: &str| {
        let all: Vec<&str> = lines(text).collect();
        let start = all.iter().take_while(|l| blank(l)).count();
        let end = all.len() - all.iter().rev().take_while(|l| blank(l)).count().min(all.len() - start);
        (all[..start].concat(), all[start..end].concat(), all[end..].concat())
    };
    let parts: Vec<(String, String, String)> = sides.iter().map(|s| split(s)).collect();
    if parts.iter().any(|(_, core, _)| core.is_empty()) {
        return None;
    }
    let longest = |get: fn(&(String, String, String)) -> &String| {
        parts.iter().map(get).max_by(|a, b| a.len().cmp(&b.len()).then(a.cmp(b))).cloned().unwrap_or_default()
    };
    let (lead, trail) = (longest(|p| &p.0), longest(|p| &p.2));
    let apart = !lead.is_empty() || !trail.is_empty();
    let open = blank(place.above) || blank(place.below);
    if !apart && !open {
        return None;
    }
    let between = if apart { line_break(sides, place) } else { "" };
    let cores: Vec<&str> = parts.iter().map(|p| p.1.as_str()).collect();
    Some(format!("{lead}{}{trail}", cores.join(between)))
}

/// All of them, where each stands for itself. `sides` are sorted.
pub(super) fn both(sides: &[&str], place: Place<'_>) -> Option<String> {
    let eol = line_break(sides, place);
    let all = |sides: &[&str]| union(sides, place).or_else(|| blocks(sides, place));
    if place.lines && sides.iter().all(|s| s.ends_with('\n')) {
        return all(sides);
    }
    if !place.at_end {
        return None;
    }
    // At the end of a text without a last line break: what was added begins with one, or has none at its end.
    let starts = sides.iter().all(|s| s.starts_with(eol));
    if !place.lines && !starts {
        return None;
    }
    let ends = sides.iter().any(|s| s.ends_with('\n'));
    let whole: Vec<String> = sides
        .iter()
        .map(|s| if place.lines { s } else { s.strip_prefix(eol).unwrap_or(s) })
        .map(|s| if s.ends_with('\n') { s.to_string() } else { format!("{s}{eol}") })
        .collect();
    let text = all(&whole.iter().map(String::as_str).collect::<Vec<_>>())?;
    let text = if ends { text.as_str() } else { text.strip_suffix(eol).unwrap_or(&text) };
    Some(if place.lines { text.to_string() } else { format!("{eol}{text}") })
}
