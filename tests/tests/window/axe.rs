//! axe-core, run in the real window: what it finds is what a person with a screen reader or weak eyes runs into.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::json;

use crate::window::Window;

/// Where npm puts it.
const SCRIPT: &str = "../ui/node_modules/axe-core/axe.min.js";
/// What counts; axe also knows minor and moderate ones.
const GRAVE: [&str; 2] = ["serious", "critical"];

const RUN: &str = "const done = arguments[0];
    axe.run(document, { resultTypes: ['violations'] }).then(
        (report) => done({
            passes: report.passes.length,
            found: report.violations.map((it) => ({
                rule: it.id, impact: it.impact, help: it.help,
                nodes: it.nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary}`),
            })),
        }),
        (error) => done({ error: String(error) }));";

#[derive(Debug, Deserialize)]
struct Report {
    passes: usize,
    found: Vec<Violation>,
}

#[derive(Debug, Deserialize)]
struct Violation {
    rule: String,
    impact: Option<String>,
    help: String,
    nodes: Vec<String>,
}

/// Fails with all that is serious or critical on the page.
pub async fn assert_clean(window: &Window, view: &str) -> anyhow::Result<()> {
    let report = run(window).await?;
    ensure!(report.passes > 0, "axe-core looked at nothing of {view}.");
    let grave: Vec<String> = report
        .found
        .iter()
        .filter(|it| it.impact.as_deref().is_some_and(|impact| GRAVE.contains(&impact)))
        .map(|it| {
            format!(
                "  {} ({}): {}\n    {}",
                it.rule,
                it.help,
                it.impact.as_deref().unwrap_or(""),
                it.nodes.join("\n    ")
            )
        })
        .collect();
    ensure!(grave.is_empty(), "axe-core finds in {view}:\n{}", grave.join("\n"));
    Ok(())
}

/// The rules that the page breaks, and how gravely.
pub async fn broken_rules(window: &Window) -> anyhow::Result<Vec<(String, String)>> {
    let found = run(window).await?.found.into_iter();
    Ok(found.map(|it| (it.rule, it.impact.unwrap_or_default())).collect())
}

async fn run(window: &Window) -> anyhow::Result<Report> {
    let there = window.execute("return typeof axe === 'object'").await?;
    if there != json!(true) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCRIPT);
        let script = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read: run `npm ci` in ui.", path.display()))?;
        // What a script declares stays its own unless it says otherwise.
        window.execute(&format!("{script}\nwindow.axe = window.axe ?? axe;")).await?;
    }
    // A colour that fades has no contrast to speak of.
    window.settle().await?;
    let report = window.execute_async(RUN, Vec::new()).await?;
    serde_json::from_value(report.clone()).with_context(|| format!("axe-core failed: {report}"))
}
