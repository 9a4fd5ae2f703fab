//! docs/rooms.toml.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;
use serde::Deserialize;

use super::files::Language;
use crate::place::Place;

/// Where the rules are.
pub const PATH: &str = "docs/rooms.toml";

/// A room that may import all others.
const ANY: &str = "any";

/// The rules as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    rooms: BTreeMap<String, Vec<String>>,
    dev_only: DevOnly,
    simulation: Simulation,
    libraries: BTreeMap<String, Vec<String>>,
    sql: Sql,
    lines: Lines,
    generated: Generated,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DevOnly {
    rooms: Vec<String>,
}

/// What only the simulator is built with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulation {
    feature: String,
    bugs: String,
    rooms: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sql {
    folders: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    rs: usize,
    ts: usize,
    svelte: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    files: Vec<String>,
}

impl Rules {
    /// Reads docs/rooms.toml.
    pub fn read(place: &Place) -> anyhow::Result<Self> {
        let text = fs::read_to_string(place.root.join(PATH)).with_context(|| format!("{PATH} cannot be read."))?;
        Self::parse(&text)
    }

    pub fn parse(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).with_context(|| format!("{PATH} is not as it should be."))
    }

    /// Is the room in the table?
    pub fn knows(&self, room: &str) -> bool {
        self.rooms.contains_key(room)
    }

    /// May the programs of `room` be built from `other`?
    pub fn allows(&self, room: &str, other: &str) -> bool {
        let listed = |name: &str| self.rooms.get(room).is_some_and(|rooms| rooms.iter().any(|it| it == name));
        listed(ANY) || listed(other)
    }

    /// Is it for tests alone?
    pub fn is_dev_only(&self, room: &str) -> bool {
        self.dev_only.rooms.iter().any(|it| it == room)
    }

    /// The feature that makes randomness repeat and bugs show.
    pub fn simulation(&self) -> &str {
        &self.simulation.feature
    }

    /// The room with the deliberate bugs.
    pub fn bugs(&self) -> &str {
        &self.simulation.bugs
    }

    /// May it turn that feature on?
    pub fn simulates(&self, room: &str) -> bool {
        self.simulation.rooms.iter().any(|it| it == room)
    }

    /// The rooms that a library belongs to, if only certain rooms may use it.
    pub fn owners_of(&self, library: &str) -> Option<&[String]> {
        self.libraries.get(library).map(Vec::as_slice)
    }

    /// May a file hold SQL?
    pub fn may_hold_sql(&self, path: &str) -> bool {
        self.sql.folders.iter().any(|folder| path.starts_with(folder))
    }

    /// The most lines of code that a file may have.
    pub fn most_lines(&self, language: Language) -> usize {
        match language {
            Language::Rust => self.lines.rs,
            Language::TypeScript => self.lines.ts,
            Language::Svelte => self.lines.svelte,
        }
    }

    /// Is the file written by a program?
    pub fn is_generated(&self, path: &str) -> bool {
        self.generated.files.iter().any(|it| it == path)
    }
}

#[cfg(test)]
pub fn sample() -> Rules {
    #![allow(clippy::unwrap_used)]
    Rules::parse(
        r#"
        [rooms]
        low = []
        high = ["low", "bugs"]
        kit = ["any"]
        bugs = []
        [dev_only]
        rooms = ["kit"]
        [simulation]
        feature = "simulation"
        bugs = "bugs"
        rooms = ["kit"]
        [libraries]
        rusqlite = ["low"]
        [sql]
        folders = ["crates/low/"]
        [lines]
        rs = 3
        ts = 3
        svelte = 2
        [generated]
        files = ["ui/src/made.ts"]
        "#,
    )
    .unwrap()
}
