//! Charge is conserved: what the supplies deliver is what the capacitances hold, whatever step and tolerance.
//!
//! The delivered charge is integrated in the circuit: a copy of the supply's current charges a capacitor of 1 F (or
//! 1 µF), so that the integral is by the same formula and what remains is what devices lose.

use super::*;

// covers: diode, cccs, capacitor, vsource/pulse, method/trap, method/gear, method/be, method/trbdf2
#[test]
fn a_charge_pump_stores_what_the_supply_delivers() {
    for method in ["be", "trap", "gear", "trbdf2"] {
        for reltol in [1e-3, 1e-4] {
            // Dickson pump: nothing leads to ground but capacitors.
            let r = simulate(&format!(
                "vdd vdd 0 3\nvclk clk 0 pulse(0 3 1u 50n 50n 4.9u 10u)\nd1 vdd a dd\nc1 a clk 10n\nd2 a out dd\nc2 out 0 50n\n\
                 f1 0 q vdd -1\ncq q 0 1u\nrq q 0 1e18\n.model dd d(is=1e-14 n=1.05)\n.ic v(q)=0\n\
                 .options method={method} reltol={reltol}\n.tran 1u 200u"
            ));
            let stored = |k: usize| {
                let v = |name: &str| r.signal(name)[k];
                10e-9 * (v("v(a)") - v("v(clk)")) + 50e-9 * v("v(out)")
            };
            let n = r.time().len();
            let delivered = 1e-6 * (r.last("v(q)") - r.signal("v(q)")[0]);
            let gained = stored(n - 1) - stored(0);
            assert!(gained > 1e-8, "the pump pumps: {gained:e} C");
            near(&format!("{method}, reltol {reltol}: charge"), delivered, gained, 2e-8 * gained);
        }
    }
}

// covers: diode, vsource/sin, cccs
#[test]
fn the_charge_of_a_junction_depends_on_its_voltage_alone() {
    // Reverse bias, hardly any direct current: Q(v) = cjo·vj/(1 − m)·(1 − (1 − v/vj)^(1 − m)).
    let (cjo, vj, m) = (10e-12, 0.8, 0.4);
    let charge = |v: f64| cjo * vj / (1.0 - m) * (1.0 - (1.0 - v / vj).powf(1.0 - m));
    for method in ["trap", "trbdf2", "gear", "be"] {
        let r = simulate(&format!(
            "v1 a 0 sin(-3 2.9 1k)\nd1 a 0 dd\nf1 0 q v1 -1\ncq q 0 1n\nrq q 0 1e18\n.model dd d(is=1e-30 cjo=10p vj=0.8 m=0.4)\n\
             .options gmin=0 method={method} reltol=1e-5 trtol=1e3 vntol=1n\n.ic v(q)=0\n.tran 20u 3.3m"
        ));
        let q0 = r.signal("v(q)")[0];
        for ((_, v), (_, q)) in r.points("v(a)").zip(r.points("v(q)")) {
            // Charges at a point are those of Newton's last iterate and its slope: off by a second order.
            near(&format!("{method}: charge at {v} V"), 1e-9 * (q - q0), charge(v) - charge(-3.0), 3e-6 * 30e-12);
        }
    }
}

// covers: behavioural_capacitor, vsource/pulse, cccs
#[test]
fn a_capacitor_given_by_its_charge_keeps_it() {
    for method in ["trap", "gear", "trbdf2"] {
        let r = simulate(&format!(
            "v1 in 0 pulse(0 2 1u 1u 1u 20u 50u)\nr1 in a 1k\nc1 a 0 q='1n*v(a)+0.3n*v(a)**3'\nf1 0 q v1 -1\ncq q 0 1n\n\
             rq q 0 1e18\n.options method={method} reltol=1e-5 trtol=1e2\n.ic v(q)=0\n.tran 1u 200u"
        ));
        for ((t, v), (_, q)) in r.points("v(a)").zip(r.points("v(q)")) {
            near(&format!("{method}: charge at {t} s"), 1e-9 * q, 1e-9 * v + 0.3e-9 * v * v * v, 1e-6 * 4.4e-9);
        }
    }
}

// covers: mosfet, vsource/pulse, cccs
#[test]
fn terminal_charges_of_a_transistor_sum_to_zero() {
    let r = simulate(
        "vd d 0 pulse(0 2 0.2u 0.3u 0.3u 0.4u 2u)\nvg g 0 pulse(0 3 0 0.1u 0.1u 0.8u 1.7u)\nvs s 0 0\nvb b 0 -1\n\
         m1 d g s b nn w=10u l=1u ad=20p as=20p pd=24u ps=24u\n\
         .model nn nmos level=1 vto=0.7 kp=100u tox=20n cgso=0.2n cgdo=0.2n cgbo=0.1n cj=0.3m cjsw=0.3n\n\
         fd 0 qd vd 1\nfg 0 qg vg 1\nfs 0 qs vs 1\nfb 0 qb vb 1\n\
         cd qd 0 1p\ncg qg 0 1p\ncs qs 0 1p\ncb qb 0 1p\nr1 qd 0 1e18\nr2 qg 0 1e18\nr3 qs 0 1e18\nr4 qb 0 1e18\n\
         .options reltol=1e-3\n.ic v(qd)=0 v(qg)=0 v(qs)=0 v(qb)=0\n\
         .tran 10n 20u",
    );
    let q = ["v(qd)", "v(qg)", "v(qs)", "v(qb)"].map(|name| r.signal(name));
    let through = q[0].iter().fold(0.0f64, |m, v| m.max((v - q[0][0]).abs()));
    for k in 0..q[0].len() {
        let sum: f64 = q.iter().map(|q| q[k] - q[0]).sum();
        // In volts of 1 pF; the drain passes many thousand times the gate's charge.
        assert!(sum.abs() < 1e-9 * through, "{sum:e} of {through:e} V at {:e} s", r.time()[k]);
    }
}

// covers: mosfet, cccs
#[test]
fn a_gate_gives_back_the_charge_it_took() {
    // Drain, source and bulk at ground: u = v, so the path is one line there and back.
    let r = simulate(
        "vg g 0 pulse(-2 3 0 0.5u 0.5u 0.5u 2u)\nm1 0 g 0 0 nn w=10u l=10u\n\
         .model nn nmos level=1 vto=0.7 kp=100u tox=20n cgso=0.2n cgdo=0.2n\nf1 0 q vg -1\ncq q 0 1p\nrq q 0 1e18\n\
         .options reltol=1e-4\n.ic v(q)=0\n.tran 10n 20u",
    );
    let (t, q) = (r.time(), r.signal("v(q)"));
    let full = q.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // C_ox·3 V and less below the threshold, in volts of 1 pF: 100 µm²·1.726 mF/m² = 0.173 pF.
    assert!(full > 0.3 && full < 0.9, "{full} V");
    for k in (0..t.len()).filter(|k| t[*k] > 1.9e-6 && (t[*k] % 2e-6) > 1.6e-6) {
        // The charge is a trapezoidal sum along the path: its error is of the second order in the steps' voltage.
        near(&format!("gate charge at {:e} s", t[k]), q[k], q[0], 5e-3 * full);
    }
}

/// A supply jumps from the initial conditions: in the first step only charges move, however short it is, and however much the
/// gates' capacitances change on the way. ngspice-39 finds no first point here.
// covers: mosfet, tran/uic, ic
#[test]
fn initial_conditions_may_contradict_the_supply() {
    let run = |tstep: &str| {
        simulate(&format!(
            "vdd d 0 5\nmp o i d d p w=20u l=1u\nmn o i 0 0 n w=10u l=1u\nc1 o 0 50f\nc2 i 0 50f\n\
             .model n nmos(vto=0.7 kp=50u tox=2e-8 cgso=2e-10 cgdo=2e-10 cbd=10f)\n\
             .model p pmos(vto=-0.7 kp=20u tox=2e-8 cgso=2e-10 cgdo=2e-10 cbd=10f)\n.ic v(i)=0 v(o)=5\n.options reltol=1e-5\n\
             .tran {tstep} 2n uic"
        ))
    };
    let (short, long) = (run("1p"), run("20p"));
    for signal in ["v(i)", "v(o)"] {
        near(signal, long.last(signal), short.last(signal), 0.01);
    }
    // Nearly off, the other transistor holds the output at the supply.
    near("v(o)", short.last("v(o)"), 5.0, 0.05);
}
