//! Aligning two sequences of tokens.

use std::hash::Hash;

use imara_diff::{Algorithm, Diff, InternedInput, Interner};

/// A change: positions in the old sequence, and in the new one.
pub(crate) type Hunk = (std::ops::Range<usize>, std::ops::Range<usize>);

fn compute<T: Hash + Eq>(how: Algorithm, old: impl Iterator<Item = T>, new: impl Iterator<Item = T>) -> Diff {
    // Tokens are numbered in the order in which they appear, so the interner's hash order reaches nothing.
    let mut input = InternedInput { before: Vec::new(), after: Vec::new(), interner: Interner::new(0) };
    input.update_before(old);
    input.update_after(new);
    let mut diff = Diff::compute(how, &input);
    diff.postprocess_no_heuristic(&input);
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
pub(crate) fn matches<T: Hash + Eq>(old: &[T], new: &[T]) -> Vec<Option<usize>> {
    let mut at = vec![None; old.len()];
    let (mut i, mut j) = (0, 0);
    let mut same = |i: &mut usize, j: &mut usize, until: usize| {
        while *i < until {
            at[*i] = Some(*j);
            *i += 1;
            *j += 1;
        }
    };
    for (before, after) in hunks(old.iter(), new.iter()) {
        same(&mut i, &mut j, before.start);
        (i, j) = (before.end, after.end);
    }
    same(&mut i, &mut j, old.len());
    at
}

/// The lines of a text, each with its `\n`. Only `\n` ends a line; a lone CR is text.
pub(crate) fn lines(text: &str) -> std::str::SplitInclusive<'_, char> {
    text.split_inclusive('\n')
}
