//! MOS transistors of SPICE's levels 1, 2, 3 and 6: what they share. A level's file holds the law of its channel.
//!
//! ```text
//! drain:  i_d − i_bd,   bulk:  i_bs + i_bd,   source:  −i_d − i_bs          with v_gs, v_ds, v_bs behind rd and rs
//! ```
//!
//! A law sees the channel from the terminal that acts as the source: v_ds >= 0. For v_ds < 0 source and drain change
//! roles; a pmos has all voltages and currents negated. Bulk junctions: i = I_s·(e^(v/V_T) − 1) above −3·V_T, below it
//! −I_s (level 3: as in a diode), and gmin in parallel.
//!
//! **Gate charge.** Meyer gives capacitances, not charges (`meyer.rs`): C_gs, C_gd, C_gb between the gate and each other
//! terminal. These are no partial derivatives of *terminal* charges (the gate's is one, drain's and source's are not), so
//! the charge between gate and source is the integral of C_gs·dv_gs along the path that was taken. Here it is that
//! integral: the committed state of an instance is the three charges, capacitances and voltages of the last accepted
//! point, and within a step
//!
//! ```text
//! q_gs(v) = Q_gs + ½·(C_gs(v) + C_gs,accepted)·(v_gs − v_gs,accepted)          (trapezoidal rule along the step)
//! ```
//!
//! which is a function of v with exact derivatives, equals C_gs·v̇_gs in the limit, agrees with simulators that
//! integrate C·dv/dt, and at the accepted point itself has ∂q/∂v = C(v) exactly, which is what AC needs. The charges of
//! the four terminals sum to zero always. Meyer's known defect stays: over a closed cycle of all voltages a charge of
//! the order of C_ox·V/6 may pass from drain to source. Measured by `tests/semiconductors.rs` on a ring oscillator of nine
//! stages: the period is within 0.02 % of ngspice's (at reltol 1e-6; at its default ngspice itself is off by 2 %). The
//! committed state asks of its caller that `accept` is called at the operating point too, before `.ac` reads ∂q/∂x.
//!
//! Sources: temperature laws and the limits at which formulas change: ngspice manual, MOSFETs; the laws name their own.

mod card;
mod level1;
mod level2;
mod level3;
mod level6;
mod meyer;
mod noise;
mod spec;

pub use level1::Mos1;
pub use level2::Mos2;
pub use level3::Mos3;
pub use level6::Mos6;

use super::junction::*;
use super::semiconductor::*;
use super::*;
use crate::number::{Mask, exp};
use card::*;
use meyer::{Gate, path_charge};

// Local numbers.
const D: usize = 0;
const G: usize = 1;
const S: usize = 2;
const B: usize = 3;
// Behind the series resistances.
const DI: usize = 4;
const SI: usize = 5;

/// The law of a channel.
trait Law<R: Real>: Default + Copy + Send + 'static {
    /// Does the reverse current of the bulk junctions approach −I_s as in a diode? Else it is −I_s.
    const SOFT_JUNCTIONS: bool = false;
    /// Intrinsic carrier density at the temperature of the parameters, kelvin, in 1/m³.
    fn intrinsic(_tnom: f64) -> f64 {
        INTRINSIC
    }
    /// Takes the parameters of one lane.
    fn load(&mut self, lane: usize, card: &Card<'_>);
    /// The channel at (v_gs, v_ds, v_bs) of the terminal that acts as the source, v_ds >= 0.
    fn channel(&self, own: &Own<R>, at: [R; 3]) -> Channel<R>;
}

/// A channel seen from the terminal that acts as the source; derivatives by its (v_gs, v_ds, v_bs).
struct Channel<R> {
    /// V_on, V.
    von: R,
    /// Current from drain to source, A.
    i: Dual<R, 3>,
    /// Meyer's capacitances of the gate against the acting source, the acting drain and the bulk, F; 0 without an oxide.
    gate: [Dual<R, 3>; 3],
}

/// Parameters of one instance that all levels have, at its temperature, `m` in parallel. In a pmos, normalised: as if it
/// were an nmos.
#[derive(Debug, Clone, Copy, Default)]
struct Own<R> {
    /// +1 for nmos, −1 for pmos.
    sign: R,
    /// Thermal voltage, V.
    vt: R,
    /// V_bi, V: V_on without the bulk effect.
    vbi: R,
    /// Threshold at zero bulk bias, V.
    vto: R,
    gamma: R,
    phi: R,
    /// √φ.
    root_phi: R,
    /// Oxide capacitance, F.
    cox: R,
    /// Overlap capacitances, F: gate-source, gate-drain, gate-bulk.
    overlap: [R; 3],
    /// Saturation currents of the junctions at the source and at the drain, A.
    is: [R; 2],
    /// Their voltages above which they are limited, V.
    vcrit: [R; 2],
    /// Depletion of the bottom and sidewall junctions at the source and at the drain.
    bottom: [Depletion<R>; 2],
    side: [Depletion<R>; 2],
    /// Series conductances at drain and source, S; 0 where the instance has none.
    series: [R; 2],
    /// 1 where the operating point starts with the device off.
    off: R,
}

#[derive(Debug, Clone, Copy, Default)]
struct Params<R, L> {
    own: Own<R>,
    law: L,
}

/// Transistors of one law.
struct Mosfets<R, L> {
    params: Vec<Params<R, L>>,
    gates: Vec<Gate<R>>,
    /// Does the instance have a capacitance, in any lane?
    charged: Vec<bool>,
    /// Does the instance have a series resistance at drain, at source? Fixed by structure, not by lane.
    series: Vec<[bool; 2]>,
}

impl<R: Real, L: Law<R>> Params<R, L> {
    fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting) {
        let Some(model) = &instance.model else { return };
        let sign = if model.type_index == 0 { 1.0 } else { -1.0 };
        let (model, own) = (&model.params, &instance.params);
        let (t, tnom) = temperatures(instance, setting);
        let process = Process::of(model, sign, tnom, L::intrinsic(tnom));
        let (vt, m) = (thermal_voltage(t), own.real("m"));
        let [w, l] = size(own, model);

        let ratio = t / tnom;
        let phi = potential(process.phi, tnom, t);
        let gap_shift = 0.5 * (band_gap(tnom) - band_gap(t));
        let vto = process.vto + extra(model, "delvto");
        let vbi = sign * vto - process.gamma * process.phi.sqrt() + sign * gap_shift + 0.5 * (phi - process.phi);
        let (pb, fc) = (model.real("pb"), model.real("fc"));
        let pb_t = potential(pb, tnom, t);
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        let p = &mut self.own;
        set(&mut p.sign, sign);
        set(&mut p.vt, vt);
        set(&mut p.vbi, vbi);
        set(&mut p.vto, vbi + process.gamma * phi.sqrt());
        set(&mut p.gamma, process.gamma);
        set(&mut p.phi, phi);
        set(&mut p.root_phi, phi.sqrt());
        set(&mut p.cox, process.cox * m * w * l);
        set(&mut p.overlap[0], model.real("cgso") * m * w);
        set(&mut p.overlap[1], model.real("cgdo") * m * w);
        set(&mut p.overlap[2], model.real("cgbo") * m * l);
        set(&mut p.off, if own.flag("off") { 1.0 } else { 0.0 });

        let areas = [own.real("as"), own.real("ad")];
        let perimeters = [own.real("ps"), own.real("pd")];
        let by_area = model.real("js") != 0.0 && areas[0] != 0.0 && areas[1] != 0.0;
        let saturation = exp(band_gap(tnom) / thermal_voltage(tnom) - band_gap(t) / vt) * m;
        let (mj, mjsw) = (model.real("mj"), model.real("mjsw"));
        for (k, given) in ["cbs", "cbd"].into_iter().enumerate() {
            let is = saturation * if by_area { model.real("js") * areas[k] } else { model.real("is") };
            let c = if model.given(given) { model.real(given) } else { model.real("cj") * areas[k] };
            let c_side = model.real("cjsw") * perimeters[k];
            set(&mut p.is[k], is);
            set(&mut p.vcrit[k], critical_voltage(vt, is));
            p.bottom[k].set(lane, c * m * capacitance_factor(mj, pb, tnom, t), pb_t, mj, fc);
            p.side[k].set(lane, c_side * m * capacitance_factor(mjsw, pb, tnom, t), pb_t, mjsw, fc);
        }
        for (g, r) in p.series.iter_mut().zip(series_resistances(instance)) {
            set(g, if r > 0.0 { m / r } else { 0.0 });
        }
        let mobility_fall = ratio * ratio.sqrt();
        self.law.load(lane, &Card { model, process, m, w, l, mobility_fall, pb: pb_t });
    }

    /// Has it a capacitance in any lane?
    fn is_charged(&self) -> bool {
        let p = &self.own;
        let depletion = [&p.bottom, &p.side].into_iter().flatten().map(|d| d.c);
        depletion.chain(p.overlap).chain([p.cox]).any(|c| c.gt(R::zero()).any())
    }

    /// V_on and the channel current from drain to source, with derivatives by (v_gs, v_ds, v_bs); Meyer's capacitances
    /// against source, drain, bulk.
    #[inline(always)]
    fn channel(&self, vgs: R, vds: R, vbs: R) -> (R, Dual<R, 3>, [Dual<R, 3>; 3]) {
        // As seen from the terminal that acts as the source.
        let reverse = vds.lt(R::zero());
        let at = [R::select(reverse, vgs - vds, vgs), vds.abs(), R::select(reverse, vbs - vds, vbs)];
        let seen = self.law.channel(&self.own, at);
        // Forward the derivatives are by (v_gs, v_ds, v_bs), reverse by (v_gs − v_ds, −v_ds, v_bs − v_ds).
        let back = |y: Dual<R, 3>| {
            let [gate, drain, bulk] = y.d;
            let reversed = -(gate + drain + bulk);
            Dual { v: y.v, d: [gate, R::select(reverse, reversed, drain), bulk] }
        };
        let i = back(seen.i);
        let i = Dual::select(reverse, -i, i);
        if !self.own.cox.gt(R::zero()).any() {
            return (seen.von, i, [Dual::constant(R::zero()); 3]);
        }
        // Not `map`: of arrays this large it is a call, with copies.
        let [near, far, to_bulk] = seen.gate;
        let (near, far, to_bulk) = (back(near), back(far), back(to_bulk));
        let to_source = Dual::select(reverse, far, near);
        let to_drain = Dual::select(reverse, near, far);
        (seen.von, i, [to_source, to_drain, to_bulk])
    }

    /// Current of the bulk junction `k` (0 source, 1 drain) without gmin.
    #[inline(always)]
    fn junction(&self, k: usize, v: Dual<R, 1>) -> Dual<R, 1> {
        let (is, vt) = (self.own.is[k], self.own.vt);
        if L::SOFT_JUNCTIONS {
            return junction_current(v, is, vt);
        }
        let reverse = Dual::constant(-is);
        let conducts = v.v.gt(vt * -3.0);
        if !conducts.any() {
            return reverse;
        }
        let i = times(safe_exp(times(v, R::one() / vt)) - Dual::one(), is);
        Dual::select(conducts, i, reverse)
    }
}

impl<R: Real> Own<R> {
    /// √(φ − v), for v > 0 its tangent, down to 0.
    #[inline(always)]
    fn root_by_tangent<const N: usize>(&self, bulk: Dual<R, N>) -> Dual<R, N> {
        let zero = Dual::constant(R::zero());
        let forward = bulk.v.gt(R::zero());
        // Not `min`: at a bulk tied to the source, v_bs = 0, its derivative must stay.
        let root = plus(-Dual::select(forward, zero, bulk), self.phi).sqrt();
        if forward.any() {
            let line = plus(-times(bulk, R::splat(0.5) / self.root_phi), self.root_phi).max(zero);
            Dual::select(forward, line, root)
        } else {
            root
        }
    }

    /// √(φ − v), for v > 0 √φ/(1 + v/2φ), and its slope by v.
    #[inline(always)]
    fn root(&self, v: Dual<R, 3>) -> (Dual<R, 3>, Dual<R, 3>) {
        let none = Dual::constant(R::zero());
        let forward = v.v.gt(R::zero());
        let below = plus(-Dual::select(forward, none, v), self.phi).sqrt();
        let above = Dual::constant(self.root_phi) / (times(v.max(none), R::splat(0.5) / self.phi) + 1.0);
        let slope_below = Dual::splat(-0.5) / below;
        let slope_above = -times(above * above, R::splat(0.5) / (self.phi * self.root_phi));
        (Dual::select(forward, above, below), Dual::select(forward, slope_above, slope_below))
    }

    /// (v_gs, v_ds, v_bs) limited against the last iterate, and where they were moved.
    #[inline(always)]
    fn limit(&self, v: [R; 3], old: [R; 3], von: R) -> ([R; 3], R::Mask) {
        let zero = R::zero();
        let near = R::splat(0.04);
        let moved = |k: usize| (v[k] - old[k]).abs().gt(near);
        let far = moved(0) | moved(1) | moved(2);
        // Nothing below acts on steps this small; most iterations end here.
        if !far.any() {
            return (v, far);
        }
        let [gs, ds, bs] = v;
        let forward = old[1].ge(zero);
        // The gate is limited against the terminal that acted as the source, and the drain after it.
        let (gd, gd_old) = (gs - ds, old[0] - old[1]);
        let gate = R::select(forward, gs, gd);
        let gate_limited = limit_gate(gate, R::select(forward, old[0], gd_old), von);
        let shift = gate_limited - gate;
        let drain = R::select(forward, ds + shift, -ds + shift);
        let drain_limited = limit_drain(drain, old[1].abs());
        let new_ds = R::select(forward, drain_limited, -drain_limited);
        // Forward, v_gd is kept where the drain was free; reverse, the limited v_gd counts.
        let new_gs = R::select(forward, gate_limited, gate_limited + new_ds);
        let gate_moved = gate_limited.lt(gate) | gate_limited.gt(gate);
        let drain_moved = drain_limited.lt(drain) | drain_limited.gt(drain);
        let moved = (gate_moved | drain_moved) & far;
        let gs = R::select(moved, new_gs, gs);
        let ds = R::select(moved, new_ds, ds);

        let acts_forward = ds.ge(zero);
        let junction = R::select(acts_forward, bs, bs - ds);
        let junction_old = R::select(acts_forward, old[2], old[2] - old[1]);
        let vcrit = R::select(acts_forward, self.vcrit[0], self.vcrit[1]);
        let limited = limit_junction(junction, junction_old, self.vt, vcrit);
        let junction_moved = limited.lt(junction) & far;
        let new_bs = R::select(acts_forward, limited, limited + ds);
        ([gs, ds, R::select(junction_moved, new_bs, bs)], moved | junction_moved)
    }
}

impl<R: Real, L: Law<R>> Element<R> for Mosfets<R, L> {
    /// v_gs, v_ds, v_bs, normalised, and V_on.
    const LIMITS: usize = 4;
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Mosfets {
            params: vec![Params::default(); instances.len()],
            gates: vec![Gate::default(); instances.len()],
            charged: vec![true; instances.len()],
            series: instances.iter().map(|i| series_resistances(i).map(|r| r > 0.0)).collect(),
        }
    }

    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(inner_node("drain", self.series[i][0], D));
        locals.push(inner_node("source", self.series[i][1], S));
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let core = [G, B, DI, SI];
        let mut out: Vec<_> = core.into_iter().flat_map(|r| core.into_iter().map(move |c| (r, c))).collect();
        for (present, (a, b)) in self.series[i].into_iter().zip([(D, DI), (S, SI)]) {
            if present {
                out.extend(series_positions(a, b));
            }
        }
        out
    }

    fn charges(&self, i: usize) -> Vec<(usize, usize)> {
        if self.charged[i] { self.footprint(i) } else { Vec::new() }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for ((params, charged), instance) in self.params.iter_mut().zip(&mut self.charged).zip(instances) {
            params.load(lane, instance, setting);
            *charged = params.is_charged();
        }
    }

    fn reset(&mut self, lane: usize) {
        for gate in &mut self.gates {
            gate.reset(lane);
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        self.gates[i].state(fields);
    }

    #[inline(always)]
    fn eval<S_: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S_) {
        let params = &self.params[i];
        let p = &params.own;
        for (k, (a, b)) in [(D, DI), (S, SI)].into_iter().enumerate() {
            if self.series[i][k] {
                stamp_series(a, b, p.series[k], at, s);
            }
        }

        // Where to evaluate.
        let v = [p.sign * at.v(G, SI), p.sign * at.v(DI, SI), p.sign * at.v(B, SI)];
        let (mut e, mut limited) = p.limit(v, [at.limit(0), at.limit(1), at.limit(2)], at.limit(3));
        let start = at.cx.start_junctions;
        if start.any() {
            let off = p.off.gt(R::zero());
            let first = [p.vto, R::zero(), R::splat(-1.0)];
            for (e, first) in e.iter_mut().zip(first) {
                *e = R::select(start, R::select(off, R::zero(), first), *e);
            }
            limited = limited | start;
        }
        let [vgs, vds, vbs] = e;
        let (von, id, caps) = params.channel(vgs, vds, vbs);
        for (j, x) in [vgs, vds, vbs, von].into_iter().enumerate() {
            s.limit(j, x, limited);
        }

        // Bulk junctions, each a function of one voltage.
        let (bs, bd) = (Dual::variable(vbs, 0), Dual::variable(vbs - vds, 0));
        let gmin = at.cx.gmin;
        let ibs = params.junction(0, bs) + times(bs, gmin);
        let ibd = params.junction(1, bd) + times(bd, gmin);
        // The same as functions of (v_gs, v_ds, v_bs): v_bd = v_bs − v_ds.
        let by_bs = |y: Dual<R, 1>| Dual { v: y.v, d: [R::zero(), R::zero(), y.d[0]] };
        let by_bd = |y: Dual<R, 1>| Dual { v: y.v, d: [R::zero(), -y.d[0], y.d[0]] };
        let (ibs, ibd) = (by_bs(ibs), by_bd(ibd));

        // Each terminal's own sum: the source as minus the others would carry their rounding.
        let f = [Dual::zero(), id - ibd, ibs + ibd, -(id + ibs)];
        let dv = if limited.any() { [v[0] - vgs, v[1] - vds, v[2] - vbs] } else { [R::zero(); 3] };
        let rows = [G, DI, B, SI];
        for (k, row) in rows.into_iter().enumerate().skip(1) {
            // Currents and charges of a pmos are negated; its derivatives are not, for its voltages are negated too.
            let f = tangent(f[k], dv);
            s.f(row, p.sign * f.v);
            stamp(f.d, |col, x| s.df(row, col, x));
        }
        if !self.charged[i] {
            return;
        }

        let (qbs, qbd) =
            (by_bs(p.bottom[0].charge_with(&p.side[0], bs)), by_bd(p.bottom[1].charge_with(&p.side[1], bd)));
        // Gate charges along the path from the last accepted point.
        let gate = &self.gates[i];
        let (gs, ds, bs) = (Dual::variable(vgs, 0), Dual::<R, 3>::variable(vds, 1), Dual::variable(vbs, 2));
        let qg = [gs, gs - ds, gs - bs];
        let charge = |k: usize| path_charge(k, qg[k], caps[k], p.overlap[k], gate);
        let (qgs, qgd, qgb) = (charge(0), charge(1), charge(2));
        let q = [qgs + qgd + qgb, -(qgd + qbd), qbs + qbd - qgb, -(qgs + qbs)];
        for (k, row) in rows.into_iter().enumerate() {
            let q = tangent(q[k], dv);
            s.q(row, p.sign * q.v);
            stamp(q.d, |col, x| s.dq(row, col, x));
        }
    }

    #[inline(always)]
    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        if !self.charged[i] {
            return;
        }
        let p = &self.params[i];
        let sign = p.own.sign;
        let (gs, ds, bs) = (sign * at.v(G, SI), sign * at.v(DI, SI), sign * at.v(B, SI));
        let (_, _, caps) = p.channel(gs, ds, bs);
        self.gates[i].accept([gs, gs - ds, gs - bs], [caps[0].v, caps[1].v, caps[2].v], mask);
    }
}

/// A row of derivatives by (v_gs, v_ds, v_bs), by column.
#[inline(always)]
fn stamp<R: Real>(d: [R; 3], mut add: impl FnMut(usize, R)) {
    add(G, d[0]);
    add(DI, d[1]);
    add(B, d[2]);
    add(SI, -(d[0] + d[1] + d[2]));
}
