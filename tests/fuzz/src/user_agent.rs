//! User agents and client hints: whatever the headers say, what is read of them is short, clean and the same each time.

use beacon_format::limits::NAME_BYTES_MAX;
use collector::enrich::client_hints::ClientHints;
use collector::enrich::user_agent::{BotReason, UserAgent};

use crate::TOOLS;

/// A line each for `User-Agent`, `Sec-CH-UA`, `Sec-CH-UA-Mobile`, `Sec-CH-UA-Platform` and `Sec-CH-UA-Form-Factors`.
pub fn user_agent(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let mut header = || lines.next().unwrap_or_default();
    let (user_agent, brands) = (header(), header());
    let hints = ClientHints { brands, mobile: header(), platform: header(), form_factors: header() };

    let plain = TOOLS.user_agents.classify(user_agent);
    let hinted = TOOLS.user_agents.classify_hinted(user_agent, &hints);
    holds(&plain);
    holds(&hinted);
    if user_agent.trim().is_empty() {
        assert_eq!(plain.bot_reason, Some(BotReason::NoUserAgent));
    }
    // Hints may say of more that it is a bot, and never of less.
    assert!(plain.bot_reason.is_none() || hinted.bot_reason.is_some());
    assert_eq!(TOOLS.user_agents.classify(user_agent), plain);
    assert_eq!(TOOLS.user_agents.classify_hinted(user_agent, &hints), hinted);
    assert_eq!(TOOLS.user_agents.classify_hinted(user_agent, &ClientHints::default()), plain);
}

fn holds(read: &UserAgent) {
    for text in [&read.browser, &read.os] {
        assert!(text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control), "{text:?}");
    }
}
