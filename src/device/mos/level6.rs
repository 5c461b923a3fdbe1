//! MOS transistor, level 6: the n-th power law of Sakurai and Newton.
//!
//! ```text
//! V_on = V_bi + γ·√(φ − v_bs) − gamma1·v_bs − sigma·v_ds,   u = v_gs − V_on
//! I    = β·u^nc·(1 + (lambda0 − lambda1·v_bs)·v_ds)                                       β = kc·w/(l − 2·ld)
//! i_d  = I above V_dsat = kv·u^nv, below it I·(2 − v_ds/V_dsat)·v_ds/V_dsat; 0 for u <= 0
//! ```
//!
//! With the bulk forward biased the root goes on by its tangent, down to 0. Voltages in V.
//!
//! ngspice has no noise in this level; here it has that of level 1.
//!
//! Source: T. Sakurai, A. R. Newton, IEEE Trans. Electron Devices 38 (1991) 887.

use super::spec::*;
use super::*;

const MODEL: [ParamSpec; 40] = with_common([
    real("kv", "V", 2.0, "saturation voltage at 1 V above V_on").range(Range::Positive),
    real("nv", "", 0.5, "exponent of the saturation voltage"),
    real("kc", "A", 5e-5, "saturation current of w = l at 1 V above V_on; default: u0·C_ox/2 where tox is given")
        .range(Range::NonNegative),
    real("nc", "", 1.0, "exponent of the saturation current").range(Range::Positive),
    real("gamma1", "", 0.0, "linear part of the bulk effect"),
    real("sigma", "", 0.0, "effect of the drain's voltage on the threshold"),
    real("lambda", "1/V", 0.0, "channel length modulation, where lambda0 is not given"),
    real("lambda0", "1/V", 0.0, "channel length modulation"),
    real("lambda1", "1/V²", 0.0, "its fall with the bulk's voltage"),
    real("nvth", "", 0.5, "accepted, not used"),
    real("ps", "", 0.0, "accepted, not used"),
    mjsw(0.5),
    TOX_OPTIONAL,
    DELVTO,
]);

const SPEC: DeviceSpec = DeviceSpec {
    name: "mos6",
    doc: "MOS field-effect transistor, level 6 (n-th power law of Sakurai and Newton)",
    equations: "i_d = β·u^nc·(1 + (lambda0 − lambda1·v_bs)·v_ds)·x·(2 − x),  x = min(v_ds/V_dsat, 1),  V_dsat = kv·u^nv\n\
                u = max(v_gs − V_on, 0),  V_on = V_bi + γ·√(φ − v_bs) − gamma1·v_bs − sigma·v_ds,  β = kc·w/(l − 2·ld)\n\
                bulk junctions, resistances, gate capacitances and noise as in level 1",
    levels: &[6],
    model_params: &MODEL,
    ..SHARED
};

/// The level 6 MOS transistor.
pub struct Mos6;

type Transistors<R> = Mosfets<R, Power<R>>;

impl Kind for Mos6 {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check(instance, |_| INTRINSIC)
    }
    fn examples(&self) -> Vec<Instance> {
        let full: &[(&str, f64)] = &[
            ("vto", 0.6),
            ("kc", 4e-5),
            ("nc", 1.2),
            ("kv", 0.9),
            ("nv", 0.6),
            ("gamma", 0.3),
            ("gamma1", 0.05),
            ("sigma", 0.02),
            ("lambda0", 0.05),
            ("lambda1", 0.01),
            ("tox", 2e-8),
            ("cgso", 3e-10),
            ("cgdo", 2e-10),
            ("cj", 3e-4),
            ("cjsw", 3e-10),
            ("rd", 20.0),
            ("rs", 10.0),
        ];
        let pmos: &[(&str, f64)] = &[("vto", -0.8), ("tox", 2e-8), ("nsub", 1e15), ("lambda", 0.03), ("cbd", 1e-14)];
        vec![
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", full),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "pmos", pmos),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "nmos", &[]),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::sources::<Power<f64>>(instance, cx)
    }
    bank_builders!(Transistors);
}

/// The n-th power law.
#[derive(Debug, Clone, Copy, Default)]
struct Power<R> {
    beta: R,
    nc: R,
    kv: R,
    nv: R,
    gamma1: R,
    sigma: R,
    lambda0: R,
    lambda1: R,
}

impl<R: Real> Law<R> for Power<R> {
    fn load(&mut self, lane: usize, card: &Card<'_>) {
        let Card { model, process, m, w, l, .. } = card;
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        let of_oxide = process.cox > 0.0 && !model.given("kc");
        let kc = if of_oxide { 0.5 * model.real("u0") * 1e-4 * process.cox } else { model.real("kc") };
        set(&mut self.beta, kc / card.mobility_fall * m * w / l);
        for (slot, name) in [
            (&mut self.nc, "nc"),
            (&mut self.kv, "kv"),
            (&mut self.nv, "nv"),
            (&mut self.gamma1, "gamma1"),
            (&mut self.sigma, "sigma"),
            (&mut self.lambda0, if model.given("lambda0") { "lambda0" } else { "lambda" }),
            (&mut self.lambda1, "lambda1"),
        ] {
            set(slot, model.real(name));
        }
    }

    // One compiled copy for all callers.
    #[inline(never)]
    fn channel(&self, own: &Own<R>, at: [R; 3]) -> Channel<R> {
        let zero = Dual::constant(R::zero());
        let [gate, drain, bulk] = [0, 1, 2].map(|k| Dual::<R, 3>::variable(at[k], k));
        let root = own.root_by_tangent(bulk);
        let von = plus(times(root, own.gamma), own.vbi) - times(bulk, self.gamma1) - times(drain, self.sigma);
        let over = gate - von;
        let on = over.v.gt(R::zero());
        // ln(1) where it is not used.
        let log = Dual::select(on, over, Dual::one()).ln();
        let knee = times(times(log, self.nv).exp(), self.kv);
        let slope = plus(-times(bulk, self.lambda1), self.lambda0);
        let i = times(times(log, self.nc).exp() * (slope * drain + 1.0), self.beta);
        let part = (drain / knee).min(Dual::one());
        let i = Dual::select(on, i * part * (-part + 2.0), zero);
        let knee = Dual::select(on, knee, zero);
        let gate = if own.cox.gt(R::zero()).any() { own.meyer(over, drain, knee) } else { [zero; 3] };
        Channel { von: von.v, i, gate }
    }
}
