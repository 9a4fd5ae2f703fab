//! A disk that is really full, in the window: while somebody writes, in an import, and in a pull. What was there stays,
//! and it is said.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, ensure};
use holdfast_tests::small_disk::SmallDisk;
use serde_json::json;

use crate::computer::{Computer, EDITOR, USER, hook};
use crate::server::Server;
use crate::table::{Table, bodies, shows};
use crate::terminal::Terminal;
use crate::window::within;

/// More than a page or two that may be left.
const LONG: usize = 300_000;

#[tokio::test]
async fn what_is_written_on_a_full_disk_stays_in_the_window() -> anyhow::Result<()> {
    within(async {
        let mut desk = Computer::closed("Desk")?;
        let Some(disk) = SmallDisk::mount(desk.vault(), 6) else {
            eprintln!("SKIPPED: this user cannot mount a file system in memory");
            return Ok(());
        };
        desk.launch().await?;
        desk.create_vault().await?;
        desk.write("Kept", "as it was").await?;
        disk.fill();

        desk.says("writes on a full disk");
        let add = format!(
            "{EDITOR} const text = ' more'.repeat(arguments[0] / 5);
             view.dispatch({{ changes: {{ from: view.state.doc.length, insert: text }} }}); return text.length;"
        );
        desk.execute_with(&add, vec![json!(LONG)]).await?;
        desk.wait_text(&hook("save-state"), "Not saved: the disk is full.").await?;
        desk.find(&hook("copy-text")).await?;
        assert_eq!(desk.execute(&format!("{EDITOR} return view.state.doc.length;")).await?, json!(LONG + 9));
        assert_eq!(desk.state().await?[0]["body"], "as it was", "what was saved before was touched");

        desk.says("has room again");
        disk.empty();
        disk.grow(64);
        desk.type_here("!").await?;
        desk.wait_saved().await?;
        desk.quit().await?;
        let notes = Terminal::of(&desk.vault())?.notes()?;
        assert_eq!(notes.len(), 1);
        let body = notes[0]["body"].as_str().unwrap_or_default();
        assert_eq!((body.len(), body.matches(" more").count()), (LONG + 10, LONG / 5));
        Ok(())
    })
    .await
}

/// Text that does not compress to nothing.
fn noise(seed: u64, bytes: usize) -> String {
    let mut rng = holdfast_testkit::TestRng::new(seed);
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{:016x}", rng.next_u64());
    }
    text
}

#[tokio::test]
async fn an_import_that_has_no_room_changes_nothing() -> anyhow::Result<()> {
    within(async {
        let table = Table::read()?;
        let mut desk = Computer::closed("Desk")?;
        let Some(disk) = SmallDisk::mount(desk.vault(), 6) else {
            eprintln!("SKIPPED: this user cannot mount a file system in memory");
            return Ok(());
        };
        desk.launch().await?;
        desk.create_vault().await?;
        desk.write("Kept", "as it was").await?;
        let before = desk.state().await?;
        let folder = tempfile::tempdir()?;
        for n in 0..30 {
            fs::write(folder.path().join(format!("{n}.md")), noise(n, 300_000))?;
        }
        let path = folder.path().to_str().context("A scratch path is not UTF-8.")?;

        desk.says("imports more than there is room for");
        let fault = "full disk, in an import";
        let sentence = table.refuses(&desk, fault, "import_folder", json!({ "path": path, "dryRun": false })).await?;
        ensure!(bodies(&desk.state().await?) == bodies(&before), "half of an import stayed");
        desk.click(&hook("open-settings")).await?;
        desk.click(&hook("settings-import")).await?;
        desk.type_keys(&hook("import-path"), path).await?;
        desk.click(&hook("import-look")).await?;
        desk.find(&hook("import-preview")).await?;
        desk.click(&hook("import-run")).await?;
        shows(&desk, fault, &format!("{} [role=alert]", hook("import-dialog")), &sentence).await?;
        ensure!(bodies(&desk.state().await?) == bodies(&before), "half of an import stayed");

        desk.says("has room");
        disk.grow(96);
        desk.click(&hook("import-run")).await?;
        desk.wait_text(&hook("import-result"), "Imported 30 notes").await?;
        assert_eq!(desk.state().await?.len(), 31);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_does_not_fit_into_a_pull_waits_on_the_server() -> anyhow::Result<()> {
    within(async {
        let table = Table::read()?;
        let server = Server::start()?;
        let office = Terminal::own()?;
        office.run(&["init"], "")?;
        office.run(&["note", "add", "--title", "Of the office"], "text")?;
        office.run(&["account", "create", "--link", &server.link, "--user", USER], "")?;
        office.sync()?;
        let mut laptop = Computer::closed("Laptop")?;
        let Some(disk) = SmallDisk::mount(laptop.vault(), 5) else {
            eprintln!("SKIPPED: this user cannot mount a file system in memory");
            return Ok(());
        };
        laptop.launch().await?;
        laptop.join(&server).await?;
        laptop.write("Own", "as it was").await?;
        laptop.sync().await?;
        let before = laptop.state().await?;

        laptop.ask("sync_pause", json!({ "paused": true })).await?;
        for n in 0..12 {
            office.run(&["note", "add", "--title", &format!("Long {n}")], &noise(n, 300_000))?;
        }
        office.sync()?;
        laptop.ask("sync_pause", json!({ "paused": false })).await?;
        table.sync_fails(&laptop, "full disk, in a pull").await?;
        let now = laptop.state().await?;
        for note in &before {
            ensure!(now.contains(note), "{note} is gone");
        }

        laptop.says("has room");
        disk.grow(96);
        laptop.sync().await?;
        laptop.wait_status("Up to date").await?;
        assert_eq!(laptop.state().await?.len(), 14);
        Ok(())
    })
    .await
}
