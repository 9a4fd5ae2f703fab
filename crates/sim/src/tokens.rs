//! Words that can be followed: each is written once, so that whatever holds it has it from there.
//!
//! A token is a number. In texts, titles, tags and names of files it is a word, `zqxjvkwq` and the number; as a due date,
//! a day of its own.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Fields, Opaque, Segment, UnknownFields};
use holdfast_notebook::Date;

/// What every planted word begins with: it stands in no file of the server. Long enough that sealed bytes never hold it
/// by chance.
pub const MARK: &str = "zqxjvkwq";

pub fn word(token: u32) -> String {
    format!("{MARK}{token}")
}

/// The day that stands for a token.
pub fn date(token: u32) -> Option<Date> {
    format!("{:04}-{:02}-{:02}", 2030 + token / 336, 1 + token / 28 % 12, 1 + token % 28).parse().ok()
}

pub fn of_date(date: Date) -> Option<u32> {
    let text = date.to_string();
    let mut parts = text.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    Some(year.checked_sub(2030)? * 336 + (month - 1) * 28 + day - 1)
}

/// The tokens of a text.
pub fn of_text(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split(MARK).skip(1).filter_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    })
}

/// The tokens of a field that only a newer version can read.
pub fn of_unknown(value: &Opaque) -> Vec<u32> {
    let read = |bytes: &Vec<u8>| of_text(&String::from_utf8_lossy(bytes)).collect::<Vec<_>>();
    match value {
        Opaque::One(bytes) => read(bytes),
        Opaque::Conflict(several) => several.iter().flat_map(read).collect(),
    }
}

/// What a state holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Where nothing is asked.
    pub clean: BTreeSet<u32>,
    /// Also in the sides of places.
    pub all: BTreeSet<u32>,
    /// How many sides have it, and how often it stands in clean text.
    pub sides: BTreeMap<u32, usize>,
    /// Places with more than two sides, which came of places.
    pub nested: bool,
    /// Places that are open.
    pub open: usize,
}

impl Tokens {
    pub fn of(fields: &Fields) -> Self {
        let mut out = Self::default();
        match fields {
            Fields::Note(note) => {
                for segment in note.body.segments() {
                    match segment {
                        Segment::Clean(text) => {
                            for token in of_text(text) {
                                out.clean.insert(token);
                                *out.sides.entry(token).or_default() += 1;
                            }
                        }
                        Segment::Place(place) => {
                            out.open += 1;
                            out.nested |= place.terms().len() > 3;
                            for side in place.adds() {
                                let here: BTreeSet<u32> = of_text(&side.value).collect();
                                for token in &here {
                                    *out.sides.entry(*token).or_default() += 1;
                                }
                                out.all.extend(here);
                            }
                        }
                    }
                }
                for title in note.title.adds() {
                    let here: BTreeSet<u32> = of_text(&title.value).collect();
                    for token in &here {
                        *out.sides.entry(*token).or_default() += 1;
                    }
                    if note.title.is_resolved() { out.clean.extend(here) } else { out.all.extend(here) }
                }
                let due = note.due.adds().filter_map(|t| t.value).filter_map(of_date);
                if note.due.is_resolved() {
                    out.clean.extend(due)
                } else {
                    out.all.extend(due)
                }
                out.open += usize::from(!note.title.is_resolved()) + usize::from(!note.due.is_resolved());
                out.nested |= note.title.terms().len() > 3 || note.due.terms().len() > 3;
                out.clean.extend(note.tags.iter().flat_map(|e| of_text(&e.value)));
                out.clean.extend(note.attachments.iter().flat_map(|e| of_text(&e.value.0)));
                out.add_unknown(&note.unknown);
            }
            Fields::Notebook(notebook) => {
                let names = notebook.name.adds().flat_map(|t| of_text(&t.value));
                if notebook.name.is_resolved() {
                    out.clean.extend(names)
                } else {
                    out.all.extend(names)
                }
                out.open += usize::from(!notebook.name.is_resolved());
            }
            Fields::Unknown(_, fields) => out.add_unknown(fields),
            _ => {}
        }
        out.all.extend(&out.clean);
        for token in &out.all {
            out.sides.entry(*token).or_insert(1);
        }
        out
    }

    /// What a newer version wrote: kept byte for byte, and where two disagree both.
    fn add_unknown(&mut self, fields: &UnknownFields) {
        for value in fields.values() {
            match value {
                Opaque::One(_) => self.clean.extend(of_unknown(value)),
                Opaque::Conflict(_) => {
                    self.open += 1;
                    self.all.extend(of_unknown(value));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_read_where_it_was_written() {
        for token in [0, 27, 28, 335, 336, 12_345] {
            assert_eq!(of_date(date(token).unwrap()), Some(token));
            let text = format!("a {}b {}", word(token), word(7));
            assert_eq!(of_text(&text).collect::<Vec<_>>(), [token, 7]);
        }
    }
}
