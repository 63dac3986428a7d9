//! Reading a request body: bounded in bytes, in time and in memory over all requests.

use super::{HttpLimits, Refusal};
use axum::{
    body::{Body, HttpBody},
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT},
    },
};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use signalbox_schema::ErrorCode;
use std::{
    future::poll_fn,
    io::Read,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies up to this size are not counted: their number is bounded by that of the connections.
const SMALL: usize = 64 << 10;
/// The unit of the memory budget.
const PERMIT: usize = 1 << 10;
/// Of a body that is refused, so much is read over, so that a client which sends everything before it reads
/// anything gets the answer instead of a broken connection.
const DISCARD_BYTES: usize = 64 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Memory for large bodies, shared by all requests.
#[derive(Debug)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    all: u32,
}

/// A body, and its share of the budget while it is in memory.
#[derive(Debug)]
pub(super) struct Received {
    pub bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Why there is no body.
#[derive(Debug)]
pub(super) enum Unread {
    /// Refused; the refusal is the answer.
    Refused(Refusal),
    /// The client did not send it in time.
    TimedOut,
    /// The client hung up.
    Gone,
}

impl Budget {
    pub fn new(limits: &HttpLimits) -> Self {
        let permits = (limits.buffered_bytes.max(limits.body_bytes) / PERMIT).clamp(1, 1 << 28);
        Self { permits: Arc::new(Semaphore::new(permits)), all: u32::try_from(permits).unwrap_or(u32::MAX) }
    }

    /// Waits for room for a body of `size` bytes.
    async fn share(&self, size: usize) -> Option<OwnedSemaphorePermit> {
        if size <= SMALL {
            return None;
        }
        let permits = u32::try_from(size.div_ceil(PERMIT)).unwrap_or(u32::MAX).min(self.all);
        Arc::clone(&self.permits).acquire_many_owned(permits).await.ok()
    }
}

/// Reads a body. One that says it is too large is refused before it is read.
pub(super) async fn read(
    headers: &HeaderMap,
    body: &mut Body,
    limits: &HttpLimits,
    budget: &Budget,
) -> Result<Received, Unread> {
    let encoding = Encoding::of(headers).map_err(Unread::Refused)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes) {
        return Err(Unread::Refused(too_large(limits)));
    }
    let most = match encoding {
        // A kilobyte can unpack to a megabyte.
        Encoding::Gzip => limits.body_bytes,
        Encoding::Identity => announced.unwrap_or(limits.body_bytes),
    };
    let reading = async {
        let share = budget.share(most).await;
        let bytes = collect(body, announced.unwrap_or(0), limits).await?;
        Ok((share, bytes))
    };
    let (share, bytes) =
        tokio::time::timeout(limits.body_timeout, reading).await.unwrap_or(Err(Unread::TimedOut))?;
    let bytes = match encoding {
        Encoding::Identity => bytes,
        Encoding::Gzip => unpack(&bytes, limits).map_err(Unread::Refused)?,
    };
    Ok(Received { bytes, _share: share })
}

/// Reads over what is left of a refused body, within bounds. A client that waits for `100 Continue` has
/// sent nothing yet and needs no such patience; with one that announces more than the bounds it is lost.
pub(super) async fn discard(headers: &HeaderMap, body: &mut Body) {
    let hopeless = body.size_hint().lower() > DISCARD_BYTES as u64;
    if hopeless || headers.contains_key(EXPECT) {
        return;
    }
    let deadline = Instant::now() + DISCARD_TIME;
    let mut read = 0;
    while read < DISCARD_BYTES {
        let frame = tokio::time::timeout_at(deadline.into(), next(body)).await;
        match frame {
            Ok(Some(Ok(bytes))) => read += bytes.len(),
            Ok(None | Some(Err(_))) | Err(_) => return,
        }
    }
}

async fn collect(body: &mut Body, announced: usize, limits: &HttpLimits) -> Result<Bytes, Unread> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = next(body).await {
        let bytes = frame.map_err(|_| Unread::Gone)?;
        if first.len() + all.len() + bytes.len() > limits.body_bytes {
            return Err(Unread::Refused(too_large(limits)));
        }
        // Most bodies are one piece, and need no copy.
        if first.is_empty() && all.is_empty() {
            first = bytes;
            continue;
        }
        if all.is_empty() {
            all.reserve(announced.clamp(first.len() + bytes.len(), limits.body_bytes));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&bytes);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The next piece of data; trailers are passed over.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        match headers
            .get(CONTENT_ENCODING)
            .map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase())
            .as_deref()
        {
            None | Some(b"" | b"identity") => Ok(Self::Identity),
            Some(b"gzip" | b"x-gzip") => Ok(Self::Gzip),
            Some(_) => Err(Refusal::new(
                ErrorCode::BadRequest,
                "the body's Content-Encoding is not known; send it as it is, or with gzip",
            )),
        }
    }
}

fn unpack(packed: &[u8], limits: &HttpLimits) -> Result<Bytes, Refusal> {
    let mut bytes = Vec::with_capacity(packed.len().saturating_mul(4).min(limits.body_bytes));
    let most = limits.body_bytes as u64;
    MultiGzDecoder::new(packed).take(most + 1).read_to_end(&mut bytes).map_err(|error| {
        Refusal::new(ErrorCode::BadRequest, format!("the body is not what gzip makes: {error}"))
    })?;
    if bytes.len() > limits.body_bytes {
        return Err(too_large(limits));
    }
    Ok(bytes.into())
}

fn too_large(limits: &HttpLimits) -> Refusal {
    Refusal::new(
        ErrorCode::PayloadTooLarge,
        format!("the body is larger than the {} bytes that are allowed", limits.body_bytes),
    )
}
