//! The rules of the merge of prose, by example.

use std::fmt::Write as _;

use holdfast_merge::text::TextPart;

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
        ["one\ntwo\n", "one\n\ntwo\n", "one\nTWO\n", "one\n\nTWO\n"],
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

/// Equal places of two sides sort by side: what meets what must not follow from that.
#[test]
fn three_edits_that_touch_meet_in_any_order() {
    let case = |ours: &str, theirs: &str| Case { base: "日".into(), sides: vec![ours.into(), theirs.into()] };
    symmetric(&case("👩日[", "日[ا")).unwrap();
    symmetric(&case("日[", "👩日[ا")).unwrap();
}
