//! Spike sources: voltage sources that make trains of equal pulses.
//!
//! `f(n+) += i, f(n−) −= i, f(branch) = v(n+) − v(n−) − (base + amplitude·u(t))` with the branch current i in amperes.
//! Each pulse starts at a time s, ramps up in `rise`, stays at base + amplitude for `width`, and ramps down in `fall`;
//! its four corners are exact breakpoints. The kinds differ in the start times:
//!
//! - `spikeword`: bit k of the word (leftmost first) makes a pulse at `start + k·bin + jitter`. The jitter is drawn
//!   with event number k: 0 for `none`, uniform in [0, jmax], or for `exponential` of mean jmean cut off at jmax, by
//!   inversion: −jmean·ln(1 − U·(1 − e^(−jmax/jmean))).
//! - `poisson`: with dead = max(refractory, rise + width + fall), interval k is dead + E_k, E_k exponential of mean
//!   1/rate − dead, so the mean rate is `rate` and pulses never overlap. The first pulse comes E_0 after `start`.
//! - `spiketimes`: a list of times.
//!
//! A draw is a function of (seed, run, instance, purpose, event number) and nothing else. A Poisson train is continued
//! when a step is accepted, always at least one pulse ahead of time. DC analyses see the base level.

use super::ramp::Plans;
use super::spike_trains::{PoissonTrain, Shape, TimesTrain, Train, WordTrain, dead_time, list, text};
use super::*;
use crate::number::{Mask, powi};

const fn pulse_params() -> [ParamSpec; 5] {
    [
        ParamSpec::real("amplitude", "V", 1.0, "height of a pulse above the base level").alias(&["amp"]),
        ParamSpec::real("base", "V", 0.0, "level between pulses"),
        ParamSpec::real("width", "s", 1e-3, "time at full height").range(Range::NonNegative),
        ParamSpec::real("rise", "s", 1e-6, "rise time").range(Range::Positive).alias(&["tr"]),
        ParamSpec::real("fall", "s", 1e-6, "fall time").range(Range::Positive).alias(&["tf"]),
    ]
}
const PULSE: [ParamSpec; 5] = pulse_params();
const EQUATIONS: &str =
    "v(n+,n-) = base + amplitude·u(t), u: 0, from each start time up in rise, 1 for width, down in fall";
const VOLTAGE: &[Connection] = &[Connection::new(0, 1, Joins::Voltage)];

const WORD: DeviceSpec = DeviceSpec {
    name: "spikeword",
    doc: "spike source: a word of bits, one per bin, with jitter",
    terminals: TWO_TERMINALS,
    connections: VOLTAGE,
    equations: EQUATIONS,
    instance: &[
        PULSE[0],
        PULSE[1],
        PULSE[2],
        PULSE[3],
        PULSE[4],
        ParamSpec::of(ParamKind::Text, "word", "", "the bits, such as 1101; the leftmost comes first"),
        ParamSpec::optional(
            "pattern",
            "",
            "the bits as a number instead of a word; the highest of 'bins' bits comes first",
        )
        .integer()
        .range(Range::Closed(0.0, MOST_PATTERN)),
        ParamSpec::real("bins", "", 4.0, "how many bits 'pattern' has").integer().range(Range::Closed(1.0, 52.0)),
        ParamSpec::real("bin", "s", 50e-3, "length of a bin").range(Range::Positive),
        ParamSpec::real("start", "s", 0.0, "start of the first bin").range(Range::NonNegative),
        ParamSpec::of(ParamKind::Text, "jitter", "", "none (the default), uniform or exponential"),
        ParamSpec::of(
            ParamKind::Text,
            "jitterkey",
            "",
            "name of the jitter's random stream: sources with the same one have the same jitter; default: the source's name",
        ),
        ParamSpec::optional("jmax", "s", "largest jitter; default: what keeps the pulse inside its bin")
            .range(Range::NonNegative),
        ParamSpec::optional("jmean", "s", "mean of the exponential jitter before it is cut off; default: jmax/2")
            .range(Range::Positive),
    ],
    ..DeviceSpec::EMPTY
};

pub(super) const POISSON: DeviceSpec = DeviceSpec {
    name: "poisson",
    doc: "spike source: a Poisson process with dead time",
    terminals: TWO_TERMINALS,
    connections: VOLTAGE,
    equations: EQUATIONS,
    instance: &[
        PULSE[0],
        PULSE[1],
        PULSE[2],
        PULSE[3],
        PULSE[4],
        ParamSpec::real("rate", "Hz", 1.0, "mean rate of the spikes").range(Range::Positive),
        ParamSpec::real("refractory", "s", 0.0, "shortest interval; at least the length of a pulse is kept")
            .range(Range::NonNegative),
        ParamSpec::real("start", "s", 0.0, "time from which spikes can come").range(Range::NonNegative),
    ],
    ..DeviceSpec::EMPTY
};

const TIMES: DeviceSpec = DeviceSpec {
    name: "spiketimes",
    doc: "spike source: a list of times",
    terminals: TWO_TERMINALS,
    connections: VOLTAGE,
    equations: EQUATIONS,
    instance: &[
        PULSE[0],
        PULSE[1],
        PULSE[2],
        PULSE[3],
        PULSE[4],
        ParamSpec::of(ParamKind::List, "times", "s", "start times of the pulses, ascending").required(),
    ],
    ..DeviceSpec::EMPTY
};

/// Largest pattern: 52 bits.
const MOST_PATTERN: f64 = 4_503_599_627_370_495.0;

/// A word of bits.
pub struct SpikeWord;
/// A Poisson process.
pub struct Poisson;
/// A list of times.
pub struct SpikeTimes;

impl Kind for SpikeWord {
    fn spec(&self) -> &'static DeviceSpec {
        &WORD
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let p = &instance.params;
        let mut wrong = Vec::new();
        let (word, pattern) = (text(p, "word").unwrap_or(""), p.number("pattern"));
        if let Some(pattern) = pattern {
            let bins = p.real("bins");
            if !word.is_empty() {
                wrong.push("word and pattern exclude each other".to_string());
            } else if pattern >= powi(2.0, bins as i32) {
                wrong.push(format!("pattern is {pattern}; {bins} bits hold numbers below {}", powi(2.0, bins as i32)));
            }
        } else if word.is_empty() || !word.chars().all(|c| c == '0' || c == '1') {
            wrong.push(format!("word is '{word}'; it is made of the bits 0 and 1, such as word=1101 (or pattern=13)"));
        }
        let jitter = text(p, "jitter").unwrap_or("none");
        if !["none", "uniform", "exponential"].contains(&jitter) {
            wrong.push(format!("jitter is '{jitter}'; it can be none, uniform or exponential"));
        }
        let (bin, length) = (p.real("bin"), Shape::of(instance).length());
        if length > bin * (1.0 + 1e-12) {
            wrong.push(format!("rise + width + fall is {length} s; it can be at most bin, {bin} s"));
        } else if jitter != "none" && p.number("jmax").is_some_and(|j| length + j > bin * (1.0 + 1e-12)) {
            wrong.push(format!("jmax can be at most bin − rise − width − fall, {} s", bin - length));
        }
        wrong
    }
    fn draws(&self, instance: &Instance) -> bool {
        text(&instance.params, "jitter").is_some_and(|j| j != "none")
    }
    fn examples(&self) -> Vec<Instance> {
        let pattern = Instance::example(&WORD, &[("pattern", 13.0)]);
        vec![word("1101", None, &[]), word("01", Some("uniform"), &[("amplitude", 0.1), ("base", -0.2)]), pattern]
    }
    fn begins_alike(&self, one: &Instance, other: &Instance) -> bool {
        at_base_level(one, other)
    }
    fn plays(&self, instance: &Instance, setting: &Setting, until: f64) -> Option<Vec<(f64, f64)>> {
        Some(pulses(WordTrain::new(instance, setting), instance, until))
    }
    bank_builders!(SpikeWords);
}

impl Kind for Poisson {
    fn spec(&self) -> &'static DeviceSpec {
        &POISSON
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let (rate, dead) = (instance.params.real("rate"), dead_time(instance));
        if rate * dead < 1.0 {
            return Vec::new();
        }
        vec![format!(
            "rate is {rate} Hz; with pulses of {} s and this refractory time it must be less than {} Hz",
            Shape::of(instance).length(),
            1.0 / dead
        )]
    }
    fn draws(&self, _instance: &Instance) -> bool {
        true
    }
    fn examples(&self) -> Vec<Instance> {
        vec![Instance::example(&POISSON, &[("rate", 20.0), ("base", 0.5)])]
    }
    fn begins_alike(&self, one: &Instance, other: &Instance) -> bool {
        at_base_level(one, other)
    }
    fn plays(&self, instance: &Instance, setting: &Setting, until: f64) -> Option<Vec<(f64, f64)>> {
        Some(pulses(PoissonTrain::new(instance, setting), instance, until))
    }
    bank_builders!(Poissons);
}

impl Kind for SpikeTimes {
    fn spec(&self) -> &'static DeviceSpec {
        &TIMES
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        let length = Shape::of(instance).length();
        let times = list(instance);
        if times.iter().any(|t| !t.is_finite() || *t < 0.0) {
            return vec!["times must be 0 or more".to_string()];
        }
        match times.windows(2).find(|w| w[1] - w[0] < length * (1.0 - 1e-12)) {
            Some(w) => vec![format!(
                "times {} and {} are closer than one pulse: rise + width + fall is {length} s",
                w[0], w[1]
            )],
            None => Vec::new(),
        }
    }
    fn examples(&self) -> Vec<Instance> {
        vec![times(&[1e-3, 5e-3], &[])]
    }
    fn begins_alike(&self, one: &Instance, other: &Instance) -> bool {
        at_base_level(one, other)
    }
    fn plays(&self, instance: &Instance, setting: &Setting, until: f64) -> Option<Vec<(f64, f64)>> {
        Some(pulses(TimesTrain::new(instance, setting), instance, until))
    }
    bank_builders!(SpikeTimeLists);
}

/// The corners of the pulses that begin before `until`: seconds and volts.
fn pulses(mut train: impl Train, instance: &Instance, until: f64) -> Vec<(f64, f64)> {
    let (shape, base) = (Shape::of(instance), instance.params.real("base"));
    let high = base + instance.params.real("amplitude");
    let mut corners = vec![(0.0, base)];
    while let Some(start) = train.next_start().filter(|s| *s < until) {
        let last = corners.last().map_or(0.0, |c| c.0);
        // As the bank plans them: a pulse waits for the end of the one before.
        let start = start.max(last);
        let end = start + shape.rise + shape.width;
        let own = [(start, base), (start + shape.rise, high), (end, high), (end + shape.fall, base)];
        for corner in own {
            if corners.last().is_none_or(|c| corner.0 > c.0) {
                corners.push(corner);
            }
        }
    }
    corners
}

/// A train begins at its base level: no pulse is up before time 0.
fn at_base_level(one: &Instance, other: &Instance) -> bool {
    one.params.real("base").to_bits() == other.params.real("base").to_bits()
}

/// An example.
pub(super) fn word(bits: &str, jitter: Option<&str>, params: &[(&str, f64)]) -> Instance {
    let mut instance = Instance::example(&WORD, params);
    instance.params.set("word", Value::Text(bits.to_string()));
    if let Some(jitter) = jitter {
        instance.params.set("jitter", Value::Text(jitter.to_string()));
    }
    instance
}

fn times(list: &[f64], params: &[(&str, f64)]) -> Instance {
    let mut instance = Instance::example(&TIMES, params);
    instance.params.set("times", Value::List(list.to_vec()));
    instance
}

type SpikeWords<R> = SpikeSources<R, WordTrain>;
type Poissons<R> = SpikeSources<R, PoissonTrain>;
type SpikeTimeLists<R> = SpikeSources<R, TimesTrain>;

const BRANCH: usize = 2;
/// Pulses that are planned beyond the present time: a step ends at a corner, so one would do.
const AHEAD: usize = 2;

struct SpikeSources<R: Real, T> {
    base: Vec<R>,
    amplitude: Vec<R>,
    /// Of instance i and lane l at `i·LANES + l`.
    trains: Vec<Option<(T, Shape)>>,
    /// Is it possibly no longer where [`SpikeSources::rewind`] puts it?
    begun: Vec<bool>,
    output: Plans<R>,
}

impl<R: Real, T: Train> SpikeSources<R, T> {
    /// Plans pulses of one lane until `AHEAD` of them begin after t.
    fn extend(&mut self, i: usize, lane: usize, t: f64) {
        let Some(Some((train, shape))) = self.trains.get_mut(i * R::LANES + lane) else { return };
        let mut ahead = 0;
        while ahead < AHEAD {
            let Some(start) = train.next_start() else { return };
            self.output.append_pulse(i, lane, start, shape.rise, shape.width, shape.fall);
            ahead += usize::from(start > t);
        }
    }
    fn rewind(&mut self, i: usize, lane: usize) {
        // A variant reloads and then resets: its pulses are planned once.
        if !std::mem::replace(&mut self.begun[i * R::LANES + lane], false) {
            return;
        }
        if let Some(Some((train, _))) = self.trains.get_mut(i * R::LANES + lane) {
            train.rewind();
        }
        self.output.hold(i, lane, 0.0);
        self.extend(i, lane, f64::NEG_INFINITY);
    }
}

impl<R: Real, T: Train> Element<R> for SpikeSources<R, T> {
    const LINEAR: bool = true;
    const BREAKPOINTS: bool = true;
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        SpikeSources {
            base: vec![R::zero(); instances.len()],
            amplitude: vec![R::zero(); instances.len()],
            trains: (0..instances.len() * R::LANES).map(|_| None).collect(),
            begun: vec![true; instances.len() * R::LANES],
            output: Plans::new(instances.len()),
        }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let branch = Local::OwnBranch(UnknownSpec::CURRENT);
        instance.nodes.iter().map(|n| Local::Node(*n)).chain([branch]).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(0, BRANCH), (1, BRANCH), (BRANCH, 0), (BRANCH, 1)]
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            self.base[i].set_lane(lane, instance.params.real("base"));
            self.amplitude[i].set_lane(lane, instance.params.real("amplitude"));
            self.trains[i * R::LANES + lane] = Some((T::new(instance, setting), Shape::of(instance)));
            self.begun[i * R::LANES + lane] = true;
            self.rewind(i, lane);
        }
    }

    fn reset(&mut self, lane: usize) {
        for i in 0..self.base.len() {
            self.rewind(i, lane);
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        if fields.time_goes_on() {
            let lane = fields.lane();
            if let Some(begun) = self.begun.get_mut(i * R::LANES + lane) {
                *begun = true;
            }
            if let Some(Some((train, _))) = self.trains.get_mut(i * R::LANES + fields.lane()) {
                train.state(fields);
            }
            self.output.state(i, fields);
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let level = match at.cx.excitation {
            Excitation::Dc => R::zero(),
            Excitation::Waveform => self.output.level(i, at.t()),
        };
        let current = at.x(BRANCH);
        s.current(0, 1, current);
        s.df(0, BRANCH, R::one());
        s.df(1, BRANCH, -R::one());
        s.f(BRANCH, at.v(0, 1) - (self.base[i] + self.amplitude[i] * level) * at.cx.source_scale);
        s.df(BRANCH, 0, R::one());
        s.df(BRANCH, 1, -R::one());
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        self.output.next_corner(i, t)
    }

    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        let t = at.t();
        let moved = self.output.advance(i, t, mask);
        if !moved.any() {
            return;
        }
        for lane in (0..R::LANES).filter(|lane| moved.lane(*lane)) {
            self.begun[i * R::LANES + lane] = true;
            // The plan ends with the last planned pulse; the train goes on before its beginning is reached.
            if self.output.pulses_after(i, lane, t.lane(lane)) < AHEAD {
                self.extend(i, lane, t.lane(lane));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testbench::Bench;
    use super::*;
    use crate::number::{Lanes, StreamKey};

    fn seeded(seed: u64, run: u64) -> Setting {
        Setting { seed: StreamKey { seed, run }, ..Setting::default() }
    }
    fn wired(mut instance: Instance) -> Instance {
        instance.nodes = vec![1, 0];
        instance
    }
    /// The first `n` corners after 0, with or without points accepted in between.
    fn corners(b: &mut Bench<f64>, n: usize, points_between: usize) -> Vec<f64> {
        let (mut t, mut out) = (0.0, Vec::new());
        while out.len() < n && b.breakpoint(t).is_finite() {
            let next = b.breakpoint(t);
            for k in 1..=points_between {
                b.accept(t + (next - t) * k as f64 / (points_between + 1) as f64, true);
            }
            b.accept(next, true);
            out.push(next);
            t = next;
        }
        out
    }

    #[test]
    fn a_word_without_jitter_has_pulses_at_its_bins() {
        let params = [("bin", 8.0), ("start", 1.0), ("rise", 1.0), ("width", 2.0), ("fall", 0.5), ("amplitude", 3.0)];
        let mut b = Bench::<f64>::new(&SpikeWord, vec![wired(word("1010", None, &params))]);
        assert_eq!(corners(&mut b, 99, 0), [1.0, 2.0, 4.0, 4.5, 17.0, 18.0, 20.0, 20.5]);
        let b = Bench::<f64>::new(&SpikeWord, vec![wired(word("1010", None, &params))]);
        let v = |t: f64| -b.residual("i(y1)", t);
        assert_eq!([v(0.0), v(1.5), v(3.0), v(4.25), v(6.0), v(19.0), v(50.0)], [0.0, 1.5, 3.0, 1.5, 0.0, 3.0, 0.0]);
    }

    #[test]
    fn dc_sees_the_base_level() {
        let mut b = Bench::<f64>::new(&SpikeTimes, vec![wired(times(&[0.0], &[("base", 0.25)]))]);
        assert_eq!(b.residual("i(y1)", 5e-4), -1.25);
        b.excitation = Excitation::Dc;
        assert_eq!(b.residual("i(y1)", 5e-4), -0.25);
    }

    #[test]
    fn poisson_times_do_not_depend_on_the_steps() {
        let params = [("rate", 100.0), ("width", 1e-3), ("refractory", 3e-3), ("start", 0.1)];
        let source = || wired(Instance::example(&POISSON, &params));
        let make = |seed| Bench::<f64>::with_setting(&Poisson, vec![source()], &seeded(seed, 0));
        let a = corners(&mut make(1), 400, 0);
        assert_eq!(a, corners(&mut make(1), 400, 3));
        assert_ne!(a, corners(&mut make(2), 400, 0));
        let starts: Vec<f64> = a.iter().copied().step_by(4).collect();
        assert!(starts[0] > 0.1);
        assert!(starts.windows(2).all(|w| w[1] - w[0] >= 3e-3));
        let mut b = make(1);
        corners(&mut b, 40, 0);
        b.bank().reset(0);
        assert_eq!(corners(&mut b, 400, 1), a);
    }

    #[test]
    fn a_lane_has_the_train_of_its_own_run() {
        let params = [("rate", 100.0), ("width", 1e-3)];
        let instance = wired(Instance::example(&POISSON, &params));
        let shared = Arc::new(instance.clone());
        let mut lanes = Bench::<Lanes<4>>::with_setting(&Poisson, vec![instance.clone()], &seeded(3, 0));
        for lane in 0..4 {
            lanes.bank().reload(lane, std::slice::from_ref(&shared), &seeded(3, lane as u64));
        }
        let alone: Vec<Vec<f64>> = (0..4)
            .map(|run| {
                corners(&mut Bench::<f64>::with_setting(&Poisson, vec![instance.clone()], &seeded(3, run)), 60, 0)
            })
            .collect();
        // Each lane steps from corner to corner by its own times.
        let mut t = Lanes([0.0; 4]);
        let mut seen = vec![Vec::new(); 4];
        for _ in 0..50 {
            t = lanes.breakpoint_lanes(t);
            lanes.accept_lanes(t, <Lanes<4> as Real>::Mask::splat(true));
            for (lane, seen) in seen.iter_mut().enumerate() {
                seen.push(t.0[lane]);
            }
        }
        for (seen, alone) in seen.iter().zip(&alone) {
            let alone: Vec<f64> = alone.iter().copied().take(50).collect();
            assert_eq!(*seen, alone);
        }
    }

    #[test]
    fn what_no_range_can_express_is_reported() {
        assert!(SpikeWord.check(&word("12", None, &[]))[0].contains("'12'"));
        assert!(SpikeWord.check(&word("1", Some("gauss"), &[]))[0].contains("gauss"));
        assert!(SpikeWord.check(&word("1", None, &[("bin", 1e-4)]))[0].contains("bin"));
        assert!(SpikeWord.check(&word("1", Some("uniform"), &[("jmax", 0.05)]))[0].contains("jmax"));
        assert!(SpikeWord.check(&word("1", Some("uniform"), &[])).is_empty());
        assert!(Poisson.check(&Instance::example(&POISSON, &[("rate", 1e3)]))[0].contains("less than"));
        assert!(SpikeTimes.check(&times(&[0.0, 1e-4], &[]))[0].contains("closer"));
        assert!(SpikeTimes.check(&times(&[0.0, 2e-3], &[])).is_empty());
    }
}
