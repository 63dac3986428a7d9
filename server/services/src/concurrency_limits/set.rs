//! Makes a limit, or changes its number of slots.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Operator},
    ids::Ids,
};
use signalbox_schema::LabelSet;
use signalbox_storage::{
    TenantTx, Transaction,
    repo::concurrency::{self, About},
};
use uuid::Uuid;

/// What a limit is about: a label of flow runs, or a tag of tasks.
#[derive(Debug, Clone)]
pub enum Name {
    /// A label of flow runs.
    Label(String),
    /// A tag of tasks.
    Tag(String),
}

impl Name {
    const fn about(&self) -> About {
        match self {
            Self::Label(_) => About::Label,
            Self::Tag(_) => About::Tag,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Label(text) | Self::Tag(text) => text,
        }
    }
}

/// Limits how many runs with a label, or task runs with a tag, are under way at once; the limit's id, which stays the
/// same when the number changes. Runs that are under way count from the beginning, and none is ended.
///
/// # Errors
/// `INVALID_INPUT` for a negative number, or a text that cannot be a label or a tag.
pub async fn set(
    services: &Services,
    access: &Access<Operator>,
    limited: Name,
    slots: i64,
) -> Result<Uuid, ServiceError> {
    match &limited {
        Name::Label(label) => LabelSet::new([label.as_str()]).map(drop)?,
        Name::Tag(tag) => name::check("tag", tag)?,
    }
    if slots < 0 {
        return Err(ServiceError::invalid(format!(
            "limit must be 0 (nothing starts) or more; it is {slots}"
        )));
    }
    let set = Set { limited, slots, ids: services.ids(), now: services.clock().now() };
    let id = services.store().write(access, &set).await?;
    services.hint(Topic::Work(access.tenant()));
    Ok(id)
}

struct Set<'a> {
    limited: Name,
    slots: i64,
    ids: &'a dyn Ids,
    now: DateTime<Utc>,
}

impl Transaction for Set<'_> {
    const NAME: &'static str = "concurrency_limit.set";
    type Output = Uuid;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Uuid, ServiceError> {
        let (about, name) = (self.limited.about(), self.limited.text());
        if let Some((id, slots)) = concurrency::find(tx, about, name).await? {
            if slots != self.slots {
                concurrency::set_slots(tx, about, (id, name), self.slots, self.now).await?;
            }
            return Ok(id);
        }
        let id = self.ids.id();
        concurrency::insert(tx, about, id, (name, self.slots), self.now).await?;
        concurrency::occupy(tx, about, (id, name), self.ids, self.now).await?;
        Ok(id)
    }
}
