//! A review turned into what the dialog shows.

use std::collections::BTreeMap;

use holdfast_domain::{NotebookId, RecordId, Stamp, TrashState};
use holdfast_notebook::{
    ChangedField, Choice, Place, PlaceId, PlaceKind, PlaceValue, RecordReview, ResultSpan as Passage, SideChange, Vault,
};

use super::{dto_choice, merged};
use crate::Answer;
use crate::convert::{Names, answer, hex, ms, spans};
use crate::dto::{PlaceField, PlaceSide, ResultSpan, Review, ReviewPlace, ReviewStep, SideDevice, Suggestion};

/// The text beside a place is for finding one's way: so many characters of it.
const CONTEXT_CHARS: usize = 240;
/// A place without a heading of its own is called by the start of what is in question.
const LABEL_CHARS: usize = 40;

/// The review that is shown, and the names in it.
pub(crate) struct View {
    pub(super) review: RecordReview,
    pub(super) names: Names,
    notebooks: BTreeMap<NotebookId, String>,
}

impl View {
    pub(super) fn load(vault: &Vault, id: RecordId) -> Answer<Self> {
        let review = answer(vault.review(id))?;
        Ok(Self { review, names: Names::load(vault)?, notebooks: answer(vault.notebook_labels())? })
    }

    /// What changed with the choice at a place (or with a text typed over all of them).
    pub(super) fn step(&self, place: Option<PlaceId>) -> ReviewStep {
        let place = place.and_then(|id| self.review.review.place(id));
        let choice = place.and_then(|p| self.review.kept.get(&p.id).map(|c| dto_choice(p, c)));
        let passage = place.and_then(|p| self.review.passage(p.id)).map(|p| self.passage(&p));
        ReviewStep { choice, passage, left: self.review.left(), seen_heads: self.seen_heads() }
    }

    fn seen_heads(&self) -> Vec<String> {
        self.review.seen_heads.iter().map(ToString::to_string).collect()
    }

    pub(super) fn review(&self) -> Review {
        let review = &self.review;
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
        Review {
            id: review.id.to_string(),
            is_note: review.fields.as_note().is_some(),
            title: review.title.clone(),
            result: merged::result(self),
            edited_result: review.edited.clone(),
            set_aside: review.set_aside.clone(),
            merged: merged::parts(self),
            devices,
            left: review.left(),
            seen_heads: self.seen_heads(),
            stale_choices: review.stale,
            places,
        }
    }

    /// A passage of the result, clean or of a place.
    pub(super) fn passage(&self, passage: &Passage) -> ResultSpan {
        let at = passage.place.and_then(|id| self.review.review.places.iter().position(|p| p.id == id));
        let place = at.and_then(|n| self.review.review.places.get(n));
        let choice = place.and_then(|p| self.review.kept.get(&p.id));
        // What is of all sides, or made from them, is of no single stamp.
        let of_all = match (choice, place) {
            (Some(Choice::All), _) => true,
            (Some(Choice::Value(value)), Some(place)) => place.suggested.as_ref() == Some(value),
            _ => false,
        };
        let sides = place.iter().filter(|_| of_all).flat_map(|p| &p.sides).flat_map(|s| &s.stamps);
        let mut by = passage.stamp.iter().chain(sides).map(|stamp| self.names.is_me(stamp.device));
        let (mine, others): (Vec<bool>, Vec<bool>) = by.by_ref().partition(|mine| *mine);
        ResultSpan {
            text: passage.text.clone(),
            place: at.map(|n| n as u32 + 1),
            merged: None,
            open: place.is_some() && choice.is_none(),
            this_device: !mine.is_empty(),
            other_device: !others.is_empty(),
        }
    }

    /// What the list of choices calls a place: the heading above it. Where that says too little, how it begins.
    fn text_label(&self, place: &Place, heading: Option<&str>, line: usize) -> String {
        let below = |p: &&Place| matches!(&p.kind, PlaceKind::Text { heading: h, .. } if h.as_deref() == heading);
        let alone = self.review.review.places.iter().filter(below).take(2).count() == 1;
        if let Some(heading) = heading.filter(|h| alone && !h.is_empty()) {
            return heading.to_owned();
        }
        let values = place.base.iter().chain(place.sides.iter().map(|s| &s.value));
        let begins = values.filter_map(|value| match value {
            PlaceValue::Text(text) => text.lines().map(str::trim).find(|line| line.contains(char::is_alphanumeric)),
            _ => None,
        });
        let Some(begins) = begins.into_iter().next() else { return format!("Line {}", line + 1) };
        quoted(begins, LABEL_CHARS, false)
    }

    fn place(&self, number: u32, place: &Place) -> ReviewPlace {
        // A notebook has a name, and lies in another one.
        let (title, above) =
            if self.review.fields.as_note().is_some() { ("Title", "Notebook") } else { ("Name", "Place") };
        let (field, label, before, after) = match &place.kind {
            PlaceKind::Title => (PlaceField::Title, title.into(), "", ""),
            PlaceKind::Notebook => (PlaceField::Notebook, above.into(), "", ""),
            PlaceKind::Due => (PlaceField::Due, "Due date".into(), "", ""),
            PlaceKind::Done => (PlaceField::Done, "Done".into(), "", ""),
            PlaceKind::FrontMatter => (PlaceField::FrontMatter, "Front matter".into(), "", ""),
            PlaceKind::Trash => (PlaceField::Trash, "Trash".into(), "", ""),
            PlaceKind::TrashedNotebook => (PlaceField::TrashedNotebook, "Notebook in Trash".into(), "", ""),
            PlaceKind::Text { heading, line, before, after } => {
                let label = self.text_label(place, heading.as_deref(), *line);
                (PlaceField::Text, label, last_chars(before, CONTEXT_CHARS), first_chars(after, CONTEXT_CHARS))
            }
        };
        let original = place.base.iter().map(|v| self.value(v)).collect::<Vec<_>>().join("\n");
        let sides = place.sides.iter().enumerate().map(|(n, side)| {
            let text = self.value(&side.value);
            PlaceSide {
                number: n as u32 + 1,
                devices: self.devices(&place.kind, &side.value, &side.stamps),
                // Two places in the tree are no two wordings of one text.
                diff: spans(if place.kind == PlaceKind::TrashedNotebook { &text } else { &original }, &text),
                removed: match &side.value {
                    PlaceValue::Trash(state) => *state == TrashState::Trashed,
                    _ => text.is_empty() && !original.is_empty(),
                },
                hides_changes: if place.kind == PlaceKind::Trash { self.hidden(&side.value) } else { 0 },
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
            all_begins_with: all_begins_with(place),
            can_take_original: place.base.len() == 1,
            suggested: place.suggested.as_ref().map(|value| {
                let text = self.value(value);
                Suggestion { diff: spans(&original, &text), text }
            }),
            choice: self.review.kept.get(&place.id).map(|c| dto_choice(place, c)),
            before: before.to_owned(),
            after: after.to_owned(),
            original,
        }
    }

    /// Who holds a side. Of a trash place the versions tell: those that moved the note there, and those that
    /// changed it.
    fn devices(&self, kind: &PlaceKind, value: &PlaceValue, stamps: &[Stamp]) -> Vec<SideDevice> {
        let by_version: Vec<_> = match value {
            PlaceValue::Trash(state) if *kind == PlaceKind::Trash => self
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
                self.notebooks.get(id).cloned().unwrap_or_else(|| "A notebook that has not arrived".into())
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

/// Keeping all puts the texts in the order of their content.
fn all_begins_with(place: &Place) -> Option<u32> {
    let texts = place.sides.iter().zip(1..).filter_map(|(side, number)| match &side.value {
        PlaceValue::Text(text) if !text.is_empty() => Some((text, number)),
        _ => None,
    });
    texts.min().filter(|_| matches!(place.kind, PlaceKind::Text { .. })).map(|(_, number)| number)
}

/// How a text begins, in quotation marks and cut between words where there are any; `goes_on` says that more follows.
pub(super) fn quoted(text: &str, chars: usize, goes_on: bool) -> String {
    let short = first_chars(text, chars);
    if short.len() == text.len() {
        return format!("“{}{}”", text.trim_end(), if goes_on { "…" } else { "" });
    }
    let words = match short.rfind(char::is_whitespace) {
        Some(end) if !text[short.len()..].starts_with(char::is_whitespace) && end > short.len() / 2 => &short[..end],
        _ => short,
    };
    format!("“{}…”", words.trim_end())
}

fn first_chars(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

fn last_chars(text: &str, chars: usize) -> &str {
    text.char_indices().nth_back(chars.saturating_sub(1)).map_or(text, |(start, _)| &text[start..])
}

/// True for a version that moved the note to the trash.
fn trashes(change: &SideChange) -> bool {
    change.fields.iter().any(|f| matches!(f, ChangedField::Trash { new: TrashState::Trashed, .. }))
}

fn changes_anything(change: &SideChange) -> bool {
    !change.body.is_empty() || !change.fields.is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast_testkit::World;

    use super::super::domain_choice;
    use super::*;
    use crate::dto::PlaceChoice;

    /// What A sees of a note in which both wrote in the same place, and A also elsewhere.
    async fn one_place() -> (World, View) {
        let w = World::of(2);
        let id = w["A"].add("T", "first\n\nline\n\nlast\n");
        w.sync_all().await;
        w["A"].write(id, "first, and more\n\nline of a\n\nlast\n- [ ] Call the owner\n");
        w["B"].write(id, "first\n\nline of b\n\nlast\n");
        w.sync_all().await;
        let view = View::load(w["A"].vault(), id.into()).unwrap();
        (w, view)
    }

    #[tokio::test]
    async fn what_merged_is_listed_and_marked_in_the_result() {
        let (_w, view) = one_place().await;
        let review = view.review();
        let labels: Vec<_> = review.merged.iter().map(|part| (part.label.as_str(), part.this_device)).collect();
        assert_eq!(labels, [("“and more”", true), ("New to-do “Call the owner”", true)]);
        let marked: Vec<_> = review.result.iter().filter_map(|s| Some((s.merged?, s.text.as_str()))).collect();
        assert_eq!(marked, [(0, ", and more"), (1, "- [ ] Call the owner")]);
        let text: String = review.result.iter().map(|s| s.text.as_str()).collect();
        let shown: String = view.review.result.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(text, shown);
    }

    #[tokio::test]
    async fn a_suggestion_goes_out_and_its_choice_comes_back_as_one() {
        let (w, mut view) = one_place().await;
        assert_eq!(view.review().places[0].suggested, None);
        view.review.review.places[0].suggested = Some(PlaceValue::Text("line of a and b\n".into()));
        let place = view.review.review.places[0].clone();
        let suggested = view.review().places[0].suggested.clone().unwrap();
        assert_eq!(suggested.text, "line of a and b\n");
        assert!(suggested.diff.iter().any(|span| span.kind == crate::dto::SpanKind::Added));
        assert_eq!(view.review().places[0].choice, None, "nobody chose it");

        let choice = domain_choice(&place, &PlaceChoice::Suggested).unwrap();
        view.review.kept.insert(place.id, choice);
        let step = view.step(Some(place.id));
        let passage = step.passage.unwrap();
        assert_eq!(
            (step.choice, step.left, passage.text.as_str()),
            (Some(PlaceChoice::Suggested), 0, "line of a and b\n")
        );
        assert!(passage.this_device && passage.other_device && !passage.open);

        // Without one there is nothing to choose.
        let bare = View::load(w["A"].vault(), view.review.id).unwrap();
        assert!(domain_choice(&bare.review.review.places[0], &PlaceChoice::Suggested).is_err());
    }

    #[tokio::test]
    async fn a_step_says_what_a_choice_changed_and_no_more() {
        let (_w, mut view) = one_place().await;
        let place = view.review.review.places[0].clone();
        let open = view.step(Some(place.id));
        assert_eq!((open.choice, open.left, open.passage.unwrap().open), (None, 1, true));
        let choice = domain_choice(&place, &PlaceChoice::Side { number: 2 }).unwrap();
        view.review.kept.insert(place.id, choice);
        let step = view.step(Some(place.id));
        let passage = step.passage.unwrap();
        assert_eq!((step.left, passage.place, passage.open), (0, Some(1), false));
        assert_eq!(passage.text, view.review().places[0].sides[1].text);
        assert_eq!(step.seen_heads, view.review().seen_heads);
    }

    #[tokio::test]
    async fn a_place_is_called_by_its_heading_or_by_its_words() {
        let w = World::of(2);
        let id = w["A"].add("T", "top\n\n# Plan\n\none\n\n# Log\n\ntwo\n\nkeep\n\nthree\n");
        w.sync_all().await;
        for d in &w.devices {
            let body = ["top", "one", "two", "three"]
                .iter()
                .fold(d.body(id), |body, word| body.replace(&format!("{word}\n"), &format!("{word} {}\n", d.name)));
            d.write(id, &body);
        }
        w.sync_all().await;
        let view = View::load(w["A"].vault(), id.into()).unwrap();
        let labels: Vec<_> = view.review().places.into_iter().map(|p| p.label).collect();
        assert_eq!(labels, ["“top”", "Plan", "“two”", "“three”"]);
    }

    #[test]
    fn a_label_is_cut_between_words_and_says_so() {
        let cut = |text, chars| quoted(text, chars, false);
        assert_eq!(cut("about the alarm", 12), "“about the…”");
        assert_eq!(cut("about the alarm", 9), "“about the…”");
        assert_eq!(cut("about the alarm", 15), "“about the alarm”");
        assert_eq!(cut("äußerstlangeswort", 5), "“äußer…”");
        assert_eq!(cut("a verylongwordindeed", 12), "“a verylongwo…”");
        assert_eq!(quoted("about", 9, true), "“about…”");
    }

    #[test]
    fn text_beside_a_place_is_cut_between_characters() {
        assert_eq!((first_chars("äöü", 2), last_chars("äöü", 2)), ("äö", "öü"));
        assert_eq!((first_chars("äöü", 9), last_chars("äöü", 9)), ("äöü", "äöü"));
    }
}
