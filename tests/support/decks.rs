//! What is right on the decks of `benches/decks`, and how far a result is from it: every number is taken from waveforms, so
//! that results of any simulator are judged in the same way.
//!
//! - `ring9`: the period, from rises of v(n1) through 2.5 V read on straight lines between points;
//! - `mul8`, `mul16`: the bits of the product of what the deck's sources apply;
//! - `lif`: the times at which v(spk) rises through 2.5 V;
//! - `crossbarN`: the voltage of a column at the end; `chainN`: when the first neuron fires;
//! - `rc`, `graetz`, `vmul`: the value at the end, and the number of points, which the step limit forces.

// Each of the programs that include this file uses a part of it.
#![allow(dead_code)]

use neurospice::waveform::Waveform;
use std::path::{Path, PathBuf};

/// The decks, quick ones first.
pub const DECKS: [&str; 7] = ["lif", "ring9", "mul8", "rc", "graetz", "vmul", "mul16"];

/// The file of a deck.
pub fn path(deck: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/decks").join(format!("{deck}.cir"))
}

/// What the result of a deck is compared by.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The period of `signal`, seconds: the mean over rises `from` to `to` (counted from 1) through `level`. The error is
    /// relative.
    Period { signal: &'static str, level: f64, from: usize, to: usize },
    /// All rises of `signal` through `level`. The error is the greatest difference, seconds.
    Rises { signal: &'static str, level: f64 },
    /// The last value of `plus` less that of `minus`. The error is relative to the greatest value in the reference.
    Final { plus: &'static str, minus: Option<&'static str> },
    /// The bits of a product.
    Product(Product),
}

/// How large the error of a deck may be at its own tolerances. A final value as much as the relative tolerance of 1e-3; a
/// spike 1 µs. The period of an oscillator 1 %: nothing pulls its phase back, so the errors that reltol = 1e-3 and
/// trtol = 7 allow in each step add up.
pub fn bound(check: &Check) -> f64 {
    match check {
        Check::Period { .. } => 1e-2,
        Check::Final { .. } => 1e-3,
        Check::Rises { .. } => 1e-6,
        Check::Product(_) => 0.0,
    }
}

/// What is checked on a deck.
pub fn check(deck: &str, text: &str) -> Check {
    match deck {
        "ring9" => Check::Period { signal: "v(n1)", level: 2.5, from: 20, to: 220 },
        "lif" => Check::Rises { signal: "v(spk)", level: 2.5 },
        "rc" => Check::Final { plus: "v(out)", minus: None },
        "graetz" => Check::Final { plus: "v(dcp)", minus: Some("v(dcn)") },
        "vmul" => Check::Final { plus: "v(t2)", minus: None },
        _ if deck.starts_with("crossbar") => Check::Final { plus: "v(b0)", minus: None },
        _ if deck.starts_with("chain") => Check::Rises { signal: "v(n1)", level: 2.5 },
        _ if deck.starts_with("mesh") => Check::Final { plus: "v(n0_0)", minus: None },
        _ if deck.starts_with("inverters") => Check::Final { plus: "v(y0)", minus: None },
        _ => Check::Product(Product::read(text)),
    }
}

/// The least number of points a deck's step limit forces: its length over the limit. `None` where the error decides.
pub fn forced_points(deck: &str) -> Option<u64> {
    match deck {
        "rc" | "graetz" => Some(1_000_000),
        "vmul" => Some(500_000),
        _ => None,
    }
}

/// The error of a result, in words a number: see [`Check`]. Of a product the reference is in the deck.
///
/// # Errors
/// In words, if something is missing.
pub fn error(check: &Check, result: &Waveform, reference: Option<&Waveform>) -> Result<f64, String> {
    let reference = || reference.ok_or("there is no reference".to_string());
    match check {
        Check::Period { signal, level, from, to } => {
            let period = |w: &Waveform| -> Result<f64, String> {
                let t = rises(w, signal, *level)?;
                match (t.get(from - 1), t.get(to - 1)) {
                    (Some(a), Some(b)) => Ok((b - a) / (to - from) as f64),
                    _ => Err(format!("{signal} rises only {} times", t.len())),
                }
            };
            Ok((period(result)? / period(reference()?)? - 1.0).abs())
        }
        Check::Rises { signal, level } => {
            let (ours, wanted) = (rises(result, signal, *level)?, rises(reference()?, signal, *level)?);
            if ours.len() != wanted.len() || wanted.is_empty() {
                return Err(format!("{} spikes instead of {}", ours.len(), wanted.len()));
            }
            Ok(ours.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
        }
        Check::Final { plus, minus } => {
            let value = |w: &Waveform| -> Result<(f64, f64), String> {
                let p = signal(w, plus)?;
                let difference: Vec<f64> = match minus {
                    Some(minus) => p.iter().zip(signal(w, minus)?).map(|(p, m)| p - m).collect(),
                    None => p.to_vec(),
                };
                let last = *difference.last().ok_or("no points")?;
                Ok((last, difference.iter().fold(0.0, |a: f64, v| a.max(v.abs()))))
            };
            let (ours, (wanted, greatest)) = (value(result)?.0, value(reference()?)?);
            Ok((ours - wanted).abs() / greatest)
        }
        Check::Product(product) => product.wrong_bits(result),
    }
}

fn signal<'a>(w: &'a Waveform, name: &str) -> Result<&'a [f64], String> {
    w.signal(name).ok_or_else(|| format!("there is no {name}"))
}

/// Times at which a signal rises through a level: on the cubic through the two points beside it and their neighbours. A
/// straight line between points 0.2 ms apart would misplace a crossing of lif by microseconds, whoever made the points.
pub fn rises(w: &Waveform, name: &str, level: f64) -> Result<Vec<f64>, String> {
    let (t, v) = (signal(w, "time")?, signal(w, name)?);
    let crossing = |k: usize| {
        let from = k.saturating_sub(1);
        let to = (k + 3).min(t.len());
        let cubic = |x: f64| -> f64 {
            (from..to)
                .map(|i| v[i] * (from..to).filter(|j| *j != i).map(|j| (x - t[j]) / (t[i] - t[j])).product::<f64>())
                .sum()
        };
        let (mut low, mut high) = (t[k], t[k + 1]);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if cubic(middle) < level { low = middle } else { high = middle }
        }
        high
    };
    Ok((0..t.len().saturating_sub(1)).filter(|k| v[*k] < level && v[k + 1] >= level).map(crossing).collect())
}

/// The value of a signal at a time, on a straight line between points.
fn at(w: &Waveform, name: &str, time: f64) -> Result<f64, String> {
    let (t, v) = (signal(w, "time")?, signal(w, name)?);
    let k = t.partition_point(|&x| x < time);
    match (k.checked_sub(1).map(|k| (t[k], v[k])), t.get(k).zip(v.get(k))) {
        (Some((t0, v0)), Some((t1, v1))) => Ok(v0 + (v1 - v0) * (time - t0) / (t1 - t0)),
        (None, Some((_, v1))) => Ok(*v1),
        _ => Err(format!("the result ends before {time} s")),
    }
}

/// A multiplier: what its sources apply, and where and when its product is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// The two factors.
    pub factors: (u64, u64),
    /// Nodes of the product's bits, the least significant first.
    pub bits: Vec<String>,
    /// When they are read, seconds.
    pub time: f64,
}

impl Product {
    /// Reads factors from the sources `vaK` and `vbK` (a bit is set if its pulse goes to 5 V), and nodes and time from the
    /// measurements `pbK FIND v(node) AT=time`.
    pub fn read(text: &str) -> Product {
        let mut product = Product { factors: (0, 0), bits: Vec::new(), time: 0.0 };
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [name, _, "0", "pulse", "0", high, ..] if name.starts_with("va") || name.starts_with("vb") => {
                    let bit: u32 = name[2..].parse().expect("the number of a bit");
                    let value = u64::from(high == "5") << bit;
                    if name.starts_with("va") {
                        product.factors.0 |= value;
                    } else {
                        product.factors.1 |= value;
                    }
                }
                [".measure", "tran", name, "FIND", node, at] => {
                    assert_eq!(name, format!("pb{}", product.bits.len()), "bits in order");
                    product.bits.push(node.to_string());
                    let time = at.trim_start_matches("AT=").trim_end_matches('n');
                    product.time = time.parse::<f64>().expect("a time in nanoseconds") * 1e-9;
                }
                _ => {}
            }
        }
        product
    }

    /// The number of wrong bits. A bit counts as read if it is within 10 % of a supply of 5 V.
    fn wrong_bits(&self, w: &Waveform) -> Result<f64, String> {
        let product = self.factors.0 * self.factors.1;
        if product == 0 || product >> self.bits.len() != 0 {
            return Err("the deck's factors and bits do not fit".into());
        }
        let mut wrong = 0.0;
        for (k, node) in self.bits.iter().enumerate() {
            let v = at(w, node, self.time)?;
            let right = if product >> k & 1 == 1 { v > 4.5 } else { v < 0.5 };
            wrong += f64::from(u8::from(!right));
        }
        Ok(wrong)
    }
}
