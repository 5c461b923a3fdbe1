//! Operational amplifier: finite gain, rails, and if wanted one pole.
//!
//! With v = v(in+) − v(in−) + vos (V), S(v) = vmax·tanh(a0·v/vmax) for v ≥ 0 and vmin·tanh(a0·v/vmin) for v < 0, so the
//! gain around 0 is a0 on both sides and the output stays between vmin < 0 and vmax > 0 against `ref`:
//!
//! without a pole `v(out) − v(ref) − rout·i = S(v)`; with one at fp hertz an internal unknown u (V) takes the place of
//! S(v), `τ·du/dt = S(v) − u`, τ = 1/(2π·fp). The pole comes after the saturation, so the state does not wind up, and
//! the output slews at most at vmax/τ. i is the branch current (A); the inputs carry (v(in+) − v(in−))/rin.
//!
//! Far from 0 the slope of S vanishes and Newton's method would be thrown from rail to rail. So v is limited from one
//! iterate to the next: it does not jump over the linear region, and it grows at most tenfold.

use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "opamp",
    letter: 'y',
    doc: "operational amplifier with finite gain, rails and an optional pole",
    equations: "v(out,ref) = u + rout·i;  τ·du/dt = S(v) − u, τ = 1/(2π·fp), or u = S(v) without fp;  \
                S(v) = vmax·tanh(a0·v/vmax) for v ≥ 0, vmin·tanh(a0·v/vmin) for v < 0;  v = v(in+,in-) + vos",
    terminals: &[
        Terminal { name: "in+", optional: false, doc: "non-inverting input" },
        Terminal { name: "in-", optional: false, doc: "inverting input" },
        Terminal { name: "out", optional: false, doc: "output" },
        Terminal { name: "ref", optional: true, doc: "reference of the output voltage; default ground" },
    ],
    connections: &[
        Connection::new(0, 1, Joins::Conductive).when("rin"),
        Connection::new(0, 1, Joins::Sense),
        Connection::new(2, 3, Joins::Voltage),
    ],
    instance: &[
        ParamSpec::real("a0", "V/V", 1e5, "gain at DC").range(Range::Positive).alias(&["gain"]),
        ParamSpec::real("vmax", "V", 5.0, "upper rail, against ref").range(Range::Positive),
        ParamSpec::real("vmin", "V", -5.0, "lower rail, against ref").range(Range::Open(f64::NEG_INFINITY, 0.0)),
        ParamSpec::real("vos", "V", 0.0, "input offset voltage"),
        ParamSpec::optional("fp", "Hz", "frequency of the pole; none unless given").range(Range::Positive),
        ParamSpec::optional("rin", "Ω", "resistance between the inputs; none unless given").range(Range::Positive),
        ParamSpec::real("rout", "Ω", 0.0, "output resistance; 0 is an ideal voltage").range(Range::NonNegative),
    ],
    ..DeviceSpec::EMPTY
};

/// The operational amplifier.
pub struct OpAmp;

impl Kind for OpAmp {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        vec![
            Instance::example(&SPEC, &[("a0", 3.0), ("vmin", -2.0), ("rin", 1e3), ("vos", 0.1)]),
            Instance::example(&SPEC, &[("a0", 2.0), ("fp", 10.0), ("rout", 75.0)]),
        ]
    }
    bank_builders!(OpAmps);
}

const IN_P: usize = 0;
const IN_N: usize = 1;
const OUT: usize = 2;
const REF: usize = 3;
const BRANCH: usize = 4;
const STATE: usize = 5;

struct OpAmps<R> {
    a0: Vec<R>,
    vmax: Vec<R>,
    vmin: Vec<R>,
    offset: Vec<R>,
    tau: Vec<R>,
    gin: Vec<R>,
    rout: Vec<R>,
    pole: Vec<bool>,
}

impl<R: Real> Element<R> for OpAmps<R> {
    const LIMITS: usize = 1;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        OpAmps {
            a0: zeros(),
            vmax: zeros(),
            vmin: zeros(),
            offset: zeros(),
            tau: zeros(),
            gin: zeros(),
            rout: zeros(),
            pole: instances.iter().map(|n| n.params.number("fp").is_some()).collect(),
        }
    }

    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(Local::OwnBranch(UnknownSpec::CURRENT));
        if self.pole[i] {
            // Its equation is in volts: a filter's, not the sum of currents of a node.
            let spec = UnknownSpec { residual_abstol: Some(1e-6), ..UnknownSpec::VOLTAGE };
            locals.push(Local::Internal { name: "u", spec });
        }
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let mut entries = vec![(IN_P, IN_P), (IN_P, IN_N), (IN_N, IN_P), (IN_N, IN_N)];
        entries.extend([(OUT, BRANCH), (REF, BRANCH), (BRANCH, OUT), (BRANCH, REF), (BRANCH, BRANCH)]);
        let row = if self.pole[i] { STATE } else { BRANCH };
        entries.extend([(row, IN_P), (row, IN_N)]);
        if self.pole[i] {
            entries.extend([(STATE, STATE), (BRANCH, STATE)]);
        }
        entries
    }

    fn charges(&self, i: usize) -> Vec<(usize, usize)> {
        if self.pole[i] { vec![(STATE, STATE)] } else { Vec::new() }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let p = &instance.params;
            self.a0[i].set_lane(lane, p.real("a0"));
            self.vmax[i].set_lane(lane, p.real("vmax"));
            self.vmin[i].set_lane(lane, p.real("vmin"));
            self.offset[i].set_lane(lane, p.real("vos"));
            self.tau[i].set_lane(lane, p.number("fp").map_or(0.0, |fp| 1.0 / (std::f64::consts::TAU * fp)));
            self.gin[i].set_lane(lane, p.number("rin").map_or(0.0, |r| 1.0 / r));
            self.rout[i].set_lane(lane, p.real("rout"));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let across = at.v(IN_P, IN_N);
        s.current(IN_P, IN_N, self.gin[i] * across);
        s.conductance(IN_P, IN_N, IN_P, IN_N, self.gin[i]);

        // S at the limited voltage, continued along its tangent to the actual one.
        let v = across + self.offset[i];
        let rail = R::select(v.lt(R::zero()), self.vmin[i], self.vmax[i]);
        let (limited, active) = limit(v, at.limit(0), rail.abs() / self.a0[i]);
        s.limit(0, limited, active);
        let rail = R::select(limited.lt(R::zero()), self.vmin[i], self.vmax[i]);
        let tanh = (self.a0[i] * limited / rail).tanh();
        let slope = self.a0[i] * (R::one() - tanh * tanh);
        let output = rail * tanh + slope * (v - limited);

        let current = at.x(BRANCH);
        s.current(OUT, REF, current);
        s.df(OUT, BRANCH, R::one());
        s.df(REF, BRANCH, -R::one());
        s.df(BRANCH, OUT, R::one());
        s.df(BRANCH, REF, -R::one());
        s.df(BRANCH, BRANCH, -self.rout[i]);
        let beyond = at.v(OUT, REF) - self.rout[i] * current;
        if self.pole[i] {
            let u = at.x(STATE);
            s.f(BRANCH, beyond - u);
            s.df(BRANCH, STATE, -R::one());
            s.f(STATE, u - output);
            s.q(STATE, self.tau[i] * u);
            s.df(STATE, STATE, R::one());
            s.dq(STATE, STATE, self.tau[i]);
            s.df(STATE, IN_P, -slope);
            s.df(STATE, IN_N, slope);
        } else {
            s.f(BRANCH, beyond - output);
            s.df(BRANCH, IN_P, -slope);
            s.df(BRANCH, IN_N, slope);
        }
    }
}

/// The voltage at which to evaluate, coming from `old`, and where that is not `v`. `knee` is rail/a0: beyond a few of
/// it the output is saturated.
#[inline(always)]
fn limit<R: Real>(v: R, old: R, knee: R) -> (R, R::Mask) {
    let opposite = (v * old).lt(R::zero()) & old.abs().gt(knee * 0.5) & v.abs().gt(knee * 0.5);
    let reach = old.abs().max(knee) * 10.0;
    let far = v.abs().gt(reach);
    let grown = R::select(v.lt(R::zero()), -reach, reach);
    (R::select(opposite, R::zero(), R::select(far, grown, v)), opposite | far)
}

#[cfg(test)]
mod tests {
    use super::super::testbench::Bench;
    use super::*;
    use crate::number::tanh;

    fn bench(params: &[(&str, f64)]) -> Bench<f64> {
        Bench::new(&OpAmp, vec![Instance { nodes: vec![1, 0, 2, 0], ..Instance::example(&SPEC, params) }])
    }

    #[test]
    fn gain_at_zero_and_both_rails() {
        let mut b = bench(&[("a0", 100.0), ("vmax", 2.0), ("vmin", -1.0)]);
        for (v, expected) in
            [(1e-6, 1e-4), (-1e-6, -1e-4), (0.02, 2.0 * tanh(1.0)), (-0.02, -tanh(2.0)), (1.0, 2.0), (-1.0, -1.0)]
        {
            b.set("v(1)", v);
            b.set_limits(v);
            let got = -b.residual("i(y1)", 0.0);
            assert!((got - expected).abs() < 1e-9, "{v}: {got} for {expected}");
        }
    }

    #[test]
    fn limiting_stops_in_the_linear_region_and_lets_saturation_grow() {
        let knee = 1e-2;
        assert_eq!(limit(-1.0, 1.0, knee), (0.0, true));
        assert_eq!(limit(1.0, 0.0, knee), (0.1, true));
        assert_eq!(limit(1.0, 0.1, knee), (1.0, false));
        assert_eq!(limit(-0.004, 1.0, knee), (-0.004, false));
        // Limited, the output goes on along the tangent: no jump in the residual's linear model.
        let mut b = bench(&[("a0", 100.0), ("vmax", 1.0), ("vmin", -1.0)]);
        b.set("v(1)", -1.0);
        b.set_limits(1.0);
        let (f, _, limited) = b.load("i(y1)", 0.0);
        assert!(limited);
        assert_eq!(f, 100.0);
    }

    /// Newton's method on an inverting amplifier of gain 10 starts at the wrong rail and finds the linear solution.
    #[test]
    fn an_inverting_amplifier_converges_from_the_wrong_rail() {
        let (a0, rail, source) = (1e5, 5.0, 0.2);
        let (mut v, mut old) = (-1.0, 1.0);
        let mut iterations = 0;
        loop {
            let (at, limited) = limit(v, old, rail / a0);
            old = at;
            let t = tanh(a0 * at / rail);
            let (output, slope) = (rail * t, a0 * (1.0 - t * t));
            // v = −v(in−); v(in−) = (10·source + v(out))/11, v(out) = output + slope·(v − at).
            let next = -(10.0 * source + output - slope * at) / (11.0 + slope);
            let done = !limited && (next - v).abs() < 1e-12;
            v = next;
            iterations += 1;
            if done {
                break;
            }
            assert!(iterations < 20, "no convergence");
        }
        assert!((rail * tanh(a0 * v / rail) + 10.0 * source).abs() < 1e-3);
    }

    #[test]
    fn the_pole_holds_a_charge_of_tau() {
        let mut b = bench(&[("a0", 10.0), ("fp", 1e3)]);
        b.set("y1#u", 2.0);
        b.set("v(1)", 0.1);
        b.set_limits(0.1);
        let (f, q, _) = b.load("y1#u", 0.0);
        assert!((q - 2.0 / (std::f64::consts::TAU * 1e3)).abs() < 1e-15);
        assert!((f - (2.0 - 5.0 * tanh(0.2))).abs() < 1e-12);
    }
}
