//! Splits a source file into code, comments and strings, well enough for the rules of this house.
//!
//! Not a parser: it knows where comments and strings begin and end, and nothing else. A template
//! literal of TypeScript counts as one string, with what its `${}` hold.

use super::files::Language;

/// A file, split. Lines count from 0.
#[derive(Debug, Default)]
pub struct Source {
    /// Each line without comments, and with nothing between the quotes.
    pub code: Vec<String>,
    /// What the comments say, with their lines.
    pub comments: Vec<(usize, String)>,
    /// What is between quotes, with the line where each begins.
    pub strings: Vec<(usize, String)>,
}

/// Where the reader is.
enum State {
    Code,
    /// Until the end of the line, or `*/` or `-->`; `depth` since Rust's nest.
    Comment {
        end: &'static str,
        depth: usize,
    },
    /// Until these characters.
    Text {
        end: String,
        escapes: bool,
    },
}

/// Splits a file.
pub fn split(text: &str, language: Language) -> Source {
    let mut reader = Reader { source: Source::default(), state: State::Code, language };
    for (number, line) in text.lines().enumerate() {
        reader.source.code.push(String::new());
        reader.line(number, line);
    }
    reader.source
}

struct Reader {
    source: Source,
    state: State,
    language: Language,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        let mut rest = line;
        match self.state {
            State::Comment { .. } => self.source.comments.push((number, String::new())),
            State::Text { .. } => self.text("\n"),
            State::Code => {}
        }
        while let Some(first) = rest.chars().next() {
            let taken = match &self.state {
                State::Code => self.in_code(number, rest, first),
                State::Comment { end, depth } => {
                    let (end, depth) = (*end, *depth);
                    self.in_comment(rest, first, end, depth)
                }
                State::Text { end, escapes } => {
                    let (end, escapes) = (end.clone(), *escapes);
                    self.in_text(rest, first, &end, escapes)
                }
            };
            rest = &rest[taken..];
        }
        if matches!(self.state, State::Comment { end: "\n", .. }) {
            self.state = State::Code;
        }
    }

    fn in_code(&mut self, number: usize, rest: &str, first: char) -> usize {
        for (begin, end) in self.comments() {
            // An address in an attribute or in text is no comment.
            let address = *begin == "//" && self.code().ends_with(':');
            if rest.starts_with(begin) && !address {
                self.state = State::Comment { end, depth: 1 };
                self.source.comments.push((number, String::new()));
                return begin.len();
            }
        }
        if let Some((taken, end, escapes)) = self.opens_text(rest, first) {
            self.code().push_str(&rest[..taken]);
            self.state = State::Text { end, escapes };
            self.source.strings.push((number, String::new()));
            return taken;
        }
        let taken = self.character_literal(rest).unwrap_or(first.len_utf8());
        self.code().push_str(&rest[..taken]);
        taken
    }

    fn in_comment(&mut self, rest: &str, first: char, end: &'static str, depth: usize) -> usize {
        if self.language == Language::Rust && end == "*/" && rest.starts_with("/*") {
            self.state = State::Comment { end, depth: depth + 1 };
            return 2;
        }
        if rest.starts_with(end) {
            self.state = if depth > 1 { State::Comment { end, depth: depth - 1 } } else { State::Code };
            return end.len();
        }
        if let Some((_, comment)) = self.source.comments.last_mut() {
            comment.push(first);
        }
        first.len_utf8()
    }

    fn in_text(&mut self, rest: &str, first: char, end: &str, escapes: bool) -> usize {
        if escapes && first == '\\' {
            let taken: usize = rest.chars().take(2).map(char::len_utf8).sum();
            self.text(&rest[..taken]);
            return taken;
        }
        if rest.starts_with(end) {
            self.code().push_str(end);
            self.state = State::Code;
            return end.len();
        }
        self.text(&rest[..first.len_utf8()]);
        first.len_utf8()
    }

    fn comments(&self) -> &'static [(&'static str, &'static str)] {
        match self.language {
            Language::Rust | Language::TypeScript => &[("//", "\n"), ("/*", "*/")],
            Language::Svelte => &[("//", "\n"), ("/*", "*/"), ("<!--", "-->")],
        }
    }

    /// If a string begins here: how long its beginning is, how it ends, and whether `\` escapes in it.
    fn opens_text(&mut self, rest: &str, first: char) -> Option<(usize, String, bool)> {
        match self.language {
            Language::Rust => {
                if first == '"' {
                    return Some((1, "\"".into(), true));
                }
                let in_word = self.code().ends_with(|before: char| before.is_alphanumeric() && before != 'b');
                let hashes = rest.strip_prefix('r').filter(|_| !in_word)?;
                let count = hashes.len() - hashes.trim_start_matches('#').len();
                let opens = hashes[count..].starts_with('"');
                opens.then(|| (count + 2, format!("\"{}", "#".repeat(count)), false))
            }
            Language::TypeScript => matches!(first, '"' | '\'' | '`').then(|| (1, first.to_string(), true)),
            // In markup an apostrophe is one; a string is what closes on its line.
            Language::Svelte => {
                let closes = first == '`' || rest.matches(first).nth(1).is_some();
                (matches!(first, '"' | '\'' | '`') && closes).then(|| (1, first.to_string(), true))
            }
        }
    }

    /// How long a Rust character such as `'"'` is; a lifetime is none.
    fn character_literal(&self, rest: &str) -> Option<usize> {
        let inside = rest.strip_prefix('\'').filter(|_| self.language == Language::Rust)?;
        let mut characters = inside.char_indices();
        let (_, first) = characters.next()?;
        let end = if first == '\\' {
            // The character after the backslash may be a quote itself.
            inside.char_indices().skip(2).find(|(_, it)| *it == '\'')?.0
        } else {
            characters.next().filter(|(_, it)| *it == '\'')?.0
        };
        Some(end + 2)
    }

    /// The line of code that is being read.
    fn code(&mut self) -> &mut String {
        if self.source.code.is_empty() {
            self.source.code.push(String::new());
        }
        let last = self.source.code.len() - 1;
        &mut self.source.code[last]
    }

    fn text(&mut self, more: &str) {
        if let Some((_, text)) = self.source.strings.last_mut() {
            text.push_str(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(text: &str) -> Source {
        split(text, Language::Rust)
    }

    #[test]
    fn comments_are_taken_out() {
        let source = rust("let a = 1; // one\n/* two /* nested */ still\n*/ let b = 2;\n//! three");
        assert_eq!(source.code, ["let a = 1; ", "", " let b = 2;", ""]);
        let lines: Vec<usize> = source.comments.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [0, 1, 2, 3]);
        assert_eq!(source.comments[0].1, " one");
    }

    #[test]
    fn strings_are_taken_out() {
        let source = rust("f(\"a // \\\" b\", r#\"c \" d\"#, br\"e\");\nlet x = \"two\nlines\";");
        assert_eq!(source.code[0], "f(\"\", r#\"\"#, br\"\");");
        let strings: Vec<_> = source.strings.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(strings, [(0, "a // \\\" b"), (0, "c \" d"), (0, "e"), (1, "two\nlines")]);
    }

    #[test]
    fn characters_and_lifetimes_are_not_strings() {
        let source = rust("fn f<'a>(x: &'a str) { x.find('\"'); x.find('\\''); x.find('\\\\'); g(\"s\") }");
        assert_eq!(source.strings, [(0, "s".to_owned())]);
        assert!(source.code[0].ends_with("g(\"\") }"));
    }

    #[test]
    fn markup_has_apostrophes_and_addresses() {
        let text = "<!-- a\nb -->\n<p>It's</p>\n<a href=\"https://x\">https://y</a>\n<script>f('z') // c";
        let source = split(text, Language::Svelte);
        assert_eq!(split("<p>\u{b7} {a}</p>", Language::Svelte).code, ["<p>\u{b7} {a}</p>"]);
        assert_eq!(source.code[2], "<p>It's</p>");
        assert_eq!(source.code[3], "<a href=\"\">https://y</a>");
        assert_eq!(source.code[4], "<script>f('') ");
        assert_eq!(source.strings, [(3, "https://x".to_owned()), (4, "z".to_owned())]);
    }
}
