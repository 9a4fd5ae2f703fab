//! `review`: what needs a decision.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_notebook::{
    Choice, DeviceId, DeviceStamp, Place as ReviewPlace, PlaceId, PlaceKind, RecordReview, Side, Stamp, Vault,
};
use serde_json::{Value, json};

use super::decide::{Take, choice};
use super::receipts;
use crate::args::{PlaceName, ReviewCommand, ReviewResolve};
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{Names, count, field, hex, label, lines, time, titled};
use crate::{Outcome, ids, input};

pub fn run(place: &Place, command: ReviewCommand) -> Outcome {
    match command {
        ReviewCommand::List => place.with_vault(|vault| list(vault)),
        ReviewCommand::Show { id } => place.with_vault(|vault| show(vault, &id)),
        ReviewCommand::Resolve(resolve) => self::resolve(place, resolve),
        ReviewCommand::Undo { id } => place.with_vault(|vault| {
            let id = ids::record(vault, &id)?;
            vault.undo_resolution(id)?;
            let left = vault.review(id)?.review.places.len();
            let text = format!("The last decision was taken back; {} to decide.", count(left as u64, "place"));
            Ok(Answer::new(json!({ "ok": true, "left": left }), text))
        }),
    }
}

fn list(vault: &Vault) -> Outcome {
    let names = Names::load(vault)?;
    let (mut all, mut text) = (Vec::new(), Vec::new());
    for item in vault.reviews()? {
        let id = item.id.to_string();
        let devices: Vec<String> = item.devices.iter().map(|d| names.device(*d)).collect();
        text.push(format!(
            "{}  {}  ({}: {})",
            &id[..8],
            titled(&item.title),
            count(item.choices.into(), "place"),
            devices.join(", ")
        ));
        all.push(json!({
            "id": id,
            "title": item.title,
            "choices": item.choices,
            "devices": devices,
            "kind": if item.is_note { "note" } else { "notebook" },
        }));
    }
    Ok(Answer::new(Value::Array(all), lines(&text, "Nothing is to review.")))
}

fn show(vault: &Vault, id: &str) -> Outcome {
    let names = Names::load(vault)?;
    let review = vault.review(ids::record(vault, id)?)?;
    let numbers = vault.place_numbers(&review, true)?;
    let view = View { review: &review, names: &names, numbers: &numbers };
    let json = json!({
        "id": review.id.to_string(),
        "title": review.title,
        "places": view.numbered().map(|(n, p)| view.place(n, p)).collect::<Vec<_>>(),
        "merged": view.merged(),
        "heads": review.seen_heads.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let mut text: Vec<String> = view.numbered().map(|(n, p)| view.place_text(n, p)).collect();
    if !text.is_empty() {
        text.extend(view.merged_text());
    }
    let text = lines(&text, "Nothing is to decide here.");
    Ok(Answer::new(json, format!("{}\n\n{text}", titled(&review.title))))
}

struct View<'a> {
    review: &'a RecordReview,
    names: &'a Names,
    numbers: &'a Numbers,
}

/// Places by their numbers, which stay while others are decided.
type Numbers = BTreeMap<PlaceId, u32>;

impl View<'_> {
    fn numbered(&self) -> impl Iterator<Item = (u32, &ReviewPlace)> {
        numbered(&self.review.review.places, self.numbers)
    }

    fn place(&self, number: u32, place: &ReviewPlace) -> Value {
        let region = match &place.kind {
            PlaceKind::Text { heading, line, .. } => json!({ "heading": heading, "line": line + 1 }),
            _ => Value::Null,
        };
        let base: Vec<Value> = place.base.iter().map(|v| self.names.value(v)).collect();
        json!({
            "number": number,
            "id": hex(&place.id.0),
            "field": field(&place.kind),
            "label": label(&place.kind),
            "region": region,
            "base": if base.is_empty() { Value::Null } else { Value::Array(base) },
            "sides": place.sides.iter().map(|s| self.side(s)).collect::<Vec<_>>(),
            "suggested": place.suggested.as_ref().map(|v| self.names.value(v)),
        })
    }

    /// What merged by itself around the places: the fields, then the text from top to bottom.
    fn merged(&self) -> Vec<Value> {
        let by = |devices: &[DeviceId], mut change: Value| {
            change["devices"] = devices.iter().map(|d| self.names.device(*d)).collect();
            change
        };
        let fields = self.review.merged_fields();
        let fields =
            fields.flat_map(|(who, field)| receipts::change(self.names, field).into_iter().map(move |c| by(&[who], c)));
        let text = self.review.merged.iter().map(|passage| {
            by(&passage.by, json!({ "field": "text", "removed": passage.removed, "added": passage.added }))
        });
        fields.chain(text).collect()
    }

    /// The same for a person: who, and what is there now.
    fn merged_text(&self) -> Option<String> {
        let words = |value: &Value| match value {
            Value::String(text) => text.trim_end().to_owned(),
            Value::Null => "none".to_owned(),
            other => other.to_string(),
        };
        let mut out = vec!["Merged by itself".to_owned()];
        for change in self.merged() {
            let who: Vec<String> = change["devices"].as_array().into_iter().flatten().map(words).collect();
            out.push(format!("  {} ({})", who.join(" and "), words(&change["field"])));
            for (sign, key) in [('-', "removed"), ('+', "added"), ('-', "from"), ('+', "to")] {
                let value = change.get(key).map(words).unwrap_or_default();
                out.extend(value.lines().map(|line| format!("    {sign} {line}")));
            }
        }
        (out.len() > 1).then(|| out.join("\n"))
    }

    fn writing(&self, stamp: Stamp) -> Value {
        let DeviceStamp { device, stamp, revision } = self.review.written_by(stamp);
        json!({
            "device": self.names.device(device),
            "device_id": device.to_string(),
            "this_device": self.names.is_me(device),
            "time": stamp.hlc.ms,
            "revision": revision.map(|r| r.to_string()),
        })
    }

    /// A version with its newest writing, and those who wrote the same.
    fn side(&self, side: &Side) -> Value {
        let mut out = self.writing(side.stamp());
        out["value"] = self.names.value(&side.value);
        out["also"] = side.stamps.iter().skip(1).map(|s| self.writing(*s)).collect();
        out
    }

    fn place_text(&self, number: u32, place: &ReviewPlace) -> String {
        let mut out = vec![format!("Place {number} ({}): {}", &hex(&place.id.0)[..8], label(&place.kind))];
        let mut add = |head: String, value| {
            out.push(format!("  {head}"));
            out.extend(self.names.value_text(value).lines().map(|line| format!("      {line}")));
        };
        for value in &place.base {
            add("Original".into(), value);
        }
        for side in &place.sides {
            let DeviceStamp { device, stamp, revision } = self.review.written_by(side.stamp());
            let revision = revision.map(|r| format!(", version {}", &r.to_string()[..12])).unwrap_or_default();
            add(format!("{} ({}{revision})", self.names.device(device), time(stamp.hlc.ms)), &side.value);
        }
        if let Some(value) = &place.suggested {
            add("Suggested".into(), value);
        }
        out.push(String::new());
        out.join("\n")
    }
}

fn numbered<'p>(places: &'p [ReviewPlace], numbers: &Numbers) -> impl Iterator<Item = (u32, &'p ReviewPlace)> {
    places.iter().map(|place| (numbers.get(&place.id).copied().unwrap_or_default(), place))
}

fn is_text(place: &ReviewPlace) -> bool {
    matches!(place.kind, PlaceKind::Text { .. })
}

fn resolve(place: &Place, resolve: ReviewResolve) -> Outcome {
    let body = resolve.body_file.as_deref().map(|file| input::body_from(file, resolve.allow_empty)).transpose()?;
    place.with_vault(|vault| {
        let id = ids::record(vault, &resolve.id)?;
        let review = vault.review(id)?;
        if review.review.places.is_empty() {
            return Err(Failure::said(format!("Nothing is to decide in {:?}.", review.title)));
        }
        let numbers = vault.place_numbers(&review, false)?;
        match (&resolve.take, body) {
            (Some(take), _) => {
                let wanted = wanted(&review, &numbers, &resolve.places)?;
                let choices = choices(vault, &review, &wanted, &Take::parse(take))?;
                let decided = choices.keys().copied().collect();
                decide(vault, &review, &choices, None, &decided)
            }
            (None, body) => {
                let decided: BTreeSet<PlaceId> =
                    review.review.places.iter().filter(|p| is_text(p)).map(|p| p.id).collect();
                if decided.is_empty() {
                    return Err(Failure::said(format!(
                        "Nothing of the text is to decide in {:?}. Its text was not changed.",
                        review.title
                    )));
                }
                decide(vault, &review, &BTreeMap::new(), body.as_deref(), &decided)
            }
        }
    })
}

/// The places that are meant, by the numbers of before the command; all of them where none is named.
fn wanted<'r>(
    review: &'r RecordReview,
    numbers: &Numbers,
    named: &[PlaceName],
) -> Outcome<Vec<(u32, &'r ReviewPlace)>> {
    let all: Vec<_> = numbered(&review.review.places, numbers).collect();
    if named.is_empty() {
        return Ok(all);
    }
    let mut out: Vec<(u32, &ReviewPlace)> = Vec::new();
    for name in named {
        let meant = |(number, place): &&(u32, &ReviewPlace)| match name {
            PlaceName::Number(wanted) => number == wanted,
            PlaceName::Id(wanted) => hex(&place.id.0).starts_with(wanted),
        };
        let called = match name {
            PlaceName::Number(number) => number.to_string(),
            PlaceName::Id(id) => id.clone(),
        };
        let mut found = all.iter().filter(meant);
        match (found.next(), found.next()) {
            (Some(only), None) => out.push(*only),
            (Some(_), Some(_)) => {
                return Err(Failure::said(format!("More than one place begins with {called}: give more of the id.")));
            }
            (None, _) => {
                let open: Vec<String> = all.iter().map(|(n, place)| format!("{n} ({})", label(&place.kind))).collect();
                return Err(Failure::said(format!(
                    "There is no place {called} to decide in {:?}, only {}. Nothing was decided.",
                    review.title,
                    open.join(", ")
                )));
            }
        }
    }
    Ok(out)
}

/// What to do at each place. Keeping all is for texts: what can have one value only stays open. So does a place
/// without a suggestion where others have one.
fn choices(
    vault: &Vault,
    review: &RecordReview,
    wanted: &[(u32, &ReviewPlace)],
    take: &Take,
) -> Outcome<BTreeMap<PlaceId, Choice>> {
    let names = Names::load(vault)?;
    let texts = wanted.iter().any(|(_, place)| is_text(place));
    let suggestions = wanted.iter().any(|(_, place)| place.suggested.is_some());
    let skip = |place: &ReviewPlace| match take {
        Take::All => texts && !is_text(place),
        Take::Suggested => suggestions && place.suggested.is_none(),
        _ => false,
    };
    let taken = wanted.iter().filter(|(_, place)| !skip(place));
    taken.map(|(n, place)| Ok((place.id, choice(vault, review, &names, *n, place, take)?))).collect()
}

fn decide(
    vault: &Vault,
    before: &RecordReview,
    choices: &BTreeMap<PlaceId, Choice>,
    body: Option<&str>,
    decided: &BTreeSet<PlaceId>,
) -> Outcome {
    vault.resolve(before.id, &before.seen_heads, choices, body)?;
    let after = vault.review(before.id)?;
    vault.keep_place_numbers(before, decided, &after)?;
    let numbers = vault.place_numbers(&after, false)?;
    let open: Vec<_> = numbered(&after.review.places, &numbers).collect();
    let text = if open.is_empty() {
        "Decided.".to_owned()
    } else {
        let left: Vec<String> = open.iter().map(|(n, place)| format!("{n} ({})", label(&place.kind))).collect();
        format!("Decided; {} left to decide: {}.", count(open.len() as u64, "place"), left.join(", "))
    };
    let left: Vec<Value> = open
        .iter()
        .map(|(n, place)| {
            json!({ "number": n, "id": hex(&place.id.0), "field": field(&place.kind), "label": label(&place.kind) })
        })
        .collect();
    Ok(Answer::new(json!({ "ok": true, "left": open.len(), "open": left }), text))
}
