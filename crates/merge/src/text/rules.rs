//! What a careful person would do where edits meet.

use super::check::holds;
use super::contained::without_contained;
use super::edits::Diffs;
use super::inserted;
use super::space::{best_spaced, same_words};

/// Where edits meet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The line of the base above, and the one below; nothing at the ends.
    pub above: &'a str,
    pub below: &'a str,
    /// True if whole lines are replaced, on every side.
    pub lines: bool,
    /// True if nothing of the text comes after.
    pub at_end: bool,
    pub diffs: &'a Diffs,
}

/// The text that all sides together make of `base`; nothing where a person must say.
pub(super) fn decide(base: &str, sides: &[String], place: Place<'_>) -> Option<String> {
    let mut new: Vec<&str> = sides.iter().map(String::as_str).filter(|s| *s != base).collect();
    new.sort_unstable();
    new.dedup();
    match new.as_slice() {
        [] => return Some(base.to_string()),
        [only] => return Some((*only).to_string()),
        // Out of their item their letters would look like words.
        all if ticked(base, all) => return Some("[x]".to_string()),
        _ => {}
    }
    resolved(base, &new, place).filter(|text| holds(base, &new, text))
}

/// A box alone, out of its item, ticked in one way and in another.
fn ticked(base: &str, new: &[&str]) -> bool {
    base == "[ ]" && new.iter().all(|text| matches!(*text, "[x]" | "[X]"))
}

/// What the rules make of several new texts.
fn resolved(base: &str, new: &[&str], place: Place<'_>) -> Option<String> {
    let worded: Vec<&str> = new.iter().copied().filter(|s| !same_words(s, base)).collect();
    let new = if worded.is_empty() { new.to_vec() } else { worded };
    if new.iter().all(|s| same_words(s, new[0])) {
        return best_spaced(base, &new).map(str::to_string);
    }
    let new = without_contained(base, new, place.diffs);
    if let [only] = new.as_slice() {
        return Some((*only).to_string());
    }
    if base.is_empty() {
        return inserted::both(&new, place);
    }
    // Items that somebody put in place of a blank line, or on one side of it.
    if base.trim().is_empty() {
        return inserted::items_of_all(&new, place);
    }
    None
}
