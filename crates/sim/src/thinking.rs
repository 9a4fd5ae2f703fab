//! What goes on in people's heads: how they change a text, and what they decide.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_merge::{Choice, Place, PlaceId, PlaceKind};

use crate::chosen::{kept, words};
use crate::dice::Dice;
use crate::tokens::{self, word};

/// A change of a text, with what it takes away on purpose and what it writes: `token`, in most changes.
pub fn change(body: &str, token: u32, dice: &mut Dice) -> (String, BTreeSet<u32>, Vec<u32>) {
    let mut lines: Vec<String> = body.split_inclusive('\n').map(str::to_owned).collect();
    let new = word(token);
    let at = dice.below(lines.len() + 1);
    match dice.below(9) {
        0 if at < lines.len() => drop(lines.remove(at)),
        1 if at < lines.len() => lines[at] = format!("{new} instead\n"),
        2 | 3 if at < lines.len() => {
            let line = lines[at].trim_end_matches('\n').to_owned();
            lines[at] = format!("{line} {new}\n");
        }
        4 if at < lines.len() => {
            // A word in the middle of a line, in the place of another or before it.
            let mut words: Vec<&str> = lines[at].trim_end_matches('\n').split(' ').collect();
            let n = dice.below(words.len());
            if dice.chance(50) {
                words[n] = &new
            } else {
                words.insert(n, &new)
            }
            lines[at] = words.join(" ") + "\n";
        }
        5 if at < lines.len() && lines[at].starts_with("- [") => {
            let ticked = lines[at].starts_with("- [x]");
            let (from, to) = if ticked { ("- [x]", "- [ ]") } else { ("- [ ]", "- [x]") };
            lines[at] = lines[at].replacen(from, to, 1);
        }
        6 => lines.insert(at, format!("- [ ] {new} task\n")),
        7 => lines.insert(at, format!("\n{new} starts\na paragraph\n")),
        _ => lines.insert(at, format!("line {new}\n")),
    }
    if let Some(line) = lines.iter_mut().rev().skip(1).find(|line| !line.ends_with('\n')) {
        line.push('\n');
    }
    let text = lines.concat();
    let (had, has): (BTreeSet<u32>, BTreeSet<u32>) =
        (tokens::of_text(body).collect(), tokens::of_text(&text).collect());
    let fresh = if has.contains(&token) { vec![token] } else { Vec::new() };
    (text, had.difference(&has).copied().collect(), fresh)
}

/// What a place is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Text,
    Title,
    Due,
}

/// What a person decides of a review.
pub struct Decided {
    pub choices: BTreeMap<PlaceId, Choice>,
    /// What may go by it: all that stands in these places and was not chosen.
    pub may_go: BTreeSet<u32>,
    /// The places of texts, titles and dates among them.
    pub places: Vec<(PlaceId, About)>,
}

/// Decides all places, or some.
pub fn decide(places: &[Place], dice: &mut Dice) -> Decided {
    let part = dice.chance(40);
    let mut out = Decided { choices: BTreeMap::new(), may_go: BTreeSet::new(), places: Vec::new() };
    for place in places {
        if part && dice.chance(50) {
            continue;
        }
        let about = match place.kind {
            PlaceKind::Text { .. } => Some(About::Text),
            PlaceKind::Title => Some(About::Title),
            PlaceKind::Due => Some(About::Due),
            _ => None,
        };
        out.places.extend(about.map(|about| (place.id, about)));
        let choice = choice(place, dice);
        let kept = kept(place, &choice);
        let sides = place.sides.iter().flat_map(|side| words(&side.value));
        out.may_go.extend(sides.filter(|word| !kept.contains(word)));
        out.choices.insert(place.id, choice);
    }
    out
}

fn choice(place: &Place, dice: &mut Dice) -> Choice {
    let is_text = matches!(place.kind, PlaceKind::Text { .. });
    match dice.below(4) {
        0 if is_text => Choice::All,
        1 if place.base.len() == 1 && !matches!(place.kind, PlaceKind::TrashedNotebook) => Choice::Original,
        n => Choice::Side(place.sides[n % place.sides.len()].value.clone()),
    }
}
