//! `gix-merge-cases`: gitoxide's merge of texts behind the lines of `holdfast merge-cases`, so that both are timed and
//! judged in the same way: one JSON object a line, `{"base", "ours", "theirs"}`, one answer a line.

use std::io::{self, BufRead, Write};
use std::time::Instant;

use anyhow::Context as _;
use gix_merge::blob::Resolution;
use gix_merge::blob::builtin_driver::text as merge;
use gix_merge::blob::builtin_driver::text::{Conflict, ConflictStyle, Labels, Options};
use imara_diff::InternedInput;
use serde_json::{Value, json};

fn main() -> anyhow::Result<()> {
    let mut to = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        writeln!(to, "{}", answer(&case)?)?;
        to.flush()?;
    }
    Ok(())
}

/// As gitoxide merges files unless it is told otherwise, but that conflicts show the base.
fn answer(case: &Value) -> anyhow::Result<Value> {
    let text = |name: &str| case[name].as_str().with_context(|| format!("\"{name}\" is missing."));
    let (base, ours, theirs) = (text("base")?, text("ours")?, text("theirs")?);
    let marker_size = Conflict::DEFAULT_MARKER_SIZE.try_into()?;
    let conflict = Conflict::Keep { style: ConflictStyle::Diff3, marker_size };
    let labels = Labels { ancestor: Some("base".into()), current: Some("ours".into()), other: Some("theirs".into()) };

    // All that `holdfast merge-cases` has in its time is in this one: cutting into lines, and writing the result.
    let start = Instant::now();
    let mut merged = Vec::new();
    let mut input = InternedInput::default();
    let options = Options { conflict, ..Options::default() };
    let [ours, base, theirs] = [ours, base, theirs].map(str::as_bytes);
    let resolution = merge(&mut merged, &mut input, labels, ours, base, theirs, options);
    let ms = start.elapsed().as_secs_f64() * 1000.0;

    let merged = String::from_utf8(merged).context("The merge is not UTF-8.")?;
    let conflicts = merged.lines().filter(|line| *line == "<<<<<<< ours").count();
    Ok(json!({ "clean": resolution == Resolution::Complete, "text": merged, "conflicts": conflicts, "ms": ms }))
}
