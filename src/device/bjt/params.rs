//! Parameters of a bipolar transistor at its temperature, scaled by areas and multiplicity.

use super::super::junction::*;
use super::super::semiconductor::{initial_pair, temperatures};
use crate::device::{Instance, Setting, Values};
use crate::number::{Real, exp, ln};

/// Gradings and fc closer to 1 than this make the charge law blow up; cards that have them are taken with these.
const MOST_GRADING: f64 = 0.999;
const MOST_FC: f64 = 0.9999;

/// One instance. In a pnp, normalised: as if it were an npn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Params<R> {
    /// +1 for npn, −1 for pnp.
    pub sign: R,
    /// `sign`, and the opposite where the substrate meets the base.
    pub substrate_sign: R,
    /// Number in parallel.
    pub m: R,
    /// Thermal voltage, V.
    pub vt: R,
    /// nf·V_T, nr·V_T, ne·V_T, nc·V_T, ns·V_T, V.
    pub vtf: R,
    pub vtr: R,
    pub vte: R,
    pub vtc: R,
    pub vts: R,
    /// Saturation currents, A: forward, reverse, leakages, substrate.
    pub is_be: R,
    pub is_bc: R,
    pub ise: R,
    pub isc: R,
    pub iss: R,
    /// 1/bf, 1/br.
    pub inverse_bf: R,
    pub inverse_br: R,
    /// 1/vaf, 1/var, 1/V; 0 where infinite.
    pub inverse_vaf: R,
    pub inverse_var: R,
    /// 1/ikf, 1/ikr, 1/A; 0 where there is none.
    pub inverse_ikf: R,
    pub inverse_ikr: R,
    pub nkf: R,
    /// rbm and rb − rbm, Ω; 1/irb, 1/A, 0 where the resistance follows q_b.
    pub rbm: R,
    pub rb_swing: R,
    pub inverse_irb: R,
    /// Series conductances at collector and emitter, S.
    pub series: [R; 2],
    /// Transit times, s; xtf; 1/(1.44·vtf), 1/V; itf, A.
    pub tf: R,
    pub tr: R,
    pub xtf: R,
    pub inverse_vtf: R,
    pub itf: R,
    /// Delay of the collector current, s.
    pub delay: R,
    pub be: Depletion<R>,
    pub bc: Depletion<R>,
    /// The part of the base-collector junction at the base's terminal.
    pub bx: Depletion<R>,
    pub substrate: Depletion<R>,
    /// Voltages above which junctions are limited, V.
    pub vcrit: R,
    pub vcrit_substrate: R,
    pub off: R,
    /// v_be and v_ce at the start, V.
    pub ic: [R; 2],
}

/// Does the substrate meet the collector (of an npn, unless `subs` says otherwise)?
pub(super) fn is_vertical(instance: &Instance) -> bool {
    let Some(model) = &instance.model else { return true };
    model.params.number("subs").map_or(model.type_index == 0, |s| s > 0.0)
}

/// The delay that the excess phase amounts to, s.
pub(super) fn excess_delay(model: &Values) -> f64 {
    model.real("ptf").to_radians() * model.real("tf")
}

/// 1/x, and 0 for 0.
fn inverse(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { 1.0 / x }
}

/// A model between its nominal temperature and the device's.
struct Heated<'a> {
    model: &'a Values,
    t: f64,
    tnom: f64,
}

impl Heated<'_> {
    /// 1 + c1·ΔT + c2·ΔT².
    fn polynomial(&self, c1: &str, c2: &str) -> f64 {
        let dt = self.t - self.tnom;
        1.0 + self.model.real(c1) * dt + self.model.real(c2) * dt * dt
    }

    /// A parameter times its polynomial.
    fn real(&self, name: &str, c1: &str, c2: &str) -> f64 {
        self.model.real(name) * self.polynomial(c1, c2)
    }

    /// A current gain: by its own coefficients where given, else by `factor`.
    fn gain(&self, name: &str, c1: &str, c2: &str, factor: f64) -> f64 {
        if self.model.given(c1) || self.model.given(c2) {
            return self.real(name, c1, c2);
        }
        self.model.real(name) * factor
    }

    /// (capacitance, potential) of a junction of grading `m`.
    fn depletion(&self, c: &str, vj: &str, m: f64, tc: &str, tv: &str) -> (f64, f64) {
        let (c, vj) = (self.model.real(c), self.model.real(vj));
        if self.model.real("tlevc") == 0.0 {
            return (c * capacitance_factor(m, vj, self.tnom, self.t), potential(vj, self.tnom, self.t));
        }
        let dt = self.t - self.tnom;
        (c * (1.0 + self.model.real(tc) * dt), vj - self.model.real(tv) * dt)
    }
}

impl<R: Real> Params<R> {
    pub fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting) {
        let Some(card) = &instance.model else { return };
        let sign = if card.type_index == 0 { 1.0 } else { -1.0 };
        let (model, own) = (&card.params, &instance.params);
        let (t, tnom) = temperatures(instance, setting);
        let hot = Heated { model, t, tnom };
        let (dt, ratio, vt) = (t - tnom, t / tnom, thermal_voltage(t));
        let m = own.real("m");
        let area = own.real("area");
        let vertical = is_vertical(instance);
        let (base, collector) = (own.number("areab").unwrap_or(area), own.number("areac").unwrap_or(area));
        let (bc_area, substrate_area) = if vertical { (base, collector) } else { (collector, base) };
        let (area, bc_area, substrate_area) = (area * m, bc_area * m, substrate_area * m);

        let growth = (ratio - 1.0) * model.real("eg") / vt + model.real("xti") * ln(ratio);
        let tlev = model.real("tlev");
        let gain = match tlev {
            1.0 => 1.0 + model.real("xtb") * dt,
            3.0 => 1.0,
            _ => exp(model.real("xtb") * ln(ratio)),
        };
        // A saturation current at the device's temperature; n is the emission coefficient in its growth.
        let saturation = |x: f64, n: f64, c1: &str, c2: &str| match tlev {
            _ if x == 0.0 => 0.0,
            3.0 => exp(ln(x) * hot.polynomial(c1, c2)),
            _ => x * exp(growth / n),
        };
        let leakage = |name: &str, in_is: &str, n: &str, c1: &str, c2: &str| {
            let given = if model.given(name) {
                model.real(name)
            } else {
                model.number(in_is).unwrap_or(0.0) * model.real("is")
            };
            saturation(given, model.real(n), c1, c2) / gain
        };
        let is = saturation(model.real("is"), 1.0, "tis1", "tis2");
        let (is_be, is_bc) = match (model.number("ibe"), model.number("ibc")) {
            (Some(ibe), Some(ibc)) => {
                (saturation(ibe, model.real("nf"), "tis1", "tis2"), saturation(ibc, model.real("nr"), "tis1", "tis2"))
            }
            _ => (is, is),
        };
        let iss = saturation(model.number("iss").unwrap_or(0.0), 1.0, "tiss1", "tiss2") * area;

        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        set(&mut self.sign, sign);
        set(&mut self.substrate_sign, if vertical { sign } else { -sign });
        set(&mut self.m, m);
        set(&mut self.vt, vt);
        set(&mut self.vtf, vt * hot.real("nf", "tnf1", "tnf2"));
        set(&mut self.vtr, vt * hot.real("nr", "tnr1", "tnr2"));
        set(&mut self.vte, vt * hot.real("ne", "tne1", "tne2"));
        set(&mut self.vtc, vt * hot.real("nc", "tnc1", "tnc2"));
        set(&mut self.vts, vt * hot.real("ns", "tns1", "tns2"));
        set(&mut self.is_be, is_be * area);
        set(&mut self.is_bc, is_bc * bc_area);
        set(&mut self.ise, leakage("ise", "c2", "ne", "tise1", "tise2") * area);
        set(&mut self.isc, leakage("isc", "c4", "nc", "tisc1", "tisc2") * bc_area);
        set(&mut self.iss, iss);
        set(&mut self.inverse_bf, 1.0 / hot.gain("bf", "tbf1", "tbf2", gain));
        set(&mut self.inverse_br, 1.0 / hot.gain("br", "tbr1", "tbr2", gain));
        set(&mut self.inverse_vaf, inverse(hot.real("vaf", "tvaf1", "tvaf2")));
        set(&mut self.inverse_var, inverse(hot.real("var", "tvar1", "tvar2")));
        set(&mut self.inverse_ikf, inverse(hot.real("ikf", "tikf1", "tikf2") * area));
        set(&mut self.inverse_ikr, inverse(hot.real("ikr", "tikr1", "tikr2") * area));
        set(&mut self.nkf, model.real("nkf"));

        let rb = hot.real("rb", "trb1", "trb2") / area;
        let rbm = model.number("rbm").unwrap_or(model.real("rb")) * hot.polynomial("trm1", "trm2") / area;
        set(&mut self.rbm, rbm);
        set(&mut self.rb_swing, rb - rbm);
        set(&mut self.inverse_irb, inverse(hot.real("irb", "tirb1", "tirb2") * area));
        set(&mut self.series[0], inverse(hot.real("rc", "trc1", "trc2")) * area);
        set(&mut self.series[1], inverse(hot.real("re", "tre1", "tre2")) * area);

        set(&mut self.tf, hot.real("tf", "ttf1", "ttf2"));
        set(&mut self.tr, hot.real("tr", "ttr1", "ttr2"));
        set(&mut self.xtf, model.real("xtf"));
        set(&mut self.inverse_vtf, inverse(1.44 * model.real("vtf")));
        set(&mut self.itf, hot.real("itf", "titf1", "titf2") * area);
        set(&mut self.delay, excess_delay(model));

        let fc = model.real("fc").min(MOST_FC);
        let grading = |name, c1, c2| hot.real(name, c1, c2).clamp(0.0, MOST_GRADING);
        let mje = grading("mje", "tmje1", "tmje2");
        let (c, vj) = hot.depletion("cje", "vje", mje, "cte", "tvje");
        self.be.set(lane, c * area, vj, mje, fc);
        let mjc = grading("mjc", "tmjc1", "tmjc2");
        let (c, vj) = hot.depletion("cjc", "vjc", mjc, "ctc", "tvjc");
        let inner = c * bc_area * model.real("xcjc");
        self.bc.set(lane, inner, vj, mjc, fc);
        self.bx.set(lane, c * bc_area - inner, vj, mjc, fc);
        let mjs = grading("mjs", "tmjs1", "tmjs2");
        let (c, vj) = hot.depletion("cjs", "vjs", mjs, "cts", "tvjs");
        self.substrate.set(lane, c * substrate_area, vj, mjs, 0.0);

        set(&mut self.vcrit, critical_voltage(vt, is * area));
        // Without a junction nothing grows with the voltage: nothing to limit.
        set(&mut self.vcrit_substrate, if iss > 0.0 { critical_voltage(vt, iss) } else { f64::INFINITY });
        set(&mut self.off, if own.flag("off") { 1.0 } else { 0.0 });
        for (slot, x) in self.ic.iter_mut().zip(initial_pair(instance)) {
            set(slot, x.unwrap_or(0.0));
        }
    }
}
