//! From a file to a note.

use holdfast_domain::{Date, MAX_BODY_BYTES, clean_title};

use crate::links::{LocalLink, links};
use crate::{front_matter, paths};

/// Why a file does not become a note. The caller says so, by path; the file may still be an attachment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    #[error("the file is not UTF-8 text (at byte {offset})")]
    NotUtf8 { offset: usize },
    #[error("the text is larger than 2 MiB")]
    TooLarge,
    #[error("the file is not Markdown")]
    NotMarkdown,
    #[error("the path leads out of the folder")]
    Outside,
}

/// A note as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedNote {
    /// From the root of the import.
    pub path: String,
    /// The folders it is in, as the file system names them.
    pub notebook: Vec<String>,
    pub file_name: String,
    /// The front matter's title, or the file's name without its extension.
    pub title: String,
    /// The front matter's title is longer than a title can be: `title` is its beginning, `front_matter` has all.
    pub title_is_cut: bool,
    /// Byte for byte, with its fences. Joined with `body` it is the file.
    pub front_matter: String,
    pub body: String,
    pub tags: Vec<String>,
    pub aliases: Vec<String>,
    pub due: Option<Date>,
    pub done: bool,
    pub created_ms: Option<u64>,
    pub updated_ms: Option<u64>,
    pub links: Vec<LocalLink>,
}

/// Reads a Markdown file. `relative_path` is from the root of the import, with `/`.
pub fn parse_note(relative_path: &str, bytes: &[u8]) -> Result<ImportedNote, SkipReason> {
    if !is_markdown(relative_path) {
        return Err(SkipReason::NotMarkdown);
    }
    let path = paths::normalise(relative_path).ok_or(SkipReason::Outside)?;
    let text = std::str::from_utf8(bytes).map_err(|e| SkipReason::NotUtf8 { offset: e.valid_up_to() })?;
    let (front, body) = front_matter::split(text);
    if body.len() > MAX_BODY_BYTES {
        return Err(SkipReason::TooLarge);
    }
    let found = front_matter::read(front);
    let file_name = paths::file_name(&path).to_owned();
    let folder = paths::folder(&path);
    Ok(ImportedNote {
        notebook: folder.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        title: found.title.unwrap_or_else(|| clean_title(paths::stem(&file_name))),
        title_is_cut: front_matter::title_is_cut(front),
        front_matter: front.to_owned(),
        body: body.to_owned(),
        tags: found.tags,
        aliases: found.aliases,
        due: found.due,
        done: found.done.unwrap_or(false),
        created_ms: found.created_ms,
        updated_ms: found.updated_ms,
        links: links(&path, body),
        file_name,
        path,
    })
}

/// True for a file that becomes a note, by its extension.
pub fn is_markdown(path: &str) -> bool {
    let extension = paths::extension(path);
    ["md", "markdown", "mdown", "mkd"].iter().any(|e| extension.eq_ignore_ascii_case(e))
}

/// The media type of a file, by its extension (IANA's registry).
pub fn media_type(path: &str) -> &'static str {
    match paths::extension(path).to_ascii_lowercase().as_str() {
        "md" | "markdown" | "mdown" | "mkd" => "text/markdown",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "ico" => "image/vnd.microsoft.icon",
        "heic" => "image/heic",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        _ => "application/octet-stream",
    }
}
