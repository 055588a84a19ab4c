use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use proptest::prelude::*;

use super::state::Record;
use super::*;
use crate::alarms::notification::Kind;
use crate::alarms::notification::tests::notification;
use crate::config::{Secret, Urgency};

const NOW: i64 = 1_795_000_000;
const HOUR: i64 = 3600;

fn receiver(kind: ReceiverKind) -> ReceiverConfig {
    let url = Secret::new("http://127.0.0.1:1/".to_owned());
    ReceiverConfig { kind, url, secret: Secret::default(), sites: Vec::new(), urgency: Urgency::Ticket, repeat_h: 4 }
}

fn receivers<const COUNT: usize>(all: [(&str, ReceiverConfig); COUNT]) -> BTreeMap<String, ReceiverConfig> {
    all.into_iter().map(|(name, receiver)| (name.to_owned(), receiver)).collect()
}

fn ops() -> BTreeMap<String, ReceiverConfig> {
    receivers([("ops", receiver(ReceiverKind::Webhook))])
}

fn open(directory: &Path, receivers: &BTreeMap<String, ReceiverConfig>, now: i64) -> Outbox {
    Outbox::open_at(directory, receivers, now).unwrap()
}

fn ids(batch: Option<Batch>) -> Vec<String> {
    batch.map(|batch| batch.notifications.into_iter().map(|it| it.id).collect()).unwrap_or_default()
}

/// Delivers everything to a receiver.
fn take_all(outbox: &Outbox, receiver: &str) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(batch) = outbox.first(receiver) {
        outbox.note(receiver, batch.number, Why::Delivered);
        taken.extend(ids(Some(batch)));
    }
    taken
}

#[test]
fn what_was_put_at_once_is_one_batch_for_each_whom_it_concerns() {
    let directory = tempfile::tempdir().unwrap();
    let pager = ReceiverConfig { urgency: Urgency::Page, ..receiver(ReceiverKind::Slack) };
    let blog = ReceiverConfig { sites: vec!["blog".to_owned()], ..receiver(ReceiverKind::Webhook) };
    let all = receivers([("all", receiver(ReceiverKind::Webhook)), ("pager", pager), ("blog", blog)]);
    let outbox = open(directory.path(), &all, NOW);
    let page = notification(Kind::Fired, 1, NOW);
    let ticket = Notification { urgency: "ticket".to_owned(), ..notification(Kind::Fired, 2, NOW) };
    let strange = Notification { urgency: String::new(), ..notification(Kind::Fired, 3, NOW) };
    outbox.put(&[page.clone(), ticket.clone(), strange.clone()]).unwrap();
    assert_eq!(ids(outbox.first("all")), [&*page.id, &*ticket.id, &*strange.id]);
    assert_eq!(ids(outbox.first("pager")), [page.id, strange.id], "what is not known to wait does not wait");
    assert_eq!(outbox.first("blog"), None);
    assert_eq!(outbox.standing().waiting, 3);
}

#[test]
fn receivers_get_on_without_each_other_and_a_restart_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let all = receivers([("a", receiver(ReceiverKind::Webhook)), ("b", receiver(ReceiverKind::Slack))]);
    let outbox = open(directory.path(), &all, NOW);
    let (one, two) = (notification(Kind::Fired, 1, NOW), notification(Kind::Resolved, 1, NOW + 300));
    outbox.put(std::slice::from_ref(&one)).unwrap();
    outbox.put(std::slice::from_ref(&two)).unwrap();
    assert_eq!(take_all(&outbox, "a"), [&*one.id, &*two.id]);
    drop(outbox);
    let outbox = open(directory.path(), &all, NOW + 60);
    assert_eq!((outbox.first("a"), outbox.standing().waiting), (None, 2));
    outbox.put(&[one.clone(), two.clone()]).unwrap();
    assert_eq!((outbox.first("a"), outbox.standing().waiting), (None, 2), "they were had");
    assert_eq!(take_all(&outbox, "b"), [one.id, two.id]);
    assert_eq!(outbox.standing(), Standing::default());
}

#[test]
fn ids_are_known_for_seven_days_and_no_longer() {
    let directory = tempfile::tempdir().unwrap();
    let one = notification(Kind::Fired, 1, NOW);
    open(directory.path(), &ops(), NOW).put(std::slice::from_ref(&one)).unwrap();
    for (after, taken) in [(HAD_S_MAX, 0), (HAD_S_MAX + 1, 1)] {
        let outbox = open(directory.path(), &ops(), NOW + after);
        outbox.put(std::slice::from_ref(&one)).unwrap();
        assert_eq!(take_all(&outbox, "ops").len(), taken, "{after}");
    }
}

#[test]
fn what_waits_longer_than_a_day_is_dropped_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path(), &ops(), NOW).put(&[notification(Kind::Fired, 1, NOW)]).unwrap();
    let outbox = open(directory.path(), &ops(), NOW + WAIT_S_MAX);
    assert_eq!((outbox.standing().waiting, outbox.standing().oldest_age), (1, Duration::from_hours(24)));
    assert_eq!(outbox.take_lost(), (Lost::new(), 0));
    let outbox = open(directory.path(), &ops(), NOW + WAIT_S_MAX + 1);
    assert_eq!(outbox.standing(), Standing::default());
    let lost = Lost::from([((Some(ReceiverKind::Webhook), Why::TooOld), 1)]);
    assert_eq!((outbox.take_lost(), outbox.take_lost()), ((lost, 0), (Lost::new(), 0)));
    assert_eq!(outbox.open_alarms("ops").len(), 1, "it is open all the same");
}

#[test]
fn what_waits_for_nobody_is_dropped_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path(), &ops(), NOW).put(&[notification(Kind::Fired, 1, NOW)]).unwrap();
    let others = receivers([("others", receiver(ReceiverKind::Slack))]);
    let outbox = open(directory.path(), &others, NOW);
    assert_eq!((outbox.standing().waiting, outbox.first("others")), (0, None));
    assert_eq!(outbox.take_lost().0, Lost::from([((None, Why::ReceiverGone), 1)]));
}

#[test]
fn at_the_limit_all_wait_and_beyond_it_the_oldest_reminders_go_first() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path(), &ops(), NOW);
    let fingerprints = WAITING_MAX as u64;
    let first: Vec<_> = (0..fingerprints)
        .map(|number| {
            let kind = if number == 7 || number == 9 { Kind::Again } else { Kind::Fired };
            notification(kind, number, NOW)
        })
        .collect();
    outbox.put(&first).unwrap();
    assert_eq!((outbox.standing().waiting, outbox.take_lost().0), (WAITING_MAX, Lost::new()));
    outbox.put(&[notification(Kind::Fired, fingerprints, NOW)]).unwrap();
    assert_eq!(outbox.standing().waiting, WAITING_MAX);
    assert_eq!(outbox.take_lost().0, Lost::from([((Some(ReceiverKind::Webhook), Why::Full), 1)]));
    assert!(!ids(outbox.first("ops")).contains(&first[7].id) && ids(outbox.first("ops")).contains(&first[9].id));
    outbox
        .put(&[notification(Kind::Fired, fingerprints + 1, NOW), notification(Kind::Fired, fingerprints + 2, NOW)])
        .unwrap();
    let left = ids(outbox.first("ops"));
    assert_eq!(
        (outbox.standing().waiting, left.len()),
        (WAITING_MAX, BATCH_MAX - 3),
        "the other reminder, and the oldest"
    );
    assert!(!left.contains(&first[9].id) && !left.contains(&first[0].id) && left.contains(&first[1].id));
    drop(outbox);
    let outbox = open(directory.path(), &ops(), NOW);
    assert_eq!((outbox.standing().waiting, ids(outbox.first("ops"))), (WAITING_MAX, left));
    assert_eq!(take_all(&outbox, "ops").len(), WAITING_MAX);
}

#[test]
fn more_than_fits_a_message_makes_several() {
    for (count, batches) in [(BATCH_MAX, 1), (BATCH_MAX + 1, 2)] {
        let directory = tempfile::tempdir().unwrap();
        let outbox = open(directory.path(), &ops(), NOW);
        let many: Vec<_> = (0..count as u64).map(|number| notification(Kind::Fired, number, NOW)).collect();
        outbox.put(&many).unwrap();
        let mut sizes = Vec::new();
        while let Some(batch) = outbox.first("ops") {
            outbox.note("ops", batch.number, Why::Delivered);
            sizes.push(batch.notifications.len());
        }
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>(), sizes[0]), (batches, count, BATCH_MAX));
    }
}

#[test]
fn what_could_not_be_held_is_refused_whole() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path(), &ops(), NOW);
    let many: Vec<_> = (0..=WAITING_MAX as u64).map(|number| notification(Kind::Fired, number, NOW)).collect();
    assert!(outbox.put(&many).is_err());
    for (length, fits) in [(0, false), (1, true), (ID_BYTES_MAX, true), (ID_BYTES_MAX + 1, false)] {
        let named = Notification { id: "x".repeat(length), ..notification(Kind::Fired, 1, NOW) };
        assert_eq!(outbox.put(&[named]).is_ok(), fits, "{length}");
    }
    assert_eq!(outbox.standing().waiting, 2);
}

#[test]
fn texts_are_cut_and_are_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path(), &ops(), NOW);
    let long = Notification {
        summary: format!("a\n\u{202e}b{}", "é".repeat(2000)),
        page_group: "/p".repeat(200),
        link: format!("https://a.example/{}", "b".repeat(LINK_BYTES_MAX)),
        ..notification(Kind::Fired, 1, NOW)
    };
    outbox.put(&[long, Notification { link: "https://a b".to_owned(), ..notification(Kind::Fired, 2, NOW) }]).unwrap();
    let told = outbox.first("ops").unwrap().notifications;
    assert!(told[0].summary.starts_with("a  bé") && told[0].summary.chars().count() == SUMMARY_CHARS_MAX);
    assert_eq!((told[0].page_group.len(), &*told[0].link, &*told[1].link), (TEXT_CHARS_MAX, "", ""));
}

#[test]
fn a_reminder_comes_no_more_often_than_its_receiver_wants_and_to_no_alertmanager() {
    let directory = tempfile::tempdir().unwrap();
    let slow = ReceiverConfig { repeat_h: 12, ..receiver(ReceiverKind::Slack) };
    let all = receivers([
        ("am", receiver(ReceiverKind::Alertmanager)),
        ("ops", receiver(ReceiverKind::Webhook)),
        ("slow", slow),
    ]);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for hours in 0..=24 {
        // A restart each time: who was told when is not forgotten.
        let outbox = open(directory.path(), &all, NOW + hours * HOUR);
        let kind = if hours == 0 { Kind::Fired } else { Kind::Again };
        outbox.put(&[notification(kind, 1, NOW + hours * HOUR)]).unwrap();
        for name in ["am", "ops", "slow"] {
            *counts.entry(name).or_default() += take_all(&outbox, name).len();
        }
    }
    assert_eq!(counts, HashMap::from([("am", 1), ("ops", 7), ("slow", 3)]));
}

#[test]
fn open_alarms_are_those_that_fired_and_are_not_resolved() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path(), &ops(), NOW);
    let open_ones =
        |outbox: &Outbox| -> Vec<String> { outbox.open_alarms("ops").into_iter().map(|it| it.id).collect() };
    let (one, two) = (notification(Kind::Fired, 1, NOW), notification(Kind::Fired, 2, NOW));
    outbox.put(&[one.clone(), two.clone()]).unwrap();
    assert_eq!(open_ones(&outbox), [&*one.id, &*two.id]);
    outbox.put(&[notification(Kind::Resolved, 1, NOW + 300)]).unwrap();
    assert_eq!(open_ones(&outbox), [&*two.id]);
    drop(outbox);
    // A new file is written, in which the alarm that fired first still waits to be told of.
    let outbox = open(directory.path(), &ops(), NOW);
    outbox.lock().state.records().iter().for_each(|record| assert!(!matches!(record, Record::Put { .. })));
    let records = outbox.lock().state.records();
    let mut state = State::default();
    for record in records {
        state.apply(record);
    }
    assert_eq!(state.open(&ops()["ops"]).len(), 1);
    assert_eq!(open_ones(&outbox), [&*two.id]);
    assert_eq!(open_ones(&open(directory.path(), &ops(), NOW + 48 * HOUR)), [two.id]);
    assert_eq!(open_ones(&open(directory.path(), &ops(), NOW + 48 * HOUR + 1)), Vec::<String>::new());
}

#[test]
fn ids_and_files_are_bounded() {
    let mut state = State::default();
    for batch in 0..=(HAD_MAX as u64 / 1000) {
        let ids = (0..1000).map(|number| (NOW, format!("{batch}-{number}"))).collect();
        state.apply(Record::Had { ids });
    }
    state.forget(&ops(), NOW);
    let had: usize =
        state.records().iter().map(|record| if let Record::Had { ids } = record { ids.len() } else { 0 }).sum();
    assert_eq!(had, HAD_MAX);
}

#[test]
fn a_damaged_outbox_opens_tells_so_once_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path(), &ops(), NOW);
    let (one, two) = (notification(Kind::Fired, 1, NOW), notification(Kind::Fired, 2, NOW));
    outbox.put(std::slice::from_ref(&one)).unwrap();
    outbox.put(std::slice::from_ref(&two)).unwrap();
    drop(outbox);
    let path = directory.path().join("journal");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let outbox = open(directory.path(), &ops(), NOW);
    assert_eq!((ids(outbox.first("ops")), outbox.take_lost().1), (vec![two.id.clone()], 1));
    drop(outbox);
    let outbox = open(directory.path(), &ops(), NOW);
    assert_eq!((ids(outbox.first("ops")), outbox.take_lost().1), (vec![two.id], 0));
}

/// What may happen, one after the other.
#[derive(Clone, Debug)]
enum Event {
    /// New notifications, and whether the last ones come once more with them.
    Put {
        count: usize,
        again: bool,
    },
    /// Killed within a put, of which so many thousandths are on disk; it is put again after the start.
    KilledInPut {
        count: usize,
        thousandths: u64,
    },
    Delivered {
        receiver: usize,
    },
    /// Killed between the receiver's answer and the note.
    KilledBeforeNote {
        receiver: usize,
    },
    Killed,
    /// The next that is written makes a new file.
    Anew,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..4_usize, any::<bool>()).prop_map(|(count, again)| Event::Put { count, again }),
        2 => (1..4_usize, 0..=1000_u64).prop_map(|(count, thousandths)| Event::KilledInPut { count, thousandths }),
        6 => (0..2_usize).prop_map(|receiver| Event::Delivered { receiver }),
        2 => (0..2_usize).prop_map(|receiver| Event::KilledBeforeNote { receiver }),
        1 => Just(Event::Killed),
        1 => Just(Event::Anew),
    ]
}

struct World {
    directory: tempfile::TempDir,
    receivers: BTreeMap<String, ReceiverConfig>,
    outbox: Option<Outbox>,
    made: u64,
    last: Vec<Notification>,
    put: Vec<String>,
    got: [Vec<String>; 2],
    /// How often an id may have come, beyond once.
    more: [HashMap<String, usize>; 2],
}

impl World {
    const NAMES: [&'static str; 2] = ["a", "b"];

    fn new() -> Self {
        let [a, b] = Self::NAMES;
        let receivers = receivers([(a, receiver(ReceiverKind::Webhook)), (b, receiver(ReceiverKind::Slack))]);
        let directory = tempfile::tempdir().unwrap();
        let outbox = Some(open(directory.path(), &receivers, NOW));
        let (got, more) = (Default::default(), Default::default());
        Self { directory, receivers, outbox, made: 0, last: Vec::new(), put: Vec::new(), got, more }
    }

    fn outbox(&self) -> &Outbox {
        self.outbox.as_ref().unwrap()
    }

    fn start(&mut self) {
        drop(self.outbox.take());
        self.outbox = Some(open(self.directory.path(), &self.receivers, NOW));
    }

    fn make(&mut self, count: usize) -> Vec<Notification> {
        let kinds = [Kind::Fired, Kind::Resolved];
        let new = (0..count).map(|_| {
            self.made += 1;
            notification(kinds[usize::try_from(self.made % 2).unwrap()], self.made / 2, NOW)
        });
        let new: Vec<_> = new.collect();
        self.put.extend(new.iter().map(|notification| notification.id.clone()));
        self.last.clone_from(&new);
        new
    }

    fn inode_and_length(&self) -> (u64, u64) {
        let file = fs::metadata(self.directory.path().join("journal")).unwrap();
        (file.ino(), file.len())
    }

    fn sent(&mut self, receiver: usize) -> Option<u64> {
        let batch = self.outbox().first(Self::NAMES[receiver])?;
        self.got[receiver].extend(batch.notifications.iter().map(|notification| notification.id.clone()));
        Some(batch.number)
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Put { count, again } => {
                let before = self.last.clone();
                let mut all = self.make(count);
                all.extend(before.into_iter().filter(|_| again));
                self.outbox().put(&all).unwrap();
            }
            Event::KilledInPut { count, thousandths } => {
                // A new file is there whole or not at all; what is written behind an old one may be cut.
                let (before, new) = (self.inode_and_length(), self.make(count));
                self.outbox().put(&new).unwrap();
                let after = self.inode_and_length();
                drop(self.outbox.take());
                if before.0 == after.0 {
                    let file = fs::File::options().write(true).open(self.directory.path().join("journal")).unwrap();
                    file.set_len(before.1 + (after.1 - before.1) * thousandths / 1000).unwrap();
                }
                self.start();
                self.outbox().put(&new).unwrap();
            }
            Event::Delivered { receiver } => {
                if let Some(number) = self.sent(receiver) {
                    self.outbox().note(Self::NAMES[receiver], number, Why::Delivered);
                }
            }
            Event::KilledBeforeNote { receiver } => {
                let before = self.got[receiver].len();
                self.sent(receiver);
                for id in &self.got[receiver][before..] {
                    *self.more[receiver].entry(id.clone()).or_default() += 1;
                }
                self.start();
            }
            Event::Killed => self.start(),
            Event::Anew => self.outbox().lock().journal.suspect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_is_lost_and_each_comes_once_but_for_crashes_before_the_note(
        events in prop::collection::vec(event(), 1..40)
    ) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
        }
        world.start();
        for receiver in 0..2 {
            world.got[receiver].extend(take_all(world.outbox.as_ref().unwrap(), World::NAMES[receiver]));
            let mut counts: HashMap<&str, usize> = HashMap::new();
            let mut order: Vec<&str> = Vec::new();
            for id in &world.got[receiver] {
                *counts.entry(id).or_default() += 1;
                if counts[&**id] == 1 {
                    order.push(id);
                }
            }
            prop_assert_eq!(&order, &world.put, "all of them, in their order");
            for id in &world.put {
                let may = 1 + world.more[receiver].get(id).copied().unwrap_or_default();
                prop_assert_eq!(counts[&**id], may, "{}", id);
            }
        }
        prop_assert_eq!(world.outbox().standing(), Standing::default());
    }
}
