//! A server that lies to the window: it is told as to the terminal, nothing of the lie is taken over, and once the
//! server is honest everything arrives.

use anyhow::ensure;
use holdfast_protocol::{LogPage, PushOutcome};
use holdfast_tests::lies::LyingServer;
use serde_json::json;

use crate::computer::{Computer, USER, hook};
use crate::table::{Table, bodies};
use crate::terminal::Terminal;
use crate::window::within;

/// The server's answer to a reader, altered.
type AlteredPage = fn(&mut LogPage);

const PAGES: [(&str, AlteredPage); 4] = [
    ("it alters a body", |p| p.entries[1].entry.body[40] ^= 1),
    ("it leaves a gap", |p| drop(p.entries.remove(1))),
    ("it breaks a link", |p| p.head.link.0[0] ^= 1),
    ("it withholds a batch's signature", |p| p.manifests.clear()),
];

#[tokio::test]
async fn a_server_that_lies_is_told_in_the_window_and_believed_in_nothing() -> anyhow::Result<()> {
    within(async {
        let table = Table::read()?;
        let data = tempfile::tempdir()?;
        let server = LyingServer::start(data.path());
        let office = Terminal::own()?;
        office.run(&["init"], "")?;
        office.run(&["note", "add", "--title", "Of the office"], "text")?;
        office.run(&["account", "create", "--link", &server.link, "--user", USER], "")?;
        office.sync()?;
        let laptop = Computer::new("Laptop").await?;
        laptop.join_by(&server.link).await?;
        laptop.write("Own", "written here").await?;
        laptop.sync().await?;
        office.sync()?;

        for (n, (fault, lie)) in PAGES.into_iter().enumerate() {
            let before = laptop.state().await?;
            laptop.ask("sync_pause", json!({ "paused": true })).await?;
            for k in 0..3 {
                office.run(&["note", "add", "--title", &format!("Of the office {n} {k}")], "text")?;
            }
            office.sync()?;
            server.lies.about_pages(move |page| {
                if page.entries.len() >= 3 {
                    lie(page);
                }
            });
            laptop.ask("sync_pause", json!({ "paused": false })).await?;
            table.sync_fails(&laptop, fault).await?;
            ensure!(bodies(&laptop.state().await?) == bodies(&before), "{fault}: something of it was taken over");
            server.lies.be_honest();
            laptop.sync().await?;
            laptop.wait_status("Up to date").await?;
            same(&laptop, &office, fault).await?;
        }

        let fault = "it answers with a wrong duplicate";
        server.lies.about_push(|outcome| {
            if let PushOutcome::Accepted { stored, .. } = outcome {
                stored[0].duplicate = true;
            }
        });
        laptop.write("Sent to a liar", "still here").await?;
        laptop.ask("sync_now", json!({})).await?;
        table.sync_fails(&laptop, fault).await?;
        let status = laptop.ask("sync_status", json!({})).await?;
        ensure!(status["waiting"].as_u64() > Some(0), "what was not confirmed does not wait: {status}");
        ensure!(
            laptop.count(&format!("{}[data-mark=waiting]", hook("save-state"))).await? == 1,
            "the note says it is sent"
        );
        server.lies.be_honest();
        laptop.sync().await?;
        office.sync()?;
        same(&laptop, &office, fault).await
    })
    .await
}

/// Both computers have the same notes.
async fn same(laptop: &Computer, office: &Terminal, fault: &str) -> anyhow::Result<()> {
    let mut here: Vec<_> = bodies(&laptop.state().await?).into_iter().map(|it| it.map(ToString::to_string)).collect();
    let mut there: Vec<_> = bodies(&office.notes()?).into_iter().map(|it| it.map(ToString::to_string)).collect();
    here.sort();
    there.sort();
    assert_eq!(here, there, "{fault}: the computers differ afterwards");
    Ok(())
}
