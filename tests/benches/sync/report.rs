//! What was measured, in a table, and what must hold beside it.

use std::fmt;

use anyhow::Context as _;
use serde_json::Value;

use crate::proxy::Count;

/// One sync.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: String,
    pub count: Count,
    pub seconds: f64,
    /// Of the program that synced, by all its threads: other programs do not change it much. Not a number where the
    /// system does not say.
    pub cpu_seconds: f64,
    /// What the program said of it.
    pub said: Value,
}

impl Row {
    pub fn new(what: &str, count: Count, seconds: f64, cpu_seconds: f64) -> Self {
        Self { what: what.to_owned(), count, seconds, cpu_seconds, said: Value::Null }
    }

    /// A time that the program said, or all of it where it did not say.
    pub fn seconds_of(&self, key: &str) -> f64 {
        self.said[key].as_f64().map_or(self.seconds, |ms| ms / 1e3)
    }
}

/// CPU seconds of this process, or of the programs that it started and that have ended.
pub fn cpu_seconds(of_children: bool) -> f64 {
    // Hundredths of a second, after the name in brackets, which may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let at = if of_children { 13 } else { 11 };
    let ticks = |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(at) + ticks(at + 1)) / 100.0
}

struct Bound {
    what: String,
    measured: f64,
    /// `None`: a figure that nothing is asked of.
    bound: Option<f64>,
    holds: bool,
}

/// All of it.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    bounds: Vec<Bound>,
}

impl Report {
    pub fn row(&mut self, row: Row) -> Row {
        self.rows.push(row.clone());
        row
    }

    pub fn most(&mut self, what: &str, measured: f64, bound: f64) {
        self.add(what, measured, Some(bound), measured <= bound);
    }

    pub fn below(&mut self, what: &str, measured: f64, bound: f64) {
        self.add(what, measured, Some(bound), measured < bound);
    }

    pub fn figure(&mut self, what: &str, measured: f64) {
        self.add(what, measured, None, true);
    }

    fn add(&mut self, what: &str, measured: f64, bound: Option<f64>, holds: bool) {
        self.bounds.push(Bound { what: what.to_owned(), measured, bound, holds });
    }

    /// True where all holds.
    pub fn print(&self) -> bool {
        println!("\nBytes are those of HTTP/1.1 (request lines, headers, bodies); those of TCP have TLS and its");
        println!(
            "handshakes too. A program that is started for one sync makes one handshake. Its CPU time is that of the"
        );
        println!("whole program, which also opens the vault, as without a change.\n");
        println!(
            "{:38} {:>8} {:>10} {:>10} {:>10} {:>10} {:>8} {:>7}",
            "", "requests", "up", "down", "TCP up", "TCP down", "seconds", "of CPU"
        );
        for Row { what, count, seconds, cpu_seconds, .. } in &self.rows {
            let Count { requests, up, down, raw_up, raw_down } = count;
            print!("{what:38} {requests:>8} {up:>10} {down:>10} {raw_up:>10} {raw_down:>10}");
            println!(" {seconds:>8.2} {cpu_seconds:>7.2}");
        }
        println!();
        for Bound { what, measured, bound, holds } in &self.bounds {
            let bound = bound.map_or_else(String::new, |b| format!("of {b:.2}"));
            let mark = if *holds { "ok" } else { "FAILS" };
            println!("{what:52} {measured:>9.2} {bound:>12}  {mark}");
        }
        let failed = self.bounds.iter().filter(|b| !b.holds).count();
        println!("\n{}", if failed == 0 { "All hold.".to_owned() } else { format!("{failed} do not hold.") });
        failed == 0
    }
}

/// What the machine can do, as `bench limits` measured it.
pub struct Limits {
    pub pull_s: f64,
    pub push_s: f64,
    text: String,
}

impl Limits {
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let of = |name: &str| -> anyhow::Result<f64> {
            let value = text.lines().find_map(|line| line.strip_prefix(name)).context("The limits have no total.")?;
            Ok(value.trim().parse()?)
        };
        Ok(Self { pull_s: of("pull_total")?, push_s: of("push_total")?, text: text.to_owned() })
    }

    /// The faster of two runs, for each total: other programs only make them slower.
    pub fn stricter(a: Self, b: Self) -> Self {
        let text = if a.pull_s < b.pull_s { a.text } else { b.text };
        Self { pull_s: a.pull_s.min(b.pull_s), push_s: a.push_s.min(b.push_s), text }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\nLimits, the better of two runs:\n{}", self.text)
    }
}
