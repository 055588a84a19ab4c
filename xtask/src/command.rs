//! Runs other programs: bounded in time, in a process group of their own, their output labelled line by line.
//!
//! The process group is what makes a timeout or Ctrl-C end a whole tree (cargo and its compilers, npm and its
//! children) and not only its root.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::output::{forward, say};

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(20);
/// Between asking a process group to end and ending it.
const GRACE: Duration = Duration::from_secs(5);

/// Tells running programs to stop: the user's Ctrl-C or SIGTERM, or another step's failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    signal: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
}

impl Stop {
    /// Is raised by SIGINT, SIGTERM and SIGHUP from now on.
    pub(crate) fn on_signals() -> Result<Self> {
        let stop = Self::default();
        for number in [Signal::INT, Signal::TERM, Signal::HUP] {
            signal_hook::flag::register(number.as_raw(), Arc::clone(&stop.signal))
                .context("cannot install a signal handler")?;
        }
        Ok(stop)
    }

    /// Another step failed: what still runs is not needed any more.
    pub(crate) fn raise_for_failure(&self) {
        self.failed.store(true, Ordering::SeqCst);
    }

    /// The user asked to stop.
    pub(crate) fn by_signal(&self) -> bool {
        self.signal.load(Ordering::SeqCst)
    }

    /// Whatever the reason.
    pub(crate) fn raised(&self) -> bool {
        self.by_signal() || self.failed.load(Ordering::SeqCst)
    }
}

/// A program to run, with its label in the output and its time limit.
pub(crate) struct Program {
    command: Command,
    label: String,
    labels_lines: bool,
    limit: Duration,
}

impl Program {
    /// Nothing is inherited but the environment and the working directory; stdin is empty.
    pub(crate) fn new(label: &str, program: impl AsRef<OsStr>, limit: Duration) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        Self { command, label: label.to_owned(), labels_lines: true, limit }
    }

    /// Its output is shown as it is: for a program that runs alone, and whose last lines others may look for.
    pub(crate) fn unlabelled(mut self) -> Self {
        self.labels_lines = false;
        self
    }

    /// Another time limit than the one at the start.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn without_env(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    pub(crate) fn in_directory(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// The command line, as one would type it in its directory.
    pub(crate) fn line(&self) -> String {
        let program = self.command.get_program();
        let is_our_cargo = std::env::var_os("CARGO").is_some_and(|cargo| cargo == program);
        let words: Vec<OsString> = std::iter::once(if is_our_cargo { OsStr::new("cargo") } else { program })
            .chain(self.command.get_args())
            .map(OsStr::to_os_string)
            .collect();
        let line = words.join(OsStr::new(" ")).to_string_lossy().into_owned();
        match self.command.get_current_dir() {
            Some(dir) => line.replace(&format!("{}/", dir.display()), ""),
            None => line,
        }
    }

    /// Runs it with its output shown. An error when it cannot start, fails, takes too long or is told to stop.
    pub(crate) fn run(mut self, stop: &Stop) -> Result<()> {
        let line = self.line();
        say(&format!("{:>11} $ {line}", self.label));
        let mut child = self.start(&line)?;
        let label = self.labels_lines.then_some(self.label.as_str());
        let readers =
            [child.stdout.take().map(|out| forward(label, out)), child.stderr.take().map(|err| forward(label, err))];
        let ended = wait(&mut child, self.limit, stop);
        end_group(&child, Signal::KILL);
        for reader in readers.into_iter().flatten() {
            // A reader only prints; it cannot panic.
            let _ = reader.join();
        }
        judge(ended.with_context(|| format!("`{line}`"))?, &line)
    }

    /// Runs it and gives what it wrote to stdout, trimmed. What it wrote to stderr is in the error when it fails.
    pub(crate) fn read(mut self, stop: &Stop) -> Result<String> {
        let line = self.line();
        let mut child = self.start(&line)?;
        let out = child.stdout.take().map(collect);
        let err = child.stderr.take().map(collect);
        let ended = wait(&mut child, self.limit, stop);
        end_group(&child, Signal::KILL);
        let text = |reader: Option<std::thread::JoinHandle<String>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default().trim().to_owned()
        };
        let (out, err) = (text(out), text(err));
        match judge(ended.with_context(|| format!("`{line}`"))?, &line) {
            Err(error) if !err.is_empty() => Err(error.context(err)),
            judged => judged.map(|()| out),
        }
    }

    fn start(&mut self, line: &str) -> Result<Child> {
        self.command.spawn().with_context(|| format!("cannot start `{line}`"))
    }
}

/// A program's whole output, at most 1 MiB of it.
fn collect(source: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    const BYTES_MAX: u64 = 1024 * 1024;
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut source = source.take(BYTES_MAX);
        // What was read before an error is still worth showing.
        let _ = std::io::Read::read_to_end(&mut source, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn judge(status: ExitStatus, line: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{line}` failed: {status}")
}

/// Waits until the program ends, its time is up, or it is told to stop; in the last two cases its whole group is ended.
fn wait(child: &mut Child, limit: Duration, stop: &Stop) -> Result<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if stop.raised() {
            end_tree(child)?;
            bail!("stopped");
        }
        if started.elapsed() > limit {
            end_tree(child)?;
            bail!("took longer than {} s", limit.as_secs());
        }
        std::thread::sleep(POLL);
    }
}

/// Asks the group to end, and ends it when it has not after five seconds.
fn end_tree(child: &mut Child) -> Result<()> {
    end_group(child, Signal::TERM);
    wait_at_most(child, GRACE)?;
    end_group(child, Signal::KILL);
    wait_at_most(child, GRACE)?;
    Ok(())
}

/// Waits for a bounded time; whether the program has ended by then.
pub(crate) fn wait_at_most(child: &mut Child, limit: Duration) -> Result<bool> {
    let started = Instant::now();
    while child.try_wait()?.is_none() {
        if started.elapsed() > limit {
            return Ok(false);
        }
        std::thread::sleep(POLL);
    }
    Ok(true)
}

/// Signals the group that the program leads. A group that is gone is fine.
pub(crate) fn end_group(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}

/// Where a program is on PATH.
pub(crate) fn on_path(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| is_executable(file))
}

/// A file that somebody may execute.
pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(20);

    fn shell(script: &str, limit: Duration) -> Program {
        Program::new("test", "sh", limit).args(["-c", script])
    }

    #[test]
    fn a_failing_program_is_an_error_with_what_it_said() {
        let error = shell("echo why >&2; exit 3", SHORT).read(&Stop::default()).expect_err("exit 3");
        let text = format!("{error:#}");
        assert!(text.contains("why") && text.contains("exit status: 3"), "{text}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let started = Instant::now();
        let error = shell("sleep 600 & sleep 600; wait", Duration::from_millis(100))
            .read(&Stop::default())
            .expect_err("a limit of 100 ms");
        assert!(format!("{error:#}").contains("longer than"), "{error:#}");
        assert!(started.elapsed() < SHORT, "the background child kept its pipe open");
    }

    #[test]
    fn a_raised_stop_ends_a_running_program() {
        let stop = Stop::default();
        stop.raise_for_failure();
        let error = shell("sleep 600", SHORT).run(&stop).expect_err("stopped");
        assert!(format!("{error:#}").contains("stopped"), "{error:#}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Program::new("test", "no-such-program", SHORT).read(&Stop::default()).expect_err("absent");
        assert!(format!("{error:#}").contains("cannot start `no-such-program`"), "{error:#}");
    }
}
