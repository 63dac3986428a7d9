//! Doing the same to several things that are named on the command line.

use serde::Serialize;

use super::Session;
use crate::failure::{Failure, exit};
use crate::output::screen::{self, Format};

/// Does it to every one, and says of each what came of it; goes on after one that failed, and fails at the end.
pub(crate) async fn each<T: Serialize>(
    session: &Session,
    references: &[String],
    act: impl AsyncFn(&str) -> Result<T, Failure>,
    sentence: impl Fn(&T) -> String,
) -> Result<(), Failure> {
    let mut outcomes = Vec::new();
    let mut failed = false;
    for reference in references {
        match act(reference).await {
            Ok(outcome) => {
                if session.screen.format == Format::Table {
                    screen::line(&sentence(&outcome))?;
                }
                outcomes.push(outcome);
            }
            Err(failure) => {
                failed = true;
                failure.report();
            }
        }
    }
    if session.screen.format == Format::Json {
        screen::json(&outcomes)?;
    }
    if failed { Err(Failure::silent(exit::FAILED)) } else { Ok(()) }
}
