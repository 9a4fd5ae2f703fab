//! `search`.

use serde_json::{Value, json};

use crate::Outcome;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{Names, lines};

pub fn run(place: &Place, query: &str, limit: u32) -> Outcome {
    place.with_vault(|vault| {
        let names = Names::load(vault)?;
        let (mut found, mut text) = (Vec::new(), Vec::new());
        for hit in vault.search(query, limit)? {
            let row = vault.note(hit.id)?.row;
            text.push(format!("{}\n    {}", names.note_line(&row), hit.snippet));
            found.push(json!({
                "id": hit.id.to_string(),
                "title": hit.title,
                "notebook": names.path(row.notebook),
                "snippet": hit.snippet,
                "trashed": hit.trashed,
                "review": row.review > 0,
            }));
        }
        Ok(Answer::new(Value::Array(found), lines(&text, "Nothing was found.")))
    })
}
