//! How many tests a stage ran, read from what the test runners print.

/// Tests that passed and that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    /// Nothing ran.
    pub const NONE: Self = Self { passed: 0, failed: 0 };

    /// The counts of a stage that printed `output`.
    ///
    /// A stage without tests counts as one. A stage of tests that fails without a failed test (it did
    /// not compile, it was killed) has one failure more than its tests.
    pub fn of(output: &str, has_tests: bool, succeeded: bool) -> Self {
        let mut counts = Self::NONE;
        if has_tests {
            for line in output.lines() {
                let line = cargo(line).or_else(|| vitest(line)).unwrap_or(Self::NONE);
                counts.passed += line.passed;
                counts.failed += line.failed;
            }
        }
        if succeeded && !has_tests {
            counts.passed = 1;
        }
        if !succeeded && counts.failed == 0 {
            counts.failed = 1;
        }
        counts
    }
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; ...`
fn cargo(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    Some(read(rest.split(';')))
}

/// `      Tests  1 failed | 12 passed (13)`
fn vitest(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("Tests ")?;
    Some(read(rest.split('|')))
}

fn read<'a>(parts: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::NONE;
    for part in parts {
        let mut words = part.split_whitespace();
        let number = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
        match words.next() {
            Some("passed") => counts.passed = number,
            Some("failed") => counts.failed = number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, has_tests: bool, succeeded: bool, passed: u64, failed: u64) {
        assert_eq!(Counts::of(output, has_tests, succeeded), Counts { passed, failed }, "{output}");
    }

    #[test]
    fn results_are_added() {
        let cargo = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
                     test result: FAILED. 1 passed; 2 failed; 0 ignored\n";
        check(cargo, true, false, 4, 2);
        check("      Tests  1 failed | 12 passed (13)\n", true, false, 12, 1);
        check(" Test Files  1 passed (1)\n      Tests  5 passed (5)\n", true, true, 5, 0);
    }

    #[test]
    fn a_stage_without_tests_is_one() {
        check("test result: ok. 3 passed; 0 failed", false, true, 1, 0);
        check("", false, false, 0, 1);
    }

    #[test]
    fn what_does_not_compile_has_failed() {
        check("error: could not compile", true, false, 0, 1);
        check("test result: ok. 3 passed; 0 failed\nerror: could not compile", true, false, 3, 1);
    }
}
