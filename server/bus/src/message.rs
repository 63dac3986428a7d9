//! Hints on their way between replicas: one line of text, ids only.
//!
//! `<sender> <topic> <topic> …`, each topic a letter and its ids in hexadecimal: `w` work of a tenant, `r` a run (tenant
//! and run), `f` to `o` the families of a tenant's tables, `s` the schedules, `k` keys, `*` anything. A message without
//! topics only shows that the way is open.
//! What a replica does not understand it leaves out, so that a newer one may say more while both run.

use crate::{Topic, outbox::Parcel};
use signalbox_schema::{FlowRunId, TenantId};
use std::fmt::Write;
use uuid::Uuid;

/// Where hints are sent, on Redis and PostgreSQL alike. The number is raised when old replicas could not read a message.
pub(crate) const CHANNEL: &str = "signalbox_hints_1";

/// The length of an id in hexadecimal.
const ID: usize = 32;
/// The longest topic with the blank before it.
const LONGEST_TOPIC: usize = 2 + 2 * ID;

/// The messages that carry `parcel`, each at most `longest` bytes; one without topics when the parcel is empty.
pub(crate) fn write(sender: Uuid, parcel: &Parcel, longest: usize) -> Vec<String> {
    let begin = || sender.simple().to_string();
    if parcel.everything {
        return vec![begin() + " *"];
    }
    let mut messages = vec![begin()];
    for topic in &parcel.topics {
        if messages.last().is_none_or(|message| message.len() + LONGEST_TOPIC > longest) {
            messages.push(begin());
        }
        if let Some(message) = messages.last_mut() {
            push(message, *topic);
        }
    }
    messages
}

fn push(message: &mut String, topic: Topic) {
    let written = match topic {
        Topic::Work(tenant) => write!(message, " w{}", tenant.0.simple()),
        Topic::FlowRun(tenant, run) => write!(message, " r{}{}", tenant.0.simple(), run.0.simple()),
        Topic::Schedules => write!(message, " s"),
        Topic::Keys => write!(message, " k"),
        Topic::FlowRuns(tenant) => write!(message, " f{}", tenant.0.simple()),
        Topic::TaskRuns(tenant) => write!(message, " t{}", tenant.0.simple()),
        Topic::Logs(tenant) => write!(message, " l{}", tenant.0.simple()),
        Topic::Events(tenant) => write!(message, " e{}", tenant.0.simple()),
        Topic::Access(tenant) => write!(message, " a{}", tenant.0.simple()),
        Topic::Others(tenant) => write!(message, " o{}", tenant.0.simple()),
    };
    written.expect("writing into memory does not fail");
}

/// Who sent a message, and what is in it. `None` for what no replica of ours wrote.
pub(crate) fn read(message: &str) -> Option<(Uuid, Parcel)> {
    let mut words = message.split(' ');
    let sender = Uuid::try_parse(words.next()?).ok()?;
    let mut parcel = Parcel::default();
    for word in words {
        if word == "*" {
            parcel.everything = true;
        }
        parcel.topics.extend(topic(word));
    }
    Some((sender, parcel))
}

fn topic(word: &str) -> Option<Topic> {
    let kind = word.chars().next()?;
    let ids = &word[kind.len_utf8()..];
    match kind {
        'w' => Some(Topic::Work(TenantId(id(ids)?))),
        'r' => {
            let (tenant, run) = ids.split_at_checked(ID)?;
            Some(Topic::FlowRun(TenantId(id(tenant)?), FlowRunId(id(run)?)))
        }
        's' => Some(Topic::Schedules),
        'k' => Some(Topic::Keys),
        'f' => Some(Topic::FlowRuns(TenantId(id(ids)?))),
        't' => Some(Topic::TaskRuns(TenantId(id(ids)?))),
        'l' => Some(Topic::Logs(TenantId(id(ids)?))),
        'e' => Some(Topic::Events(TenantId(id(ids)?))),
        'a' => Some(Topic::Access(TenantId(id(ids)?))),
        'o' => Some(Topic::Others(TenantId(id(ids)?))),
        _ => None,
    }
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const SENDER: Uuid = Uuid::from_u128(7);

    fn topics(count: u128) -> HashSet<Topic> {
        let run = |number| Topic::FlowRun(TenantId(Uuid::from_u128(1)), FlowRunId(Uuid::from_u128(number)));
        let tenant = TenantId(Uuid::from_u128(2));
        let of_tenant = [
            Topic::Work,
            Topic::FlowRuns,
            Topic::TaskRuns,
            Topic::Logs,
            Topic::Events,
            Topic::Access,
            Topic::Others,
        ];
        let of_tenant = of_tenant.map(|topic| topic(tenant));
        (0..count).map(run).chain(of_tenant).chain([Topic::Schedules, Topic::Keys]).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        for (count, longest) in [(0, 100), (500, 7999), (500, 200), (3, usize::MAX)] {
            let parcel = Parcel { topics: topics(count), everything: false };
            let messages = write(SENDER, &parcel, longest);
            assert!(messages.iter().all(|message| message.len() <= longest), "{longest}: {messages:?}");
            let read: Vec<_> = messages.iter().map(|message| read(message).unwrap()).collect();
            assert!(read.iter().all(|(sender, parcel)| *sender == SENDER && !parcel.everything));
            let read: HashSet<Topic> = read.into_iter().flat_map(|(_, parcel)| parcel.topics).collect();
            assert_eq!(read, parcel.topics);
        }
        let everything = Parcel { everything: true, ..Parcel::default() };
        assert_eq!(read(&write(SENDER, &everything, 100)[0]), Some((SENDER, everything)));
        assert_eq!(write(SENDER, &Parcel::default(), 100), [SENDER.simple().to_string()]);
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let tenant = "00000000000000000000000000000002";
        let message = format!("{} é w r{tenant} r{tenant}ü w{tenant} x1 zz  k", SENDER.simple());
        let expected = HashSet::from([Topic::Work(TenantId(Uuid::from_u128(2))), Topic::Keys]);
        assert_eq!(read(&message), Some((SENDER, Parcel { topics: expected, everything: false })));
        for foreign in ["", " ", "hello", "* *", "\u{0}"] {
            assert_eq!(read(foreign), None, "{foreign:?}");
        }
    }
}
