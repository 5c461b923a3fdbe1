//! The leaky integrate-and-fire neuron as a circuit against the closed form of its period.
//!
//! u = −v(mem): C·u' = I − u/R until u reaches V_th, then for the delays D; with the reset switch closed for T_on it
//! relaxes towards I·(R ∥ R_on); then from u₂ back to V_th:
//!
//! `T = D + T_on + τ·ln((I·R − u₂)/(I·R − V_th))`.

use super::*;

const I: f64 = 10e-6;
const R: f64 = 100e3;
const C: f64 = 100e-9;
const V_TH: f64 = 0.6;
const R_ON: f64 = 1e3;

/// The neuron with these options; the comparator fires at u = 0.55 + 0.05 V.
fn neuron(options: &str, tmax: &str) -> Results {
    simulate(&format!(
        "v1 in 0 1\nr1 in sum 100k\nyopamp amp 0 sum mem 0 a0=1e7 vmax=5 vmin=-5\ncint sum mem 100n ic=0\nrleak sum mem 100k\n\
         ycomparator cmp 0 mem fire 0 vt=0.55 vh=0.05 vlow=0 vhigh=5 td=20u rise=10u fall=10u\n\
         yoneshot rst fire 0 reset 0 vt=2.5 vh=1 delay=100u width=1m rise=10u fall=10u vhigh=5\n\
         srst sum mem reset 0 sreset\n.model sreset sw vt=2.5 vh=1 ron=1k roff=1t\n\
         .options {options}\n.tran 0.1m 60m 0 {tmax} uic\n\
         .measure tran first WHEN v(fire)=2.5 RISE=1\n\
         .measure tran second TRIG v(fire) VAL=2.5 RISE=1 TARG v(fire) VAL=2.5 RISE=2\n\
         .measure tran third TRIG v(fire) VAL=2.5 RISE=2 TARG v(fire) VAL=2.5 RISE=3\n\
         .measure tran fifth TRIG v(fire) VAL=2.5 RISE=4 TARG v(fire) VAL=2.5 RISE=5\n\
         .measure tran lowest MIN v(mem)"
    ))
}

/// Time to the first spike, period, largest u.
fn expected() -> (f64, f64, f64) {
    let (tau, infinity) = (R * C, I * R);
    let first = tau * (infinity / (infinity - V_TH)).ln();
    // Delay and half the ramp of the comparator, delay of the one-shot, its ramp up to 3.5 of 5 V.
    let d = 20e-6 + 5e-6 + 100e-6 + 7e-6;
    // From there to 1.5 V on the way down.
    let on = 3e-6 + 1e-3 + 7e-6;
    let parallel = R * R_ON / (R + R_ON);
    let u1 = infinity - (infinity - V_TH) * (-d / tau).exp();
    let rest = I * parallel;
    let u2 = rest + (u1 - rest) * (-on / (parallel * C)).exp();
    (first + 25e-6, d + on + tau * ((infinity - u2) / (infinity - V_TH)).ln(), u1)
}

// covers: opamp, comparator, oneshot, switch, capacitor, resistor, measure/trig, measure/when, measure/min, tran/uic
#[test]
fn the_period_of_the_neuron() {
    let (first, period, u1) = expected();
    // At the default tolerance the largest step decides: the truncation error of the charging curve goes with its square.
    let cases = [
        ("method=trap", "0.2m", 1e-6),
        ("method=trbdf2", "0.2m", 1e-6),
        ("method=trap reltol=1e-6", "20u", 10e-9),
        ("method=trbdf2 reltol=1e-6", "20u", 10e-9),
    ];
    for (options, tmax, bound) in cases {
        let r = neuron(options, tmax);
        near(&format!("{options}: first spike"), r.measure("first"), first, bound);
        for name in ["second", "third", "fifth"] {
            near(&format!("{options}: {name} period"), r.measure(name), period, bound);
        }
        // The slope at the threshold is 40 V/s.
        near(&format!("{options}: peak"), r.measure("lowest"), -u1, 40.0 * bound + 1e-7);
    }
}
