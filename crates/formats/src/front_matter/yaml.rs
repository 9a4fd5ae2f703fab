//! The outline of a YAML mapping: its keys, and for each value what it is and where it stands.
//!
//! Parsed from the events of `saphyr-parser`: they have positions, which a loaded value has not, and aliases
//! stay aliases, so that a small text cannot become a large value.

use std::{fmt::Write, ops::Range};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    /// `|` or `>`.
    Block,
}

#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub text: String,
    pub style: Style,
    pub range: Range<usize>,
}

impl Scalar {
    pub fn is_null(&self) -> bool {
        self.style == Style::Plain
            && (self.range.is_empty() || matches!(self.text.as_str(), "~" | "null" | "Null" | "NULL"))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    /// The items that are scalars, if all of them are.
    List {
        items: Option<Vec<Scalar>>,
        flow: bool,
        range: Range<usize>,
    },
    Other {
        range: Range<usize>,
    },
}

impl Value {
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Scalar(s) => s.range.clone(),
            Self::List { range, .. } | Self::Other { range } => range.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// In lower case: people write `Tags` and `tags`.
    pub key: String,
    pub key_range: Range<usize>,
    pub value: Value,
}

#[derive(Debug)]
pub(super) enum Outline {
    /// Nothing but comments and white space.
    Empty,
    Mapping {
        entries: Vec<Entry>,
        flow: bool,
        range: Range<usize>,
    },
    /// Something that has no keys.
    Other,
    Invalid,
}

impl Outline {
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }
}

/// A node as parsed: collections nest at most as deep as it takes to see that they do.
struct Outliner<'a> {
    text: &'a str,
    /// Byte offset of each character, and the length of the text.
    offsets: Vec<usize>,
    events: Vec<(Event<'a>, Span)>,
    at: usize,
}

pub(super) fn outline(text: &str) -> Outline {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        match event {
            Ok(event) => events.push(event),
            Err(_) => return Outline::Invalid,
        }
    }
    let documents = events.iter().filter(|(e, _)| matches!(e, Event::DocumentStart(_))).count();
    if documents == 0 {
        return Outline::Empty;
    }
    if documents > 1 {
        return Outline::Other;
    }
    let offsets = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
    events.retain(|(e, _)| {
        !matches!(
            e,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd
        )
    });
    Outliner { text, offsets, events, at: 0 }.root().unwrap_or(Outline::Invalid)
}

impl Outliner<'_> {
    fn next(&mut self) -> Option<(Event<'_>, Range<usize>)> {
        let (event, span) = self.events.get(self.at)?.clone();
        self.at += 1;
        Some((event, self.range(span)))
    }

    /// The bytes of a span without white space at its end: a plain or block scalar's span may run on into
    /// the next line.
    fn range(&self, span: Span) -> Range<usize> {
        let at = |index: usize| self.offsets.get(index).copied().unwrap_or(self.text.len());
        let (start, end) = (at(span.start.index()), at(span.end.index()));
        let end = end.max(start);
        start..start + self.text[start..end].trim_end().len()
    }

    fn root(&mut self) -> Option<Outline> {
        let (event, start) = self.next()?;
        match event {
            Event::MappingStart(..) => {}
            Event::Scalar(..) if start.is_empty() => return Some(Outline::Empty),
            _ => return Some(Outline::Other),
        }
        let mut entries = Vec::new();
        let mut end = start.end;
        loop {
            let (event, key_range) = self.next()?;
            match event {
                Event::MappingEnd => {
                    let flow = self.text[key_range.clone()].starts_with('}');
                    if flow {
                        end = end.max(key_range.end);
                    }
                    return Some(Outline::Mapping { entries, flow, range: start.start..end });
                }
                Event::Scalar(key, ..) => {
                    let key = key.to_ascii_lowercase();
                    let value = self.value()?;
                    end = end.max(value.range().end);
                    entries.push(Entry { key, key_range, value });
                }
                _ => {
                    // A key that is a collection, or an alias: not one of ours. Past it, and past its value.
                    self.at -= 1;
                    self.value()?;
                    end = end.max(self.value()?.range().end);
                }
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        let (event, range) = self.next()?;
        match event {
            Event::Scalar(text, style, ..) => Some(Value::Scalar(scalar(&text, style, range))),
            Event::SequenceStart(..) => {
                let mut items = Some(Vec::new());
                let mut end = range.end;
                loop {
                    let (event, item) = self.next()?;
                    match event {
                        Event::SequenceEnd => {
                            let flow = self.text[item.clone()].starts_with(']');
                            if flow {
                                end = end.max(item.end);
                            }
                            return Some(Value::List { items, flow, range: range.start..end });
                        }
                        Event::Scalar(text, style, ..) => {
                            end = end.max(item.end);
                            if let Some(items) = &mut items {
                                items.push(scalar(&text, style, item));
                            }
                        }
                        _ => {
                            self.at -= 1;
                            end = end.max(self.skip()?.end);
                            items = None;
                        }
                    }
                }
            }
            Event::Alias(_) => Some(Value::Other { range }),
            _ => {
                self.at -= 1;
                Some(Value::Other { range: self.skip()? })
            }
        }
    }

    /// Past one node of any depth.
    fn skip(&mut self) -> Option<Range<usize>> {
        let mut depth = 0_usize;
        let mut whole: Option<Range<usize>> = None;
        loop {
            let (event, range) = self.next()?;
            let mut end = range.end;
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
                Event::SequenceEnd | Event::MappingEnd => {
                    depth = depth.checked_sub(1)?;
                    if !self.text[range.clone()].starts_with([']', '}']) {
                        end = 0;
                    }
                }
                _ => {}
            }
            let so_far = whole.unwrap_or(range);
            let so_far = so_far.start..so_far.end.max(end);
            if depth == 0 {
                return Some(so_far);
            }
            whole = Some(so_far);
        }
    }
}

fn scalar(text: &str, style: ScalarStyle, range: Range<usize>) -> Scalar {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    Scalar { text: text.to_owned(), style, range }
}

/// A text as a YAML scalar on one line, in the style asked for where that can hold it.
pub(super) fn quote(text: &str, style: Style) -> String {
    let control = text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
    match style {
        Style::Single if !control => format!("'{}'", text.replace('\'', "''")),
        Style::Plain | Style::Block if !control && is_plain(text) => text.to_owned(),
        _ => {
            let mut out = String::from('"');
            for c in text.chars() {
                match c {
                    '"' => out.push_str("\\\""),
                    '\\' => out.push_str("\\\\"),
                    c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                        let _ = write!(out, "\\u{:04X}", c as u32);
                    }
                    c => out.push(c),
                }
            }
            out.push('"');
            out
        }
    }
}

/// True where a text without quotes is that text to every YAML reader, also inside a flow list: stricter than
/// YAML asks, since readers differ in what they take for a number, a date or a truth value.
fn is_plain(text: &str) -> bool {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    text.starts_with(char::is_alphabetic)
        && text.ends_with(|c: char| c.is_alphanumeric() || c == ')')
        && !text.contains(" -")
        && !words.contains(&text.to_ascii_lowercase().as_str())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '/' | '.' | '+' | '(' | ')'))
}
