//! A column of the registry: its name, its kind and who may see it.

use std::fmt;

/// What a column holds. Each kind has one scalar in GraphQL and one representation per database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A UUID; text with hyphens on the wire.
    Uuid,
    /// Unicode text.
    Text,
    /// A 32-bit whole number.
    Integer,
    /// A 64-bit whole number; a JSON number on the wire.
    Long,
    /// True or false.
    Boolean,
    /// An instant; ISO 8601 with offset on the wire, microseconds kept.
    Timestamp,
    /// Any JSON value, passed through verbatim.
    Json,
    /// Bytes; private columns only, they have no form on the wire.
    Bytes,
    /// A duration: whole seconds in the database, `HH:MM:SS` text on the wire (as PostgreSQL prints an interval).
    Interval,
}

impl Kind {
    /// Every kind that the API shows.
    pub const ALL: [Self; 8] = [
        Self::Uuid,
        Self::Text,
        Self::Integer,
        Self::Long,
        Self::Boolean,
        Self::Timestamp,
        Self::Json,
        Self::Interval,
    ];

    /// The name of the GraphQL scalar. These are Hasura's names: users write them in variable definitions.
    pub const fn scalar(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "String",
            Self::Integer => "Int",
            Self::Long => "bigint",
            Self::Boolean => "Boolean",
            Self::Timestamp => "timestamptz",
            Self::Json => "jsonb",
            Self::Interval => "interval",
            Self::Bytes => "bytea",
        }
    }

    /// Whether `min` and `max` of the column exist (Hasura offers them for ordered kinds, which leaves out uuid).
    pub const fn has_extremes(self) -> bool {
        match self {
            Self::Text | Self::Integer | Self::Long | Self::Timestamp | Self::Interval => true,
            Self::Uuid | Self::Boolean | Self::Json | Self::Bytes => false,
        }
    }

    /// Whether `sum` and `avg` of the column exist.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Long)
    }
}

/// One column of a table.
pub struct Column {
    /// Name in the database and on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it can be null.
    pub nullable: bool,
    /// Private columns exist in the database only; no GraphQL type mentions them.
    pub private: bool,
    /// One line for the SDL.
    pub description: &'static str,
}

impl Column {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, nullable: false, private: false, description }
    }

    pub(super) const fn uuid(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Uuid, description)
    }

    pub(super) const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, description)
    }

    pub(super) const fn integer(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Integer, description)
    }

    pub(super) const fn long(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Long, description)
    }

    pub(super) const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Boolean, description)
    }

    pub(super) const fn timestamp(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Timestamp, description)
    }

    pub(super) const fn json(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Json, description)
    }

    /// Bytes are private.
    pub(super) const fn bytes(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Bytes, description).private()
    }

    pub(super) const fn interval(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Interval, description)
    }

    pub(super) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(super) const fn private(mut self) -> Self {
        self.private = true;
        self
    }
}

impl fmt::Debug for Column {
    /// The name only, which keeps plans readable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The primary key every table has.
pub(super) const ID: Column = Column::uuid("id", "Primary key.");
/// When the row was written first.
pub(super) const CREATED: Column = Column::timestamp("created", "When the row was created.");
/// When the row changed last.
pub(super) const UPDATED: Column = Column::timestamp("updated", "When the row changed last.");
/// The owner of the row: what the compiler's tenant predicate compares.
pub(super) const TENANT_ID: Column = Column::uuid("tenant_id", "The tenant the row belongs to.");
