//! A disk with little room, where this machine lets a test mount one.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// What fills it.
const SOMEBODY_ELSE: &str = "somebody-else";

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
        let mut file = fs::File::create(self.0.join(SOMEBODY_ELSE)).unwrap();
        let mut part = vec![0; 1024 * 1024];
        while !part.is_empty() {
            if file.write_all(&part).is_err() {
                part.truncate(part.len() / 2);
            }
        }
    }

    /// And gives it back.
    pub fn empty(&self) {
        fs::remove_file(self.0.join(SOMEBODY_ELSE)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
