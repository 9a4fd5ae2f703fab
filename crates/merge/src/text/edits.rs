//! What one side changed, as a person would tell it: whole words and lines, not the letters that happen to agree.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::tokens::{Sort, Token};
use super::words::concat;
use crate::align::{Hunk, word_hunks};

/// A change of one side: positions of tokens in the base, and in the side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// How good a place between two tokens is to begin a change.
fn border(before: Option<&Token<'_>>) -> u8 {
    match before.map(|t| t.sort) {
        None | Some(Sort::Break) => 3,
        Some(Sort::Space) => 1,
        _ => 0,
    }
}

/// An insertion or a deletion may stand at several places with the same effect: the best is where a line starts,
/// else where a word does; the first of equals.
fn slide(edit: &mut Edit, floor: (usize, usize), ceiling: (usize, usize), base: &[Token<'_>], side: &[Token<'_>]) {
    let pure_new = edit.old.is_empty();
    if !pure_new && !edit.new.is_empty() {
        return;
    }
    let (tokens, range) = if pure_new { (side, edit.new.clone()) } else { (base, edit.old.clone()) };
    let (low, high) = if pure_new { (floor.1, ceiling.1) } else { (floor.0, ceiling.0) };
    // The other sequence limits it too.
    let (other_low, other_high, other_at) =
        if pure_new { (floor.0, ceiling.0, edit.old.start) } else { (floor.1, ceiling.1, edit.new.start) };
    let mut left = 0;
    while range.start > low + left
        && other_at > other_low + left
        && tokens[range.start - left - 1].text == tokens[range.end - left - 1].text
    {
        left += 1;
    }
    let mut right = 0;
    while range.end + right < high
        && other_at + right < other_high
        && tokens[range.start + right].text == tokens[range.end + right].text
    {
        right += 1;
    }
    let start = range.start - left;
    let best = (start..=range.start + right).max_by_key(|&at| {
        let before = at.checked_sub(1).map(|i| &tokens[i]);
        let breaks = tokens.get(at).is_some_and(|t| t.sort == Sort::Break);
        (border(before).max(if breaks { 2 } else { 0 }), std::cmp::Reverse(at))
    });
    if let Some(best) = best {
        let moved = |r: &Range<usize>| {
            if best >= range.start {
                r.start + (best - range.start)..r.end + (best - range.start)
            } else {
                r.start - (range.start - best)..r.end - (range.start - best)
            }
        };
        (edit.old, edit.new) = (moved(&edit.old), moved(&edit.new));
    }
}

fn weight(tokens: &[Token<'_>]) -> usize {
    tokens.iter().filter(|t| t.sort == Sort::Word).map(|t| t.text.chars().count()).sum()
}

/// True if what stands unchanged between two changes of one side is too little to tell them apart: no word at
/// all, or fewer letters than the changes have. A line break tells them apart.
fn weak(between: &[Token<'_>], before: usize, after: usize) -> bool {
    if between.iter().any(|t| t.sort == Sort::Break) {
        return false;
    }
    let same = weight(between);
    if same == 0 {
        return !between.iter().any(|t| t.sort == Sort::Tick);
    }
    same <= before + after
}

/// Where each line begins, and the end.
fn starts(tokens: &[Token<'_>]) -> Vec<usize> {
    let breaks = tokens.iter().enumerate().filter(|(_, t)| t.sort == Sort::Break).map(|(at, _)| at + 1);
    let mut out: Vec<usize> = std::iter::once(0).chain(breaks).collect();
    if out.last() != Some(&tokens.len()) {
        out.push(tokens.len());
    }
    out
}

/// How the words of two texts are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Lines that are the same in both are that, and words only within what lies between them.
    InLines,
    /// Whatever is the shortest difference.
    Anywhere,
}

/// Differences of long passages, by the two texts. A passage that asks is looked at in several ways, and cut with more
/// around it. Only looked up, never listed.
#[derive(Debug, Default)]
pub(crate) struct Diffs(RefCell<HashMap<[String; 2], Vec<Hunk>>>);

/// Fewer tokens in both are compared in less time than it takes to look for what is known of them.
const LONG: usize = 256;

impl Diffs {
    fn words(&self, old: &[Token<'_>], new: &[Token<'_>]) -> Vec<Hunk> {
        let hunks = || word_hunks(old.iter().map(|t| t.text), new.iter().map(|t| t.text));
        if old.len() + new.len() < LONG {
            return hunks();
        }
        self.0.borrow_mut().entry([concat(old), concat(new)]).or_insert_with(hunks).clone()
    }
}

/// The changes of `side`, token by token.
pub(super) fn raw(base: &[Token<'_>], side: &[Token<'_>], how: Match, diffs: &Diffs) -> Vec<Edit> {
    if how == Match::Anywhere {
        return within(base, side, (0..base.len(), 0..side.len()), diffs);
    }
    let (old, new) = (starts(base), starts(side));
    let lines = |tokens: &[Token<'_>], starts: &[usize]| -> Vec<String> {
        starts.windows(2).map(|w| concat(&tokens[w[0]..w[1]])).collect()
    };
    word_hunks(lines(base, &old).iter(), lines(side, &new).iter())
        .into_iter()
        .flat_map(|(was, is)| within(base, side, (old[was.start]..old[was.end], new[is.start]..new[is.end]), diffs))
        .collect()
}

fn within(base: &[Token<'_>], side: &[Token<'_>], (was, is): (Range<usize>, Range<usize>), diffs: &Diffs) -> Vec<Edit> {
    let words = diffs.words(&base[was.clone()], &side[is.clone()]);
    let edit = |(old, new): (Range<usize>, Range<usize>)| Edit {
        old: was.start + old.start..was.start + old.end,
        new: is.start + new.start..is.start + new.end,
    };
    words.into_iter().map(edit).collect()
}

/// The changes of `side`, in order, apart from each other.
pub(super) fn edits(base: &[Token<'_>], side: &[Token<'_>], how: Match, diffs: &Diffs) -> Vec<Edit> {
    let mut list = raw(base, side, how, diffs);
    let size = |e: &Edit| weight(&base[e.old.clone()]).max(weight(&side[e.new.clone()]));
    // Joining two may make the next joint weak, so until nothing changes.
    loop {
        let mut joined: Vec<Edit> = Vec::with_capacity(list.len());
        for edit in list.iter().cloned() {
            match joined.last_mut() {
                Some(last) if weak(&base[last.old.end..edit.old.start], size(last), size(&edit)) => {
                    last.old.end = edit.old.end;
                    last.new.end = edit.new.end;
                }
                _ => joined.push(edit),
            }
        }
        let done = joined.len() == list.len();
        list = joined;
        if done {
            break;
        }
    }
    for i in 0..list.len() {
        let floor = if i == 0 { (0, 0) } else { (list[i - 1].old.end, list[i - 1].new.end) };
        let ceiling = list.get(i + 1).map_or((base.len(), side.len()), |e| (e.old.start, e.new.start));
        let mut edit = list[i].clone();
        slide(&mut edit, floor, ceiling, base, side);
        list[i] = edit;
    }
    list
}
