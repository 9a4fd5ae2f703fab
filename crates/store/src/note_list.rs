//! Lists of notes, and the counts beside them. A list and its count share one condition.

use holdfast_domain::{Date, NoteId, NotebookId, fold_name};
use rusqlite::{ToSql, types::Value};

use crate::{Reader, Result, sql};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoteOrder {
    /// Newest change first.
    #[default]
    Updated,
    /// Folded title.
    Title,
    /// Newest first.
    Created,
    /// Earliest due date first; those without one last.
    Due,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrashFilter {
    #[default]
    Live,
    Trashed,
    Any,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NotebookFilter {
    #[default]
    Any,
    /// In no notebook.
    None,
    /// In one of these; the caller names the descendants it wants included.
    In(Vec<NotebookId>),
}

/// Which notes, in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteQuery {
    pub notebook: NotebookFilter,
    /// A tag in any spelling.
    pub tag: Option<String>,
    pub trash: TrashFilter,
    /// Only notes with an open place.
    pub review_only: bool,
    /// Only notes with a due date that are not done.
    pub tasks_only: bool,
    pub order: NoteOrder,
    pub limit: u32,
    pub offset: u32,
}

impl Default for NoteQuery {
    /// All live notes, newest change first.
    fn default() -> Self {
        Self {
            notebook: NotebookFilter::Any,
            tag: None,
            trash: TrashFilter::Live,
            review_only: false,
            tasks_only: false,
            order: NoteOrder::Updated,
            limit: u32::MAX,
            offset: 0,
        }
    }
}

impl NoteQuery {
    /// The notes that [`SidebarCounts::review`] counts: trashed ones too, since a question remains one.
    pub fn to_review() -> Self {
        Self { trash: TrashFilter::Any, review_only: true, ..Self::default() }
    }

    /// The notes that [`SidebarCounts::tasks`] counts, by due date.
    pub fn tasks() -> Self {
        Self { tasks_only: true, order: NoteOrder::Due, ..Self::default() }
    }

    /// The notes that [`SidebarCounts::trash`] counts.
    pub fn trash() -> Self {
        Self { trash: TrashFilter::Trashed, ..Self::default() }
    }

    fn condition(&self) -> (String, Vec<Value>) {
        let mut sql = String::from("1");
        let mut values = Vec::new();
        // The plus keeps the planner, which has no statistics, from starting at `trashed` where another index
        // leads to far fewer notes.
        let narrow = self.tasks_only || self.review_only || self.notebook != NotebookFilter::Any;
        match self.trash {
            TrashFilter::Live if self.tasks_only && crate::planted("trashed-is-to-do") => {}
            TrashFilter::Live if narrow => sql.push_str(" AND +trashed = 0"),
            TrashFilter::Live => sql.push_str(" AND trashed = 0"),
            TrashFilter::Trashed => sql.push_str(" AND trashed = 1"),
            TrashFilter::Any => {}
        }
        if self.review_only {
            sql.push_str(" AND review > 0");
        }
        if self.tasks_only {
            sql.push_str(" AND due IS NOT NULL AND done = 0");
        }
        match &self.notebook {
            NotebookFilter::Any => {}
            NotebookFilter::None => sql.push_str(" AND notebook IS NULL"),
            NotebookFilter::In(ids) => {
                sql.push_str(" AND notebook IN (");
                sql.push_str(&vec!["?"; ids.len()].join(", "));
                sql.push(')');
                values.extend(ids.iter().map(|id| Value::Blob(id.0.to_vec())));
            }
        }
        if let Some(tag) = &self.tag {
            sql.push_str(" AND id IN (SELECT note FROM note_tags WHERE folded = ?)");
            values.push(Value::Text(if crate::planted("tag-asked-by-letter") { tag.clone() } else { fold_name(tag) }));
        }
        (sql, values)
    }
}

/// A note in a list: without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteListRow {
    pub id: NoteId,
    pub title: String,
    pub preview: String,
    pub notebook: Option<NotebookId>,
    pub due: Option<Date>,
    pub done: bool,
    pub trashed: bool,
    pub review: u32,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
    pub tags: Vec<String>,
}

/// A tag of live notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    pub folded: String,
    /// The spelling that sorts first among those in use.
    pub name: String,
    pub notes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SidebarCounts {
    /// Live notes.
    pub all: u64,
    /// Live notes with a due date that are not done.
    pub tasks: u64,
    /// Notes with an open place, trashed ones too.
    pub review: u64,
    /// Notebooks with an open question.
    pub review_notebooks: u64,
    /// Trashed notes.
    pub trash: u64,
    /// Live notes directly in each notebook (`None`: in no notebook); notebooks without notes are left out.
    pub notebooks: Vec<(Option<NotebookId>, u64)>,
    /// By folded name.
    pub tags: Vec<TagCount>,
}

impl Reader<'_> {
    pub fn list_notes(&self, query: &NoteQuery) -> Result<Vec<NoteListRow>> {
        let (condition, mut values) = query.condition();
        let order = match query.order {
            NoteOrder::Updated => "updated_ms DESC, id DESC",
            NoteOrder::Title => "title_key, id",
            NoteOrder::Created => "created_ms DESC, id DESC",
            NoteOrder::Due if crate::planted("undated-first") => "due, id",
            NoteOrder::Due => "due IS NULL, due, id",
        };
        values.push(Value::Integer(query.limit.into()));
        values.push(Value::Integer(query.offset.into()));
        let params: Vec<&dyn ToSql> = values.iter().map(|v| v as &dyn ToSql).collect();
        let mut notes = self.rows(
            &format!(
                "SELECT id, title, preview, notebook, due, done, trashed, review, created_ms, updated_ms
                 FROM notes WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
            ),
            params.as_slice(),
            |r| {
                Ok(NoteListRow {
                    id: NoteId(r.get(0)?),
                    title: r.get(1)?,
                    preview: r.get(2)?,
                    notebook: sql::optional_array(r, 3)?.map(NotebookId),
                    due: sql::date(r, 4)?,
                    done: r.get(5)?,
                    trashed: r.get(6)?,
                    review: r.get(7)?,
                    created_ms: sql::uint(r, 8)?,
                    updated_ms: sql::uint(r, 9)?,
                    tags: Vec::new(),
                })
            },
        )?;
        for note in &mut notes {
            note.tags = self.note_tags(note.id)?;
        }
        Ok(notes)
    }

    /// How many notes [`Reader::list_notes`] would give without a limit.
    pub fn count_notes(&self, query: &NoteQuery) -> Result<u64> {
        let (condition, values) = query.condition();
        let params: Vec<&dyn ToSql> = values.iter().map(|v| v as &dyn ToSql).collect();
        self.number(&format!("SELECT count(*) FROM notes WHERE {condition}"), params.as_slice())
    }

    pub fn sidebar_counts(&self) -> Result<SidebarCounts> {
        Ok(SidebarCounts {
            all: self.count_notes(&NoteQuery::default())?,
            tasks: self.count_notes(&NoteQuery::tasks())?,
            review: self.count_notes(&NoteQuery::to_review())?,
            review_notebooks: self.number("SELECT count(*) FROM notebooks WHERE review > 0", [])?,
            trash: self.count_notes(&NoteQuery::trash())?,
            notebooks: self.rows(
                "SELECT notebook, count(*) FROM notes WHERE +trashed = 0 GROUP BY notebook ORDER BY notebook",
                [],
                |r| Ok((sql::optional_array(r, 0)?.map(NotebookId), sql::uint(r, 1)?)),
            )?,
            tags: self.tags()?,
        })
    }

    /// The tags of live notes, by folded name.
    pub fn tags(&self) -> Result<Vec<TagCount>> {
        let live = if crate::planted("tags-of-the-trash") { "" } else { "WHERE n.trashed = 0" };
        self.rows(
            &format!(
                "SELECT t.folded, min(t.name), count(*) FROM note_tags t JOIN notes n ON n.id = t.note
                 {live} GROUP BY t.folded ORDER BY t.folded"
            ),
            [],
            |r| Ok(TagCount { folded: r.get(0)?, name: r.get(1)?, notes: sql::uint(r, 2)? }),
        )
    }
}
