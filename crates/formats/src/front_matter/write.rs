//! From values back to front matter, changing only the lines of what has changed.
//!
//! One field after another: the smallest edit first; if reading the result does not give exactly what was
//! wanted with all else as before, its lines are replaced; and if that does not either (the block is not valid
//! YAML), a line is added at the end, so that the value is in the file for a person to see.

use std::collections::BTreeSet;
use std::ops::Range;

use holdfast_domain::fold_name;

use super::read::{comment_tags, date, entry_names, find, item_name, name, read, read_inner, title, truth};
use super::yaml::{Entry, Outline, Style, Value, outline, quote};
use super::{ALIASES, Block, CREATED, DONE, DUE, FrontMatter, TAGS, TITLE, UPDATED, lines, time};

/// The front matter with these values; byte for byte the same where they are what [`read`] finds. Where there
/// was no block, one is made if there is something to keep.
pub fn write(front: &str, wanted: &FrontMatter) -> String {
    if front.is_empty() {
        return create(wanted, "\n");
    }
    let Some(block) = Block::find(front) else { return front.to_owned() };
    let had = read(front);
    let mut inner = block.inner.to_owned();
    for field in changes(&had, wanted) {
        inner = field.apply(inner, block.ending());
    }
    format!("{}{inner}{}", block.open, &front[block.open.len() + block.inner.len()..])
}

/// A new block, or nothing if there is nothing to keep. The times of a note are not among it.
pub(crate) fn create(wanted: &FrontMatter, ending: &str) -> String {
    let fields = changes(&FrontMatter::default(), wanted);
    if fields.is_empty() {
        return String::new();
    }
    let lines: String = fields.iter().filter_map(|f| f.line(ending)).collect();
    format!("---{ending}{lines}---{ending}")
}

/// A field and the value it is to have.
enum Field<'a> {
    Title(&'a str),
    Names(&'static [&'static str], Vec<String>),
    Due(Option<holdfast_domain::Date>),
    Time(&'static [&'static str], u64),
    Done(bool),
}

fn changes<'a>(had: &FrontMatter, wanted: &'a FrontMatter) -> Vec<Field<'a>> {
    let mut out = Vec::new();
    if let Some(title) = wanted.title.as_deref().filter(|t| had.title.as_deref().unwrap_or_default() != *t) {
        out.push(Field::Title(title));
    }
    for (keys, had, wanted) in [(TAGS, &had.tags, &wanted.tags), (ALIASES, &had.aliases, &wanted.aliases)] {
        let wanted = checked(keys, wanted);
        if sorted(had) != sorted(&wanted) {
            out.push(Field::Names(keys, wanted));
        }
    }
    if had.due != wanted.due {
        out.push(Field::Due(wanted.due));
    }
    if let Some(done) = wanted.done.filter(|d| had.done.unwrap_or(false) != *d) {
        out.push(Field::Done(done));
    }
    // A time is kept up where the file has it; none is added.
    for (keys, had, wanted) in
        [(CREATED, had.created_ms, wanted.created_ms), (UPDATED, had.updated_ms, wanted.updated_ms)]
    {
        if let (Some(had), Some(wanted)) = (had, wanted)
            && had != wanted
        {
            out.push(Field::Time(keys, wanted));
        }
    }
    out
}

/// Names as reading would give them.
fn checked(keys: &[&str], names: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.iter().filter_map(|n| name(n, keys == TAGS)).filter(|n| seen.insert(fold_name(n))).collect()
}

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<_> = names.iter().collect();
    names.sort();
    names
}

/// A piece of text to put in the place of another.
type Edit = (Range<usize>, String);

impl Field<'_> {
    fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Title(_) => TITLE,
            Self::Names(keys, _) | Self::Time(keys, _) => keys,
            Self::Due(_) => DUE,
            Self::Done(_) => DONE,
        }
    }

    /// The value where there was none, or none that can be kept in its style.
    fn fresh(&self) -> Option<String> {
        match self {
            Self::Title(title) => Some(quote(title, Style::Plain)),
            Self::Names(_, names) if names.is_empty() => None,
            Self::Names(_, names) => Some(flow(names)),
            Self::Due(due) => due.map(|d| d.to_string()),
            Self::Time(..) => None,
            Self::Done(done) => Some(done.to_string()),
        }
    }

    fn line(&self, ending: &str) -> Option<String> {
        self.fresh().map(|v| format!("{}: {v}{ending}", self.keys()[0]))
    }

    fn is_in(&self, found: &FrontMatter) -> bool {
        match self {
            Self::Title(title) => found.title.as_deref().unwrap_or_default() == *title,
            Self::Names(keys, names) => {
                sorted(if *keys == TAGS { &found.tags } else { &found.aliases }) == sorted(names)
            }
            Self::Due(due) => found.due == *due,
            // As precise as it was written before.
            Self::Time(keys, _) => (if *keys == CREATED { found.created_ms } else { found.updated_ms }).is_some(),
            Self::Done(done) => found.done.unwrap_or(false) == *done,
        }
    }

    fn apply(&self, inner: String, ending: &str) -> String {
        let before = outline(&inner);
        let holds = |text: &String| {
            let after = outline(text);
            self.is_in(&read_inner(text, &after)) && self.others(&inner, &before) == self.others(text, &after)
        };
        if let Some(text) = self.edits(&inner, &before, ending).and_then(|e| edited(&inner, e)).filter(holds) {
            return text;
        }
        if let Some(text) = self.replaced(&inner, &before, ending).filter(holds) {
            return text;
        }
        match (self.line(ending), &before) {
            (Some(line), _) => inner + &line,
            (None, _) => inner,
        }
    }

    /// All that an edit of this field must leave as it is.
    fn others<'a>(&self, inner: &'a str, outline: &'a Outline) -> Vec<(&'a str, &'a str)> {
        let entries = outline.entries().iter().filter(|e| !self.keys().contains(&e.key.as_str()));
        entries.map(|e| (e.key.as_str(), &inner[e.value.range()])).collect()
    }

    fn own<'a>(&self, entries: &'a [Entry]) -> Vec<&'a Entry> {
        entries.iter().filter(|e| self.keys().contains(&e.key.as_str())).collect()
    }

    /// The smallest edits that give the value.
    fn edits(&self, inner: &str, outline: &Outline, ending: &str) -> Option<Vec<Edit>> {
        let entries = outline.entries();
        let own = self.own(entries);
        if own.is_empty() {
            return Some(vec![new_entry(inner, outline, self.keys()[0], &self.fresh()?, ending)?]);
        }
        match self {
            Self::Names(_, names) => name_edits(inner, &own, names, ending),
            Self::Due(None) => own.iter().map(|e| Some((whole_lines(inner, outline, e)?, String::new()))).collect(),
            Self::Time(keys, ms) => {
                let (entry, ()) = find(entries, keys, |s| time::parse(&s.text).map(drop))?;
                let Value::Scalar(s) = &entry.value else { return None };
                Some(vec![(s.range.clone(), restyled(&time::like(&s.text, *ms)?, s.style))])
            }
            Self::Title(_) | Self::Due(Some(_)) | Self::Done(_) => {
                let read = |text: &str| match self {
                    Self::Title(_) => title(text).map(drop),
                    Self::Due(_) => date(text).map(drop),
                    _ => truth(text).map(drop),
                };
                let entry = find(entries, self.keys(), |s| read(&s.text)).map_or(*own.last()?, |(e, ())| e);
                match &entry.value {
                    Value::Scalar(s) if !s.is_null() && s.style != Style::Block => {
                        let text = match self {
                            Self::Title(title) => quote(title, s.style),
                            _ => restyled(&self.fresh()?, s.style),
                        };
                        Some(vec![(s.range.clone(), text)])
                    }
                    _ => Some(vec![after_colon(inner, entry, &self.fresh()?)?]),
                }
            }
        }
    }

    /// Its lines taken out, and one line with the value put where the first was.
    fn replaced(&self, inner: &str, outline: &Outline, ending: &str) -> Option<String> {
        let own = self.own(outline.entries());
        let mut edits: Vec<Edit> =
            own.iter().map(|e| Some((whole_lines(inner, outline, e)?, String::new()))).collect::<Option<_>>()?;
        let indent = indent(inner, own.first()?.key_range.start)?;
        if let Some(line) = self.line(ending) {
            edits[0].1 = format!("{indent}{line}");
        }
        edited(inner, edits)
    }
}

/// Applies edits; `None` where they overlap.
fn edited(inner: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|(r, _)| (r.start, r.end));
    let mut out = String::with_capacity(inner.len() + 64);
    let mut at = 0;
    for (range, text) in edits {
        out.push_str(inner.get(at..range.start)?);
        out.push_str(&text);
        at = range.end;
    }
    out.push_str(inner.get(at..)?);
    Some(out)
}

/// A date, a time or a truth value: bare unless it was in quotes.
fn restyled(text: &str, style: Style) -> String {
    if style == Style::Plain { text.to_owned() } else { quote(text, style) }
}

fn flow(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|n| quote(n, Style::Plain)).collect();
    format!("[{}]", names.join(", "))
}

fn line_start(inner: &str, at: usize) -> usize {
    inner[..at].rfind(['\n', '\r']).map_or(0, |i| i + 1)
}

/// Where the line ends, with its ending.
fn line_end(inner: &str, at: usize) -> usize {
    at + lines(&inner[at..]).next().map_or(0, str::len)
}

/// What stands before a key or a dash on its line, if it is only white space.
fn indent(inner: &str, at: usize) -> Option<&str> {
    let before = &inner[line_start(inner, at)..at];
    before.chars().all(|c| c == ' ').then_some(before)
}

/// The lines of an entry of a block mapping.
fn whole_lines(inner: &str, outline: &Outline, entry: &Entry) -> Option<Range<usize>> {
    if !matches!(outline, Outline::Mapping { flow: false, .. }) {
        return None;
    }
    indent(inner, entry.key_range.start)?;
    let end = entry.value.range().end.max(entry.key_range.end);
    Some(line_start(inner, entry.key_range.start)..line_end(inner, end))
}

fn new_entry(inner: &str, outline: &Outline, key: &str, value: &str, ending: &str) -> Option<Edit> {
    match outline {
        Outline::Empty => Some((inner.len()..inner.len(), format!("{key}: {value}{ending}"))),
        Outline::Mapping { entries, flow: false, .. } => {
            let indent = indent(inner, entries.first()?.key_range.start)?;
            Some((inner.len()..inner.len(), format!("{indent}{key}: {value}{ending}")))
        }
        Outline::Mapping { entries, flow: true, range } if entries.is_empty() => {
            Some((range.clone(), format!("{key}: {value}")))
        }
        Outline::Mapping { entries, range, .. } => {
            let last = entries.last()?;
            let at = last.value.range().end.max(last.key_range.end);
            inner[range.clone()].ends_with('}').then(|| (at..at, format!(", {key}: {value}")))
        }
        Outline::Other | Outline::Invalid => None,
    }
}

/// The whole value of an entry replaced, whatever it was.
fn after_colon(inner: &str, entry: &Entry, value: &str) -> Option<Edit> {
    let rest = &inner[entry.key_range.end..];
    let colon = rest.find(':').filter(|i| rest[..*i].trim_matches([' ', '\t']).is_empty())?;
    let start = entry.key_range.end + colon + 1;
    let end = match &entry.value {
        Value::Scalar(s) if s.range.is_empty() => match comment_tags(inner, entry) {
            Some(tags) if TAGS.contains(&entry.key.as_str()) => inner[start..].find(tags)? + start + tags.len(),
            _ => start,
        },
        other => other.range().end,
    };
    Some((start..end.max(start), format!(" {value}")))
}

/// Takes out the names that are no longer wanted, and adds the new ones where names are already.
fn name_edits(inner: &str, own: &[&Entry], wanted: &[String], ending: &str) -> Option<Vec<Edit>> {
    let is_tags = TAGS.contains(&own.first()?.key.as_str());
    let all: Vec<Vec<String>> = own.iter().map(|e| entry_names(inner, e)).collect();
    // A name is kept where any of its spellings is wanted as it stands; else it is taken out and added anew.
    let keep =
        |name: &str| wanted.iter().any(|w| fold_name(w) == fold_name(name) && all.iter().flatten().any(|n| n == w));
    let mut add: Vec<String> = wanted.iter().filter(|w| !all.iter().flatten().any(|n| n == *w)).cloned().collect();
    let target = all.iter().position(|n| !n.is_empty()).unwrap_or(0);
    let mut edits = Vec::new();
    for (i, (entry, names)) in own.iter().zip(&all).enumerate() {
        let add = if i == target { std::mem::take(&mut add) } else { Vec::new() };
        if add.is_empty() && names.iter().all(|n| keep(n)) {
            continue;
        }
        match &entry.value {
            Value::List { items: Some(items), flow, range } if !items.is_empty() => {
                let kept: Vec<bool> = items.iter().map(|i| item_name(i, is_tags).is_none_or(|n| keep(&n))).collect();
                let ranges: Vec<_> = items.iter().map(|i| i.range.clone()).collect();
                if kept.iter().all(|k| !k) && add.is_empty() {
                    edits.push(after_colon(inner, entry, "[]")?);
                } else if *flow {
                    flow_edits(range, &ranges, &kept, &add, &mut edits);
                } else {
                    block_edits(inner, &ranges, &kept, &add, ending, &mut edits)?;
                }
            }
            Value::Other { .. } | Value::List { items: None, .. } => return None,
            _ => {
                let names: Vec<String> = names.iter().filter(|n| keep(n)).cloned().chain(add).collect();
                edits.push(after_colon(inner, entry, &self::flow(&names))?);
            }
        }
    }
    Some(edits)
}

/// `[a, b, c]`
fn flow_edits(list: &Range<usize>, items: &[Range<usize>], kept: &[bool], add: &[String], edits: &mut Vec<Edit>) {
    let added: Vec<_> = add.iter().map(|n| quote(n, Style::Plain)).collect();
    let end = items.last().map_or(list.start + 1, |r| r.end);
    let Some(last) = kept.iter().rposition(|k| *k) else {
        edits.push((items.first().map_or(end, |r| r.start)..end, added.join(", ")));
        return;
    };
    for (i, pair) in items.windows(2).enumerate().take(last) {
        if !kept[i] {
            edits.push((pair[0].start..pair[1].start, String::new()));
        }
    }
    let tail: String = added.iter().flat_map(|n| [", ", n.as_str()]).collect();
    edits.push((items[last].end..end, tail));
}

/// One line with a dash each.
fn block_edits(
    inner: &str,
    items: &[Range<usize>],
    kept: &[bool],
    add: &[String],
    ending: &str,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    let dash = |r: &Range<usize>| {
        let before = inner[line_start(inner, r.start)..r.start].trim_end();
        before.strip_suffix('-').filter(|indent| indent.chars().all(|c| c == ' '))
    };
    for (item, _) in items.iter().zip(kept).filter(|(_, k)| !**k) {
        dash(item)?;
        edits.push((line_start(inner, item.start)..line_end(inner, item.end), String::new()));
    }
    let last = items.last()?;
    let (indent, end) = (dash(last)?, line_end(inner, last.end));
    for name in add {
        edits.push((end..end, format!("{indent}- {}{ending}", quote(name, Style::Plain))));
    }
    Some(())
}
