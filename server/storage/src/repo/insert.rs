//! Inserts of many rows in few statements.

use crate::StorageError;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Insert, sea_query::OnConflict};

/// Sizes of the pieces that a long list is cut into: few shapes of statement, so that each is prepared once.
const PIECES: [usize; 4] = [64, 16, 4, 1];

/// Inserts rows, in order. All rows must set the same columns.
pub(crate) async fn rows<A>(tx: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), StorageError>
where
    A: ActiveModelTrait + Send,
{
    for piece in pieces(rows) {
        <A::Entity as EntityTrait>::insert_many(piece).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The same, skipping rows that a unique index refuses. Yields how many were inserted.
pub(crate) async fn new_rows<A>(tx: &impl ConnectionTrait, rows: Vec<A>) -> Result<u64, StorageError>
where
    A: ActiveModelTrait + Send,
{
    let mut inserted = 0;
    for piece in pieces(rows) {
        let insert = Insert::many(piece).on_conflict(OnConflict::new().do_nothing().to_owned());
        inserted += insert.exec_without_returning(tx).await?;
    }
    Ok(inserted)
}

fn pieces<A>(rows: Vec<A>) -> Vec<Vec<A>> {
    let mut pieces = Vec::new();
    let mut rows = rows.into_iter();
    for size in PIECES {
        while rows.len() >= size {
            pieces.push(rows.by_ref().take(size).collect());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_keep_every_row_in_order() {
        let sizes: Vec<usize> = pieces((0..151).collect::<Vec<_>>()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [64, 64, 16, 4, 1, 1, 1]);
        assert_eq!(pieces((0..151).collect::<Vec<_>>()).concat(), (0..151).collect::<Vec<_>>());
    }
}
