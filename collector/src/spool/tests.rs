//! The spool on a file system that loses what was not synced, tears what it was writing, and is full at times; and on a real one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use super::disk::{Disk, DiskFile};
use super::*;
use crate::store::rows::{GoalRow, PageViewRow, Tables};

const LIMITS: SpoolLimits = SpoolLimits {
    rows_max: 50_000,
    bytes_max: 16 << 20,
    age_max: Duration::from_hours(1),
    spool_bytes_max: 1 << 30,
    free_bytes_min: 0,
    syncs_records: true,
    syncs_segments: true,
};

/// One row of the first table, which is its number.
fn beacon(number: u64) -> EncodedRows {
    let payload = [&[0][..], &1_u32.to_le_bytes(), &8_u32.to_le_bytes(), &number.to_le_bytes()].concat();
    EncodedRows { rows: 1, payload }
}

fn numbers(batches: &[Batch]) -> Vec<u64> {
    let bytes = batches.iter().flat_map(|batch| batch.bytes.chunks_exact(8));
    bytes.map(|number| u64::from_le_bytes(number.try_into().expect("eight"))).collect()
}

/// A name that was given or taken.
#[derive(Clone, Debug)]
enum Naming {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug, Default)]
struct Model {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    lasting: BTreeMap<String, usize>,
    /// What happened to names since they were made to last.
    pending: Vec<Naming>,
    /// Operations until the machine dies.
    lives: Option<usize>,
    /// Bytes that may still be written.
    room: Option<usize>,
}

/// A file system that forgets.
#[derive(Clone, Debug, Default)]
struct Forgetful(Arc<Mutex<Model>>);

struct ForgetfulFile {
    disk: Forgetful,
    file: usize,
}

impl Forgetful {
    /// One more operation; an error once the machine is dead.
    fn step<T>(&self, run: impl FnOnce(&mut Model) -> io::Result<T>) -> io::Result<T> {
        let mut model = self.0.lock().unwrap();
        match &mut model.lives {
            Some(0) => return Err(io::Error::other("the machine is dead")),
            Some(lives) => *lives -= 1,
            None => {}
        }
        run(&mut model)
    }

    fn name(&self, naming: Naming) -> io::Result<()> {
        self.step(|model| {
            naming.apply(&mut model.names);
            model.pending.push(naming);
            Ok(())
        })
    }

    /// What is there when the machine has come up again. `random` decides how much of what was not synced: of the names so many of the latest changes, of
    /// a file some of what was written, the last of it perhaps as zeros.
    fn after_power_loss(&self, mut random: impl FnMut() -> usize) -> Self {
        let model = self.0.lock().unwrap();
        let mut names = model.lasting.clone();
        let kept = random() % (model.pending.len() + 1);
        model.pending[..kept].iter().for_each(|naming| naming.apply(&mut names));
        let mut survive = |content: &Content| {
            let mut bytes = content.synced.clone();
            if let Some(tail) = content.now.strip_prefix(&bytes[..]) {
                let length = random() % (tail.len() + 1);
                let torn = random() % (length + 1);
                bytes.extend_from_slice(&tail[..torn]);
                bytes.resize(content.synced.len() + length, 0);
            }
            Content { now: bytes.clone(), synced: bytes }
        };
        let files = model.files.iter().map(&mut survive).collect();
        Self(Arc::new(Mutex::new(Model { files, names: names.clone(), lasting: names, ..Model::default() })))
    }
}

impl Disk for Forgetful {
    type File = ForgetfulFile;

    fn create(&self, name: &str) -> io::Result<ForgetfulFile> {
        let file = self.step(|model| {
            model.files.push(Content::default());
            Ok(model.files.len() - 1)
        })?;
        self.name(Naming::Create(name.to_owned(), file))?;
        Ok(ForgetfulFile { disk: self.clone(), file })
    }

    fn reopen(&self, name: &str, length: u64) -> io::Result<ForgetfulFile> {
        let file = self.step(|model| model.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into()))?;
        let mut file = ForgetfulFile { disk: self.clone(), file };
        file.cut(length)?;
        Ok(file)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.step(|model| {
            let file = model.names.get(name).ok_or(io::ErrorKind::NotFound)?;
            Ok(model.files[*file].now.clone())
        })
    }

    fn read_end(&self, name: &str, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let bytes = Disk::read(self, name)?;
        Ok((bytes[bytes.len().saturating_sub(most)..].to_vec(), bytes.len() as u64))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.step(|model| Ok(model.names.keys().cloned().collect()))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.name(Naming::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.name(Naming::Remove(name.to_owned()))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.step(|model| {
            model.lasting.clone_from(&model.names);
            model.pending.clear();
            Ok(())
        })
    }

    fn free_bytes(&self) -> io::Result<u64> {
        // Tells nothing, so that a full disk is met while writing.
        Ok(u64::MAX)
    }
}

impl DiskFile for ForgetfulFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.step(|model| {
            let fits = model.room.map_or(bytes.len(), |room| room.min(bytes.len()));
            model.files[self.file].now.extend_from_slice(&bytes[..fits]);
            if let Some(room) = &mut model.room {
                *room -= fits;
            }
            if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.disk.step(|model| {
            model.files[self.file].now.truncate(usize::try_from(length).expect("small"));
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step(|model| {
            let content = &mut model.files[self.file];
            content.synced.clone_from(&content.now);
            Ok(())
        })
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// What ClickHouse has: a segment's name again changes nothing, but must bring the same.
#[derive(Default)]
struct Stored(BTreeMap<String, Vec<u64>>);

impl Stored {
    fn store(&mut self, name: &str, rows: &[u64]) {
        let known = self.0.entry(name.to_owned()).or_insert_with(|| rows.to_vec());
        assert_eq!(known, rows, "{name} came again, and was another");
    }

    fn rows(&self) -> Vec<u64> {
        self.0.values().flatten().copied().collect()
    }
}

/// Appends in groups that wait for each other, and gives those that were acknowledged.
async fn append_groups(spool: &Arc<Spool>, groups: impl IntoIterator<Item = Vec<u64>>) -> BTreeSet<u64> {
    let mut acknowledged = BTreeSet::new();
    for group in groups {
        let tasks: Vec<_> = group
            .into_iter()
            .map(|number| {
                let spool = spool.clone();
                tokio::spawn(async move { (number, spool.append(beacon(number)).await) })
            })
            .collect();
        for task in tasks {
            let (number, result) = task.await.unwrap();
            if result.is_ok() {
                acknowledged.insert(number);
            }
        }
    }
    acknowledged
}

/// Stores so many of the segments that are sealed, or all until the spool is closed.
async fn store_some(spool: &Spool, sealed: &mut SealedSegments, stored: &mut Stored, most: usize) {
    for _ in 0..most {
        let Ok(Some(segment)) = tokio::time::timeout(Duration::from_millis(50), sealed.next()).await else { return };
        // As the writer does.
        let (batches, damage) = match spool.read(&segment) {
            Ok((batches, is_whole)) => (batches, (!is_whole).then(|| "its end".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => (Vec::new(), Some(error.to_string())),
            Err(_) => return,
        };
        stored.store(&segment.name, &numbers(&batches));
        if let Some(why) = damage {
            spool.put_aside(&segment, &why);
        }
        spool.stored(&segment);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whenever the machine dies: what was acknowledged is there after the next start, and nothing is there twice.
    #[test]
    fn what_was_acknowledged_survives_the_machine(
        groups in prop::collection::vec(1_u64..6, 1..12),
        rows_max in 1_usize..8,
        lives in 1_usize..80,
        read in 0_usize..4,
        mut seed: u64,
    ) {
        let disk = Forgetful::default();
        let limits = SpoolLimits { rows_max, ..LIMITS };
        let mut stored = Stored::default();
        let Opened { spool, mut sealed, .. } = Spool::start(Arc::new(disk.clone()), limits, "n-1".to_owned()).unwrap();
        disk.0.lock().unwrap().lives = Some(lives);
        let mut next = 0;
        let groups: Vec<Vec<u64>> = groups.into_iter().map(|count| { next += count; (next - count..next).collect() }).collect();
        let acknowledged = block_on(async {
            let acknowledged = append_groups(&spool, groups).await;
            store_some(&spool, &mut sealed, &mut stored, read).await;
            acknowledged
        });
        spool.close();

        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).expect("31 bits")
        };
        let Opened { spool, mut sealed, .. } = Spool::start(Arc::new(disk.after_power_loss(&mut random)), limits, "n-2".to_owned()).unwrap();
        block_on(store_some(&spool, &mut sealed, &mut stored, usize::MAX));
        spool.close();
        prop_assert_eq!(spool.fill(), Fill::default());

        let rows = stored.rows();
        let once: BTreeSet<u64> = rows.iter().copied().collect();
        prop_assert_eq!(once.len(), rows.len(), "something is there twice: {:?}", rows);
        prop_assert!(acknowledged.is_subset(&once), "acknowledged {:?}, there {:?}", acknowledged, once);
    }

    /// A disk that is full refuses, damages nothing, and takes again when there is room.
    #[test]
    fn a_full_disk_refuses_and_recovers(groups in prop::collection::vec(1_u64..6, 2..12), rows_max in 1_usize..8, room in 0_usize..20_000) {
        let disk = Forgetful::default();
        let limits = SpoolLimits { rows_max, ..LIMITS };
        let mut stored = Stored::default();
        let Opened { spool, mut sealed, .. } = Spool::start(Arc::new(disk.clone()), limits, "n-1".to_owned()).unwrap();
        let mut next = 0;
        let mut groups: Vec<Vec<u64>> = groups.into_iter().map(|count| { next += count; (next - count..next).collect() }).collect();
        let last = groups.pop().expect("two at least");
        disk.0.lock().unwrap().room = Some(room);
        let mut acknowledged = block_on(append_groups(&spool, groups));
        disk.0.lock().unwrap().room = None;
        let after: BTreeSet<u64> = last.iter().copied().collect();
        let taken = block_on(append_groups(&spool, [last]));
        prop_assert_eq!(&taken, &after, "there is room again");
        prop_assert!(!spool.is_full());
        acknowledged.extend(taken);
        spool.close();
        block_on(store_some(&spool, &mut sealed, &mut stored, usize::MAX));
        let rows = stored.rows();
        prop_assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), acknowledged);
        prop_assert_eq!(rows.len(), stored.0.values().map(Vec::len).sum::<usize>());
        prop_assert_eq!(spool.fill(), Fill::default());
    }
}

#[test]
fn a_segment_whose_footer_has_no_room_is_stored_as_it_is() {
    let disk = Forgetful::default();
    let limits = SpoolLimits { rows_max: 1, ..LIMITS };
    let Opened { spool, mut sealed, .. } = Spool::start(Arc::new(disk.clone()), limits, "n-1".to_owned()).unwrap();
    // The header and one record go in, and not a byte more.
    let mut file = Vec::new();
    format::write_header(&Header { name: "n-1-00000000".to_owned(), tables: table_columns() }, &mut file);
    format::write_record(&beacon(7).payload, &mut file);
    disk.0.lock().unwrap().room = Some(file.len());
    block_on(async {
        spool.append(beacon(7)).await.unwrap();
        let segment = sealed.next().await.unwrap();
        assert_eq!(spool.append(beacon(8)).await, Err(Full));
        let (batches, is_whole) = spool.read(&segment).unwrap();
        assert_eq!((numbers(&batches), is_whole), (vec![7], true));
        spool.stored(&segment);
        disk.0.lock().unwrap().room = None;
        spool.append(beacon(9)).await.unwrap();
    });
    spool.close();
    assert_eq!(disk.list().unwrap(), ["n-1-00000002.segment"], "what was stored is gone");
}

fn opened(directory: &Path, run: &str, rows_max: usize, config: SpoolConfig) -> (Arc<Spool>, SealedSegments) {
    let writer = WriterConfig { rows_max, bytes_max: 1 << 20, age_max_ms: 100 };
    let Opened { spool, sealed, .. } = Spool::open(directory, run.to_owned(), &config, &writer).unwrap();
    (spool, sealed)
}

const ON_DISK: SpoolConfig = SpoolConfig { mode: Mode::Synced, bytes_max: 1 << 20, free_bytes_min: 0 };

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_segment_is_sealed_at_its_number_of_rows_and_is_removed_when_it_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut sealed) = opened(directory.path(), "n-1", 3, ON_DISK);
    block_on(async {
        let view = Tables { page_views: vec![PageViewRow::default(); 2], ..Tables::default() };
        let goal = Tables { goals: vec![GoalRow::default()], ..Tables::default() };
        spool.append(view.encode().unwrap()).await.unwrap();
        spool.append(goal.encode().unwrap()).await.unwrap();
        let segment = sealed.next().await.unwrap();
        assert_eq!((segment.name.as_str(), segment.rows), ("n-1-00000000", 3));
        let (batches, is_whole) = spool.read(&segment).unwrap();
        assert!(is_whole);
        let found: Vec<_> = batches.iter().map(|batch| (batch.table.as_str(), batch.rows)).collect();
        assert_eq!(found, [("page_views", 2), ("goals", 1)]);
        assert_eq!(spool.fill().segments, 1);
        spool.stored(&segment);
    });
    spool.close();
    assert_eq!((spool.fill(), names(directory.path())), (Fill::default(), vec![]));
}

#[test]
fn a_segment_is_sealed_at_its_age_unless_others_wait() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut sealed) = opened(directory.path(), "n-1", 100, ON_DISK);
    block_on(async {
        spool.append(beacon(1)).await.unwrap();
        // By its age.
        while spool.fill().segments == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for number in 2..5 {
            spool.append(beacon(number)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        assert_eq!(spool.fill().segments, 1, "one waits already");
        assert_eq!(numbers(&spool.read(&sealed.next().await.unwrap()).unwrap().0), [1]);
        assert_eq!(numbers(&spool.read(&sealed.next().await.unwrap()).unwrap().0), [2, 3, 4]);
    });
    spool.close();
}

#[test]
fn the_spool_takes_its_number_of_bytes_and_not_one_more() {
    let directory = tempfile::tempdir().unwrap();
    let record = beacon(0).payload.len() as u64 + 8;
    let (spool, mut sealed) = opened(directory.path(), "n-1", 2, SpoolConfig { bytes_max: 3 * record, ..ON_DISK });
    block_on(async {
        for number in 0..3 {
            spool.append(beacon(number)).await.unwrap();
        }
        assert_eq!(spool.append(beacon(3)).await, Err(Full));
        assert!(spool.is_full());
        let segment = sealed.next().await.unwrap();
        spool.stored(&segment);
        spool.append(beacon(4)).await.unwrap();
        assert!(!spool.is_full());
    });
    spool.close();
    assert_eq!(block_on(spool.append(beacon(5))), Err(Full), "it is closed");
}

#[test]
fn room_is_what_is_left_of_the_spool_or_of_the_disk_whichever_is_less() {
    let limits = SpoolLimits { spool_bytes_max: 1000, free_bytes_min: 100, ..LIMITS };
    for (held, free, room) in [
        (0, u64::MAX, 1000),
        (250, u64::MAX, 750),
        (1000, u64::MAX, 0),
        (1001, u64::MAX, 0),
        // Half of what the disk could hold in all is there.
        (400, 500, 500),
        (0, 101, 1000),
        (0, 100, 0),
        (400, 99, 0),
    ] {
        assert_eq!(limits.room(held, free), room, "{held} held, {free} free");
    }
}

#[test]
fn a_part_of_the_disk_is_left_free() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _sealed) = opened(directory.path(), "n-1", 2, SpoolConfig { free_bytes_min: 1 << 50, ..ON_DISK });
    assert_eq!(block_on(spool.append(beacon(0))), Err(Full));
    spool.close();
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn a_record_that_is_too_large_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _sealed) = opened(directory.path(), "n-1", 2, SpoolConfig { bytes_max: 8 << 20, ..ON_DISK });
    let of = |bytes: usize| EncodedRows { rows: 1, payload: vec![9; bytes] };
    assert_eq!(block_on(spool.append(of(format::RECORD_BYTES_MAX + 1))), Err(Full));
    assert_eq!(block_on(spool.append(of(format::RECORD_BYTES_MAX))), Ok(()));
    spool.close();
}

#[test]
fn a_start_finds_what_was_left_cuts_a_torn_tail_and_puts_aside_what_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (spool, sealed) = opened(directory.path(), "n-1", 2, ON_DISK);
    block_on(append_groups(&spool, (0..5).map(|number| vec![number])));
    // As a process that is killed leaves it.
    drop(sealed);
    std::mem::forget(spool);
    assert_eq!(names(directory.path()), ["n-1-00000000.segment", "n-1-00000001.segment", "n-1-00000002.open"]);

    let mut open = std::fs::read(path("n-1-00000002.open")).unwrap();
    open.extend_from_slice(&[21, 0, 0, 0, 1, 2, 3]);
    std::fs::write(path("n-1-00000002.open"), open).unwrap();
    let mut damaged = std::fs::read(path("n-1-00000001.segment")).unwrap();
    let last_record = damaged.len() - 24 - 1;
    damaged[last_record] ^= 1;
    std::fs::write(path("n-1-00000001.segment"), damaged).unwrap();
    std::fs::write(path("n-0-00000000.segment"), b"something else").unwrap();
    // Sound at its end, by which the start goes, and not at its front.
    let mut headless = std::fs::read(path("n-1-00000000.segment")).unwrap();
    headless[0] ^= 1;
    std::fs::write(path("n-0-00000002.segment"), headless).unwrap();
    std::fs::write(path("n-0-00000001.open"), b"slow").unwrap();
    std::fs::write(path("notes.txt"), b"not ours").unwrap();

    let (spool, mut sealed) = opened(directory.path(), "n-2", 2, ON_DISK);
    assert_eq!((spool.fill().rows, spool.fill().segments), (7, 4));
    let mut stored = Stored::default();
    block_on(store_some(&spool, &mut sealed, &mut stored, usize::MAX));
    spool.close();
    assert_eq!(stored.rows(), [0, 1, 2, 4], "the damaged row is lost, and no other");
    assert_eq!(spool.fill(), Fill::default());
    let left =
        ["n-0-00000000.segment.damaged", "n-0-00000002.segment.damaged", "n-1-00000001.segment.damaged", "notes.txt"];
    assert_eq!(names(directory.path()), left);
}

#[test]
fn a_start_tells_the_snapshots_that_the_last_run_took_last() {
    let directory = tempfile::tempdir().unwrap();
    for (run, views) in [("n-9", 0..4), ("n-10", 4..10)] {
        let (spool, sealed) = opened(directory.path(), run, 2, ON_DISK);
        for view_id in views {
            let view = Tables { page_views: vec![PageViewRow::default()], ..Tables::default() };
            block_on(spool.append(view.encode_snapshot("shop", view_id, 3).unwrap())).unwrap();
        }
        // One that is open, too, and as a process that is killed leaves it.
        block_on(spool.append(beacon(1))).unwrap();
        drop(sealed);
        std::mem::forget(spool);
    }
    let writer = WriterConfig { rows_max: 2, bytes_max: 1 << 20, age_max_ms: 100 };
    let Opened { spool, snapshots, .. } = Spool::open(directory.path(), "n-11".to_owned(), &ON_DISK, &writer).unwrap();
    let mut views: Vec<_> = snapshots.iter().map(|id| (id.site.as_str(), id.view_id, id.seq)).collect();
    views.sort_unstable();
    assert_eq!(views, [("shop", 8, 3), ("shop", 9, 3)], "of the two newest: n-10-3 is open, n-10-2 is sealed");
    spool.close();
}

#[test]
fn in_memory_nothing_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut sealed) = opened(directory.path(), "n-1", 2, SpoolConfig { mode: Mode::Memory, ..ON_DISK });
    block_on(append_groups(&spool, [vec![1, 2, 3]]));
    assert_eq!(names(directory.path()), Vec::<String>::new());
    spool.close();
    let mut stored = Stored::default();
    block_on(store_some(&spool, &mut sealed, &mut stored, usize::MAX));
    assert_eq!(stored.rows().len(), 3);
}

#[test]
fn what_one_thread_takes_at_a_time_goes_together_and_each_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let record = beacon(0).payload.len() as u64 + 8;
    let (spool, sealed) = opened(directory.path(), "n-1", 10_000, SpoolConfig { bytes_max: 700 * record, ..ON_DISK });
    let gatherer = Gatherer::new(spool.clone());
    let together = |count: u64| {
        block_on(tokio::task::LocalSet::new().run_until(async {
            let tasks: Vec<_> = (0..count)
                .map(|number| {
                    let gatherer = gatherer.clone();
                    tokio::task::spawn_local(async move { gatherer.append(beacon(number)).await })
                })
                .collect();
            let mut taken = 0;
            for task in tasks {
                taken += u64::from(task.await.unwrap().is_ok());
            }
            taken
        }))
    };
    assert_eq!(together(600), 600);
    assert_eq!(together(101), 0, "not all of them have room");
    assert_eq!(together(100), 100);
    let large = EncodedRows { rows: 1, payload: vec![9; format::RECORD_BYTES_MAX + 1] };
    assert_eq!(block_on(gatherer.append(large)), Err(Full));
    spool.close();
    drop(sealed);
    assert_eq!(spool.fill().rows, 700);
}
