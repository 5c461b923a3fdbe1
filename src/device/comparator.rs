//! Comparator with hysteresis, a transport delay and ramped edges.
//!
//! With v = v(in+) − v(in−): the state goes high when v rises to vt + vh and low when v falls to vt − vh (located
//! events). A time td after each change the output voltage begins its ramp to the new level; a full swing takes `rise`
//! or `fall`, and a ramp that is turned back half-way takes half of it. The output branch, with its current i (amperes,
//! from `out` through the device to `ref`):
//!
//! `f(out) += i, f(ref) −= i, f(branch) = v(out) − v(ref) − rout·i − (vlow + (vhigh − vlow)·u(t))`, u from 0 to 1.
//!
//! The delay is a pure transport delay: every transition reaches the output, however many are on their way.

use super::ramp::Plans;
use super::*;
use crate::number::Mask;

const SPEC: DeviceSpec = DeviceSpec {
    name: "comparator",
    letter: 'y',
    doc: "comparator with hysteresis, delay and ramped output",
    equations: "state high when v(in+,in-) ≥ vt + vh, low when ≤ vt − vh;  v(out,ref) = vlow + (vhigh − vlow)·u(t) + rout·i, \
                u ramps to 1 or 0 in rise or fall, td after the state",
    terminals: &[
        Terminal { name: "in+", optional: false, doc: "positive input; carries no current" },
        Terminal { name: "in-", optional: false, doc: "negative input; carries no current" },
        Terminal { name: "out", optional: false, doc: "output" },
        Terminal { name: "ref", optional: true, doc: "reference of the output levels; default ground" },
    ],
    connections: &[Connection::new(0, 1, Joins::Sense), Connection::new(2, 3, Joins::Voltage)],
    instance: &[
        ParamSpec::real("vt", "V", 0.0, "threshold (offset) of v(in+) − v(in-)"),
        ParamSpec::real("vh", "V", 1e-3, "hysteresis: the state changes at vt ± vh").range(Range::NonNegative),
        ParamSpec::real("vlow", "V", 0.0, "output level of the low state"),
        ParamSpec::real("vhigh", "V", 5.0, "output level of the high state"),
        ParamSpec::real("td", "s", 0.0, "delay from the crossing to the start of the output's ramp")
            .range(Range::NonNegative)
            .alias(&["delay"]),
        ParamSpec::real("rise", "s", 1e-6, "time of a full swing upwards").range(Range::Positive).alias(&["tr"]),
        ParamSpec::real("fall", "s", 1e-6, "time of a full swing downwards").range(Range::Positive).alias(&["tf"]),
        ParamSpec::real("rout", "Ω", 0.0, "output resistance; 0 is an ideal voltage").range(Range::NonNegative),
    ],
    ..DeviceSpec::EMPTY
};

/// The comparator.
pub struct Comparator;

impl Kind for Comparator {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        vec![
            Instance::example(&SPEC, &[]),
            Instance::example(&SPEC, &[("vt", 0.4), ("vh", 0.1), ("vlow", 1.0), ("vhigh", -1.0), ("rout", 50.0)]),
        ]
    }
    bank_builders!(Comparators);
}

/// The smallest distance of a threshold from the middle: right after its own event a crossing function must be below
/// zero, also with no hysteresis. A millionth of the usual voltage tolerance and of the threshold.
pub(super) fn hysteresis_floor(threshold: f64) -> f64 {
    1e-12 + 1e-9 * threshold.abs()
}

const IN_P: usize = 0;
const IN_N: usize = 1;
const OUT: usize = 2;
const REF: usize = 3;
const BRANCH: usize = 4;

struct Comparators<R: Real> {
    upper: Vec<R>,
    lower: Vec<R>,
    vlow: Vec<R>,
    swing: Vec<R>,
    delay: Vec<R>,
    rise: Vec<R>,
    fall: Vec<R>,
    rout: Vec<R>,
    /// Is there an output resistance? Fixed by structure, not by lane.
    has_rout: Vec<bool>,
    /// 1 in lanes whose state is high, else 0.
    high: Vec<R>,
    output: Plans<R>,
}

impl<R: Real> Comparators<R> {
    fn is_high(&self, i: usize) -> R::Mask {
        self.high[i].gt(R::splat(0.5))
    }
}

impl<R: Real> Element<R> for Comparators<R> {
    const LINEAR: bool = true;
    const BREAKPOINTS: bool = true;
    const CROSSINGS: usize = 1;
    const SENSES: Option<(usize, usize)> = Some((IN_P, IN_N));
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        Comparators {
            upper: zeros(),
            lower: zeros(),
            vlow: zeros(),
            swing: zeros(),
            delay: zeros(),
            rise: zeros(),
            fall: zeros(),
            rout: zeros(),
            has_rout: instances.iter().map(|i| i.params.real("rout") != 0.0).collect(),
            high: zeros(),
            output: Plans::new(instances.len()),
        }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let branch = Local::OwnBranch(UnknownSpec::CURRENT);
        instance.nodes.iter().map(|n| Local::Node(*n)).chain([branch]).collect()
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let mut entries = vec![(OUT, BRANCH), (REF, BRANCH), (BRANCH, OUT), (BRANCH, REF)];
        entries.extend(self.has_rout[i].then_some((BRANCH, BRANCH)));
        entries
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let p = &instance.params;
            let vt = p.real("vt");
            let vh = p.real("vh").max(hysteresis_floor(vt));
            self.upper[i].set_lane(lane, vt + vh);
            self.lower[i].set_lane(lane, vt - vh);
            self.vlow[i].set_lane(lane, p.real("vlow"));
            self.swing[i].set_lane(lane, p.real("vhigh") - p.real("vlow"));
            self.delay[i].set_lane(lane, p.real("td"));
            self.rise[i].set_lane(lane, p.real("rise"));
            self.fall[i].set_lane(lane, p.real("fall"));
            self.rout[i].set_lane(lane, p.real("rout"));
        }
    }

    fn reset(&mut self, lane: usize) {
        for i in 0..self.high.len() {
            self.high[i].set_lane(lane, 0.0);
            self.output.hold(i, lane, 0.0);
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        fields.flag("high", &mut self.high[i]);
        if fields.time_goes_on() {
            self.output.state(i, fields);
        } else {
            // A ramp that was on its way has arrived.
            let lane = fields.lane();
            self.output.hold(i, lane, self.high[i].lane(lane));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let current = at.x(BRANCH);
        s.current(OUT, REF, current);
        s.df(OUT, BRANCH, R::one());
        s.df(REF, BRANCH, -R::one());
        // Between its events the output is a source like any other, so source stepping scales it too.
        let e = (self.vlow[i] + self.swing[i] * self.output.level(i, at.t())) * at.cx.source_scale;
        s.f(BRANCH, at.v(OUT, REF) - self.rout[i] * current - e);
        s.df(BRANCH, OUT, R::one());
        s.df(BRANCH, REF, -R::one());
        if self.has_rout[i] {
            s.df(BRANCH, BRANCH, -self.rout[i]);
        }
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        self.output.next_corner(i, t)
    }

    fn crossings(&self, i: usize, at: &At<'_, R>, out: &mut [R]) {
        let v = at.v(IN_P, IN_N);
        out[0] = R::select(self.is_high(i), self.lower[i] - v, v - self.upper[i]);
    }

    fn plans(&self, _i: usize) -> &'static [usize] {
        &[OUT]
    }

    fn planned(&self, i: usize, _terminal: usize, lane: usize, t: f64) -> Planned {
        let (now, until, then) = self.output.ahead(i, lane, t);
        let volts = |u: f64| self.vlow[i].lane(lane) + self.swing[i].lane(lane) * u;
        Planned { now: volts(now), until, then: volts(then) }
    }

    fn on_event(&mut self, i: usize, _k: usize, at: &At<'_, R>, mask: R::Mask) -> Discontinuity {
        let high = self.is_high(i);
        for lane in (0..R::LANES).filter(|lane| mask.lane(*lane)) {
            let target = if high.lane(lane) { 0.0 } else { 1.0 };
            self.high[i].set_lane(lane, target);
            let start = at.t().lane(lane) + self.delay[i].lane(lane);
            self.output.go_to(i, lane, start, target, self.rise[i].lane(lane), self.fall[i].lane(lane));
        }
        Discontinuity::Slope
    }

    fn settle(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) -> R::Mask {
        let v = at.v(IN_P, IN_N);
        let high = self.is_high(i);
        let change = mask & ((high & v.le(self.lower[i])) | (!high & v.ge(self.upper[i])));
        for lane in (0..R::LANES).filter(|lane| change.lane(*lane)) {
            let level = if high.lane(lane) { 0.0 } else { 1.0 };
            self.high[i].set_lane(lane, level);
            self.output.hold(i, lane, level);
        }
        change
    }

    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        self.output.advance(i, at.t(), mask);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testbench::Bench;
    use super::*;
    use crate::number::Lanes;

    fn instance(params: &[(&str, f64)]) -> Instance {
        Instance { nodes: vec![1, 0, 2, 0], ..Instance::example(&SPEC, params) }
    }

    #[test]
    fn crossing_delay_ramp_and_return() {
        let params = [("vt", 1.0), ("vh", 0.25), ("td", 2.0), ("rise", 1.0), ("fall", 4.0), ("vhigh", 3.0)];
        let mut b = Bench::<f64>::new(&Comparator, vec![instance(&params)]);
        let out = |b: &Bench<f64>, t: f64| -b.residual("i(y1)", t);
        b.set("v(1)", 1.0);
        assert!(b.crossing(0) < 0.0);
        b.set("v(1)", 1.25);
        assert_eq!(b.crossing(0), 0.0);
        assert_eq!(b.event(0, 10.0, true), Discontinuity::Slope);
        // The same crossing cannot fire again: only the way down counts now.
        assert!(b.crossing(0) < 0.0);
        assert_eq!(b.breakpoint(10.0), 12.0);
        assert_eq!(out(&b, 12.0), 0.0);
        b.accept(12.0, true);
        assert_eq!(out(&b, 12.5), 1.5);
        assert_eq!(b.breakpoint(12.0), 13.0);
        b.accept(13.0, true);
        assert_eq!(out(&b, 13.0), 3.0);
        assert_eq!(b.breakpoint(13.0), f64::INFINITY);
        b.set("v(1)", 0.75);
        assert_eq!(b.crossing(0), 0.0);
        b.event(0, 20.0, true);
        b.accept(22.0, true);
        assert_eq!(out(&b, 24.0), 1.5);
        assert_eq!(out(&b, 40.0), 0.0);
    }

    #[test]
    fn zero_hysteresis_still_reads_below_zero_after_its_event() {
        let mut b = Bench::<f64>::new(&Comparator, vec![instance(&[("vt", 2.0), ("vh", 0.0)])]);
        let v = 2.0 + hysteresis_floor(2.0);
        b.set("v(1)", v);
        assert!(b.crossing(0) >= 0.0);
        b.event(0, 0.0, true);
        assert!(b.crossing(0) < 0.0);
    }

    #[test]
    fn settles_lane_by_lane_and_answers_through_its_resistance() {
        let mut b = Bench::<Lanes<4>>::new(&Comparator, vec![instance(&[("vt", 0.0), ("rout", 10.0)])]);
        b.set_lanes("v(1)", Lanes([1.0, -1.0, 1.0, 0.0]));
        let mut mask = <Lanes<4> as Real>::Mask::splat(true);
        mask.set_lane(2, false);
        let changed = b.settle(0.0, mask);
        assert_eq!([0, 1, 2, 3].map(|l| changed.lane(l)), [true, false, false, false]);
        b.set("v(2)", 0.0);
        b.set("i(y1)", 0.1);
        let r = b.residual_lanes("i(y1)", Lanes([0.0; 4]));
        assert_eq!(r, Lanes([-6.0, -1.0, -1.0, -1.0]));
        assert!(!b.settle(0.0, mask).any());
    }
}
