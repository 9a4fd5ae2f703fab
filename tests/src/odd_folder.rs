//! A folder of notes in which one file is fine.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::permissions::allow;

/// What is in it and cannot be read.
const CLOSED: [&str; 2] = ["closed", "closed.md"];

/// Makes one: a name and a text that are not UTF-8, a link to nothing, a folder and a file that may not be read, and a
/// file that no note links.
pub fn make(folder: &Path) {
    for inside in ["sub", "closed"] {
        fs::create_dir_all(folder.join(inside)).unwrap();
    }
    fs::write(folder.join("good.md"), "fine\n").unwrap();
    fs::write(folder.join("sub/latin.md"), b"caf\xe9\n").unwrap();
    symlink("nowhere", folder.join("dangling.md")).unwrap();
    let name = OsStr::from_bytes(b"caf\xe9");
    fs::create_dir(folder.join(name)).unwrap();
    fs::write(folder.join(name).join("in.md"), "lost\n").unwrap();
    fs::write(folder.join("unlinked.pdf"), "pdf").unwrap();
    fs::write(folder.join("closed/in.md"), "not for you\n").unwrap();
    fs::write(folder.join("closed.md"), "nor this\n").unwrap();
    for closed in CLOSED {
        allow(&folder.join(closed), 0o000);
    }
}

/// What was closed may be read.
pub fn open(folder: &Path) {
    for closed in CLOSED {
        allow(&folder.join(closed), 0o700);
    }
}
