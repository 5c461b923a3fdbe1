//! One-shot pulse generator: a crossing of its input makes one pulse, on an output Q and its complement.
//!
//! With v = v(in+) − v(in−), an armed one-shot fires when v rises to vt (falls to it with `falling`); it arms again when
//! v has gone back by vh (both are located events). A pulse begins `delay` after it fires, ramps up in `rise`, stays
//! high for `width`, and ramps down in `fall`. Firing again before the pulse is over does nothing, or with `retrigger`
//! prolongs it as if the pulse began anew. Output branches, with currents i and ib (amperes):
//!
//! `v(out) − v(ref) − rout·i = vlow + (vhigh − vlow)·u(t)`, `v(outb) − v(ref) − rout·ib = vhigh − (vhigh − vlow)·u(t)`.
//!
//! At the operating point the one-shot is idle: u = 0, so `out` is low and `outb` high. An `outb` that is left out, or
//! tied to `ref`, is not driven.

use super::comparator::hysteresis_floor;
use super::ramp::Plans;
use super::*;
use crate::number::Mask;

const SPEC: DeviceSpec = DeviceSpec {
    name: "oneshot",
    letter: 'y',
    doc: "one-shot pulse generator triggered by a crossing, with output and complement",
    equations: "fires when v(in+,in-) crosses vt;  v(out,ref) = vlow + (vhigh − vlow)·u(t) + rout·i, \
                v(outb,ref) = vhigh − (vhigh − vlow)·u(t) + rout·ib;  u: 0, after delay up in rise, 1 for width, down in fall",
    terminals: &[
        Terminal { name: "in+", optional: false, doc: "positive input; carries no current" },
        Terminal { name: "in-", optional: false, doc: "negative input; carries no current" },
        Terminal { name: "out", optional: false, doc: "output: vlow when idle" },
        Terminal { name: "ref", optional: true, doc: "reference of the output levels; default ground" },
        Terminal {
            name: "outb",
            optional: true,
            doc: "complement of the output: vhigh when idle; not driven if left out",
        },
    ],
    // An outb at the reference is not driven, so it is no loop of voltages: it counts as a path that adjusts.
    connections: &[
        Connection::new(0, 1, Joins::Sense),
        Connection::new(2, 3, Joins::Voltage),
        Connection::new(4, 3, Joins::Conductive),
    ],
    instance: &[
        ParamSpec::real("vt", "V", 0.5, "trigger level of v(in+) − v(in-)"),
        ParamSpec::real("vh", "V", 1e-3, "how far the input must go back before it can fire again")
            .range(Range::NonNegative),
        ParamSpec::flag("falling", "fire when the input falls to vt instead of when it rises to it"),
        ParamSpec::real("delay", "s", 0.0, "time from the crossing to the start of the pulse")
            .range(Range::NonNegative)
            .alias(&["td"]),
        ParamSpec::real("width", "s", 1e-3, "time at vhigh").range(Range::NonNegative).alias(&["pw"]),
        ParamSpec::real("rise", "s", 1e-6, "rise time").range(Range::Positive).alias(&["tr"]),
        ParamSpec::real("fall", "s", 1e-6, "fall time").range(Range::Positive).alias(&["tf"]),
        ParamSpec::real("vlow", "V", 0.0, "output level when idle"),
        ParamSpec::real("vhigh", "V", 5.0, "output level during the pulse"),
        ParamSpec::real("rout", "Ω", 0.0, "output resistance; 0 is an ideal voltage").range(Range::NonNegative),
        ParamSpec::flag("retrigger", "a crossing during a pulse prolongs it instead of being ignored"),
    ],
    ..DeviceSpec::EMPTY
};

/// The one-shot pulse generator.
pub struct OneShot;

impl Kind for OneShot {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }
    fn examples(&self) -> Vec<Instance> {
        vec![
            Instance::example(&SPEC, &[("falling", 1.0), ("vlow", -1.0), ("vhigh", 2.0), ("rout", 20.0)]),
            Instance::example(&SPEC, &[("delay", 1e-3), ("retrigger", 1.0)]),
        ]
    }
    bank_builders!(OneShots);
}

const IN_P: usize = 0;
const IN_N: usize = 1;
const OUT: usize = 2;
const REF: usize = 3;
const OUT_B: usize = 4;
const BRANCH: usize = 5;
const BRANCH_B: usize = 6;

struct OneShots<R: Real> {
    threshold: Vec<R>,
    hysteresis: Vec<R>,
    /// +1 where a rising input fires, −1 where a falling one does.
    sign: Vec<R>,
    delay: Vec<R>,
    width: Vec<R>,
    rise: Vec<R>,
    fall: Vec<R>,
    vlow: Vec<R>,
    vhigh: Vec<R>,
    rout: Vec<R>,
    retrigger: Vec<R>,
    /// 1 in lanes that are armed, else 0.
    armed: Vec<R>,
    /// The end of the pulse under way or on its way.
    busy_until: Vec<R>,
    complement: Vec<bool>,
    /// Is there an output resistance? Fixed by structure, not by lane.
    has_rout: Vec<bool>,
    output: Plans<R>,
}

impl<R: Real> OneShots<R> {
    #[inline(always)]
    fn is(flag: R) -> R::Mask {
        flag.gt(R::splat(0.5))
    }
    /// The input beyond the trigger level, positive on the side to which it fires.
    fn beyond(&self, i: usize, at: &At<'_, R>) -> R {
        self.sign[i] * (at.v(IN_P, IN_N) - self.threshold[i])
    }
    fn fire(&mut self, i: usize, lane: usize, t: f64) {
        if t < self.busy_until[i].lane(lane) && !Self::is(self.retrigger[i]).lane(lane) {
            return;
        }
        let (rise, fall) = (self.rise[i].lane(lane), self.fall[i].lane(lane));
        let start = t + self.delay[i].lane(lane);
        let end = start + rise + self.width[i].lane(lane);
        self.output.go_to(i, lane, start, 1.0, rise, fall);
        self.output.go_to(i, lane, end, 0.0, rise, fall);
        self.busy_until[i].set_lane(lane, end + fall);
    }
}

impl<R: Real> Element<R> for OneShots<R> {
    const LINEAR: bool = true;
    const BREAKPOINTS: bool = true;
    const CROSSINGS: usize = 1;
    const SENSES: Option<(usize, usize)> = Some((IN_P, IN_N));
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        OneShots {
            threshold: zeros(),
            hysteresis: zeros(),
            sign: zeros(),
            delay: zeros(),
            width: zeros(),
            rise: zeros(),
            fall: zeros(),
            vlow: zeros(),
            vhigh: zeros(),
            rout: zeros(),
            retrigger: zeros(),
            armed: zeros(),
            busy_until: zeros(),
            complement: instances.iter().map(|n| n.nodes.get(OUT_B) != n.nodes.get(REF)).collect(),
            has_rout: instances.iter().map(|i| i.params.real("rout") != 0.0).collect(),
            output: Plans::new(instances.len()),
        }
    }

    fn locals(&self, i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(Local::OwnBranch(UnknownSpec::CURRENT));
        if self.complement[i] {
            locals.push(Local::Internal { name: "ib", spec: UnknownSpec::CURRENT });
        }
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let outputs = [(OUT, BRANCH), (OUT_B, BRANCH_B)];
        let present = &outputs[..if self.complement[i] { 2 } else { 1 }];
        let mut entries = Vec::new();
        for (out, branch) in present.iter().copied() {
            entries.extend([(out, branch), (REF, branch), (branch, out), (branch, REF)]);
            entries.extend(self.has_rout[i].then_some((branch, branch)));
        }
        entries
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let p = &instance.params;
            let vt = p.real("vt");
            self.threshold[i].set_lane(lane, vt);
            self.hysteresis[i].set_lane(lane, p.real("vh").max(hysteresis_floor(vt)));
            self.sign[i].set_lane(lane, if p.flag("falling") { -1.0 } else { 1.0 });
            self.delay[i].set_lane(lane, p.real("delay"));
            self.width[i].set_lane(lane, p.real("width"));
            self.rise[i].set_lane(lane, p.real("rise"));
            self.fall[i].set_lane(lane, p.real("fall"));
            self.vlow[i].set_lane(lane, p.real("vlow"));
            self.vhigh[i].set_lane(lane, p.real("vhigh"));
            self.rout[i].set_lane(lane, p.real("rout"));
            self.retrigger[i].set_lane(lane, f64::from(u8::from(p.flag("retrigger"))));
        }
    }

    fn reset(&mut self, lane: usize) {
        for i in 0..self.armed.len() {
            self.armed[i].set_lane(lane, 1.0);
            // No pulse can be under way before the start.
            self.busy_until[i].set_lane(lane, 0.0);
            self.output.hold(i, lane, 0.0);
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        // Nothing lasts: a start arms it unless its input is beyond the level, and no pulse is under way.
        if fields.time_goes_on() {
            fields.flag("armed", &mut self.armed[i]);
            fields.number("busy_until", &mut self.busy_until[i], "a time", |_| true);
            self.output.state(i, fields);
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let u = self.output.level(i, at.t());
        let swing = self.vhigh[i] - self.vlow[i];
        let mut output = |out: usize, branch: usize, level: R| {
            let current = at.x(branch);
            s.current(out, REF, current);
            s.df(out, branch, R::one());
            s.df(REF, branch, -R::one());
            // Between its events the output is a source like any other, so source stepping scales it too.
            s.f(branch, at.v(out, REF) - self.rout[i] * current - level * at.cx.source_scale);
            s.df(branch, out, R::one());
            s.df(branch, REF, -R::one());
            if self.has_rout[i] {
                s.df(branch, branch, -self.rout[i]);
            }
        };
        output(OUT, BRANCH, self.vlow[i] + swing * u);
        if self.complement[i] {
            output(OUT_B, BRANCH_B, self.vhigh[i] - swing * u);
        }
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        self.output.next_corner(i, t)
    }

    fn crossings(&self, i: usize, at: &At<'_, R>, out: &mut [R]) {
        let beyond = self.beyond(i, at);
        out[0] = R::select(Self::is(self.armed[i]), beyond, -beyond - self.hysteresis[i]);
    }

    fn plans(&self, i: usize) -> &'static [usize] {
        if self.complement[i] { &[OUT, OUT_B] } else { &[OUT] }
    }

    fn planned(&self, i: usize, terminal: usize, lane: usize, t: f64) -> Planned {
        let (now, until, then) = self.output.ahead(i, lane, t);
        let (low, high) = (self.vlow[i].lane(lane), self.vhigh[i].lane(lane));
        let volts = |u: f64| if terminal == OUT { low + (high - low) * u } else { high - (high - low) * u };
        Planned { now: volts(now), until, then: volts(then) }
    }

    fn on_event(&mut self, i: usize, _k: usize, at: &At<'_, R>, mask: R::Mask) -> Discontinuity {
        let armed = Self::is(self.armed[i]);
        for lane in (0..R::LANES).filter(|lane| mask.lane(*lane)) {
            if armed.lane(lane) {
                self.fire(i, lane, at.t().lane(lane));
            }
        }
        self.armed[i] = R::select(mask, R::one() - self.armed[i], self.armed[i]);
        Discontinuity::Slope
    }

    fn settle(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) -> R::Mask {
        // A level that is there from the start is no crossing: it disarms without firing.
        let below = self.beyond(i, at).lt(R::zero());
        let armed = Self::is(self.armed[i]);
        let change = mask & ((armed & !below) | (!armed & below));
        self.armed[i] = R::select(change, R::one() - self.armed[i], self.armed[i]);
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

    const TIMES: [(&str, f64); 6] =
        [("vt", 1.0), ("vh", 0.5), ("delay", 2.0), ("width", 3.0), ("rise", 1.0), ("fall", 2.0)];

    fn bench(more: &[(&str, f64)]) -> Bench<f64> {
        let params: Vec<_> = TIMES.iter().chain(more).copied().collect();
        let instance = Instance { nodes: vec![1, 0, 2, 0, 3], ..Instance::example(&SPEC, &params) };
        Bench::new(&OneShot, vec![instance])
    }
    fn q(b: &Bench<f64>, t: f64) -> f64 {
        -b.residual("i(y1)", t)
    }
    fn not_q(b: &Bench<f64>, t: f64) -> f64 {
        -b.residual("y1#ib", t)
    }
    /// Fires at t, and arms again at once.
    fn fire(b: &mut Bench<f64>, t: f64) {
        b.set("v(1)", 1.0);
        assert!(b.crossing(0) >= 0.0);
        b.event(0, t, true);
        assert!(b.crossing(0) < 0.0);
        b.set("v(1)", 0.5);
        assert!(b.crossing(0) >= 0.0);
        b.event(0, t, true);
        assert!(b.crossing(0) < 0.0);
    }
    fn corners(b: &mut Bench<f64>, mut t: f64) -> Vec<f64> {
        let mut out = Vec::new();
        while b.breakpoint(t).is_finite() {
            t = b.breakpoint(t);
            b.accept(t, true);
            out.push(t);
        }
        out
    }

    #[test]
    fn one_pulse_and_its_complement() {
        let mut b = bench(&[]);
        assert_eq!((q(&b, 0.0), not_q(&b, 0.0)), (0.0, 5.0));
        fire(&mut b, 10.0);
        assert_eq!((q(&b, 12.5), not_q(&b, 12.5)), (2.5, 2.5));
        assert_eq!((q(&b, 14.0), not_q(&b, 14.0)), (5.0, 0.0));
        assert_eq!((q(&b, 17.0), not_q(&b, 17.0)), (2.5, 2.5));
        assert_eq!(corners(&mut b, 10.0), [12.0, 13.0, 16.0, 18.0]);
        assert_eq!((q(&b, 18.0), not_q(&b, 18.0)), (0.0, 5.0));
    }

    #[test]
    fn a_busy_one_shot_ignores_or_prolongs() {
        let mut b = bench(&[]);
        fire(&mut b, 10.0);
        fire(&mut b, 13.0);
        assert_eq!(corners(&mut b, 13.0), [16.0, 18.0]);
        fire(&mut b, 18.0);
        assert_eq!(corners(&mut b, 18.0), [20.0, 21.0, 24.0, 26.0]);

        let mut b = bench(&[("retrigger", 1.0)]);
        fire(&mut b, 10.0);
        b.accept(12.0, true);
        b.accept(13.0, true);
        fire(&mut b, 13.5);
        assert_eq!(q(&b, 17.0), 5.0);
        assert_eq!(q(&b, 20.5), 2.5);
        assert_eq!(corners(&mut b, 13.5).last(), Some(&21.5));
    }

    #[test]
    fn falling_trigger_and_a_level_present_at_the_start() {
        let mut b = bench(&[("falling", 1.0)]);
        b.set("v(1)", 1.2);
        assert!(b.crossing(0) < 0.0);
        b.set("v(1)", 0.9);
        assert!(b.crossing(0) > 0.0);
        // At the operating point the low level disarms: nothing fires until the input has been high again.
        assert!(b.settle(0.0, true));
        assert!(!b.settle(0.0, true));
        assert!(b.crossing(0) < 0.0);
        assert_eq!(b.breakpoint(0.0), f64::INFINITY);
        b.set("v(1)", 1.5);
        b.event(0, 1.0, true);
        assert_eq!(b.breakpoint(1.0), f64::INFINITY);
        b.set("v(1)", 1.0);
        b.event(0, 5.0, true);
        assert_eq!(b.breakpoint(5.0), 7.0);
    }

    #[test]
    fn lanes_fire_alone() {
        let instance = Instance { nodes: vec![1, 0, 2, 0, 0], ..Instance::example(&SPEC, &TIMES) };
        let mut b = Bench::<Lanes<4>>::new(&OneShot, vec![instance]);
        b.set_lanes("v(1)", Lanes([0.0, 1.0, 0.0, 2.0]));
        assert_eq!(b.crossing_lanes(0), Lanes([-1.0, 0.0, -1.0, 1.0]));
        let mut mask = <Lanes<4> as Real>::Mask::splat(false);
        mask.set_lane(1, true);
        b.event(0, 1.0, mask);
        assert_eq!(b.breakpoint_lanes(Lanes([1.0; 4])), Lanes([f64::INFINITY, 3.0, f64::INFINITY, f64::INFINITY]));
        assert_eq!(b.crossing_lanes(0), Lanes([-1.0, -0.5, -1.0, 1.0]));
        assert_eq!(b.residual_lanes("i(y1)", Lanes([5.0; 4])), Lanes([0.0, -5.0, 0.0, 0.0]));
    }
}
