//! `slowtax digest`: what slowness has cost in a week, against the week before, as a mail.
//!
//! It asks the report's own questions (`sql/reports`: overview, countries, pages) for two weeks, at the target of a good LCP, and says no more than they do: where
//! there is too little data it says so, and shows no number. What beacons supplied (names of pages) is escaped by the HTML's template.

mod change;
mod country;
mod figures;
mod mail;
mod page;
#[cfg(test)]
mod tests;
mod week;
mod words;

use clap::Args;
use lettre::message::Mailbox;
use time::Date;

use crate::config::{Config, SiteConfig};
use crate::store::{Store, StoreError};
use figures::Figures;
pub use mail::{SendError, send};
pub use week::{Week, WeekError};

/// What the digest is about.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The site's key.
    #[arg(long, value_name = "KEY")]
    site: String,
    /// Sends it there, as `[mail]` of the configuration says, instead of writing it to standard output.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// A day of the week, Monday to Sunday in UTC; without it, the last one that is over.
    #[arg(long, value_name = "YYYY-MM-DD")]
    week: Option<String>,
}

/// The arguments, understood.
#[derive(Clone, Debug)]
pub struct Order {
    site: String,
    config: SiteConfig,
    week: Week,
    /// To whom it goes; `None`: to standard output.
    pub to: Option<Mailbox>,
}

/// Why there is no digest.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// No such site.
    #[error("there is no site {site} in the configuration; it has: {known}")]
    UnknownSite {
        /// The site that was asked for.
        site: String,
        /// Those that there are.
        known: String,
    },
    /// The week.
    #[error(transparent)]
    Week(#[from] WeekError),
    /// The address.
    #[error("{0} is no mail address, such as ann@example.com")]
    BadAddress(String),
    /// There is nobody to send it with.
    #[error(transparent)]
    Send(#[from] SendError),
    /// ClickHouse.
    #[error("ClickHouse does not answer the question {question}: {error}")]
    Store {
        /// Which of the report's.
        question: &'static str,
        /// What it says.
        error: StoreError,
    },
    /// An answer that is not what its SQL says.
    #[error("the answer to the question {question} is not understood: {error}")]
    Answer {
        /// Which of the report's.
        question: &'static str,
        /// Why.
        error: serde_json::Error,
    },
    /// A template of ours.
    #[error("the digest cannot be written: {0}")]
    Template(#[from] minijinja::Error),
}

/// A digest that is written.
#[derive(Clone, Debug)]
pub struct Digest {
    /// What the mail is called.
    pub subject: String,
    /// A whole page, its styles in its elements, as mail programs show it.
    pub html: String,
    /// The same in plain text.
    pub text: String,
}

impl Order {
    /// Holds the arguments against the configuration, before anything is asked. `today` is in UTC.
    pub fn new(config: &Config, arguments: &Arguments, today: Date) -> Result<Self, DigestError> {
        let Some(site_config) = config.sites.get(&arguments.site) else {
            let known: Vec<&str> = config.sites.keys().map(String::as_str).collect();
            return Err(DigestError::UnknownSite { site: arguments.site.clone(), known: known.join(", ") });
        };
        let to = arguments.to.as_ref().map(|to| to.parse().map_err(|_| DigestError::BadAddress(to.clone())));
        let to = to.transpose()?;
        if to.is_some() {
            mail::check(&config.mail)?;
        }
        let week = match &arguments.week {
            None => Week::last_whole(today)?,
            Some(day) => Week::of(day, today)?,
        };
        Ok(Self { site: arguments.site.clone(), config: site_config.clone(), week, to })
    }
}

/// Asks ClickHouse, and writes the digest. Takes six questions of up to some seconds each.
pub async fn write(config: &Config, store: &Store, order: &Order) -> Result<Digest, DigestError> {
    let memory_bytes_max = config.clickhouse.report_memory_bytes_max;
    let before = order.week.before()?;
    let now = Figures::ask(store, &order.site, order.week, memory_bytes_max).await?;
    let then = Figures::ask(store, &order.site, before, memory_bytes_max).await?;
    let about = page::About { key: &order.site, site: &order.config, week: order.week, url: &config.report.url };
    page::write(&about, &now, &then)
}

/// Whether mail can be from or to this: `ann@example.com`, or `Ann <ann@example.com>`.
pub fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}
