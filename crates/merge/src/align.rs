//! Aligning two sequences of tokens.

use std::hash::Hash;

use imara_diff::{Algorithm, Diff, InternedInput, Interner};

/// A change: positions in the old sequence, and in the new one.
pub(crate) type Hunk = (std::ops::Range<usize>, std::ops::Range<usize>);

fn compute<T: Hash + Eq>(how: Algorithm, old: impl Iterator<Item = T>, new: impl Iterator<Item = T>) -> Diff {
    let mut input = numbered(old);
    input.update_after(new);
    diff(how, &input)
}

/// Tokens are numbered in the order in which they appear, so the interner's hash order reaches nothing.
fn numbered<T: Hash + Eq>(old: impl Iterator<Item = T>) -> InternedInput<T> {
    let count = old.size_hint().0;
    let mut input = InternedInput { before: Vec::new(), after: Vec::new(), interner: Interner::new(count) };
    input.update_before(old);
    input
}

fn diff<T: Hash + Eq>(how: Algorithm, input: &InternedInput<T>) -> Diff {
    let mut diff = Diff::compute(how, input);
    diff.postprocess_no_heuristic(input);
    diff
}

/// What changed, in order.
pub(crate) fn hunks<T: Hash + Eq>(old: impl Iterator<Item = T>, new: impl Iterator<Item = T>) -> Vec<Hunk> {
    changes(&compute(Algorithm::Histogram, old, new))
}

/// What changed among words: they repeat, and the shortest difference is nearest to what a person did.
pub(crate) fn word_hunks<T: Hash + Eq>(old: impl Iterator<Item = T>, new: impl Iterator<Item = T>) -> Vec<Hunk> {
    changes(&compute(Algorithm::Myers, old, new))
}

fn changes(diff: &Diff) -> Vec<Hunk> {
    diff.hunks()
        .map(|h| (h.before.start as usize..h.before.end as usize, h.after.start as usize..h.after.end as usize))
        .collect()
}

/// For each old token the position of the new token that it became, if any. Rising.
pub(crate) fn matches<T: Hash + Eq + Copy>(old: &[T], new: &[T]) -> Vec<Option<usize>> {
    matches_of_each(old, [new.iter().copied()].into_iter()).into_iter().next().unwrap_or_default()
}

/// As [`matches`], for each of several new sequences, which are mostly as the old one.
pub(crate) fn matches_of_each<T: Hash + Eq + Copy>(
    old: &[T],
    news: impl Iterator<Item = impl Iterator<Item = T>>,
) -> Vec<Vec<Option<usize>>> {
    let mut input = numbered(old.iter().copied());
    let known = input.interner.num_tokens() as usize;
    let mut first = vec![usize::MAX; known];
    input.before.iter().enumerate().rev().for_each(|(at, token)| first[token.0 as usize] = at);
    let of = |new| {
        input.after.clear();
        let mut next = 0;
        for token in new {
            // Where it goes on as the old one does, no hash is made.
            let number = if old.get(next) == Some(&token) {
                input.before[next]
            } else {
                let number = input.interner.intern(token);
                if let Some(at) = first.get(number.0 as usize) {
                    next = *at;
                }
                number
            };
            next += 1;
            input.after.push(number);
        }
        kept(&diff(Algorithm::Histogram, &input), old.len())
    };
    news.map(of).collect()
}

/// Where each of so many old tokens is in the new ones.
fn kept(diff: &Diff, old: usize) -> Vec<Option<usize>> {
    let mut at = vec![None; old];
    let (mut i, mut j) = (0, 0);
    let mut same = |i: &mut usize, j: &mut usize, until: usize| {
        while *i < until {
            at[*i] = Some(*j);
            *i += 1;
            *j += 1;
        }
    };
    for (before, after) in changes(diff) {
        same(&mut i, &mut j, before.start);
        (i, j) = (before.end, after.end);
    }
    same(&mut i, &mut j, old);
    at
}

/// The lines of a text, each with its `\n`. Only `\n` ends a line; a lone CR is text.
pub(crate) fn lines(text: &str) -> std::str::SplitInclusive<'_, char> {
    text.split_inclusive('\n')
}
