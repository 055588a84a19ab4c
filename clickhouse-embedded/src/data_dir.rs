//! The data directory: who owns it, and what lies in it.
//!
//! ```text
//! DIR/
//!   lock          held with flock(2) for life; has the owner's process id, for the message to a second one
//!   config/       config.xml and users.xml for the engine, written anew at every start
//!   db/           the engine's own: tables, metadata
//!   tmp/          results that wait for their end (`wait_end_of_query=1`), unlinked while open; emptied at start
//! ```
//!
//! The lock dies with the process, so a start after `kill -9` needs no help.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rand::Rng;
use rustix::fs::{FlockOperation, flock};

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it.
    #[error("data directory {path} is in use by another process ({owner})")]
    Locked {
        /// The directory.
        path: PathBuf,
        /// `pid N`, as the owner left it.
        owner: String,
    },
    /// It cannot be created or written.
    #[error("data directory {path} cannot be written: {source}")]
    NotWritable {
        /// The directory or file that failed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Memory that the engine may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// Half of the machine's, as an embedded engine shares it with others.
    HalfOfMachine,
    /// So many bytes.
    Bytes(u64),
}

/// A data directory that this process owns until it ends or drops this.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    /// Its flock is the ownership.
    _lock: File,
}

impl DataDir {
    /// Creates what is missing, takes the lock and writes the engine's configuration.
    pub fn open(root: &Path, memory: MemoryLimit) -> Result<Self, DataDirError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataDirError::NotWritable { path, source }
        };
        fs::create_dir_all(root).map_err(failed(root))?;
        let root = root.canonicalize().map_err(failed(root))?;
        let lock = take_lock(&root)?;
        let directory = Self { root, _lock: lock };
        for path in [directory.database(), directory.config(), directory.temporary()] {
            fs::create_dir_all(&path).map_err(failed(&path))?;
        }
        empty(&directory.temporary()).map_err(failed(&directory.temporary()))?;
        let users = directory.config().join("users.xml");
        write_durably(&users, USERS_XML).map_err(failed(&users))?;
        let config = directory.config_file();
        write_durably(&config, &config_xml(&users, memory)).map_err(failed(&config))?;
        for name in ["default", "system"] {
            create_database(&directory.database(), name).map_err(failed(&directory.database()))?;
        }
        Ok(directory)
    }

    /// The whole directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The engine's own directory.
    pub fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    /// The engine's configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config().join("config.xml")
    }

    /// For files that do not outlive the process.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn config(&self) -> PathBuf {
        self.root.join("config")
    }
}

fn take_lock(root: &Path) -> Result<File, DataDirError> {
    let path = root.join("lock");
    let failed = |source: io::Error| DataDirError::NotWritable { path: path.clone(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut owner = String::new();
            // The owner may be between taking the lock and writing its id; the refusal stands without it.
            let _ = file.read_to_string(&mut owner);
            let owner = match owner.trim() {
                "" => "pid unknown".to_owned(),
                pid => format!("pid {pid}"),
            };
            return Err(DataDirError::Locked { path: root.to_owned(), owner });
        }
        Err(errno) => return Err(failed(errno.into())),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file so that a crash leaves the old or the new content, never a part.
fn write_durably(path: &Path, content: &str) -> io::Result<()> {
    let temporary = path.with_extension("xml.new");
    let mut file = File::create(&temporary)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Makes `default` and `system` ordinary Atomic databases, as a server has them.
///
/// Left alone, the library makes `default` an overlay that also takes table names for paths of files and knows no
/// refreshable views, and `system` one that cannot tell how its tables are made. So the metadata of empty Atomic
/// databases is put there before the engine's first start, in the layout that the engine itself uses:
/// `metadata/NAME.sql`, and a link to the directory of the database's UUID.
fn create_database(database: &Path, name: &str) -> io::Result<()> {
    let metadata = database.join("metadata");
    let definition = metadata.join(format!("{name}.sql"));
    if definition.exists() {
        return Ok(());
    }
    let uuid = random_uuid();
    let store = Path::new("store").join(&uuid[..3]).join(&uuid);
    fs::create_dir_all(database.join(&store))?;
    fs::create_dir_all(&metadata)?;
    let link = metadata.join(name);
    match fs::remove_file(&link) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    symlink(Path::new("..").join(&store), &link)?;
    // Last: while it is missing, a start that was interrupted begins again.
    let temporary = metadata.join(format!("{name}.sql.new"));
    let mut file = File::create(&temporary)?;
    write!(file, "ATTACH DATABASE _ UUID '{uuid}'\nENGINE = Atomic\n")?;
    file.sync_all()?;
    fs::rename(temporary, definition)
}

/// A version 4 UUID in its usual notation.
pub fn random_uuid() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 0x0f), 16).unwrap_or('0'));
    }
    text
}

/// What differs from the engine's defaults, and why.
fn config_xml(users: &Path, memory: MemoryLimit) -> String {
    let memory = match memory {
        MemoryLimit::HalfOfMachine => {
            "<max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>".to_owned()
        }
        MemoryLimit::Bytes(bytes) => format!("<max_server_memory_usage>{bytes}</max_server_memory_usage>"),
    };
    format!(
        "<clickhouse>
    <!-- Written at every start: changes are lost. -->
    <users_config>{users}</users_config>
    <!-- No overlay that maps table names to files; `default` is an Atomic database in the data directory. -->
    <default_database></default_database>
    <database>default</database>
    {memory}
    <mark_cache_size>268435456</mark_cache_size>
    <max_thread_pool_free_size>64</max_thread_pool_free_size>
    <merge_tree>
        <!-- An acknowledged insert survives a loss of power: its files and its directory entry are on disk. -->
        <fsync_after_insert>1</fsync_after_insert>
        <fsync_part_directory>1</fsync_part_directory>
    </merge_tree>
</clickhouse>
",
        users = xml_text(&users.to_string_lossy()),
    )
}

/// The one user. It may do everything but read and write files of the machine (a server keeps SQL to a directory, the
/// library does not; see also [`crate::confinement`]), run commands, and shut the engine down (`SYSTEM SHUTDOWN` signals
/// the whole process group, which here is someone else's).
const USERS_XML: &str = "<clickhouse>
    <!-- Written at every start: changes are lost. -->
    <profiles><default></default></profiles>
    <quotas><default></default></quotas>
    <users>
        <default>
            <password></password>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants>
                <query>GRANT ALL ON *.*</query>
                <query>REVOKE FILE ON *.*</query>
                <query>REVOKE SQLITE ON *.*</query>
                <query>REVOKE TABLE ENGINE ON File</query>
                <query>REVOKE TABLE ENGINE ON FileLog</query>
                <query>REVOKE TABLE ENGINE ON SQLite</query>
                <query>REVOKE TABLE ENGINE ON EmbeddedRocksDB</query>
                <query>REVOKE TABLE ENGINE ON Executable</query>
                <query>REVOKE TABLE ENGINE ON ExecutablePool</query>
                <query>REVOKE SYSTEM SHUTDOWN ON *.*</query>
            </grants>
        </default>
    </users>
</clickhouse>
";

fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_and_told_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap();
        // flock belongs to the open file, so a second open in this process stands for a second process.
        let error = DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap_err();
        assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
        drop(first);
        DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap();
    }

    #[test]
    fn the_default_database_keeps_its_identity_over_starts() {
        let directory = tempfile::tempdir().unwrap();
        let read = || fs::read_to_string(directory.path().join("db/metadata/default.sql")).unwrap();
        drop(DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap());
        let first = read();
        drop(DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap());
        assert_eq!(read(), first);
        assert!(directory.path().join("db/metadata/default").canonicalize().unwrap().is_dir());
    }

    #[test]
    fn a_start_that_was_interrupted_begins_again() {
        let directory = tempfile::tempdir().unwrap();
        drop(DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap());
        fs::remove_file(directory.path().join("db/metadata/default.sql")).unwrap();
        drop(DataDir::open(directory.path(), MemoryLimit::HalfOfMachine).unwrap());
        let definition = fs::read_to_string(directory.path().join("db/metadata/default.sql")).unwrap();
        let target = fs::read_link(directory.path().join("db/metadata/default")).unwrap();
        assert!(definition.contains(target.file_name().unwrap().to_str().unwrap()), "{definition} {target:?}");
    }

    #[test]
    fn a_path_with_markup_stays_a_path() {
        let xml = config_xml(Path::new("/a<b>&c/users.xml"), MemoryLimit::Bytes(7));
        assert!(xml.contains("<users_config>/a&lt;b&gt;&amp;c/users.xml</users_config>"), "{xml}");
        assert!(xml.contains("<max_server_memory_usage>7</max_server_memory_usage>"), "{xml}");
    }

    #[test]
    fn uuids_are_of_version_4() {
        let uuid = random_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_ne!(uuid, random_uuid());
    }
}
