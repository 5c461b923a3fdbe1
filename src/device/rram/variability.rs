//! What differs from device to device and from cycle to cycle.
//!
//! A switching event begins where x has come back from its extreme by `xswitch`: a read or a change of sign of V moves
//! nothing, so neither is one. At the beginning of a SET the parameters of the next RESET are drawn (vreset, xmax), at
//! the beginning of a RESET those of the next SET (vset): each while it is not in use, so that nothing jumps. The
//! cross-section is in use always. It goes from its old value to a newly drawn one while x goes from where the event
//! began to the end of its range: the current stays continuous, and a device that returns half-way finds its way back.
//!
//! With z standard normal: ln s, ln vset, ln vreset get σ·z, xmax gets σ·z. Draws are keyed by (seed, run, instance,
//! purpose, number of the event), so that one spread set to 0 leaves the others' draws as they are.

use super::equations::Law;
use super::*;
use crate::number::{Mask, Stream, StreamKey, exp};

/// What is drawn, in the order of [`Law::cycle`].
const DRAWN: [&str; 4] = ["s", "vset", "vreset", "xmax"];
const S: usize = 0;
const VSET: usize = 1;
const VRESET: usize = 2;
const XMAX: usize = 3;

/// The cross-section changes over at least this distance, m: a jump would be no better than a step.
const SHORTEST_WAY: f64 = 0.1e-9;

/// The random streams of one instance in one lane.
#[derive(Debug, Clone, Default)]
pub(super) struct Source(Option<(StreamKey, String)>);

impl Source {
    pub fn new(instance: &Instance, setting: &Setting) -> Self {
        Source(Some((setting.seed, instance.name.clone())))
    }

    /// The stream for one purpose; `None` before the instance is known.
    pub fn stream(&self, purpose: &str) -> Option<Stream> {
        self.0.as_ref().map(|(key, name)| Stream::new(*key, name, purpose))
    }

    /// Standard normal; 0 where nothing is to be drawn.
    fn normal(&self, what: &str, quantity: usize, spread: f64, event: u64) -> f64 {
        if spread == 0.0 {
            return 0.0;
        }
        self.stream(&format!("rram {what} {}", DRAWN[quantity])).map_or(0.0, |s| s.normal(event))
    }

    /// The law of this very device.
    pub fn of_device(&self, mut law: Law) -> Law {
        let z: [f64; 4] = std::array::from_fn(|q| law.device[q] * self.normal("device", q, law.device[q], 0));
        law.s *= exp(z[S]);
        law.set[0] *= exp(z[VSET]);
        law.reset[0] *= exp(z[VRESET]);
        law.xmax = held_xmax(&law, law.xmax + z[XMAX]);
        law
    }
}

/// A drawn xmax that leaves a range to switch in, and a filament.
fn held_xmax(law: &Law, xmax: f64) -> f64 {
    xmax.clamp(law.xmin + law.dw, 0.95 * law.tox)
}

/// Where an instance is in its cycles, and what this cycle has drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Cycles<R> {
    /// 1 in lanes with any variability, else 0.
    active: R,
    xswitch: R,
    xmin: R,
    /// The device's own cross-section, m².
    s: R,
    /// In force now: m/s, m/s, m.
    vset: R,
    vreset: R,
    xmax: R,
    /// By lane: the law that draws start from.
    laws: Vec<Law>,
    /// +1 while x last rose (RESET), −1 while it fell (SET), 0 at the very beginning.
    phase: R,
    /// The farthest x in this phase, m.
    extreme: R,
    /// Switching events so far.
    count: R,
    /// Standard normal numbers behind vset, vreset, xmax.
    z: [R; 4],
    /// The cross-section over the device's own goes from `from` at `x_from` to `to`, as x goes 1/`slope` further.
    from: R,
    to: R,
    x_from: R,
    slope: R,
}

impl<R: Real> Cycles<R> {
    /// Takes the parameters of one lane; where it is in its cycles stays.
    pub fn load(&mut self, lane: usize, law: &Law) {
        self.laws.resize(R::LANES, Law::default());
        let moves = law.plasticity > 0.5 && law.cycle.iter().any(|s| *s > 0.0);
        self.active.set_lane(lane, if moves { 1.0 } else { 0.0 });
        self.xswitch.set_lane(lane, law.xswitch);
        self.xmin.set_lane(lane, law.xmin);
        self.s.set_lane(lane, law.s);
        self.laws[lane] = law.clone();
        self.put_in_force(lane);
    }

    /// vset, vreset and xmax as drawn.
    fn put_in_force(&mut self, lane: usize) {
        let Some(law) = self.laws.get(lane) else { return };
        let shift = |q: usize| law.cycle[q] * self.z[q].lane(lane);
        self.vset.set_lane(lane, law.set[0] * exp(shift(VSET)));
        self.vreset.set_lane(lane, law.reset[0] * exp(shift(VRESET)));
        self.xmax.set_lane(lane, held_xmax(law, law.xmax + shift(XMAX)));
    }

    /// Draws a quantity for the event that has this number.
    fn draw(&mut self, lane: usize, quantity: usize, event: u64, source: &Source) {
        let spread = self.laws.get(lane).map_or(0.0, |l| l.cycle[quantity]);
        self.z[quantity].set_lane(lane, source.normal("cycle", quantity, spread, event));
    }

    /// Back to the first cycle.
    pub fn rewind(&mut self, lane: usize, source: &Source) {
        for quantity in 0..DRAWN.len() {
            self.draw(lane, quantity, 0, source);
        }
        self.put_in_force(lane);
        let factor = exp(self.laws.get(lane).map_or(0.0, |l| l.cycle[S]) * self.z[S].lane(lane));
        for (to, value) in [
            (&mut self.phase, 0.0),
            (&mut self.extreme, 0.0),
            (&mut self.count, 0.0),
            (&mut self.from, factor),
            (&mut self.to, factor),
            (&mut self.x_from, 0.0),
            (&mut self.slope, 0.0),
        ] {
            to.set_lane(lane, value);
        }
    }

    /// Where the device is in its cycles, and its present filament, last beyond a run.
    pub fn state(&mut self, fields: &mut StateFields<'_>) {
        let finite = |_: f64| true;
        fields.number("phase", &mut self.phase, "-1, 0 or 1", |x| [-1.0, 0.0, 1.0].contains(&x));
        fields.number("extreme", &mut self.extreme, "a thickness in m", finite);
        fields.number("events", &mut self.count, "a whole number from 0 on", |x| x >= 0.0 && x == x.trunc());
        fields.numbers("drawn", &mut self.z);
        fields.number("s_from", &mut self.from, "a positive number", |x| x > 0.0);
        fields.number("s_to", &mut self.to, "a positive number", |x| x > 0.0);
        fields.number("x_from", &mut self.x_from, "a thickness in m", finite);
        fields.number("s_slope", &mut self.slope, "a number in 1/m", finite);
        self.put_in_force(fields.lane());
    }

    /// Prefactors of SET and RESET, m/s, and the end of RESET, m.
    #[inline(always)]
    pub fn speeds(&self) -> (R, R, R) {
        (self.vset, self.vreset, self.xmax)
    }

    /// The cross-section at x, m², and its slope, m.
    #[inline(always)]
    pub fn area(&self, x: R) -> (R, R) {
        let way = (x - self.x_from) * self.slope;
        let (on, off) = (way.gt(R::zero()), way.ge(R::one()));
        let part = R::select(off, R::one(), R::select(on, way, R::zero()));
        let change = self.to - self.from;
        let slope = R::select(on & !off, change * self.slope, R::zero());
        (self.s * (self.from + change * part), self.s * slope)
    }

    /// Rises through 0 where a switching event begins.
    #[inline(always)]
    pub fn crossing(&self, x: R) -> R {
        let g = self.phase * (self.extreme - x) / self.xswitch - 1.0;
        R::select(self.active.gt(R::zero()), g, R::splat(-1.0))
    }

    /// A switching event begins at x.
    pub fn turn(&mut self, x: R, mask: R::Mask, sources: &[Source]) {
        let (area, _) = self.area(x);
        for (lane, source) in sources.iter().enumerate().filter(|(lane, _)| mask.lane(*lane)) {
            let event = self.count.lane(lane) as u64 + 1;
            let rises = self.phase.lane(lane) < 0.0;
            self.count.set_lane(lane, event as f64);
            self.phase.set_lane(lane, if rises { 1.0 } else { -1.0 });
            self.extreme.set_lane(lane, x.lane(lane));
            for quantity in if rises { &[S, VSET][..] } else { &[S, VRESET, XMAX] } {
                self.draw(lane, *quantity, event, source);
            }
            self.put_in_force(lane);
            let end = if rises { self.xmax.lane(lane) } else { self.xmin.lane(lane) };
            let way = end - x.lane(lane);
            let way = if rises { way.max(SHORTEST_WAY) } else { way.min(-SHORTEST_WAY) };
            let spread = self.laws.get(lane).map_or(0.0, |l| l.cycle[S]);
            self.from.set_lane(lane, area.lane(lane) / self.s.lane(lane));
            self.to.set_lane(lane, exp(spread * self.z[S].lane(lane)));
            self.x_from.set_lane(lane, x.lane(lane));
            self.slope.set_lane(lane, 1.0 / way);
        }
    }

    /// Follows x from accepted point to accepted point.
    pub fn follow(&mut self, x: R, mask: R::Mask) {
        let zero = R::zero();
        // The first phase is the one that led here: a thick barrier was reset last.
        let middle = (self.xmin + self.xmax) * 0.5;
        let first = mask & self.phase.le(zero) & self.phase.ge(zero);
        self.phase = R::select(first, R::select(x.gt(middle), R::one(), -R::one()), self.phase);
        self.extreme = R::select(first, x, self.extreme);
        let farther = mask & ((x - self.extreme) * self.phase).gt(zero);
        self.extreme = R::select(farther, x, self.extreme);
    }
}
