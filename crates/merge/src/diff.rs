//! Differences between two texts, to show to a person.

use crate::align::{hunks, lines};

/// Above this many bytes in both texts together, words are not compared any more, only lines.
pub const MAX_WORD_DIFF_BYTES: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    Same,
    Removed,
    Added,
}

/// A passage of a difference. The `Same` and `Removed` passages in order are the old text; the `Same` and
/// `Added` ones the new.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub kind: SpanKind,
    pub text: String,
}

#[derive(PartialEq)]
enum Class {
    Word,
    Space,
    /// Stands alone: punctuation, and scripts that are written without spaces.
    Single,
}

fn class(c: char) -> Class {
    let ideograph = matches!(c, '\u{2e80}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    // A line break stands alone too, so that an inserted empty line is just that.
    if ideograph || c == '\n' {
        Class::Single
    } else if c.is_whitespace() {
        Class::Space
    } else if c.is_alphanumeric() || c == '_' || matches!(c, '\u{300}'..='\u{36f}') {
        Class::Word
    } else {
        Class::Single
    }
}

/// Words, runs of white space, and every other character by itself.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut last: Option<Class> = None;
    for (at, c) in text.char_indices() {
        let class = class(c);
        let goes_on = last.as_ref() == Some(&class) && class != Class::Single;
        if !goes_on && at > start {
            out.push(&text[start..at]);
            start = at;
        }
        last = Some(class);
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

fn spans(old: &[&str], new: &[&str]) -> Vec<Span> {
    let mut out = Vec::new();
    let mut push = |kind, tokens: &[&str]| {
        if !tokens.is_empty() {
            out.push(Span { kind, text: tokens.concat() });
        }
    };
    let mut at = 0;
    for (before, after) in hunks(old.iter(), new.iter()) {
        push(SpanKind::Same, &old[at..before.start]);
        push(SpanKind::Removed, &old[before.clone()]);
        push(SpanKind::Added, &new[after]);
        at = before.end;
    }
    push(SpanKind::Same, &old[at..]);
    out
}

/// The difference by words; by lines where the texts are larger than [`MAX_WORD_DIFF_BYTES`].
pub fn diff_words(old: &str, new: &str) -> Vec<Span> {
    if old.len() + new.len() > MAX_WORD_DIFF_BYTES {
        return diff_lines(old, new);
    }
    spans(&words(old), &words(new))
}

/// The difference by lines.
pub fn diff_lines(old: &str, new: &str) -> Vec<Span> {
    spans(&lines(old).collect::<Vec<_>>(), &lines(new).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(spans: &[Span]) -> String {
        let mark = |s: &Span| match s.kind {
            SpanKind::Same => s.text.clone(),
            SpanKind::Removed => format!("[-{}]", s.text),
            SpanKind::Added => format!("[+{}]", s.text),
        };
        spans.iter().map(mark).collect()
    }

    #[test]
    fn words_punctuation_and_ideographs_are_tokens() {
        assert_eq!(words("Hi, a_b  é\n\n日本"), ["Hi", ",", " ", "a_b", "  ", "é", "\n", "\n", "日", "本"]);
        assert_eq!(show(&diff_words("see you at 5 pm.", "see you at 6 pm.")), "see you at [-5][+6] pm.");
        assert_eq!(show(&diff_words("日本", "日木")), "日[-本][+木]");
    }

    #[test]
    fn a_large_text_is_compared_by_lines() {
        let old = "word word\n".repeat(4_000);
        let new = old.clone() + "word new\n";
        assert_eq!(diff_words(&(old.clone() + "word old\n"), &new).last().map(|s| s.text.as_str()), Some("word new\n"));
    }
}
