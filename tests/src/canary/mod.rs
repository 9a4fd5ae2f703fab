//! Canaries: texts that a person wrote and that no file may hold, and the scan for them.
//!
//! For a test of another program (the window's, say): write [`Canary::text`] wherever a person can write, then
//!
//! ```no_run
//! use holdfast_tests::canary::{Canary, Scanner};
//! let canaries: Vec<Canary> = ["title", "body", "tag"].map(Canary::new).into();
//! // … type them, sync, quit …
//! Scanner::new(&canaries).assert_clean(&["/scratch/home".as_ref(), "/scratch/server".as_ref()]);
//! ```
//!
//! Give it every folder that the programs could write to: vaults, HOME, the XDG folders, TMPDIR, the server's data, and
//! what they printed, saved as files. Folders that hold the plain text on purpose (an export, an import's source) must
//! lie outside.

mod forms;
mod frames;
mod scan;

pub use scan::{Finding, Scanner};

/// A text that occurs nowhere by chance, in two parts: a word of ASCII that survives tokenizing and folding, and one
/// with letters outside it, which JSON would escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Where a person wrote it.
    pub place: String,
    /// What to look for; any of them is a find.
    needles: Vec<String>,
    text: String,
}

impl Canary {
    /// The canary of a place. The same place has the same canary in every run.
    pub fn new(place: &str) -> Self {
        let digest = Self::digest(place);
        let (word, wide) =
            (format!("kanarie{digest}"), format!("V\u{f6}gel{}\u{6f22}\u{5b57}{}", &digest[..5], &digest[5..]));
        Self { place: place.into(), text: format!("{word} {wide}"), needles: vec![word, wide] }
    }

    /// A secret that already is one: a passphrase, a recovery code.
    pub fn of(place: &str, secret: &str) -> Self {
        Self { place: place.into(), text: secret.into(), needles: vec![secret.into()] }
    }

    /// What is to be written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part that is one word of ASCII, for a place that takes no more (a query).
    pub fn word(&self) -> &str {
        &self.needles[0]
    }

    /// Ten letters and digits: FNV-1a, which is the same on every machine.
    fn digest(place: &str) -> String {
        let hash = place
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        format!("{hash:016x}").replace('e', "q")[..10].to_owned()
    }
}
