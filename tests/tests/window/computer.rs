//! A person at a computer: what they do in the window, in their words.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::server::Server;
use crate::window::{Window, scratch_home};

/// Of every vault in these tests.
pub const PASSPHRASE: &str = "correct horse battery staple";
/// Of every account.
pub const USER: &str = "ada";

/// One computer: its home folder stays while its window comes and goes.
pub struct Computer {
    pub name: &'static str,
    // Before the home, so that nobody writes there any more when it goes.
    window: Option<Window>,
    home: tempfile::TempDir,
}

impl Deref for Computer {
    type Target = Window;

    fn deref(&self) -> &Window {
        self.window.as_ref().unwrap()
    }
}

impl Computer {
    /// A fresh computer, with Holdfast open for the first time.
    pub async fn new(name: &'static str) -> anyhow::Result<Self> {
        let mut computer = Self { name, window: None, home: scratch_home()? };
        computer.launch().await?;
        Ok(computer)
    }

    /// A computer whose window is still closed: a terminal may use its vault before `launch`.
    pub fn closed(name: &'static str) -> anyhow::Result<Self> {
        Ok(Self { name, window: None, home: scratch_home()? })
    }

    /// Where this computer keeps its vault.
    pub fn vault(&self) -> PathBuf {
        self.home.path().join("vault")
    }

    /// Everything that this computer's programs write.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Says what happens now.
    pub fn says(&self, what: &str) {
        println!("{}: {what}", self.name);
    }

    // The program

    /// Opens the window.
    pub async fn launch(&mut self) -> anyhow::Result<()> {
        let vault = self.vault();
        let vault = vault.to_str().context("A scratch path is not UTF-8.")?;
        self.window = Some(Window::open(self.home.path(), &["--vault", vault]).await?);
        Ok(())
    }

    /// Closes the window as its own button does.
    pub async fn quit(&mut self) -> anyhow::Result<()> {
        let window = self.window.take().context("The window is not open.")?;
        window.quit().await
    }

    /// The power fails: the program ends at once, and nothing is flushed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.says("is killed");
        self.window.take().context("The window is not open.")?.kill().await
    }

    // The first minutes

    /// Makes a vault, leaves the code for later, and is in a note.
    pub async fn create_vault(&self) -> anyhow::Result<()> {
        self.says("makes a vault");
        self.type_keys(&hook("create-passphrase"), PASSPHRASE).await?;
        self.type_keys(&hook("create-again"), PASSPHRASE).await?;
        self.click(&hook("create-submit")).await?;
        self.wait_count(&hook("code-word"), 24).await?;
        self.click(&hook("code-later")).await?;
        self.wait_focus(&hook("note-title")).await
    }

    /// Adds a server in Settings, with the link that it printed.
    pub async fn add_server(&self, server: &Server) -> anyhow::Result<()> {
        self.says("adds the server");
        self.click(&hook("open-settings")).await?;
        self.name_itself(&hook("settings-device")).await?;
        self.click(&hook("settings-add-server")).await?;
        self.type_keys(&hook("add-server-link"), &server.link).await?;
        self.find(&hook("add-server-info")).await?;
        self.type_keys(&hook("add-server-user"), USER).await?;
        self.type_keys(&hook("add-server-passphrase"), PASSPHRASE).await?;
        self.click(&hook("add-server-submit")).await?;
        self.click(&hook("add-server-done")).await?;
        self.wait_gone("[role=dialog]").await
    }

    /// "I already have a vault".
    pub async fn join(&self, server: &Server) -> anyhow::Result<()> {
        self.join_by(&server.link).await
    }

    /// As `join`, by a link.
    pub async fn join_by(&self, link: &str) -> anyhow::Result<()> {
        self.says("joins the vault");
        self.click(&hook("create-join")).await?;
        self.type_keys(&hook("join-link"), link).await?;
        self.find(&hook("join-server")).await?;
        self.type_keys(&hook("join-user"), USER).await?;
        self.name_itself(&hook("join-device")).await?;
        self.type_keys(&hook("join-passphrase"), PASSPHRASE).await?;
        self.click(&hook("join-submit")).await?;
        self.find(&hook("note-list")).await.map(drop)
    }

    /// Opens the vault with its passphrase.
    pub async fn unlock(&self) -> anyhow::Result<()> {
        self.says("unlocks the vault");
        self.type_keys(&hook("unlock-passphrase"), PASSPHRASE).await?;
        self.press("Enter").await?;
        self.find(&hook("nav-all")).await.map(drop)
    }

    async fn name_itself(&self, css: &str) -> anyhow::Result<()> {
        self.click(css).await?;
        self.press("Ctrl+A").await?;
        self.type_here(self.name).await
    }

    // Notes

    /// Writes a note, which stays open.
    pub async fn write(&self, title: &str, body: &str) -> anyhow::Result<()> {
        self.says(&format!("writes \"{title}\""));
        self.new_note().await?;
        self.type_here(title).await?;
        self.press("Enter").await?;
        self.wait_focus(&hook("note-body")).await?;
        self.type_lines(body).await?;
        self.wait_saved().await
    }

    /// A new note, and the cursor in its empty title; the one that the first start gives, where it is still empty.
    pub async fn new_note(&self) -> anyhow::Result<()> {
        let script = "const it = document.activeElement; return it?.dataset.testid === 'note-title' && it.value === ''";
        if self.execute(script).await? == json!(true) {
            return Ok(());
        }
        self.press("Ctrl+N").await?;
        self.until("the cursor is in the title of a new note", async || self.execute(script).await).await
    }

    /// Opens a note from the list of all notes.
    pub async fn open(&self, title: &str) -> anyhow::Result<()> {
        self.click(&hook("nav-all")).await?;
        self.find_note(title).await?.click().await?;
        self.until(&format!("\"{title}\" is open"), async || {
            let script = "const it = document.querySelector('[data-testid=note-title]');
                return it !== null && (it.value || 'Untitled') === arguments[0]";
            self.execute_with(script, vec![json!(title)]).await
        })
        .await
    }

    /// The line of a note in the list that is shown.
    pub async fn find_note(&self, title: &str) -> anyhow::Result<fantoccini::elements::Element> {
        let path = format!(
            "//*[@data-testid='note-item'][.//*[contains(concat(' ', @class, ' '), ' name ')][normalize-space(.)=\"{title}\"]]"
        );
        self.find_path(&format!("the list has \"{title}\""), &path).await
    }

    /// Puts `text` in the place of the first `old` in the open note, by selecting it and typing.
    pub async fn replace(&self, old: &str, text: &str) -> anyhow::Result<()> {
        self.select(old).await?;
        self.type_lines(text).await?;
        self.wait_saved().await
    }

    /// Selects the first `text` in the open note, as the mouse would.
    pub async fn select(&self, text: &str) -> anyhow::Result<()> {
        let script = format!(
            "{EDITOR} const at = view.state.doc.toString().indexOf(arguments[0]);
             if (at < 0) return false;
             view.focus();
             view.dispatch({{ selection: {{ anchor: at, head: at + arguments[0].length }} }});
             return document.activeElement === view.contentDOM;"
        );
        self.until(&format!("\"{text}\" is in the note, to be selected"), async || {
            self.execute_with(&script, vec![json!(text)]).await
        })
        .await
    }

    /// What the editor holds.
    pub async fn body(&self) -> anyhow::Result<String> {
        let body = self.execute(&format!("{EDITOR} return view.state.doc.toString();")).await?;
        Ok(body.as_str().context("No note is open.")?.to_owned())
    }

    /// Waits until the editor holds `text` somewhere.
    pub async fn wait_body(&self, text: &str) -> anyhow::Result<()> {
        let script = format!("{EDITOR} return view.state.doc.toString().includes(arguments[0]);");
        self.until(&format!("the note says \"{text}\""), async || self.execute_with(&script, vec![json!(text)]).await)
            .await
    }

    /// Gives the open note another title.
    pub async fn retitle(&self, title: &str) -> anyhow::Result<()> {
        self.click(&hook("note-title")).await?;
        self.press("Ctrl+A").await?;
        self.type_here(title).await?;
        self.press("Enter").await?;
        self.wait_saved().await
    }

    /// Gives the open note a due date.
    pub async fn set_due(&self, date: &str) -> anyhow::Result<()> {
        self.click(&hook("note-due")).await?;
        self.click(&hook("due-input")).await?;
        self.press("Ctrl+A").await?;
        self.type_here(date).await?;
        self.press("Enter").await?;
        self.wait_gone(&hook("due-input")).await?;
        self.wait_saved().await
    }

    /// Tags the open note.
    pub async fn tag(&self, tag: &str) -> anyhow::Result<()> {
        self.click(&hook("tag-add")).await?;
        self.type_keys(&hook("tag-input"), tag).await?;
        self.press("Enter").await?;
        self.press("Escape").await?;
        self.wait_text(&hook("note-tag"), tag).await?;
        self.wait_saved().await
    }

    /// Moves the open note to the Trash.
    pub async fn trash(&self) -> anyhow::Result<()> {
        self.click(&hook("note-trash")).await?;
        self.wait_text(&hook("toast"), "moved to the Trash").await
    }

    /// Waits until what was typed is on disk.
    pub async fn wait_saved(&self) -> anyhow::Result<()> {
        self.find(&format!("{}[data-state=saved]", hook("save-state"))).await.map(drop)
    }

    // Sync and review

    /// The line at the foot of the sidebar.
    pub async fn status(&self) -> anyhow::Result<String> {
        let text = self.execute("return document.querySelector('[data-testid=sync-status]')?.innerText ?? ''").await?;
        Ok(text.as_str().unwrap_or_default().replace('\n', " "))
    }

    /// Waits until the status line says this.
    pub async fn wait_status(&self, text: &str) -> anyhow::Result<()> {
        self.wait_text(&hook("sync-status"), text).await
    }

    /// "Try now" in the Sync panel, until the server has all that is here.
    pub async fn sync(&self) -> anyhow::Result<()> {
        let before = self.confirmed_ms().await?;
        self.click(&hook("sync-status")).await?;
        self.click(&hook("sync-now")).await?;
        self.until(&format!("{} has synced", self.name), async || {
            let status = self.ask("sync_status", json!({})).await?;
            let settled = status["state"] == "up_to_date" && status["waiting"] == 0;
            Ok(json!(settled && status["last_confirmed_ms"].as_u64() > before))
        })
        .await?;
        self.press("Escape").await?;
        self.wait_gone(&hook("sync-panel")).await
    }

    async fn confirmed_ms(&self) -> anyhow::Result<Option<u64>> {
        Ok(self.ask("sync_status", json!({})).await?["last_confirmed_ms"].as_u64())
    }

    /// The number beside "To review" in the sidebar.
    pub async fn review_count(&self) -> anyhow::Result<usize> {
        let script = "return document.querySelector('[data-testid=nav-review] .n')?.innerText.trim() ?? ''";
        let text = self.execute(script).await?;
        let digits: String = text.as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        digits.parse().with_context(|| format!("\"To review\" has no number but {text}."))
    }

    /// Waits until so many notes are to review.
    pub async fn wait_review_count(&self, notes: usize) -> anyhow::Result<()> {
        self.until(&format!("{notes} notes are to review"), async || Ok(json!(self.review_count().await? == notes)))
            .await
    }

    /// Opens the dialog from the list of notes to review.
    pub async fn review(&self, title: &str) -> anyhow::Result<()> {
        self.click(&hook("nav-review")).await?;
        let path = format!("//*[@data-testid='review-list-item'][.//*[normalize-space(.)=\"{title}\"]]");
        self.find_path(&format!("\"{title}\" is to review"), &path).await?.click().await?;
        self.find(&hook("place-item")).await.map(drop)
    }

    /// Closes the dialog without deciding.
    pub async fn later(&self) -> anyhow::Result<()> {
        self.click(&hook("review-later")).await?;
        self.wait_gone(&hook("review-dialog")).await
    }

    /// Finishes the review in the dialog.
    pub async fn finish(&self) -> anyhow::Result<()> {
        self.wait_text(&hook("review-finish"), "Finish").await?;
        self.click(&hook("review-finish")).await?;
        self.wait_gone(&hook("review-dialog")).await
    }

    // The whole

    /// Everything that both computers must agree on, by title.
    pub async fn state(&self) -> anyhow::Result<Vec<Value>> {
        let mut notes = Vec::new();
        for scope in ["all", "trash"] {
            let query = json!({ "query": { "scope": { "kind": scope }, "order": "title", "offset": 0, "limit": 100 } });
            let page = self.ask("notes_list", query).await?;
            let items = page["items"].as_array().context("The list cannot be read.")?;
            for item in items {
                let note = self.ask("note_get", json!({ "id": item["id"] })).await?;
                let keys = ["id", "title", "body", "notebook", "tags", "due", "done", "trashed", "to_review"];
                notes.push(keys.into_iter().map(|key| (key.to_owned(), note[key].clone())).collect());
            }
        }
        notes.sort_by_key(|note: &Value| note["id"].to_string());
        ensure!(!notes.is_empty(), "There are no notes.");
        Ok(notes)
    }
}

/// Finds CodeMirror's view of the open note; ends the script where there is none.
pub const EDITOR: &str = "const content = document.querySelector('[data-testid=note-body]');
    const view = content?.cmTile?.view ?? content?.cmView?.view;
    if (!view) return null;";

/// The selector of a test hook.
pub fn hook(name: &str) -> String {
    format!("[data-testid={name}]")
}
