//! The bus of a replica among others: hints wake this process at once and are carried to the others beside it.
//!
//! Nobody who gives a hint waits for the carrier. When the way is lost, it is looked for again and again; topics that
//! were hinted meanwhile are sent then, and everybody here is woken once, because hints of others were missed.

use crate::{
    Bus, Link, MemoryBus, Subscription, Topic, message,
    outbox::{Outbox, Parcel},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

/// How long the carrier may take for one thing before the way counts as lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How often a message is sent although there is no hint. Each replica hears its own, so silence is a sign that hints
/// are lost although no connection is: a frozen server, a proxy that knows no subscriptions.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long to wait before the way is looked for again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Why the way to the other replicas is lost.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// Redis says so.
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    /// PostgreSQL says so.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    /// The connection was closed.
    #[error("the connection was closed")]
    Closed,
    /// It did not answer in time.
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Slow,
    /// Not even this replica's own messages arrive.
    #[error("messages are accepted but do not arrive")]
    Silent,
}

/// Something that carries messages to all replicas, the sender included.
pub trait Carrier: Send + Sync + 'static {
    /// Its name, for people.
    const NAME: &'static str;
    /// The longest message, in bytes.
    const LONGEST: usize;
    /// Hints within so much time travel together.
    const PAUSE: Duration;

    /// The sending end.
    type Speaker: Speaker;
    /// The receiving end.
    type Listener: Listener;

    /// Opens the way. When this returns, messages of others are being received.
    fn connect(&self) -> impl Future<Output = Result<(Self::Speaker, Self::Listener), CarrierError>> + Send;
}

/// Sends messages.
pub trait Speaker: Send {
    /// Sends one message.
    fn say(&mut self, message: String) -> impl Future<Output = Result<(), CarrierError>> + Send;
}

/// Receives messages.
pub trait Listener: Send {
    /// Waits for the next message.
    fn hear(&mut self) -> impl Future<Output = Result<String, CarrierError>> + Send;
}

/// The bus of a replica among others. Dropping it ends its connections.
#[derive(Debug)]
pub struct RelayBus {
    shared: Arc<Shared>,
    carrying: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    /// Which replica this is; its own messages are of no use to it.
    replica: Uuid,
    local: MemoryBus,
    outbox: Outbox,
    is_up: AtomicBool,
}

impl RelayBus {
    /// A bus over this carrier. `replica` tells this process from others; a new one at each start. Returns at once:
    /// a carrier that is away is waited for in the background.
    pub fn start<C: Carrier>(carrier: C, replica: Uuid) -> Self {
        let shared = Arc::new(Shared {
            replica,
            local: MemoryBus::default(),
            outbox: Outbox::default(),
            is_up: AtomicBool::new(false),
        });
        let carrying = tokio::spawn(carry(Arc::clone(&shared), carrier)).abort_handle();
        Self { shared, carrying }
    }
}

impl Bus for RelayBus {
    fn hint(&self, topic: Topic) {
        self.shared.local.hint(topic);
        self.shared.outbox.put(topic);
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        self.shared.local.subscribe(topic)
    }

    fn link(&self) -> Link {
        if self.shared.is_up.load(Ordering::Relaxed) { Link::Up } else { Link::Down }
    }
}

impl Drop for RelayBus {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

/// Keeps the way open, for ever.
async fn carry<C: Carrier>(shared: Arc<Shared>, carrier: C) {
    let mut lost_at = None;
    let mut pause = PAUSES.0;
    loop {
        let error = match timeout(PATIENCE, carrier.connect()).await.unwrap_or(Err(CarrierError::Slow)) {
            Ok((speaker, listener)) => {
                match lost_at.take() {
                    None => tracing::info!(carrier = C::NAME, "hints reach other replicas"),
                    Some(lost_at) => {
                        let seconds = Instant::now().duration_since(lost_at).as_secs();
                        tracing::info!(carrier = C::NAME, seconds, "hints reach other replicas again");
                    }
                }
                shared.is_up.store(true, Ordering::Relaxed);
                shared.local.wake_all();
                let since = Instant::now();
                let error = exchange::<C>(&shared, speaker, listener).await;
                shared.is_up.store(false, Ordering::Relaxed);
                if since.elapsed() > HEARTBEAT {
                    pause = PAUSES.0;
                }
                error
            }
            Err(error) => error,
        };
        if lost_at.is_none() {
            lost_at = Some(Instant::now());
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                carrier = C::NAME,
                error,
                "hints do not reach other replicas; until they do, changes are seen there with a delay of seconds"
            );
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Sends and receives until the way is lost; why.
async fn exchange<C: Carrier>(
    shared: &Shared,
    mut speaker: C::Speaker,
    mut listener: C::Listener,
) -> CarrierError {
    tokio::select! {
        error = speak::<C>(shared, &mut speaker) => error,
        error = listen(shared, &mut listener) => error,
    }
}

async fn speak<C: Carrier>(shared: &Shared, speaker: &mut C::Speaker) -> CarrierError {
    loop {
        // Sent anyway when the time is over: an empty message shows that the way is open.
        let _ = timeout(HEARTBEAT, shared.outbox.filled()).await;
        let taken = shared.outbox.take();
        for message in message::write(shared.replica, &taken.parcel, C::LONGEST) {
            match timeout(PATIENCE, speaker.say(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error,
                Err(_) => return CarrierError::Slow,
            }
        }
        taken.sent();
        // A hint that comes alone goes at once; those that follow closely wait for each other.
        sleep(C::PAUSE).await;
    }
}

async fn listen(shared: &Shared, listener: &mut impl Listener) -> CarrierError {
    loop {
        let message = match timeout(HEARTBEAT + PATIENCE, listener.hear()).await {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return error,
            Err(_) => return CarrierError::Silent,
        };
        match message::read(&message) {
            Some((sender, _)) if sender == shared.replica => {}
            Some((_, Parcel { everything: true, .. })) => shared.local.wake_all(),
            Some((_, parcel)) => {
                for topic in parcel.topics {
                    shared.local.hint(topic);
                }
            }
            None => tracing::debug!("a message on the channel of hints is none"),
        }
    }
}
