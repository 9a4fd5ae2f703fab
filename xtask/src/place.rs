//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The folders every command needs.
#[derive(Clone, Debug)]
pub struct Place {
    /// The root of the repository.
    pub root: PathBuf,
    /// Cargo's target folder: `target` in the root, or what `CARGO_TARGET_DIR` says.
    pub target: PathBuf,
}

impl Place {
    /// Finds the repository that this program was built in.
    pub fn find() -> anyhow::Result<Self> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().context("xtask does not lie in a repository.")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The user interface's folder.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Programs that the tests need and that are built for this repository alone.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The output of the stages of `cargo xtask test`.
    pub fn logs(&self) -> PathBuf {
        self.target.join("logs")
    }

    /// A program of ours as `cargo build` leaves it.
    pub fn debug_program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// As [`Self::debug_program`], optimised.
    pub fn release_program(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A path as a person sees it: from the root if it lies there.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}
