//! `holdfast merge-cases`: the merge of texts by itself, for who wants to judge or to time it.

use std::io::{self, BufRead, Write};
use std::time::Instant;

use holdfast_merge::text::merge_text;
use serde_json::{Value, json};

use crate::Outcome;
use crate::failure::Failure;
use crate::input;
use crate::markers::{self, Style};
use crate::output::Answer;

pub fn run() -> Outcome {
    answer_all(io::stdin().lock(), io::stdout().lock())?;
    Ok(Answer::printed(0))
}

/// Answers each line before it reads the next.
fn answer_all(mut from: impl BufRead, mut to: impl Write) -> Outcome<()> {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = from.read_until(b'\n', &mut line);
        let length = read.map_err(|e| {
            Failure::said(format!("Line {number} of standard input cannot be read: {}.", input::why(&e)))
        })?;
        if length == 0 {
            break;
        }
        let answer = answer(&line).map_err(|why| Failure::said(format!("Line {number} is not a case: {why}.")))?;
        // A reader that went away is no failure, but nobody reads on.
        if writeln!(to, "{answer}").and_then(|()| to.flush()).is_err() {
            break;
        }
    }
    Ok(())
}

/// Answers one case, or says why it is none.
fn answer(line: &[u8]) -> Result<Value, String> {
    let case: Value = serde_json::from_slice(line).map_err(|e| {
        // It is always line 1 of what the parser has seen.
        if e.is_eof() { "it ends too early".to_owned() } else { format!("it is not JSON from column {}", e.column()) }
    })?;
    if !case.is_object() {
        return Err("it is not an object".into());
    }
    let text = |name: &str| case[name].as_str().ok_or_else(|| format!("\"{name}\" is missing or not a text"));
    let (base, ours, theirs) = (text("base")?, text("ours")?, text("theirs")?);
    let start = Instant::now();
    let parts = merge_text(base, ours, theirs);
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let (text, conflicts) = markers::write(parts, &Style::like(ours));
    Ok(json!({ "clean": conflicts == 0, "text": text, "conflicts": conflicts, "ms": ms }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answers(input: &str) -> (Vec<Value>, Outcome<()>) {
        let mut out = Vec::new();
        let end = answer_all(input.as_bytes(), &mut out);
        let out = String::from_utf8(out).unwrap();
        (out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), end)
    }

    #[test]
    fn each_line_is_answered_in_its_order() {
        let clean =
            json!({ "id": "1", "path": "a.md", "base": "a\nb\nc\n", "ours": "A\nb\nc\n", "theirs": "a\nb\nC\n" });
        let open = json!({ "id": "2", "path": "b.md", "base": "red", "ours": "green", "theirs": "blue" });
        // The last line need not end.
        let (answers, end) = answers(&format!("{clean}\n{open}"));
        end.unwrap();
        let [first, second] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(
            (&first["clean"], &first["conflicts"], &first["text"]),
            (&true.into(), &0.into(), &"A\nb\nC\n".into())
        );
        assert!(first["ms"].as_f64().unwrap() >= 0.0);
        let text = "<<<<<<< ours\ngreen\n||||||| base\nred\n=======\nblue\n>>>>>>> theirs\n";
        assert_eq!((&second["clean"], &second["conflicts"], &second["text"]), (&false.into(), &1.into(), &text.into()));
    }

    #[test]
    fn a_bad_line_is_named_and_those_before_it_are_answered() {
        let good = r#"{"base":"","ours":"","theirs":""}"#;
        for (bad, why) in [
            ("{", "it ends too early"),
            ("", "it ends too early"),
            ("{]", "not JSON from column 2"),
            ("[]", "not an object"),
            (r#"{"base":"","ours":""}"#, "\"theirs\" is missing"),
            (r#"{"base":"","ours":1,"theirs":""}"#, "\"ours\" is missing or not a text"),
        ] {
            let (answers, end) = answers(&format!("{good}\n{bad}\n{good}\n"));
            let failure = end.unwrap_err();
            assert_eq!((answers.len(), failure.exit_code()), (1, 1));
            let sentence = failure.sentence();
            assert!(sentence.starts_with("Line 2 is not a case: ") && sentence.contains(why), "{sentence}");
        }
    }
}
