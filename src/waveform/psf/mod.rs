//! PSF, the result format of Spectre: as text, binary, and folders of both with an index, `logFile`.
//!
//! A file declares types, then sweeps and traces of these types, then gives their values; without a sweep it gives named
//! values. `ascii` and `binary` read both forms into the same [`Parsed`], of which `result` makes a waveform; the points of a
//! sweep go through `result::Sweep` to a visitor, a stretch of the file at a time.

mod ascii;
mod binary;
mod folder;
mod points;
mod result;
mod text_points;
mod write;

pub use ascii::is_ascii;
pub use binary::is_binary;
pub(super) use folder::read_folder;
pub use write::PsfFolder;

use super::stream::Visitor;
use super::window::Window;
use super::{ReadError, Summary};

/// A property: of the file, of a type, of a trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Property {
    Number(f64),
    Text(String),
}

/// Named properties.
type Properties = Vec<(String, Property)>;

/// What a value is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `INT BYTE`
    Byte,
    /// `INT LONG`
    Long,
    /// `FLOAT DOUBLE`, `FLOAT SINGLE`
    Real,
    /// `COMPLEX DOUBLE`
    Complex,
    /// `STRING *`
    Text,
    Struct(Vec<(String, Kind)>),
    /// Of so many elements; of any number.
    Array(Option<usize>, Box<Kind>),
}

/// A named type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Type {
    name: String,
    kind: Kind,
    properties: Properties,
}

/// A sweep variable or a trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Declared {
    name: String,
    /// Index of its type.
    of: usize,
    properties: Properties,
}

/// Traces of a file: single ones, and groups whose values stand together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trace {
    One(Declared),
    Group(String, Vec<Declared>),
}

/// What stands before the values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Declarations {
    header: Properties,
    types: Vec<Type>,
    sweeps: Vec<Declared>,
    traces: Vec<Trace>,
}

impl Declarations {
    fn kind(&self, of: &Declared) -> &Kind {
        self.types.get(of.of).map_or(&Kind::Real, |t| &t.kind)
    }
    /// All traces, those of groups in their places.
    fn flat(&self) -> impl Iterator<Item = &Declared> {
        self.traces.iter().flat_map(|t| match t {
            Trace::One(d) => std::slice::from_ref(d),
            Trace::Group(_, all) => all.as_slice(),
        })
    }
    /// A whole number of the header.
    fn count(&self, key: &str) -> Option<usize> {
        self.header.iter().find_map(|(k, p)| match p {
            Property::Number(x) if k == key && *x >= 0.0 => Some(*x as usize),
            _ => None,
        })
    }
}

/// A value without a sweep.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    Number(f64),
    Complex(f64, f64),
    Text(String),
    List(Vec<Datum>),
}

/// A named value without a sweep.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    name: String,
    of: usize,
    value: Datum,
    properties: Properties,
}

/// A file as read, without the points of a sweep.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Parsed {
    declarations: Declarations,
    /// Without a sweep: its values.
    entries: Vec<Entry>,
    /// Most significant digits among numbers that are text.
    digits: Option<usize>,
}

/// Gives a visitor the result of a PSF file, text or binary.
///
/// # Errors
/// With the byte at which the file stops making sense, and what was expected there; those of the visitor.
pub(super) fn visit(window: &mut Window<'_>, visitor: &mut dyn Visitor) -> Result<Summary, ReadError> {
    if is_binary(window.bytes()) { binary::visit(window, visitor) } else { ascii::visit(window, visitor) }
}

/// A scalar that a value consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Real,
    Complex,
    Text,
}

impl Kind {
    /// How many scalars, structs and arrays a value has; more than can be if the number is not fixed.
    fn weight(&self) -> usize {
        match self {
            Kind::Struct(members) => members.iter().fold(1, |all, m| all.saturating_add(m.1.weight())),
            Kind::Array(None, _) => usize::MAX,
            Kind::Array(Some(n), of) => n.saturating_mul(of.weight()).saturating_add(1),
            _ => 1,
        }
    }

    /// The scalars of a value in their order, with what is added to its name. For values of bounded weight.
    fn scalars(&self) -> Vec<(String, Scalar)> {
        let one = |s| vec![(String::new(), s)];
        match self {
            Kind::Byte | Kind::Long | Kind::Real => one(Scalar::Real),
            Kind::Complex => one(Scalar::Complex),
            Kind::Text => one(Scalar::Text),
            Kind::Struct(members) => {
                let each = members.iter().flat_map(|(member, kind)| {
                    kind.scalars().into_iter().map(move |(name, s)| (format!(".{member}{name}"), s))
                });
                each.collect()
            }
            Kind::Array(length, of) => {
                let inner = of.scalars();
                let all = 0..length.unwrap_or(0);
                all.flat_map(|k| inner.iter().map(move |(name, s)| (format!("[{k}]{name}"), *s))).collect()
            }
        }
    }
}

/// Nesting of types that is followed.
const DEEPEST: usize = 16;
/// Weight of a value that is read.
const HEAVIEST: usize = 1 << 16;
