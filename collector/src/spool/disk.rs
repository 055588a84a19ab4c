//! What the spool asks of a file system, so that a test can put one in its place that loses what was not synced.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// One directory of files. Names are relative to it.
pub(super) trait Disk: Send + Sync + 'static {
    type File: DiskFile;

    /// Makes a file that is not there yet.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Opens a file, to write behind its `length`-th byte; what it has behind that is cut off.
    fn reopen(&self, name: &str, length: u64) -> io::Result<Self::File>;
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// A file's last bytes, `most` of them or all, and how many it has.
    fn read_end(&self, name: &str, most: usize) -> io::Result<(Vec<u8>, u64)>;
    /// Every file's name, in no order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Replaces what has the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names last.
    fn sync_names(&self) -> io::Result<()>;
    /// How many bytes more may be written.
    fn free_bytes(&self) -> io::Result<u64>;
    /// When a file was written to last; now, where that is not known.
    fn modified(&self, _name: &str) -> SystemTime {
        SystemTime::now()
    }

    /// Writes a file so that it is there whole, and lasts, or is not there.
    fn write_whole(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = format!("{name}.new");
        // One that was left half-written.
        let _ = self.remove(&beside);
        let mut file = self.create(&beside)?;
        file.write(bytes)?;
        file.sync()?;
        self.rename(&beside, name)?;
        self.sync_names()
    }
}

/// A file that is written from front to back.
pub(super) trait DiskFile: Send + 'static {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts off what is behind the `length`-th byte.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Makes what was written last.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the system's.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Open, to be synced.
    handle: File,
}

impl Directory {
    /// Makes it, and those above it, where they are missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self { path: path.to_owned(), handle: File::open(path)? })
    }
}

impl Disk for Directory {
    type File = File;

    fn create(&self, name: &str) -> io::Result<File> {
        File::options().append(true).create_new(true).open(self.path.join(name))
    }

    fn reopen(&self, name: &str, length: u64) -> io::Result<File> {
        let file = File::options().append(true).open(self.path.join(name))?;
        file.set_len(length)?;
        Ok(file)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        // Takes as much memory as the file is long.
        fs::read(self.path.join(name))
    }

    fn read_end(&self, name: &str, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let mut file = File::open(self.path.join(name))?;
        let length = file.metadata()?.len();
        let back = length.min(most as u64);
        file.seek(SeekFrom::Start(length - back))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((bytes, length))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.handle.sync_all()
    }

    fn modified(&self, name: &str) -> SystemTime {
        let found = fs::metadata(self.path.join(name)).and_then(|file| file.modified());
        found.unwrap_or_else(|_| SystemTime::now())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let found = rustix::fs::fstatvfs(&self.handle)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

impl DiskFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Files that are nowhere but in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Memory {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// A file in memory.
#[derive(Debug)]
pub(super) struct MemoryFile {
    disk: Memory,
    name: String,
}

impl Disk for Memory {
    type File = MemoryFile;

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        self.files().insert(name.to_owned(), Vec::new());
        Ok(MemoryFile { disk: self.clone(), name: name.to_owned() })
    }

    fn reopen(&self, name: &str, length: u64) -> io::Result<MemoryFile> {
        let mut file = MemoryFile { disk: self.clone(), name: name.to_owned() };
        file.cut(length)?;
        Ok(file)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.files().get(name).cloned().ok_or_else(not_found)
    }

    fn read_end(&self, name: &str, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let bytes = self.read(name)?;
        let end = bytes.get(bytes.len().saturating_sub(most)..).unwrap_or_default();
        Ok((end.to_vec(), bytes.len() as u64))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().cloned().collect())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files();
        let bytes = files.remove(from).ok_or_else(not_found)?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files().remove(name).map(|_| ()).ok_or_else(not_found)
    }

    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl DiskFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.files().get_mut(&self.name).ok_or_else(not_found)?.extend_from_slice(bytes);
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.disk.files().get_mut(&self.name).ok_or_else(not_found)?.truncate(length);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
