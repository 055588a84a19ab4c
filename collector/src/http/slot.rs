//! The places among the connections that there may be at a time, of all workers together.

use std::io::Write;
use std::sync::Arc;

use actix_http::error::{DispatchError, ParseError};
use actix_web::rt::net::TcpStream;

use super::refused::whole_answer;
use crate::metrics::Metrics;
use crate::reject::Reject;

/// A place among the connections that there may be.
pub(super) struct Slot(Arc<Metrics>);

impl Slot {
    /// None when all are taken: that is counted.
    pub(super) fn take(metrics: &Arc<Metrics>, connections_max: u64) -> Option<Self> {
        if metrics.connections.rise(connections_max) {
            return Some(Self(metrics.clone()));
        }
        metrics.request_refused(Reject::TooManyConnections);
        None
    }

    /// Holds the place while the connection lasts, and counts what ends it that is no HTTP.
    pub(super) async fn hold(
        self,
        connection: impl Future<Output = Result<(), DispatchError>>,
    ) -> Result<(), DispatchError> {
        let result = connection.await;
        match &result {
            Err(DispatchError::Parse(ParseError::TooLarge)) => self.0.request_refused(Reject::HeadTooLarge),
            Err(DispatchError::Parse(_)) => self.0.request_refused(Reject::Malformed),
            _ => {}
        }
        result
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.connections.fall();
    }
}

/// Ends a connection that has no place, and says why as far as its client takes it at once.
pub(super) fn turn_away<T>(stream: TcpStream) -> Option<T> {
    let told =
        stream.into_std().and_then(|mut stream| stream.write(whole_answer(Reject::TooManyConnections).as_bytes()));
    if let Err(error) = told {
        tracing::debug!(%error, "a connection was ended without a word");
    }
    None
}
