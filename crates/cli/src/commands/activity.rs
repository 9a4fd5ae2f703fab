//! `activity`.

use holdfast_ipc::dto::{ActivityItem, ActivityQuery};
use holdfast_ipc::{activity_items, export_activity};
use serde_json::{Value, json};

use crate::args::ActivityArgs;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{count, lines, time};
use crate::{Outcome, failure};

pub fn run(place: &Place, args: &ActivityArgs) -> Outcome {
    place.with_vault(|vault| {
        if let Some(file) = &args.export {
            let written = export_activity(vault, file, None).map_err(said)?;
            let text = format!("{} written to {}.", count(written.into(), "line"), file.display());
            return Ok(Answer::new(json!({ "ok": true, "lines": written }), text));
        }
        let query = ActivityQuery { search: args.search.clone(), failed_only: args.failed, limit: args.limit };
        let items = activity_items(vault, &query).map_err(said)?;
        let json: Vec<Value> = items.iter().map(shape).collect();
        let shown: Vec<String> = items.iter().map(line).collect();
        let none = if args.failed || !args.search.is_empty() { "No line is like that." } else { "Nothing yet." };
        Ok(Answer::new(json!(json), lines(&shown, none)))
    })
}

fn shape(item: &ActivityItem) -> Value {
    json!({
        "at_ms": item.at_ms as u64,
        "what": item.what,
        "ok": item.ok,
        "duration_ms": item.duration_ms,
        "bytes_up": item.bytes_up as u64,
        "bytes_down": item.bytes_down as u64,
        "message": item.message,
        "code": item.code,
    })
}

fn line(item: &ActivityItem) -> String {
    let failed = if item.ok { "" } else { " failed" };
    let mut line = format!("{}  {}{failed}", time(item.at_ms as u64), item.what);
    if !item.message.is_empty() {
        line.extend([": ", &item.message]);
    }
    if item.bytes_up + item.bytes_down > 0.0 {
        let cost = format!(" ({} ms, {} B up, {} B down)", item.duration_ms, item.bytes_up, item.bytes_down);
        line.push_str(&cost);
    }
    line
}

/// The sentence is made already.
fn said(error: holdfast_ipc::dto::CommandError) -> Failure {
    failure::Failure::said(error.message)
}
