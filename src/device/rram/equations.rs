//! The deterministic part: parameters of an instance, its currents, and the speed of its barrier.

use super::*;
use crate::number::{exp, sinh};

/// Boltzmann's constant, eV/K.
pub(super) const K: f64 = 8.617333262e-5;
/// Newton's method may try any temperature; laws hold between these, K. Silicon oxide melts below the upper one.
const COLDEST: f64 = 50.0;
const HOTTEST: f64 = 3000.0;
/// Arguments of sinh above this go on along its tangent (current) or are held (speed, which is capped by then).
const STEEPEST: f64 = 60.0;
const FASTEST: f64 = 150.0;
/// The filament never vanishes: its length is at least this part of the oxide.
const SHORTEST: f64 = 0.01;

/// Numbers of one instance: its model's, its own, and what follows from them.
#[derive(Debug, Clone, Default)]
pub(super) struct Law {
    pub x0: f64,
    pub plasticity: f64,
    pub ambient: f64,
    pub tox: f64,
    pub s: f64,
    pub xdecay: f64,
    pub rho: f64,
    pub alpha: f64,
    pub beta: f64,
    pub v0: f64,
    pub eab: f64,
    pub rs: f64,
    /// (prefactor, acceleration, added thickness, energy) of SET and of RESET.
    pub set: [f64; 4],
    pub reset: [f64; 4],
    pub xmin: f64,
    pub xmax: f64,
    pub dw: f64,
    pub vcap: f64,
    pub thermal: [f64; 4],
    pub kappa: f64,
    pub t0: f64,
    /// Spreads of ln s, ln vset, ln vreset, xmax: from cycle to cycle, from device to device; 0 where switched off.
    pub cycle: [f64; 4],
    pub device: [f64; 4],
    pub xswitch: f64,
    /// Density of traps (0 where switched off), mean times, spread of their logarithms.
    pub nt: f64,
    pub tau: [f64; 2],
    pub sigma_tau: f64,
    pub blocks_hrs: [f64; 2],
    pub blocks_lrs: [f64; 2],
}

impl Law {
    /// The law at the temperature of the parameters, before any spread.
    pub fn nominal(instance: &Instance) -> Law {
        let m = |name: &str| instance.model_real(name);
        let own = |name: &str| instance.params.number(name);
        let on = |switch: &str, value: f64| if m(switch) > 0.5 { value } else { 0.0 };
        Law {
            x0: own("x0").unwrap_or(m("x0")),
            plasticity: own("plasticity").unwrap_or(m("plasticity")),
            ambient: own("temp").map_or(m("t0"), |c| c + ZERO_CELSIUS),
            tox: m("tox"),
            s: m("s"),
            xdecay: m("xdecay"),
            rho: m("rho"),
            alpha: m("alpha"),
            beta: m("beta"),
            v0: m("v0"),
            eab: m("eab"),
            rs: m("rs"),
            set: ["vset", "aset", "dset", "easet"].map(m),
            reset: ["vreset", "areset", "dreset", "eareset"].map(m),
            xmin: m("xmin"),
            xmax: m("xmax"),
            dw: m("dw"),
            vcap: m("vcap"),
            thermal: ["rthcf", "rthb", "cthcf", "cthb"].map(m),
            kappa: m("kappa"),
            t0: m("t0"),
            cycle: ["sigmas", "sigmavset", "sigmavreset", "sigmaxmax"].map(|name| on("c2c", m(name))),
            device: ["devs", "devvset", "devvreset", "devxmax"].map(|name| on("d2d", m(name))),
            xswitch: m("xswitch"),
            nt: on("rtn", m("nt")),
            tau: ["tauc", "taue"].map(m),
            sigma_tau: m("sigmatau"),
            blocks_hrs: ["ahrsmin", "ahrsmax"].map(m),
            blocks_lrs: ["alrsmin", "alrsmax"].map(m),
        }
    }

    /// The same at the ambient temperature of a run, with the thickness that `g0` asks for.
    pub fn of(instance: &Instance, setting: &Setting) -> Law {
        let mut law = Law::nominal(instance);
        if instance.params.number("temp").is_none() {
            law.ambient = setting.temperature;
        }
        if let Some(g0) = instance.params.number("g0") {
            // Out of reach, it has been reported by `check`.
            law.x0 = state_of_conductance(&law, instance.model_real("vread"), g0).unwrap_or(law.x0);
        }
        law
    }

    /// Does anything of it depend on random numbers?
    pub fn draws(&self) -> bool {
        self.nt > 0.0 || self.cycle.iter().chain(&self.device).any(|sigma| *sigma > 0.0)
    }

    /// What the current at a small voltage `v` and thickness x is made of, without self-heating: the barrier's prefactor, A, and
    /// the resistance in series, Ω.
    fn parts(&self, x: f64) -> (f64, f64) {
        let warm = exp(-(self.eab / K) * (1.0 / self.ambient - 1.0 / self.t0));
        let i0 = self.s * self.beta * self.v0 * exp(-x / self.xdecay) * warm;
        let r = self.rs + self.rho * (self.tox - x) / self.s * (1.0 + self.alpha * (self.ambient - self.t0));
        (i0, r)
    }

    /// Is the current at `v` and x above i? It is where the barrier carries more than i at what i leaves it of v.
    fn exceeds(&self, v: f64, x: f64, i: f64) -> bool {
        let (i0, r) = self.parts(x);
        i0 * sinh((v - i * r) / self.v0) > i
    }

    /// Current at a small voltage `v`, without self-heating, at barrier thickness x.
    fn current(&self, v: f64, x: f64) -> f64 {
        let (mut low, mut high) = (0.0, v / self.parts(x).1);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.exceeds(v, x, middle) { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// The thickness at which I/V at `v` is `g`.
///
/// # Errors
/// The conductances at `xmax` and `xmin` if `g` is not between them.
pub(super) fn state_of_conductance(law: &Law, v: f64, g: f64) -> Result<f64, [f64; 2]> {
    let (mut low, mut high) = (law.xmin, law.xmax);
    let i = g * v;
    if !law.exceeds(v, low, i) || law.exceeds(v, high, i) {
        return Err([high, low].map(|x| law.current(v, x) / v));
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if law.exceeds(v, middle, i) { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}

/// Parameters in lanes, in the form that the equations use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Params<R> {
    pub x0: R,
    /// 1 in lanes whose barrier moves, else 0.
    pub plastic: R,
    /// K.
    pub ambient: R,
    tox: R,
    rho: R,
    alpha: R,
    rs: R,
    /// 1/x_d, 1/V_0, β·V_0.
    inverse_decay: R,
    inverse_v0: R,
    density: R,
    /// E/k of the barrier, of SET and of RESET, K.
    hot: R,
    hot_set: R,
    hot_reset: R,
    /// a/k, m·K/V, and d, m.
    field_set: R,
    field_reset: R,
    added_set: R,
    added_reset: R,
    inverse_dw: R,
    inverse_cap: R,
    xmin: R,
    /// Thermal conductances, W/K, and capacitances, J/K.
    pub gth_cf: R,
    pub gth_b: R,
    pub cth_cf: R,
    pub cth_b: R,
    pub kappa: R,
    t0: R,
    inverse_t0: R,
}

impl<R: Real> Params<R> {
    /// Takes one lane.
    pub fn load(&mut self, lane: usize, law: &Law) {
        let [rth_cf, rth_b, cth_cf, cth_b] = law.thermal;
        let ([_, a_set, d_set, e_set], [_, a_reset, d_reset, e_reset]) = (law.set, law.reset);
        for (to, value) in [
            (&mut self.x0, law.x0),
            (&mut self.plastic, law.plasticity),
            (&mut self.ambient, law.ambient),
            (&mut self.tox, law.tox),
            (&mut self.rho, law.rho),
            (&mut self.alpha, law.alpha),
            (&mut self.rs, law.rs),
            (&mut self.inverse_decay, 1.0 / law.xdecay),
            (&mut self.inverse_v0, 1.0 / law.v0),
            (&mut self.density, law.beta * law.v0),
            (&mut self.hot, law.eab / K),
            (&mut self.hot_set, e_set / K),
            (&mut self.hot_reset, e_reset / K),
            (&mut self.field_set, a_set / K),
            (&mut self.field_reset, a_reset / K),
            (&mut self.added_set, d_set),
            (&mut self.added_reset, d_reset),
            (&mut self.inverse_dw, 1.0 / law.dw),
            (&mut self.inverse_cap, 1.0 / law.vcap),
            (&mut self.xmin, law.xmin),
            (&mut self.gth_cf, 1.0 / rth_cf),
            (&mut self.gth_b, 1.0 / rth_b),
            (&mut self.cth_cf, cth_cf),
            (&mut self.cth_b, cth_b),
            (&mut self.kappa, law.kappa),
            (&mut self.t0, law.t0),
            (&mut self.inverse_t0, 1.0 / law.t0),
        ] {
            to.set_lane(lane, value);
        }
    }

    /// x where the laws hold: Newton's method may try any.
    #[inline(always)]
    fn inside<const N: usize>(&self, x: Dual<R, N>) -> Dual<R, N> {
        x.max(Dual::zero()).min(Dual::constant(self.tox * (1.0 - SHORTEST)))
    }

    /// T where the laws hold.
    #[inline(always)]
    pub fn temperature<const N: usize>(&self, t: Dual<R, N>) -> Dual<R, N> {
        t.max(Dual::splat(COLDEST)).min(Dual::splat(HOTTEST))
    }

    /// The filament's current and heating power at T_cf.
    #[inline(always)]
    pub fn filament<const N: usize>(
        &self,
        v: Dual<R, N>,
        x: Dual<R, N>,
        tcf: Dual<R, N>,
        area: Dual<R, N>,
    ) -> (Dual<R, N>, Dual<R, N>) {
        let x = self.inside(x);
        let t = self.temperature(tcf);
        let length = Dual::constant(self.tox) - x;
        let warm = (t - Dual::constant(self.t0)) * Dual::constant(self.alpha) + 1.0;
        // A tenth: a filament that cools never comes near, whatever the sign of α.
        let r = length * Dual::constant(self.rho) / area * warm.max(Dual::splat(0.1));
        let i = v / (r + Dual::constant(self.rs));
        (i, i * i * r)
    }

    /// exp(−(E/k)·(1/T − 1/T_0)); `hot` is E/k.
    #[inline(always)]
    fn arrhenius<const N: usize>(&self, hot: R, t: Dual<R, N>) -> Dual<R, N> {
        (Dual::constant(self.inverse_t0) - Dual::one() / t) * Dual::constant(hot)
    }

    /// The barrier's current at T, without traps.
    #[inline(always)]
    pub fn barrier<const N: usize>(&self, v: Dual<R, N>, x: Dual<R, N>, t: Dual<R, N>, area: Dual<R, N>) -> Dual<R, N> {
        let x = self.inside(x);
        let exponent = self.arrhenius(self.hot, t) - x * Dual::constant(self.inverse_decay);
        let i0 = area * Dual::constant(self.density) * exponent.exp();
        // sinh with its tangent beyond where any device survives: finite at any voltage.
        let u = v * Dual::constant(self.inverse_v0);
        let held = u.v.max(R::splat(-STEEPEST)).min(R::splat(STEEPEST));
        let s = held.sinh();
        let c = (s * s + 1.0).sqrt();
        i0 * u.chain(s + c * (u.v - held), c)
    }

    /// dx/dt at T, with derivatives.
    #[inline(always)]
    pub fn speed(&self, v: Dual<R, 3>, x: Dual<R, 3>, t: Dual<R, 3>, cycle: &Cycles<R>) -> Dual<R, 3> {
        let forward = v.v.gt(R::zero());
        let pick = |set: R, reset: R| Dual::<R, 3>::constant(R::select(forward, set, reset));
        let (vset, vreset, xmax) = cycle.speeds();
        let thickness = self.inside(x) + pick(self.added_set, self.added_reset);
        let size = Dual::select(forward, v, -v);
        let u = (size * pick(self.field_set, self.field_reset) / (thickness * t)).min(Dual::splat(FASTEST));
        let s = u.v.sinh();
        let c = (s * s + 1.0).sqrt();
        let hot = R::select(forward, self.hot_set, self.hot_reset);
        let free = pick(vset, vreset) * self.arrhenius(hot, t).exp() * u.chain(s, c);
        // v/(1 + v/c) in two forms that agree: far above c the first would leave its slope to the difference of two large
        // numbers, far below it the second its value.
        let ratio = free.v * self.inverse_cap;
        let part = R::one() / (ratio + 1.0);
        let value = R::select(ratio.gt(R::one()), (R::one() - part) / self.inverse_cap, free.v * part);
        let capped = free.chain(value, part * part);
        // Beyond the end a window that turned negative would drive x backwards: there it is 0.
        let left = Dual::select(forward, x - Dual::constant(self.xmin), Dual::constant(xmax) - x).max(Dual::zero());
        let rate = capped * (Dual::one() - (-left * Dual::constant(self.inverse_dw)).exp());
        Dual::select(forward, -rate, rate)
    }
}
