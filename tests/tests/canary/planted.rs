//! The scan finds what it should, in every form, and nothing where nothing is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use holdfast_testkit::TestRng;
use holdfast_tests::canary::{Canary, Scanner};

/// Bytes that look like an encrypted file.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut rng = TestRng::new(seed);
    (0..len).map(|_| rng.next_u64() as u8).collect()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// As a ZIP archive has an entry.
fn zip_entry(content: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(content).unwrap();
    let name = b"word/document.xml";
    let mut head = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    head.resize(26, 0);
    head.extend_from_slice(&[name.len() as u8, 0, 0, 0]);
    [head, name.to_vec(), deflate.finish().unwrap()].concat()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// As a program writes JSON that must be ASCII.
fn escaped(text: &str) -> Vec<u8> {
    let mut out = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(ascii @ 0..0x80) => out.push(char::from(ascii)),
            _ => write!(out, "\\u{unit:04X}").unwrap(),
        }
    }
    out.into_bytes()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() { out.push(char::from(*byte)) } else { write!(out, "%{byte:02x}").unwrap() }
    }
    out.into_bytes()
}

/// Every way to write a text down that a scan must see through, with the form that it is then called.
fn plants(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf8 = text.as_bytes();
    let around = [b"some text before it, ", utf8, b" and after it"].concat();
    let mut plants = vec![
        ("UTF-8", utf8.to_vec()),
        ("UTF-8", text.to_ascii_lowercase().into_bytes()),
        ("UTF-16LE", utf16(text, u16::to_le_bytes)),
        ("UTF-16BE", utf16(text, u16::to_be_bytes)),
        ("hex", utf8.iter().flat_map(|b| format!("{b:02X}").into_bytes()).collect()),
        ("UTF-8 in zstd", zstd::encode_all(&around[..], 3).unwrap()),
        ("UTF-8 in zlib", zlib(&around)),
        ("UTF-8 in gzip", gzip(&around)),
        ("UTF-8 in ZIP", zip_entry(&around)),
        ("UTF-16LE in zlib", zlib(&utf16(text, u16::to_le_bytes))),
        ("UTF-8 in zstd in gzip", gzip(&zstd::encode_all(&around[..], 3).unwrap())),
    ];
    for (offset, form, url_form) in [
        (0, "base64 at 0", "base64url at 0"),
        (1, "base64 at 1", "base64url at 1"),
        (2, "base64 at 2", "base64url at 2"),
    ] {
        let shifted = [&b"xy"[..offset], utf8, b"tail"].concat();
        plants.push((form, STANDARD.encode(&shifted).into_bytes()));
        // Where no letter tells the two alphabets apart they are one form.
        let url = URL_SAFE.encode(&shifted);
        plants.push((if url == STANDARD.encode(&shifted) { form } else { url_form }, url.into_bytes()));
    }
    if !text.is_ascii() {
        plants.push(("JSON-escaped", escaped(text)));
        plants.push(("percent-encoded", percent(utf8)));
    }
    plants
}

#[test]
fn the_scan_finds_what_was_planted() {
    let canary = Canary::new("a planted one");
    let scanner = Scanner::new(std::slice::from_ref(&canary));
    let texts: Vec<&str> = canary.text().split(' ').collect();
    assert!(texts[0].is_ascii() && texts[1].contains('\u{6f22}'));
    let dir = tempfile::tempdir().unwrap();
    for (n, (form, bytes)) in texts.iter().flat_map(|text| plants(text)).enumerate() {
        let file = dir.path().join(format!("{n}"));
        let (before, after) = (noise(n as u64, 5000 + n), noise(n as u64 + 999, 3000));
        fs::write(&file, [&before[..], &bytes, &after].concat()).unwrap();
        let forms: BTreeSet<String> = scanner.scan(&[&file]).into_iter().map(|f| f.form).collect();
        assert!(forms.contains(form), "{form} is not among {forms:?}");
    }
}

#[test]
fn the_scan_finds_it_in_the_name_of_a_file() {
    let canary = Canary::new("a planted one");
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join(format!("{}.png", canary.text())), "").unwrap();
    let found = Scanner::new(std::slice::from_ref(&canary)).scan(&[dir.path()]);
    assert!(found.iter().any(|f| f.form == "UTF-8 in the name of the file"), "{found:?}");
}

#[test]
fn the_scan_finds_a_frame_that_was_cut_short() {
    let canary = Canary::new("a planted one");
    let dir = tempfile::tempdir().unwrap();
    let long = [canary.text().as_bytes(), &noise(1, 400_000)].concat();
    for (name, frame) in [("zstd", zstd::encode_all(&long[..], 3).unwrap()), ("zlib", zlib(&long))] {
        let file = dir.path().join(name);
        fs::write(&file, &frame[..frame.len() * 2 / 3]).unwrap();
        let found = Scanner::new(std::slice::from_ref(&canary)).scan(&[&file]);
        assert!(found.iter().any(|f| f.form == format!("UTF-8 in {name}")), "{name}: {found:?}");
    }
}

#[test]
fn the_scan_finds_nothing_in_noise() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..4 {
        fs::write(dir.path().join(format!("{n}")), noise(n, 200_000)).unwrap();
    }
    let canaries = ["title", "body", "tag"].map(Canary::new);
    Scanner::new(&canaries).assert_clean(&[dir.path()]);
}
