//! A picture of every view, small and large, light and dark; each is checked before it is kept, its layout by us and
//! its accessibility by axe-core.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::axe;
use crate::computer::{Computer, PASSPHRASE, hook};
use crate::sample::{self, MERGED, OPEN, REVIEWED};
use crate::server::Server;
use crate::terminal::Terminal;
use crate::window::{scratch_home, within};

const SIZES: [(u32, u32); 2] = [(1280, 800), (900, 600)];
const THEMES: [&str; 2] = ["dark", "light"];
/// Set by whoever renews the picture in README.md.
const RENEW: &str = "HOLDFAST_WRITE_SCREENSHOT";

/// Takes the pictures of one view. Nothing may lie outside of the window or over a control, Tab reaches all, and
/// axe-core finds nothing serious.
pub async fn take(computer: &Computer, view: &str) -> anyhow::Result<()> {
    computer.says(&format!("shows {view}"));
    for (width, height) in SIZES {
        computer.set_window_size(width, height).await?;
        for theme in THEMES {
            computer.execute_with("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)]).await?;
            let name = format!("{view}-{width}x{height}-{theme}");
            computer.screenshot(&name).await?;
            computer.layout_look().await?.assert_clean(&name)?;
            axe::assert_clean(computer, &name).await?;
        }
        // The colours change no focus: once for each size.
        computer.layout_report().await?.assert_clean(&format!("{view}-{width}x{height}"))?;
    }
    let (width, height) = SIZES[0];
    computer.set_window_size(width, height).await
}

#[tokio::test]
async fn before_the_vault_is_open() -> anyhow::Result<()> {
    within(async {
        let computer = Computer::new("Laptop").await?;
        take(&computer, "create").await?;
        computer.type_keys(&hook("create-passphrase"), PASSPHRASE).await?;
        computer.type_keys(&hook("create-again"), "another one").await?;
        computer.click(&hook("create-submit")).await?;
        computer.wait_text("body", "The two passphrases differ").await?;
        take(&computer, "create-error").await?;

        computer.click(&hook("create-join")).await?;
        take(&computer, "join").await?;
        computer.type_keys(&hook("join-link"), "holdfast:nothing").await?;
        computer.click(&hook("join-submit")).await?;
        computer.wait_text("body", "The name of the account").await?;
        take(&computer, "join-error").await?;
        computer.click(&hook("join-back")).await?;

        computer.type_keys(&hook("create-passphrase"), PASSPHRASE).await?;
        computer.type_keys(&hook("create-again"), PASSPHRASE).await?;
        computer.click(&hook("create-submit")).await?;
        computer.wait_count(&hook("code-word"), 24).await?;
        take(&computer, "code").await?;
        computer.click(&hook("code-later")).await?;
        computer.wait_focus(&hook("note-title")).await?;

        computer.press("Ctrl+L").await?;
        computer.find(&hook("unlock-passphrase")).await?;
        take(&computer, "unlock").await?;
        computer.type_keys(&hook("unlock-passphrase"), "not this one").await?;
        computer.press("Enter").await?;
        computer.find("[aria-invalid=true]").await?;
        take(&computer, "unlock-error").await?;
        computer.click(&hook("unlock-forgot")).await?;
        take(&computer, "unlock-code").await
    })
    .await
}

#[tokio::test]
async fn a_damaged_vault() -> anyhow::Result<()> {
    within(async {
        let mut computer = Computer::new("Laptop").await?;
        computer.create_vault().await?;
        computer.write("Shift", "All pumps run.").await?;
        computer.ask("backup_now", json!({})).await?;
        computer.quit().await?;
        fs::write(computer.vault().join("vault.keys"), b"not the keys")?;
        computer.launch().await?;
        computer.find(&hook("session-problem")).await?;
        computer.find(&hook("restore-backup")).await?;
        take(&computer, "damaged").await?;
        computer.type_keys(&hook("restore-passphrase"), "another one").await?;
        computer.press("Enter").await?;
        computer.find(&format!("{}[aria-invalid]", hook("restore-passphrase"))).await?;
        computer.type_keys(&hook("restore-passphrase"), PASSPHRASE).await?;
        computer.press("Enter").await?;
        computer.find_note("Shift").await?;
        anyhow::ensure!(computer.vault().join("vault.keys.damaged-1").exists(), "what was damaged is gone");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_vault_with_nothing_in_it() -> anyhow::Result<()> {
    within(async {
        let computer = Computer::new("Laptop").await?;
        computer.create_vault().await?;
        take(&computer, "note-new").await?;
        computer.click(&hook("nav-trash")).await?;
        computer.find(&hook("list-empty")).await?;
        take(&computer, "trash-empty").await?;
        computer.click(&hook("nav-review")).await?;
        computer.find(&hook("review-empty")).await?;
        take(&computer, "to-review-empty").await?;
        computer.open("Untitled").await?;
        computer.trash().await?;
        computer.find(&hook("list-empty")).await?;
        computer.click_named("Dismiss").await?;
        take(&computer, "notes-empty").await?;
        computer.press("Ctrl+K").await?;
        computer.find(&hook("palette-input")).await?;
        take(&computer, "search-start").await?;
        computer.type_keys(&hook("palette-input"), "nowhere").await?;
        computer.find(&hook("search-empty")).await?;
        take(&computer, "search-nothing").await?;
        computer.press("Escape").await?;
        computer.wait_gone("[role=dialog]").await?;
        computer.click(&hook("sync-status")).await?;
        computer.find(&hook("sync-panel")).await?;
        take(&computer, "sync-local").await?;
        computer.press("Escape").await?;
        computer.click(&hook("recovery-reminder")).await?;
        computer.wait_count(&hook("code-word"), 24).await?;
        take(&computer, "recovery").await
    })
    .await
}

#[tokio::test]
async fn a_vault_in_use() -> anyhow::Result<()> {
    within(async {
        let computer = Computer::new("Laptop").await?;
        let folder = scratch_home()?;
        sample::write(folder.path())?;
        computer.create_vault().await?;
        computer.trash().await?;
        import(&computer, folder.path()).await?;
        computer.open(OPEN).await?;
        computer.wait_body("Culvert 9").await?;
        computer.wait_gone(&hook("toast")).await?;
        computer.wait_saved().await?;
        take(&computer, "notes").await?;
        renew_the_readme(&computer).await?;
        go_back(&computer).await?;

        computer.set_window_size(900, 600).await?;
        computer.click(&hook("open-sidebar")).await?;
        computer.find(&hook("drawer")).await?;
        computer.screenshot("sidebar-900x600-light").await?;
        computer.layout_report().await?.assert_clean("the sidebar as an overlay")?;
        computer.press("Escape").await?;
        computer.set_window_size(1280, 800).await?;

        computer.click(&hook("nav-tasks")).await?;
        take(&computer, "tasks").await?;
        computer.click(&hook("note-due")).await?;
        computer.find(&hook("due-input")).await?;
        take(&computer, "due").await?;
        computer.press("Escape").await?;
        computer.press("Ctrl+K").await?;
        computer.type_keys(&hook("palette-input"), "pump").await?;
        computer.find(&hook("search-hit")).await?;
        take(&computer, "search").await?;
        computer.press("Escape").await?;
        computer.wait_gone("[role=dialog]").await?;
        computer.open("Reading list").await?;
        computer.trash().await?;
        computer.click_named("Dismiss").await?;
        computer.click(&hook("nav-trash")).await?;
        computer.find_note("Reading list").await?.click().await?;
        computer.find(&hook("trash-banner")).await?;
        take(&computer, "trash").await?;
        computer.press("Ctrl+,").await?;
        computer.find(&hook("settings-device")).await?;
        take(&computer, "settings").await?;
        computer.click(&hook("settings-passphrase")).await?;
        computer.find(&hook("passphrase-dialog")).await?;
        take(&computer, "passphrase").await?;
        computer.press("Escape").await?;
        computer.wait_gone("[role=dialog]").await?;
        computer.press("Ctrl+,").await?;
        computer.click(&hook("settings-export")).await?;
        computer.find(&hook("export-path")).await?;
        take(&computer, "export").await?;
        computer.press("Escape").await?;
        computer.wait_gone("[role=dialog]").await?;
        computer.press("F1").await?;
        computer.find(&hook("shortcuts-dialog")).await?;
        take(&computer, "shortcuts").await
    })
    .await
}

async fn import(computer: &Computer, folder: &Path) -> anyhow::Result<()> {
    computer.press("Ctrl+,").await?;
    computer.click(&hook("settings-import")).await?;
    computer.find(&hook("import-path")).await?;
    take(computer, "import").await?;
    computer.type_keys(&hook("import-path"), folder.to_str().context("A scratch path is not UTF-8.")?).await?;
    computer.press("Enter").await?;
    computer.find(&hook("import-preview")).await?;
    take(computer, "import-preview").await?;
    computer.click(&hook("import-run")).await?;
    computer.find(&hook("import-result")).await?;
    computer.click(&hook("import-done")).await?;
    computer.wait_gone("[role=dialog]").await
}

async fn renew_the_readme(computer: &Computer) -> anyhow::Result<()> {
    if std::env::var_os(RENEW).is_none_or(|value| value != "1") {
        return Ok(());
    }
    let code = computer.ask("recovery_code", json!({})).await?;
    let words: Vec<_> = [3, 11].iter().map(|&at| json!({ "index": at, "word": code["words"][at] })).collect();
    computer.ask("recovery_confirm", json!({ "words": words })).await?;
    computer.wait_gone(&hook("recovery-reminder")).await?;
    computer.execute("document.querySelector('[data-testid=note-list]').scrollTop = 0").await?;
    computer.execute("document.activeElement?.blur(); document.documentElement.dataset.theme = 'light'").await?;
    let picture = computer.screenshot("readme").await?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshot.png");
    fs::copy(picture, &docs).with_context(|| format!("{} could not be written.", docs.display()))?;
    Ok(())
}

#[tokio::test]
async fn a_vault_on_two_computers() -> anyhow::Result<()> {
    within(async {
        let mut server = Server::start()?;
        let laptop = Computer::new("Laptop").await?;
        let folder = scratch_home()?;
        sample::write(folder.path())?;
        laptop.create_vault().await?;
        laptop.trash().await?;
        laptop.ask("import_folder", json!({ "path": folder.path(), "dryRun": false })).await?;
        laptop.click(&hook("open-settings")).await?;
        laptop.click(&hook("settings-add-server")).await?;
        take(&laptop, "add-server").await?;
        laptop.type_keys(&hook("add-server-link"), "holdfast:nothing").await?;
        laptop.find("[aria-invalid=true]").await?;
        take(&laptop, "add-server-error").await?;
        laptop.press("Escape").await?;
        laptop.wait_gone("[role=dialog]").await?;
        laptop.add_server(&server).await?;
        laptop.wait_status("Up to date").await?;

        let office = Terminal::join(&server, "Office PC")?;
        conflict(&laptop, &office).await?;
        server.stop();
        laptop.replace("Check the oil", "Then check the oil").await?;
        laptop.click(&hook("nav-all")).await?;
        laptop.click(&hook("sync-status")).await?;
        laptop.click(&hook("sync-now")).await?;
        laptop.wait_text(&hook("sync-panel"), "Can't reach the server").await?;
        take(&laptop, "sync-unreachable").await?;
        server.restart()?;
        office.sync()?;
        laptop.press("Escape").await?;
        laptop.sync().await?;
        laptop.wait_review_count(1).await?;
        laptop.click(&hook("sync-status")).await?;
        laptop.click(&hook("sync-activity")).await?;
        laptop.find(&hook("sync-log")).await?;
        take(&laptop, "sync-up-to-date").await?;
        laptop.click(&hook("sync-add-computer")).await?;
        laptop.wait_text(&hook("add-computer-link"), "holdfast://join/").await?;
        take(&laptop, "add-computer").await?;
        laptop.click(&hook("add-computer-close")).await?;
        laptop.find(&hook("sync-panel")).await?;
        laptop.press("Escape").await?;
        laptop.wait_gone("[role=dialog]").await?;

        laptop.open(REVIEWED).await?;
        laptop.find(&hook("review-banner")).await?;
        take(&laptop, "note-to-review").await?;
        laptop.click(&hook("nav-review")).await?;
        laptop.find(&hook("review-list-item")).await?;
        take(&laptop, "to-review").await?;
        laptop.review(REVIEWED).await?;
        take(&laptop, "review").await?;
        laptop.press("1").await?;
        laptop.wait_text(&hook("review-finish"), "1 left").await?;
        take(&laptop, "review-half").await?;
        laptop.later().await?;
        laptop.click(&hook("nav-receipts")).await?;
        laptop.click(&hook("receipt-item")).await?;
        laptop.find(&hook("receipt-detail")).await?;
        take(&laptop, "receipts").await
    })
    .await
}

/// A sync that is held back: the banner, the panel, the decision; then the log, the check and the backups.
#[tokio::test]
async fn what_protects_a_vault() -> anyhow::Result<()> {
    within(async {
        let server = Server::start()?;
        let laptop = Computer::new("Laptop").await?;
        let folder = scratch_home()?;
        sample::write(folder.path())?;
        let archive = folder.path().join("Archive");
        fs::create_dir_all(&archive)?;
        for n in 1..=23 {
            fs::write(
                archive.join(format!("Inspection {n}, spring.md")),
                format!("---\nupdated: 2026-05-01T08:00:00Z\n---\nStation {n} was dry.\n"),
            )?;
        }
        laptop.create_vault().await?;
        laptop.trash().await?;
        laptop.ask("import_folder", json!({ "path": folder.path(), "dryRun": false })).await?;
        laptop.add_server(&server).await?;
        laptop.wait_status("Up to date").await?;
        laptop.open(OPEN).await?;
        laptop.wait_text(&hook("save-state"), "the server has it").await?;

        let office = Terminal::join(&server, "Office PC")?;
        office.run(&["notebook", "trash", "Archive"], "")?;
        office.replace("Budget 2027", "| Seals | 1,200 | 310 |\n| Roads | 18,000 | 4,420 |\n", "")?;
        office.sync()?;
        laptop.ask("sync_now", json!({})).await?;
        laptop.find(&hook("tripwire-banner")).await?;
        laptop.click_named("Dismiss").await.ok();
        take(&laptop, "held-banner").await?;
        laptop.click(&hook("sync-status")).await?;
        laptop.find(&hook("sync-held")).await?;
        take(&laptop, "held-panel").await?;
        laptop.click(&hook("sync-decide")).await?;
        laptop.find(&hook("tripwire-note")).await?;
        take(&laptop, "held-dialog").await?;
        laptop.click(&hook("tripwire-keep")).await?;
        laptop.wait_gone(&hook("tripwire-dialog")).await?;
        laptop.wait_status("Up to date").await?;

        laptop.click(&hook("sync-status")).await?;
        laptop.click(&hook("sync-activity")).await?;
        laptop.wait_text(&hook("sync-log"), "You kept your notes").await?;
        take(&laptop, "sync-log").await?;
        laptop.click(&hook("sync-activity")).await?;
        laptop.click(&hook("sync-check")).await?;
        laptop.find(&hook("health-line")).await?;
        take(&laptop, "sync-check").await?;
        laptop.press("Escape").await?;
        laptop.wait_gone("[role=dialog]").await?;

        laptop.press("Ctrl+,").await?;
        laptop.click(&hook("settings-backups")).await?;
        laptop.find(&hook("backup-item")).await?;
        laptop.click(&hook("backup-test")).await?;
        laptop
            .wait_text(
                &hook("backup-result"),
                "It opens with the passphrase of that day, or the recovery code: 35 notes",
            )
            .await?;
        take(&laptop, "backups").await?;
        laptop.press("Escape").await?;
        laptop.wait_gone("[role=dialog]").await?;
        remove(&laptop, &office).await
    })
    .await
}

/// A computer that was lost is removed, in the window, and hears of it.
async fn remove(laptop: &Computer, office: &Terminal) -> anyhow::Result<()> {
    laptop.click(&hook("sync-status")).await?;
    laptop.click(&hook("device-remove")).await?;
    laptop.wait_focus(&hook("remove-device-keep")).await?;
    laptop.click(&hook("remove-device-known")).await?;
    laptop.find(&hook("remove-device-new")).await?;
    take(laptop, "remove-device").await?;
    laptop.click(&hook("remove-device-known")).await?;
    laptop.click(&hook("remove-device-submit")).await?;
    laptop.wait_gone(&hook("remove-device")).await?;
    laptop.wait_status("Up to date").await?;
    let refused = office.sync().err().context("A removed computer synced.")?.to_string();
    anyhow::ensure!(refused.contains("removed from the account"), "{refused}");
    laptop.find(&hook("sync-panel")).await?;
    laptop.wait_count(&hook("sync-device"), 0).await
}

/// The server forgets a removal for a while, and what the computer sent then is set aside.
#[tokio::test]
async fn what_a_removed_computer_sent_late() -> anyhow::Result<()> {
    within(async {
        let mut server = Server::start()?;
        let laptop = Computer::new("Laptop").await?;
        let folder = scratch_home()?;
        sample::write(folder.path())?;
        laptop.create_vault().await?;
        laptop.trash().await?;
        laptop.ask("import_folder", json!({ "path": folder.path(), "dryRun": false })).await?;
        laptop.add_server(&server).await?;
        laptop.wait_status("Up to date").await?;
        let office = Terminal::join(&server, "Office PC")?;
        laptop.sync().await?;

        let before = server.snapshot()?;
        let devices = laptop.ask("sync_status", json!({})).await?["devices"].clone();
        let lost = devices.as_array().and_then(|all| all.iter().find(|d| d["name"] == "Office PC"));
        let lost = lost.context("The office is not in the list.")?["id"].clone();
        laptop.ask("device_remove", json!({ "request": { "id": lost, "passphrase": null } })).await?;
        // Who knows of the removal is away.
        laptop.ask("sync_pause", json!({ "paused": true })).await?;
        server.put_back(before.path())?;
        office.replace(MERGED, "workshop wall", "truck 1")?;
        office.run(&["note", "add", "--title", "Of the office"], "Written late.\n")?;
        office.sync()?;
        laptop.says("finds it set aside");
        laptop.ask("sync_pause", json!({ "paused": false })).await?;
        laptop
            .until("what came late is set aside", async || {
                laptop.ask("sync_now", json!({})).await?;
                Ok(json!(laptop.ask("sync_status", json!({})).await?["quarantined"] == json!(2)))
            })
            .await?;
        laptop.wait_status("Up to date").await?;
        aside(&laptop).await
    })
    .await
}

/// A whole text is replaced by mistake, and everything is as it was by four keys.
async fn go_back(computer: &Computer) -> anyhow::Result<()> {
    let before = computer.body().await?;
    computer.click(&hook("note-body")).await?;
    computer.press("Ctrl+A").await?;
    computer.type_here("A slip.").await?;
    computer.wait_saved().await?;
    computer.press("Ctrl+H").await?;
    computer.wait_focus(&hook("history-list")).await?;
    computer.wait_text(&hook("history-version"), "slip").await?;
    computer.press("Down").await?;
    computer.find(&format!("{}:not(:disabled)", hook("history-restore"))).await?;
    take(computer, "history").await?;
    computer.execute_with("document.querySelector(arguments[0]).focus()", vec![json!(hook("history-restore"))]).await?;
    computer.press("Enter").await?;
    computer.wait_gone("[role=dialog]").await?;
    computer.wait_body(before.lines().next().unwrap_or_default()).await?;
    computer.click_named("Dismiss").await
}

/// Two changes that came late: one is taken over by keyboard, the other one discarded.
async fn aside(laptop: &Computer) -> anyhow::Result<()> {
    laptop.click(&hook("sync-status")).await?;
    laptop.wait_text(&hook("sync-set-aside"), "2 changes set aside").await?;
    take(laptop, "sync-set-aside").await?;
    laptop.click(&hook("sync-aside")).await?;
    laptop.wait_count(&hook("aside-item"), 2).await?;
    laptop.click(&format!("{}[aria-label*=\"{MERGED}\"]", hook("aside-show"))).await?;
    laptop.wait_text(&hook("aside-text"), "truck 1").await?;
    take(laptop, "aside").await?;
    let focus = "document.querySelector(arguments[0]).focus()";
    let take_over = format!("{}[aria-label*=\"{MERGED}\"]", hook("aside-take"));
    laptop.execute_with(focus, vec![json!(take_over)]).await?;
    laptop.press("Enter").await?;
    laptop.wait_count(&hook("aside-item"), 1).await?;
    laptop.click(&hook("aside-discard")).await?;
    laptop.wait_focus(&hook("aside-keep")).await?;
    take(laptop, "aside-discard").await?;
    laptop.click(&hook("aside-discard-sure")).await?;
    laptop.find(&hook("aside-empty")).await?;
    laptop.wait_focus(&hook("aside-close")).await?;
    laptop.press("Enter").await?;
    laptop.wait_gone(&hook("aside-dialog")).await?;
    laptop.find(&hook("sync-panel")).await?;
    laptop.wait_gone(&hook("sync-set-aside")).await?;
    laptop.press("Escape").await?;
    laptop.wait_gone("[role=dialog]").await?;
    laptop.open(MERGED).await?;
    laptop.wait_text("body", "truck 1").await?;
    laptop.wait_status("Up to date").await
}

/// One note with two choices, and one that merges by itself.
async fn conflict(laptop: &Computer, office: &Terminal) -> anyhow::Result<()> {
    office.replace(REVIEWED, "both pumps", "only pump 2")?;
    office.replace(REVIEWED, "call the control room", "write it in the log")?;
    office.replace(MERGED, "workshop wall", "truck 1")?;
    laptop.open(MERGED).await?;
    laptop.replace("two cans", "one can").await?;
    laptop.open(REVIEWED).await?;
    laptop.replace("both pumps", "pump 1, then pump 2").await?;
    laptop.replace("call the control room", "send the time to the control room").await
}
