//! A side whose edits another side made too, and more.

use std::collections::HashMap;

use super::edits::{Diffs, Edit, Match, raw};
use super::tokens::{Sort, Token, tokens};

fn texts<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    tokens.iter().map(Token::said).collect()
}

/// True if a word goes on over the border: part of a link, a path or a number is not the whole.
fn goes_on(before: &[Token<'_>], after: &[Token<'_>]) -> bool {
    let word = |t: Option<&Token<'_>>| t.is_some_and(|t| t.sort == Sort::Word && t.separates());
    let joint = |t: &Token<'_>| matches!(t.text, "." | "-" | "/" | "_" | ":" | "@" | "#" | "=" | "?" | "&" | "%");
    let (Some(last), Some(first)) = (before.last(), after.first()) else { return false };
    let ends = word(Some(last)) || (joint(last) && word(before.iter().rev().nth(1)));
    let starts = word(Some(first)) || (joint(first) && word(after.get(1)));
    ends && starts
}

/// True if `part` stands in `whole` in one piece, with a word in it. Lines are pieces only as lines: `- milk` is no part
/// of `- milk chocolate`.
fn piece_of(part: &[Token<'_>], whole: &[Token<'_>]) -> bool {
    let bare = |tokens: &[Token<'_>]| -> usize {
        tokens.iter().take_while(|t| matches!(t.sort, Sort::Space | Sort::Break)).count()
    };
    let start = bare(part);
    let end = part.len()
        - part.iter().rev().take_while(|t| matches!(t.sort, Sort::Space | Sort::Break)).count().min(part.len() - start);
    let lines = part.last().is_some_and(|t| t.sort == Sort::Break);
    let part = texts(&part[start..end]);
    let all = texts(whole);
    let space = |t: &&Token<'_>| t.sort == Sort::Space;
    let broken = |t: Option<&Token<'_>>| t.is_none_or(|t| t.sort == Sort::Break);
    let here = |at: usize| {
        let end = at + part.len();
        let line =
            broken(whole[..at].iter().rev().find(|t| !space(t))) && broken(whole[end..].iter().find(|t| !space(t)));
        all[at..end] == part
            && (line || !lines)
            && !goes_on(&whole[..at], &whole[at..end])
            && !goes_on(&whole[at..end], &whole[end..])
    };
    !part.is_empty() && part.len() <= all.len() && (0..=all.len() - part.len()).any(here)
}

/// True if everything that `less` did to `base`, `more` did as well.
fn contains(base: &[Token<'_>], (more, all): (&[Token<'_>], &[Edit]), (less, some): (&[Token<'_>], &[Edit])) -> bool {
    some.iter().all(|s| {
        all.iter().any(|a| {
            let (new_less, new_more) = (&less[s.new.clone()], &more[a.new.clone()]);
            if a.old == s.old {
                texts(new_less) == texts(new_more) || piece_of(new_less, new_more)
            } else {
                // A passage taken out, of which another took out a part.
                // Lines that somebody tidied before another took
                // the passage out were meant to stay.
                let breaks = base[a.old.clone()].iter().filter(|t| t.sort == Sort::Break).count();
                new_less.is_empty()
                    && new_more.is_empty()
                    && breaks <= 1
                    && a.old.start <= s.old.start
                    && s.old.end <= a.old.end
            }
        })
    })
}

/// True if `more` says all that `less` says, in its order and with other words between: it took out what `less`
/// took out, has no word of the base that `less` has not, and joins none of its words to others.
fn extends(base: &[Token<'_>], more: &[Token<'_>], less: &[Token<'_>]) -> bool {
    let said = |tokens: &[Token<'_>]| -> Vec<usize> {
        (0..tokens.len()).filter(|i| !matches!(tokens[*i].sort, Sort::Space | Sort::Break)).collect()
    };
    let (mine, others) = (said(more), said(less));
    // Where nothing stood, each may have written of something else.
    if !base.iter().any(|t| t.sort == Sort::Word) || others.len() >= mine.len() || 2 * others.len() < mine.len() {
        return false;
    }
    let mut shared = vec![false; more.len()];
    let mut rest = mine.iter();
    for other in others {
        match rest.find(|at| more[**at].said() == less[other].said()) {
            Some(at) => shared[*at] = true,
            None => return false,
        }
    }
    let joined = |at: &usize| *at > 0 && shared[*at] != shared[*at - 1] && goes_on(&more[..*at], &more[*at..]);
    if mine.iter().any(joined) {
        return false;
    }
    let any = |t: &Token<'_>| !matches!(t.sort, Sort::Space | Sort::Break);
    let (was, is) = (count(base, any), count(less, any));
    // A box is a box, ticked or not: who took it away and who ticked it do not agree.
    let mut between = mine.into_iter().filter(|at| !shared[*at]).map(|at| thing(&more[at]));
    !between.any(|word| was.get(word).copied().unwrap_or(0) > is.get(word).copied().unwrap_or(0))
}

fn is_word(token: &Token<'_>) -> bool {
    token.sort == Sort::Word
}

/// How often each of some tokens stands somewhere. Only looked up, never listed.
fn count<'a>(tokens: &[Token<'a>], some: impl Fn(&Token<'a>) -> bool) -> HashMap<&'a str, usize> {
    let mut out = HashMap::new();
    for token in tokens.iter().filter(|t| some(t)) {
        *out.entry(thing(token)).or_insert(0) += 1;
    }
    out
}

/// What a token is, whatever state it is in.
fn thing<'a>(token: &Token<'a>) -> &'a str {
    if token.sort == Sort::Tick { "[ ]" } else { token.text }
}

/// The sides that are not contained in another.
pub(super) fn without_contained<'a>(base: &str, sides: Vec<&'a str>, diffs: &Diffs) -> Vec<&'a str> {
    let was = tokens(base);
    let split: Vec<Vec<Token<'_>>> = sides.iter().map(|s| tokens(s)).collect();
    let (known, counts) = (count(&was, is_word), split.iter().map(|s| count(s, is_word)).collect::<Vec<_>>());
    // Words that are new in one and missing in the other settle most without a difference.
    let may = |more: usize, less: usize| {
        let new = counts[less].iter().filter(|(word, _)| !known.contains_key(*word));
        new.into_iter().all(|(word, n)| counts[more].get(word).is_some_and(|m| m >= n))
    };
    let pairs = |i: usize| (0..sides.len()).filter(move |j| *j != i);
    if !(0..sides.len()).any(|i| pairs(i).any(|j| may(j, i))) {
        return sides;
    }
    let changes: Vec<Vec<Edit>> = split.iter().map(|s| raw(&was, s, Match::Anywhere, diffs)).collect();
    let holds = |more: usize, less: usize| {
        may(more, less)
            && (contains(&was, (&split[more], &changes[more]), (&split[less], &changes[less]))
                || extends(&was, &split[more], &split[less]))
    };
    // One at a time, and only into one that is still there: of two that hold each other, one stays.
    let mut kept: Vec<usize> = (0..sides.len()).collect();
    for i in 0..sides.len() {
        if kept.iter().any(|&j| j != i && holds(j, i)) {
            kept.retain(|j| *j != i);
        }
    }
    kept.into_iter().map(|i| sides[i]).collect()
}
