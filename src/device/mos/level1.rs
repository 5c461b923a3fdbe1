//! MOS transistor, level 1: the square law of Shichman and Hodges.
//!
//! ```text
//! V_on = V_bi + γ·√(φ − v_bs),  v_on = max(v_gs − V_on, 0),  v_m = min(v_ds, v_on)
//! i_d  = β·(1 + λ·v_ds)·v_m·(v_on − v_m/2)                                                 β = kp·w/(l − 2·ld)
//! ```
//!
//! With the bulk forward biased the root goes on by its tangent, down to 0. Voltages in V, γ in √V, β in A/V².
//!
//! Source: H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3 (1968) 285.

use super::spec::*;
use super::*;

const MODEL: [ParamSpec; 30] =
    with_common([KP, real("lambda", "1/V", 0.0, "channel length modulation"), mjsw(0.5), TOX_OPTIONAL]);

const SPEC: DeviceSpec = DeviceSpec {
    name: "mosfet",
    doc: "MOS field-effect transistor, level 1 (Shichman-Hodges)",
    equations: "i_d = β·(1 + λ·v_ds)·v_m·(v_on − v_m/2),  v_on = max(v_gs − V_on, 0),  v_m = min(v_ds, v_on)\n\
                V_on = vto + γ·(√(φ − v_bs) − √φ),  β = kp·w/(l − 2·ld); v_ds < 0: source and drain change roles\n\
                bulk junctions: i = I_s·(e^(v/V_T) − 1), depletion charge with pb, mj, mjsw, fc\n\
                gate: dq_gs = C_gs·dv_gs, dq_gd = C_gd·dv_gd, dq_gb = C_gb·dv_gb with Meyer's capacitances\n\
                plus cgso·w, cgdo·w and cgbo·(l − 2·ld)",
    levels: &[1],
    model_params: &MODEL,
    ..SHARED
};

/// The level 1 MOS transistor.
pub struct Mos1;

type Transistors<R> = Mosfets<R, Square<R>>;

impl Kind for Mos1 {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check(instance, |_| INTRINSIC)
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
        vec![
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", full),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", &with_resistance),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "pmos", pmos),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "pmos", &[]),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::sources::<Square<f64>>(instance, cx)
    }
    bank_builders!(Transistors, packed);
}

/// The square law.
#[derive(Debug, Clone, Copy, Default)]
struct Square<R> {
    beta: R,
    lambda: R,
}

impl<R: Real> Law<R> for Square<R> {
    fn load(&mut self, lane: usize, card: &Card<'_>) {
        let Card { model, process, m, w, l, .. } = card;
        self.beta.set_lane(lane, process.kp(model) / card.mobility_fall * m * w / l);
        self.lambda.set_lane(lane, model.real("lambda"));
    }

    #[inline(always)]
    fn channel(&self, own: &Own<R>, [gate, drain, bulk]: [R; 3]) -> Channel<R> {
        let zero = R::zero();
        let root = own.root_by_tangent(Dual::<R, 1>::variable(bulk, 0));
        let von = plus(times(root, own.gamma), own.vbi);
        // Two directions are enough: the bulk acts through V_on alone.
        let by_three = |y: Dual<R, 2>| Dual { v: y.v, d: [y.d[0], y.d[1], -(y.d[0] * von.d[0])] };

        let over = Dual::<R, 2>::variable(gate - von.v, 0);
        let drain = Dual::<R, 2>::variable(drain, 1);
        let on = over.max(Dual::constant(zero));
        let vm = drain.min(on);
        let beta = times(times(drain, self.lambda) + 1.0, self.beta);
        let i = by_three(beta * (vm * (on - vm * 0.5)));
        if !own.cox.gt(zero).any() {
            return Channel { von: von.v, i, gate: [Dual::constant(zero); 3] };
        }
        // Not `map`: of arrays this large it is a call, with copies.
        let [near, far, to_bulk] = own.meyer(over, drain, on);
        Channel { von: von.v, i, gate: [by_three(near), by_three(far), by_three(to_bulk)] }
    }
}
