//! Records by the id, or by a beginning of it that no other has.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use holdfast_notebook::{NoteId, NotesFilter, RecordId, TrashFilter, Vault};

use crate::Outcome;
use crate::failure::Failure;

/// A shorter beginning says too little.
const MIN_PREFIX: usize = 4;

/// The one of `known` whose id is or begins with `text`.
pub fn find<T: Display + Ord + Clone>(text: &str, what: &str, known: impl IntoIterator<Item = T>) -> Outcome<T> {
    let wanted = text.trim().to_ascii_lowercase();
    let none = || match text.trim() {
        "" => Failure::said(format!("There is no {what} without an id.")),
        text => Failure::said(format!("There is no {what} {text}.")),
    };
    if wanted.len() < MIN_PREFIX || !wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(none());
    }
    let mut found: BTreeSet<T> = known.into_iter().filter(|id| id.to_string().starts_with(&wanted)).collect();
    match (found.pop_first(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => {
            Err(Failure::said(format!("More than one {what} begins with {wanted}: give more of the id.")))
        }
        (None, _) => Err(none()),
    }
}

/// A whole id needs no look at the others.
fn whole<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

pub fn note(vault: &Vault, text: &str) -> Outcome<NoteId> {
    match whole(text) {
        Some(id) => Ok(id),
        None => find(text, "note", notes(vault)?),
    }
}

fn notes(vault: &Vault) -> Outcome<Vec<NoteId>> {
    let all = NotesFilter { trash: TrashFilter::Any, ..NotesFilter::default() };
    Ok(vault.list_notes(&all)?.into_iter().map(|n| n.id).collect())
}

/// A note, or a notebook: both can be to review.
pub fn record(vault: &Vault, text: &str) -> Outcome<RecordId> {
    if let Some(id) = whole(text) {
        return Ok(id);
    }
    let notebooks = vault.notebook_tree()?.into_iter().flat_map(|n| n.same).map(RecordId::from);
    let to_review = vault.reviews()?.into_iter().map(|r| r.id);
    let all = notes(vault)?.into_iter().map(RecordId::from).chain(notebooks).chain(to_review);
    find(text, "note or notebook", all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_beginning_that_one_id_has_names_it() {
        let (a, b) = (NoteId([0xab; 16]), NoteId([0xac; 16]));
        assert_eq!(find("ABAB", "note", [a, b]).unwrap(), a);
        assert_eq!(find(&b.to_string(), "note", [a, b]).unwrap(), b);
        let said = |text| find(text, "note", [a, a, NoteId([0xab; 16]), b]).map_err(|f| f.sentence());
        assert_eq!(said("abab").unwrap(), a);
        assert_eq!(said("aba").unwrap_err(), "There is no note aba.");
        assert_eq!(said("ffff").unwrap_err(), "There is no note ffff.");
        assert_eq!(said(" ").unwrap_err(), "There is no note without an id.");
        assert_eq!(said("äöü1").unwrap_err(), "There is no note äöü1.");
        let mut like_a = a.0;
        like_a[15] = 0;
        let two = find("abab", "note", [a, NoteId(like_a)]).unwrap_err();
        assert_eq!(two.sentence(), "More than one note begins with abab: give more of the id.");
    }
}
