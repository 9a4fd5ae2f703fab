//! A device: a vault in a folder, its clock, its network, and its sync.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_domain::{DeviceId, NoteId, RecordId, RevisionId};
use holdfast_merge::{Choice, PlaceId, PlaceKind, PlaceValue};
use holdfast_notebook::sync::{Connect, CycleReport, Syncer};
use holdfast_notebook::{NewNote, Note, NotePatch, NotebookError, RecordReview, Saved, TagPatch, Vault};

use crate::{MemoryKeychain, Network, TestClock, TestServer};

/// The passphrase of every test vault.
pub const PASSPHRASE: &str = "correct horse battery staple";
/// The user of every test account.
pub const USER: &str = "ada";

struct Open {
    vault: Arc<Vault>,
    syncer: Arc<Syncer>,
}

pub struct TestDevice {
    pub name: String,
    pub dir: PathBuf,
    pub clock: TestClock,
    pub net: Network,
    pub keychain: MemoryKeychain,
    connect: Connect,
    open: Option<Open>,
}

impl TestDevice {
    pub(crate) fn new(name: &str, dir: PathBuf, clock: &TestClock, server: &TestServer) -> Self {
        let net = Network::default();
        let connect = net.connect(server.connect());
        Self {
            name: name.into(),
            dir,
            clock: clock.clone(),
            net,
            keychain: MemoryKeychain::default(),
            connect,
            open: None,
        }
    }

    fn adopt(&mut self, vault: Vault) {
        let vault = Arc::new(vault);
        let syncer = Arc::new(Syncer::new(vault.clone(), self.connect.clone()).unwrap());
        self.open = Some(Open { vault, syncer });
    }

    /// A device with a new vault in `dir` and no account.
    pub fn create(name: &str, dir: &Path, clock: &TestClock, server: &TestServer) -> Self {
        let mut device = Self::new(name, dir.join(name), clock, server);
        let created = Vault::create(&device.dir, PASSPHRASE, name, clock.env()).unwrap();
        device.adopt(created.vault);
        device
    }

    /// A device that joins the account of [`USER`].
    pub async fn join(name: &str, dir: &Path, clock: &TestClock, server: &TestServer) -> Result<Self, NotebookError> {
        Self::join_with(name, dir, clock, server, PASSPHRASE).await
    }

    /// As [`TestDevice::join`], where the account has another passphrase.
    pub async fn join_with(
        name: &str,
        dir: &Path,
        clock: &TestClock,
        server: &TestServer,
        passphrase: &str,
    ) -> Result<Self, NotebookError> {
        let mut device = Self::new(name, dir.join(name), clock, server);
        let (dir, link, env) = (device.dir.clone(), server.link(), clock.env());
        let vault = holdfast_notebook::sync::join(&dir, &device.connect, &link, USER, passphrase, name, env).await?;
        device.adopt(vault);
        Ok(device)
    }

    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    /// Makes the account of [`USER`].
    pub async fn create_account(&self, server: &TestServer) -> Result<(), NotebookError> {
        let link = server.link();
        holdfast_notebook::sync::create_account(self.vault(), &self.connect, &link, USER, PASSPHRASE, None).await
    }

    pub fn vault(&self) -> &Arc<Vault> {
        &self.open.as_ref().unwrap().vault
    }

    pub fn syncer(&self) -> &Arc<Syncer> {
        &self.open.as_ref().unwrap().syncer
    }

    pub fn id(&self) -> DeviceId {
        self.vault().device()
    }

    /// Quits as a person does.
    pub fn close(&mut self) {
        self.vault().close().unwrap();
        self.open = None;
    }

    /// Ends without a word, as a killed process does.
    pub fn crash(&mut self) {
        self.open = None;
    }

    /// Another device with a copy of this one's folder, as it is after quitting; both are open then.
    #[must_use]
    pub fn copy_to(&mut self, dir: &Path, server: &TestServer) -> Self {
        self.close();
        let copy = self.copy_in_use(dir, server);
        self.reopen();
        copy
    }

    /// The same of a disk that is in use, between two writes: what is being typed is on both.
    #[must_use]
    pub fn copy_in_use(&self, dir: &Path, server: &TestServer) -> Self {
        let mut copy = Self::new(&self.name, dir.join(&self.name), &self.clock, server);
        copy.keychain = self.keychain.fork();
        self.copy_files(&copy.dir);
        copy.reopen();
        copy
    }

    /// Puts the files of this vault, which nobody writes to meanwhile, into another folder in the place of what is there.
    pub fn copy_files(&self, to: &Path) {
        let mut files = Vec::new();
        crate::server::read_files(&self.dir, Path::new(""), &mut files);
        if to.exists() {
            std::fs::remove_dir_all(to).unwrap();
        }
        std::fs::create_dir_all(to).unwrap();
        for (below, bytes) in files {
            std::fs::write(to.join(below), bytes).unwrap();
        }
    }

    /// Opens again, by the keychain where it has a key (which costs no key derivation).
    pub fn reopen(&mut self) {
        let by_key = Vault::open_with_keychain(&self.dir, &self.keychain, self.clock.env()).unwrap();
        let vault = by_key.unwrap_or_else(|| Vault::open(&self.dir, PASSPHRASE, self.clock.env()).unwrap());
        self.adopt(vault);
    }

    /// One whole cycle.
    pub async fn try_sync(&self) -> Result<CycleReport, NotebookError> {
        self.syncer().run_once().await
    }

    pub async fn sync(&self) -> CycleReport {
        self.try_sync().await.unwrap_or_else(|e| panic!("{} does not sync: {e}", self.name))
    }

    // What a person does.

    pub fn add(&self, title: &str, body: &str) -> NoteId {
        let new = NewNote { title: title.into(), body: body.into(), ..NewNote::default() };
        self.vault().add_note(&new).unwrap()
    }

    pub fn note(&self, id: NoteId) -> Note {
        self.vault().note(id).unwrap()
    }

    pub fn body(&self, id: NoteId) -> String {
        self.note(id).row.body
    }

    pub fn heads(&self, id: NoteId) -> Vec<RevisionId> {
        self.note(id).seen_heads
    }

    /// Saves on the versions that are shown; not committed yet.
    pub fn patch(&self, id: NoteId, patch: NotePatch) -> Saved {
        let seen = self.heads(id);
        self.vault().save_note(id, &seen, &patch).unwrap()
    }

    /// Types a whole text; not committed yet.
    pub fn type_body(&self, id: NoteId, body: &str) -> Saved {
        self.patch(id, NotePatch { body: Some(body.into()), ..NotePatch::default() })
    }

    /// Types a whole text, and leaves the note.
    pub fn write(&self, id: NoteId, body: &str) {
        self.type_body(id, body);
        self.vault().commit_note(id).unwrap();
    }

    /// Puts one text in the place of another, once, and leaves the note.
    pub fn replace(&self, id: NoteId, from: &str, to: &str) {
        let body = self.body(id);
        assert!(body.contains(from), "{from:?} is not in {body:?}");
        self.write(id, &body.replacen(from, to, 1));
    }

    pub fn set(&self, id: NoteId, patch: NotePatch) {
        self.patch(id, patch);
        self.vault().commit_note(id).unwrap();
    }

    pub fn set_title(&self, id: NoteId, title: &str) {
        self.set(id, NotePatch { title: Some(title.into()), ..NotePatch::default() });
    }

    pub fn tag(&self, id: NoteId, add: &[&str], remove: &[&str]) {
        let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let tags = Some(TagPatch::Change { add: own(add), remove: own(remove) });
        self.set(id, NotePatch { tags, ..NotePatch::default() });
    }

    // Reviews.

    pub fn review(&self, id: impl Into<RecordId>) -> RecordReview {
        self.vault().review(id.into()).unwrap()
    }

    /// The sides of each text place, sorted, from top to bottom.
    pub fn text_sides(&self, id: NoteId) -> Vec<Vec<String>> {
        let places = self.review(id).review.places;
        places
            .into_iter()
            .filter(|p| matches!(p.kind, PlaceKind::Text { .. }))
            .map(|p| {
                let mut sides: Vec<String> = p.sides.iter().map(|s| text(&s.value)).collect();
                sides.sort();
                sides
            })
            .collect()
    }

    /// Decides these places; not committed yet.
    pub fn resolve(&self, id: impl Into<RecordId>, choices: &BTreeMap<PlaceId, Choice>) -> Result<(), NotebookError> {
        let id = id.into();
        let review = self.review(id);
        self.vault().resolve(id, &review.seen_heads, choices, None)
    }

    /// Decides every place for the side that this device wrote (the newest, where it wrote none or several).
    pub fn take_side_of(&self, id: impl Into<RecordId>, author: DeviceId) {
        let id = id.into();
        let review = self.review(id);
        let choices = review.review.places.iter().map(|place| {
            let mine = place.sides.iter().find(|s| s.stamps.iter().any(|stamp| stamp.device == author));
            (place.id, Choice::Side(mine.unwrap_or(&place.sides[0]).value.clone()))
        });
        self.vault().resolve(id, &review.seen_heads, &choices.collect(), None).unwrap();
    }

    /// The number of places, as the list shows it.
    pub fn to_review(&self, id: NoteId) -> u32 {
        self.note(id).to_review
    }
}

fn text(value: &PlaceValue) -> String {
    match value {
        PlaceValue::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}
