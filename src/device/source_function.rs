//! Functions of time that independent sources share: PULSE, SIN, EXP, PWL, SFFM, AM, PAT.
//!
//! Symbols: t time (s), v1 v2 vo va values (V or A), td delay (s). Formulas and defaults are those of the ngspice
//! manual, chapter "Independent Sources"; tstep and tstop are those of the transient analysis. As in ngspice, a rise,
//! fall, width, period or time constant of 0 means its default.
//!
//! PAT is Xyce's. TRNOISE and TRRANDOM are in `source_random.rs`.
//!
//! Corners are computed as `td + (k·period + offset)` from the cycle number k, never by adding up periods, and values
//! are interpolated between those same numbers: at a corner the value is exact, and a corner is neither found twice
//! nor missed after 10⁹ cycles. At a jump the function still has its value from before; the jump follows it.

use super::instance::{Instance, Setting, SourceFunction, Value};
use super::source_random::RandomWave;
pub(super) use super::source_spec::SOURCE_FUNCTIONS;
use crate::number::{cos, exp, floor, sin};
use std::f64::consts::TAU;

const PULSE: usize = 0;
const SIN: usize = 1;
const EXP: usize = 2;
const PWL: usize = 3;
const SFFM: usize = 4;
const AM: usize = 5;
const PAT: usize = 6;

/// What [`SourceFunction::options`] of a PWL are, in order.
const PWL_REPEAT: usize = 0;
const PWL_DELAY: usize = 1;

/// A source function ready to be evaluated, in seconds and volts or amperes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SourceWave {
    /// Trapezoids; `corners` are the offsets of a cycle's four corners.
    Pulse { v1: f64, v2: f64, corners: [f64; 4], cycle: Cycle },
    /// A damped sine; `omega` in rad/s, `phase` in rad; its cycles are over at `end`.
    Sin { vo: f64, va: f64, omega: f64, td: f64, theta: f64, phase: f64, end: f64 },
    /// Two exponentials.
    Exp { v1: f64, v2: f64, td1: f64, tau1: f64, td2: f64, tau2: f64 },
    /// A sine whose phase is modulated; angular frequencies in rad/s, phases in rad.
    Sffm { vo: f64, va: f64, carrier: (f64, f64), index: f64, signal: (f64, f64) },
    /// A sine whose amplitude is modulated.
    Am { va: f64, vo: f64, signal: (f64, f64), carrier: (f64, f64), td: f64 },
    /// Values that are drawn.
    Random(Box<RandomWave>),
    /// Straight lines; cycles after the first begin at `points[first]`.
    Pwl { points: Vec<(f64, f64)>, first: usize, cycle: Cycle },
}

/// A repetition: cycle k covers `start + k·period < t ≤ start + (k+1)·period` and shifts all offsets by
/// `td + k·period`. What lies before cycle 0 belongs to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cycle {
    td: f64,
    /// Where cycle 0 begins, as an offset.
    start: f64,
    /// Infinite if nothing repeats.
    period: f64,
    /// How many cycles there are; infinite if there is no end.
    count: f64,
}

impl Cycle {
    /// When offset `o` of cycle `k` is.
    #[inline]
    fn time(&self, k: f64, o: f64) -> f64 {
        // Cycle 0 has no period to add: 0·∞ is not a number.
        if k == 0.0 { self.td + o } else { self.td + (k * self.period + o) }
    }
    /// When point j of a PWL is in cycle k. The last of a cycle is the first of the next, to the bit: between two ways to round it
    /// the value could jump.
    #[inline]
    fn point_time(&self, k: f64, points: &[(f64, f64)], j: usize) -> f64 {
        if j + 1 == points.len() && self.period != f64::INFINITY {
            return self.time(k + 1.0, self.start);
        }
        points.get(j).map_or(f64::INFINITY, |p| self.time(k, p.0))
    }
    /// The cycle that t lies in.
    #[inline]
    fn number(&self, t: f64) -> f64 {
        if self.period == f64::INFINITY {
            return 0.0;
        }
        let mut k = floor((t - self.td - self.start) / self.period).max(0.0);
        // The quotient is rounded; the corners decide.
        if k > 0.0 && t <= self.time(k, self.start) {
            k -= 1.0;
        } else if t > self.time(k + 1.0, self.start) {
            k += 1.0;
        }
        k.min(self.count)
    }
    /// Corners closer to t than this count as passed: two ways to round the same instant differ by less.
    #[inline]
    fn after(&self, t: f64) -> f64 {
        just_after(t, self.td)
    }
}

#[inline]
fn just_after(t: f64, td: f64) -> f64 {
    t + 16.0 * f64::EPSILON * (t.abs() + td.abs())
}

/// The value at t on the line from (t0, v0) to (t1, v1), for t0 < t < t1.
#[inline]
fn line(t: f64, (t0, v0): (f64, f64), (t1, v1): (f64, f64)) -> f64 {
    v0 + (v1 - v0) * ((t - t0) / (t1 - t0))
}

impl SourceWave {
    /// The function as written; `tstep` and `tstop` of the setting fill in defaults.
    pub(super) fn new(function: &SourceFunction, instance: &Instance, setting: &Setting) -> SourceWave {
        let given = |k: usize| function.args.get(k).copied();
        let arg = |k: usize| given(k).unwrap_or(0.0);
        let or = |k: usize, default: f64| if arg(k) > 0.0 { arg(k) } else { default };
        let (tstep, tstop) = (setting.tstep, setting.tstop);
        // One cycle in a transient.
        let once = if tstop > 0.0 { 1.0 / tstop } else { 0.0 };
        match function.index {
            PULSE => {
                let (tr, tf) = (or(3, tstep), or(4, tstep));
                let pw = or(5, tstop);
                let period = or(6, tstop);
                SourceWave::Pulse {
                    v1: arg(0),
                    v2: arg(1),
                    corners: [0.0, tr, tr + pw, tr + pw + tf],
                    cycle: Cycle {
                        td: arg(2),
                        start: 0.0,
                        // No transient, no period.
                        period: if period > 0.0 { period } else { f64::INFINITY },
                        count: or(7, f64::INFINITY),
                    },
                }
            }
            SIN => {
                let frequency = or(2, once);
                let cycles = arg(6);
                SourceWave::Sin {
                    vo: arg(0),
                    va: arg(1),
                    omega: TAU * frequency,
                    td: arg(3),
                    theta: arg(4),
                    phase: arg(5).to_radians(),
                    end: if cycles > 0.0 { arg(3) + cycles / frequency } else { f64::INFINITY },
                }
            }
            EXP => SourceWave::Exp {
                v1: arg(0),
                v2: arg(1),
                td1: arg(2),
                tau1: or(3, tstep),
                td2: given(4).unwrap_or(arg(2) + tstep),
                tau2: or(5, tstep),
            },
            SFFM => SourceWave::Sffm {
                vo: arg(0),
                va: arg(1),
                carrier: (TAU * or(2, once), arg(5).to_radians()),
                index: arg(3),
                signal: (TAU * or(4, once), arg(6).to_radians()),
            },
            AM => SourceWave::Am {
                va: arg(0),
                vo: arg(1),
                signal: (TAU * or(2, once), arg(5).to_radians()),
                carrier: (TAU * arg(3), arg(6).to_radians()),
                td: arg(4),
            },
            PAT => {
                let bits = function.args.get(6..).unwrap_or(&[]);
                let again = matches!(function.options.first(), Some(Some(Value::Number(r))) if *r != 0.0);
                pattern([arg(1), arg(0)], arg(2), [or(4, tstep), or(3, tstep)], arg(5), bits, again)
            }
            PWL => {
                let option = |k: usize| match function.options.get(k) {
                    Some(Some(Value::Number(x))) => Some(*x),
                    _ => None,
                };
                let points = function.args.chunks_exact(2).map(|p| (p[0], p[1])).collect();
                pwl(points, option(PWL_DELAY).unwrap_or(0.0), option(PWL_REPEAT))
            }
            _ => SourceWave::Random(Box::new(RandomWave::new(function, instance, setting))),
        }
    }

    /// The same function, `m` times as large.
    pub(super) fn scaled(mut self, m: f64) -> Self {
        match &mut self {
            SourceWave::Pulse { v1, v2, .. } | SourceWave::Exp { v1, v2, .. } => {
                *v1 *= m;
                *v2 *= m;
            }
            SourceWave::Sin { vo, va, .. } | SourceWave::Sffm { vo, va, .. } => {
                *vo *= m;
                *va *= m;
            }
            SourceWave::Am { va, .. } => *va *= m,
            SourceWave::Random(wave) => wave.scale(m),
            SourceWave::Pwl { points, .. } => points.iter_mut().for_each(|p| p.1 *= m),
        }
        self
    }

    /// The value at time t.
    pub(super) fn value(&self, t: f64) -> f64 {
        match self {
            SourceWave::Pulse { v1, v2, corners, cycle } => {
                let k = cycle.number(t);
                if k >= cycle.count {
                    return *v1;
                }
                let [c0, c1, c2, c3] = corners.map(|o| cycle.time(k, o));
                if t <= c0 || t >= c3 {
                    *v1
                } else if t < c1 {
                    line(t, (c0, *v1), (c1, *v2))
                } else if t <= c2 {
                    *v2
                } else {
                    line(t, (c2, *v2), (c3, *v1))
                }
            }
            SourceWave::Sin { vo, va, omega, td, theta, phase, end } => {
                let (vo, va, omega, td, phase) = (*vo, *va, *omega, *td, *phase);
                let dt = if t > *end { 0.0 } else { (t - td).max(0.0) };
                // Without damping the factor is 1 and costs nothing.
                let damping = if *theta == 0.0 { 1.0 } else { exp(-dt * theta) };
                vo + va * sin(omega * dt + phase) * damping
            }
            SourceWave::Sffm { vo, va, carrier, index, signal } => {
                vo + va * sin(carrier.0 * t + carrier.1 + index * sin(signal.0 * t + signal.1))
            }
            SourceWave::Am { va, vo, signal, carrier, td } => {
                let (va, vo) = (*va, *vo);
                let dt = t - td;
                if dt < 0.0 || dt == 0.0 && *td > 0.0 {
                    return 0.0;
                }
                va * (vo + sin(signal.0 * dt + signal.1)) * sin(carrier.0 * dt + carrier.1)
            }
            SourceWave::Random(wave) => wave.value(t),
            SourceWave::Exp { v1, v2, td1, tau1, td2, tau2 } => {
                let mut v = *v1;
                if t > *td1 {
                    v += (v2 - v1) * settled(t - td1, *tau1);
                }
                if t > *td2 {
                    v += (v1 - v2) * settled(t - td2, *tau2);
                }
                v
            }
            SourceWave::Pwl { points, first, cycle } => {
                let k = cycle.number(t);
                let points = if k > 0.0 { &points[*first..] } else { &points[..] };
                let next = points.partition_point(|p| cycle.time(k, p.0) < t);
                match (next.checked_sub(1).and_then(|j| points.get(j)), points.get(next)) {
                    (Some(a), Some(b)) => {
                        let (ta, tb) = (cycle.time(k, a.0), cycle.point_time(k, points, next));
                        if t >= tb { b.1 } else { line(t, (ta, a.1), (tb, b.1)) }
                    }
                    (Some(last), None) => last.1,
                    (None, Some(first)) => first.1,
                    (None, None) => 0.0,
                }
            }
        }
    }

    /// The points between which it is straight lines, up to the first at or after `until`; none if it is not, or if they are too many.
    /// Where it jumps, the value behind the jump stands as soon after it as two times can be told apart.
    pub(super) fn corners(&self, until: f64) -> Option<Vec<(f64, f64)>> {
        const MOST: usize = 1_000_000;
        if !matches!(self, SourceWave::Pulse { .. } | SourceWave::Pwl { .. }) {
            return None;
        }
        let mut corners = vec![(0.0, self.value(0.0))];
        let mut t = 0.0;
        while t < until && corners.len() < MOST {
            let next = self.next_breakpoint(t);
            if !next.is_finite() {
                return Some(corners);
            }
            corners.push((next, self.value(next)));
            t = next;
            let (behind, then) = (just_after(t, 0.0) + f64::MIN_POSITIVE, self.next_breakpoint(t));
            // A ramp moves by a share of its height as small as that of its length; a jump by more.
            let (v, after) = (self.value(t), self.value(behind));
            let ramp = if then.is_finite() { (self.value(then) - v).abs() * ((behind - t) / (then - t)) } else { 0.0 };
            if (after - v).abs() > 2.0 * ramp + 1e-12 * v.abs() {
                corners.push((behind, after));
                t = behind;
            }
        }
        (corners.len() < MOST).then_some(corners)
    }

    /// The first corner after t; infinity if there is none.
    pub(super) fn next_breakpoint(&self, t: f64) -> f64 {
        match self {
            SourceWave::Pulse { corners, cycle, .. } => {
                let from = cycle.after(t);
                let k = cycle.number(t);
                for k in [k, k + 1.0, k + 2.0] {
                    // The next cycle's first corner cuts off what a too long pulse has left of its own.
                    let end = cycle.time(k + 1.0, 0.0);
                    let corner = corners.iter().map(|o| cycle.time(k, *o)).find(|c| *c > from && *c < end);
                    if k >= cycle.count {
                        // The last cycle ends with a corner if it was cut off there.
                        let end = cycle.time(k, 0.0);
                        return if end > from { end } else { f64::INFINITY };
                    }
                    if let Some(c) = corner {
                        return c;
                    }
                    if cycle.period == f64::INFINITY {
                        break;
                    }
                }
                f64::INFINITY
            }
            SourceWave::Sin { td, end, .. } => first_after(t, &[*td, *end]),
            SourceWave::Sffm { .. } => f64::INFINITY,
            SourceWave::Am { td, .. } => first_after(t, &[*td]),
            SourceWave::Random(wave) => wave.next_breakpoint(t),
            SourceWave::Exp { td1, td2, .. } => {
                if td1 <= td2 {
                    first_after(t, &[*td1, *td2])
                } else {
                    first_after(t, &[*td2, *td1])
                }
            }
            SourceWave::Pwl { points, first, cycle } => {
                let from = cycle.after(t);
                let number = cycle.number(t);
                for k in [number, number + 1.0, number + 2.0] {
                    let points = if k > 0.0 { &points[*first..] } else { &points[..] };
                    let next = points.partition_point(|p| cycle.time(k, p.0) <= from);
                    let corner = cycle.point_time(k, points, next);
                    if next < points.len() && corner > from {
                        return corner;
                    }
                    if cycle.period == f64::INFINITY {
                        break;
                    }
                }
                f64::INFINITY
            }
        }
    }
}

/// 1 − e^(−t/τ); a time constant of 0 has settled at once.
fn settled(t: f64, tau: f64) -> f64 {
    if tau > 0.0 { 1.0 - exp(-t / tau) } else { 1.0 }
}

/// The first of the ascending corners after t.
fn first_after(t: f64, corners: &[f64]) -> f64 {
    corners.iter().copied().find(|c| *c > just_after(t, 0.0)).unwrap_or(f64::INFINITY)
}

/// A PWL of these points, with a delay and the time from which it repeats.
fn pwl(mut points: Vec<(f64, f64)>, td: f64, repeat: Option<f64>) -> SourceWave {
    let mut cycle = Cycle { td, start: 0.0, period: f64::INFINITY, count: f64::INFINITY };
    let mut first = 0;
    if let (Some(r), Some(last)) = (repeat, points.last().map(|p| p.0))
        && r < last
    {
        first = points.partition_point(|p| p.0 < r);
        if points[first].0 > r {
            let v = if first == 0 { points[0].1 } else { line(r, points[first - 1], points[first]) };
            points.insert(first, (r, v));
        }
        cycle.period = last - r;
        cycle.start = r;
    }
    SourceWave::Pwl { points, first, cycle }
}

/// Bits of length `tsample` between `levels[0]` and `levels[1]`, each reached within `ramps[bit]`, half of it before the
/// bit begins; `again`: without an end.
fn pattern(levels: [f64; 2], td: f64, ramps: [f64; 2], tsample: f64, bits: &[f64], again: bool) -> SourceWave {
    let bit = |k: usize| usize::from(bits.get(k % bits.len().max(1)).is_some_and(|b| *b != 0.0));
    let n = bits.len();
    // A second round is what repeats: unlike the first it begins within an edge.
    let rounds = if again { 2 } else { 1 };
    let mut points = vec![(0.0, levels[bit(0)])];
    for k in 1..=n * rounds {
        let (before, after) = (bit(k - 1), bit(k));
        let at = k as f64 * tsample;
        let half = 0.5 * ramps[after].min(tsample);
        if k == n * rounds {
            let middle = if again { 0.5 * (levels[before] + levels[after]) } else { levels[before] };
            if again && before != after {
                points.push((at - half, levels[before]));
            }
            points.push((at, middle));
        } else if before != after {
            points.push((at - half, levels[before]));
            if again && k == n {
                points.push((at, 0.5 * (levels[before] + levels[after])));
            }
            points.push((at + half, levels[after]));
        } else if again && k == n {
            points.push((at, levels[after]));
        }
    }
    // Edges as long as the bits leave nothing between them.
    points.dedup_by(|b, a| b.0 <= a.0);
    pwl(points, td, again.then_some(n as f64 * tsample))
}

/// What is wrong with a source function beyond the range of single arguments.
pub(super) fn check(function: &SourceFunction) -> Vec<String> {
    let mut errors = Vec::new();
    let args = &function.args;
    let at = |k: usize| args.get(k).copied().unwrap_or(0.0);
    match SOURCE_FUNCTIONS.get(function.index).map(|f| f.name) {
        Some("pwl") => {}
        Some("pat") if args.iter().skip(6).any(|b| *b != 0.0 && *b != 1.0) => {
            return vec!["the data of pat are bits, such as b0110".to_string()];
        }
        Some("trnoise") => return super::source_random::check_noise(at(1), [at(0), at(3)], [at(4), at(5), at(6)]),
        _ => return errors,
    }
    if args.is_empty() || !args.len().is_multiple_of(2) {
        errors.push(format!("pwl takes pairs of time (s) and value, not {} numbers", args.len()));
    }
    if args.iter().any(|a| !a.is_finite()) {
        errors.push("pwl takes finite times and values".to_string());
    }
    let times: Vec<f64> = args.iter().step_by(2).copied().collect();
    if let Some(w) = times.windows(2).find(|w| w[1] <= w[0]) {
        errors.push(format!("times of a pwl must increase: {} s is followed by {} s", w[0], w[1]));
    }
    if let (Some(Some(Value::Number(r))), Some(last)) = (function.options.get(PWL_REPEAT), times.last())
        && !(0.0..*last).contains(r)
    {
        errors.push(format!("pwl repeats from r={r} s, which must lie in [0, {last}) s, before its last point"));
    }
    errors
}

/// The excitation of `.ac`: (re, im) of `magnitude·e^(j·phase)` from the list `[magnitude, phase in degrees]`.
pub(super) fn phasor(list: &[f64]) -> (f64, f64) {
    let magnitude = list.first().copied().unwrap_or(1.0);
    let phase = list.get(1).copied().unwrap_or(0.0).to_radians();
    (magnitude * cos(phase), magnitude * sin(phase))
}

#[cfg(test)]
#[path = "source_function_tests.rs"]
mod tests;
