//! Comparator, one-shot, op-amp and switch against what their equations say, through `.measure`.

use super::*;

// covers: comparator, vsource/pwl, measure/when, measure/trig, measure/max, measure/min
#[test]
fn a_comparator_has_delay_hysteresis_and_ramps() {
    // The input falls back inside the hysteresis at 1.5 ms: nothing happens.
    let r = simulate(
        "v1 in 0 pwl(0 0 1m 1 1.5m 0.5 2m 1 3m 0)\nycomparator u1 in 0 out 0 vt=0.5 vh=0.2 vlow=-1 vhigh=4 td=50u rise=20u fall=40u\n\
         r1 out 0 1k\n.tran 10u 4m\n.measure tran up WHEN v(out)=1.5 RISE=1\n.measure tran again WHEN v(out)=1.5 RISE=2\n\
         .measure tran down WHEN v(out)=1.5 FALL=1\n.measure tran rise TRIG v(out) VAL=-0.5 RISE=1 TARG v(out) VAL=3.5 RISE=1\n\
         .measure tran fall TRIG v(out) VAL=3.5 FALL=1 TARG v(out) VAL=-0.5 FALL=1\n.measure tran top MAX v(out)\n\
         .measure tran bottom MIN v(out)",
    );
    near("up", r.measure("up"), 0.7e-3 + 50e-6 + 10e-6, 2e-9);
    near("down", r.measure("down"), 2.7e-3 + 50e-6 + 20e-6, 2e-9);
    near("rise", r.measure("rise"), 0.8 * 20e-6, 1e-12);
    near("fall", r.measure("fall"), 0.8 * 40e-6, 1e-12);
    near("top", r.measure("top"), 4.0, 1e-12);
    near("bottom", r.measure("bottom"), -1.0, 1e-12);
    assert!(!r.measures.contains_key("again"));
}

// covers: comparator, resistor, vsource/pulse
#[test]
fn a_ramp_turned_back_half_way_and_an_output_resistance() {
    // The input is above the threshold for 4 µs: a ramp of 10 µs turns back at 0.4. With rout = r1 the output is halved.
    let r = simulate(
        "v1 in 0 pulse(0 1 10u 1n 1n 4u 1)\nycomparator u1 in 0 out 0 vt=0.5 vh=0 vlow=0 vhigh=2 rise=10u fall=10u rout=1k\n\
         r1 out 0 1k\n.tran 1u 40u\n.measure tran top MAX v(out)\n\
         .measure tran width TRIG v(out) VAL=0.2 RISE=1 TARG v(out) VAL=0.2 FALL=1",
    );
    // On at 10 µs + 0.5 ns, off at 14 µs + 1.5 ns.
    near("top", r.measure("top"), 0.4001, 1e-6);
    near("width", r.measure("width"), 2.0 * (4.001e-6 - 2e-6), 1e-11);
}

// covers: oneshot, vsource/pulse, measure/when, measure/trig
#[test]
fn a_one_shot_has_delay_and_width() {
    let r = simulate(
        "v1 in 0 pulse(0 1 1m 10u 10u 0.1m 0.4m)\nyoneshot a in 0 q 0 qb vt=0.5 vh=0.1 delay=20u width=0.6m rise=4u fall=8u vlow=1 vhigh=3\n\
         yoneshot b in 0 p 0 vt=0.5 vh=0.1 falling width=0.1m rise=1u fall=1u vhigh=1\nr1 q 0 1k\nr2 qb 0 1k\nr3 p 0 1k\n.tran 10u 2.3m\n\
         .measure tran up WHEN v(q)=2 RISE=1\n.measure tran down WHEN v(q)=2 FALL=1\n.measure tran second WHEN v(q)=2 RISE=2\n\
         .measure tran rise TRIG v(q) VAL=1.5 RISE=1 TARG v(q) VAL=2.5 RISE=1\n\
         .measure tran fall TRIG v(q) VAL=2.5 FALL=1 TARG v(q) VAL=1.5 FALL=1\n.measure tran other WHEN v(p)=0.5 RISE=1",
    );
    let fire = 1e-3 + 5e-6;
    near("up", r.measure("up"), fire + 20e-6 + 2e-6, 2e-9);
    near("down", r.measure("down"), fire + 20e-6 + 4e-6 + 0.6e-3 + 4e-6, 2e-9);
    near("rise", r.measure("rise"), 2e-6, 1e-12);
    near("fall", r.measure("fall"), 4e-6, 1e-12);
    // The crossing at 1.405 ms falls into the pulse and is lost; the one at 1.805 ms counts.
    near("second", r.measure("second"), fire + 0.8e-3 + 22e-6, 2e-9);
    near("on a falling input", r.measure("other"), 1e-3 + 10e-6 + 0.1e-3 + 5e-6 + 0.5e-6, 2e-9);
    let sum = r.signal("v(q)").iter().zip(r.signal("v(qb)")).map(|(q, b)| (q + b - 4.0).abs()).fold(0.0, f64::max);
    assert!(sum < 1e-12, "Q and its complement: {sum:e}");
}

// covers: oneshot, vsource/pulse, measure/when
#[test]
fn a_retriggered_pulse_lasts_from_the_last_crossing() {
    let body = |flag: &str| {
        format!(
            "v1 in 0 pwl(0 0 1m 0 1.01m 1 1.1m 1 1.11m 0 1.3m 0 1.31m 1)\nyoneshot a in 0 q 0 vt=0.5 vh=0.1 width=0.5m rise=2u fall=2u vhigh=1 {flag}\n\
             r1 q 0 1k\n.tran 10u 3m\n.measure tran up WHEN v(q)=0.5 RISE=1\n.measure tran down WHEN v(q)=0.5 FALL=1"
        )
    };
    let (plain, again) = (simulate(&body("")), simulate(&body("retrigger")));
    for (r, last) in [(plain, 1.005e-3), (again, 1.305e-3)] {
        near("up", r.measure("up"), 1.005e-3 + 1e-6, 2e-9);
        near("down", r.measure("down"), last + 2e-6 + 0.5e-3 + 1e-6, 2e-9);
    }
}

// covers: opamp, resistor, vsource, ac/lin, op
#[test]
fn an_op_amp_has_its_closed_loop_gain_and_pole() {
    // Inverting amplifier: H = −(R2/R1)/(1 + N/A), N = 1 + R2/R1, A = a0/(1 + jf/fp): the pole is at fp·(1 + a0/N).
    let (a0, fp, n) = (1e4, 20.0, 11.0);
    let pole = fp * (1.0 + a0 / n);
    let gain = 10.0 / (1.0 + n / a0);
    let r = simulate(&format!(
        "v1 in 0 0.1 ac 1\nr1 in m 1k\nr2 m out 10k\nyopamp u1 0 m out 0 a0=1e4 fp=20 vmax=1e4 vmin=-1e4\n.op\n\
         .ac lin 1 1m 1m\n.ac lin 1 {pole:.15e} {pole:.15e}"
    ));
    near("gain at DC", r.last("v(out)"), -0.1 * gain, 1e-6 * gain);
    // The rails are so far away that the slope of the tanh is that of its middle but for 1e-8.
    let ac = |k: usize| {
        let v = r.waveforms[k].signal("v(out)").expect("v(out)");
        (v[0], v[1])
    };
    near("gain at low frequency", ac(1).0, -gain, 1e-6 * gain);
    let (re, im) = ac(2);
    near("magnitude at the pole", re.hypot(im), gain / 2f64.sqrt(), 1e-6 * gain);
    near("phase at the pole", im.atan2(re), 0.75 * std::f64::consts::PI, 1e-6);
}

// covers: opamp, capacitor, resistor, vsource/pulse
#[test]
fn an_op_amp_with_a_pole_follows_a_step_and_is_bounded_by_its_rails() {
    // Follower: time constant τ/(1 + a0), final value a0/(1 + a0).
    let (a0, fp): (f64, f64) = (1e3, 100.0);
    let tau = 1.0 / (2.0 * std::f64::consts::PI * fp) / (1.0 + a0);
    let r = simulate(
        "v1 in 0 pwl(0 0 1n 0.01)\nyopamp u1 in out out 0 a0=1e3 fp=100 vmax=1e4 vmin=-1e4\nr1 out 0 1k\n\
         .options reltol=1e-6 trtol=1 vntol=1n\n.tran 0.1u 15u",
    );
    let exact = |t: f64| {
        let ramp = |t: f64| if t > 0.0 { t + tau * (-t / tau).exp_m1() } else { 0.0 };
        0.01 / 1e-9 * (ramp(t) - ramp(t - 1e-9)) * a0 / (1.0 + a0)
    };
    let error = r.error("v(out)", exact);
    assert!(error < 1e-6, "{error:e} V");
    let r = simulate(
        "v1 in 0 1\nv2 jn 0 -1\nyopamp u1 in 0 a 0 vmax=4 vmin=-3\nyopamp u2 jn 0 b 0 vmax=4 vmin=-3\nr1 a 0 1k\nr2 b 0 1k\n.op",
    );
    near("upper rail", r.last("v(a)"), 4.0, 1e-9);
    near("lower rail", r.last("v(b)"), -3.0, 1e-9);
}
