//! Bipolar transistor: the integral charge-control model of Gummel and Poon.
//!
//! With v_be, v_bc the junctions' voltages behind the series resistances, all in a pnp negated, V_T = kT/q:
//!
//! ```text
//! i_f = I_s·(e^(v_be/(nf·V_T)) − 1),  i_r = I_s·(e^(v_bc/(nr·V_T)) − 1)     (below −3·n·V_T as in a diode)
//! q_1 = 1/(1 − v_bc/vaf − v_be/var),  q_b = q_1/2·(1 + (1 + 4·(i_f/ikf + i_r/ikr))^nkf)
//! i_b = i_f/bf + i_ben + i_r/br + i_bcn       the leakages with ise, ne and isc, nc, and gmin in parallel
//! i_c = (i_f − i_r)/q_b − i_r/br − i_bcn
//! q_be = tf·i_f/q_b·(1 + xtf·(i_f/(i_f + itf))²·e^(v_bc/(1.44·vtf))) + depletion;  q_bc = tr·i_r + depletion
//! r_b = rbm + (rb − rbm)/q_b; with irb: rbm + (rb − rbm)·3·(tan z − z)/(z·tan²z), z by i_b/irb
//! ```
//!
//! The part 1 − xcjc of the base-collector capacitance lies between the base's *terminal* and the inner collector. The
//! substrate's junction (iss, ns, depletion without forward extrapolation knee, gmin) meets the inner collector of an
//! npn and the inner base of a pnp. AC takes the slope of the whole law, that of r_b with the bias included: v_b = i_b·r_b
//! has the slope r_b + i_b·dr_b/di_b, where simulators that freeze r_b show r_b.
//!
//! **Excess phase** (ptf): i_f/q_b reaches the collector late by τ = ptf·tf (ptf in radians), through Bessel's filter
//! of second order (Weil and McNamee), 3/(3 + 3·sτ + (sτ)²), two unknowns of the instance: τ·y' = w, τ·w' = 3·(u − y − w).
//! Transient and AC have the same filter; against a pure delay it loses (ωτ)²/6 of the magnitude, phase (ωτ)⁵/270.
//!
//! Temperature: I_s(T) = is·e^((T/tnom − 1)·eg/V_T)·(T/tnom)^xti; leakages with that to the power 1/n, over the growth
//! of bf; bf, br·(T/tnom)^xtb; potentials and capacitances as in a diode.
//!
//! Sources: H. K. Gummel, H. C. Poon, Bell Syst. Tech. J. 49 (1970) 827; P. B. Weil, L. P. McNamee, IEEE Trans. Circuits
//! Syst. 25 (1978) 114; L. W. Nagel, memo ERL-M520 (1975); temperature coefficients: ngspice manual, BJT.

mod equations;
mod params;
mod spec;

use super::junction::*;
use super::semiconductor::*;
use super::*;
use crate::number::Mask;
use params::{Params, excess_delay, is_vertical};
use spec::SPEC;

// Local numbers.
const C: usize = 0;
const B: usize = 1;
const E_: usize = 2;
const S: usize = 3;
// Behind the series resistances.
const CI: usize = 4;
const BI: usize = 5;
const EI: usize = 6;
// The filter of the excess phase: its output and the output's slope times τ, A.
const LATE: usize = 7;
const SLOPE: usize = 8;

/// Currents that follow other currents.
const CURRENT: UnknownSpec = UnknownSpec { residual_abstol: Some(1e-12), lte_weight: 1.0, ..UnknownSpec::CURRENT };

/// The bipolar transistor.
pub struct Bjt;

impl Kind for Bjt {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        let full: &[(&str, f64)] = &[
            ("is", 1e-15),
            ("bf", 120.0),
            ("nf", 1.02),
            ("vaf", 60.0),
            ("ikf", 0.05),
            ("ise", 1e-14),
            ("br", 5.0),
            ("var", 12.0),
            ("ikr", 0.02),
            ("isc", 1e-13),
            ("rb", 80.0),
            ("rbm", 10.0),
            ("re", 1.0),
            ("rc", 5.0),
            ("cje", 2e-12),
            ("cjc", 1e-12),
            ("xcjc", 0.6),
            ("tf", 3e-10),
            ("xtf", 2.0),
            ("vtf", 3.0),
            ("itf", 0.03),
            ("tr", 1e-8),
            ("cjs", 1.5e-12),
            ("mjs", 0.4),
            ("iss", 1e-15),
        ];
        let crowded = [full, &[("irb", 1e-4), ("ptf", 30.0), ("nkf", 0.45), ("subs", -1.0)]].concat();
        let plain: &[(&str, f64)] = &[("cjc", 1e-12), ("tf", 1e-9), ("ise", 1e-13)];
        let own: &[(&str, f64)] = &[("area", 2.0), ("areab", 3.0), ("areac", 4.0), ("m", 2.0)];
        vec![
            Instance::example(&SPEC, &[]).with_model(&SPEC, "npn", &[]),
            Instance::example(&SPEC, own).with_model(&SPEC, "npn", full),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "pnp", &crowded),
            Instance::example(&SPEC, own).with_model(&SPEC, "pnp", plain),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        let mut p = Params::<f64>::default();
        p.load(0, instance, cx.setting);
        let [c, b, e] = [C, B, E_].map(|k| cx.terminal(k));
        let (ci, bi, ei) = (cx.behind(C, "collector"), cx.behind(B, "base"), cx.behind(E_, "emitter"));
        let inside = p.inside(p.sign * cx.v(bi, ei), p.sign * cx.v(bi, ci), cx.gmin * p.m, bi != b);
        let base = (inside.base_be + inside.base_bc).v;
        let collector = (inside.transport - inside.back - inside.base_bc).v;
        let (t, _) = temperatures(instance, cx.setting);
        let law = (instance.model_real("kf"), instance.model_real("af"));
        vec![
            NoiseSource::thermal("rc", (c, ci), p.series[0], t),
            NoiseSource::thermal("rb", (b, bi), inside.base_conductance.v, t),
            NoiseSource::thermal("re", (e, ei), p.series[1], t),
            NoiseSource::shot("ic", (ci, ei), collector),
            NoiseSource::shot("ib", (bi, ei), base),
            NoiseSource::flicker("1overf", (bi, ei), base, law),
        ]
    }
    bank_builders!(Bipolars);
}

/// What an instance has; fixed by structure, not by lane.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Resistances at collector, base, emitter.
    series: [bool; 3],
    /// Where the substrate's junction ends: the inner collector or the inner base.
    junction: usize,
    late: bool,
    /// Initial voltages given: v_be, v_ce.
    ic: [bool; 2],
}

struct Bipolars<R> {
    params: Vec<Params<R>>,
    shapes: Vec<Shape>,
}

impl Shape {
    fn of(instance: &Instance) -> Self {
        Shape {
            series: ["rc", "rb", "re"].map(|r| instance.model_real(r) > 0.0),
            junction: if is_vertical(instance) { CI } else { BI },
            late: instance.model.as_ref().is_some_and(|m| excess_delay(&m.params) > 0.0),
            ic: initial_pair(instance).map(|v| v.is_some()),
        }
    }
}

impl<R: Real> Element<R> for Bipolars<R> {
    /// v_be, v_bc and the substrate junction's, normalised.
    const LIMITS: usize = 3;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Bipolars {
            params: vec![Params::default(); instances.len()],
            shapes: instances.iter().map(|i| Shape::of(i)).collect(),
        }
    }

    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local> {
        let shape = &self.shapes[i];
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        for (k, name) in ["collector", "base", "emitter"].into_iter().enumerate() {
            locals.push(inner_node(name, shape.series[k], k));
        }
        if shape.late {
            locals.extend(["late", "slope"].map(|name| Local::Internal { name, spec: CURRENT }));
        }
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let shape = &self.shapes[i];
        let core = [CI, BI, EI];
        let mut out: Vec<_> = core.into_iter().flat_map(|r| core.into_iter().map(move |c| (r, c))).collect();
        let mut pair = |a: usize, b: usize| out.extend([(a, a), (a, b), (b, a), (b, b)]);
        pair(S, shape.junction);
        pair(B, CI);
        for (k, inner) in core.into_iter().enumerate() {
            if shape.series[k] {
                pair(k, inner);
            }
        }
        if shape.series[1] {
            out.extend([(B, EI)]);
        }
        if shape.late {
            out.extend([(CI, LATE), (EI, LATE), (LATE, SLOPE), (SLOPE, LATE), (SLOPE, SLOPE), (LATE, LATE)]);
            out.extend(core.map(|c| (SLOPE, c)));
        }
        out
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (params, instance) in self.params.iter_mut().zip(instances) {
            params.load(lane, instance, setting);
        }
    }

    fn initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.shapes[i].ic[0].then(|| (B, E_, self.params[i].ic[0]))
    }

    fn second_initial_voltage(&self, i: usize) -> Option<(usize, usize, R)> {
        self.shapes[i].ic[1].then(|| (C, E_, self.params[i].ic[1]))
    }

    fn behind(&self, _i: usize, k: usize) -> Option<usize> {
        (CI..=EI).contains(&k).then(|| k - CI)
    }

    #[inline(always)]
    fn eval<T: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut T) {
        let (p, shape) = (&self.params[i], &self.shapes[i]);
        let sign = p.sign;
        for (k, (a, b)) in [(0, (C, CI)), (1, (E_, EI))] {
            if shape.series[2 * k] {
                stamp_series(a, b, p.series[k], at, s);
            }
        }

        // Where to evaluate.
        let v = [sign * at.v(BI, EI), sign * at.v(BI, CI), p.substrate_sign * at.v(S, shape.junction)];
        let vcrit = [p.vcrit, p.vcrit, p.vcrit_substrate];
        let start = at.cx.start_junctions;
        let first = [R::select(p.off.gt(R::zero()), R::zero(), p.vcrit), R::zero(), R::zero()];
        let mut e = v;
        for k in 0..3 {
            e[k] = limit_junction(v[k], at.limit(k), p.vt, vcrit[k]);
            if start.any() {
                e[k] = R::select(start, first[k], e[k]);
            }
            s.limit(k, e[k], e[k].lt(v[k]) | e[k].gt(v[k]) | start);
        }
        let dv = [v[0] - e[0], v[1] - e[1]];
        let gmin = at.cx.gmin * p.m;
        let inside = p.inside(e[0], e[1], gmin, shape.series[1]);

        let forward = tangent(inside.transport, dv);
        let (base_be, base_bc) = (tangent(inside.base_be, dv), tangent(inside.base_bc, dv));
        if shape.late {
            let (late, slope) = (at.x(LATE), at.x(SLOPE));
            let three = R::splat(3.0);
            s.current(CI, EI, sign * late);
            s.df(CI, LATE, sign);
            s.df(EI, LATE, -sign);
            s.f(LATE, -slope);
            s.df(LATE, SLOPE, -R::one());
            s.q(LATE, p.delay * late);
            s.dq(LATE, LATE, p.delay);
            s.f(SLOPE, (slope + late - forward.v) * three);
            s.df(SLOPE, SLOPE, three);
            s.df(SLOPE, LATE, three);
            by_node(BI, [EI, CI], forward.d, |col, d| s.df(SLOPE, col, -sign * d * three));
            s.q(SLOPE, p.delay * slope);
            s.dq(SLOPE, SLOPE, p.delay);
        }
        let back = tangent(inside.back, dv);
        let through = if shape.late { -back } else { forward - back };
        // Each terminal's own sum: one as minus the others would carry their rounding.
        for (row, i) in [(CI, through - base_bc), (BI, base_be + base_bc), (EI, -(through + base_be))] {
            s.f(row, sign * i.v);
            by_node(BI, [EI, CI], i.d, |col, d| s.df(row, col, d));
        }
        let (q_be, q_bc) = (tangent(inside.q_be, dv), tangent(inside.q_bc, dv));
        for (row, q) in [(CI, -q_bc), (BI, q_be + q_bc), (EI, -q_be)] {
            s.q(row, sign * q.v);
            by_node(BI, [EI, CI], q.d, |col, d| s.dq(row, col, d));
        }

        if shape.series[1] {
            let g = tangent(inside.base_conductance, dv);
            let drop = at.v(B, BI);
            s.current(B, BI, g.v * drop);
            s.conductance(B, BI, B, BI, inside.base_conductance.v);
            by_node(BI, [EI, CI], g.d, |col, d| {
                let d = sign * drop * d;
                s.df(B, col, d);
                s.df(BI, col, -d);
            });
        }
        let bx = p.bx.charge(Dual::variable(sign * at.v(B, CI), 0));
        s.charge(B, CI, sign * bx.v);
        s.capacitance(B, CI, B, CI, bx.d[0]);

        let vs = Dual::variable(e[2], 0);
        let leak = times(vs, gmin);
        let current = if p.iss.gt(R::zero()).any() { junction_current(vs, p.iss, p.vts) + leak } else { leak };
        let (current, charge) = (tangent(current, [v[2] - e[2]]), tangent(p.substrate.charge(vs), [v[2] - e[2]]));
        s.current(S, shape.junction, p.substrate_sign * current.v);
        s.conductance(S, shape.junction, S, shape.junction, current.d[0]);
        s.charge(S, shape.junction, p.substrate_sign * charge.v);
        s.capacitance(S, shape.junction, S, shape.junction, charge.d[0]);
    }
}
