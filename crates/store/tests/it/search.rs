//! Search, as a table of notes and queries.

use crate::support::{TempStore, note};

const NOTES: &[(u64, &str, &str)] = &[
    (1, "Garden plan", "Buy seeds and water the tomatoes. AND more."),
    (2, "Shopping", "Milk, bread, a garden hose"),
    (3, "Ärger mit der Straße", "Das Gemüsebeet im Schrebergarten. Größe: 3 m²"),
    (4, "日本語のノート", "東京タワーへ行きました。カレーが好き。"),
    (5, "한국어 메모", "서울에서 김치를 먹었습니다"),
    (6, "Quotes", "He said \"to be OR not\" and left; 100% C++ (really) 🎉 party"),
    (7, "naïve café", "résumé"),
    (8, "Deleted garden", "trashed"),
    (9, "x", "y z"),
];

fn filled() -> TempStore {
    let t = TempStore::new();
    fill(&t);
    t
}

fn fill(t: &TempStore) {
    t.write(|tx| {
        for (n, title, body) in NOTES {
            let mut row = note(*n, title, body);
            row.trashed = *n == 8;
            if *n == 2 {
                row.tags = vec!["Errands".into(), "買い物".into()];
            }
            tx.put_note_view(&row, if *n == 1 { "the other side says cucumber" } else { "" })?;
        }
        Ok(())
    });
}

fn ids(t: &TempStore, query: &str) -> Vec<u64> {
    t.read(|tx| tx.search(query, 50, false)).iter().map(|h| h.updated_ms).collect()
}

/// What is typed, and which notes it finds.
const QUERIES: &[(&str, &[u64])] = &[
    ("", &[]),
    ("   ", &[]),
    ("garden", &[1, 2]),
    ("gard", &[1, 2]),
    ("GARDEN plan", &[1]),
    ("garden hose", &[2]),
    ("garden nowhere", &[]),
    ("tomat", &[1]),
    ("arden", &[1, 2]),
    ("x", &[9]),
    ("y", &[9]),
    ("q", &[6]),
    // German: with and without marks, inside a compound.
    ("arger", &[3]),
    ("Ärger", &[3]),
    ("A\u{308}rger", &[3]),
    ("strasse", &[3]),
    ("straße", &[3]),
    ("garten", &[3]),
    ("grosse", &[3]),
    ("cafe", &[7]),
    ("naive resume", &[7]),
    // Japanese and Korean, one sign to several.
    ("東", &[4]),
    ("東京", &[4]),
    ("京タワー", &[4]),
    ("日本語", &[4]),
    ("カレー 好き", &[4]),
    ("ｶﾚｰ", &[4]),
    ("김치", &[5]),
    ("김치를 서울", &[5]),
    ("메모", &[5]),
    ("국어", &[5]),
    ("買い物", &[2]),
    ("買", &[2]),
    // Nothing is syntax.
    // As a word, then inside "errands".
    ("AND", &[1, 6, 2]),
    ("OR", &[6]),
    ("NOT", &[6]),
    ("NEAR(a b)", &[]),
    ("title:garden", &[]),
    ("title : garden", &[]),
    ("*", &[]),
    ("gard*", &[1, 2]),
    ("\"", &[6]),
    ("\"to be", &[6]),
    ("\"\"\"", &[]),
    ("(", &[6]),
    ("(really)", &[6]),
    ("C++", &[6]),
    ("100%", &[6]),
    ("%", &[6]),
    ("_", &[]),
    ("^garden", &[1, 2]),
    ("-garden", &[1, 2]),
    ("{a b}", &[]),
    ("'; DROP TABLE notes; --", &[]),
    ("🎉", &[6]),
    ("🎉 party", &[6]),
    ("\0", &[]),
    // Tags, and sides that are not shown.
    ("errands", &[2]),
    ("cucumber", &[1]),
];

#[test]
fn what_is_typed_finds_what_is_meant() {
    let t = filled();
    for (query, expected) in QUERIES {
        assert_eq!(ids(&t, query), *expected, "{query:?}");
    }
}

fn sorted(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids
}

#[test]
fn notes_that_are_not_indexed_yet_are_found_too() {
    let t = TempStore::new();
    t.write(|tx| {
        // Notes from before are indexed, and stay so.
        tx.put_note_view(&note(20, "Old", "an elephant"), "")?;
        tx.defer_index()
    });
    fill(&t);
    let check = |behind: u64| {
        assert_eq!(t.read(|tx| tx.index_behind()), behind);
        for (query, expected) in QUERIES {
            assert_eq!(sorted(ids(&t, query)), sorted(expected.to_vec()), "{query:?}, {behind} behind");
        }
        assert_eq!(ids(&t, "elephant"), [20]);
        assert!(!ids(&t, "garden").contains(&8), "it is in the trash");
    };
    check(9);
    // One note at a time: at every place where a program can stop.
    for left in (0..9).rev() {
        assert_eq!(t.write(|tx| tx.index_more(1)), left > 0);
        check(left);
    }
    assert!(!t.write(|tx| tx.index_more(1)));
    // All is as if it had been indexed at once: also the order.
    for (query, expected) in QUERIES {
        assert_eq!(ids(&t, query), *expected, "{query:?}");
    }
    t.write(|tx| tx.put_note_view(&note(21, "New", "a giraffe"), ""));
    assert_eq!((ids(&t, "giraffe"), t.read(|tx| tx.index_behind())), (vec![21], 0));
}

#[test]
fn notes_that_change_or_go_before_they_are_indexed_leave_nothing_behind() {
    let t = TempStore::new();
    t.write(|tx| {
        tx.put_note_view(&note(1, "Old", "an elephant"), "")?;
        tx.defer_index()?;
        tx.put_note_view(&note(2, "Two", "an ostrich"), "")?;
        tx.put_note_view(&note(3, "Three", "a zebra"), "")?;
        tx.put_note_view(&note(4, "Four", "an okapi"), "")
    });
    t.write(|tx| {
        assert!(tx.index_more(1)?);
        // One that is indexed, one that is not, and one that goes.
        tx.put_note_view(&note(2, "Two", "a hippo"), "")?;
        tx.put_note_view(&note(3, "Three", "a rhino"), "")?;
        tx.put_note_view(&note(1, "Old", "a mammoth"), "")?;
        tx.remove_note_view(note(4, "", "").id)?;
        Ok(())
    });
    for step in 0..2 {
        let found = |query| sorted(ids(&t, query));
        assert_eq!((found("hippo"), found("rhino"), found("mammoth")), (vec![2], vec![3], vec![1]), "{step}");
        for gone in ["elephant", "ostrich", "zebra", "okapi"] {
            assert!(ids(&t, gone).is_empty(), "{gone}");
        }
        while t.write(|tx| tx.index_more(1)) {}
    }
}

#[test]
fn titles_come_first_and_the_order_stays() {
    let t = TempStore::new();
    t.write(|tx| {
        for n in 0..40 {
            let (title, body) = if n % 4 == 0 { ("apple", "fruit") } else { ("fruit", "apple apple apple apple") };
            tx.put_note_view(&note(n, title, body), "")?;
        }
        tx.put_note_view(&note(50, "pineapple", "x"), "")
    });
    let all = ids(&t, "apple");
    assert_eq!(all[..10], [36, 32, 28, 24, 20, 16, 12, 8, 4, 0]);
    assert_eq!((all.len(), all[40]), (41, 50), "words before parts of words");
    assert_eq!(ids(&t, "apple"), all);
    let hits = t.read(|tx| tx.search("apple", 5, false));
    assert_eq!(hits.iter().map(|h| h.rank).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(hits.iter().map(|h| h.updated_ms).collect::<Vec<_>>(), all[..5]);
}

#[test]
fn trashed_notes_are_found_only_when_asked_for() {
    let t = filled();
    let found = t.read(|tx| tx.search("garden", 50, true));
    assert_eq!(found.iter().filter(|h| h.trashed).count(), 1);
    assert!(!ids(&t, "garden").contains(&8));
    assert!(t.read(|tx| tx.search("rashe", 50, false)).is_empty());
}

#[test]
fn matches_are_marked_in_title_and_snippet() {
    let t = filled();
    let hit = &t.read(|tx| tx.search("arger gemuse", 1, false))[0];
    let (from, to) = hit.title_matches[0];
    assert_eq!(&hit.title[from..to], "Ärger");
    let (from, to) = hit.snippet_matches[0];
    assert_eq!(&hit.snippet[from..to], "Gemüse");
}

#[test]
fn the_index_follows_the_note() {
    let t = TempStore::new();
    let put = |title: &str, body: &str, side: &str| t.write(|tx| tx.put_note_view(&note(1, title, body), side));
    put("first", "walrus 日本語", "");
    assert_eq!((ids(&t, "walrus").len(), ids(&t, "日本語").len()), (1, 1));
    put("first", "penguin 中国語", "");
    assert_eq!((ids(&t, "walrus").len(), ids(&t, "日本語").len()), (0, 0));
    assert_eq!((ids(&t, "penguin").len(), ids(&t, "中国語").len(), ids(&t, "engui").len()), (1, 1, 1));
    put("first", "penguin 中国語", "otter");
    assert_eq!(ids(&t, "otter").len(), 1);
    put("first", "penguin 中国語", "");
    assert_eq!(ids(&t, "otter").len(), 0);
    t.store.quick_check().unwrap();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_the_search(query in "\\PC{0,20}", wild in ".{0,12}") {
        thread_local!(static STORE: TempStore = filled());
        STORE.with(|t| {
            for text in [&query, &wild] {
                for hit in t.read(|tx| tx.search(text, 10, true)) {
                    for (from, to) in &hit.snippet_matches {
                        assert!(from < to && hit.snippet.get(*from..*to).is_some());
                    }
                    for (from, to) in &hit.title_matches {
                        assert!(from < to && hit.title.get(*from..*to).is_some());
                    }
                }
            }
        });
    }

    #[test]
    fn every_word_of_a_note_finds_it(body in "[a-zäöüßé日本語한국]{1,8}( [a-zA-ZäÖß日ノト]{1,8}){0,4}") {
        let t = TempStore::new();
        t.write(|tx| tx.put_note_view(&note(1, "", &body), ""));
        for word in body.split(' ') {
            assert_eq!(ids(&t, word), [1], "{word:?} in {body:?}");
        }
        assert_eq!(ids(&t, &body), [1]);
    }
}
