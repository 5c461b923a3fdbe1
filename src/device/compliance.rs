//! Compliance: an ideal current limit, as a source-measure unit applies it. Put in series with a source it is a short
//! circuit until the current reaches the limit, and then holds the current and takes over what voltage is left.
//!
//! With v = v(n+) − v(n−) and the branch current i (amperes, from n+ through the device to n−):
//!
//! `f(n+) += i, f(n−) −= i`, and the characteristic v = r·i for −ilow < i < imax, i = imax for v ≥ r·imax, i = −ilow for
//! v ≤ −r·ilow. It is one equation,
//!
//! `f(branch) = i − min(max(i + g·(v − r·i), −ilow), imax)`, g = 1/(r + 1 V/imax),
//!
//! which is −g·(v − r·i) on the short and i − limit beyond it, for any g > 0 (the natural map of a complementarity
//! problem: Facchinei and Pang, Finite-Dimensional Variational Inequalities, Springer 2003, section 1.5). Newton's method
//! on it finds the mode together with the solution, so there is no hysteresis and no point with the wrong mode; g only
//! decides from which side it comes, and 1 V/imax is a resistance of the size that limited circuits have. Beyond
//! a limit the equation is linear and holds to rounding, so |i| never exceeds it.
//!
//! The change of mode is an event: u = i + g·(v − r·i) passes a limit, upwards or downwards, without a jump, and the
//! integration restarts there. The mode that is kept as discrete state only says from which side an event comes.

use super::*;
use crate::number::Mask;

const SPEC: DeviceSpec = DeviceSpec {
    name: "compliance",
    letter: 'y',
    doc: "ideal current limit (compliance of a source-measure unit)",
    equations: "v = r·i while −|imin| < i < imax;  i = imax where v ≥ r·imax;  i = imin where v ≤ r·imin;  v = v(n+,n-); \
                the changes between them are located events",
    terminals: TWO_TERMINALS,
    connections: &[Connection::new(0, 1, Joins::Voltage)],
    instance: &[
        ParamSpec::optional("imax", "A", "largest current from n+ to n-").range(Range::Positive).required(),
        ParamSpec::optional("imin", "A", "most negative current; default −imax")
            .range(Range::Open(f64::NEG_INFINITY, 0.0)),
        ParamSpec::real("r", "Ω", 0.0, "series resistance below the limit; 0 is a short circuit")
            .range(Range::NonNegative),
    ],
    ..DeviceSpec::EMPTY
};

/// The current limit.
pub struct Compliance;

impl Kind for Compliance {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        // Far below the limit and far beyond it at the currents of the contract tests: near a corner every move of the
        // current asks for another iterate, which is not what those tests are about.
        vec![
            Instance::example(&SPEC, &[("imax", 20.0)]),
            Instance::example(&SPEC, &[("imax", 1e-5), ("imin", -2e-5), ("r", 50.0)]),
            Instance::example(&SPEC, &[("imax", 30.0), ("imin", -20.0), ("r", 50.0)]),
        ]
    }
    bank_builders!(Compliances);
}

const P: usize = 0;
const N: usize = 1;
const BRANCH: usize = 2;

// What is remembered of the evaluation before, in the places of limited voltages.
const LAST_CURRENT: usize = 0;
const LAST_TIME: usize = 1;
const REPEATED: usize = 2;

/// After an event its crossing function must be below zero: the way back counts only this part of the limit beyond the
/// corner. It delays the restart there and leaves the characteristic alone.
const MARGIN: f64 = 1e-9;
/// A current that moves by less than this part of the limit no longer moves.
const STILL: f64 = 1e-10;
/// The next update of a converging current is at most so many times the one before.
const NEXT_UPDATE: f64 = 10.0;
/// Iterations at one time that may be asked for in a row; more only chase rounding errors.
const MAX_REPEATED: f64 = 8.0;

struct Compliances<R: Real> {
    upper: Vec<R>,
    /// Negative.
    lower: Vec<R>,
    resistance: Vec<R>,
    /// g, siemens.
    weight: Vec<R>,
    /// 1 where the current is at its upper limit, −1 at the lower one, else 0.
    mode: Vec<R>,
}

impl<R: Real> Compliances<R> {
    /// u = i + g·(v − r·i): beyond a limit where the current is held.
    #[inline(always)]
    fn measure(&self, i: usize, at: &At<'_, R>) -> R {
        let current = at.x(BRANCH);
        current + self.weight[i] * (at.v(P, N) - self.resistance[i] * current)
    }

    /// How far u is beyond the upper and the lower limit, amperes.
    #[inline(always)]
    fn excess(&self, i: usize, at: &At<'_, R>) -> (R, R) {
        let u = self.measure(i, at);
        (u - self.upper[i], self.lower[i] - u)
    }

    /// The crossing functions.
    #[inline(always)]
    fn crossing(&self, i: usize, at: &At<'_, R>) -> (R, R) {
        let (above, below) = self.excess(i, at);
        let at_upper = self.mode[i].gt(R::splat(0.5));
        let at_lower = self.mode[i].lt(R::splat(-0.5));
        (
            R::select(at_upper, -above - self.upper[i] * MARGIN, above),
            R::select(at_lower, -below + self.lower[i] * MARGIN, below),
        )
    }

    /// The mode moves to what (t, x) says in the masked lanes.
    fn follow(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        let (above, below) = self.excess(i, at);
        let mode = R::select(below.ge(R::zero()), R::splat(-1.0), R::zero());
        let mode = R::select(above.ge(R::zero()), R::one(), mode);
        self.mode[i] = R::select(mask, mode, self.mode[i]);
    }
}

impl<R: Real> Element<R> for Compliances<R> {
    const CROSSINGS: usize = 2;
    const LIMITS: usize = 3;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        Compliances { upper: zeros(), lower: zeros(), resistance: zeros(), weight: zeros(), mode: zeros() }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        // Its equation is in amperes.
        let branch = UnknownSpec { residual_abstol: Some(1e-12), ..UnknownSpec::CURRENT };
        instance.nodes.iter().map(|n| Local::Node(*n)).chain([Local::OwnBranch(branch)]).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(P, BRANCH), (N, BRANCH), (BRANCH, P), (BRANCH, N), (BRANCH, BRANCH)]
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let p = &instance.params;
            let imax = p.real("imax");
            self.upper[i].set_lane(lane, imax);
            self.lower[i].set_lane(lane, p.number("imin").unwrap_or(-imax));
            self.resistance[i].set_lane(lane, p.real("r"));
            self.weight[i].set_lane(lane, 1.0 / (p.real("r") + 1.0 / imax));
        }
    }

    fn reset(&mut self, lane: usize) {
        for mode in &mut self.mode {
            mode.set_lane(lane, 0.0);
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        // A run that starts anew finds its own at the operating point.
        if fields.time_goes_on() {
            fields.number("mode", &mut self.mode[i], "-1, 0 or 1", |x| [-1.0, 0.0, 1.0].contains(&x));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let current = at.x(BRANCH);
        s.current(P, N, current);
        s.df(P, BRANCH, R::one());
        s.df(N, BRANCH, -R::one());

        let (upper, lower) = (self.upper[i], self.lower[i]);
        let (above, below) = self.excess(i, at);
        let at_upper = above.ge(R::zero());
        let at_lower = below.ge(R::zero());
        let held = at_upper | at_lower;
        let limit = R::select(at_upper, upper, lower);
        let (g, r) = (self.weight[i], self.resistance[i]);
        s.f(BRANCH, R::select(held, current - limit, g * (r * current - at.v(P, N))));
        let slope = R::select(held, R::zero(), g);
        s.df(BRANCH, P, -slope);
        s.df(BRANCH, N, slope);
        s.df(BRANCH, BRANCH, R::select(held, R::one(), g * r));

        // Newton's method must not stop with an update that leads from the short over a limit: the current would exceed
        // it by what that update is. So an iterate on the short is the last only if the current has come to rest, or if
        // ten times its last update do not reach a limit. The first iterate at a new time knows no last update.
        let time = at.t();
        let update = (current - at.limit(LAST_CURRENT)).abs();
        let new_time = !(time.le(at.limit(LAST_TIME)) & time.ge(at.limit(LAST_TIME)));
        let distance = (upper - current).min(current - lower);
        let still = update.le(upper.min(-lower) * STILL);
        let safe = still | (update * NEXT_UPDATE).le(distance);
        let repeated = R::select(new_time, R::zero(), at.limit(REPEATED));
        let again = !held & (new_time | !safe) & repeated.lt(R::splat(MAX_REPEATED));
        let none = R::Mask::splat(false);
        s.limit(LAST_CURRENT, current, none);
        s.limit(LAST_TIME, time, none);
        s.limit(REPEATED, R::select(again, repeated + 1.0, R::zero()), again);
    }

    fn crossings(&self, i: usize, at: &At<'_, R>, out: &mut [R]) {
        (out[0], out[1]) = self.crossing(i, at);
    }

    fn on_event(&mut self, i: usize, _k: usize, at: &At<'_, R>, mask: R::Mask) -> Discontinuity {
        self.follow(i, at, mask);
        Discontinuity::Slope
    }

    fn settle(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) -> R::Mask {
        let (rise, fall) = self.crossing(i, at);
        let change = mask & (rise.ge(R::zero()) | fall.ge(R::zero()));
        self.follow(i, at, change);
        change
    }
}

#[cfg(test)]
mod tests {
    use super::super::testbench::Bench;
    use super::*;
    use crate::number::Lanes;

    fn instance(params: &[(&str, f64)]) -> Instance {
        Instance { nodes: vec![1, 0], ..Instance::example(&SPEC, params) }
    }

    #[test]
    fn a_short_below_and_a_current_source_beyond() {
        let mut b = Bench::<f64>::new(&Compliance, vec![instance(&[("imax", 2e-3), ("imin", -1e-3), ("r", 100.0)])]);
        let g = 1.0 / (100.0 + 500.0);
        for (v, i, residual) in [
            (0.1, 1e-3, 0.0),
            (0.2, 1e-3, -0.1 * g),
            (-0.05, -0.5e-3, 0.0),
            (0.7, 2e-3, 0.0),
            (0.7, 1.9e-3, -0.1e-3),
            (-5.0, -1e-3, 0.0),
            (-5.0, -1.5e-3, -0.5e-3),
        ] {
            b.set("v(1)", v);
            b.set("i(y1)", i);
            assert!((b.residual("i(y1)", 0.0) - residual).abs() < 1e-18, "{v} V, {i} A");
            assert_eq!(b.residual("v(1)", 0.0), i);
        }
    }

    #[test]
    fn modes_follow_the_solution_without_chatter() {
        let mut b = Bench::<f64>::new(&Compliance, vec![instance(&[("imax", 1e-3)])]);
        b.set("i(y1)", 0.9e-3);
        assert!(b.crossing(0) < 0.0 && b.crossing(1) < 0.0);
        b.set("i(y1)", 1e-3);
        assert_eq!(b.crossing(0), 0.0);
        assert_eq!(b.event(0, 0.0, true), Discontinuity::Slope);
        assert!(b.crossing(0) < 0.0 && b.crossing(1) < 0.0);
        b.set("v(1)", 3.0);
        assert!(b.crossing(0) < 0.0 && !b.settle(0.0, true));
        b.set("v(1)", 0.0);
        b.set("i(y1)", 0.999_999e-3);
        assert!(b.crossing(0) > 0.0);
        b.event(0, 0.0, true);
        assert!(b.crossing(0) < 0.0 && b.crossing(1) < 0.0);
        b.set("i(y1)", -1e-3);
        assert!(b.settle(0.0, true) && !b.settle(0.0, true));
        b.set("i(y1)", 1e-3);
        assert!(b.settle(0.0, true) && !b.settle(0.0, true));
    }

    /// A short whose current may still pass the limit is not the last iterate; a held current is, and one at rest.
    #[test]
    fn an_iterate_that_may_pass_the_limit_is_not_the_last() {
        let mut b = Bench::<f64>::new(&Compliance, vec![instance(&[("imax", 1e-3)])]);
        b.set_limits(0.0);
        b.set("i(y1)", 0.99e-3);
        assert!(b.load("i(y1)", 0.0).2, "it came from 0, and 1 % is left");
        b.set("i(y1)", 0.05e-3);
        assert!(!b.load("i(y1)", 0.0).2, "it came from 0, and 95 % are left");
        assert!(b.load("i(y1)", 1e-6).2, "nothing is known at a new time");
        b.set("i(y1)", 1e-3);
        b.set("v(1)", 1.0);
        assert!(!b.load("i(y1)", 1e-6).2, "a held current is exact");
    }

    #[test]
    fn lanes_have_their_own_modes() {
        let mut b = Bench::<Lanes<4>>::new(&Compliance, vec![instance(&[("imax", 1.0)])]);
        b.set_lanes("v(1)", Lanes([0.0, 5.0, -5.0, 5.0]));
        b.set_lanes("i(y1)", Lanes([0.5, 1.0, -1.0, 1.0]));
        let mut mask = <Lanes<4> as Real>::Mask::splat(true);
        mask.set_lane(3, false);
        let changed = b.settle(0.0, mask);
        assert_eq!([0, 1, 2, 3].map(|l| changed.lane(l)), [false, true, true, false]);
        assert!(!b.settle(0.0, mask).any());
        assert_eq!(b.residual_lanes("i(y1)", Lanes([0.0; 4])), Lanes([0.0; 4]));
    }
}
