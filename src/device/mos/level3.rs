//! MOS transistor, level 3: the semi-empirical law of Dang, for short and narrow channels.
//!
//! ```text
//! s    = √(φ − v_bs);  for v_bs > 0: √φ/(1 + v_bs/2φ)
//! F_s  = 1 − x_j/L·((c + ld/x_j)·√(1 − (w/(1+w))²) − ld/x_j),   w = X_d·s/x_j,  c = 0.0631353 + 0.8013292·w − 0.01110777·w²
//! Q_b  = γ·F_s·s + N·s²,   F_b = γ·F_s/(4·s) + N                 N = delta·π·ε_si/(2·C_ox·W)
//! V_th = V_bi − 8.15e-22·eta/(C_ox·L³)·v_ds + Q_b
//! n    = 1 + q·nfs/C_ox + Q_b/(2·s²),  V_on = V_th + n·V_T         (nfs = 0: V_on = V_th)
//! u    = max(v_gs, V_on) − V_th,   a = u/(1 + F_b),   V_c = L·vmax·(1 + theta·u)/µ
//! V_dsat = a + V_c − √(a² + V_c²)                                (vmax = 0: a)
//! i_0  = β/(1 + theta·u)·(u − ½·(1 + F_b)·v)·v/(1 + v/V_c),   v = min(v_ds, V_dsat)
//! i_d  = i_0/(1 − Δ/L)·e^((v_gs − V_on)/(n·V_T)),                  the last factor only below V_on; 0 there without nfs
//! ```
//!
//! Δ, by which the channel is shorter in saturation, with κ = kappa and X_d² = 2·ε_si/(q·nsub):
//!
//! ```text
//! vmax > 0:  √((E·X_d²/2)² + κ·X_d²·(v_ds − V_dsat)) − E·X_d²/2,   E = κ·i_0/(L·g),  g = ∂i_0/∂v of the last factor of i_0
//! vmax = 0:  X_d·√(κ·(v_ds − ⅞·V_dsat)) above V_dsat,   X_d·√(κ·V_dsat/8)·(v_ds/V_dsat)⁴ below
//! Δ > L/2:   L − L²/(4·Δ) in its place
//! ```
//!
//! Lengths in m, densities in 1/m³ and 1/m², C_ox in F/m² here, µ in m²/Vs.
//!
//! Where ngspice's small-signal conductances are not the slopes of its own current (with vmax = 0, by about Δ/L of theirs),
//! these here are.
//!
//! Sources: L. M. Dang, IEEE J. Solid-State Circuits 14 (1979) 358; A. Vladimirescu, S. Liu, memo UCB/ERL M80/7 (1980);
//! the smooth start of Δ is ngspice's.

use super::spec::*;
use super::*;
use std::f64::consts::FRAC_PI_2;

const MODEL: [ParamSpec; 41] = with_common([
    KP,
    TOX,
    mjsw(0.33),
    real("xl", "m", 0.0, "what the mask adds to the length"),
    real("wd", "m", 0.0, "lateral diffusion of the width, at each side"),
    real("xw", "m", 0.0, "what the mask adds to the width"),
    DELVTO,
    VMAX,
    XJ,
    NFS,
    real("eta", "", 0.0, "effect of the drain's voltage on the threshold"),
    DELTA,
    real("theta", "1/V", 0.0, "fall of the mobility with the gate's voltage"),
    real("kappa", "", 0.2, "shortening of the channel in saturation").range(Range::NonNegative),
    real("lambda", "1/V", 0.0, "accepted, not used: kappa and nsub have its place"),
]);

const SPEC: DeviceSpec = DeviceSpec {
    name: "mos3",
    doc: "MOS field-effect transistor, level 3 (semi-empirical, short channels)",
    equations: "i_d = β/(1 + theta·u)·(u − ½·(1 + F_b)·v)·v/(1 + v/V_c)/(1 − Δ/L),  v = min(v_ds, V_dsat)\n\
                u = max(v_gs, V_on) − V_th,  V_th = V_bi − 8.15e-22·eta/(C_ox·L³)·v_ds + γ·F_s·s + N·s²,  s = √(φ − v_bs)\n\
                V_on = V_th + V_T·(1 + q·nfs/C_ox + ½·(γ·F_s/s + N)), below it e^((v_gs − V_on)/(n·V_T)); nfs = 0: off\n\
                F_s of xj, ld and nsub, F_b = γ·F_s/(4·s) + N, N = delta·π·ε_si/(2·C_ox·W), V_c = L·vmax·(1 + theta·u)/u0\n\
                V_dsat = a + V_c − √(a² + V_c²), a = u/(1 + F_b); Δ of kappa and nsub; L = l − 2·ld + xl, W = w − 2·wd + xw\n\
                bulk junctions, resistances, gate capacitances and noise as in level 1",
    levels: &[3],
    model_params: &MODEL,
    ..SHARED
};

/// The level 3 MOS transistor.
pub struct Mos3;

type Transistors<R> = Mosfets<R, Dang<R>>;

/// Intrinsic carrier density of silicon at the parameters' temperature, 1/m³: n_i·(T/300)^1.5·e^(E_g/2·(1/300 − 1/T)/(k/q)).
fn intrinsic(tnom: f64) -> f64 {
    let ratio = tnom / 300.0;
    let gap = 0.5 * band_gap(tnom) * (1.0 / 300.0 - 1.0 / tnom) * (CHARGE / BOLTZMANN);
    INTRINSIC * ratio * ratio.sqrt() * exp(gap)
}

impl Kind for Mos3 {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check(instance, intrinsic)
    }
    fn examples(&self) -> Vec<Instance> {
        let long: &[(&str, f64)] = &[("vto", 0.7), ("kp", 1.1e-4), ("gamma", 0.4), ("phi", 0.7), ("theta", 0.1)];
        let short: &[(&str, f64)] = &[
            ("tox", 2e-8),
            ("nsub", 2e16),
            ("vto", 0.8),
            ("xj", 2e-7),
            ("ld", 5e-8),
            ("vmax", 1.5e5),
            ("nfs", 5e11),
            ("eta", 0.1),
            ("delta", 1.0),
            ("theta", 0.08),
            ("kappa", 0.5),
            ("cgso", 3e-10),
            ("cgdo", 2e-10),
            ("cgbo", 3.5e-10),
            ("cj", 3e-4),
            ("cjsw", 3e-10),
            ("js", 1e-8),
            ("rsh", 10.0),
        ];
        let pmos: &[(&str, f64)] = &[("vto", -0.8), ("nsub", 1e15), ("kappa", 1.0), ("wd", 1e-7), ("cbd", 1e-14)];
        vec![
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", long),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "nmos", short),
            Instance::example(&SPEC, SIZE).with_model(&SPEC, "pmos", pmos),
        ]
    }
    fn noise(&self, instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
        noise::sources::<Dang<f64>>(instance, cx)
    }
    bank_builders!(Transistors);
}

/// Dang's law.
#[derive(Debug, Clone, Copy, Default)]
struct Dang<R> {
    beta: R,
    /// Effective length, m.
    length: R,
    /// X_d/x_j, ld/x_j and x_j/L; all 0 without an effect of the short channel.
    depletion: R,
    overlap: R,
    depth: R,
    /// N.
    narrow: R,
    /// ∂V_th/∂v_ds, negated.
    feedback: R,
    theta: R,
    /// q·nfs/C_ox; 0: no weak inversion.
    fast: R,
    /// L·vmax/µ, V; 0: no limit of velocity.
    critical: R,
    /// X_d², m²/V, and κ times it.
    xd2: R,
    shortening: R,
    kappa: R,
}

impl<R: Real> Law<R> for Dang<R> {
    const SOFT_JUNCTIONS: bool = true;

    fn intrinsic(tnom: f64) -> f64 {
        intrinsic(tnom)
    }

    fn load(&mut self, lane: usize, card: &Card<'_>) {
        let Card { model, process, m, w, l, .. } = card;
        let set = |r: &mut R, x: f64| r.set_lane(lane, x);
        let xd2 = if process.nsub > 0.0 { 2.0 * EPSILON_SI / (CHARGE * process.nsub) } else { 0.0 };
        let (xj, ld) = (model.real("xj"), model.real("ld"));
        let short = xj > 0.0 && xd2 > 0.0;
        let mobility = model.real("u0") * 1e-4 / card.mobility_fall;
        set(&mut self.beta, process.kp(model) / card.mobility_fall * m * w / l);
        set(&mut self.length, *l);
        set(&mut self.depletion, if short { xd2.sqrt() / xj } else { 0.0 });
        set(&mut self.overlap, if short { ld / xj } else { 0.0 });
        set(&mut self.depth, if short { xj / l } else { 0.0 });
        set(&mut self.narrow, model.real("delta") * FRAC_PI_2 * EPSILON_SI / process.cox / w);
        set(&mut self.feedback, model.real("eta") * 8.15e-22 / (process.cox * l * l * l));
        set(&mut self.theta, model.real("theta"));
        set(&mut self.fast, CHARGE * model.real("nfs") * 1e4 / process.cox);
        set(&mut self.critical, l * model.real("vmax") / mobility);
        set(&mut self.xd2, xd2);
        set(&mut self.kappa, model.real("kappa"));
        set(&mut self.shortening, model.real("kappa") * xd2);
    }

    // One compiled copy for all callers.
    #[inline(never)]
    fn channel(&self, own: &Own<R>, at: [R; 3]) -> Channel<R> {
        let none = R::zero();
        let (zero, one) = (Dual::constant(none), Dual::<R, 3>::one());
        let [gate, drain, bulk] = [0, 1, 2].map(|k| Dual::<R, 3>::variable(at[k], k));

        let (root, _) = own.root(bulk);
        let w = times(root, self.depletion);
        let c = (w * -0.01110777 + 0.8013292) * w + 0.0631353;
        let edge = w / (w + 1.0);
        let inner = plus(c, self.overlap) * (one - edge * edge).sqrt();
        let short = one - times(plus(inner, -self.overlap), self.depth);
        let gamma = times(short, own.gamma);
        let body = plus(gamma / (root * 4.0), self.narrow) + 1.0;
        let root2 = root * root;
        let charge = gamma * root + times(root2, self.narrow);
        let threshold = plus(charge - times(drain, self.feedback), own.vbi);

        let weak = self.fast.gt(none);
        let slope = times(plus(charge / (root2 * 2.0), self.fast) + 1.0, own.vt);
        let von = Dual::select(weak, threshold + slope, threshold);
        let over = gate - von;
        let on = over.v.gt(none);
        let u = Dual::select(on, gate, von) - threshold;
        let off = !(weak | on);

        let falls = times(u, self.theta) + 1.0;
        let free = u / body;
        let limited = self.critical.gt(none);
        let critical = times(falls, self.critical);
        // The same as a + V_c − √(a² + V_c²), without its loss of digits.
        let knee = (free * critical * 2.0) / (free + critical + (free * free + critical * critical).sqrt());
        let knee = Dual::select(limited, knee, free);
        let v = drain.min(knee);
        let i = times((u - body * v * 0.5) * v / falls, self.beta);
        let velocity = critical / (critical + v);
        let i = Dual::select(limited, i * velocity, i);

        let delta = self.shortened(drain, knee, i, (limited, critical, v * velocity));
        let i = i / (one - times(delta, R::one() / self.length));
        let i = i * (over.min(zero) / slope).exp();
        let (i, knee) = (Dual::select(off, zero, i), Dual::select(off, zero, knee));
        Channel { von: von.v, i, gate: if own.cox.gt(none).any() { own.meyer(over, drain, knee) } else { [zero; 3] } }
    }
}

impl<R: Real> Dang<R> {
    /// Δ, m. With a limited velocity: V_c, and v/(1 + v/V_c).
    #[inline(always)]
    fn shortened(
        &self,
        drain: Dual<R, 3>,
        knee: Dual<R, 3>,
        i: Dual<R, 3>,
        (limited, critical, reach): (R::Mask, Dual<R, 3>, Dual<R, 3>),
    ) -> Dual<R, 3> {
        let (none, zero) = (R::zero(), Dual::constant(R::zero()));
        let shortens = self.shortening.gt(none);
        if !shortens.any() {
            return zero;
        }
        let beyond = drain - knee;
        let saturated = beyond.v.gt(none);
        let root = self.shortening.sqrt();
        let share = drain / knee;
        let share = share * share;
        let below = times((knee * 0.125).sqrt() * share * share, root);
        let above = times((beyond + knee * 0.125).sqrt(), root);
        let mut delta = Dual::select(saturated, above, below);
        if limited.any() {
            // As in ngspice the slope of the current is at least 1e-12 S.
            let slope = (i * reach / (critical * critical)).max(Dual::splat(1e-12));
            let field = times(i / slope, self.kappa * self.xd2 * 0.5 / self.length);
            let wide = (field * field + times(beyond.max(zero), self.shortening)).sqrt() - field;
            delta = Dual::select(limited, Dual::select(saturated, wide, zero), delta);
        }
        let half = self.length * 0.5;
        let punched = plus(-(Dual::constant(half * half) / delta), self.length);
        let delta = Dual::select(delta.v.gt(half), punched, delta);
        Dual::select(shortens, delta, zero)
    }
}
