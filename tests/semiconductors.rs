//! Diode and MOS transistor against ngspice: currents and capacitances at fixed bias, a ring oscillator's period.
//!
//! The banks are evaluated directly, without a netlist or an analysis. The numbers in `tests/oracle/devices/*.csv` were
//! written by ngspice-39 from the netlists of the same names; each netlist says how.

// Matrix algorithms read best with their indices, and bias tables with their types spelt out.
#![allow(clippy::needless_range_loop, clippy::type_complexity)]

use neurospice::device::*;
use std::sync::Arc;

/// Devices of one kind between nodes 1.., with dense f, q and Jacobians.
struct Bench {
    bank: Box<dyn Bank<f64>>,
    n: usize,
    nodes: usize,
    col_ptr: Vec<usize>,
    rows: Vec<usize>,
    limits: Vec<f64>,
}

/// f, q and their Jacobians by (row, column).
struct Evaluated {
    f: Vec<f64>,
    q: Vec<f64>,
    df: Vec<Vec<f64>>,
    dq: Vec<Vec<f64>>,
    limited: bool,
}

const GMIN: f64 = 1e-12;

impl Bench {
    fn new(name: &str, nodes: usize, instances: Vec<Instance>) -> Bench {
        let instances: Vec<_> = instances.into_iter().map(Arc::new).collect();
        let ids: Vec<_> = (0..instances.len()).collect();
        let mut bank = kind(name).expect("a registered kind").bank_f64(&ids, &instances, &Setting::default());
        let names: Vec<_> = (1..=nodes).map(|k| k.to_string()).collect();
        let mut table = UnknownTable::with_nodes(names.iter().map(String::as_str));
        bank.declare(&mut table);
        let n = table.unknowns.len();
        let mut pattern = Pattern::new(n);
        bank.connect(&table, &mut pattern);
        let (col_ptr, rows) = pattern.resolve();
        bank.connect(&table, &mut pattern);
        Bench { bank, n, nodes, col_ptr, rows, limits: vec![0.0; table.n_limits] }
    }

    fn cx<'a>(x: &'a [f64], limits: &'a [f64]) -> EvalCx<'a, f64> {
        EvalCx {
            t: 0.0,
            x,
            limits,
            start_junctions: false,
            gmin: GMIN,
            source_scale: 1.0,
            excitation: Excitation::Waveform,
        }
    }

    /// One evaluation, limited against the one before. `x` has ground's 0 at its end.
    fn eval(&mut self, x: &[f64]) -> Evaluated {
        let (n, nnz) = (self.n, self.rows.len());
        let (mut f, mut q) = (vec![0.0; n + 1], vec![0.0; n + 1]);
        let (mut df, mut dq) = (vec![0.0; nnz + 1], vec![0.0; nnz + 1]);
        let mut limits = vec![0.0; self.limits.len()];
        let mut load = Load { f: &mut f, q: &mut q, df: &mut df, dq: &mut dq, limits: &mut limits, limited: false };
        self.bank.eval(&Self::cx(x, &self.limits), Want::All, &mut load);
        let limited = load.limited;
        self.limits = limits;
        let dense = |slots: &[f64]| {
            let mut m = vec![vec![0.0; n]; n];
            for col in 0..n {
                for k in self.col_ptr[col]..self.col_ptr[col + 1] {
                    m[self.rows[k]][col] = slots[k];
                }
            }
            m
        };
        Evaluated { df: dense(&df), dq: dense(&dq), f, q, limited }
    }

    /// Evaluates at given node voltages; internal nodes follow from their own Kirchhoff law.
    fn at(&mut self, nodes: &[f64]) -> Evaluated {
        assert_eq!(nodes.len(), self.nodes);
        let mut x = nodes.to_vec();
        x.resize(self.n + 1, 0.0);
        // Internal nodes start near their terminals' mean.
        for _ in 0..400 {
            let e = self.eval(&x);
            let free: Vec<usize> = (self.nodes..self.n).collect();
            let step = newton_step(&e.df, &e.f, &free);
            let size = step.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            if !e.limited && size < 1e-13 {
                return e;
            }
            for (k, dx) in free.iter().zip(step) {
                x[*k] -= dx;
            }
        }
        panic!("no convergence at {nodes:?}");
    }

    fn accept(&mut self, x: &[f64]) {
        self.bank.accept(&Self::cx(x, &self.limits), true);
    }
}

/// Solves J·dx = r over the free rows by elimination with pivoting.
fn newton_step(j: &[Vec<f64>], r: &[f64], free: &[usize]) -> Vec<f64> {
    let n = free.len();
    let mut a: Vec<Vec<f64>> =
        free.iter().map(|row| free.iter().map(|col| j[*row][*col]).chain([r[*row]]).collect()).collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|p, q| a[*p][k].abs().total_cmp(&a[*q][k].abs())).unwrap();
        a.swap(k, pivot);
        for row in k + 1..n {
            let factor = a[row][k] / a[k][k];
            for col in k..=n {
                a[row][col] -= factor * a[k][col];
            }
        }
    }
    let mut x = vec![0.0; n];
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|c| a[k][c] * x[c]).sum();
        x[k] = (a[k][n] - sum) / a[k][k];
    }
    x
}

fn table(name: &str) -> Vec<Vec<f64>> {
    let path = format!("{}/tests/oracle/devices/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the stored oracle");
    let number = |s: &str| match s.strip_suffix('p') {
        Some(pico) => pico.parse::<f64>().unwrap() * 1e-12,
        None => s.parse().unwrap(),
    };
    text.lines().map(|line| line.split([' ', ',']).filter(|s| !s.is_empty()).map(number).collect()).collect()
}

/// |a − b| relative to b, above a floor.
#[track_caller]
fn close(what: &str, ours: f64, theirs: f64, relative: f64, absolute: f64) {
    let bound = relative * theirs.abs() + absolute;
    assert!((ours - theirs).abs() <= bound, "{what}: {ours:e}, ngspice {theirs:e}, difference {:e}", ours - theirs);
}

/// The smallest current worth comparing: behind a series conductance of 0.1 S the rounding of volts shows.
fn floor(name: &str) -> f64 {
    if name.starts_with("lossy") { 2e-15 } else { 1e-20 }
}

type Params = &'static [(&'static str, f64)];

fn device(kind_name: &str, nodes: &[u32], model_type: &str, model: &[(&str, f64)], own: &[(&str, f64)]) -> Instance {
    let spec = kind(kind_name).expect("a registered kind").spec();
    Instance { nodes: nodes.to_vec(), ..Instance::example(spec, own).with_model(spec, model_type, model) }
}

const IDEAL: Params = &[];
const STORE: Params = &[
    ("is", 2e-13),
    ("n", 1.5),
    ("cjo", 2e-12),
    ("vj", 0.7),
    ("m", 0.4),
    ("tt", 5e-9),
    ("fc", 0.4),
    ("eg", 1.2),
    ("xti", 2.5),
];
const ZENER: Params = &[("is", 1e-12), ("bv", 5.0), ("ibv", 1e-4), ("nbv", 1.3), ("cjo", 1e-11), ("tcv", 2e-3)];
const SIDE: Params = &[
    ("is", 1e-13),
    ("jsw", 3e-14),
    ("ns", 1.2),
    ("cjo", 1e-12),
    ("cjsw", 2e-12),
    ("php", 0.6),
    ("mjsw", 0.3),
    ("fcs", 0.45),
    ("tt", 1e-9),
];
const KNEE: Params = &[
    ("is", 1e-12),
    ("jsw", 1e-13),
    ("ikf", 1e-3),
    ("ikr", 1e-6),
    ("tnom", 50.0),
    ("cjo", 1e-12),
    ("tlevc", 1.0),
    ("cta", 1e-3),
    ("tpb", 1e-3),
    ("tm1", 1e-3),
];
const LOSSY: Params = &[("is", 1e-14), ("rs", 10.0), ("trs1", 2e-3)];

/// The diodes of diode_dc.cir in its order: three temperatures of each of six models; with their m, or without.
fn diodes(parallel: bool) -> Vec<(String, Bench)> {
    let models: [(&str, Params, Params); 6] = [
        ("ideal", IDEAL, &[]),
        ("store", STORE, &[("area", 2.0)]),
        ("zener", ZENER, &[("area", 2.0), ("m", 3.0)]),
        ("side", SIDE, &[("area", 2.0), ("pj", 3.0), ("m", 2.0)]),
        ("knee", KNEE, &[("area", 2.0), ("pj", 3.0)]),
        ("lossy", LOSSY, &[]),
    ];
    let mut out = Vec::new();
    for celsius in [-20.0, 27.0, 85.0] {
        for (name, model, own) in models {
            let mut own = [own, &[("temp", celsius)]].concat();
            if !parallel {
                own.retain(|(name, _)| *name != "m");
            }
            let bench = Bench::new("diode", 1, vec![device("diode", &[1, 0], "d", model, &own)]);
            out.push((format!("{name} at {celsius} °C"), bench));
        }
    }
    out
}

#[test]
fn diode_currents_agree_with_ngspice() {
    let mut diodes = diodes(true);
    for row in table("diode_dc.csv") {
        for ((name, bench), theirs) in diodes.iter_mut().zip(&row[1..]) {
            let ours = bench.at(&row[..1]).f[0];
            close(&format!("{name}, {} V", row[0]), ours, *theirs, 1e-6, floor(name));
        }
    }
}

#[test]
fn diode_capacitances_agree_with_ngspice() {
    let mut diodes = diodes(false);
    let biases = [-4.0, -1.5, -0.3, 0.1, 0.25, 0.35, 0.5, 0.65];
    for (bias, row) in biases.into_iter().zip(table("diode_ac.csv")) {
        // The first of each six stores no charge; the last has a resistance in the way.
        let stored = diodes.iter_mut().enumerate().filter(|(k, _)| (1..5).contains(&(k % 6))).map(|(_, d)| d);
        for ((name, bench), theirs) in stored.zip(&row[1..]) {
            let ours = bench.at(&[bias]).dq[0][0];
            close(&format!("{name}, {bias} V"), ours, *theirs, 1e-6, 0.0);
        }
    }
}

const BASIC: Params = &[
    ("vto", 0.7),
    ("kp", 1.1e-4),
    ("gamma", 0.4),
    ("lambda", 0.04),
    ("phi", 0.7),
    ("tox", 2e-8),
    ("cgso", 3e-10),
    ("cgdo", 2e-10),
    ("cgbo", 3.5e-10),
    ("cj", 3e-4),
    ("mj", 0.5),
    ("cjsw", 3e-10),
    ("mjsw", 0.33),
    ("pb", 0.8),
    ("js", 1e-8),
];
const PROC: Params = &[
    ("tox", 2.5e-8),
    ("nsub", 2e16),
    ("nss", 1e10),
    ("u0", 550.0),
    ("ld", 1e-7),
    ("cbd", 2e-14),
    ("cbs", 3e-14),
    ("mj", 0.4),
    ("is", 1e-13),
    ("lambda", 0.02),
];
const OLD: Params = &[
    ("tox", 1e-7),
    ("vto", 1.0),
    ("gamma", 0.5),
    ("is", 1e-15),
    ("tnom", 40.0),
    ("cj", 1e-4),
    ("fc", 0.3),
    ("tpg", 0.0),
];
const PBASIC: Params = &[
    ("vto", -0.7),
    ("kp", 4e-5),
    ("gamma", 0.5),
    ("lambda", 0.05),
    ("phi", 0.7),
    ("tox", 2e-8),
    ("cgso", 3e-10),
    ("cgdo", 3e-10),
    ("cgbo", 3.5e-10),
    ("cj", 5e-4),
    ("mj", 0.5),
    ("cjsw", 3.5e-10),
    ("mjsw", 0.33),
    ("pb", 0.9),
    ("js", 1e-8),
];
const PPROC: Params = &[("tox", 2.5e-8), ("nsub", 5e15), ("tpg", -1.0), ("cj", 1e-4)];
const MLOSSY: Params = &[("vto", 0.5), ("kp", 5e-5), ("rd", 20.0), ("rs", 30.0), ("lambda", 0.01)];
const SMALL: Params = &[("w", 2e-6), ("l", 1e-6), ("ad", 4e-12), ("as", 4e-12), ("pd", 8e-6), ("ps", 8e-6)];
const LARGE: Params = &[("w", 4e-6), ("l", 1e-6), ("ad", 8e-12), ("as", 8e-12), ("pd", 1.2e-5), ("ps", 1.2e-5)];

/// The transistors of mos1.cir in its order; nodes d, g, b are 1, 2, 3, the source is ground. With the sign of their
/// voltages.
fn transistors() -> Vec<(&'static str, f64, Bench)> {
    let hot: Params = &[("temp", 85.0)];
    let list: [(&str, &str, Params, Vec<(&str, f64)>); 7] = [
        ("basic", "nmos", BASIC, SMALL.to_vec()),
        ("process", "nmos", PROC, vec![("w", 1e-5), ("l", 2e-6), ("m", 2.0)]),
        ("basic, hot", "nmos", BASIC, [SMALL, hot].concat()),
        ("old", "nmos", OLD, vec![("w", 2e-5), ("l", 5e-6), ("temp", -20.0), ("ad", 1e-11), ("as", 5e-12)]),
        ("p, hot", "pmos", PBASIC, [LARGE, hot].concat()),
        ("p, process", "pmos", PPROC, vec![("w", 1e-5), ("l", 2e-6)]),
        ("lossy", "nmos", MLOSSY, vec![("w", 1e-5), ("l", 1e-6), ("nrd", 2.0)]),
    ];
    list.into_iter()
        .map(|(name, kind, model, own)| {
            let sign = if kind == "nmos" { 1.0 } else { -1.0 };
            (name, sign, Bench::new("mosfet", 3, vec![device("mosfet", &[1, 2, 0, 3], kind, model, &own)]))
        })
        .collect()
}

#[test]
fn mos_currents_agree_with_ngspice() {
    let mut transistors = transistors();
    for row in table("mos1_dc.csv") {
        let (vd, vg, vb) = (row[0], row[1], row[2]);
        for ((name, sign, bench), theirs) in transistors.iter_mut().zip(row[3..].chunks(2)) {
            let e = bench.at(&[*sign * vd, *sign * vg, *sign * vb]);
            let what = |i: &str| format!("{name}, vd {vd}, vg {vg}, vb {vb}, {i}");
            close(&what("drain"), e.f[0], theirs[0], 1e-6, floor(name));
            close(&what("bulk"), e.f[2], theirs[1], 1e-6, floor(name));
        }
    }
}

#[test]
fn mos_capacitances_agree_with_ngspice() {
    let mut transistors = transistors();
    transistors.pop();
    for (line, row) in table("mos1_ac.csv").iter().enumerate() {
        let (vd, vg, vb) = (row[1], row[2], row[3]);
        // Unknowns are d, g, b; the file drives and measures g, d, b.
        let order = [1, 0, 2];
        let driven = order[line % 3];
        for ((name, sign, bench), theirs) in transistors.iter_mut().zip(row[4..].chunks(3)) {
            let x = [*sign * vd, *sign * vg, *sign * vb, 0.0];
            bench.accept(&x);
            let e = bench.at(&x[..3]);
            for (measured, theirs) in order.into_iter().zip(theirs) {
                // A p-channel device sees its mirrored sources drive it with the opposite phase.
                let ours = *sign * e.dq[measured][driven];
                let what = format!("{name}, vd {vd}, vg {vg}, vb {vb}, C{measured}{driven}");
                close(&what, ours, *theirs, 1e-6, 1e-22);
            }
        }
    }
}

/// Ten periods of ring.cir after its start, by the trapezoidal rule with step h.
fn ring_period(h: f64) -> f64 {
    const N: usize = 9;
    const VDD: u32 = 10;
    const NCH: Params = &[
        ("vto", 0.7),
        ("kp", 1.1e-4),
        ("gamma", 0.4),
        ("lambda", 0.04),
        ("phi", 0.7),
        ("tox", 2e-8),
        ("cgso", 3e-10),
        ("cgdo", 3e-10),
        ("cgbo", 3.5e-10),
        ("cj", 3e-4),
        ("mj", 0.5),
        ("cjsw", 3e-10),
        ("mjsw", 0.33),
        ("pb", 0.8),
        ("js", 1e-8),
    ];
    let mut instances = Vec::new();
    for k in 1..=N as u32 {
        let out = k % N as u32 + 1;
        instances.push(device("mosfet", &[out, k, VDD, VDD], "pmos", PBASIC, LARGE));
        instances.push(device("mosfet", &[out, k, 0, 0], "nmos", NCH, SMALL));
    }
    let mut bench = Bench::new("mosfet", N + 1, instances);
    let free: Vec<usize> = (0..N).collect();
    // Alternating high and low; one pair of the odd ring does not, and its edge runs round.
    let mut x: Vec<f64> = (0..N).map(|k| if k % 2 == 0 { 4.9 } else { 0.1 }).chain([5.0, 0.0]).collect();
    for _ in 0..10 {
        bench.eval(&x);
    }
    let mut rises = Vec::new();
    bench.accept(&x);
    let mut e = bench.eval(&x);
    let mut rate = [0.0; N];
    let mut t = 0.0;
    let load = 1e-14;
    while rises.len() < 16 {
        assert!(t < 1e-7, "the ring does not oscillate");
        let (last, q0) = (x.clone(), e.q.clone());
        for iteration in 0.. {
            assert!(iteration < 50, "no convergence at t = {t}");
            e = bench.eval(&x);
            // f + 2/h·(q − q0) − rate0 = 0; the first step by backward Euler, for no rate is known.
            let alpha = if t == 0.0 { 1.0 } else { 2.0 } / h;
            let mut j = e.df.clone();
            let mut r = vec![0.0; N];
            for k in 0..N {
                for c in 0..N {
                    j[k][c] += alpha * e.dq[k][c];
                }
                j[k][k] += alpha * load;
                let dq = e.q[k] - q0[k] + load * (x[k] - last[k]);
                r[k] = e.f[k] + alpha * dq - if t == 0.0 { 0.0 } else { rate[k] };
            }
            let step = newton_step(&j, &r, &free);
            let size = step.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            if size < 1e-9 && !e.limited {
                break;
            }
            for (k, dx) in step.into_iter().enumerate() {
                x[k] -= dx;
            }
        }
        for k in 0..N {
            rate[k] = -e.f[k];
        }
        if last[0] < 2.5 && x[0] >= 2.5 {
            rises.push(t + h * (2.5 - last[0]) / (x[0] - last[0]));
        }
        t += h;
        bench.accept(&x);
        let before = e.q.clone();
        e = bench.eval(&x);
        for (a, b) in before.iter().zip(&e.q) {
            assert!((a - b).abs() < 1e-24, "the charge jumped when a step was accepted");
        }
    }
    rises[15] - rises[5]
}

#[test]
fn ring_oscillator_has_ngspices_period() {
    let stored = table("ring.csv");
    let theirs = stored.iter().min_by(|a, b| a[0].total_cmp(&b[0])).unwrap()[1];
    // The error falls with h²: 1.6339e-8, 1.6326e-8, 1.6323e-8 s at 10, 5, 2.5 ps.
    let ours = ring_period(2.5e-12);
    close("ten periods", ours, theirs, 2e-4, 0.0);
}

#[test]
fn jacobians_are_the_derivatives_on_the_way_from_an_accepted_point() {
    let accepted = [1.7, 0.4, -0.8, 0.0];
    let points = [[3.0, 2.5, -0.5], [0.4, 2.5, 0.2], [-1.2, 2.0, -2.0], [0.3, 0.55, 0.0], [-0.4, -1.5, -0.9]];
    for (name, sign, mut bench) in transistors().into_iter().take(6) {
        bench.accept(&accepted.map(|v| sign * v));
        for point in points {
            let point = point.map(|v| sign * v);
            let here = bench.at(&point);
            let h = 1e-6;
            for col in 0..3 {
                let mut moved = |by: f64| {
                    let mut x = point;
                    x[col] += by;
                    bench.at(&x)
                };
                let (up, down) = (moved(h), moved(-h));
                for row in 0..3 {
                    let what = format!("{name} at {point:?}, ({row}, {col})");
                    let (df, dq) = ((up.f[row] - down.f[row]) / (2.0 * h), (up.q[row] - down.q[row]) / (2.0 * h));
                    close(&(what.clone() + ", f"), here.df[row][col], df, 1e-5, 1e-12);
                    close(&(what + ", q"), here.dq[row][col], dq, 1e-5, 1e-20);
                }
            }
        }
    }
}

#[test]
fn nothing_overflows_at_any_voltage() {
    for v in [1e3, -1e3, 1e9, -1e9] {
        let everywhere = [[v, 0.0, 0.0], [0.0, v, 0.0], [0.0, 0.0, v], [v, v, -v]];
        for (name, _, mut bench) in transistors().into_iter().take(6) {
            for x in everywhere {
                // Both where limiting holds it back and where it has arrived.
                for _ in 0..200 {
                    let e = bench.eval(&[x[0], x[1], x[2], 0.0]);
                    let all = e.f.iter().chain(&e.q).chain(e.df.iter().flatten()).chain(e.dq.iter().flatten());
                    assert!(all.into_iter().all(|y| y.is_finite()), "{name} at {x:?}");
                }
            }
        }
        for (name, mut bench) in diodes(true) {
            for _ in 0..200 {
                let mut x = vec![v; bench.n];
                x.push(0.0);
                let e = bench.eval(&x);
                assert!(e.f.iter().chain(&e.q).all(|y| y.is_finite()), "{name} at {v} V");
            }
        }
    }
}
