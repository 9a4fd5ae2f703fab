//! What is taken back, beside what others decided meanwhile.

use holdfast_domain::{Body, Fields, Merge, NoteFields, NotebookId, Origin, RevisionId, Segment};
use holdfast_merge::{edit_merge, left_by_undecided, left_by_undo, undo};

use crate::world::{World, place, show, show_body, stamp, text};

/// One takes out the first and the last line; another writes in both, and adds a line before that.
struct Parted {
    world: World,
    out: RevisionId,
    added: RevisionId,
    written: RevisionId,
}

fn parted() -> Parted {
    let mut world = World::default();
    let base = world.write_text(&[], "2 3 4 5 6 7");
    let out = world.write_text(&[base], "3 4 5 6");
    let added = world.write_text(&[base], "2 3 4 5 6 7 13");
    let written = world.write_text(&[added], "2-31 3 4 5 6 7-27 13");
    Parted { world, out, added, written }
}

fn taken_back(world: &World, on: &[RevisionId], (merged, before): (NoteFields, NoteFields)) -> NoteFields {
    let back = undo(&Fields::Note(world.fold(on)), &Fields::Note(merged), &Fields::Note(before), stamp(50, 0));
    back.as_note().unwrap().clone()
}

#[test]
fn a_merge_that_nobody_built_on_is_taken_back_to_what_its_side_is_now() {
    let Parted { world, out, added, written } = parted();
    let on = [out, written];
    let left = left_by_undo(&world.graph, &on, &[added, out], added).unwrap();
    assert_eq!(left, [written]);
    let back = taken_back(&world, &on, (world.fold(&on), world.fold(&left)));
    assert_eq!(show(&back), "2-31,3,4,5,6,7-27,13 tags [] live");
    // To the other side of it: what was written on the first since stays, and has to be told apart.
    assert_eq!(left_by_undo(&world.graph, &on, &[added, out], out), None);
    // Once somebody wrote on both, too.
    let mut world = world;
    let both = world.write_text(&on, "3 4 5 6 8");
    assert_eq!(left_by_undo(&world.graph, &[both], &[added, out], added), None);
}

#[test]
fn a_decision_that_nobody_built_on_is_taken_back_as_if_it_had_not_been_made() {
    let Parted { mut world, out, written, .. } = parted();
    let asked = world.fold(&[out, written]);
    let decided = world.write_text(&[out, written], "3 4 5 6");
    let beside = world.write_text(&[written], "2-31 3 4-4 5 6 7-27 13");
    let on = [decided, beside];
    let left = left_by_undecided(&world.graph, &on, decided, &[out, written]).unwrap();
    let back = taken_back(&world, &on, (world.fold(&on), world.fold(&left)));
    assert_eq!(show_body(&back.body), show_body(&asked.body).replace("3,4,5", "3,4-4,5"));
    let later = world.write_text(&[decided], "3 4 5 6 9");
    assert_eq!(left_by_undecided(&world.graph, &[later, beside], decided, &[out, written]), None);
}

#[test]
fn who_decided_is_asked_where_another_took_back_what_that_was_made_on() {
    let Parted { mut world, out, added, written } = parted();
    let on = [out, written];
    let left = left_by_undo(&world.graph, &on, &[added, out], added).unwrap();
    let back = taken_back(&world, &on, (world.fold(&on), world.fold(&left)));
    let back = world.insert_as(Origin::Undo, &on, stamp(50, 0), Fields::Note(back));
    for decision in ["3 4 5 6", "2 3 4 5 6 7", "3 4 5 6 7"] {
        let decided = world.write_text(&on, decision);
        let together = world.fold(&[back, decided]);
        let places: Vec<String> = show_body(&together.body).split('{').skip(1).map(str::to_owned).collect();
        assert_eq!(places.len(), 2, "{decision}: {}", show(&together));
        assert!(places[0].contains("+2-31") && places[1].contains("+7-27,13"), "{places:?}");
    }
}

/// An earlier version took it back with a place in which what is there now was there before.
#[test]
fn who_decided_for_what_another_has_as_the_past_is_asked() {
    let Parted { mut world, out, written, .. } = parted();
    let on = [out, written];
    let stamp = stamp(50, 0);
    let mut back = world.fold(&on);
    let segments = back.body.segments().iter().enumerate().map(|(n, segment)| match n {
        0 => Segment::Place(place(&["2", "", "2-31"])),
        _ => segment.clone(),
    });
    back.body = Body::from_segments(segments.collect(), stamp);
    let back = world.insert_as(Origin::Undo, &on, stamp, Fields::Note(back));
    let decided = world.write_text(&on, "3 4 5 6");
    let together = world.fold(&[back, decided]);
    let Some(Segment::Place(place)) = together.body.segments().first() else { panic!("{}", show(&together)) };
    let sides: Vec<&str> = place.adds().map(|term| term.value.as_str()).collect();
    assert_eq!(sides, ["", &text("2"), &text("2-31")]);
}

#[test]
fn two_who_set_the_same_are_one_side_in_whatever_order_they_meet() {
    let mut world = World::default();
    let base = world.write_text(&[], "a b c");
    let moved = |world: &mut World, to: u8| {
        world.write(&[base], |note, stamp| {
            note.notebook = edit_merge(&note.notebook, Some(NotebookId([to; 16])), stamp);
        })
    };
    let (one, two, other) = (moved(&mut world, 1), moved(&mut world, 1), moved(&mut world, 2));
    let decided = world.write(&[one, two, other], |note, stamp| {
        note.notebook = Merge::resolved(Some(NotebookId([2; 16])), stamp);
    });
    // Another meets them one after another, and writes in the text.
    let first = world.write_text(&[two, other], "a b c d");
    let then = world.write_text(&[one, first], "a b c d e");
    assert_eq!(world.fold(&[then]).notebook.adds().count(), 2);
    let together = world.fold(&[decided, then]);
    assert_eq!(together.notebook.as_resolved(), Some(&Some(NotebookId([2; 16]))), "{:?}", together.notebook);
}

/// Two took the same merge back, one of them without a difference: what is there again is there once.
#[test]
fn what_is_back_already_is_not_put_back_a_second_time() {
    let mut world = World::default();
    let base = world.write(&[], |f, stamp| assert!(f.tags.add_name("t".into(), stamp)));
    let off = world.write(&[base], |f, _| assert!(f.tags.remove_name("t")));
    let side = world.write(&[base], |f, stamp| f.title = Merge::resolved("title".into(), stamp));
    let (merged, before) = (world.fold(&[off, side]), world.fold(&[side]));
    assert!(merged.tags.names().is_empty());
    let first = taken_back(&world, &[off, side], (merged.clone(), before.clone()));
    let back = world.write(&[off, side], |f, _| *f = first);
    let shown = Fields::Note(world.fold(&[back]));
    let second = undo(&shown, &Fields::Note(merged), &Fields::Note(before), stamp(60, 1)).as_note().unwrap().clone();
    assert_eq!(second.tags, world.fold(&[back]).tags);
    // So whoever takes it off, not knowing of the second, takes it off.
    let again = world.write(&[back], |f, _| *f = second);
    let without = world.write(&[back], |f, _| assert!(f.tags.remove_name("t")));
    assert!(world.fold(&[again, without]).tags.names().is_empty());
}

/// One took a tag off, another put it there again: back at the version before, it is there.
#[test]
fn what_is_there_as_another_entry_stays_where_a_merge_is_taken_back() {
    let mut world = World::default();
    let base = world.write(&[], |f, stamp| assert!(f.tags.add_name("t".into(), stamp)));
    let off = world.write(&[base], |f, _| assert!(f.tags.remove_name("t")));
    let again = world.write(&[off], |f, stamp| assert!(f.tags.add_name("t".into(), stamp)));
    let side = world.write(&[base], |f, stamp| f.title = Merge::resolved("title".into(), stamp));
    let on = [again, side];
    for stays in on {
        let back = taken_back(&world, &on, (world.fold(&on), world.fold(&[stays])));
        assert_eq!(back.tags.names(), ["t"]);
    }
}
