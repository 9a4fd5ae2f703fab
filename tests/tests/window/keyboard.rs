//! The first start, writing, searching and reviewing, with the keyboard alone.

use serde_json::json;

use crate::computer::{Computer, PASSPHRASE, USER, hook};
use crate::server::Server;
use crate::terminal::Terminal;
use crate::window::within;

/// More than any page has controls.
const MOST_TABS: usize = 60;

#[tokio::test]
async fn not_a_single_click() -> anyhow::Result<()> {
    within(async {
        let mut server = Server::start()?;
        let laptop = Computer::new("Laptop").await?;
        watch_the_mouse(&laptop).await?;
        first_start(&laptop).await?;
        laptop.write("Lantern festival", "Hang the lanterns by the gate.").await?;
        laptop.write("Shopping", "Oil for the lamps.").await?;
        search(&laptop, "gate", "Lantern festival").await?;
        add_server(&laptop, &server).await?;

        let office = Terminal::join(&server, "Office PC")?;
        server.stop();
        office.replace("Lantern festival", "by the gate", "along the river")?;
        laptop.says("writes without the network");
        search(&laptop, "lanterns", "Lantern festival").await?;
        laptop.press("Ctrl+End").await?;
        laptop.press("Backspace").await?;
        laptop.type_here(" and the mill.").await?;
        laptop.wait_saved().await?;
        server.restart()?;
        office.sync()?;
        sync(&laptop).await?;
        laptop.wait_review_count(1).await?;
        review(&laptop).await?;
        sync(&laptop).await?;
        office.sync()?;

        assert_eq!(office.notes()?.iter().filter(|note| note["review"] == true).count(), 0);
        let note = office.run(&["note", "show", &office.id("Lantern festival")?], "")?;
        let body = note["body"].as_str().unwrap_or_default();
        assert_eq!(body.trim_end(), "Hang the lanterns along the river.");
        assert_eq!(laptop.execute("return window.mouse").await?, json!(0), "the mouse was used");
        Ok(())
    })
    .await
}

async fn watch_the_mouse(laptop: &Computer) -> anyhow::Result<()> {
    let script = "window.mouse = 0;
        for (const kind of ['pointerdown', 'mousedown', 'touchstart', 'wheel'])
            addEventListener(kind, () => { window.mouse += 1; }, true);";
    laptop.execute(script).await.map(drop)
}

/// Presses Tab until the focus is there.
async fn tab_to(laptop: &Computer, css: &str) -> anyhow::Result<()> {
    laptop.find(css).await?;
    for _ in 0..MOST_TABS {
        let script = "return document.activeElement?.matches(arguments[0]) ?? false";
        if laptop.execute_with(script, vec![json!(css)]).await? == json!(true) {
            return Ok(());
        }
        laptop.press("Tab").await?;
    }
    anyhow::bail!("Tab does not come to {css}.")
}

async fn first_start(laptop: &Computer) -> anyhow::Result<()> {
    laptop.says("makes a vault");
    laptop.wait_focus(&hook("create-passphrase")).await?;
    laptop.type_here(PASSPHRASE).await?;
    tab_to(laptop, &hook("create-again")).await?;
    laptop.type_here(PASSPHRASE).await?;
    laptop.press("Enter").await?;
    laptop.wait_count(&hook("code-word"), 24).await?;
    laptop.says("confirms two words of the recovery code");
    for field in ["code-confirm-0", "code-confirm-1"] {
        tab_to(laptop, &hook(field)).await?;
        let script = "const label = document.activeElement.labels[0].innerText;
            return document.querySelectorAll('[data-testid=code-word]')[Number(label.replace(/\\D/g, '')) - 1].innerText";
        let word = laptop.execute(script).await?;
        laptop.type_here(word.as_str().unwrap_or_default()).await?;
    }
    laptop.press("Enter").await?;
    laptop.wait_focus(&hook("note-title")).await?;
    assert_eq!(laptop.count(&hook("recovery-reminder")).await?, 0);
    Ok(())
}

async fn search(laptop: &Computer, words: &str, title: &str) -> anyhow::Result<()> {
    laptop.says(&format!("searches \"{words}\""));
    laptop.press("Ctrl+K").await?;
    laptop.wait_focus(&hook("palette-input")).await?;
    laptop.type_here(words).await?;
    laptop.wait_text(&hook("search-hit"), title).await?;
    laptop.press("Enter").await?;
    laptop.wait_gone(&hook("palette")).await?;
    laptop
        .until(&format!("\"{title}\" is open"), async || {
            let script = "return document.querySelector('[data-testid=note-title]')?.value === arguments[0]";
            laptop.execute_with(script, vec![json!(title)]).await
        })
        .await?;
    laptop.wait_focus(&hook("note-body")).await
}

/// Goes to a place or a command by its name.
async fn go_to(laptop: &Computer, name: &str) -> anyhow::Result<()> {
    laptop.press("Ctrl+K").await?;
    laptop.wait_focus(&hook("palette-input")).await?;
    laptop.type_here(name).await?;
    laptop.wait_text("[role=option][aria-selected=true]", name).await?;
    laptop.press("Enter").await?;
    laptop.wait_gone(&hook("palette")).await
}

async fn add_server(laptop: &Computer, server: &Server) -> anyhow::Result<()> {
    laptop.says("adds the server");
    laptop.press("Ctrl+,").await?;
    tab_to(laptop, &hook("settings-add-server")).await?;
    laptop.press("Enter").await?;
    laptop.wait_focus(&hook("add-server-link")).await?;
    laptop.type_here(&server.link).await?;
    laptop.find(&hook("add-server-info")).await?;
    tab_to(laptop, &hook("add-server-user")).await?;
    laptop.type_here(USER).await?;
    tab_to(laptop, &hook("add-server-passphrase")).await?;
    laptop.type_here(PASSPHRASE).await?;
    laptop.press("Enter").await?;
    tab_to(laptop, &hook("add-server-done")).await?;
    laptop.press("Enter").await?;
    laptop.wait_gone("[role=dialog]").await?;
    laptop.wait_status("Up to date").await
}

async fn sync(laptop: &Computer) -> anyhow::Result<()> {
    laptop.says("syncs");
    go_to(laptop, "Sync").await?;
    laptop.wait_focus(&hook("sync-now")).await?;
    laptop.press("Enter").await?;
    laptop.wait_text(&hook("sync-waiting"), "Nothing").await?;
    laptop.press("Escape").await?;
    laptop.wait_gone(&hook("sync-panel")).await
}

async fn review(laptop: &Computer) -> anyhow::Result<()> {
    laptop.says("reviews");
    go_to(laptop, "To review").await?;
    tab_to(laptop, &hook("review-list-item")).await?;
    laptop.press("Enter").await?;
    laptop.wait_focus(&hook("place-item")).await?;
    let other = "const cards = [...document.querySelectorAll('[data-testid=side-card]')];
        return cards.find((card) => card.getAttribute('aria-label') === 'Office PC')?.dataset.side ?? null";
    let side = laptop.execute(other).await?;
    laptop.press(side.as_str().unwrap_or_default()).await?;
    laptop.wait_focus(&hook("review-finish")).await?;
    laptop.press("Enter").await?;
    laptop.wait_gone(&hook("review-dialog")).await?;
    laptop.wait_review_count(0).await
}
