//! Lossy transmission line (LTRA) between the ports (1+, 1−) and (2+, 2−), by convolution.
//!
//! ```text
//! i₁ = Y·v₁ − e^(−θ)·(i₂ + Y·v₂)     θ = len·√((r + s·l)(g + s·c)),  Y = √((g + s·c)/(r + s·l))
//! i₂ = Y·v₂ − e^(−θ)·(i₁ + Y·v₁)     i₁, i₂ flow into the line at 1+ and 2+, out at 1− and 2−; both are unknowns
//! ```
//!
//! **AC and DC**: sum and difference of both, scaled so that nothing overflows or vanishes,
//! (1 + e^(−θ))·(v₁ − v₂) = (1 − e^(−θ))/Y·(i₁ − i₂) and (1 + e^(−θ))·(i₁ + i₂) = (1 − e^(−θ))·Y·(v₁ + v₂) at s = jω; DC is s = 0.
//! With φ = (1 − e^(−θ))/θ the factors are len·φ·(r + s·l) and len·φ·(g + s·c), also where θ is 0.
//!
//! **Transients** solve the first pair for what has changed since the start, with Y and e^(−θ) as functions of time
//! (`kernel.rs`): a part that acts at once or a delay later, exactly, and a convolution with the voltages and currents of all
//! accepted points, which are taken to be straight in between, the last piece up to the point that is being solved for.
//! Without r and g there is no convolution, and the line is that of `T`.
//!
//! Per length Ω/m, H/m, S/m, F/m; len in m. Source: R. L. Wigington and N. S. Nahman, Proc. IRE 45 (1957) 166; J. S. Roychowdhury and
//! D. O. Pederson, Proc. DAC 28 (1991) 245, for the cases that ngspice has.

use super::kernel::{Kernels, Law};
use super::past::{Past, rising};
use super::*;
use crate::number::{Mask, cos, exp, sin};
use std::cell::Cell;

const UNUSED: &str = "of ngspice's convolution; not needed";

const SPEC: DeviceSpec = DeviceSpec {
    name: "ltra",
    letter: 'o',
    doc: "lossy transmission line",
    equations: "i1 = Y·v1 − e^(−θ)·(i2 + Y·v2),  i2 = Y·v2 − e^(−θ)·(i1 + Y·v1)\n\
                θ = len·√((r + s·l)(g + s·c)),  Y = √((g + s·c)/(r + s·l))\n\
                i1 flows into the line at p1+ and out at p1−, i2 at p2+ and p2−; transients by convolution",
    terminals: super::SPEC.terminals,
    connections: super::SPEC.connections,
    model: ModelUse::Required,
    model_types: &["ltra"],
    instance: &[ParamSpec::of(ParamKind::List, "ic", "V, A", "v1, i1, v2, i2 at the start, used with uic")],
    model_params: &[
        ParamSpec::real("r", "Ω/m", 0.0, "resistance per length").range(Range::NonNegative),
        ParamSpec::real("l", "H/m", 0.0, "inductance per length").range(Range::NonNegative),
        ParamSpec::real("g", "S/m", 0.0, "conductance per length").range(Range::NonNegative),
        ParamSpec::real("c", "F/m", 0.0, "capacitance per length").range(Range::NonNegative),
        ParamSpec::real("len", "m", 1.0, "length").range(Range::Positive),
        ParamSpec::optional("rel", "", UNUSED),
        ParamSpec::optional("abs", "", UNUSED),
        ParamSpec::optional("compactrel", "", UNUSED),
        ParamSpec::optional("compactabs", "", UNUSED),
        ParamSpec::optional("chopreltol", "", UNUSED),
        ParamSpec::optional("chopabstol", "", UNUSED),
        ParamSpec::flag("nocontrol", UNUSED),
        ParamSpec::flag("steplimit", UNUSED),
        ParamSpec::flag("nosteplimit", UNUSED),
        ParamSpec::flag("lininterp", UNUSED),
        ParamSpec::flag("quadinterp", UNUSED),
        ParamSpec::flag("mixedinterp", UNUSED),
        ParamSpec::flag("truncnr", UNUSED),
        ParamSpec::flag("truncdontcut", UNUSED),
    ],
    ..DeviceSpec::EMPTY
};

/// The largest part of the swing by which a straight line between two points may be off.
const BENT: f64 = 1e-4;
/// Voltages and currents times impedance are looked at as if they swung at least so far, V.
const LEAST: f64 = 1e-6;
/// Three points are on a straight line if the middle one is off by less than this part of the swing.
const STRAIGHT: f64 = 1e-10;
/// What arrives weaker than this has no corners.
const FAINT: f64 = 1e-4;
/// Steps that differ by more than this say nothing about how much the solution bends.
const UNEVEN: f64 = 30.0;

/// The lossy line.
pub struct LossyLine;

impl Kind for LossyLine {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match Constants::of(instance).law() {
            Some(_) => Vec::new(),
            None => vec!["give l and c (r, g), r and c, or r and g".to_string()],
        }
    }
    fn depends_on_frequency(&self, _instance: &Instance) -> bool {
        true
    }
    fn examples(&self) -> Vec<Instance> {
        let of = |values: &[(&'static str, f64)]| Instance::example(&SPEC, &[]).with_model(&SPEC, "ltra", values);
        let mut charged = of(&[("r", 10.0), ("c", 1e-10), ("len", 2.0)]);
        charged.params.set("ic", Value::List(vec![1.0, 0.01, 0.5, -0.01]));
        vec![of(&[("r", 0.2), ("l", 9e-9), ("c", 3e-12), ("len", 24.0)]), charged, of(&[("r", 10.0), ("g", 1e-3)])]
    }
    bank_builders!(LossyLines);
}

/// What a line is made of, whole.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Constants {
    /// Ω, H, S, F.
    rlgc: [f64; 4],
}

/// How a line answers in time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    /// At once, as at DC.
    Static,
    History(Law),
}

type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

impl Constants {
    fn of(instance: &Instance) -> Constants {
        let p = |name: &str| instance.model_real(name);
        let len = p("len");
        Constants { rlgc: [p("r") * len, p("l") * len, p("g") * len, p("c") * len] }
    }

    fn law(&self) -> Option<Answer> {
        let [r, l, g, c] = self.rlgc;
        if l > 0.0 && c > 0.0 {
            let (rho, sigma) = (0.5 * (r / l + g / c), 0.5 * (r / l - g / c));
            return Some(Answer::History(Law::Wave { rho, sigma, delay: (l * c).sqrt() }));
        }
        if l > 0.0 || r == 0.0 {
            return None;
        }
        match (g > 0.0, c > 0.0) {
            (false, true) => Some(Answer::History(Law::Diffusion { tau: r * c })),
            (true, false) => Some(Answer::Static),
            _ => None,
        }
    }

    /// What makes volts of the currents.
    fn impedance(&self) -> f64 {
        let [r, l, g, c] = self.rlgc;
        match self.law() {
            Some(Answer::History(Law::Wave { .. })) => (l / c).sqrt(),
            Some(Answer::Static) => (r / g).sqrt(),
            _ => r,
        }
    }

    /// 1 + e^(−θ), len·φ·(r + s·l) and len·φ·(g + s·c) at s = jω.
    fn at_frequency(&self, omega: f64) -> [Complex; 3] {
        let [r, l, g, c] = self.rlgc;
        let (series, shunt) = ((r, omega * l), (g, omega * c));
        let square = times(series, shunt);
        let size = (square.0 * square.0 + square.1 * square.1).sqrt();
        // The root with a real part that is not negative; im first where re would be a difference.
        let theta = if square.0 >= 0.0 {
            let re = (0.5 * (size + square.0)).sqrt();
            (re, if re > 0.0 { 0.5 * square.1 / re } else { 0.0 })
        } else {
            let im = (0.5 * (size - square.0)).sqrt();
            (0.5 * square.1 / im, im)
        };
        let fall = exp(-theta.0);
        let decay = (fall * cos(theta.1), -fall * sin(theta.1));
        let phi = if size < 1e-2 {
            // Σ (−θ)^k/(k + 1)!
            let (mut term, mut sum) = ((1.0, 0.0), (1.0, 0.0));
            for k in 2..12 {
                let next = times(term, theta);
                term = (-next.0 / f64::from(k), -next.1 / f64::from(k));
                sum = (sum.0 + term.0, sum.1 + term.1);
            }
            sum
        } else {
            let over = times((1.0 - decay.0, -decay.1), (theta.0, -theta.1));
            (over.0 / size, over.1 / size)
        };
        [(1.0 + decay.0, decay.1), times(phi, series), times(phi, shunt)]
    }
}

/// One row: what it takes of v₁, i₁, v₂, i₂, and what is known.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    factors: [f64; 4],
    known: f64,
}

/// An accepted point: t, v₁, i₁, v₂, i₂.
type Point = [f64; 5];

/// What a line remembers in one lane.
#[derive(Debug, Clone, Default)]
struct Memory {
    points: Vec<Point>,
    /// How far each of v₁, i₁, v₂, i₂ has been from its start.
    swing: [f64; 4],
    /// What travels, as changes since the start.
    waves: Past,
    /// Rows as they were asked for last, and when.
    rows: Cell<Option<(f64, [Row; 2])>>,
}

/// One line in one lane.
#[derive(Debug, Clone)]
struct Lossy {
    constants: Constants,
    kernels: Option<Kernels>,
    impedance: f64,
    /// Factors at the frequency of the analysis: real parts, and imaginary ones over ω.
    small: [([f64; 4], [f64; 4]); 2],
    ic: Option<[f64; 4]>,
    memory: Memory,
}

struct LossyLines<R> {
    /// By instance and lane.
    lines: Vec<Vec<Lossy>>,
    /// Of a small-signal analysis, Hz; 0 otherwise.
    hertz: f64,
    number: std::marker::PhantomData<R>,
}

impl<R: Real> Element<R> for LossyLines<R> {
    const BREAKPOINTS: bool = true;
    const JUMPS: bool = true;
    const BOUNDS: bool = true;
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let line = |i: &Arc<Instance>| vec![Lossy::new(Constants::of(i)); R::LANES];
        LossyLines { lines: instances.iter().map(line).collect(), hertz: 0.0, number: std::marker::PhantomData }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        port_locals(instance)
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        port_footprint()
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        [I1, I2].into_iter().flat_map(|row| (0..6).map(move |col| (row, col))).collect()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (lanes, instance) in self.lines.iter_mut().zip(instances) {
            let (line, constants) = (&mut lanes[lane], Constants::of(instance));
            if line.constants != constants {
                let memory = std::mem::take(&mut line.memory);
                *line = Lossy { memory, ..Lossy::new(constants) };
            }
            line.memory.rows.set(None);
            line.ic = match instance.params.get("ic") {
                Some(Value::List(list)) => Some([0, 1, 2, 3].map(|k| list.get(k).copied().unwrap_or(0.0))),
                _ => None,
            };
        }
    }

    fn reset(&mut self, lane: usize) {
        self.lines.iter_mut().for_each(|lanes| lanes[lane].memory = Memory::default());
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        let lane = fields.lane();
        if fields.time_goes_on() {
            self.lines[i][lane].memory.state(fields);
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let x = [at.v(0, 1), at.x(I1), at.v(2, 3), at.x(I2)];
        for (row, plus, minus) in PORTS {
            s.current(plus, minus, at.x(row));
            s.df(plus, row, R::one());
            s.df(minus, row, -R::one());
        }
        let (rows, charges, known) = self.rows(i, at);
        for (k, row) in [I1, I2].into_iter().enumerate() {
            let mut sum = known[k];
            for (factor, x) in rows[k].into_iter().zip(x) {
                sum += factor * x;
            }
            s.f(row, sum);
            let [v1, i1, v2, i2] = rows[k];
            for (col, factor) in [(0, v1), (1, -v1), (I1, i1), (2, v2), (3, -v2), (I2, i2)] {
                s.df(row, col, factor);
            }
            let [v1, i1, v2, i2] = charges[k];
            for (col, factor) in [(0, v1), (1, -v1), (I1, i1), (2, v2), (3, -v2), (I2, i2)] {
                s.dq(row, col, factor);
            }
        }
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        let mut next = R::splat(f64::INFINITY);
        for (lane, line) in self.lines[i].iter().enumerate() {
            if let Some(Law::Wave { rho, delay, .. }) = line.law()
                && exp(-rho * delay) > FAINT
            {
                next.set_lane(lane, line.memory.waves.next_arrival(t.lane(lane), delay));
            }
        }
        next
    }

    fn bound_step(&self, i: usize, _at: &At<'_, R>) -> R {
        let mut bound = R::splat(f64::INFINITY);
        for (lane, line) in self.lines[i].iter().enumerate() {
            bound.set_lane(lane, line.bound_step());
        }
        bound
    }

    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        if at.cx.excitation == Excitation::Dc {
            return;
        }
        let x = [at.t(), at.v(0, 1), at.x(I1), at.v(2, 3), at.x(I2)];
        for lane in (0..R::LANES).filter(|lane| mask.lane(*lane)) {
            self.lines[i][lane].accept(x.map(|x| x.lane(lane)));
        }
    }

    fn set_frequency(&mut self, hertz: f64) {
        self.hertz = hertz;
        for line in self.lines.iter_mut().flatten() {
            line.small = line.small_signal(hertz);
        }
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        let which = [I1, I2].into_iter().position(|row| row == k)?;
        self.given(i, [1, 3][which])
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.given(i, 0).map(|v| (0, 1, v))
    }

    fn second_initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.given(i, 2).map(|v| (2, 3, v))
    }
}

/// By row: factors of v₁, i₁, v₂, i₂.
type Factors<R> = [[R; 4]; 2];

impl<R: Real> LossyLines<R> {
    /// The initial value that is given; an instance has one in all lanes or in none.
    fn given(&self, i: usize, which: usize) -> Option<R> {
        let mut value = R::zero();
        for (lane, line) in self.lines[i].iter().enumerate() {
            value.set_lane(lane, line.ic?[which]);
        }
        Some(value)
    }

    /// Factors in f and in q, and what is known.
    #[inline(never)]
    fn rows(&self, i: usize, at: &At<'_, R>) -> (Factors<R>, Factors<R>, [R; 2]) {
        let (mut f, mut q, mut known) = ([[R::zero(); 4]; 2], [[R::zero(); 4]; 2], [R::zero(); 2]);
        for (lane, line) in self.lines[i].iter().enumerate() {
            let past = at.cx.excitation != Excitation::Dc && self.hertz == 0.0;
            let rows = if past { line.transient(at.t().lane(lane)) } else { None };
            for k in 0..2 {
                let row = rows.map(|rows| rows[k]);
                for c in 0..4 {
                    f[k][c].set_lane(lane, row.map_or(line.small[k].0[c], |r| r.factors[c]));
                    q[k][c].set_lane(lane, if self.hertz > 0.0 { line.small[k].1[c] } else { 0.0 });
                }
                known[k].set_lane(lane, row.map_or(0.0, |r| r.known));
            }
            if rows.is_none() && self.hertz == 0.0 {
                // As in ngspice, or a line without losses between two voltage sources would have any current.
                let least = at.cx.gmin.lane(lane) * line.impedance;
                f[0][1].set_lane(lane, line.small[0].0[1] - least);
                f[0][3].set_lane(lane, line.small[0].0[3] + least);
            }
        }
        (f, q, known)
    }
}

impl Lossy {
    fn new(constants: Constants) -> Lossy {
        let kernels = match constants.law() {
            Some(Answer::History(law)) => Some(Kernels::new(law)),
            _ => None,
        };
        let mut line = Lossy {
            constants,
            kernels,
            impedance: constants.impedance(),
            small: Default::default(),
            ic: None,
            memory: Memory::default(),
        };
        line.small = line.small_signal(0.0);
        line
    }

    fn law(&self) -> Option<Law> {
        self.kernels.as_ref().map(Kernels::law)
    }

    fn small_signal(&self, hertz: f64) -> [([f64; 4], [f64; 4]); 2] {
        let omega = TAU * hertz;
        let [sum, series, shunt] = self.constants.at_frequency(omega);
        let z = self.impedance;
        let part = |sum: f64, series: f64, shunt: f64| {
            [[sum, -series, -sum, series], [z * shunt, -z * sum, z * shunt, -z * sum]]
        };
        let re = part(sum.0, series.0, shunt.0);
        let im = if omega > 0.0 { part(sum.1 / omega, series.1 / omega, shunt.1 / omega) } else { [[0.0; 4]; 2] };
        [(re[0], im[0]), (re[1], im[1])]
    }

    /// The rows at t of a transient; none without a history.
    fn transient(&self, t: f64) -> Option<[Row; 2]> {
        if let Some((when, rows)) = self.memory.rows.get()
            && when == t
        {
            return Some(rows);
        }
        let kernels = self.kernels.as_ref()?;
        let points = &self.memory.points;
        let (start, last) = (points.first()?, points.last()?);
        let z = self.impedance;
        let (at_once, delayed) = match kernels.law() {
            Law::Wave { rho, delay, .. } => {
                let waves = self.memory.waves.at(t - delay).unwrap_or([0.0; 2]);
                (1.0, waves.map(|w| exp(-rho * delay) * w))
            }
            Law::Diffusion { .. } => (0.0, [0.0; 2]),
        };
        // A point that is asked for anew has no piece of its own; so short a one changes nothing.
        let h = (t - last[0]).max(1e-9 * self.shortest());
        let recent = kernels.at(h);
        let now = recent.map(|f| f / h);
        let mut rows = [Row::default(); 2];
        // v₁ and i₁ are entries 1 and 2 of a point, 0 and 1 of a row.
        for (k, row) in rows.iter_mut().enumerate() {
            let (near, far) = (2 * k, 2 - 2 * k);
            row.factors[near] = at_once + now[0];
            row.factors[near + 1] = -z;
            row.factors[far] = -now[2];
            row.factors[far + 1] = -z * now[1];
            row.known = z * start[near + 2] - at_once * start[near + 1] - delayed[1 - k] - now[0] * last[near + 1]
                + now[2] * last[far + 1]
                + z * now[1] * last[far + 2];
        }
        if !matches!(kernels.law(), Law::Wave { sigma: 0.0, .. }) {
            let mut later = recent;
            for pair in points.windows(2).rev() {
                let (a, b) = (&pair[0], &pair[1]);
                let sooner = kernels.at(h + (last[0] - a[0]));
                let weight = |k: usize| (sooner[k] - later[k]) / (b[0] - a[0]);
                let (own, across, both) = (weight(0), weight(1), weight(2));
                let change = |k: usize| b[k] - a[k];
                for (k, row) in rows.iter_mut().enumerate() {
                    let (near, far) = (2 * k, 2 - 2 * k);
                    row.known += own * change(near + 1) - both * change(far + 1) - z * across * change(far + 2);
                }
                later = sooner;
            }
        }
        self.memory.rows.set(Some((t, rows)));
        Some(rows)
    }

    /// The shortest time that means something, s.
    fn shortest(&self) -> f64 {
        match self.law() {
            Some(Law::Wave { delay, .. }) => delay,
            Some(Law::Diffusion { tau }) => tau,
            None => 1.0,
        }
    }

    /// No longer than the delay, and not so long that what is straight in the convolution would bend.
    fn bound_step(&self) -> f64 {
        let most = match self.law() {
            None | Some(Law::Wave { sigma: 0.0, .. }) => f64::INFINITY,
            // Of a wave as much is convolved as losses take from it.
            Some(Law::Wave { sigma, delay, .. }) => {
                self.memory.straight_for(self.impedance, BENT / (sigma.abs() * delay).min(1.0))
            }
            Some(Law::Diffusion { .. }) => self.memory.straight_for(self.impedance, BENT),
        };
        match self.law() {
            Some(Law::Wave { delay, .. }) => delay.min(most),
            _ => most,
        }
    }

    fn accept(&mut self, point: Point) {
        let Some(law) = self.law() else { return };
        let keeps_all = !matches!(law, Law::Wave { sigma: 0.0, .. });
        let memory = &mut self.memory;
        memory.rows.set(None);
        memory.accept(point, self.impedance, keeps_all);
        if let (Law::Wave { delay, .. }, Some(start)) = (law, memory.points.first()) {
            let wave = |v: usize| point[v] - start[v] + self.impedance * (point[v + 1] - start[v + 1]);
            memory.waves.accept([point[0], wave(1), wave(3)], delay);
        }
    }
}

impl Memory {
    fn state(&mut self, fields: &mut StateFields<'_>) {
        self.waves.state(fields);
        let mut history: Vec<f64> = self.points.iter().flatten().copied().collect();
        let mut swing = self.swing.to_vec();
        let what = "t, v1, i1, v2, i2 of points with rising t";
        fields.list("history", &mut history, what, |l| l.len().is_multiple_of(5) && rising(l, 5));
        fields.list("swing", &mut swing, "four numbers", |l| l.len() == 4);
        self.points = history.chunks_exact(5).map(|p| [p[0], p[1], p[2], p[3], p[4]]).collect();
        self.swing = [0, 1, 2, 3].map(|k| swing.get(k).copied().unwrap_or(0.0));
        self.rows.set(None);
    }

    fn accept(&mut self, point: Point, impedance: f64, keeps_all: bool) {
        match self.points.last() {
            // The same moment once more, or another run.
            Some(last) if last[0] == point[0] && self.points.len() > 1 => _ = self.points.pop(),
            Some(last) if last[0] >= point[0] => *self = Memory::default(),
            _ => {}
        }
        let start = *self.points.first().unwrap_or(&point);
        for (k, swing) in self.swing.iter_mut().enumerate() {
            *swing = swing.max((point[k + 1] - start[k + 1]).abs());
        }
        if self.points.len() > 1 && (!keeps_all || self.is_straight(&point, impedance)) {
            self.points.pop();
        }
        self.points.push(point);
    }

    /// Volts that are much of v₁, i₁, v₂, i₂ each: a current counts as the voltage that it makes.
    fn sizes(&self, impedance: f64) -> [f64; 4] {
        let [v1, i1, v2, i2] = self.swing;
        let volts = v1.max(v2).max(1e-3 * impedance * i1.max(i2)).max(LEAST);
        // A step into a diffusion begins with a current without bounds, which is no measure of what follows.
        let now = |k: usize| match (self.points.first(), self.points.last()) {
            (Some(start), Some(last)) => (last[k] - start[k]).abs(),
            _ => 0.0,
        };
        let amperes = (volts / impedance).max(now(2)).max(now(4));
        [volts, amperes, volts, amperes]
    }

    /// Does the last point lie on a straight line with its neighbours?
    fn is_straight(&self, c: &Point, impedance: f64) -> bool {
        let [.., a, b] = &self.points[..] else { return false };
        let part = (b[0] - a[0]) / (c[0] - a[0]);
        let sizes = self.sizes(impedance);
        (1..5).all(|k| (a[k] + part * (c[k] - a[k]) - b[k]).abs() <= STRAIGHT * sizes[k - 1])
    }

    /// For how long voltages and currents go on straight enough.
    fn straight_for(&self, impedance: f64, bent: f64) -> f64 {
        let mut points = self.points.iter().rev();
        let (Some(c), Some(b)) = (points.next(), points.next()) else { return f64::INFINITY };
        let near = c[0] - b[0];
        let Some(a) = points.next().filter(|a| b[0] - a[0] < UNEVEN * near && near < UNEVEN * (b[0] - a[0])) else {
            return f64::INFINITY;
        };
        let sizes = self.sizes(impedance);
        let mut most = f64::INFINITY;
        for k in 1..5 {
            let bend = 2.0 * ((c[k] - b[k]) / near - (b[k] - a[k]) / (b[0] - a[0])) / (c[0] - a[0]);
            most = most.min((8.0 * bent * sizes[k - 1] / bend.abs()).sqrt());
        }
        // After a corner one bend says little: not shorter at once than a half.
        most.max(0.5 * near)
    }
}
