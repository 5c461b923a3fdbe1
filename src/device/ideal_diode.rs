//! Idealised diode, as LTspice has it: straight lines, and parabolas between them.
//!
//! With v the voltage (V), the part of the current above the line of the off state at a threshold V₀, of slope g (S), rounded
//! over ε (V) from the threshold on:
//!
//! ```text
//! F(u) = 0 for u <= 0,  g·u²/(2·ε) up to ε,  g·(u − ε/2) above;   with a limit I:  I·tanh(F/I)
//! i = v/roff + F(v − vfwd; 1/ron − 1/roff, epsilon, ilimit) − F(−v − vrev; 1/rrev − 1/roff, revepsilon, revilimit)
//! ```
//!
//! Source: the LTspice manual, section "D. Diode" (which parameters there are, what they mean, that the limit is a tanh). It does not
//! say where the parabola lies; here, as in ngspice's code model `sidiode`, it begins at the threshold.

use super::junction::times;
use super::*;
use crate::number::Mask;

const SPEC: DeviceSpec = DeviceSpec {
    name: "ideal_diode",
    letter: 'd',
    doc: "idealised diode of straight lines; a .model of type d is one if it gives ron, roff, vfwd, vrev or rrev",
    equations: "i = v/roff + F(v − vfwd, ron) − F(−v − vrev, rrev)\n\
                F(u, r) = g·u²/(2·ε) for 0 < u < ε, g·(u − ε/2) above, g = 1/r − 1/roff\n\
                with a limit I: I·tanh(F/I)",
    terminals: &[
        Terminal { name: "a", optional: false, doc: "anode" },
        Terminal { name: "c", optional: false, doc: "cathode" },
    ],
    model: ModelUse::Required,
    model_types: &["d"],
    model_marks: &["ron", "roff", "vfwd", "vrev", "rrev"],
    positional: &["area"],
    instance: &[
        ParamSpec::real("area", "", 1.0, "area factor").range(Range::Positive),
        ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
    ],
    model_params: &[
        ParamSpec::real("ron", "Ω", 1.0, "resistance in forward conduction").range(Range::Positive),
        ParamSpec::optional("roff", "Ω", "resistance when off; default: 1/gmin").range(Range::Positive),
        ParamSpec::real("vfwd", "V", 0.0, "forward threshold"),
        ParamSpec::optional("vrev", "V", "reverse breakdown voltage; not given: no breakdown")
            .range(Range::NonNegative),
        ParamSpec::optional("rrev", "Ω", "resistance in breakdown; default: ron").range(Range::Positive),
        ParamSpec::optional("ilimit", "A", "limit of the forward current; not given: none").range(Range::Positive),
        ParamSpec::optional("revilimit", "A", "limit of the reverse current; not given: none").range(Range::Positive),
        ParamSpec::real("epsilon", "V", 0.0, "width of the forward corner").range(Range::NonNegative),
        ParamSpec::real("revepsilon", "V", 0.0, "width of the reverse corner").range(Range::NonNegative),
    ],
    ..DeviceSpec::EMPTY
};

/// Stands for a breakdown that is never reached and a limit that never acts.
const NEVER: f64 = 1e30;
/// A corner is at least this wide, V: a slope that jumps would keep Newton's method from converging on it.
const LEAST_CORNER: f64 = 1e-6;

/// The idealised diode.
pub struct IdealDiode;

impl Kind for IdealDiode {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        let zener: &[(&str, f64)] =
            &[("ron", 0.1), ("roff", 1e6), ("vfwd", 0.6), ("vrev", 5.0), ("rrev", 0.2), ("epsilon", 0.1)];
        let limits: &[(&str, f64)] = &[("ilimit", 1.0), ("revilimit", 2.0), ("vrev", 3.0), ("revepsilon", 0.2)];
        vec![
            Instance::example(&SPEC, &[]).with_model(&SPEC, "d", &[]),
            Instance::example(&SPEC, &[("area", 2.0), ("m", 3.0)]).with_model(&SPEC, "d", zener),
            Instance::example(&SPEC, &[]).with_model(&SPEC, "d", limits),
        ]
    }
    bank_builders!(IdealDiodes);
}

/// What one side adds to the line of the off state.
#[derive(Debug, Clone, Copy, Default)]
struct Side<R> {
    threshold: R,
    slope: R,
    corner: R,
    limit: R,
}

impl<R: Real> Side<R> {
    /// F at u beyond the threshold, with its derivative.
    #[inline(always)]
    fn current(&self, v: Dual<R, 1>) -> Dual<R, 1> {
        let u = v - Dual::constant(self.threshold);
        let on = u.v.gt(R::zero());
        if !on.any() {
            return Dual::zero();
        }
        let u = u.max(Dual::zero());
        let bent = u.min(Dual::constant(self.corner));
        let rest = u - bent;
        let line = times(times(bent * bent, R::splat(0.5) / self.corner) + rest, self.slope);
        let limited = self.limit.lt(R::splat(NEVER));
        if !limited.any() {
            return line;
        }
        Dual::select(limited, times(times(line, R::one() / self.limit).tanh(), self.limit), line)
    }
}

struct IdealDiodes<R> {
    off: Vec<R>,
    forward: Vec<Side<R>>,
    reverse: Vec<Side<R>>,
}

impl<R: Real> Element<R> for IdealDiodes<R> {
    fn new(instances: &[Arc<Instance>]) -> Self {
        let sides = || vec![Side::default(); instances.len()];
        IdealDiodes { off: vec![R::zero(); instances.len()], forward: sides(), reverse: sides() }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        instance.nodes.iter().map(|n| Local::Node(*n)).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(0, 0), (0, 1), (1, 0), (1, 1)]
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (k, instance) in instances.iter().enumerate() {
            let Some(model) = &instance.model else { continue };
            let model = &model.params;
            let size = instance.params.real("area") * instance.params.real("m");
            // Without a resistance of its own only gmin is left of the off state, as of other junctions.
            let off = model.number("roff").map_or(0.0, |r| size / r);
            let ron = model.real("ron");
            self.off[k].set_lane(lane, off);
            let set = |side: &mut Side<R>, threshold: f64, r: f64, corner: &str, limit: &str| {
                side.threshold.set_lane(lane, threshold);
                side.slope.set_lane(lane, (size / r - off).max(0.0));
                side.corner.set_lane(lane, model.real(corner).max(LEAST_CORNER));
                side.limit.set_lane(lane, model.number(limit).map_or(NEVER, |i| i * size));
            };
            let rrev = model.number("rrev").unwrap_or(ron);
            set(&mut self.forward[k], model.real("vfwd"), ron, "epsilon", "ilimit");
            set(&mut self.reverse[k], model.number("vrev").unwrap_or(NEVER), rrev, "revepsilon", "revilimit");
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let v = Dual::variable(at.v(0, 1), 0);
        let line = times(v, self.off[i] + at.cx.gmin);
        let current = line + self.forward[i].current(v) - self.reverse[i].current(-v);
        s.current_of(0, 1, current, [(0, 1)]);
    }
}
