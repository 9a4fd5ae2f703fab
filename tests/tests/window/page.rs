//! The window is a page in a web view, and must not behave like one: nothing reloads it or leaves it, what is not saved
//! is never thrown away unasked, and what is painted first is in the theme of the last time.

use serde_json::json;

use crate::computer::{Computer, EDITOR, hook};
use crate::window::within;

/// More than a note may have.
const TOO_MUCH: usize = 3 << 20;

#[tokio::test]
async fn nothing_reloads_the_page_or_leaves_it() -> anyhow::Result<()> {
    within(async {
        let laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.write("Pump 4", "- warm\nloud").await?;
        laptop.execute("window.stays = true; return true").await?;
        laptop.says("presses what reloads a page, and what goes back");
        for chord in ["F5", "Ctrl+F5", "Ctrl+R", "Ctrl+Shift+R", "Alt+Left", "Alt+Right"] {
            laptop.press(chord).await?;
        }
        laptop.says("clicks right on a note, and where nothing can be done");
        let menu = "const it = document.querySelector(arguments[0]);
            const { x, y, width, height } = it.getBoundingClientRect();
            const at = { clientX: x + width / 2, clientY: y + height / 2, button: 2, bubbles: true, cancelable: true };
            return it.dispatchEvent(new MouseEvent('contextmenu', at));";
        for css in [hook("sync-status"), hook("note-item")] {
            assert_eq!(laptop.execute_with(menu, vec![json!(css)]).await?, json!(false), "{css}: a browser's menu");
        }
        laptop.find(&hook("note-menu-trash")).await?;
        laptop.screenshot("note-menu").await?;
        laptop.press("Escape").await?;
        laptop.wait_gone(&hook("note-menu-trash")).await?;
        assert_eq!(laptop.execute_with(menu, vec![json!(hook("note-body"))]).await?, json!(true), "paste is kept");

        laptop.says("goes elsewhere, as a link that was dropped would");
        laptop.execute("location.href = 'https://example.org/'; return true").await?;
        laptop.execute("location.href = 'file:///etc/hostname'; return true").await?;
        laptop.says("goes on writing");
        laptop.press("Ctrl+K").await?;
        laptop.wait_focus(&hook("palette-input")).await?;
        laptop.press("Escape").await?;
        assert_eq!(laptop.execute("return window.stays === true").await?, json!(true), "the page is another one");

        laptop.says("indents an item, and leaves the text by Esc and Tab");
        laptop.select("loud").await?;
        laptop.press("Tab").await?;
        laptop.type_here("louder").await?;
        laptop.wait_body("- warm\n  - louder").await?;
        laptop.press("Escape").await?;
        laptop.press("Tab").await?;
        let seen = "const it = document.activeElement;
            return [it.dataset.testid ?? it.className, it.closest('[data-pane]')?.dataset.pane ?? '']";
        assert_eq!(laptop.execute(seen).await?, json!(["note-history", "3"]), "the focus is nowhere");
        laptop.press("Tab").await?;
        assert_eq!(laptop.execute(seen).await?, json!(["nav-all", "1"]), "the focus is nowhere");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_note_that_was_restored_can_be_written_in() -> anyhow::Result<()> {
    within(async {
        let laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.write("Pump 4", "warm").await?;
        laptop.trash().await?;
        laptop.click(&hook("nav-trash")).await?;
        laptop.find_note("Pump 4").await?.click().await?;
        laptop.click(&hook("note-restore")).await?;
        laptop.wait_gone(&hook("trash-banner")).await?;
        laptop.replace("warm", "hot").await?;
        laptop.wait_body("hot").await
    })
    .await
}

#[tokio::test]
async fn a_text_that_is_not_saved_is_told_everywhere_and_never_left_unasked() -> anyhow::Result<()> {
    within(async {
        let laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.write("Pump 4", "warm").await?;
        laptop.says("pastes too much");
        let paste = format!(
            "{EDITOR} view.focus();
             view.dispatch({{ changes: {{ from: view.state.doc.length, insert: ' hot'.repeat(arguments[0]) }}, userEvent: 'input.paste' }});
             return true"
        );
        laptop.execute_with(&paste, vec![json!(TOO_MUCH / 4)]).await?;
        laptop.wait_status("A text is not saved").await?;
        let status = laptop.status().await?;
        assert!(!status.contains("Saved on this computer"), "{status}");
        let whole = "const it = document.querySelector('[data-testid=save-state] .text');
            const { right } = document.querySelector('[data-testid=copy-text]').getBoundingClientRect();
            return /can have .*\\./.test(it.innerText) && it.scrollWidth <= it.clientWidth + 1 && right <= innerWidth";
        for (width, height) in [(1280, 800), (900, 600)] {
            laptop.set_window_size(width, height).await?;
            laptop.screenshot(&format!("not-saved-{width}x{height}")).await?;
            assert_eq!(laptop.execute(whole).await?, json!(true), "the sentence is cut at {width}x{height}");
        }
        laptop.set_window_size(1280, 800).await?;

        laptop.says("locks, and is asked");
        laptop.press("Ctrl+L").await?;
        laptop.wait_focus(&hook("unsaved-stay")).await?;
        laptop.screenshot("not-saved-lock").await?;
        laptop.press("Enter").await?;
        laptop.wait_gone(&hook("unsaved-dialog")).await?;
        laptop.press("Ctrl+L").await?;
        laptop.click(&hook("unsaved-discard")).await?;
        laptop.unlock().await?;
        laptop.open("Pump 4").await?;
        laptop.wait_body("warm").await
    })
    .await
}

#[tokio::test]
async fn a_dark_window_begins_dark() -> anyhow::Result<()> {
    within(async {
        let mut laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        laptop.press("Ctrl+,").await?;
        laptop.click(&hook("theme-dark")).await?;
        laptop.find("html[data-theme=dark]").await?;
        laptop.press("Escape").await?;
        laptop.wait_gone("[role=dialog]").await?;
        laptop.quit().await?;
        laptop.launch().await?;
        laptop.find(&hook("unlock-passphrase")).await?;
        let ground = "return [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]";
        assert_eq!(laptop.execute(ground).await?, json!(["dark", "rgb(23, 26, 25)"]));
        laptop.screenshot("unlock-dark-start").await?;
        laptop.unlock().await?;
        laptop.find("html[data-theme=dark]").await.map(drop)
    })
    .await
}
