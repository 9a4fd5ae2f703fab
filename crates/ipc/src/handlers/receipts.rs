//! What was merged by itself.

use holdfast_notebook as nb;
use holdfast_notebook::{ChangedField, DiffHunk};

use crate::convert::{Names, answer, from_hex, hex, invalid, ms, revision_id};
use crate::dto::{DiffSpan, Receipt, ReceiptSide, SpanKind};
use crate::{Answer, App};

pub fn list(app: &App) -> Answer<Vec<Receipt>> {
    let vault = app.vault()?;
    let names = Names::load(&vault)?;
    let out = answer(vault.receipts())?.into_iter().map(|r| Receipt { sides: Vec::new(), ..receipt(&names, r) });
    let out = out.collect();
    answer(vault.mark_receipts_seen())?;
    Ok(out)
}

pub fn get(app: &App, id: &str) -> Answer<Receipt> {
    let vault = app.vault()?;
    Ok(receipt(&Names::load(&vault)?, answer(vault.receipt(receipt_id(id)?))?))
}

pub fn undo(app: &App, id: &str, revision: &str) -> Answer<()> {
    answer(app.vault()?.undo_receipt(receipt_id(id)?, revision_id(revision)?))
}

fn receipt_id(text: &str) -> Answer<[u8; 16]> {
    from_hex(text).ok_or_else(|| invalid(format!("There is no receipt {text}.")))
}

fn receipt(names: &Names, r: nb::Receipt) -> Receipt {
    let mut devices: Vec<_> = r.sides.iter().map(|s| names.name(s.author)).collect();
    devices.dedup();
    let moves = r.cycle.as_deref().unwrap_or_default();
    let moved = |s: &nb::ReceiptSide| {
        let of_side = moves.iter().find(|m| m.revision == s.head);
        of_side.map(|m| vec![format!("Moved “{}” into “{}”", m.name, m.into_name)])
    };
    Receipt {
        id: hex(&r.id),
        note: r.record.to_string(),
        is_note: r.is_note,
        why: r.why(),
        title: r.title.clone(),
        at_ms: ms(r.at_ms),
        undone: r.undone,
        seen: r.seen,
        devices,
        sides: r
            .sides
            .iter()
            .map(|s| ReceiptSide {
                device: names.name(s.author),
                this_device: names.is_me(s.author),
                at_ms: ms(s.stamp.hlc.ms),
                revision: s.head.to_string(),
                fields: moved(s).unwrap_or_else(|| s.fields.iter().map(|f| field(names, f)).collect()),
                diff: s.body.iter().flat_map(hunk).collect(),
            })
            .collect(),
    }
}

/// A changed field in words.
pub(crate) fn field(names: &Names, field: &ChangedField) -> String {
    match field {
        ChangedField::Title { new, .. } => format!("Title: {new}"),
        ChangedField::Notebook { .. } => "Moved to another notebook".into(),
        ChangedField::Due { new: Some(date), .. } => format!("Due {}", names.day(*date)),
        ChangedField::Due { new: None, .. } => "Due date removed".into(),
        ChangedField::Done { new: true, .. } => "Done".into(),
        ChangedField::Done { new: false, .. } => "Not done".into(),
        ChangedField::Trash { new: holdfast_domain::TrashState::Trashed, .. } => "Moved to Trash".into(),
        ChangedField::Trash { .. } => "Restored from Trash".into(),
        ChangedField::FrontMatter(_) => "Front matter".into(),
        ChangedField::TagAdded(tag) => format!("Tag added: {tag}"),
        ChangedField::TagRemoved(tag) => format!("Tag removed: {tag}"),
        ChangedField::AliasAdded(alias) => format!("Alias added: {alias}"),
        ChangedField::AliasRemoved(alias) => format!("Alias removed: {alias}"),
        ChangedField::AttachmentAdded(path) => format!("File added: {path}"),
        ChangedField::AttachmentRemoved(path) => format!("File removed: {path}"),
        ChangedField::Unknown => "Something that needs a newer version".into(),
    }
}

pub(super) fn hunk(h: &DiffHunk) -> Vec<DiffSpan> {
    crate::convert::spans(&h.removed, &h.added)
        .into_iter()
        .chain([DiffSpan { kind: SpanKind::Same, text: "\n".into() }])
        .collect()
}
