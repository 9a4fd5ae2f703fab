use holdfast_domain::{Date, Merge, NoteFields};
use holdfast_formats::FrontMatter;
use holdfast_formats::front_matter::{read, split, title_is_cut, write};
use proptest::prelude::*;

use crate::{STAMP, edited};

#[test]
fn split_finds_front_matter_only_at_the_very_top() {
    for (text, front) in [
        ("", ""),
        ("text", ""),
        ("---\n---\n", "---\n---\n"),
        ("---\na: 1\n---\nbody", "---\na: 1\n---\n"),
        ("---\na: 1\n...\nbody", "---\na: 1\n...\n"),
        ("---\na: 1\n---", "---\na: 1\n---"),
        ("---  \r\na: 1\r\n---\t\r\nbody", "---  \r\na: 1\r\n---\t\r\n"),
        ("---\ra: 1\r---\rbody", "---\ra: 1\r---\r"),
        ("\u{feff}---\na: 1\n---\nbody", "\u{feff}---\na: 1\n---\n"),
        ("\n---\na: 1\n---\n", ""),
        (" ---\na: 1\n---\n", ""),
        ("---\na: 1\n", ""),
        ("----\na: 1\n----\n", ""),
        ("---", ""),
        ("---\n{}\n---\n", "---\n{}\n---\n"),
        ("---\n\na: 1\n---\n", "---\n\na: 1\n---\n"),
        ("---\n# only a comment\n---\n", "---\n# only a comment\n---\n"),
        // Text between two rules is text.
        ("---\nOnce upon a time\n---\nthe end", ""),
    ] {
        let parts = split(text);
        assert_eq!(parts.0, front, "{text:?}");
        assert_eq!(format!("{}{}", parts.0, parts.1), text);
    }
    let long = format!("---\na: {}\n---\n", "x".repeat(70_000));
    assert_eq!(split(&long), ("", long.as_str()));
}

fn block(inner: &str) -> String {
    format!("---\n{inner}\n---\n")
}

#[test]
fn names_are_read_in_every_notation() {
    for (inner, tags) in [
        ("tags: [a, \"b c\", '#d']", &["a", "b c", "d"][..]),
        ("tags:\n  - a\n  - '#b'", &["a", "b"]),
        ("tags:\n- a\n- b", &["a", "b"]),
        ("Tags: a, b c", &["a", "b c"]),
        ("tag: a b", &["a", "b"]),
        ("tags: \"#a #b\"", &["a", "b"]),
        ("tags: #a #b", &["a", "b"]),
        ("tags: # none yet", &[]),
        ("tags:", &[]),
        ("tags: []", &[]),
        ("tags: [a, A, 日本]\ntag: b", &["a", "日本", "b"]),
        ("tags: [2024, true]", &["2024", "true"]),
        ("tags: [a, [b]]", &[]),
        ("tags: {a: b}", &[]),
        ("tags: [a", &[]),
        ("tags: a\n\tb: {", &[]),
    ] {
        assert_eq!(read(&block(inner)).tags, tags, "{inner}");
    }
    assert_eq!(read(&block("alias: One, The Two")).aliases, ["One", "The Two"]);
    assert_eq!(read(&block("aliases:\n  - One, Two")).aliases, ["One, Two"]);
}

#[test]
fn values_are_read_as_people_write_them() {
    let due = |text: &str| read(&block(text)).due.map(|d| d.to_string());
    for text in ["due: 2024-02-29", "due: \"2024-02-29\"", "DUE: 2024-02-29T10:00", "due: 2024-02-29 # soon"] {
        assert_eq!(due(text).as_deref(), Some("2024-02-29"), "{text}");
    }
    for text in ["due:", "due: soon", "due: 2023-02-29", "due: [2024-02-29]", "due: 2024-02-290", "x: 1"] {
        assert_eq!(due(text), None, "{text}");
    }
    let title = |text: &str| read(&block(text)).title;
    assert_eq!(title("title: \"a: \\\"b\\\"\"").as_deref(), Some("a: \"b\""));
    assert_eq!(title("title: 'it''s'").as_deref(), Some("it's"));
    assert_eq!(title("title: >\n  folded\n  text").as_deref(), Some("folded text"));
    assert_eq!(title("title: 2024").as_deref(), Some("2024"));
    assert_eq!(title("title: ~"), None);
    assert_eq!(title("title: \"\""), None);
    assert_eq!(title("a: &x foo\ntitle: *x"), None);
    let times = read(&block("date: 2024-01-02\nmodified: 2024-01-02T00:00:01Z"));
    assert_eq!((times.created_ms, times.updated_ms), (Some(1_704_153_600_000), Some(1_704_153_601_000)));
    assert_eq!(read(&block("done: yes")).done, Some(true));
}

fn date(text: &str) -> Option<Date> {
    text.parse().ok()
}

/// Changes what was read, and expects these lines.
fn check(inner: &str, expected: &str, change: impl Fn(&mut FrontMatter)) {
    for ending in ["\n", "\r\n"] {
        let front = format!("---\n{inner}\n---\n").replace('\n', ending);
        let mut wanted = read(&front);
        change(&mut wanted);
        let written = write(&front, &wanted);
        let expected = if expected.is_empty() { "---\n---\n".to_owned() } else { block(expected) };
        assert_eq!(written, expected.replace('\n', ending), "{inner}");
    }
}

#[test]
fn only_the_lines_of_a_changed_field_change() {
    let add = |name: &'static str| move |f: &mut FrontMatter| f.tags.push(name.into());
    let remove = |name: &'static str| move |f: &mut FrontMatter| f.tags.retain(|t| t != name);
    check("# top\ntags: [a, \"b\"]  # why\nz: 1", "# top\ntags: [a, \"b\", c]  # why\nz: 1", add("c"));
    check("tags: [a, b, c]", "tags: [a, c]", remove("b"));
    check("tags: [a, b, c]", "tags: [a, b]", remove("c"));
    check("tags: [a, b, c]", "tags: [b, c]", remove("a"));
    check("tags: [a]", "tags: []", remove("a"));
    check("tags: []", "tags: [a]", add("a"));
    check("tags:", "tags: [a]", add("a"));
    check("tags: # none yet\nx: 1", "tags: [a] # none yet\nx: 1", add("a"));
    check("tags: #a #b", "tags: [a, b, c]", add("c"));
    check("tags: a, b # x", "tags: [a, b, c] # x", add("c"));
    check("tags: a b", "tags: [b]", remove("a"));
    check("tags:\n  - a # first\n  - b\nx: 1", "tags:\n  - a # first\n  - b\n  - \"c: d\"\nx: 1", add("c: d"));
    check("tags:\n- a\n- b\n\nx: 1", "tags:\n- b\n\nx: 1", remove("a"));
    check("tags:\n  - a\nx: 1", "tags: []\nx: 1", remove("a"));
    check("tags:\n  - a\n  - b\nx: 1", "tags:\n  - c\nx: 1", |f| f.tags = vec!["c".into()]);
    check("tags: [a]\ntag: b", "tags: []\ntag: b", remove("a"));
    check("x: 1", "x: 1\ntags: [a]", add("a"));
    check("# nothing", "# nothing\ntags: [a]", add("a"));
    check("{}", "tags: [a]", add("a"));
    check("{x: 1}", "{x: 1, tags: [a]}", add("a"));
    check("tags: [a]", "tags: [A]", |f| f.tags = vec!["A".into()]);
    check("tags: &t [a]\nx: *t", "tags: &t [a, b]\nx: *t", add("b"));
    check("tags: {a: b}\nx: 1", "tags: [c]\nx: 1", add("c"));
    // Not YAML: the value is in the file all the same.
    check("x: [1", "x: [1\ntags: [a]", add("a"));

    check("due: 2024-01-02 # soon", "due: 2024-01-03 # soon", |f| f.due = date("2024-01-03"));
    check("due: '2024-01-02'", "due: '2024-01-03'", |f| f.due = date("2024-01-03"));
    check("a: 1\ndue: 2024-01-02 # soon\nb: 2", "a: 1\nb: 2", |f| f.due = None);
    check("due: 2024-01-02", "", |f| f.due = None);
    check("due: when I can", "due: 2024-01-03", |f| f.due = date("2024-01-03"));
    check("a: 1", "a: 1\ndue: 2024-01-03", |f| f.due = date("2024-01-03"));

    let title = |title: &'static str| move |f: &mut FrontMatter| f.title = Some(title.into());
    check("title: Old\nx: 1", "title: New\nx: 1", title("New"));
    check("title: Old # t", "title: \"New: 1\" # t", title("New: 1"));
    check("title: 'Old'", "title: 'It''s'", title("It's"));
    check("title: \"Old\"", "title: \"a \\\"b\\\"\"", title("a \"b\""));
    check("title: |\n  Old\n  text\nx: 1", "title: New\nx: 1", title("New"));
    check("title: Old\n  and older\nx: 1", "title: New\nx: 1", title("New"));
    check("? title\n: Old\nx: 1", "? title\n: New\nx: 1", title("New"));
    check("x: 1", "x: 1\ntitle: \"true\"", title("true"));

    check("done: false", "done: true", |f| f.done = Some(true));
    check("x: 1", "x: 1", |f| f.done = Some(false));
    check("updated: 2024-01-02 10:00", "updated: 2024-01-03 10:00", |f| {
        f.updated_ms = f.updated_ms.map(|ms| ms + 86_400_000);
    });
    check("updated: 2024-01-02", "updated: 2024-01-02", |f| f.updated_ms = f.updated_ms.map(|ms| ms + 1000));
    check("updated: lately", "updated: lately", |f| f.updated_ms = Some(1));
}

#[test]
fn a_block_is_made_only_where_there_is_something_to_keep() {
    assert_eq!(write("", &FrontMatter::default()), "");
    let times = FrontMatter { created_ms: Some(1), updated_ms: Some(2), done: Some(false), ..FrontMatter::default() };
    assert_eq!(write("", &times), "");
    let all = FrontMatter {
        title: Some("T: t".into()),
        tags: vec!["a".into(), "b c".into()],
        aliases: vec!["x".into()],
        due: date("2024-01-02"),
        done: Some(true),
        ..FrontMatter::default()
    };
    let made = write("", &all);
    assert_eq!(made, "---\ntitle: \"T: t\"\ntags: [a, b c]\naliases: [x]\ndue: 2024-01-02\ndone: true\n---\n");
    assert_eq!(read(&made), all);
}

#[test]
fn an_edited_note_keeps_its_byte_order_mark_and_line_endings() {
    let tag = |f: &mut NoteFields| assert!(f.tags.add_name("x".into(), STAMP));
    assert_eq!(edited("a.md", "\u{feff}hi\r\n", tag).1, "\u{feff}---\r\ntags: [x]\r\n---\r\nhi\r\n");
    assert_eq!(edited("a.md", "hi\rho\0", tag).1, "---\ntags: [x]\n---\nhi\rho\0");
    assert_eq!(edited("a.md", "\u{feff}---\r\na: 1\r\n---", tag).1, "\u{feff}---\r\na: 1\r\ntags: [x]\r\n---");
    let due = |f: &mut NoteFields| f.due = Merge::resolved(date("2024-01-02"), STAMP);
    assert_eq!(edited("a.md", "---\ndue: 2023-01-01\n---\nhi", due).1, "---\ndue: 2024-01-02\n---\nhi");
}

/// Text made of the pieces that front matter is made of.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("---"),
        Just("..."),
        Just("\n"),
        Just("\r\n"),
        Just("\r"),
        Just(": "),
        Just("- "),
        Just("  "),
        Just("tags"),
        Just("title"),
        Just("due"),
        Just("aliases"),
        Just("created"),
        Just("2024-01-02"),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(", "),
        Just("'"),
        Just("\""),
        Just("#"),
        Just(" # "),
        Just("|"),
        Just(">"),
        Just("&a "),
        Just("*a"),
        Just("? "),
        Just("!!str "),
        Just("a"),
        Just("日本"),
        Just("\u{feff}"),
        Just("\0"),
        Just("\t"),
        Just("\\"),
        Just("%"),
        Just("\u{85}"),
        Just("\u{2028}"),
        Just("true"),
        Just("~"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

fn wanted() -> impl Strategy<Value = FrontMatter> {
    let name = prop_oneof!["[a-c]", "[a-zA-Z0-9 :#'\"\\[\\],é日-]{1,8}", ".{1,4}"];
    let names = prop::collection::vec(name.clone(), 0..4);
    (prop::option::of(name), names.clone(), names, prop::option::of(0_i8..28), prop::option::of(any::<bool>()))
        .prop_map(|(title, tags, aliases, day, done)| FrontMatter {
            title: title.map(|t| holdfast_domain::clean_title(&t)),
            tags,
            aliases,
            due: day.map(|d| Date::constant(2024, 1, d + 1)),
            done,
            ..FrontMatter::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn parts_joined_are_the_text(text in prop_oneof![yamlish(), yamlish().prop_map(|t| format!("---\n{t}\n---\nx")), any::<String>()]) {
        let (front, body) = split(&text);
        prop_assert_eq!(format!("{front}{body}"), text.clone());
        prop_assert_eq!(split(front), (front, ""));
    }

    #[test]
    fn writing_what_was_read_changes_nothing(inner in prop_oneof![yamlish(), any::<String>()]) {
        // Also what only begins like a block.
        let front = format!("---\n{inner}\n---\n");
        prop_assert_eq!(write(&front, &read(&front)), front);
    }

    #[test]
    fn a_new_block_is_read_as_it_was_meant(wanted in wanted()) {
        let written = write("", &wanted);
        prop_assert_eq!(split(&written).0, written.as_str());
        let found = read(&written);
        prop_assert_eq!(found.title.unwrap_or_default(), wanted.title.clone().unwrap_or_default());
        prop_assert_eq!(found.due, wanted.due);
        prop_assert_eq!(found.done.unwrap_or_default(), wanted.done.unwrap_or_default());
        let again = FrontMatter { tags: found.tags, aliases: found.aliases, ..wanted.clone() };
        prop_assert_eq!(write("", &again), written);
    }

    /// Whatever the block was, writing leaves a block, and where it is valid the wanted values are read back.
    #[test]
    fn an_edited_block_stays_a_block(inner in yamlish(), wanted in wanted()) {
        let front = format!("---\n{inner}\n---\n");
        let (front, _) = split(&front);
        let written = write(front, &wanted);
        prop_assert_eq!(split(&written).0, written.as_str());
        let again = write(&written, &FrontMatter { ..read(&written) });
        prop_assert_eq!(again, written);
    }

    #[test]
    fn values_are_changed_among_others(
        start in wanted(), end in wanted(), style in 0..3_usize, extra in "[a-z]{1,5}"
    ) {
        let list = |names: &[String]| -> String {
            let made = |before: &str, after: &str| -> String {
                (0..names.len()).flat_map(|i| [before.to_owned(), i.to_string(), after.to_owned()]).collect()
            };
            match style {
                0 => {
                    let block = write("", &FrontMatter { tags: names.to_vec(), ..FrontMatter::default() });
                    block.lines().filter(|l| l.starts_with("tags")).collect()
                }
                1 => format!("tags: # c\n{}", made("  - t", " # c\n")).trim_end().to_owned(),
                _ => format!("tags: {}", made("#t", " ")),
            }
        };
        let front = format!("---\n# c\nk-{extra}: [1, 2]\n{}\nlast: |\n  text\n---\n", list(&start.tags));
        let written = write(&front, &end);
        let found = read(&written);
        let mut tags: Vec<_> = found.tags.clone();
        let mut expected = read(&write("", &end)).tags;
        tags.sort();
        expected.sort();
        prop_assert_eq!(tags, expected, "{}", written);
        prop_assert_eq!(found.due, end.due);
        for line in ["# c\n", "last: |\n  text\n", &format!("k-{extra}: [1, 2]\n")] {
            prop_assert!(written.contains(line), "{}", written);
        }
    }
}

#[test]
fn a_title_over_the_limit_is_told() {
    let block = |title: &str| format!("---\ntitle: {title}\n---\n");
    for (title, cut) in [("short", false), (&"é".repeat(512), false), (&"é".repeat(513), true), ("", false)] {
        assert_eq!(title_is_cut(&block(title)), cut, "{}", title.len());
    }
    assert!(!title_is_cut("no block"));
}
