//! How a text can be written down without being hidden.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Every form of a text, named. Upper and lower case of ASCII letters count as equal when they are looked for.
pub fn forms(text: &str) -> Vec<(String, Vec<u8>)> {
    let utf8 = text.as_bytes();
    let mut forms = vec![("UTF-8".to_owned(), utf8.to_vec()), ("hex".into(), hex(utf8))];
    forms.push(("UTF-16LE".into(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    forms.push(("UTF-16BE".into(), text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
    for offset in 0..3 {
        forms.push((format!("base64 at {offset}"), base64_inside(&STANDARD_NO_PAD, utf8, offset)));
        forms.push((format!("base64url at {offset}"), base64_inside(&URL_SAFE_NO_PAD, utf8, offset)));
    }
    forms.push(("JSON-escaped".into(), json(text)));
    forms.push(("percent-encoded".into(), percent(utf8)));
    // A text without odd letters looks the same in several of them.
    let mut seen = std::collections::BTreeSet::new();
    forms.retain(|(_, bytes)| seen.insert(bytes.clone()));
    forms
}

pub fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()
}

/// Every letter outside ASCII as `\uXXXX`.
pub fn json(text: &str) -> Vec<u8> {
    let escape = |unit: u16| if unit < 0x80 { char::from(unit as u8).to_string() } else { format!("\\u{unit:04x}") };
    text.encode_utf16().map(escape).collect::<String>().into_bytes()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let escape = |b: &u8| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("%{b:02X}") };
    bytes.iter().map(escape).collect::<String>().into_bytes()
}

/// The characters that only the text decides, when it begins `offset` bytes after a group of three.
fn base64_inside(alphabet: &impl Engine, text: &[u8], offset: usize) -> Vec<u8> {
    let encoded = alphabet.encode([&[0; 2][..offset], text].concat());
    let (first, end) = ((offset * 8).div_ceil(6), (offset + text.len()) * 8 / 6);
    encoded.as_bytes()[first..end].to_vec()
}
