//! Transistors at any voltage, and the charge of a gate along a path.

use super::bjt::Bjt;
use super::jfet::Jfet;
use super::mesfet::Mesfet;
use super::mos::{Mos1, Mos2, Mos3, Mos6};
use super::testbench::Bench;
use super::*;

#[test]
fn nothing_overflows_at_any_voltage() {
    let kinds: [&dyn Kind; 7] = [&Bjt, &Jfet, &Mesfet, &Mos1, &Mos2, &Mos3, &Mos6];
    for kind in kinds {
        for (e, example) in kind.examples().into_iter().enumerate() {
            let nodes = example.nodes.len();
            for v in [1e3, -1e3, 1e9, -1e9] {
                for raised in 1..1u32 << nodes {
                    let mut bench = Bench::<f64>::new(kind, vec![example.clone()]);
                    let names: Vec<String> = (1..=nodes).map(|k| format!("v({k})")).collect();
                    for (k, name) in names.iter().enumerate() {
                        bench.set(name, if raised >> k & 1 == 1 { v } else { 0.0 });
                    }
                    // Both where limiting holds it back and where it has arrived.
                    for limit in [0.0, v, -v] {
                        bench.set_limits(limit);
                        let what = format!("{}, example {e}, {v} V at {raised:b}", kind.spec().name);
                        assert!(bench.jacobian_is_finite(), "{what}");
                        for name in &names {
                            let (f, q, _) = bench.load(name, 0.0);
                            assert!(f.is_finite() && q.is_finite(), "{what}: {name}");
                        }
                    }
                }
            }
        }
    }
}

/// The gate's charge at v_gs = v_gd = −`back` volts, reached over these (drain, source) voltages of a grounded gate.
fn charge_after(path: &[(f64, f64)], back: f64) -> f64 {
    let spec = Mesfet.spec();
    let model = [("cgs", 1e-12), ("cgd", 3e-13), ("vto", -1.2)];
    let mut bench = Bench::<f64>::new(&Mesfet, vec![Instance::example(spec, &[]).with_model(spec, "nmf", &model)]);
    for (drain, source) in path.iter().copied().chain([(back, back)]) {
        bench.set("v(1)", drain);
        bench.set("v(3)", source);
        bench.accept(0.0, true);
    }
    bench.set_limits(-back);
    let (_, q, limited) = bench.load("v(2)", 0.0);
    assert!(!limited);
    q
}

#[test]
fn the_charge_of_a_mesfet_s_gate_does_not_depend_on_the_path() {
    let straight = charge_after(&[], 0.8);
    assert!(straight < -1e-14, "{straight:e}");
    let detours: [&[(f64, f64)]; 3] =
        [&[(2.0, 0.0), (2.0, 1.5)], &[(0.0, 2.0), (3.0, 0.2), (-0.3, -0.2)], &[(0.8, 0.8), (1.0, 0.0), (0.0, 1.0)]];
    for path in detours {
        let q = charge_after(path, 0.8);
        assert!((q - straight).abs() < 1e-12 * straight.abs(), "{path:?}: {q:e}, not {straight:e}");
    }
}
