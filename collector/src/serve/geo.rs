//! The GeoIP database's file, at the start and when it changes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::enrich::geo::{GeoDatabase, GeoError};
use crate::metrics::Metrics;

/// Pause between looks at the file of the GeoIP database.
const GEO_LOOK_PAUSE: Duration = Duration::from_secs(2);

/// Reads the GeoIP database; `None` when none is configured.
pub fn load_geo(path: &Path) -> Result<Option<GeoDatabase>, GeoError> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    GeoDatabase::new(path, read_geo(path)?).map(Some)
}

fn read_geo(path: &Path) -> Result<Vec<u8>, GeoError> {
    std::fs::read(path).map_err(|error| GeoError::Unreadable { path: path.to_owned(), error })
}

/// A GeoIP database, and the file that it was read from.
pub(super) struct GeoFile {
    path: PathBuf,
    /// Of what was read; taken before, so that a change while it was read is seen afterwards.
    stamp: Option<FileStamp>,
    pub(super) database: GeoDatabase,
}

impl GeoFile {
    pub(super) fn open(path: &Path) -> Result<Option<Self>, GeoError> {
        let stamp = std::fs::metadata(path).ok().as_ref().map(FileStamp::of);
        Ok(load_geo(path)?.map(|database| Self { path: path.to_owned(), stamp, database }))
    }
}

/// What differs when a file has been replaced or written to, or may be read where it could not be.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Of its inode: of its owner and mode too, and nobody can set it back.
    changed: (i64, i64),
}

impl FileStamp {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// Says and shows which GeoIP database is used from now on.
pub(super) fn geo_in_use(path: &Path, geo: &GeoDatabase, metrics: &Metrics) {
    let (kind, built) = geo.describe();
    metrics.geo_built_s.set(built);
    tracing::info!(kind, built_unix_s = built, path = %path.display(), "GeoIP database in memory");
}

/// Reads the GeoIP database anew at SIGHUP, and when its file has changed; never ends. One that cannot be used is told once, and what is in
/// use stays.
pub(super) async fn keep_geo(geo: Option<GeoFile>, mut hangup: Signal, metrics: Arc<Metrics>) {
    let Some(GeoFile { path, stamp, database }) = geo else {
        while hangup.recv().await.is_some() {
            tracing::info!("SIGHUP: geo.database is not set, there is nothing to read anew");
        }
        return;
    };
    let (mut read, mut seen) = (stamp, stamp);
    loop {
        let is_asked = tokio::select! {
            Some(()) = hangup.recv() => true,
            () = sleep(GEO_LOOK_PAUSE) => false,
        };
        let stamp = tokio::fs::metadata(&path).await.ok().as_ref().map(FileStamp::of);
        // Whoever writes a file in place is not done while it changes from look to look.
        let has_settled = std::mem::replace(&mut seen, stamp) == stamp;
        if is_asked || (has_settled && stamp != read) {
            read = stamp;
            reload_geo(&path, &database, &metrics).await;
        }
    }
}

/// Reads and checks on a thread where that may take its time.
async fn reload_geo(path: &Path, database: &GeoDatabase, metrics: &Metrics) {
    let reading = {
        let (path, database) = (path.to_owned(), database.clone());
        spawn_blocking(move || database.replace(&path, read_geo(&path)?))
    };
    let problem = match reading.await {
        Ok(Ok(())) => {
            geo_in_use(path, database, metrics);
            metrics.geo_reloads.add(1);
            return;
        }
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!("the GeoIP database {} could not be checked: {panic}", path.display()),
    };
    let (_, built) = database.describe();
    tracing::error!(built_unix_s = built, "{problem}; the one in memory stays in use");
    metrics.geo_reload_failures.add(1);
}
