//! What people know that they wrote: words that stand nowhere else, and what became of each.

use std::collections::{BTreeMap, BTreeSet};

use crate::canary::Canary;

/// Whether a word must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The program said that it is saved.
    Saved,
    /// The program was killed before it said anything; or somebody took the word away again.
    Either,
    /// The program said that nothing was changed.
    Refused,
}

#[derive(Clone, Debug)]
pub struct Word {
    pub fate: Fate,
    /// The computer on which it was written.
    pub by: usize,
}

/// What all people of a run know together.
pub struct Known {
    seed: u64,
    words: BTreeMap<String, Word>,
    /// Notes that somebody decided about: a text may stand in them more than once, as both versions were kept.
    pub decided: BTreeSet<String>,
    next: u64,
}

/// Of each kind of text, one that no file of a server may hold. Each text that a person writes holds it.
pub fn canary(kind: &str) -> Canary {
    Canary::new(&format!("chaos {kind}"))
}

pub const KINDS: [&str; 3] = ["title", "body", "tag"];

impl Known {
    pub fn new(seed: u64) -> Self {
        Self { seed, words: BTreeMap::new(), decided: BTreeSet::new(), next: 0 }
    }

    /// A word that is in no other text: none is the beginning of another.
    pub fn word(&mut self, by: usize) -> String {
        self.next += 1;
        let word = format!("w{}x{by}x{}z", self.seed, self.next);
        self.words.insert(word.clone(), Word { fate: Fate::Either, by });
        word
    }

    pub fn became(&mut self, word: &str, fate: Fate) {
        if let Some(word) = self.words.get_mut(word) {
            word.fate = fate;
        }
    }

    pub fn words(&self) -> impl Iterator<Item = (&String, &Word)> {
        self.words.iter()
    }

    /// What must be there, of those that were written on one computer.
    pub fn saved_by(&self, by: usize) -> Vec<String> {
        self.words.iter().filter(|(_, w)| w.fate == Fate::Saved && w.by == by).map(|(word, _)| word.clone()).collect()
    }
}

/// The words of a text: what stands at the beginning of its lines.
pub fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|part| {
        part.starts_with('w')
            && part.ends_with('z')
            && part.split('x').count() == 3
            && part.len() > 4
            && part[1..part.len() - 1].bytes().all(|b| b.is_ascii_digit() || b == b'x')
    })
}
