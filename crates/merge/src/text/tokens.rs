//! The tokens that words are merged by.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

/// What a token is to the merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Word,
    /// White space within a line.
    Space,
    /// The end of a line.
    Break,
    /// The box of a checklist item, `[ ]` or `[x]`: ticking it is no edit of the words beside it.
    Tick,
    /// Punctuation and other signs.
    Mark,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub sort: Sort,
}

impl<'a> Token<'a> {
    /// What it says: a box ticked with `X` is one ticked with `x`.
    pub fn said(&self) -> &'a str {
        if self.sort == Sort::Tick && self.text == "[X]" { "[x]" } else { self.text }
    }

    /// Something that an eye takes hold of: an unchanged one lets edits on its two sides be told apart. One
    /// character of a script without spaces is less than that; its punctuation ends a clause.
    pub fn separates(&self) -> bool {
        match self.sort {
            Sort::Word => !self.text.chars().all(is_ideograph),
            Sort::Break | Sort::Tick => true,
            Sort::Mark => self.text.chars().any(|c| matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff65}')),
            Sort::Space => false,
        }
    }
}

/// Scripts that are written without spaces: each character is a word.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// True if a word of Korean stands there, between spaces: unlike the other scripts whose characters are words here, it
/// has words.
pub(super) fn spaced_word(tokens: &[Token<'_>]) -> bool {
    let hangul = |t: &Token<'_>| t.text.chars().all(|c| matches!(c, '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}'));
    let space = |t: Option<&Token<'_>>| t.is_some_and(|t| t.sort == Sort::Space);
    (0..tokens.len()).any(|at| {
        let word = tokens[at..].iter().take_while(|t| hangul(t)).count();
        word > 0 && space(at.checked_sub(1).and_then(|i| tokens.get(i))) && space(tokens.get(at + word))
    })
}

fn sort(text: &str) -> Sort {
    if text == "\n" || text == "\r\n" {
        Sort::Break
    } else if text.chars().all(char::is_whitespace) {
        Sort::Space
    } else if text.unicode_words().next().is_some() {
        Sort::Word
    } else {
        Sort::Mark
    }
}

/// The words of a text, each once.
pub(crate) fn words(text: &str) -> BTreeSet<&str> {
    tokens(text).into_iter().filter(|token| token.sort == Sort::Word).map(|token| token.text).collect()
}

/// Bytes before the box of a checklist item, where this line is one: `  - [ ] milk`.
pub(super) fn tick_at(line: &str) -> Option<usize> {
    let item = line.trim_start_matches([' ', '\t', '>']);
    let number = item.trim_start_matches(|c: char| c.is_ascii_digit());
    let after = if number.len() < item.len() {
        number.strip_prefix(". ").or_else(|| number.strip_prefix(") "))?
    } else {
        item.strip_prefix("- ").or_else(|| item.strip_prefix("* ")).or_else(|| item.strip_prefix("+ "))?
    };
    let text = after.trim_start_matches(' ');
    let boxed = ["[ ]", "[x]", "[X]"].iter().any(|b| text.starts_with(b));
    let end = text.get(3..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', '\r', '\t']));
    (boxed && end).then(|| line.len() - text.len())
}

fn push_words<'a>(text: &'a str, out: &mut Vec<Token<'a>>) {
    for piece in text.split_word_bounds() {
        let mut rest = piece;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_ideograph(*c)) {
            if at > 0 {
                out.push(Token { text: &rest[..at], sort: sort(&rest[..at]) });
            }
            let end = at + c.len_utf8();
            out.push(Token { text: &rest[at..end], sort: sort(&rest[at..end]) });
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            out.push(Token { text: rest, sort: sort(rest) });
        }
    }
}

/// All tokens of a text, in order; together they are the text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::with_capacity(text.len() / 3);
    for line in crate::align::lines(text) {
        match tick_at(line) {
            Some(at) => {
                push_words(&line[..at], &mut out);
                out.push(Token { text: &line[at..at + 3], sort: Sort::Tick });
                push_words(&line[at + 3..], &mut out);
            }
            None => push_words(line, &mut out),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|t| t.text).collect()
    }

    #[test]
    fn words_boxes_and_ideographs() {
        assert_eq!(show("- [ ] don't  stop\r\n"), ["-", " ", "[ ]", " ", "don't", "  ", "stop", "\r\n"]);
        assert_eq!(show("東京abc です"), ["東", "京", "abc", " ", "で", "す"]);
        assert_eq!(show("see [x] there"), ["see", " ", "[", "x", "]", " ", "there"]);
        assert_eq!(tick_at("  1. [X] a"), Some(5));
        assert_eq!(tick_at("- [link](x)"), None);
    }
}
