//! A side whose edits another side made too, and more.

use super::edits::raw;
use super::tokens::{Sort, Token, tokens};

fn texts<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    tokens.iter().map(|t| t.text).collect()
}

/// True if `part` stands in `whole` in one piece, with a word in it.
fn piece_of(part: &[Token<'_>], whole: &[Token<'_>]) -> bool {
    let bare = |tokens: &[Token<'_>]| -> usize {
        tokens.iter().take_while(|t| matches!(t.sort, Sort::Space | Sort::Break)).count()
    };
    let start = bare(part);
    let end = part.len()
        - part.iter().rev().take_while(|t| matches!(t.sort, Sort::Space | Sort::Break)).count().min(part.len() - start);
    let part = texts(&part[start..end]);
    !part.is_empty() && texts(whole).windows(part.len()).any(|w| w == part)
}

/// True if everything that `less` did to `base`, `more` did as well.
fn contains(base: &[Token<'_>], more: &[Token<'_>], less: &[Token<'_>]) -> bool {
    let (all, some) = (raw(base, more), raw(base, less));
    some.iter().all(|s| {
        all.iter().any(|a| {
            let (new_less, new_more) = (&less[s.new.clone()], &more[a.new.clone()]);
            if a.old == s.old {
                texts(new_less) == texts(new_more) || piece_of(new_less, new_more)
            } else {
                // A passage taken out, of which another took out a part.
                new_less.is_empty() && new_more.is_empty() && a.old.start <= s.old.start && s.old.end <= a.old.end
            }
        })
    })
}

/// The sides that are not contained in another.
pub(super) fn without_contained<'a>(base: &str, sides: Vec<&'a str>) -> Vec<&'a str> {
    let was = tokens(base);
    let split: Vec<Vec<Token<'_>>> = sides.iter().map(|s| tokens(s)).collect();
    let kept = |i: usize| !(0..sides.len()).any(|j| j != i && contains(&was, &split[j], &split[i]));
    let keep: Vec<&str> = (0..sides.len()).filter(|&i| kept(i)).map(|i| sides[i]).collect();
    if keep.is_empty() { sides } else { keep }
}
