//! A password from standard input: a line of it, or typed twice and unseen where that is a terminal.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::PASSWORD_BYTES_MAX;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Standard input or the terminal fails.
    #[error("the password cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Two lines that are not the same.
    #[error("the two passwords are not the same")]
    Different,
}

/// Reads a password, without its line end.
pub fn ask_password() -> Result<String, PromptError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(line(&mut stdin.lock())?);
    }
    let _hidden = Hidden::begin()?;
    let first = prompted("Password: ")?;
    if prompted("Again: ")? == first { Ok(first) } else { Err(PromptError::Different) }
}

fn prompted(prompt: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let typed = line(&mut io::stdin().lock());
    // The line end that was typed was not shown either.
    writeln!(terminal)?;
    typed
}

fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    // More than a password may have, so that a longer one is refused and not cut.
    input.take(PASSWORD_BYTES_MAX as u64 + 3).read_line(&mut text)?;
    let end = text.trim_end_matches('\n').trim_end_matches('\r').len();
    text.truncate(end);
    Ok(text)
}

/// The terminal does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Where it fails there is nobody to tell.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_its_end_and_nothing_else() {
        for (text, password) in
            [("secret\n", "secret"), ("secret\r\nmore", "secret"), (" se cret ", " se cret "), ("", "")]
        {
            assert_eq!(line(&mut text.as_bytes()).unwrap(), password);
        }
        assert_eq!(line(&mut "x".repeat(5000).as_bytes()).unwrap().len(), PASSWORD_BYTES_MAX + 3);
    }
}
