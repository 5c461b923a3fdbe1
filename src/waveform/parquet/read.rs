//! Chosen columns of a Parquet file, some rows at a time: plain columns and lists of numbers, whoever wrote them.

use super::plain;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::Result;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// Does a panic of this thread end in [`guarded`]?
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Is a panic of this thread one of a damaged file, which is told as an error? For those who tell of panics.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// The crate falls over some damaged files, which are no fault of ours.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> io::Result<T> {
    GUARDED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    match outcome {
        Ok(outcome) => outcome.map_err(plain),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged")),
    }
}

/// Rows that are read at a time.
const CHUNK: usize = 1 << 14;

/// The values of a column in some rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; NaN where there is none.
    Numbers(Vec<f64>),
    /// Texts; none where there is none.
    Texts(Vec<Option<String>>),
    /// Lists of numbers, one behind the other, and where each ends. What is missing in a list is left out.
    Lists(Vec<f64>, Vec<usize>),
}

impl Values {
    /// In how many rows.
    pub fn rows(&self) -> usize {
        match self {
            Values::Numbers(v) => v.len(),
            Values::Texts(v) => v.len(),
            Values::Lists(_, ends) => ends.len(),
        }
    }
    /// The numbers of a row: one, none, or those of a list.
    pub fn numbers(&self, row: usize) -> &[f64] {
        match self {
            Values::Numbers(v) => v.get(row..row + 1).filter(|x| !x[0].is_nan()).unwrap_or(&[]),
            Values::Texts(_) => &[],
            Values::Lists(v, ends) => {
                let start = if row == 0 { 0 } else { ends.get(row - 1).copied().unwrap_or(0) };
                ends.get(row).and_then(|end| v.get(start..*end)).unwrap_or(&[])
            }
        }
    }
    /// The value of a row as a name, if it has one.
    pub fn name(&self, row: usize) -> Option<String> {
        match self {
            Values::Numbers(v) => v.get(row).filter(|x| !x.is_nan()).map(|x| x.to_string()),
            Values::Texts(v) => v.get(row).cloned().flatten().map(|t| t.trim().to_string()).filter(|t| !t.is_empty()),
            Values::Lists(..) => None,
        }
    }
}

/// A Parquet file that is read.
pub struct ParquetReader {
    file: SerializedFileReader<File>,
    /// For each column at the top the number of its only leaf, if it has but one.
    columns: Vec<(String, Option<usize>)>,
}

impl std::fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetReader").field("columns", &self.columns).finish()
    }
}

/// A column on its way.
enum Stream {
    Int(Leaf<parquet::data_type::Int32Type>, bool),
    Long(Leaf<parquet::data_type::Int64Type>, bool),
    Float(Leaf<parquet::data_type::FloatType>),
    Double(Leaf<parquet::data_type::DoubleType>),
    Text(Leaf<parquet::data_type::ByteArrayType>),
}

/// A typed column, its levels, and whether it is one of lists.
struct Leaf<T: DataType> {
    reader: ColumnReaderImpl<T>,
    defined: i16,
    list: bool,
}

impl<T: DataType> Leaf<T> {
    fn new(reader: ColumnReaderImpl<T>, of: &ColumnDescriptor) -> Leaf<T> {
        Leaf { reader, defined: of.max_def_level(), list: of.max_rep_level() > 0 }
    }

    /// The next rows: for each whether a list goes on, and the value if there is one.
    fn next(&mut self, rows: usize) -> Result<Vec<(bool, Option<T::T>)>> {
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (_, _, levels) =
            self.reader.read_records(rows, Some(&mut definitions), Some(&mut repetitions), &mut values)?;
        let mut values = values.into_iter();
        let defined = |k: usize| self.defined == 0 || definitions.get(k).is_some_and(|d| *d == self.defined);
        let goes_on = |k: usize| repetitions.get(k).is_some_and(|r| *r > 0);
        Ok((0..levels).map(|k| (goes_on(k), if defined(k) { values.next() } else { None })).collect())
    }

    fn numbers(&mut self, rows: usize, number: impl Fn(T::T) -> f64) -> Result<Values> {
        let all = self.next(rows)?;
        if !self.list {
            return Ok(Values::Numbers(all.into_iter().map(|(_, v)| v.map_or(f64::NAN, &number)).collect()));
        }
        let (mut numbers, mut ends) = (Vec::new(), Vec::new());
        for (goes_on, value) in all {
            if !goes_on {
                ends.push(numbers.len());
            }
            numbers.extend(value.map(&number).filter(|x| !x.is_nan()));
            if let Some(end) = ends.last_mut() {
                *end = numbers.len();
            }
        }
        Ok(Values::Lists(numbers, ends))
    }
}

impl Stream {
    fn next(&mut self, rows: usize) -> Result<Values> {
        match self {
            Stream::Int(leaf, signed) => {
                let signed = *signed;
                leaf.numbers(rows, |n| if signed { f64::from(n) } else { f64::from(n.cast_unsigned()) })
            }
            Stream::Long(leaf, signed) => {
                let signed = *signed;
                leaf.numbers(rows, |n| if signed { n as f64 } else { n.cast_unsigned() as f64 })
            }
            Stream::Float(leaf) => leaf.numbers(rows, f64::from),
            Stream::Double(leaf) => leaf.numbers(rows, |x| x),
            Stream::Text(leaf) => {
                let text = |v: parquet::data_type::ByteArray| v.as_utf8().map(str::to_string);
                let all = leaf.next(rows)?;
                Ok(Values::Texts(all.into_iter().map(|(_, v)| v.map(text).transpose()).collect::<Result<_>>()?))
            }
        }
    }
}

/// Are the whole numbers of a column just that, and are they signed? None of dates, decimals and the like.
fn signed(of: &ColumnDescriptor) -> Option<bool> {
    match of.logical_type_ref() {
        None if matches!(of.converted_type(), ConvertedType::NONE) => Some(true),
        None => match of.converted_type() {
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                Some(false)
            }
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64 => Some(true),
            _ => None,
        },
        Some(LogicalType::Integer(t)) => Some(t.is_signed),
        Some(_) => None,
    }
}

impl ParquetReader {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is no Parquet file (`InvalidData`).
    pub fn open(file: File) -> io::Result<ParquetReader> {
        let file = guarded(|| SerializedFileReader::new(file))?;
        let schema = file.metadata().file_metadata().schema_descr();
        let mut columns: Vec<(String, Option<usize>)> = Vec::new();
        for field in schema.root_schema().get_fields() {
            columns.push((field.name().to_string(), None));
        }
        for leaf in 0..schema.num_columns() {
            let root = schema.get_column_root_idx(leaf);
            let only = (0..schema.num_columns()).filter(|k| schema.get_column_root_idx(*k) == root).count() == 1;
            if let (true, Some(column)) = (only, columns.get_mut(root)) {
                column.1 = Some(leaf);
            }
        }
        Ok(ParquetReader { file, columns })
    }

    /// The names of the columns at the top.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.0.as_str())
    }

    /// Goes through all rows, some at a time, with the values of the columns of these names.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or a column is missing or holds neither numbers, texts nor lists of numbers
    /// (`InvalidData`).
    pub fn each(&self, names: &[&str], take: &mut dyn FnMut(&[Values]) -> io::Result<()>) -> io::Result<()> {
        let wrong = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
        let leaves = names.iter().map(|name| {
            let found = self.columns.iter().find(|c| c.0 == *name);
            let found = found.ok_or_else(|| wrong(format!("there is no column '{name}'")))?;
            found.1.ok_or_else(|| wrong(format!("the column '{name}' holds records, not numbers or texts")))
        });
        let leaves = leaves.collect::<io::Result<Vec<usize>>>()?;
        for k in 0..self.file.num_row_groups() {
            let group = guarded(|| self.file.get_row_group(k))?;
            let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            let mut streams = Vec::new();
            for (leaf, name) in leaves.iter().zip(names) {
                let about = self.file.metadata().file_metadata().schema_descr().column(*leaf);
                let stream = stream(guarded(|| group.get_column_reader(*leaf))?, &about);
                streams.push(stream.ok_or_else(|| {
                    wrong(format!("the column '{name}' holds {}, not numbers, texts or lists of numbers", what(&about)))
                })?);
            }
            while left > 0 {
                let rows = left.min(CHUNK);
                let values = streams.iter_mut().map(|s| guarded(|| s.next(rows))).collect::<io::Result<Vec<_>>>()?;
                if values.iter().any(|v| v.rows() != rows) {
                    return Err(wrong("it has fewer rows than it says".to_string()));
                }
                take(&values)?;
                left -= rows;
            }
        }
        Ok(())
    }
}

/// The column as a stream, if it can be read.
fn stream(reader: ColumnReader, about: &ColumnDescriptor) -> Option<Stream> {
    if about.max_rep_level() > 1 {
        return None;
    }
    Some(match reader {
        ColumnReader::Int32ColumnReader(r) => Stream::Int(Leaf::new(r, about), signed(about)?),
        ColumnReader::Int64ColumnReader(r) => Stream::Long(Leaf::new(r, about), signed(about)?),
        ColumnReader::FloatColumnReader(r) => Stream::Float(Leaf::new(r, about)),
        ColumnReader::DoubleColumnReader(r) => Stream::Double(Leaf::new(r, about)),
        ColumnReader::ByteArrayColumnReader(r) if about.max_rep_level() == 0 => Stream::Text(Leaf::new(r, about)),
        _ => return None,
    })
}

/// What a column holds that cannot be read.
fn what(about: &ColumnDescriptor) -> String {
    let kind = match about.physical_type() {
        Physical::BOOLEAN => "true and false",
        Physical::BYTE_ARRAY => "lists of texts",
        Physical::INT96 => "times of day",
        Physical::INT32 | Physical::INT64 => "dates, times or decimals",
        _ => "values of another kind",
    };
    if about.max_rep_level() > 1 { "lists of lists".to_string() } else { kind.to_string() }
}
