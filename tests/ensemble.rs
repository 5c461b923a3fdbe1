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
