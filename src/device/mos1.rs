//! MOS transistor, level 1: the square law of Shichman and Hodges with Meyer's gate capacitances and bulk junctions.
//!
//! ```text
//! V_on = V_bi + γ·√(φ − v_bs),  v_on = max(v_gs − V_on, 0),  v_m = min(v_ds, v_on)         (v_ds >= 0)
//! i_d  = β·(1 + λ·v_ds)·v_m·(v_on − v_m/2)                                                 β = kp·w/(l − 2·ld)
//! ```
//!
//! For v_ds < 0 source and drain change roles; a pmos has all voltages and currents negated. Bulk junctions:
//! i = I_s·(e^(v/V_T) − 1) above −3·V_T, −I_s below, and gmin in parallel. Voltages in V, γ in √V, β in A/V².
//!
//! **Gate charge.** Meyer gives capacitances, not charges: C_gs, C_gd, C_gb between the gate and each other terminal,
//! with u = v_gs − V_on, v = v_gd − V_on, C_ox the oxide's capacitance (F):
//! C_gs = ⅔·C_ox·(1 − v²/(u+v)²), C_gd = ⅔·C_ox·(1 − u²/(u+v)²) on, and linear ramps to C_gb = C_ox between V_on and
//! V_on − φ. These are no partial derivatives of *terminal* charges (the gate's is one, drain's and source's are not), so
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
//! Sources: H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3 (1968) 285; J. E. Meyer, RCA Review 32 (1971) 42;
//! temperature laws and the limits at which formulas change: ngspice manual, MOSFET level 1.

#[path = "mos1_noise.rs"]
mod noise;

use super::junction::*;
use super::semiconductor::*;
use super::*;
use crate::number::{Mask, exp, ln};

const fn model(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc)
}

const SPEC: DeviceSpec = DeviceSpec {
    name: "mosfet",
    letter: 'm',
    doc: "MOS field-effect transistor, level 1 (Shichman-Hodges)",
    equations: "i_d = β·(1 + λ·v_ds)·v_m·(v_on − v_m/2),  v_on = max(v_gs − V_on, 0),  v_m = min(v_ds, v_on)\n\
                V_on = vto + γ·(√(φ − v_bs) − √φ),  β = kp·w/(l − 2·ld); v_ds < 0: source and drain change roles\n\
                bulk junctions: i = I_s·(e^(v/V_T) − 1), depletion charge with pb, mj, mjsw, fc\n\
                gate: dq_gs = C_gs·dv_gs, dq_gd = C_gd·dv_gd, dq_gb = C_gb·dv_gb with Meyer's capacitances\n\
                plus cgso·w, cgdo·w and cgbo·(l − 2·ld)",
    terminals: &[
        Terminal { name: "d", optional: false, doc: "drain" },
        Terminal { name: "g", optional: false, doc: "gate" },
        Terminal { name: "s", optional: false, doc: "source" },
        Terminal { name: "b", optional: false, doc: "bulk" },
    ],
    connections: &[
        Connection::new(0, 2, Joins::Conductive),
        Connection::new(0, 3, Joins::Conductive),
        Connection::new(2, 3, Joins::Conductive),
        Connection::new(1, 0, Joins::Open),
        Connection::new(1, 2, Joins::Open),
        Connection::new(1, 3, Joins::Open),
    ],
    model: ModelUse::Required,
    model_types: &["nmos", "pmos"],
    levels: &[1],
    instance: &[
        model("l", "m", 1e-4, "channel length").range(Range::Positive),
        model("w", "m", 1e-4, "channel width").range(Range::Positive),
        model("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        model("ad", "m²", 0.0, "drain junction area").range(Range::NonNegative),
        model("as", "m²", 0.0, "source junction area").range(Range::NonNegative),
        model("pd", "m", 0.0, "drain junction perimeter").range(Range::NonNegative),
        model("ps", "m", 0.0, "source junction perimeter").range(Range::NonNegative),
        model("nrd", "", 1.0, "squares of the drain diffusion").range(Range::NonNegative),
        model("nrs", "", 1.0, "squares of the source diffusion").range(Range::NonNegative),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's").range(TEMPERATURE),
        model("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::flag("off", "the operating point starts with the device off"),
        ParamSpec::of(ParamKind::List, "ic", "V", "accepted, not used: with uic the node voltages decide"),
    ],
    model_params: &[
        model("vto", "V", 0.0, "threshold voltage at zero bulk bias; default: from nsub where given").alias(&["vt0"]),
        model("kp", "A/V²", 2e-5, "transconductance; default: u0·C_ox where tox is given").range(Range::NonNegative),
        model("gamma", "√V", 0.0, "bulk effect; default: from nsub where given").range(Range::NonNegative),
        model("phi", "V", 0.6, "surface potential; default: from nsub where given").range(Range::Positive),
        model("lambda", "1/V", 0.0, "channel length modulation"),
        model("rd", "Ω", 0.0, "drain resistance").range(Range::NonNegative),
        model("rs", "Ω", 0.0, "source resistance").range(Range::NonNegative),
        model("rsh", "Ω", 0.0, "sheet resistance of drain and source, where rd and rs are not given")
            .range(Range::NonNegative),
        model("cbd", "F", 0.0, "zero-bias bulk-drain capacitance; default: cj·ad").range(Range::NonNegative),
        model("cbs", "F", 0.0, "zero-bias bulk-source capacitance; default: cj·as").range(Range::NonNegative),
        model("is", "A", 1e-14, "saturation current of the bulk junctions").range(Range::NonNegative),
        model("js", "A/m²", 0.0, "saturation current per junction area; used where ad and as are given")
            .range(Range::NonNegative),
        model("pb", "V", 0.8, "potential of the bulk junctions").range(Range::Positive),
        model("cgso", "F/m", 0.0, "gate-source overlap capacitance per width").range(Range::NonNegative),
        model("cgdo", "F/m", 0.0, "gate-drain overlap capacitance per width").range(Range::NonNegative),
        model("cgbo", "F/m", 0.0, "gate-bulk overlap capacitance per length").range(Range::NonNegative),
        model("cj", "F/m²", 0.0, "zero-bias bottom capacitance per junction area").range(Range::NonNegative),
        model("mj", "", 0.5, "grading of the bottom junctions").range(Range::HalfOpen(0.0, 1.0)),
        model("cjsw", "F/m", 0.0, "zero-bias sidewall capacitance per perimeter").range(Range::NonNegative),
        model("mjsw", "", 0.5, "grading of the sidewall junctions").range(Range::HalfOpen(0.0, 1.0)),
        model("fc", "", 0.5, "forward bias, in pb, above which depletion charge is extrapolated")
            .range(Range::HalfOpen(0.0, 1.0)),
        ParamSpec::optional("tox", "m", "oxide thickness; not given: no gate capacitance").range(Range::NonNegative),
        model("ld", "m", 0.0, "lateral diffusion, at each end"),
        model("u0", "cm²/Vs", 600.0, "surface mobility").alias(&["uo"]).range(Range::Positive),
        ParamSpec::optional("nsub", "1/cm³", "substrate doping").range(Range::NonNegative),
        model("nss", "1/cm²", 0.0, "surface state density"),
        model("tpg", "", 1.0, "gate material: 1 opposite to the substrate, −1 the same, 0 aluminium")
            .range(Range::OneOf(&[-1.0, 0.0, 1.0])),
        ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom").range(TEMPERATURE),
        model("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
        model("af", "", 1.0, "flicker noise exponent"),
    ],
    ..DeviceSpec::EMPTY
};

/// Permittivity of vacuum, F/m: the digits that SPICE has used for this model since 1975.
const EPSILON_0: f64 = 8.854214871e-12;
/// Intrinsic carrier density of silicon, 1/m³.
const INTRINSIC: f64 = 1.45e16;
/// Below this saturation voltage Meyer's capacitances treat the channel as if it had it: near V_on they would swing
/// over a vanishing range of v_ds.
const LEAST_KNEE: f64 = 0.025;

// Local numbers.
const D: usize = 0;
const G: usize = 1;
const S: usize = 2;
const B: usize = 3;
// Behind the series resistances.
const DI: usize = 4;
const SI: usize = 5;

/// The level 1 MOS transistor.
pub struct Mos1;

impl Kind for Mos1 {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let mut wrong = Vec::new();
        let length = instance.params.real("l") - 2.0 * instance.model_real("ld");
        if length <= 0.0 {
            wrong.push("the effective channel length l − 2·ld must be positive".to_string());
        }
        let nsub = instance.model.as_ref().and_then(|m| m.params.number("nsub"));
        if nsub.is_some_and(|n| n * 1e6 <= INTRINSIC) {
            wrong.push("nsub must be above silicon's intrinsic density of 1.45e10 /cm³".to_string());
        }
        wrong
    }
    fn examples(&self) -> Vec<Instance> {
        let full: &[(&str, f64)] = &[
            ("vto", 0.7),
            ("kp", 1.1e-4),
            ("gamma", 0.4),
            ("phi", 0.7),
            ("lambda", 0.04),
            ("tox", 2e-8),
            ("cgso", 3e-10),
            ("cgdo", 2e-10),
            ("cgbo", 3.5e-10),
            ("cj", 3e-4),
            ("cjsw", 3e-10),
            ("mjsw", 0.33),
            ("js", 1e-8),
        ];
        let with_resistance = [full, &[("rd", 20.0), ("rsh", 10.0)]].concat();
        let pmos: &[(&str, f64)] = &[("vto", -0.8), ("tox", 2e-8), ("nsub", 1e15), ("cbd", 1e-14), ("is", 1e-12)];
        let size: &[(&str, f64)] =
            &[("w", 4e-6), ("l", 1e-6), ("ad", 8e-12), ("as", 6e-12), ("pd", 1.2e-5), ("ps", 1e-5), ("m", 2.0)];
        vec![
            Instance::example(&SPEC, size).with_model(&SPEC, "nmos", full),
            Instance::example(&SPEC, size).with_model(&SPEC, "nmos", &with_resistance),
            Instance::example(&SPEC, size).with_model(&SPEC, "pmos", pmos),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "pmos", &[]),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::sources(instance, cx)
    }
    bank_builders!(Transistors, packed);
}

/// Parameters of one instance at its temperature, `m` in parallel. In a pmos, normalised: as if it were an nmos.
#[derive(Debug, Clone, Copy, Default)]
struct Params<R> {
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
    beta: R,
    lambda: R,
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

/// The committed state of the gate charge: the last accepted point. Order: source, drain, bulk.
#[derive(Debug, Clone, Copy, Default)]
struct Gate<R> {
    /// Gate voltages against source, drain, bulk, normalised, V.
    v: [R; 3],
    /// Meyer's capacitances there, F.
    c: [R; 3],
    /// Charges there, normalised, coulomb.
    q: [R; 3],
}

/// The frame in which the channel is computed: its source is the terminal that acts as one.
struct Seen<R: Real> {
    /// Where that is the drain.
    reverse: R::Mask,
    /// ∂V_on/∂v_b.
    von_by_bulk: R,
}

impl<R: Real> Seen<R> {
    /// What depends on (v_g − V_on(v_b), v_d) in that frame, with its derivatives by (v_gs, v_ds, v_bs): forward they are
    /// (v_g, v_d, v_b), reverse (v_g + v_d, −v_d, v_b + v_d).
    #[inline(always)]
    fn back(&self, y: Dual<R, 2>) -> Dual<R, 3> {
        let (gate, drain, bulk) = (y.d[0], y.d[1], -(y.d[0] * self.von_by_bulk));
        let reverse = -(gate + drain + bulk);
        Dual { v: y.v, d: [gate, R::select(self.reverse, reverse, drain), bulk] }
    }
}

struct Transistors<R> {
    params: Vec<Params<R>>,
    gates: Vec<Gate<R>>,
    /// Does the instance have a capacitance, in any lane?
    charged: Vec<bool>,
    /// Does the instance have a series resistance at drain, at source? Fixed by structure, not by lane.
    series: Vec<[bool; 2]>,
}

/// (rd, rs) of one device in parallel, ohms.
fn series_resistances(instance: &Instance) -> [f64; 2] {
    let Some(model) = &instance.model else { return [0.0; 2] };
    let one = |name, squares| {
        if model.params.given(name) || !model.params.given("rsh") {
            model.params.real(name)
        } else {
            model.params.real("rsh") * instance.params.real(squares)
        }
    };
    [one("rd", "nrd"), one("rs", "nrs")]
}

/// vto, kp, gamma and phi as given, or from the process parameters; C_ox in F/m².
struct Process {
    vto: f64,
    kp: f64,
    gamma: f64,
    phi: f64,
    cox: f64,
}

impl Process {
    fn of(model: &Values, sign: f64, tnom: f64) -> Process {
        let mut p = Process {
            vto: model.real("vto"),
            kp: model.real("kp"),
            gamma: model.real("gamma"),
            phi: model.real("phi"),
            cox: 0.0,
        };
        let tox = model.number("tox").unwrap_or(0.0);
        if tox <= 0.0 {
            return p;
        }
        p.cox = 3.9 * EPSILON_0 / tox;
        if !model.given("kp") {
            p.kp = model.real("u0") * 1e-4 * p.cox;
        }
        let nsub = model.number("nsub").unwrap_or(0.0) * 1e6;
        if nsub <= INTRINSIC {
            return p;
        }
        if !model.given("phi") {
            p.phi = (2.0 * thermal_voltage(tnom) * ln(nsub / INTRINSIC)).max(0.1);
        }
        if !model.given("gamma") {
            p.gamma = (2.0 * 11.7 * EPSILON_0 * CHARGE * nsub).sqrt() / p.cox;
        }
        if !model.given("vto") {
            // Work functions, eV: silicon's affinity 3.25 plus half the gap, plus or minus the Fermi level.
            let half_gap = 0.5 * band_gap(tnom);
            let tpg = model.real("tpg");
            let gate = if tpg == 0.0 { 3.2 } else { 3.25 + half_gap - sign * tpg * half_gap };
            let bulk = 3.25 + half_gap + sign * 0.5 * p.phi;
            let flat_band = gate - bulk - model.real("nss") * 1e4 * CHARGE / p.cox;
            p.vto = flat_band + sign * (p.gamma * p.phi.sqrt() + p.phi);
        }
        p
    }
}

impl<R: Real> Params<R> {
    fn load(&mut self, lane: usize, instance: &Instance, setting: &Setting) {
        let Some(model) = &instance.model else { return };
        let sign = if model.type_index == 0 { 1.0 } else { -1.0 };
        let (model, own) = (&model.params, &instance.params);
        let (t, tnom) = temperatures(instance, setting);
        let process = Process::of(model, sign, tnom);
        let (vt, m) = (thermal_voltage(t), own.real("m"));
        let (w, l) = (own.real("w"), own.real("l") - 2.0 * model.real("ld"));

        let ratio = t / tnom;
        let phi = potential(process.phi, tnom, t);
        let gap_shift = 0.5 * (band_gap(tnom) - band_gap(t));
        let vbi =
            sign * process.vto - process.gamma * process.phi.sqrt() + sign * gap_shift + 0.5 * (phi - process.phi);
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        set(&mut self.sign, sign);
        set(&mut self.vt, vt);
        set(&mut self.vbi, vbi);
        set(&mut self.vto, vbi + process.gamma * phi.sqrt());
        set(&mut self.gamma, process.gamma);
        set(&mut self.phi, phi);
        set(&mut self.root_phi, phi.sqrt());
        set(&mut self.beta, process.kp / (ratio * ratio.sqrt()) * m * w / l);
        set(&mut self.lambda, model.real("lambda"));
        set(&mut self.cox, process.cox * m * w * l);
        set(&mut self.overlap[0], model.real("cgso") * m * w);
        set(&mut self.overlap[1], model.real("cgdo") * m * w);
        set(&mut self.overlap[2], model.real("cgbo") * m * l);
        set(&mut self.off, if own.flag("off") { 1.0 } else { 0.0 });

        let areas = [own.real("as"), own.real("ad")];
        let perimeters = [own.real("ps"), own.real("pd")];
        let by_area = model.real("js") != 0.0 && areas[0] != 0.0 && areas[1] != 0.0;
        let saturation = exp(band_gap(tnom) / thermal_voltage(tnom) - band_gap(t) / vt) * m;
        let (pb, fc) = (model.real("pb"), model.real("fc"));
        let pb_t = potential(pb, tnom, t);
        let (mj, mjsw) = (model.real("mj"), model.real("mjsw"));
        for (k, given) in ["cbs", "cbd"].into_iter().enumerate() {
            let is = saturation * if by_area { model.real("js") * areas[k] } else { model.real("is") };
            let c = if model.given(given) { model.real(given) } else { model.real("cj") * areas[k] };
            let c_side = model.real("cjsw") * perimeters[k];
            set(&mut self.is[k], is);
            set(&mut self.vcrit[k], critical_voltage(vt, is));
            self.bottom[k].set(lane, c * m * capacitance_factor(mj, pb, tnom, t), pb_t, mj, fc);
            self.side[k].set(lane, c_side * m * capacitance_factor(mjsw, pb, tnom, t), pb_t, mjsw, fc);
        }
        for (g, r) in self.series.iter_mut().zip(series_resistances(instance)) {
            set(g, if r > 0.0 { m / r } else { 0.0 });
        }
    }

    /// Has it a capacitance in any lane?
    fn is_charged(&self) -> bool {
        let depletion = [&self.bottom, &self.side].into_iter().flatten().map(|d| d.c);
        depletion.chain(self.overlap).chain([self.cox]).any(|c| c.gt(R::zero()).any())
    }

    /// V_on and the channel current from drain to source, with derivatives by (v_gs, v_ds, v_bs); Meyer's capacitances
    /// against source, drain, bulk.
    #[inline(always)]
    fn channel(&self, vgs: R, vds: R, vbs: R) -> (R, Dual<R, 3>, [Dual<R, 3>; 3]) {
        let zero = R::zero();
        // As seen from the terminal that acts as the source.
        let reverse = vds.lt(zero);
        let gate = R::select(reverse, vgs - vds, vgs);
        let drain = vds.abs();
        let bulk = Dual::<R, 1>::variable(R::select(reverse, vbs - vds, vbs), 0);

        // With the bulk forward biased the root goes on by its tangent, down to 0.
        let forward = bulk.v.gt(zero);
        // Not `min`: at a bulk tied to the source, v_bs = 0, its derivative must stay.
        let root = plus(-Dual::select(forward, Dual::constant(zero), bulk), self.phi).sqrt();
        let root = if forward.any() {
            let line = plus(-times(bulk, R::splat(0.5) / self.root_phi), self.root_phi).max(Dual::constant(zero));
            Dual::select(forward, line, root)
        } else {
            root
        };
        let von = plus(times(root, self.gamma), self.vbi);
        let seen = Seen { reverse, von_by_bulk: von.d[0] };

        // Two directions are enough: the bulk acts through V_on alone.
        let over = Dual::<R, 2>::variable(gate - von.v, 0);
        let drain = Dual::<R, 2>::variable(drain, 1);
        let none = Dual::constant(zero);
        let on = over.max(none);
        let vm = drain.min(on);
        let beta = times(times(drain, self.lambda) + 1.0, self.beta);
        let i = seen.back(beta * (vm * (on - vm * 0.5)));
        let i = Dual::select(reverse, -i, i);

        if !self.cox.gt(R::zero()).any() {
            return (von.v, i, [Dual::constant(zero); 3]);
        }
        let one = Dual::<R, 2>::one();
        let depth = times(over, R::one() / self.phi);
        let formed = (depth * 2.0 + 1.0).max(none).min(one);
        let full = times(formed, self.cox * (2.0 / 3.0));
        let knee = on.max(Dual::splat(LEAST_KNEE));
        let along = drain.min(knee);
        let inverse = one / (knee * 2.0 - along);
        let near = (knee - along) * inverse;
        let far = knee * inverse;
        let near = seen.back(full * (one - near * near));
        let far = seen.back(full * (one - far * far));
        let to_bulk = seen.back(times((-depth).max(none).min(one), self.cox));
        let to_source = Dual::select(reverse, far, near);
        let to_drain = Dual::select(reverse, near, far);
        (von.v, i, [to_source, to_drain, to_bulk])
    }

    /// Charge between the gate and terminal `k` at voltage `v` and Meyer's capacitance `c`, coming from `gate`.
    #[inline(always)]
    fn path_charge(&self, k: usize, v: Dual<R, 3>, c: Dual<R, 3>, gate: &Gate<R>) -> Dual<R, 3> {
        let mean = plus(c, gate.c[k]) * 0.5;
        plus(mean * plus(v, -gate.v[k]) + times(v, self.overlap[k]), gate.q[k])
    }

    /// Current of the bulk junction `k` (0 source, 1 drain) without gmin.
    #[inline(always)]
    fn junction(&self, k: usize, v: Dual<R, 1>) -> Dual<R, 1> {
        let reverse = Dual::constant(-self.is[k]);
        let conducts = v.v.gt(self.vt * -3.0);
        if !conducts.any() {
            return reverse;
        }
        let i = times(safe_exp(times(v, R::one() / self.vt)) - Dual::one(), self.is[k]);
        Dual::select(conducts, i, reverse)
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

impl<R: Real> Element<R> for Transistors<R> {
    /// v_gs, v_ds, v_bs, normalised, and V_on.
    const LIMITS: usize = 4;
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Transistors {
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
            for x in gate.v.iter_mut().chain(&mut gate.c).chain(&mut gate.q) {
                x.set_lane(lane, 0.0);
            }
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        // Charges along a path from the last accepted point: a start begins its own path.
        if fields.time_goes_on() {
            let gate = &mut self.gates[i];
            fields.numbers("v", &mut gate.v);
            fields.numbers("c", &mut gate.c);
            fields.numbers("q", &mut gate.q);
        }
    }

    #[inline(always)]
    fn eval<S_: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S_) {
        let p = &self.params[i];
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
        let (von, id, caps) = p.channel(vgs, vds, vbs);
        for (j, x) in [vgs, vds, vbs, von].into_iter().enumerate() {
            s.limit(j, x, limited);
        }

        // Bulk junctions, each a function of one voltage.
        let (bs, bd) = (Dual::variable(vbs, 0), Dual::variable(vbs - vds, 0));
        let gmin = at.cx.gmin;
        let ibs = p.junction(0, bs) + times(bs, gmin);
        let ibd = p.junction(1, bd) + times(bd, gmin);
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
        let charge = |k: usize| p.path_charge(k, qg[k], caps[k], gate);
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
        let (gs, ds, bs) = (p.sign * at.v(G, SI), p.sign * at.v(DI, SI), p.sign * at.v(B, SI));
        let (_, _, caps) = p.channel(gs, ds, bs);
        let gate = &mut self.gates[i];
        for (k, v) in [gs, gs - ds, gs - bs].into_iter().enumerate() {
            let q = gate.q[k] + (caps[k].v + gate.c[k]) * 0.5 * (v - gate.v[k]);
            gate.q[k] = R::select(mask, q, gate.q[k]);
            gate.c[k] = R::select(mask, caps[k].v, gate.c[k]);
            gate.v[k] = R::select(mask, v, gate.v[k]);
        }
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
