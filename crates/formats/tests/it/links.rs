use holdfast_formats::{Files, SkipReason, is_markdown, links, media_type, parse_note, resolve};

fn targets(body: &str) -> Vec<(String, Option<String>)> {
    links("a/b/note.md", body).into_iter().map(|l| (l.target, l.path)).collect()
}

#[test]
fn local_links_are_found_in_every_notation() {
    for (body, target, path) in [
        ("[x](other.md)", "other.md", "a/b/other.md"),
        ("![x](../img/a.png \"title\")", "../img/a.png", "a/img/a.png"),
        ("![x](<a b.png>)", "a b.png", "a/b/a b.png"),
        ("![x](a%20b.png?raw=1#top)", "a%20b.png?raw=1#top", "a/b/a b.png"),
        ("![x](%E6%97%A5.png)", "%E6%97%A5.png", "a/b/日.png"),
        ("[x][ref]\n\n[ref]: ./c.pdf", "./c.pdf", "a/b/c.pdf"),
        ("text <img width=3 src='d.png'/> text", "d.png", "a/b/d.png"),
        ("<div\n class=x>\n<img\n src=\"e.png\">\n</div>", "e.png", "a/b/e.png"),
        ("<a href=f&amp;g.txt>x</a>", "f&g.txt", "a/b/f&g.txt"),
        ("| a |\n|---|\n| ![](h.png) |", "h.png", "a/b/h.png"),
    ] {
        assert_eq!(targets(body), [(target.to_owned(), Some(path.to_owned()))], "{body}");
    }
    for (body, target) in [
        ("[[Note]]", "Note"),
        ("[[Note#Heading|shown]]", "Note#Heading"),
        ("![[a b.png|400]]", "a b.png"),
        ("| a |\n|---|\n| [[Note\\|shown]] |", "Note"),
    ] {
        assert_eq!(targets(body), [(target.to_owned(), None)], "{body}");
    }
}

/// Another reader may see no code there, and the file would be gone.
#[test]
fn what_is_written_like_a_link_is_one_in_code_and_in_comments() {
    for (body, target) in [
        ("`[x](a.md)`", "a.md"),
        ("```\n![x](a.png)\n```", "a.png"),
        // To CommonMark the first line is no fence, since a backtick stands in it; so the second one opens one.
        ("```warn header=\"`x` is y\"\nz\n```\n\n![](b.svg)\n", "b.svg"),
        ("    ![](<a b.png> \"title\")", "a b.png"),
        ("~~~\n![](a(1).png 'title')", "a(1).png"),
        ("![](a b.png)", "a b.png"),
        ("<div>\n![](c.png)\n</div>", "c.png"),
        ("```html\n<img src=\"d.png\">\n```", "d.png"),
        ("<!-- ![](e.png) -->", "e.png"),
        ("<!-- <img src=f.png> -->", "f.png"),
    ] {
        assert_eq!(targets(body), [(target.to_owned(), Some(format!("a/b/{target}")))], "{body}");
    }
    assert_eq!(targets("```\n![[a b.png|40]]\n```"), [("a b.png".to_owned(), None)]);
}

/// Ends at all: to read a text again from each of its brackets would take minutes.
#[test]
fn a_text_of_nothing_but_brackets_is_read_once() {
    for part in ["](", "[[", "<!--", "<a href=\"", "[[a]](", "<a x="] {
        links("a/b/note.md", &part.repeat(1_000_000 / part.len()));
    }
}

#[test]
fn what_is_not_a_local_file_is_no_link() {
    for body in [
        "[x](https://example.org/a.png)",
        "[x](mailto:a@b.c)",
        "[x](/etc/passwd)",
        "[x](//host/a)",
        "[x](C:\\a.png)",
        "[x](#heading)",
        "[x]()",
        "[[#heading]]",
        "x](a",
        "[[a]\n]",
        "f(a[0](), b[[1, 2]",
        "<https://example.org>",
        "a < b src=x",
    ] {
        assert_eq!(targets(body), [], "{body}");
    }
    // Out of the root: a link, but to nothing.
    assert_eq!(targets("![](../../../x.png)"), [("../../../x.png".into(), None)]);
}

#[test]
fn links_are_resolved_and_never_leave_the_root() {
    let files = Files::new(
        [
            "a/b/note.md",
            "a/b/other.md",
            "Note.md",
            "x/Note.md",
            "x/only.md",
            "img/p.png",
            "img/100%.png",
            "q/torch.nn.md",
            "q/Caf\u{e9}.md",
            "secret.md",
            "d/e/deep.md",
        ]
        .map(str::to_owned),
    );
    for (body, expected) in [
        ("[](other.md)", Some("a/b/other.md")),
        ("[](other)", Some("a/b/other.md")),
        ("[](OTHER.md)", Some("a/b/other.md")),
        ("![](img/p.png)", Some("img/p.png")),
        ("![](..\\\\..\\\\img\\\\p.png)", Some("img/p.png")),
        ("![](../../img/100%.png)", Some("img/100%.png")),
        ("![](missing.png)", None),
        ("[](../../../secret.md)", None),
        ("[](%2e%2e/%2e%2e/%2e%2e/secret.md)", None),
        ("[[only]]", Some("x/only.md")),
        ("[[ONLY#h|y]]", Some("x/only.md")),
        ("[[x/Note]]", Some("x/Note.md")),
        ("[[Note]]", Some("Note.md")),
        ("[[note]]", Some("a/b/note.md")),
        ("[[torch.nn]]", Some("q/torch.nn.md")),
        ("[[Cafe\u{301}]]", Some("q/Caf\u{e9}.md")),
        ("![[p.png|40]]", Some("img/p.png")),
        ("[[e/deep]]", Some("d/e/deep.md")),
        ("[[../../../secret]]", None),
        ("[[missing]]", None),
    ] {
        let found = links("a/b/note.md", body);
        assert_eq!(found.len(), 1, "{body}");
        let resolved = resolve(&found, "a/b/note.md", &files);
        assert_eq!(resolved.get(&found[0].target).map(String::as_str), expected, "{body}");
    }
}

#[test]
fn files_that_are_not_notes_say_why() {
    assert_eq!(parse_note("a.md", b"ab\xff").unwrap_err(), SkipReason::NotUtf8 { offset: 2 });
    assert_eq!(parse_note("a.txt", b"ab").unwrap_err(), SkipReason::NotMarkdown);
    assert_eq!(parse_note("../a.md", b"ab").unwrap_err(), SkipReason::Outside);
    let limit = holdfast_domain::MAX_BODY_BYTES;
    assert!(parse_note("a.md", &vec![b'a'; limit]).is_ok());
    assert_eq!(parse_note("a.md", &vec![b'a'; limit + 1]).unwrap_err(), SkipReason::TooLarge);
    assert!(is_markdown("a/B.MarkDown") && !is_markdown(".md") && !is_markdown("md"));
    assert_eq!((media_type("a/B.PNG"), media_type("x")), ("image/png", "application/octet-stream"));
}

proptest::proptest! {
    #[test]
    fn no_text_leads_out_of_the_root(body in "([\\[\\]()!<>a./%2e\"'= \n]|<img src=|\\]\\(|\\[\\[|\\.\\./)*") {
        for link in links("a/note.md", &body) {
            if let Some(path) = link.path {
                proptest::prop_assert_eq!(holdfast_formats::paths::normalise(&path), Some(path.clone()));
            }
        }
    }
}
