//! GraphQL documents: read, measured and kept. What fits the schema is decided by the executor.

mod cache;
mod measure;
mod roots;
mod scan;

pub(crate) use cache::Documents;
pub(super) use measure::Size;
#[cfg(test)]
pub(super) use roots::RootField;
pub(super) use roots::Roots;

use super::{HttpLimits, Refusal};
use async_graphql::{
    Positioned,
    parser::{
        parse_query,
        types::{ExecutableDocument, OperationDefinition},
    },
};
use signalbox_schema::ErrorCode;
use std::borrow::Cow;

/// A document that the parser understood and that keeps the limits.
#[derive(Debug)]
pub(crate) struct Document {
    /// What the executor runs.
    pub parsed: ExecutableDocument,
    /// What keeping it costs: the bytes of its text.
    weight: u32,
    /// Each operation.
    operations: Vec<Operation>,
}

/// What is known of one operation without its variables.
#[derive(Debug)]
pub(in crate::transport) struct Operation {
    name: Option<String>,
    /// Its root fields.
    pub roots: Roots,
    /// How large it is.
    pub size: Size,
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
                    "the document has {} bytes, {} are allowed (max_document_bytes); pass data as variables",
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
        let sizes = measure::measure(&parsed, limits)?;
        let operations = parsed
            .operations
            .iter()
            .zip(sizes)
            .map(|((name, operation), size)| Operation {
                name: name.map(ToString::to_string),
                roots: Roots::of(&operation.node, &parsed),
                size,
            })
            .collect();
        Ok(Self { parsed, weight, operations })
    }

    /// The operation that the executor will choose for this name; `None` if it will refuse to choose.
    pub(in crate::transport) fn operation(
        &self,
        name: Option<&str>,
    ) -> Option<(&Operation, &Positioned<OperationDefinition>)> {
        let mut all = self.operations.iter().zip(self.parsed.operations.iter().map(|(_, parsed)| parsed));
        match name {
            None if self.operations.len() == 1 => all.next(),
            None => None,
            Some(wanted) => all.find(|(operation, _)| operation.name.as_deref() == Some(wanted)),
        }
    }

    /// The root fields of the operation that the executor will choose for this name.
    pub(in crate::transport) fn roots(&self, operation_name: Option<&str>) -> Option<&Roots> {
        self.operation(operation_name).map(|(operation, _)| &operation.roots)
    }
}

#[cfg(test)]
mod tests;
