//! What the targets share: texts that random bytes make, and what must be found of them.

use arbitrary::{Arbitrary, Result, Unstructured};

/// A base and what `SIDES` writers made of it, by a few edits each: unrelated texts would only conflict.
#[derive(Debug)]
pub struct Texts<const SIDES: usize> {
    pub base: String,
    pub sides: [String; SIDES],
}

const MAX_EDITS: usize = 6;

impl<'a, const SIDES: usize> Arbitrary<'a> for Texts<SIDES> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let base = String::arbitrary(u)?;
        let mut sides = [(); SIDES].map(|()| base.clone());
        for side in &mut sides {
            for _ in 0..u.int_in_range(0..=MAX_EDITS)? {
                let start = boundary(side, u.choose_index(side.len() + 1)?);
                let end = boundary(side, start + u.choose_index(side.len() - start + 1)?.min(40));
                side.replace_range(start..end, <&str>::arbitrary(u)?);
            }
        }
        Ok(Self { base, sides })
    }
}

/// The next place at which a character begins.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// The words that a side wrote, as far as nobody can divide them otherwise: runs of ASCII letters that the base has
/// not. The letter of a ticked box is no word: `[x]` and `[X]` are one tick.
pub fn written<'a>(side: &'a str, base: &str) -> Vec<&'a str> {
    let runs = side.split(|c: char| !c.is_ascii_alphabetic());
    let tick = |run: &str| side.contains(&format!("[{run}]")) && run.eq_ignore_ascii_case("x");
    runs.filter(|run| !run.is_empty() && !base.contains(run) && !tick(run)).collect()
}
