//! Linear controlled sources. i is the source's own branch current (A), u the controlling voltage or current.
//!
//! - E: `v(n+) − v(n−) = gain·(v(c+) − v(c−))`, own branch;
//! - G: `i(n+ → n−) = m·gain·(v(c+) − v(c−))`, gain in siemens;
//! - F: `i(n+ → n−) = m·gain·i(control)`;
//! - H: `v(n+) − v(n−) = gain·i(control)`, gain in ohms, own branch.
//!
//! The controlling current is the branch current of a voltage source or of any other kind that has one.

use super::*;

const FOUR_TERMINALS: &[Terminal] = &[
    TWO_TERMINALS[0],
    TWO_TERMINALS[1],
    Terminal { name: "c+", optional: false, doc: "positive controlling node" },
    Terminal { name: "c-", optional: false, doc: "negative controlling node" },
];

const CURRENT_CONTROL: &[ControlSpec] = &[ControlSpec {
    name: "control",
    kinds: &["vsource", "vcvs", "ccvs", "inductor", "behavioural"],
    doc: "the element whose branch current controls; it flows from its n+ through it to n−",
}];

const PARALLEL: ParamSpec = ParamSpec::real("m", "", 1.0, "number of sources in parallel").range(Range::Positive);

const E_SPEC: DeviceSpec = DeviceSpec {
    name: "vcvs",
    letter: 'e',
    doc: "voltage-controlled voltage source",
    equations: "v(n+) − v(n−) = gain·(v(c+) − v(c−));  branch row: f = v(n+) − v(n−) − gain·(v(c+) − v(c−))",
    terminals: FOUR_TERMINALS,
    positional: &["gain"],
    instance: &[ParamSpec::real("gain", "V/V", 0.0, "voltage gain").required()],
    connections: &[Connection::new(0, 1, Joins::Voltage), Connection::new(2, 3, Joins::Sense)],
    ..DeviceSpec::EMPTY
};
const G_SPEC: DeviceSpec = DeviceSpec {
    name: "vccs",
    letter: 'g',
    doc: "voltage-controlled current source; the current flows from n+ through the source to n−",
    equations: "i = m·gain·(v(c+) − v(c−))",
    terminals: FOUR_TERMINALS,
    positional: &["gain"],
    instance: &[
        ParamSpec::real("gain", "S", 0.0, "transconductance").required(),
        PARALLEL,
        parasitics::RPAR,
        parasitics::CPAR,
    ],
    connections: &[Connection::new(0, 1, Joins::Current), Connection::new(2, 3, Joins::Sense)],
    ..DeviceSpec::EMPTY
};
const F_SPEC: DeviceSpec = DeviceSpec {
    name: "cccs",
    letter: 'f',
    doc: "current-controlled current source; the current flows from n+ through the source to n−",
    equations: "i = m·gain·i(control)",
    terminals: TWO_TERMINALS,
    controls: CURRENT_CONTROL,
    positional: &["gain"],
    instance: &[ParamSpec::real("gain", "A/A", 0.0, "current gain").required(), PARALLEL],
    connections: &[Connection::new(0, 1, Joins::Current)],
    ..DeviceSpec::EMPTY
};
const H_SPEC: DeviceSpec = DeviceSpec {
    name: "ccvs",
    letter: 'h',
    doc: "current-controlled voltage source",
    equations: "v(n+) − v(n−) = gain·i(control);  branch row: f = v(n+) − v(n−) − gain·i(control)",
    terminals: TWO_TERMINALS,
    controls: CURRENT_CONTROL,
    positional: &["gain"],
    instance: &[ParamSpec::real("gain", "Ω", 0.0, "transresistance").required()],
    connections: &[Connection::new(0, 1, Joins::Voltage)],
    ..DeviceSpec::EMPTY
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $spec:ident, $bank:ident, $source:literal, $control:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Kind for $name {
            fn parts(&self, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
                parasitics::parts(&$name, instance, node)
            }
            fn spec(&self) -> &'static DeviceSpec {
                &$spec
            }
            fn examples(&self) -> Vec<Instance> {
                [2.0, -1e-3, 1e6].map(|gain| Instance::example(&$spec, &[("gain", gain)])).to_vec()
            }
            bank_builders!($bank);
        }

        type $bank<R> = Controlled<R, $source, $control>;
    )*};
}

const VOLTAGE: bool = true;
const CURRENT: bool = false;

kinds! {
    /// The voltage-controlled voltage source.
    Vcvs, E_SPEC, E, true, true;
    /// The voltage-controlled current source.
    Vccs, G_SPEC, G, false, true;
    /// The current-controlled current source.
    Cccs, F_SPEC, F, false, false;
    /// The current-controlled voltage source.
    Ccvs, H_SPEC, H, true, false;
}

/// Controlled sources whose output and control are a voltage (true) or a current (false).
struct Controlled<R, const SOURCE: bool, const CONTROL: bool> {
    gain: Vec<R>,
}

impl<R: Real, const SOURCE: bool, const CONTROL: bool> Controlled<R, SOURCE, CONTROL> {
    /// The control's local; a controlling voltage is between it and the one after.
    const U: usize = 2;
    /// The local of the source's own branch current.
    const I: usize = if CONTROL == VOLTAGE { 4 } else { 3 };
}

impl<R: Real, const SOURCE: bool, const CONTROL: bool> Element<R> for Controlled<R, SOURCE, CONTROL> {
    const LINEAR: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        Controlled { gain: vec![R::zero(); instances.len()] }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let nodes = instance.nodes.iter().map(|n| Local::Node(*n));
        let mut locals: Vec<Local> = nodes.chain(instance.controls.iter().map(|c| Local::Branch(*c))).collect();
        if SOURCE == VOLTAGE {
            locals.push(Local::OwnBranch(UnknownSpec::CURRENT));
        }
        locals
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        let controls = if CONTROL == VOLTAGE { vec![Self::U, Self::U + 1] } else { vec![Self::U] };
        if SOURCE == CURRENT {
            return controls.into_iter().flat_map(|c| [(0, c), (1, c)]).collect();
        }
        let i = Self::I;
        let own = [(0, i), (1, i), (i, 0), (i, 1)];
        own.into_iter().chain(controls.into_iter().map(|c| (i, c))).collect()
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], _setting: &Setting) {
        for (gain, instance) in self.gain.iter_mut().zip(instances) {
            let m = if SOURCE == CURRENT { instance.params.real("m") } else { 1.0 };
            gain.set_lane(lane, m * instance.params.real("gain"));
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let gain = self.gain[i];
        let u = if CONTROL == VOLTAGE { at.v(Self::U, Self::U + 1) } else { at.x(Self::U) };
        if SOURCE == CURRENT {
            s.current(0, 1, gain * u);
            if CONTROL == VOLTAGE {
                s.conductance(0, 1, Self::U, Self::U + 1, gain);
            } else {
                s.df(0, Self::U, gain);
                s.df(1, Self::U, -gain);
            }
            return;
        }
        let branch = Self::I;
        s.current(0, 1, at.x(branch));
        s.df(0, branch, R::one());
        s.df(1, branch, -R::one());
        s.f(branch, at.v(0, 1) - gain * u);
        s.df(branch, 0, R::one());
        s.df(branch, 1, -R::one());
        s.df(branch, Self::U, -gain);
        if CONTROL == VOLTAGE {
            s.df(branch, Self::U + 1, gain);
        }
    }
}
