//! Edits made offline on several computers at once, pair by pair and in threes: every row of a table through the same
//! vaults, in four rounds. What each row does and how it must end is in `pairs_of_two.rs` and `pairs_of_three.rs`.
//!
//! 1. Everybody edits offline. Both persons' intent is kept, or a person is asked.
//! 2. One of them changes another field while the note waits for its review. Nothing is decided by that, nothing is
//!    lost, and a tag that was removed stays away.
//! 3. What was asked is decided on one computer.
//! 4. What had come is taken away again on one computer, while another changes something else. It stays away.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Device, Server, text};

/// The text of every note, where its row says nothing else.
pub const BODY: &str = "# Plan\n\none\n\ntwo\n\nthree\n";

/// Every note begins with it, and round 2 removes it.
const EARLY: &str = "early";

/// What one person does in one start of the program.
#[derive(Clone)]
pub enum Do {
    Edit { words: Vec<(&'static str, &'static str)>, flags: &'static [&'static str] },
    Trash,
    TrashNotebook,
}

impl Do {
    /// And these options of `note edit` in the same start.
    pub fn and(self, flags: &'static [&'static str]) -> Self {
        match self {
            Self::Edit { words, .. } => Self::Edit { words, flags },
            other => other,
        }
    }
}

/// Puts other words into the text.
pub fn write(was: &'static str, is: &'static str) -> Do {
    Do::Edit { words: vec![(was, is)], flags: &[] }
}

/// Options of `note edit`.
pub fn set(flags: &'static [&'static str]) -> Do {
    Do::Edit { words: Vec::new(), flags }
}

/// A question: the field, the original where there is one, and each side with those who wrote it. A text's side
/// holds its words, any other is equal. Who is asked about the trash is not said: what each did is two fields' matter.
type Asked = (&'static str, Option<&'static str>, &'static [(&'static str, &'static [&'static str])]);

pub struct Row {
    name: &'static str,
    body: &'static str,
    notebook: Option<&'static str>,
    /// What each computer does.
    edits: Vec<Do>,
    /// What is then other than at the start. `appended` instead of `body`: these after the text, in whatever order.
    ends: Value,
    asks: Option<Asked>,
    /// Whose version is taken, and what that changes.
    decides: Option<(&'static str, Value)>,
}

pub fn row<const N: usize>(name: &'static str, edits: [Do; N], ends: Value) -> Row {
    Row { name, body: BODY, notebook: None, edits: edits.to_vec(), ends, asks: None, decides: None }
}

impl Row {
    pub fn of(self, body: &'static str) -> Self {
        Self { body, ..self }
    }

    pub fn within(self, notebook: &'static str) -> Self {
        Self { notebook: Some(notebook), ..self }
    }

    pub fn asks(self, asked: Asked) -> Self {
        Self { asks: Some(asked), ..self }
    }

    pub fn decided(self, take: &'static str, then: Value) -> Self {
        Self { decides: Some((take, then)), ..self }
    }
}

/// The text of the notes with other words.
pub fn with(words: &[(&str, &str)]) -> String {
    replaced(BODY, words)
}

fn replaced(body: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(body.to_owned(), |body, (was, is)| {
        assert_eq!(body.matches(was).count(), 1, "{was:?} is not once in {body:?}");
        body.replacen(was, is, 1)
    })
}

fn patch(note: &mut Value, change: &Value) {
    for (field, value) in change.as_object().unwrap() {
        note[field] = value.clone();
    }
}

/// True where the text is what it was and after it each of these once, in whatever order.
fn appended(body: &str, was: &str, blocks: &[Value]) -> bool {
    let mut blocks: Vec<&str> = blocks.iter().map(|b| b.as_str().unwrap()).collect();
    let mut rest = body.strip_prefix(was);
    while let Some(text) = rest
        && let Some(at) = blocks.iter().position(|b| text.starts_with(b))
    {
        rest = text.strip_prefix(blocks.remove(at));
    }
    rest == Some("") && blocks.is_empty()
}

/// A row's note: how it began, and how it must be now.
struct Case<'r> {
    row: &'r Row,
    id: String,
    start: Value,
    want: Value,
    failed: Option<String>,
}

impl<'r> Case<'r> {
    fn add(row: &'r Row, device: &Device) -> Self {
        let mut args = vec!["note", "add", "--title", row.name, "--tag", EARLY];
        args.extend(row.notebook.iter().flat_map(|path| ["--notebook", *path]));
        let id = text(&device.ok_with_input(args, row.body.as_bytes())["id"]);
        let start = json!({
            "title": row.name, "body": row.body, "notebook": row.notebook, "tags": [EARLY],
            "due": null, "done": false, "trashed": false, "review": false,
        });
        Self { row, id, want: start.clone(), start, failed: None }
    }

    fn act(&self, device: &Device, act: &Do) {
        match act {
            Do::Trash => drop(device.ok(["note", "trash", &self.id])),
            Do::TrashNotebook => drop(device.ok(["notebook", "trash", self.row.notebook.unwrap()])),
            Do::Edit { words, flags } if words.is_empty() => device.edit(&self.id, flags),
            Do::Edit { words, flags } => self.write(device, &replaced(self.row.body, words), flags),
        }
    }

    fn write(&self, device: &Device, body: &str, flags: &[&str]) {
        let args = ["note", "edit", &self.id, "--body-file", "-"];
        device.ok_with_input(args.iter().chain(flags), body.as_bytes());
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.failed.is_none() {
            self.failed = Some(what());
        }
    }

    /// The note is as it must be; every computer shows this one.
    fn check(&mut self, round: &str, shown: &Value) {
        let mut is = shown.clone();
        for field in ["id", "created", "updated"] {
            is.as_object_mut().unwrap().remove(field).unwrap();
        }
        let mut want = self.want.clone();
        if let Some(blocks) = want.as_object_mut().unwrap().remove("appended") {
            let body = text(&is["body"]);
            let kept = appended(&body, self.row.body, blocks.as_array().unwrap());
            self.must(kept, || format!("{round}: the text is {body:?}"));
            want["body"] = is["body"].clone();
            self.want = want.clone();
        }
        self.must(is == want, || format!("{round}:\n     is {is}\n  wants {want}"));
    }

    /// The question is the one that must be asked, and no other.
    fn check_places(&mut self, round: &str, places: &[Value]) {
        let Some((field, base, sides)) = self.row.asks else { return };
        let said = |place: &Value, value: &str, is: &str| match place["field"].as_str() {
            Some("text") => value.contains(is),
            _ => value == is,
        };
        let right = |place: &Value| {
            let all = place["sides"].as_array().unwrap();
            let right_side = |(value, devices): &(&str, &[&str])| {
                all.iter().any(|side| {
                    let also = side["also"].as_array().unwrap();
                    let mut by: Vec<_> = also.iter().chain([side]).map(|w| text(&w["device"])).collect();
                    by.sort_unstable();
                    said(place, &text(&side["value"]), value) && (field == "trash" || by == *devices)
                })
            };
            let base_is = &place["base"];
            place["field"] == field
                && all.len() == sides.len()
                && sides.iter().all(right_side)
                && base.is_none_or(|base| base_is.as_array().is_some_and(|b| said(place, &text(&b[0]), base)))
        };
        let one = matches!(places, [place] if right(place));
        self.must(one, || format!("{round}: asked is {}, not {:?}", Value::from(places), self.row.asks));
    }

    /// Takes away what came since the start. Answers whether others can change something else meanwhile and nobody is
    /// asked: not where the note is trashed, or was.
    fn take_back(&mut self, device: &Device) -> bool {
        if matches!(self.row.asks, Some(("trash", ..))) {
            let trashed = self.want["trashed"] == true;
            device.ok(["note", if trashed { "restore" } else { "trash" }, &self.id]);
            self.want["trashed"] = json!(!trashed);
            if trashed {
                self.want["notebook"] = json!(self.row.notebook);
            }
            return false;
        }
        let mut flags: Vec<String> = Vec::new();
        let removed = self.want["tags"].as_array().unwrap().iter().map(text);
        flags.extend(removed.flat_map(|tag| ["--remove-tag".to_owned(), tag]));
        if self.want["title"] != self.start["title"] {
            flags.extend(["--title".to_owned(), text(&self.start["title"])]);
        }
        if self.want["notebook"] != self.start["notebook"] {
            flags.extend(["--notebook", "/"].map(str::to_owned));
        }
        if self.want["done"] == true {
            flags.push("--not-done".into());
        }
        let was: Vec<_> = self.row.body.lines().collect();
        let body = text(&self.want["body"]);
        let left: String = body.lines().filter(|l| was.contains(l)).flat_map(|l| [l, "\n"]).collect();
        self.write(device, &left, &flags.iter().map(String::as_str).collect::<Vec<_>>());
        if self.want["notebook"] != self.start["notebook"] {
            self.want["notebook"] = Value::Null;
        }
        patch(&mut self.want, &json!({ "title": self.start["title"], "done": false, "tags": [], "body": left }));
        true
    }
}

/// The same in the same order: what does not depend on who looks.
fn without_me(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_me).collect(),
        Value::Object(fields) => {
            let others = fields.iter().filter(|(name, _)| *name != "this_device");
            Value::Object(others.map(|(name, value)| (name.clone(), without_me(value))).collect())
        }
        other => other.clone(),
    }
}

struct Table<'r> {
    devices: Vec<Device>,
    cases: Vec<Case<'r>>,
    _server: Server,
}

impl<'r> Table<'r> {
    /// Every computer has every note.
    fn start(names: &[&str], rows: &'r [Row]) -> Self {
        let server = Server::start();
        let mut devices = vec![server.first(names[0])];
        let cases = rows.iter().map(|row| Case::add(row, &devices[0])).collect();
        devices[0].sync();
        devices.extend(names[1..].iter().map(|name| server.another(name)));
        Self { devices, cases, _server: server }
    }

    /// The computer that has its turn in a row.
    fn turn(&self, row: usize) -> &Device {
        &self.devices[row % self.devices.len()]
    }

    /// Each syncs, in turn, twice; then all show the same, and it is what must be.
    fn exchange(&mut self, round: &str) {
        for device in self.devices.iter().chain(&self.devices) {
            device.sync();
        }
        let pictures: Vec<[Value; 3]> = self
            .devices
            .iter()
            .map(|d| [d.ok(["note", "list"]), d.ok(["review", "list"]), d.ok(["notebook", "list"])])
            .collect();
        for (n, other) in pictures.iter().enumerate().skip(1) {
            assert_eq!(*other, pictures[0], "{round}: computer {n} shows something else than computer 0");
        }
        let [notes, reviews, _] = &pictures[0];
        let notes: BTreeMap<String, &Value> = notes.as_array().unwrap().iter().map(|n| (text(&n["id"]), n)).collect();
        let mut ids: Vec<_> = self.cases.iter().map(|c| c.id.clone()).collect();
        ids.sort_unstable();
        assert_eq!(notes.keys().cloned().collect::<Vec<_>>(), ids, "{round}: a note was copied, or is gone");

        let mut listed: Vec<_> = reviews.as_array().unwrap().iter().map(|r| text(&r["id"])).collect();
        listed.sort_unstable();
        let marked: Vec<_> = notes.iter().filter(|(_, n)| n["review"] == true).map(|(id, _)| id.clone()).collect();
        assert_eq!(listed, marked, "{round}: the list to review is not what is marked");
        for device in &self.devices {
            assert_eq!(device.ok(["status"])["to_review"], json!(listed.len()), "{round}");
        }
        for case in &mut self.cases {
            case.check(round, notes[&case.id]);
            if case.row.asks.is_some() && case.want["review"] == true && case.failed.is_none() {
                let places: Vec<Value> =
                    self.devices.iter().map(|d| without_me(&d.ok(["review", "show", &case.id])["places"])).collect();
                case.must(places.iter().all(|p| *p == places[0]), || {
                    format!("{round}: the computers ask different things: {}", Value::from(places.clone()))
                });
                case.check_places(round, places[0].as_array().unwrap());
            }
        }
    }

    /// The first round, one computer after the other: so the newest side is the last one's.
    fn edit(&mut self) {
        for (n, device) in self.devices.iter().enumerate() {
            for case in &self.cases {
                case.act(device, &case.row.edits[n]);
            }
        }
        for case in &mut self.cases {
            patch(&mut case.want, &case.row.ends);
            case.want["review"] = json!(case.row.asks.is_some());
        }
    }

    fn edit_another_field(&mut self) {
        for n in 0..self.cases.len() {
            self.turn(n).edit(&self.cases[n].id, &["--due", "2027-03-04", "--remove-tag", EARLY]);
            let want = &mut self.cases[n].want;
            want["due"] = json!("2027-03-04");
            want["tags"].as_array_mut().unwrap().retain(|tag| *tag != EARLY);
        }
    }

    fn decide(&mut self) {
        for n in 0..self.cases.len() {
            let case = &self.cases[n];
            let Some((take, then)) = &case.row.decides else { continue };
            if case.failed.is_some() {
                continue;
            }
            let done = self.turn(n + 1).run(["review", "resolve", &case.id, "--take", take, "--json"]);
            let case = &mut self.cases[n];
            let answer: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
            case.must(answer["left"] == 0 && answer["ok"] == true, || format!("taking {take}: {done:?}"));
            if case.failed.is_none() {
                patch(&mut case.want, then);
                case.want["review"] = json!(false);
            }
        }
    }

    fn take_back(&mut self) {
        for n in 0..self.cases.len() {
            if self.cases[n].failed.is_none() {
                let (here, there) = (n % self.devices.len(), (n + 1) % self.devices.len());
                let case = &mut self.cases[n];
                if case.take_back(&self.devices[here]) {
                    self.devices[there].edit(&case.id, &["--due", "2027-05-06"]);
                    case.want["due"] = json!("2027-05-06");
                }
            }
        }
    }
}

/// All rounds, for all rows: what fails is told of every row, by the first round in which it did.
pub fn run(names: &[&str], rows: &[Row]) {
    for row in rows {
        assert_eq!(row.edits.len(), names.len(), "{}", row.name);
        assert_eq!(row.asks.is_some(), row.decides.is_some(), "{}", row.name);
    }
    let mut table = Table::start(names, rows);
    table.exchange("at the start");
    table.edit();
    table.exchange("after the edits");
    table.edit_another_field();
    table.exchange("after an edit of another field");
    table.decide();
    table.exchange("after the decision");
    table.take_back();
    table.exchange("after taking away what came");
    let failed: Vec<String> =
        table.cases.iter().filter_map(|c| Some(format!("{}\n  {}", c.row.name, c.failed.as_ref()?))).collect();
    assert!(failed.is_empty(), "{} of {} rows:\n{}", failed.len(), rows.len(), failed.join("\n"));
}
