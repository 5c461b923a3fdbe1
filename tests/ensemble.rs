//! Ensembles: variants of one transient in lanes. A variant's points do not depend on how many lanes there are, which
//! lane it is in, who its mates are, or what the lane did before.

use neurospice::analysis::ensemble::{Base, Observer, Variant};
use neurospice::campaign::{Given, Plan, Responses, Work, run_in_lanes};
use neurospice::circuit::{Circuit, elaborate};
use neurospice::device::{BankNumber, Value};
use neurospice::netlist::{FileLoader, parse};
use neurospice::number::{Lanes, Simd, StreamKey, limit_simd};
use neurospice::solve::SimError;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

fn granule_cell() -> Circuit {
    let path = "netlists/benatti2023/granule_cell.cir";
    let (netlist, _) = parse(path, std::fs::read(path).expect("the netlist"), &FileLoader);
    elaborate(&netlist, &[]).0.expect("a circuit")
}

/// The k-th stimulus: sixteen bits from a multiplicative hash, its own random numbers.
fn variant(base: &Circuit, k: u64) -> Variant {
    let bits = k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    let change = |(n, name): (usize, &&str)| {
        let at = base.instance(name).expect("the source");
        let mut instance = base.instances[at].clone();
        let pattern = (bits >> (4 * n)) & 15;
        Arc::make_mut(&mut instance).params.set("pattern", Value::Number(pattern as f64));
        (at, instance)
    };
    let changes = ["n1", "n2", "n3", "n4"].iter().enumerate().map(change).collect();
    Variant { seed: StreamKey { seed: 5, run: k }, changes }
}

/// Accepted points of each variant: time, membrane, output, state of a synapse, as bits.
struct Keep<'a> {
    base: &'a Circuit,
    waiting: Vec<u64>,
    signals: [usize; 3],
    lanes: Vec<u64>,
    points: BTreeMap<u64, Vec<[u64; 4]>>,
}

/// What is looked at.
const SIGNALS: [&str; 3] = ["v(mem)", "v(out)", "syn3#x"];

impl Observer<u64> for Keep<'_> {
    fn next(&mut self) -> Option<(u64, Variant)> {
        let k = self.waiting.pop()?;
        Some((k, variant(self.base, k)))
    }
    fn begin(&mut self, lane: usize, variant: &u64) {
        self.lanes.resize(self.lanes.len().max(lane + 1), 0);
        self.lanes[lane] = *variant;
        self.points.insert(*variant, Vec::new());
    }
    fn point(&mut self, lane: usize, t: f64, value: &dyn Fn(usize) -> f64, _: usize) {
        let [a, b, c] = self.signals;
        let point = [t.to_bits(), value(a).to_bits(), value(b).to_bits(), value(c).to_bits()];
        self.points.get_mut(&self.lanes[lane]).expect("it has begun").push(point);
    }
    fn end(&mut self, _lane: usize, variant: u64, outcome: Result<(), SimError>) {
        assert_eq!(outcome, Ok(()), "variant {variant}");
    }
}

fn points<R: BankNumber>(circuit: &Circuit, base: &Base, order: &[u64]) -> BTreeMap<u64, Vec<[u64; 4]>> {
    let signals = SIGNALS.map(|s| base.unknown(s).expect("the signal"));
    let waiting = order.iter().rev().copied().collect();
    let mut keep = Keep { base: circuit, waiting, signals, lanes: Vec::new(), points: BTreeMap::new() };
    base.run::<R, u64>(circuit, &mut keep).expect("it runs");
    keep.points
}

// covers: rram, spikeword
#[test]
fn one_lane_four_and_eight_give_the_same_bits_in_any_order() {
    let circuit = granule_cell();
    let base = Base::new(&circuit, 0, None, &SIGNALS).expect("the base circuit runs");
    let order: Vec<u64> = (0..400).collect();
    let alone = points::<f64>(&circuit, &base, &order);
    let eight = points::<Lanes<8>>(&circuit, &base, &order);
    let four = points::<Lanes<4>>(&circuit, &base, &order);
    let shuffled: Vec<u64> = order.iter().map(|k| (k * 17 + 3) % 400).collect();
    let mixed = points::<Lanes<8>>(&circuit, &base, &shuffled);
    assert_eq!(alone.len(), 400);
    assert!(alone.values().any(|p| p.iter().any(|q| f64::from_bits(q[2]) > 2.5)), "no variant spikes");
    for (k, points) in &alone {
        assert!(points.len() > 10, "variant {k} has {} points", points.len());
        // Plasticity is off: the state is where it was, to the bit.
        assert!(points.iter().all(|p| p[3] == points[0][3]), "variant {k} moves its synapse");
        assert!(*points == eight[k], "variant {k} differs in eight lanes");
        assert!(*points == four[k], "variant {k} differs in four lanes");
        assert!(*points == mixed[k], "variant {k} differs beside other mates");
    }
}

/// Nodes that a source alone determines are no unknowns where nobody asks for them; who asks has them, and the same
/// output: time and height of each point but for rounding.
#[test]
fn who_asks_for_what_sources_determine_gets_it_and_nothing_else_changes() {
    let circuit = granule_cell();
    let lean = Base::new(&circuit, 0, None, &SIGNALS).expect("the base circuit runs");
    let driven = ["v(pre1)", "v(dep)", "v(depb)", "v(fire)", "v(rst)", "i(n1)", "i(reset)"];
    let asked = [&SIGNALS[..], &driven].concat();
    let full = Base::new(&circuit, 0, None, &asked).expect("the base circuit runs");
    for name in driven {
        assert_eq!(lean.unknown(name), None, "{name}");
        assert!(full.unknown(name).is_some(), "{name}");
    }
    let order: Vec<u64> = (0..60).collect();
    let (lean, full) = (points::<Lanes<8>>(&circuit, &lean, &order), points::<Lanes<8>>(&circuit, &full, &order));
    let rises = |points: &[[u64; 4]]| -> Vec<f64> {
        let high = |p: &[u64; 4]| f64::from_bits(p[2]) > 2.5;
        points.windows(2).filter(|w| !high(&w[0]) && high(&w[1])).map(|w| f64::from_bits(w[1][0])).collect()
    };
    let mut spikes = 0;
    for (k, points) in &lean {
        let (a, b) = (rises(points), rises(&full[k]));
        assert_eq!(a.len(), b.len(), "variant {k}");
        spikes += a.len();
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-6, "variant {k}: {a} and {b}");
        }
    }
    assert!(spikes > 20, "{spikes} spikes");
}

/// A comparator fires a one-shot, which closes a switch: but for the comparator all of it is known in advance.
const LOGIC: &str = "logic\n\
    v1 in 0 pwl(0 0 1m 1)\n\
    ycomparator c in 0 f 0 vt=0.5 vh=0.01 vlow=0 vhigh=5 rise=10u fall=10u\n\
    yoneshot o f 0 g 0 vt=2.5 vh=1 delay=100u width=200u rise=10u fall=10u vhigh=5\n\
    vdd vdd 0 5\n\
    r1 vdd out 10k\n\
    c1 out 0 10n\n\
    s1 out 0 g 0 sw\n\
    .model sw sw vt=2.5 vh=1 ron=1k roff=1g\n\
    .tran 1m 1m 0 1m\n\
    .end\n";

/// Points of one variant, and what it took.
struct Trace {
    signals: Vec<usize>,
    left: u32,
    points: Vec<(f64, Vec<f64>)>,
}

impl Observer<()> for Trace {
    fn next(&mut self) -> Option<((), Variant)> {
        self.left = self.left.checked_sub(1)?;
        Some(((), Variant { seed: StreamKey { seed: 1, run: 0 }, changes: Vec::new() }))
    }
    fn begin(&mut self, _lane: usize, (): &()) {}
    fn point(&mut self, _lane: usize, t: f64, value: &dyn Fn(usize) -> f64, _: usize) {
        self.points.push((t, self.signals.iter().map(|k| value(*k)).collect()));
    }
    fn end(&mut self, _lane: usize, (): (), outcome: Result<(), SimError>) {
        assert_eq!(outcome, Ok(()));
    }
}

// covers: comparator, oneshot, switch
#[test]
fn what_logic_will_do_is_known_in_advance() {
    let (netlist, _) = parse("logic.cir", LOGIC.as_bytes(), &FileLoader);
    let circuit = elaborate(&netlist, &[]).0.expect("a circuit");
    let run = |signals: &[&str]| {
        let base = Base::new(&circuit, 0, None, signals).expect("the base circuit runs");
        let signals = signals.iter().map(|s| base.unknown(s).expect("the signal")).collect();
        let mut trace = Trace { signals, left: 1, points: Vec::new() };
        let counts = base.run::<f64, ()>(&circuit, &mut trace).expect("it runs");
        (trace.points, counts.steps)
    };
    // v(f) passes 2.5 V 5 us after v(in) has passed 0.51 V; v(g) rises 100 us later, is at 3.5 V 7 us later, begins to
    // fall 210 us after it began to rise, and is at 1.5 V 7 us later.
    let closes = 0.51e-3 + 5e-6 + 100e-6 + 7e-6;
    let opens = closes + 210e-6;
    let tau = 10e-9 / (1.0 / 10e3 + 1.0 / 1e3);
    let low = 5.0 / 11.0;
    let expected = |t: f64| match t {
        _ if t < closes => 5.0,
        _ if t < opens => low + (5.0 - low) * (-(t - closes) / tau).exp(),
        _ => 5.0 + (low - 5.0) * (-(t - opens) / 100e-6).exp(),
    };
    for signals in [&["v(out)"][..], &["v(out)", "v(g)", "v(f)"]] {
        let (points, steps) = run(signals);
        for (t, values) in &points {
            assert!((values[0] - expected(*t)).abs() < 0.01, "{signals:?} at {t}: {} for {}", values[0], expected(*t));
        }
        for at in [closes, opens] {
            assert!(points.iter().any(|(t, _)| (t - at).abs() < 2e-9), "{signals:?}: no point at {at}");
        }
        // Comparator, one-shot (which arms again never: v(f) stays high), switch, switch.
        assert_eq!(steps.events, 4, "{signals:?}");
        // v(in) is straight: one trial finds where it crosses.
        assert!(steps.locating <= 2, "{signals:?}: {} trials", steps.locating);
    }
    // Who asks for the voltages has points at their corners.
    let (points, _) = run(&["v(g)"]);
    for (corner, volts) in [(0.615e-3, 0.0), (0.625e-3, 5.0), (0.825e-3, 5.0), (0.835e-3, 0.0)] {
        let near = points.iter().find(|(t, _)| (t - corner).abs() < 2e-9);
        let (_, values) = near.unwrap_or_else(|| panic!("no point at {corner}"));
        assert!((values[0] - volts).abs() < 2e-3, "{} V at {corner}", values[0]);
    }
    let (few, _) = run(&["v(out)"]);
    assert!(!few.iter().any(|(t, _)| (t - 0.625e-3).abs() < 1e-9), "a corner that nobody looks at");
}

/// The bytes of all files of a campaign.
fn files<R: BankNumber>(plan: &Plan, threads: usize) -> [Vec<u8>; 3] {
    let path =
        std::env::temp_dir().join(format!("neurospice-lanes-{}-{threads}-{}.parquet", std::process::id(), R::LANES));
    let mut responses = Responses::create(plan, &path).expect("a file");
    let work = Work::new(threads).responses(Some(&mut responses));
    let outcomes = run_in_lanes::<R>(plan, work, &mut |_| ControlFlow::Continue(())).expect("it runs");
    responses.close().and_then(|mut file| file.finish()).expect("it is written");
    let results = plan.results(outcomes);
    assert!(results.failed.is_empty(), "{:?}", results.failed);
    let bytes = std::fs::read(&path).expect("the responses");
    std::fs::remove_file(path).expect("it goes");
    [results.file.csv().into_bytes(), plan.record(&results).into_bytes(), bytes]
}

/// Table, record and responses: every number of lanes, of threads, and every set of SIMD instructions that this CPU has.
#[test]
fn a_campaign_writes_the_same_bytes_in_any_lanes_with_any_instructions() {
    let path = "tests/campaign/stimuli.toml";
    let text = std::fs::read_to_string(path).expect("a campaign");
    let given = Given { repetitions: Some(40), ..Given::default() };
    let plan = Plan::new(path, &text, &given, &FileLoader).unwrap_or_else(|r| panic!("{:?}", r.diagnostics));
    let expected = files::<f64>(&plan, 1);
    assert!(expected[2].starts_with(b"PAR1") && expected[2].len() > 4000, "{} bytes", expected[2].len());
    for simd in [Simd::Baseline, Simd::Avx2, Simd::Best] {
        if !limit_simd(simd) {
            eprintln!("{simd:?} is left out: this CPU does not have it");
            continue;
        }
        for threads in [1, 4] {
            assert!(files::<f64>(&plan, threads) == expected, "one lane, {threads} threads, {simd:?}");
            assert!(files::<Lanes<4>>(&plan, threads) == expected, "four lanes, {threads} threads, {simd:?}");
            assert!(files::<Lanes<8>>(&plan, threads) == expected, "eight lanes, {threads} threads, {simd:?}");
        }
    }
}
