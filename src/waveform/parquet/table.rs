//! A Parquet file of numbers as a result: its columns, the first of which is the axis.

use super::{ParquetReader, Values};
use crate::waveform::{Contents, ReadError, table};
use std::fs::File;

const FORMAT: &str = "Parquet";

/// Does this look like a Parquet file?
pub fn is_parquet(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PAR1")
}

/// Reads all columns of numbers; others are left out, with a remark.
///
/// # Errors
/// It is damaged, or has no columns of numbers.
pub fn read_table(file: File) -> Result<Contents, ReadError> {
    let error = |message: String| ReadError::new(FORMAT, 0, message);
    let reader = ParquetReader::open(file).map_err(|e| error(e.to_string()))?;
    let names: Vec<String> = reader.names().map(str::to_string).collect();
    let mut contents = Contents { format: FORMAT, ..Contents::default() };
    let (mut kept, mut columns) = (Vec::new(), Vec::new());
    for name in &names {
        let (mut numbers, mut others, mut missing) = (Vec::new(), false, 0);
        let outcome = reader.each(&[name], &mut |values| {
            match values.first() {
                Some(Values::Numbers(v)) => {
                    missing += v.iter().filter(|x| x.is_nan()).count();
                    numbers.extend_from_slice(v);
                }
                _ => others = true,
            }
            Ok(())
        });
        outcome.map_err(|e| error(e.to_string()))?;
        if others {
            contents.remarks.push(format!("the column '{name}' holds no numbers and is left out"));
        } else if missing > 0 {
            return Err(error(format!("the column '{name}' has no value in {missing} rows")));
        } else {
            kept.push(name.clone());
            columns.push(numbers);
        }
    }
    if kept.is_empty() {
        return Err(error("expected columns of numbers, found none".into()));
    }
    contents.waveforms = table::waveforms(&kept, columns);
    Ok(contents)
}
