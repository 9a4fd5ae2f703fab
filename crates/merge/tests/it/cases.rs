//! The model's small counterexamples, the rules field by field, and the fold at its edges.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdfast_domain::{
    Body, DeviceFields, Fields, Merge, NoteFields, NotebookFields, NotebookId, Opaque, Origin, RevisionId, Segment,
    Stamp, Term, Trash, TrashState, UnknownFields,
};
use holdfast_merge::{
    ChangedField, FoldError, Graph, edit_body, edit_merge, fold, merge_fields, receipt_id, review, summarize, undo,
};

use crate::world::{World, note, place, show, show_body, stamp, text};

fn trash(state: TrashState) -> impl FnOnce(&mut holdfast_domain::NoteFields, Stamp) {
    move |f, stamp| f.trash = Trash { state, stamp }
}

/// Heads X and Y of `a b c d e f g`, where c became X and Y.
fn two() -> (World, RevisionId, RevisionId, RevisionId) {
    let mut w = World::default();
    let base = w.write(&[], |f, stamp| {
        f.body = Body::text(text("a b c d e f g"), stamp);
        f.tags.add_name("t".into(), stamp);
    });
    let x = w.write_text(&[base], "a b X d e f g");
    let y = w.write_text(&[base], "a b Y d e f g");
    (w, base, x, y)
}

#[test]
fn a_disagreement_is_one_open_place() {
    let (w, _, x, y) = two();
    assert_eq!(show(&w.fold(&[x, y])), "a,b {+X -c +Y} d,e,f,g tags [\"t\"] live");
}

#[test]
fn crossed_decisions_ask_again() {
    let (mut w, _, x, y) = two();
    let took = [w.write_text(&[x, y], "a b X d e f g"), w.write_text(&[x, y], "a b Y d e f g")];
    assert_eq!(show_body(&w.fold(&took).body), "a,b {+X -c +Y} d,e,f,g");
}

#[test]
fn the_original_does_not_overrule_another_decision() {
    let (mut w, _, x, y) = two();
    let took = [w.write_text(&[x, y], "a b c d e f g"), w.write_text(&[x, y], "a b Y d e f g")];
    assert_eq!(show_body(&w.fold(&took).body), "a,b {+Y -X +c} d,e,f,g");
}

#[test]
fn edits_elsewhere_carry_the_place_on() {
    let (mut w, _, x, y) = two();
    let edit = |from: &'static str, to: &'static str| {
        move |f: &mut holdfast_domain::NoteFields, stamp: Stamp| {
            let shown = f.body.shown();
            f.body = edit_body(&f.body, &shown.replace(from, to), stamp);
        }
    };
    let e = [w.write(&[x, y], edit("a\n", "a1\n")), w.write(&[x, y], edit("g\n", "g2\n"))];
    assert_eq!(show_body(&w.fold(&e).body), "a1,b {+X -c +Y} d,e,f,g2");
    let e2 = [w.write(&e, edit("e\n", "E\n")), w.write(&e, edit("b\n", "b\nB\n"))];
    assert_eq!(show_body(&w.fold(&e2).body), "a1,b,B {+X -c +Y} d,E,f,g2");
}

#[test]
fn a_tag_added_again_is_not_undone_by_a_removal_that_had_not_seen_it() {
    let (mut w, base, ..) = two();
    let off = w.write(&[base], |f, _| assert!(f.tags.remove_name("t")));
    let q = w.write(&[base], |f, _| assert!(f.tags.remove_name("t")));
    let on = w.write(&[q], |f, stamp| assert!(f.tags.add_name("T".into(), stamp)));
    assert_eq!(w.fold(&[off, on]).tags.names(), ["T"]);
    assert!(w.fold(&[off, q]).tags.names().is_empty());
}

#[test]
fn trash_decisions_that_disagree_ask_and_so_does_an_edit() {
    let (mut w, base, x, _) = two();
    let t = w.write(&[base], trash(TrashState::Trashed));
    let l = w.write(&[t], trash(TrashState::Live));
    let l2 = w.write(&[t], trash(TrashState::Live));
    let t2 = w.write(&[l], trash(TrashState::Trashed));
    assert_eq!(w.fold(&[l2, t2]).trash.state, TrashState::Open);
    assert_eq!(w.fold(&[t, x]).trash.state, TrashState::Open);
    let touched = w.write(&[base], |f, _| f.updated_ms = 99);
    assert_eq!(w.fold(&[t, touched]).trash.state, TrashState::Trashed, "a time is no edit");
    let both = w.write(&[base], trash(TrashState::Trashed));
    assert_eq!(w.fold(&[t, both]).trash.state, TrashState::Trashed);
}

#[test]
fn taken_back_is_as_never_done() {
    let (mut w, base, ..) = two();
    let u = w.write_text(&[base], "a b c d e f");
    let z = w.write_text(&[base], "a b c d e f");
    let z = w.write_text(&[z], "a b c d e f g");
    assert_eq!(show_body(&w.fold(&[u, z]).body), "a,b,c,d,e,f");
}

#[test]
fn three_heads_of_one_base_merge_at_once_and_equal_ones_agree() {
    let mut w = World::default();
    let base = w.write_text(&[], "a b c");
    let heads = [w.write_text(&[base], "A b c"), w.write_text(&[base], "a b C"), w.write_text(&[base], "a b C")];
    assert_eq!(show_body(&w.fold(&heads).body), "A,b,C");
    let more = w.write_text(&[base], "a b D");
    let heads = [heads[0], heads[1], heads[2], more];
    assert_eq!(show_body(&w.fold(&heads).body), "A,b {+C -c +D}");
}

#[test]
fn heads_without_a_common_ancestor_merge_over_nothing() {
    let mut w = World::default();
    let (a, b) = (w.write_text(&[], "a same"), w.write_text(&[], "b same"));
    let folded = w.fold(&[a, b]);
    assert_eq!(show_body(&folded.body), "{+a,same -() +b,same}");
}

#[test]
fn more_than_eight_sides_lose_no_line() {
    let mut w = World::default();
    let base = w.write_text(&[], "k m");
    let heads: Vec<RevisionId> = (0..12).map(|i| w.write_text(&[base], &format!("k x{i} y{i} m"))).collect();
    let folded = w.fold(&heads);
    assert_eq!(folded.body.places().map(|p| p.adds().count()).collect::<Vec<_>>(), [8]);
    let all: String = folded.body.places().flat_map(|p| p.adds()).map(|t| t.value.as_str()).collect();
    assert!((0..12).all(|i| all.contains(&format!("x{i}\ny{i}\n"))), "{all}");
    let mut titles = Vec::new();
    for i in 0..12 {
        titles.push(w.write(&[base], |f, stamp| f.title = Merge::resolved(format!("t{i}"), stamp)));
    }
    assert_eq!(w.fold(&titles).title.adds().count(), 12, "no title is dropped or joined");
}

/// Of ten sides two become one, or one that is contained in another goes. If that were the only one without a line, it
/// would be clean text, and nobody asked.
#[test]
fn who_took_out_a_line_at_an_end_is_asked_however_many_sides_there_are() {
    for (alone, at_start) in [("x0", false), ("x0", true), ("", false), ("", true)] {
        let mut w = World::default();
        let with_end = |word: &str| if at_start { format!("end {word}") } else { format!("{word} end") };
        let base = w.write_text(&[], &format!("k {} m", with_end("x")));
        let mut heads = vec![w.write_text(&[base], &format!("k {alone} m"))];
        heads.extend((1..10).map(|i| w.write_text(&[base], &format!("k {} m", with_end(&format!("x{i}"))))));
        let folded = w.fold(&heads);
        assert_eq!(folded.body.places().map(|p| p.adds().count()).collect::<Vec<_>>(), [8]);
        let clean =
            folded.body.segments().iter().filter_map(|s| if let Segment::Clean(t) = s { Some(t) } else { None });
        assert_eq!(clean.map(String::as_str).collect::<String>(), "k\nm\n", "{}", show_body(&folded.body));
        let all: String = folded.body.places().flat_map(|p| p.adds()).map(|t| t.value.as_str()).collect();
        assert!((1..10).all(|i| all.contains(&format!("x{i}\n"))), "{all}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let mut graph = Graph::new();
    let id = |n| RevisionId([n; 32]);
    assert_eq!(fold(&graph, &[]), Err(FoldError::NoHeads));
    assert_eq!(fold(&graph, &[id(1)]), Err(FoldError::Missing { id: id(1) }));
    let mut w = World::default();
    let base = w.write_text(&[], "a");
    let (x, y) = (w.write_text(&[base], "b"), w.write_text(&[base], "c"));
    graph.insert(base, vec![], None);
    for head in [x, y] {
        graph.insert(head, vec![base], w.graph.revision(head).cloned());
    }
    assert_eq!(fold(&graph, &[x, y]), Err(FoldError::Missing { id: base }));
    assert!(fold(&graph, &[x, base]).is_ok(), "the base of one head is not needed");
}

#[test]
fn one_record_has_one_kind() {
    let mut w = World::default();
    let a = w.write_text(&[], "a");
    let b = w.insert(&[], stamp(2, 2), Fields::Unknown(9, UnknownFields::new()));
    assert_eq!(fold(&w.graph, &[a, b]), Err(FoldError::KindsDiffer));
}

#[test]
fn five_thousand_revisions_and_a_ladder_of_crossings_fold_without_recursion() {
    let mut graph = Graph::new();
    let mut w = World::default();
    let body = |s| Fields::Note(note(s));
    let first = w.insert(&[], stamp(1, 1), body("a b c"));
    let revision = |id: RevisionId| w.graph.revision(id).cloned();
    graph.insert(first, vec![], revision(first));
    let id = |n: u32| {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&n.to_be_bytes());
        RevisionId(id)
    };
    // Two heads at a time, each on both before: every base is a fold of two.
    let mut pair = vec![first];
    for n in 0..1_000 {
        let next = vec![id(2 * n + 1), id(2 * n + 2)];
        for (i, at) in next.iter().enumerate() {
            let words = if i == 0 { format!("a{n} b c") } else { format!("a b c{n}") };
            let fields = Fields::Note(note(&words));
            let made = holdfast_domain::Revision::new(
                holdfast_domain::RecordId([7; 16]),
                pair.clone(),
                stamp(u64::from(n) + 2, i as u8),
                holdfast_domain::Origin::Edit,
                1,
                fields,
            );
            graph.insert(*at, pair.clone(), Some(Arc::new(made)));
        }
        pair = next;
    }
    // Then a chain of stubs above one of them does not matter, only its end does.
    let mut tip = pair[0];
    for n in 0..5_000 {
        graph.insert(id(10_000 + n), vec![tip], None);
        tip = id(10_000 + n);
    }
    let head = id(50_000);
    graph.insert(head, vec![tip], revision(first));
    let folded = fold(&graph, &[head, pair[1]]).unwrap();
    let swapped = fold(&graph, &[pair[1], head]).unwrap();
    assert_eq!(folded, swapped);
    assert_eq!(graph.maximal([head, first, pair[1]]), BTreeSet::from([head, pair[1]]));
}

#[test]
fn scalars_ask_and_sets_unite_and_times_stretch() {
    let mut w = World::default();
    let base = w.write_text(&[], "a");
    let x = w.write(&[base], |f, s| {
        f.title = Merge::resolved("X".into(), s);
        f.file_name = Merge::resolved(Some("x.md".into()), s);
        f.created_ms = 5;
        f.updated_ms = 50;
        f.unknown.insert(99, Opaque::One(vec![1]));
    });
    let y = w.write(&[base], |f, s| {
        f.title = Merge::resolved("Y".into(), s);
        f.file_name = Merge::resolved(Some("y.md".into()), s);
        f.done = Merge::resolved(true, s);
        f.created_ms = 7;
        f.updated_ms = 40;
        f.unknown.insert(99, Opaque::One(vec![2]));
    });
    let m = w.fold(&[x, y]);
    assert_eq!((m.title.shown().as_str(), m.title.is_resolved()), ("Y", false));
    assert_eq!(m.done.as_resolved(), Some(&true));
    assert_eq!(m.file_name.as_resolved(), Some(&Some("y.md".to_string())), "the newest, and nobody is asked");
    assert_eq!((m.created_ms, m.updated_ms), (5, 50));
    assert_eq!(m.unknown[&99], Opaque::Conflict(BTreeSet::from([vec![1], vec![2]])));
    assert!(m.needs_newer_version());
}

#[test]
fn notebooks_and_devices() {
    let base = NotebookFields {
        name: Merge::resolved("n".into(), stamp(1, 1)),
        parent: Merge::resolved(None, stamp(1, 1)),
        trash: Trash::LIVE,
        created_ms: 1,
        unknown: UnknownFields::new(),
    };
    let moved = NotebookFields { parent: Merge::resolved(Some(NotebookId([3; 16])), stamp(2, 2)), ..base.clone() };
    let gone = NotebookFields { trash: Trash { state: TrashState::Trashed, stamp: stamp(3, 3) }, ..base.clone() };
    let [base, moved, gone] = [base, moved, gone].map(Fields::Notebook);
    let merged = merge_fields(&base, &[&moved, &gone]);
    assert_eq!(merged.as_notebook().map(|n| n.trash.state), Some(TrashState::Open));
    let device = |name: &str, ms| {
        Fields::Device(DeviceFields {
            name: Merge::resolved(name.into(), stamp(ms, 1)),
            platform: "linux".into(),
            last_seen_ms: ms,
            created_ms: 1,
            unknown: UnknownFields::new(),
        })
    };
    let merged = merge_fields(&device("a", 1), &[&device("b", 9), &device("c", 5)]);
    assert_eq!(merged, device("b", 9));
}

#[test]
fn receipts_say_what_came_from_whom_and_undo_takes_it_back() {
    let (mut w, base, x, _) = two();
    let z = w.write(&[base], |f, stamp| {
        f.body = Body::text(text("a b c d e f G"), stamp);
        f.tags.remove_name("t");
        f.title = Merge::resolved("new".into(), stamp);
    });
    let summary = summarize(&w.graph, &[x, z]).unwrap();
    let of = |id| summary.iter().find(|s| s.head == id).unwrap();
    assert_eq!((of(x).body.len(), of(x).body[0].line, of(x).body[0].added.as_str()), (1, 2, "X\n"));
    assert!(of(x).fields.is_empty());
    assert_eq!(of(z).fields.len(), 2);
    assert_eq!(receipt_id(&[x, z], 1), receipt_id(&[z, x, x], 1));
    assert_ne!(receipt_id(&[x, z], 1), receipt_id(&[x, z], 2));

    let merged = Fields::Note(w.fold(&[x, z]));
    let side = Fields::Note(w.fold(&[x]));
    let back = undo(&merged, &merged, &side, stamp(90, 9));
    let back = back.as_note().unwrap();
    assert_eq!(show(back), "a,b,X,d,e,f,g tags [\"t\"] live");
    assert_eq!(back.tags.iter().next().unwrap().stamp, stamp(90, 9), "brought back under a new stamp");
    assert_eq!(back.title.terms()[0].stamp, stamp(90, 9));
}

#[test]
fn a_place_edited_here_and_decided_there() {
    // Decided for the side that was edited: the edited side.
    let open = Body::from_segments(
        vec![Segment::Clean(text("a")), Segment::Place(place(&["X", "c", "Y"])), Segment::Clean(text("b"))],
        stamp(20, 1),
    );
    let edited = edit_body(&open, &text("a Y2 b"), stamp(30, 1));
    let kept = Body::text(text("a Y b"), stamp(31, 2));
    let other = Body::text(text("a X b"), stamp(31, 2));
    assert_eq!(show_body(&holdfast_merge::merge_body(&open, &[&edited, &kept])), "a,Y2,b");
    assert_eq!(show_body(&holdfast_merge::merge_body(&open, &[&edited, &other])), "a {+X -Y +Y2} b");
}

#[test]
fn what_an_undo_opens_again_is_not_closed_by_a_decision_that_had_not_seen_it() {
    let (mut w, _, x, y) = two();
    let took = [w.write_text(&[x, y], "a b X d e f g"), w.write_text(&[x, y], "a b Z d e f g")];
    let stamp = w.stamp();
    let [now, before] = [w.fold(&took[1..]), w.fold(&[x, y])].map(Fields::Note);
    let back = w.insert_as(Origin::Undo, &took[1..], stamp, undo(&now, &now, &before, stamp));
    assert_eq!(show_body(&w.fold(&[took[0], back]).body), "a,b {+X -c +Y} d,e,f,g");
}

/// Who carried the place on had got another text of the same side, which was written elsewhere: its stamp is newer, and
/// what it says about the place is not.
#[test]
fn what_was_decided_is_not_asked_again_because_somebody_wrote_elsewhere() {
    let (mut w, _, x, y) = two();
    let took = w.write_text(&[x, y], "a b X d e f g");
    let elsewhere = w.write(&[y], |f, stamp| f.body = edit_body(&f.body, &(f.body.shown() + "h\n"), stamp));
    let carried =
        w.write(&[x, elsewhere], |f, stamp| f.body = edit_body(&f.body, &("0\n".to_owned() + &f.body.shown()), stamp));
    assert_eq!(show_body(&w.fold(&[carried]).body), "0,a,b {+X -c +Y} d,e,f,g,h");
    assert_eq!(show_body(&w.fold(&[took, carried]).body), "0,a,b,X,d,e,f,g,h");
}

/// As above, and a title was taken back on the way: that opens no place of the text.
#[test]
fn what_was_decided_is_not_asked_again_because_a_title_was_taken_back() {
    let (mut w, base, x, _) = two();
    let titled = w.write(&[base], |f, stamp| f.title = Merge::resolved("T".to_owned(), stamp));
    let y = w.write_text(&[titled], "a b Y d e f g");
    let elsewhere = w.write(&[x, titled], |f, stamp| f.body = edit_body(&f.body, &(f.body.shown() + "h\n"), stamp));
    let took = w.write_text(&[x, y], "a b Y d e f g");
    let stamp = w.stamp();
    let [now, before] = [w.fold(&[y, elsewhere]), w.fold(&[x])].map(Fields::Note);
    let title = |fields: &Fields| if let Fields::Note(note) = fields { note.title.clone() } else { unreachable!() };
    let mut without = before.clone();
    if let (Fields::Note(without), Fields::Note(now)) = (&mut without, &now) {
        *without = NoteFields { title: without.title.clone(), ..now.clone() };
    }
    let back = w.insert_as(Origin::Undo, &[y, elsewhere], stamp, undo(&now, &now, &without, stamp));
    assert_eq!(title(&Fields::Note(w.fold(&[back]))).as_resolved(), title(&before).as_resolved());
    assert_eq!(show_body(&w.fold(&[back]).body), "a,b {+X -c +Y} d,e,f,g,h");
    let carried =
        w.write(&[back], |f, stamp| f.body = edit_body(&f.body, &("0\n".to_owned() + &f.body.shown()), stamp));
    assert_eq!(show_body(&w.fold(&[took, carried]).body), "0,a,b,Y,d,e,f,g,h");
}

/// As above, and what was taken back asks about another place of the text.
#[test]
fn what_was_decided_is_not_asked_again_because_another_decision_was_taken_back() {
    let (mut w, _, x, y) = two();
    let others = [w.write_text(&[y], "a b Y d e f g1"), w.write_text(&[y], "a b Y d e f g2")];
    let other = w.write_text(&others, "a b Y d e f g1");
    let took = w.write_text(&[x, y], "a b X d e f g");
    let stamp = w.stamp();
    let [now, merged, before] = [&[x, other][..], &[other], &others].map(|of| Fields::Note(w.fold(of)));
    let back = w.insert_as(Origin::Undo, &[x, other], stamp, undo(&now, &merged, &before, stamp));
    assert_eq!(show_body(&w.fold(&[back]).body), "a,b {+X -c +Y} d,e,f {+g1 -g +g2}");
    let carried =
        w.write(&[back], |f, stamp| f.body = edit_body(&f.body, &("0\n".to_owned() + &f.body.shown()), stamp));
    assert_eq!(show_body(&w.fold(&[took, carried]).body), "0,a,b,X,d,e,f {+g1 -g +g2}");
}

/// The smallest history that lost a line, as it was found: on one device an old merge was taken back beside a
/// line that was new, on another that line was removed. `()` and the removed `L9` of the place cancelled `L9`.
#[test]
fn a_line_beside_an_undo_is_not_cancelled_by_what_the_place_removed() {
    let mut w = World::default();
    let base = w.write_text(&[], "k b m q");
    let heads = [w.write_text(&[base], "k m q"), w.write_text(&[base], "k b m L9 q")];
    let next = w.write_text(&heads, "k m L19 L9 q");
    let [now, merged, side] = [&[next][..], &heads, &heads[..1]].map(|of| Fields::Note(w.fold(of)));
    let stamp = w.stamp();
    let taken_back = undo(&now, &merged, &side, stamp);
    let taken_back = w.insert(&[next], stamp, taken_back);
    let removed = w.write_text(&[next], "k m L9 q");
    assert_eq!(show_body(&w.fold(&[taken_back, removed]).body), "k,m,q");
}

/// Two more that were found, by what they came to.
#[test]
fn a_side_is_not_cancelled_by_a_term_that_another_place_removed() {
    let body = |segments| Body::from_segments(segments, stamp(20, 1));
    let opened =
        |terms: &[&str]| body(vec![Segment::Clean(text("a")), Segment::Place(place(terms)), Segment::Clean(text("z"))]);
    let merged = |base: &str, x: &Body, y: &Body| {
        show_body(&holdfast_merge::merge_body(&Body::text(text(base), stamp(9, 1)), &[x, y]))
    };
    let (x, y) = (opened(&["", "L3", "L3 L8"]), opened(&["L3", "", "L8"]));
    assert_eq!(merged("a L3 L8 z", &x, &y), "a {+() -() +L3 -L3 +L3,L8 -L3,L8 +L8} z");
    let (x, y) = (opened(&["L2", "L2 n", "n"]), Body::text(text("a L2 n z"), stamp(30, 2)));
    assert_eq!(merged("a L2 z", &x, &y), "a {+L2 -L2 +L2,n -L2,n +n} z");
}

#[test]
fn a_place_is_no_part_of_what_changes_beside_it() {
    let of = |words: &[&str], terms: &[&str]| {
        let segments =
            vec![Segment::Clean(text(words[0])), Segment::Place(place(terms)), Segment::Clean(text(words[1]))];
        Body::from_segments(segments, stamp(20, 1))
    };
    let base = of(&["a", "d e"], &["X", "c", "Y"]);
    let merged = |sides: &[&Body]| show_body(&holdfast_merge::merge_body(&base, sides));
    let (less, more) = (of(&["a", "e"], &["X", "c", "Y"]), of(&["a n", "d e"], &["X", "c", "Y"]));
    let decided = Body::text(text("a X d e"), stamp(30, 2));
    assert_eq!(merged(&[&less, &decided]), "a,X,e");
    assert_eq!(merged(&[&less, &decided, &more]), "a,n,X,e");
}

fn clean_text(body: &Body) -> String {
    let clean = |segment: &Segment| if let Segment::Clean(text) = segment { text.clone() } else { String::new() };
    body.segments().iter().map(clean).collect()
}

/// One took a line out; the other wrote a paragraph above it, and in the empty line below. That the first empty line of
/// theirs is like the old one does not make the line a new one.
#[test]
fn an_empty_line_is_no_reason_to_take_a_line_for_moved() {
    let of = |text: &str, n| Body::text(text.to_owned(), stamp(n, 1));
    let base = of("a\nx y\n\nb\nc\n", 1);
    let written = of("a\n\nnew\nparagraph\nx y\n3\nb\nc\n", 2);
    let merged = holdfast_merge::merge_body(&base, &[&written, &of("a\n\nb\nc\n", 3)]);
    assert!(!clean_text(&merged).contains("x y"), "{}", show_body(&merged));
    assert!(show_body(&merged).contains("paragraph"), "{}", show_body(&merged));
    // Where nothing else is the same, empty lines are.
    let merged = holdfast_merge::merge_body(&base, &[&of("a\nz\n\nb\nc\n", 2), &of("a\nx y\n\nb\nd\n", 3)]);
    assert_eq!(merged.shown(), "a\nz\n\nb\nd\n");
}

/// Whether a line stays is asked; who wrote in it, not knowing, has it in the question.
#[test]
fn a_line_that_is_asked_about_is_not_clean_with_more_words() {
    let base = Body::text("a\n\nx y\nend\n".to_owned(), stamp(1, 1));
    let terms = ["", "\nx y\n", "\nx y\nend\n"].map(str::to_owned).into_iter().enumerate();
    let terms = terms.map(|(i, text)| Term::new(text, if i == 1 { Stamp::ZERO } else { stamp(2 - i as u64 / 2, 1) }));
    let place = Merge::from_terms(terms.collect()).unwrap();
    let asked = Body::from_segments(vec![Segment::Clean("a\n".to_owned()), Segment::Place(place)], stamp(2, 1));
    let written = Body::text("a\n6\nx more y\n\nnew\nparagraph\nend\n".to_owned(), stamp(3, 2));
    let merged = holdfast_merge::merge_body(&base, &[&asked, &written]);
    assert!(!clean_text(&merged).contains("x more y"), "{}", show_body(&merged));
}

#[test]
fn a_title_given_up_and_written_again_is_a_side() {
    let mut w = World::default();
    let title = |to: &'static str| {
        move |f: &mut holdfast_domain::NoteFields, stamp| f.title = Merge::resolved(to.into(), stamp)
    };
    let base = w.write(&[], title("T"));
    let other = w.write(&[base], title("U"));
    let away = w.write(&[base], title("V"));
    let back = w.write(&[away], title("T"));
    let merged = w.fold(&[other, back]).title;
    assert_eq!(merged.adds().map(|t| t.value.as_str()).collect::<Vec<_>>(), ["T", "U"]);
}

#[test]
fn a_title_is_merged_by_its_words_where_the_edits_are_apart() {
    let mut w = World::default();
    let title = |to: &'static str| {
        move |f: &mut holdfast_domain::NoteFields, stamp| f.title = Merge::resolved(to.into(), stamp)
    };
    let base = w.write(&[], title("Plan for May in Rome"));
    let (x, y) = (w.write(&[base], title("Plans for May in Rome")), w.write(&[base], title("Plan for May in Oslo")));
    let merged = w.fold(&[x, y]).title;
    assert_eq!(merged.as_resolved().map(String::as_str), Some("Plans for May in Oslo"));
    assert_eq!(merged.newest().stamp, w.graph.revision(y).unwrap().stamp());
    assert!(review(&w.fold(&[x, y])).places.is_empty());

    // The same word is a choice, and so is one title inside another, and a first title.
    for (base_title, ours, theirs) in
        [("Plan for May", "Plan for June", "Plan for July"), ("Notes", "Trip", "Trip to Rome"), ("", "One", "Two")]
    {
        let base = w.write(&[], title(base_title));
        let heads = [w.write(&[base], title(ours)), w.write(&[base], title(theirs))];
        let sides: Vec<String> = w.fold(&heads).title.adds().map(|t| t.value.clone()).collect();
        assert_eq!(sides.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from([ours, theirs]));
    }

    // A title that is open stays so, whatever another changes in a word of it.
    let term = |title: &str, at| Term::new(title.to_string(), at);
    let terms =
        [term("Plan A for May", stamp(5, 5)), term("Plan for May", Stamp::ZERO), term("Plan B for May", stamp(6, 6))];
    let open = w.write(&[base], |f, _| f.title = Merge::from_terms(terms.to_vec()).unwrap());
    let edited = |f: &mut holdfast_domain::NoteFields, s| f.title = edit_merge(&f.title, "Plan B for June".into(), s);
    let heads = [w.write(&[open], edited), w.write_text(&[open], "q")];
    assert!(!w.fold(&heads).title.is_resolved());

    // One side is taken back: its word goes, the other's stays.
    let now = Fields::Note(w.fold(&[x, y]));
    let side = Fields::Note(w.fold(&[y]));
    let back = undo(&now, &now, &side, stamp(90, 9));
    assert_eq!(back.as_note().unwrap().title.as_resolved().map(String::as_str), Some("Plan for May in Oslo"));
    let summary = summarize(&w.graph, &[x, y]).unwrap();
    assert!(summary.iter().all(|s| matches!(s.fields.as_slice(), [ChangedField::Title { .. }])));
}

#[test]
fn front_matter_of_a_note_is_merged_by_key() {
    let mut w = World::default();
    let front = |to: &'static str| {
        move |f: &mut holdfast_domain::NoteFields, stamp| f.front_matter = Merge::resolved(to.into(), stamp)
    };
    let base = w.write(&[], front("a: 1\nb: 1\n"));
    let (x, y, z) = (
        w.write(&[base], front("a: 2\nb: 1\n")),
        w.write(&[base], front("a: 1\nb: 2\n")),
        w.write(&[base], front("a: 3\nb: 1\n")),
    );
    assert_eq!(w.fold(&[x, y]).front_matter.as_resolved().map(String::as_str), Some("a: 2\nb: 2\n"));
    assert_eq!(w.fold(&[x, y, z]).front_matter.adds().count(), 3, "one key asks, so all of it does");
}

/// Two versions that both build on a merge: what stands elsewhere in one of them may have been put there by merges, so it
/// is no answer to who took it out.
#[test]
fn after_a_merge_a_line_that_stands_elsewhere_and_was_taken_out_asks() {
    let mut w = World::default();
    let root = w.write_text(&[], "a c");
    let (one, other) = (w.write_text(&[root], "a b c"), w.write_text(&[root], "a c d"));
    let moved = w.write_text(&[one, other], "a c b d");
    let gone = w.write_text(&[one, other], "a c d");
    let view = w.fold(&[moved, gone]);
    assert_eq!(show_body(&view.body), "a {+c -b,c +c,b} d");
    // Of one version only a person can have moved it, and it is as in git.
    let base = w.write_text(&[root], "a b c d");
    let (moved, gone) = (w.write_text(&[base], "a c b d"), w.write_text(&[base], "a c d"));
    assert_eq!(show_body(&w.fold(&[moved, gone]).body), "a,c,b,d");
}
