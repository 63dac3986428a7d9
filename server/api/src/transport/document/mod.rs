//! GraphQL documents: read, measured and kept. What fits the schema is decided by the executor.

mod cache;
mod measure;
mod roots;
mod scan;

pub(crate) use cache::Documents;
#[cfg(test)]
pub(super) use roots::RootField;
pub(super) use roots::Roots;

use super::{HttpLimits, Refusal};
use async_graphql::parser::{parse_query, types::ExecutableDocument};
use signalbox_schema::ErrorCode;
use std::borrow::Cow;

/// A document that the parser understood and that keeps the limits.
#[derive(Debug)]
pub(crate) struct Document {
    /// What the executor runs.
    pub parsed: ExecutableDocument,
    /// What keeping it costs: the bytes of its text.
    weight: u32,
    /// The root fields of each operation.
    roots: Vec<(Option<String>, Roots)>,
}

/// Longest message of a syntax error: the parser quotes the line, and a document may be a single line.
const MESSAGE_CHARS: usize = 600;

impl Document {
    /// Reads a text.
    pub fn read(text: &str, limits: &HttpLimits) -> Result<Self, Refusal> {
        if text.len() > limits.document_bytes {
            return Err(Refusal::new(
                ErrorCode::LimitReached,
                format!(
                    "the document has {} bytes, {} are allowed; pass data as variables",
                    text.len(),
                    limits.document_bytes
                ),
            ));
        }
        let weight = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let text: Cow<'_, str> = scan::scan(text, limits.document_nesting)?;
        let parsed = parse_query(text.as_ref()).map_err(|error| {
            let mut message = error.to_string();
            if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS) {
                message.truncate(end);
                message.push('…');
            }
            Refusal { code: ErrorCode::ParseFailed, message, position: error.positions().next() }
        })?;
        measure::measure(&parsed, limits)?;
        let roots = parsed
            .operations
            .iter()
            .map(|(name, operation)| (name.map(ToString::to_string), Roots::of(&operation.node, &parsed)))
            .collect();
        Ok(Self { parsed, weight, roots })
    }

    /// The root fields of the operation that the executor will choose for this name; `None` if it will
    /// refuse to choose.
    pub(in crate::transport) fn roots(&self, operation_name: Option<&str>) -> Option<&Roots> {
        match (operation_name, self.roots.as_slice()) {
            (None, [(_, only)]) => Some(only),
            (None, _) => None,
            (Some(wanted), all) => {
                all.iter().find(|(name, _)| name.as_deref() == Some(wanted)).map(|(_, roots)| roots)
            }
        }
    }
}

#[cfg(test)]
mod tests;
