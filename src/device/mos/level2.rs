//! MOS transistor, level 2: the analytic law of the bulk charge along the channel, after Frohman-Bentchkowsky and Grove,
//! with Baum's limit of the carriers' velocity.
//!
//! ```text
//! s(v) = √(φ − v);  for v > 0: √φ/(1 + v/2φ).    s = s(v_bs)
//! γ'   = γ·(1 − x_j/2L·(√(1 + 2·X_d·s/x_j) − 1) − x_j/2L·(√(1 + 2·X_d·s(v_bs − v_ds)/x_j) − 1))
//! V_b  = V_bi + N·(φ − v_bs),   η = 1 + N,   V_th = V_b + γ'·s             N = delta·π·ε_si/(4·C_ox·W)
//! n    = 1 + q·nfs/C_ox + N − ∂(γ'·s)/∂v_bs,   V_on = V_th + n·V_T         (nfs = 0: V_on = V_th)
//! µ    = u0·(100·ucrit·ε_si/(C_ox·(v_gs − V_on)))^uexp,   at most u0
//! v_g  = (max(v_gs, V_on) − V_b)/η,   g = γ'/η,   x_0 = √(g²/4 + v_g + φ − v_bs) − g/2,   V_dsat = x_0² − φ + v_bs
//! i_d  = β·µ/u0/(1 − Λ)·((η·(v_g − v/2))·v − ⅔·γ'·(s(v_bs − v)³ − s³))·e^((v_gs − V_on)/(n·V_T)),   v = min(v_ds, V_dsat)
//! ```
//!
//! the last factor only below V_on and with nfs. Without nfs there is no current below V_b, nor where V_dsat would be below 0. With vmax the channel ends where the current
//! that flows, ½·µ·J/L per width and C_ox, is what carriers of that velocity can bring; x = √(V_dsat + φ − v_bs) is the root of
//!
//! ```text
//! P(x) = (vmax·L/µ)·(v_g + φ − v_bs − x² − g·x) − J(x) = 0,
//! J(x) = (v_g + φ − v_bs)·(x² − φ + v_bs) − ½·(x⁴ − (φ − v_bs)²) − ⅔·g·(x³ − s³)
//! ```
//!
//! P falls all the way from x = 0 to x_0, so that it has one root there, the smallest positive one of this quartic.
//!
//! Shortening Λ = ΔL/L: λ·v_ds where lambda is given (or nsub is not); else with X_d² = 2·ε_si/(q·nsub)
//!
//! ```text
//! X_d/L·√(a + √(1 + a²)), a = (v_ds − V_dsat)/4                                           without vmax
//! X/L·(√(k² + max(v_ds − V_dsat, 0)) − k), X = X_d/√neff, k = vmax·X/(2·µ)                with vmax
//! ```
//!
//! Where L·(1 − Λ) would fall below X_b = X_d·√pb (without nsub 0.25 µm), the channel keeps X_b/(1 + (X_b − L·(1 − Λ))/X_b).
//!
//! Lengths in m, densities in 1/m³ and 1/m², C_ox in F/m², µ in m²/Vs, ucrit in V/cm.
//!
//! What differs from ngspice, whose formulas are these: `m` devices in parallel are m times one with delta, too; below
//! 0.25 µm without nsub the length has no pole; at v_ds = 0 the conductance is the limit from v_ds > 0; small-signal
//! conductances are the slopes of the current.
//!
//! Sources: D. Frohman-Bentchkowsky, A. S. Grove, IEEE Trans. Electron Devices 16 (1969) 108; G. Baum, H. Beneking, IEEE Trans.
//! Electron Devices 17 (1970) 481; A. Vladimirescu, S. Liu, memo UCB/ERL M80/7 (1980).

use super::spec::*;
use super::*;
use std::f64::consts::FRAC_PI_4;

const MODEL: [ParamSpec; 40] = with_common([
    KP,
    real("lambda", "1/V", 0.0, "channel length modulation; 0: from nsub where given"),
    TOX,
    mjsw(0.33),
    DELTA,
    real("ucrit", "V/cm", 1e4, "field above which the mobility falls").range(Range::Positive),
    real("uexp", "", 0.0, "exponent of the fall of the mobility"),
    real("utra", "", 0.0, "accepted, not used: as in SPICE3"),
    VMAX,
    XJ,
    real("neff", "", 1.0, "charge of the channel in saturation, with vmax").range(Range::Positive),
    NFS,
    real("xqc", "", 0.0, "accepted, not used: as in SPICE3"),
    DELVTO,
]);

const SPEC: DeviceSpec = DeviceSpec {
    name: "mos2",
    doc: "MOS field-effect transistor, level 2 (bulk charge along the channel)",
    equations: "i_d = β·µ/u0/(1 − Λ)·(η·(v_g − v/2)·v − ⅔·γ'·(s(v_bs − v)³ − s(v_bs)³)),  v = min(v_ds, V_dsat)\n\
                s(v) = √(φ − v), v_g = (max(v_gs, V_on) − V_b)/η, V_b = V_bi + N·(φ − v_bs), η = 1 + N, N = delta·π·ε_si/(4·C_ox·W)\n\
                V_on = V_b + γ'·s + V_T·n, n = 1 + q·nfs/C_ox + N − ∂(γ'·s)/∂v_bs, below it e^((v_gs − V_on)/(n·V_T)); nfs = 0: off\n\
                γ' of gamma, xj and nsub; µ = u0·(100·ucrit·ε_si/(C_ox·(v_gs − V_on)))^uexp; Λ of lambda, or nsub, vmax, neff\n\
                V_dsat: pinch-off, or with vmax where carriers reach that velocity\n\
                bulk junctions, resistances, gate capacitances and noise as in level 1",
    levels: &[2],
    model_params: &MODEL,
    ..SHARED
};

/// The level 2 MOS transistor.
pub struct Mos2;

type Transistors<R> = Mosfets<R, BulkCharge<R>>;

impl Kind for Mos2 {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check(instance, |_| INTRINSIC)
    }
    fn examples(&self) -> Vec<Instance> {
        let long: &[(&str, f64)] = &[("vto", 0.7), ("kp", 1.1e-4), ("gamma", 0.4), ("phi", 0.7), ("lambda", 0.03)];
        let short: &[(&str, f64)] = &[
            ("tox", 2e-8),
            ("nsub", 2e16),
            ("vto", 0.8),
            ("xj", 2e-7),
            ("ld", 5e-8),
            ("vmax", 5e4),
            ("neff", 2.0),
            ("nfs", 5e11),
            ("delta", 1.0),
            ("ucrit", 1e5),
            ("uexp", 0.1),
            ("cgso", 3e-10),
            ("cgdo", 2e-10),
            ("cgbo", 3.5e-10),
            ("cj", 3e-4),
            ("cjsw", 3e-10),
            ("js", 1e-8),
            ("rsh", 10.0),
        ];
        let pmos: &[(&str, f64)] =
            &[("vto", -0.8), ("nsub", 5e15), ("uexp", 0.2), ("ucrit", 2e4), ("xj", 3e-7), ("cbd", 1e-14)];
        vec![
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", long),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", short),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "pmos", pmos),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::sources::<BulkCharge<f64>>(instance, cx)
    }
    bank_builders!(Transistors);
}

/// The law of the bulk charge.
#[derive(Debug, Clone, Copy, Default)]
struct BulkCharge<R> {
    beta: R,
    /// 2·X_d/x_j and x_j/2L; 0 without an effect of the short channel.
    depletion: R,
    depth: R,
    /// N.
    narrow: R,
    /// q·nfs/C_ox; 0: no weak inversion.
    fast: R,
    /// v_gs − V_on above which the mobility falls, V, and its exponent.
    threshold: R,
    exponent: R,
    /// vmax·L/u0, V; 0: no limit of velocity.
    critical: R,
    lambda: R,
    /// X_d/L, 1/√V, where the shortening is of the doping; else 0. With a limited velocity over √neff.
    shortening: R,
    /// Least length of the channel over L.
    least: R,
}

impl<R: Real> Law<R> for BulkCharge<R> {
    fn load(&mut self, lane: usize, card: &Card<'_>) {
        let Card { model, process, m, w, l, .. } = card;
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        let xd = if process.nsub > 0.0 { (2.0 * EPSILON_SI / (CHARGE * process.nsub)).sqrt() } else { 0.0 };
        let (xj, vmax) = (model.real("xj"), model.real("vmax"));
        let lambda = model.real("lambda");
        let spread = if vmax > 0.0 { model.real("neff").sqrt() } else { 1.0 };
        let least = if process.nsub > 0.0 { xd * card.pb.sqrt() } else { 0.25e-6 };
        set(&mut self.beta, process.kp(model) / card.mobility_fall * m * w / l);
        set(&mut self.depletion, if xj > 0.0 { 2.0 * xd / xj } else { 0.0 });
        set(&mut self.depth, if xj > 0.0 { 0.5 * xj / l } else { 0.0 });
        set(&mut self.narrow, model.real("delta") * FRAC_PI_4 * EPSILON_SI / process.cox / w);
        set(&mut self.fast, CHARGE * model.real("nfs") * 1e4 / process.cox);
        set(&mut self.threshold, model.real("ucrit") * 100.0 * EPSILON_SI / process.cox);
        set(&mut self.exponent, model.real("uexp"));
        set(&mut self.critical, vmax * l / (model.real("u0") * 1e-4));
        set(&mut self.lambda, lambda);
        set(&mut self.shortening, if lambda > 0.0 { 0.0 } else { xd / spread / l });
        set(&mut self.least, least / l);
    }

    // One compiled copy for all callers.
    #[inline(never)]
    fn channel(&self, own: &Own<R>, at: [R; 3]) -> Channel<R> {
        let none = R::zero();
        let (zero, one) = (Dual::constant(none), Dual::<R, 3>::one());
        let [gate, drain, bulk] = [0, 1, 2].map(|k| Dual::<R, 3>::variable(at[k], k));

        // The bulk effect, less where the depletion below source and drain is not the gate's.
        let (near, near_slope) = own.root(bulk);
        let (far, far_slope) = own.root(bulk - drain);
        let wide = |root: Dual<R, 3>| (times(root, self.depletion) + 1.0).sqrt();
        let (wide_near, wide_far) = (wide(near), wide(far));
        let gamma = times(one - times(wide_near + wide_far - 2.0, self.depth), own.gamma);
        let eta = R::one() + self.narrow;
        let surface = plus(-bulk, own.phi);
        let body = plus(times(surface, self.narrow), own.vbi);
        let threshold = body + gamma * near;

        let weak = self.fast.gt(none);
        // ∂γ'/∂v_bs.
        let turns = near_slope / wide_near + far_slope / wide_far;
        let turns = times(turns, -(own.gamma * self.depth * self.depletion * 0.5));
        let n = plus(-(gamma * near_slope + turns * near), self.fast + self.narrow) + 1.0;
        let slope = times(n, own.vt);
        let von = Dual::select(weak, threshold + slope, threshold);
        let over = gate - von;
        let on = over.v.gt(none);
        // Below V_on the pinch-off voltage is 0, and with it the current; but not where the bulk is far forward biased.
        let off = !(weak | gate.v.gt(body.v));

        let start = Dual::constant(self.threshold);
        let fall = times((start / over.max(start)).ln(), self.exponent).exp();

        let g = times(gamma, R::one() / eta);
        let v_g = times(Dual::select(weak & !on, von, gate) - body, R::one() / eta);
        let half = g * 0.5;
        let total = (v_g + surface).max(zero);
        let pinch = (half * half + total).sqrt() - half;
        let mut knee = Dual::select(total.v.gt(none), (pinch * pinch - surface).max(zero), zero);
        let limited = self.critical.gt(none);
        let critical = Dual::constant(self.critical) / fall;
        if limited.any() {
            let x = saturation(critical, total, g, surface, near, pinch.v);
            knee = Dual::select(limited & knee.v.gt(none), (x * x - surface).max(zero), knee);
        }

        let v = drain.min(knee);
        let (end, _) = own.root(bulk - v);
        let charge = gamma * (end * end * end - near * near * near) * (2.0 / 3.0);
        let i = times(fall * (times(v_g - v * 0.5, eta) * v - charge), self.beta);
        let i = i / (one - self.shortened(drain, knee, critical, limited));
        let below = Dual::select(weak, over.min(zero), zero);
        let i = i * (below / slope).exp();
        let (i, knee) = (Dual::select(off, zero, i), Dual::select(off, zero, knee));
        Channel { von: von.v, i, gate: if own.cox.gt(none).any() { own.meyer(over, drain, knee) } else { [zero; 3] } }
    }
}

/// The root x of P between 0 and x_0 = `pinch`; `critical` is vmax·L/µ, `total` v_g + φ − v_bs, `surface` φ − v_bs.
#[inline(always)]
fn saturation<R: Real>(
    critical: Dual<R, 3>,
    total: Dual<R, 3>,
    g: Dual<R, 3>,
    surface: Dual<R, 3>,
    near: Dual<R, 3>,
    pinch: R,
) -> Dual<R, 3> {
    /// P and its slope by x.
    #[inline(always)]
    fn balance<T: Real>(x: T, critical: T, total: T, g: T, surface: T, near: T) -> (T, T) {
        let x2 = x * x;
        let left = total - x2 - g * x;
        let flow = total * (x2 - surface)
            - (x2 * x2 - surface * surface) * 0.5
            - g * (x2 * x - near * near * near) * (2.0 / 3.0);
        (critical * left - flow, -(critical * (x * 2.0 + g)) - left * x * 2.0)
    }
    let (mut low, mut high) = (R::zero(), pinch);
    let mut x = pinch;
    // Newton's method inside a bracket. A bisection where it would leave it costs an iteration in ten; four more double
    // the digits past those of a double. The number is fixed, so that no lane waits for another.
    for _ in 0..14 {
        let (p, slope) = balance(x, critical.v, total.v, g.v, surface.v, near.v);
        let positive = p.gt(R::zero());
        low = R::select(positive, x, low);
        high = R::select(positive, high, x);
        let next = x - p / slope;
        let inside = next.gt(low) & next.lt(high);
        x = R::select(inside, next, (low + high) * 0.5);
    }
    // One more step with derivatives: those of the implicit function.
    let at = Dual::constant(x);
    let (p, slope) = balance(at, critical, total, g, surface, near);
    at - times(p, R::one() / slope.v)
}

impl<R: Real> BulkCharge<R> {
    /// Λ, at most what leaves the least length.
    #[inline(always)]
    fn shortened(&self, drain: Dual<R, 3>, knee: Dual<R, 3>, critical: Dual<R, 3>, limited: R::Mask) -> Dual<R, 3> {
        let (zero, one) = (Dual::constant(R::zero()), Dual::<R, 3>::one());
        let given = times(drain, self.lambda);
        let by_doping = self.shortening.gt(R::zero());
        let mut share = given;
        if by_doping.any() {
            let beyond = drain - knee;
            // √(a + √(1 + a²)) = e^(½·asinh a), which keeps its digits far below saturation.
            let mut doping = times(((beyond * 0.25).asinh() * 0.5).exp(), self.shortening);
            if limited.any() {
                // k/L, then Λ.
                let k = times(critical, self.shortening * 0.5);
                let with_limit = times((k * k + beyond.max(zero)).sqrt() - k, self.shortening);
                doping = Dual::select(limited, with_limit, doping);
            }
            share = Dual::select(by_doping, doping, given);
        }
        let left = one - share;
        let short = left.v.lt(self.least);
        if !short.any() {
            return share;
        }
        // X_b/(2 − left/least): equal in value and slope at X_b.
        let kept = Dual::constant(self.least) / (-times(left, R::one() / self.least) + 2.0);
        Dual::select(short, one - kept, share)
    }
}
