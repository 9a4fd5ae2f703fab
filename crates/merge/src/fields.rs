//! The n-ary merge of a record's fields.

use std::collections::BTreeSet;

use holdfast_domain::{
    AttachmentFields, Body, DeviceFields, Fields, Kind, Merge, NameSet, NoteFields, NotebookFields, Segment, SetField,
    Stamp, Trash, UnknownFields,
};

use crate::body::{Past, merge_body_after};
use crate::text::{merge_apart, merge_front};
use crate::value::{merge_newest, merge_scalar, merge_set, merge_trash, merge_unknown, same_values};

/// What a record of this kind is before anybody wrote it.
pub fn empty(kind: Kind) -> Fields {
    let stamp = Stamp::ZERO;
    let unknown = UnknownFields::new();
    match kind {
        Kind::Note => Fields::Note(NoteFields::new(stamp, 0)),
        Kind::Notebook => Fields::Notebook(NotebookFields {
            name: Merge::resolved(String::new(), stamp),
            parent: Merge::resolved(None, stamp),
            trash: Trash::LIVE,
            created_ms: 0,
            unknown,
        }),
        Kind::Attachment => Fields::Attachment(AttachmentFields {
            name: String::new(),
            media_type: String::new(),
            size: 0,
            content: [0; 32],
            chunks: Vec::new(),
            created_ms: 0,
            unknown,
        }),
        Kind::Device => Fields::Device(DeviceFields {
            name: Merge::resolved(String::new(), stamp),
            platform: String::new(),
            last_seen_ms: 0,
            created_ms: 0,
            unknown,
        }),
        Kind::Unknown(n) => Fields::Unknown(n, unknown),
    }
}

/// Merges states of one record over a base, of a plain past, whatever the order of the sides. A side of another kind
/// than the base is left out (the fold refuses such records before).
pub fn merge_fields(base: &Fields, sides: &[&Fields]) -> Fields {
    merge_fields_after(Past::PLAIN, base, sides)
}

/// As [`merge_fields`], whatever was before.
pub fn merge_fields_after(past: Past<'_>, base: &Fields, sides: &[&Fields]) -> Fields {
    macro_rules! of_kind {
        ($kind:path) => {
            sides.iter().filter_map(|s| if let $kind(f) = s { Some(f) } else { None }).collect::<Vec<_>>()
        };
    }
    match base {
        Fields::Note(b) => Fields::Note(note(past, b, &of_kind!(Fields::Note))),
        Fields::Notebook(b) => Fields::Notebook(notebook(b, &of_kind!(Fields::Notebook))),
        Fields::Attachment(b) => Fields::Attachment(attachment(b, &of_kind!(Fields::Attachment))),
        Fields::Device(b) => Fields::Device(device(b, &of_kind!(Fields::Device))),
        Fields::Unknown(n, b) => {
            let sides: Vec<&UnknownFields> = sides
                .iter()
                .filter_map(|s| if let Fields::Unknown(m, f) = s { (m == n).then_some(f) } else { None })
                .collect();
            Fields::Unknown(*n, merge_unknown(b, &sides))
        }
    }
}

/// The values of the sides that changed it.
fn changed<'a, F, T: PartialEq + Copy + 'a>(base: &'a F, sides: &'a [&'a F], get: fn(&F) -> T) -> Vec<T> {
    sides.iter().map(|s| get(s)).filter(|v| *v != get(base)).collect()
}

fn earliest<F>(base: &F, sides: &[&F], get: fn(&F) -> u64) -> u64 {
    changed(base, sides, get).into_iter().min().unwrap_or(get(base))
}

fn latest<F>(base: &F, sides: &[&F], get: fn(&F) -> u64) -> u64 {
    changed(base, sides, get).into_iter().max().unwrap_or(get(base))
}

fn scalar<F, T: Ord + Clone>(base: &F, sides: &[&F], get: fn(&F) -> &Merge<T>) -> Merge<T> {
    if crate::planted("wall-clock-decides") {
        return newest(base, sides, get);
    }
    merge_scalar(get(base), &sides.iter().map(|s| get(s)).collect::<Vec<_>>())
}

/// A text of its own, in which edits that are apart are all taken. What was open stays so, and so does what somebody
/// wrote again as it was.
fn written<F>(
    base: &F,
    sides: &[&F],
    get: fn(&F) -> &Merge<String>,
    merge: fn(&str, &[&str]) -> Option<String>,
) -> Merge<String> {
    let asked = scalar(base, sides, get);
    let changed: Vec<&Merge<String>> = sides.iter().map(|s| get(s)).filter(|m| *m != get(base)).collect();
    let texts: Option<BTreeSet<&str>> = changed.iter().map(|m| m.as_resolved().map(String::as_str)).collect();
    let (false, Some(was), Some(texts)) = (asked.is_resolved(), get(base).as_resolved(), texts) else { return asked };
    if texts.contains(was.as_str()) {
        return asked;
    }
    let stamp = changed.iter().flat_map(|m| m.adds()).map(|t| t.stamp).max().unwrap_or(Stamp::ZERO);
    merge(was, &texts.into_iter().collect::<Vec<_>>()).map_or(asked, |text| Merge::resolved(text, stamp))
}

fn newest<F, T: Ord + Clone>(base: &F, sides: &[&F], get: fn(&F) -> &Merge<T>) -> Merge<T> {
    merge_newest(get(base), &sides.iter().map(|s| get(s)).collect::<Vec<_>>())
}

fn set<F, T: Ord + Clone>(base: &F, sides: &[&F], get: fn(&F) -> &SetField<T>) -> SetField<T> {
    merge_set(get(base), &sides.iter().map(|s| get(s)).collect::<Vec<_>>())
}

fn unknown<F>(base: &F, sides: &[&F], get: fn(&F) -> &UnknownFields) -> UnknownFields {
    merge_unknown(get(base), &sides.iter().map(|s| get(s)).collect::<Vec<_>>())
}

fn same_body(a: &Body, b: &Body) -> bool {
    a.segments().len() == b.segments().len()
        && a.segments().iter().zip(b.segments()).all(|pair| match pair {
            (Segment::Clean(a), Segment::Clean(b)) => a == b,
            (Segment::Place(a), Segment::Place(b)) => same_values(a, b),
            _ => false,
        })
}

/// Equal in all that a person edits, apart from the trash; times of creating and updating are no edits.
fn same_note(a: &NoteFields, b: &NoteFields) -> bool {
    same_body(&a.body, &b.body)
        && same_values(&a.title, &b.title)
        && same_values(&a.front_matter, &b.front_matter)
        && a.tags == b.tags
        && a.aliases == b.aliases
        && same_values(&a.notebook, &b.notebook)
        && same_values(&a.due, &b.due)
        && (same_values(&a.done, &b.done) || crate::planted("done-is-no-edit"))
        && a.attachments == b.attachments
        && same_values(&a.file_name, &b.file_name)
        && a.unknown == b.unknown
}

fn note(past: Past<'_>, base: &NoteFields, sides: &[&NoteFields]) -> NoteFields {
    let trash: Vec<Trash> = sides.iter().map(|s| s.trash).collect();
    let edited: Vec<bool> = sides.iter().map(|s| !same_note(s, base)).collect();
    let names = |get: fn(&NoteFields) -> &NameSet| set(base, sides, get);
    NoteFields {
        title: written(base, sides, |f| &f.title, merge_apart),
        body: merge_body_after(past, &base.body, &sides.iter().map(|s| &s.body).collect::<Vec<_>>()),
        front_matter: written(base, sides, |f| &f.front_matter, merge_front),
        tags: names(|f| &f.tags),
        aliases: names(|f| &f.aliases),
        notebook: if crate::planted("newest-move-wins") {
            newest(base, sides, |f| &f.notebook)
        } else {
            scalar(base, sides, |f| &f.notebook)
        },
        due: if crate::planted("first-date-stays") {
            scalar(base, &sides[..1], |f| &f.due)
        } else {
            scalar(base, sides, |f| &f.due)
        },
        done: scalar(base, sides, |f| &f.done),
        trash: merge_trash(base.trash, &trash, &edited),
        attachments: set(base, sides, |f| &f.attachments),
        file_name: newest(base, sides, |f| &f.file_name),
        created_ms: earliest(base, sides, |f| f.created_ms),
        updated_ms: if crate::planted("written-earlier") {
            earliest(base, sides, |f| f.updated_ms)
        } else {
            latest(base, sides, |f| f.updated_ms)
        },
        unknown: unknown(base, sides, |f| &f.unknown),
    }
}

fn notebook(base: &NotebookFields, sides: &[&NotebookFields]) -> NotebookFields {
    let trash: Vec<Trash> = sides.iter().map(|s| s.trash).collect();
    let same = |s: &NotebookFields| {
        same_values(&s.name, &base.name) && same_values(&s.parent, &base.parent) && s.unknown == base.unknown
    };
    let edited: Vec<bool> = sides.iter().map(|s| !same(s)).collect();
    NotebookFields {
        name: if crate::planted("newest-name-wins") {
            newest(base, sides, |f| &f.name)
        } else {
            scalar(base, sides, |f| &f.name)
        },
        parent: scalar(base, sides, |f| &f.parent),
        trash: merge_trash(base.trash, &trash, &edited),
        created_ms: earliest(base, sides, |f| f.created_ms),
        unknown: unknown(base, sides, |f| &f.unknown),
    }
}

/// Immutable, so the sides are equal; should they not be, the choice is the same on every device.
fn attachment(base: &AttachmentFields, sides: &[&AttachmentFields]) -> AttachmentFields {
    let key = |f: &AttachmentFields| (f.content, f.chunks.clone(), f.size, f.name.clone(), f.media_type.clone());
    let chosen = sides.iter().copied().filter(|s| *s != base).min_by_key(|s| key(s)).unwrap_or(base);
    AttachmentFields {
        created_ms: earliest(base, sides, |f| f.created_ms),
        unknown: unknown(base, sides, |f| &f.unknown),
        ..chosen.clone()
    }
}

fn device(base: &DeviceFields, sides: &[&DeviceFields]) -> DeviceFields {
    let platform = sides.iter().filter(|s| s.platform != base.platform);
    let platform = platform.max_by_key(|s| (s.last_seen_ms, &s.platform)).map_or(&base.platform, |s| &s.platform);
    DeviceFields {
        name: newest(base, sides, |f| &f.name),
        platform: platform.clone(),
        last_seen_ms: latest(base, sides, |f| f.last_seen_ms),
        created_ms: earliest(base, sides, |f| f.created_ms),
        unknown: unknown(base, sides, |f| &f.unknown),
    }
}
