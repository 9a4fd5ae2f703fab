//! The table that the terminal is held to (`tests/faults/table.txt`), for the window.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::computer::{Computer, hook};

/// The committed table.
pub struct Table(BTreeMap<String, Row>);

/// What one fault comes to.
#[derive(Default)]
struct Row {
    code: String,
    sentence: String,
    /// What was left out, and why, where the rest was done all the same.
    skipped: Vec<Value>,
}

impl Table {
    pub fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/table.txt"))?;
        let mut rows = BTreeMap::new();
        for row in text.split("\n\n") {
            let mut lines = row.lines();
            let (Some(fault), Some(_), Some(ended)) = (lines.next(), lines.next(), lines.next()) else { continue };
            let (_, code) = ended.split_once(", ").with_context(|| format!("No code: {row}"))?;
            let mut told = Row { code: code.to_owned(), ..Row::default() };
            for line in lines {
                match line.strip_prefix("skipped: ") {
                    Some(item) => told.skipped.push(serde_json::from_str(item)?),
                    None => told.sentence.push_str(line),
                }
            }
            rows.insert(fault.to_owned(), told);
        }
        Ok(Self(rows))
    }

    fn row(&self, fault: &str) -> anyhow::Result<&Row> {
        self.0.get(fault).with_context(|| format!("table.txt has no \"{fault}\""))
    }

    /// The sentence of a fault.
    pub fn sentence(&self, fault: &str) -> anyhow::Result<&str> {
        Ok(&self.row(fault)?.sentence)
    }

    /// What is left out of an import, and why.
    pub fn skipped(&self, fault: &str) -> anyhow::Result<&[Value]> {
        Ok(&self.row(fault)?.skipped)
    }

    /// The program refuses a command as the table says. Answers with the sentence, its paths as they are.
    pub async fn refuses(&self, at: &Computer, fault: &str, command: &str, args: Value) -> anyhow::Result<String> {
        let error = at.refusal(command, args).await.with_context(|| fault.to_owned())?;
        self.is(at, fault, &error)
    }

    /// An error of the program is the one of the table. Answers with its sentence, its paths as they are.
    pub fn is(&self, at: &Computer, fault: &str, error: &Value) -> anyhow::Result<String> {
        let message = error["message"].as_str().with_context(|| format!("{fault}: no sentence: {error}"))?;
        let row = self.row(fault)?;
        let said = (error["code"].as_str().unwrap_or_default(), neutral(message, at)?);
        assert_eq!(said, (row.code.as_str(), row.sentence.clone()), "{fault}");
        Ok(message.to_owned())
    }

    /// A sync that failed is told as the table says, by the program and in the Sync panel; the line in the sidebar says
    /// that it needs a person, and never that all is well.
    pub async fn sync_fails(&self, at: &Computer, fault: &str) -> anyhow::Result<()> {
        at.says(fault);
        let sentence = self.sentence(fault)?;
        let script = "const done = arguments[1];
            window.__TAURI_INTERNALS__.invoke('sync_status').then(
                (status) => done(status.problem?.message === arguments[0] && status));";
        at.until(&format!("{fault}: \"{sentence}\""), async || at.execute_async(script, vec![json!(sentence)]).await)
            .await?;
        at.wait_status("Needs you: sync stopped").await?;
        self.is(at, fault, &at.ask("sync_status", json!({})).await?["problem"])?;
        at.click(&hook("sync-status")).await?;
        shows(at, fault, &format!("{} [role=alert]", hook("sync-panel")), sentence).await?;
        at.press("Escape").await?;
        at.wait_gone(&hook("sync-panel")).await
    }
}

/// As the table has it, without the folders of this run.
fn neutral(message: &str, at: &Computer) -> anyhow::Result<String> {
    let vault = at.vault();
    let home = vault.parent().and_then(Path::to_str).context("A scratch path is not UTF-8.")?;
    Ok(message.replace(&format!("{home}/scratch"), "TMP").replace(home, "~"))
}

/// Without when they were saved: a fault may be followed by a save of the same.
pub fn bodies(notes: &[Value]) -> Vec<[&Value; 3]> {
    notes.iter().map(|note| [&note["id"], &note["title"], &note["body"]]).collect()
}

/// Waits until this is the sentence there: in an alert, or beside a field.
pub async fn shows(at: &Computer, fault: &str, css: &str, sentence: &str) -> anyhow::Result<()> {
    at.says(&format!("{fault}: {sentence}"));
    let script = "const it = document.querySelector(arguments[0]);
        const beside = it?.matches('input') ? it.closest('.field').querySelector('p.error') : it;
        return beside !== null && beside?.innerText.trim() === arguments[1];";
    at.until(&format!("{fault}: \"{css}\" says \"{sentence}\""), async || {
        at.execute_with(script, vec![json!(css), json!(sentence)]).await
    })
    .await
}
