//! Lossless transmission line between the ports (1+, 1−) and (2+, 2−), after Branin: what arrives at one end is what left the
//! other a delay T_d before.
//!
//! ```text
//! v₁(t) − Z₀·i₁(t) = w₂(t − T_d),   w₂ = v₂ + Z₀·i₂         i₁, i₂ flow into the line at 1+ and 2+, out at 1− and 2−
//! v₂(t) − Z₀·i₂(t) = w₁(t − T_d),   w₁ = v₁ + Z₀·i₁         both currents are unknowns
//! DC: without the delay, which is v₁ = v₂ and i₁ = −i₂
//! AC: w(t − T_d) is w·e^(−jωT_d): −cos(ωT_d) in ∂f and sin(ωT_d)/ω in ∂q, exact at every frequency
//! ```
//!
//! **History.** The committed state of a line is (t, w₁, w₂) at the accepted points of the last T_d, lane by lane, as each has
//! its own time; before the first point w has the first point's value. Only `accept` adds to it, so that no rejected step is
//! in it, and a step is at most T_d long, so that what it needs is there. Between points w is the parabola through three of
//! them or, beside a corner and where their distances differ too much for a parabola, a straight line. Without a history (an
//! operating point) the line has its DC equations.
//!
//! Volts, amperes, ohms, seconds. Source: F. H. Branin, Proc. IEEE 55 (1967) 2012.

mod kernel;
mod lossy;
mod past;

pub use lossy::LossyLine;

use super::*;
use crate::number::Mask;
use past::Past;
use std::f64::consts::TAU;

const SPEC: DeviceSpec = DeviceSpec {
    name: "line",
    letter: 't',
    doc: "lossless transmission line",
    equations: "v1 − z0·i1 = v2(t − td) + z0·i2(t − td),  v2 − z0·i2 = v1(t − td) + z0·i1(t − td),  td = nl/f where not given\n\
                i1 flows into the line at p1+ and out at p1−, i2 at p2+ and p2−; DC: v1 = v2, i1 = −i2",
    terminals: &[
        Terminal { name: "p1+", optional: false, doc: "positive node of port 1; i1 flows in here" },
        Terminal { name: "p1-", optional: false, doc: "negative node of port 1" },
        Terminal { name: "p2+", optional: false, doc: "positive node of port 2; i2 flows in here" },
        Terminal { name: "p2-", optional: false, doc: "negative node of port 2" },
    ],
    connections: &[Connection::new(0, 1, Joins::Conductive), Connection::new(2, 3, Joins::Conductive)],
    instance: &[
        ParamSpec::real("z0", "Ω", 0.0, "characteristic impedance").range(Range::Positive).alias(&["zo"]).required(),
        ParamSpec::optional("td", "s", "delay; default: nl/f").range(Range::Positive),
        ParamSpec::optional("f", "Hz", "frequency at which nl is the length in wavelengths").range(Range::Positive),
        ParamSpec::real("nl", "", 0.25, "length in wavelengths at f").range(Range::Positive),
        ParamSpec::of(ParamKind::List, "ic", "V, A", "v1, i1, v2, i2 at the start, used with uic"),
    ],
    ..DeviceSpec::EMPTY
};

// Locals: nodes 0 to 3, then
const I1: usize = 4;
const I2: usize = 5;
/// The rows and nodes of each port: its current, plus, minus.
const PORTS: [(usize, usize, usize); 2] = [(I1, 0, 1), (I2, 2, 3)];

/// Nodes and currents.
fn port_locals(instance: &Instance) -> Vec<Local> {
    let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
    locals.extend(["i1", "i2"].map(|name| Local::Internal { name, spec: UnknownSpec::CURRENT }));
    locals
}

/// Each current at its nodes, and the rows of both.
fn port_footprint() -> Vec<(usize, usize)> {
    let rows = PORTS.into_iter().flat_map(|(i, plus, minus)| [(plus, i), (minus, i)]);
    rows.chain([I1, I2].into_iter().flat_map(|row| (0..6).map(move |col| (row, col)))).collect()
}

/// The lossless line.
pub struct Line;

impl Kind for Line {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match delay(instance) {
            Some(_) => Vec::new(),
            None => vec!["'td' is missing: give the delay in s, or f (and nl)".to_string()],
        }
    }
    fn depends_on_frequency(&self, _instance: &Instance) -> bool {
        true
    }
    fn examples(&self) -> Vec<Instance> {
        let mut charged = Instance::example(&SPEC, &[("z0", 75.0), ("f", 1e9), ("nl", 0.5)]);
        charged.params.set("ic", Value::List(vec![1.0, 0.01, 0.5, -0.01]));
        vec![Instance::example(&SPEC, &[("z0", 50.0), ("td", 2e-7)]), charged]
    }
    bank_builders!(Lines);
}

/// The delay, s.
fn delay(instance: &Instance) -> Option<f64> {
    let p = &instance.params;
    p.number("td").or_else(|| Some(p.real("nl") / p.number("f")?))
}

struct Lines<R> {
    z0: Vec<R>,
    delay: Vec<R>,
    /// Initial v₁, i₁, v₂, i₂ where given.
    ic: Vec<Option<[R; 4]>>,
    /// By instance and lane.
    past: Vec<Vec<Past>>,
    /// Of a small-signal analysis, Hz; 0 otherwise.
    hertz: f64,
}

impl<R: Real> Element<R> for Lines<R> {
    const BREAKPOINTS: bool = true;
    const JUMPS: bool = true;
    const BOUNDS: bool = true;
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let n = instances.len();
        Lines {
            z0: vec![R::one(); n],
            delay: vec![R::one(); n],
            ic: vec![None; n],
            past: vec![vec![Past::default(); R::LANES]; n],
            hertz: 0.0,
        }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        port_locals(instance)
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        port_footprint()
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        let [(i1, a, b), (i2, c, d)] = PORTS;
        vec![(i1, c), (i1, d), (i1, i2), (i2, a), (i2, b), (i2, i1)]
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            self.z0[i].set_lane(lane, instance.params.real("z0"));
            self.delay[i].set_lane(lane, delay(instance).unwrap_or(1.0));
            let Some(Value::List(list)) = instance.params.get("ic") else {
                self.ic[i] = None;
                continue;
            };
            let ic = self.ic[i].get_or_insert([R::zero(); 4]);
            for (k, to) in ic.iter_mut().enumerate() {
                to.set_lane(lane, list.get(k).copied().unwrap_or(0.0));
            }
        }
    }

    fn reset(&mut self, lane: usize) {
        self.past.iter_mut().for_each(|lanes| lanes[lane] = Past::default());
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        let lane = fields.lane();
        if fields.time_goes_on() {
            self.past[i][lane].state(fields);
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let z0 = self.z0[i];
        // Where the other end acts at once, and what comes of the past where it does not.
        let (at_once, arrives) = self.arriving(i, at);
        let (cos, sin_by_omega, fed_back) = if self.hertz > 0.0 {
            let angle = self.delay[i] * (TAU * self.hertz);
            (angle.cos(), angle.sin() / (TAU * self.hertz), R::one())
        } else {
            // At DC gmin·Z₀ in series, as in ngspice, or a line between two voltage sources would have any current.
            (R::select(at_once, R::one(), R::zero()), R::zero(), -at.cx.gmin + 1.0)
        };
        for (k, (row, plus, minus)) in PORTS.into_iter().enumerate() {
            let (other, far_plus, far_minus) = PORTS[1 - k];
            s.current(plus, minus, at.x(row));
            s.df(plus, row, R::one());
            s.df(minus, row, -R::one());
            let far = at.v(far_plus, far_minus) + z0 * fed_back * at.x(other);
            s.f(row, at.v(plus, minus) - z0 * at.x(row) - R::select(at_once, far, arrives[k]));
            s.df(row, plus, R::one());
            s.df(row, minus, -R::one());
            s.df(row, row, -z0);
            for (col, slope) in [(far_plus, R::one()), (far_minus, -R::one()), (other, z0 * fed_back)] {
                s.df(row, col, -(slope * cos));
                s.dq(row, col, slope * sin_by_omega);
            }
        }
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        let mut next = R::splat(f64::INFINITY);
        for lane in 0..R::LANES {
            let (t, delay) = (t.lane(lane), self.delay[i].lane(lane));
            next.set_lane(lane, self.past[i][lane].next_arrival(t, delay));
        }
        next
    }

    fn bound_step(&self, i: usize, _at: &At<'_, R>) -> R {
        self.delay[i]
    }

    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        if at.cx.excitation == Excitation::Dc {
            return;
        }
        let z0 = self.z0[i];
        let w = PORTS.map(|(row, plus, minus)| at.v(plus, minus) + z0 * at.x(row));
        for lane in (0..R::LANES).filter(|lane| mask.lane(*lane)) {
            let point = [at.t().lane(lane), w[0].lane(lane), w[1].lane(lane)];
            self.past[i][lane].accept(point, self.delay[i].lane(lane));
        }
    }

    fn set_frequency(&mut self, hertz: f64) {
        self.hertz = hertz;
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        let ic = self.ic[i]?;
        match k {
            I1 => Some(ic[1]),
            I2 => Some(ic[3]),
            _ => None,
        }
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.ic[i].map(|ic| (0, 1, ic[0]))
    }

    fn second_initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.ic[i].map(|ic| (2, 3, ic[2]))
    }
}

impl<R: Real> Lines<R> {
    /// The lanes in which nothing is delayed, and in the others w₂ and w₁ as they arrive at ports 1 and 2.
    fn arriving(&self, i: usize, at: &At<'_, R>) -> (R::Mask, [R; 2]) {
        let (mut at_once, mut arrives) = (R::Mask::splat(true), [R::zero(); 2]);
        if at.cx.excitation == Excitation::Dc {
            return (at_once, arrives);
        }
        for (lane, past) in self.past[i].iter().enumerate() {
            if let Some([w1, w2]) = past.at(at.t().lane(lane) - self.delay[i].lane(lane)) {
                at_once.set_lane(lane, false);
                arrives[0].set_lane(lane, w2);
                arrives[1].set_lane(lane, w1);
            }
        }
        (at_once, arrives)
    }
}
