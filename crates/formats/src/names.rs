//! Names for files and folders that every system takes: Windows forbids the most (Microsoft, "Naming Files,
//! Paths, and Namespaces").

/// The longest name made here, in bytes. Systems take 255; the rest is for " (2)" and for other programs.
pub(crate) const MAX_FILE_NAME_BYTES: usize = 200;

/// A name that every system takes, with an extension (or none), cut to [`MAX_FILE_NAME_BYTES`] with a suffix.
pub(crate) fn portable(name: &str, suffix: &str, extension: &str) -> String {
    let replaced: String =
        name.chars().map(|c| if c.is_control() || r#"/\<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    // A leading dot would hide the file.
    let replaced = match replaced.trim().strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => replaced,
    };
    let mut stem = cut(&replaced, MAX_FILE_NAME_BYTES - suffix.len() - extension.len() - 1).to_owned();
    if stem.is_empty() {
        "Untitled".clone_into(&mut stem);
    }
    if is_reserved(&stem) {
        stem.insert(0, '_');
    }
    format!("{stem}{suffix}{extension}")
}

/// A name without white space and dots at its ends, of at most so many bytes.
fn cut(name: &str, max: usize) -> &str {
    let name = name.trim();
    let mut end = name.len().min(max);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Names of devices on Windows, with any extension.
fn is_reserved(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&base.as_str()) {
        return true;
    }
    let number = base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT"));
    number.is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| c.is_ascii_digit() || "¹²³".contains(c)))
}

/// True for a name that a file system can have given: what no name can be on any of them is refused.
pub(crate) fn can_exist(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && !matches!(name, "." | "..") && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_for_every_system() {
        for (title, expected) in [
            ("Plain", "Plain.md"),
            ("a/b: c?", "a_b_ c_.md"),
            ("CON", "_CON.md"),
            ("nul.txt", "_nul.txt.md"),
            ("COM1", "_COM1.md"),
            ("COM10", "COM10.md"),
            ("Console", "Console.md"),
            ("ends. . ", "ends.md"),
            ("..", "_.md"),
            (".hidden", "_hidden.md"),
            ("", "Untitled.md"),
            (" . ", "_.md"),
            ("日本語", "日本語.md"),
            ("tab\there", "tab_here.md"),
        ] {
            assert_eq!(portable(title, "", ".md"), expected, "{title:?}");
        }
        assert!(portable(&"é".repeat(300), " (12)", ".md").len() <= MAX_FILE_NAME_BYTES);
    }
}
