//! Mutual inductance: for each pair of coupled inductors a, b: `q(branch a) −= M·i_b, q(branch b) −= M·i_a` with
//! `M = k·√(L_a·L_b)`, so that `v_a = L_a·di_a/dt + M·di_b/dt`. L, M in henry, k without unit.
//!
//! The inductors stamp their own inductance; this device has no terminals and only adds the mutual terms.

use super::inductor::{inductance, is_inductor};
use super::*;

const SPEC: DeviceSpec = DeviceSpec {
    name: "coupling",
    letter: 'k',
    doc: "magnetic coupling of two or more inductors, pair by pair",
    equations: "v_a = L_a·di_a/dt + M·di_b/dt,  M = k·√(L_a·L_b);  q(branch a) −= M·i_b, q(branch b) −= M·i_a",
    controls: &[
        ControlSpec { name: "l1", kinds: &["inductor"], doc: "first inductor; its n+ is the dotted end" },
        ControlSpec { name: "l2", kinds: &["inductor"], doc: "second inductor; more may follow" },
    ],
    more_controls: true,
    positional: &["k"],
    instance: &[ParamSpec::real("k", "", 0.0, "coupling coefficient").required().range(Range::Closed(-1.0, 1.0))],
    ..DeviceSpec::EMPTY
};

/// The coupling of inductors.
pub struct Coupling;

impl Kind for Coupling {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let mut errors = Vec::new();
        let n = instance.controls.len();
        let mut sorted = instance.controls.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|w| w[0] == w[1]) {
            errors.push("an inductor cannot be coupled to itself".to_string());
        }
        if instance.controlled.len() != n || instance.controlled.iter().any(|l| !is_inductor(l)) {
            errors.push("all coupled elements must be inductors".to_string());
        }
        // The inductance matrix of n inductors with one k has the eigenvalues 1 − k and 1 + (n−1)·k, scaled.
        let lowest = -1.0 / (n.max(2) - 1) as f64;
        let k = instance.params.real("k");
        if n > 2 && k < lowest {
            errors.push(format!("k={k} would store negative energy in {n} inductors: k must be at least {lowest}"));
        }
        errors
    }
    fn examples(&self) -> Vec<Instance> {
        let inductors = || Inductor.examples().into_iter().map(Arc::new);
        let pair = Instance { controlled: inductors().take(2).collect(), ..Instance::example(&SPEC, &[("k", 0.9)]) };
        let three = Instance {
            controls: (COMPANION..COMPANION + 3).collect(),
            controlled: inductors().collect(),
            ..Instance::example(&SPEC, &[("k", -0.4)])
        };
        vec![pair, three]
    }
    bank_builders!(Couplings);
}

struct Couplings<R> {
    /// Of each instance: the pairs of locals and their mutual inductance, henry.
    mutual: Vec<Vec<(usize, usize, R)>>,
}

/// All pairs of n things.
fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)))
}

impl<R: Real> Element<R> for Couplings<R> {
    const LINEAR: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let mutual =
            instances.iter().map(|k| pairs(k.controls.len()).map(|(a, b)| (a, b, R::zero())).collect()).collect();
        Couplings { mutual }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        instance.controls.iter().map(|c| Local::Branch(*c)).collect()
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        self.mutual[i].iter().flat_map(|(a, b, _)| [(*a, *b), (*b, *a)]).collect()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (mutual, instance) in self.mutual.iter_mut().zip(instances) {
            let k = instance.params.real("k");
            let l = |n: usize| instance.controlled.get(n).map_or(0.0, |l| inductance(l, setting));
            for (a, b, m) in mutual {
                m.set_lane(lane, k * (l(*a) * l(*b)).sqrt());
            }
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        for &(a, b, m) in &self.mutual[i] {
            s.q(a, -(m * at.x(b)));
            s.q(b, -(m * at.x(a)));
            s.dq(a, b, -m);
            s.dq(b, a, -m);
        }
    }
}
