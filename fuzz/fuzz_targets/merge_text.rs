//! Two writers of a text: the merge ends, is the same in both orders, takes a lone change as it is, and in what each
//! of them is shown stands every word that they wrote.
#![no_main]

use holdfast_fuzz::{Texts, written};
use holdfast_merge::text::{TextPart, merge_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: Texts<2>| {
    let Texts { base, sides: [ours, theirs] } = texts;
    let parts = merge_text(&base, &ours, &theirs);
    let turned = merge_text(&base, &theirs, &ours);
    for (is_ours, side) in [(true, &ours), (false, &theirs)] {
        let shown = reading(&parts, is_ours);
        assert_eq!(shown, reading(&turned, !is_ours), "the order of the sides matters");
        for word in written(side, &base) {
            assert!(shown.contains(word), "{word:?} is lost in {parts:?}");
        }
        for [one, other] in [[side, &base], [&base, side], [side, side]] {
            let alone = merge_text(&base, one, other);
            assert!(alone.iter().all(|part| matches!(part, TextPart::Clean(_))), "a lone change is asked: {alone:?}");
            assert_eq!(&reading(&alone, true), side, "a lone change is not taken as it is");
        }
    }
});

/// The text with every conflict decided for one of the two.
fn reading(parts: &[TextPart], is_ours: bool) -> String {
    let read = parts.iter().map(|part| match part {
        TextPart::Clean(text) => text.as_str(),
        TextPart::Conflict { base: _, ours, theirs } => {
            if is_ours {
                ours
            } else {
                theirs
            }
        }
    });
    read.collect()
}
