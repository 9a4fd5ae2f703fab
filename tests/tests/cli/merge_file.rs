//! `holdfast merge-file` and `merge-cases`, which need no vault; the first beside `git merge-file` and as git's driver.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::{Device, Done};

/// Git makes one conflict of two that are no more than three lines apart; here none are.
const BASE: &str = "one\ntwo\nthree\nfour\nfive\n\nseven\neight\nnine\nlast\n";

/// Git in a folder, with nothing of this machine's settings.
fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "Ann").env(format!("GIT_{who}_EMAIL"), "ann@example.invalid");
    }
    git.env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1").env_remove("XDG_CONFIG_HOME").current_dir(folder);
    git
}

/// A folder with the three files of a merge.
struct Files(Device);

impl Files {
    fn new(mine: &str, base: &str, theirs: &str) -> Self {
        let files = Self(Device::bare());
        for (name, text) in [("mine", mine), ("base", base), ("theirs", theirs)] {
            fs::write(files.0.path(name), text).unwrap();
        }
        files
    }

    fn merge(&self, options: &[&str]) -> Done {
        let words = ["merge-file"].iter().chain(options).chain(&["mine", "base", "theirs"]);
        let mut command = self.0.command(words);
        let output = command.current_dir(self.folder()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The exit code and the printed result of git's own; none where it is too old to know an option.
    fn merge_by_git(&self, options: &[&str]) -> Option<(i32, String)> {
        let words = ["merge-file", "-p"].iter().chain(options).chain(&["mine", "base", "theirs"]);
        let output = git(&self.folder()).args(words).output().unwrap();
        let code = output.status.code().unwrap();
        (code != USAGE).then(|| (code, String::from_utf8(output.stdout).unwrap()))
    }

    fn folder(&self) -> PathBuf {
        self.0.path("")
    }

    fn mine(&self) -> String {
        fs::read_to_string(self.0.path("mine")).unwrap()
    }
}

/// Git's exit code for options that it does not know.
const USAGE: i32 = 129;

#[test]
fn what_lines_alone_decide_is_as_git_has_it() {
    let open = [BASE.replace("two", "zwei"), BASE.replace("two", "deux")];
    let cases = [
        [BASE.replace("one", "1"), BASE.replace("last", "final")],
        open.clone(),
        open.clone().map(|text| text.replace("last", &text[4..8])),
        // Both begin and end with lines that were not there, so half of the conflict is none.
        open.clone().map(|text| text.replace("zwei", "new\nzwei\nmore").replace("deux", "new\ndeux\nmore")),
        // The last line has no end.
        [BASE.trim_end().replace("last", "final"), BASE.trim_end().replace("last", "end")],
        open.clone().map(|text| text.replace('\n', "\r\n")),
    ];
    for [mine, theirs] in cases {
        let base = if mine.contains('\r') { BASE.replace('\n', "\r\n") } else { BASE.to_owned() };
        let files = Files::new(&mine, &base, &theirs);
        for options in [
            &[][..],
            &["--diff3"],
            &["--zdiff3"],
            &["--zdiff3", "--diff3"],
            &["--diff3", "--zdiff3", "--diff-algorithm", "histogram", "--marker-size", "0"],
            &["-L", "here", "-L", "was", "-L", "there", "--diff3", "--marker-size", "9"],
            &["-L", "only"],
            &["-q", "--ours"],
            &["--theirs"],
            &["--union"],
        ] {
            // `--diff-algorithm` is of 2.44; a stable Debian has 2.39.
            let Some((code, text)) = files.merge_by_git(options) else {
                assert!(options.contains(&"--diff-algorithm"), "git does not know {options:?}");
                println!("skipped: this git does not know {options:?}");
                continue;
            };
            let printed = files.merge(&[&["-p"], options].concat());
            assert_eq!(
                (printed.code, printed.stdout, printed.stderr.as_str()),
                (code, text.clone(), ""),
                "{options:?}"
            );
            assert_eq!(files.mine(), mine, "-p writes nothing");
            let written = files.merge(options);
            assert_eq!((written.code, written.stdout.as_str(), files.mine()), (code, "", text), "{options:?}");
            fs::write(files.0.path("mine"), &mine).unwrap();
        }
    }
}

#[test]
fn words_of_one_line_merge_where_git_asks() {
    let files = Files::new(
        "The brown fox jumps far over it.\n",
        "The fox jumps far over it.\n",
        "The fox jumps far over all of it.\n",
    );
    assert_eq!(files.merge_by_git(&[]).unwrap().0, 1);
    assert_eq!(files.merge(&[]).code, 0);
    assert_eq!(files.mine(), "The brown fox jumps far over all of it.\n");
}

#[test]
fn more_conflicts_than_an_exit_code_can_say_are_127() {
    let text =
        |word: &str| (0..800).map(|n| if n % 5 == 0 { format!("{word}{n}\n") } else { format!("{n}\n") }).collect();
    let [mine, base, theirs]: [String; 3] = ["m", "b", "t"].map(text);
    let files = Files::new(&mine, &base, &theirs);
    assert_eq!((files.merge(&["-p"]).code, files.merge_by_git(&[]).unwrap().0), (127, 127));
}

#[test]
fn what_is_not_merged_is_as_it_was() {
    let files = Files::new("a\n", "b\n", "c\n");
    fs::write(files.0.path("theirs"), b"ab\xff").unwrap();
    files.merge(&[]).failed(255, "theirs is not UTF-8: the byte at offset 2 does not fit. Nothing was merged.");
    let quiet = files.merge(&["-q"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (255, ""));
    // Git takes it for a binary too, and a text of 16 bits looks like it.
    fs::write(files.0.path("theirs"), "n\0o\0t\0").unwrap();
    files.merge(&["-p"]).failed(255, "theirs is no text: there is a zero at offset 1. Nothing was merged.");
    assert_eq!(files.merge_by_git(&[]).unwrap().0, 255);
    fs::remove_file(files.0.path("theirs")).unwrap();
    files.merge(&["-p"]).failed(255, "theirs cannot be read: it is not there.");
    files.merge(&["-L", "1", "-L", "2", "-L", "3", "-L", "4"]).failed(255, "three labels");
    // Git takes what clap has for wrong arguments, 2, for two conflicts.
    files.merge(&["--diff-algorithm", "best"]).failed(129, "best");
    files.merge(&["--no-such-option"]).failed(129, "--no-such-option");
    files.merge(&["--ours", "--theirs"]).failed(129, "--ours");
    assert_eq!(files.mine(), "a\n");
    assert!(!files.0.vault().exists());
    assert!(files.0.run(["merge-file", "--help"]).stdout.contains("MINE BASE THEIRS"));
}

#[cfg(unix)]
#[test]
fn the_file_keeps_its_permissions_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let files = Files::new("a\n", "a\n", "b\n");
    let real = files.0.path("real");
    fs::rename(files.0.path("mine"), &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o751)).unwrap();
    symlink("real", files.0.path("mine")).unwrap();
    assert_eq!(files.merge(&[]).code, 0);
    assert_eq!(fs::read_link(files.0.path("mine")).unwrap(), Path::new("real"));
    let mode = fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!((fs::read_to_string(&real).unwrap().as_str(), mode & 0o777), ("b\n", 0o751));
    assert_eq!(fs::read_dir(files.folder()).unwrap().count(), 4, "nothing is left beside it");
}

/// A repository whose driver for `*.md` is ours.
struct Repository(Device);

impl Repository {
    fn new(text: &[u8]) -> Self {
        let repository = Self(Device::bare());
        repository.git(&["init", "-q", "-b", "main"]);
        let program = repository.0.command([""; 0]).get_program().to_str().unwrap().to_owned();
        let driver = format!("'{program}' merge-file --marker-size %L -L ours -L base -L theirs %A %O %B");
        repository.git(&["config", "merge.holdfast.driver", &driver]);
        repository.write(".gitattributes", b"*.md merge=holdfast\n");
        repository.commit("note.md", text);
        repository.git(&["branch", "side"]);
        repository
    }

    fn run(&self, words: &[&str]) -> Output {
        git(&self.0.path("")).args(words).output().unwrap()
    }

    fn git(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "git {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn write(&self, name: &str, text: &[u8]) {
        fs::write(self.0.path(name), text).unwrap();
    }

    fn commit(&self, name: &str, text: &[u8]) {
        self.write(name, text);
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", "change"]);
    }

    /// Commits each version on a branch of its own, and merges the second into the first.
    fn merge(&self, mine: &[u8], theirs: &[u8]) -> Output {
        self.git(&["checkout", "-q", "side"]);
        self.commit("note.md", theirs);
        self.git(&["checkout", "-q", "main"]);
        self.commit("note.md", mine);
        self.run(&["merge", "-q", "--no-edit", "side"])
    }

    fn note(&self) -> String {
        fs::read_to_string(self.0.path("note.md")).unwrap()
    }
}

#[test]
fn as_a_driver_it_merges_what_git_alone_would_ask() {
    let repository = Repository::new(b"# Plan\n\nBuy milk and bread today.\n");
    let merged =
        repository.merge(b"# Plan\n\nBuy fresh milk and bread today.\n", b"# Plan\n\nBuy milk and rye bread today.\n");
    assert!(merged.status.success(), "{merged:?}");
    assert_eq!(repository.note(), "# Plan\n\nBuy fresh milk and rye bread today.\n");
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
}

#[test]
fn as_a_driver_it_leaves_a_conflict_to_git() {
    let repository = Repository::new(b"top\nred\nend\n");
    let merged = repository.merge(b"top\ngreen\nend\n", b"top\nblue\nend\n");
    assert_eq!(merged.status.code(), Some(1), "{merged:?}");
    assert_eq!(repository.note(), "top\n<<<<<<< ours\ngreen\n=======\nblue\n>>>>>>> theirs\nend\n");
    assert_eq!(repository.git(&["status", "--porcelain"]), "UU note.md\n");
}

#[test]
fn as_a_driver_it_fails_where_it_cannot_merge() {
    let repository = Repository::new(b"top\nred\n");
    let merged = repository.merge(b"top\ngreen\n", b"top\n\xff\n");
    let said = String::from_utf8(merged.stderr).unwrap();
    assert!(!merged.status.success() && said.contains("is not UTF-8: the byte at offset 4"), "{said}");
    assert_eq!(repository.note(), "top\ngreen\n");
}

#[test]
fn cases_are_answered_line_by_line_without_a_vault() {
    let device = Device::bare();
    let case = r#"{"id":"1","path":"a.md","base":"a\nb\nc\n","ours":"A\nb\nc\n","theirs":"a\nb\nC\n"}"#;
    for options in [&["merge-cases"][..], &["--json", "merge-cases"]] {
        let done = device.run_with_input(options, format!("{case}\n{case}\n").as_bytes());
        assert_eq!((done.code, done.stderr.as_str(), done.stdout.lines().count()), (0, "", 2));
        for line in done.stdout.lines() {
            let answer: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((&answer["clean"], &answer["text"]), (&true.into(), &"A\nb\nC\n".into()));
        }
    }
    let done = device.run_with_input(["merge-cases"], format!("{case}\n{{}}\n").as_bytes());
    assert_eq!((done.code, done.stdout.lines().count()), (1, 1));
    assert_eq!(done.stderr, "Line 2 is not a case: \"base\" is missing or not a text.\n");
    assert!(!device.vault().exists());
}
