//! The form in which text is compared: without case, diacritics, and the difference of wide and narrow forms.
//!
//! What is in the index is folded by this. Change it and every index must be built again.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Latin, Greek and Cyrillic diacritics, and variation selectors. The marks of other scripts (such as the
/// voicing of kana) make other letters, and stay.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

/// Belongs to the character before it.
fn is_continuation(c: char) -> bool {
    !c.is_ascii()
        && (is_dropped(c)
            || canonical_combining_class(c) != 0
            || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}'))
}

fn fold_cluster(cluster: &str, out: &mut String) {
    let folded = cluster.nfkd().flat_map(char::to_lowercase).filter(|c| !is_dropped(*c)).nfc();
    for c in folded {
        match c {
            'ß' => out.push_str("ss"),
            'ς' => out.push('σ'),
            '\0' => out.push(' '),
            c => out.push(c),
        }
    }
}

/// Calls `each` with the start of each cluster (a character and its marks) in `text`, after folding it to the
/// end of `out`.
fn fold(text: &str, out: &mut String, mut each: impl FnMut(usize, &str)) {
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = chars.next_if(|(_, c)| is_continuation(*c)) {
            end = at + c.len_utf8();
        }
        if first.is_ascii() && first != '\0' && end == start + 1 {
            out.push(first.to_ascii_lowercase());
        } else {
            fold_cluster(&text[start..end], out);
        }
        each(start, out);
    }
}

/// Folds a text for search and for sorting.
pub fn fold_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold(text, &mut out, |_, _| {});
    out
}

/// A folded text that knows where each part of it comes from.
pub(super) struct Folded {
    pub text: String,
    /// For each cluster: where it ends in `text`, and where it starts in the source.
    clusters: Vec<(usize, usize)>,
    source_len: usize,
}

impl Folded {
    pub fn new(source: &str) -> Self {
        let mut text = String::with_capacity(source.len());
        let mut clusters = Vec::with_capacity(source.len());
        fold(source, &mut text, |start, out| clusters.push((out.len(), start)));
        Self { text, clusters, source_len: source.len() }
    }

    /// The range of the source that a non-empty range of `text` comes from: whole clusters.
    pub fn source_range(&self, start: usize, end: usize) -> (usize, usize) {
        let first = self.clusters.partition_point(|(folded_end, _)| *folded_end <= start);
        let after = self.clusters.partition_point(|(folded_end, _)| *folded_end < end) + 1;
        let at = |i: usize| self.clusters.get(i).map_or(self.source_len, |(_, source)| *source);
        (at(first), at(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_table() {
        for (text, folded) in [
            ("Hello", "hello"),
            ("Straße ẞ", "strasse ss"),
            ("Ärger", "arger"),
            ("A\u{308}rger", "arger"),
            ("ＡＢＣ", "abc"),
            ("ﾃﾞﾝﾜ", "デンワ"),
            ("か\u{3099}", "が"),
            ("한글", "한글"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
            ("❤\u{fe0f}", "❤"),
        ] {
            assert_eq!(fold_text(text), folded, "{text}");
            assert_eq!(fold_text(&fold_text(text)), fold_text(text), "{text}");
        }
    }

    #[test]
    fn ranges_point_at_whole_characters_of_the_source() {
        let source = "Große A\u{308}rzte, ﬁn";
        let folded = Folded::new(source);
        for (needle, expected) in [("grosse", "Große"), ("arz", "A\u{308}rz"), ("s", "ß"), ("fin", "ﬁn"), ("i", "ﬁ")]
        {
            let start = folded.text.find(needle).unwrap_or(usize::MAX);
            let (from, to) = folded.source_range(start, start + needle.len());
            assert_eq!(&source[from..to], expected);
        }
    }
}
