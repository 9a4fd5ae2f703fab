//! With sealing switched off, the same scan fails: it would notice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast_tests::canary::{Canary, Scanner};
use holdfast_tests::programs::{Computer, Server};

use crate::life::{source, written};

/// `holdfast` with the feature `sealing-off`, beside the real one: only the five crates that carry the feature are
/// built again.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    // Both packages, as `cargo xtask test` builds them: else the libraries would be built anew with fewer features.
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--quiet", "--package", "holdfast-cli", "--package", "holdfast-server"])
        .args(["--features", "holdfast-cli/sealing-off", "--example", "unsealed", "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(built.success(), "the program without sealing could not be built");
    target.join("debug/examples/unsealed")
}

#[test]
fn with_sealing_off_the_scan_finds_everything() {
    let places = [
        "title",
        "body",
        "tag",
        "notebook",
        "imported body",
        "imported folder",
        "front matter",
        "attachment's content",
        "attachment's name",
        "name of the computer",
    ];
    let a = Computer::with_program(build());
    let server = Server::start();
    a.ok(["init", "--device-name", &written("name of the computer")]);
    let (notebook, tag) = (written("notebook"), written("tag"));
    let words = ["note", "add", "--title", &written("title"), "--notebook", &notebook, "--tag", &tag];
    a.ok_with_input(words, written("body").as_bytes());
    a.ok(["import", "--from", "markdown", source().path().to_str().unwrap()]);
    a.create_account(&server.link);

    let canaries: Vec<Canary> = places.into_iter().map(Canary::new).collect();
    let found: BTreeSet<String> =
        Scanner::new(&canaries).scan(&[&server.data()]).into_iter().map(|f| f.canary).collect();
    for place in places {
        assert!(found.contains(place), "the scan misses the {place}: it found {found:?}");
    }
}
