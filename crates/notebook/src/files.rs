//! The bytes of attachments: cut, sealed, opened and put together again, one chunk in memory at a time.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use holdfast_crypto::{
    CHUNK_BYTES, ChunkPlace, ContentHash, CryptoError, SpaceKeys, blob_id, content_id, open_blob, open_chunk,
    seal_blob, seal_chunk,
};
use holdfast_store::{FileRow, FileState, Sent};
use zeroize::Zeroizing;

use crate::attachments::check_size;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// How a file is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// In one piece: a file of up to [`CHUNK_BYTES`], or any that was sealed before there were chunks.
    Whole,
    /// In so many, all of [`CHUNK_BYTES`] but the last.
    Chunks(u32),
}

impl Cut {
    /// `None` for what no version up to this one writes.
    pub fn of(size: u64, chunks: usize) -> Option<Self> {
        let needed = size.div_ceil(CHUNK_BYTES as u64);
        match chunks {
            0 => None,
            1 => Some(Self::Whole),
            n if n as u64 == needed => u32::try_from(n).ok().map(Self::Chunks),
            _ => None,
        }
    }

    /// The bytes of the file that a chunk holds, in a file of that size.
    fn plain_bytes(self, size: u64, index: u32) -> u64 {
        match self {
            Self::Whole => size,
            Self::Chunks(_) => size.saturating_sub(u64::from(index) * CHUNK_BYTES as u64).min(CHUNK_BYTES as u64),
        }
    }
}

/// What is needed to open a file's chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealing {
    pub space: [u8; 16],
    pub content: [u8; 32],
    pub size: u64,
    pub cut: Cut,
}

impl Sealing {
    /// Opens a chunk: exactly the bytes that belong at that place.
    pub fn open(&self, keys: &SpaceKeys, index: u32, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let length = usize::try_from(self.cut.plain_bytes(self.size, index)).map_err(|_| CryptoError::TooLarge)?;
        let plain = match self.cut {
            Cut::Whole => open_blob(self.space, keys, sealed, length),
            Cut::Chunks(of) => {
                let place = ChunkPlace { content: self.content, index, of };
                open_chunk(self.space, keys, &place, sealed, length)
            }
        };
        let plain = Zeroizing::new(plain?);
        if plain.len() == length { Ok(plain) } else { Err(CryptoError::NotOpened) }
    }
}

/// Why a file that should be here cannot be read.
pub(crate) enum Unreadable {
    /// It does not open, or is not what its hash says.
    Altered,
    Other(NotebookError),
}

impl From<NotebookError> for Unreadable {
    fn from(error: NotebookError) -> Self {
        Self::Other(error)
    }
}

/// Opens all chunks of a file one after another, and compares the whole with its hash in the end.
pub(crate) fn read_file(
    vault: &Vault,
    file: &FileRow,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<(), Unreadable> {
    let cut = Cut::of(file.size, file.chunks.len()).ok_or(Unreadable::Other(NotebookError::NewerVersion))?;
    let sealing = Sealing { space: vault.space().0, content: file.content, size: file.size, cut };
    let mut hash = vault.with_space_keys(|keys| Ok(ContentHash::new(keys.current_id_key().1)))?;
    for (index, cid) in (0..).zip(&file.chunks) {
        let missing = || NotebookError::Damaged("a part of an attachment is missing".into());
        let sealed = vault.read(|r| Ok(r.chunk(cid)?))?.ok_or_else(missing)?;
        let opened = vault.with_space_keys(|keys| Ok(sealing.open(keys, index, &sealed)))?;
        let plain = opened.map_err(|_| Unreadable::Altered)?;
        hash.update(&plain);
        take(&plain)?;
    }
    if hash.finish() == file.content { Ok(()) } else { Err(Unreadable::Altered) }
}

/// A file on the disk, read twice where it is large: once to know its hash, and once to seal it.
pub(crate) struct Source<'a> {
    name: &'a str,
    path: &'a Path,
    file: File,
    /// The beginning: all of it where it is small.
    head: Zeroizing<Vec<u8>>,
    size: u64,
    pub content: [u8; 32],
}

impl<'a> Source<'a> {
    /// Reads a file of at most [`crate::MAX_ATTACHMENT_BYTES`].
    pub fn open(vault: &Vault, name: &'a str, path: &'a Path) -> Result<Self> {
        let io = || NotebookError::io(path);
        let mut file = File::open(path).map_err(io())?;
        check_size(name, file.metadata().map_err(io())?.len())?;
        let mut head = Zeroizing::new(Vec::new());
        read_piece(&mut file, &mut head).map_err(io())?;
        let mut hash = vault.with_space_keys(|keys| Ok(ContentHash::new(keys.current_id_key().1)))?;
        hash.update(&head);
        let (mut size, mut piece) = (head.len() as u64, Zeroizing::new(Vec::new()));
        // What is read counts, not what the folder says: the file may grow meanwhile.
        while read_piece(&mut file, &mut piece).map_err(io())? > 0 {
            size += piece.len() as u64;
            check_size(name, size)?;
            hash.update(&piece);
        }
        Ok(Self { name, path, file, head, size, content: hash.finish() })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Seals it into the database, to be sent. Answers with the ids of its chunks, in order.
    pub fn seal(mut self, t: &Txn<'_>) -> Result<Vec<[u8; 32]>> {
        let space = t.vault.space().0;
        let (epoch, key) = t.vault.with_space_keys(|keys| {
            let (epoch, key) = keys.current_epoch();
            Ok((epoch, key.clone()))
        })?;
        let of = u32::try_from(self.size.div_ceil(CHUNK_BYTES as u64)).unwrap_or(u32::MAX);
        let mut chunks = Vec::new();
        let mut put = |sealed: Vec<u8>| -> Result<()> {
            let cid = blob_id(&sealed);
            t.tx.put_chunk(&cid, &self.content, Sent::No, &sealed)?;
            chunks.push(cid);
            Ok(())
        };
        if of <= 1 {
            put(seal_blob(space, &key, epoch, &self.head, &mut t.vault.env().rng())?)?;
        } else {
            let again = self.file.seek(SeekFrom::Start(0));
            again.map_err(NotebookError::io(self.path))?;
            let mut hash = t.vault.with_space_keys(|keys| Ok(ContentHash::new(keys.current_id_key().1)))?;
            let mut piece = Zeroizing::new(Vec::new());
            for index in 0..of {
                read_piece(&mut self.file, &mut piece).map_err(NotebookError::io(self.path))?;
                hash.update(&piece);
                if crate::planted("last-chunk-forgotten") && index + 1 == of {
                    continue;
                }
                let index = if crate::planted("chunks-of-one-place") { 0 } else { index };
                let place = ChunkPlace { content: self.content, index, of };
                put(seal_chunk(space, &key, epoch, &place, &piece, &mut t.vault.env().rng())?)?;
            }
            if hash.finish() != self.content {
                return Err(NotebookError::Invalid(format!(
                    "{} was changed while it was read; nothing of it was taken, so try again",
                    self.name
                )));
            }
        }
        let row = FileRow { content: self.content, size: self.size, state: FileState::Whole, chunks };
        t.tx.put_file(&row)?;
        Ok(row.chunks)
    }
}

/// Reads the next [`CHUNK_BYTES`], fewer at the end only. Answers with their number.
fn read_piece(file: &mut File, into: &mut Vec<u8>) -> std::io::Result<usize> {
    into.clear();
    file.take(CHUNK_BYTES as u64).read_to_end(into)
}

/// The content of a chunk that is a whole file.
pub(crate) fn is_content(keys: &SpaceKeys, plain: &[u8], content: &[u8; 32]) -> bool {
    content_id(keys.current_id_key().1, plain) == *content
}

/// Writes a new file, or one in the place of an old one, which stays as it is until all of the new one is on disk.
pub(crate) fn write_new(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    // What a link leads to is replaced, and not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.exists() && !target.is_file() {
        // A device or a pipe: there is nothing to lose, and nothing that could take its place.
        let mut out = std::io::BufWriter::new(File::create(path).map_err(NotebookError::io(path))?);
        return write(&mut out).and_then(|()| out.flush().map_err(NotebookError::io(path)));
    }
    // Also says whether it may be written over.
    let old = match File::options().write(true).open(&target).and_then(|old| old.metadata()) {
        Ok(old) => Some(old.permissions()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(NotebookError::io(path)(e)),
    };
    let mut unfinished = tempfile::Builder::new();
    unfinished.prefix(".").suffix(".unfinished");
    // As any other new file of the person; the library's own choice is for secrets.
    #[cfg(unix)]
    unfinished.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let new = unfinished.tempfile_in(folder).map_err(NotebookError::io(path))?;
    let mut out = std::io::BufWriter::new(new);
    write(&mut out)?;
    let new = out.into_inner().map_err(|e| NotebookError::io(path)(e.into_error()))?;
    if let Some(old) = old {
        new.as_file().set_permissions(old).map_err(NotebookError::io(path))?;
    }
    new.as_file().sync_all().map_err(NotebookError::io(path))?;
    new.persist(&target).map_err(|e| NotebookError::io(path)(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_old_file_stays_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.pdf");
        std::fs::write(&path, "old").unwrap();
        let failed = write_new(&path, |out| {
            out.write_all(b"half of the new one").unwrap();
            Err(NotebookError::DiskFull)
        });
        assert!(matches!(failed, Err(NotebookError::DiskFull)));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        write_new(&path, |out| out.write_all(b"new").map_err(NotebookError::io(&path))).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn who_may_read_it_stays_and_a_link_stays_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let [path, link, other] = ["plan.pdf", "link.pdf", "new.pdf"].map(|name| dir.path().join(name));
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_new(&link, |out| out.write_all(b"new").map_err(NotebookError::io(&link))).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o640);
        // One that was not there is like any other that this person makes.
        write_new(&other, |_| Ok(())).unwrap();
        std::fs::write(path.with_extension("txt"), "").unwrap();
        assert_eq!(mode(&other), mode(&path.with_extension("txt")));
    }

    #[test]
    fn a_file_is_cut_in_one_way_only() {
        let chunk = CHUNK_BYTES as u64;
        for (size, chunks, cut) in [
            (0, 1, Some(Cut::Whole)),
            (chunk, 1, Some(Cut::Whole)),
            (60 * chunk, 1, Some(Cut::Whole)),
            (chunk + 1, 2, Some(Cut::Chunks(2))),
            (3 * chunk, 3, Some(Cut::Chunks(3))),
            (3 * chunk, 4, None),
            (3 * chunk, 2, None),
            (chunk, 2, None),
            (0, 0, None),
            (u64::MAX, 7, None),
        ] {
            assert_eq!(Cut::of(size, chunks), cut, "{size} in {chunks}");
        }
        let cut = Cut::Chunks(2);
        assert_eq!([0, 1, 2].map(|n| cut.plain_bytes(chunk + 7, n)), [chunk, 7, 0]);
        assert_eq!(Cut::Whole.plain_bytes(chunk + 7, 0), chunk + 7);
    }
}
