//! Start times of the pulses of a spike source, drawn from keyed random streams; see [`super::spikes`].

use super::*;
use crate::number::{Stream, exp, ln};

/// Where the start times of a kind come from.
pub(super) trait Train: Send + Sized + 'static {
    /// The train of an instance, before its first pulse.
    fn new(instance: &Instance, setting: &Setting) -> Self;
    /// The start of the next pulse; `None` if there are no more.
    fn next_start(&mut self) -> Option<f64>;
    /// Back to before the first pulse.
    fn rewind(&mut self);
    /// How far it has come. Generators have no position: what is drawn next follows from the number of the event.
    fn state(&mut self, fields: &mut StateFields<'_>);
}

/// Start times that are all known from the start.
struct Listed {
    starts: Vec<f64>,
    next: u64,
}

impl Listed {
    fn next_start(&mut self) -> Option<f64> {
        let start = usize::try_from(self.next).ok().and_then(|k| self.starts.get(k)).copied();
        self.next += u64::from(start.is_some());
        start
    }
}

/// A word of bits.
pub(super) struct WordTrain(Listed);

impl Train for WordTrain {
    fn new(instance: &Instance, setting: &Setting) -> Self {
        let p = &instance.params;
        let stream = Stream::new(setting.seed, text(p, "jitterkey").unwrap_or(&instance.name), "jitter");
        let (start, bin) = (p.real("start"), p.real("bin"));
        let room = (bin - Shape::of(instance).length()).max(0.0);
        let jmax = p.number("jmax").unwrap_or(room);
        let jmean = p.number("jmean").unwrap_or(0.5 * jmax);
        let kind = text(p, "jitter").unwrap_or("none");
        let jitter = |k: u64| match kind {
            "uniform" => jmax * stream.uniform(k),
            "exponential" if jmean > 0.0 => -jmean * ln(1.0 - stream.uniform(k) * (1.0 - exp(-jmax / jmean))),
            _ => 0.0,
        };
        let at = |k: u64| start + k as f64 * bin + jitter(k);
        let starts = match p.number("pattern") {
            Some(pattern) => {
                let (pattern, bins) = (pattern as u64, p.real("bins") as u64);
                (0..bins).filter(|k| pattern >> (bins - 1 - k) & 1 == 1).map(at).collect()
            }
            None => {
                let bits = text(p, "word").unwrap_or("").bytes().enumerate().filter(|(_, bit)| *bit == b'1');
                bits.map(|(k, _)| at(k as u64)).collect()
            }
        };
        WordTrain(Listed { starts, next: 0 })
    }
    fn next_start(&mut self) -> Option<f64> {
        self.0.next_start()
    }
    fn rewind(&mut self) {
        self.0.next = 0;
    }
    fn state(&mut self, fields: &mut StateFields<'_>) {
        fields.count("pulses", &mut self.0.next);
    }
}

/// A list of times.
pub(super) struct TimesTrain(Listed);

impl Train for TimesTrain {
    fn new(instance: &Instance, _setting: &Setting) -> Self {
        TimesTrain(Listed { starts: list(instance).to_vec(), next: 0 })
    }
    fn next_start(&mut self) -> Option<f64> {
        self.0.next_start()
    }
    fn rewind(&mut self) {
        self.0.next = 0;
    }
    fn state(&mut self, fields: &mut StateFields<'_>) {
        fields.count("pulses", &mut self.0.next);
    }
}

/// A Poisson process with dead time.
pub(super) struct PoissonTrain {
    intervals: Stream,
    origin: f64,
    dead: f64,
    /// Mean of the exponential part of an interval.
    mean: f64,
    /// Start of the last pulse, and how many there were.
    last: f64,
    count: u64,
}

impl Train for PoissonTrain {
    fn new(instance: &Instance, setting: &Setting) -> Self {
        let p = &instance.params;
        let (origin, dead) = (p.real("start"), dead_time(instance));
        PoissonTrain {
            intervals: Stream::new(setting.seed, &instance.name, "interval"),
            origin,
            dead,
            mean: (1.0 / p.real("rate") - dead).max(0.0),
            last: origin,
            count: 0,
        }
    }
    fn next_start(&mut self) -> Option<f64> {
        let dead = if self.count == 0 { 0.0 } else { self.dead };
        self.last += dead - self.mean * ln(self.intervals.uniform(self.count));
        self.count += 1;
        Some(self.last)
    }
    fn rewind(&mut self) {
        self.last = self.origin;
        self.count = 0;
    }
    fn state(&mut self, fields: &mut StateFields<'_>) {
        fields.count("pulses", &mut self.count);
        fields.number("last_start", &mut self.last, "a time", |_| true);
    }
}

/// Rise, width and fall of a pulse, seconds.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub rise: f64,
    pub width: f64,
    pub fall: f64,
}

impl Shape {
    pub fn of(instance: &Instance) -> Shape {
        let p = &instance.params;
        Shape { rise: p.real("rise"), width: p.real("width"), fall: p.real("fall") }
    }
    pub fn length(self) -> f64 {
        self.rise + self.width + self.fall
    }
}

/// The shortest interval of a Poisson source, seconds.
pub(super) fn dead_time(instance: &Instance) -> f64 {
    instance.params.real("refractory").max(Shape::of(instance).length())
}

/// A word among the parameters, if given.
pub(super) fn text<'a>(params: &'a Values, name: &str) -> Option<&'a str> {
    match params.get(name)? {
        Value::Text(t) => Some(t),
        _ => None,
    }
}

/// The `times` of an instance.
pub(super) fn list(instance: &Instance) -> &[f64] {
    match instance.params.get("times") {
        Some(Value::List(l)) => l,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::spikes::{POISSON, SpikeWord, word};
    use super::*;
    use crate::number::StreamKey;

    fn seeded(seed: u64, run: u64) -> Setting {
        Setting { seed: StreamKey { seed, run }, ..Setting::default() }
    }

    #[test]
    fn jitter_is_keyed_by_seed_run_and_bit() {
        let params = [("bin", 50e-3), ("width", 10e-3), ("jmax", 30e-3)];
        let starts = |kind: &str, bits: &str, seed: u64, run: u64| {
            let mut train = WordTrain::new(&word(bits, Some(kind), &params), &seeded(seed, run));
            std::iter::from_fn(move || train.next_start()).collect::<Vec<f64>>()
        };
        for kind in ["uniform", "exponential"] {
            let all = starts(kind, "1111", 7, 0);
            for (k, s) in all.iter().enumerate() {
                let jitter = s - 50e-3 * k as f64;
                assert!((0.0..30e-3).contains(&jitter), "{kind} {jitter}");
            }
            assert_eq!(all, starts(kind, "1111", 7, 0));
            assert_ne!(all, starts(kind, "1111", 8, 0));
            assert_ne!(all, starts(kind, "1111", 7, 1));
            // A bit keeps its jitter whatever the other bits are.
            assert_eq!(starts(kind, "0011", 7, 0), all[2..]);
        }
        // Means over many draws: 15 ms for the uniform one; of a cut-off exponential, m − J/(e^(J/m) − 1).
        let long = "1".repeat(4000);
        for (kind, mean) in [("uniform", 15e-3), ("exponential", 15e-3 - 30e-3 / (2.0_f64.exp() - 1.0))] {
            let s = starts(kind, &long, 1, 0);
            let got = s.iter().enumerate().map(|(k, s)| s - 50e-3 * k as f64).sum::<f64>() / 4000.0;
            // Four standard errors of a spread below 9 ms.
            assert!((got - mean).abs() < 4.0 * 9e-3 / 4000f64.sqrt(), "{kind}: {got} for {mean}");
        }
    }

    #[test]
    fn a_pattern_is_a_word_and_a_key_shares_jitter() {
        let starts = |instance: &Instance| {
            let mut train = WordTrain::new(instance, &seeded(3, 1));
            std::iter::from_fn(move || train.next_start()).collect::<Vec<f64>>()
        };
        for (bits, pattern) in [("1101", 13.0), ("0010", 2.0), ("1000", 8.0), ("0000", 0.0)] {
            let by_word = word(bits, Some("uniform"), &[]);
            let mut by_pattern = by_word.clone();
            by_pattern.params = Values::defaults(by_word.params.spec);
            by_pattern.params.set("jitter", Value::Text("uniform".into()));
            by_pattern.params.set("pattern", Value::Number(pattern));
            assert_eq!(starts(&by_word), starts(&by_pattern), "{bits}");
            assert!(SpikeWord.check(&by_pattern).is_empty());
            by_pattern.params.set("word", Value::Text(bits.into()));
            assert_eq!(SpikeWord.check(&by_pattern).len(), 1);
        }
        let named = |name: &str, key: &str| {
            let mut w = Instance { name: name.into(), ..word("1111", Some("uniform"), &[]) };
            if !key.is_empty() {
                w.params.set("jitterkey", Value::Text(key.into()));
            }
            starts(&w)
        };
        assert_ne!(named("a", ""), named("b", ""));
        assert_eq!(named("a", "all"), named("b", "all"));
        assert_eq!(named("a", ""), named("b", "a"));
        let mut large = Instance::example(SpikeWord.spec(), &[("pattern", 16.0)]);
        assert_eq!(SpikeWord.check(&large).len(), 1);
        large.params.set("bins", Value::Number(5.0));
        assert!(SpikeWord.check(&large).is_empty());
    }

    #[test]
    fn jitter_fills_its_range_with_its_distribution() {
        let params = [("bin", 50e-3), ("width", 10e-3), ("jmax", 30e-3)];
        let bits = "1".repeat(4000);
        let jitter = |kind: &str, more: &[(&str, f64)]| -> Vec<f64> {
            let params = [&params, more].concat();
            let mut train = WordTrain::new(&word(&bits, Some(kind), &params), &seeded(1, 0));
            let starts = std::iter::from_fn(move || train.next_start());
            starts.enumerate().map(|(k, s)| s - 50e-3 * k as f64).collect()
        };
        let uniform = jitter("uniform", &[]);
        // The greatest of 4000 draws falls short of the range by more than 8/4000 with a probability of e⁻⁸.
        let greatest = uniform.iter().copied().fold(0.0, f64::max);
        assert!(greatest <= 30e-3 && greatest > (1.0 - 8.0 / 4000.0) * 30e-3, "{greatest}");
        // Both kinds draw the same number for a bit, so that their distribution functions agree bit by bit.
        for (mean, more) in [(15e-3, &[][..]), (8e-3, &[("jmean", 8e-3)])] {
            for (u, e) in uniform.iter().zip(jitter("exponential", more)) {
                let below = (1.0 - (-e / mean).exp()) / (1.0 - (-30e-3_f64 / mean).exp());
                assert!((below - u / 30e-3).abs() < 1e-9, "{below}, not {}", u / 30e-3);
            }
        }
    }

    #[test]
    fn poisson_rate_and_spread() {
        let params = [("rate", 100.0), ("width", 1e-3), ("refractory", 3e-3), ("start", 100.0)];
        let mut train = PoissonTrain::new(&Instance::example(&POISSON, &params), &seeded(5, 0));
        let n = 640_000;
        let s: Vec<f64> = (0..n).filter_map(|_| train.next_start()).collect();
        // The first spike follows the start by one exponential part, which exceeds 12 means with a probability of e⁻¹².
        assert!(s[0] > 100.0 && s[0] < 100.0 + 12.0 * 7e-3, "{}", s[0]);
        let isi: Vec<f64> = s.windows(2).map(|w| w[1] - w[0]).collect();
        let mean = isi.iter().sum::<f64>() / isi.len() as f64;
        let deviation = (isi.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / isi.len() as f64).sqrt();
        // The shortest interval exceeds the dead time by more than 20/n means with a probability of e⁻²⁰.
        let shortest = isi.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(shortest > 3e-3 - 1e-9 && shortest < 3e-3 + 1e-9 + 20.0 * 7e-3 / n as f64, "{shortest}");
        // 10 ms between spikes: 3 ms dead and an exponential part whose mean and deviation are 7 ms.
        assert!((mean - 10e-3).abs() < 4.0 * 7e-3 / (n as f64).sqrt(), "{mean}");
        assert!((deviation - 7e-3).abs() < 4.0 * 2.0 * 7e-3 / (n as f64).sqrt(), "{deviation}");
    }
}
