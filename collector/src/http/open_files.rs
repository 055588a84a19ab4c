//! How many connections there may be: no more than are configured, and than the system lets this process have open beside its other files.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files that are left for everything else: the spool, ClickHouse, the libraries.
const OTHERS: u64 = 256;

/// Raises the process's limit of open files as far as the system allows, and gives how many connections fit: at least one.
pub(super) fn connections_max(configured: usize) -> u64 {
    let configured = u64::try_from(configured).unwrap_or(u64::MAX);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, "the limit of open files (ulimit -n) cannot be raised"),
        }
    }
    let fit = fitting(configured, limit.current);
    if fit < configured {
        tracing::warn!(
            connections_max = fit,
            configured,
            open_files_max = limit.current,
            "http.connections_max does not fit into the limit of open files (ulimit -n, systemd's LimitNOFILE): fewer are taken"
        );
    }
    fit
}

/// Where there is no limit, all fit.
fn fitting(configured: u64, open_files_max: Option<u64>) -> u64 {
    open_files_max.map_or(configured, |files| configured.min(files.saturating_sub(OTHERS)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest_and_there_is_always_one() {
        assert_eq!(fitting(16_384, None), 16_384);
        assert_eq!(fitting(16_384, Some(20_000)), 16_384);
        assert_eq!(fitting(16_384, Some(16_384 + OTHERS)), 16_384);
        assert_eq!(fitting(16_384, Some(16_384 + OTHERS - 1)), 16_383);
        assert_eq!(fitting(16_384, Some(1024)), 768);
        assert_eq!(fitting(16_384, Some(100)), 1);
    }
}
