//! From canonical bytes to a revision.

use std::collections::{BTreeMap, BTreeSet};

use super::{Origin, Revision, SCHEMA};
use crate::canonical::{DecodeError, Reader};
use crate::{
    AttachmentFields, AttachmentId, Body, Date, DeviceFields, DeviceId, Fields, Hlc, Kind, MAX_RECORD_BYTES, Merge,
    NoteFields, NotebookFields, NotebookId, Opaque, RecordId, RevisionId, Segment, SetEntry, SetField, Stamp, Term,
    Trash, TrashState, UnknownFields,
};

type Result<T> = std::result::Result<T, DecodeError>;

pub(super) fn revision(bytes: &[u8]) -> Result<Revision> {
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let mut top = raw_map(bytes)?;
    let mut field = |n: u64, what| top.remove(&n).map(Reader::new).ok_or(DecodeError::Missing(what));
    let schema = field(0, "schema")?.uint("schema")?;
    if schema > SCHEMA {
        return Err(DecodeError::Newer(schema));
    }
    // There never was an older one; read as today's it would be written with another number, and have another id.
    if schema != SCHEMA {
        return Err(DecodeError::Unexpected("schema"));
    }
    let kind = Kind::from_number(field(1, "kind")?.uint("kind")?);
    let record = RecordId(field(2, "record")?.fixed("record")?);
    let mut r = field(3, "parents")?;
    let parents = (0..r.array("parents")?).map(|_| Ok(RevisionId(r.fixed("parent")?))).collect::<Result<Vec<_>>>()?;
    if parents.windows(2).any(|p| p[0] >= p[1]) {
        return Err(DecodeError::NotCanonical);
    }
    let author = DeviceId(field(4, "author")?.fixed("author")?);
    let mut r = field(5, "hlc")?;
    r.array_of(2, "hlc")?;
    let hlc = hlc(&mut r)?;
    let origin = Origin::from_number(field(6, "origin")?.uint("origin")?);
    let merge_algo = u32::try_from(field(7, "merge_algo")?.uint("merge_algo")?)
        .map_err(|_| DecodeError::Unexpected("merge_algo"))?;
    let raw = top.remove(&8).ok_or(DecodeError::Missing("fields"))?;
    // Unknown fields have their room in the fields; here they would be lost.
    if !top.is_empty() {
        return Err(DecodeError::Unexpected("key"));
    }
    let fields = fields(kind, raw_map(raw)?)?;
    Ok(Revision { record, parents, author, hlc, origin, merge_algo, fields })
}

/// A map with unsigned keys in ascending order, each value checked to be canonical.
fn raw_map(bytes: &[u8]) -> Result<BTreeMap<u64, &[u8]>> {
    let mut r = Reader::new(bytes);
    let mut out = BTreeMap::new();
    let mut before = None;
    for _ in 0..r.map("map")? {
        let key = r.uint("key")?;
        if before.is_some_and(|b| b >= key) {
            return Err(DecodeError::NotCanonical);
        }
        before = Some(key);
        out.insert(key, r.any()?);
    }
    r.finish()?;
    Ok(out)
}

struct FieldMap<'a>(BTreeMap<u64, &'a [u8]>);

impl<'a> FieldMap<'a> {
    fn read<T>(
        &mut self,
        n: u64,
        what: &'static str,
        read: impl FnOnce(&mut Reader<'a>, &'static str) -> Result<T>,
    ) -> Result<T> {
        let mut r = Reader::new(self.0.remove(&n).ok_or(DecodeError::Missing(what))?);
        let value = read(&mut r, what)?;
        r.finish()?;
        Ok(value)
    }

    fn unknown(self) -> UnknownFields {
        self.0.into_iter().map(|(n, raw)| (n, Opaque::One(raw.to_vec()))).collect()
    }
}

fn fields(kind: Kind, map: BTreeMap<u64, &[u8]>) -> Result<Fields> {
    let mut m = FieldMap(map);
    Ok(match kind {
        Kind::Note => Fields::Note(NoteFields {
            title: m.read(1, "title", |r, w| merge(r, w, text))?,
            body: m.read(2, "body", body)?,
            front_matter: m.read(3, "front matter", |r, w| merge(r, w, text))?,
            tags: m.read(4, "tags", |r, w| set(r, w, text))?,
            aliases: m.read(5, "aliases", |r, w| set(r, w, text))?,
            notebook: m.read(6, "notebook", |r, w| merge(r, w, notebook_id))?,
            due: m.read(7, "due", |r, w| merge(r, w, date))?,
            done: m.read(8, "done", |r, w| merge(r, w, |r, w| r.bool(w)))?,
            trash: m.read(9, "trashed", trash)?,
            attachments: m.read(10, "attachments", |r, w| set(r, w, attachment))?,
            file_name: m.read(11, "file name", |r, w| {
                merge(r, w, |r, w| if r.null() { Ok(None) } else { text(r, w).map(Some) })
            })?,
            created_ms: m.read(12, "created", Reader::uint)?,
            updated_ms: m.read(13, "updated", Reader::uint)?,
            unknown: m.unknown(),
        }),
        Kind::Notebook => Fields::Notebook(NotebookFields {
            name: m.read(1, "name", |r, w| merge(r, w, text))?,
            parent: m.read(2, "parent", |r, w| merge(r, w, notebook_id))?,
            trash: m.read(9, "trashed", trash)?,
            created_ms: m.read(12, "created", Reader::uint)?,
            unknown: m.unknown(),
        }),
        Kind::Attachment => Fields::Attachment(AttachmentFields {
            name: m.read(1, "name", text)?,
            media_type: m.read(2, "media type", text)?,
            size: m.read(3, "size", Reader::uint)?,
            content: m.read(4, "content", Reader::fixed)?,
            chunks: m.read(5, "chunks", |r, w| (0..r.array(w)?).map(|_| r.fixed(w)).collect())?,
            created_ms: m.read(12, "created", Reader::uint)?,
            unknown: m.unknown(),
        }),
        Kind::Device => Fields::Device(DeviceFields {
            name: m.read(1, "name", |r, w| merge(r, w, text))?,
            platform: m.read(2, "platform", text)?,
            last_seen_ms: m.read(3, "last seen", Reader::uint)?,
            created_ms: m.read(12, "created", Reader::uint)?,
            unknown: m.unknown(),
        }),
        Kind::Unknown(n) => Fields::Unknown(n, m.unknown()),
    })
}

fn text(r: &mut Reader<'_>, what: &'static str) -> Result<String> {
    r.text(what).map(str::to_owned)
}

fn notebook_id(r: &mut Reader<'_>, what: &'static str) -> Result<Option<NotebookId>> {
    if r.null() { Ok(None) } else { Ok(Some(NotebookId(r.fixed(what)?))) }
}

fn date(r: &mut Reader<'_>, what: &'static str) -> Result<Option<Date>> {
    if r.null() {
        return Ok(None);
    }
    let text = r.text(what)?;
    let date: Date = text.parse().map_err(|_| DecodeError::Unexpected(what))?;
    if date.to_string() == text { Ok(Some(date)) } else { Err(DecodeError::NotCanonical) }
}

fn attachment(r: &mut Reader<'_>, what: &'static str) -> Result<(String, AttachmentId)> {
    r.array_of(2, what)?;
    Ok((text(r, what)?, AttachmentId(r.fixed(what)?)))
}

fn hlc(r: &mut Reader<'_>) -> Result<Hlc> {
    let ms = r.uint("hlc")?;
    let counter = u32::try_from(r.uint("hlc")?).map_err(|_| DecodeError::Unexpected("hlc"))?;
    Ok(Hlc { ms, counter })
}

fn stamp(r: &mut Reader<'_>) -> Result<Stamp> {
    r.array_of(3, "stamp")?;
    Ok(Stamp { hlc: hlc(r)?, device: DeviceId(r.fixed("stamp")?) })
}

fn merge<'a, T>(
    r: &mut Reader<'a>,
    what: &'static str,
    value: impl Fn(&mut Reader<'a>, &'static str) -> Result<T>,
) -> Result<Merge<T>> {
    let terms = (0..r.array(what)?)
        .map(|i| {
            r.array_of(if i % 2 == 0 { 2 } else { 1 }, what)?;
            let value = value(r, what)?;
            Ok(Term::new(value, if i % 2 == 0 { stamp(r)? } else { Stamp::ZERO }))
        })
        .collect::<Result<Vec<_>>>()?;
    Merge::from_terms(terms).ok_or(DecodeError::Unexpected(what))
}

fn body(r: &mut Reader<'_>, what: &'static str) -> Result<Body> {
    r.array_of(2, what)?;
    let stamp = stamp(r)?;
    let mut segments = Vec::new();
    for _ in 0..r.array(what)? {
        let mut ahead = Reader::new(r.any()?);
        segments.push(match ahead.text(what) {
            Ok(text) => Segment::Clean(text.to_owned()),
            Err(_) => {
                let mut place = Reader::new(ahead.start());
                let terms = merge(&mut place, what, text)?;
                // A place on which all agree is clean text.
                if terms.is_resolved() {
                    return Err(DecodeError::NotCanonical);
                }
                Segment::Place(terms)
            }
        });
    }
    let count = segments.len();
    let body = Body::from_segments(segments, stamp);
    // Only one way to write a text: no empty or adjacent clean passages, no place with one term.
    if body.segments().len() == count { Ok(body) } else { Err(DecodeError::NotCanonical) }
}

fn set<'a, T: Ord>(
    r: &mut Reader<'a>,
    what: &'static str,
    value: impl Fn(&mut Reader<'a>, &'static str) -> Result<T>,
) -> Result<SetField<T>> {
    let entries = (0..r.array(what)?)
        .map(|_| {
            r.array_of(2, what)?;
            Ok(SetEntry { value: value(r, what)?, stamp: stamp(r)? })
        })
        .collect::<Result<Vec<_>>>()?;
    if entries.windows(2).any(|e| e[0] >= e[1]) {
        return Err(DecodeError::NotCanonical);
    }
    Ok(SetField(entries.into_iter().collect::<BTreeSet<_>>()))
}

fn trash(r: &mut Reader<'_>, what: &'static str) -> Result<Trash> {
    r.array_of(2, what)?;
    let state = match r.uint(what)? {
        0 => TrashState::Live,
        1 => TrashState::Trashed,
        2 => TrashState::Open,
        _ => return Err(DecodeError::Unexpected(what)),
    };
    Ok(Trash { state, stamp: stamp(r)? })
}
