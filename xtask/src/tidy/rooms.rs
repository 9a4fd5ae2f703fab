//! Each package imports what docs/rooms.toml lets it, and nothing else.

use super::Finding;
use super::rules::{PATH, Rules};
use super::workspace::{Package, Workspace};

/// Checks every edge between our packages, and who uses the libraries that belong to certain rooms.
pub fn check(rules: &Rules, workspace: &Workspace) -> Vec<Finding> {
    let rooms = workspace.rooms();
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let room = package.room.as_str();
        if !rules.knows(room) {
            let to_do = format!("add it to {PATH} with the rooms it may import");
            findings.push(Finding::new(&package.manifest, 1, format!("the room \"{room}\" is in no table"), to_do));
            continue;
        }
        for dependency in &package.dependencies {
            findings.extend(match rooms.get(dependency.as_str()) {
                Some(other) => edge(rules, package, dependency, other),
                None => library(rules, package, dependency),
            });
        }
    }
    findings
}

fn edge(rules: &Rules, package: &Package, dependency: &str, other: &str) -> Option<Finding> {
    let room = &package.room;
    let (what, to_do) = if rules.is_dev_only(other) && !rules.is_dev_only(room) {
        (format!("{room} is built from {other}, which is for tests"), "put it under [dev-dependencies]".to_owned())
    } else if rules.allows(room, other) {
        return None;
    } else {
        let to_do = format!("move the code to where the arrow may point, or decide otherwise in {PATH}");
        (format!("{room} may not import {other}"), to_do)
    };
    Some(Finding::new(&package.manifest, line_of(&package.text, dependency), what, to_do))
}

fn library(rules: &Rules, package: &Package, dependency: &str) -> Option<Finding> {
    let room = &package.room;
    let owners = rules.owners_of(dependency)?;
    if owners.contains(room) || rules.is_dev_only(room) {
        return None;
    }
    let what = format!("{room} may not use {dependency}");
    let to_do = format!("only {} may: ask it through its own types", owners.join(", "));
    Some(Finding::new(&package.manifest, line_of(&package.text, dependency), what, to_do))
}

/// The line that names a dependency, outside the list that all packages share.
fn line_of(manifest: &str, dependency: &str) -> usize {
    let mut shared = false;
    for (index, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            shared = line.starts_with("[workspace");
        }
        let names = line.split(['.', '=', ' ']).next() == Some(dependency);
        if names && !shared {
            return index + 1;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rules::sample;

    fn package(room: &str, dependencies: &[&str]) -> Package {
        let lines: Vec<String> = dependencies.iter().map(|name| format!("{name}.workspace = true")).collect();
        Package {
            name: format!("holdfast-{room}"),
            room: room.into(),
            manifest: format!("crates/{room}/Cargo.toml"),
            text: format!("[workspace.dependencies]\nrusqlite = \"1\"\n[dependencies]\n{}", lines.join("\n")),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
            optional: Vec::new(),
            asked: Vec::new(),
            features: std::collections::BTreeMap::new(),
            test_targets: Vec::new(),
        }
    }

    fn found(packages: Vec<Package>) -> Vec<String> {
        check(&sample(), &Workspace { packages }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_point_one_way() {
        assert!(found(vec![package("low", &["serde"]), package("high", &["holdfast-low"])]).is_empty());
        assert_eq!(
            found(vec![package("low", &["serde", "holdfast-high"]), package("high", &[])]),
            ["crates/low/Cargo.toml:5: low may not import high — move the code to where the arrow may point, \
              or decide otherwise in docs/rooms.toml"]
        );
    }

    #[test]
    fn what_is_for_tests_builds_no_program() {
        assert_eq!(
            found(vec![package("kit", &["holdfast-high"]), package("high", &["holdfast-kit"])]),
            ["crates/high/Cargo.toml:4: high is built from kit, which is for tests — put it under [dev-dependencies]"]
        );
    }

    #[test]
    fn a_library_has_its_rooms() {
        assert!(found(vec![package("low", &["rusqlite"]), package("kit", &["rusqlite"])]).is_empty());
        assert_eq!(
            found(vec![package("high", &["rusqlite"])]),
            ["crates/high/Cargo.toml:4: high may not use rusqlite — only low may: ask it through its own types"]
        );
    }

    #[test]
    fn a_new_room_is_noticed() {
        assert_eq!(found(vec![package("new", &[])]).len(), 1);
    }
}
