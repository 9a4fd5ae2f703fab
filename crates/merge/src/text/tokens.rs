//! The tokens that words are merged by.

use std::ops::Range;

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

/// The words of a text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).into_iter().filter(|t| t.sort == Sort::Word).map(|t| t.text)
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

/// Where the first token of a text of ASCII alone ends, and what it is: as `split_word_bounds` has it, which looks every
/// character up in tables. Most of most texts is that.
fn ascii_token(text: &[u8]) -> (usize, Sort) {
    let core = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let digits = |a: u8, b: u8| a.is_ascii_digit() && b.is_ascii_digit();
    let letters = |a: u8, b: u8| a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
    let joins = |before: u8, b: u8, after: u8| match b {
        b'.' | b'\'' => digits(before, after) || letters(before, after),
        b',' | b';' => digits(before, after),
        b':' => letters(before, after),
        _ => false,
    };
    match text[0] {
        b' ' => (text.iter().position(|b| *b != b' ').unwrap_or(text.len()), Sort::Space),
        b'\r' if text.get(1) == Some(&b'\n') => (2, Sort::Break),
        b'\n' => (1, Sort::Break),
        b'\t' | b'\r' | 0x0b | 0x0c => (1, Sort::Space),
        first if core(first) => {
            let goes_on = |at: usize| {
                core(text[at]) || text.get(at + 1).is_some_and(|after| joins(text[at - 1], text[at], *after))
            };
            let end = (1..text.len()).find(|at| !goes_on(*at)).unwrap_or(text.len());
            (end, if text[..end].iter().all(|b| *b == b'_') { Sort::Mark } else { Sort::Word })
        }
        _ => (1, Sort::Mark),
    }
}

fn push_ascii<'a>(mut rest: &'a str, out: &mut Vec<Token<'a>>) {
    while !rest.is_empty() {
        let (end, sort) = ascii_token(rest.as_bytes());
        let (text, after) = rest.split_at(end);
        out.push(Token { text, sort });
        rest = after;
    }
}

/// From its first character that is not ASCII on, in a text: from the spaces before it, to the next space that comes
/// after something. There is a border on both sides, whatever stands there.
fn beyond_ascii(text: &str) -> Option<Range<usize>> {
    let first = text.bytes().position(|b| !b.is_ascii())?;
    let start = text[..first].rfind(' ').map_or(0, |at| text[..at].trim_end_matches(' ').len());
    let mut before = ' ';
    let end = text[first..].char_indices().find(|(_, c)| {
        let border = *c == ' ' && !before.is_whitespace();
        before = *c;
        border
    });
    Some(start..end.map_or(text.len(), |(at, _)| first + at))
}

fn push_words<'a>(mut rest: &'a str, out: &mut Vec<Token<'a>>) {
    while let Some(range) = beyond_ascii(rest) {
        push_ascii(&rest[..range.start], out);
        push_any(&rest[range.clone()], out);
        rest = &rest[range.end..];
    }
    push_ascii(rest, out);
}

fn push_any<'a>(text: &'a str, out: &mut Vec<Token<'a>>) {
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

    /// Cut by the tables alone.
    fn slowly(text: &str) -> Vec<(&str, Sort)> {
        let mut out = Vec::new();
        push_any(text, &mut out);
        out.iter().map(|t| (t.text, t.sort)).collect()
    }

    fn quickly(text: &str) -> Vec<(&str, Sort)> {
        let mut out = Vec::new();
        push_words(text, &mut out);
        out.iter().map(|t| (t.text, t.sort)).collect()
    }

    #[test]
    fn ascii_is_cut_as_the_tables_cut_it() {
        for a in 0..0x80_u8 {
            for b in 0..0x80_u8 {
                for around in ["", "a", "1", "_", " ", ".", "'", "\r"] {
                    let text = format!("{around}{}{}{around}", a as char, b as char);
                    assert_eq!(quickly(&text), slowly(&text), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn among_others_it_is_too() {
        // A character of every kind that the tables know, and those that stand between them.
        let known = "ab1_ .,:;'\"-\t\r\u{b}\u{85}\u{a0}é\u{301}\u{308}ßאב\u{5f4}١٢٬カーァ漢字한글ひ\u{fe00}\u{200b}\u{200d}\u{ad}\u{feff}👩🏽❤🇩🇪🇫\u{2019}·\u{3000}\u{2003}\u{2028}。、‿ไท\u{e0001}";
        let known: Vec<char> = known.chars().collect();
        let mut random = 7_u64;
        let mut next = |end: usize| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) as usize % end
        };
        for _ in 0..200_000 {
            let length = 1 + next(12);
            let letter = |at: usize| if at < known.len() { known[at] } else { known[at % 7] };
            let text: String = (0..length).map(|_| letter(next(2 * known.len()))).collect();
            assert_eq!(quickly(&text), slowly(&text), "{text:?}");
        }
    }
}
