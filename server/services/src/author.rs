//! Who did something, for states and events that say so, and what they have to say.

use crate::ServiceError;
use signalbox_core::access::Actor;
use signalbox_schema::ApiKeyId;
use signalbox_storage::{StorageError, TenantTx, repo::api_key};

/// Longest note, in bytes.
const LONGEST_NOTE: usize = 1_000;

/// The author of a change.
#[derive(Debug, Clone)]
pub struct Author {
    key: Option<ApiKeyId>,
    note: Option<String>,
}

impl Author {
    /// The sender of a request, with a note of theirs.
    ///
    /// # Errors
    /// `INVALID_INPUT` for a note that is too long.
    pub fn new(actor: &Actor, note: Option<String>) -> Result<Self, ServiceError> {
        let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if let Some(note) = note.as_deref().filter(|note| note.len() > LONGEST_NOTE || note.contains('\0')) {
            return Err(ServiceError::invalid(format!(
                "note must be at most {LONGEST_NOTE} bytes long, without NUL characters; it is {} bytes long",
                note.len()
            )));
        }
        let key = match actor {
            Actor::Local { .. } => None,
            Actor::Key { id, .. } => Some(*id),
        };
        Ok(Self { key, note })
    }

    /// Who that is: the name of their key, or that they need none.
    pub(crate) async fn name(&self, tx: &TenantTx) -> Result<String, StorageError> {
        Ok(match self.key {
            None => "somebody on the server's machine".to_owned(),
            Some(key) => match api_key::name(tx, key).await? {
                Some(name) => format!("API key '{name}'"),
                None => format!("API key {key}"),
            },
        })
    }

    /// A sentence about what they did, with their note.
    pub(crate) fn sign(&self, did: &str, name: &str) -> String {
        match &self.note {
            Some(note) => format!("{did} by {name}: {note}"),
            None => format!("{did} by {name}."),
        }
    }
}
