//! Numbers of places, for a terminal: a place keeps its number while the review goes on, whatever is decided beside it
//! or arrives meanwhile, so that a number that somebody saw never means another place.
//!
//! Kept in the database, one row a record: `finished u8`, then for each place `id 16 | number u32`.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::RecordId;
use holdfast_merge::{Place, PlaceId, PlaceValue};

use super::RecordReview;
use crate::{NotebookError, Result, Vault};

/// What was numbered. A number is given once, also to places that are decided by now: an undo finds it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Numbers {
    /// Nothing was left to decide: what comes next is another review.
    finished: bool,
    of: BTreeMap<PlaceId, u32>,
}

const ROW: usize = 16 + 4;

impl Numbers {
    fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.finished)];
        for (id, number) in &self.of {
            out.extend(id.0);
            out.extend(number.to_be_bytes());
        }
        out
    }

    /// `None` for what is no such row.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (finished, rows) = bytes.split_first()?;
        let rows = rows.chunks(ROW).map(|row| {
            let (id, number) = row.split_at_checked(16)?;
            Some((PlaceId(id.try_into().ok()?), u32::from_be_bytes(number.try_into().ok()?)))
        });
        Some(Self { finished: *finished != 0, of: rows.collect::<Option<_>>()? })
    }

    fn next(&self) -> u32 {
        self.of.values().max().map_or(1, |n| n + 1)
    }

    /// Numbers places that have none. They start again from 1 where nothing of the review that was numbered is left,
    /// if it was finished or if somebody looks now.
    fn number(&mut self, places: &[Place], looking: bool) {
        let known = places.iter().any(|p| self.of.contains_key(&p.id));
        if !known && (self.finished || looking) {
            self.of.clear();
        }
        self.finished &= places.is_empty();
        for place in places {
            if !self.of.contains_key(&place.id) {
                self.of.insert(place.id, self.next());
            }
        }
    }

    /// After a decision. Places that hold the same are told apart by their order alone, so the id of one goes over to
    /// the next when it is decided; its number must not.
    fn carry(&mut self, before: &[Place], decided: &BTreeSet<PlaceId>, after: &[Place]) {
        let mut open: Vec<(&Place, u32)> = before
            .iter()
            .filter(|p| !decided.contains(&p.id))
            .filter_map(|p| Some((p, *self.of.get(&p.id)?)))
            .collect();
        let mut carried = BTreeMap::new();
        for place in after {
            if let Some(at) = open.iter().position(|(was, _)| holds(was) == holds(place)) {
                carried.insert(place.id, open.remove(at).1);
            }
        }
        let numbers: BTreeSet<u32> = carried.values().copied().collect();
        self.of.retain(|_, number| !numbers.contains(number));
        self.of.extend(carried);
        self.number(after, false);
        self.finished = after.is_empty();
    }
}

/// What a place is by, wherever it is.
fn holds(place: &Place) -> (std::mem::Discriminant<holdfast_merge::PlaceKind>, &[PlaceValue], BTreeSet<&PlaceValue>) {
    (std::mem::discriminant(&place.kind), &place.base, place.sides.iter().map(|s| &s.value).collect())
}

fn key(record: RecordId) -> String {
    format!("place_numbers/{record}")
}

impl Vault {
    /// The number of each place of a review, from 1. `looking` where they are shown to somebody: numbers of a review
    /// that went away elsewhere may start again then, and only then.
    pub fn place_numbers(&self, review: &RecordReview, looking: bool) -> Result<BTreeMap<PlaceId, u32>> {
        let places = &review.review.places;
        let numbers = self.change_numbers(review.id, |numbers| numbers.number(places, looking))?;
        Ok(places.iter().filter_map(|p| Some((p.id, *numbers.of.get(&p.id)?))).collect())
    }

    /// After the places `decided` of `before` were decided, what is left keeps its numbers.
    pub fn keep_place_numbers(
        &self,
        before: &RecordReview,
        decided: &BTreeSet<PlaceId>,
        after: &RecordReview,
    ) -> Result<()> {
        let (was, is) = (&before.review.places, &after.review.places);
        self.change_numbers(before.id, |numbers| numbers.carry(was, decided, is)).map(drop)
    }

    fn change_numbers(&self, record: RecordId, change: impl FnOnce(&mut Numbers)) -> Result<Numbers> {
        let kept = self.read(|r| Ok(r.get_meta(&key(record))?))?;
        let kept = match &kept {
            Some(bytes) => Numbers::decode(bytes).ok_or_else(|| NotebookError::Internal("kept numbers".into()))?,
            None => Numbers::default(),
        };
        let mut numbers = kept.clone();
        change(&mut numbers);
        if numbers != kept {
            self.transact(|t| Ok(t.tx.put_meta(&key(record), &numbers.encode())?))?;
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use holdfast_merge::{PlaceKind, Side};

    fn place(id: u8, text: &str) -> Place {
        let side = |value: &str| Side { value: PlaceValue::Text(value.into()), stamps: Vec::new() };
        Place {
            id: PlaceId([id; 16]),
            kind: PlaceKind::Text { heading: None, line: usize::from(id), before: String::new(), after: String::new() },
            base: vec![PlaceValue::Text("base".into())],
            sides: vec![side(text), side("other")],
            suggested: None,
        }
    }

    fn of(numbers: &Numbers, places: &[Place]) -> Vec<u32> {
        places.iter().map(|p| numbers.of[&p.id]).collect()
    }

    #[test]
    fn a_number_stays_with_its_place() {
        let all = [place(1, "a"), place(2, "b"), place(3, "c")];
        let mut numbers = Numbers::default();
        numbers.number(&all, true);
        assert_eq!(of(&numbers, &all), [1, 2, 3]);
        let rest = [all[0].clone(), all[2].clone()];
        numbers.carry(&all, &BTreeSet::from([all[1].id]), &rest);
        assert_eq!(of(&numbers, &rest), [1, 3]);
        // Another version arrives: a new place above, one of the old ones changed.
        let more = [place(9, "new"), all[2].clone(), place(8, "a and more")];
        numbers.number(&more, false);
        assert_eq!(of(&numbers, &more), [4, 3, 5]);
        // An undo brings back what was decided.
        numbers.number(&all, true);
        assert_eq!(of(&numbers, &all), [1, 2, 3]);
    }

    #[test]
    fn numbers_start_again_when_all_is_decided_or_somebody_looks() {
        let (old, new) = ([place(1, "a")], [place(2, "b")]);
        let mut numbers = Numbers::default();
        numbers.number(&old, false);
        let mut unseen = numbers.clone();
        unseen.number(&new, false);
        assert_eq!(of(&unseen, &new), [2], "1 was another place");
        let mut seen = numbers.clone();
        seen.number(&new, true);
        assert_eq!(of(&seen, &new), [1]);
        numbers.carry(&old, &BTreeSet::from([old[0].id]), &[]);
        assert!(numbers.finished);
        let mut undone = numbers.clone();
        undone.number(&old, false);
        assert_eq!((of(&undone, &old), undone.finished), (vec![1], false));
        numbers.number(&new, false);
        assert_eq!(of(&numbers, &new), [1]);
    }

    #[test]
    fn of_places_that_hold_the_same_each_keeps_its_number() {
        let all = [place(1, "same"), place(2, "same")];
        let mut numbers = Numbers::default();
        numbers.number(&all, true);
        // The first is decided: the second has its id now.
        let rest = [place(1, "same")];
        numbers.carry(&all, &BTreeSet::from([all[0].id]), &rest);
        assert_eq!(of(&numbers, &rest), [2]);
    }

    #[test]
    fn numbers_read_as_they_were_written() {
        let mut numbers = Numbers::default();
        numbers.number(&[place(1, "a"), place(2, "b")], true);
        assert_eq!(Numbers::decode(&numbers.encode()).unwrap(), numbers);
        let mut bytes = vec![0];
        bytes.extend([1; 16]);
        bytes.extend([0, 0, 0, 1]);
        bytes.extend([2; 16]);
        bytes.extend([0, 0, 0, 2]);
        assert_eq!(numbers.encode(), bytes);
        assert_eq!(Numbers::decode(&bytes[..30]), None);
        assert_eq!(Numbers::decode(&[]), None);
    }
}
