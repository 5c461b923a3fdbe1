//! What memristors with one state share: the element around their two laws, and the end of the state's range.
//!
//! With v = v(n+) − v(n−), the state x and the laws i(v, x) and r(v, x): `f(n+) += i, f(n−) −= i, dx/dt = r`. The
//! operating point holds x at its initial value. With `plasticity=0` the row of x is `x − x0 = 0` at all times, so x keeps
//! x0 to the bit.
//!
//! Exponential laws have a voltage scale: Newton's method may not raise |v| by more than a junction's voltage may rise
//! ([`limit_junction`]), and beyond 120 scales the laws go on along their tangents, so that nothing overflows.

use super::junction::limit_junction;
use super::*;

/// x − x0 = 0 is scaled to the rate of a state that is this far off after a millisecond, 1/s.
pub(super) const HOLD_RATE: f64 = 1e3;
/// The part of its range in which the rate of a state without a window falls to 0.
pub(super) const MARGIN: f64 = 1e-3;
/// No state crosses its range faster than in 10 ps, ranges per second: powers and exponentials far beyond their fit say
/// femtoseconds, which no step resolves. A rate of a hundredth of this is bounded by 5e-5 of itself.
const FASTEST: f64 = 1e11;
/// Voltages below so many scales are never limited.
const FREE_SCALES: f64 = 5.0;

/// `plasticity` on the element's line.
pub(super) const PLASTICITY: ParamSpec =
    ParamSpec::optional("plasticity", "", "0 freezes the state at its initial value; default: the model's")
        .integer()
        .range(Range::OneOf(&[0.0, 1.0]));
/// `plasticity` of the model.
pub(super) const MODEL_PLASTICITY: ParamSpec =
    ParamSpec::real("plasticity", "", 1.0, "0 freezes the state at its initial value")
        .integer()
        .range(Range::OneOf(&[0.0, 1.0]));

/// A number of the instance, else of its model, else the default of the model's specification.
pub(super) fn number(spec: &DeviceSpec, instance: &Instance, name: &str) -> f64 {
    let default = || spec.model_params.iter().find(|p| p.name == name).and_then(|p| p.default);
    value_or_model(instance, name).or_else(default).unwrap_or(0.0)
}

/// A word of the instance, else of its model.
pub(super) fn text<'a>(instance: &'a Instance, name: &str) -> Option<&'a str> {
    let own = instance.params.index(name).and_then(|_| instance.params.get(name));
    match own.or_else(|| instance.model.as_ref()?.params.get(name)) {
        Some(Value::Text(t)) => Some(t),
        _ => None,
    }
}

/// A state whose range is this wide: a millionth of it is a millionth of the change in resistance; the rate's tolerance
/// moves the state by no more than that in ten milliseconds.
pub(super) fn state(unit: &'static str, width: f64, initial: f64) -> UnknownSpec {
    UnknownSpec::state(unit, 1e-6 * width, 1e-4 * width, initial)
}

/// Parameters of all instances, K of each.
pub(super) struct Numbers<R, const K: usize>(Vec<[R; K]>);

impl<R: Real, const K: usize> Numbers<R, K> {
    pub fn new(n: usize) -> Self {
        Numbers(vec![[R::zero(); K]; n])
    }
    /// Sets one lane of instance i.
    pub fn set(&mut self, i: usize, lane: usize, values: [f64; K]) {
        for (to, from) in self.0[i].iter_mut().zip(values) {
            to.set_lane(lane, from);
        }
    }
    /// Those of instance i, as constants of the laws.
    #[inline(always)]
    pub fn of(&self, i: usize) -> [Dual<R, 2>; K] {
        self.0[i].map(Dual::constant)
    }
}

/// The laws of a memristor with one state. Directions of differentiation: 0 is v, 1 is x.
pub(super) trait Law<R: Real>: Send + Sized + 'static {
    /// The name of the state.
    const STATE: &'static str;
    /// Its range, where that is the same for all instances.
    const RANGE: Option<(f64, f64)> = None;
    /// What the kind declares about itself; `plasticity` among its parameters.
    const SPEC: &'static DeviceSpec;

    /// Storage for n instances.
    fn new(n: usize) -> Self;
    /// Unit, tolerances and initial value of the state.
    fn state(instance: &Instance) -> UnknownSpec;
    /// Takes the parameters of one lane of instance i.
    fn reload(&mut self, i: usize, lane: usize, instance: &Instance, setting: &Setting);
    /// The voltage in which its exponentials grow e-fold, V; infinite if there are none.
    #[inline(always)]
    fn scale(&self, _i: usize) -> R {
        R::splat(f64::INFINITY)
    }
    /// The current in amperes and dx/dt in the state's unit per second. x may lie outside of its range, by the error of a
    /// step or on a trial of Newton's method.
    fn laws(&self, i: usize, v: Dual<R, 2>, x: Dual<R, 2>) -> (Dual<R, 2>, Dual<R, 2>);
}

/// The part of a rate that is left near the end of the range, 0 to 1 in u, towards which u moves: 3s² − 2s³ in
/// s = distance/[`MARGIN`]. The state stops there and leaves freely when its rate turns round. Where the error of a step
/// carried it over the end the part is s, down to −1, so that it comes back.
#[inline(always)]
pub(super) fn end_factor<R: Real, const N: usize>(u: Dual<R, N>, rising: R::Mask) -> Dual<R, N> {
    let one = Dual::<R, N>::splat(1.0);
    let distance = Dual::select(rising, one - u, u);
    let s = (distance * (1.0 / MARGIN)).min(one).max(-one);
    Dual::select(s.v.gt(R::zero()), s * s * (Dual::splat(3.0) - s * 2.0), s)
}

/// The rate of a state at `u` of its range, whose width is `width`, as it is integrated: r/√(1 + (r/c)²), c = [`FASTEST`]
/// widths a second, and the part of it that the ends leave.
#[inline(always)]
pub(super) fn within_range<R: Real, const N: usize>(rate: Dual<R, N>, u: Dual<R, N>, width: Dual<R, N>) -> Dual<R, N> {
    let share = rate / (width * FASTEST);
    let bounded = rate / (share * share + 1.0).sqrt();
    bounded * end_factor(u, rate.v.gt(R::zero()))
}

/// u between 0 and 1.
#[inline(always)]
pub(super) fn inside<T: Real>(u: T) -> T {
    u.max(T::zero()).min(T::one())
}

/// u^(2p). The square is kept off 0, by less than any sum with it can show: there the slope of a power's slope, which
/// sensitivities ask for, would be 0 times infinity.
#[inline(always)]
pub(super) fn even_power<T: Real>(u: T, p: T) -> T {
    (u.squared() + 1e-200).powf(p)
}

/// sinh(x), continued by its tangents beyond |x| = 120.
#[inline(always)]
pub(super) fn safe_sinh<T: Real>(x: T) -> T {
    const EDGE: f64 = 120.0;
    let bounded = x.max(T::splat(-EDGE)).min(T::splat(EDGE));
    bounded.sinh() + (x - bounded) * T::splat(EDGE).cosh()
}

const P: usize = 0;
const N: usize = 1;
const X: usize = 2;

/// The element of these laws.
pub(super) struct OneState<R, L> {
    law: L,
    initial: Vec<R>,
    /// 1 in lanes whose state moves, else 0.
    plastic: Vec<R>,
}

impl<R: Real, L: Law<R>> Element<R> for OneState<R, L> {
    const LIMITS: usize = 1;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        OneState { law: L::new(instances.len()), initial: zeros(), plastic: zeros() }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let state = Local::Internal { name: L::STATE, spec: L::state(instance) };
        instance.nodes.iter().map(|n| Local::Node(*n)).chain([state]).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(P, P), (P, N), (P, X), (N, P), (N, N), (N, X), (X, P), (X, N), (X, X)]
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(X, X)]
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        (k == X).then(|| self.initial[i])
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            self.law.reload(i, lane, instance, setting);
            self.initial[i].set_lane(lane, L::state(instance).initial);
            self.plastic[i].set_lane(lane, number(L::SPEC, instance, "plasticity"));
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        // The state's unknown itself: what is put back here is where the operating point and `plasticity=0` hold it. The
        // error of a step may carry it past an end; where the range is a matter of parameters the laws keep to it.
        let expected = L::RANGE.map_or("a number".to_string(), |(a, b)| format!("a number from {a} to {b}"));
        let inside = |x: f64| L::RANGE.is_none_or(|(a, b)| x >= a - MARGIN * (b - a) && x <= b + MARGIN * (b - a));
        fields.number(L::STATE, &mut self.initial[i], &expected, inside);
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let (v, limited) = limit(at.v(P, N), at.limit(0), self.law.scale(i));
        s.limit(0, v, limited);
        let left = at.v(P, N) - v;
        let v = Dual::<R, 2>::variable(v, 0);
        let x = Dual::<R, 2>::variable(at.x(X), 1);
        let (current, rate) = self.law.laws(i, v, x);
        // From the limited voltage to the actual one along the tangents.
        s.current(P, N, current.v + current.d[0] * left);
        s.conductance(P, N, P, N, current.d[0]);
        s.df(P, X, current.d[1]);
        s.df(N, X, -current.d[1]);

        let held = (x - Dual::constant(self.initial[i])) * HOLD_RATE;
        let plastic = self.plastic[i].gt(R::splat(0.5));
        let f = Dual::select(plastic, -rate, held);
        s.f(X, f.v + f.d[0] * left);
        s.df(X, P, f.d[0]);
        s.df(X, N, -f.d[0]);
        s.df(X, X, f.d[1]);
        s.q(X, R::select(plastic, x.v, R::zero()));
        s.dq(X, X, R::select(plastic, R::one(), R::zero()));
    }
}

/// The voltage at which to evaluate, coming from `old`, and where that is not `v`.
#[inline(always)]
fn limit<R: Real>(v: R, old: R, scale: R) -> (R, R::Mask) {
    let negative = v.lt(R::zero());
    let (rise, before) = (v.abs(), R::select(negative, -old, old));
    let to = limit_junction(rise, before, scale, scale * FREE_SCALES);
    let limited = to.lt(rise);
    (R::select(limited, R::select(negative, -to, to), v), limited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinh_is_exact_near_zero_and_finite_far_away() {
        for x in [1e-12, 0.3, -7.0, 119.0] {
            assert_eq!(safe_sinh(x), Real::sinh(x));
        }
        let d = safe_sinh(Dual::<f64, 1>::variable(1e6, 0));
        assert!(d.v.is_finite() && d.d[0] == Real::cosh(120.0));
    }

    #[test]
    fn a_state_comes_to_rest_at_the_end_it_moves_to() {
        let at = |u: f64, rising: bool| end_factor(Dual::<f64, 1>::variable(u, 0), rising).v;
        assert_eq!([at(0.0, false), at(1.0, true), at(1.5, true), at(-1.0, false)], [0.0, 0.0, -1.0, -1.0]);
        assert_eq!([at(0.0, true), at(1.0, false), at(0.5, true), at(0.5, false)], [1.0; 4]);
        assert!((at(1.0 - 0.5 * MARGIN, true) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn rates_are_bounded_where_no_step_would_resolve_them() {
        let d = Dual::<f64, 1>::constant;
        let at = |rate: f64| within_range(d(rate), d(0.5), d(3e-9)).v;
        assert_eq!(at(2.0), 2.0 / (1.0 + (2.0 / 300.0) * (2.0 / 300.0)).sqrt());
        assert!((at(-1e40) + 300.0).abs() < 1e-9 && at(0.0) == 0.0);
    }

    #[test]
    fn only_exponential_laws_are_limited_and_only_far_from_zero() {
        assert_eq!(limit(1e9, 0.0, f64::INFINITY), (1e9, false));
        assert_eq!(limit(-0.4, 0.0, 0.1), (-0.4, false));
        let (v, limited) = limit(-100.0, 0.0, 0.1);
        assert!(limited && v < 0.0 && v > -1.0, "{v}");
        assert_eq!(limit(1.0, 2.0, 0.1), (1.0, false));
    }
}
