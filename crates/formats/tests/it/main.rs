//! Import and export, from outside.
#![allow(clippy::unwrap_used)]

mod front_matter;
mod links;
mod paths;
mod samples;

use holdfast_domain::{DeviceId, Hlc, Merge, NoteFields, NoteId, Stamp};
use holdfast_formats::{ImportedNote, export_paths, parse_note, render};

const STAMP: Stamp = Stamp { hlc: Hlc { ms: 1, counter: 0 }, device: DeviceId([1; 16]) };

fn id(n: u32) -> NoteId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    NoteId(id)
}

/// A note with what an import found, as the notebook makes it.
fn fields(note: &ImportedNote) -> NoteFields {
    let mut fields = NoteFields::new(STAMP, 1_700_000_000_000);
    fields.title = Merge::resolved(note.title.clone(), STAMP);
    fields.front_matter = Merge::resolved(note.front_matter.clone(), STAMP);
    fields.body = holdfast_domain::Body::text(note.body.clone(), STAMP);
    for tag in &note.tags {
        fields.tags.add_name(tag.clone(), STAMP);
    }
    for alias in &note.aliases {
        fields.aliases.add_name(alias.clone(), STAMP);
    }
    fields.due = Merge::resolved(note.due, STAMP);
    fields.done = Merge::resolved(note.done, STAMP);
    fields.file_name = Merge::resolved(Some(note.file_name.clone()), STAMP);
    fields.created_ms = note.created_ms.unwrap_or(fields.created_ms);
    fields.updated_ms = note.updated_ms.unwrap_or(fields.updated_ms);
    fields
}

/// Imports one file, changes it, and exports it: its path and its text.
fn edited(path: &str, text: &str, edit: impl FnOnce(&mut NoteFields)) -> (String, String) {
    let note = parse_note(path, text.as_bytes()).unwrap();
    let mut fields = fields(&note);
    edit(&mut fields);
    let export = holdfast_formats::ExportNote::new(id(1), &fields, note.notebook);
    let path = export_paths(&[export], holdfast_formats::Names::Folded).remove(&id(1)).unwrap();
    let text = String::from_utf8(render(&fields, &path)).unwrap();
    (path, text)
}
