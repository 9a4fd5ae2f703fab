//! How things stand, in the words of the design, at every turn of a server's life.

use serde_json::json;

use crate::computer::{Computer, PASSPHRASE, hook};
use crate::server::Server;
use crate::window::within;

#[tokio::test]
async fn the_status_line_never_promises_too_much() -> anyhow::Result<()> {
    within(async {
        let mut server = Server::start()?;
        let blank = server.snapshot()?;
        let laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.wait_status("Saved on this computer").await?;
        watch(&laptop).await?;
        laptop.write("Diary", "Rain.").await?;
        laptop.add_server(&server).await?;
        laptop.wait_status("Up to date, server confirmed").await?;

        laptop.says("the server goes away");
        server.stop();
        laptop.write("Diary, second page", "Still rain.").await?;
        press_sync(&laptop, "sync-now").await?;
        laptop.wait_status("Can't reach the server").await?;
        laptop.wait_status("waiting").await?;
        let status = laptop.status().await?;
        assert!(status.contains("Saved on this computer") && !status.contains("Up to date"), "{status}");

        laptop.says("the server is back");
        server.restart()?;
        press_sync(&laptop, "sync-now").await?;
        laptop.wait_status("Up to date").await?;

        laptop.says("pauses");
        press_sync(&laptop, "sync-pause").await?;
        laptop.wait_status("Paused").await?;
        laptop.write("Diary, third page", "Sun.").await?;
        laptop.wait_status("waiting").await?;
        assert!(laptop.status().await?.contains("Paused"));
        press_sync(&laptop, "sync-pause").await?;
        laptop.wait_status("Up to date").await?;

        laptop.says("the server forgets who it is");
        let kept = server.snapshot()?;
        server.put_back(blank.path())?;
        laptop.write("Diary, fourth page", "Wind.").await?;
        press_sync(&laptop, "sync-now").await?;
        laptop.wait_status("Sign in again").await?;
        laptop.wait_status("waiting").await?;
        laptop.says("signs in again");
        server.put_back(kept.path())?;
        laptop.click(&hook("sync-status")).await?;
        laptop.type_keys(&hook("sign-in-passphrase"), PASSPHRASE).await?;
        laptop.press("Enter").await?;
        laptop.wait_gone(&hook("sign-in-passphrase")).await?;
        laptop.press("Escape").await?;
        laptop.wait_status("Up to date").await?;

        let broken = laptop.execute("return window.brokenPromises").await?;
        assert_eq!(broken, json!([]), "said \"Up to date\" while changes waited");
        let seen = laptop.execute("return window.saidUpToDate").await?;
        assert!(seen.as_u64() >= Some(4), "the watch saw {seen} promises: it does not look");
        Ok(())
    })
    .await
}

/// From now on, whenever the line says "Up to date", the program is asked at once whether anything waits.
async fn watch(laptop: &Computer) -> anyhow::Result<()> {
    let script = "window.brokenPromises = [];
        window.saidUpToDate = 0;
        let before = '';
        const look = () => {
            const text = document.querySelector('[data-testid=sync-status]')?.innerText ?? '';
            const turned = text.includes('Up to date') && !before.includes('Up to date');
            before = text;
            if (!turned) return;
            window.saidUpToDate += 1;
            window.__TAURI_INTERNALS__.invoke('sync_status').then((status) => {
                if (status.waiting + status.waiting_attachments > 0) window.brokenPromises.push(text);
            });
        };
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });";
    laptop.execute(script).await.map(drop)
}

async fn press_sync(laptop: &Computer, button: &str) -> anyhow::Result<()> {
    laptop.click(&hook("sync-status")).await?;
    laptop.click(&hook(button)).await?;
    laptop
        .until("the button is done", async || {
            let script = "return document.querySelector(arguments[0])?.getAttribute('aria-busy') !== 'true'";
            laptop.execute_with(script, vec![json!(hook(button))]).await
        })
        .await?;
    laptop.press("Escape").await?;
    laptop.wait_gone(&hook("sync-panel")).await
}
