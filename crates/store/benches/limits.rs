//! What this machine can do at best with the bytes of a first sync: AES-GCM, HTTP over loopback, SQLCipher, FTS5, and
//! nothing around them. `cargo xtask bench limits`; `bench sync` runs it too, and prints its ratio to it.
//!
//! The corpus is the one of `bench sync`. One thread, one step after another, each over all notes.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../../tests/benches/sync/corpus.rs"]
mod corpus;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, Key, KeyInit as _, Nonce};
use rusqlite::{Connection, params};

/// As a page of the log.
const PAGE_BYTES: usize = 4 << 20;

fn main() {
    // `cargo test --all-targets` runs this too, and asks for no figures.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let mut texts = Vec::new();
    corpus::each(|_, _, text| {
        texts.push(text.to_owned());
        Ok::<_, std::convert::Infallible>(())
    })
    .unwrap();
    let packed: Vec<Vec<u8>> = texts.iter().map(|text| zstd::bulk::compress(text.as_bytes(), 3).unwrap()).collect();
    let bytes: usize = packed.iter().map(Vec::len).sum();
    println!("# {} notes, {} bytes, {bytes} compressed one by one; seconds:", texts.len(), texts.concat().len());

    let (sealed, seal_s) = timed(|| packed.iter().enumerate().map(|(n, bytes)| seal(n, bytes)).collect::<Vec<_>>());
    let (arrived, http_s) = timed(|| over_loopback(sealed.concat()));
    assert_eq!(arrived, sealed.concat());
    let (opened, open_s) = timed(|| sealed.iter().enumerate().map(|(n, bytes)| open(n, bytes)).collect::<Vec<_>>());
    assert_eq!(opened, packed);

    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder.path().join("limits.db"));
    let ((), insert_s) = timed(|| insert(&db, &texts, &packed));
    let ((), index_s) = timed(|| index(&db, &texts));
    let found: u32 =
        db.query_row("SELECT count(*) FROM note_words JOIN notes ON n = note_words.rowid", [], |r| r.get(0)).unwrap();
    assert_eq!(found as usize, texts.len());

    for (what, seconds) in [
        ("aes_gcm_seal", seal_s),
        ("http_loopback", http_s),
        ("aes_gcm_open", open_s),
        ("sqlcipher_insert", insert_s),
        ("fts_build", index_s),
        ("pull_total", http_s + open_s + insert_s + index_s),
        ("push_total", seal_s + http_s + insert_s),
    ] {
        println!("{what} {seconds:.3}");
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let out = run();
    (out, started.elapsed().as_secs_f64())
}

/// A key for each note, as the seal has it.
fn cipher(n: usize) -> Aes256Gcm {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&n.to_be_bytes());
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(key))
}

fn seal(n: usize, bytes: &[u8]) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(bytes.len() + 16);
    buffer.extend_from_slice(bytes);
    cipher(n).encrypt_in_place(&Nonce::default(), b"", &mut buffer).unwrap();
    buffer
}

fn open(n: usize, bytes: &[u8]) -> Vec<u8> {
    let mut buffer = bytes.to_vec();
    cipher(n).decrypt_in_place(&Nonce::default(), b"", &mut buffer).unwrap();
    buffer
}

/// `bytes`, asked for in pages over one connection.
fn over_loopback(bytes: Vec<u8>) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pages = bytes.len().div_ceil(PAGE_BYTES);
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        for page in bytes.chunks(PAGE_BYTES) {
            head(&mut stream);
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len()).unwrap();
            stream.write_all(page).unwrap();
        }
    });
    let mut stream = TcpStream::connect(address).unwrap();
    let mut out = Vec::new();
    for page in 0..pages {
        write!(stream, "GET /log?page={page} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let head = head(&mut stream);
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let start = out.len();
        out.resize(start + length.parse::<usize>().unwrap(), 0);
        stream.read_exact(&mut out[start..]).unwrap();
    }
    server.join().unwrap();
    out
}

/// Up to the empty line.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// With the settings of the store.
fn database(path: &std::path::Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(&format!("PRAGMA key = \"x'{}'\";", "5a".repeat(32))).unwrap();
    db.execute_batch(
        "PRAGMA cipher_compatibility = 4;
         PRAGMA cipher_memory_security = OFF;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         CREATE TABLE revisions (rid BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT;
         CREATE TABLE notes (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
         CREATE VIRTUAL TABLE note_words USING fts5 (
             body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
         CREATE VIRTUAL TABLE note_trigrams USING fts5 (
             text, content = '', contentless_delete = 1, tokenize = 'trigram', detail = 'none');",
    )
    .unwrap();
    db
}

/// A number that looks random, for ids.
fn mixed(n: usize) -> [u8; 8] {
    (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

/// Each note's revision, compressed, and its text.
fn insert(db: &Connection, texts: &[String], packed: &[Vec<u8>]) {
    let tx = db.unchecked_transaction().unwrap();
    {
        let mut revision = tx.prepare("INSERT INTO revisions VALUES (?1, ?2)").unwrap();
        let mut note = tx.prepare("INSERT INTO notes (id, body) VALUES (?1, ?2)").unwrap();
        for (n, (text, packed)) in texts.iter().zip(packed).enumerate() {
            revision.execute(params![mixed(n).repeat(4), packed]).unwrap();
            note.execute(params![mixed(n).repeat(2), text]).unwrap();
        }
    }
    tx.commit().unwrap();
}

/// Both indexes of the search.
fn index(db: &Connection, texts: &[String]) {
    let tx = db.unchecked_transaction().unwrap();
    {
        let mut words = tx.prepare("INSERT INTO note_words (rowid, body) VALUES (?1, ?2)").unwrap();
        let mut trigrams = tx.prepare("INSERT INTO note_trigrams (rowid, text) VALUES (?1, ?2)").unwrap();
        for (n, text) in (1i64..).zip(texts) {
            words.execute(params![n, text]).unwrap();
            trigrams.execute(params![n, text]).unwrap();
        }
    }
    tx.commit().unwrap();
}
