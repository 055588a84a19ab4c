//! Alarms: what is judged to be wrong, and how people hear of it. The watch goes from the rows of the alarm views (`sql/README.md`, "Alarms") to alarms, incidents and notifications.
//!
//! ```text
//!             lease (one of several collectors)      silences, maintenance, holidays
//!               |                                       |
//! clock -> questions (views) -> observations -> judge -> alarms, incidents -> ClickHouse
//!                                                  \---> notifications ------> outbox
//! ```
//!
//! [`judge`] is pure: what it is given is all that it knows, and the same always comes of it. Around it: [`watch`] asks, writes and tells, [`lease`] says whether
//! this collector may, [`records`] are the tables' rows, [`price`] asks what incidents cost, [`check`] judges once for somebody at a terminal.
//! From the [`outbox`] on it is [`dispatch`]: [`deliver`] brings notifications to receivers, [`probe`] and [`heartbeat`] say whether anybody would hear of anything.
//!
//! **An alarm** is of a fingerprint (site, rule, country, page group) and has a beginning, `opened_at`: the judged instant, so that whoever judges the same rows
//! makes the same alarm, with the same identifiers of what is told of it. It is *pending* while something holds it back, *firing* from the moment that it is told,
//! *resolved* when it is over. A resolved alarm stays so; what comes later is another one.
//!
//! **An instant** is the end of a slot of 5 minutes, of page views the end of a minute, and is judged once for each rule. It comes from ClickHouse's rows, not from this machine's clock: a clock that
//! jumps back has nothing to judge until it has caught up, and one that jumps forward judges the present and no instant in between. After downtime, too, it goes on at
//! the present: an alarm that both began and ended meanwhile is of no use to anybody, and is in the views for whoever asks.

pub mod alarm;
pub mod check;
pub mod client;
pub mod clock;
pub mod deliver;
pub mod dispatch;
pub mod heartbeat;
pub mod hold;
pub mod holidays;
pub mod incident;
pub mod judge;
pub mod lease;
pub mod notification;
pub mod observation;
pub mod outbox;
pub mod price;
pub mod probe;
pub mod questions;
pub mod records;
pub mod rule;
pub mod send_test;
mod summary;
pub mod watch;
