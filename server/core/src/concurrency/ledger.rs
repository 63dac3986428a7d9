//! Who gets a slot, while many ask in one transaction.

use std::{collections::HashMap, fmt};
use uuid::Uuid;

/// A limit and how much of it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its id.
    pub id: Uuid,
    /// The label or tag it is about.
    pub name: String,
    /// How many slots there are.
    pub slots: i64,
    /// How many of them are taken; more than there are when the limit was lowered.
    pub taken: i64,
}

/// Why a run has to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full(pub Limit);

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} slots of '{}' are taken", self.0.taken, self.0.slots, self.0.name)
    }
}

/// The limits of a tenant, as a transaction fills them.
#[derive(Debug, Clone, Default)]
pub struct Ledger(HashMap<String, Limit>);

impl Ledger {
    /// Starts from what the database says.
    pub fn new(limits: impl IntoIterator<Item = Limit>) -> Self {
        Self(limits.into_iter().map(|limit| (limit.name.clone(), limit)).collect())
    }

    /// Whether there are no limits at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a Limit> {
        names.iter().filter_map(|name| self.0.get(name))
    }

    /// How many runs with these labels (or tags) could begin now; `None` is any number.
    pub fn free(&self, names: &[String]) -> Option<u32> {
        let free = |limit: &Limit| u32::try_from((limit.slots - limit.taken).max(0)).unwrap_or(u32::MAX);
        self.of(names).map(free).min()
    }

    /// Takes a slot of every limit on `names`, or none: then it says which is full.
    pub fn take(&mut self, names: &[String]) -> Result<(), Full> {
        if let Some(full) = self.of(names).find(|limit| limit.taken >= limit.slots) {
            return Err(Full(full.clone()));
        }
        for (position, name) in names.iter().enumerate() {
            // A tag may be named twice.
            if let Some(limit) = self.0.get_mut(name).filter(|_| !names[..position].contains(name)) {
                limit.taken += 1;
            }
        }
        Ok(())
    }

    /// The limits on these labels (or tags).
    pub fn limits(&self, names: &[String]) -> Vec<Uuid> {
        self.of(names).map(|limit| limit.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn ledger(limits: &[(&str, i64, i64)]) -> Ledger {
        Ledger::new(limits.iter().zip(1..).map(|(&(name, slots, taken), id)| Limit {
            id: Uuid::from_u128(id),
            name: name.to_owned(),
            slots,
            taken,
        }))
    }

    #[test]
    fn every_limit_must_have_a_free_slot_and_a_refusal_takes_none() {
        let mut ledger = ledger(&[("db", 2, 0), ("gpu", 1, 0), ("off", 0, 0)]);
        assert_eq!(ledger.free(&names(&["db", "gpu"])), Some(1));
        assert_eq!(ledger.free(&names(&["other"])), None);
        assert_eq!(ledger.free(&names(&["off", "db"])), Some(0));
        ledger.take(&names(&["db", "gpu", "other"])).unwrap();
        let full = ledger.take(&names(&["db", "gpu"])).unwrap_err();
        assert_eq!(full.to_string(), "1 of 1 slots of 'gpu' are taken");
        assert_eq!(ledger.free(&names(&["db"])), Some(1), "the refused run took no slot of db");
        ledger.take(&names(&["db"])).unwrap();
        assert!(ledger.take(&names(&["db"])).is_err());
        assert!(ledger.take(&names(&["off"])).is_err());
        ledger.take(&names(&["other"])).unwrap();
    }

    #[test]
    fn a_lowered_limit_turns_away() {
        let mut ledger = ledger(&[("db", 1, 3)]);
        assert_eq!(ledger.free(&names(&["db"])), Some(0));
        assert!(ledger.take(&names(&["db"])).is_err());
        assert_eq!(ledger.limits(&names(&["db", "other"])), [Uuid::from_u128(1)]);
        let mut ledger = self::ledger(&[("db", 2, 0)]);
        ledger.take(&names(&["db", "db"])).unwrap();
        assert_eq!(ledger.free(&names(&["db"])), Some(1), "one slot, however often it is named");
    }
}
