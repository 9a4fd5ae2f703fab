//! Names that people give: when two are the same, and which can be kept.

use unicode_normalization::UnicodeNormalization;

/// The longest title, tag or notebook name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name cannot be empty")]
    Empty,
    #[error("a name can have at most {MAX_NAME_BYTES} bytes")]
    TooLong,
    #[error("a name cannot hold the character U+{0:04X}")]
    Character(u32),
}

/// Two names are the same where this is: NFC, then lower case, with outer white space off.
pub fn fold_name(name: &str) -> String {
    name.trim().nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// A tag or a notebook's name as it will be kept: NFC, trimmed, without control characters.
pub fn check_name(name: &str) -> Result<String, NameError> {
    let name: String = name.trim().nfc().collect();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong);
    }
    match name.chars().find(|c| c.is_control()) {
        Some(c) => Err(NameError::Character(c as u32)),
        None => Ok(name),
    }
}

/// A title as it will be kept: one line; control characters become spaces; cut at [`MAX_NAME_BYTES`].
pub fn clean_title(title: &str) -> String {
    let line: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut end = line.trim().len().min(MAX_NAME_BYTES);
    let line = line.trim();
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_over_case_and_composition() {
        assert_eq!(fold_name("Cafe\u{301} "), fold_name("CAFÉ"));
        assert_ne!(fold_name("a"), fold_name("b"));
    }

    #[test]
    fn a_title_is_one_line_and_never_cut_inside_a_character() {
        assert_eq!(clean_title(" a\nb\u{0} "), "a b");
        assert!(clean_title(&"é".repeat(2000)).len() <= MAX_NAME_BYTES);
        assert!(!clean_title(&"é ".repeat(2000)).ends_with(' '));
    }

    #[test]
    fn empty_and_control_names_are_refused() {
        assert_eq!(check_name("  "), Err(NameError::Empty));
        assert_eq!(check_name("a\u{7}"), Err(NameError::Character(7)));
    }
}
