//! Two people's hands in one note, while it syncs: no key is lost, the cursor stays, undo is one's own.

use std::cell::Cell;

use anyhow::Context as _;
use serde_json::json;

use crate::computer::{Computer, EDITOR, hook};
use crate::server::Server;
use crate::window::within;

const NOTE: &str = "Minutes";
const BEGINNING: &str = "Above:\n\nWhat was said stays.\n\nBelow:";
/// Each types so many words, and everything is sent after each of them.
const WORDS: usize = 12;
const MOST_WORDS: usize = 48;

#[tokio::test]
async fn both_type_in_one_note() -> anyhow::Result<()> {
    within(async {
        let server = Server::start()?;
        let laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.write(NOTE, BEGINNING).await?;
        laptop.add_server(&server).await?;
        laptop.wait_status("Up to date").await?;
        let office = Computer::new("Office PC").await?;
        office.join(&server).await?;
        office.open(NOTE).await?;
        office.wait_body("Below:").await?;

        laptop.says("types above, while Office PC types below");
        cursor_after(&laptop, "Above:").await?;
        cursor_after(&office, "Below:").await?;
        let (here, there) = (Cell::new(0), Cell::new(0));
        let (above, below) = tokio::try_join!(
            type_words(&laptop, "north", "south", [&here, &there]),
            type_words(&office, "south", "north", [&there, &here])
        )?;
        // Else they would have typed one after the other, which shows nothing.
        assert!(here.get() > 1 && there.get() > 1, "texts met {here:?} and {there:?} times");
        settle(&laptop, &office, &above, &below).await?;
        let whole = format!("Above:{above}\n\nWhat was said stays.\n\nBelow:{below}");
        for computer in [&laptop, &office] {
            computer.says("has every key");
            assert_eq!(computer.body().await?.trim_end(), whole);
        }
        let heads = tokio::try_join!(before_cursor(&laptop), before_cursor(&office))?;
        assert_eq!(heads, (format!("Above:{above}"), whole.clone()));

        laptop.says("undoes: only its own words go");
        undo_all(&laptop, &below).await?;
        settle(&laptop, &office, "", &below).await?;
        assert_eq!(office.body().await?.trim_end(), format!("{BEGINNING}{below}"));
        office.says("undoes too");
        undo_all(&office, "").await?;
        settle(&laptop, &office, "", "").await?;
        assert_eq!(laptop.body().await?.trim_end(), BEGINNING);
        assert_eq!((laptop.review_count().await?, office.review_count().await?), (0, 0));
        Ok(())
    })
    .await
}

async fn cursor_after(computer: &Computer, text: &str) -> anyhow::Result<()> {
    computer.select(text).await?;
    computer.press("Right").await
}

/// Types word after word, and sends each while the next one is typed. After each, the cursor is behind it.
/// Counts in `met`, its own first, how often the other one's words grew in between, and goes on, on a slow machine, until
/// that was so for both. Answers with what was typed.
async fn type_words(computer: &Computer, word: &str, others: &str, met: [&Cell<usize>; 2]) -> anyhow::Result<String> {
    let mut typed = String::new();
    let mut others_before = 0;
    for number in 1..=MOST_WORDS {
        if number > WORDS && met.iter().all(|met| met.get() > 1) {
            break;
        }
        let next = format!(" {word}{number}");
        computer.type_here(&next).await?;
        typed.push_str(&next);
        let before = before_cursor(computer).await?;
        anyhow::ensure!(
            before.ends_with(&typed),
            "{}: the cursor is after {before:?}, not after {typed:?}",
            computer.name
        );
        let others_now = computer.body().await?.matches(others).count();
        met[0].set(met[0].get() + usize::from(others_now > others_before));
        others_before = others_now;
        computer.ask("sync_now", json!({})).await?;
    }
    computer.wait_focus(&hook("note-body")).await?;
    Ok(typed)
}

/// The text before the cursor.
async fn before_cursor(computer: &Computer) -> anyhow::Result<String> {
    let script = format!("{EDITOR} return view.state.sliceDoc(0, view.state.selection.main.head);");
    let text = computer.execute(&script).await?;
    Ok(text.as_str().context("No note is open.")?.to_owned())
}

/// Waits until both hold both texts, and nothing else of either.
async fn settle(laptop: &Computer, office: &Computer, above: &str, below: &str) -> anyhow::Result<()> {
    let whole = format!("Above:{above}\n\nWhat was said stays.\n\nBelow:{below}");
    for computer in [laptop, office] {
        computer
            .until(&format!("{} has what both typed", computer.name), async || {
                laptop.ask("sync_now", json!({})).await?;
                office.ask("sync_now", json!({})).await?;
                Ok(json!(computer.body().await?.trim_end() == whole))
            })
            .await?;
    }
    Ok(())
}

/// Undoes until nothing changes any more; `others` stays all the time.
async fn undo_all(computer: &Computer, others: &str) -> anyhow::Result<()> {
    computer.execute(&format!("{EDITOR} view.focus();")).await?;
    loop {
        let before = computer.body().await?;
        if before.contains(" north") && computer.name == "Laptop"
            || before.contains(" south") && computer.name != "Laptop"
        {
            computer.press("Ctrl+Z").await?;
        } else {
            return Ok(());
        }
        let after = computer.body().await?;
        assert_ne!(after, before, "undo does nothing, and own words are left");
        assert!(after.contains(others), "undo took what the other one typed: {after}");
    }
}
