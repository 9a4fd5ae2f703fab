//! Each screen as it opens: it says what it should, nothing is cut off, and every control can be reached.

use anyhow::ensure;
use serde_json::json;

use crate::computer::{Computer, hook};
use crate::server::Server;
use crate::window::{Window, scratch_home, within};

#[tokio::test]
async fn the_first_window() -> anyhow::Result<()> {
    within(async {
        let home = scratch_home()?;
        let window = Window::open(home.path(), &[]).await?;
        assert_eq!(window.title().await?, "Holdfast");
        window.wait_text("h1, h2", "Your notes, on this computer").await?;
        window.screenshot("first-window").await?;
        window.layout_report().await?.assert_clean("the first window")?;
        window.set_window_size(900, 600).await?;
        window.screenshot("first-window-small").await?;
        window.layout_report().await?.assert_clean("the first window, small")?;
        window.close().await
    })
    .await
}

/// The check itself is checked: on a page with one fault of each kind it finds each, and no others.
#[tokio::test]
async fn the_layout_check_finds_faults() -> anyhow::Result<()> {
    within(async {
        let home = scratch_home()?;
        let window = Window::open(home.path(), &[]).await?;
        window.execute_with("document.body.innerHTML = arguments[0]", vec![FAULTY.into()]).await?;
        let report = window.layout_report().await?;
        assert_eq!(report.outside, ["<button#out> \"Out\""]);
        assert_eq!(report.overlapping, ["<button#one> \"One\" and <button#two> \"Two\""]);
        assert_eq!(report.covered, ["<button#under> \"Under\" by <div#sheet> \"\""]);
        assert_eq!(report.unreachable, ["<div#mouse> \"Mouse\""]);
        assert_eq!(report.controls, 9);
        assert!(report.assert_clean("the faulty page").is_err());
        window.close().await
    })
    .await
}

const FAULTY: &str = r#"
<style>
  button, div { position: absolute; width: 80px; height: 30px; box-sizing: border-box; }
  #list { top: 300px; height: 60px; overflow: auto; }
  #list div { position: static; }
</style>
<button id="fine" style="left: 0; top: 0">Fine</button>
<button id="out" style="right: -40px; top: 0">Out</button>
<button id="one" style="left: 0; top: 50px">One</button>
<button id="two" style="left: 60px; top: 60px">Two</button>
<button id="under" style="left: 0; top: 120px">Under</button>
<div id="sheet" style="left: 0; top: 110px; height: 60px"></div>
<div id="mouse" role="button" style="left: 0; top: 200px">Mouse</div>
<button disabled style="left: 200px; top: 200px">Off</button>
<div id="list" role="listbox">
  <div role="option" tabindex="0">First</div>
  <div role="option" tabindex="-1">Second</div>
  <div role="option" tabindex="-1">Third, scrolled out</div>
</div>
"#;

/// Two computers: two windows at once, which know nothing of each other.
#[tokio::test]
async fn two_windows_at_once() -> anyhow::Result<()> {
    within(async {
        let (laptop_home, office_home) = (scratch_home()?, scratch_home()?);
        let laptop = Window::open(laptop_home.path(), &[]).await?;
        let office = Window::open(office_home.path(), &[]).await?;
        laptop.execute("document.title = 'laptop'").await?;
        assert_eq!(laptop.title().await?, "laptop");
        assert_eq!(office.title().await?, "Holdfast");
        laptop.close().await?;
        office.wait_text("h1, h2", "Your notes, on this computer").await?;
        office.close().await
    })
    .await
}

/// In the smallest window, with the Sync panel and its log open: a message lies over none of their buttons, and what a
/// sync cost is one line.
#[tokio::test]
async fn a_message_covers_no_button_of_a_dialog() -> anyhow::Result<()> {
    within(async {
        let server = Server::start()?;
        let computer = Computer::new("Laptop").await?;
        computer.create_vault().await?;
        computer.write("Diary", "Rain.").await?;
        computer.add_server(&server).await?;
        computer.sync().await?;
        computer.set_window_size(900, 600).await?;
        // A message would go after six seconds; a slow machine would then look too late.
        let stays = "const real = window.setTimeout;
            window.setTimeout = (then, ms, ...rest) => (ms === 6000 ? 0 : real(then, ms, ...rest));";
        computer.execute(stays).await?;
        computer.trash().await?;
        computer.layout_look().await?.assert_clean("a message in the smallest window")?;
        computer.click(&hook("sync-status")).await?;
        computer.click(&hook("sync-activity")).await?;
        computer.find(&hook("sync-log-line")).await?;
        computer.find(&format!("{} {}", hook("sync-panel"), hook("toast"))).await?;
        computer.screenshot("sync-message-900x600").await?;
        computer.layout_report().await?.assert_clean("the Sync panel with a message, in the smallest window")?;
        let lines = "return [...document.querySelectorAll('[data-testid=sync-log-line] .cost')].map((cost) => {
            const range = document.createRange();
            range.selectNodeContents(cost);
            return new Set([...range.getClientRects()].map((rect) => rect.top)).size;
        });";
        let lines = computer.execute(lines).await?;
        let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
        ensure!(
            lines.contains(&json!(1)) && lines.iter().all(|n| n.as_u64() <= Some(1)),
            "what a sync cost wraps: {lines:?}"
        );
        Ok(())
    })
    .await
}
