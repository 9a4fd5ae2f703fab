//! Reviews, as the dialog shows them.

mod merged;
mod view;

use std::sync::Arc;

use holdfast_domain::RecordId;
use holdfast_notebook::{Choice, KeptChoice, Place, PlaceId, PlaceKind, PlaceValue, Vault};

use crate::convert::{Names, answer, from_hex, invalid, ms, revision_ids};
use crate::dto::{PlaceChoice, Review, ReviewListItem, ReviewStep};
use crate::{Answer, App};

pub(crate) use view::View;

pub fn list(app: &App) -> Answer<Vec<ReviewListItem>> {
    let vault = app.vault()?;
    let names = Names::load(&vault)?;
    let items = answer(vault.reviews())?.into_iter().map(|r| ReviewListItem {
        id: r.id.to_string(),
        is_note: r.is_note,
        title: r.title,
        choices: r.choices,
        devices: r.devices.iter().filter(|d| !r.trashed_by.contains(d)).map(|d| names.name(*d)).collect(),
        trashed_by: r.trashed_by.iter().map(|d| names.name(*d)).collect(),
        updated_ms: ms(r.updated_ms),
    });
    Ok(items.collect())
}

pub fn get(app: &App, id: &str) -> Answer<Review> {
    let vault = app.vault()?;
    let view = View::load(&vault, record(id)?)?;
    let review = view.review();
    *app.shown_review() = Some(view);
    Ok(review)
}

/// Keeps a choice. The note is not folded again for it, unless another version arrived.
pub fn choose(app: &App, id: &str, place: &str, choice: Option<&PlaceChoice>) -> Answer<ReviewStep> {
    let place_id = PlaceId(from_hex(place).ok_or_else(gone)?);
    shown(app, id, |vault, view| {
        let review = &mut view.review;
        let place = review.review.place(place_id).ok_or_else(gone)?;
        let choice = choice.map(|c| domain_choice(place, c)).transpose()?;
        if review.stale > 0 {
            // They were told when the review was read; from now on they are of no use to anybody.
            answer(vault.forget_stale_choices(review))?;
            review.stale = 0;
        }
        answer(vault.keep_choice(review.id, place_id, choice.clone().map(KeptChoice::Place)))?;
        match choice {
            Some(choice) => drop(review.kept.insert(place_id, choice)),
            None => drop(review.kept.remove(&place_id)),
        }
        Ok(view.step(Some(place_id)))
    })
}

/// Keeps a text typed over the whole result of these versions.
pub fn edit_result(app: &App, id: &str, seen_heads: &[String], text: Option<&str>) -> Answer<ReviewStep> {
    let seen = revision_ids(seen_heads)?;
    shown(app, id, |vault, view| {
        let review = &mut view.review;
        answer(vault.keep_edited_result(review.id, &seen, text))?;
        let text = text.map(str::to_owned);
        (review.edited, review.set_aside) = if seen == review.seen_heads { (text, None) } else { (None, text) };
        Ok(view.step(None))
    })
}

/// Records the decision. All places must have a choice.
pub fn finish(app: &App, id: &str, seen_heads: &[String]) -> Answer<()> {
    let vault = app.vault()?;
    let id = record(id)?;
    let seen = revision_ids(seen_heads)?;
    let review = answer(vault.review(id))?;
    if review.seen_heads != seen {
        return Err(gone());
    }
    if review.left() > 0 {
        return Err(invalid(format!("{} choices are still to be made.", review.left())));
    }
    answer(vault.resolve(id, &seen, &review.kept, review.edited.as_deref()))?;
    *app.shown_review() = None;
    Ok(())
}

pub fn undo(app: &App, id: &str) -> Answer<()> {
    answer(app.vault()?.undo_resolution(record(id)?))
}

/// Runs with the review that is shown; reads it again where it is another, or no longer what it was made from.
fn shown<T>(app: &App, id: &str, run: impl FnOnce(&Arc<Vault>, &mut View) -> Answer<T>) -> Answer<T> {
    let vault = app.vault()?;
    let id = record(id)?;
    let mut shown = app.shown_review();
    let view = match shown.take() {
        Some(view) if view.review.id == id && answer(vault.review_is_current(&view.review))? => view,
        _ => View::load(&vault, id)?,
    };
    run(&vault, shown.insert(view))
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
        PlaceChoice::Suggested => Choice::Value(place.suggested.clone().ok_or_else(gone)?),
        PlaceChoice::Text { text } => Choice::Value(match &place.kind {
            PlaceKind::Title => PlaceValue::Text(holdfast_domain::clean_title(text)),
            PlaceKind::Text { .. } | PlaceKind::FrontMatter => PlaceValue::Text(text.clone()),
            PlaceKind::Due if text.trim().is_empty() => PlaceValue::Due(None),
            PlaceKind::Due => PlaceValue::Due(Some(crate::convert::date(text.trim())?)),
            PlaceKind::Notebook | PlaceKind::Done | PlaceKind::Trash | PlaceKind::TrashedNotebook => {
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
        Choice::Value(value) if place.suggested.as_ref() == Some(value) => PlaceChoice::Suggested,
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
