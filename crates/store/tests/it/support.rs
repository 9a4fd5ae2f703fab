//! Keys, notes and revisions for the tests.

use std::path::PathBuf;

use holdfast_domain::{Body, DeviceId, Fields, Hlc, NoteFields, NoteId, Origin, RecordId, Revision, RevisionId, Stamp};
use holdfast_store::{NoteRow, RawKey, Reader, Result, RevisionSource, Store, WriteTx};

pub fn key(byte: u8) -> RawKey {
    RawKey::new(format!("x'{}'", format!("{byte:02x}").repeat(32)).into()).unwrap()
}

pub struct TempStore {
    pub dir: tempfile::TempDir,
    pub store: Store,
}

impl TempStore {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("vault.db"), &key(1)).unwrap();
        Self { dir, store }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("vault.db")
    }

    pub fn write<T>(&self, body: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> T {
        self.store.write(body).unwrap()
    }

    pub fn read<T>(&self, body: impl FnOnce(&Reader<'_>) -> Result<T>) -> T {
        self.store.read(body).unwrap()
    }
}

pub fn stamp(ms: u64) -> Stamp {
    Stamp { hlc: Hlc { ms, counter: 0 }, device: DeviceId([7; 16]) }
}

pub fn rid(n: u8) -> RevisionId {
    RevisionId([n; 32])
}

pub fn revision(record: u8, parents: &[u8], ms: u64, body: &str) -> Revision {
    let mut fields = NoteFields::new(stamp(ms), ms);
    fields.body = Body::text(body, stamp(ms));
    let parents = parents.iter().map(|n| rid(*n)).collect();
    Revision::new(RecordId([record; 16]), parents, stamp(ms), Origin::Edit, 1, Fields::Note(fields))
}

pub fn put(tx: &WriteTx<'_>, id: u8, revision: &Revision) -> Result<bool> {
    tx.put_revision(rid(id), revision, &revision.encode().unwrap(), RevisionSource::Here)
}

pub fn note(n: u64, title: &str, body: &str) -> NoteRow {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    NoteRow {
        id: NoteId(id),
        title: title.into(),
        body: body.into(),
        notebook: None,
        due: None,
        done: false,
        trashed: false,
        review: 0,
        created_ms: n,
        updated_ms: n,
        preview: body.chars().take(40).collect(),
        front_matter: String::new(),
        file_name: None,
        tags: Vec::new(),
        aliases: Vec::new(),
        attachments: Vec::new(),
    }
}

/// Words of hexadecimal digits that hardly compress.
pub fn noise(seed: u64, words: u64) -> String {
    let words: Vec<String> =
        (0..words).map(|i| format!("{:x}", (seed * 1000 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    words.join(" ")
}
