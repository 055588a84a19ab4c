//! What the outbox holds, as records change it. Pure: times come in as arguments, and nothing is written here. What stands is what is left when the journal's records
//! are applied in their order, so that a start and a run come to the same.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::alarms::notification::{Kind, Notification};
use crate::config::{ReceiverConfig, ReceiverKind, Urgency};

/// Most notifications that wait; beyond them the oldest reminders go, and then the oldest of all.
pub const WAITING_MAX: usize = 10_000;
/// Most notifications of one batch: what is put at once makes as many batches as it needs.
pub const BATCH_MAX: usize = 500;
/// How long a notification waits for its receiver.
pub const WAIT_S_MAX: i64 = 24 * 3600;
/// How long ids are remembered, and how many.
pub const HAD_S_MAX: i64 = 7 * 24 * 3600;
/// See [`HAD_S_MAX`].
pub const HAD_MAX: usize = 100_000;
/// Most open alarms that an Alertmanager is told of again and again.
pub const OPEN_MAX: usize = 10_000;
/// How long one of them is taken for open of which nothing is heard, at least; otherwise two of the shortest `repeat_h`.
const OPEN_S_MIN: i64 = 48 * 3600;
/// A reminder that comes so much too early is in time.
const EARLY_S_MAX: i64 = 300;
/// Ids in one record.
const HAD_IN_RECORD: usize = 1000;

/// Why a notification waits no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its receiver has it.
    Delivered,
    /// Its receiver refuses it.
    Refused,
    /// It has waited too long.
    TooOld,
    /// There were too many.
    Full,
    /// Its receiver is not configured any more.
    ReceiverGone,
}

impl Why {
    /// Every way in which a notification is lost.
    pub const LOST: [Self; 4] = [Self::Refused, Self::TooOld, Self::Full, Self::ReceiverGone];

    /// A fixed name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::TooOld => "too_old",
            Self::Full => "full",
            Self::ReceiverGone => "receiver_gone",
        }
    }
}

/// What an alarm is called that is open, and who was told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenAlarm {
    /// The last that was put of it.
    notification: Notification,
    /// When that was.
    at: i64,
    /// The judged instant of the last that went to a receiver.
    told: BTreeMap<String, i64>,
}

/// Notifications that go out together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// When they were put.
    at: i64,
    /// By their place in the batch; those that nobody waits for any more are left out.
    notifications: BTreeMap<u16, Notification>,
    /// Which of them go to whom.
    to: BTreeMap<String, BTreeSet<u16>>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// The next batch's number.
    Next { batch: u64 },
    /// Ids that were had, and when.
    Had { ids: Vec<(i64, String)> },
    /// An alarm that is open.
    Open { alarm: Box<OpenAlarm> },
    /// A batch that waits; what it says was said before.
    Waits { batch: u64, waiting: Waiting },
    /// A batch that is new.
    Put { batch: u64, waiting: Waiting },
    /// What waits no more: of one receiver or of all, all of the batch or some places.
    Gone { batch: u64, receiver: Option<String>, places: Option<Vec<u16>>, why: Why },
}

/// How many notifications a receiver lost, or got.
pub(super) type Gone = (String, Why, usize);

#[derive(Debug, Default)]
pub(super) struct State {
    batches: BTreeMap<u64, Waiting>,
    next_batch: u64,
    had: VecDeque<(i64, String)>,
    known: HashSet<String>,
    open: BTreeMap<String, OpenAlarm>,
    waiting: usize,
}

impl State {
    /// Notifications that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// When the oldest of them was put.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.batches.values().map(|batch| batch.at).min()
    }

    /// A receiver's first batch.
    pub(super) fn first(&self, receiver: &str) -> Option<(u64, Vec<Notification>)> {
        let (number, batch) = self.batches.iter().find(|(_, batch)| batch.to.contains_key(receiver))?;
        let places = batch.to.get(receiver)?;
        Some((*number, places.iter().filter_map(|place| batch.notifications.get(place)).cloned().collect()))
    }

    /// Alarms that are open and that a receiver is to know of.
    pub(super) fn open(&self, receiver: &ReceiverConfig) -> Vec<Notification> {
        let open = self.open.values().map(|alarm| &alarm.notification);
        open.filter(|notification| concerns(receiver, notification)).cloned().collect()
    }

    /// What makes room for these and takes them, but for those that were had.
    pub(super) fn to_put(
        &self,
        notifications: Vec<Notification>,
        receivers: &BTreeMap<String, ReceiverConfig>,
        now: i64,
    ) -> Vec<Record> {
        let mut ids = HashSet::new();
        let mut new = notifications;
        new.retain(|notification| !self.known.contains(&notification.id) && ids.insert(notification.id.clone()));
        let mut batches = Vec::new();
        while !new.is_empty() {
            let rest = new.split_off(new.len().min(BATCH_MAX));
            batches.push(self.addressed(std::mem::replace(&mut new, rest), receivers, now));
        }
        let wanted = batches.iter().map(wanted).sum();
        let mut records = self.to_make_room(wanted);
        let puts = (self.next_batch..).zip(batches).map(|(batch, waiting)| Record::Put { batch, waiting });
        records.extend(puts);
        records
    }

    /// Of one judgement, so that no alarm is in it twice.
    fn addressed(
        &self,
        notifications: Vec<Notification>,
        receivers: &BTreeMap<String, ReceiverConfig>,
        now: i64,
    ) -> Waiting {
        let mut waiting = Waiting { at: now, ..Waiting::default() };
        for (place, notification) in (0_u16..).zip(notifications) {
            for (name, receiver) in receivers {
                if self.is_told(name, receiver, &notification) {
                    waiting.to.entry(name.clone()).or_default().insert(place);
                }
            }
            waiting.notifications.insert(place, notification);
        }
        waiting
    }

    /// An Alertmanager needs no reminders: it is told of all open alarms all the time, and reminds by itself.
    fn is_told(&self, name: &str, receiver: &ReceiverConfig, notification: &Notification) -> bool {
        if !concerns(receiver, notification) {
            return false;
        }
        if notification.kind != Kind::Again {
            return true;
        }
        let told = self.open.get(&notification.fingerprint).and_then(|alarm| alarm.told.get(name));
        let is_due = told.is_none_or(|told| {
            notification.judged_at.saturating_sub(*told) >= i64::from(receiver.repeat_h) * 3600 - EARLY_S_MAX
        });
        receiver.kind != ReceiverKind::Alertmanager && is_due
    }

    /// Lets go of the oldest reminders, and then of the oldest of all, until there is room for so many.
    fn to_make_room(&self, wanted: usize) -> Vec<Record> {
        let mut over = (self.waiting + wanted).saturating_sub(WAITING_MAX);
        let mut leaving: BTreeMap<u64, Vec<u16>> = BTreeMap::new();
        for reminders in [true, false] {
            for (number, batch) in &self.batches {
                for (place, notification) in &batch.notifications {
                    if over > 0 && (notification.kind == Kind::Again) == reminders {
                        leaving.entry(*number).or_default().push(*place);
                        over -= 1;
                    }
                }
            }
        }
        let gone = |(batch, places)| Record::Gone { batch, receiver: None, places: Some(places), why: Why::Full };
        leaving.into_iter().map(gone).collect()
    }

    /// What waits for a receiver that is not there, or waits too long.
    pub(super) fn to_let_go(&self, receivers: &BTreeMap<String, ReceiverConfig>, now: i64) -> Vec<Record> {
        let mut records = Vec::new();
        for (number, batch) in &self.batches {
            let is_old = now.saturating_sub(batch.at) > WAIT_S_MAX;
            for name in batch.to.keys().filter(|name| is_old || !receivers.contains_key(*name)) {
                let why = if receivers.contains_key(name) { Why::TooOld } else { Why::ReceiverGone };
                records.push(Record::Gone { batch: *number, receiver: Some(name.clone()), places: None, why });
            }
        }
        records
    }

    /// Changes what stands; with who lost or got how many.
    pub(super) fn apply(&mut self, record: Record) -> Vec<Gone> {
        match record {
            Record::Next { batch } => self.next_batch = self.next_batch.max(batch),
            Record::Had { ids } => ids.into_iter().for_each(|(at, id)| self.remember(at, id)),
            Record::Open { alarm } => {
                self.open.insert(alarm.notification.fingerprint.clone(), *alarm);
            }
            Record::Waits { batch, waiting } => self.keep(batch, waiting),
            Record::Put { batch, waiting } => {
                self.follow(&waiting);
                self.keep(batch, waiting);
            }
            Record::Gone { batch, receiver, places, why } => return self.go(batch, receiver, places.as_deref(), why),
        }
        Vec::new()
    }

    fn remember(&mut self, at: i64, id: String) {
        if self.known.insert(id.clone()) {
            self.had.push_back((at, id));
        }
    }

    fn keep(&mut self, number: u64, mut waiting: Waiting) {
        self.next_batch = self.next_batch.max(number + 1);
        let wanted: BTreeSet<u16> = waiting.to.values().flatten().copied().collect();
        waiting.notifications.retain(|place, _| wanted.contains(place));
        if !waiting.notifications.is_empty() {
            self.waiting += waiting.notifications.len();
            self.batches.insert(number, waiting);
        }
    }

    /// Which alarms are open after this.
    fn follow(&mut self, put: &Waiting) {
        for (place, notification) in &put.notifications {
            self.remember(put.at, notification.id.clone());
            if notification.kind == Kind::Resolved {
                self.open.remove(&notification.fingerprint);
                continue;
            }
            let is_there = self.open.contains_key(&notification.fingerprint);
            if !is_there && self.open.len() >= OPEN_MAX {
                continue;
            }
            let fresh = || OpenAlarm { notification: notification.clone(), at: put.at, told: BTreeMap::new() };
            let alarm = self.open.entry(notification.fingerprint.clone()).or_insert_with(fresh);
            if notification.kind == Kind::Fired {
                alarm.told.clear();
            }
            let told = put.to.iter().filter(|(_, places)| places.contains(place));
            alarm.told.extend(told.map(|(name, _)| (name.clone(), notification.judged_at)));
            (alarm.notification, alarm.at) = (notification.clone(), put.at);
        }
    }

    fn go(&mut self, number: u64, receiver: Option<String>, places: Option<&[u16]>, why: Why) -> Vec<Gone> {
        let Some(batch) = self.batches.get_mut(&number) else { return Vec::new() };
        let names: Vec<String> = receiver.map_or_else(|| batch.to.keys().cloned().collect(), |name| vec![name]);
        let mut gone = Vec::new();
        for name in names {
            let Some(mut left) = batch.to.remove(&name) else { continue };
            let before = left.len();
            left.retain(|place| places.is_some_and(|places| !places.contains(place)));
            gone.push((name.clone(), why, before - left.len()));
            if !left.is_empty() {
                batch.to.insert(name, left);
            }
        }
        let wanted: BTreeSet<u16> = batch.to.values().flatten().copied().collect();
        let before = batch.notifications.len();
        batch.notifications.retain(|place, _| wanted.contains(place));
        self.waiting -= before - batch.notifications.len();
        if batch.notifications.is_empty() {
            self.batches.remove(&number);
        }
        gone
    }

    /// Forgets ids after their time or beyond their number, and alarms of which nothing is heard.
    pub(super) fn forget(&mut self, receivers: &BTreeMap<String, ReceiverConfig>, now: i64) {
        let is_old = |had: &VecDeque<(i64, String)>| had.front().is_some_and(|(at, _)| now - at > HAD_S_MAX);
        while self.had.len() > HAD_MAX || is_old(&self.had) {
            if let Some((_, id)) = self.had.pop_front() {
                self.known.remove(&id);
            }
        }
        let repeat = receivers.values().map(|receiver| i64::from(receiver.repeat_h) * 3600).min().unwrap_or_default();
        self.open.retain(|_, alarm| now - alarm.at <= OPEN_S_MIN.max(2 * repeat));
    }

    /// Records that make what stands out of nothing.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Next { batch: self.next_batch }];
        let had: Vec<(i64, String)> = self.had.iter().cloned().collect();
        records.extend(had.chunks(HAD_IN_RECORD).map(|ids| Record::Had { ids: ids.to_vec() }));
        records.extend(self.open.values().map(|alarm| Record::Open { alarm: Box::new(alarm.clone()) }));
        let batches = self.batches.iter();
        records.extend(batches.map(|(batch, waiting)| Record::Waits { batch: *batch, waiting: waiting.clone() }));
        records
    }
}

fn wanted(batch: &Waiting) -> usize {
    batch.to.values().flatten().collect::<BTreeSet<_>>().len()
}

fn concerns(receiver: &ReceiverConfig, notification: &Notification) -> bool {
    let is_site = receiver.sites.is_empty() || receiver.sites.contains(&notification.site);
    // Whatever is not known to wait does not wait.
    is_site && (receiver.urgency == Urgency::Ticket || notification.urgency != "ticket")
}
