//! What failed tests said, read from what the test runners print.

/// Lines of each failed test that are shown.
const LINES: usize = 25;

/// Each failed test with the first lines of what it said.
pub fn of(output: &str) -> Vec<String> {
    let lines: Vec<&str> = output.lines().collect();
    let mut out = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        // Cargo: "---- module::name stdout ----" and what the test printed; a line of its own ends with its parts.
        let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.split_once(" stdout ----")) else { continue };
        let mut said = name.0.to_owned();
        let own = lines[n + 1..].iter().take_while(|line| !line.starts_with("---- ") && **line != "failures:");
        for line in own.filter(|line| !line.trim().is_empty()).take_while(|line| !is_backtrace(line)).take(LINES) {
            said.push_str("\n  | ");
            said.push_str(line);
        }
        out.push(said);
    }
    // Vitest: " FAIL  file > name", and the error below it.
    for (n, line) in lines.iter().enumerate() {
        if let Some(name) = line.trim_start().strip_prefix("FAIL  ") {
            let error = lines.get(n + 1).map_or("", |line| line.trim());
            out.push(format!("{name}\n  | {error}"));
        }
    }
    out
}

fn is_backtrace(line: &str) -> bool {
    line.starts_with("stack backtrace:") || line.starts_with("note: run with `RUST_BACKTRACE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_test_of_cargo_is_named_with_its_words() {
        let output = "test a ... ok\ntest b::c ... FAILED\n\nfailures:\n\n---- b::c stdout ----\n\n\
                      thread 'b::c' panicked at x.rs:1:2:\nleft: 1\nstack backtrace:\n  0: core\n\n\
                      ---- d stdout ----\nerror\n\nfailures:\n    b::c\n    d\n";
        assert_eq!(of(output), ["b::c\n  | thread 'b::c' panicked at x.rs:1:2:\n  | left: 1", "d\n  | error"]);
    }

    #[test]
    fn a_failed_test_of_vitest_is_named_with_its_error() {
        let output = " FAIL  src/a.test.ts > sums\nAssertionError: expected 1 to be 2\n";
        assert_eq!(of(output), ["src/a.test.ts > sums\n  | AssertionError: expected 1 to be 2"]);
    }

    #[test]
    fn nothing_failed() {
        assert_eq!(of("test a ... ok\n\ntest result: ok. 1 passed; 0 failed\n"), Vec::<String>::new());
    }
}
