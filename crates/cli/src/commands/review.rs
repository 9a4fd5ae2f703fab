//! `review`: what needs a decision.

use std::collections::BTreeMap;

use holdfast_notebook::{DeviceStamp, Place as ReviewPlace, PlaceId, PlaceKind, RecordReview, Side, Stamp, Vault};
use serde_json::{Value, json};

use super::decide::{Take, choice};
use crate::args::{ReviewCommand, ReviewResolve};
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{Names, count, field, label, lines, time, titled};
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
    let view = View { review: &review, names: &names };
    let json = json!({
        "id": review.id.to_string(),
        "title": review.title,
        "places": view.numbered().map(|(n, p)| view.place(n, p)).collect::<Vec<_>>(),
        "heads": review.seen_heads.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let text: Vec<String> = view.numbered().map(|(n, p)| view.place_text(n, p)).collect();
    let text = lines(&text, "Nothing is to decide here.");
    Ok(Answer::new(json, format!("{}\n\n{text}", titled(&review.title))))
}

struct View<'a> {
    review: &'a RecordReview,
    names: &'a Names,
}

impl View<'_> {
    fn numbered(&self) -> impl Iterator<Item = (usize, &ReviewPlace)> {
        self.review.review.places.iter().enumerate().map(|(n, place)| (n + 1, place))
    }

    fn place(&self, number: usize, place: &ReviewPlace) -> Value {
        let region = match &place.kind {
            PlaceKind::Text { heading, line, .. } => json!({ "heading": heading, "line": line + 1 }),
            _ => Value::Null,
        };
        let base: Vec<Value> = place.base.iter().map(|v| self.names.value(v)).collect();
        json!({
            "number": number,
            "field": field(&place.kind),
            "label": label(&place.kind),
            "region": region,
            "base": if base.is_empty() { Value::Null } else { Value::Array(base) },
            "sides": place.sides.iter().map(|s| self.side(s)).collect::<Vec<_>>(),
        })
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

    fn place_text(&self, number: usize, place: &ReviewPlace) -> String {
        let mut out = vec![format!("Place {number}: {}", label(&place.kind))];
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
        out.push(String::new());
        out.join("\n")
    }
}

fn resolve(place: &Place, resolve: ReviewResolve) -> Outcome {
    let body = resolve.body_file.as_deref().map(input::body_from).transpose()?;
    place.with_vault(|vault| {
        let id = ids::record(vault, &resolve.id)?;
        let review = vault.review(id)?;
        let places = &review.review.places;
        if places.is_empty() {
            return Err(Failure::said(format!("Nothing is to decide in {:?}.", review.title)));
        }
        if let Some(n) = resolve.place
            && n as usize > places.len()
        {
            let there = count(places.len() as u64, "place");
            return Err(Failure::said(format!("There is no place {n}: {:?} has {there} to decide.", review.title)));
        }
        let mut choices = BTreeMap::new();
        if let Some(take) = &resolve.take {
            let take = Take::parse(take);
            let wanted = |n: usize| resolve.place.is_none_or(|only| only as usize == n);
            // The text that was given decides the places of the text.
            let open = |p: &ReviewPlace| body.is_none() || !matches!(p.kind, PlaceKind::Text { .. });
            let names = Names::load(vault)?;
            for (n, p) in places.iter().enumerate().map(|(n, p)| (n + 1, p)) {
                if wanted(n) && open(p) {
                    choices.insert(p.id, choice(vault, &review, &names, n, p, &take)?);
                }
            }
        }
        decide(vault, &review, &choices, body.as_deref())
    })
}

fn decide(
    vault: &Vault,
    review: &RecordReview,
    choices: &BTreeMap<PlaceId, holdfast_notebook::Choice>,
    body: Option<&str>,
) -> Outcome {
    vault.resolve(review.id, &review.seen_heads, choices, body)?;
    let left = vault.review(review.id)?.review.places.len();
    let text = if left == 0 {
        "Decided.".to_owned()
    } else {
        format!("Decided; {} left to decide.", count(left as u64, "place"))
    };
    Ok(Answer::new(json!({ "ok": true, "left": left }), text))
}
