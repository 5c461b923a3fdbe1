//! Memristor with linear ion drift (level 1).
//!
//! The state x is the doped fraction of the film, w/D, a pure number from 0 (resistance roff) to 1 (ron). With
//! v = v(n+) − v(n−) and i = v/M(x):
//!
//! - `f(n+) += i, f(n−) −= i`, M(x) = ron·x + roff·(1 − x) in ohms;
//! - `dx/dt = k·i·F(x, i)`, k = uv·ron/d² in 1/C (uv: ion mobility in m²/(V·s), d: film thickness in m).
//!
//! A current into n+ raises x and the conductance. The window F keeps x between 0 and 1:
//!
//! | window | F | source |
//! |---|---|---|
//! | none | 1, and 0 at the end towards which x moves (below) | – |
//! | joglekar | 1 − (2x − 1)^(2p) | Joglekar and Wolf, Eur. J. Phys. 30 (2009) 661 |
//! | biolek | 1 − (x − stp(−i))^(2p), stp(a) = 1 for a ≥ 0, else 0 | Biolek, Biolek and Biolková, Radioengineering 18 (2009) 210 |
//! | prodromakis | j·(1 − ((x − ½)² + ¾)^p) | Prodromakis et al., IEEE Trans. Electron Devices 58 (2011) 3099 |
//!
//! Linear drift: Strukov et al., Nature 453 (2008) 80. Without a window the closed form x = x0 + k·∫i dt holds as long
//! as x is farther than 0.001 from the end towards which it moves; in that margin the rate falls smoothly to 0 (a cubic
//! in the distance), so that x stops at the end and leaves it freely when the current turns round. At i = 0 the rate is
//! 0 on both sides, so Biolek's window and the margin make a kink there and never a jump. Joglekar's and Prodromakis's
//! windows hold a state that is exactly at an end for ever: that is their known property.
//!
//! The operating point holds x at x0. With `plasticity=0` the row of x is `x − x0 = 0` at all times, so x keeps x0 to
//! the bit.

use super::memristive::*;
use super::*;

const WINDOWS: [&str; 4] = ["none", "joglekar", "biolek", "prodromakis"];

const SPEC: DeviceSpec = DeviceSpec {
    name: "memristor",
    letter: 'y',
    doc: "memristor, linear ion drift (level 1)",
    equations: "i = v/M(x),  M = ron·x + roff·(1 − x);  dx/dt = (uv·ron/d²)·i·F(x, i);  F: none 1, joglekar 1 − (2x−1)^(2p), \
                biolek 1 − (x − stp(−i))^(2p), prodromakis j·(1 − ((x−½)² + ¾)^p);  plasticity=0: x = x0;  \
                source: Strukov et al., Nature 453 (2008) 80;  other levels of the model: 2 team, 3 yakopcic, 5 mss, 6 vteam, 7 stanford",
    terminals: TWO_TERMINALS,
    model: ModelUse::Optional,
    model_types: &["memristor"],
    levels: &[1],
    instance: &[
        ParamSpec::optional("x0", "", "initial state; default: the model's").range(Range::Closed(0.0, 1.0)),
        PLASTICITY,
        ParamSpec::optional("ron", "Ω", "resistance at x = 1; default: the model's").range(Range::Positive),
        ParamSpec::optional("roff", "Ω", "resistance at x = 0; default: the model's").range(Range::Positive),
        ParamSpec::optional("d", "m", "film thickness; default: the model's").range(Range::Positive),
        ParamSpec::optional("uv", "m²/(V·s)", "ion mobility; default: the model's").range(Range::NonNegative),
        ParamSpec::of(ParamKind::Text, "window", "", "none, joglekar, biolek or prodromakis; default: the model's"),
        ParamSpec::optional("p", "", "exponent of the window; default: the model's").range(Range::Closed(1.0, 100.0)),
        ParamSpec::optional("j", "", "height of the Prodromakis window; default: the model's").range(Range::Positive),
    ],
    model_params: &[
        ParamSpec::real("x0", "", 0.5, "initial state").range(Range::Closed(0.0, 1.0)),
        MODEL_PLASTICITY,
        ParamSpec::real("ron", "Ω", 100.0, "resistance at x = 1").range(Range::Positive),
        ParamSpec::real("roff", "Ω", 16e3, "resistance at x = 0").range(Range::Positive),
        ParamSpec::real("d", "m", 10e-9, "film thickness").range(Range::Positive),
        ParamSpec::real("uv", "m²/(V·s)", 1e-14, "ion mobility").range(Range::NonNegative),
        ParamSpec::of(ParamKind::Text, "window", "", "none (the default), joglekar, biolek or prodromakis"),
        ParamSpec::real("p", "", 1.0, "exponent of the window").range(Range::Closed(1.0, 100.0)),
        ParamSpec::real("j", "", 1.0, "height of the Prodromakis window").range(Range::Positive),
    ],
    ..DeviceSpec::EMPTY
};

/// The memristor.
pub struct Memristor;

impl Kind for Memristor {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        match text(instance, "window") {
            Some(w) if !WINDOWS.contains(&w) => vec![format!("window is '{w}'; it can be {}", WINDOWS.join(", "))],
            _ => Vec::new(),
        }
    }
    fn examples(&self) -> Vec<Instance> {
        let mut examples: Vec<Instance> = WINDOWS.iter().map(|w| example(w, &[("p", 2.0), ("x0", 0.3)])).collect();
        examples.push(example("biolek", &[("plasticity", 0.0)]));
        examples.push(Instance::example(&SPEC, &[]).with_model(&SPEC, "memristor", &[("ron", 50.0)]));
        examples
    }
    bank_builders!(Memristors);
}

fn example(window: &str, params: &[(&str, f64)]) -> Instance {
    let mut instance = Instance::example(&SPEC, params);
    instance.params.set("window", Value::Text(window.to_string()));
    instance
}

type Memristors<R> = OneState<R, Drift<R>>;

struct Drift<R> {
    /// ron, roff, k = uv·ron/d² in 1/C, p, j.
    numbers: Numbers<R, 5>,
    /// Index into `WINDOWS`, lane by lane.
    window: Vec<R>,
    /// Which windows any lane has had: only those are computed.
    used: Vec<[bool; 4]>,
}

impl<R: Real> Drift<R> {
    /// F(x, i) with its derivatives; `forward` where i > 0.
    #[inline(always)]
    fn window<const K: usize>(
        &self,
        i: usize,
        x: Dual<R, K>,
        forward: R::Mask,
        p: Dual<R, K>,
        height: Dual<R, K>,
    ) -> Dual<R, K> {
        let constant = |value: f64| Dual::<R, K>::splat(value);
        let code = self.window[i];
        // Outside of 0 to 1, where only a trial of Newton's method or the error of a step can be, the window is that of
        // the end: no rate there can drive the state farther away.
        let x = inside(x);
        let mut f = constant(0.0);
        if self.used[i][0] {
            f = end_factor(x, forward);
        }
        if self.used[i][1] {
            let joglekar = constant(1.0) - even_power(x * 2.0 - 1.0, p);
            f = Dual::select(code.gt(R::splat(0.5)), joglekar, f);
        }
        if self.used[i][2] {
            let biolek = constant(1.0) - even_power(Dual::select(forward, x, constant(1.0) - x), p);
            f = Dual::select(code.gt(R::splat(1.5)), biolek, f);
        }
        if self.used[i][3] {
            let prodromakis = constant(1.0) - ((x - 0.5).squared() + 0.75).powf(p);
            f = Dual::select(code.gt(R::splat(2.5)), prodromakis * height, f);
        }
        f
    }
}

impl<R: Real> Law<R> for Drift<R> {
    const STATE: &'static str = "x";
    const RANGE: Option<(f64, f64)> = Some((0.0, 1.0));
    const SPEC: &'static DeviceSpec = &SPEC;

    fn new(n: usize) -> Self {
        Drift { numbers: Numbers::new(n), window: vec![R::zero(); n], used: vec![[false; 4]; n] }
    }

    fn state(instance: &Instance) -> UnknownSpec {
        let x0 = number(&SPEC, instance, "x0");
        state("1", 1.0, x0)
    }

    fn reload(&mut self, i: usize, lane: usize, instance: &Instance, _setting: &Setting) {
        let n = |name| number(&SPEC, instance, name);
        let (ron, roff, d) = (n("ron"), n("roff"), n("d"));
        let k = n("uv") * ron / (d * d);
        self.numbers.set(i, lane, [ron, roff, k, n("p"), n("j")]);
        let window = text(instance, "window").and_then(|w| WINDOWS.iter().position(|name| *name == w)).unwrap_or(0);
        self.window[i].set_lane(lane, window as f64);
        self.used[i][window] = true;
    }

    #[inline(always)]
    fn laws(&self, i: usize, v: Dual<R, 2>, x: Dual<R, 2>) -> (Dual<R, 2>, Dual<R, 2>) {
        let [ron, roff, k, p, height] = self.numbers.of(i);
        let within = inside(x);
        let current = v / (ron * within + roff * (Dual::one() - within));
        let rate = current * k * self.window(i, x, current.v.gt(R::zero()), p, height);
        (current, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testbench::Bench;
    use super::*;
    use crate::number::Lanes;

    fn wired(window: &str, params: &[(&str, f64)]) -> Instance {
        Instance { nodes: vec![1, 0], ..example(window, params) }
    }

    /// Drives the state by dx/dt = −f with the classical Runge–Kutta method under a voltage source.
    fn integrate(b: &mut Bench<f64>, mut x: f64, volts: impl Fn(f64) -> f64, t1: f64, n: usize) -> f64 {
        let h = t1 / n as f64;
        let mut rate = |t: f64, x: f64| {
            b.set("v(1)", volts(t));
            b.set("y1#x", x);
            -b.residual("y1#x", t)
        };
        for k in 0..n {
            let t = k as f64 * h;
            let k1 = rate(t, x);
            let k2 = rate(t + h / 2.0, x + h / 2.0 * k1);
            let k3 = rate(t + h / 2.0, x + h / 2.0 * k2);
            let k4 = rate(t + h, x + h * k3);
            x += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        }
        x
    }

    /// With q the charge, x = x0 + k·q; under constant V, M(x)·dx = k·V·dt, so M falls with the square root of time.
    #[test]
    fn linear_drift_under_a_constant_voltage_is_a_square_root() {
        let (ron, roff, x0, volts, t) = (100.0, 16e3, 0.2, 1.0, 0.2);
        let mut b = Bench::<f64>::new(&Memristor, vec![wired("none", &[("x0", x0)])]);
        assert_eq!(b.get("y1#x"), x0);
        let k = 1e-14 * ron / 1e-16;
        let m0: f64 = ron * x0 + roff * (1.0 - x0);
        let m = (m0 * m0 - 2.0 * (roff - ron) * k * volts * t).sqrt();
        let exact = (roff - m) / (roff - ron);
        let got = integrate(&mut b, x0, |_| volts, t, 2000);
        assert!(exact > x0 + 0.1 && exact < 0.9, "the test moves the state: {exact}");
        assert!((got - exact).abs() < 1e-10, "{got} for {exact}");
    }

    #[test]
    fn windows_have_their_closed_forms() {
        let x: f64 = 0.3;
        let k = 1e4;
        // Without a window the drift ends within the margin: 3u² − 2u³ at the distance u·margin from the end.
        let u: f64 = 0.25;
        let near = u * MARGIN;
        let ending = u * u * (3.0 - 2.0 * u);
        let cases = [
            ("joglekar", 1.0, x, 1.0 - (2.0 * x - 1.0).powi(4)),
            ("biolek", 1.0, x, 1.0 - x.powi(4)),
            ("biolek", -1.0, x, 1.0 - (1.0 - x).powi(4)),
            ("prodromakis", 1.0, x, 2.0 * (1.0 - ((x - 0.5).powi(2) + 0.75).powi(2))),
            ("none", -1.0, x, 1.0),
            ("none", -1.0, near, ending),
            ("none", 1.0, 1.0 - near, ending),
        ];
        for (window, volts, x, f) in cases {
            let mut b = Bench::<f64>::new(&Memristor, vec![wired(window, &[("p", 2.0), ("j", 2.0)])]);
            b.set("y1#x", x);
            b.set("v(1)", volts);
            let current = volts / (100.0 * x + 16e3 * (1.0 - x));
            assert!((b.residual("v(1)", 0.0) - current).abs() < 1e-18);
            let expected = -k * current * f;
            let got = b.residual("y1#x", 0.0);
            assert!((got - expected).abs() < 1e-12 * expected.abs(), "{window}: {got} for {expected}");
        }
    }

    #[test]
    fn every_window_stops_at_the_ends_and_is_continuous_in_the_current() {
        for window in WINDOWS {
            for (x, volts) in [(1.0, 1.0), (0.0, -1.0), (1.2, 1.0), (-0.2, -1.0)] {
                let mut b = Bench::<f64>::new(&Memristor, vec![wired(window, &[("p", 3.0)])]);
                b.set("y1#x", x);
                b.set("v(1)", volts);
                assert_eq!(b.residual("y1#x", 0.0), 0.0, "{window} at {x}");
                b.set("y1#x", 0.9);
                b.set("v(1)", 1e-12);
                let above = b.residual("y1#x", 0.0);
                b.set("v(1)", -1e-12);
                assert!((b.residual("y1#x", 0.0) - above).abs() < 1e-9);
            }
        }
        // Without a window, and with Biolek's, the state leaves the end when the current turns round.
        for window in ["none", "biolek"] {
            let mut b = Bench::<f64>::new(&Memristor, vec![wired(window, &[])]);
            b.set("y1#x", 1.0);
            b.set("v(1)", -1.0);
            assert!(b.residual("y1#x", 0.0) > 1.0);
        }
    }

    #[test]
    fn a_state_without_window_comes_to_rest_at_the_end_and_returns() {
        let mut b = Bench::<f64>::new(&Memristor, vec![wired("none", &[])]);
        let x = integrate(&mut b, 0.9, |_| 1.0, 20e-3, 20_000);
        assert!(x <= 1.0 && x > 0.999, "{x}");
        assert!(integrate(&mut b, x, |_| -1.0, 5e-3, 1000) < 0.95);
    }

    #[test]
    fn frozen_lanes_hold_their_own_state_exactly() {
        let base = wired("joglekar", &[("x0", 0.25)]);
        let mut b = Bench::<Lanes<4>>::new(&Memristor, vec![base]);
        let frozen = wired("biolek", &[("x0", 0.3), ("plasticity", 0.0)]);
        b.bank().reload(2, &[Arc::new(frozen)], &Setting::default());
        let mut x = vec![Lanes([9.0; 4]); 12];
        b.bank().initial_values(&mut x);
        assert_eq!(x[10], Lanes([0.25, 0.25, 0.3, 0.25]));
        b.set_lanes("y1#x", x[10]);
        b.set("v(1)", 1.0);
        let (f, q, _) = b.load("y1#x", Lanes([0.0; 4]));
        assert_eq!((f.0[2], q.0[2]), (0.0, 0.0));
        assert!(f.0[0] < -0.1 && f.0[0] == f.0[1] && q.0[0] == 0.25);
    }

    /// (2x − 1)² is 0 in the middle, where a careless power or its slope would not be a number.
    #[test]
    fn joglekar_is_finite_in_the_middle() {
        for p in [1.0, 1.5, 3.0] {
            let mut b = Bench::<Dual<f64, 1>>::new(&Memristor, vec![wired("joglekar", &[("p", p)])]);
            b.set("y1#x", 0.5);
            b.set("v(1)", 1.0);
            let f = b.residual_lanes("y1#x", Dual::zero());
            assert!((f.v + 1e4 / 8050.0).abs() < 1e-12 && f.d[0] == 0.0);
            assert!(b.jacobian_is_finite());
        }
    }

    #[test]
    fn an_unknown_window_is_reported() {
        assert!(Memristor.check(&wired("biolek", &[])).is_empty());
        let messages = Memristor.check(&wired("boxcar", &[]));
        assert!(messages[0].contains("boxcar") && messages[0].contains("joglekar"));
    }
}
