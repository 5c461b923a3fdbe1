//! The stepper on hand-made systems: observed orders, error control, events. It knows no device and no netlist.

use neurospice::integrate::{
    Accepted, After, Arrays, Charge, Dae, Method, Mode, Stepper, StepperOptions, UnknownTolerance,
};
use neurospice::number::{Lanes, Mask, Real};
use neurospice::solve::SparsePattern;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A dense system: f, q and their Jacobians by one function, an optional crossing function that flips a sign.
struct Hand<R, F> {
    n: usize,
    pattern: Arc<SparsePattern>,
    tolerances: Vec<UnknownTolerance>,
    eval: F,
    corners: Vec<f64>,
    /// Level that unknown 0 crosses upwards; on the event it is armed no more.
    level: Option<f64>,
    armed: R,
    events: Vec<(usize, f64)>,
    linear: bool,
    charges: Vec<Charge>,
}

impl<R: Real, F> Hand<R, F> {
    fn new(n: usize, eval: F) -> Self {
        let pattern =
            SparsePattern { col_ptr: (0..=n).map(|c| c * n).collect(), row_idx: (0..n * n).map(|k| k % n).collect() };
        let charges = (0..n * n).map(|k| Charge { slot: k as u32, row: (k % n) as u32, col: (k / n) as u32 }).collect();
        Hand {
            n,
            pattern: Arc::new(pattern),
            tolerances: vec![UnknownTolerance { abstol: 1e-12, lte_weight: 1.0 }; n],
            eval,
            corners: Vec::new(),
            level: None,
            armed: R::one(),
            events: Vec::new(),
            linear: false,
            charges,
        }
    }
}

/// Column-major dense storage: entry (r, c) at c·n + r.
type Eval<R> = fn(t: R, x: &[R], f: &mut [R], q: &mut [R], df: &mut [R], dq: &mut [R]);

impl<R: Real> Dae<R> for Hand<R, Eval<R>> {
    fn n(&self) -> usize {
        self.n
    }
    fn n_rows(&self) -> usize {
        self.n + 1
    }
    fn pattern(&self) -> &Arc<SparsePattern> {
        &self.pattern
    }
    fn tolerances(&self) -> &[UnknownTolerance] {
        &self.tolerances
    }
    fn arrays(&self) -> Arrays<R> {
        let rows = vec![R::zero(); self.n + 1];
        let slots = vec![R::zero(); self.n * self.n + 1];
        Arrays { f: rows.clone(), q: rows, df: slots.clone(), dq: slots, limits: vec![], new_limits: vec![] }
    }
    fn charges(&self) -> &[Charge] {
        &self.charges
    }
    fn is_linear(&self) -> bool {
        self.linear
    }
    fn eval(&mut self, t: R, x: &[R], _mode: &Mode<R>, a: &mut Arrays<R>) -> R::Mask {
        for v in [&mut a.f, &mut a.q, &mut a.df, &mut a.dq] {
            v.fill(R::zero());
        }
        (self.eval)(t, x, &mut a.f, &mut a.q, &mut a.df, &mut a.dq);
        R::Mask::splat(false)
    }
    fn observe(&mut self, _t: R, _x: &[R], _mode: &Mode<R>, _a: &mut Arrays<R>) {}
    fn next_breakpoint(&self, t: R) -> R {
        let mut out = R::splat(f64::INFINITY);
        for l in 0..R::LANES {
            let next = self.corners.iter().copied().find(|c| *c > t.lane(l) * (1.0 + 1e-12));
            out.set_lane(l, next.unwrap_or(f64::INFINITY));
        }
        out
    }
    fn next_jump(&self, t: R) -> R {
        self.next_breakpoint(t)
    }
    fn bound_step(&mut self, _t: R, _x: &[R], _mode: &Mode<R>) -> R {
        R::splat(f64::INFINITY)
    }
    fn n_crossings(&self) -> usize {
        usize::from(self.level.is_some())
    }
    fn crossings(&mut self, _t: R, x: &[R], _mode: &Mode<R>, out: &mut [R]) {
        if let Some(level) = self.level {
            out[0] = (x[0] - level) * self.armed - (-self.armed + 1.0);
        }
    }
    fn on_event(&mut self, _k: usize, t: R, _x: &[R], _mode: &Mode<R>, mask: R::Mask) -> After {
        for l in (0..R::LANES).filter(|l| mask.lane(*l)) {
            self.events.push((l, t.lane(l)));
            self.armed.set_lane(l, 0.0);
        }
        After::Jump
    }
    fn settle(&mut self, _t: R, _x: &[R], _mode: &Mode<R>, _mask: R::Mask) -> R::Mask {
        R::Mask::splat(false)
    }
    fn accept(&mut self, _t: R, _x: &[R], _mode: &Mode<R>, _mask: R::Mask) {}
}

fn options(method: Method, t_stop: f64, h: f64, reltol: f64) -> StepperOptions {
    StepperOptions { method, reltol, trtol: 1.0, max_iterations: 20, t_stop, h_max: h, h_first: h, eager: false }
}

const METHODS: [(Method, f64); 4] =
    [(Method::BackwardEuler, 1.0), (Method::Trapezoidal, 2.0), (Method::Gear2, 2.0), (Method::TrBdf2, 2.0)];

/// x' = −x + 2t with x(0) = 1: x = 2t − 2 + 3·e^(−t).
fn decay(t: f64, x: &[f64], f: &mut [f64], q: &mut [f64], df: &mut [f64], dq: &mut [f64]) {
    f[0] = x[0] - 2.0 * t;
    q[0] = x[0];
    df[0] = 1.0;
    dq[0] = 1.0;
}

fn end_of<D: Dae<f64>>(dae: &mut D, options: StepperOptions, x0: &[f64]) -> (f64, Vec<f64>, u64) {
    let mut stepper = Stepper::new(dae, options, x0, &[]);
    let mut last = (0.0, x0.to_vec());
    let flow = stepper.run(dae, |a: &Accepted<'_, f64>| {
        last = (a.t, a.x.to_vec());
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    assert_eq!(stepper.error(0), None);
    (last.0, last.1, stepper.stats.accepted)
}

#[test]
fn each_scheme_has_its_order() {
    let exact = 2.0 - 2.0 + 3.0 * (-1.0f64).exp();
    for (method, order) in METHODS {
        let error = |h: f64| {
            let mut dae = Hand::new(1, decay as Eval<f64>);
            let (t, x, _) = end_of(&mut dae, options(method, 1.0, h, 1e6), &[1.0, 0.0]);
            assert_eq!(t, 1.0);
            (x[0] - exact).abs()
        };
        let (coarse, fine) = (error(1.0 / 64.0), error(1.0 / 256.0));
        let observed = (coarse / fine).ln() / 4f64.ln();
        assert!((observed - order).abs() < 0.15, "{method:?}: observed order {observed}, errors {coarse:e} {fine:e}");
    }
}

/// van der Pol, μ = 100: stiff.
fn van_der_pol(_t: f64, x: &[f64], f: &mut [f64], q: &mut [f64], df: &mut [f64], dq: &mut [f64]) {
    let mu = 100.0;
    f[0] = -x[1];
    f[1] = -mu * (1.0 - x[0] * x[0]) * x[1] + x[0];
    q[0] = x[0];
    q[1] = x[1];
    df[1] = 2.0 * mu * x[0] * x[1] + 1.0;
    df[2] = -1.0;
    df[3] = -mu * (1.0 - x[0] * x[0]);
    dq[0] = 1.0;
    dq[3] = 1.0;
}

#[test]
fn error_control_follows_a_stiff_oscillator() {
    // At t = 50 the slow branch: reference by the same equations at a thousandfold tighter tolerance and another method.
    let reference = {
        let mut dae = Hand::new(2, van_der_pol as Eval<f64>);
        end_of(&mut dae, options(Method::TrBdf2, 50.0, 1.0, 1e-9), &[2.0, 0.0, 0.0]).1[0]
    };
    for (method, _) in &METHODS[1..] {
        let mut dae = Hand::new(2, van_der_pol as Eval<f64>);
        let (_, x, points) = end_of(&mut dae, options(*method, 50.0, 1.0, 1e-5), &[2.0, 0.0, 0.0]);
        assert!((x[0] - reference).abs() < 2e-4, "{method:?}: {} against {reference}, {points} points", x[0]);
        assert!(points < 2000, "{method:?}: {points} points");
    }
}

/// A ramp that does not care about the step: x = t, algebraic.
fn ramp(t: f64, x: &[f64], f: &mut [f64], _q: &mut [f64], df: &mut [f64], _dq: &mut [f64]) {
    f[0] = x[0] - t * t;
    df[0] = 1.0;
}

#[test]
fn an_event_is_located_whatever_the_step() {
    let exact = 0.3f64.sqrt();
    for h in [0.5, 0.1, 0.013] {
        for (method, _) in METHODS {
            let mut dae = Hand::new(1, ramp as Eval<f64>);
            dae.level = Some(0.3);
            end_of(&mut dae, options(method, 1.0, h, 1e6), &[0.0, 0.0]);
            let [(_, t)] = dae.events[..] else { panic!("one event, not {:?}", dae.events) };
            assert!((t - exact).abs() < 1e-9 + 1e-6 * exact, "{method:?} h = {h}: {t} against {exact}");
            assert!(t >= exact, "the accepted point is past the crossing");
        }
    }
}

/// Lane l: x' = −(1 + l)·x.
fn lanes_decay(
    _t: Lanes<4>,
    x: &[Lanes<4>],
    f: &mut [Lanes<4>],
    q: &mut [Lanes<4>],
    df: &mut [Lanes<4>],
    dq: &mut [Lanes<4>],
) {
    let rate = Lanes([1.0, 2.0, 3.0, 4.0]);
    f[0] = rate * x[0] * x[0];
    q[0] = x[0];
    df[0] = rate * x[0] * 2.0;
    dq[0] = Lanes::splat(1.0);
}

#[test]
fn lanes_run_as_they_would_alone() {
    for (method, _) in METHODS {
        let opts = options(method, 3.0, 0.5, 1e-4);
        let mut together: Vec<Vec<(f64, f64)>> = vec![Vec::new(); 4];
        let mut dae = Hand::new(1, lanes_decay as Eval<Lanes<4>>);
        dae.level = Some(-1.0);
        dae.armed = Lanes::splat(0.0);
        let mut stepper = Stepper::new(&dae, opts, &[Lanes::splat(1.0), Lanes::splat(0.0)], &[]);
        let _ = stepper.run(&mut dae, |a| {
            for (l, points) in together.iter_mut().enumerate() {
                if a.lanes.lane(l) {
                    points.push((a.t.lane(l), a.x[0].lane(l)));
                }
            }
            ControlFlow::Continue(())
        });
        let alone: [Eval<f64>; 4] = [single::<1>, single::<2>, single::<3>, single::<4>];
        for (l, eval) in alone.into_iter().enumerate() {
            let mut dae = Hand::new(1, eval);
            let mut stepper = Stepper::new(&dae, opts, &[1.0, 0.0], &[]);
            let mut points = Vec::new();
            let _ = stepper.run(&mut dae, |a| {
                points.push((a.t, a.x[0]));
                ControlFlow::Continue(())
            });
            assert_eq!(points, together[l], "{method:?}, lane {l}");
        }
    }
}

fn single<const RATE: usize>(_t: f64, x: &[f64], f: &mut [f64], q: &mut [f64], df: &mut [f64], dq: &mut [f64]) {
    let rate = RATE as f64;
    f[0] = rate * x[0] * x[0];
    q[0] = x[0];
    df[0] = rate * x[0] * 2.0;
    dq[0] = 1.0;
}
