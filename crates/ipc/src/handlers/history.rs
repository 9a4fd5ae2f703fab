//! The versions of a note, and going back to one.

use holdfast_domain::Origin;
use holdfast_notebook as nb;

use super::notes::detail;
use super::receipts::{field, hunk};
use crate::convert::{Names, answer, ms, note_id, revision_id};
use crate::dto::{ContentAt, NoteDetail, NoteVersion, NoteVersionItem, Since, VersionKind};
use crate::{Answer, App};

/// The newest first.
pub fn list(app: &App, id: &str) -> Answer<Vec<NoteVersionItem>> {
    let vault = app.vault()?;
    let names = Names::load(&vault)?;
    let id = note_id(id)?;
    // Of a note that is not there, this says so.
    answer(vault.note(id))?;
    Ok(answer(vault.history(id.into()))?.into_iter().rev().map(|info| item(&names, &info)).collect())
}

pub fn get(app: &App, id: &str, revision: &str) -> Answer<NoteVersion> {
    let vault = app.vault()?;
    let names = Names::load(&vault)?;
    let id = note_id(id)?;
    let version = answer(vault.note_version(id, revision_id(revision)?))?;
    Ok(NoteVersion {
        item: item(&names, &version.info),
        since: match version.since {
            nb::Since::Before => Since::Before,
            nb::Since::Earlier => Since::Earlier,
            nb::Since::Nothing => Since::Nothing,
        },
        is_shown: version.is_shown,
        title: version.row.title,
        body: version.row.body,
        to_review: version.row.review,
        fields: version.change.fields.iter().map(|f| field(&names, f)).collect(),
        diff: version.change.body.iter().flat_map(hunk).collect(),
    })
}

/// Gets the text of a version from the server that is not on this computer any more.
pub fn fetch(app: &App, id: &str, revision: &str) -> Answer<()> {
    let (id, revision) = (note_id(id)?, revision_id(revision)?);
    answer(app.with_syncer(async |syncer| syncer.fetch_version(id, revision).await)?)
}

/// The title and the text of then become the newest version.
pub fn restore(app: &App, id: &str, revision: &str) -> Answer<NoteDetail> {
    let vault = app.vault()?;
    let id = note_id(id)?;
    answer(vault.restore_version(id, revision_id(revision)?))?;
    detail(&vault, id)
}

fn item(names: &Names, info: &nb::RevisionInfo) -> NoteVersionItem {
    NoteVersionItem {
        revision: info.id.to_string(),
        device: names.name(info.device),
        this_device: names.is_me(info.device),
        at_ms: ms(info.at_ms),
        kind: match info.origin {
            Origin::Edit => VersionKind::Edit,
            Origin::Resolve => VersionKind::Decision,
            Origin::Undo => VersionKind::Undo,
            Origin::Import => VersionKind::Import,
            Origin::Restore => VersionKind::Restore,
            Origin::Other(_) => VersionKind::Other,
        },
        newest: info.is_head,
        content: match info.content {
            nb::ContentAt::Here => ContentAt::Here,
            nb::ContentAt::Server => ContentAt::Server,
            nb::ContentAt::Elsewhere => ContentAt::Elsewhere,
        },
    }
}
