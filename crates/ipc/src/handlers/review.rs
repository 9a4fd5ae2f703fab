//! Reviews, as the dialog shows them.

use std::collections::BTreeMap;

use holdfast_domain::{NotebookId, RecordId, Stamp, TrashState};
use holdfast_notebook::{
    ChangedField, Choice, KeptChoice, Place, PlaceId, PlaceKind, PlaceValue, RecordReview, SideChange, Vault,
};

use crate::convert::{Names, answer, from_hex, hex, invalid, ms, revision_ids, spans};
use crate::dto::{
    MergedPart, PlaceChoice, PlaceField, PlaceSide, ResultSpan, Review, ReviewListItem, ReviewPlace, SideDevice,
};
use crate::{Answer, App};

pub fn list(app: &App) -> Answer<Vec<ReviewListItem>> {
    let vault = app.vault()?;
    let names = Names::load(&vault)?;
    let items = answer(vault.reviews())?.into_iter().map(|r| ReviewListItem {
        id: r.id.to_string(),
        title: r.title,
        choices: r.choices,
        devices: r.devices.iter().map(|d| names.name(*d)).collect(),
        updated_ms: ms(r.updated_ms),
    });
    Ok(items.collect())
}

pub fn get(app: &App, id: &str) -> Answer<Review> {
    let vault = app.vault()?;
    show(&vault, record(id)?)
}

pub fn choose(app: &App, id: &str, place: &str, choice: Option<&PlaceChoice>) -> Answer<Review> {
    let vault = app.vault()?;
    let id = record(id)?;
    let review = answer(vault.review(id))?;
    let place_id = PlaceId(from_hex(place).ok_or_else(gone)?);
    let place = review.review.place(place_id).ok_or_else(gone)?;
    let kept = choice.map(|c| Ok(KeptChoice::Place(domain_choice(place, c)?))).transpose()?;
    answer(vault.keep_choice(id, place_id, kept))?;
    show(&vault, id)
}

pub fn edit_result(app: &App, id: &str, text: Option<&str>) -> Answer<Review> {
    let vault = app.vault()?;
    let id = record(id)?;
    answer(vault.keep_edited_result(id, text))?;
    show(&vault, id)
}

/// Records the decision. All places must have a choice.
pub fn finish(app: &App, id: &str, seen_heads: &[String]) -> Answer<()> {
    let vault = app.vault()?;
    let id = record(id)?;
    let review = answer(vault.review(id))?;
    if review.left() > 0 {
        return Err(invalid(format!("{} choices are still to be made.", review.left())));
    }
    answer(vault.resolve(id, &revision_ids(seen_heads)?, &review.kept, review.edited.as_deref()))
}

pub fn undo(app: &App, id: &str) -> Answer<()> {
    answer(app.vault()?.undo_resolution(record(id)?))
}

fn gone() -> crate::dto::CommandError {
    crate::dto::CommandError {
        code: crate::dto::ErrorCode::Stale,
        message: "This choice is no longer there: another version arrived. Look at the review again.".into(),
        retryable: true,
    }
}

fn record(id: &str) -> Answer<RecordId> {
    id.parse().map_err(|_| invalid(format!("There is no note {id}.")))
}

fn domain_choice(place: &Place, choice: &PlaceChoice) -> Answer<Choice> {
    Ok(match choice {
        PlaceChoice::Side { number } => {
            let side = place.sides.get((*number as usize).wrapping_sub(1)).ok_or_else(gone)?;
            Choice::Side(side.value.clone())
        }
        PlaceChoice::All => Choice::All,
        PlaceChoice::Original => Choice::Original,
        PlaceChoice::Text { text } => Choice::Value(match &place.kind {
            PlaceKind::Title => PlaceValue::Text(holdfast_domain::clean_title(text)),
            PlaceKind::Text { .. } | PlaceKind::FrontMatter => PlaceValue::Text(text.clone()),
            PlaceKind::Due if text.trim().is_empty() => PlaceValue::Due(None),
            PlaceKind::Due => PlaceValue::Due(Some(crate::convert::date(text.trim())?)),
            PlaceKind::Notebook | PlaceKind::Done | PlaceKind::Trash => {
                return Err(invalid("Choose one of the versions here."));
            }
        }),
    })
}

fn dto_choice(place: &Place, choice: &Choice) -> PlaceChoice {
    match choice {
        Choice::Side(value) => match place.sides.iter().position(|s| s.value == *value) {
            Some(n) => PlaceChoice::Side { number: n as u32 + 1 },
            None => PlaceChoice::Text { text: plain(value) },
        },
        Choice::All => PlaceChoice::All,
        Choice::Original => PlaceChoice::Original,
        Choice::Value(value) => PlaceChoice::Text { text: plain(value) },
    }
}

fn plain(value: &PlaceValue) -> String {
    match value {
        PlaceValue::Text(text) => text.clone(),
        PlaceValue::Due(date) => date.map(|d| d.to_string()).unwrap_or_default(),
        PlaceValue::Notebook(_) | PlaceValue::Done(_) | PlaceValue::Trash(_) => String::new(),
    }
}

/// Turns a review into what the dialog shows.
struct View<'a> {
    review: &'a RecordReview,
    names: Names,
    notebooks: BTreeMap<NotebookId, String>,
}

fn show(vault: &Vault, id: RecordId) -> Answer<Review> {
    let review = answer(vault.review(id))?;
    let mut notebooks = BTreeMap::new();
    for node in answer(vault.notebook_tree())? {
        for id in &node.same {
            notebooks.insert(*id, node.path.join("/"));
        }
    }
    let view = View { review: &review, names: Names::load(vault)?, notebooks };
    Ok(view.review())
}

impl View<'_> {
    fn review(&self) -> Review {
        let review = self.review;
        let places: Vec<_> =
            review.review.places.iter().enumerate().map(|(n, p)| self.place(n as u32 + 1, p)).collect();
        let mut devices: Vec<SideDevice> = Vec::new();
        for device in places.iter().flat_map(|p| &p.sides).flat_map(|s| &s.devices) {
            match devices.iter_mut().find(|d| d.name == device.name && d.this_device == device.this_device) {
                Some(there) if device.at_ms > there.at_ms => *there = device.clone(),
                Some(_) => {}
                None => devices.push(device.clone()),
            }
        }
        devices.sort_by_key(|d| !d.this_device);
        let number = |id: PlaceId| review.review.places.iter().position(|p| p.id == id).map(|n| n as u32 + 1);
        let result = review.result.iter().map(|span| ResultSpan {
            text: span.text.clone(),
            place: span.place.and_then(number),
            open: span.place.is_some_and(|p| !review.kept.contains_key(&p)),
            this_device: span.stamp.is_some_and(|s| self.names.is_me(s.device)),
            other_device: span.stamp.is_some_and(|s| !self.names.is_me(s.device)),
        });
        Review {
            id: review.id.to_string(),
            title: review.title.clone(),
            result: result.collect(),
            edited_result: review.edited.clone(),
            merged: self.merged(),
            devices,
            left: review.left(),
            seen_heads: review.seen_heads.iter().map(ToString::to_string).collect(),
            stale_choices: review.stale,
            places,
        }
    }

    /// What each version changed outside the open places.
    fn merged(&self) -> Vec<MergedPart> {
        /// A label is the start of what was written.
        const LABEL_CHARS: usize = 32;
        let places = &self.review.review.places;
        let is_open = |value: &str| {
            places.iter().flat_map(|p| &p.sides).any(|s| matches!(&s.value, PlaceValue::Text(t) if t.contains(value)))
        };
        let open_field = |kind: fn(&PlaceKind) -> bool| places.iter().any(|p| kind(&p.kind));
        let mut out = Vec::new();
        for change in &self.review.changes {
            let part = |label| MergedPart {
                label,
                device: self.names.name(change.author),
                this_device: self.names.is_me(change.author),
            };
            for field in &change.fields {
                use holdfast_notebook::ChangedField as F;
                let open = match field {
                    F::Title { .. } => open_field(|k| *k == PlaceKind::Title),
                    F::Notebook { .. } => open_field(|k| *k == PlaceKind::Notebook),
                    F::Due { .. } => open_field(|k| *k == PlaceKind::Due),
                    F::Done { .. } => open_field(|k| *k == PlaceKind::Done),
                    F::Trash { .. } => open_field(|k| *k == PlaceKind::Trash),
                    F::FrontMatter(_) => open_field(|k| *k == PlaceKind::FrontMatter),
                    _ => false,
                };
                if !open {
                    out.push(part(super::receipts::field(field)));
                }
            }
            for hunk in change.body.iter().filter(|h| h.added.is_empty() || !is_open(h.added.trim_end_matches('\n'))) {
                let text = if hunk.added.trim().is_empty() {
                    "Removed: ".to_owned() + hunk.removed.trim()
                } else {
                    hunk.added.trim().to_owned()
                };
                let line = text.lines().next().unwrap_or_default();
                let short: String = line.chars().take(LABEL_CHARS).collect();
                let end = if short.len() < text.len() { "…" } else { "" };
                out.push(part(format!("“{short}{end}”")));
            }
        }
        out
    }

    fn place(&self, number: u32, place: &Place) -> ReviewPlace {
        let (field, label, before, after) = match &place.kind {
            PlaceKind::Title => (PlaceField::Title, "Title".into(), "", ""),
            PlaceKind::Notebook => (PlaceField::Notebook, "Notebook".into(), "", ""),
            PlaceKind::Due => (PlaceField::Due, "Due date".into(), "", ""),
            PlaceKind::Done => (PlaceField::Done, "Done".into(), "", ""),
            PlaceKind::FrontMatter => (PlaceField::FrontMatter, "Front matter".into(), "", ""),
            PlaceKind::Trash => (PlaceField::Trash, "Trash".into(), "", ""),
            PlaceKind::Text { heading, line, before, after } => {
                let label = heading.clone().filter(|h| !h.is_empty()).unwrap_or_else(|| format!("Line {}", line + 1));
                (PlaceField::Text, label, before.as_str(), after.as_str())
            }
        };
        let original = place.base.iter().map(|v| self.value(v)).collect::<Vec<_>>().join("\n");
        let sides = place.sides.iter().enumerate().map(|(n, side)| {
            let text = self.value(&side.value);
            PlaceSide {
                number: n as u32 + 1,
                devices: self.devices(&side.value, &side.stamps),
                diff: spans(&original, &text),
                removed: match &side.value {
                    PlaceValue::Trash(state) => *state == TrashState::Trashed,
                    _ => text.is_empty() && !original.is_empty(),
                },
                hides_changes: self.hidden(&side.value),
                text,
            }
        });
        ReviewPlace {
            id: hex(&place.id.0),
            number,
            field,
            label,
            has_original: !original.is_empty(),
            sides: sides.collect(),
            can_keep_all: field == PlaceField::Text,
            choice: self.review.kept.get(&place.id).map(|c| dto_choice(place, c)),
            before: before.to_owned(),
            after: after.to_owned(),
            original,
        }
    }

    /// Who holds a side. Of a trash place the versions tell: those that moved the note there, and those that
    /// changed it.
    fn devices(&self, value: &PlaceValue, stamps: &[Stamp]) -> Vec<SideDevice> {
        let by_version: Vec<_> = match value {
            PlaceValue::Trash(state) => self
                .review
                .changes
                .iter()
                .filter(|c| trashes(c) == (*state == TrashState::Trashed) && changes_anything(c))
                .map(|c| self.device(c.stamp))
                .collect(),
            _ => Vec::new(),
        };
        if by_version.is_empty() { stamps.iter().map(|s| self.device(*s)).collect() } else { by_version }
    }

    /// How many changes moving to the trash would hide.
    fn hidden(&self, value: &PlaceValue) -> u32 {
        if *value != PlaceValue::Trash(TrashState::Trashed) {
            return 0;
        }
        let edits = self.review.changes.iter().filter(|c| !trashes(c)).map(|c| c.body.len() + c.fields.len());
        edits.sum::<usize>() as u32
    }

    fn device(&self, stamp: Stamp) -> SideDevice {
        let by = self.review.written_by(stamp);
        SideDevice {
            name: self.names.name(stamp.device),
            this_device: self.names.is_me(stamp.device),
            at_ms: ms(stamp.hlc.ms),
            revision: by.revision.map(|r| r.to_string()).unwrap_or_default(),
        }
    }

    fn value(&self, value: &PlaceValue) -> String {
        match value {
            PlaceValue::Text(text) => text.clone(),
            PlaceValue::Notebook(None) => "No notebook".into(),
            PlaceValue::Notebook(Some(id)) => {
                self.notebooks.get(id).cloned().unwrap_or_else(|| "A notebook that is in the trash".into())
            }
            PlaceValue::Due(Some(date)) => date.to_string(),
            PlaceValue::Due(None) => "No due date".into(),
            PlaceValue::Done(true) => "Done".into(),
            PlaceValue::Done(false) => "Not done".into(),
            PlaceValue::Trash(TrashState::Trashed) => "In the trash".into(),
            PlaceValue::Trash(_) => "Kept".into(),
        }
    }
}

/// True for a version that moved the note to the trash.
fn trashes(change: &SideChange) -> bool {
    change.fields.iter().any(|f| matches!(f, ChangedField::Trash { new: TrashState::Trashed, .. }))
}

fn changes_anything(change: &SideChange) -> bool {
    !change.body.is_empty() || !change.fields.is_empty()
}
