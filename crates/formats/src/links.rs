//! The local files that a text links: Markdown links and images, HTML, and Obsidian's `[[…]]`.
//!
//! Readers of Markdown do not agree on where code, comments and HTML end: a fence that one takes for a box is open to
//! the next heading for another. So what is written like a link there is one too. A link does something only where a
//! file is at its end, and a file too many in a vault is better than a picture that is gone.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::fold_name;
use percent_encoding::percent_decode_str;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::{is_markdown, paths};

/// A link to a file. Links with a scheme, absolute ones and those to a place in the same note are none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalLink {
    /// The target as a Markdown reader gives it: backslashes and entities resolved, percent signs not.
    pub target: String,
    /// Where it points, from the root of the import: decoded, without query and fragment. `None` if that is
    /// outside, and for `[[…]]`, which names a file anywhere.
    pub path: Option<String>,
    /// An Obsidian link: a name or the end of a path, the extension of a note left out.
    pub wiki: bool,
}

/// The local links of a body, each target once, in order. `note_path` is from the root of the import.
pub fn links(note_path: &str, body: &str) -> Vec<LocalLink> {
    let mut found = Found { note_path, seen: BTreeSet::new(), links: Vec::new() };
    let mut html = String::new();
    let options = Options::ENABLE_WIKILINKS
        | Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(body, options) {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. }) => {
                found.add(&dest_url, matches!(link_type, LinkType::WikiLink { .. }));
            }
            Event::Html(part) => html.push_str(&part),
            Event::InlineHtml(part) => found.html(&part),
            Event::End(TagEnd::HtmlBlock) => found.html(&std::mem::take(&mut html)),
            _ => {}
        }
    }
    found.anywhere(body);
    found.links
}

struct Found<'a> {
    note_path: &'a str,
    seen: BTreeSet<(String, bool)>,
    links: Vec<LocalLink>,
}

impl Found<'_> {
    fn add(&mut self, target: &str, wiki: bool) {
        // In a table the bar before the shown text is escaped.
        let target = if wiki { target.trim().trim_end_matches('\\') } else { target };
        let file = without_fragment(target, wiki);
        if file.trim().is_empty() || !wiki && has_scheme(file) || file.starts_with(['/', '\\']) || file.contains('\0') {
            return;
        }
        if !self.seen.insert((target.to_owned(), wiki)) {
            return;
        }
        let path = if wiki { None } else { paths::join(self.note_path, &decode(file)) };
        self.links.push(LocalLink { target: target.to_owned(), path, wiki });
    }

    /// All that is written like a link, wherever it stands.
    fn anywhere(&mut self, body: &str) {
        for line in body.lines() {
            for (at, _) in line.match_indices("](") {
                if let Some(target) = destination(beginning(&line[at + 2..])) {
                    self.add(&target, false);
                }
            }
            for (at, _) in line.match_indices("[[") {
                let inner = beginning(&line[at + 2..]);
                if let Some(end) = inner.find("]]") {
                    self.add(inner[..end].split('|').next().unwrap_or_default(), true);
                }
            }
        }
        let mut rest = body;
        while let Some((_, after)) = rest.split_once("<!--") {
            let (comment, next) = after.split_once("-->").unwrap_or((after, ""));
            self.html(comment);
            rest = next;
        }
        self.html(body);
    }

    /// The `src` and `href` of tags.
    fn html(&mut self, html: &str) {
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            let mut attributes = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
            if attributes.len() == rest.len() {
                continue;
            }
            while let Some((name, value, after)) = attribute(attributes) {
                attributes = after;
                if name.eq_ignore_ascii_case("src") || name.eq_ignore_ascii_case("href") {
                    self.add(unescape(value).trim(), false);
                }
            }
            rest = attributes;
        }
    }
}

/// As much as a link can be long: a text of nothing but brackets must not be read again from each of them.
fn beginning(text: &str) -> &str {
    const MAX_BYTES: usize = 4096;
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

/// How deep brackets stand in one another in a link.
const MAX_DEPTH: u32 = 32;

/// Where a link leads, of the text after `](`: up to the bracket that ends it, without the title.
fn destination(text: &str) -> Option<String> {
    if let Some(pointed) = text.strip_prefix('<') {
        return pointed.split_once('>').map(|(target, _)| plain(target));
    }
    // As CommonMark has it: brackets in pairs, and not too deep.
    let mut depth = 0;
    let mut bracket = |c: char| match c {
        '(' => {
            depth += 1;
            depth > MAX_DEPTH
        }
        ')' if depth == 0 => true,
        ')' => {
            depth -= 1;
            false
        }
        _ => false,
    };
    let end = text.find(&mut bracket).filter(|end| text[*end..].starts_with(')'))?;
    let target = text[..end].trim();
    let titled = target.ends_with(['"', '\'']).then(|| target.find([' ', '\t'].as_slice())).flatten();
    Some(plain(&target[..titled.unwrap_or(target.len())]))
}

/// Without backslashes before punctuation, and without entities.
fn plain(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    let mut rest = target.chars().peekable();
    while let Some(c) = rest.next() {
        match rest.peek() {
            Some(next) if c == '\\' && next.is_ascii_punctuation() => out.extend(rest.next()),
            _ => out.push(c),
        }
    }
    unescape(&out)
}

/// The next attribute of a tag: its name, its value and what follows. `None` at the end of the tag.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/' | '<')).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    let Some(value) = after.trim_start().strip_prefix('=') else {
        return (!name.is_empty()).then_some((name, "", after));
    };
    let value = value.trim_start();
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &value[1..];
        let end = inner.find(quote)?;
        return Some((name, &inner[..end], &inner[end + 1..]));
    }
    let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
    Some((name, &value[..end], &value[end..]))
}

/// The entities that stand in addresses.
fn unescape(text: &str) -> String {
    let entities = [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn without_fragment(target: &str, wiki: bool) -> &str {
    let end = target.find(if wiki { &['#', '^'][..] } else { &['#', '?'][..] }).unwrap_or(target.len());
    &target[..end]
}

fn decode(file: &str) -> String {
    percent_decode_str(file).decode_utf8().map_or_else(|_| file.to_owned(), |text| text.into_owned())
}

/// A scheme, or a Windows drive.
fn has_scheme(target: &str) -> bool {
    target.find(':').is_some_and(|at| {
        target.starts_with(|c: char| c.is_ascii_alphabetic())
            && target[..at].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

/// The files of an import, by path and by name. Made once, asked for each note.
#[derive(Clone, Debug, Default)]
pub struct Files {
    paths: BTreeSet<String>,
    /// By folded path, for what differs in case or in composition only; `None` where that is not unique.
    folded: BTreeMap<String, Option<String>>,
    /// Paths by the folded name of the file.
    names: BTreeMap<String, Vec<String>>,
}

impl Files {
    pub fn new(paths: impl IntoIterator<Item = String>) -> Self {
        let mut files = Self { paths: paths.into_iter().collect(), ..Self::default() };
        for path in &files.paths {
            files.folded.entry(fold_name(path)).and_modify(|p| *p = None).or_insert_with(|| Some(path.clone()));
            files.names.entry(fold_name(paths::file_name(path))).or_default().push(path.clone());
        }
        files
    }

    fn at(&self, path: &str) -> Option<&str> {
        match self.paths.get(path) {
            Some(exact) => Some(exact),
            None => self.folded.get(&fold_name(path))?.as_deref(),
        }
    }

    /// The file at this path from the root; else the one file whose path ends with it, without regard to case
    /// or with; of several, the one beside the note.
    fn ending_with(&self, note_path: &str, path: &str) -> Option<&str> {
        let candidates = self.names.get(&fold_name(paths::file_name(path)))?;
        let end = format!("/{}", fold_name(path));
        let matching = |p: &&String| format!("/{}", fold_name(p)).ends_with(&end);
        if let Some(exact) = self.paths.get(path) {
            return Some(exact);
        }
        let all: Vec<_> = candidates.iter().filter(matching).collect();
        let exact: Vec<_> = all.iter().copied().filter(|p| p.ends_with(&format!("/{path}"))).collect();
        match (all.as_slice(), exact.as_slice()) {
            ([only], _) | (_, [only]) => return Some(only),
            _ => {}
        }
        let beside = paths::join(note_path, path);
        [beside.as_deref(), Some(path)].into_iter().flatten().find_map(|p| self.at(p))
    }

    fn find(&self, note_path: &str, link: &LocalLink) -> Option<&str> {
        let file = without_fragment(&link.target, link.wiki);
        if link.wiki {
            let file = file.trim();
            if file.starts_with("./") || file.starts_with("../") {
                let path = paths::join(note_path, file)?;
                return self.at(&path).or_else(|| self.at(&format!("{path}.md")));
            }
            let name = paths::normalise(file)?;
            // A name with a dot may be a file, or a note such as "torch.nn".
            let direct = self.ending_with(note_path, &name);
            return if is_markdown(&name) || direct.is_some() {
                direct
            } else {
                self.ending_with(note_path, &format!("{name}.md"))
            };
        }
        let decoded = decode(file);
        // As written; then as people write it whose program is more lenient: an unescaped percent sign, Windows
        // separators, a path from the root, a note without its extension.
        [decoded.clone(), file.to_owned(), decoded.replace('\\', "/")].into_iter().find_map(|file| {
            let beside = paths::join(note_path, &file);
            let root = paths::normalise(&file);
            [beside, root].into_iter().flatten().find_map(|p| self.at(&p).or_else(|| self.at(&format!("{p}.md"))))
        })
    }
}

/// The files that links point to, by target. Links to files that are not there are left out.
pub fn resolve(links: &[LocalLink], note_path: &str, files: &Files) -> BTreeMap<String, String> {
    let found = links.iter().filter_map(|l| Some((l.target.clone(), files.find(note_path, l)?.to_owned())));
    found.collect()
}
