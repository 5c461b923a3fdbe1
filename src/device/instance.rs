//! One flat, resolved instance as a bank receives it, and the settings common to all.

use super::spec::{DeviceSpec, ParamKind, ParamSpec};
use crate::number::StreamKey;
use crate::program::Program;
use std::sync::Arc;

/// A circuit node: 0 is ground, node k ≥ 1 is unknown k − 1 (its voltage).
pub type NodeId = u32;
/// The ground node.
pub const GROUND_NODE: NodeId = 0;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A real, integer or flag value.
    Number(f64),
    /// A list of numbers.
    List(Vec<f64>),
    /// A word.
    Text(String),
    /// An expression of circuit quantities.
    Expression(Arc<Expression>),
    /// A source function with its arguments.
    Function(SourceFunction),
}

/// A source function as written: `PULSE(0 1 1n)`, `PWL(0 0 1m 1 r=0)`.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFunction {
    /// Index into [`super::spec::DeviceSpec::functions`].
    pub index: usize,
    /// Positional arguments in order (numbers; a PWL's points alternate time and value).
    pub args: Vec<f64>,
    /// Options, by index into [`super::spec::FunctionSpec::options`]. A PWL `file` has been read into `args`.
    pub options: Vec<Option<Value>>,
}

/// What an input of an expression's program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionInput {
    /// v(a) − v(b), volts.
    Voltage(NodeId, NodeId),
    /// The branch current of the instance with this index in the circuit, amperes (flows + to − inside it).
    Current(usize),
    /// Time, seconds.
    Time,
    /// The frequency of a small-signal analysis, hertz; 0 in all others.
    Hertz,
    /// The value of the expression's own state k (a ddt or idt).
    State(usize),
    /// Quantity number k of the output that the expression belongs to. Devices have none.
    Quantity(usize),
}

/// A state that an expression needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExpressionState {
    /// w = d/dt(operand).
    Ddt,
    /// d/dt w = operand, w = `initial` at the operating point.
    Idt {
        /// Initial value.
        initial: f64,
    },
}

/// A compiled expression of circuit quantities, such as `v(a)*2 + ddt(v(b))`.
#[derive(Debug, PartialEq)]
pub struct Expression {
    /// The expression as written.
    pub text: String,
    /// What each input of `program` is.
    pub inputs: Vec<ExpressionInput>,
    /// Output 0 is the value; output 1 + k is the operand of state k.
    pub program: Program,
    /// The states, in the order of `program`'s outputs.
    pub states: Vec<ExpressionState>,
}

/// Parameter values in the order of their specification. `None`: not given and without a default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    /// The specification these values belong to.
    pub spec: &'static [ParamSpec],
    /// One entry for each parameter.
    pub values: Vec<Option<Value>>,
    /// Which were written in the netlist (rather than defaulted).
    pub given: Vec<bool>,
}

impl Values {
    /// All defaults of a specification.
    pub fn defaults(spec: &'static [ParamSpec]) -> Self {
        Values {
            spec,
            values: spec.iter().map(|p| p.default.map(Value::Number)).collect(),
            given: vec![false; spec.len()],
        }
    }
    /// Sets numbers by name; required numbers that are still missing get one inside their range.
    fn fill(&mut self, numbers: &[(&str, f64)]) {
        for (name, value) in numbers {
            let known = self.set(name, Value::Number(*value));
            debug_assert!(known, "no parameter '{name}'");
        }
        for k in 0..self.spec.len() {
            let number = matches!(self.spec[k].kind, ParamKind::Real | ParamKind::Integer | ParamKind::Flag);
            if self.spec[k].required && number && self.values[k].is_none() {
                self.values[k] = Some(Value::Number(self.spec[k].range.sample()));
                self.given[k] = true;
            }
        }
    }
    /// The index of a parameter by name or alias.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.spec.iter().position(|p| p.name == name || p.aliases.contains(&name))
    }
    /// Sets a value as if written in the netlist; false if there is no such parameter.
    pub fn set(&mut self, name: &str, value: Value) -> bool {
        let Some(k) = self.index(name) else { return false };
        self.values[k] = Some(value);
        self.given[k] = true;
        true
    }
    /// Takes a value away, as if it were not written in the netlist and had no default.
    pub fn unset(&mut self, name: &str) {
        if let Some(k) = self.index(name) {
            self.values[k] = None;
            self.given[k] = false;
        }
    }
    /// The value of a parameter, if it has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let k = self.index(name);
        debug_assert!(k.is_some(), "parameter '{name}' is not in the specification");
        self.values[k?].as_ref()
    }
    /// Was it written in the netlist?
    pub fn given(&self, name: &str) -> bool {
        self.index(name).is_some_and(|k| self.given[k])
    }
    /// A number, if it has a value.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(x) => Some(*x),
            _ => None,
        }
    }
    /// A number that has a default or is required.
    pub fn real(&self, name: &str) -> f64 {
        self.number(name).unwrap_or(0.0)
    }
    /// Is a flag set?
    pub fn flag(&self, name: &str) -> bool {
        self.number(name).is_some_and(|x| x != 0.0)
    }
    /// An expression, if given.
    pub fn expression(&self, name: &str) -> Option<&Arc<Expression>> {
        match self.get(name)? {
            Value::Expression(e) => Some(e),
            _ => None,
        }
    }
}

/// A resolved `.model` card.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Index into [`super::spec::DeviceSpec::model_types`].
    pub type_index: usize,
    /// Its parameters.
    pub params: Values,
}

/// One flat, resolved instance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Instance {
    /// Its full name, such as `x1.m3`: the key of its random streams.
    pub name: String,
    /// One node per terminal of its specification.
    pub nodes: Vec<NodeId>,
    /// Circuit-wide indices of the instances whose branch currents it refers to.
    pub controls: Vec<usize>,
    /// The instances themselves, in the order of `controls`, if its equations need their parameters (the inductances of
    /// a coupling); may be empty otherwise.
    pub controlled: Vec<Arc<Instance>>,
    /// Its parameters.
    pub params: Values,
    /// Its model, if it names one.
    pub model: Option<Arc<Model>>,
}

/// The circuit-wide index of the first instance that an example refers to: out of the way of examples' own indices.
pub const COMPANION: usize = 1_000_000;

impl Instance {
    /// An instance for contract tests and documentation: nodes 1, 2, …, controls [`COMPANION`], …, the given numbers
    /// over the defaults, required numbers inside their range.
    pub fn example(spec: &'static DeviceSpec, params: &[(&str, f64)]) -> Instance {
        let mut values = Values::defaults(spec.instance);
        values.fill(params);
        Instance {
            name: format!("{}1", spec.letter),
            nodes: (1..=spec.terminals.len() as NodeId).collect(),
            controls: (COMPANION..COMPANION + spec.controls.len()).collect(),
            params: values,
            ..Instance::default()
        }
    }
    /// The same with a model of this type and these parameters over the defaults.
    pub fn with_model(mut self, spec: &'static DeviceSpec, type_name: &str, params: &[(&str, f64)]) -> Instance {
        let mut values = Values::defaults(spec.model_params);
        values.fill(params);
        let type_index = spec.model_types.iter().position(|t| *t == type_name).unwrap_or(0);
        self.model = Some(Arc::new(Model { name: type_name.to_string(), type_index, params: values }));
        self
    }
    /// A model parameter's number; 0 if there is no model.
    pub fn model_real(&self, name: &str) -> f64 {
        self.model.as_ref().map_or(0.0, |m| m.params.real(name))
    }
}

/// Settings common to all devices of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Circuit temperature, kelvin (`.options temp`, default 27 °C).
    pub temperature: f64,
    /// Temperature at which model parameters were measured, kelvin (`.options tnom`, default 27 °C).
    pub nominal_temperature: f64,
    /// Transient print step, seconds (default rise and fall time of a PULSE); 0 if there is no transient.
    pub tstep: f64,
    /// Transient stop time, seconds (default width and period of a PULSE); 0 if there is no transient.
    pub tstop: f64,
    /// Key of the random streams.
    pub seed: StreamKey,
}

impl Default for Setting {
    fn default() -> Self {
        Setting {
            temperature: 300.15,
            nominal_temperature: 300.15,
            tstep: 0.0,
            tstop: 0.0,
            seed: StreamKey { seed: 0, run: 0 },
        }
    }
}
