//! Vectors and plots: the results that commands work on, all of them complex numbers with a flag that says if they must be.

use crate::waveform::{Quantity, Waveform};

/// A complex number: real and imaginary part.
pub(super) type Number = (f64, f64);

/// A vector of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vector {
    /// Its values.
    pub data: Vec<Number>,
    /// May imaginary parts be other than 0?
    pub complex: bool,
}

impl Vector {
    /// Real numbers.
    pub fn real(data: Vec<f64>) -> Self {
        Vector { data: data.into_iter().map(|x| (x, 0.0)).collect(), complex: false }
    }
    /// One real number.
    pub fn scalar(x: f64) -> Self {
        Vector::real(vec![x])
    }
    /// Its only value, or its last.
    pub fn last(&self) -> f64 {
        self.data.last().map_or(f64::NAN, |x| x.0)
    }
}

/// A vector with its name and what it holds.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub name: String,
    pub quantity: Quantity,
    pub vector: Vector,
}

/// The results of one analysis.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    /// Its name: `tran1`.
    pub name: String,
    /// The kind of analysis: `tran`.
    pub analysis: String,
    /// Title of the netlist and name of the plot, as in its header.
    pub title: String,
    pub plot_name: String,
    /// Its vectors; the first is the scale unless it is an operating point or has been made by `let`.
    pub vectors: Vec<Named>,
    /// Is there a scale?
    pub scaled: bool,
}

impl Plot {
    /// From a result.
    pub fn new(name: String, w: &Waveform) -> Self {
        let header = &w.header;
        let vectors = header
            .columns
            .iter()
            .zip(&w.data)
            .map(|(c, data)| Named {
                name: c.name.to_lowercase(),
                quantity: c.quantity,
                vector: if header.complex {
                    Vector { data: data.chunks_exact(2).map(|p| (p[0], p[1])).collect(), complex: true }
                } else {
                    Vector::real(data.clone())
                },
            })
            .collect();
        Plot {
            name,
            analysis: header.analysis.clone(),
            title: header.title.clone(),
            plot_name: header.plot_name.clone(),
            vectors,
            scaled: header.has_axis(),
        }
    }

    /// An empty one.
    pub fn empty(name: &str, title: &str, plot_name: &str) -> Self {
        Plot {
            name: name.into(),
            analysis: String::new(),
            title: title.into(),
            plot_name: plot_name.into(),
            vectors: Vec::new(),
            scaled: false,
        }
    }

    /// The scale.
    pub fn scale(&self) -> Option<&Named> {
        self.vectors.first().filter(|_| self.scaled)
    }

    /// The vector that a name means: as it is, a node's voltage, `v1#branch`, `@r1[i]`.
    pub fn find(&self, name: &str) -> Option<&Named> {
        let by = |wanted: &str| self.vectors.iter().find(|v| v.name == wanted);
        by(name).or_else(|| by(&format!("v({name})"))).or_else(|| {
            let device = name.strip_suffix("#branch").or_else(|| name.strip_prefix('@')?.strip_suffix("[i]"))?;
            by(&format!("i({device})"))
        })
    }

    /// Sets a vector.
    pub fn put(&mut self, name: &str, vector: Vector) {
        match self.vectors.iter_mut().find(|v| v.name == name) {
            Some(known) => known.vector = vector,
            None => self.vectors.push(Named { name: name.to_string(), quantity: Quantity::Other, vector }),
        }
    }
}
