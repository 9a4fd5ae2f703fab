//! How things stand, in the words of the design, at every turn of a server's life.

use serde_json::json;

use crate::computer::{Computer, PASSPHRASE, hook};
use crate::server::Server;
use crate::terminal::Terminal;
use crate::window::{scratch_home, within};

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

/// Each state that a network on this machine can bring about, one after the other: the program, the sidebar, the Sync
/// panel, the note's line in the list, the line below its text and the tray say the same. (`offline` needs a computer without a
/// network: `offline.rs`.)
#[tokio::test]
async fn every_state_is_told_alike_everywhere() -> anyhow::Result<()> {
    within(async {
        let mut server = Server::start()?;
        let blank = server.snapshot()?;
        let laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.write("Diary", "Rain.").await?;
        agree(&laptop, "local_only", "").await?;

        laptop.add_server(&server).await?;
        agree(&laptop, "up_to_date", "sent").await?;

        laptop.says("types, and nothing is sent yet");
        laptop.replace("Rain", "Snow").await?;
        agree_now(&laptop, "waiting", "waiting").await?;
        agree(&laptop, "up_to_date", "sent").await?;

        laptop.says("the server takes the request and says nothing");
        server.freeze()?;
        laptop.replace("Snow", "Hail").await?;
        laptop.ask("sync_now", json!({})).await?;
        agree(&laptop, "syncing", "waiting").await?;
        server.thaw()?;
        agree(&laptop, "up_to_date", "sent").await?;

        laptop.says("the server is away");
        server.stop();
        // Nobody presses anything: its stream ended, and that is seen.
        agree(&laptop, "unreachable", "sent").await?;
        laptop.replace("Hail", "Fog").await?;
        agree(&laptop, "unreachable", "waiting").await?;
        laptop.ask("sync_pause", json!({ "paused": true })).await?;
        agree(&laptop, "paused", "waiting").await?;
        server.restart()?;
        agree(&laptop, "paused", "waiting").await?;
        laptop.ask("sync_pause", json!({ "paused": false })).await?;
        laptop.ask("sync_now", json!({})).await?;
        agree(&laptop, "up_to_date", "sent").await?;

        laptop.says("another computer trashes a lot");
        let office = Terminal::join(&server, "Office PC")?;
        trash_many(&laptop, &office).await?;
        agree(&laptop, "paused", "sent").await?;
        laptop.wait_status("Needs you: a sync is held back").await?;
        let held = laptop.ask("sync_status", json!({})).await?["tripwire"].clone();
        assert_eq!((&held["trashed"], &held["notebooks"]), (&json!(24), &json!(1)), "{held}");
        laptop.says("looks at it, by keyboard");
        laptop.wait_text(&hook("tripwire-banner"), "would move 24 notes to the Trash").await?;
        focus(&laptop, "tripwire-open").await?;
        laptop.press("Enter").await?;
        laptop.wait_count(&hook("tripwire-note"), 24).await?;
        laptop.press("Escape").await?;
        laptop.wait_gone(&hook("tripwire-dialog")).await?;
        agree(&laptop, "paused", "sent").await?;
        focus(&laptop, "tripwire-open").await?;
        laptop.press("Enter").await?;
        laptop.wait_focus(&hook("tripwire-keep")).await?;
        laptop.press("Enter").await?;
        laptop.wait_gone(&hook("tripwire-banner")).await?;
        agree(&laptop, "up_to_date", "sent").await?;
        office.sync()?;
        let live = office.notes()?.into_iter().filter(|note| note["trashed"] == json!(false)).count();
        assert_eq!(live, 25, "kept here is kept there");

        laptop.says("the server forgets who it is");
        let kept = server.snapshot()?;
        server.put_back(blank.path())?;
        laptop.replace("Fog", "Sun").await?;
        laptop.ask("sync_now", json!({})).await?;
        agree(&laptop, "needs_sign_in", "waiting").await?;
        server.put_back(kept.path())?;

        laptop.says("locks");
        laptop.press("Ctrl+L").await?;
        laptop.find(&hook("unlock-passphrase")).await?;
        assert_eq!(
            laptop.execute("return document.querySelector('[data-testid=sync-status]') === null").await?,
            json!(true)
        );
        let tray = laptop.ask("tray_shown", json!({})).await?;
        assert_eq!((&tray["text"], &tray["can_lock"]), (&json!("Locked"), &json!(false)), "{tray}");
        Ok(())
    })
    .await
}

async fn focus(laptop: &Computer, control: &str) -> anyhow::Result<()> {
    laptop.execute_with("document.querySelector(arguments[0]).focus()", vec![json!(hook(control))]).await.map(drop)
}

/// Twenty-four notes in a notebook, on both computers; the other one trashes it.
async fn trash_many(laptop: &Computer, office: &Terminal) -> anyhow::Result<()> {
    let folder = scratch_home()?;
    let archive = folder.path().join("Archive");
    std::fs::create_dir_all(&archive)?;
    for n in 1..=24 {
        std::fs::write(
            archive.join(format!("Inspection {n}.md")),
            format!("---\nupdated: 2026-05-01T08:00:00Z\n---\nStation {n} was dry.\n"),
        )?;
    }
    laptop.ask("import_folder", json!({ "path": folder.path(), "dryRun": false })).await?;
    laptop.sync().await?;
    office.sync()?;
    office.run(&["notebook", "trash", "Archive"], "")?;
    office.sync()?;
    laptop.ask("sync_now", json!({})).await?;
    Ok(())
}

/// Waits until the program is in this state and everything that tells it agrees, the Sync panel too; `mark` is that of
/// the open note.
pub async fn agree(laptop: &Computer, state: &str, mark: &str) -> anyhow::Result<()> {
    agree_now(laptop, state, mark).await?;
    laptop.click(&hook("sync-status")).await?;
    laptop.find(&hook("sync-panel")).await?;
    agree_now(laptop, state, mark).await?;
    laptop.press("Escape").await?;
    laptop.wait_gone(&hook("sync-panel")).await
}

/// As [`agree`], for a state that does not last.
async fn agree_now(laptop: &Computer, state: &str, mark: &str) -> anyhow::Result<()> {
    laptop.says(&format!("is {state}"));
    let what = format!("everything says {state}, and of the open note {mark:?}");
    laptop.until(&what, async || laptop.execute_async(TOLD, vec![json!(state), json!(mark)]).await).await
}

/// True where all agree. Whatever promises too much while something waits is kept for the end, and never agrees.
const TOLD: &str = "const [state, mark, done] = arguments;
    // A person who is needed (a held sync) comes before all else.
    const TRAY = {
        local_only: ['normal'], up_to_date: ['normal'], waiting: ['waiting'], syncing: ['waiting'],
        offline: ['offline'], unreachable: ['offline'], paused: ['waiting', 'attention'], needs_sign_in: ['attention'],
    };
    const one = (id) => document.querySelector(`[data-testid=${id}]`);
    const text = (id) => one(id)?.innerText ?? '';
    const list = document.querySelector('[data-testid=note-item][aria-selected=true] [data-testid=note-sync]');
    const ask = window.__TAURI_INTERNALS__.invoke;
    Promise.all([ask('sync_status'), ask('tray_shown')]).then(([status, tray]) => {
        const waits = status.waiting + status.waiting_attachments > 0;
        const line = one('sync-status')?.querySelector('.text')?.innerText;
        const promises = /up to date|has every change/i.test(text('sync-status') + text('sync-panel'));
        const note = /server has it/.test(text('save-state'));
        done(status.state === state
            && one('sync-status')?.dataset.state === state
            && (one('save-state')?.dataset.mark ?? '') === mark
            && (list?.dataset.mark ?? '') === mark
            && tray?.text === line && TRAY[state].includes(tray.icon)
            && !(waits && promises) && !(mark === 'waiting' && note));
    });";
