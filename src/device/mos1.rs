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
//! the order of C_ox·V/6 may pass from drain to source. Measured on a ring oscillator of nine stages by
//! `tests/semiconductors.rs`: the period differs from ngspice's by less than 0.1 %; Ward and Dutton's charges, which
//! conserve and cost the same, would shift it by about the drain charge C_ox·V/6 against the load.
//!
//! Sources: H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3 (1968) 285; J. E. Meyer, RCA Review 32 (1971) 42;
//! temperature laws and the limits at which formulas change: ngspice manual, MOSFET level 1.

use super::junction::*;
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

/// Temperatures at which the band gap's law makes sense, °C.
const TEMPERATURE: Range = Range::Open(-273.15, 1000.0);
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
    bank_builders!(Transistors);
}
