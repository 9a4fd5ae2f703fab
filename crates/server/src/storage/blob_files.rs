//! Sealed blobs as files: `ab/abcdef…`, by their id.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use holdfast_protocol::Cid;

use crate::files::{make_private_dir, sync_dir, write_atomic};

pub(crate) struct BlobFiles {
    dir: PathBuf,
}

impl BlobFiles {
    /// Makes the folder, and sweeps what writes that were cut off have left.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        make_private_dir(dir)?;
        for shard in fs::read_dir(dir)? {
            let shard = shard?;
            if !shard.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(shard.path())? {
                let path = file?.path();
                if path.extension().is_some_and(|extension| extension == "tmp") {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    fn path(&self, cid: Cid) -> PathBuf {
        let name = cid.to_string();
        self.dir.join(&name[..2]).join(name)
    }

    /// On disk when this returns. The caller has checked `cid`.
    pub(crate) fn write(&self, cid: Cid, sealed: &[u8], nonce: u64) -> io::Result<()> {
        let path = self.path(cid);
        if let Some(shard) = path.parent().filter(|shard| !shard.exists()) {
            make_private_dir(shard)?;
            sync_dir(&self.dir)?;
        }
        write_atomic(&path, sealed, nonce)
    }

    /// Nothing where it is not there.
    pub(crate) fn remove(&self, cid: Cid) -> io::Result<()> {
        match fs::remove_file(self.path(cid)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    pub(crate) fn has(&self, cid: Cid) -> bool {
        self.path(cid).is_file()
    }

    /// A file that is not what its id says (a disk that fails) is moved aside and counts as not there: who has it sends
    /// it again.
    pub(crate) fn read(&self, cid: Cid) -> io::Result<Vec<u8>> {
        let path = self.path(cid);
        let sealed = fs::read(&path)?;
        if blake3::hash(&sealed).as_bytes() == &cid.0 {
            return Ok(sealed);
        }
        tracing::error!(%cid, "a blob is damaged; it is kept beside, as .damaged");
        fs::rename(&path, path.with_extension("damaged"))?;
        Err(io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_write_that_was_cut_off_is_swept_and_whole_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = BlobFiles::open(dir.path()).unwrap();
        let cid = Cid(*blake3::hash(b"sealed").as_bytes());
        blobs.write(cid, b"sealed", 1).unwrap();
        blobs.write(cid, b"sealed", 2).unwrap();
        let left = dir.path().join(&cid.to_string()[..2]).join("left.0000.tmp");
        fs::write(&left, b"se").unwrap();
        let blobs = BlobFiles::open(dir.path()).unwrap();
        assert!(!left.exists());
        assert_eq!(blobs.read(cid).unwrap(), b"sealed");
        assert_eq!(fs::read_dir(left.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_damaged_is_not_there_and_can_be_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = BlobFiles::open(dir.path()).unwrap();
        let sealed = b"sealed";
        let cid = Cid(*blake3::hash(sealed).as_bytes());
        blobs.write(cid, &sealed[..3], 1).unwrap();
        assert_eq!(blobs.read(cid).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!blobs.has(cid));
        blobs.write(cid, sealed, 2).unwrap();
        assert_eq!(blobs.read(cid).unwrap(), sealed);
    }
}
