//! What Slack's incoming webhooks take, and what is compatible with them: `blocks`, and `text` for whatever shows no blocks.
//!
//! Pages' names come from beacons, and anybody can send those. Alarms therefore stand in blocks as plain text, in which nothing is markup, with `&`, `<` and `>` as
//! Slack wants them; in `text` markup is switched off, and `@` is kept from being a mention where Slack's compatibles look for any.

use serde_json::{Value, json};

use super::alert::idempotency_key;
use crate::alarms::client::Message;
use crate::alarms::notification::{Kind, Notification};

/// Most alarms that a message shows; of the others it says how many there are. A message may have 50 blocks.
const SHOWN_MAX: usize = 20;
/// Most characters of a block's text, which may have 3000 at most.
const BLOCK_CHARS_MAX: usize = 2900;

/// The message that tells these.
pub(super) fn message(notifications: &[Notification]) -> Message {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("idempotency-key", format!("\"{}\"", idempotency_key(notifications))),
    ];
    Message { body: Some(payload(notifications).to_string().into_bytes()), headers }
}

fn payload(notifications: &[Notification]) -> Value {
    let mut sorted: Vec<&Notification> = notifications.iter().collect();
    // What cannot wait comes first, and what has ended last.
    sorted.sort_by_key(|notification| (notification.kind == Kind::Resolved, notification.urgency != "page"));
    let more = sorted.len().saturating_sub(SHOWN_MAX);
    sorted.truncate(SHOWN_MAX);
    let mut lines: Vec<String> = Vec::new();
    let mut blocks: Vec<Value> = Vec::new();
    for notification in sorted {
        let text = escaped(&format!("{}\n{}", head(notification), notification.summary), BLOCK_CHARS_MAX);
        blocks.push(json!({ "type": "section", "text": plain(&text) }));
        if let Some(link) = link(&notification.link) {
            blocks.push(json!({
                "type": "context",
                "elements": [{ "type": "mrkdwn", "text": link, "verbatim": true }],
            }));
        }
        lines.push(text.replace('@', "@\u{200b}"));
    }
    if more > 0 {
        let text = format!("... and {more} more");
        blocks.push(json!({ "type": "section", "text": plain(&text) }));
        lines.push(text);
    }
    json!({ "text": lines.join("\n"), "mrkdwn": false, "blocks": blocks })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

/// `FIRING (page): volume, shop, DE, /item/*`
fn head(notification: &Notification) -> String {
    let what = match notification.kind {
        Kind::Fired => "FIRING",
        Kind::Again => "STILL FIRING",
        Kind::Resolved => "RESOLVED",
    };
    let parts = [&notification.rule, &notification.site, &notification.country, &notification.page_group];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    format!("{what} ({}): {}", notification.urgency, parts.join(", "))
}

/// The three characters that mean something to Slack, wherever they stand, in `max` characters at most.
fn escaped(text: &str, max: usize) -> String {
    let (mut escaped, mut length) = (String::with_capacity(text.len()), 0);
    for character in text.chars() {
        let entity = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        length += entity.len().max(1);
        if length > max {
            break;
        }
        if entity.is_empty() { escaped.push(character) } else { escaped.push_str(entity) }
    }
    escaped
}

/// A link in Slack's markup; what would end it is written as a URL writes it.
fn link(url: &str) -> Option<String> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let url = url.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;");
    is_web.then(|| format!("<{url}|Open the report>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::notification::tests::notification;

    #[test]
    fn an_alarm_is_a_block_of_plain_text_with_a_link() {
        let payload = payload(&[notification(Kind::Fired, 1, 300)]);
        let text = "FIRING (page): volume, shop, DE\nPage views from Germany: 3 in 5 minutes, where 40 are usual";
        let expected = json!({
            "text": text,
            "mrkdwn": false,
            "blocks": [
                { "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } },
                { "type": "context", "elements": [{
                    "type": "mrkdwn",
                    "text": "<https://rum.example.com/?site=shop|Open the report>",
                    "verbatim": true,
                }] },
            ],
        });
        assert_eq!(payload, expected);
    }

    #[test]
    fn what_a_beacon_named_is_neither_markup_nor_mention_nor_link() {
        let evil = "<!channel> *a* & <https://evil.example|pay> @here :tada:";
        let told =
            Notification { page_group: evil.to_owned(), summary: evil.to_owned(), ..notification(Kind::Fired, 1, 300) };
        let payload = payload(&[told]);
        for text in [&payload["text"], &payload["blocks"][0]["text"]["text"]] {
            let text = text.as_str().unwrap();
            assert!(!text.contains('<') && !text.contains('>') && text.contains("&lt;!channel&gt;"), "{text}");
            assert!(text.contains("&amp; "), "{text}");
        }
        assert!(!payload["text"].as_str().unwrap().contains("@here"));
        assert_eq!(payload["blocks"][0]["text"]["type"], "plain_text");
    }

    #[test]
    fn a_link_ends_where_it_should() {
        assert_eq!(
            link("https://a.example/?b=<|>&c").as_deref(),
            Some("<https://a.example/?b=%3C%7C%3E&amp;c|Open the report>")
        );
        assert_eq!((link(""), link("javascript:alert(1)")), (None, None));
    }

    #[test]
    fn at_the_limit_all_are_shown_and_beyond_it_the_most_urgent_with_the_number_of_the_others() {
        for (count, sections, more) in
            [(20, 20, None), (21, 21, Some("... and 1 more")), (500, 21, Some("... and 480 more"))]
        {
            let mut all: Vec<_> = (0..count).map(|number| notification(Kind::Resolved, number, 300)).collect();
            all.push(notification(Kind::Fired, 9999, 300));
            all.remove(0);
            let payload = payload(&all);
            let blocks = payload["blocks"].as_array().unwrap();
            let texts: Vec<_> = blocks.iter().filter_map(|block| block["text"]["text"].as_str()).collect();
            assert!(texts.len() == sections && blocks.len() <= 50, "{count}");
            assert!(texts[0].starts_with("FIRING"), "{}", texts[0]);
            assert_eq!(texts.last().copied().filter(|last| last.starts_with("...")), more);
        }
    }

    #[test]
    fn no_text_is_longer_than_slack_takes() {
        let long = Notification { summary: "&".repeat(1000), ..notification(Kind::Fired, 1, 300) };
        let payload = payload(&[long]);
        let text = payload["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!((BLOCK_CHARS_MAX - 4..=BLOCK_CHARS_MAX).contains(&text.chars().count()) && text.ends_with("&amp;"));
    }
}
