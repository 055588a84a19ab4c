//! What the system says of a process.

use std::fs;

/// Physical memory that a process has, in bytes: this one, or the one with that id. `None` where there is no `/proc`, or no such process.
pub fn resident_bytes(pid: Option<u64>) -> Option<u64> {
    let path = pid.map_or_else(|| "/proc/self/status".to_owned(), |pid| format!("/proc/{pid}/status"));
    resident_of(&fs::read_to_string(path).ok()?)
}

/// The number of KiB in the line `VmRSS:      1234 kB`, in bytes. A process that has ended has none.
fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_and_others_are_none() {
        assert_eq!(resident_of("Name:\tslowtax\nVmHWM:\t  20 kB\nVmRSS:\t   1234 kB\nThreads: 3"), Some(1234 * 1024));
        for none in ["", "VmRSS:", "VmRSS:\t kB", "VmRSS:\t12 MB", "VmRSS:\t18446744073709551615 kB", "Name:\tx"] {
            assert_eq!(resident_of(none), None, "{none}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_one_that_is_not_there_has_none() {
        let own = resident_bytes(Some(u64::from(std::process::id()))).unwrap();
        assert!(own > 1 << 20 && resident_bytes(None).is_some(), "{own}");
        assert_eq!(resident_bytes(Some(u64::MAX)), None);
    }
}
