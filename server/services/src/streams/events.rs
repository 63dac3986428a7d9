//! The log of events.

use super::{
    check_within,
    follow::{Items, PAGE, Page, Source, follow},
    plain,
};
use crate::{ServiceError, Services};
use futures_util::Stream;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Viewer},
    cursor::Cursor,
    event::EventKind,
};
use signalbox_schema::ErrorCode;
use signalbox_storage::repo::event::{self, Event};

/// Where a stream of events begins.
#[derive(Debug, Clone)]
pub enum Start {
    /// With the oldest event that is kept.
    Beginning,
    /// With the next that happens.
    Now,
    /// Behind this cursor.
    After(String),
}

/// Events of the tenant in the order in which they were committed, and then those that come; of the kinds given, or of
/// all when none is.
///
/// # Errors
/// `INVALID_INPUT` for an unknown kind or a cursor of something else, `CURSOR_EXPIRED` when events behind the cursor
/// were deleted meanwhile.
pub async fn events(
    services: &Services,
    access: Access<Viewer>,
    start: Start,
    kinds: &[String],
) -> Result<impl Stream<Item = Result<Items<Event>, ServiceError>> + Send + use<>, ServiceError> {
    let kinds: Vec<EventKind> = kinds.iter().map(|name| kind(name)).collect::<Result<_, _>>()?;
    let tx = services.store().read(&access);
    let position = match start {
        Start::Beginning => 0,
        Start::Now => event::last_position(&tx).await?,
        Start::After(after) => {
            let position = plain(Some(&after))?;
            let oldest = event::oldest_position(&tx).await?;
            let last = event::last_position(&tx).await?;
            check_within(Cursor::behind(position), last)?;
            // Positions have no gaps.
            if position < oldest.unwrap_or(last + 1) - 1 {
                return Err(ServiceError::new(
                    ErrorCode::CursorExpired,
                    format!("after: the events behind cursor {after} were deleted; begin again with null"),
                ));
            }
            position
        }
    };
    let topic = Topic::Events(access.tenant());
    Ok(follow(services, Log { access, position, kinds }, topic))
}

fn kind(name: &str) -> Result<EventKind, ServiceError> {
    EventKind::parse(name).ok_or_else(|| {
        let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let name: String = name.chars().take(60).collect();
        ServiceError::invalid(format!(
            "kinds: \"{name}\" is not a kind of event; they are {}",
            known.join(", ")
        ))
    })
}

struct Log {
    access: Access<Viewer>,
    position: i64,
    kinds: Vec<EventKind>,
}

impl Source for Log {
    type Item = Event;

    async fn read(&mut self, services: &Services) -> Result<Page<Event>, ServiceError> {
        let tx = services.store().read(&self.access);
        // Before the events: what lies up to here and is not among them is of another kind.
        let last = event::last_position(&tx).await?;
        let events = event::after(&tx, self.position, &self.kinds, PAGE).await?;
        let page =
            Page::of(events.into_iter().map(|event| (Cursor::behind(event.position), event)).collect());
        self.position = match page.items.last() {
            Some((cursor, _)) if page.more => cursor.number,
            Some((cursor, _)) => cursor.number.max(last),
            None => self.position.max(last),
        };
        Ok(page)
    }
}
