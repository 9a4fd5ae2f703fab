//! One window of the program, and what a person can do with it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::driver::{self, Driver};
use crate::keys;
use crate::layout::{self, LayoutReport};

/// How long the page may take to show what a test waits for. Generous: a loaded machine is slow, and a
/// test that passes does not wait.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A test that takes longer hangs.
const TEST_LIMIT: Duration = Duration::from_mins(6);
const POLL: Duration = Duration::from_millis(25);

/// Answers once what the page is now is what the window shows: letters in their font, colours at rest, and painted.
const PAINTED: &str = "const done = arguments[0];
    const moving = () => document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity);
    document.fonts.ready
        .then(() => new Promise(requestAnimationFrame))
        .then(() => Promise.allSettled(moving().map((it) => it.finished)))
        .then(() => new Promise(requestAnimationFrame))
        .then(() => new Promise(requestAnimationFrame))
        .then(() => done(null));";

/// A window with its driver. Dropping it ends the program without asking; `close` is gentler.
pub struct Window {
    client: Client,
    driver: Driver,
}

impl Window {
    /// Starts the program with `home` as its home folder, and waits until its page is loaded.
    pub async fn open(home: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let driver = Driver::start(home)?;
        let options = json!({ "application": driver::app()?, "args": args });
        let capabilities = [("browserName".to_owned(), json!("wry")), ("tauri:options".to_owned(), options)];
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.into_iter().collect())
            .connect(&driver.address())
            .await
            .context("The program did not open a window for WebDriver.")?;
        let window = Self { client, driver };
        window
            .until("the page is loaded", async || window.execute("return document.readyState === 'complete'").await)
            .await?;
        Ok(window)
    }

    /// Ends the session, and with it the program.
    pub async fn close(self) -> anyhow::Result<()> {
        self.client.close().await.context("The session could not be ended.")
    }

    /// Closes the window as its own button does, and waits until the program has ended.
    pub async fn quit(self) -> anyhow::Result<()> {
        self.driver.quit_app().await
    }

    /// Ends the program as a power cut would.
    pub async fn kill(self) -> anyhow::Result<()> {
        self.driver.kill_app().await
    }

    /// The first visible element; waits for it.
    pub async fn find(&self, css: &str) -> anyhow::Result<Element> {
        self.wait_visible(&format!("\"{css}\" is shown"), Locator::Css(css)).await
    }

    /// The visible button (or link, tab, menu item) with this name, by its label or its text; waits for it.
    pub async fn find_named(&self, name: &str) -> anyhow::Result<Element> {
        ensure!(!name.contains('"'), "A name with a quotation mark cannot be looked for.");
        let kinds = "self::button or self::a or self::summary or @role='button' or @role='tab' or @role='menuitem' \
                     or @role='treeitem' or @role='option' or @role='radio' or @role='checkbox' or @role='switch'";
        let path = format!("//*[{kinds}][@aria-label=\"{name}\" or normalize-space(.)=\"{name}\"]");
        self.wait_visible(&format!("\"{name}\" can be clicked"), Locator::XPath(&path)).await
    }

    /// The first visible element that an XPath finds; waits for it. `what` says what is waited for.
    pub async fn find_path(&self, what: &str, path: &str) -> anyhow::Result<Element> {
        self.wait_visible(what, Locator::XPath(path)).await
    }

    /// How many elements there are now, seen or not.
    pub async fn count(&self, css: &str) -> anyhow::Result<usize> {
        Ok(self.client.find_all(Locator::Css(css)).await?.len())
    }

    /// Waits until the element's text contains `text`.
    pub async fn wait_text(&self, css: &str, text: &str) -> anyhow::Result<()> {
        self.until(&format!("\"{css}\" says \"{text}\""), async || {
            let script =
                "return [...document.querySelectorAll(arguments[0])].some(it => it.innerText.includes(arguments[1]))";
            self.execute_with(script, vec![json!(css), json!(text)]).await
        })
        .await
    }

    /// Waits until so many elements match.
    pub async fn wait_count(&self, css: &str, count: usize) -> anyhow::Result<()> {
        let what = format!("\"{css}\" is there {count} times");
        self.until(&what, async || Ok(json!(self.count(css).await? == count))).await
    }

    /// Waits until the element has the focus.
    pub async fn wait_focus(&self, css: &str) -> anyhow::Result<()> {
        self.until(&format!("\"{css}\" has the focus"), async || {
            let script = "return document.activeElement?.matches(arguments[0]) ?? false";
            self.execute_with(script, vec![json!(css)]).await
        })
        .await
    }

    /// Waits until nothing that matches is there.
    pub async fn wait_gone(&self, css: &str) -> anyhow::Result<()> {
        self.until(&format!("\"{css}\" is gone"), async || Ok(json!(self.count(css).await? == 0))).await
    }

    /// Clicks an element, once it is shown and nothing (a menu that closes) lies over it.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        self.until(&format!("\"{css}\" can be clicked"), async || {
            self.find(css).await?.click().await?;
            Ok(json!(true))
        })
        .await
    }

    /// Clicks what has this name, once it is shown.
    pub async fn click_named(&self, name: &str) -> anyhow::Result<()> {
        self.find_named(name).await?.click().await.with_context(|| format!("\"{name}\" could not be clicked."))
    }

    /// Types into an element, which takes the focus.
    pub async fn type_keys(&self, css: &str, text: &str) -> anyhow::Result<()> {
        self.find(css).await?.send_keys(text).await.with_context(|| format!("Typing into \"{css}\" failed."))
    }

    /// Types into whatever has the focus.
    pub async fn type_here(&self, text: &str) -> anyhow::Result<()> {
        let element = self.client.active_element().await.context("Nothing has the focus.")?;
        element.send_keys(text).await.context("Typing failed.")
    }

    /// Types into whatever has the focus; a line ends with Enter.
    pub async fn type_lines(&self, text: &str) -> anyhow::Result<()> {
        self.type_here(&text.replace('\n', &char::from(Key::Enter).to_string())).await
    }

    /// Asks the program itself, as the page does.
    pub async fn ask(&self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let answer = self.invoke(command, arguments).await?;
        match answer.get("error") {
            Some(error) => bail!("\"{command}\" is refused: {error}"),
            None => Ok(answer["value"].clone()),
        }
    }

    /// As `ask`, for what is refused: the error as the page gets it.
    pub async fn refusal(&self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let answer = self.invoke(command, arguments).await?;
        answer.get("error").cloned().with_context(|| format!("\"{command}\" is not refused."))
    }

    async fn invoke(&self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let script = "const done = arguments[2];
            window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(
                (value) => done({ value }),
                (error) => done({ error }));";
        Ok(self.client.execute_async(script, vec![json!(command), arguments]).await?)
    }

    /// Presses a chord such as `Ctrl+Shift+F`, wherever the focus is.
    pub async fn press(&self, chord: &str) -> anyhow::Result<()> {
        self.client.perform_actions(keys::chord(chord)?).await.with_context(|| format!("{chord} could not be pressed."))
    }

    /// Waits until what the page is now is what the window shows: nothing moves or fades any more.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.execute_async(PAINTED, Vec::new()).await.map(drop)
    }

    /// Writes what the window shows to target/screenshots/NAME.png.
    pub async fn screenshot(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = match env::var_os("HOLDFAST_SCREENSHOTS") {
            Some(folder) => PathBuf::from(folder),
            None => driver::target()?.join("screenshots"),
        };
        fs::create_dir_all(&folder).with_context(|| format!("{} could not be made.", folder.display()))?;
        let path = folder.join(format!("{name}.png"));
        self.settle().await?;
        let picture = self.client.screenshot().await.context("No picture could be taken.")?;
        fs::write(&path, picture).with_context(|| format!("{} could not be written.", path.display()))?;
        Ok(path)
    }

    /// Gives the page this size in CSS pixels.
    pub async fn set_window_size(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.client.set_window_size(width, height).await.context("The window's size could not be set.")?;
        self.until(&format!("the page is {width} by {height}"), async || {
            let script = "return innerWidth === arguments[0] && innerHeight === arguments[1]";
            self.execute_with(script, vec![json!(width), json!(height)]).await
        })
        .await?;
        // The panes follow in the next frame: a click before that would be aimed at where things were.
        self.settle().await
    }

    /// What is wrong with the layout now: see `LayoutReport`. Moves the focus through the page.
    pub async fn layout_report(&self) -> anyhow::Result<LayoutReport> {
        layout::report(self).await
    }

    /// As `layout_report`, without pressing Tab.
    pub async fn layout_look(&self) -> anyhow::Result<LayoutReport> {
        layout::look(self).await
    }

    /// The title in the window's frame.
    pub async fn title(&self) -> anyhow::Result<String> {
        self.client.title().await.context("The title cannot be read.")
    }

    /// Runs a function body in the page.
    pub async fn execute(&self, script: &str) -> anyhow::Result<Value> {
        self.execute_with(script, Vec::new()).await
    }

    /// Runs a function body in the page, with `arguments`.
    pub async fn execute_with(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        self.client.execute(script, arguments).await.context("A script failed in the page.")
    }

    /// As `execute_with`, for a body that calls its last argument with the answer.
    pub async fn execute_async(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        self.client.execute_async(script, arguments).await.context("A script failed in the page.")
    }

    /// The first element that matches, seen or not; waits for it.
    pub async fn find_any(&self, css: &str) -> anyhow::Result<Element> {
        self.until(&format!("\"{css}\" is there"), async || Ok(json!(self.count(css).await? > 0))).await?;
        self.client.find(Locator::Css(css)).await.with_context(|| format!("\"{css}\" went away."))
    }

    /// The role that WebKit gives the element in its accessibility tree.
    pub async fn computed_role(&self, element: &Element) -> anyhow::Result<String> {
        self.computed(element, "computedrole").await
    }

    /// The name that WebKit gives the element in its accessibility tree.
    pub async fn computed_name(&self, element: &Element) -> anyhow::Result<String> {
        self.computed(element, "computedlabel").await
    }

    async fn computed(&self, element: &Element, what: &'static str) -> anyhow::Result<String> {
        let command = Computed { element: element.element_id().to_string(), what };
        let answer = self.client.issue_cmd(command).await.with_context(|| format!("The driver gives no {what}."))?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    /// Asks again and again until the answer is `true`, or something that is no boolean and not null.
    pub async fn until(&self, what: &str, ask: impl AsyncFn() -> anyhow::Result<Value>) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let answer = ask().await;
            if answer.as_ref().is_ok_and(|answer| !matches!(answer, Value::Null | Value::Bool(false))) {
                return Ok(());
            }
            if started.elapsed() > TIMEOUT {
                return Err(self.gave_up(what, answer.err()).await);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn wait_visible(&self, what: &str, locator: Locator<'_>) -> anyhow::Result<Element> {
        let started = Instant::now();
        loop {
            for element in self.client.find_all(locator).await? {
                // It may be gone again by now; then it is not visible.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(element);
                }
            }
            if started.elapsed() > TIMEOUT {
                return Err(self.gave_up(what, None).await);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Says what was waited for, and what the page shows instead.
    async fn gave_up(&self, what: &str, error: Option<anyhow::Error>) -> anyhow::Error {
        let page = self.execute("return document.body.innerText").await;
        let page = page.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
        let picture = self.screenshot("gave-up").await.map(|path| path.display().to_string()).unwrap_or_default();
        let cause = error.map(|error| format!(" ({error:#})")).unwrap_or_default();
        anyhow::anyhow!("Waited in vain until {what}{cause}. Picture: {picture}. The page says:\n{page}")
    }
}

/// "Get Computed Role" and "Get Computed Label" of WebDriver, which fantoccini does not know.
#[derive(Debug)]
struct Computed {
    element: String,
    what: &'static str,
}

impl WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/element/{}/{}", self.element, self.what))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::GET, None)
    }
}

/// A scratch home folder for one computer; keep it to start the program again on the same data.
pub fn scratch_home() -> anyhow::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("holdfast-home-").tempdir().context("No scratch folder could be made.")
}

/// Runs a test's steps, and gives up when they hang.
pub async fn within(steps: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    match tokio::time::timeout(TEST_LIMIT, steps).await {
        Ok(result) => result,
        Err(_) => bail!("The test did not end within {} s.", TEST_LIMIT.as_secs()),
    }
}
