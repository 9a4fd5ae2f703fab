//! The scan of files, of their names, and of what is compressed in them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use super::{Canary, forms, frames};

/// Frames in frames are opened so many times.
const MAX_DEPTH: usize = 2;

/// A canary that is where it must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// [`Canary::place`].
    pub canary: String,
    /// How it is written down there, with the frames around it: `UTF-8 in zstd`.
    pub form: String,
    pub file: PathBuf,
    /// Bytes from the beginning of the file, or of the frame.
    pub at: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} as {} at {} of {}", self.canary, self.form, self.at, self.file.display())
    }
}

/// Looks for canaries in every form.
pub struct Scanner {
    automaton: AhoCorasick,
    /// Canary and form of each needle.
    names: Vec<(String, String)>,
}

impl Scanner {
    pub fn new(canaries: &[Canary]) -> Self {
        let (mut names, mut needles) = (Vec::new(), Vec::new());
        for canary in canaries {
            for (form, bytes) in canary.needles.iter().flat_map(|n| forms::forms(n)) {
                names.push((canary.place.clone(), form));
                needles.push(bytes);
            }
        }
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&needles).unwrap();
        Self { automaton, names }
    }

    /// Scans every file below these, and their names. One finding for each canary and form in each file.
    ///
    /// Panics where something cannot be read, or where there is no file at all: such a scan says nothing.
    pub fn scan(&self, roots: &[&Path]) -> Vec<Finding> {
        let mut todo: Vec<PathBuf> = roots.iter().map(|p| p.to_path_buf()).collect();
        let (mut findings, mut files) = (Vec::new(), 0);
        while let Some(path) = todo.pop() {
            let name = path.as_os_str().as_encoded_bytes();
            self.find(&path, " in the name of the file", name, 0, &mut findings);
            if path.is_dir() {
                todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.is_file() {
                files += 1;
                self.find(&path, "", &fs::read(&path).unwrap(), 0, &mut findings);
            }
        }
        assert!(files > 0, "there is nothing to scan in {roots:?}");
        findings.sort();
        findings.dedup_by(|a, b| (&a.canary, &a.form, &a.file) == (&b.canary, &b.form, &b.file));
        findings
    }

    /// Panics with every finding, if there is one.
    pub fn assert_clean(&self, roots: &[&Path]) {
        let findings: Vec<String> = self.scan(roots).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "found in plain sight:\n{}", findings.join("\n"));
    }

    fn find(&self, file: &Path, around: &str, bytes: &[u8], depth: usize, findings: &mut Vec<Finding>) {
        for hit in self.automaton.find_overlapping_iter(bytes) {
            let (canary, form) = &self.names[hit.pattern().as_usize()];
            findings.push(Finding {
                canary: canary.clone(),
                form: format!("{form}{around}"),
                file: file.to_owned(),
                at: hit.start(),
            });
        }
        if depth < MAX_DEPTH {
            for (kind, _, unpacked) in frames::unpack_all(bytes) {
                self.find(file, &format!(" in {kind}{around}"), &unpacked, depth + 1, findings);
            }
        }
    }
}
