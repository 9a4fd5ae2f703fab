//! A long line that two sides wrote at different places of a text, and that would stand there twice.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::align::lines;
use crate::cut::Token;
use crate::text::LONG_LINE;

type Count<'a> = HashMap<&'a str, usize>;

fn count<'a>(lines: impl Iterator<Item = &'a str>) -> Count<'a> {
    let mut out = Count::new();
    for line in lines.map(str::trim).filter(|l| l.len() > LONG_LINE) {
        *out.entry(line).or_insert(0) += 1;
    }
    out
}

/// The long lines of the base and of each side, counted when first asked for. Only looked up, never listed.
#[derive(Default)]
pub(crate) struct Doubled<'a> {
    counts: OnceCell<(Count<'a>, Vec<Count<'a>>)>,
}

impl<'a> Doubled<'a> {
    /// True if a line of `merged`, which stands for a passage that the sides have as `passages`, is new and would be
    /// there more often than in any side. `base` and `sides` are the same at each call.
    pub fn doubles(&self, base: &[Token<'a>], sides: &[Vec<Token<'a>>], merged: &str, passages: &[&str]) -> bool {
        let new = count(lines(merged));
        if new.is_empty() {
            return false;
        }
        let (base, sides) = self.counts.get_or_init(|| {
            let of = |tokens: &[Token<'a>]| count(tokens.iter().filter_map(|t| t.line()));
            (of(base), sides.iter().map(|s| of(s)).collect())
        });
        let passages: Vec<Count<'_>> = passages.iter().map(|p| count(lines(p))).collect();
        let of = |count: &Count<'_>, line: &str| count.get(line).copied().unwrap_or(0);
        new.iter().filter(|(line, _)| !base.contains_key(*line)).any(|(line, n)| {
            let all = sides.iter().map(|s| of(s, line));
            let elsewhere = all.clone().zip(&passages).map(|(all, here)| all.saturating_sub(of(here, line)));
            n + elsewhere.max().unwrap_or(0) > all.max().unwrap_or(0).max(1)
        })
    }
}
