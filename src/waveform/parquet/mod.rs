//! Parquet files: tables by column, for pandas, polars and their like.
//!
//! `write`: rows come one by one and are kept until they make a row group. `read`: chosen columns, some rows at a time.

mod files;
mod read;
mod table;
mod write;

pub use files::{ParquetFile, ParquetFiles};
pub use read::{ParquetReader, Values, is_guarded};
pub use table::{is_parquet, read_table};
pub use write::{Cell, Kind, ParquetWriter};

use parquet::errors::ParquetError;
use std::io;

/// The error of the disk where it was that, else what is wrong with the file, in words.
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(e) => *e,
            Err(e) => io::Error::other(e.to_string()),
        },
        // Before the text stands whose error it is.
        other => {
            let text = other.to_string();
            let text = text.split_once(": ").map_or(text.as_str(), |t| t.1);
            io::Error::new(io::ErrorKind::InvalidData, text.to_string())
        }
    }
}
