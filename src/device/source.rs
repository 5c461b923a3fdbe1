//! Independent sources with the value u(t) in V or A.
//!
//! Voltage source with its current i (A) as an unknown: `f(n+) += i, f(n−) −= i`; branch row `f = v(n+) − v(n−) − u`.
//! Current source: `f(n+) += m·u, f(n−) −= m·u`.
//!
//! Signs as in ngspice: current flows from n+ through the source to n−, so that a current source charges n− and the
//! branch current of a supply that delivers power is negative. In `.ac` the source's phasor is `ac`: magnitude and
//! phase in degrees.
//!
//! Value: the `dc` value where an analysis asks for it, and the function of time in a transient (`dc` if there is
//! none). Without `dc` the DC value is the function's at t = 0.

use super::source_function::{SOURCE_FUNCTIONS, SourceWave, check, phasor};
use super::*;

const fn parameters(unit: &'static str) -> [ParamSpec; 3] {
    [
        ParamSpec::optional("dc", unit, "DC value; default: the function's at t = 0, else 0"),
        ParamSpec::of(ParamKind::List, "ac", unit, "magnitude, then phase in degrees, in .ac; `ac` alone is 1 at 0°"),
        ParamSpec::of(
            ParamKind::Function,
            "function",
            unit,
            "function of time: pulse, sin, exp, pwl, sffm, am, pat, trnoise or trrandom",
        ),
    ]
}

const VOLTAGE_SPEC: DeviceSpec = DeviceSpec {
    name: "vsource",
    letter: 'v',
    doc: "independent voltage source",
    equations: "v(n+) − v(n−) = u(t);  branch row: f = v(n+) − v(n−) − u(t)",
    terminals: TWO_TERMINALS,
    positional: &["dc"],
    instance: &{
        let [dc, ac, function] = parameters("V");
        [dc, ac, function, parasitics::RSER, parasitics::CPAR]
    },
    functions: SOURCE_FUNCTIONS,
    connections: &[Connection::new(0, 1, Joins::Voltage)],
    ..DeviceSpec::EMPTY
};

const CURRENT_SPEC: DeviceSpec = DeviceSpec {
    name: "isource",
    letter: 'i',
    doc: "independent current source; the current flows from n+ through the source to n−",
    equations: "i = m·u(t)",
    terminals: TWO_TERMINALS,
    positional: &["dc"],
    instance: &{
        let [dc, ac, function] = parameters("A");
        [dc, ac, function, ParamSpec::real("m", "", 1.0, "number of sources in parallel").range(Range::Positive)]
    },
    functions: SOURCE_FUNCTIONS,
    connections: &[Connection::new(0, 1, Joins::Current)],
    ..DeviceSpec::EMPTY
};

/// The voltage source.
pub struct VoltageSource;
/// The current source.
pub struct CurrentSource;

impl Kind for VoltageSource {
    fn spec(&self) -> &'static DeviceSpec {
        &VOLTAGE_SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check_source(instance)
    }
    fn draws(&self, instance: &Instance) -> bool {
        function(instance).is_some_and(|f| matches!(SOURCE_FUNCTIONS[f.index].name, "trnoise" | "trrandom"))
    }
    fn examples(&self) -> Vec<Instance> {
        examples(&VOLTAGE_SPEC)
    }
    fn plays(&self, instance: &Instance, setting: &Setting, until: f64) -> Option<Vec<(f64, f64)>> {
        plays(instance, setting, until)
    }
    fn parts(&self, instance: &Instance, node: &mut dyn FnMut(&str) -> NodeId) -> Vec<Part> {
        parasitics::parts(&VoltageSource, instance, node)
    }
    bank_builders!(VoltageSources);
}

impl Kind for CurrentSource {
    fn spec(&self) -> &'static DeviceSpec {
        &CURRENT_SPEC
    }
    fn check(&self, instance: &Instance) -> Vec<String> {
        check_source(instance)
    }
    fn draws(&self, instance: &Instance) -> bool {
        function(instance).is_some_and(|f| matches!(SOURCE_FUNCTIONS[f.index].name, "trnoise" | "trrandom"))
    }
    fn examples(&self) -> Vec<Instance> {
        examples(&CURRENT_SPEC)
    }
    fn plays(&self, instance: &Instance, setting: &Setting, until: f64) -> Option<Vec<(f64, f64)>> {
        plays(instance, setting, until)
    }
    bank_builders!(CurrentSources);
}

fn function(instance: &Instance) -> Option<&SourceFunction> {
    match instance.params.get("function") {
        Some(Value::Function(f)) => Some(f),
        _ => None,
    }
}

/// The points of what a source plays, if that is made of straight lines.
fn plays(instance: &Instance, setting: &Setting, until: f64) -> Option<Vec<(f64, f64)>> {
    let m = instance.params.index("m").map_or(1.0, |_| instance.params.real("m"));
    let Some(function) = function(instance) else {
        return Some(vec![(0.0, m * instance.params.number("dc").unwrap_or(0.0))]);
    };
    SourceWave::new(function, instance, setting).scaled(m).corners(until)
}

fn check_source(instance: &Instance) -> Vec<String> {
    let mut errors = function(instance).map_or(Vec::new(), check);
    if let Some(Value::List(ac)) = instance.params.get("ac")
        && ac.len() > 2
    {
        errors.push(format!("ac takes a magnitude and a phase in degrees, not {} numbers", ac.len()));
    }
    errors
}

fn examples(spec: &'static DeviceSpec) -> Vec<Instance> {
    let mut all = vec![Instance::example(spec, &[("dc", 1.5)])];
    all[0].params.set("ac", Value::List(vec![2.0, 90.0]));
    let functions: &[(usize, &[f64], Option<f64>)] = &[
        (0, &[0.0, 1.0, 1e-6, 1e-7, 2e-7, 3e-6, 1e-5], None),
        (1, &[0.2, 1.0, 1e5, 1e-6, 1e4, 30.0], None),
        (2, &[0.0, 1.0, 1e-6, 1e-6, 5e-6, 2e-6], None),
        (3, &[0.0, 0.0, 1e-6, 1.0, 3e-6, -1.0], None),
        (3, &[0.0, 0.0, 1e-6, 1.0, 3e-6, -1.0], Some(1e-6)),
        (4, &[0.5, 1.0, 1e6, 3.0, 1e5, 20.0, 40.0], None),
        (5, &[0.5, 1.0, 1e5, 1e6, 1e-6, 20.0, 40.0], None),
        (6, &[1.0, -1.0, 1e-6, 1e-7, 2e-7, 1e-6, 0.0, 1.0, 1.0, 0.0, 1.0], Some(1.0)),
        (7, &[0.1, 1e-6, 1.0, 0.1, 0.5, 3e-6, 2e-6], None),
        (8, &[2.0, 1e-6, 5e-7, 0.3, 0.1], None),
    ];
    for (index, args, first) in functions {
        let mut options = vec![None; SOURCE_FUNCTIONS[*index].options.len()];
        if let (Some(option), Some(first)) = (options.first_mut(), first) {
            *option = Some(Value::Number(*first));
        }
        let mut source = Instance::example(spec, &[]);
        source.params.set("function", Value::Function(SourceFunction { index: *index, args: args.to_vec(), options }));
        all.push(source);
    }
    all
}

/// The values of sources, per instance and lane.
struct Sources<R> {
    dc: Vec<R>,
    /// Functions of time at `instance·LANES + lane`; `None`: the DC value.
    waves: Vec<Option<SourceWave>>,
    /// Real and imaginary part of the excitation in `.ac`.
    ac: Vec<Option<(R, R)>>,
}

impl<R: Real> Sources<R> {
    fn new(n: usize) -> Self {
        Sources { dc: vec![R::zero(); n], waves: vec![None; n * R::LANES], ac: vec![None; n] }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let m = instance.params.index("m").map_or(1.0, |_| instance.params.real("m"));
            let wave = function(instance).map(|f| SourceWave::new(f, instance, setting).scaled(m));
            let dc = instance.params.number("dc").map(|dc| m * dc);
            self.dc[i].set_lane(lane, dc.or_else(|| wave.as_ref().map(|w| w.value(0.0))).unwrap_or(0.0));
            self.waves[i * R::LANES + lane] = wave;
            match instance.params.get("ac") {
                Some(Value::List(list)) => {
                    let (re, im) = phasor(list);
                    let ac = self.ac[i].get_or_insert((R::zero(), R::zero()));
                    ac.0.set_lane(lane, m * re);
                    ac.1.set_lane(lane, m * im);
                }
                _ => self.ac[i] = None,
            }
        }
    }

    /// The value of source i. Functions are evaluated lane by lane: lanes differ in their time and their stimuli.
    #[inline(always)]
    fn value(&self, i: usize, cx: &EvalCx<'_, R>) -> R {
        let mut u = self.dc[i];
        if cx.excitation == Excitation::Waveform {
            for lane in 0..R::LANES {
                if let Some(wave) = &self.waves[i * R::LANES + lane] {
                    u.set_lane(lane, wave.value(cx.t.lane(lane)));
                }
            }
        }
        u * cx.source_scale
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        let mut next = R::splat(f64::INFINITY);
        for lane in 0..R::LANES {
            if let Some(wave) = &self.waves[i * R::LANES + lane] {
                next.set_lane(lane, wave.next_breakpoint(t.lane(lane)));
            }
        }
        next
    }
}

/// The local of a voltage source's branch current.
const I: usize = 2;

struct VoltageSources<R>(Sources<R>);

impl<R: Real> Element<R> for VoltageSources<R> {
    const LINEAR: bool = true;
    const BREAKPOINTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        VoltageSources(Sources::new(instances.len()))
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(Local::OwnBranch(UnknownSpec::CURRENT));
        locals
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        vec![(0, I), (1, I), (I, 0), (I, 1)]
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        self.0.reload(lane, instances, setting);
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        s.current(0, 1, at.x(I));
        s.df(0, I, R::one());
        s.df(1, I, -R::one());
        s.f(I, at.v(0, 1) - self.0.value(i, at.cx));
        s.df(I, 0, R::one());
        s.df(I, 1, -R::one());
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        self.0.next_breakpoint(i, t)
    }

    fn ac_rhs(&self, i: usize, add: &mut dyn FnMut(usize, R, R)) {
        if let Some((re, im)) = self.0.ac[i] {
            add(I, re, im);
        }
    }
}

struct CurrentSources<R>(Sources<R>);

impl<R: Real> Element<R> for CurrentSources<R> {
    const LINEAR: bool = true;
    const BREAKPOINTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        CurrentSources(Sources::new(instances.len()))
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        instance.nodes.iter().map(|n| Local::Node(*n)).collect()
    }

    fn footprint(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn charges(&self, _i: usize) -> Vec<(usize, usize)> {
        Vec::new()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        self.0.reload(lane, instances, setting);
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        s.current(0, 1, self.0.value(i, at.cx));
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        self.0.next_breakpoint(i, t)
    }

    fn ac_rhs(&self, i: usize, add: &mut dyn FnMut(usize, R, R)) {
        if let Some((re, im)) = self.0.ac[i] {
            add(0, -re, -im);
            add(1, re, im);
        }
    }
}
