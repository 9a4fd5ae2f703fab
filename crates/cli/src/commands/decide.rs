//! `--take`: which version of a place is meant.

use std::collections::BTreeSet;

use holdfast_notebook::{
    Choice, DeviceId, Place, PlaceKind, PlaceValue, RecordReview, RevisionId, Side, Vault, fold_name,
};

use crate::Outcome;
use crate::failure::Failure;
use crate::shapes::{Names, label};

/// A shorter beginning of a version's id says too little.
const MIN_PREFIX: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    All,
    Original,
    /// The result that the review suggests.
    Suggested,
    /// A computer by its name or id, or a version by its id.
    Version(String),
}

impl Take {
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "all" => Self::All,
            "original" => Self::Original,
            "suggested" => Self::Suggested,
            _ => Self::Version(text.trim().to_owned()),
        }
    }
}

/// The computers that a name or a whole id means.
pub fn devices(names: &Names, text: &str) -> BTreeSet<DeviceId> {
    let named = names.devices().filter(|(_, name)| fold_name(name) == fold_name(text)).map(|(id, _)| id);
    let by_id = names.devices().map(|(id, _)| id).filter(|id| id.to_string() == text.to_ascii_lowercase());
    named.chain(by_id).collect()
}

/// True where the version's id is or begins with the text.
pub fn is_version(id: RevisionId, text: &str) -> bool {
    text.len() >= MIN_PREFIX && id.to_string().starts_with(&text.to_ascii_lowercase())
}

/// The choice that `take` means for a place. What the place does not have is told with its number.
pub fn choice(
    vault: &Vault,
    review: &RecordReview,
    names: &Names,
    number: u32,
    place: &Place,
    take: &Take,
) -> Outcome<Choice> {
    let here = format!("Place {number} ({})", label(&place.kind));
    let text = match take {
        Take::Original if place.base.len() == 1 => return Ok(Choice::Original),
        Take::Original => {
            return Err(Failure::said(format!("{here} has no single original. Nothing was decided.")));
        }
        Take::Suggested => {
            let suggested = place.suggested.clone().map(Choice::Value);
            return suggested.ok_or_else(|| Failure::said(format!("{here} has no suggestion. Nothing was decided.")));
        }
        Take::All if matches!(place.kind, PlaceKind::Text { .. }) => return Ok(Choice::All),
        Take::All => {
            return Err(Failure::said(format!(
                "{here} can have only one value: only a text keeps all. Decide it with --place {number} --take. \
                 Nothing was decided."
            )));
        }
        Take::Version(text) => text,
    };
    let wanted = Wanted { vault, review, place, devices: devices(names, text), text };
    match wanted.values()?.as_slice() {
        [only] => Ok(Choice::Side(only.clone())),
        [] => {
            let who: BTreeSet<String> =
                place.sides.iter().flat_map(|s| &s.stamps).map(|s| names.device(s.device)).collect();
            let who: Vec<String> = who.into_iter().collect();
            Err(Failure::said(format!(
                "{here} has no version of {text:?}, only of {}. Nothing was decided.",
                who.join(", ")
            )))
        }
        _ => Err(Failure::said(format!(
            "{here} has more than one version of {text:?}: give the id of one. Nothing was decided."
        ))),
    }
}

struct Wanted<'a> {
    vault: &'a Vault,
    review: &'a RecordReview,
    place: &'a Place,
    devices: BTreeSet<DeviceId>,
    text: &'a str,
}

impl Wanted<'_> {
    /// The values of the sides that are meant.
    fn values(&self) -> Outcome<Vec<PlaceValue>> {
        let by_device = self.sides(|side| side.stamps.iter().any(|s| self.devices.contains(&s.device)));
        if !by_device.is_empty() {
            // An undo brings another's version back in one's own name too: what is this computer's alone is meant.
            let alone = self.sides(|side| side.stamps.iter().all(|s| self.devices.contains(&s.device)));
            if alone.len() == 1 {
                return Ok(alone);
            }
            // One computer that wrote two of them means its last word; two computers of one name do not.
            let one = self.devices.len() == 1;
            return Ok(if one { by_device.into_iter().take(1).collect() } else { by_device });
        }
        let by_version = self.sides(|side| self.written_in(side, |id| is_version(id, self.text)));
        if !by_version.is_empty() {
            return Ok(by_version);
        }
        let built_on = self.built_on()?;
        Ok(self.sides(|side| self.written_in(side, |id| built_on.contains(&id))))
    }

    fn sides(&self, meant: impl Fn(&Side) -> bool) -> Vec<PlaceValue> {
        self.place.sides.iter().filter(|side| meant(side)).map(|side| side.value.clone()).collect()
    }

    fn written_in(&self, side: &Side, meant: impl Fn(RevisionId) -> bool) -> bool {
        side.stamps.iter().any(|s| self.review.written_by(*s).revision.is_some_and(&meant))
    }

    /// A version that changed something later than the place still holds what it was built on there.
    fn built_on(&self) -> Outcome<BTreeSet<RevisionId>> {
        let history = self.vault.history(self.review.id)?;
        let mut out: BTreeSet<RevisionId> =
            history.iter().map(|r| r.id).filter(|id| is_version(*id, self.text)).collect();
        if out.len() != 1 {
            return Ok(BTreeSet::new());
        }
        let mut todo: Vec<RevisionId> = out.iter().copied().collect();
        while let Some(at) = todo.pop() {
            let parents = history.iter().filter(|r| r.id == at).flat_map(|r| &r.parents);
            todo.extend(parents.copied().filter(|p| out.insert(*p)));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_words_are_words_in_any_case() {
        assert_eq!(Take::parse("ALL"), Take::All);
        assert_eq!(Take::parse("Suggested"), Take::Suggested);
        assert_eq!(Take::parse(" original"), Take::Original);
        assert_eq!(Take::parse("Desk PC"), Take::Version("Desk PC".into()));
    }
}
