//! What a person changed in a note.

use holdfast_domain::{
    Date, MAX_BODY_BYTES, MAX_NAME_BYTES, NameError, NameSet, NoteFields, NotebookId, Stamp, check_name, clean_title,
    fold_name,
};
use holdfast_merge::{edit_body, edit_merge};

use crate::{NotebookError, Result};

/// Changes to the fields of a note. What is `None` stays as it is, open places included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotePatch {
    pub title: Option<String>,
    /// The whole text as shown.
    pub body: Option<String>,
    pub tags: Option<TagPatch>,
    pub due: Option<Option<Date>>,
    pub done: Option<bool>,
    pub notebook: Option<Option<NotebookId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagPatch {
    Set(Vec<String>),
    Change { add: Vec<String>, remove: Vec<String> },
}

impl From<NameError> for NotebookError {
    fn from(error: NameError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl NotePatch {
    pub(crate) fn apply(&self, note: &mut NoteFields, stamp: Stamp, now_ms: u64) -> Result<()> {
        if let Some(title) = &self.title {
            note.title = edit_merge(&note.title, check_title(title)?, stamp);
        }
        let dropped = crate::planted("edit-of-a-place-dropped") && !note.body.is_resolved();
        if let Some(body) = self.body.as_ref().filter(|_| !dropped) {
            check_body(body)?;
            note.body = edit_body(&note.body, body, stamp);
        }
        if let Some(tags) = &self.tags {
            tags.apply(&mut note.tags, stamp)?;
        }
        if let Some(due) = self.due.filter(|due| due.is_some() || !crate::planted("date-stays")) {
            note.due = edit_merge(&note.due, due, stamp);
        }
        if let Some(done) = self.done {
            note.done = edit_merge(&note.done, done, stamp);
        }
        if let Some(notebook) = self.notebook {
            note.notebook = edit_merge(&note.notebook, notebook, stamp);
        }
        note.updated_ms = now_ms.max(note.updated_ms);
        Ok(())
    }
}

/// A body over the limit is refused whole: nothing is cut.
pub(crate) fn check_body(body: &str) -> Result<()> {
    if body.len() > MAX_BODY_BYTES {
        return Err(NotebookError::TooLarge(format!(
            // Rounded up: "2.0 MiB is more than 2 MiB" would be no help.
            "the text has {:.1} MiB, and a note can have 2 MiB; nothing was changed",
            (body.len() * 10).div_ceil(1024 * 1024) as f64 / 10.0
        )));
    }
    Ok(())
}

/// A title as it will be kept. One over the limit is refused whole: nothing is cut.
pub(crate) fn check_title(title: &str) -> Result<String> {
    if title.trim().len() > MAX_NAME_BYTES {
        return Err(NotebookError::TooLarge(format!(
            "the title has {} bytes, and a title can have {MAX_NAME_BYTES}; nothing was changed",
            title.trim().len()
        )));
    }
    Ok(clean_title(title))
}

impl TagPatch {
    fn apply(&self, tags: &mut NameSet, stamp: Stamp) -> Result<()> {
        let (add, remove) = match self {
            Self::Change { add, remove } => (add.clone(), remove.clone()),
            Self::Set(wanted) => {
                let folded: Vec<_> = wanted.iter().map(|t| fold_name(t)).collect();
                let gone = tags.names().into_iter().filter(|t| !folded.contains(&fold_name(t))).collect();
                (wanted.clone(), gone)
            }
        };
        for tag in remove {
            if crate::planted("untag-leaves-one") {
                let one = tags.iter().find(|entry| fold_name(&entry.value) == fold_name(&tag)).cloned();
                one.map(|one| tags.0.remove(&one));
                continue;
            }
            tags.remove_name(&tag);
        }
        for tag in add {
            tags.add_name(check_name(tag.trim_start_matches('#'))?, stamp);
        }
        Ok(())
    }
}
