//! Ten thousand notes that nobody wrote: the same ones on every machine, as long and as compressible as real ones.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Of text, about.
pub const BYTES: usize = 15_000_000;
pub const NOTES: usize = 10_000;
const NOTEBOOKS: usize = 120;
/// Different words; which ones are common follows Zipf's law, as in any language.
const WORDS: usize = 12_000;

/// A 64-bit generator (splitmix64): a corpus needs no better one, and is the same for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Small numbers are common: the n-th with a share of about 1/n.
    fn rank(&mut self, end: usize) -> usize {
        let share = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((end as f64).powf(share) as usize - 1).min(end - 1)
    }
}

fn words(random: &mut Random) -> Vec<String> {
    const STARTS: [&str; 16] = ["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr"];
    const MIDDLES: [&str; 10] = ["a", "e", "i", "o", "u", "ea", "ou", "ai", "y", "oo"];
    const ENDS: [&str; 10] = ["", "n", "r", "s", "t", "l", "nd", "ck", "m", "ng"];
    (0..WORDS)
        .map(|n| {
            let syllables = 1 + usize::from(n > 60) + usize::from(n > 2_000);
            (0..syllables)
                .map(|_| {
                    let mut part = |from: &[&'static str]| from[random.below(from.len())];
                    [part(&STARTS), part(&MIDDLES), part(&ENDS)].concat()
                })
                .collect()
        })
        .collect()
}

/// Calls `each` with the notebook, the name and the text of every note.
pub fn each<E>(mut each: impl FnMut(usize, usize, &str) -> Result<(), E>) -> Result<(), E> {
    let mut random = Random(20_261_124);
    let words = words(&mut random);
    for note in 0..NOTES {
        // Most notes are short, few are long; all together they are as long as said.
        let want = BYTES / NOTES * [1, 2, 3, 4, 6, 8, 12, 20, 44, 100][random.below(10)] / 20;
        let mut text = format!("# {} {note}\n\n", words[random.rank(WORDS)]);
        while text.len() < want {
            match random.below(8) {
                0 => text.push_str("## "),
                1 => text.push_str("- [ ] "),
                2 => text.push_str("- "),
                _ => {}
            }
            for _ in 0..6 + random.below(24) {
                let _ = write!(text, "{} ", words[random.rank(WORDS)]);
            }
            text.push_str(".\n\n");
        }
        each(random.rank(NOTEBOOKS), note, &text)?;
    }
    Ok(())
}

/// Writes the corpus as Markdown files in folders. Answers with the bytes of text.
pub fn write(folder: &Path) -> std::io::Result<usize> {
    for notebook in 0..NOTEBOOKS {
        fs::create_dir_all(folder.join(format!("notebook {notebook}")))?;
    }
    let mut written = 0;
    each(|notebook, note, text| {
        written += text.len();
        fs::write(folder.join(format!("notebook {notebook}")).join(format!("note {note}.md")), text)
    })?;
    Ok(written)
}
