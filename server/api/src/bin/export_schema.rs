//! Prints the SDL of the API; `make schema` writes it to `schema/schema.graphql`. Needs no database.

use std::io::{Write, stdout};

fn main() -> std::io::Result<()> {
    let sdl = signalbox_api::graphql::sdl();
    let mut out = stdout().lock();
    out.write_all(sdl.trim_end().as_bytes())?;
    out.write_all(b"\n")
}
