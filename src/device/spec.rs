//! What a kind of device declares about itself. From it follow, for nothing: parsing of its element and model cards,
//! checks with spans, `neurospice devices NAME`, the manual's table and the contract tests.

/// The type of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// A real number.
    Real,
    /// An integer.
    Integer,
    /// A flag: `name` alone or `name=1`.
    Flag,
    /// A list of real numbers.
    List,
    /// A word, such as a file name or a bit pattern.
    Text,
    /// An expression of circuit quantities, such as `v(a)*2`.
    Expression,
    /// A source function, such as `PULSE(0 1 1n)`; see [`DeviceSpec::functions`].
    Function,
}

/// The allowed range of a real or integer parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Any finite number.
    Any,
    /// x > 0.
    Positive,
    /// x ≥ 0.
    NonNegative,
    /// x ≠ 0.
    NonZero,
    /// a ≤ x ≤ b.
    Closed(f64, f64),
    /// a < x < b.
    Open(f64, f64),
    /// a ≤ x < b.
    HalfOpen(f64, f64),
    /// One of these values.
    OneOf(&'static [f64]),
}

impl Range {
    /// Is `x` inside?
    pub fn contains(&self, x: f64) -> bool {
        match *self {
            Range::Any => x.is_finite(),
            Range::Positive => x > 0.0 && x.is_finite(),
            Range::NonNegative => x >= 0.0 && x.is_finite(),
            Range::NonZero => x != 0.0 && x.is_finite(),
            Range::Closed(a, b) => a <= x && x <= b,
            Range::Open(a, b) => a < x && x < b,
            Range::HalfOpen(a, b) => a <= x && x < b,
            Range::OneOf(list) => list.contains(&x),
        }
    }
}

impl Range {
    /// Some number inside: 1 if it is, else the middle.
    pub fn sample(&self) -> f64 {
        match *self {
            _ if self.contains(1.0) => 1.0,
            Range::Closed(a, b) | Range::Open(a, b) | Range::HalfOpen(a, b) => 0.5 * (a + b),
            Range::OneOf(list) => list.first().copied().unwrap_or(1.0),
            Range::Any | Range::Positive | Range::NonNegative | Range::NonZero => 1.0,
        }
    }
}

/// One parameter of an instance, a model or a source function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamSpec {
    /// The name as written in a netlist, lower case.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// The type of its value.
    pub kind: ParamKind,
    /// The unit, such as `Ω`, `V`, `s`, `m`; empty for a pure number.
    pub unit: &'static str,
    /// The default; `None` if the device distinguishes 'not given' or the parameter is required.
    pub default: Option<f64>,
    /// Is leaving it out an error?
    pub required: bool,
    /// The allowed range.
    pub range: Range,
    /// One line of documentation.
    pub doc: &'static str,
}

impl ParamSpec {
    /// A real parameter with a default.
    pub const fn real(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> Self {
        ParamSpec {
            name,
            aliases: &[],
            kind: ParamKind::Real,
            unit,
            default: Some(default),
            required: false,
            range: Range::Any,
            doc,
        }
    }
    /// A parameter without a default: the device asks whether it was given.
    pub const fn optional(name: &'static str, unit: &'static str, doc: &'static str) -> Self {
        ParamSpec { default: None, ..Self::real(name, unit, 0.0, doc) }
    }
    /// A flag, off by default.
    pub const fn flag(name: &'static str, doc: &'static str) -> Self {
        ParamSpec { kind: ParamKind::Flag, ..Self::real(name, "", 0.0, doc) }
    }
    /// A value of another kind, not given by default.
    pub const fn of(kind: ParamKind, name: &'static str, unit: &'static str, doc: &'static str) -> Self {
        ParamSpec { kind, ..Self::optional(name, unit, doc) }
    }
    /// The same with an allowed range.
    pub const fn range(self, range: Range) -> Self {
        ParamSpec { range, ..self }
    }
    /// The same with other spellings.
    pub const fn alias(self, aliases: &'static [&'static str]) -> Self {
        ParamSpec { aliases, ..self }
    }
    /// The same, but leaving it out is an error.
    pub const fn required(self) -> Self {
        ParamSpec { required: true, ..self }
    }
    /// The same as an integer.
    pub const fn integer(self) -> Self {
        ParamSpec { kind: ParamKind::Integer, ..self }
    }
}

/// One terminal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terminal {
    /// Its short name, such as `d` or `n+`.
    pub name: &'static str,
    /// May it be left out (only trailing terminals)? Left out, it is connected to ground.
    pub optional: bool,
    /// One line of documentation.
    pub doc: &'static str,
}

/// A reference to the branch current of another instance, such as the `Vname` of F, H, W or the two inductors of K.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ControlSpec {
    /// Its name in the documentation.
    pub name: &'static str,
    /// Names ([`DeviceSpec::name`]) of the kinds it may refer to.
    pub kinds: &'static [&'static str],
    /// One line of documentation.
    pub doc: &'static str,
}

/// How two terminals of a device are connected, for the checks of the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joins {
    /// A path for direct current whose voltage adjusts: a resistor, a diode, a channel.
    Conductive,
    /// A branch whose voltage is prescribed at all times: a voltage source, the output of an op-amp.
    Voltage,
    /// A branch whose voltage is prescribed at DC only (0 V): an inductor.
    Inductive,
    /// No direct current: a capacitor, a gate.
    Open,
    /// A branch whose current is prescribed: a current source.
    Current,
    /// High-impedance input: senses a voltage, carries no current.
    Sense,
}

/// One connection between two terminals; see [`DeviceSpec::connections`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Index of the first terminal.
    pub a: usize,
    /// Index of the second terminal, or [`Connection::GROUND`].
    pub b: usize,
    /// How the two are connected.
    pub joins: Joins,
    /// Only if this instance parameter is given (`v` or `i` of a behavioural source).
    pub when: Option<&'static str>,
}

impl Connection {
    /// As a terminal index: the ground node, for outputs that are referred to ground.
    pub const GROUND: usize = usize::MAX;
    /// An unconditional connection of terminals a and b.
    pub const fn new(a: usize, b: usize, joins: Joins) -> Connection {
        Connection { a, b, joins, when: None }
    }
    /// The same, only if this instance parameter is given.
    pub const fn when(self, parameter: &'static str) -> Connection {
        Connection { when: Some(parameter), ..self }
    }
}

/// A line of another letter that is an instance of this kind: `E1 a b value={…}` is a behavioural source with `v={…}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherForm {
    /// The letter of the line.
    pub letter: char,
    /// The key on that line, such as `value`.
    pub key: &'static str,
    /// The parameter of this kind that it sets, such as `v`.
    pub parameter: &'static str,
}

/// Does the element line name a `.model`?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelUse {
    /// Never.
    None,
    /// It may.
    Optional,
    /// It must.
    Required,
}

/// A source function, such as PULSE: positional arguments in order, then `name=value` options.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunctionSpec {
    /// Its name, lower case.
    pub name: &'static str,
    /// Its other spellings.
    pub aliases: &'static [&'static str],
    /// Its arguments in order. The last may have [`ParamKind::List`] and takes the rest (PWL).
    pub args: &'static [ParamSpec],
    /// Its `name=value` options (PWL: `r`, `td`, `file`).
    pub options: &'static [ParamSpec],
    /// Its formula and meaning.
    pub doc: &'static str,
}

impl FunctionSpec {
    /// Is it called this?
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// What a kind of device is: from its name to its equations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeviceSpec {
    /// The name, such as `resistor`. An element without a letter of its own is written `Yname instance nodes…`.
    pub name: &'static str,
    /// The letter that starts its element lines, lower case (`r`), or `y`.
    pub letter: char,
    /// One line on what it is.
    pub doc: &'static str,
    /// The equations, as text for the manual; f and q as in `f(x,t) + d/dt q(x) = 0`.
    pub equations: &'static str,
    /// The terminals in order.
    pub terminals: &'static [Terminal],
    /// References to branch currents of other instances, after the terminals.
    pub controls: &'static [ControlSpec],
    /// May more controls like the last one follow (a coupling of three inductors)?
    pub more_controls: bool,
    /// Whether a model name follows.
    pub model: ModelUse,
    /// The model types it takes (`nmos`, `pmos`); the bank learns the index of the one used.
    pub model_types: &'static [&'static str],
    /// The model `level`s it implements; the first is the default. Empty: level is not looked at.
    pub levels: &'static [u32],
    /// Parameters of a model card by which this kind is told from others of the same model type: it is this one if the card has
    /// one of them. Empty: it is this one if no other is.
    pub model_marks: &'static [&'static str],
    /// Instance parameters that may be written without their name, in this order, after the model.
    pub positional: &'static [&'static str],
    /// Instance parameters.
    pub instance: &'static [ParamSpec],
    /// Model parameters.
    pub model_params: &'static [ParamSpec],
    /// Source functions it takes as a value of its parameter of kind [`ParamKind::Function`].
    pub functions: &'static [FunctionSpec],
    /// How pairs of terminals are connected at DC. Empty: every terminal conducts to every other.
    pub connections: &'static [Connection],
    /// Lines of other letters that are instances of this kind.
    pub other_forms: &'static [OtherForm],
}

impl DeviceSpec {
    /// A specification with nothing in it, to be overwritten field by field.
    pub const EMPTY: DeviceSpec = DeviceSpec {
        name: "",
        letter: 'y',
        doc: "",
        equations: "",
        terminals: &[],
        controls: &[],
        more_controls: false,
        model: ModelUse::None,
        model_types: &[],
        levels: &[],
        model_marks: &[],
        positional: &[],
        instance: &[],
        model_params: &[],
        functions: &[],
        connections: &[],
        other_forms: &[],
    };
}

/// A plain two-terminal pair.
pub const TWO_TERMINALS: &[Terminal] = &[
    Terminal { name: "n+", optional: false, doc: "positive node; current flows from here through the device" },
    Terminal { name: "n-", optional: false, doc: "negative node" },
];
