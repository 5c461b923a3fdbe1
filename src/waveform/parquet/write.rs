//! A Parquet file row by row. The same rows give the same bytes.

use super::plain;
use crate::waveform::file::PartialFile;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Rows of a row group: what is kept in memory.
const GROUP: usize = 1 << 18;
/// Values that are handed on at a time.
const CHUNK: usize = 1 << 12;
/// Bytes of different values that are kept in a dictionary: 65,536 stimuli with room to spare.
const DICTIONARY: usize = 16 << 20;

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Whole numbers below 2^63.
    Whole,
    /// Words of 64 bits, as whole numbers without a sign.
    Word,
    /// One of these texts.
    Text(Vec<String>),
    /// Lists of numbers.
    List,
}

/// A value of a row.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// For [`Kind::Number`].
    Number(f64),
    /// For [`Kind::Whole`], [`Kind::Word`], and of [`Kind::Text`] the number of the text.
    Whole(u64),
    /// For [`Kind::List`].
    List(&'a [f64]),
}

/// The values of a column that wait for their row group.
#[derive(Debug)]
struct Column {
    kind: Kind,
    wholes: Vec<u64>,
    /// Of lists: all of them one behind the other, the length of each in `wholes`.
    numbers: Vec<f64>,
}

/// Writes a Parquet file that appears under its name when it is finished.
pub struct ParquetWriter {
    file: SerializedFileWriter<PartialFile>,
    columns: Vec<Column>,
    rows: usize,
}

impl std::fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetWriter").field("columns", &self.columns.len()).field("rows", &self.rows).finish()
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes).map(|_| bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn schema(columns: &[(String, Kind)]) -> Result<Type> {
    let plain = |name: &str, physical: Physical, logical: Option<LogicalType>| {
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        field.with_logical_type(logical).build().map(Arc::new)
    };
    let one = |(name, kind): &(String, Kind)| match kind {
        Kind::Number => plain(name, Physical::DOUBLE, None),
        Kind::Whole => plain(name, Physical::INT64, None),
        Kind::Word => plain(name, Physical::INT64, Some(LogicalType::integer(64, false))),
        Kind::Text(_) => plain(name, Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::List => {
            let element = plain("element", Physical::DOUBLE, None)?;
            let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
            let list = Arc::new(list.with_fields(vec![element]).build()?);
            let field = Type::group_type_builder(name).with_repetition(Repetition::REQUIRED);
            field.with_logical_type(Some(LogicalType::List)).with_fields(vec![list]).build().map(Arc::new)
        }
    };
    let fields = columns.iter().map(one).collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("rows").with_fields(fields).build()
}

impl ParquetWriter {
    /// Begins a file that will be called `target`, with these columns.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(target: &Path, columns: Vec<(String, Kind)>) -> io::Result<ParquetWriter> {
        let mut file = PartialFile::create(target)?;
        file.leave_nothing();
        let mut how = WriterProperties::builder()
            .set_created_by(concat!("neurospice ", env!("CARGO_PKG_VERSION")).to_string())
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_dictionary_page_size_limit(DICTIONARY);
        for (name, _) in columns.iter().filter(|(_, kind)| *kind == Kind::List) {
            let path = ["list", "element"].map(String::from);
            let path = ColumnPath::new([vec![name.clone()], path.to_vec()].concat());
            how = how.set_column_dictionary_enabled(path, false);
        }
        let schema = Arc::new(schema(&columns).map_err(plain)?);
        let file = SerializedFileWriter::new(file, schema, Arc::new(how.build())).map_err(plain)?;
        let column = |(_, kind)| Column { kind, wholes: Vec::new(), numbers: Vec::new() };
        Ok(ParquetWriter { file, columns: columns.into_iter().map(column).collect(), rows: 0 })
    }

    /// Adds a row: a value for each column, in their order.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match cell {
                Cell::Number(x) => column.numbers.push(*x),
                Cell::Whole(n) => column.wholes.push(*n),
                Cell::List(list) => {
                    column.wholes.push(list.len() as u64);
                    column.numbers.extend_from_slice(list);
                }
            }
        }
        self.rows += 1;
        if self.rows < GROUP { Ok(()) } else { self.group().map_err(plain) }
    }

    /// Writes out the row group.
    fn group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.rows = 0;
        let mut group = self.file.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(&mut writer)?;
            writer.close()?;
            column.wholes.clear();
            column.numbers.clear();
        }
        group.close().map(|_| ())
    }

    /// Writes what is left. The file gets its name when what is returned is finished.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn close(mut self) -> io::Result<PartialFile> {
        self.group().map_err(plain)?;
        let mut file = self.file.into_inner().map_err(plain)?;
        PartialFile::flush(&mut file)?;
        Ok(file)
    }
}

fn all<T: DataType>(writer: &mut SerializedColumnWriter<'_>, values: &[T::T]) -> Result<()> {
    values.chunks(CHUNK).try_for_each(|chunk| writer.typed::<T>().write_batch(chunk, None, None).map(|_| ()))
}

impl Column {
    fn write(&self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        match &self.kind {
            Kind::Number => all::<DoubleType>(writer, &self.numbers),
            Kind::Whole | Kind::Word => self.wholes.chunks(CHUNK).try_for_each(|chunk| {
                let bits: Vec<i64> = chunk.iter().map(|n| n.cast_signed()).collect();
                all::<Int64Type>(writer, &bits)
            }),
            Kind::Text(texts) => {
                let texts: Vec<ByteArray> = texts.iter().map(|t| ByteArray::from(t.as_str())).collect();
                self.wholes.chunks(CHUNK).try_for_each(|chunk| {
                    let at = |n: &u64| texts.get(usize::try_from(*n).ok()?).cloned();
                    let values: Vec<ByteArray> = chunk.iter().map(|n| at(n).unwrap_or_else(|| "".into())).collect();
                    all::<ByteArrayType>(writer, &values)
                })
            }
            Kind::List => {
                let mut left = self.numbers.as_slice();
                self.wholes.chunks(CHUNK).try_for_each(|lengths| {
                    // A list that is empty has one level, and no value.
                    let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), 0);
                    for n in lengths.iter().map(|n| *n as usize) {
                        definitions.extend(std::iter::repeat_n(i16::from(n > 0), n.max(1)));
                        repetitions.extend((0..n.max(1)).map(|k| i16::from(k > 0)));
                        values += n;
                    }
                    let (own, rest) = left.split_at(values.min(left.len()));
                    left = rest;
                    let typed = writer.typed::<DoubleType>();
                    typed.write_batch(own, Some(&definitions), Some(&repetitions)).map(|_| ())
                })
            }
        }
    }
}
