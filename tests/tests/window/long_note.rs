//! A note as long as a note can sensibly be, which two computers changed in many places while apart.

use std::fmt::Write as _;

use serde_json::Value;

use crate::computer::{Computer, USER};
use crate::server::Server;
use crate::terminal::Terminal;

/// A title for it.
pub const TITLE: &str = "Log of the whole season";
/// Lines of a part: with their 90 bytes, 200 parts are a megabyte.
const LINES: usize = 56;
/// The line of each part that both computers change.
const DISPUTED: usize = 20;

const WORDS: [&str; 24] = [
    "pump", "valve", "north", "gate", "pressure", "reading", "housing", "bearing", "morning", "shift", "culvert",
    "weather", "level", "bridge", "spare", "seal", "oil", "gauge", "alarm", "survey", "cable", "tunnel", "report",
    "quiet",
];

/// A line that stands once in the note.
fn line(number: usize) -> String {
    let mut text = format!("{number}:");
    for at in 0..14_usize {
        // Any fixed mixture does: the words need not mean anything, and no two lines are alike.
        let word = WORDS[(number * 7 + at * at * 5 + number / 11 * at) % WORDS.len()];
        text.push(' ');
        text.push_str(word);
    }
    text.push('.');
    text
}

/// The note: `parts` parts with a heading each. Somebody who writes changes one line of each, which the other one
/// changes as well, and one of every tenth that the other does not touch.
pub fn body(parts: usize, writer: Option<&str>) -> String {
    let mut text = String::new();
    for part in 0..parts {
        // Writing to a string cannot fail.
        let _ = write!(text, "## Week {}\n\n", part + 1);
        for here in 0..LINES {
            let original = line(part * LINES + here);
            let alone = if writer == Some("Laptop") { 5 } else { 40 };
            let _ = match writer {
                Some(writer) if here == DISPUTED => {
                    let half = &original[..original.len() / 2];
                    writeln!(text, "{half} {writer} saw it otherwise in week {}.", part + 1)
                }
                Some(writer) if here == alone && part % 10 == 0 => {
                    writeln!(text, "{original} Checked again by {writer}.")
                }
                _ => writeln!(text, "{original}"),
            };
        }
        text.push('\n');
    }
    text
}

/// A computer whose window shows the list to review, with these notes (title and parts) in it; and the other one.
pub async fn to_review(notes: &[(&str, usize)]) -> anyhow::Result<(Server, Computer, Terminal)> {
    let server = Server::start()?;
    let mut laptop = Computer::closed("Laptop")?;
    let terminal = Terminal::of(&laptop.vault())?;
    terminal.run(&["init", "--device-name", "Laptop"], "")?;
    for (title, parts) in notes {
        terminal.run(&["note", "add", "--title", title], &body(*parts, None))?;
    }
    terminal.run(&["account", "create", "--link", &server.link, "--user", USER], "")?;
    terminal.sync()?;
    let office = Terminal::join(&server, "Office PC")?;
    for (computer, name) in [(&terminal, "Laptop"), (&office, "Office PC")] {
        for (title, parts) in notes {
            let edit = ["note", "edit", &computer.id(title)?, "--body-file", "-"];
            computer.run(&edit, &body(*parts, Some(name)))?;
        }
    }
    for computer in [&office, &terminal, &office] {
        computer.sync()?;
    }
    laptop.launch().await?;
    laptop.unlock().await?;
    laptop.wait_review_count(notes.len()).await?;
    Ok((server, laptop, office))
}

/// The id of a note that is to review, as the window's program has it.
pub async fn id(laptop: &Computer, title: &str) -> anyhow::Result<Value> {
    let list = laptop.ask("review_list", serde_json::json!({})).await?;
    let note = list.as_array().into_iter().flatten().find(|note| note["title"] == title);
    Ok(note.map(|note| note["id"].clone()).unwrap_or_default())
}
