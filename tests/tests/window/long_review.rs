//! The review of a note of a megabyte with 200 places: where it opens, how it goes on, and what it does not do.
//! How fast it is, `cargo xtask bench review` measures.

use anyhow::Context as _;
use serde_json::json;

use crate::computer::hook;
use crate::long_note::{self, TITLE};
use crate::window::within;

const PLACES: usize = 200;
/// More would mean that the whole note is drawn: it has some 11,000 lines.
const MOST_LINES_DRAWN: usize = 400;
/// The answer to a choice, in bytes of JSON. The note has a million.
const MOST_ANSWERED: usize = 4_000;

#[tokio::test]
async fn a_megabyte_with_200_places_goes_from_the_first_to_the_last() -> anyhow::Result<()> {
    within(async {
        assert!(long_note::body(PLACES, None).len() > 1_000_000);
        let (_server, laptop, _office) = long_note::to_review(&[(TITLE, PLACES)]).await?;
        let note = long_note::id(&laptop, TITLE).await?;
        laptop.says("opens the review");
        laptop.review(TITLE).await?;
        let at = |n: usize| format!("choice {n} of {PLACES}");
        laptop.wait_text(&hook("review-step"), &at(1)).await?;
        laptop.wait_focus(&format!("{}[aria-current=step]", hook("place-item"))).await?;
        laptop.wait_count(&hook("place-item"), PLACES).await?;
        laptop.wait_text(&hook("review-live"), "200 of 200 places left. Week 1, choice 1 of 200.").await?;
        // What each changed alone is told beside them: two lines of every tenth part.
        laptop.wait_count(&hook("merged-item"), PLACES / 5).await?;

        laptop.says("goes to the last place, one by one");
        for n in 2..=PLACES {
            laptop.press("Alt+Down").await?;
            laptop.wait_text(&hook("review-step"), &at(n)).await?;
        }
        laptop.wait_text(&hook("side-card"), "in week 200.").await?;
        laptop.wait_text(&hook("review-result"), "in week 200.").await?;
        laptop.press("Alt+Down").await?;
        laptop.wait_text(&hook("review-step"), &at(PLACES)).await?;
        let drawn = laptop.count(&format!("{} .cm-line", hook("review-result"))).await?;
        assert!((1..MOST_LINES_DRAWN).contains(&drawn), "{drawn} lines of the Result are drawn");
        assert_eq!(laptop.count(&hook("side-card")).await?, 2);

        laptop.says("chooses: the count goes down, and after the last comes the first");
        for left in (PLACES - 5..PLACES).rev() {
            laptop.press("1").await?;
            laptop.wait_text(&hook("review-finish"), &format!("{left} left")).await?;
            laptop.wait_text(&hook("review-live"), &format!("{left} of 200 places left.")).await?;
        }
        laptop.wait_text(&hook("review-step"), &at(5)).await?;

        laptop.says("answers a choice with what it changed, not with the note");
        let review = laptop.ask("review_get", json!({ "id": note })).await?;
        assert_eq!((&review["left"], review["places"].as_array().map(Vec::len)), (&json!(PLACES - 5), Some(PLACES)));
        let fifth =
            json!({ "id": note, "place": review["places"][4]["id"], "choice": { "kind": "side", "number": 1 } });
        let step = laptop.ask("review_choose", fifth).await?;
        assert_eq!(step["left"], PLACES - 6);
        assert!(step.to_string().len() < MOST_ANSWERED, "{} bytes are answered", step.to_string().len());

        laptop.says("quits, comes back, and takes one side of the rest");
        laptop.later().await?;
        laptop.review(TITLE).await?;
        laptop.wait_text(&hook("review-step"), &at(6)).await?;
        laptop.wait_text(&hook("review-finish"), &format!("{} left", PLACES - 6)).await?;
        laptop.click(&hook("use-for-remaining")).await?;
        laptop.finish().await?;
        laptop.wait_review_count(0).await?;
        let body = laptop.ask("note_get", json!({ "id": note })).await?;
        let body = body["body"].as_str().context("The note has no body.")?;
        let by = |who: &str| body.matches(&format!(" {who} saw it otherwise")).count();
        assert_eq!((by("Laptop") + by("Office PC"), by("Laptop").min(by("Office PC"))), (PLACES, 0));
        assert_eq!(body.matches("Checked again by").count(), PLACES / 5);
        Ok(())
    })
    .await
}
