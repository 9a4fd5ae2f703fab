//! The packages of this workspace and what they depend on, as Cargo sees them.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::command;
use crate::place::Place;

/// The room of the package in the root: its sources lie there.
const ROOT_ROOM: &str = "src-tauri";

/// The packages.
#[derive(Debug)]
pub struct Workspace {
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug)]
pub struct Package {
    pub name: String,
    /// The name of its folder: how docs/rooms.toml calls it.
    pub room: String,
    /// Its Cargo.toml, from the root.
    pub manifest: String,
    /// What Cargo.toml says, to find lines in.
    pub text: String,
    /// All but dev-dependencies.
    pub dependencies: Vec<String>,
    /// Of these, those that only a feature brings.
    pub optional: Vec<String>,
    /// The features that it asks of its dependencies, also of those for tests.
    pub asked: Vec<(String, String)>,
    /// Its own features and what each turns on.
    pub features: BTreeMap<String, Vec<String>>,
    /// The names of its integration tests.
    pub test_targets: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    manifest_path: std::path::PathBuf,
    dependencies: Vec<RawDependency>,
    features: BTreeMap<String, Vec<String>>,
    targets: Vec<RawTarget>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    kind: Option<String>,
    optional: bool,
    features: Vec<String>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    /// Asks Cargo.
    pub fn read(place: &Place) -> anyhow::Result<Self> {
        let mut cargo = command::cargo(place);
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
        let output = cargo.output().context("`cargo metadata` could not be started.")?;
        if !output.status.success() {
            bail!("`cargo metadata` failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout).context("`cargo metadata` cannot be read.")?;
        let packages = metadata.packages.into_iter().map(|raw| package(place, raw)).collect::<anyhow::Result<_>>()?;
        Ok(Self { packages })
    }

    /// The rooms by the names of their packages.
    pub fn rooms(&self) -> BTreeMap<&str, &str> {
        self.packages.iter().map(|package| (package.name.as_str(), package.room.as_str())).collect()
    }

    /// The names of a package's integration tests.
    pub fn test_targets(&self, package: &str) -> Vec<String> {
        let found = self.packages.iter().find(|it| it.name == package);
        found.map(|it| it.test_targets.clone()).unwrap_or_default()
    }
}

fn package(place: &Place, raw: RawPackage) -> anyhow::Result<Package> {
    let text = fs::read_to_string(&raw.manifest_path)
        .with_context(|| format!("{} cannot be read.", place.shown(&raw.manifest_path)))?;
    let folder = raw.manifest_path.parent().filter(|folder| *folder != place.root);
    let room = folder.and_then(|folder| folder.file_name()).map_or(ROOT_ROOM.into(), |name| name.to_string_lossy());
    let asked = raw.dependencies.iter().flat_map(|d| d.features.iter().map(|f| (d.name.clone(), f.clone()))).collect();
    let optional = raw.dependencies.iter().filter(|d| d.optional).map(|d| d.name.clone()).collect();
    let dependencies = raw.dependencies.into_iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
    let tests = raw.targets.into_iter().filter(|target| target.kind.iter().any(|kind| kind == "test"));
    Ok(Package {
        room: room.into_owned(),
        manifest: place.shown(&raw.manifest_path).to_string().replace('\\', "/"),
        name: raw.name,
        text,
        dependencies: dependencies.map(|dependency| dependency.name).collect(),
        optional,
        asked,
        features: raw.features,
        test_targets: tests.map(|target| target.name).collect(),
    })
}
