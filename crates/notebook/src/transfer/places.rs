//! Where the files of an export go, so that none takes the place of another.

use std::collections::BTreeMap;

use holdfast_domain::AttachmentId;
use holdfast_formats::{Names, paths};

/// What is at each path, or will be.
pub(super) struct Places {
    names: Names,
    taken: BTreeMap<String, What>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A note, or a folder.
    Other,
    File(AttachmentId),
}

/// Where a linked file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    New(String),
    /// It is there already, for another note.
    Written,
    /// Nowhere: another one of the same note has its name.
    None,
}

impl Places {
    /// `taken` are the paths of all notes, and of folders that have none.
    pub fn new<'a>(names: Names, taken: impl Iterator<Item = &'a String>) -> Self {
        Self { names, taken: taken.map(|path| (names.compared(path), What::Other)).collect() }
    }

    /// The path of a note and of its files, given by their paths as seen from it. It is `path`, unless a file would
    /// then take the place of another one, or lie outside of the export: vaults can hold two folders with a `p.png`,
    /// and a note that was moved. Such a note gets a folder of its own, deep enough: so its links hold, and its bytes
    /// stay as they are.
    pub fn place<'f>(
        &mut self,
        path: &str,
        files: &[(&'f str, AttachmentId)],
    ) -> (String, Vec<(&'f str, AttachmentId, Target)>) {
        let path = if self.all_fit(path, files) { path.to_owned() } else { self.apart(path, files) };
        self.taken.insert(self.names.compared(&path), What::Other);
        let targets = files.iter().map(|(relative, id)| (*relative, *id, self.claim(&path, relative, *id)));
        let targets = targets.collect();
        (path, targets)
    }

    /// A free path beside a note's, for what is told of it.
    pub fn beside(&mut self, path: &str, what: &str) -> String {
        let stem = path.strip_suffix(".md").unwrap_or(path);
        let numbered = (2..=u32::MAX).map(|n| format!("{stem} ({what} {n}).md"));
        let mut paths = std::iter::once(format!("{stem} ({what}).md")).chain(numbered);
        let free = paths.find(|path| self.is_free(path)).unwrap_or_default();
        self.taken.insert(self.names.compared(&free), What::Other);
        free
    }

    fn all_fit(&self, path: &str, files: &[(&str, AttachmentId)]) -> bool {
        files.iter().all(|(relative, id)| {
            paths::join(path, relative).is_some_and(|target| {
                let what = self.taken.get(&self.names.compared(&target));
                what.is_none_or(|what| *what == What::File(*id))
            })
        })
    }

    fn claim(&mut self, path: &str, relative: &str, id: AttachmentId) -> Target {
        let Some(target) = paths::join(path, relative) else { return Target::None };
        match self.taken.insert(self.names.compared(&target), What::File(id)) {
            None => Target::New(target),
            Some(What::File(there)) if there == id => Target::Written,
            Some(there) => {
                self.taken.insert(self.names.compared(&target), there);
                Target::None
            }
        }
    }

    /// A path for a note in a folder that nothing else is in, as deep as its files lead up.
    fn apart(&self, path: &str, files: &[(&str, AttachmentId)]) -> String {
        let name = paths::file_name(path);
        let up = files.iter().map(|(relative, _)| relative.split('/').take_while(|part| *part == "..").count()).max();
        let deep = "files/".repeat(up.unwrap_or_default());
        let mut number = 1;
        loop {
            let suffix = if number == 1 { String::new() } else { format!(" ({number})") };
            let folder = format!("{}{suffix}", paths::stem(name));
            let folder = match paths::folder(path) {
                "" => folder,
                above => format!("{above}/{folder}"),
            };
            if self.is_free(&folder) {
                return format!("{folder}/{deep}{name}");
            }
            number += 1;
        }
    }

    fn is_free(&self, folder: &str) -> bool {
        let itself = self.names.compared(folder);
        let below = format!("{}/", itself.trim_end_matches('/'));
        !self.taken.contains_key(&itself)
            && self.taken.range(below.clone()..).next().is_none_or(|(path, _)| !path.starts_with(&below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AttachmentId = AttachmentId([1; 16]);
    const B: AttachmentId = AttachmentId([2; 16]);

    fn places(taken: &[&str], names: Names) -> Places {
        let taken: Vec<String> = taken.iter().map(|path| (*path).to_owned()).collect();
        Places::new(names, taken.iter())
    }

    fn new(path: &str) -> Target {
        Target::New(path.to_owned())
    }

    #[test]
    fn what_does_not_clash_stays_where_it_is() {
        let mut places = places(&["n.md", "m.md", "x/n.md"], Names::Exact);
        assert_eq!(places.place("n.md", &[("p.png", A)]), ("n.md".into(), vec![("p.png", A, new("p.png"))]));
        assert_eq!(places.place("m.md", &[("p.png", A)]), ("m.md".into(), vec![("p.png", A, Target::Written)]));
        let (path, files) = places.place("x/n.md", &[("../p.png", A), ("p.png", B)]);
        assert_eq!(path, "x/n.md");
        assert_eq!(files, [("../p.png", A, Target::Written), ("p.png", B, new("x/p.png"))]);
    }

    #[test]
    fn a_file_never_takes_the_place_of_another_or_of_a_note() {
        let taken = ["n.md", "m.md", "o.md", "m (2)", "m/deep.md", "linked.md"];
        let mut places = places(&taken, Names::Exact);
        places.place("n.md", &[("p.png", A)]);
        let (path, files) = places.place("m.md", &[("p.png", B), ("q.png", A)]);
        assert_eq!(path, "m (3)/m.md", "two such folders are there");
        assert_eq!(files, [("p.png", B, new("m (3)/p.png")), ("q.png", A, new("m (3)/q.png"))]);
        let (path, files) = places.place("o.md", &[("linked.md", A)]);
        assert_eq!((path.as_str(), &files[0].2), ("o/o.md", &new("o/linked.md")));
    }

    #[test]
    fn a_file_outside_of_the_export_comes_inside() {
        let mut places = places(&["x/n.md", "x/m.md"], Names::Exact);
        let (path, files) = places.place("x/n.md", &[("../../s/p.png", A), ("q.png", B)]);
        assert_eq!(path, "x/n/files/files/n.md");
        assert_eq!(files[0].2, new("x/n/s/p.png"));
        assert_eq!(files[1].2, new("x/n/files/files/q.png"));
    }

    #[test]
    fn names_are_compared_as_the_file_system_does() {
        let mut folded = places(&["n.md", "m.md"], Names::Folded);
        folded.place("n.md", &[("P.png", A)]);
        assert_eq!(folded.place("m.md", &[("p.png", B)]).0, "m/m.md");
        let (path, files) = folded.place("m.md", &[("x.png", A), ("X.png", B)]);
        assert_eq!((path.as_str(), &files[1].2), ("m.md", &Target::None), "no folder tells these apart");
        let mut exact = places(&["n.md", "m.md"], Names::Exact);
        exact.place("n.md", &[("P.png", A)]);
        assert_eq!(exact.place("m.md", &[("p.png", B)]).0, "m.md");
    }
}
