//! A disk with little room, where this machine lets a test mount one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What fills it: a file of this name.
pub const SOMEBODY_ELSE: &str = "somebody-else";

/// A file system in memory; gone with this.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one here, if this user may.
    pub fn mount(at: PathBuf, mebibytes: usize) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|done| done.status.success()).then_some(Self(at))
    }

    /// Makes room.
    pub fn grow(&self, mebibytes: usize) {
        let size = format!("remount,size={mebibytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap().success());
    }

    /// Somebody else takes all the room that is left.
    pub fn fill(&self) {
        self.fill_but(0);
    }

    /// All but so many bytes.
    pub fn fill_but(&self, bytes: u64) {
        let mut file = fs::File::create(self.0.join(SOMEBODY_ELSE)).unwrap();
        let mut part = vec![0; 1024 * 1024];
        while !part.is_empty() {
            if file.write_all(&part).is_err() {
                part.truncate(part.len() / 2);
            }
        }
        let taken = file.metadata().unwrap().len();
        file.set_len(taken.saturating_sub(bytes)).unwrap();
    }

    /// Ends it, and leaves what was on it where it was, for a look.
    pub fn leave(self) {
        let at = self.0.clone();
        let mut aside = at.clone().into_os_string();
        aside.push("-of-small-disk");
        copy(&at, aside.as_ref());
        drop(self);
        // Not empty where the unmounting did not work: then both are there for a look.
        if fs::remove_dir(&at).is_ok() {
            fs::rename(&aside, &at).unwrap();
        }
    }

    /// And gives it back.
    pub fn empty(&self) {
        fs::remove_file(self.0.join(SOMEBODY_ELSE)).unwrap();
    }
}

/// Copies a folder, without what fills its disk.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if name == SOMEBODY_ELSE {
            continue;
        }
        if path.is_dir() { copy(&path, &to.join(name)) } else { fs::copy(&path, to.join(name)).map(drop).unwrap() }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
