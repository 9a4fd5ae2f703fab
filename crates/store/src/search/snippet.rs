//! Marks the words of a query in a text, and cuts a passage around the first.

use super::{fold::Folded, query::Query};

/// Characters shown before the first match, and in all.
const BEFORE: usize = 40;
const LENGTH: usize = 160;

/// Matches looked for in one text.
const MAX_MATCHES: usize = 200;

pub(super) struct Highlighter<'q> {
    words: Vec<(&'q str, bool)>,
}

impl<'q> Highlighter<'q> {
    pub fn new(query: &'q Query) -> Self {
        Self { words: query.marked().collect() }
    }

    /// Byte ranges of the matches in `text`, sorted, joined where they touch.
    pub fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let folded = Folded::new(text);
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (word, part) in &self.words {
            let all: Vec<usize> = folded.text.match_indices(word).map(|(at, _)| at).take(MAX_MATCHES).collect();
            let starts_word = |at: &usize| !folded.text[..*at].chars().next_back().is_some_and(char::is_alphanumeric);
            // Inside a word only where no word starts with it.
            let inside = *part || !all.iter().any(starts_word);
            ranges.extend(
                all.into_iter()
                    .filter(|at| inside || starts_word(at))
                    .map(|at| folded.source_range(at, at + word.len())),
            );
        }
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let touches = next.0 <= kept.1;
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        ranges
    }

    /// A passage in one line around the first match, and the matches in it.
    pub fn snippet(&self, body: &str) -> (String, Vec<(usize, usize)>) {
        let ranges = self.ranges(body);
        let first = ranges.first().map_or(0, |r| r.0);
        let start = start_of_passage(body, first);
        let end = body[start..].char_indices().nth(LENGTH).map_or(body.len(), |(at, _)| start + at);
        let mut out = String::new();
        if start > 0 {
            out.push('…');
        }
        let shift = out.len();
        out.extend(body[start..end].chars().map(|c| if c.is_ascii_control() { ' ' } else { c }));
        if end < body.len() {
            out.push('…');
        }
        let matches = ranges
            .into_iter()
            .filter(|(from, to)| *from >= start && *to <= end)
            .map(|(from, to)| (from - start + shift, to - start + shift))
            .collect();
        (out, matches)
    }
}

/// At most [`BEFORE`] characters before `at`, after a space if there is one on the way.
fn start_of_passage(body: &str, at: usize) -> usize {
    let back = body[..at].char_indices().rev().take(BEFORE).last().map_or(at, |(i, _)| i);
    if back == 0 {
        return 0;
    }
    body[back..at].find(char::is_whitespace).map_or(back, |space| {
        let space = back + space;
        space + body[space..].chars().next().map_or(0, char::len_utf8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(query: &str, body: &str) -> String {
        let query = Query::parse(query);
        let (text, ranges) = Highlighter::new(&query).snippet(body);
        let mut out = String::new();
        let mut at = 0;
        for (from, to) in ranges {
            out.push_str(&text[at..from]);
            out.push('[');
            out.push_str(&text[from..to]);
            out.push(']');
            at = to;
        }
        out + &text[at..]
    }

    #[test]
    fn snippets_table() {
        let long = format!("{} needle {}", "before ".repeat(30), "after ".repeat(60));
        for (query, body, expected) in [
            ("fox", "The quick\nFox, a firefox", "The quick [Fox], a firefox"),
            ("fox", "only firefox", "only fire[fox]"),
            ("arger", "Der Ärger", "Der [Ärger]"),
            ("本語", "日本語のノート", "日[本語]のノート"),
            ("nothing", "elsewhere", "elsewhere"),
            ("ab abc", "abcd", "[abc]d"),
        ] {
            assert_eq!(marked(query, body), expected);
        }
        let cut = marked("needle", &long);
        assert!(cut.starts_with("…before") && cut.contains(" [needle] ") && cut.ends_with('…'), "{cut}");
    }
}
