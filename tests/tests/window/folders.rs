//! Folders that an import cannot take whole, or not at all, and a vault's folder that cannot be used.

use std::fs;

use anyhow::{Context as _, ensure};
use holdfast_tests::odd_folder;
use holdfast_tests::permissions::allow;
use serde_json::{Value, json};

use crate::computer::{Computer, hook};
use crate::table::{Table, bodies, shows};
use crate::window::within;

#[tokio::test]
async fn an_import_names_each_file_that_it_cannot_take_and_takes_the_others() -> anyhow::Result<()> {
    within(async {
        let table = Table::read()?;
        let desk = Computer::new("Desk").await?;
        desk.create_vault().await?;
        desk.write("Kept", "as it was").await?;
        let before = desk.state().await?;
        // A folder beside the home: a vault's own folder is not a scratch folder.
        let scratch = desk.home().join("scratch");
        fs::create_dir(&scratch)?;
        desk.click(&hook("open-settings")).await?;
        desk.click(&hook("settings-import")).await?;

        let closed = scratch.join("closed");
        fs::create_dir(&closed)?;
        allow(&closed, 0o000);
        let fault = "a folder that cannot be read";
        let path = closed.to_str().context("A scratch path is not UTF-8.")?;
        let sentence = table.refuses(&desk, fault, "import_folder", json!({ "path": path, "dryRun": false })).await?;
        look(&desk, path).await?;
        shows(&desk, fault, &format!("{} [role=alert]", hook("import-dialog")), &sentence).await?;
        ensure!(bodies(&desk.state().await?) == bodies(&before), "{fault}: something was lost");

        let odd = scratch.join("odd");
        odd_folder::make(&odd);
        look(&desk, odd.to_str().context("A scratch path is not UTF-8.")?).await?;
        desk.find(&hook("import-preview")).await?;
        assert_eq!(skipped(&desk).await?, table.skipped("a folder with odd files, looked at")?);
        ensure!(bodies(&desk.state().await?) == bodies(&before), "looking has changed something");
        desk.click(&hook("import-run")).await?;
        desk.wait_text(&hook("import-result"), "Imported 1 note").await?;
        assert_eq!(skipped(&desk).await?, table.skipped("a folder with odd files")?);
        odd_folder::open(&odd);
        desk.click(&hook("import-done")).await?;
        desk.wait_gone("[role=dialog]").await?;

        let after = desk.state().await?;
        assert_eq!(after.len(), 2);
        for note in &before {
            ensure!(after.iter().any(|it| it["id"] == note["id"] && it["body"] == note["body"]), "{note} is gone");
        }
        ensure!(after.iter().any(|it| it["title"] == "good" && it["body"] == "fine\n"), "{after:?}");
        Ok(())
    })
    .await
}

/// Looks at the folder that is typed in the dialog.
async fn look(desk: &Computer, path: &str) -> anyhow::Result<()> {
    desk.click(&hook("import-path")).await?;
    desk.press("Ctrl+A").await?;
    desk.type_here(path).await?;
    desk.click(&hook("import-look")).await
}

/// The lines of what is left out, as the dialog shows them.
async fn skipped(desk: &Computer) -> anyhow::Result<Vec<Value>> {
    let script = "return [...document.querySelectorAll('[data-testid=skipped] li')].map((line) => ({
        path: line.querySelector('.path').innerText, reason: line.querySelector('.reason').innerText }));";
    Ok(desk.execute(script).await?.as_array().context("Nothing is said to be left out.")?.clone())
}

/// Nobody is asked to make a vault where one may be.
#[tokio::test]
async fn a_vault_s_folder_that_cannot_be_used_is_said_at_the_start() -> anyhow::Result<()> {
    within(async {
        let table = Table::read()?;
        let mut desk = Computer::new("Desk").await?;
        desk.create_vault().await?;
        desk.write("Kept", "as it was").await?;
        desk.quit().await?;

        let (vault, fault) = (desk.vault(), "a vault that cannot be read");
        allow(&vault, 0o000);
        desk.launch().await?;
        table.is(&desk, fault, &desk.ask("session_status", json!({})).await?["problem"])?;
        desk.wait_text(&hook("session-problem"), "there is no permission for it").await?;
        ensure!(desk.count(&hook("create-passphrase")).await? == 0, "{fault}: another vault is offered");
        desk.click(&hook("problem-retry")).await?;
        // The answer to this try, and not one that finds the folder open.
        desk.find(&format!("{}:not([aria-busy])", hook("problem-retry"))).await?;
        desk.wait_text(&hook("session-problem"), "there is no permission for it").await?;
        allow(&vault, 0o700);
        desk.click(&hook("problem-retry")).await?;
        desk.unlock().await?;
        desk.open("Kept").await?;
        assert_eq!(desk.body().await?, "as it was");
        desk.quit().await?;

        let taken = Computer::closed("Taken")?;
        fs::write(taken.vault(), "a file of somebody's")?;
        let mut taken = taken;
        taken.launch().await?;
        let fault = "a vault's folder is a file";
        table.is(&taken, fault, &taken.ask("session_status", json!({})).await?["problem"])?;
        taken.find(&hook("session-problem")).await?;
        assert_eq!(fs::read(taken.vault())?, b"a file of somebody's");
        Ok(())
    })
    .await
}
