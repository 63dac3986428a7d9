//! Inserts of many rows in few statements.

use crate::StorageError;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Insert};

/// Sizes of the pieces that a long list is cut into: few shapes of statement, so that each is prepared once.
const PIECES: [usize; 4] = [64, 16, 4, 1];

/// Inserts rows, in order. All rows must set the same columns.
pub(crate) async fn rows<A>(tx: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), StorageError>
where
    A: ActiveModelTrait + Send,
{
    in_pieces(rows, async |piece| {
        <A::Entity as EntityTrait>::insert_many(piece).exec_without_returning(tx).await?;
        Ok(())
    })
    .await
}

/// The same, skipping rows that a unique index refuses. Yields how many were inserted.
pub(crate) async fn new_rows<A>(tx: &impl ConnectionTrait, rows: Vec<A>) -> Result<u64, StorageError>
where
    A: ActiveModelTrait + Send,
{
    let mut inserted = 0;
    in_pieces(rows, async |piece| {
        let insert = Insert::many(piece).on_conflict(sea_orm::sea_query::OnConflict::new().do_nothing().to_owned());
        inserted += insert.exec_without_returning(tx).await?;
        Ok(())
    })
    .await?;
    Ok(inserted)
}

async fn in_pieces<A>(
    rows: Vec<A>,
    mut insert: impl AsyncFnMut(Vec<A>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let mut rows = rows.into_iter();
    for size in PIECES {
        while rows.len() >= size {
            insert(rows.by_ref().take(size).collect()).await?;
        }
    }
    Ok(())
}
