//! Several sides added something at the same place.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::rules::Place;
use super::tokens::{Sort, tick_at, tokens};
use crate::align::lines;

fn blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// A line with its words, counted once however many lines it is compared with.
struct Said<'a> {
    line: &'a str,
    words: BTreeMap<&'a str, usize>,
    size: usize,
}

impl<'a> Said<'a> {
    fn of(line: &'a str) -> Self {
        let mut words = BTreeMap::new();
        let mut size = 0;
        for token in tokens(line).iter().filter(|t| t.sort == Sort::Word) {
            *words.entry(token.text).or_insert(0) += 1;
            size += 1;
        }
        Self { line: line.trim(), words, size }
    }

    /// Alike in three of four parts.
    fn alike(&self, other: &Self) -> bool {
        let (shorter, longer) = (self.size.min(other.size), self.size.max(other.size));
        if self.line == other.line || longer == 0 || 4 * shorter < 3 * longer {
            return self.line == other.line;
        }
        let common = self.words.iter().map(|(w, n)| (*n).min(other.words.get(w).copied().unwrap_or(0)));
        4 * common.sum::<usize>() >= 3 * longer
    }
}

/// True if a line of one side is alike to a line of another.
fn near_duplicates(sides: &[&str]) -> bool {
    let all: Vec<Vec<Said<'_>>> =
        sides.iter().map(|text| lines(text).filter(|l| !blank(l)).map(Said::of).collect()).collect();
    all.iter().enumerate().any(|(i, a)| all[i + 1..].iter().flatten().any(|y| a.iter().any(|x| x.alike(y))))
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

/// The lines of a text without the blank ones at its ends, and those.
fn core(text: &str) -> (String, String, String) {
    let all: Vec<&str> = lines(text).collect();
    let start = all.iter().take_while(|l| blank(l)).count();
    let end = all.len() - all.iter().rev().take_while(|l| blank(l)).count().min(all.len() - start);
    (all[..start].concat(), all[start..end].concat(), all[end..].concat())
}

/// The blank lines around: as few as a side has where there is one already, else as many.
fn gaps(parts: &[(String, String, String)], place: Place<'_>) -> (String, String) {
    let gap = |get: fn(&(String, String, String)) -> &String, near: &str| {
        let all = parts.iter().map(get).map(|gap| (gap.len(), gap));
        if blank(near) { all.min() } else { all.max() }.map(|(_, gap)| gap.clone()).unwrap_or_default()
    };
    (gap(|p| &p.0, place.above), gap(|p| &p.2, place.below))
}

/// True if no more than one step in four goes down: a list that somebody keeps in order.
fn in_order<'a>(items: impl Iterator<Item = &'a str>) -> bool {
    let items: Vec<&str> = items.collect();
    let down = items.windows(2).filter(|w| natural(w[0].trim(), w[1].trim()) == Ordering::Greater).count();
    4 * down <= items.len().saturating_sub(1)
}

/// Lists in one, each in its own order; always on with the least of the next items.
fn zipped(lists: Vec<Vec<String>>) -> Vec<String> {
    let mut lists: Vec<std::collections::VecDeque<String>> = lists.into_iter().map(Into::into).collect();
    let mut all: Vec<String> = Vec::new();
    loop {
        let heads = lists.iter().enumerate().filter_map(|(i, list)| list.front().map(|item| (i, item)));
        let next = heads.min_by(|(_, a), (_, b)| natural(a.trim(), b.trim())).map(|(i, _)| i);
        let Some(item) = next.and_then(|i| lists[i].pop_front()) else { return all };
        if !all.contains(&item) {
            all.push(item);
        }
    }
}

fn union(sides: &[&str], place: Place<'_>) -> Option<String> {
    let parts: Vec<(String, String, String)> = sides.iter().map(|s| core(s)).collect();
    let lists: Vec<(char, Vec<String>)> = parts.iter().map(|(_, s, _)| items(s)).collect::<Option<_>>()?;
    if lists.iter().any(|(sign, _)| *sign != lists[0].0) {
        return None;
    }
    let columns = |row: &String| row.matches('|').count();
    if lists[0].0 == '|' && lists.iter().flat_map(|(_, l)| l).any(|row| columns(row) != columns(&lists[0].1[0])) {
        return None;
    }
    let bare =
        |item: &str| tick_at(item).map_or_else(|| item.to_string(), |at| format!("{}{}", &item[..at], &item[at + 3..]));
    let bared: Vec<Vec<String>> = lists.iter().map(|(_, list)| list.iter().map(|item| bare(item)).collect()).collect();
    let said: Vec<Vec<Said<'_>>> = bared.iter().map(|list| list.iter().map(|item| Said::of(item)).collect()).collect();
    let alike = |a: (usize, usize), b: (usize, usize)| {
        lists[a.0].1[a.1] != lists[b.0].1[b.1] && said[a.0][a.1].alike(&said[b.0][b.1])
    };
    let of = |list: usize| (0..lists[list].1.len()).map(move |item| (list, item));
    if (0..lists.len()).any(|i| of(i).any(|x| (i + 1..lists.len()).flat_map(of).any(|y| alike(x, y)))) {
        return None;
    }
    let beside = |line| marker(line).is_some_and(|m| m.1 == lists[0].0);
    let ordered = lists.iter().all(|(_, list)| {
        let above = Some(place.above).filter(|l| beside(l));
        let below = Some(place.below).filter(|l| beside(l));
        in_order(above.into_iter().chain(list.iter().map(String::as_str)).chain(below))
    });
    let lists: Vec<Vec<String>> = lists.into_iter().map(|(_, list)| list).collect();
    let all = if ordered {
        zipped(lists)
    } else {
        let mut all: Vec<String> = Vec::new();
        for item in lists.into_iter().flatten() {
            if !all.contains(&item) {
                all.push(item);
            }
        }
        all
    };
    let (lead, trail) = gaps(&parts, place);
    Some(format!("{lead}{}{trail}", all.concat()))
}

/// As lines end here.
fn line_break(sides: &[&str], place: Place<'_>) -> &'static str {
    let windows = sides.iter().chain([&place.above, &place.below]).any(|text| text.contains("\r\n"));
    if windows { "\r\n" } else { "\n" }
}

/// What goes on with a section stands before what opens one, and that before what opens a larger one.
fn highest_heading(text: &str) -> std::cmp::Reverse<usize> {
    let level = |line: &str| {
        ['#', '='].into_iter().find_map(|sign| {
            let rest = line.trim_start_matches(sign);
            let level = line.len() - rest.len();
            ((1..=6).contains(&level) && rest.starts_with(' ')).then_some(level)
        })
    };
    let mut fenced = false;
    let levels = lines(text).filter_map(|line| {
        fenced ^= line.starts_with("```") || line.starts_with("~~~");
        if fenced { None } else { level(line) }
    });
    std::cmp::Reverse(levels.min().unwrap_or(usize::MAX))
}

/// Passages with one blank line between.
fn blocks(sides: &[&str], place: Place<'_>) -> Option<String> {
    if near_duplicates(sides) {
        return None;
    }
    let parts: Vec<(String, String, String)> = sides.iter().map(|s| core(s)).collect();
    if parts.iter().any(|(_, core, _)| core.is_empty()) {
        return None;
    }
    let apart = parts.iter().any(|(lead, _, trail)| !lead.is_empty() || !trail.is_empty());
    // What goes on with a list or a table stands right beside it. Of two, each would be cut off by the other.
    let goes_on = |line: Option<&str>, beside: &str| {
        let of = |line| marker(line).map(|(_, sign)| sign);
        line.and_then(of).is_some_and(|sign| of(beside) == Some(sign))
    };
    let first =
        |(lead, core, _): &(String, String, String)| lead.is_empty() && goes_on(lines(core).next(), place.above);
    let last =
        |(_, core, trail): &(String, String, String)| trail.is_empty() && goes_on(lines(core).next_back(), place.below);
    if parts.iter().filter(|p| first(p)).count() > 1 || parts.iter().filter(|p| last(p)).count() > 1 {
        return None;
    }
    let (mut lead, mut trail) = gaps(&parts, place);
    if parts.iter().any(first) {
        lead.clear();
    }
    if parts.iter().any(last) {
        trail.clear();
    }
    let open = blank(place.above) || blank(place.below);
    if !apart && !open {
        return None;
    }
    // Between blank lines each is a paragraph of its own; beside other lines it may go on with those.
    let alone = blank(place.above) && blank(place.below);
    let between = if apart || alone { line_break(sides, place) } else { "" };
    let mut parts: Vec<&(String, String, String)> = parts.iter().collect();
    parts.sort_by_key(|part| (!first(part), last(part), highest_heading(&part.1)));
    let cores: Vec<&str> = parts.iter().map(|p| p.1.as_str()).collect();
    Some(format!("{lead}{}{trail}", cores.join(between)))
}

/// All of them, where they are items of a list or rows of a table.
pub(super) fn items_of_all(sides: &[&str], place: Place<'_>) -> Option<String> {
    (place.lines && sides.iter().all(|s| s.ends_with('\n'))).then(|| union(sides, place)).flatten()
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
