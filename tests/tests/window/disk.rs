//! A disk that is really full while somebody writes in the window: the text stays, and it says so.

use holdfast_tests::small_disk::SmallDisk;
use serde_json::json;

use crate::computer::{Computer, EDITOR, hook};
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
