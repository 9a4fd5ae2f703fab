//! Properties of the merge of prose on note-like texts.
//!
//! `HOLDFAST_CASES` says how many cases each property gets: 2,000 without it, 100,000 in the ignored twins.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use holdfast_domain::{Body, Segment};
use holdfast_merge::merge_body;
use holdfast_merge::text::{TextPart, merge_text};

use crate::world::stamp;

pub(crate) const LONG: u64 = 100_000;

pub(crate) fn cases() -> u64 {
    std::env::var("HOLDFAST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

// ---- texts that look like notes, and edits that look like people's ----

/// SplitMix64: the same cases on every machine, in every process.
pub(crate) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const WORDS: &[&str] = &[
    "the",
    "a",
    "of",
    "and",
    "garden",
    "train",
    "we",
    "met",
    "on",
    "Monday",
    "milk",
    "bread",
    "don't",
    "plan",
    "12",
    "café",
    "**bold**",
    "[link](u)",
    "`code`",
    "notes,",
    "end.",
    "東京",
    "👩‍👩‍👧",
    "x",
];
/// Few, so that two sides sometimes write the same.
const NEW_WORDS: &[&str] = &["apples", "river", "quietly", "seven", "über", "大阪に", "🎉", "later.", "(maybe)", "and"];

fn phrase(r: &mut Random, most: usize) -> String {
    let words: Vec<&str> = (0..=r.below(most)).map(|_| r.pick(WORDS)).collect();
    words.join(" ")
}

/// One or several lines, without line breaks.
fn block(r: &mut Random) -> Vec<String> {
    let line = match r.below(11) {
        0 | 1 => format!("{}. {}", phrase(r, 9), phrase(r, 6)),
        2 => format!("- {}", phrase(r, 3)),
        3 => format!("- [{}] {}", r.pick(&[" ", "x"]), phrase(r, 3)),
        4 => format!("  * {}", phrase(r, 3)),
        5 => {
            let rows = (0..=r.below(2)).map(|_| format!("| {} | {} |", phrase(r, 2), phrase(r, 1)));
            return ["| k | v |".to_string(), "|---|---|".to_string()].into_iter().chain(rows).collect();
        }
        6 => return vec!["```".to_string(), format!("let x = {};", r.below(9)), "```".to_string()],
        7 => format!("{} {}", r.pick(&["#", "##"]), phrase(r, 2)),
        8 => "東京に行きます。今日は雨です。".to_string(),
        9 => format!("{}. {}", 1 + r.below(3), phrase(r, 3)),
        _ => String::new(),
    };
    vec![line]
}

fn base(r: &mut Random) -> String {
    let eol = if r.one_in(6) { "\r\n" } else { "\n" };
    let mut text = String::new();
    for line in (0..r.below(7)).flat_map(|_| block(r)).collect::<Vec<_>>() {
        text.push_str(&line);
        text.push_str(eol);
    }
    if r.one_in(4) { text.trim_end_matches(['\n', '\r']).to_string() } else { text }
}

fn new_word(r: &mut Random, own: &str) -> String {
    if r.one_in(2) { format!("{own}{}", r.below(4)) } else { r.pick(NEW_WORDS).to_string() }
}

fn new_line(r: &mut Random, own: &str) -> String {
    let start = r.pick(&["", "- ", "- [ ] ", "| ", "## ", "1. "]);
    let words: Vec<String> = (0..=r.below(4)).map(|_| new_word(r, own)).collect();
    let end = if start == "| " { " | 1 |" } else { "" };
    format!("{start}{}{end}", words.join(" "))
}

/// Words of a line get one edit.
fn edit_words(line: &str, r: &mut Random, own: &str) -> String {
    let text = line.trim_end_matches(['\n', '\r']);
    let mut words: Vec<String> = text.split(' ').map(str::to_string).collect();
    let at = r.below(words.len());
    match r.below(3) {
        0 => words.insert(at, new_word(r, own)),
        1 => words[at] = new_word(r, own),
        _ => drop(words.remove(at)),
    }
    words.join(" ") + &line[text.len()..]
}

fn edit(text: &str, r: &mut Random, own: &str) -> String {
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_string).collect();
    let at = r.below(lines.len());
    match r.below(12) {
        0 | 1 if !lines.is_empty() => lines[at] = edit_words(&lines[at], r, own),
        2 | 3 if !lines.is_empty() => lines.insert(at, new_line(r, own) + eol),
        4 if !lines.is_empty() => drop(lines.remove(at)),
        5 if !lines.is_empty() => {
            let line = lines.remove(at);
            lines.insert(r.below(lines.len() + 1), line);
        }
        6 if !lines.is_empty() => lines.insert(at, lines[at].clone()),
        7 => {
            let boxed = |l: &String| l.contains("[ ]") || l.contains("[x]");
            if let Some(line) = lines.iter_mut().find(|l| boxed(l)) {
                *line = if line.contains("[ ]") { line.replace("[ ]", "[x]") } else { line.replace("[x]", "[ ]") };
            }
        }
        8 if !lines.is_empty() => {
            lines[at] = match r.below(3) {
                0 => format!("  {}", lines[at]),
                1 => lines[at].replacen(' ', "  ", 1),
                _ => lines[at].trim_start().to_string(),
            }
        }
        9 => return text.trim_end_matches(['\n', '\r']).to_string(),
        _ => {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { eol };
            let blank = if r.one_in(2) { eol } else { "" };
            let last = if r.one_in(3) { "" } else { eol };
            return format!("{text}{gap}{blank}{}{last}", new_line(r, own));
        }
    }
    // A line that was moved from the end may have no break.
    let end = lines.len().saturating_sub(1);
    lines.iter_mut().take(end).filter(|l| !l.ends_with('\n')).for_each(|l| l.push_str(eol));
    lines.concat()
}

fn side(base: &str, r: &mut Random, own: &str) -> String {
    (0..=r.below(4)).fold(base.to_string(), |text, _| edit(&text, r, own))
}

/// A base and what each side made of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Case {
    pub base: String,
    pub sides: Vec<String>,
}

pub(crate) fn case(seed: u64, sides: usize) -> Case {
    let mut r = Random(seed);
    let base = base(&mut r);
    let sides = ["ann", "bob", "cleo", "dan"][..sides].iter().map(|own| side(&base, &mut r, own)).collect();
    Case { base, sides }
}

// ---- running a property, and making a failing case small ----

type Check = fn(&Case) -> Result<(), String>;

/// All ways to make a case a little smaller.
fn smaller(case: &Case) -> Vec<Case> {
    let texts: Vec<&str> = std::iter::once(&case.base).chain(&case.sides).map(String::as_str).collect();
    let of = |texts: Vec<String>| Case { base: texts[0].clone(), sides: texts[1..].to_vec() };
    let mut out = Vec::new();
    let split: [fn(&str) -> Vec<&str>; 3] = [
        |t| t.split_inclusive('\n').collect(),
        |t| t.split_inclusive([' ', '\n', '\r']).collect(),
        |t| t.split_inclusive(|_| true).collect(),
    ];
    for split in split {
        let mut all: Vec<&str> = texts.iter().flat_map(|t| split(t)).collect();
        all.sort_unstable();
        all.dedup();
        for part in all {
            let without = |t: &&str| split(t).into_iter().filter(|p| *p != part).collect::<String>();
            out.push(of(texts.iter().map(without).collect()));
        }
        for (i, text) in texts.iter().enumerate() {
            for at in 0..split(text).len() {
                let mut parts = split(text);
                parts.remove(at);
                let mut texts: Vec<String> = texts.iter().map(|t| (*t).to_string()).collect();
                texts[i] = parts.concat();
                out.push(of(texts));
            }
        }
    }
    out.retain(|c| c != case);
    out
}

fn shrink(mut case: Case, check: Check) -> Case {
    while let Some(next) = smaller(&case).into_iter().find(|c| check(c).is_err()) {
        case = next;
    }
    case
}

/// Every case that fails, made small, is shown; at most three.
fn holds(cases: u64, sides: usize, check: Check) {
    let mut failed = String::new();
    let failing = (0..cases).filter(|seed| check(&case(*seed, sides)).is_err());
    for seed in failing.take(3) {
        let case = shrink(case(seed, sides), check);
        let _ = writeln!(failed, "seed {seed}: {}\n{case:#?}", check(&case).unwrap_err());
    }
    assert!(failed.is_empty(), "{failed}");
}

// ---- the properties ----

fn bodies(case: &Case) -> (Body, Vec<Body>) {
    let sides = case.sides.iter().enumerate();
    let sides = sides.map(|(i, s)| Body::text(s.clone(), stamp(2 + i as u64, 1 + u8::try_from(i).unwrap())));
    (Body::text(case.base.clone(), stamp(1, 1)), sides.collect())
}

pub(crate) fn merged(case: &Case) -> Body {
    let (base, sides) = bodies(case);
    merge_body(&base, &sides.iter().collect::<Vec<_>>())
}

pub(crate) fn two(case: &Case) -> Vec<TextPart> {
    merge_text(&case.base, &case.sides[0], &case.sides[1])
}

pub(crate) fn clean(text: &str) -> Vec<TextPart> {
    if text.is_empty() { Vec::new() } else { vec![TextPart::Clean(text.to_string())] }
}

fn same<T: PartialEq + std::fmt::Debug>(is: &T, must: &T) -> Result<(), String> {
    if is == must { Ok(()) } else { Err(format!("is   {is:?}\nmust {must:?}")) }
}

/// Not the words of the merge: letters and digits between anything else, each ideograph by itself.
fn words(text: &str) -> BTreeMap<&str, usize> {
    let mut out = BTreeMap::new();
    let ideograph = |c: char| matches!(c, '\u{2e80}'..='\u{9fff}');
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let end = if ideograph(first) { first.len_utf8() } else { rest.find(ideograph).unwrap_or(rest.len()) };
            *out.entry(&rest[..end]).or_insert(0) += 1;
            rest = &rest[end..];
        }
    }
    out
}

fn one_change_is_taken(case: &Case) -> Result<(), String> {
    let (base, x) = (&case.base, &case.sides[0]);
    same(&merge_text(base, x, x), &clean(x))?;
    same(&merge_text(base, base, x), &clean(x))?;
    same(&merge_text(base, x, base), &clean(x))
}

pub(crate) fn symmetric(case: &Case) -> Result<(), String> {
    let mut swapped = merge_text(&case.base, &case.sides[1], &case.sides[0]);
    for part in &mut swapped {
        if let TextPart::Conflict { ours, theirs, .. } = part {
            std::mem::swap(ours, theirs);
        }
    }
    same(&two(case), &swapped)
}

fn any_order(case: &Case) -> Result<(), String> {
    let (base, sides) = bodies(case);
    let mut sides: Vec<&Body> = sides.iter().collect();
    let first = merge_body(&base, &sides);
    for _ in 1..sides.len() {
        sides.rotate_left(1);
        same(&merge_body(&base, &sides), &first)?;
    }
    sides.swap(0, 1);
    same(&merge_body(&base, &sides), &first)
}

/// The clean text, and with it one side of each place: the one that has the word most often.
fn most(body: &Body, word: &str) -> usize {
    let count = |text: &str| words(text).get(word).copied().unwrap_or(0);
    let segments = body.segments().iter().map(|s| match s {
        Segment::Clean(text) => count(text),
        Segment::Place(place) => place.adds().map(|t| count(&t.value)).max().unwrap_or(0),
    });
    segments.sum()
}

/// True if only whole lines were added, and none moved.
fn only_adds_lines(base: &str, other: &str) -> bool {
    let mut rest = other.split_inclusive('\n');
    base.split_inclusive('\n').all(|line| rest.any(|l| l == line))
}

/// A word that is new is there as often as the side has it. One that the base has too may go elsewhere at the same
/// time, so it counts only where every other side did no more than add lines.
fn nothing_is_lost(case: &Case) -> Result<(), String> {
    let body = merged(case);
    let was = words(&case.base);
    for (i, side) in case.sides.iter().enumerate() {
        for (word, n) in words(side) {
            let before = was.get(word).copied().unwrap_or(0);
            let mut others = case.sides.iter().enumerate().filter(|(j, _)| *j != i);
            let kept = before == 0 || others.all(|(_, other)| only_adds_lines(&case.base, other));
            if kept && n > before && most(&body, word) < n {
                return Err(format!("{word:?} of side {i} is lost in {body:?}"));
            }
        }
    }
    Ok(())
}

/// No word from nowhere, and none more often than all that was written makes it.
fn nothing_from_nowhere(case: &Case) -> Result<(), String> {
    let body = merged(case);
    let mut known = words(&case.base);
    for side in &case.sides {
        for (word, n) in words(side) {
            *known.entry(word).or_insert(0) += n;
        }
    }
    for segment in body.segments() {
        let texts: Vec<&str> = match segment {
            Segment::Clean(text) => vec![text.as_str()],
            Segment::Place(place) => place.terms().iter().map(|t| t.value.as_str()).collect(),
        };
        for word in texts.into_iter().flat_map(words) {
            if known.get(word.0).is_none_or(|n| *n < word.1) {
                return Err(format!("{word:?} is from nowhere in {body:?}"));
            }
        }
    }
    Ok(())
}

/// What a place shows of a text stands there in one piece, after what the places before it show.
fn places_quote(case: &Case) -> Result<(), String> {
    let parts = two(case);
    let mut rest = [case.base.as_str(), case.sides[0].as_str(), case.sides[1].as_str()];
    for part in &parts {
        if let TextPart::Conflict { base, ours, theirs } = part {
            for (rest, quote) in rest.iter_mut().zip([base, ours, theirs]) {
                match rest.find(quote.as_str()) {
                    Some(at) => *rest = &rest[at + quote.len()..],
                    None => return Err(format!("{quote:?} is not quoted in order: {parts:?}")),
                }
            }
            if ours == theirs || ours == base || theirs == base {
                return Err(format!("no question: {parts:?}"));
            }
        }
    }
    Ok(())
}

/// Every place has each side, and what was there before, in the order of the text: by letters, since who changed white
/// space alone has no say.
fn no_side_is_lost(case: &Case) -> Result<(), String> {
    let letters = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let body = merged(case);
    for text in case.sides.iter().chain([&case.base]) {
        let whole = letters(text);
        let mut at = 0;
        for place in body.places() {
            let terms = place.terms().iter().map(|t| letters(&t.value));
            let ends = terms.filter_map(|term| whole[at..].find(&term).map(|found| at + found + term.len()));
            match ends.min() {
                Some(end) => at = end,
                None => return Err(format!("{text:?} has no side in {place:?} of {body:?}")),
            }
        }
    }
    Ok(())
}

/// Texts that all break lines in one way make a merge that does too.
fn breaks_are_kept(case: &Case) -> Result<(), String> {
    let all = |text: &str| text.matches('\n').count() == text.matches("\r\n").count();
    let texts = || case.sides.iter().chain([&case.base]);
    let body = merged(case);
    let shown: Vec<&str> = body
        .segments()
        .iter()
        .flat_map(|s| match s {
            Segment::Clean(text) => vec![text.as_str()],
            Segment::Place(place) => place.terms().iter().map(|t| t.value.as_str()).collect(),
        })
        .collect();
    if texts().all(|t| all(t)) && texts().any(|t| t.contains('\n')) && !shown.iter().all(|t| all(t)) {
        return Err(format!("a lone \\n in {body:?}"));
    }
    if texts().all(|t| !t.contains('\r')) && shown.iter().any(|t| t.contains('\r')) {
        return Err(format!("a \\r in {body:?}"));
    }
    Ok(())
}

/// Whatever ours changes, theirs changes in another way; theirs edits more lines. So all of ours is asked about,
/// and with theirs everywhere nothing of ours remains.
fn theirs_is_theirs(seed: u64) -> Result<(), String> {
    let mut r = Random(seed);
    let lines: Vec<String> = (0..2 + r.below(5))
        .map(|i| format!("{}{i} {} Last{i}\n", r.pick(&["Row", "- Row", "- [ ] Row"]), phrase(&mut r, 4)))
        .collect();
    let (mut ours, mut theirs) = (lines.clone(), lines.clone());
    for i in 0..lines.len() {
        let last = format!("Last{i}");
        match r.below(4) {
            0 => {
                ours[i] = lines[i].replace(&last, "ourword");
                theirs[i] = lines[i].replace(&last, "theirword");
            }
            1 => theirs[i] = lines[i].replace(&last, "theirs elsewhere"),
            2 => theirs[i] = format!("{}another line {i}\n", lines[i]),
            _ => {}
        }
    }
    let (base, ours, theirs) = (lines.concat(), ours.concat(), theirs.concat());
    let parts = merge_text(&base, &ours, &theirs);
    let taken: String = parts
        .iter()
        .map(|p| match p {
            TextPart::Clean(text) => text.as_str(),
            TextPart::Conflict { theirs, .. } => theirs.as_str(),
        })
        .collect();
    let asks = parts.iter().any(|p| matches!(p, TextPart::Conflict { .. }));
    if asks != (ours != base) || taken != theirs {
        return Err(format!("seed {seed}\nbase {base:?}\nours {ours:?}\ntheirs {theirs:?}\nparts {parts:?}"));
    }
    Ok(())
}

fn theirs_everywhere(cases: u64) {
    for seed in 0..cases {
        theirs_is_theirs(seed).unwrap();
    }
}

/// Any characters, close to the rules' own signs, and edits that cut anywhere.
fn wild(cases: u64) {
    const SIGNS: &[&str] = &[
        "\r",
        "\n",
        "\r\n",
        "\0",
        "[ ]",
        "- ",
        "|",
        "`",
        "```",
        " ",
        "\u{a0}",
        "\u{200d}",
        "\u{301}",
        "\u{feff}",
        "\u{202e}",
        "👩",
        "🇩🇪",
        "日",
        "é",
        "a",
        "b",
        "1. ",
        "\u{2028}",
        "\u{10ffff}",
        "\t",
        "(",
        "]",
        "ا",
    ];
    let text = |r: &mut Random| (0..r.below(12)).map(|_| r.pick(SIGNS)).collect::<String>();
    for seed in 0..cases {
        let mut r = Random(seed);
        let base = text(&mut r);
        let cut = |r: &mut Random| {
            let at: Vec<usize> = base.char_indices().map(|c| c.0).chain([base.len()]).collect();
            let (a, b) = (at[r.below(at.len())], at[r.below(at.len())]);
            format!("{}{}{}", &base[..a.min(b)], text(r), &base[a.max(b)..])
        };
        let sides = vec![cut(&mut r), cut(&mut r)];
        let case = Case { base: base.clone(), sides };
        for check in [one_change_is_taken, symmetric, any_order, nothing_is_lost, nothing_from_nowhere, places_quote] {
            if check(&case).is_err() {
                let small = shrink(case.clone(), check);
                panic!("seed {seed} {small:#?}: {}", check(&small).unwrap_err());
            }
        }
    }
}

macro_rules! properties {
    ($($name:ident, $long:ident: $run:expr;)*) => {$(
        #[test]
        fn $name() {
            ($run)(cases());
        }

        #[test]
        #[ignore = "long"]
        fn $long() {
            ($run)(cases().max(LONG));
        }
    )*};
}

pub(crate) use properties;

properties! {
    a_change_of_one_side_is_taken_as_it_is, long_a_change_of_one_side: |n| holds(n, 2, one_change_is_taken);
    the_sides_can_be_swapped, long_the_sides_can_be_swapped: |n| holds(n, 2, symmetric);
    three_or_four_sides_in_any_order, long_any_order: |n| { holds(n, 3, any_order); holds(n / 2, 4, any_order) };
    no_new_word_is_lost, long_no_new_word_is_lost: |n| holds(n, 2, nothing_is_lost);
    no_new_word_of_many_is_lost, long_no_new_word_of_many_is_lost: |n| { holds(n, 3, nothing_is_lost); holds(n / 2, 4, nothing_is_lost) };
    no_word_is_from_nowhere, long_no_word_is_from_nowhere: |n| holds(n, 2, nothing_from_nowhere);
    no_word_of_many_is_from_nowhere, long_no_word_of_many_is_from_nowhere: |n| holds(n, 3, nothing_from_nowhere);
    a_place_quotes_every_side, long_a_place_quotes: |n| holds(n, 2, places_quote);
    no_place_loses_a_side, long_no_place_loses_a_side: |n| { holds(n, 2, no_side_is_lost); holds(n, 3, no_side_is_lost); holds(n / 2, 4, no_side_is_lost) };
    another_process_merges_the_same, long_another_process: other_processes;
    line_breaks_are_kept, long_line_breaks_are_kept: |n| holds(n, 2, breaks_are_kept);
    theirs_everywhere_is_theirs, long_theirs_everywhere: theirs_everywhere;
    any_characters_merge, long_any_characters: wild;
}

// ---- the same everywhere ----

const HASH: &str = "HOLDFAST_TEXT_HASH";

fn hash_of_merges(cases: u64) -> u64 {
    // Not the seeded hasher of a map: this one has fixed keys.
    let mut hasher = DefaultHasher::new();
    for seed in 0..cases {
        format!("{:?}", merged(&case(seed, 2 + (seed % 3) as usize))).hash(&mut hasher);
    }
    hasher.finish()
}

/// Every process has its own seeds of hash maps, and so has every thread.
fn other_processes(cases: u64) {
    let own = hash_of_merges(cases);
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["text_props::as_a_child", "--exact", "--nocapture", "--ignored"])
        .env(HASH, cases.to_string())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(out.contains(&format!("merges={own:016x};")), "{own:016x} but {out}");
    assert_eq!(std::thread::spawn(move || hash_of_merges(cases)).join().unwrap(), own);
}

/// Not a test of its own: what the other process of [`other_processes`] does.
#[test]
#[ignore = "long"]
fn as_a_child() {
    if let Some(cases) = std::env::var(HASH).ok().and_then(|n| n.parse().ok()) {
        println!("merges={:016x};", hash_of_merges(cases));
    }
}

pub(crate) fn total(base: &str, ours: &str, theirs: &str) -> Vec<TextPart> {
    assert_eq!(merge_text(base, ours, ours), clean(ours));
    assert_eq!(merge_text(base, base, theirs), clean(theirs));
    let parts = merge_text(base, ours, theirs);
    let held: usize = parts
        .iter()
        .map(|p| match p {
            TextPart::Clean(text) => text.len(),
            TextPart::Conflict { ours, theirs, .. } => ours.len().max(theirs.len()),
        })
        .sum();
    assert!(held >= ours.len().max(theirs.len()).min(base.len()));
    parts
}

#[test]
fn huge_texts_merge() {
    let many = "x".repeat(5_000_000);
    let asked = total(&many, &format!("{many}a"), &format!("b{many}"));
    assert!(matches!(asked.as_slice(), [TextPart::Conflict { .. }]), "a line of 5 MB is not divided");
    let lines = "same\n".repeat(100_000);
    let merged = total(&lines, &format!("first\n{lines}"), &format!("{lines}last\n"));
    assert_eq!(merged, clean(&format!("first\n{lines}last\n")));
    let blank = "\n".repeat(100_000);
    total(&blank, &format!("a\n{blank}"), &format!("b\n{blank}"));
}

/// One line of the same token again and again, below the size where a region is not divided any more.
fn one_token(bytes: usize) {
    for word in ["x", "x ", "日", "\0", "\r", " ", "- [ ] a\n", "[ ]", "| a |\n", "👩\u{200d}"] {
        let text = word.repeat(bytes / word.len());
        total(&text, &format!("ours {text}"), &format!("theirs {text} end"));
    }
}

#[test]
fn one_token_repeated_merges() {
    one_token(4_000);
}

#[test]
#[ignore = "long"]
fn long_one_token_repeated() {
    one_token(80_000);
}
