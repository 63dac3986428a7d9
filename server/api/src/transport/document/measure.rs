//! How much an operation asks for, with its fragments expanded, computed in one linear pass.
//!
//! The executor's own limits expand fragments by walking them, so that thirty fragments which spread each
//! other twice keep it busy for hours, and a fragment that spreads itself overflows its stack. Here each
//! fragment is measured once.

use super::super::{HttpLimits, Refusal};
use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, FragmentSpread, Selection, SelectionSet},
};
use signalbox_schema::ErrorCode;
use std::collections::HashMap;

/// Selection sets within each other on one way through the document, spreads included: bounds our own
/// recursion, and the executor's.
const NESTED_SETS: usize = 150;

/// How large an operation is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::transport) struct Size {
    /// Fields on the longest way from the root to a leaf.
    pub depth: usize,
    /// Fields of the widest selection set.
    pub breadth: usize,
    /// All fields.
    pub fields: usize,
    /// Fields with an alias.
    pub aliases: usize,
    /// Directives on fields, fragments and spreads.
    pub directives: usize,
    /// Fields of the outermost selection set.
    pub roots: usize,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            breadth: self.breadth.max(other.breadth),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            roots: self.roots.saturating_add(other.roots),
        }
    }
}

/// Refuses a document one of whose operations asks for more than is allowed; else says how large each is, in their
/// order.
pub(super) fn measure(document: &ExecutableDocument, limits: &HttpLimits) -> Result<Vec<Size>, Refusal> {
    let mut measured = Measured { document, fragments: HashMap::new() };
    let mut sizes = Vec::new();
    for (_, operation) in document.operations.iter() {
        let mut size = measured.selection_set(&operation.node.selection_set, 0)?;
        size.directives = size.directives.saturating_add(operation.node.directives.len());
        for (what, asked, setting, allowed, advice) in [
            ("levels of fields", size.depth, "max_query_depth", limits.document_depth, "nest less"),
            ("fields", size.fields, "max_query_fields", limits.document_fields, "send several operations"),
            ("root fields", size.roots, "max_query_roots", limits.root_fields, "send several operations"),
            (
                "fields in one selection",
                size.breadth,
                "max_query_breadth",
                limits.document_breadth,
                "select fewer at one place",
            ),
            (
                "aliases",
                size.aliases,
                "max_query_aliases",
                limits.document_aliases,
                "read lists with `where: {id: {_in: …}}` instead of one field per row",
            ),
            (
                "directives",
                size.directives,
                "max_query_directives",
                limits.document_directives,
                "leave out what is not needed",
            ),
        ] {
            if asked > allowed {
                return Err(Refusal::at(
                    ErrorCode::LimitReached,
                    format!(
                        "the operation asks for {asked} {what}; {allowed} are allowed ({setting}); {advice}"
                    ),
                    operation.pos,
                ));
            }
        }
        sizes.push(size);
    }
    Ok(sizes)
}

struct Measured<'a> {
    document: &'a ExecutableDocument,
    /// `None` while the fragment is being measured.
    fragments: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Measured<'a> {
    fn selection_set(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Result<Size, Refusal> {
        if level > NESTED_SETS {
            return Err(Refusal::at(
                ErrorCode::LimitReached,
                format!("the operation is nested too deep; {NESTED_SETS} levels are allowed"),
                set.pos,
            ));
        }
        let mut total = Size::default();
        for selection in &set.node.items {
            let size = match &selection.node {
                Selection::Field(field) => {
                    let below = self.selection_set(&field.node.selection_set, level + 1)?;
                    Size {
                        depth: below.depth + 1,
                        breadth: below.breadth,
                        fields: below.fields.saturating_add(1),
                        aliases: below.aliases.saturating_add(field.node.alias.is_some().into()),
                        directives: below.directives.saturating_add(field.node.directives.len()),
                        roots: 1,
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let mut size = self.selection_set(&fragment.node.selection_set, level + 1)?;
                    size.directives = size.directives.saturating_add(fragment.node.directives.len());
                    size
                }
                Selection::FragmentSpread(spread) => self.spread(spread, level)?,
            };
            total = total.beside(size);
        }
        total.breadth = total.breadth.max(total.roots);
        Ok(total)
    }

    fn spread(&mut self, spread: &'a Positioned<FragmentSpread>, level: usize) -> Result<Size, Refusal> {
        let name = &spread.node.fragment_name.node;
        let mut size = match self.fragments.get(name) {
            Some(Some(size)) => *size,
            Some(None) => {
                return Err(Refusal::at(
                    ErrorCode::ValidationFailed,
                    format!("the fragment \"{name}\" spreads itself"),
                    spread.pos,
                ));
            }
            None => {
                // An unknown fragment is reported by the validation, with the rest of what is wrong.
                let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
                self.fragments.insert(name, None);
                let size = self.selection_set(&fragment.node.selection_set, level + 1)?;
                self.fragments.insert(name, Some(size));
                size
            }
        };
        size.directives = size.directives.saturating_add(spread.node.directives.len());
        Ok(size)
    }
}
