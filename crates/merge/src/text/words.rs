//! Words merged over a base: edits of different sides that lie apart are all taken; those that meet are decided
//! together, or asked about by whole lines.

use std::ops::Range;

use super::check::holds;
use super::edits::{Diffs, Edit, Match, edits};
use super::tokens::{Sort, Token, spaced_word, tokens};
use super::{Around, Piece, rules};

/// Fewer words changed in a line are no new line.
const REWRITTEN: usize = 8;

/// Edits that meet, and the part of the base that they change.
struct Group {
    old: Range<usize>,
    /// By side, in order.
    edits: Vec<Vec<Edit>>,
    decided: Option<String>,
    /// It was asked already, as it is, and nothing could be decided.
    open: bool,
}

impl Group {
    fn size(&self) -> (Range<usize>, usize) {
        (self.old.clone(), self.edits.iter().map(Vec::len).sum())
    }
}

pub(super) fn concat(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|t| t.text).collect()
}

struct Region<'a> {
    around: Around<'a>,
    how: Match,
    base: &'a [Token<'a>],
    sides: &'a [Vec<Token<'a>>],
    diffs: &'a Diffs,
}

impl Region<'_> {
    /// What a side has in place of `old`; its edits there are all in `edits`.
    fn text(&self, side: usize, old: &Range<usize>, edits: &[Edit]) -> String {
        let mut out = String::new();
        let mut at = old.start;
        for edit in edits {
            out.extend(self.base[at..edit.old.start].iter().map(|t| t.text));
            out.extend(self.sides[side][edit.new.clone()].iter().map(|t| t.text));
            at = edit.old.end;
        }
        out.extend(self.base[at..old.end].iter().map(|t| t.text));
        out
    }

    fn texts(&self, group: &Group) -> Vec<String> {
        (0..self.sides.len()).map(|s| self.text(s, &group.old, &group.edits[s])).collect()
    }

    fn line(&self, at: usize) -> String {
        concat(self.base[at..].split_inclusive(|t| t.sort == Sort::Break).next().unwrap_or_default())
    }

    /// What stands around a part of the base.
    fn decide(&self, group: &Group) -> Option<String> {
        let (start, end) = (group.old.start, group.old.end);
        let mut first = start;
        while !self.line_start(first) {
            first -= 1;
        }
        let mut above = first.saturating_sub(1);
        while !self.line_start(above) {
            above -= 1;
        }
        let mut next = end;
        while next < self.base.len() && !self.line_start(next) {
            next += 1;
        }
        let above = if first == 0 { self.around.above.to_string() } else { self.line(above) };
        let below = if next == self.base.len() { self.around.below.to_string() } else { self.line(next) };
        let at_end = start == self.base.len() && self.around.below.is_empty();
        let lines = self.whole_lines(group) || (at_end && self.line_start(start));
        let place = rules::Place { above: &above, below: &below, lines, at_end, diffs: self.diffs };
        rules::decide(&concat(&self.base[group.old.clone()]), &self.texts(group), place)
    }

    fn line_start(&self, at: usize) -> bool {
        at == 0 || self.base[at - 1].sort == Sort::Break
    }

    /// Whether a change that ends at `end`, leaving `new`, and one that starts at `start` are told apart.
    fn apart(&self, before: (&Range<usize>, &[Token<'_>]), start: &Range<usize>) -> bool {
        let (old, new) = before;
        if start.start < old.end {
            return false;
        }
        let between = &self.base[old.end..start.start];
        if between.iter().any(Token::separates) || spaced_word(between) {
            return !self.inside_a_number(old, start);
        }
        let (at, same_point) = (old.end == start.start, old.is_empty() && start.is_empty());
        let whole = match new.last() {
            Some(last) => last.sort == Sort::Break,
            None => self.line_start(old.start),
        };
        (at && self.line_start(old.end) && whole && !same_point) || (!same_point && self.tick(old, start))
    }

    /// True if two changes are in one date, time or number: `2026-01-05` with another year and another day is a day
    /// that nobody meant.
    fn inside_a_number(&self, a: &Range<usize>, b: &Range<usize>) -> bool {
        let digits = |t: &Token<'_>| t.sort == Sort::Word && t.text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
        let joint = |t: &Token<'_>| matches!(t.text, "-" | "/" | ":" | ".");
        let part = |at: Option<usize>| at.and_then(|at| self.base.get(at)).is_some_and(|t| digits(t) || joint(t));
        part(a.end.checked_sub(1))
            && part(Some(b.start))
            && self.base[a.end..b.start].iter().all(|t| digits(t) || joint(t))
    }

    /// A box beside the words of its item.
    fn tick(&self, a: &Range<usize>, b: &Range<usize>) -> bool {
        let only = |r: &Range<usize>| r.len() == 1 && self.base[r.start].sort == Sort::Tick;
        let near = self.base[a.end..b.start].iter().all(|t| t.sort == Sort::Space);
        near && only(a) != only(b)
    }

    fn groups(&self) -> Vec<Group> {
        let mut all: Vec<(usize, Edit)> = Vec::new();
        for (s, side) in self.sides.iter().enumerate() {
            all.extend(edits(self.base, side, self.how, self.diffs).into_iter().map(|e| (s, e)));
        }
        all.sort_by_key(|(s, e)| (e.old.start, e.old.end, *s));
        let mut groups: Vec<Group> = Vec::new();
        for (s, edit) in all {
            // Everything back to the first group that it meets is one.
            let mut first = groups.len();
            for (i, group) in groups.iter().enumerate().rev() {
                let meets = edit.old.start < group.old.end
                    || group.edits.iter().enumerate().filter(|(other, _)| *other != s).any(|(other, edits)| {
                        edits.iter().any(|e| !self.apart((&e.old, &self.sides[other][e.new.clone()]), &edit.old))
                    });
                if meets {
                    first = i;
                } else if self.base[group.old.end..edit.old.start].iter().any(Token::separates) {
                    break;
                }
            }
            let mut edits = vec![Vec::new(); self.sides.len()];
            let mut old = edit.old.clone();
            for group in groups.drain(first..) {
                old = old.start.min(group.old.start)..old.end.max(group.old.end);
                edits.iter_mut().zip(group.edits).for_each(|(all, mut some)| all.append(&mut some));
            }
            edits[s].push(edit);
            groups.push(Group { old, edits, decided: None, open: false });
        }
        groups
    }

    /// A line of which one side wrote the half anew, or as much again, while another side changed it too: each may be
    /// right, both are rarely. Those groups are open.
    fn reopen_rewritten(&self, groups: &mut [Group]) {
        let words = |tokens: &[Token<'_>]| tokens.iter().filter(|t| t.sort == Sort::Word).count();
        let mut first = 0;
        while first < groups.len() {
            let (mut start, mut end) = (groups[first].old.start, groups[first].old.start);
            while !self.line_start(start) {
                start -= 1;
            }
            while end < self.base.len() && self.base[end].sort != Sort::Break {
                end += 1;
            }
            let mut next = first + 1;
            while next < groups.len() && groups[next].old.start <= end {
                next += 1;
            }
            let inside: Vec<usize> = (first..next).filter(|g| !self.whole_lines(&groups[*g])).collect();
            let mut changed = vec![0; self.sides.len()];
            for group in inside.iter().map(|g| &groups[*g]) {
                for (s, edits) in group.edits.iter().enumerate() {
                    for edit in edits {
                        changed[s] +=
                            words(&self.base[edit.old.clone()]).max(words(&self.sides[s][edit.new.clone()])).max(1);
                    }
                }
            }
            let most = changed.iter().copied().max().unwrap_or(0);
            let several = changed.iter().filter(|n| **n > 0).count() > 1;
            if several && most >= REWRITTEN && 2 * most >= words(&self.base[start..end]) {
                for g in inside {
                    groups[g].decided = None;
                }
            }
            first = next;
        }
    }

    /// A group and those beside it, made wider until it is whole lines.
    fn widen(&self, groups: Vec<Group>) -> Vec<Group> {
        let mut out: Vec<Group> = Vec::new();
        let mut rest = groups.into_iter().peekable();
        while let Some(mut group) = rest.next() {
            if group.decided.is_some() {
                out.push(group);
                continue;
            }
            let first = group.size();
            loop {
                let before = group.size();
                if !self.whole_lines(&group) {
                    while !self.line_start(group.old.start) {
                        group.old.start -= 1;
                    }
                    // A side may have joined two lines: on to the end of the next.
                    while group.old.end < self.base.len() && !self.whole_lines(&group) {
                        group.old.end += 1;
                    }
                }
                while let Some(last) = out.last()
                    && self.meets(last, &group)
                    && let Some(last) = out.pop()
                {
                    group.old.start = group.old.start.min(last.old.start);
                    group.old.end = group.old.end.max(last.old.end);
                    for (mine, mut theirs) in group.edits.iter_mut().zip(last.edits) {
                        theirs.append(mine);
                        *mine = theirs;
                    }
                }
                while let Some(next) = rest.peek()
                    && self.meets(next, &group)
                    && let Some(next) = rest.next()
                {
                    group.old.end = group.old.end.max(next.old.end);
                    for (mine, mut theirs) in group.edits.iter_mut().zip(next.edits) {
                        mine.append(&mut theirs);
                    }
                }
                if before == group.size() {
                    break;
                }
            }
            group.open &= first == group.size();
            out.push(group);
        }
        out
    }

    fn meets(&self, other: &Group, group: &Group) -> bool {
        let inside = other.old.start < group.old.end && group.old.start < other.old.end;
        let touches = other.old.end == group.old.start || other.old.start == group.old.end;
        let within = other.old.is_empty() && group.old.start < other.old.start && other.old.start < group.old.end;
        inside || within || (touches && !self.whole_lines(other))
    }

    fn whole_lines(&self, group: &Group) -> bool {
        let end = group.old.end == self.base.len() || self.line_start(group.old.end);
        self.line_start(group.old.start)
            && end
            && (group.old.end == self.base.len() && group.old.start < group.old.end
                || self.texts(group).iter().all(|t| t.is_empty() || t.ends_with('\n')))
    }
}

/// A text in which each passage was changed by one side, or by several in the same way; nothing otherwise. No other
/// rule is applied: for what is one thing, as a title is.
pub(crate) fn merge_apart(base: &str, sides: &[&str]) -> Option<String> {
    let around = Around { above: "", below: "" };
    let (was, is): (Vec<Token<'_>>, Vec<Vec<Token<'_>>>) = (tokens(base), sides.iter().map(|s| tokens(s)).collect());
    let region = Region { around, how: Match::InLines, base: &was, sides: &is, diffs: &Diffs::default() };
    let mut out = String::new();
    let mut at = 0;
    for group in region.groups() {
        let was = concat(&region.base[group.old.clone()]);
        let mut new: Vec<String> = region.texts(&group).into_iter().filter(|text| *text != was).collect();
        new.dedup();
        let [only] = new.as_slice() else { return None };
        out.push_str(&concat(&region.base[at..group.old.start]));
        out.push_str(only);
        at = group.old.end;
    }
    out.push_str(&concat(&region.base[at..]));
    holds(base, sides, &out).then_some(out)
}

/// Merges a region that lines could not be merged in.
pub(super) fn merge_words(
    base: &[Token<'_>],
    sides: &[Vec<Token<'_>>],
    around: Around<'_>,
    how: Match,
    diffs: &Diffs,
) -> Vec<Piece> {
    let region = Region { around, how, base, sides, diffs };
    let mut groups = region.groups();
    for group in &mut groups {
        group.decided = region.decide(group);
        group.open = group.decided.is_none();
    }
    region.reopen_rewritten(&mut groups);
    let mut out = Vec::new();
    let mut at = 0;
    for group in region.widen(groups) {
        out.push(Piece::Clean(concat(&region.base[at..group.old.start])));
        at = group.old.end;
        if let Some(text) = group.decided {
            out.push(Piece::Clean(text));
            continue;
        }
        let base = concat(&region.base[group.old.clone()]);
        let texts = region.texts(&group);
        match if group.open { None } else { region.decide(&group) } {
            Some(text) => out.push(Piece::Clean(text)),
            None => out.push(Piece::Open { base, sides: texts }),
        }
    }
    out.push(Piece::Clean(concat(&region.base[at..])));
    out
}
