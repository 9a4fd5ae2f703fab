//! From a revision to its canonical bytes. The numbers are for ever; new fields take new numbers.

use super::{EncodeError, Revision, SCHEMA};
use crate::canonical::Writer;
use crate::{
    AttachmentFields, Body, DeviceFields, Fields, MAX_BODY_BYTES, MAX_RECORD_BYTES, Merge, NoteFields, NotebookFields,
    Opaque, Segment, SetField, Stamp, Trash, TrashState, UnknownFields,
};

pub(super) fn revision(r: &Revision) -> Result<Vec<u8>, EncodeError> {
    let mut w = Writer::new();
    w.map(9);
    w.uint(0).uint(SCHEMA);
    w.uint(1).uint(r.fields.kind().number());
    w.uint(2).bytes(&r.record.0);
    w.uint(3).array(r.parents.len());
    for p in &r.parents {
        w.bytes(&p.0);
    }
    w.uint(4).bytes(&r.author.0);
    w.uint(5).array(2).uint(r.hlc.ms).uint(u64::from(r.hlc.counter));
    w.uint(6).uint(r.origin.number());
    w.uint(7).uint(u64::from(r.merge_algo));
    w.uint(8).raw(&fields(&r.fields)?);
    let bytes = w.into_bytes();
    if bytes.len() > MAX_RECORD_BYTES { Err(EncodeError::RecordTooLarge) } else { Ok(bytes) }
}

/// Fields by number, written in ascending order with the unknown ones among them.
struct FieldMap {
    entries: Vec<(u64, Vec<u8>)>,
}

impl FieldMap {
    fn new(unknown: &UnknownFields) -> Result<Self, EncodeError> {
        let entries = unknown
            .iter()
            .map(|(n, v)| match v {
                Opaque::One(raw) => Ok((*n, raw.clone())),
                Opaque::Conflict(_) => Err(EncodeError::NeedsNewerVersion),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    fn put(&mut self, number: u64, write: impl FnOnce(&mut Writer)) {
        let mut w = Writer::new();
        write(&mut w);
        self.entries.push((number, w.into_bytes()));
    }

    fn finish(mut self) -> Vec<u8> {
        self.entries.sort_by_key(|(n, _)| *n);
        let mut w = Writer::new();
        w.map(self.entries.len());
        for (n, raw) in &self.entries {
            w.uint(*n).raw(raw);
        }
        w.into_bytes()
    }
}

fn fields(f: &Fields) -> Result<Vec<u8>, EncodeError> {
    match f {
        Fields::Note(f) => note(f),
        Fields::Notebook(f) => notebook(f),
        Fields::Attachment(f) => attachment(f),
        Fields::Device(f) => device(f),
        Fields::Unknown(_, unknown) => Ok(FieldMap::new(unknown)?.finish()),
    }
}

fn note(f: &NoteFields) -> Result<Vec<u8>, EncodeError> {
    let largest = f.body.segments().iter().map(|s| match s {
        Segment::Clean(t) => t.len(),
        Segment::Place(m) => m.adds().map(|t| t.value.len()).max().unwrap_or(0),
    });
    if largest.sum::<usize>() > MAX_BODY_BYTES {
        return Err(EncodeError::BodyTooLarge);
    }
    let mut m = FieldMap::new(&f.unknown)?;
    m.put(1, |w| {
        merge(w, &f.title, |w, v| {
            w.text(v);
        })
    });
    m.put(2, |w| body(w, &f.body));
    m.put(3, |w| {
        merge(w, &f.front_matter, |w, v| {
            w.text(v);
        })
    });
    m.put(4, |w| {
        set(w, &f.tags, |w, v| {
            w.text(v);
        })
    });
    m.put(5, |w| {
        set(w, &f.aliases, |w, v| {
            w.text(v);
        })
    });
    m.put(6, |w| {
        merge(w, &f.notebook, |w, v| {
            optional(w, v.as_ref(), |w, id| {
                w.bytes(&id.0);
            })
        })
    });
    m.put(7, |w| {
        merge(w, &f.due, |w, v| {
            optional(w, v.as_ref(), |w, d| {
                w.text(&d.to_string());
            })
        })
    });
    m.put(8, |w| {
        merge(w, &f.done, |w, v| {
            w.bool(*v);
        })
    });
    m.put(9, |w| trash(w, f.trash));
    m.put(10, |w| {
        set(w, &f.attachments, |w, (path, id)| {
            w.array(2).text(path).bytes(&id.0);
        })
    });
    m.put(11, |w| {
        merge(w, &f.file_name, |w, v| {
            optional(w, v.as_ref(), |w, s| {
                w.text(s);
            })
        })
    });
    m.put(12, |w| {
        w.uint(f.created_ms);
    });
    m.put(13, |w| {
        w.uint(f.updated_ms);
    });
    Ok(m.finish())
}

fn notebook(f: &NotebookFields) -> Result<Vec<u8>, EncodeError> {
    let mut m = FieldMap::new(&f.unknown)?;
    m.put(1, |w| {
        merge(w, &f.name, |w, v| {
            w.text(v);
        })
    });
    m.put(2, |w| {
        merge(w, &f.parent, |w, v| {
            optional(w, v.as_ref(), |w, id| {
                w.bytes(&id.0);
            })
        })
    });
    m.put(9, |w| trash(w, f.trash));
    m.put(12, |w| {
        w.uint(f.created_ms);
    });
    Ok(m.finish())
}

fn attachment(f: &AttachmentFields) -> Result<Vec<u8>, EncodeError> {
    let mut m = FieldMap::new(&f.unknown)?;
    m.put(1, |w| {
        w.text(&f.name);
    });
    m.put(2, |w| {
        w.text(&f.media_type);
    });
    m.put(3, |w| {
        w.uint(f.size);
    });
    m.put(4, |w| {
        w.bytes(&f.content);
    });
    m.put(5, |w| {
        w.array(f.chunks.len());
        for c in &f.chunks {
            w.bytes(c);
        }
    });
    m.put(12, |w| {
        w.uint(f.created_ms);
    });
    Ok(m.finish())
}

fn device(f: &DeviceFields) -> Result<Vec<u8>, EncodeError> {
    let mut m = FieldMap::new(&f.unknown)?;
    m.put(1, |w| {
        merge(w, &f.name, |w, v| {
            w.text(v);
        })
    });
    m.put(2, |w| {
        w.text(&f.platform);
    });
    m.put(3, |w| {
        w.uint(f.last_seen_ms);
    });
    m.put(12, |w| {
        w.uint(f.created_ms);
    });
    Ok(m.finish())
}

fn stamp(w: &mut Writer, s: Stamp) {
    w.array(3).uint(s.hlc.ms).uint(u64::from(s.hlc.counter)).bytes(&s.device.0);
}

fn optional<T>(w: &mut Writer, v: Option<&T>, some: impl FnOnce(&mut Writer, &T)) {
    match v {
        Some(v) => some(w, v),
        None => {
            w.null();
        }
    }
}

/// `[[value, stamp], …]`; a removed term has no stamp: `[value]`.
fn merge<T>(w: &mut Writer, m: &Merge<T>, value: impl Fn(&mut Writer, &T)) {
    w.array(m.terms().len());
    for (i, t) in m.terms().iter().enumerate() {
        w.array(if i % 2 == 0 { 2 } else { 1 });
        value(w, &t.value);
        if i % 2 == 0 {
            stamp(w, t.stamp);
        }
    }
}

/// `[stamp, [segment, …]]`; a clean passage is a text, a place a merge.
fn body(w: &mut Writer, b: &Body) {
    w.array(2);
    stamp(w, b.stamp);
    w.array(b.segments().len());
    for s in b.segments() {
        match s {
            Segment::Clean(text) => {
                w.text(text);
            }
            Segment::Place(m) => merge(w, m, |w, v| {
                w.text(v);
            }),
        }
    }
}

fn set<T: Ord>(w: &mut Writer, s: &SetField<T>, value: impl Fn(&mut Writer, &T)) {
    w.array(s.0.len());
    for e in &s.0 {
        w.array(2);
        value(w, &e.value);
        stamp(w, e.stamp);
    }
}

fn trash(w: &mut Writer, t: Trash) {
    w.array(2);
    w.uint(match t.state {
        TrashState::Live => 0,
        TrashState::Trashed => 1,
        TrashState::Open => 2,
    });
    stamp(w, t.stamp);
}
