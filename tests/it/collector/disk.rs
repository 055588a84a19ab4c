//! The disk is full, really: the data directory is on a file system of 2 MiB.
//!
//! The file system is a tmpfs in a mount namespace of its own, which a process of the test's holds: as root, or by a user namespace where the kernel
//! lets users make one. Where neither is possible the same is asked of a spool that is bounded to as much, and the test says so: that shows the refusals
//! and the way back, but no write that fails.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use beacon_format::Beacon;
use tests::collector::{CollectorProcess, Setup};
use tests::fault_proxy::FaultProxy;
use tests::http::Answer;

use super::outage::{assert_exactly_once, behind_proxy};
use super::sample::{binary, full};

const DISK_BYTES: u64 = 2 << 20;
/// More beacons than that do not fit, whatever is made of them.
const BEACONS_MAX: usize = 20_000;

/// A file system of 2 MiB, for as long as this value lives.
struct SmallDisk {
    holder: Child,
    /// As seen from outside of its namespace.
    path: PathBuf,
}

impl SmallDisk {
    /// Over an empty directory. Why not, where that is not possible.
    fn mount(directory: &Path) -> Result<Self, String> {
        let script = format!("mount -t tmpfs -o size={DISK_BYTES} tmpfs \"$0\" && echo mounted && exec cat");
        let mut why = String::new();
        for namespaces in ["--map-root-user", "--mount"] {
            let holder = Command::new("unshare")
                .args([namespaces, "--mount", "sh", "-c", &script])
                .arg(directory)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn();
            let mut holder = match holder {
                Ok(holder) => holder,
                Err(error) => return Err(format!("unshare cannot be started: {error}")),
            };
            let mut line = String::new();
            let _ = BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line);
            let path = format!("/proc/{}/root{}", holder.id(), directory.display());
            let is_there = line == "mounted\n" && std::fs::read_dir(&path).is_ok();
            if is_there {
                return Ok(Self { holder, path: path.into() });
            }
            let _ = holder.kill();
            let output = holder.wait_with_output().unwrap();
            why = format!("{why}{namespaces}: {}\n", String::from_utf8_lossy(&output.stderr));
        }
        Err(why)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A collector whose data directory is on the small disk, and what keeps that.
fn on_small_disk(proxy: &FaultProxy, database: &str, directory: &Path) -> (CollectorProcess, Option<SmallDisk>) {
    let url = proxy.url();
    let mut settings = vec![
        ("clickhouse.mode", "server"),
        ("clickhouse.url", url.as_str()),
        ("clickhouse.database", database),
        // Segments are small, so that room comes back in small pieces.
        ("writer.rows_max", "400"),
        ("spool.free_bytes_min", "0"),
    ];
    let disk = SmallDisk::mount(directory);
    let data_dir = disk.as_ref().map_or(directory, |disk| &disk.path).join("data").display().to_string();
    settings.push(("data_dir", &data_dir));
    let bytes_max = DISK_BYTES.to_string();
    if let Err(why) = &disk {
        let line = "=".repeat(80);
        eprintln!(
            "{line}\nNO FULL DISK IS TESTED: a tmpfs cannot be mounted here.\n{why}A bounded spool is tested instead.\n{line}"
        );
        settings.push(("spool.bytes_max", &bytes_max));
    }
    (CollectorProcess::start_unready(Setup::new(&settings)), disk.ok())
}

/// A beacon of a view that began when there was room: it is refused or taken as it is, and never left out for another to stand for it.
pub(super) fn begun_long_ago() -> Beacon<'static> {
    const EARLIER_MS: u32 = 600_000;
    let mut beacon = full();
    beacon.head.time_origin_ms -= u64::from(EARLIER_MS);
    beacon.head.sent_after_ms += EARLIER_MS;
    beacon
}

/// Sends until a beacon is refused, and so until there is no room; remembers those that were taken.
fn fill(collector: &CollectorProcess, acknowledged: &mut HashSet<u64>) -> Answer {
    for _ in 0..BEACONS_MAX {
        let beacon = begun_long_ago();
        let answer = collector.send(&binary(&beacon));
        if answer.status != 204 {
            return answer;
        }
        acknowledged.insert(beacon.head.view_id.0);
    }
    panic!("{BEACONS_MAX} beacons fit into {DISK_BYTES} bytes");
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (503, "{\"error\":\"queue_full\"}\n"));
    assert_eq!(answer.header("retry-after"), "5");
}

#[test]
fn a_full_disk_refuses_and_keeps_what_it_has_and_takes_again_when_it_drains() {
    let (proxy, database) = behind_proxy("disk_full");
    let directory = tempfile::tempdir().unwrap();
    proxy.cut();
    let (collector, _disk) = on_small_disk(&proxy, &database, directory.path());
    let mut acknowledged = HashSet::new();
    assert_refused(&fill(&collector, &mut acknowledged));
    let first = acknowledged.len();
    assert!(first > 100, "{first}");
    // Again and again: it goes on living, and each is refused or fits behind the last.
    let mut refused = 1;
    for _ in 0..200 {
        let beacon = begun_long_ago();
        let answer = collector.send(&binary(&beacon));
        if answer.status == 204 {
            acknowledged.insert(beacon.head.view_id.0);
        } else {
            assert_refused(&answer);
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused}");
    assert_eq!(collector.metric("slowtax_beacons_rejected_total{reason=\"queue_full\"}"), refused);
    assert_eq!(collector.metric("slowtax_queue_rows"), 4 * acknowledged.len() as u64);
    assert_eq!(collector.get("/health/live").status, 200);
    proxy.restore();
    collector.wait_until_stored();
    collector.wait_until_ready();
    for _ in 0..first {
        let beacon = begun_long_ago();
        assert_eq!(collector.send(&binary(&beacon)).status, 204, "there is room again");
        acknowledged.insert(beacon.head.view_id.0);
    }
    collector.wait_until_stored();
    println!(
        "a disk of {DISK_BYTES} bytes: {first} beacons fit, {refused} were refused, and {first} were taken after it had drained"
    );
    assert_exactly_once(&collector, &acknowledged);
    assert_nothing_is_damaged(&collector);
}

#[test]
fn a_write_that_fails_in_the_middle_leaves_nothing_of_it_behind() {
    let (proxy, database) = behind_proxy("disk_torn");
    let directory = tempfile::tempdir().unwrap();
    let (collector, disk) = on_small_disk(&proxy, &database, directory.path());
    collector.wait_until_ready();
    let Some(disk) = &disk else { return };
    // The spool looks how much is free before it writes. Somebody else takes the rest again and again, and sometimes in between.
    let rest = disk.path.join("rest");
    let is_over = AtomicBool::new(false);
    let take_the_rest = || {
        while !is_over.load(Ordering::SeqCst) {
            let mut file = File::create(&rest).unwrap();
            while file.write_all(&[0; 16 << 10]).is_ok() {}
        }
        std::fs::remove_file(&rest).unwrap();
    };
    let met = || collector.log().matches("rows could not be written; their beacons are refused").count();
    let mut acknowledged = HashSet::new();
    std::thread::scope(|scope| {
        scope.spawn(take_the_rest);
        let mut sent = 0;
        while met() < 3 && sent < BEACONS_MAX {
            for _ in 0..50 {
                let beacon = begun_long_ago();
                if collector.send(&binary(&beacon)).status == 204 {
                    acknowledged.insert(beacon.head.view_id.0);
                }
                sent += 1;
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    println!("{} writes failed for want of room, {} beacons were taken meanwhile", met(), acknowledged.len());
    assert!(met() > 0 && collector.log().contains("No space left on device"), "no write met a full disk");
    collector.wait_until_stored();
    assert_exactly_once(&collector, &acknowledged);
    assert_nothing_is_damaged(&collector);
}

#[test]
fn a_collector_that_is_killed_and_started_on_a_full_disk_keeps_everything() {
    let (proxy, database) = behind_proxy("disk_restart");
    let directory = tempfile::tempdir().unwrap();
    proxy.cut();
    let (mut collector, _disk) = on_small_disk(&proxy, &database, directory.path());
    let mut acknowledged = HashSet::new();
    for _ in 0..3 {
        // Also what is smaller than a beacon may fit no more.
        let rest = PathBuf::from(collector.setup().value("data_dir")).join("rest");
        assert_refused(&fill(&collector, &mut acknowledged));
        let _ = std::fs::write(&rest, vec![0; 64 << 10]);
        collector.kill9();
        collector = collector.restart_unready();
        assert_eq!(collector.metric("slowtax_queue_rows"), 4 * acknowledged.len() as u64);
        assert_refused(&fill(&collector, &mut acknowledged));
    }
    proxy.restore();
    collector.wait_until_ready();
    collector.wait_until_stored();
    let beacon = begun_long_ago();
    assert_eq!(collector.send(&binary(&beacon)).status, 204, "there is room again");
    acknowledged.insert(beacon.head.view_id.0);
    collector.wait_until_stored();
    assert_exactly_once(&collector, &acknowledged);
    assert_nothing_is_damaged(&collector);
}

/// A torn record would be put aside as damage, and what is stored is removed.
fn assert_nothing_is_damaged(collector: &CollectorProcess) {
    let names: Vec<_> = std::fs::read_dir(collector.setup().data_dir().join("spool"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.is_empty(), "{names:?}");
    assert_eq!(collector.metric("slowtax_segments_damaged_total"), 0);
}
