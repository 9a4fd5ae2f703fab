//! What a merged passage must hold before it is believed: nothing from nowhere, nothing lost, nothing doubled,
//! nothing left half open.

use std::collections::BTreeMap;

use super::tokens::{Sort, tokens};
use crate::align::{lines, word_hunks};

/// A line at least this long, in bytes, that stands once on every side should not stand twice afterwards.
pub(crate) const LONG_LINE: usize = 20;

type Count<'a> = BTreeMap<&'a str, usize>;

fn count<'a>(items: impl Iterator<Item = &'a str>) -> Count<'a> {
    let mut out = Count::new();
    for item in items {
        *out.entry(item).or_insert(0) += 1;
    }
    out
}

fn words(text: &str) -> Count<'_> {
    count(tokens(text).into_iter().filter(|t| t.sort == Sort::Word).map(|t| t.text))
}

fn of(count: &Count<'_>, item: &str) -> usize {
    count.get(item).copied().unwrap_or(0)
}

/// Each word that a side has more often than the base is there as often as on that side; none is there that
/// neither the base nor a side has, nor more often than all of them together would make it.
fn words_hold(base: &str, sides: &[&str], merged: &str) -> bool {
    let was = words(base);
    let is: Vec<Count<'_>> = sides.iter().map(|s| words(s)).collect();
    let got = words(merged);
    let kept = is.iter().all(|side| side.iter().all(|(w, n)| *n <= of(&was, w) || of(&got, w) >= *n));
    let known = got.iter().all(|(w, n)| {
        let more: usize = is.iter().map(|side| of(side, w).saturating_sub(of(&was, w))).sum();
        *n <= of(&was, w) + more
    });
    kept && known
}

/// True where no word that a side took out is there as if it had not. Of a word that another side added, one more may be.
pub(super) fn keeps_out(base: &str, sides: &[&str], merged: &str) -> bool {
    let (was, got) = (words(base), words(merged));
    let is: Vec<Count<'_>> = sides.iter().map(|s| words(s)).collect();
    was.iter().all(|(word, n)| {
        let more: usize = is.iter().map(|side| of(side, word).saturating_sub(*n)).sum();
        let fewer = is.iter().map(|side| n.saturating_sub(of(side, word))).max().unwrap_or(0);
        of(&got, word) + fewer <= n + more
    })
}

/// True where no line that a side took out, with nothing in its place, is there as if it had not: by a word that this side
/// has nowhere any more, and that is there as often as in the base and as others added it.
pub(super) fn lines_stay_out(base: &str, sides: &[&str], merged: &str) -> bool {
    let old: Vec<&str> = lines(base).collect();
    let out = |side| {
        let hunks = word_hunks(old.iter().copied(), lines(side)).into_iter();
        hunks.filter(|(_, new)| new.is_empty()).flat_map(|(gone, _)| &old[gone]).copied().collect::<String>()
    };
    let out: Vec<String> = sides.iter().map(|side| out(side)).collect();
    if out.iter().all(String::is_empty) {
        return true;
    }
    let (was, got) = (words(base), words(merged));
    let is: Vec<Count<'_>> = sides.iter().map(|s| words(s)).collect();
    out.iter().zip(&is).all(|(out, has)| {
        words(out).keys().all(|word| {
            let n = of(&was, word);
            let more: usize = is.iter().map(|other| of(other, word).saturating_sub(n)).sum();
            of(has, word) > 0 || of(&got, word) < n + more
        })
    })
}

fn lines_hold(base: &str, sides: &[&str], merged: &str) -> bool {
    let long = |text| count(lines(text).map(str::trim).filter(|l| l.len() > LONG_LINE));
    let most: Vec<Count<'_>> = sides.iter().copied().chain([base]).map(long).collect();
    long(merged).iter().all(|(line, n)| *n <= most.iter().map(|c| of(c, line)).max().unwrap_or(0).max(1))
}

fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// Code fences come in pairs where they did, brackets close where they did, and rows have as many columns as rows
/// had before.
fn shape_holds(base: &str, sides: &[&str], merged: &str) -> bool {
    let odd = |text: &str| lines(text).filter(|l| is_fence(l)).count() % 2;
    let fences = sides.iter().all(|s| odd(s) == odd(base));
    if fences && odd(merged) != odd(base) {
        return false;
    }
    let open =
        |text: &str, a: char, b: char| text.chars().fold(0_i64, |n, c| n + i64::from(c == a) - i64::from(c == b));
    for (a, b) in [('[', ']'), ('(', ')'), ('{', '}')] {
        let was = open(base, a, b);
        if sides.iter().all(|s| open(s, a, b) == was) && open(merged, a, b) != was {
            return false;
        }
    }
    let columns = |line: &str| line.matches('|').count();
    let is_row = |line: &&str| line.trim_start().starts_with('|');
    let known: Vec<usize> =
        sides.iter().copied().chain([base]).flat_map(|t| lines(t).filter(is_row).map(columns)).collect();
    lines(merged).filter(is_row).all(|row| known.contains(&columns(row)))
}

/// Where tables start in a text that has no row of dashes there.
fn headless(text: &str) -> Vec<usize> {
    let row = |line: &str| line.trim_start().starts_with('|');
    let dashes = |line: &&str| row(line) && line.trim().chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let all: Vec<&str> = lines(text).collect();
    let starts = (0..all.len()).filter(|&i| row(all[i]) && (i == 0 || !row(all[i - 1])));
    starts.filter(|&i| !all.get(i + 1).is_some_and(dashes)).collect()
}

/// A table that had its head keeps it, and rows stay beside their table: at the start of a passage they may go on
/// with one above.
fn tables_hold(base: &str, sides: &[&str], merged: &str) -> bool {
    let before: Vec<Vec<usize>> = sides.iter().copied().chain([base]).map(headless).collect();
    let after = headless(merged);
    let going_on = before.iter().any(|all| all.first() == Some(&0));
    let inside = before.iter().flatten().any(|at| *at > 0);
    after.into_iter().all(|at| inside || (at == 0 && going_on))
}

/// Whether `merged` may stand for what `sides` made of `base`.
pub(super) fn holds(base: &str, sides: &[&str], merged: &str) -> bool {
    words_hold(base, sides, merged)
        && lines_hold(base, sides, merged)
        && shape_holds(base, sides, merged)
        && tables_hold(base, sides, merged)
}
