//! A [`Signal`] made ready to be read at every point.

use super::spec::{Part, Signal};
use crate::number::Real;
use crate::program::Program;
use crate::waveform::Header;
use std::sync::Arc;

/// Reads one signal from the values of a point.
#[derive(Debug, Clone)]
pub(super) enum Probe {
    Column(usize),
    Difference(usize, usize),
    Part { part: Part, plus: usize, minus: Option<usize>, complex: bool },
    Program { program: Arc<Program>, inputs: Vec<Probe>, buffer: Buffer },
}

/// Room for one evaluation of a program.
#[derive(Debug, Clone)]
pub(super) struct Buffer {
    inputs: Vec<f64>,
    scratch: Vec<f64>,
    outputs: Vec<f64>,
}

impl Buffer {
    /// Room for this program; `None` if it does not take so many inputs or gives nothing.
    pub(super) fn new(program: &Program, n_inputs: usize) -> Option<Buffer> {
        (program.n_inputs() <= n_inputs && program.n_outputs() >= 1).then(|| Buffer {
            inputs: vec![0.0; n_inputs],
            scratch: vec![0.0; program.scratch_len()],
            outputs: vec![0.0; program.n_outputs()],
        })
    }
    /// Output 0 at these inputs.
    pub(super) fn eval(&mut self, program: &Program, inputs: impl Iterator<Item = f64>) -> f64 {
        for (slot, value) in self.inputs.iter_mut().zip(inputs) {
            *slot = value;
        }
        program.eval(&self.inputs, &mut self.scratch, &mut self.outputs);
        self.outputs[0]
    }
}

impl Probe {
    /// `None` if the signal names a column that the result does not have.
    pub(super) fn new(signal: &Signal, header: &Header) -> Option<Probe> {
        let stride = if header.complex { 2 } else { 1 };
        let at = |k: usize| (k < header.columns.len()).then_some(k * stride);
        Some(match signal {
            Signal::Column(k) => Probe::Column(at(*k)?),
            Signal::Difference(a, b) => Probe::Difference(at(*a)?, at(*b)?),
            Signal::Part(part, a, b) => Probe::Part {
                part: *part,
                plus: at(*a)?,
                minus: match b {
                    Some(b) => Some(at(*b)?),
                    None => None,
                },
                complex: header.complex,
            },
            Signal::Program { program, inputs } => Probe::Program {
                program: program.clone(),
                inputs: inputs.iter().map(|s| Probe::new(s, header)).collect::<Option<_>>()?,
                buffer: Buffer::new(program, inputs.len())?,
            },
        })
    }

    /// The signal's value at a point.
    pub(super) fn read(&mut self, values: &[f64]) -> f64 {
        match self {
            Probe::Column(k) => values[*k],
            Probe::Difference(a, b) => values[*a] - values[*b],
            Probe::Part { part, plus, minus, complex } => {
                let imaginary = |k: usize| if *complex { values[k + 1] } else { 0.0 };
                let mut re = values[*plus];
                let mut im = imaginary(*plus);
                if let Some(k) = *minus {
                    re -= values[k];
                    im -= imaginary(k);
                }
                match part {
                    Part::Real => re,
                    Part::Imaginary => im,
                    Part::Magnitude => magnitude(re, im),
                    Part::Decibel => decibel(re, im),
                    Part::Phase => phase(re, im),
                }
            }
            Probe::Program { program, inputs, buffer } => {
                buffer.eval(program, inputs.iter_mut().map(|p| p.read(values)))
            }
        }
    }
}

/// |re + j·im|, without overflow on the way.
pub(crate) fn magnitude(re: f64, im: f64) -> f64 {
    let (large, small) = (re.abs().max(im.abs()), re.abs().min(im.abs()));
    if large == 0.0 {
        return 0.0;
    }
    let ratio = small / large;
    large * (1.0 + ratio * ratio).sqrt()
}

/// 20·log₁₀|re + j·im|; −∞ at 0.
pub(crate) fn decibel(re: f64, im: f64) -> f64 {
    let m = magnitude(re, im);
    // Our own logarithm: the platform's differs in the last bit from CPU to CPU.
    if m > 0.0 { Real::ln(m) * (20.0 / std::f64::consts::LN_10) } else { f64::NEG_INFINITY }
}

/// The angle of re + j·im, radians in (−π, π]; 0 at 0.
pub(crate) fn phase(re: f64, im: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, PI};
    if re == 0.0 && im == 0.0 {
        return 0.0;
    }
    if im.abs() > re.abs() {
        let turn = Real::atan(re / im);
        return if im > 0.0 { FRAC_PI_2 - turn } else { -FRAC_PI_2 - turn };
    }
    let angle = Real::atan(im / re);
    if re > 0.0 {
        angle
    } else if im >= 0.0 {
        angle + PI
    } else {
        angle - PI
    }
}

/// The unit of a signal, as far as its columns tell.
pub(super) fn unit_of(signal: &Signal, header: &Header) -> String {
    let column = |k: usize| header.columns.get(k).map(|c| c.unit.clone()).unwrap_or_default();
    match signal {
        Signal::Column(k) | Signal::Difference(k, _) => column(*k),
        Signal::Part(Part::Decibel, ..) => "dB".into(),
        Signal::Part(Part::Phase, ..) => "rad".into(),
        Signal::Part(_, k, _) => column(*k),
        Signal::Program { .. } => String::new(),
    }
}
