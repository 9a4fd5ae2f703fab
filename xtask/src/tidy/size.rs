//! A file can be read in one sitting.

use super::Finding;
use super::files::SourceFile;
use super::rules::Rules;
use super::source::Source;

/// Counts lines of code: blank ones and comments are free. A line inside a string is code.
pub fn check(rules: &Rules, file: &SourceFile, source: &Source) -> Vec<Finding> {
    let most = rules.most_lines(file.language);
    let in_code = source.code.iter().filter(|line| !line.trim().is_empty()).count();
    let in_strings: usize = source.strings.iter().map(|(_, text)| text.matches('\n').count().saturating_sub(1)).sum();
    let lines = in_code + in_strings;
    if lines <= most {
        return Vec::new();
    }
    let what = format!("{lines} lines of code, and {most} is the most");
    vec![Finding::new(&file.path, 1, what, "split it by what it is about")]
}

#[cfg(test)]
mod tests {
    use crate::tidy::{files, rules, source};

    fn check(path: &str, text: &str) -> usize {
        let file = files::sample(path, text);
        super::check(&rules::sample(), &file, &source::split(text, file.language)).len()
    }

    #[test]
    fn only_code_counts() {
        assert_eq!(check("a.rs", "a\n\n// c\n/* d\ne */\nb\n\nc\n"), 0);
        assert_eq!(check("a.rs", "a\nb\nc\nd\n"), 1);
        assert_eq!(check("a.rs", "f(\"a\nb\nc\nd\ne\")"), 1);
        assert_eq!(check("a.svelte", "<p>\n<!-- c\n-->\n</p>\n"), 0);
        assert_eq!(check("a.svelte", "<p>\na\n</p>\n"), 1);
    }
}
