//! Sending a digest by SMTP.

use std::error::Error as _;
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::SmtpTransport;
use lettre::{Message, Transport as _};

use super::Digest;
use crate::config::MailConfig;

/// How long the server may take for each of its answers.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Why a digest was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The configuration has no server.
    #[error(
        "mail.smtp_url and mail.from are not set: there is no server to send mail with (without --to the digest is written to standard output)"
    )]
    NotConfigured,
    /// The mail has no form.
    #[error("the mail cannot be put together: {0}")]
    Message(#[from] lettre::error::Error),
    /// The server does not take it.
    #[error("the mail server did not take the mail: {0}")]
    Server(String),
    /// Sending it panicked.
    #[error("the mail was not sent, by a fault of our own")]
    Internal,
}

/// Whether mail can be sent at all.
pub(super) fn check(mail: &MailConfig) -> Result<(), SendError> {
    if mail.smtp_url.reveal().is_empty() || mail.from.is_empty() { Err(SendError::NotConfigured) } else { Ok(()) }
}

/// Sends a digest; returns when the server has taken it.
pub async fn send(mail: &MailConfig, to: Mailbox, digest: Digest) -> Result<(), SendError> {
    check(mail)?;
    let message = message(mail, to, digest)?;
    let transport = SmtpTransport::from_url(mail.smtp_url.reveal()).map_err(|error| told(&error))?;
    let transport = transport.timeout(Some(ANSWER_TIME_MAX)).build();
    let sent = tokio::task::spawn_blocking(move || transport.send(&message)).await;
    sent.map_err(|_| SendError::Internal)?.map_err(|error| told(&error))?;
    Ok(())
}

fn message(mail: &MailConfig, to: Mailbox, digest: Digest) -> Result<Message, SendError> {
    let from: Mailbox = mail.from.parse().map_err(|_| SendError::NotConfigured)?;
    let id = format!("<{:032x}@{}>", rand::random::<u128>(), from.email.domain());
    let body = MultiPart::alternative_plain_html(digest.text, digest.html);
    let built = Message::builder().from(from).to(to).subject(digest.subject).message_id(Some(id)).multipart(body);
    let mut message = built?;
    // So that nobody's "out of office" answers it (RFC 3834).
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    message.headers_mut().insert_raw(automatic);
    Ok(message)
}

/// What went wrong, down to its cause.
fn told(error: &lettre::transport::smtp::Error) -> SendError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // A message may have its cause in it already.
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    SendError::Server(text)
}
