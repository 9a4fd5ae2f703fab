//! Properties of what has a shape: code between fences, tables, front matter.

use std::collections::BTreeSet;

use crate::text_props::{Case, LONG, Random, cases, merged, properties};

/// True if fences close, and every table has its head, its dashes, and rows of as many columns.
fn is_whole(text: &str) -> bool {
    let (mut fenced, mut table) = (false, Vec::new());
    let whole = |table: &[&str]| {
        let columns = |row: &&str| row.matches('|').count();
        let dashes = |row: &&str| row.chars().all(|c| matches!(c, '|' | '-'));
        table.is_empty()
            || (table.get(1).is_some_and(dashes) && table.iter().all(|row| columns(row) == columns(&table[0])))
    };
    for line in text.lines().chain([""]) {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if line.starts_with('|') {
            table.push(line);
        } else if !whole(&std::mem::take(&mut table)) {
            return false;
        }
    }
    !fenced
}

/// Sides that each leave code and tables whole: so does what they make together, whatever side a place shows.
fn shapes_are_kept(cases: u64) {
    for seed in 0..cases {
        let mut r = Random(seed);
        let code: Vec<String> = (0..=r.below(3)).map(|i| format!("let a{i} = {i};")).collect();
        let rows: Vec<String> = (0..r.below(4)).map(|i| format!("| row{i} | {i} |")).collect();
        let text = |code: Option<&Vec<String>>, rows: Option<&Vec<String>>, end: &str| {
            let mut out = vec!["Intro.".to_string(), String::new()];
            if let Some(code) = code {
                out.extend(std::iter::once("```".to_string()).chain(code.iter().cloned()).chain(["```".to_string()]));
            }
            if let Some(rows) = rows {
                let head = ["| k | v |".to_string(), "|--|--|".to_string()];
                out.extend(head.into_iter().chain(rows.iter().cloned()));
            }
            out.push(end.to_string());
            out.join("\n")
        };
        let side = |r: &mut Random, own: &str| {
            let (mut code, mut rows, mut end) = (Some(code.clone()), Some(rows.clone()), String::new());
            for _ in 0..=r.below(3) {
                let change = |lines: &mut Vec<String>, line: String, r: &mut Random| {
                    let at = r.below(lines.len() + 1);
                    match r.below(3) {
                        0 if at < lines.len() => drop(lines.remove(at)),
                        1 if at < lines.len() => lines[at] = line,
                        _ => lines.insert(at, line),
                    }
                };
                match r.below(8) {
                    0..=2 => code.iter_mut().for_each(|c| change(c, format!("call({own}, {});", r.below(3)), r)),
                    3..=5 => rows.iter_mut().for_each(|t| change(t, format!("| {own} | {} |", r.below(3)), r)),
                    6 if r.one_in(2) => code = None,
                    6 => rows = None,
                    _ => end = format!("{end}\n```\n{own}\n```\n"),
                }
            }
            text(code.as_ref(), rows.as_ref(), &end)
        };
        let sides = vec![side(&mut r, "ann"), side(&mut r, "bob")];
        let case = Case { base: text(Some(&code), Some(&rows), ""), sides };
        assert!(case.sides.iter().chain([&case.base]).all(|t| is_whole(t)), "{case:#?}");
        let body = merged(&case);
        assert!(!body.is_resolved() || is_whole(&body.shown()), "seed {seed} {case:#?}\n{}", body.shown());
    }
}

/// Front matter that each side leaves as keys with one value each stays so; the newest time is taken, a tag that
/// anybody added is there, and one that nobody took out too.
fn front_matter_is_kept(cases: u64) {
    const TAGS: &[&str] = &["a", "b", "c", "d"];
    for seed in 0..cases {
        let mut r = Random(seed);
        let block = r.one_in(2);
        let front = |tags: &BTreeSet<&str>, day: usize, more: &str| {
            let tags: Vec<&str> = tags.iter().copied().collect();
            let list = if block { format!("\n  - {}", tags.join("\n  - ")) } else { format!(" [{}]", tags.join(", ")) };
            format!("---\ntitle: T\nupdated: 2026-01-{day:02}\ntags:{list}\n{more}---\n\nText.\n")
        };
        let set = |r: &mut Random, of: &BTreeSet<&'static str>| {
            let mut tags = of.clone();
            for _ in 0..r.below(3) {
                let tag = TAGS[r.below(TAGS.len())];
                if !tags.remove(tag) {
                    tags.insert(tag);
                }
            }
            // An empty list has no form.
            tags.insert("z");
            tags
        };
        let was = set(&mut r, &BTreeSet::new());
        let (ours, theirs) = (set(&mut r, &was), set(&mut r, &was));
        let (one, two) = (2 + r.below(20), 2 + r.below(20));
        let case = Case {
            base: front(&was, 1, ""),
            sides: vec![front(&ours, one, ""), front(&theirs, two, if r.one_in(2) { "due: 2026-05-01\n" } else { "" })],
        };
        let text = merged(&case).shown();
        let tags = |tag: &&&str| {
            let stays = was.contains(*tag) && ours.contains(*tag) && theirs.contains(*tag);
            stays || (!was.contains(*tag) && (ours.contains(*tag) || theirs.contains(*tag)))
        };
        let tags: BTreeSet<&str> = TAGS.iter().chain(&["z"]).filter(tags).copied().collect();
        let is: BTreeSet<&str> = text
            .split_once("tags:")
            .map(|(_, rest)| rest.split("---").next().unwrap_or_default().split("due").next().unwrap_or_default())
            .unwrap_or_default()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|t| !t.is_empty())
            .collect();
        let newest = format!("updated: 2026-01-{:02}\n", one.max(two));
        assert!(merged(&case).is_resolved() && is == tags && text.contains(&newest), "seed {seed} {case:#?}\n{text}");
    }
}

properties! {
    fences_and_tables_stay_whole, long_fences_and_tables: shapes_are_kept;
    front_matter_stays_front_matter, long_front_matter: front_matter_is_kept;
}
