//! A program that keeps running: started with labelled output, watched, and stopped with time to finish.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::{end_group, wait_at_most};
use crate::output::{forward, say};

/// How long a service may take to finish before it is ended.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A service to be started.
pub(crate) struct ServiceCommand {
    name: &'static str,
    command: Command,
}

impl ServiceCommand {
    /// In a process group of its own, so that the terminal's Ctrl-C reaches only us and the order of stopping is ours.
    pub(crate) fn new(name: &'static str, program: &Path, directory: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env("SLOWTAX_EXIT_ON_STDIN_EOF", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Self { name, command }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn start(mut self) -> Result<Service> {
        let program = self.command.get_program().to_string_lossy().into_owned();
        let mut child = self.command.spawn().with_context(|| format!("cannot start {program}"))?;
        let readers = [
            child.stdout.take().map(|out| forward(Some(self.name), out)),
            child.stderr.take().map(|err| forward(Some(self.name), err)),
        ];
        Ok(Service { name: self.name, child, readers: readers.into_iter().flatten().collect() })
    }
}

/// A running service. Its stdin, a pipe, stays open as long as this value lives.
pub(crate) struct Service {
    name: &'static str,
    child: Child,
    readers: Vec<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask after {}", self.name))
    }

    /// SIGTERM to the service itself (what it started it stops by itself), and the end of its group after 20 seconds.
    pub(crate) fn stop(mut self) {
        let started = Instant::now();
        let was_running = matches!(self.child.try_wait(), Ok(None));
        if was_running {
            if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                // Gone in the meantime is as good as stopped.
                let _ = kill_process(pid, Signal::TERM);
            }
            let stopped = wait_at_most(&mut self.child, STOP_LIMIT).unwrap_or(false);
            let verb = if stopped { "stopped" } else { "did not stop and was killed" };
            say(&format!("{:>11} : {verb} after {:.1} s", self.name, started.elapsed().as_secs_f64()));
        }
        end_group(&self.child, Signal::KILL);
        // Reaps it; it has ended or was killed.
        let _ = wait_at_most(&mut self.child, STOP_LIMIT);
        for reader in self.readers {
            // A reader only prints; it cannot panic.
            let _ = reader.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn shell(script: &str) -> Service {
        let command = ServiceCommand::new("test", Path::new("/bin/sh"), Path::new("/")).arg("-c").arg(script);
        command.start().expect("started")
    }

    #[test]
    fn a_service_is_asked_to_stop_before_it_is_killed() {
        let dir = tempfile::tempdir().expect("a directory");
        let (up, said) = (dir.path().join("up"), dir.path().join("said"));
        let script = "trap 'echo bye > SAID; exit 0' TERM; : > UP; while :; do read -r line || sleep 0.01; done";
        let script = script.replace("UP", &up.to_string_lossy()).replace("SAID", &said.to_string_lossy());
        let service = shell(&script);
        let started = Instant::now();
        while !up.exists() && started.elapsed() < STOP_LIMIT {
            std::thread::yield_now();
        }
        // The shell waits in `read`, which its trap interrupts.
        service.stop();
        assert_eq!(std::fs::read_to_string(&said).expect("its last word"), "bye\n");
    }

    #[test]
    fn a_service_that_ended_is_noticed_with_its_status() {
        let mut service = shell("exit 7");
        let started = Instant::now();
        let status = loop {
            match service.ended().expect("askable") {
                Some(status) => break status,
                None => assert!(started.elapsed() < STOP_LIMIT, "it never ended"),
            }
        };
        assert_eq!(status.code(), Some(7));
        service.stop();
    }

    #[test]
    fn it_hears_us_and_then_the_end_of_its_stdin() {
        let mut service = shell("read -r line && read -r line || exit 9");
        writeln!(service.child.stdin.as_mut().expect("a pipe"), "still there").expect("it listens");
        assert!(service.ended().expect("askable").is_none());
        drop(service.child.stdin.take());
        assert!(wait_at_most(&mut service.child, STOP_LIMIT).expect("askable"));
        assert_eq!(service.ended().expect("askable").and_then(|status| status.code()), Some(9));
        service.stop();
    }
}
