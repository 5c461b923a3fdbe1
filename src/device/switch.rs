//! Switches: a resistance with two values and hysteresis. S is controlled by a voltage, W by a branch current.
//!
//! `f(n+) += g·v, f(n−) −= g·v`, v = v(n+) − v(n−), g = 1/ron or 1/roff in siemens. With the control c (volts or
//! amperes), threshold t and hysteresis h ≥ 0 the switch turns on when c rises to t + h and off when c falls to t − h;
//! both are located events. With h < 0 there is no hysteresis and no event: between t − |h| and t + |h| the logarithm
//! of g goes smoothly from one value to the other, `ln g = ln goff + (ln gon − ln goff)·u²·(3 − 2u)`,
//! u = (c − t + |h|)/(2|h|).
//!
//! Parameters as in the ngspice manual, section "Switches"; a negative hysteresis is read as LTspice reads it. Models of the
//! types vswitch and iswitch (cswitch) are those of PSpice and Xyce (Xyce Reference Guide, "Voltage- or Current-controlled Switch"):
//! t and |h| are the middle and half the distance of the controls where they are on and off.

use super::comparator::hysteresis_floor;
use super::*;
use crate::number::ln;
use std::marker::PhantomData;

const MODEL_DOC_ON: &str = "resistance when on";
const MODEL_DOC_OFF: &str = "resistance when off";

const INITIAL: &[ParamSpec] = &[
    ParamSpec::flag("on", "on at the start, where the control lies between the thresholds"),
    ParamSpec::flag("off", "off at the start, where the control lies between the thresholds (the default)"),
    ParamSpec::real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
];

const VOLTAGE: DeviceSpec = DeviceSpec {
    name: "switch",
    letter: 's',
    doc: "voltage-controlled switch",
    equations: "i = g·v;  g = 1/ron from v(nc+,nc-) ≥ vt + vh on, 1/roff from v(nc+,nc-) ≤ vt − vh on; \
                vh < 0: smooth in ln g between vt − |vh| and vt + |vh|",
    terminals: &[
        Terminal { name: "n+", optional: false, doc: "positive node; current flows from here through the switch" },
        Terminal { name: "n-", optional: false, doc: "negative node" },
        Terminal { name: "nc+", optional: false, doc: "positive control node; carries no current" },
        Terminal { name: "nc-", optional: false, doc: "negative control node; carries no current" },
    ],
    connections: &[Connection::new(0, 1, Joins::Conductive), Connection::new(2, 3, Joins::Sense)],
    model: ModelUse::Required,
    model_types: &["sw", "vswitch", "switch"],
    instance: INITIAL,
    model_params: &[
        ParamSpec::real("vt", "V", 0.0, "threshold voltage"),
        ParamSpec::real("vh", "V", 0.0, "hysteresis voltage; negative: a smooth transition instead"),
        ParamSpec::real("ron", "Ω", 1.0, MODEL_DOC_ON).range(Range::Positive),
        ParamSpec::real("roff", "Ω", 1e12, MODEL_DOC_OFF).range(Range::Positive),
        ParamSpec::optional("von", "V", "of a vswitch: on from here; 1 V by default, and roff is then 1 MΩ")
            .alias(&["on"]),
        ParamSpec::optional("voff", "V", "of a vswitch: off from here, smooth in between; 0 V by default")
            .alias(&["off"]),
    ],
    ..DeviceSpec::EMPTY
};

const CURRENT: DeviceSpec = DeviceSpec {
    name: "cswitch",
    letter: 'w',
    doc: "current-controlled switch",
    equations: "i = g·v;  g = 1/ron from i(control) ≥ it + ih on, 1/roff from i(control) ≤ it − ih on; \
                ih < 0: smooth in ln g between it − |ih| and it + |ih|",
    terminals: TWO_TERMINALS,
    controls: &[ControlSpec {
        name: "vcontrol",
        kinds: &["vsource", "vcvs", "ccvs", "inductor"],
        doc: "voltage source (or other branch with a current of its own) whose current controls",
    }],
    model: ModelUse::Required,
    model_types: &["csw", "iswitch", "cswitch"],
    instance: INITIAL,
    model_params: &[
        ParamSpec::real("it", "A", 0.0, "threshold current"),
        ParamSpec::real("ih", "A", 0.0, "hysteresis current; negative: a smooth transition instead"),
        ParamSpec::real("ron", "Ω", 1.0, MODEL_DOC_ON).range(Range::Positive),
        ParamSpec::real("roff", "Ω", 1e12, MODEL_DOC_OFF).range(Range::Positive),
        ParamSpec::optional("ion", "A", "of an iswitch: on from here; 1 mA by default, and roff is then 1 MΩ")
            .alias(&["on"]),
        ParamSpec::optional("ioff", "A", "of an iswitch: off from here, smooth in between; 0 A by default")
            .alias(&["off"]),
    ],
    ..DeviceSpec::EMPTY
};

/// The voltage-controlled switch.
pub struct VoltageSwitch;
/// The current-controlled switch.
pub struct CurrentSwitch;

impl Kind for VoltageSwitch {
    fn spec(&self) -> &'static DeviceSpec {
        &VOLTAGE
    }
    fn examples(&self) -> Vec<Instance> {
        let on = Instance::example(&VOLTAGE, &[("on", 1.0)]);
        vec![
            on.clone().with_model(&VOLTAGE, "sw", &[("vt", 0.1), ("vh", 0.2), ("ron", 10.0)]),
            Instance { params: Values::defaults(INITIAL), ..on.clone() }.with_model(&VOLTAGE, "sw", &[("roff", 1e5)]),
            on.with_model(&VOLTAGE, "sw", &[("vt", 0.1), ("vh", -2.0), ("ron", 10.0), ("roff", 1e4)]),
        ]
    }
    bank_builders!(VoltageSwitches);
}

impl Kind for CurrentSwitch {
    fn spec(&self) -> &'static DeviceSpec {
        &CURRENT
    }
    fn examples(&self) -> Vec<Instance> {
        let plain = Instance::example(&CURRENT, &[]);
        vec![
            plain.clone().with_model(&CURRENT, "csw", &[("it", 1e-3), ("ih", 1e-4)]),
            plain.with_model(&CURRENT, "csw", &[("it", 0.1), ("ih", -2.0), ("ron", 10.0), ("roff", 1e4)]),
        ]
    }
    bank_builders!(CurrentSwitches);
}

/// What controls a switch.
trait Control: Send + 'static {
    /// Names of threshold and hysteresis in the model.
    const NAMES: (&'static str, &'static str);
    /// Names of the values where a PSpice switch is on and off, and where it is on by default.
    const ENDS: (&'static str, &'static str, f64);
    /// The locals whose sum, each with its sign, is the control.
    const LOCALS: &'static [(usize, f64)];
    /// The same as a voltage between two terminals.
    const TERMINALS: Option<(usize, usize)>;
}
struct ByVoltage;
impl Control for ByVoltage {
    const NAMES: (&'static str, &'static str) = ("vt", "vh");
    const ENDS: (&'static str, &'static str, f64) = ("von", "voff", 1.0);
    const LOCALS: &'static [(usize, f64)] = &[(2, 1.0), (3, -1.0)];
    const TERMINALS: Option<(usize, usize)> = Some((2, 3));
}
struct ByCurrent;
impl Control for ByCurrent {
    const NAMES: (&'static str, &'static str) = ("it", "ih");
    const ENDS: (&'static str, &'static str, f64) = ("ion", "ioff", 1e-3);
    const LOCALS: &'static [(usize, f64)] = &[(2, 1.0)];
    const TERMINALS: Option<(usize, usize)> = None;
}
type VoltageSwitches<R> = Switches<R, ByVoltage>;
type CurrentSwitches<R> = Switches<R, ByCurrent>;

struct Switches<R: Real, C> {
    threshold: Vec<R>,
    hysteresis: Vec<R>,
    /// 1 in lanes with a smooth transition, else 0.
    smooth: Vec<R>,
    gon: Vec<R>,
    goff: Vec<R>,
    /// ln(gon/goff).
    span: Vec<R>,
    starts_on: Vec<R>,
    /// 1 in lanes that are on, else 0.
    on: Vec<R>,
    /// Does any lane have a smooth transition? Its entries by the control are in the footprint from the start.
    any_smooth: Vec<bool>,
    control: PhantomData<C>,
}

impl<R: Real, C: Control> Switches<R, C> {
    #[inline(always)]
    fn is(flag: R) -> R::Mask {
        flag.gt(R::splat(0.5))
    }
    #[inline(always)]
    fn control(at: &At<'_, R>) -> R {
        C::LOCALS.iter().fold(R::zero(), |sum, (k, sign)| sum + at.x(*k) * *sign)
    }
}

/// What a switch is made of: threshold, hysteresis, resistances when on and off.
fn law<C: Control>(instance: &Instance) -> [f64; 4] {
    let real = |name: &str| instance.model_real(name);
    let Some(model) = instance.model.as_ref().filter(|m| m.type_index > 0) else {
        return [real(C::NAMES.0), real(C::NAMES.1), real("ron"), real("roff")];
    };
    // PSpice's switch: the same smooth law between two values of the control, where it may also be on below and off above.
    let given = |name: &str| model.params.given(name);
    let on = model.params.number(C::ENDS.0).unwrap_or(C::ENDS.2);
    let off = model.params.number(C::ENDS.1).unwrap_or(0.0);
    let (ron, roff) = (real("ron"), if given("roff") { real("roff") } else { 1e6 });
    let (above, below) = if on >= off { (ron, roff) } else { (roff, ron) };
    [0.5 * (on + off), -0.5 * (on - off).abs(), above, below]
}

impl<R: Real, C: Control> Element<R> for Switches<R, C> {
    const CROSSINGS: usize = 1;
    const SENSES: Option<(usize, usize)> = C::TERMINALS;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let zeros = || vec![R::zero(); instances.len()];
        Switches {
            threshold: zeros(),
            hysteresis: zeros(),
            smooth: zeros(),
            gon: zeros(),
            goff: zeros(),
            span: zeros(),
            starts_on: zeros(),
            on: zeros(),
            any_smooth: instances.iter().map(|s| law::<C>(s)[1] < 0.0).collect(),
            control: PhantomData,
        }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let nodes = instance.nodes.iter().map(|n| Local::Node(*n));
        nodes.chain(instance.controls.iter().map(|c| Local::Branch(*c))).collect()
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let mut entries = vec![(0, 0), (0, 1), (1, 0), (1, 1)];
        if self.any_smooth[i] {
            entries.extend(C::LOCALS.iter().flat_map(|(k, _)| [(0, *k), (1, *k)]));
        }
        entries
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let [threshold, hysteresis, ron, roff] = law::<C>(instance);
            let smooth = hysteresis < 0.0;
            let m = instance.params.real("m");
            let (gon, goff) = (m / ron, m / roff);
            self.threshold[i].set_lane(lane, threshold);
            self.hysteresis[i].set_lane(lane, hysteresis.abs().max(hysteresis_floor(threshold)));
            self.smooth[i].set_lane(lane, f64::from(u8::from(smooth)));
            self.any_smooth[i] |= smooth;
            self.gon[i].set_lane(lane, gon);
            self.goff[i].set_lane(lane, goff);
            self.span[i].set_lane(lane, ln(gon / goff));
            let on = instance.params.flag("on") && !instance.params.flag("off");
            self.starts_on[i].set_lane(lane, f64::from(u8::from(on)));
        }
    }

    fn reset(&mut self, lane: usize) {
        for (on, start) in self.on.iter_mut().zip(&self.starts_on) {
            on.set_lane(lane, start.lane(lane));
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        fields.flag("on", &mut self.on[i]);
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let v = at.v(0, 1);
        let mut g = R::select(Self::is(self.on[i]), self.gon[i], self.goff[i]);
        if self.any_smooth[i] {
            let smooth = Self::is(self.smooth[i]);
            let width = self.hysteresis[i] * 2.0;
            let u = ((Self::control(at) - self.threshold[i] + self.hysteresis[i]) / width).max(R::zero()).min(R::one());
            let blend = self.goff[i] * (self.span[i] * u.squared() * (R::splat(3.0) - u * 2.0)).exp();
            let slope = blend * self.span[i] * u * (R::one() - u) * 6.0 / width;
            let slope = R::select(smooth, slope, R::zero());
            g = R::select(smooth, blend, g);
            for (k, sign) in C::LOCALS {
                s.df(0, *k, slope * v * *sign);
                s.df(1, *k, -(slope * v * *sign));
            }
        }
        s.current(0, 1, g * v);
        s.conductance(0, 1, 0, 1, g);
    }

    fn crossings(&self, i: usize, at: &At<'_, R>, out: &mut [R]) {
        let c = Self::control(at) - self.threshold[i];
        let g = R::select(Self::is(self.on[i]), -c, c) - self.hysteresis[i];
        out[0] = R::select(Self::is(self.smooth[i]), R::splat(-1.0), g);
    }

    fn on_event(&mut self, i: usize, _k: usize, _at: &At<'_, R>, mask: R::Mask) -> Discontinuity {
        let flipped = R::one() - self.on[i];
        self.on[i] = R::select(mask, flipped, self.on[i]);
        Discontinuity::Jump
    }

    fn settle(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) -> R::Mask {
        let c = Self::control(at) - self.threshold[i];
        let on = Self::is(self.on[i]);
        let wrong = (on & c.le(-self.hysteresis[i])) | (!on & c.ge(self.hysteresis[i]));
        let change = mask & wrong & !Self::is(self.smooth[i]);
        self.on[i] = R::select(change, R::one() - self.on[i], self.on[i]);
        change
    }
}

#[cfg(test)]
mod tests {
    use super::super::testbench::Bench;
    use super::*;
    use crate::number::{Lanes, Mask};

    fn voltage(params: &[(&str, f64)], on: bool) -> Instance {
        let flags: &[(&str, f64)] = if on { &[("on", 1.0)] } else { &[] };
        Instance { nodes: vec![1, 0, 2, 0], ..Instance::example(&VOLTAGE, flags) }.with_model(&VOLTAGE, "sw", params)
    }

    #[test]
    fn turns_on_above_and_off_below_its_thresholds() {
        let model = [("vt", 1.0), ("vh", 0.5), ("ron", 4.0), ("roff", 100.0)];
        let mut b = Bench::<f64>::new(&VoltageSwitch, vec![voltage(&model, false)]);
        b.set("v(1)", 2.0);
        assert_eq!(b.residual("v(1)", 0.0), 0.02);
        b.set("v(2)", 1.25);
        assert!(b.crossing(0) < 0.0);
        b.set("v(2)", 1.5);
        assert_eq!(b.crossing(0), 0.0);
        assert_eq!(b.event(0, 0.0, true), Discontinuity::Jump);
        assert!(b.crossing(0) < 0.0);
        assert_eq!(b.residual("v(1)", 0.0), 0.5);
        b.set("v(2)", 0.75);
        assert!(b.crossing(0) < 0.0);
        b.set("v(2)", 0.5);
        assert_eq!(b.crossing(0), 0.0);
        b.event(0, 0.0, true);
        assert_eq!(b.residual("v(1)", 0.0), 0.02);
    }

    #[test]
    fn initial_state_holds_between_the_thresholds_only() {
        let model = [("vt", 1.0), ("vh", 0.5), ("ron", 4.0), ("roff", 100.0)];
        for (start, control, expected) in
            [(true, 1.0, true), (false, 1.0, false), (true, 0.4, false), (false, 1.6, true), (true, 1.6, true)]
        {
            let mut b = Bench::<f64>::new(&VoltageSwitch, vec![voltage(&model, start)]);
            b.set("v(1)", 1.0);
            b.set("v(2)", control);
            assert_eq!(b.settle(0.0, true), start != expected);
            assert!(!b.settle(0.0, true));
            assert_eq!(b.residual("v(1)", 0.0), if expected { 0.25 } else { 0.01 });
        }
    }

    #[test]
    fn lanes_switch_alone_and_reset_to_their_flag() {
        let mut b = Bench::<Lanes<4>>::new(&VoltageSwitch, vec![voltage(&[("ron", 2.0), ("roff", 1e9)], true)]);
        let mut mask = <Lanes<4> as Real>::Mask::splat(false);
        mask.set_lane(1, true);
        b.event(0, 0.0, mask);
        b.set("v(1)", 1.0);
        assert_eq!(b.residual_lanes("v(1)", Lanes([0.0; 4])), Lanes([0.5, 1e-9, 0.5, 0.5]));
        b.bank().reset(1);
        assert_eq!(b.residual_lanes("v(1)", Lanes([0.0; 4])), Lanes([0.5; 4]));
    }

    #[test]
    fn negative_hysteresis_is_a_geometric_blend_without_events() {
        let model = [("vt", 1.0), ("vh", -0.5), ("ron", 1.0), ("roff", 1e4)];
        let mut b = Bench::<f64>::new(&VoltageSwitch, vec![voltage(&model, false)]);
        b.set("v(1)", 1.0);
        for (control, g) in [(0.0, 1e-4), (0.5, 1e-4), (1.0, 1e-2), (1.5, 1.0), (9.0, 1.0)] {
            b.set("v(2)", control);
            assert!((b.residual("v(1)", 0.0) / g - 1.0).abs() < 1e-12);
            assert!(b.crossing(0) < 0.0);
            assert!(!b.settle(0.0, true));
        }
    }

    #[test]
    fn the_current_switch_follows_a_branch() {
        let s = Instance { nodes: vec![1, 0], ..Instance::example(&CURRENT, &[]) }.with_model(
            &CURRENT,
            "csw",
            &[("it", 1e-3), ("ih", 5e-4), ("ron", 5.0), ("roff", 1e3)],
        );
        let mut b = Bench::<f64>::new(&CurrentSwitch, vec![s]);
        b.set("v(1)", 1.0);
        b.set("i(companion)", 1.4e-3);
        assert!(b.crossing(0) < 0.0);
        b.set("i(companion)", 1.6e-3);
        assert!(b.crossing(0) > 0.0);
        assert!(b.settle(0.0, true));
        assert_eq!(b.residual("v(1)", 0.0), 0.2);
        b.set("i(companion)", 0.4e-3);
        assert!(b.crossing(0) > 0.0);
    }
}
