//! What field-effect transistors with junction gates share: the element around a law of the channel.
//!
//! With v_gs, v_gd behind the series resistances, in a p-channel device negated:
//!
//! ```text
//! drain:  i_d − i_gd,   gate:  i_gs + i_gd,   source:  −i_d − i_gs          gate junctions as in a diode, with gmin
//! q_gs, q_gd between the gate and source, drain;  rd and rs in series
//! ```
//!
//! A law sees the channel from the terminal that acts as the source: v_ds >= 0. Where the law's gate charge is one
//! function Q(v_gs, v_gd), its parts at source and drain are integrals of ∂Q/∂v_gs·dv_gs and ∂Q/∂v_gd·dv_gd along the path
//! that was taken, their values at the last accepted point being committed state, as with Meyer's capacitances in a MOS
//! transistor. Within a step, from (a, b) to (v_gs, v_gd),
//!
//! ```text
//! q_gs = Q_gs + ½·(Q(v_gs, v_gd) − Q(a, v_gd) + Q(v_gs, b) − Q(a, b)),   q_gd likewise:   q_gs + q_gd moves by ΔQ exactly
//! ```

use super::junction::*;
use super::semiconductor::*;
use super::*;
use crate::number::Mask;

pub(super) const TERMINALS: &[Terminal] = &[
    Terminal { name: "d", optional: false, doc: "drain" },
    Terminal { name: "g", optional: false, doc: "gate" },
    Terminal { name: "s", optional: false, doc: "source" },
];

/// `ic` on the element's line.
pub(super) const IC: ParamSpec =
    ParamSpec::of(ParamKind::List, "ic", "V", "drain-source and gate-source voltage at the start, with uic");

// Local numbers.
const D: usize = 0;
const G: usize = 1;
const S: usize = 2;
// Behind the series resistances.
const DI: usize = 3;
const SI: usize = 4;

/// The gate junctions at the device's temperature.
pub(super) struct Gate {
    /// Thermal voltage, V.
    pub vt: f64,
    /// Saturation current, A.
    pub is: f64,
    /// Threshold of the channel, about which Newton's method is limited, V.
    pub threshold: f64,
}

/// The law of a channel and of its gate's charge. Parameters are scaled by area and multiplicity.
pub(super) trait Law<R: Real>: Default + Copy + Send + 'static {
    /// Are the gate charges integrals along the path?
    const PATH: bool;
    /// Takes the parameters of one lane; `scale` is area·m.
    fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting, scale: f64) -> Gate;
    /// The current from drain to source, from the gate's voltage against the acting source and v_ds >= 0.
    fn current(&self, gate: Dual<R, 2>, drain: Dual<R, 2>) -> Dual<R, 2>;
    /// q_gs and q_gd by (v_gs, v_gd), coming from `past`.
    fn charges(&self, v: [Dual<R, 2>; 2], past: &Past<R>) -> [Dual<R, 2>; 2];
}

/// The last accepted point: (v_gs, v_gd) and (q_gs, q_gd), normalised.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past<R> {
    pub v: [R; 2],
    pub q: [R; 2],
}

/// What all laws have.
#[derive(Debug, Clone, Copy, Default)]
struct Params<R, L> {
    /// +1 for n, −1 for p.
    sign: R,
    /// Number in parallel.
    m: R,
    vt: R,
    is: R,
    vcrit: R,
    threshold: R,
    /// Series conductances at drain and source, S.
    series: [R; 2],
    off: R,
    /// v_ds and v_gs at the start, V.
    ic: [R; 2],
    law: L,
}

/// Transistors of one law.
pub(super) struct JunctionGates<R, L> {
    params: Vec<Params<R, L>>,
    past: Vec<Past<R>>,
    /// Does the instance have a series resistance at drain, at source? Fixed by structure.
    series: Vec<[bool; 2]>,
    has_ic: Vec<[bool; 2]>,
}

impl<R: Real, L: Law<R>> Params<R, L> {
    fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting) {
        let Some(model) = &instance.model else { return };
        let own = &instance.params;
        let scale = own.real("area") * own.real("m");
        let gate = self.law.load(lane, instance, setting, scale);
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        set(&mut self.sign, if model.type_index == 0 { 1.0 } else { -1.0 });
        set(&mut self.m, own.real("m"));
        set(&mut self.vt, gate.vt);
        set(&mut self.is, gate.is * scale);
        set(&mut self.vcrit, critical_voltage(gate.vt, gate.is));
        set(&mut self.threshold, gate.threshold);
        for (g, r) in self.series.iter_mut().zip(["rd", "rs"]) {
            let r = model.params.real(r);
            set(g, if r > 0.0 { scale / r } else { 0.0 });
        }
        set(&mut self.off, if own.flag("off") { 1.0 } else { 0.0 });
        for (slot, x) in self.ic.iter_mut().zip(initial_pair(instance)) {
            set(slot, x.unwrap_or(0.0));
        }
    }

    /// The current from drain to source by (v_gs, v_gd).
    #[inline(always)]
    fn channel(&self, [gs, gd]: [Dual<R, 2>; 2]) -> Dual<R, 2> {
        let reverse = gs.v.lt(gd.v);
        let gate = Dual::select(reverse, gd, gs);
        let drain = Dual::select(reverse, gd - gs, gs - gd);
        let i = self.law.current(gate, drain);
        Dual::select(reverse, -i, i)
    }
}

/// The noise of a transistor: series resistances, channel, flicker.
pub(super) fn noise<L: Law<f64>>(instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
    let mut p = Params::<f64, L>::default();
    p.load(0, instance, cx.setting);
    let [d, g, s] = [D, G, S].map(|k| cx.terminal(k));
    let (di, si) = (cx.behind(D, "drain"), cx.behind(S, "source"));
    let v = [p.sign * cx.v(g, si), p.sign * cx.v(g, di)];
    let channel = p.channel([Dual::variable(v[0], 0), Dual::variable(v[1], 1)]);
    // The slope by the gate's voltage, source and drain held.
    let gm = channel.d[0] + channel.d[1];
    let gate = Dual::<f64, 1>::variable(v[1], 0);
    let drain = channel.v - (junction_current(gate, p.is, p.vt).v + cx.gmin * p.m * v[1]);
    // A MESFET has no temperature of its own.
    let own = instance.params.index("temp").map(|_| temperatures(instance, cx.setting).0);
    let t = own.unwrap_or(cx.setting.temperature);
    let law = (instance.model_real("kf"), instance.model_real("af"));
    vec![
        NoiseSource::thermal("rd", (d, di), p.series[0], t),
        NoiseSource::thermal("rs", (s, si), p.series[1], t),
        NoiseSource::thermal("id", (di, si), 2.0 / 3.0 * gm, t),
        NoiseSource::flicker("1overf", (di, si), drain, law),
    ]
}

impl<R: Real, L: Law<R>> Element<R> for JunctionGates<R, L> {
    /// v_gs and v_gd, normalised.
    const LIMITS: usize = 2;
    const ACCEPTS: bool = L::PATH;

    fn new(instances: &[Arc<Instance>]) -> Self {
        JunctionGates {
            params: vec![Params::default(); instances.len()],
            past: vec![Past::default(); instances.len()],
            series: instances.iter().map(|i| ["rd", "rs"].map(|r| i.model_real(r) > 0.0)).collect(),
            has_ic: instances.iter().map(|i| initial_pair(i).map(|v| v.is_some())).collect(),
        }
    }

    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(inner_node("drain", self.series[i][0], D));
        locals.push(inner_node("source", self.series[i][1], S));
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let core = [G, DI, SI];
        let mut out: Vec<_> = core.into_iter().flat_map(|r| core.into_iter().map(move |c| (r, c))).collect();
        for (present, (a, b)) in self.series[i].into_iter().zip([(D, DI), (S, SI)]) {
            if present {
                out.extend(series_positions(a, b));
            }
        }
        out
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (params, instance) in self.params.iter_mut().zip(instances) {
            params.load(lane, instance, setting);
        }
    }

    fn reset(&mut self, lane: usize) {
        for past in &mut self.past {
            for x in past.v.iter_mut().chain(&mut past.q) {
                x.set_lane(lane, 0.0);
            }
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        // Charges along a path from the last accepted point: a start begins its own path.
        if L::PATH && fields.time_goes_on() {
            fields.numbers("v", &mut self.past[i].v);
            fields.numbers("q", &mut self.past[i].q);
        }
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.has_ic[i][0].then(|| (D, S, self.params[i].ic[0]))
    }

    fn second_initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.has_ic[i][1].then(|| (G, S, self.params[i].ic[1]))
    }

    fn behind(&self, _i: usize, k: usize) -> Option<usize> {
        match k {
            DI => Some(D),
            SI => Some(S),
            _ => None,
        }
    }

    #[inline(always)]
    fn eval<T: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut T) {
        let p = &self.params[i];
        for (k, (a, b)) in [(D, DI), (S, SI)].into_iter().enumerate() {
            if self.series[i][k] {
                stamp_series(a, b, p.series[k], at, s);
            }
        }

        // Where to evaluate.
        let v = [p.sign * at.v(G, SI), p.sign * at.v(G, DI)];
        let start = at.cx.start_junctions;
        let first = R::select(p.off.gt(R::zero()), R::zero(), R::splat(-1.0));
        let mut e = v;
        for k in 0..2 {
            let junction = limit_junction(v[k], at.limit(k), p.vt, p.vcrit);
            e[k] = limit_gate(junction, at.limit(k), p.threshold);
            if start.any() {
                e[k] = R::select(start, first, e[k]);
            }
            s.limit(k, e[k], e[k].lt(v[k]) | e[k].gt(v[k]) | start);
        }
        let dv = [v[0] - e[0], v[1] - e[1]];

        let pair = [Dual::variable(e[0], 0), Dual::<R, 2>::variable(e[1], 1)];
        let junction = |k: usize| {
            let v = Dual::<R, 1>::variable(e[k], 0);
            let i = junction_current(v, p.is, p.vt) + times(v, at.cx.gmin * p.m);
            pair[k].chain(i.v, i.d[0])
        };
        let id = tangent(p.channel(pair), dv);
        let (igs, igd) = (tangent(junction(0), dv), tangent(junction(1), dv));
        let [qgs, qgd] = p.law.charges(pair, &self.past[i]).map(|q| tangent(q, dv));
        // Each terminal's own sum: one as minus the others would carry their rounding.
        for (row, f, q) in [(G, igs + igd, qgs + qgd), (DI, id - igd, -qgd), (SI, -(id + igs), -qgs)] {
            s.f(row, p.sign * f.v);
            by_node(G, [SI, DI], f.d, |col, x| s.df(row, col, x));
            s.q(row, p.sign * q.v);
            by_node(G, [SI, DI], q.d, |col, x| s.dq(row, col, x));
        }
    }

    #[inline(always)]
    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        if !L::PATH {
            return;
        }
        let p = &self.params[i];
        let v = [p.sign * at.v(G, SI), p.sign * at.v(G, DI)];
        let past = &mut self.past[i];
        let q = p.law.charges(v.map(Dual::constant), past);
        for k in 0..2 {
            past.v[k] = R::select(mask, v[k], past.v[k]);
            past.q[k] = R::select(mask, q[k].v, past.q[k]);
        }
    }
}
