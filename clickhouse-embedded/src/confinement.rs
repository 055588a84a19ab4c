//! Keeps the process to its own files, with Linux's Landlock.
//!
//! The library is made for scripts that run as their user: in its SQL the function `file()` reads any file, and a
//! dictionary may run any command, whatever the SQL user's grants say. Behind a port, also on loopback only, that
//! would be a way from another user's program to this user's files. So before the engine is loaded the process gives
//! up every right on files but these: all on its data directory, except to execute; reading what the engine, its
//! library and name resolution need of the system. It cannot be taken back, and holds for every thread.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, path_beneath_rules,
};

/// The rights that are given up, all or none of them: of Linux 5.19, the first that lets a confined process rename from
/// one directory to another, as the engine must.
const RIGHTS: ABI = ABI::V2;

/// What the engine reads of the system: processors and memory, shared libraries (of name resolution), time zones,
/// names of hosts, certificates. Not `/proc/self`, whose `environ` may have a supervisor's secrets: the engine does without, but for `auxv`, the kernel's
/// facts for the process. Without it the engine looks for these behind the environment, which is not there any more, and crashes at times.
const READABLE: [&str; 32] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/pressure",
    "/proc/self/auxv",
    "/proc/stat",
    "/proc/sys",
    "/proc/uptime",
    "/proc/vmstat",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/dev/random",
    "/dev/urandom",
];

/// Gives up the rights. `false`: this kernel cannot. To be called before any thread is started: threads that exist
/// already keep theirs.
pub fn confine(data: &Path, library: &Path) -> Result<bool, RulesetError> {
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let all = AccessFs::from_all(RIGHTS);
    let mut readable: Vec<PathBuf> = READABLE.iter().map(PathBuf::from).collect();
    readable.push(library.to_owned());
    // For the names of functions in stack traces.
    readable.extend(std::env::current_exe());
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(all);
    let Ok(ruleset) = ruleset else { return Ok(false) };
    let status = ruleset
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(["/dev/null"], read | AccessFs::WriteFile))?
        .add_rules(path_beneath_rules([data], all & !AccessFs::Execute))?
        .restrict_self()?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}
