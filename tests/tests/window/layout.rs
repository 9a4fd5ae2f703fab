//! Is everything on the page where it can be seen, clicked and reached by keyboard?

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use crate::window::Window;

const SCRIPT: &str = include_str!("layout.js");

/// What is wrong with a layout; empty lists are what one wants.
#[derive(Debug, Default)]
pub struct LayoutReport {
    /// Text or controls that lie beyond the window's edges, and not because a list scrolls.
    pub outside: Vec<String>,
    /// Pairs of controls that cross each other.
    pub overlapping: Vec<String>,
    /// Controls that a click in their middle does not reach.
    pub covered: Vec<String>,
    /// Controls that Tab never comes to, and that no arrow key of a list, tree or menu reaches either.
    pub unreachable: Vec<String>,
    /// How many controls were looked at.
    pub controls: usize,
}

impl LayoutReport {
    /// Fails with all that is wrong.
    pub fn assert_clean(&self, screen: &str) -> anyhow::Result<()> {
        let lists = [
            ("outside the window", &self.outside),
            ("overlapping", &self.overlapping),
            ("covered", &self.covered),
            ("out of Tab's reach", &self.unreachable),
        ];
        let problems: Vec<String> = lists
            .iter()
            .flat_map(|(what, found)| found.iter().map(move |element| format!("  {what}: {element}")))
            .collect();
        anyhow::ensure!(problems.is_empty(), "The layout of {screen} is not right:\n{}", problems.join("\n"));
        Ok(())
    }
}

#[derive(Deserialize)]
struct Look {
    outside: Vec<String>,
    overlapping: Vec<String>,
    covered: Vec<String>,
    controls: Vec<Control>,
}

#[derive(Deserialize)]
struct Control {
    name: String,
    roving: bool,
}

/// Looks at the page, and presses nothing: `unreachable` stays empty.
pub async fn look(window: &Window) -> anyhow::Result<LayoutReport> {
    let look = read(window).await?;
    Ok(LayoutReport {
        unreachable: Vec::new(),
        controls: look.controls.len(),
        outside: look.outside,
        overlapping: look.overlapping,
        covered: look.covered,
    })
}

async fn read(window: &Window) -> anyhow::Result<Look> {
    let look = window.execute_with(SCRIPT, vec![json!("look")]).await?;
    serde_json::from_value(look).context("The report of the page cannot be read.")
}

/// Looks at the page, then goes through it with Tab.
pub async fn report(window: &Window) -> anyhow::Result<LayoutReport> {
    let look = read(window).await?;
    let mut visited = tab_through(window, look.controls.len()).await?;
    // A message goes when its time is over, perhaps before Tab comes to it.
    let gone = window.execute_with(SCRIPT, vec![json!("gone")]).await?;
    visited.extend(serde_json::from_value::<Vec<usize>>(gone).context("What is gone cannot be read.")?);
    let unreachable = look.controls.iter().enumerate().filter(|(number, it)| !it.roving && !visited.contains(number));
    Ok(LayoutReport {
        unreachable: unreachable.map(|(_, it)| it.name.clone()).collect(),
        controls: look.controls.len(),
        outside: look.outside,
        overlapping: look.overlapping,
        covered: look.covered,
    })
}

/// The controls that have the focus at some time while Tab is pressed often enough to come round.
async fn tab_through(window: &Window, controls: usize) -> anyhow::Result<BTreeSet<usize>> {
    // Between the last and the first the focus may rest on the page itself, or on what is no control.
    const BETWEEN: usize = 3;
    let mut visited = BTreeSet::new();
    for _ in 0..controls + BETWEEN {
        if visited.len() == controls {
            break;
        }
        // In the text of a note Tab indents; Esc before it leaves.
        let text = "return document.activeElement?.dataset.testid === 'note-body'";
        if window.execute(text).await? == json!(true) {
            window.press("Escape").await?;
        }
        window.press("Tab").await?;
        let focus = window.execute_with(SCRIPT, vec![json!("focus")]).await?;
        visited.extend(focus.as_u64().map(|number| number as usize));
    }
    Ok(visited)
}
