//! `cargo xtask bench merge`: how long the merge of a text takes, beside `git merge-file` and `gix-merge`.
//!
//! Ours is the release `holdfast merge-cases`, which says how long each merge took without reading and answering.
//! Behind the same lines, `gix-merge-cases` of the workspace in `bench` does so for gitoxide. Git has no such program, so
//! its start is measured on empty files and subtracted; its reading of the files is in it.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::shapes;
use crate::command;
use crate::place::Place;

/// Bytes of the base, and how often it is merged.
const SIZES: [(usize, usize); 4] = [(1 << 10, 200), (10 << 10, 200), (100 << 10, 100), (1 << 20, 100)];

/// As that, for texts that disagree at many spots.
const DISAGREEING: [(usize, usize); 3] = [(50 << 10, 100), (100 << 10, 100), (1 << 20, 50)];

/// How often each other text is merged.
const OTHER_ROUNDS: usize = 50;

/// Spots at which the two sides disagree.
const SPOTS: usize = 20;

/// Merges that are not counted.
const WARM_UP: usize = 5;

/// A ratio would be of noise where another took less.
const LEAST_MS: f64 = 0.005;
/// The same for git, whose start is subtracted.
const LEAST_GIT_MS: f64 = 0.05;

const NAMES: [&str; 3] = ["mine", "base", "theirs"];

/// Builds `holdfast`, measures, and prints.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    let build = ["build", "--release", "--package", "holdfast-cli", "--bin", "holdfast"];
    command::succeed(command::cargo(place).args(build))?;
    // A workspace of its own: nothing that it compares with is in ours.
    let target = place.target.join("bench").join("gix");
    let mut build = command::cargo(place);
    build.args(["build", "--release", "--locked", "--manifest-path", "bench/Cargo.toml"]);
    command::succeed(build.env("CARGO_TARGET_DIR", &target))?;
    let folder = place.target.join("bench").join("merge");
    fs::create_dir_all(&folder)?;
    let mut ours = Cases::start(Command::new(place.release_program("holdfast")).arg("merge-cases"), "holdfast")?;
    let gix = target.join("release").join(format!("gix-merge-cases{}", std::env::consts::EXE_SUFFIX));
    let mut gix = Cases::start(&mut Command::new(gix), "gix-merge")?;

    put(&folder, &["", "", ""])?;
    let start = Times::of(200, || {
        let (ms, conflicts) = git(&folder)?;
        ensure!(conflicts == 0, "git found {conflicts} conflicts in empty files.");
        Ok(ms)
    })?;
    println!("Milliseconds, p50 / p99. Ratios are of p50, holdfast's to the other's.");
    println!("holdfast:  the merge alone, as `holdfast merge-cases` measures it.");
    println!("gix-merge: the same, its merge of texts by lines.");
    println!(
        "git:       `git merge-file -p` less {:.2}, its p50 on empty files ({:.2} p99).",
        start.p50(),
        start.p99()
    );
    let mut programs = (&mut ours, &mut gix);
    println!();
    println!("Each text has a few edits on each side and one conflict:");
    heading();
    for (bytes, rounds) in SIZES {
        let counts = measure(&mut programs, &folder, start.p50(), (bytes, rounds), texts(bytes))?;
        ensure!(counts == [1; 3], "There were {counts:?} conflicts in place of one.");
    }
    println!();
    println!("Each text disagrees at {SPOTS} spots: reworded, moved, taken out, put elsewhere with other words:");
    heading();
    let mut asked = Vec::new();
    for (bytes, rounds) in DISAGREEING {
        asked.push(measure(&mut programs, &folder, start.p50(), (bytes, rounds), disagreeing(bytes, SPOTS))?);
    }
    println!("Conflicts of holdfast, gix-merge and git: {asked:?}.");
    println!();
    println!("Other texts of about a megabyte:");
    heading();
    for (what, texts) in shapes::all() {
        let bytes = texts[1].len();
        let counts = measure(&mut programs, &folder, start.p50(), (bytes, OTHER_ROUNDS), texts)?;
        println!("          {what}; conflicts: {counts:?}");
    }
    ours.end()?;
    gix.end()?;
    Ok(ExitCode::SUCCESS)
}

fn heading() {
    println!("{:>8}  {:>15}  {:>15}  {:>9}  {:>15}  {:>9}", "bytes", "holdfast", "gix-merge", "ratio", "git", "ratio");
}

/// Times the merge of these texts by all three, prints that, and says how many conflicts each found.
fn measure(
    (ours, gix): &mut (&mut Cases, &mut Cases),
    folder: &Path,
    start: f64,
    (bytes, rounds): (usize, usize),
    [mine, base, theirs]: [String; 3],
) -> anyhow::Result<[u64; 3]> {
    put(folder, &[&mine, &base, &theirs])?;
    let case = json!({ "id": bytes.to_string(), "path": "bench.md", "base": base, "ours": mine, "theirs": theirs });
    let case = case.to_string();
    let by_git = git(folder)?.1;
    // In turns, so that whatever else the machine does is shared.
    let (mut holdfast, mut other, mut counts) = (Vec::new(), Vec::new(), [0; 3]);
    for round in 0..WARM_UP + rounds {
        let (mine, theirs) = (ours.merge(&case)?, gix.merge(&case)?);
        counts = [mine.1, theirs.1, by_git];
        if round >= WARM_UP {
            holdfast.push(mine.0);
            other.push(theirs.0);
        }
    }
    let (holdfast, other) = (Times::sorted(holdfast), Times::sorted(other));
    let git = Times::of(rounds, || {
        let (ms, conflicts) = git(folder)?;
        ensure!(conflicts == by_git, "git found {conflicts} conflicts, and {by_git} before.");
        Ok(ms)
    })?;
    let git = git.less(start);
    let (to_gix, to_git) = (holdfast.ratio(&other, LEAST_MS), holdfast.ratio(&git, LEAST_GIT_MS));
    let (holdfast, other, git) = (holdfast.shown(), other.shown(), git.shown());
    println!("{bytes:>8}  {holdfast:>15}  {other:>15}  {to_gix:>9}  {git:>15}  {to_git:>9}");
    Ok(counts)
}

/// Durations in milliseconds, sorted.
struct Times(Vec<f64>);

impl Times {
    fn of(rounds: usize, mut once: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<Self> {
        for _ in 0..WARM_UP {
            once()?;
        }
        Ok(Self::sorted((0..rounds).map(|_| once()).collect::<anyhow::Result<Vec<_>>>()?))
    }

    fn sorted(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// How much longer this took than another did, by p50.
    fn ratio(&self, other: &Self, least: f64) -> String {
        if other.p50() < least { "noise".to_owned() } else { format!("{:.2}", self.p50() / other.p50()) }
    }

    fn less(self, start: f64) -> Self {
        Self(self.0.into_iter().map(|time| (time - start).max(0.0)).collect())
    }

    fn p50(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn p99(&self) -> f64 {
        self.0[self.0.len() * 99 / 100]
    }

    fn shown(&self) -> String {
        format!("{:.2} / {:.2}", self.p50(), self.p99())
    }
}

/// A running program that answers cases, one a line.
struct Cases {
    name: &'static str,
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Cases {
    fn start(command: &mut Command, name: &'static str) -> anyhow::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (to, from) = (process.stdin.take(), process.stdout.take());
        let (to, from) = (to.context("It has no input.")?, from.context("It has no output.")?);
        Ok(Self { name, process, to, from: BufReader::new(from) })
    }

    /// How long it says that the merge took, and how many conflicts it found.
    fn merge(&mut self, case: &str) -> anyhow::Result<(f64, u64)> {
        writeln!(self.to, "{case}")?;
        self.to.flush()?;
        let mut answer = String::new();
        self.from.read_line(&mut answer)?;
        let name = self.name;
        let answer: Value = serde_json::from_str(&answer).with_context(|| format!("{name} gave no answer."))?;
        let ms = answer["ms"].as_f64().with_context(|| format!("{name} did not say how long it took."))?;
        let conflicts = answer["conflicts"].as_u64().with_context(|| format!("{name} did not count conflicts."))?;
        Ok((ms, conflicts))
    }

    fn end(self) -> anyhow::Result<()> {
        let Self { name, mut process, to, from: _ } = self;
        drop(to);
        let status = process.wait()?;
        ensure!(status.success(), "{name} failed ({status}).");
        Ok(())
    }
}

/// How long git took, from its start to its end, and how many conflicts it found.
fn git(folder: &Path) -> anyhow::Result<(f64, u64)> {
    let mut command = Command::new("git");
    command.args(["merge-file", "-p"]).args(NAMES).current_dir(folder).stdin(Stdio::null());
    let start = Instant::now();
    let output = command.output().context("git could not be started.")?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    // It ends with their number, or with more than that where it fails.
    match output.status.code() {
        Some(conflicts @ 0..=127) => Ok((ms, conflicts.unsigned_abs().into())),
        _ => bail!("`git merge-file` ended with {}.", output.status),
    }
}

fn put(folder: &Path, texts: &[&str; 3]) -> anyhow::Result<()> {
    for (name, text) in NAMES.iter().zip(texts) {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// Lines of words that are as long as asked together, with a blank line after each, the same on each run.
fn prose(bytes: usize) -> (Random, Vec<String>) {
    let mut random = Random(bytes as u64);
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    while length < bytes {
        let line = random.sentence(lines.len());
        length += line.len() + 2;
        lines.push(line);
    }
    (random, lines)
}

/// The texts of these lines, each with `end` after it.
pub fn written(sides: [Vec<String>; 3], end: &str) -> [String; 3] {
    sides.map(|lines| {
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = write!(text, "{line}{end}");
            text
        })
    })
}

/// Mine, base and theirs, with one conflict.
fn texts(bytes: usize) -> [String; 3] {
    let (_, lines) = prose(bytes);
    // Apart from each other in the shortest text too: one line for both, and three for each side.
    let at = |part: usize| lines.len() * part / 8;
    let (mut mine, mut theirs) = (lines.clone(), lines.clone());
    mine[at(1)].push_str(" This was added here.");
    mine[at(3)] = "Another line stands here now.".into();
    mine.insert(at(6), "A line more, on this side.".into());
    theirs[at(2)].insert_str(0, "This was added there. ");
    theirs[at(5)] = "And there stands one more.".into();
    theirs.remove(at(7));
    mine[at(4)] = "Here it was decided like this.".into();
    theirs[at(4)] = "Over there nobody would agree to that at all!".into();
    written([mine, lines, theirs], "\n\n")
}

/// Mine, base and theirs, which disagree at so many spots. Each is in a fifth of them: both word a line anew; one
/// moves a line on that the other rewords; one takes out a line whose words the other puts into a new one; one takes
/// out a passage in which the other changes a word here and there; both write a paragraph at one place.
pub fn disagreeing(bytes: usize, spots: usize) -> [String; 3] {
    let (mut random, lines) = prose(bytes);
    let (mut mine, mut theirs) = (lines.clone(), lines.clone());
    // From the end, so that what comes before stays where it is.
    for spot in (0..spots).rev() {
        let at = lines.len() * spot / spots + 2;
        let reworded = |line: &str, word: &str| line.replacen(' ', &format!(" {word} "), 3);
        let (moved, changed) = if spot % 2 == 0 { (&mut mine, &mut theirs) } else { (&mut theirs, &mut mine) };
        match spot % 5 {
            0 => {
                moved[at] = reworded(&lines[at], "here");
                changed[at] = reworded(&lines[at], "there");
            }
            1 => {
                let line = moved.remove(at);
                moved.insert(at + 5, line);
                changed[at] = reworded(&lines[at], "often");
            }
            2 => {
                moved.drain(at..=at + 1);
                changed[at] = format!("{} {}", random.sentence(at), lines[at + 1]);
                changed.remove(at + 1);
                changed.insert(at + 3, lines[at].clone() + " So it was.");
            }
            3 => {
                moved.drain(at..at + 6);
                (at..at + 6).step_by(2).for_each(|line| changed[line] = reworded(&lines[line], "still"));
            }
            _ => {
                moved.insert(at, random.sentence(at));
                changed.insert(at, random.sentence(at));
                changed[at + 1] = reworded(&lines[at], "too");
            }
        }
    }
    written([mine, lines, theirs], "\n\n")
}

/// Knuth's MMIX generator: good enough to write nonsense, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }

    /// A line of prose; its number makes it unlike all others.
    pub fn sentence(&mut self, number: usize) -> String {
        let mut line = format!("Line {number}:");
        for _ in 0..6 + self.below(12) {
            line.push(' ');
            for _ in 0..2 + self.below(7) {
                line.push(char::from(b'a' + self.below(26) as u8));
            }
        }
        line.push('.');
        line
    }

    /// A paragraph of a script without spaces.
    pub fn ideographs(&mut self) -> String {
        let mut line = String::new();
        for _ in 0..5 + self.below(12) {
            let clause = 6 + self.below(10);
            line.extend((0..clause).filter_map(|_| char::from_u32(0x4e00 + self.below(400) as u32)));
            line.push('、');
        }
        line.pop();
        line.push('。');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_as_long_as_asked_and_the_same_each_time() {
        for (bytes, _) in SIZES {
            let [mine, base, theirs] = texts(bytes);
            assert!((bytes..bytes + 200).contains(&base.len()));
            assert!(mine != base && theirs != base && mine != theirs);
            assert_eq!([mine, base, theirs], texts(bytes));
        }
        for (bytes, _) in DISAGREEING {
            let [mine, base, theirs] = disagreeing(bytes, SPOTS);
            assert!((bytes..bytes + 200).contains(&base.len()));
            assert!(mine != base && theirs != base && mine != theirs);
            assert_eq!([mine, base, theirs], disagreeing(bytes, SPOTS));
        }
    }

    #[test]
    fn times_are_sorted_before_they_are_read() {
        let mut given = (0..WARM_UP + 100).rev().map(|n| n as f64);
        let times = Times::of(100, || given.next().context("there are enough")).expect("all are given");
        assert_eq!((times.p50(), times.p99()), (50.0, 99.0));
        let twice = Times::sorted(times.0.iter().map(|ms| 2.0 * ms).collect());
        assert_eq!((twice.ratio(&times, 50.0), twice.ratio(&times, 51.0)), ("2.00".into(), "noise".into()));
        assert_eq!(times.less(60.0).shown(), "0.00 / 39.00");
    }
}
