//! White space: where it is all that a side changed, words come before it. A box ticked with `X` is one ticked with
//! `x`, and no more than white space between them.

use std::collections::BTreeSet;

use super::tokens::{Sort, Token, tokens};
use crate::align::lines;

fn is_space(token: &Token<'_>) -> bool {
    matches!(token.sort, Sort::Space | Sort::Break)
}

/// What texts of the same words have alike: cheap to compare, before tokens are.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace()).map(|c| if c == 'X' { 'x' } else { c })
}

fn said<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = &'a str> {
    tokens.iter().filter(|t| !is_space(t)).map(Token::said)
}

/// True if two texts differ in white space, or in how the same boxes are ticked, at most. A word taken apart is two
/// other words.
pub(super) fn same_words(a: &str, b: &str) -> bool {
    let (said_a, said_b) = (letters(a), letters(b));
    a == b || (said_a.eq(said_b) && said(&tokens(a)).eq(said(&tokens(b))))
}

/// Between which words lines break: numbers of tokens other than white space.
fn breaks(text: &str) -> Vec<usize> {
    let (mut at, mut out) = (0, Vec::new());
    for token in &tokens(text) {
        if !is_space(token) {
            at += 1;
        } else if token.sort == Sort::Break && at > 0 && out.last() != Some(&at) {
            out.push(at);
        }
    }
    out.pop_if(|last| *last == at);
    out
}

/// True if `side` is `base` with other white space in the same lines. Lines that were broken or joined are more
/// than that: somebody made paragraphs.
pub(super) fn only_spaced(base: &str, side: &str) -> bool {
    same_words(base, side) && breaks(base) == breaks(side)
}

fn indents(text: &str) -> impl Iterator<Item = &str> {
    lines(text).filter(|l| !l.trim().is_empty()).map(|l| &l[..l.len() - l.trim_start().len()])
}

/// Of texts that differ in white space only: one that indents as the base does; of those one that begins and ends
/// as the base does; of those the one with most of it.
pub(super) fn best_spaced<'a>(base: &str, sides: &[&'a str]) -> Option<&'a str> {
    let ends = |text: &'_ str| -> (usize, usize) {
        (text.len() - text.trim_start().len(), text.len() - text.trim_end().len())
    };
    let (known, around) = (indents(base).collect::<BTreeSet<_>>(), ends(base));
    let strange = |side: &str| {
        let of = ends(side);
        let moved = usize::from(of.0 != around.0) + usize::from(of.1 != around.1);
        (indents(side).filter(|i| !known.contains(i)).count(), moved)
    };
    sides.iter().copied().min_by_key(|s| (strange(s), std::cmp::Reverse((s.len(), *s))))
}
