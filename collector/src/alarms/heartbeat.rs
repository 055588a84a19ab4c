//! The dead man's ping: after each judgement an address is asked whose owner raises an alarm when that stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::{Answer, Client, Message, Target};
use crate::config::Secret;
use crate::metrics::Metrics;

/// Asks it, in the background and once at a time.
#[derive(Debug)]
pub struct Heartbeat {
    target: Option<Target>,
    client: Client,
    metrics: Arc<Metrics>,
    is_asking: Arc<AtomicBool>,
}

impl Heartbeat {
    /// Of `alarms.heartbeat_url`; where that is empty nothing is asked.
    pub fn new(url: &Secret, client: Client, metrics: Arc<Metrics>) -> Self {
        Self { target: Target::new(url.reveal()), client, metrics, is_asking: Arc::default() }
    }

    /// To be called after each judgement that came to an end. Returns at once; while the one before is not answered there is no other. Must be called within a
    /// tokio runtime.
    pub fn beat(&self) {
        let Some(target) = self.target.clone() else { return };
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (client, metrics, is_asking) = (self.client.clone(), self.metrics.clone(), self.is_asking.clone());
        tokio::spawn(async move {
            let answer = client.send(&target, &Message { body: None, headers: Vec::new() }).await;
            let failure = match answer {
                Ok(Answer { status: 200..=299, .. }) => None,
                Ok(Answer { status, .. }) => Some(format!("it answers {status}")),
                Err(reason) => Some(reason),
            };
            metrics.heartbeats.count(failure.is_none());
            if let Some(reason) = failure {
                tracing::warn!(reason, "alarms.heartbeat_url was not reached");
            }
            is_asking.store(false, Ordering::Release);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn asked(listener: &TcpListener) -> (TcpStream, String) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 1024];
        let length = stream.read(&mut head).await.unwrap();
        (stream, String::from_utf8_lossy(&head[..length]).into_owned())
    }

    async fn answer(mut stream: TcpStream, status: &str, heartbeat: &Heartbeat) {
        stream.write_all(format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
        drop(stream);
        while heartbeat.is_asking.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
    }

    fn line(metrics: &Metrics, outcome: &str) -> String {
        let text = metrics.render(crate::metrics::Gauges::default());
        let name = format!("slowtax_heartbeats_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().to_owned()
    }

    #[tokio::test]
    async fn it_is_asked_once_at_a_time_and_failures_are_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("http://{}/ping/me", listener.local_addr().unwrap()));
        let (client, metrics) = (Client::new(Path::new("")).unwrap(), Arc::new(Metrics::default()));
        let heartbeat = Heartbeat::new(&url, client.clone(), metrics.clone());
        heartbeat.beat();
        let (stream, head) = asked(&listener).await;
        assert!(head.starts_with("GET /ping/me HTTP/1.1\r\n"), "{head}");
        // The first is not answered yet: these ask nothing.
        heartbeat.beat();
        heartbeat.beat();
        answer(stream, "200 OK", &heartbeat).await;
        heartbeat.beat();
        let (stream, _) = asked(&listener).await;
        answer(stream, "500 No", &heartbeat).await;
        assert_eq!((line(&metrics, "ok"), line(&metrics, "failed")), ("1".to_owned(), "1".to_owned()));
        Heartbeat::new(&Secret::default(), client, metrics.clone()).beat();
        assert_eq!((line(&metrics, "ok"), line(&metrics, "failed")), ("1".to_owned(), "1".to_owned()));
    }
}
