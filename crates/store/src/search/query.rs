//! What a person typed, as words.

use unicode_normalization::UnicodeNormalization;

use super::fold_text;

/// More words than this are not looked for.
const MAX_WORDS: usize = 16;

/// Trigrams looked up for one word; the rest of it is compared with the text.
const MAX_TRIGRAMS: usize = 24;

struct Word {
    /// As typed, NFC.
    raw: String,
    folded: String,
    /// Looked up as a part of the text only: in a script without spaces, or without any letter or digit.
    part_only: bool,
}

impl Word {
    fn is_long(&self) -> bool {
        self.folded.chars().nth(2).is_some()
    }
}

pub(super) struct Query {
    words: Vec<Word>,
}

/// Scripts that are written without spaces, and Hangul, whose words carry endings.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

impl Query {
    pub fn parse(text: &str) -> Self {
        let words = text
            .split_whitespace()
            .map(|raw| {
                let folded = fold_text(raw);
                let part_only = folded.chars().any(is_unspaced) || !folded.chars().any(char::is_alphanumeric);
                Word { raw: raw.nfc().collect(), folded, part_only }
            })
            .filter(|w| !w.folded.trim().is_empty())
            .take(MAX_WORDS)
            .collect();
        Self { words }
    }

    /// An FTS5 expression for whole words; `None` where some must be looked up as parts.
    pub fn match_words(&self) -> Option<String> {
        if self.words.is_empty() || self.words.iter().any(|w| w.part_only) {
            return None;
        }
        let quoted: Vec<String> = self.words.iter().map(|w| quote(&w.folded)).collect();
        Some(quoted.join(" AND ") + if self.is_open() { " *" } else { "" })
    }

    /// The last word is still being typed, unless a sign ends it: "C++" is not the beginning of "cat".
    fn is_open(&self) -> bool {
        self.words.last().is_some_and(|w| w.raw.ends_with(|c: char| c.is_alphanumeric() || c == '*'))
    }

    /// Whether a search for parts has something better to start from than every note.
    pub fn can_match_parts(&self) -> bool {
        self.words.iter().any(|w| w.part_only || w.is_long())
    }

    /// An FTS5 expression for the trigrams of all words that have one.
    pub fn match_trigrams(&self) -> Option<String> {
        let mut trigrams = Vec::new();
        for word in self.words.iter().filter(|w| w.is_long()) {
            let chars: Vec<char> = word.folded.chars().collect();
            trigrams.extend(chars.windows(3).take(MAX_TRIGRAMS).map(|w| quote(&w.iter().collect::<String>())));
        }
        (!trigrams.is_empty()).then(|| trigrams.join(" AND "))
    }

    /// One or two signs each, in the forms that are looked for in the text as it is.
    pub fn short_parts(&self) -> Vec<Vec<&String>> {
        self.words
            .iter()
            .filter(|w| w.part_only && !w.is_long())
            .map(|w| if w.raw == w.folded { vec![&w.folded] } else { vec![&w.raw, &w.folded] })
            .collect()
    }

    pub fn folded_words(&self) -> impl Iterator<Item = &String> {
        self.words.iter().map(|w| &w.folded)
    }

    /// The words to mark, and whether each is a part that may start inside a word.
    pub fn marked(&self) -> impl Iterator<Item = (&str, bool)> {
        self.words.iter().map(|w| (w.folded.as_str(), w.part_only))
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether each word is in one of the texts, for notes that the index does not hold: whole, as the index would find
    /// it (the last may be a beginning), or a longer one anywhere.
    pub fn is_in(&self, texts: &[&str]) -> bool {
        let folded: Vec<String> = texts.iter().map(|t| fold_text(t)).collect();
        let texts: Vec<String> = folded.iter().map(|text| spaced(text)).collect();
        self.words.iter().enumerate().all(|(at, w)| {
            let anywhere = w.part_only || w.is_long();
            let is_beginning = at + 1 == self.words.len() && self.is_open();
            let phrase = spaced(&w.folded);
            let phrase = if is_beginning { phrase.trim_end() } else { &phrase };
            (anywhere && folded.iter().any(|text| text.contains(&w.folded)))
                || (!w.part_only && texts.iter().any(|text| text.contains(phrase)))
        })
    }

    /// Whether each word (but those of [`Query::short_parts`], which SQL has compared) is in one of the texts.
    pub fn parts_are_in(&self, texts: &[&str]) -> bool {
        let folded: Vec<String> = texts.iter().map(|t| fold_text(t)).collect();
        self.words
            .iter()
            .filter(|w| w.is_long() || !w.part_only)
            .all(|w| folded.iter().any(|text| text.contains(&w.folded)))
    }
}

/// The words of a text, with one space before, after and between them: signs do not count, as in the index.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut between = true;
    for c in text.chars() {
        if c.is_alphanumeric() {
            if std::mem::take(&mut between) {
                out.push(' ');
            }
            out.push(c);
        } else {
            between = true;
        }
    }
    out.push(' ');
    out
}

/// An FTS5 string: nothing in it is syntax.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_quoted_strings() {
        for (text, expected) in [
            ("", None),
            ("   ", None),
            ("note", Some("\"note\" *")),
            ("Big NOTE", Some("\"big\" AND \"note\" *")),
            ("a\"b OR", Some("\"a\"\"b\" AND \"or\" *")),
            ("日本", None),
            ("🎉", None),
            ("* \" (", None),
        ] {
            assert_eq!(Query::parse(text).match_words().as_deref(), expected, "{text}");
        }
        assert_eq!(Query::parse("日本語").match_trigrams().as_deref(), Some("\"日本語\""));
        assert_eq!(Query::parse("abcd").match_trigrams().as_deref(), Some("\"abc\" AND \"bcd\""));
        assert_eq!(Query::parse("日本").match_trigrams(), None);
    }
}
