//! Filamentary RRAM, UniMORE-style, reconstructed: a conductive filament in series with a barrier of thickness x.
//!
//! The group's own Verilog-A source and parameters could not be had. What follows keeps the structure that Benatti et al.,
//! Nano Futures 7 (2023), doi 10.1088/2399-1984/accf53, and the group's abstracts state (filament and barrier, thermal
//! effects, switching that is stochastic, multi-level telegraph noise from independent traps, one parameter set for
//! quasi-static and pulsed operation) and closes it with equations of our own choice. So neither the equations nor the
//! default parameters may be called UniMORE's.
//!
//! ```text
//! circuit    V = I·(R_s + R_cf) + V_b                                     the internal node 'barrier' splits V
//! filament   R_cf = ρ·(t_ox − x)/S · (1 + α·(T_cf − T_0))
//! barrier    I = S·β·V_0·exp(−x/x_d)·A(E_ab)·sinh(V_b/V_0)·(1 − Σ a_j·s_j)       A(E) = exp(−(E/k)·(1/T − 1/T_0))
//! heat       C_cf·dT_cf/dt = I²·R_cf − (T_cf − T_a)/R_th,cf,  C_b·dT_b/dt = I·V_b − (T_b − T_a)/R_th,b
//!            T = T_b + κ·(T_cf − T_a)
//! SET        dx/dt = −r·w(x − x_min),  V_b > 0        r = v/(1 + v/v_cap),  v = v_i·A(E_i)·sinh(a_i·|V_b|/((x + d_i)·k·T))
//! RESET      dx/dt = +r·w(x_max − x),  V_b < 0        w(u) = 1 − exp(−u/d_w), 0 for u < 0
//! ```
//!
//! Lengths in m, temperatures in K, k in eV/K, energies in eV. sinh and not exp: at V = 0 nothing moves, exactly.
//!
//! Stochastic parts, each with its switch (`c2c`, `d2d`, `rtn`) and its own keyed streams: [`variability`], [`telegraph`].

mod equations;
mod telegraph;
#[cfg(test)]
mod tests;
mod variability;

use super::*;
use equations::{Law, Params};
use telegraph::Traps;
use variability::Cycles;

const fn switch(name: &'static str, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, "", 1.0, doc).integer().range(Range::OneOf(&[0.0, 1.0]))
}

const fn positive(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc).range(Range::Positive)
}

const fn spread(name: &'static str, unit: &'static str, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, 0.0, doc).range(Range::NonNegative)
}

const SPEC: DeviceSpec = DeviceSpec {
    name: "rram",
    letter: 'y',
    doc: "filamentary RRAM, UniMORE-style, reconstructed: filament, barrier, heat, variability, telegraph noise",
    equations: "V = I·(rs + R_cf) + V_b,  R_cf = rho·(tox − x)/s·(1 + alpha·(T_cf − t0))\n\
                I = s·beta·v0·exp(−x/xdecay)·A(eab)·sinh(V_b/v0)·(1 − Σ a_j·s_j),  A(E) = exp(−(E/k)·(1/T − 1/t0))\n\
                cthcf·dT_cf/dt = I²·R_cf − (T_cf − T_a)/rthcf,  cthb·dT_b/dt = I·V_b − (T_b − T_a)/rthb,  \
                T = T_b + kappa·(T_cf − T_a)\n\
                V_b > 0 (SET): dx/dt = −r·w(x − xmin);  V_b < 0 (RESET): dx/dt = r·w(xmax − x);  w(u) = 1 − exp(−u/dw)\n\
                r = v/(1 + v/vcap),  v = v_i·A(ea_i)·sinh(a_i·|V_b|/((x + d_i)·k·T)),  i = set, reset\n\
                plasticity=0: x = x0",
    terminals: TWO_TERMINALS,
    model: ModelUse::Required,
    model_types: &["rram"],
    levels: &[1],
    instance: &[
        ParamSpec::optional("x0", "m", "initial barrier thickness; default: the model's").range(Range::NonNegative),
        ParamSpec::optional("g0", "S", "initial conductance I/V at vread, instead of x0").range(Range::Positive),
        ParamSpec::optional("plasticity", "", "0 freezes the barrier at x0; default: the model's")
            .integer()
            .range(Range::OneOf(&[0.0, 1.0])),
        ParamSpec::optional("temp", "°C", "ambient temperature; default: the circuit's")
            .range(Range::Open(-200.0, 700.0)),
    ],
    model_params: &[
        ParamSpec::real("x0", "m", 0.3e-9, "initial barrier thickness").range(Range::NonNegative),
        ParamSpec::real("plasticity", "", 1.0, "0 freezes the barrier at x0")
            .integer()
            .range(Range::OneOf(&[0.0, 1.0])),
        positive("vread", "V", 50e-3, "voltage at which g0 is meant"),
        positive("tox", "m", 40e-9, "equivalent oxide thickness"),
        positive("s", "m²", 78.54e-18, "cross-section of the filament"),
        positive("xdecay", "m", 1e-9, "thickness in which the barrier's current falls e-fold"),
        positive("rho", "Ω·m", 3.32e-5, "resistivity of the filament"),
        ParamSpec::real("alpha", "1/K", 1e-3, "temperature coefficient of the filament"),
        positive("beta", "S/m²", 7.52e12, "conductance of the barrier per area at x = 0"),
        positive("v0", "V", 0.284, "voltage scale of the barrier's current"),
        ParamSpec::real("eab", "eV", 0.05, "activation energy of the barrier's current").range(Range::NonNegative),
        ParamSpec::real("rs", "Ω", 0.0, "series resistance inside the device").range(Range::NonNegative),
        positive("vset", "m/s", 4.004e-10, "prefactor of SET"),
        positive("aset", "m", 9.208e-9, "field acceleration of SET"),
        positive("dset", "m", 11.564e-9, "thickness added to x in the field of SET"),
        ParamSpec::real("easet", "eV", 0.6, "activation energy of SET").range(Range::NonNegative),
        positive("vreset", "m/s", 9.317e-11, "prefactor of RESET"),
        positive("areset", "m", 8.662e-9, "field acceleration of RESET"),
        positive("dreset", "m", 0.1008e-9, "thickness added to x in the field of RESET"),
        ParamSpec::real("eareset", "eV", 0.5, "activation energy of RESET").range(Range::NonNegative),
        ParamSpec::real("xmin", "m", 0.3e-9, "thickness at which SET ends").range(Range::NonNegative),
        positive("xmax", "m", 7.685e-9, "thickness at which RESET ends"),
        positive("dw", "m", 0.5e-9, "width of the windows at xmin and xmax"),
        positive("vcap", "m/s", 0.1, "speed that no switching exceeds"),
        positive("rthcf", "K/W", 2e6, "thermal resistance of the filament"),
        positive("rthb", "K/W", 3e6, "thermal resistance of the barrier"),
        positive("cthcf", "J/K", 5e-16, "thermal capacitance of the filament"),
        positive("cthb", "J/K", 3.33e-16, "thermal capacitance of the barrier"),
        ParamSpec::real("kappa", "", 0.3, "part of the filament's heating that the barrier feels")
            .range(Range::NonNegative),
        positive("t0", "K", 300.0, "temperature at which the parameters hold"),
        switch("c2c", "0 switches the variability from cycle to cycle off"),
        spread("sigmas", "", "cycle to cycle: standard deviation of ln s"),
        spread("sigmavset", "", "cycle to cycle: standard deviation of ln vset"),
        spread("sigmavreset", "", "cycle to cycle: standard deviation of ln vreset"),
        spread("sigmaxmax", "m", "cycle to cycle: standard deviation of xmax"),
        positive("xswitch", "m", 0.3e-9, "motion of x back from its extreme at which a switching event begins"),
        switch("d2d", "0 switches the variability from device to device off"),
        spread("devs", "", "device to device: standard deviation of ln s"),
        spread("devvset", "", "device to device: standard deviation of ln vset"),
        spread("devvreset", "", "device to device: standard deviation of ln vreset"),
        spread("devxmax", "m", "device to device: standard deviation of xmax"),
        switch("rtn", "0 switches the telegraph noise off"),
        ParamSpec::real("nt", "1/m³", 0.0, "density of traps; their number in the barrier is Poisson with mean nt·s·x")
            .range(Range::NonNegative),
        positive("tauc", "s", 10e-3, "mean time until an empty trap captures"),
        positive("taue", "s", 10e-3, "mean time until a full trap emits"),
        spread("sigmatau", "", "trap to trap: standard deviation of ln tauc and of ln taue"),
        ParamSpec::real("ahrsmin", "", 0.05, "smallest part of the current that a full trap blocks, high resistance")
            .range(Range::HalfOpen(0.0, 1.0)),
        ParamSpec::real("ahrsmax", "", 0.2, "largest part, high resistance").range(Range::HalfOpen(0.0, 1.0)),
        ParamSpec::real("alrsmin", "", 0.0, "smallest part, low resistance").range(Range::HalfOpen(0.0, 1.0)),
        ParamSpec::real("alrsmax", "", 0.01, "largest part, low resistance").range(Range::HalfOpen(0.0, 1.0)),
    ],
    ..DeviceSpec::EMPTY
};

/// The RRAM.
pub struct Rram;

impl Kind for Rram {
    fn spec(&self) -> &'static DeviceSpec {
        &SPEC
    }

    fn check(&self, instance: &Instance) -> Vec<String> {
        let m = |name: &str| instance.model_real(name);
        let mut wrong = Vec::new();
        let mut below = |a: &str, b: &str| {
            if m(a) > m(b) || (a == "xmin" && m(a) >= m(b)) {
                wrong.push(format!("'{a}' is {}; it must be below '{b}', which is {}", m(a), m(b)));
            }
        };
        below("xmin", "xmax");
        below("xmax", "tox");
        below("ahrsmin", "ahrsmax");
        below("alrsmin", "alrsmax");
        let traps = m("nt") * m("s") * m("xmax");
        if traps > telegraph::MOST_EXPECTED {
            let most = telegraph::MOST_EXPECTED;
            wrong.push(format!("'nt' gives {traps:.3} traps on average at xmax; the most is {most}"));
        }
        let x0 = instance.params.number("x0").unwrap_or(m("x0"));
        if x0 >= m("tox") {
            wrong.push(format!("'x0' is {x0}; the barrier must be thinner than 'tox', which is {}", m("tox")));
        }
        if let Some(g0) = instance.params.number("g0")
            && let Err(range) = equations::state_of_conductance(&Law::nominal(instance), m("vread"), g0)
        {
            let [low, high] = range;
            wrong.push(format!("'g0' is {g0} S; between xmax and xmin the device has {low:.4e} S to {high:.4e} S"));
        }
        wrong
    }

    fn draws(&self, instance: &Instance) -> bool {
        Law::nominal(instance).draws()
    }

    fn examples(&self) -> Vec<Instance> {
        let with =
            |own: &[(&str, f64)], model: &[(&str, f64)]| Instance::example(&SPEC, own).with_model(&SPEC, "rram", model);
        let noisy: &[(&str, f64)] = &[
            ("sigmas", 0.15),
            ("sigmavset", 0.15),
            ("sigmavreset", 1.3),
            ("sigmaxmax", 0.25e-9),
            ("devs", 0.05),
            ("devxmax", 0.1e-9),
            ("nt", 6e24),
            ("tauc", 3e-6),
            ("taue", 2e-6),
            ("rs", 50.0),
        ];
        vec![
            with(&[], &[]),
            with(&[("x0", 4.5e-9)], &[]),
            with(&[("x0", 7e-9)], noisy),
            with(&[("x0", 2e-9), ("plasticity", 0.0)], noisy),
            with(&[("g0", 6.2e-6), ("temp", 60.0)], &[]),
        ]
    }
    /// The initial thickness, also where a conductance is given; whether it moves; the ambient temperature in K.
    fn effective(&self, instance: &Instance, setting: &Setting) -> Vec<(&'static str, f64)> {
        let law = Law::of(instance, setting);
        vec![("x0", law.x0), ("plasticity", law.plasticity), ("temp", law.ambient)]
    }
    bank_builders!(Rrams);
}

// Local numbers.
const P: usize = 0;
const N: usize = 1;
/// The node between filament and barrier.
const M: usize = 2;
const X: usize = 3;
const TCF: usize = 4;
const TB: usize = 5;

/// Directions of derivatives: the voltage across filament or barrier, its temperature, and x.
const BY_V: usize = 0;
const BY_T: usize = 1;
const BY_X: usize = 2;

struct Rrams<R> {
    /// Can the barrier move? If not, nothing is coupled to x.
    plastic: Vec<bool>,
    params: Vec<Params<R>>,
    cycles: Vec<Cycles<R>>,
    traps: Vec<Traps<R>>,
    /// The names of the random streams and their keys, lane by lane.
    sources: Vec<variability::Source>,
}

impl<R: Real> Rrams<R> {
    /// The barrier's thickness. One that never moves is where the device says: no need to look among the unknowns.
    #[inline(always)]
    fn thickness(&self, i: usize, at: &At<'_, R>) -> R {
        if self.plastic[i] { at.x(X) } else { self.params[i].x0 }
    }

    /// Stamps the currents and the heat of filament and barrier; `x` and `area` are constants or depend on direction
    /// [`BY_X`]. Returns the barrier's voltage and temperature.
    #[inline(always)]
    fn currents<const D: usize, S: Stamp<R>>(
        &self,
        i: usize,
        at: &At<'_, R>,
        x: Dual<R, D>,
        area: Dual<R, D>,
        s: &mut S,
    ) -> (Dual<R, D>, Dual<R, D>) {
        let p = &self.params[i];
        let (tcf, tb) = (at.x(TCF), at.x(TB));
        let (current, heat) = p.filament(Dual::variable(at.v(P, M), BY_V), x, Dual::variable(tcf, BY_T), area);
        s.current(P, M, current.v);
        s.conductance(P, M, P, M, current.d[BY_V]);
        s.df(P, TCF, current.d[BY_T]);
        s.df(M, TCF, -current.d[BY_T]);
        s.f(TCF, (tcf - p.ambient) * p.gth_cf - heat.v);
        s.df(TCF, P, -heat.d[BY_V]);
        s.df(TCF, M, heat.d[BY_V]);
        s.df(TCF, TCF, p.gth_cf - heat.d[BY_T]);
        if let Some(by_x) = current.d.get(BY_X) {
            s.df(P, X, *by_x);
            s.df(M, X, -*by_x);
        }
        if let Some(by_x) = heat.d.get(BY_X) {
            s.df(TCF, X, -*by_x);
        }
        s.q(TCF, p.cth_cf * tcf);
        s.dq(TCF, TCF, p.cth_cf);

        // T = T_b + κ·(T_cf − T_a).
        let v = Dual::variable(at.v(M, N), BY_V);
        let t = p.temperature(Dual::variable(tb + p.kappa * (tcf - p.ambient), BY_T));
        let current = p.barrier(v, x, t, area) * self.traps[i].free(x);
        let heat = current * v;
        s.f(M, current.v);
        stamp_barrier(M, current, p.kappa, s);
        s.f(N, -current.v);
        stamp_barrier(N, -current, p.kappa, s);
        s.f(TB, (tb - p.ambient) * p.gth_b - heat.v);
        stamp_barrier(TB, -heat, p.kappa, s);
        s.df(TB, TB, p.gth_b);
        s.q(TB, p.cth_b * tb);
        s.dq(TB, TB, p.cth_b);
        (v, t)
    }
}

/// Derivatives of what is at the barrier, in a row: by its voltage, its temperature, and x.
#[inline(always)]
fn stamp_barrier<R: Real, const D: usize, S: Stamp<R>>(row: usize, y: Dual<R, D>, kappa: R, s: &mut S) {
    s.df(row, M, y.d[BY_V]);
    s.df(row, N, -y.d[BY_V]);
    s.df(row, TB, y.d[BY_T]);
    s.df(row, TCF, y.d[BY_T] * kappa);
    if let Some(by_x) = y.d.get(BY_X) {
        s.df(row, X, *by_x);
    }
}

impl<R: Real> Element<R> for Rrams<R> {
    const BREAKPOINTS: bool = true;
    // A trap that changes changes the current.
    const JUMPS: bool = true;
    const CROSSINGS: usize = 1;
    const ACCEPTS: bool = true;

    fn new(instances: &[Arc<Instance>]) -> Self {
        let n = instances.len();
        Rrams {
            plastic: instances.iter().map(|i| Law::nominal(i).plasticity > 0.5).collect(),
            params: vec![Params::default(); n],
            cycles: vec![Cycles::default(); n],
            traps: vec![Traps::default(); n],
            sources: vec![variability::Source::default(); n * R::LANES],
        }
    }

    fn locals(&self, _i: usize, instance: &Instance) -> Vec<Local> {
        let law = Law::nominal(instance);
        let internal = |name, spec| Local::Internal { name, spec };
        let mut locals: Vec<Local> = instance.nodes.iter().map(|n| Local::Node(*n)).collect();
        locals.push(internal("barrier", UnknownSpec::VOLTAGE));
        // 1e-14 m is 1e-5 of a resistance. The current falls e-fold in xdecay, so an error of x counts against that and
        // not against x itself.
        let x = UnknownSpec::state("m", 1e-14, 1e-10, law.x0);
        locals.push(internal("x", UnknownSpec { lte_weight: (law.xmax / law.xdecay).max(1.0), ..x }));
        // The operating point solves the temperatures: they follow the current within nanoseconds.
        let t = UnknownSpec { at_op: AtOp::Solve, ..UnknownSpec::state("K", 1e-2, 1e-10, law.t0) };
        locals.extend([internal("tcf", t), internal("tb", t)]);
        locals
    }

    fn footprint(&self, i: usize) -> Vec<(usize, usize)> {
        let filament = [P, M, TCF].into_iter().flat_map(|r| [P, M, TCF].map(|c| (r, c)));
        let barrier = [M, N, TB].into_iter().flat_map(|r| [M, N, TCF, TB].map(|c| (r, c)));
        let by_x = [P, M, N, TCF, TB].map(|r| (r, X)).into_iter().chain([M, N, TCF, TB].map(|c| (X, c)));
        filament.chain(barrier).chain([(X, X)]).chain(by_x.filter(|_| self.plastic[i])).collect()
    }

    fn charges(&self, i: usize) -> Vec<(usize, usize)> {
        [(TCF, TCF), (TB, TB)].into_iter().chain([(X, X)].into_iter().filter(|_| self.plastic[i])).collect()
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for (i, instance) in instances.iter().enumerate() {
            let source = variability::Source::new(instance, setting);
            let law = source.of_device(Law::of(instance, setting));
            self.params[i].load(lane, &law);
            self.traps[i].load(lane, &law, &source);
            self.cycles[i].load(lane, &law);
            self.sources[i * R::LANES + lane] = source;
        }
    }

    fn reset(&mut self, lane: usize) {
        for i in 0..self.params.len() {
            let source = &self.sources[i * R::LANES + lane];
            self.traps[i].rewind(lane, source);
            self.cycles[i].rewind(lane, source);
        }
    }

    fn initial(&self, i: usize, k: usize) -> Option<R> {
        match k {
            X => Some(self.params[i].x0),
            TCF | TB => Some(self.params[i].ambient),
            _ => None,
        }
    }

    fn state(&mut self, i: usize, fields: &mut StateFields<'_>) {
        // The unknown x itself: where the operating point and `plasticity=0` hold it.
        fields.number("x", &mut self.params[i].x0, "a thickness in m, 0 or more", |x| x >= 0.0);
        self.cycles[i].state(fields);
        if fields.time_goes_on() {
            self.traps[i].state(fields);
        }
    }

    #[inline(always)]
    fn eval<S: Stamp<R>>(&self, i: usize, at: &At<'_, R>, s: &mut S) {
        let (p, cycle, x) = (&self.params[i], &self.cycles[i], self.thickness(i, at));
        let (area, area_slope) = cycle.area(x);
        if !self.plastic[i] {
            // A barrier that never moves is a number: two directions are left, and its speed is nobody's business.
            self.currents::<2, S>(i, at, Dual::constant(x), Dual::constant(area), s);
            // Where the system keeps it as an unknown.
            s.f(X, (at.x(X) - p.x0) * memristive::HOLD_RATE);
            s.df(X, X, R::splat(memristive::HOLD_RATE));
            return;
        }
        let xs = Dual::variable(x, BY_X);
        let area = Dual { v: area, d: [R::zero(), R::zero(), area_slope] };
        let (v, t) = self.currents::<3, S>(i, at, xs, area, s);
        let rate = p.speed(v, xs, t, cycle);
        let plastic = p.plastic.gt(R::splat(0.5));
        let held = (xs - Dual::constant(p.x0)) * memristive::HOLD_RATE;
        let drift = Dual::select(plastic, -rate, held);
        s.f(X, drift.v);
        stamp_barrier(X, drift, p.kappa, s);
        s.q(X, R::select(plastic, x, R::zero()));
        s.dq(X, X, R::select(plastic, R::one(), R::zero()));
    }

    fn next_breakpoint(&self, i: usize, t: R) -> R {
        self.traps[i].next_flip(t)
    }

    fn crossings(&self, i: usize, at: &At<'_, R>, out: &mut [R]) {
        // A barrier that never moves turns nowhere.
        out[0] = if self.plastic[i] { self.cycles[i].crossing(self.thickness(i, at)) } else { R::splat(-1.0) };
    }

    fn on_event(&mut self, i: usize, _k: usize, at: &At<'_, R>, mask: R::Mask) -> Discontinuity {
        let x = self.thickness(i, at);
        let sources = &self.sources[i * R::LANES..(i + 1) * R::LANES];
        self.cycles[i].turn(x, mask, sources);
        Discontinuity::Slope
    }

    fn accept(&mut self, i: usize, at: &At<'_, R>, mask: R::Mask) {
        let x = self.thickness(i, at);
        if self.plastic[i] {
            self.cycles[i].follow(x, mask);
        }
        self.traps[i].advance(at.t(), mask, &self.sources[i * R::LANES..(i + 1) * R::LANES]);
    }
}
