//! A merge of two texts as one text with git's conflict markers.

use holdfast_merge::text::TextPart;

/// How long git's markers are.
pub const DEFAULT_SIZE: u16 = 7;

/// Instead of markers, what a conflict becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Favor {
    Ours,
    Theirs,
    /// The lines of ours, then those of theirs.
    Union,
}

/// How conflicts are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// What stands behind the markers of ours, base and theirs.
    pub labels: [String; 3],
    /// How many characters a marker has.
    pub size: usize,
    /// With the base.
    pub diff3: bool,
    /// Lines that both have at an end of a conflict stand beside it, once. Git does so where it does not show the base.
    pub zealous: bool,
    pub favor: Option<Favor>,
    /// Lines end with a carriage return too.
    pub crlf: bool,
}

impl Style {
    /// Git's markers of `ours`, `base` and `theirs`, with line ends as in this text.
    pub fn like(text: &str) -> Self {
        let crlf = text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r'));
        Self {
            labels: ["ours", "base", "theirs"].map(Into::into),
            size: DEFAULT_SIZE.into(),
            diff3: true,
            zealous: false,
            favor: None,
            crlf,
        }
    }

    fn line_end(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}

/// The text, and how many conflicts are marked in it. One conflict may hold several questions, where they share a
/// line.
pub fn write(parts: Vec<TextPart>, style: &Style) -> (String, usize) {
    let (mut out, mut conflicts) = (String::new(), 0);
    for part in whole_lines(parts) {
        match part {
            TextPart::Clean(text) => out.push_str(&text),
            TextPart::Conflict { base, ours, theirs } => match style.favor {
                Some(Favor::Ours) => out.push_str(&ours),
                Some(Favor::Theirs) => out.push_str(&theirs),
                Some(Favor::Union) => {
                    let (before, ours, theirs, after) = shared(&ours, &theirs);
                    out.push_str(before);
                    let more = !theirs.is_empty() || !after.is_empty();
                    lines(&mut out, ours, if more { style.line_end() } else { "" });
                    lines(&mut out, theirs, if after.is_empty() { "" } else { style.line_end() });
                    out.push_str(after);
                }
                None => {
                    conflicts += 1;
                    let all = ("", ours.as_str(), theirs.as_str(), "");
                    let (before, ours, theirs, after) = if style.zealous { shared(&ours, &theirs) } else { all };
                    out.push_str(before);
                    mark(&mut out, [ours, &base, theirs], style);
                    out.push_str(after);
                }
            },
        }
    }
    (out, conflicts)
}

/// The lines that two texts begin with, what is left of each, and the lines that both end with.
fn shared<'a>(ours: &'a str, theirs: &'a str) -> (&'a str, &'a str, &'a str, &'a str) {
    let of = |text: &'a str| text.split_inclusive('\n');
    let before = of(ours).zip(of(theirs)).take_while(|(a, b)| a == b).map(|(a, _)| a.len()).sum::<usize>();
    let (head, ours, theirs) = (&ours[..before], &ours[before..], &theirs[before..]);
    let last = of(ours).rev().zip(of(theirs).rev());
    let after = last.take_while(|(a, b)| a == b).map(|(a, _)| a.len()).sum::<usize>();
    let (ours, tail) = ours.split_at(ours.len() - after);
    (head, ours, &theirs[..theirs.len() - after], tail)
}

fn mark(out: &mut String, [ours, base, theirs]: [&str; 3], style: &Style) {
    let end = style.line_end();
    let marker = |out: &mut String, sign: char, label: Option<&str>| {
        out.extend(std::iter::repeat_n(sign, style.size));
        if let Some(label) = label {
            out.push(' ');
            out.push_str(label);
        }
        out.push_str(end);
    };
    let [our_label, base_label, their_label] = &style.labels;
    marker(out, '<', Some(our_label));
    lines(out, ours, end);
    if style.diff3 {
        marker(out, '|', Some(base_label));
        lines(out, base, end);
    }
    marker(out, '=', None);
    lines(out, theirs, end);
    marker(out, '>', Some(their_label));
}

/// Adds a text, and what ends its last line if nothing does.
fn lines(out: &mut String, text: &str, end: &str) {
    out.push_str(text);
    if !at_line_start(text) {
        out.push_str(end);
    }
}

fn at_line_start(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

/// Markers need lines of their own. So a conflict takes in the lines that it begins and ends in, and what is clean in
/// these comes to stand in each of its versions.
fn whole_lines(parts: Vec<TextPart>) -> Vec<TextPart> {
    let mut out = Vec::new();
    let mut clean = String::new();
    // Ours, base and theirs of the conflict that has no end yet.
    let mut open: Option<[String; 3]> = None;
    for part in parts {
        match part {
            TextPart::Clean(text) => {
                let mut rest = text.as_str();
                if let Some(mut sides) = open.take() {
                    let ended = sides.iter().all(|side| at_line_start(side));
                    let line_end = rest.find('\n');
                    let in_line = if ended { 0 } else { line_end.map_or(rest.len(), |at| at + 1) };
                    for side in &mut sides {
                        side.push_str(&rest[..in_line]);
                    }
                    rest = &rest[in_line..];
                    if ended || line_end.is_some() {
                        out.push(conflict(sides));
                    } else {
                        open = Some(sides);
                    }
                }
                clean.push_str(rest);
            }
            TextPart::Conflict { base, ours, theirs } => {
                let mut sides = match open.take() {
                    Some(sides) if !sides.iter().all(|side| at_line_start(side)) => sides,
                    ended => {
                        out.extend(ended.map(conflict));
                        let begun = clean.split_off(clean.rfind('\n').map_or(0, |at| at + 1));
                        out.push(TextPart::Clean(std::mem::take(&mut clean)));
                        [begun.clone(), begun.clone(), begun]
                    }
                };
                sides.iter_mut().zip([ours, base, theirs]).for_each(|(side, more)| side.push_str(&more));
                open = Some(sides);
            }
        }
    }
    out.extend(open.map(conflict));
    out.push(TextPart::Clean(clean));
    out
}

fn conflict([ours, base, theirs]: [String; 3]) -> TextPart {
    TextPart::Conflict { base, ours, theirs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> TextPart {
        TextPart::Clean(text.into())
    }

    fn asked(base: &str, ours: &str, theirs: &str) -> TextPart {
        TextPart::Conflict { base: base.into(), ours: ours.into(), theirs: theirs.into() }
    }

    #[test]
    fn a_conflict_within_a_line_takes_in_the_line() {
        let parts = vec![clean("one\ntwo "), asked("b", "o", "t"), clean(" end\nlast\n")];
        let text = "one\n<<<<<<< ours\ntwo o end\n||||||| base\ntwo b end\n=======\ntwo t end\n>>>>>>> theirs\nlast\n";
        assert_eq!(write(parts, &Style::like("")), (text.into(), 1));
    }

    #[test]
    fn conflicts_that_share_a_line_are_one_and_others_are_not() {
        let shared = vec![asked("a", "b", "c"), clean(" and "), asked("1", "2", "3"), clean("\nx")];
        let style = Style { diff3: false, ..Style::like("") };
        let text = "<<<<<<< ours\nb and 2\n=======\nc and 3\n>>>>>>> theirs\nx";
        assert_eq!(write(shared, &style), (text.into(), 1));
        let apart = vec![asked("a\n", "b\n", ""), clean("\n"), asked("1", "2", "3")];
        let text = "<<<<<<< ours\nb\n=======\n>>>>>>> theirs\n\n<<<<<<< ours\n2\n=======\n3\n>>>>>>> theirs\n";
        assert_eq!(write(apart, &style), (text.into(), 2));
        let beside = vec![asked("a\n", "b\n", "c\n"), asked("1\n", "2\n", "3\n")];
        assert_eq!(write(beside, &style).1, 2);
    }

    #[test]
    fn line_ends_size_and_labels_are_as_asked() {
        let labels = ["m", "", "a b"].map(Into::into);
        let style = Style { labels, size: 3, ..Style::like("x\r\ny") };
        let text = "<<< m\r\no\r\n||| \r\n===\r\nt\r\n>>> a b\r\n";
        assert_eq!(write(vec![asked("", "o\r\n", "t")], &style).0, text);
    }

    #[test]
    fn lines_that_both_have_stand_beside_a_conflict_once() {
        let parts = || vec![asked("x\n", "A\nB\nZ\n", "A\nC\nD\nZ\n"), clean("end\n")];
        let style = Style { zealous: true, ..Style::like("") };
        let text = "A\n<<<<<<< ours\nB\n||||||| base\nx\n=======\nC\nD\n>>>>>>> theirs\nZ\nend\n";
        assert_eq!(write(parts(), &style), (text.into(), 1));
        let union = Style { favor: Some(Favor::Union), ..style };
        assert_eq!(write(parts(), &union), ("A\nB\nC\nD\nZ\nend\n".into(), 0));
        // What both begin and end with is not counted twice, and a last line may have no end.
        assert_eq!(shared("a\n", "a\na\n"), ("a\n", "", "a\n", ""));
        assert_eq!(shared("b\na", "c\na"), ("", "b\n", "c\n", "a"));
        assert_eq!(shared("a", "a\n"), ("", "a", "a\n", ""));
    }

    #[test]
    fn a_favored_version_leaves_no_conflict() {
        let parts = || vec![clean("a "), asked("b", "o", "t")];
        let favored = |favor| write(parts(), &Style { favor: Some(favor), ..Style::like("") });
        assert_eq!(favored(Favor::Ours), ("a o".into(), 0));
        assert_eq!(favored(Favor::Theirs), ("a t".into(), 0));
        assert_eq!(favored(Favor::Union), ("a o\na t".into(), 0));
    }
}
