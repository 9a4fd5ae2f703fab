//! Texts of about a megabyte as people have them, and as somebody tries them who wants to see a merge fail.

use super::merge::{Random, disagreeing, written};

const BYTES: usize = 1 << 20;

/// Mine, base and theirs.
type Texts = [String; 3];

/// What each is, and its texts.
pub fn all() -> Vec<(&'static str, Texts)> {
    let mut random = Random(BYTES as u64);
    let short: Vec<String> = (0..100_000).map(|n| format!("line {n}")).collect();
    let prose: Vec<String> = until(BYTES, |n| random.sentence(n));
    let tasks: Vec<String> = until(BYTES, |n| format!("- [ ] {}", random.sentence(n)));
    let mut table: Vec<String> = vec!["| what | how many | when |".into(), "|---|---|---|".into()];
    table.extend(until(BYTES, |n| format!("| {} | {n} | {} |", random.sentence(n), random.below(1_000))));
    let ideographs = until(BYTES, |_| random.ideographs());
    vec![
        ("one line", one_line(&prose)),
        ("100,000 short lines", every(&short, 1_000, "\n")),
        ("a checklist", ticked(&tasks)),
        ("a table", every(&table, 50, "\n")),
        ("Chinese characters", every(&ideographs, 50, "\n\n")),
        ("every 50th line by both", every(&prose, 50, "\n\n")),
        ("every 50th line, CRLF", every(&prose, 50, "\r\n\r\n")),
        ("a section moved", moved(&prose)),
        ("disagrees at 200 spots", disagreeing(BYTES, 200)),
    ]
}

/// Lines that are so many bytes together.
fn until(bytes: usize, mut line: impl FnMut(usize) -> String) -> Vec<String> {
    let (mut lines, mut length) = (Vec::new(), 0);
    while length < bytes {
        lines.push(line(lines.len()));
        length += lines.last().map_or(0, |line| line.len() + 1);
    }
    lines
}

fn with(word: &str, line: &str) -> String {
    match line.split_once([' ', '、']) {
        Some((start, rest)) => format!("{start} {word} {rest}"),
        None => format!("{line} {word}"),
    }
}

/// Both change a word of every so many lines, in half of them of the same one.
fn every(lines: &[String], step: usize, end: &str) -> Texts {
    let (mut mine, mut theirs) = (lines.to_vec(), lines.to_vec());
    for at in (step / 2..lines.len() - 1).step_by(step) {
        mine[at] = with("mine", &lines[at]);
        let beside = at + at / step % 2;
        theirs[beside] = with("theirs", &lines[beside]);
    }
    written([mine, lines.to_vec(), theirs], end)
}

/// One ticks every twentieth item, the other changes some words; each puts an item at the end.
fn ticked(lines: &[String]) -> Texts {
    let (mut mine, mut theirs) = (lines.to_vec(), lines.to_vec());
    (0..lines.len()).step_by(20).for_each(|at| mine[at] = lines[at].replacen("[ ]", "[x]", 1));
    (0..lines.len()).step_by(30).for_each(|at| theirs[at].push_str(" Soon."));
    mine.push("- [ ] The last of mine.".into());
    theirs.push("- [ ] And theirs, which is another.".into());
    written([mine, lines.to_vec(), theirs], "\n")
}

/// One moves a tenth of the text on by half of it; the other changes words here and there.
fn moved(lines: &[String]) -> Texts {
    let (mut mine, mut theirs) = (lines.to_vec(), lines.to_vec());
    let at = |tenths: usize| lines.len() * tenths / 10;
    let section: Vec<String> = mine.drain(at(2)..at(3)).collect();
    drop(mine.splice(at(7)..at(7), section));
    (0..lines.len()).step_by(300).for_each(|at| theirs[at] = with("theirs", &lines[at]));
    written([mine, lines.to_vec(), theirs], "\n\n")
}

fn one_line(lines: &[String]) -> Texts {
    let (mut mine, mut theirs) = (lines.to_vec(), lines.to_vec());
    let at = |tenths: usize| lines.len() * tenths / 10;
    mine[at(2)] = with("mine", &lines[at(2)]);
    theirs[at(7)] = with("theirs", &lines[at(7)]);
    written([mine, lines.to_vec(), theirs], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_about_a_megabyte_and_changed_by_both() {
        for (what, [mine, base, theirs]) in all() {
            assert!((900_000..2_500_000).contains(&base.len()), "{what} has {} bytes", base.len());
            assert!(mine != base && theirs != base && mine != theirs, "{what}");
        }
    }
}
