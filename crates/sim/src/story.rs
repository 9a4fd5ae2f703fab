//! What people wrote in one record, and what became of it: a look at all its versions and at what they make together.

use std::collections::BTreeSet;

use holdfast_domain::{Fields, Origin, Revision, RevisionId, TrashState};
use holdfast_merge::{PlaceId, review};
use holdfast_notebook::RecordId;
use holdfast_notebook::simulation::{History, HistoryRow, Shown};

use crate::fault::{Checked, Invariant};
use crate::people::short;
use crate::thinking::About;
use crate::tokens::{Tokens, word};
use crate::traced::{Gone, Traced, apart, became_one, of_token, places_in, trash_of};
use crate::values::{do_not_hold, set_beside, values};
use crate::world::{Decision, Met};

/// A record with all its versions, as somebody shows it.
pub struct Story<'a> {
    pub record: RecordId,
    pub history: &'a History,
    pub shown: &'a Shown,
    pub by: &'a str,
    /// The notebooks that show as another one of their name, as values of a field.
    pub hidden: &'a BTreeSet<String>,
}

impl Story<'_> {
    /// What was saved is there or was taken away by somebody who had seen it, what was taken away is gone, and what was
    /// decided is decided.
    pub fn judge(&self, saved: &[u32], typed_over: &BTreeSet<u32>, decisions: &[&Decision], met: &mut Met) -> Checked {
        let traced = Traced::of(self.history)?;
        let now = Tokens::of(&self.shown.fields);
        self.nothing_is_lost(&traced, &now, saved, typed_over, met)?;
        self.nothing_comes_back(&traced, &now, met)?;
        self.decisions_hold(&traced, decisions)?;
        self.trash_holds(&traced)?;
        self.values_hold(&traced)?;
        self.times_hold()?;
        self.nothing_is_put_away(&traced, &now)
    }

    fn nothing_is_lost(
        &self,
        traced: &Traced,
        now: &Tokens,
        saved: &[u32],
        typed_over: &BTreeSet<u32>,
        met: &mut Met,
    ) -> Checked {
        let history = self.history;
        for token in saved.iter().copied().filter(|token| !now.all.contains(token)) {
            match traced.why_gone(history, token) {
                Some(Gone::TakenAway) => {}
                Some(Gone::PutBack) => met.put_back_gone += 1,
                Some(Gone::BySides) => met.gone_by_sides += 1,
                Some(Gone::Alike) => met.alike_gone += 1,
                None if of_token(&traced.puts, token).is_empty() && typed_over.contains(&token) => {}
                None => {
                    let story = traced.story(history, token, &self.shown.fields);
                    let (by, record, lost) = (self.by, self.record, word(token));
                    let what = format!("{by} lacks {lost} of {record}, which nobody took away{story}");
                    return Invariant::LostEdit.broken(what);
                }
            }
        }
        Ok(())
    }

    /// What was taken away everywhere is not clean text.
    fn nothing_comes_back(&self, traced: &Traced, now: &Tokens, met: &mut Met) -> Checked {
        let history = self.history;
        for token in &now.clean {
            let takes = of_token(&traced.takes, *token);
            if takes.is_empty() {
                continue;
            }
            // Also as a side of a place: an undo that others contradict is one.
            let put = [&traced.clears, &traced.puts, &traced.again];
            let mut puts = put.into_iter().flat_map(|of| of_token(of, *token));
            if puts.any(|put| !takes.iter().any(|take| history.is_ancestor(*put, *take))) {
                continue;
            }
            // The other weak promise of 0015.
            if traced.by_parts {
                met.back_by_parts += 1;
                continue;
            }
            let story = traced.story(history, *token, &self.shown.fields);
            let what = format!("{} was taken away, and {} shows it again{story}", word(*token), self.by);
            return Invariant::Resurrection.broken(what);
        }
        Ok(())
    }

    /// What was decided is not asked again, unless somebody who had not seen that wrote there or took it back.
    fn decisions_hold(&self, traced: &Traced, decisions: &[&Decision]) -> Checked {
        let (history, shown) = (self.history, self.shown);
        let open = places_in(&shown.fields);
        for decision in decisions {
            let made = decision.revision;
            let here = history.rows.iter().any(|row| row.rid == made);
            let all_saw = shown.heads.iter().all(|head| history.is_ancestor(made, *head));
            let undone = history.rows.iter().any(|r| r.origin == Origin::Undo && history.is_ancestor(made, r.rid));
            if !here || !all_saw || undone {
                continue;
            }
            // Two who decided the same place without knowing of each other are asked both. A title is one place, also where
            // one of them had another in it.
            let crossed = |(id, about): &(PlaceId, About)| {
                let same = |(other, of): &(PlaceId, About)| other == id || (of == about && *about != About::Text);
                decisions.iter().filter(|d| d.places.iter().any(same)).any(|other| {
                    apart(history, made, other.revision) && history.rows.iter().any(|row| row.rid == other.revision)
                })
            };
            // Whoever keeps what a sync would have taken away has it with its open places.
            let kept = |id: &PlaceId| {
                let later = history.rows.iter().zip(&history.revisions);
                later.filter(|(row, _)| row.origin == Origin::Restore && history.is_ancestor(made, row.rid)).any(
                    |(_, kept)| kept.fields.as_note().is_some_and(|n| review(n).places.iter().any(|p| p.id == *id)),
                )
            };
            let asks = |place: &(PlaceId, About)| {
                let asked = open.get(&place.0).filter(|_| !crossed(place) && !kept(&place.0));
                asked.is_some_and(|asked| !traced.did_otherwise(history, made, place.1, asked))
            };
            if decision.places.iter().any(asks) {
                let (record, name) = (short(self.record), self.by);
                let asked = decision.places.iter().filter_map(|(id, _)| open.get(id));
                let side = asked.flat_map(|asked| asked.sides.iter().copied()).next();
                let story = traced.story(history, side.unwrap_or(u32::MAX), &shown.fields);
                let what = format!("a place in {record} that d{} decided is open again on {name}", decision.device);
                let what = format!("{what}: {:?}, in {made}; of {side:?}:{story}", decision.places);
                return Invariant::Decision.broken(what);
            }
        }
        Ok(())
    }

    /// What was put into the trash, or taken out, and by nobody moved since, is there.
    fn trash_holds(&self, traced: &Traced) -> Checked {
        let now = trash_of(&self.shown.fields);
        for (act, state) in &traced.trash {
            // What came later or beside it may have decided otherwise.
            let others = traced
                .trash
                .iter()
                .any(|(other, decided)| other != act && decided != state && !self.history.is_ancestor(*other, *act));
            let wrong = match state {
                TrashState::Trashed => now == TrashState::Live,
                TrashState::Live => now == TrashState::Trashed,
                TrashState::Open => false,
            };
            if wrong && !others {
                let what = format!("{act} said {state:?}, and {} shows {now:?}", self.by);
                return Invariant::Decision.broken(what);
            }
        }
        // Of several who did not know of each other, and did not agree, nobody is passed over; but whoever decided of one
        // trashing has decided of another one, too, which is open with it.
        let last = self.history.heads(traced.trash.iter().map(|(act, _)| *act));
        // What two did alike is one thing to whoever wrote on both, and somebody who had seen one of them did otherwise.
        let is_left = |act: RevisionId, state: TrashState| {
            let alike =
                traced.trash.iter().filter(|(other, done)| *done == state && became_one(self.history, act, *other));
            let left =
                |other: RevisionId| last.iter().any(|later| *later != other && self.history.is_ancestor(other, *later));
            alike.map(|(other, _)| *other).any(left)
        };
        let said: BTreeSet<&str> = traced
            .trash
            .iter()
            .filter(|(act, state)| last.contains(act) && *state != TrashState::Open && !is_left(*act, *state))
            .map(|(_, state)| if *state == TrashState::Live { "kept" } else { "trashed" })
            .collect();
        let decided = self.history.rows.iter().any(|row| matches!(row.origin, Origin::Undo | Origin::Resolve));
        if said.len() > 1 && now != TrashState::Open && !decided {
            let what = format!(
                "{} was trashed and kept, and {} shows {now:?}{}",
                short(self.record),
                self.by,
                rows(self.history)
            );
            return Invariant::Decision.broken(what);
        }
        Ok(())
    }

    /// When it was made nobody changes, and it was changed when its versions say.
    fn times_hold(&self) -> Checked {
        let of = |fields: &Fields| fields.as_note().map(|note| (note.created_ms, note.updated_ms));
        let heads = self
            .history
            .rows
            .iter()
            .zip(&self.history.revisions)
            .filter(|(row, _)| self.shown.heads.contains(&row.rid));
        let Some((made, changed)) = of(&self.shown.fields) else { return Ok(()) };
        let first = self.history.rows.iter().zip(&self.history.revisions).find(|(row, _)| row.parents.is_empty());
        let first = first.and_then(|(_, revision)| of(&revision.fields)).map(|(made, _)| made);
        let last = heads.filter_map(|(_, revision)| of(&revision.fields)).map(|(_, changed)| changed).max();
        if first.is_some_and(|first| first != made) || last.is_some_and(|last| last > changed) {
            let what = format!("made {made}, changed {changed}, and its versions say {first:?} and {last:?}");
            return Invariant::Decision.broken(format!("{} on {} was {what}", short(self.record), self.by));
        }
        Ok(())
    }

    /// A note lies where it was moved to last, and so with all that has one value.
    fn values_hold(&self, traced: &Traced) -> Checked {
        let Some(what) = do_not_hold(self.history, &traced.merged, &self.shown.fields, self.hidden) else {
            return Ok(());
        };
        let (record, by) = (short(self.record), self.by);
        Invariant::Decision.broken(format!("{record} on {by}, {what}{}", rows(self.history)))
    }

    /// A note that somebody wrote in, while others put it into the trash and neither knew, is not in the trash unless
    /// somebody who knew of both said so.
    fn nothing_is_put_away(&self, traced: &Traced, now: &Tokens) -> Checked {
        if trash_of(&self.shown.fields) != TrashState::Trashed {
            return Ok(());
        }
        let history = self.history;
        let trashed: Vec<RevisionId> =
            traced.trash.iter().filter(|(_, state)| *state == TrashState::Trashed).map(|(act, _)| *act).collect();
        let knows = |a: RevisionId, b: RevisionId| history.is_ancestor(a, b) || history.is_ancestor(b, a);
        let both = |row: RevisionId, set: RevisionId| {
            history.is_ancestor(set, row) && trashed.iter().any(|act| history.is_ancestor(*act, row))
        };
        if let Some((set, field)) = set_beside(history, &trashed, &self.shown.fields, &traced.merged)
            && !history.rows.iter().any(|row| both(row.rid, set))
        {
            let (record, by) = (short(self.record), self.by);
            let what = format!("{set} set the {field} of {record} beside a trashing, and {by} shows it in the trash");
            return Invariant::Decision.broken(format!("{what}{}", rows(history)));
        }
        for token in &now.clean {
            let puts = of_token(&traced.puts, *token);
            // Who goes back to what the others had put into the trash writes nothing beside that.
            if puts.iter().any(|put| trashed.iter().any(|act| history.is_ancestor(*put, *act))) {
                continue;
            }
            for put in puts {
                let unknown = trashed.iter().all(|act| !knows(*put, *act));
                if unknown && !trashed.is_empty() && !history.rows.iter().any(|row| both(row.rid, *put)) {
                    let story = traced.story(history, *token, &self.shown.fields);
                    let (word, record) = (word(*token), short(self.record));
                    let what = format!(
                        "{word} of {record} was written beside a trashing, and {} shows it in the trash{story}",
                        self.by
                    );
                    return Invariant::Decision.broken(what);
                }
            }
        }
        Ok(())
    }
}

/// The versions, with what each builds on and what its fields say, for a person who looks for the fault.
fn rows(history: &History) -> String {
    let short = |id: &RevisionId| id.to_string()[..6].to_owned();
    let line = |(row, revision): (&HistoryRow, &Revision)| {
        let parents: Vec<String> = row.parents.iter().map(short).collect();
        let fields: Vec<String> =
            values(&revision.fields).iter().map(|(name, said)| format!("{name} {said:?}")).collect();
        format!("\n    {} on [{}] {:?}: {}", short(&row.rid), parents.join(" "), row.origin, fields.join(", "))
    };
    history.rows.iter().zip(&history.revisions).map(line).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast_domain::{Body, DeviceId, Hlc, Merge, NoteFields, RecordId, Revision, Segment, Stamp};
    use holdfast_merge::ALGO;

    use super::*;

    const RECORD: RecordId = RecordId([7; 16]);

    fn rid(n: u8) -> RevisionId {
        RevisionId([n; 32])
    }

    /// `1 base` is a line with the first word.
    fn text(lines: &str, n: u8) -> Body {
        let line = |line: &str| format!("{}{line}\n", crate::tokens::MARK);
        Body::text(lines.lines().map(line).collect::<String>(), stamp(n))
    }

    fn stamp(n: u8) -> Stamp {
        Stamp { hlc: Hlc { ms: n.into(), counter: 0 }, device: DeviceId([n; 16]) }
    }

    fn note(body: Body) -> Fields {
        let mut note = NoteFields::new(stamp(1), 1);
        note.body = body;
        Fields::Note(note)
    }

    fn revision(n: u8, on: &[u8], origin: Origin, fields: Fields) -> (RevisionId, Revision) {
        let parents = on.iter().copied().map(rid).collect();
        (rid(n), Revision::new(RECORD, parents, stamp(n), origin, ALGO, fields))
    }

    fn edit(n: u8, on: &[u8], lines: &str) -> (RevisionId, Revision) {
        revision(n, on, Origin::Edit, note(text(lines, n)))
    }

    fn history(versions: impl IntoIterator<Item = (RevisionId, Revision)>) -> History {
        let mut history = History::default();
        versions.into_iter().for_each(|(rid, revision)| history.push(rid, revision));
        history
    }

    /// What the judge says of the heads, if `fields` is what they show.
    fn judged(history: &History, heads: &[u8], fields: Fields, saved: &[u32], decided: &[&Decision]) -> (Checked, Met) {
        let shown = Shown { fields, heads: heads.iter().copied().map(rid).collect(), typing: false, typed: None };
        let mut met = Met::default();
        let story = Story { record: RECORD, history, shown: &shown, by: "d0", hidden: &BTreeSet::new() };
        (story.judge(saved, &BTreeSet::new(), decided, &mut met), met)
    }

    fn fold(history: &History, heads: &[u8]) -> Fields {
        history.fold(&heads.iter().copied().map(rid).collect::<Vec<_>>()).unwrap()
    }

    /// The second word was put in, taken out and put back; another, who had seen the first putting alone, took it out.
    #[test]
    fn put_back_is_told_by_what_builds_on_what() {
        let versions = || {
            [
                edit(1, &[], "1 base"),
                edit(2, &[1], "1 base\n2 line"),
                edit(3, &[2], "1 base"),
                edit(4, &[3], "1 base\n2 line"),
                edit(5, &[2], "1 base\n3 instead"),
            ]
        };
        // However clocks list them.
        for backwards in [false, true] {
            let mut versions = Vec::from(versions());
            if backwards {
                versions.reverse();
            }
            let history = history(versions);
            let shown = fold(&history, &[4, 5]);
            assert!(!Tokens::of(&shown).all.contains(&2), "the case is none: {shown:?}");
            let (verdict, met) = judged(&history, &[4, 5], shown, &[1, 2, 3], &[]);
            assert_eq!((verdict, met.put_back_gone), (Ok(()), 1));
        }
        // Who had nothing to put back wrote it, though another list had it earlier.
        let mut versions = Vec::from(versions());
        versions[3] = edit(4, &[1], "1 base\n2 line");
        let (verdict, _) = judged(&history(versions), &[3, 4, 5], note(text("1 base\n3 instead", 5)), &[2], &[]);
        assert_eq!(verdict.unwrap_err().invariant, Invariant::LostEdit);
    }

    /// Two copies of a disk have what was typed before; one of them is read by somebody who takes a word out.
    #[test]
    fn what_two_wrote_alike_goes_where_somebody_took_it_out_who_had_seen_one() {
        let of = |out: u8| {
            history([
                edit(1, &[], "1 base"),
                edit(2, &[1], "1 base\n2 line"),
                edit(3, &[1], "1 base\n2 line\n3 line"),
                edit(4, &[out], "1 base\n3 line"),
                edit(5, &[2, 3], "4 line\n1 base\n2 line\n3 line"),
            ])
        };
        let history = of(3);
        let shown = fold(&history, &[4, 5]);
        assert!(!Tokens::of(&shown).all.contains(&2), "the case is none: {shown:?}");
        let (verdict, met) = judged(&history, &[4, 5], shown.clone(), &[1, 2, 3, 4], &[]);
        assert_eq!((verdict, met.alike_gone), (Ok(()), 1));
        // Who had seen neither took nothing out.
        let (verdict, _) = judged(&of(1), &[4, 5], shown, &[2], &[]);
        assert_eq!(verdict.unwrap_err().invariant, Invariant::LostEdit);
    }

    /// Somebody took one side of a place, and somebody who did not know saved what `other` says; the place is open again.
    fn asked_again(other: &str) -> Checked {
        let history = history([
            edit(1, &[], "1 base\n2 base"),
            edit(2, &[1], "3 instead\n2 base"),
            edit(3, &[1], "2 base"),
            edit(4, &[2, 3], "3 instead\n2 base"),
            edit(5, &[1], other),
        ]);
        let open = fold(&history, &[2, 3]);
        let (id, _) = places_in(&open).into_iter().next().unwrap();
        asked_by(history, (4, id), 6, &[4, 5], open)
    }

    /// What the judge says where the place of a decision is open in a version on these.
    fn asked_by(mut history: History, decided: (u8, PlaceId), n: u8, on: &[u8], open: Fields) -> Checked {
        let (revision, id) = (self::rid(decided.0), decided.1);
        let decision = Decision { record: RECORD, revision, places: vec![(id, About::Text)], device: 0 };
        let (rid, asking) = self::revision(n, on, Origin::Edit, open.clone());
        history.push(rid, asking);
        judged(&history, &[n], open, &[], &[&decision]).0
    }

    #[test]
    fn who_took_out_what_a_place_is_about_did_otherwise() {
        assert_eq!(asked_again("2 base"), Ok(()));
        assert_eq!(asked_again("1 base\n2 base\n4 line").unwrap_err().invariant, Invariant::Decision);
        assert_eq!(asked_again("1 base").unwrap_err().invariant, Invariant::Decision);
    }

    /// One wrote in a side of a place and decided it, and another, who knew of neither, decided it as it was before.
    fn decided_as_each_saw_it(one: &str, another: &str) -> Checked {
        let mut history = history([
            edit(1, &[], "1 base\n2 base"),
            edit(2, &[1], "3 instead\n2 base"),
            edit(3, &[1], "2 base"),
            edit(4, &[2], "3 4 instead\n2 base"),
        ]);
        let (rid, written) = revision(5, &[2, 3], Origin::Edit, fold(&history, &[3, 4]));
        let open = written.fields.clone();
        let (id, _) = places_in(&open).into_iter().next().unwrap();
        assert!(!places_in(&fold(&history, &[2, 3])).contains_key(&id), "both saw the same place");
        history.push(rid, written);
        for (n, on, lines) in [(6, &[5][..], one), (7, &[2, 3], another)] {
            let (rid, decided) = revision(n, on, Origin::Resolve, note(text(lines, n)));
            history.push(rid, decided);
        }
        let together = fold(&history, &[6, 7]);
        // Who decides alike is not asked; whoever asks them all the same is at fault.
        assert_eq!(places_in(&together).contains_key(&id), one != another, "{together:?}");
        asked_by(history, (6, id), 8, &[6, 7], open)
    }

    #[test]
    fn who_took_out_what_a_decision_kept_did_otherwise() {
        assert_eq!(decided_as_each_saw_it("3 4 instead\n2 base", "2 base"), Ok(()));
        assert_eq!(decided_as_each_saw_it("2 base", "2 base").unwrap_err().invariant, Invariant::Decision);
    }

    /// As seed 18429: a word that was kept stands in both sides, and another, not knowing, takes it out of one, and goes back.
    fn kept_of_two_sides(meanwhile: impl Fn(&str) -> String) -> Checked {
        let mut history = history([edit(1, &[], "1 base"), edit(2, &[1], "2 3 instead"), edit(3, &[1], "2 4 instead")]);
        let Fields::Note(asking) = fold(&history, &[2, 3]) else { unreachable!() };
        let mut segments = asking.body.clone().into_segments();
        for segment in &mut segments {
            if let Segment::Place(place) = segment {
                let mut terms = place.terms().to_vec();
                for term in terms.iter_mut().filter(|term| term.stamp == stamp(3)) {
                    term.value = meanwhile(&term.value);
                }
                *place = Merge::from_terms(terms).unwrap();
            }
        }
        let mut written = asking.clone();
        written.body = Body::from_segments(segments, stamp(5));
        let open = Fields::Note(asking);
        let (id, _) = places_in(&open).into_iter().next().unwrap();
        for (n, on, origin, fields) in [
            (4, &[2, 3][..], Origin::Resolve, note(text("2 3 instead", 4))),
            (5, &[2, 3], Origin::Edit, Fields::Note(written)),
            (6, &[5], Origin::Restore, open.clone()),
        ] {
            let (rid, revision) = revision(n, on, origin, fields);
            history.push(rid, revision);
        }
        asked_by(history, (4, id), 7, &[4, 6], open)
    }

    #[test]
    fn who_took_what_a_decision_kept_out_of_one_side_did_otherwise() {
        let kept = format!("{}2", crate::tokens::MARK);
        assert_eq!(kept_of_two_sides(|side| side.replace(&kept, "")), Ok(()));
        assert_eq!(kept_of_two_sides(str::to_owned).unwrap_err().invariant, Invariant::Decision);
    }

    /// As seed 83301: one wrote something else in a side and decided for it, and another did `otherwise`, not knowing.
    fn decided_for_something_else(otherwise: &str) -> Checked {
        let mut history =
            history([edit(1, &[], "3 line\n2 base"), edit(2, &[1], "4 instead\n2 base"), edit(3, &[1], "2 base")]);
        let Fields::Note(mut written) = fold(&history, &[2, 3]) else { unreachable!() };
        let mut segments = written.body.clone().into_segments();
        for segment in &mut segments {
            if let Segment::Place(place) = segment {
                let mut terms = place.terms().to_vec();
                let side = terms.iter_mut().find(|term| !term.value.is_empty() && term.stamp == stamp(2)).unwrap();
                (side.value, side.stamp) = (format!("{}6 more\n", crate::tokens::MARK), stamp(4));
                *place = Merge::from_terms(terms).unwrap();
            }
        }
        written.body = Body::from_segments(segments, stamp(4));
        let open = Fields::Note(written);
        let (id, _) = places_in(&open).into_iter().next().unwrap();
        for (n, on, fields) in [
            (4, &[2, 3][..], open.clone()),
            (5, &[4], note(text("6 more\n2 base", 5))),
            (6, &[2, 3], note(text(otherwise, 6))),
        ] {
            let (rid, revision) = revision(n, on, Origin::Edit, fields);
            history.push(rid, revision);
        }
        asked_by(history, (5, id), 7, &[5, 6], open)
    }

    #[test]
    fn who_took_out_what_was_written_over_did_otherwise() {
        assert_eq!(decided_for_something_else("2 base"), Ok(()));
        assert_eq!(decided_for_something_else("4 instead\n2 base").unwrap_err().invariant, Invariant::Decision);
    }

    /// As seed 121764: one decided two other versions, and in what was made of that and all that another decided, the word
    /// that the other one took out is no side of a place.
    fn decided_what_was_no_place_there(origin: Origin) -> Checked {
        let mut history = history([
            edit(1, &[], "2 base\n3 base\n4 base\n5 base\n6 base"),
            edit(2, &[1], "2 base\n3 base\n4 base\n5 base\n6 base\n7 line"),
            edit(3, &[1], "2 base\n3 base\n8 task\n4 base\n5 base\n6 base"),
            edit(4, &[2], "2 base\n4 base\n5 base\n6 base\n7 line"),
            edit(5, &[2], "2 base\n3 base\n4 base\n5 base\n7 line\n9 line"),
            edit(6, &[5], "3 base\n4 base\n5 base\n7 line\n9 line"),
            edit(7, &[4], "4 base\n5 base\n6 base\n7 line"),
            edit(8, &[3, 4, 6], "8 task\n4 base\n5 base\n7 line\n9 line"),
        ]);
        let (id, _) = places_in(&fold(&history, &[7, 8])).into_iter().next().unwrap();
        for (n, on, origin, lines) in [
            (9, &[3, 7, 6][..], origin, "8 task\n4 base\n5 base\n7 line\n9 line"),
            (10, &[8, 9], Origin::Edit, "8 task\n4 base\n5 base\n7 10 line\n9 line"),
            (11, &[7, 8], Origin::Resolve, "4 base\n5 base\n7 line\n9 line"),
        ] {
            let (rid, decided) = revision(n, on, origin, note(text(lines, n)));
            history.push(rid, decided);
        }
        let open = fold(&history, &[10, 11]);
        assert!(places_in(&open).contains_key(&id), "{open:?}");
        asked_by(history, (11, id), 12, &[10, 11], open)
    }

    #[test]
    fn what_was_no_place_where_another_decided_may_be_asked_again() {
        assert_eq!(decided_what_was_no_place_there(Origin::Resolve), Ok(()));
        assert_eq!(decided_what_was_no_place_there(Origin::Edit).unwrap_err().invariant, Invariant::Decision);
    }

    /// As seed 174064: of a place that was decided somebody had written something else in a side, so it was asked again, and
    /// two decided it each their own way.
    fn decided_again(last: Origin, on: &[u8]) -> Checked {
        let mut history = history([
            edit(1, &[], "1 base\n2 base"),
            edit(2, &[1], "3 instead\n2 base"),
            edit(3, &[1], "4 instead\n2 base"),
        ]);
        let open = fold(&history, &[2, 3]);
        let (id, _) = places_in(&open).into_iter().next().unwrap();
        for (n, on, origin, lines) in [
            (5, &[2, 3][..], Origin::Resolve, "1 base\n2 base"),
            (6, &[2, 3], Origin::Edit, "6 more\n2 base"),
            (7, &[5, 6], Origin::Resolve, "3 instead\n2 base"),
            (8, on, last, "4 instead\n2 base"),
        ] {
            let (rid, decided) = revision(n, on, origin, note(text(lines, n)));
            history.push(rid, decided);
        }
        asked_by(history, (5, id), 9, &[7, 8], open)
    }

    #[test]
    fn what_two_decided_again_each_their_own_way_is_asked_again() {
        assert_eq!(decided_again(Origin::Resolve, &[5, 6]), Ok(()));
        assert_eq!(decided_again(Origin::Edit, &[5, 6]).unwrap_err().invariant, Invariant::Decision);
        assert_eq!(decided_again(Origin::Resolve, &[7]).unwrap_err().invariant, Invariant::Decision);
    }

    /// As seed 184516: on a merge somebody set a field and set it back, and another, not knowing, set it.
    #[test]
    fn what_was_set_back_on_a_merge_was_set() {
        let done = |n: u8, on: &[u8], lines: &str, done: bool, at: u8| {
            let Fields::Note(mut note) = note(text(lines, n)) else { unreachable!() };
            note.done = Merge::resolved(done, stamp(at));
            revision(n, on, Origin::Edit, Fields::Note(note))
        };
        let with = |at: u8| {
            history([
                done(1, &[], "1 base\n2 base", false, 1),
                done(2, &[1], "1 base\n2 base\n3 line", false, 1),
                done(3, &[1], "4 line\n1 base\n2 base", false, 1),
                done(4, &[3], "4 line\n1 base\n2 base", true, 4),
                done(5, &[2, 3], "4 line\n1 base\n2 base\n3 line", false, at),
            ])
        };
        let asked = fold(&with(5), &[4, 5]);
        assert!(asked.as_note().is_some_and(|note| !note.done.is_resolved()), "the case is none: {asked:?}");
        assert_eq!(judged(&with(5), &[4, 5], asked.clone(), &[], &[]).0, Ok(()));
        // Who did not touch it set nothing.
        let broken = judged(&with(1), &[4, 5], asked, &[], &[]).0.unwrap_err();
        assert_eq!(broken.invariant, Invariant::Decision);
    }
}
