//! What a field of one value says: where a note lies, whether it is done, its title and date; the name and the place of a
//! notebook. It says what was set last: what nobody set anew who had seen that.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Fields, Merge, Origin, RevisionId};
use holdfast_notebook::simulation::History;

use crate::traced::became_one;

/// A field by its name, with its values: several where it is asked.
pub type Values = BTreeMap<&'static str, BTreeSet<String>>;

fn values_of<T: std::fmt::Debug>(field: &Merge<T>) -> BTreeSet<String> {
    field.adds().map(|term| format!("{:?}", term.value)).collect()
}

pub fn values(fields: &Fields) -> Values {
    match fields {
        Fields::Note(note) => [
            ("notebook", values_of(&note.notebook)),
            ("done", values_of(&note.done)),
            ("due", values_of(&note.due)),
            ("title", values_of(&note.title)),
        ]
        .into(),
        Fields::Notebook(notebook) => {
            [("name", values_of(&notebook.name)), ("parent", values_of(&notebook.parent))].into()
        }
        _ => Values::new(),
    }
}

/// The fields that somebody wrote on this version: also where they say what they said before, as what was given up and
/// written again does.
fn written(now: &Fields, before: &Fields) -> BTreeSet<&'static str> {
    fn differs<T: Ord>(now: &Merge<T>, before: &Merge<T>) -> bool {
        now.adds().any(|term| !before.adds().any(|of| of == term))
    }
    match (now, before) {
        (Fields::Note(now), Fields::Note(before)) => [
            ("notebook", differs(&now.notebook, &before.notebook)),
            ("done", differs(&now.done, &before.done)),
            ("due", differs(&now.due, &before.due)),
            ("title", differs(&now.title, &before.title)),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect(),
        (Fields::Notebook(now), Fields::Notebook(before)) => {
            [("name", differs(&now.name, &before.name)), ("parent", differs(&now.parent, &before.parent))]
                .into_iter()
                .filter_map(|(field, differs)| differs.then_some(field))
                .collect()
        }
        _ => BTreeSet::new(),
    }
}

/// What somebody set who knew of none of these versions that put the record into the trash, and none of them of it, and is
/// shown, and is not what those had.
pub fn set_beside(
    history: &History,
    trashed: &[RevisionId],
    shown: &Fields,
    merged: &BTreeMap<RevisionId, Fields>,
) -> Option<(RevisionId, &'static str)> {
    let of = |id: RevisionId| {
        let at = history.rows.iter().position(|row| row.rid == id)?;
        Some(values(&history.revisions[at].fields))
    };
    let knows = |a: RevisionId, b: RevisionId| history.is_ancestor(a, b) || history.is_ancestor(b, a);
    let had: Vec<Values> = trashed.iter().filter_map(|act| of(*act)).collect();
    let now = values(shown);
    for (row, revision) in history.rows.iter().zip(&history.revisions) {
        if trashed.is_empty() || trashed.iter().any(|act| knows(*act, row.rid)) {
            continue;
        }
        let before = match row.parents.as_slice() {
            [only] => of(*only),
            _ => merged.get(&row.rid).map(values),
        };
        let Some(before) = before else { continue };
        let set = values(&revision.fields).into_iter().find(|(field, value)| {
            before.get(field) != Some(value)
                && now.get(field) == Some(value)
                && had.iter().all(|had| had.get(field) != Some(value))
        });
        if let Some((field, _)) = set {
            return Some((row.rid, field));
        }
    }
    None
}

/// What is shown is what was set last, and nothing that was set is passed over. Answers with what is not so.
///
/// `merged`: what those that were made from several versions began with.
///
/// Of several that did not know of each other each one's value is there, where it is new to the field: what somebody went
/// back to, and another went away from, is as if the first had not been away.
///
/// `hidden`: a notebook that shows as another one of its name. Where one is about, which of the two a note is said to lie in
/// is no matter.
pub fn do_not_hold(
    history: &History,
    merged: &BTreeMap<RevisionId, Fields>,
    shown: &Fields,
    hidden: &BTreeSet<String>,
) -> Option<String> {
    let own: BTreeMap<RevisionId, Values> =
        history.rows.iter().zip(&history.revisions).map(|(row, r)| (row.rid, values(&r.fields))).collect();
    let mut setters: BTreeMap<&'static str, Vec<RevisionId>> = BTreeMap::new();
    for row in &history.rows {
        let fields = |id: RevisionId| {
            let at = history.rows.iter().position(|row| row.rid == id);
            at.map(|at| &history.revisions[at].fields)
        };
        let (before, on) = match row.parents.as_slice() {
            [] => (None, None),
            [only] => (own.get(only).cloned(), fields(*only)),
            _ => (merged.get(&row.rid).map(values), merged.get(&row.rid)),
        };
        let again = fields(row.rid).zip(on).map(|(now, before)| written(now, before));
        let again = again.unwrap_or_default();
        for (field, now) in &own[&row.rid] {
            if again.contains(field) || before.as_ref().and_then(|before| before.get(field)) != Some(now) {
                setters.entry(field).or_default().push(row.rid);
            }
        }
    }
    let shown = values(shown);
    for (field, setters) in &setters {
        let last = history.heads(setters.iter().copied());
        let now = shown.get(field)?;
        let said = |id: &RevisionId| &own[id][field];
        let places = matches!(*field, "notebook" | "parent");
        if places && last.len() > 1 && !hidden.is_empty() || last.iter().flat_map(said).any(|v| hidden.contains(v)) {
            continue;
        }
        // Where somebody took something back, more may be asked than is left open, and nothing is lost by that.
        let more = now.len() > 1 && history.rows.iter().any(|row| row.origin == Origin::Undo);
        if let [only] = last.as_slice() {
            if said(only) != now && !(more && said(only).is_subset(now)) {
                return Some(format!("{field}: {only} set {:?} last, and {now:?} is shown", said(only)));
            }
            continue;
        }
        // Who took a merge back left one side, and another, not knowing, went on from it: together they are that side, and
        // nobody is asked (docs/testing-sync.md, *What is known*).
        if history.rows.iter().any(|row| row.origin == Origin::Undo) {
            continue;
        }
        for one in &last {
            let is_new = |value: &&String| {
                !history
                    .rows
                    .iter()
                    .any(|row| row.rid != *one && history.is_ancestor(row.rid, *one) && said(&row.rid).contains(*value))
            };
            // What two set alike is one thing to whoever wrote on both, and somebody who had seen one of them left it.
            let is_left = |value: &&String| {
                let alike = |other: &&RevisionId| said(other).contains(*value) && became_one(history, *one, **other);
                let left = |other: &RevisionId| {
                    last.iter().any(|later| history.is_ancestor(*other, *later) && !said(later).contains(*value))
                };
                setters.iter().filter(alike).any(left)
            };
            let gone = said(one).iter().filter(|value| !now.contains(*value));
            if let Some(lost) = gone.filter(is_new).find(|value| !is_left(value)) {
                return Some(format!(
                    "{field}: {one} set {lost}, which nobody has changed since, and {now:?} is shown"
                ));
            }
        }
        // Two titles with words that are apart are one with both.
        if more || *field == "title" {
            continue;
        }
        // Who decided, and who wrote in the side that was kept, not knowing, make what was written; somebody wrote on that.
        let made = |value: &String| {
            merged.iter().any(|(both, made)| {
                let of_last = last.iter().any(|one| history.is_ancestor(*one, *both));
                let seen = last.iter().any(|one| history.is_ancestor(*both, *one));
                of_last && !seen && values(made).get(field).is_some_and(|made| made.contains(value))
            })
        };
        if let Some(old) = now.iter().find(|value| !last.iter().any(|one| said(one).contains(*value)) && !made(value)) {
            return Some(format!("{field}: {old} is shown, which those who set it last did not leave there"));
        }
    }
    None
}
