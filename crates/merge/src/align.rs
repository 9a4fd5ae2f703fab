//! Aligning two sequences of tokens.

use std::collections::BTreeSet;
use std::hash::Hash;

use imara_diff::{Algorithm, Diff, InternedInput, Interner, Token};

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

/// For each old line the position of the new line that it became, if any. Rising.
pub(crate) fn matches(old: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    let blank = |line: &str| line.trim().is_empty();
    matches_of_each(old, [new.iter().copied()].into_iter(), blank).into_iter().next().unwrap_or_default()
}

/// As [`matches`], for each of several new sequences, which are mostly as the old one. `blank`: an empty line, which stands
/// for nothing where something that says more could be the same.
pub(crate) fn matches_of_each<T: Hash + Eq + Copy>(
    old: &[T],
    news: impl Iterator<Item = impl Iterator<Item = T>>,
    blank: impl Fn(T) -> bool,
) -> Vec<Vec<Option<usize>>> {
    let mut input = numbered(old.iter().copied());
    let blanks: BTreeSet<u32> = old.iter().zip(&input.before).filter(|(t, _)| blank(**t)).map(|(_, n)| n.0).collect();
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
        let mut at = kept(&diff(Algorithm::Histogram, &input), old.len());
        words_before_blanks(&mut at, &input, &blanks);
        at
    };
    news.map(of).collect()
}

/// Between two that are the same, empty lines were matched, and lines that say something were not, though both sequences
/// have them: those are matched first there.
fn words_before_blanks<T>(at: &mut [Option<usize>], input: &InternedInput<T>, blanks: &BTreeSet<u32>) {
    if blanks.is_empty() || at.iter().all(Option::is_some) {
        return;
    }
    let numbers = |tokens: &[Token]| tokens.iter().map(|token| token.0).collect::<Vec<u32>>();
    let (old, new) = (numbers(&input.before), numbers(&input.after));
    let (mut from, mut from_new) = (0, 0);
    for i in 0..=old.len() {
        let to_new = match at.get(i) {
            None => new.len(),
            Some(Some(there)) if !blanks.contains(&old[i]) => *there,
            Some(_) => continue,
        };
        if at[from..i].iter().any(Option::is_some) && to_new - from_new > 1 {
            let between = rematched(&old[from..i], &new[from_new..to_new], blanks);
            for (n, there) in between.into_iter().flatten().enumerate() {
                at[from + n] = there.map(|there| from_new + there);
            }
        }
        (from, from_new) = (i + 1, to_new + 1);
    }
}

/// What these become where empty lines count only between others. `None` where no others are in both.
fn rematched(old: &[u32], new: &[u32], blanks: &BTreeSet<u32>) -> Option<Vec<Option<usize>>> {
    let says_something = |of: &[u32]| -> Vec<usize> { (0..of.len()).filter(|n| !blanks.contains(&of[*n])).collect() };
    let (olds, news) = (says_something(old), says_something(new));
    let in_new: BTreeSet<u32> = news.iter().map(|n| new[*n]).collect();
    if !olds.iter().any(|n| in_new.contains(&old[*n])) {
        return None;
    }
    let found = compute(Algorithm::Histogram, olds.iter().map(|n| old[*n]), news.iter().map(|n| new[*n]));
    let pairs = olds.iter().zip(kept(&found, olds.len())).filter_map(|(n, there)| Some((*n, news[there?])));
    let mut out = vec![None; old.len()];
    let (mut from, mut from_new) = (0, 0);
    for (i, j) in pairs.chain([(old.len(), new.len())]) {
        let between = compute(Algorithm::Histogram, old[from..i].iter(), new[from_new..j].iter());
        for (n, there) in kept(&between, i - from).into_iter().enumerate() {
            out[from + n] = there.map(|there| from_new + there);
        }
        if i < old.len() {
            out[i] = Some(j);
        }
        (from, from_new) = (i + 1, j + 1);
    }
    Some(out)
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
