//! What a screen reader is told of the review: roles and names as WebKit computes them, and the count as it changes.

use serde_json::json;

use crate::axe;
use crate::computer::{Computer, hook};
use crate::gallery;
use crate::server::Server;
use crate::terminal::Terminal;
use crate::window::{Window, scratch_home, within};

const TITLE: &str = "Site visit: pump 4";

/// The check itself is checked: on a page with a grave fault it finds it.
#[tokio::test]
async fn axe_finds_what_is_wrong() -> anyhow::Result<()> {
    within(async {
        let home = scratch_home()?;
        let window = Window::open(home.path(), &[]).await?;
        let page = "<main><h1>Page</h1><button></button><p style=\"color: #ccc; background: #fff\">Pale</p></main>";
        window.execute_with("document.body.innerHTML = arguments[0]", vec![json!(page)]).await?;
        let mut broken = axe::broken_rules(&window).await?;
        broken.sort();
        let grave = |rule: &str, impact: &str| (rule.to_owned(), impact.to_owned());
        assert_eq!(broken, [grave("button-name", "critical"), grave("color-contrast", "serious")]);
        assert!(axe::assert_clean(&window, "the faulty page").await.is_err());
        window.close().await
    })
    .await
}

#[tokio::test]
async fn the_review_is_told_to_a_screen_reader() -> anyhow::Result<()> {
    within(async {
        let (_server, laptop) = two_places_and_a_date().await?;
        laptop.says("opens the review, as a screen reader sees it");
        laptop.review(TITLE).await?;
        laptop.wait_focus(&hook("place-item")).await?;

        told(&laptop, &hook("review-dialog"), "dialog", &format!("Review “{TITLE}”")).await?;
        told(&laptop, "[data-testid=review-dialog] nav", "navigation", "Choices").await?;
        told(&laptop, &hook("place-item"), "button", "Due date, current").await?;
        told(&laptop, "[data-testid=place-item]:not([aria-current])", "button", "What we saw, still to choose").await?;
        told(&laptop, "section.original", "region", "Original").await?;
        told(&laptop, "[data-testid=side-card][data-side='1']", "region", "Laptop").await?;
        told(&laptop, "[data-testid=side-card][data-side='2']", "region", "Office PC").await?;
        told(&laptop, "[data-testid=review-dialog] .actions", "group", "Choices for Due date").await?;
        told(&laptop, &hook("use-side-1"), "button", "Use Laptop's 1").await?;
        told(&laptop, &hook("use-original"), "button", "Original 0").await?;
        told(&laptop, &hook("own-value"), "textbox", "Or another date").await?;
        told(&laptop, &hook("review-result"), "textbox", "Result").await?;
        told(&laptop, &hook("merged-item"), "button", "“wet”, from Office PC").await?;
        let second = "li:nth-child(2) > [data-testid=merged-item]";
        told(&laptop, second, "button", "New to-do “Ask the night shift about the…”, from Laptop").await?;
        told(&laptop, &hook("review-later"), "button", "Decide later Esc").await?;
        told(&laptop, &hook("review-finish"), "button", "3 left Ctrl Enter").await?;

        laptop.says("hears the count go down");
        told(&laptop, &hook("review-live"), "status", "").await?;
        let live = |text: &str| (hook("review-live"), text.to_owned());
        for (text, key) in [
            ("3 of 3 places left. Due date, choice 1 of 3.", "1"),
            ("2 of 3 places left. What we saw, choice 2 of 3.", "2"),
            ("1 of 3 places left. Return visit, choice 3 of 3.", "0"),
        ] {
            let (css, text) = live(text);
            laptop.wait_text(&css, &text).await?;
            let said =
                laptop.execute_with("return document.querySelector(arguments[0]).ariaLive", vec![json!(css)]).await?;
            assert_eq!(said, "polite");
            laptop.press(key).await?;
        }
        let (css, text) = live("0 of 3 places left.");
        laptop.wait_text(&css, &text).await?;
        laptop.wait_focus(&hook("review-finish")).await?;
        told(&laptop, &hook("review-finish"), "button", "Finish Ctrl Enter").await?;
        let pressed =
            "return [...document.querySelectorAll('.actions [aria-pressed=true]')].map((it) => it.innerText.trim())";
        assert_eq!(laptop.execute(pressed).await?, json!(["Original\n0"]));
        axe::assert_clean(&laptop, "the review").await?;
        laptop.press("Enter").await?;
        laptop.wait_gone(&hook("review-dialog")).await
    })
    .await
}

/// As in the design: a date, two places of the text, and what merged beside them.
#[tokio::test]
async fn the_review_in_pictures() -> anyhow::Result<()> {
    within(async {
        let (_server, laptop) = two_places_and_a_date().await?;
        laptop.review(TITLE).await?;
        gallery::take(&laptop, "review-date").await?;
        laptop.click(&hook("place-item")).await?;
        laptop.press("1").await?;
        laptop.wait_text(&hook("review-finish"), "2 left").await?;
        gallery::take(&laptop, "review-text").await?;
        laptop.click("[data-testid=place-item][aria-current]").await?;
        laptop.press("3").await?;
        laptop.press("2").await?;
        laptop.wait_text(&hook("review-finish"), "Finish").await?;
        gallery::take(&laptop, "review-decided").await
    })
    .await
}

/// WebKit's own words for an element.
async fn told(window: &Window, css: &str, role: &str, name: &str) -> anyhow::Result<()> {
    let element = window.find_any(css).await?;
    let told = (window.computed_role(&element).await?, window.computed_name(&element).await?);
    assert_eq!(told, (role.to_owned(), name.to_owned()), "{css}");
    Ok(())
}

async fn two_places_and_a_date() -> anyhow::Result<(Server, Computer)> {
    let server = Server::start()?;
    let mut laptop = Computer::closed("Laptop")?;
    let terminal = Terminal::of(&laptop.vault())?;
    terminal.run(&["init", "--device-name", "Laptop"], "")?;
    let body = "The yard is dry.\n\n## To do before Friday\n\n- [x] Order a second seal kit\n\n## What we saw\n\nThe bearing is fine. \
                The housing has a hairline mark on the left side.\n\n## Return visit\n\nIn spring.\n";
    let added = terminal.run(&["note", "add", "--title", TITLE, "--due", "2026-11-20"], body)?;
    let id = added["id"].as_str().unwrap_or_default().to_owned();
    terminal.run(&["account", "create", "--link", &server.link, "--user", crate::computer::USER], "")?;
    terminal.sync()?;
    let office = Terminal::join(&server, "Office PC")?;
    office.replace(TITLE, "is dry", "is wet")?;
    terminal.replace(TITLE, "a second seal kit", "a second seal kit\n- [ ] Ask the night shift about the alarm")?;
    for (computer, due, bearing, visit) in
        [(&office, "2026-11-30", "is hot", "In summer."), (&terminal, "2026-11-28", "is warm to the touch", "In May.")]
    {
        computer.run(&["note", "edit", &id, "--due", due], "")?;
        computer.replace(TITLE, "is fine", bearing)?;
        computer.replace(TITLE, "In spring.", visit)?;
    }
    for computer in [&office, &terminal, &office] {
        computer.sync()?;
    }
    laptop.launch().await?;
    laptop.unlock().await?;
    laptop.wait_review_count(1).await?;
    Ok((server, laptop))
}
