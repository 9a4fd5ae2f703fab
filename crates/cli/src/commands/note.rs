//! `note`: writing, reading, trashing.

use holdfast_notebook::{NewNote, NotePatch, NotebookId, NotesFilter, TagPatch, TrashFilter, Vault};
use serde_json::{Value, json};

use super::history;
use crate::args::{NoteCommand, NoteEdit};
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{Names, lines, time, titled};
use crate::{Outcome, ids, input};

pub fn run(place: &Place, command: NoteCommand) -> Outcome {
    match command {
        NoteCommand::Add { title, notebook, tags, due } => {
            let body = input::body_from_stdin()?;
            place.with_vault(|vault| {
                let notebook = notebook.as_deref().map_or(Ok(None), |path| in_notebook(vault, path))?;
                let id = vault.add_note(&NewNote { title, body, notebook, tags, due })?.to_string();
                Ok(Answer::new(json!({ "id": id }), id))
            })
        }
        NoteCommand::Show { id, version: None } => place.with_vault(|vault| show(vault, &id)),
        NoteCommand::Show { id, version: Some(version) } => {
            place.with_vault(|vault| history::show(vault, &id, &version))
        }
        NoteCommand::History { id } => place.with_vault(|vault| history::list(vault, &id)),
        NoteCommand::Revert { id, version } => place.with_vault(|vault| history::revert(vault, &id, &version)),
        NoteCommand::List => place.with_vault(|vault| list(vault)),
        NoteCommand::Edit(edit) => self::edit(place, edit),
        NoteCommand::Trash { id } => place.with_vault(|vault| {
            vault.trash_note(ids::note(vault, &id)?)?;
            Ok(Answer::done("The note is in the trash."))
        }),
        NoteCommand::Restore { id } => place.with_vault(|vault| {
            vault.restore_note(ids::note(vault, &id)?)?;
            Ok(Answer::done("The note is out of the trash."))
        }),
    }
}

/// The notebook at a path, made where it is missing; `/` is no notebook.
fn in_notebook(vault: &Vault, path: &str) -> Outcome<Option<NotebookId>> {
    let path = path.trim().trim_matches('/');
    if path.is_empty() { Ok(None) } else { Ok(Some(vault.ensure_notebook(path)?)) }
}

fn show(vault: &Vault, id: &str) -> Outcome {
    let note = vault.note(ids::note(vault, id)?)?;
    let names = Names::load(vault)?;
    let row = &note.row;
    let mut head = vec![titled(&row.title).into_owned()];
    let mut add = |name: &str, value: Option<String>| head.extend(value.map(|v| format!("{name}: {v}")));
    add("Notebook", names.path(row.notebook).map(str::to_owned));
    add("Tags", (!row.tags.is_empty()).then(|| row.tags.join(", ")));
    add("Due", row.due.map(|d| d.to_string()));
    add("Done", row.done.then(|| "yes".into()));
    add("In the trash", row.trashed.then(|| "yes".into()));
    add("To review", (row.review > 0).then(|| format!("yes; see `holdfast review show {}`", row.id)));
    add("Changed", Some(time(row.updated_ms)));
    Ok(Answer::new(names.note(row), format!("{}\n\n{}", head.join("\n"), row.body)))
}

fn list(vault: &Vault) -> Outcome {
    let names = Names::load(vault)?;
    let rows = vault.note_rows(&NotesFilter { trash: TrashFilter::Any, ..NotesFilter::default() })?;
    let text: Vec<String> = rows.iter().map(|row| names.note_line(row)).collect();
    let all: Vec<Value> = rows.iter().map(|row| names.note(row)).collect();
    Ok(Answer::new(Value::Array(all), lines(&text, "There are no notes.")))
}

/// All that was asked for in one change, or nothing of it.
fn edit(place: &Place, edit: NoteEdit) -> Outcome {
    let body = edit.body_file.as_deref().map(|file| input::body_from(file, edit.allow_empty)).transpose()?;
    place.with_vault(|vault| {
        let id = ids::note(vault, &edit.id)?;
        // A note that is not there makes no notebook.
        vault.note(id)?;
        let tags = !(edit.add_tags.is_empty() && edit.remove_tags.is_empty());
        let patch = NotePatch {
            title: edit.title,
            body,
            tags: tags.then_some(TagPatch::Change { add: edit.add_tags, remove: edit.remove_tags }),
            due: if edit.no_due { Some(None) } else { edit.due.map(|due| due.0) },
            done: (edit.done || edit.not_done).then_some(edit.done),
            notebook: edit.notebook.as_deref().map(|path| in_notebook(vault, path)).transpose()?,
        };
        vault.edit_note(id, &patch)?;
        Ok(Answer::done("Saved."))
    })
}
