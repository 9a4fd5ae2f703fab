//! `doctor`.

use holdfast_ipc::health_line;
use holdfast_notebook::health;
use serde_json::json;

use crate::Outcome;
use crate::output::Answer;
use crate::session::{Place, block_on, connect, keychain};

pub fn run(place: &Place) -> Outcome {
    place.with_vault(|vault| {
        let found = block_on(health::check(vault, &connect(), &*keychain(), None))??;
        let lines: Vec<_> = found.iter().map(health_line).collect();
        let ok = lines.iter().all(|l| l.ok);
        let mut text: Vec<String> = Vec::new();
        for line in &lines {
            let mark = if line.ok { "ok          " } else { "look at this" };
            text.push(format!("{mark}  {}: {}", line.name, line.sentence));
            text.extend(line.action.iter().map(|action| format!("              {action}")));
        }
        // Reserved: the comparison with other devices.
        let json = json!({ "ok": ok, "checks": lines, "digest": null });
        Ok(Answer { exit: u8::from(!ok), ..Answer::new(json, text.join("\n")) })
    })
}
