//! The rules of the merge of prose, by example.

use std::fmt::Write as _;

use holdfast_merge::text::{TextPart, merge_text};

use crate::text_props::{Case, symmetric, two};

/// A question stands as `{ours|theirs}`.
fn show(base: &str, ours: &str, theirs: &str) -> String {
    let case = Case { base: base.into(), sides: vec![ours.into(), theirs.into()] };
    symmetric(&case).unwrap();
    two(&case)
        .into_iter()
        .map(|p| match p {
            TextPart::Clean(text) => text,
            TextPart::Conflict { ours, theirs, .. } => format!("{{{ours}|{theirs}}}"),
        })
        .collect()
}

/// `[base, ours, theirs, expected]`. All that fail are shown.
#[track_caller]
fn rules(all: &[[&str; 4]]) {
    let mut failed = String::new();
    for [base, ours, theirs, expected] in all {
        let got = show(base, ours, theirs);
        if got != *expected {
            let _ = writeln!(failed, "{base:?} {ours:?} {theirs:?}\n   gives {got:?}\n    must {expected:?}");
        }
    }
    assert!(failed.is_empty(), "\n{failed}");
}

/// One of each rule, for the vectors: a base and its sides.
pub(crate) const VECTORS: &[(&str, &[&str])] = &[
    ("lines apart", &["one\ntwo\nthree\n", "ONE\ntwo\nthree\n", "one\ntwo\nTHREE\n"]),
    ("words apart", &["We met on Monday in Rome.\n", "We sat on Monday in Rome.\n", "We met on Monday in Oslo.\n"]),
    ("the same words", &["Meet on Monday.\n", "Meet on Tuesday.\n", "Meet on Friday.\n"]),
    ("ideographs", &["東京に行く。雨です。\n", "大阪に行く。雨です。\n", "東京に行く。雪です。\n"]),
    ("ticked and reworded", &["- [ ] buy milk\n", "- [x] buy milk\n", "- [ ] buy oat milk\n"]),
    ("items", &["- a\n- z\n", "- a\n- q\n- z\n", "- a\n- c\n- z\n"]),
    ("items of three", &["- a\n", "- a\n- x\n", "- a\n- y\n", "- a\n- x\n- w\n"]),
    ("rows", &["| k |\n|---|\n| a |\n", "| k |\n|---|\n| a |\n| c |\n", "| k |\n|---|\n| a |\n| b |\n"]),
    ("blocks", &["One.\n", "One.\n\n# B\n\nTwo.\n", "One.\n\nThree.\n"]),
    ("white space", &["- one\n- two\n", "-  one\n-  two\n", "- one\n- 2\n"]),
    (
        "superset",
        &["It uses some tokens.\n", "It uses blue and green tokens.\n", "It uses [blue](b) and green tokens.\n"],
    ),
    ("deleted and edited", &["a\nkeep this line\nz\n", "a\nz\n", "a\nkeep this good line\nz\n"]),
    ("near duplicates", &["- one\n", "- one\n- call Ann about the roof\n", "- one\n- call Ann about the old roof\n"]),
    (
        "front matter",
        &[
            "---\ntags: [a, b]\nupdated: 2026-01-01\n---\nx\n",
            "---\ntags: [a, c]\nupdated: 2026-01-03\n---\nx\n",
            "---\ntags: [a, b, d]\nupdated: 2026-01-02\n---\nx\n",
        ],
    ),
    ("windows", &["- a", "- a\r\n- ours", "- a\r\n- theirs"]),
    ("mark of order", &["\u{feff}a b c\r\n", "\u{feff}A b c\r\n", "\u{feff}a b C\r\n"]),
    ("the same tick", &["- [ ] milk\n", "- [x] oat milk\n", "- [X] milk\n"]),
    ("a box that was ticked and one that was taken away", &["- [ ] milk\n", "- [x] milk\n", "- milk\n"]),
    ("one date", &["Due 2026-01-05.\n", "Due 2027-01-05.\n", "Due 2026-01-06.\n"]),
    ("two ticks and other words", &["- [ ] milk\n", "- [x] milk\n", "- [X] milk\n", "- [ ] oat milk\n"]),
    ("an unchanged Korean word", &["안녕하세요 세계 여러분\n", "안녕 세계 여러분\n", "안녕하세요 세계 친구\n"]),
    (
        "taken out and beside a question",
        &[
            "- [ ] Buy milk\nCall Anna today\n- Water the plants\n",
            "- [ ] Buy milk\nCall Anna today\n",
            "- [ ] Buy milk\n- Water the plants\n- [ ] Fix the roof\n",
        ],
    ),
    (
        "taken out and moved",
        &[
            "# Plan\nNotes of May\n\nAnna starts\na paragraph\n",
            "# Plan\nNotes of May\n\nBob starts\na paragraph\n\nAnna starts\na paragraph too\n",
            "# Plan\nNotes of May\n\na paragraph\n",
        ],
    ),
    (
        "taken out and added to",
        &[
            "\nAnna starts\na paragraph\n",
            "First\nAnna starts early\nthen this\na paragraph\n\nBob starts\na paragraph\n",
            "\nCarl instead\na paragraph\n",
        ],
    ),
    (
        "taken out and its word put before another",
        &["- Plan of May\nline Anna\n", "- Plan of May\n", "Bob instead\nCarl Anna\nline Dora\n"],
    ),
    (
        "taken out and a line of one word",
        &[
            "Plan of May\n Anna\nBob starts\na paragraph\n",
            " Anna Carl\nline Dora\nBob starts\na paragraph\nline Emil\n",
            "Plan of May\n Fritz\nBob starts\na paragraph\n",
        ],
    ),
    (
        "taken out and ticked, with a word of the next item",
        &[
            "- [ ] tea base\nbread base\n- [ ] Anna base\n- [ ] Bob base\n- milk base\n",
            "- [ ] tea base\nline Carl\n\nDora starts\na paragraph\nbread base\nEmil instead\n- [ ] Bob base early\n- milk base\nline Fritz\n",
            "- [ ] tea base\nbread base Gustav\n- [x] Anna base\n- milk base\n",
        ],
    ),
    (
        "taken out and words matched across lines",
        &["Anna base\n- [ ] Bob base\n", "- [ ] Carl task\nAnna base early\nDora instead\n", "- [ ] Bob base\n"],
    ),
    (
        "two lines taken out, alike",
        &["line a base\nline b\nline c\n", "line a base d\nline b\n", "line a base\nline c\n"],
    ),
    ("paragraphs of two in an empty text", &["", "One.\n", "Two.\n"]),
    ("paragraphs of two after a blank line", &["Top.\n\n", "Top.\n\nTwo words.\n", "Top.\n\nOne.\n"]),
    ("items in place of a blank line", &["- b\n\n# End\n", "- b\n- c\n\n# End\n", "- b\n- d\n# End\n"]),
    ("lines of two above one", &["\nEnd.\n", "\nOne.\nEnd.\n", "\nTwo words.\nEnd.\n"]),
    ("title apart", &["Plan for May", "Plans for May", "Plan for June"]),
    ("title asked", &["Plan for May", "Plan for July", "Plan for June"]),
];

/// Where there is a question anyway, a line that one side took out does not stand beside it as if nobody had.
#[test]
fn what_a_side_took_out_is_not_clean_text_beside_a_question() {
    for (name, texts) in VECTORS.iter().filter(|(name, _)| name.starts_with("taken out and")) {
        let parts = merge_text(texts[0], texts[1], texts[2]);
        let clean: String =
            parts.iter().map(|p| if let TextPart::Clean(text) = p { text.as_str() } else { "" }).collect();
        assert!(parts.iter().any(|p| matches!(p, TextPart::Conflict { .. })), "{name} asks: {parts:?}");
        for line in texts[0].lines().filter(|l| !l.is_empty()) {
            let kept = texts[1..].iter().all(|side| side.lines().any(|l| l == line));
            assert!(kept || !clean.lines().any(|l| l.starts_with(line)), "{name}: {line} is back: {parts:?}");
        }
        let kept = |word: &str| texts[1..].iter().all(|side| side.contains(word));
        assert!(kept("Anna") || !clean.contains("Anna"), "{name}: the word is back: {parts:?}");
    }
}

/// The difference of words told that the other had taken the line out as well, and written it anew. Who took it out
/// without a word in its place is not overruled by that; where its words are gone, nothing is asked.
#[test]
fn a_line_taken_out_is_not_back_because_words_were_matched_across_lines() {
    rules(&[
        [
            "Anna base\n- [ ] Bob base\n",
            "- [ ] Carl task\nAnna base early\nDora instead\n",
            "- [ ] Bob base\n",
            "{- [ ] Carl task\nAnna base early\nDora instead\n|- [ ] Bob base\n}",
        ],
        ["Call Anna\nsee Bob today\n", "see Bob today\n", "Call Anna\nsee Bob again\n", "see Bob again\n"],
    ]);
}

/// Lines that are the same are that, and no words of theirs are matched with those of their neighbours.
#[test]
fn of_lines_that_are_alike_each_side_takes_out_its_own() {
    rules(&[["line a base\nline b\nline c\n", "line a base d\nline b\n", "line a base\nline c\n", "line a base d\n"]]);
}

#[test]
fn edits_that_lie_apart_are_both_taken() {
    rules(&[
        ["one\ntwo\n", "ONE\ntwo\n", "one\nTWO\n", "ONE\nTWO\n"],
        ["one\ntwo\nthree\n", "one\nTWO\nthree\n", "one\ntwo\n", "one\nTWO\n"],
        [
            "We met on Monday in Rome.\n",
            "We sat on Monday in Rome.\n",
            "We met on Monday in Oslo.\n",
            "We sat on Monday in Oslo.\n",
        ],
        ["東京に行く。雨です。\n", "大阪に行く。雨です。\n", "東京に行く。雪です。\n", "大阪に行く。雪です。\n"],
        ["- [ ] buy milk\n", "- [x] buy milk\n", "- [ ] buy oat milk\n", "- [x] buy oat milk\n"],
        ["1. [ ] milk\n", "1. [x] milk\n", "1. [ ] oat milk\n", "1. [x] oat milk\n"],
        ["| a | 1 |\n| b | 2 |\n", "| a | 7 |\n| b | 2 |\n", "| a | 1 |\n| b | 8 |\n", "| a | 7 |\n| b | 8 |\n"],
    ]);
}

/// `[x]` and `[X]` are one tick, as editors write it.
#[test]
fn the_same_tick_is_no_question() {
    rules(&[
        ["- [ ] milk\n", "- [x] milk\n", "- [X] milk\n", "- [x] milk\n"],
        ["- [ ] milk\n", "- [x] oat milk\n", "- [X] milk\n", "- [x] oat milk\n"],
        ["- [ ] milk\n", "- [X] oat milk\n", "- [X] milk\n", "- [X] oat milk\n"],
        ["* [ ] a\n1. [ ] b\n", "* [x] a\n1. [X] b\n", "* [X] a\n1. [x] b\n", "* [x] a\n1. [x] b\n"],
        ["- a\n", "- a\n- [x] milk\n", "- a\n- [X] milk\n", "- a\n- [x] milk\n"],
        // And so it is beside a third person's words.
        ["- [ ] milk\n- [ ] b\n", "- [X] milk\n- [ ] c\n", "- [x] oat milk\n- [ ] b\n", "- [x] oat milk\n- [ ] c\n"],
        // Who wrote the tick in another way only did not tick it.
        ["- [X] milk\n", "- [x] milk\n", "- [ ] milk\n", "- [ ] milk\n"],
        // A letter in brackets elsewhere is a letter.
        ["see [a] here\n", "see [x] here\n", "see [X] here\n", "{see [x] here\n|see [X] here\n}"],
    ]);
}

/// A box is a thing: a ticked one is not what is left of a line without one.
#[test]
fn a_box_that_was_ticked_and_taken_away_is_asked() {
    rules(&[
        ["- [ ] milk\n", "- [x] milk\n", "- milk\n", "{- [x] milk\n|- milk\n}"],
        [
            "- [x] milk and eggs\n",
            "- [ ] milk and eggs\n",
            "- milk and eggs\n",
            "{- [ ] milk and eggs\n|- milk and eggs\n}",
        ],
        // Who gave an item its box took nothing away.
        ["- some milk\n", "- [ ] milk\n", "- milk\n", "- [ ] milk\n"],
    ]);
}

/// Three people and one item.
#[test]
fn two_tick_and_one_rewords() {
    let sides = ["- [x] milk\n", "- [X] milk\n", "- [ ] oat milk\n"].map(String::from).to_vec();
    let body = crate::text_props::merged(&Case { base: "- [ ] milk\n".into(), sides });
    assert_eq!((body.shown().as_str(), body.is_resolved()), ("- [x] oat milk\n", true));
}

/// Korean has words with spaces between.
#[test]
fn an_unchanged_korean_word_is_a_word() {
    rules(&[
        ["안녕하세요 세계 여러분\n", "안녕 세계 여러분\n", "안녕하세요 세계 친구\n", "안녕 세계 친구\n"],
        ["안녕하세요 여러분\n", "안녕 여러분\n", "안녕하세요 친구\n", "{안녕 여러분\n|안녕하세요 친구\n}"],
    ]);
}

/// A date with the year of one and the day of the other is a day that nobody meant.
#[test]
fn a_date_is_one_thing() {
    rules(&[
        [
            "Due 2026-01-05, call Ann.\n",
            "Due 2027-01-05, call Ann.\n",
            "Due 2026-01-06, call Ann.\n",
            "{Due 2027-01-05, call Ann.\n|Due 2026-01-06, call Ann.\n}",
        ],
        ["At 10:30:15 h\n", "At 11:30:15 h\n", "At 10:30:20 h\n", "{At 11:30:15 h\n|At 10:30:20 h\n}"],
        ["+49-30-1234\n", "+41-30-1234\n", "+49-30-1235\n", "{+41-30-1234\n|+49-30-1235\n}"],
        // A date and a time are two, and so are a date and the words beside it.
        ["2026-01-05 10:30\n", "2027-01-05 10:30\n", "2026-01-05 10:45\n", "2027-01-05 10:45\n"],
        ["On 2026-01-05 in Rome\n", "On 2026-01-06 in Rome\n", "On 2026-01-05 in Oslo\n", "On 2026-01-06 in Oslo\n"],
        ["| 1 | 2 | 3 |\n", "| 7 | 2 | 3 |\n", "| 1 | 2 | 9 |\n", "| 7 | 2 | 9 |\n"],
    ]);
}

#[test]
fn what_both_append_is_both_taken() {
    rules(&[
        ["- one\n", "- one\n- ours\n", "- one\n- theirs\n", "- one\n- ours\n- theirs\n"],
        ["- one", "- one\n- ours", "- one\n- theirs", "- one\n- ours\n- theirs"],
        ["- one\n\n", "- one\n- ours\n\n", "- one\n- theirs\n\n", "- one\n- ours\n- theirs\n\n"],
        ["- one\n", "- one\n- ours", "- one\n- theirs", "- one\n- ours\n- theirs"],
        ["- [ ] one\n", "- [ ] one\n- [ ] eggs\n", "- [ ] one\n- [x] bread\n", "- [ ] one\n- [ ] eggs\n- [x] bread\n"],
        [
            "One.\n",
            "One.\n\nOurs is this.\n",
            "One.\n\nTheirs says that.\n",
            "One.\n\nOurs is this.\n\nTheirs says that.\n",
        ],
        ["One.", "One.\n\nOurs is this.", "One.\n\nTheirs says that.", "One.\n\nOurs is this.\n\nTheirs says that."],
    ]);
}

/// With nothing but blank lines around, what each wrote is a paragraph of its own.
#[test]
fn paragraphs_of_two_do_not_become_one() {
    rules(&[
        ["", "Ours is this.\n", "Theirs says that.\n", "Ours is this.\n\nTheirs says that.\n"],
        ["", "Ours is this.", "Theirs says that.", "Ours is this.\n\nTheirs says that."],
        ["", "Ours.\r\n", "Theirs.\r\n", "Ours.\r\n\r\nTheirs.\r\n"],
        ["Top.\n\n", "Top.\n\nTheirs.\n", "Top.\n\nOurs.\n", "Top.\n\nOurs.\n\nTheirs.\n"],
        [
            "Top.\n\n\nEnd.\n",
            "Top.\n\nOurs.\n\nEnd.\n",
            "Top.\n\nTheirs.\n\nEnd.\n",
            "Top.\n\nOurs.\n\nTheirs.\n\nEnd.\n",
        ],
        ["", "- ours\n", "- theirs\n", "- ours\n- theirs\n"],
        // A line that goes on with the next stays beside it.
        ["\nEnd.\n", "\nOurs.\nEnd.\n", "\nTheirs.\nEnd.\n", "\nOurs.\nTheirs.\nEnd.\n"],
    ]);
}

/// A blank line that one left and another wrote over is no reason to ask about the items.
#[test]
fn items_that_both_add_at_a_blank_line_are_both_taken() {
    rules(&[
        ["- b\n\n# End\n", "- b\n- c\n\n# End\n", "- b\n- d\n# End\n", "- b\n- c\n- d\n\n# End\n"],
        ["- b\n\n# End\n", "- b\n- c\n# End\n", "- b\n- d\n# End\n", "- b\n- c\n- d\n# End\n"],
        // Two new lines that are nearly the same are asked about there, too.
        [
            "- b\n\n# End\n",
            "- b\n- call Ann about the roof\n\n# End\n",
            "- b\n- call Ann about the old roof\n# End\n",
            "- b\n{- call Ann about the roof\n\n|- call Ann about the old roof\n}# End\n",
        ],
    ]);
}

#[test]
fn rows_that_both_add_are_both_taken() {
    let table = "| k | v |\n|---|---|\n| a | 1 |\n";
    let with = |row: &str| format!("{table}{row}");
    rules(&[[table, &with("| b | 2 |\n"), &with("| c | 3 |\n"), &with("| b | 2 |\n| c | 3 |\n")]]);
}

#[test]
fn a_sorted_list_stays_sorted_and_numbers_are_numbers() {
    rules(&[
        ["- a\n- z\n", "- a\n- q\n- z\n", "- a\n- c\n- z\n", "- a\n- c\n- q\n- z\n"],
        ["- item 1\n", "- item 1\n- item 10 x\n", "- item 1\n- item 9 y\n", "- item 1\n- item 9 y\n- item 10 x\n"],
    ]);
}

#[test]
fn the_same_is_taken_once() {
    rules(&[
        ["a\nz\n", "a\nnew\nz\n", "a\nnew\nz\n", "a\nnew\nz\n"],
        ["a\nz\n", "a\nnew\nz\n", "a\nnew\nmore words\nz\n", "a\nnew\nmore words\nz\n"],
        ["Meet at noon.\n", "Meet Ann at noon.\n", "Meet Ann and Bob at noon.\n", "Meet Ann and Bob at noon.\n"],
        ["a b c\nz\n", "a c\nz\n", "a c\nz\nnew\n", "a c\nz\nnew\n"],
    ]);
}

#[test]
fn a_disagreement_is_asked() {
    rules(&[
        ["Meet on Monday.\n", "Meet on Tuesday.\n", "Meet on Friday.\n", "{Meet on Tuesday.\n|Meet on Friday.\n}"],
        ["a\nkeep this line\nz\n", "a\nz\n", "a\nkeep this good line\nz\n", "a\n{|keep this good line\n}z\n"],
        [
            "- one\n",
            "- one\n- call Ann about the roof\n",
            "- one\n- call Ann about the old roof\n",
            "- one\n{- call Ann about the roof\n|- call Ann about the old roof\n}",
        ],
        ["東京\n", "大阪\n", "京都\n", "{大阪\n|京都\n}"],
    ]);
}

#[test]
fn words_win_over_white_space() {
    rules(&[
        ["a b\n", "a  b\n", "a c\n", "a c\n"],
        ["old words here\n", "  old words here\n", "new words here\n", "new words here\n"],
        ["one\ntwo\n", "one\n\ntwo\n", "one\nTWO\n", "one\nTWO\n"],
        // Lines that were broken or joined are somebody's paragraphs, and a word taken apart is two.
        [
            "We met on Monday with Ann and then we went.\n",
            "We met on Monday with Ann\nand then we went.\n",
            "We met on Friday with Ann and then we went.\n",
            "We met on Friday with Ann\nand then we went.\n",
        ],
        [
            "the setup is done here\n",
            "the set up is done here\n",
            "the setup is done now\n",
            "the set up is done now\n",
        ],
    ]);
}

/// Over all that is in question, not word by word: half of another's spaces is nobody's text.
#[test]
fn who_changed_only_white_space_has_no_say_in_the_passage() {
    rules(&[
        ["- one\n- two\n- three\n", "-  one\n-  two\n-  three\n", "- one\n- 2\n- three\n", "- one\n- 2\n- three\n"],
        ["a\n\nb\n", "a\n## New\n\nText.\n\nb\n", "a\nb\n", "a\n## New\n\nText.\n\nb\n"],
        // The same words on both sides: indented as it was before.
        ["one {\n\told;\n}\n", "one {\n    new;\n}\n", "one {\n\tnew;\n}\n", "one {\n\tnew;\n}\n"],
    ]);
}

#[test]
fn who_says_all_that_another_says_and_more_is_taken() {
    rules(&[
        [
            "It uses some tokens.\n",
            "It uses blue and green tokens.\n",
            "It uses [blue](blue.md) and green tokens.\n",
            "It uses [blue](blue.md) and green tokens.\n",
        ],
        // A link is one thing: more of it is another.
        [
            "see below\n",
            "see https://x.org/t/7\n",
            "see https://x.org/t/7/2\n",
            "{see https://x.org/t/7\n|see https://x.org/t/7/2\n}",
        ],
        ["- eggs\n", "- eggs\n- milk\n", "- eggs\n- milk chocolate\n", "- eggs\n- milk\n- milk chocolate\n"],
        // What stayed of the base is no addition to what the other made of it.
        ["one two three\n", "one three\n", "one two four three\n", "{one three\n|one two four three\n}"],
    ]);
}

#[test]
fn a_line_that_was_half_rewritten_is_asked_with_another_edit_in_it() {
    let base = "Bread is baked at seven in the morning here.\n";
    let rewritten = "Bread is baked at seven by the two of us with care and patience here.\n";
    let edited = "Bread was baked at seven in the morning here.\n";
    rules(&[[base, rewritten, edited, &format!("{{{rewritten}|{edited}}}")]]);
}

#[test]
fn lines_tidied_in_a_passage_that_was_taken_out_are_asked() {
    rules(&[
        ["z\na\nb\nc\ny\n", "z\na\nc\ny\n", "z\ny\n", "z\n{a\nc\n|}y\n"],
        ["keep all of it here\n", "keep all of here\n", "keep here\n", "keep here\n"],
    ]);
}

#[test]
fn what_goes_on_with_a_section_stands_before_what_opens_another() {
    rules(&[
        [
            "# A\n\nOne.\n",
            "# A\n\nOne.\n\n# B\n\nTwo.\n",
            "# A\n\nOne.\n\nWord.\n",
            "# A\n\nOne.\n\nWord.\n\n# B\n\nTwo.\n",
        ],
        [
            "# A\n\nOne.\n",
            "# A\n\nOne.\n\n# B\n\nTwo.\n",
            "# A\n\nOne.\n\n### C\n\nWord.\n",
            "# A\n\nOne.\n\n### C\n\nWord.\n\n# B\n\nTwo.\n",
        ],
    ]);
}

/// A row after a code block is no row any more.
#[test]
fn what_goes_on_with_a_list_or_a_table_stands_beside_it() {
    let table = "| k | v |\n|---|---|\n| a | 1 |\n";
    let (row, code) = ("| b | 2 |\n", "\n```\ncode\n```\n");
    rules(&[
        [table, &format!("{table}{code}"), &format!("{table}{row}"), &format!("{table}{row}{code}")],
        ["- a\n", "- a\n- b\n", "- a\n\nA word.\n", "- a\n- b\n\nA word.\n"],
        ["Top.\n\n- z\n", "Top.\n\nA word.\n\n- z\n", "Top.\n\n- a\n- z\n", "Top.\n\nA word.\n\n- a\n- z\n"],
    ]);
}

#[test]
fn an_item_finds_its_place_in_a_list_that_is_nearly_in_order() {
    rules(&[[
        "- 10 a\n",
        "- 10 a\n- 20 ours\n",
        "- 10 a\n- 11 b\n- 14 c\n- 13 d\n- 16 e\n- 25 f\n- 30 g\n",
        "- 10 a\n- 11 b\n- 14 c\n- 13 d\n- 16 e\n- 20 ours\n- 25 f\n- 30 g\n",
    ]]);
}

#[test]
fn a_blank_line_after_a_new_item_is_no_part_of_the_list() {
    rules(&[
        ["- a\n\nend\n", "- a\n- ours\n\nend\n", "- a\n- theirs\n\n\nend\n", "- a\n- ours\n- theirs\n\nend\n"],
        ["- a\n", "- a\n- ours\n", "- a\n- theirs\n\n", "- a\n- ours\n- theirs\n"],
    ]);
}

#[test]
fn a_long_line_that_both_wrote_at_different_places_is_not_there_twice() {
    rules(&[[
        "Top\nmiddle\nThanks for reading!\n",
        "Top\nA long line that is new here.\nmiddle\n",
        "Top\nmiddle\nThanks for reading!\nA long line that is new here.\n",
        "Top\nA long line that is new here.\nmiddle\n{|Thanks for reading!\nA long line that is new here.\n}",
    ]]);
}

#[test]
fn a_row_for_a_table_that_was_taken_out_is_asked() {
    let table = "| k | v |\n|---|---|\n| a | 1 |\n";
    let more = format!("{table}| b | 2 |\n");
    rules(&[[&format!("x\n{table}"), "x\n", &format!("x\n{more}"), &format!("x\n{{|{more}}}")]]);
}

#[test]
fn front_matter_is_merged_by_key() {
    let text = |tags: &str, updated: &str, due: &str| {
        format!("---\ntitle: T\ntags: [{tags}]\nupdated: 2026-01-0{updated}\n{due}---\n\nupdated: 2026-01-01\n")
    };
    rules(&[
        [
            &text("a, b", "1", ""),
            &text("a, c", "3", ""),
            &text("a, b, d", "2", "due: 2026-02-01\n"),
            &text("a, c, d", "3", "due: 2026-02-01\n"),
        ],
        [
            "---\ntags:\n  - a\n  - z\n---\n",
            "---\ntags:\n  - b\n  - z\n---\n",
            "---\ntags:\n  - a\n  - c\n  - z\n---\n",
            "---\ntags:\n  - z\n  - b\n  - c\n---\n",
        ],
        // Any other key is a question, and below the front matter a line is a line.
        ["---\na: 1\n---\n", "---\na: 2\n---\n", "---\na: 3\n---\n", "---\n{a: 2\n|a: 3\n}---\n"],
        [
            "x\nupdated: 2026-01-01\n",
            "x\nupdated: 2026-01-02\n",
            "x\nupdated: 2026-01-03\n",
            "x\n{updated: 2026-01-02\n|updated: 2026-01-03\n}",
        ],
    ]);
}

#[test]
fn line_breaks_and_marks_of_windows_stay() {
    rules(&[
        ["a\r\nb\r\n", "A\r\nb\r\n", "a\r\nB\r\n", "A\r\nB\r\n"],
        ["- a\r\n", "- a\r\n- ours\r\n", "- a\r\n- theirs\r\n", "- a\r\n- ours\r\n- theirs\r\n"],
        ["- a", "- a\r\n- ours", "- a\r\n- theirs", "- a\r\n- ours\r\n- theirs"],
        ["\u{feff}a b c\r\n", "\u{feff}A b c\r\n", "\u{feff}a b C\r\n", "\u{feff}A b C\r\n"],
    ]);
}

/// Taking the last line break away is no reason to glue the next line on, nor to ask.
#[test]
fn the_last_line_break_goes_and_a_line_comes() {
    rules(&[
        ["a\n", "a", "a\nnew\n", "a\nnew\n"],
        ["a\n", "a", "a\nnew", "a\nnew"],
        ["a", "a\n", "a\nnew", "a\nnew"],
        ["a\nz\n", "A\nz", "a\nz\nnew\n", "A\nz\nnew\n"],
        ["one\nz\n", "ours\nz", "theirs\nz\nnew\n", "{ours\n|theirs\n}z\nnew\n"],
        ["a\r\n", "a", "a\r\nnew\r\n", "a\r\nnew\r\n"],
    ]);
}

/// Found by 100,000 cases: two sides that hold each other went both, and only the third was left.
#[test]
fn of_sides_that_hold_each_other_one_stays() {
    let sides = ["- [x]", "🎉", "- [x] "].map(String::from).to_vec();
    let body = crate::text_props::merged(&Case { base: String::new(), sides });
    let all = format!("{body:?}");
    assert!(all.contains("- [x]") && all.contains("🎉"), "{all}");
}

/// Equal places of two sides sort by side: what meets what must not follow from that.
#[test]
fn three_edits_that_touch_meet_in_any_order() {
    let case = |ours: &str, theirs: &str| Case { base: "日".into(), sides: vec![ours.into(), theirs.into()] };
    symmetric(&case("👩日[", "日[ا")).unwrap();
    symmetric(&case("日[", "👩日[ا")).unwrap();
}

/// One question in a long text, of which one side took many lines out and the other wrote many that have their words:
/// each is not compared with each, and none of those that went comes back.
#[test]
fn many_lines_taken_out_and_many_written_beside_one_question() {
    let lines: Vec<String> = (0..3_000).map(|n| format!("b{n} {}\n", word(n))).collect();
    let kept = |n: usize| format!("keep {n}\nstay {n}\nmore {n}\n");
    let text = |first: &str, out: bool, new: bool| {
        let mut text = format!("{first}\n");
        for (n, line) in lines.iter().enumerate() {
            let beside = if new { format!("t{n} {}\n", word(n + 7)) } else { String::new() };
            let line = if out { "" } else { line };
            let _ = write!(text, "keep {n}\n{beside}stay {n}\nmore {n}\n{line}");
        }
        text
    };
    let parts =
        merge_text(&text("asked", false, false), &text("one thing", true, false), &text("another", false, true));
    let asked = parts.iter().filter(|part| matches!(part, TextPart::Conflict { .. })).count();
    assert_eq!(asked, 1);
    let clean: String = parts.iter().map(|p| if let TextPart::Clean(text) = p { text.as_str() } else { "" }).collect();
    let there: std::collections::BTreeSet<&str> = clean.lines().collect();
    for (n, line) in lines.iter().enumerate() {
        assert!(!there.contains(line.trim_end()) && there.contains(format!("t{n} {}", word(n + 7)).as_str()));
        assert!(kept(n).lines().all(|line| there.contains(line)));
    }
}

/// Words that come again and again.
fn word(n: usize) -> String {
    ["alpha", "beta", "gamma", "delta"].map(|word| format!("{word}{}", n % 5)).join(" ")
}
