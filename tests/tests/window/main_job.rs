//! The main job, from the first start to the same notes everywhere: two computers, a server, the network gone and
//! back, what merges by itself, what a person decides, and quitting in the middle of it.

use anyhow::Context as _;
use holdfast_tests::canary::{Canary, Scanner};
use serde_json::json;

use crate::computer::{Computer, PASSPHRASE, hook};
use crate::server::Server;
use crate::terminal::Terminal;
use crate::window::within;

const SURVEY: &str = "Survey of the north road";
const ROUTE: &str = "Route and weather";
const PARTS: &str = "Spare parts";
const INVOICE: &str = "Invoice of the pump";
const OLD: &str = "Old list";
/// What waits for a person: the notes whose two versions exclude each other, and how many choices each holds.
const TO_REVIEW: [(&str, usize); 4] = [(ROUTE, 2), ("Spare parts, Laptop's", 1), (INVOICE, 1), (OLD, 1)];

#[tokio::test]
async fn two_computers_come_to_the_same_notes() -> anyhow::Result<()> {
    within(async {
        let mut server = Server::start()?;
        let mut laptop = Computer::new("Laptop").await?;
        laptop.create_vault().await?;
        write_all(&laptop).await?;
        laptop.add_server(&server).await?;
        laptop.wait_status("Up to date").await?;

        let mut office = Computer::new("Office PC").await?;
        office.join(&server).await?;
        office.wait_count(&hook("note-item"), 5).await?;
        office.wait_status("Up to date").await?;
        assert_eq!(laptop.state().await?, office.state().await?);

        laptop.says("the server goes away");
        server.stop();
        edit_on_the_laptop(&laptop).await?;
        edit_in_the_office(&office).await?;
        laptop.says("the server is back");
        server.restart()?;
        for computer in [&laptop, &office, &laptop] {
            computer.sync().await?;
        }

        undo_the_merge(&laptop).await?;
        for computer in [&laptop, &office] {
            counts_agree(computer).await?;
        }
        stop_in_the_middle(&mut laptop).await?;
        laptop.sync().await?;
        decide_the_rest(&office).await?;
        office.sync().await?;
        laptop.sync().await?;

        for computer in [&laptop, &office] {
            computer.says("has nothing left to review");
            computer.wait_review_count(0).await?;
            computer.wait_status("Up to date").await?;
        }
        same_notes(&laptop, &office).await?;
        same_notes_on_disk(&mut laptop, &mut office).await?;
        nothing_in_the_clear(&laptop, &office, &server);
        Ok(())
    })
    .await
}

async fn write_all(laptop: &Computer) -> anyhow::Result<()> {
    laptop.write(SURVEY, "The north end is dry.\n\nThe bridge holds.\n\nThe south end is wet.").await?;
    let route = "Weather: fine.\n\nBring the long rope.\n\nBring the lamp.\n\nBring water.\n\nRoute: by the mill.";
    laptop.write(ROUTE, route).await?;
    laptop.write(PARTS, "Two seals and a valve.").await?;
    laptop.write(INVOICE, "Pay it from the field account.").await?;
    laptop.write(OLD, "Nothing of this is needed.").await
}

async fn edit_on_the_laptop(laptop: &Computer) -> anyhow::Result<()> {
    laptop.says("edits without the network");
    laptop.open(SURVEY).await?;
    laptop.replace("is dry", "is dry and safe").await?;
    laptop.open(ROUTE).await?;
    laptop.replace("Weather: fine", "Weather: rain from noon").await?;
    laptop.replace("by the mill", "by the old bridge").await?;
    laptop.tag("rain").await?;
    laptop.open(PARTS).await?;
    laptop.retitle("Spare parts, Laptop's").await?;
    laptop.open(INVOICE).await?;
    laptop.set_due("2027-03-01").await?;
    laptop.open(OLD).await?;
    laptop.trash().await?;
    laptop.wait_text("body", "the server").await
}

async fn edit_in_the_office(office: &Computer) -> anyhow::Result<()> {
    office.says("edits without the network");
    office.open(SURVEY).await?;
    office.replace("is wet", "is under water").await?;
    office.open(ROUTE).await?;
    office.replace("Weather: fine", "Weather: storm at night").await?;
    office.replace("by the mill", "by the railway").await?;
    office.tag("storm").await?;
    office.open(PARTS).await?;
    office.retitle("Spare parts, the office's").await?;
    office.open(INVOICE).await?;
    office.set_due("2027-04-15").await?;
    office.open(OLD).await?;
    office.replace("Nothing of this", "The second half of this").await?;
    office.open(SURVEY).await
}

/// Different paragraphs merged by themselves, with a receipt; its undo takes one side again.
async fn undo_the_merge(laptop: &Computer) -> anyhow::Result<()> {
    laptop.says("reads what was merged, and takes its own version again");
    laptop.open(SURVEY).await?;
    laptop.wait_body("is under water").await?;
    laptop.wait_body("is dry and safe").await?;
    laptop.click(&hook("nav-receipts")).await?;
    let receipt = format!("//*[@data-testid='receipt-item'][.//*[normalize-space(.)=\"{SURVEY}\"]]");
    laptop.find_path("the merge has a receipt", &receipt).await?.click().await?;
    laptop.wait_text(&hook("receipt-detail"), "under water").await?;
    laptop.click_named("Use Laptop's only").await?;
    laptop.wait_text(&hook("receipt-detail"), "This merge was undone").await?;
    laptop.click(&hook("receipt-open-note")).await?;
    laptop.wait_body("is wet").await?;
    assert!(laptop.body().await?.contains("is dry and safe"));
    laptop.sync().await
}

/// One count everywhere: the sidebar, the list, the status line, and the words of each banner.
async fn counts_agree(computer: &Computer) -> anyhow::Result<()> {
    computer.says("counts what is to review");
    computer.click(&hook("nav-all")).await?;
    computer.says("opens the dialog by the mark in the list");
    computer.click(&hook("note-review")).await?;
    computer.find(&hook("place-item")).await?;
    computer.later().await?;
    computer.wait_review_count(TO_REVIEW.len()).await?;
    computer.wait_status(&format!("Needs you: {} notes", TO_REVIEW.len())).await?;
    computer.click(&hook("nav-review")).await?;
    computer.wait_count(&hook("review-list-item"), TO_REVIEW.len()).await?;
    let list = computer.ask("review_list", json!({})).await?;
    let choices: u64 = list.as_array().into_iter().flatten().filter_map(|it| it["choices"].as_u64()).sum();
    assert_eq!(choices as usize, TO_REVIEW.iter().map(|(_, choices)| choices).sum::<usize>());
    for item in list.as_array().into_iter().flatten() {
        let title = item["title"].as_str().unwrap_or_default();
        let in_list = words(item["choices"].as_u64().unwrap_or_default(), "", "s");
        computer.wait_text(&hook("review-list-item"), &in_list).await?;
        let trashed = computer.ask("note_get", json!({ "id": item["id"] })).await?["trashed"] == true;
        computer.review(title).await?;
        computer.wait_count(&hook("place-item"), item["choices"].as_u64().unwrap_or_default() as usize).await?;
        computer.later().await?;
        if trashed {
            continue;
        }
        computer.open(title).await?;
        let in_banner = words(item["choices"].as_u64().unwrap_or_default(), " is yours", "s are yours");
        computer.wait_text(&hook("review-banner"), &in_banner).await?;
        computer.click(&hook("nav-review")).await?;
    }
    Ok(())
}

fn words(count: u64, one: &str, many: &str) -> String {
    format!("{count} choice{}", if count == 1 { one } else { many })
}

/// Makes one choice of two, quits, and comes back: the choice is there, and the rest can be made.
async fn stop_in_the_middle(laptop: &mut Computer) -> anyhow::Result<()> {
    laptop.says("makes one choice of two, and quits");
    laptop.open(ROUTE).await?;
    laptop.click(&hook("review-banner-open")).await?;
    laptop.wait_count(&hook("place-item"), 2).await?;
    laptop.press("1").await?;
    laptop.wait_text(&hook("review-finish"), "1 left").await?;
    laptop.quit().await?;

    laptop.launch().await?;
    laptop.unlock().await?;
    laptop.wait_review_count(TO_REVIEW.len()).await?;
    laptop.review(ROUTE).await?;
    laptop.says("finds the choice kept, makes the other one, and finishes");
    laptop.wait_text(&hook("review-dialog"), "1 of 2 chosen").await?;
    laptop.press("2").await?;
    laptop.finish().await?;
    laptop.wait_review_count(TO_REVIEW.len() - 1).await
}

async fn decide_the_rest(office: &Computer) -> anyhow::Result<()> {
    office.says("gets the decision, and makes the other ones");
    office.sync().await?;
    office.wait_review_count(TO_REVIEW.len() - 1).await?;
    office.click(&hook("nav-review")).await?;
    office.wait_count(&hook("review-list-item"), TO_REVIEW.len() - 1).await?;
    for left in (0..TO_REVIEW.len() - 1).rev() {
        office.click(&hook("review-list-item")).await?;
        office.wait_count(&hook("place-item"), 1).await?;
        office.press("1").await?;
        office.finish().await?;
        office.wait_review_count(left).await?;
    }
    office.find(&hook("review-empty")).await.map(drop)
}

async fn same_notes(laptop: &Computer, office: &Computer) -> anyhow::Result<()> {
    let (ours, theirs) = (laptop.state().await?, office.state().await?);
    assert_eq!(ours, theirs);
    let route = ours.iter().find(|note| note["title"] == ROUTE).context("A note is gone.")?;
    let body = route["body"].to_string();
    // One choice was for the first side, the other for the second.
    assert_ne!(body.contains("rain from noon"), body.contains("by the old bridge"), "{body}");
    // Tags of both are no question.
    assert_eq!(route["tags"], json!(["rain", "storm"]));
    println!("both: {} notes, the same", ours.len());
    Ok(())
}

/// What the terminal program reads once the windows are closed.
async fn same_notes_on_disk(laptop: &mut Computer, office: &mut Computer) -> anyhow::Result<()> {
    let mut vaults = Vec::new();
    for computer in [laptop, office] {
        computer.says("quits");
        computer.quit().await?;
        let mut notes = Terminal::of(&computer.vault())?.notes()?;
        notes.sort_by_key(|note| note["id"].to_string());
        assert!(notes.iter().all(|note| note["review"] == false), "{notes:?}");
        vaults.push(notes);
    }
    assert_eq!(vaults[0].len(), 5);
    assert_eq!(vaults[0], vaults[1]);
    Ok(())
}

/// Neither the vaults, nor what the web view keeps in the home folders, nor the server's data hold a word of it.
fn nothing_in_the_clear(laptop: &Computer, office: &Computer, server: &Server) {
    let written = [
        ("a title", SURVEY),
        ("a body", "Pay it from the field account."),
        ("a body that was merged", "The bridge holds."),
        ("the passphrase", PASSPHRASE),
    ];
    let canaries: Vec<_> = written.iter().map(|(place, text)| Canary::of(place, text)).collect();
    Scanner::new(&canaries).assert_clean(&[laptop.home(), office.home(), server.data()]);
    println!("no file of either computer or of the server holds what was written");
}
