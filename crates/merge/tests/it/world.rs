//! A small record to write revisions of.

use std::sync::Arc;

use holdfast_domain::{
    Body, DeviceId, Fields, Hlc, Merge, NoteFields, Origin, RecordId, Revision, RevisionId, Segment, Stamp, Term,
    TrashState,
};
use holdfast_merge::{Graph, fold};

pub fn stamp(ms: u64, device: u8) -> Stamp {
    Stamp { hlc: Hlc { ms, counter: 0 }, device: DeviceId([device; 16]) }
}

/// `"a b"` as two lines.
pub fn text(words: &str) -> String {
    words.split_whitespace().fold(String::new(), |out, w| out + w + "\n")
}

pub fn note(words: &str) -> NoteFields {
    let mut fields = NoteFields::new(stamp(1, 1), 1);
    fields.body = Body::text(text(words), stamp(1, 1));
    fields
}

/// An open place: `[add, remove, add, …]`, each of words; added terms get rising stamps.
pub fn place(terms: &[&str]) -> Merge<String> {
    let terms = terms
        .iter()
        .enumerate()
        .map(|(i, t)| Term::new(text(t), if i % 2 == 1 { Stamp::ZERO } else { stamp(10 + i as u64, i as u8) }));
    Merge::from_terms(terms.collect()).unwrap()
}

fn flat(text: &str) -> String {
    text.replace('\n', ",").trim_end_matches(',').to_string()
}

/// A body as in the model: clean lines, and places as `{+X -c +Y}`.
pub fn show_body(body: &Body) -> String {
    let segments = body.segments().iter().map(|s| match s {
        Segment::Clean(text) => flat(text),
        Segment::Place(merge) => {
            let terms = merge.terms().iter().enumerate().map(|(i, t)| {
                let value = flat(&t.value);
                format!("{}{}", if i % 2 == 0 { '+' } else { '-' }, if value.is_empty() { "()" } else { &value })
            });
            format!("{{{}}}", terms.collect::<Vec<_>>().join(" "))
        }
    });
    segments.collect::<Vec<_>>().join(" ")
}

pub fn show(fields: &NoteFields) -> String {
    let trash = match fields.trash.state {
        TrashState::Live => "live",
        TrashState::Trashed => "trashed",
        TrashState::Open => "open",
    };
    format!("{} tags {:?} {trash}", show_body(&fields.body), fields.tags.names())
}

/// Revisions of one note.
#[derive(Default)]
pub struct World {
    pub graph: Graph,
    clock: u64,
}

impl World {
    pub fn stamp(&mut self) -> Stamp {
        self.clock += 1;
        stamp(self.clock, (self.clock % 3) as u8)
    }

    pub fn fold(&self, heads: &[RevisionId]) -> NoteFields {
        match fold(&self.graph, heads).unwrap().fields {
            Fields::Note(fields) => fields,
            other => panic!("a note was written, not {other:?}"),
        }
    }

    /// A revision on `parents` with what `edit` makes of their fold.
    pub fn write(&mut self, parents: &[RevisionId], edit: impl FnOnce(&mut NoteFields, Stamp)) -> RevisionId {
        let stamp = self.stamp();
        let mut fields = if parents.is_empty() { note("") } else { self.fold(parents) };
        edit(&mut fields, stamp);
        self.insert(parents, stamp, Fields::Note(fields))
    }

    pub fn insert(&mut self, parents: &[RevisionId], stamp: Stamp, fields: Fields) -> RevisionId {
        self.insert_as(Origin::Edit, parents, stamp, fields)
    }

    pub fn insert_as(&mut self, origin: Origin, parents: &[RevisionId], stamp: Stamp, fields: Fields) -> RevisionId {
        self.clock = self.clock.max(stamp.hlc.ms);
        let parents: Vec<RevisionId> = self.graph.maximal(parents.iter().copied()).into_iter().collect();
        let revision = Revision::new(RecordId([7; 16]), parents, stamp, origin, 1, fields);
        let id = RevisionId(*blake3::hash(&revision.encode().unwrap()).as_bytes());
        self.graph.insert(id, revision.parents().to_vec(), Some(Arc::new(revision)));
        id
    }

    pub fn write_text(&mut self, parents: &[RevisionId], words: &str) -> RevisionId {
        self.write(parents, |f, stamp| f.body = Body::text(text(words), stamp))
    }
}
