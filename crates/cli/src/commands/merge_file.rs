//! `holdfast merge-file`: the merge of texts with the arguments and the exit codes of `git merge-file`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use holdfast_merge::text::merge_text;
use tempfile::NamedTempFile;

use crate::Outcome;
use crate::args::MergeFile;
use crate::failure::{Failure, NOT_MERGED};
use crate::input;
use crate::markers::{self, DEFAULT_SIZE, Favor, Style};
use crate::output::Answer;

/// Git takes more from a merge driver for a failure.
const MAX_COUNT: u8 = 127;

/// Merges; the exit code is the number of conflicts.
pub fn run(command: &MergeFile) -> Outcome {
    match merge(command) {
        Err(_) if command.quiet => Ok(Answer::printed(NOT_MERGED)),
        Err(sentence) => Err(Failure::NotMerged(sentence)),
        Ok(conflicts) => Ok(Answer::printed(u8::try_from(conflicts).map_or(MAX_COUNT, |n| n.min(MAX_COUNT)))),
    }
}

fn merge(command: &MergeFile) -> Result<usize, String> {
    let paths = [&command.mine, &command.base, &command.other];
    if command.labels.len() > paths.len() {
        return Err("There are three files, so no more than three labels.".into());
    }
    let mut labels = paths.map(|path| path.display().to_string());
    labels.iter_mut().zip(&command.labels).for_each(|(label, given)| label.clone_from(given));
    let (mine, base, other) = (read(&command.mine)?, read(&command.base)?, read(&command.other)?);
    let favor = match command {
        MergeFile { ours: true, .. } => Some(Favor::Ours),
        MergeFile { theirs: true, .. } => Some(Favor::Theirs),
        MergeFile { union: true, .. } => Some(Favor::Union),
        _ => None,
    };
    // As git: none at all are as many as ever.
    let size = if command.marker_size == 0 { DEFAULT_SIZE } else { command.marker_size }.into();
    let (diff3, zealous) = (command.diff3 || command.zdiff3, command.zdiff3 || !command.diff3);
    let style = Style { labels, size, diff3, zealous, favor, ..Style::like(&mine) };
    let (text, conflicts) = markers::write(merge_text(&base, &mine, &other), &style);
    if command.stdout {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|e| format!("The result cannot be printed: {}.", input::why(&e)))?;
    } else {
        replace(&command.mine, &text).map_err(|e| {
            let (name, why) = (command.mine.display(), input::why(&e));
            format!("{name} cannot be written: {why}. It is as it was.")
        })?;
    }
    Ok(conflicts)
}

fn read(path: &Path) -> Result<String, String> {
    let name = path.display();
    let bytes =
        fs::read(path).map_err(|e| format!("{name} cannot be read: {}. Nothing was merged.", input::why(&e)))?;
    // Also what UTF-16 looks like, which has no lines here.
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(format!("{name} is no text: there is a zero at offset {at}. Nothing was merged."));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        format!("{name} is not UTF-8: the byte at offset {at} does not fit. Nothing was merged.")
    })
}

/// Writes all of a file or leaves it as it was, with its permissions, where a link points to.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    // Also says whether the file itself may be written.
    let permissions = File::options().write(true).open(&path)?.metadata()?.permissions();
    let mut new = NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(permissions)?;
    new.as_file().sync_all()?;
    new.persist(&path).map_err(|e| e.error)?;
    Ok(())
}
