//! Paths inside an import or an export: relative, with `/`, never out of the root.

/// A path with `.` and `..` worked out; `None` if it is empty, absolute or leads out of the root.
pub fn normalise(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The folder of a file; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |i| &path[..i])
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rfind('/').map_or(path, |i| &path[i + 1..])
}

/// A file's name without its extension.
pub fn stem(file_name: &str) -> &str {
    match file_name.rfind('.') {
        Some(at) if at > 0 => &file_name[..at],
        _ => file_name,
    }
}

/// A file's extension without the dot; empty if it has none.
pub fn extension(path: &str) -> &str {
    let name = file_name(path);
    match name.rfind('.') {
        Some(at) if at > 0 => &name[at + 1..],
        _ => "",
    }
}

/// What `relative`, as seen from the file `from`, is from the root. `None` if that is outside.
pub fn join(from: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    normalise(format!("{}/{relative}", folder(from)).trim_start_matches('/'))
}

/// The path to the file `to` as seen from the file `from`; both from the root. The inverse of [`join`].
pub fn relative(from: &str, to: &str) -> String {
    let from: Vec<_> = folder(from).split('/').filter(|p| !p.is_empty()).collect();
    let to: Vec<_> = to.split('/').collect();
    let folders = &to[..to.len() - 1];
    let shared = from.iter().zip(folders).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_never_leaves_the_root() {
        assert_eq!(normalise("a/./b/../c").unwrap(), "a/c");
        for bad in ["", "..", "a/../..", "/etc/passwd", "../x", "a/../../x"] {
            assert_eq!(normalise(bad), None, "{bad}");
        }
        assert_eq!(join("a/b/note.md", "../x.png").unwrap(), "a/x.png");
        assert_eq!(join("note.md", "x.png").unwrap(), "x.png");
        assert_eq!(join("note.md", "../x.png"), None);
        assert_eq!(join("a/note.md", "/x.png"), None);
    }

    #[test]
    fn a_relative_path_leads_back() {
        for (from, to, expected) in [
            ("a/b/n.md", "a/b/x.png", "x.png"),
            ("a/b/n.md", "s/x.png", "../../s/x.png"),
            ("n.md", "s/x.png", "s/x.png"),
            ("a/n.md", "x.png", "../x.png"),
            ("a/n.md", "a", "../a"),
        ] {
            assert_eq!(relative(from, to), expected);
            assert_eq!(join(from, expected).unwrap(), to);
        }
    }

    #[test]
    fn a_hidden_file_has_no_extension() {
        assert_eq!((stem(".md"), extension(".md")), (".md", ""));
        assert_eq!((stem("a.b.md"), extension("x.y/a.b.md")), ("a.b", "md"));
        assert_eq!((stem("a"), extension("x.y/a")), ("a", ""));
    }
}
