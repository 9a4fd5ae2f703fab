//! A long line that two sides wrote at different places of a text, and that would stand there twice.

use std::cell::OnceCell;
use std::ops::Range;

use crate::align::lines;
use crate::cut::Token;
use crate::hash::Lookup;
use crate::text::LONG_LINE;

type Count<'a> = Lookup<&'a str, usize>;

fn count<'a>(lines: impl Iterator<Item = &'a str>) -> Count<'a> {
    let mut out = Count::default();
    for line in lines.map(str::trim).filter(|l| l.len() > LONG_LINE) {
        *out.entry(line).or_insert(0) += 1;
    }
    out
}

/// The long lines of the base, and of each side where it is not as the base, counted when first asked for. Only looked
/// up, never listed.
#[derive(Default)]
pub(crate) struct Doubled<'a> {
    base: OnceCell<Count<'a>>,
    sides: OnceCell<Vec<Count<'a>>>,
}

impl<'a> Doubled<'a> {
    /// True if a line of `merged`, which stands for a passage that the sides have as `passages`, is new and would be
    /// there more often than in any side. `base`, `sides`, and where those are `touched`, are the same at each call.
    pub fn doubles(
        &self,
        base: &[Token<'a>],
        sides: &[Vec<Token<'a>>],
        touched: &[Vec<Range<usize>>],
        merged: &str,
        passages: &[&str],
    ) -> bool {
        let new = count(lines(merged));
        if new.is_empty() {
            return false;
        }
        let of = |tokens: &[Token<'a>]| count(tokens.iter().filter_map(|t| t.line()));
        // A line that the base does not have is nowhere else.
        let sides = self.sides.get_or_init(|| {
            let of_side = |(side, touched): (&Vec<Token<'a>>, &Vec<Range<usize>>)| {
                count(touched.iter().flat_map(|range| &side[range.clone()]).filter_map(|t| t.line()))
            };
            sides.iter().zip(touched).map(of_side).collect()
        });
        let passages: Vec<Count<'_>> = passages.iter().map(|p| count(lines(p))).collect();
        let count_of = |count: &Count<'_>, line: &str| count.get(line).copied().unwrap_or(0);
        let more = |(line, n): &(&&str, &usize)| {
            let all = sides.iter().map(|s| count_of(s, line));
            let elsewhere = all.clone().zip(&passages).map(|(all, here)| all.saturating_sub(count_of(here, line)));
            *n + elsewhere.max().unwrap_or(0) > all.max().unwrap_or(0).max(1)
        };
        new.iter().filter(more).any(|(line, _)| !self.base.get_or_init(|| of(base)).contains_key(*line))
    }
}
