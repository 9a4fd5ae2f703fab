//! What became of each word in the versions of a record: who put it in, who took it away, and what is asked about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use holdfast_domain::{Fields, Merge, NoteFields, Origin, Revision, RevisionId, TrashState};
use holdfast_merge::{Place, PlaceId, PlaceValue, review, review_notebook};
use holdfast_notebook::simulation::{History, HistoryRow};

use crate::fault::{Checked, Invariant};
use crate::thinking::About;
use crate::tokens::{Tokens, of_text};

/// The words of an open place.
pub struct Asked {
    pub sides: BTreeSet<u32>,
    pub before: BTreeSet<u32>,
}

/// The places that are open, with their words.
pub fn places_in(fields: &Fields) -> BTreeMap<PlaceId, Asked> {
    let places = match fields {
        Fields::Note(note) => review(note).places,
        Fields::Notebook(notebook) => review_notebook(notebook).places,
        _ => Vec::new(),
    };
    let words = |value: &PlaceValue| match value {
        PlaceValue::Text(text) => of_text(text).collect(),
        _ => Vec::new(),
    };
    let asked = |place: &Place| Asked {
        sides: place.sides.iter().flat_map(|side| words(&side.value)).collect(),
        before: place.base.iter().flat_map(words).collect(),
    };
    places.iter().map(|place| (place.id, asked(place))).collect()
}

/// True where a text asks about one of these words in another way than the text before it.
pub fn asks_anew(before: &Fields, now: &Fields, words: &BTreeSet<u32>) -> bool {
    let open = |fields: &Fields| fields.as_note().map(|note| note.body.places().cloned().collect()).unwrap_or_default();
    let (before, now): (Vec<Merge<String>>, Vec<Merge<String>>) = (open(before), open(now));
    let about = |place: &Merge<String>| place.adds().flat_map(|side| of_text(&side.value)).any(|w| words.contains(&w));
    now.iter().any(|place| about(place) && !before.contains(place))
}

/// What a title or a date says, as far as it is told apart.
pub fn said(fields: &Fields, about: About) -> Option<String> {
    let note = fields.as_note()?;
    match about {
        About::Title => Some(format!("{:?}", note.title.terms().iter().map(|term| &term.value).collect::<Vec<_>>())),
        About::Due => Some(format!("{:?}", note.due.terms().iter().map(|term| term.value).collect::<Vec<_>>())),
        About::Text => None,
    }
}

fn asks(fields: &Fields, about: About) -> bool {
    fields.as_note().is_some_and(|note| match about {
        About::Title => !note.title.is_resolved(),
        About::Due => !note.due.is_resolved(),
        About::Text => false,
    })
}

/// True where a word may be gone from what these heads make together, by what became of it in the versions that they build
/// on. Whoever saved what was not `before` among the heads is judged, and takes nothing away by that.
pub fn may_be_gone(history: &History, before: &[RevisionId], heads: &[RevisionId], token: u32) -> Checked<bool> {
    let mut traced = Traced::of(history)?;
    let here = |id: &RevisionId| heads.iter().any(|head| history.is_ancestor(*id, *head));
    for of in [&mut traced.puts, &mut traced.takes, &mut traced.partly] {
        for versions in of.values_mut() {
            versions.retain(here);
        }
    }
    for versions in traced.takes.values_mut() {
        versions.retain(|id| before.contains(id) || !heads.contains(id));
    }
    Ok(traced.why_gone(history, token).is_some())
}

/// Why a word that was saved need not be there.
pub enum Gone {
    /// Each version that put it in was seen by one that took it away.
    TakenAway,
    /// The weak promise of 0015: put back is as never removed, for whoever had not seen it.
    PutBack,
    /// It stood several times, in sides of a place or in the text, and each was taken away by somebody who had seen it,
    /// and no two knew.
    BySides,
    /// Two wrote it alike, neither knowing (two copies of a disk, of what was typed once). To whoever wrote on both that is
    /// one thing, and somebody who had seen one of them took it away.
    Alike,
}

/// The versions that put a word in.
pub fn versions_with(history: &History, token: u32) -> Checked<Vec<RevisionId>> {
    Ok(of_token(&Traced::of(history)?.puts, token).to_vec())
}

/// What each revision of a record put in, took away and made clean, against the versions that it was made from.
pub struct Traced {
    pub puts: BTreeMap<u32, Vec<RevisionId>>,
    pub takes: BTreeMap<u32, Vec<RevisionId>>,
    pub clears: BTreeMap<u32, Vec<RevisionId>>,
    /// Of several sides of a place that had the word, or of several places in the text, fewer have it.
    pub partly: BTreeMap<u32, Vec<RevisionId>>,
    /// More sides of a place have the word than before: whoever goes back to a version writes it into one that had it not. Or
    /// somebody kept a text, with the word in it.
    pub again: BTreeMap<u32, Vec<RevisionId>>,
    pub trash: Vec<(RevisionId, TrashState)>,
    /// What those that were made from several versions began with.
    pub merged: BTreeMap<RevisionId, Fields>,
    /// Places of places were decided in part.
    pub by_parts: bool,
}

pub fn trash_of(fields: &Fields) -> TrashState {
    match fields {
        Fields::Note(note) => note.trash.state,
        Fields::Notebook(notebook) => notebook.trash.state,
        _ => TrashState::Live,
    }
}

impl Traced {
    pub fn of(history: &History) -> Checked<Self> {
        let mut out = Self {
            puts: BTreeMap::new(),
            takes: BTreeMap::new(),
            clears: BTreeMap::new(),
            partly: BTreeMap::new(),
            again: BTreeMap::new(),
            trash: Vec::new(),
            merged: BTreeMap::new(),
            by_parts: false,
        };
        let own: BTreeMap<RevisionId, Tokens> =
            history.rows.iter().zip(&history.revisions).map(|(row, r)| (row.rid, Tokens::of(&r.fields))).collect();
        let states: BTreeMap<RevisionId, TrashState> =
            history.rows.iter().zip(&history.revisions).map(|(row, r)| (row.rid, trash_of(&r.fields))).collect();
        let (mut nested, mut in_part) = (false, false);
        for (row, revision) in history.rows.iter().zip(&history.revisions) {
            let (base, trash) = match row.parents.as_slice() {
                [] => (Tokens::default(), TrashState::Live),
                [only] => match own.get(only) {
                    Some(base) => (base.clone(), states[only]),
                    None => return Invariant::Causality.broken(format!("{} lacks its parent", row.rid)),
                },
                several => match history.fold(several) {
                    Some(fields) => {
                        let base = (Tokens::of(&fields), trash_of(&fields));
                        out.merged.insert(row.rid, fields);
                        base
                    }
                    None => return Invariant::Causality.broken(format!("{} lacks a parent", row.rid)),
                },
            };
            let now = &own[&row.rid];
            let add =
                |to: &mut BTreeMap<u32, Vec<RevisionId>>, token: &u32| to.entry(*token).or_default().push(row.rid);
            now.all.difference(&base.all).for_each(|t| add(&mut out.puts, t));
            base.all.difference(&now.all).for_each(|t| add(&mut out.takes, t));
            now.clean.difference(&base.clean).for_each(|t| add(&mut out.clears, t));
            for (token, before) in &base.sides {
                if now.sides.get(token).is_some_and(|left| left < before) {
                    add(&mut out.partly, token);
                }
            }
            for (token, sides) in &now.sides {
                if base.sides.get(token).is_some_and(|before| before < sides) {
                    add(&mut out.again, token);
                }
            }
            // Whoever keeps a text says of all of it that it stays.
            if row.origin == Origin::Restore && now.all != base.all {
                now.clean.iter().for_each(|token| add(&mut out.again, token));
            }
            let state = trash_of(&revision.fields);
            if state != trash {
                out.trash.push((row.rid, state));
            }
            nested |= base.nested || now.nested;
            in_part |= row.origin == Origin::Resolve && now.open > 0;
        }
        out.by_parts = nested && in_part;
        Ok(out)
    }

    /// Which versions did something about a word, for a person who looks for the fault.
    pub fn story(&self, history: &History, token: u32, shown: &Fields) -> String {
        let mut out = String::new();
        let short = |id: &RevisionId| id.to_string()[..6].to_owned();
        for row in &history.rows {
            let did = |of: &BTreeMap<u32, Vec<RevisionId>>| of_token(of, token).contains(&row.rid);
            let parents: Vec<String> = row.parents.iter().map(short).collect();
            let marks = [(did(&self.puts), " puts"), (did(&self.clears), " clears"), (did(&self.takes), " takes")];
            let marks: String = marks.iter().filter(|(done, _)| *done).map(|(_, mark)| *mark).collect();
            let _ = write!(out, "\n    {} on [{}] {:?}{marks}", short(&row.rid), parents.join(" "), row.origin);
        }
        let told = |note: &NoteFields| {
            let titles: Vec<&str> = note.title.terms().iter().map(|term| term.value.as_str()).collect();
            format!("{titles:?} {:?} {:?}", note.due.terms(), note.body.segments())
        };
        for (row, revision) in history.rows.iter().zip(&history.revisions) {
            if let Some(note) = revision.fields.as_note() {
                let _ = write!(out, "\n    {} {}", short(&row.rid), told(note));
            }
        }
        if let Some(note) = shown.as_note() {
            let _ = write!(out, "\n    shown: {}", told(note));
        }
        out
    }

    /// Why a word may be gone; `None` where it may not.
    pub fn why_gone(&self, history: &History, token: u32) -> Option<Gone> {
        let (puts, takes) = (of_token(&self.puts, token), of_token(&self.takes, token));
        let seen = |put: &RevisionId| takes.iter().any(|take| history.is_ancestor(*put, *take));
        let unseen: Vec<RevisionId> = puts.iter().filter(|put| !seen(put)).copied().collect();
        match unseen.as_slice() {
            [] if !takes.is_empty() => Some(Gone::TakenAway),
            [_, ..] if unseen.iter().all(|put| self.is_again(history, *put, token)) => Some(Gone::PutBack),
            [_, ..] if self.gone_by_sides(history, token) => Some(Gone::BySides),
            [_, ..]
                if unseen
                    .iter()
                    .all(|put| puts.iter().any(|other| seen(other) && became_one(history, *put, *other))) =>
            {
                Some(Gone::Alike)
            }
            _ => None,
        }
    }

    /// True where somebody who did not know of the decision `made` wrote what is open there, or made it clean, or took out
    /// what had stood there, what that decision kept, or what a side of it was written over: by hand, by another decision, or
    /// by taking something back. Who took
    /// something back and was asked there for that did so, too.
    pub fn did_otherwise(&self, history: &History, made: RevisionId, about: About, asked: &Asked) -> bool {
        let apart = |id: &RevisionId| apart(history, made, *id);
        let did = |of: &BTreeMap<u32, Vec<RevisionId>>, words: &BTreeSet<u32>| {
            words.iter().any(|w| of_token(of, *w).iter().any(apart))
        };
        let mut rows = history.rows.iter().zip(&history.revisions).filter(|(row, _)| apart(&row.rid));
        match about {
            About::Text => {
                // Two may decide one place as each saw it, and whoever wrote in a side first saw another place.
                let decided = history.rows.iter().zip(&history.revisions).find(|(row, _)| row.rid == made);
                let kept = decided.map(|(_, revision)| Tokens::of(&revision.fields).all).unwrap_or_default();
                let kept = asked.sides.intersection(&kept).copied().collect();
                did(&self.puts, &asked.sides)
                    || did(&self.clears, &asked.sides)
                    || did(&self.takes, &asked.before)
                    || did(&self.takes, &kept)
                    || did(&self.partly, &kept)
                    || did(&self.takes, &self.replaced(history, made, &asked.sides))
                    || decided_before_it_was_one(history, made, &asked.sides)
                    || self.decided_again_by_two(history, made, &asked.sides)
                    || rows.any(|(row, undo)| {
                        row.origin == Origin::Undo
                            && history.fold(&row.parents).is_some_and(|on| asks_anew(&on, &undo.fields, &asked.sides))
                    })
            }
            _ => rows.any(|(row, revision)| {
                let before = history.fold(&row.parents);
                // Whoever takes something back where two had decided asks about the same as those two.
                row.origin == Origin::Undo && asks(&revision.fields, about)
                    || said(&revision.fields, about) != before.and_then(|fields| said(&fields, about))
            }),
        }
    }

    /// What these words were written in place of, by versions that the decision `made` knew.
    fn replaced(&self, history: &History, made: RevisionId, words: &BTreeSet<u32>) -> BTreeSet<u32> {
        let wrote = |id: &RevisionId| {
            words.iter().any(|w| of_token(&self.puts, *w).contains(id)) && history.is_ancestor(*id, made)
        };
        self.takes.iter().filter(|(_, by)| by.iter().any(wrote)).map(|(word, _)| *word).collect()
    }

    /// True where two who knew of the decision `made`, and not of each other, were asked once more, and each decided for
    /// another one of these words.
    fn decided_again_by_two(&self, history: &History, made: RevisionId, words: &BTreeSet<u32>) -> bool {
        let is_later = |id: &RevisionId| {
            history.is_ancestor(made, *id)
                && history.rows.iter().any(|row| row.rid == *id && row.origin == Origin::Resolve)
        };
        let by: Vec<(u32, RevisionId)> = words
            .iter()
            .flat_map(|word| of_token(&self.clears, *word).iter().map(|id| (*word, *id)))
            .filter(|(_, id)| is_later(id))
            .collect();
        by.iter().any(|(word, one)| by.iter().any(|(other, two)| word != other && apart(history, *one, *two)))
    }

    fn gone_by_sides(&self, history: &History, token: u32) -> bool {
        let partly = of_token(&self.partly, token);
        let beside = |a: &&RevisionId| partly.iter().any(|b| apart(history, *b, **a));
        let by: Vec<&RevisionId> = partly.iter().filter(beside).chain(of_token(&self.takes, token)).collect();
        let seen = |put: &RevisionId| by.iter().any(|take| history.is_ancestor(*put, **take));
        partly.iter().any(|p| beside(&p)) && of_token(&self.puts, token).iter().all(seen)
    }

    /// True where this put a word back that an earlier version had put in, and one between had taken away. Which was
    /// earlier is told by what builds on what: a clock that was set may list them otherwise.
    fn is_again(&self, history: &History, put: RevisionId, token: u32) -> bool {
        let takes = of_token(&self.takes, token);
        let before = |other: &RevisionId| {
            let between = |take: &RevisionId| history.is_ancestor(*other, *take) && history.is_ancestor(*take, put);
            *other != put && takes.iter().any(between)
        };
        of_token(&self.puts, token).iter().any(before)
    }
}

/// True where somebody decided other places, not knowing of the decision `made`, and left one of these words in clean text,
/// and it still is where that meets all that the decider saw: it was no place there.
fn decided_before_it_was_one(history: &History, made: RevisionId, words: &BTreeSet<u32>) -> bool {
    let Some(decision) = history.rows.iter().find(|row| row.rid == made) else { return false };
    let knows = |of: RevisionId, what: RevisionId| of == what || history.is_ancestor(what, of);
    let beside = || history.rows.iter().zip(&history.revisions).filter(|(row, _)| apart(history, made, row.rid));
    let left = |revision: &Revision| -> BTreeSet<u32> {
        Tokens::of(&revision.fields).clean.intersection(words).copied().collect()
    };
    let decided: Vec<(RevisionId, BTreeSet<u32>)> = beside()
        .filter(|(row, _)| row.origin == Origin::Resolve)
        .map(|(row, revision)| (row.rid, left(revision)))
        .collect();
    beside().filter(|(row, _)| decision.parents.iter().all(|seen| knows(row.rid, *seen))).any(|(row, revision)| {
        let still = left(revision);
        decided.iter().any(|(other, kept)| knows(row.rid, *other) && !kept.is_disjoint(&still))
    })
}

/// Neither knew of the other.
pub fn apart(history: &History, a: RevisionId, b: RevisionId) -> bool {
    !history.is_ancestor(a, b) && !history.is_ancestor(b, a)
}

/// Neither knew of the other, and somebody wrote on both.
pub fn became_one(history: &History, a: RevisionId, b: RevisionId) -> bool {
    let both = |row: &HistoryRow| history.is_ancestor(a, row.rid) && history.is_ancestor(b, row.rid);
    apart(history, a, b) && history.rows.iter().any(both)
}

pub fn of_token(of: &BTreeMap<u32, Vec<RevisionId>>, token: u32) -> &[RevisionId] {
    of.get(&token).map_or(&[], Vec::as_slice)
}
