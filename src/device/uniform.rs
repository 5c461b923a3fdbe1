//! A bank made of an element: from local numbers to global ones, in a loop over instances, with the SIMD unit of this CPU.

use super::bank::*;
use super::instance::{Instance, Setting};
use super::state::StateFields;
use super::unknowns::*;
use super::wiring::Wiring;
#[cfg(all(target_arch = "x86_64", not(any(debug_assertions, test))))]
use crate::number::avx2_is_chosen;
use crate::number::{Mask, Real};
use std::ops::Range;
use std::sync::Arc;

/// The most limited voltages an instance may have.
pub(super) const MOST_LIMITS: usize = 4;

/// The most locals that an instance may have that says what it senses, and the most crossing functions.
const MOST_SENSING_LOCALS: usize = 8;
const MOST_CROSSINGS: usize = 2;

/// A [`Bank`] made of an [`Element`].
pub struct UniformBank<R: Real, E: Element<R>> {
    element: E,
    instances: Vec<Arc<Instance>>,
    /// Circuit-wide index of each instance.
    ids: Vec<usize>,
    wiring: Wiring,
    /// Instances whose corners nobody needs to see.
    silent: Vec<bool>,
    limit_base: usize,
    number: std::marker::PhantomData<R>,
}

impl<R: Real, E: Element<R>> UniformBank<R, E> {
    /// A bank of these instances; `ids` are their circuit-wide indices.
    pub fn new(ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Self {
        const { assert!(E::LIMITS <= MOST_LIMITS && (E::SENSES.is_none() || E::CROSSINGS <= MOST_CROSSINGS)) };
        let mut element = E::new(instances);
        for lane in 0..R::LANES {
            element.reload(lane, instances, setting);
            element.reset(lane);
        }
        let n_locals = instances.iter().enumerate().map(|(i, n)| element.locals(i, n).len()).max().unwrap_or(0);
        assert!(E::SENSES.is_none() || n_locals <= MOST_SENSING_LOCALS);
        UniformBank {
            element,
            instances: instances.to_vec(),
            ids: ids.to_vec(),
            wiring: Wiring::new(n_locals, instances.len()),
            silent: vec![false; instances.len()],
            limit_base: 0,
            number: std::marker::PhantomData,
        }
    }

    #[inline(always)]
    fn at<'a>(&'a self, i: usize, cx: &'a EvalCx<'a, R>) -> At<'a, R> {
        At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS }
    }

    /// Adds the stamps of some instances: to their rows and slots or, if `apart`, by local number, with the Jacobian and
    /// limited voltages going nowhere. One compiled copy of a device's equations serves both: inlined, it would be two.
    fn load<const JACOBIAN: bool>(&self, which: Range<usize>, apart: bool, cx: &EvalCx<'_, R>, load: &mut Load<'_, R>) {
        // A linear device is a few products: wider instructions would cost more code than they save time.
        #[cfg(all(target_arch = "x86_64", not(any(debug_assertions, test))))]
        if !E::LINEAR && R::LANES > 1 && avx2_is_chosen() {
            // SAFETY: this CPU has what is chosen.
            return unsafe { E::load_avx2::<JACOBIAN>(self, which, apart, cx, load) };
        }
        E::load_baseline::<JACOBIAN>(self, which, apart, cx, load);
    }
}

/// A bank's loop over instances. As methods of the elements, these are compiled with the module of each device, in parallel;
/// as methods of the bank all devices would be one piece of work for one core.
trait LoadLoop<R: Real>: Element<R> {
    #[inline(always)]
    fn load_each<const JACOBIAN: bool>(
        bank: &UniformBank<R, Self>,
        which: Range<usize>,
        apart: bool,
        cx: &EvalCx<'_, R>,
        load: &mut Load<'_, R>,
    ) {
        for i in which {
            let (rows, slots) = if apart { bank.wiring.apart() } else { bank.wiring.of(i) };
            let limit_base = if apart { 0 } else { bank.limit_base + i * Self::LIMITS };
            let mut s = LoadStamp::<R, JACOBIAN> { load, rows, slots, limit_base };
            bank.element.eval(i, &bank.at(i, cx), &mut s);
        }
    }

    /// With the instructions that every CPU has.
    #[inline(never)]
    fn load_baseline<const JACOBIAN: bool>(
        bank: &UniformBank<R, Self>,
        which: Range<usize>,
        apart: bool,
        cx: &EvalCx<'_, R>,
        load: &mut Load<'_, R>,
    ) {
        Self::load_each::<JACOBIAN>(bank, which, apart, cx, load);
    }

    /// With AVX2.
    ///
    /// # Safety
    /// The CPU must have what [`avx2_is_chosen`] names.
    #[cfg(all(target_arch = "x86_64", not(any(debug_assertions, test))))]
    #[inline(never)]
    #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt")]
    unsafe fn load_avx2<const JACOBIAN: bool>(
        bank: &UniformBank<R, Self>,
        which: Range<usize>,
        apart: bool,
        cx: &EvalCx<'_, R>,
        load: &mut Load<'_, R>,
    ) {
        Self::load_each::<JACOBIAN>(bank, which, apart, cx, load);
    }
}

impl<R: Real, E: Element<R>> LoadLoop<R> for E {}

struct LoadStamp<'a, 'b, R: Real, const JACOBIAN: bool> {
    load: &'a mut Load<'b, R>,
    rows: &'a [u32],
    slots: &'a [u32],
    limit_base: usize,
}

impl<R: Real, const JACOBIAN: bool> Stamp<R> for LoadStamp<'_, '_, R, JACOBIAN> {
    #[inline(always)]
    fn f(&mut self, k: usize, value: R) {
        self.load.f[self.rows[k] as usize] += value;
    }
    #[inline(always)]
    fn q(&mut self, k: usize, value: R) {
        self.load.q[self.rows[k] as usize] += value;
    }
    #[inline(always)]
    fn df(&mut self, row: usize, col: usize, value: R) {
        if JACOBIAN {
            self.load.df[self.slots[row * self.rows.len() + col] as usize] += value;
        }
    }
    #[inline(always)]
    fn dq(&mut self, row: usize, col: usize, value: R) {
        if JACOBIAN {
            self.load.dq[self.slots[row * self.rows.len() + col] as usize] += value;
        }
    }
    #[inline(always)]
    fn limit(&mut self, j: usize, value: R, limited: R::Mask) {
        self.load.limits[self.limit_base + j] = value;
        self.load.limited = self.load.limited | limited;
    }
}

impl<R: Real, E: Element<R>> Bank<R> for UniformBank<R, E> {
    fn len(&self) -> usize {
        self.instances.len()
    }
    fn is_linear(&self) -> bool {
        E::LINEAR
    }
    fn n_locals(&self) -> usize {
        self.wiring.n_locals
    }

    fn declare(&mut self, table: &mut UnknownTable) {
        for (i, instance) in self.instances.iter().enumerate() {
            self.wiring.declare(i, &instance.name, self.ids[i], self.element.locals(i, instance), table);
        }
        self.limit_base = table.n_limits;
        table.n_limits += self.instances.len() * E::LIMITS;
    }

    fn renumber(&mut self, rows: &[u32], cols: &[u32]) {
        self.wiring.renumber(rows, cols);
    }

    fn connect(&mut self, table: &UnknownTable, pattern: &mut Pattern) {
        self.wiring.begin();
        for (i, instance) in self.instances.iter().enumerate() {
            let (locals, footprint) = (self.element.locals(i, instance), self.element.footprint(i));
            self.wiring.connect(i, locals, footprint, table, pattern);
        }
    }

    fn charged(&self, slots: &mut [bool]) {
        for i in 0..self.instances.len() {
            self.wiring.mark(i, self.element.charges(i), slots);
        }
    }

    fn eval(&self, cx: &EvalCx<'_, R>, want: Want, load: &mut Load<'_, R>) {
        // Only linear banks are ever asked to leave the Jacobian alone: the others need not be compiled twice.
        let all = 0..self.instances.len();
        if E::LINEAR && want == Want::Residual {
            self.load::<false>(all, false, cx, load);
        } else {
            self.load::<true>(all, false, cx, load);
        }
    }

    fn observe(&self, instance: usize, cx: &EvalCx<'_, R>, f: &mut [R], q: &mut [R]) {
        f.fill(R::zero());
        q.fill(R::zero());
        let (mut df, mut dq, mut limits) = ([R::zero()], [R::zero()], [R::zero(); MOST_LIMITS]);
        let limited = R::Mask::splat(false);
        let mut load = Load { f, q, df: &mut df, dq: &mut dq, limits: &mut limits, limited };
        self.load::<true>(instance..instance + 1, true, cx, &mut load);
        self.wiring.collapse(instance, f, q);
    }

    fn next_breakpoint(&self, t: R) -> R {
        let mut next = R::splat(f64::INFINITY);
        if E::BREAKPOINTS {
            for i in (0..self.instances.len()).filter(|i| !self.silent[*i]) {
                next = next.min(self.element.next_breakpoint(i, t));
            }
        }
        next
    }

    fn next_jump(&self, t: R) -> R {
        if E::JUMPS { self.next_breakpoint(t) } else { R::splat(f64::INFINITY) }
    }

    fn roles(&self) -> Roles {
        Roles { breakpoints: E::BREAKPOINTS, jumps: E::BREAKPOINTS && E::JUMPS, bounds: E::BOUNDS, accepts: E::ACCEPTS }
    }

    fn bound_step(&self, cx: &EvalCx<'_, R>) -> R {
        let mut bound = R::splat(f64::INFINITY);
        if E::BOUNDS {
            for i in 0..self.instances.len() {
                bound = bound.min(self.element.bound_step(i, &self.at(i, cx)));
            }
        }
        bound
    }

    fn n_crossings(&self) -> usize {
        E::CROSSINGS * self.instances.len()
    }

    fn crossings(&self, cx: &EvalCx<'_, R>, out: &mut [R]) {
        if E::CROSSINGS > 0 {
            for (i, out) in out.chunks_exact_mut(E::CROSSINGS).enumerate() {
                self.element.crossings(i, &self.at(i, cx), out);
            }
        }
    }

    fn senses(&self, instance: usize) -> Option<[u32; 2]> {
        let cols = self.wiring.cols_of(instance);
        E::SENSES.map(|(a, b)| [cols[a], cols[b]])
    }

    fn crossing_at(&self, crossing: usize, lane: usize, volts: f64) -> f64 {
        let Some((a, _)) = E::SENSES else { return -1.0 };
        let mut x = [R::zero(); MOST_SENSING_LOCALS];
        let mut out = [R::zero(); MOST_CROSSINGS];
        x[a] = R::splat(volts);
        let cx = EvalCx {
            t: R::zero(),
            x: &x,
            limits: &[],
            start_junctions: R::Mask::splat(false),
            gmin: R::zero(),
            source_scale: R::one(),
            excitation: Excitation::Waveform,
        };
        let (cols, _) = self.wiring.apart();
        let i = crossing / E::CROSSINGS.max(1);
        self.element.crossings(i, &At { cx: &cx, cols, limit_base: 0 }, &mut out[..E::CROSSINGS]);
        out[crossing % E::CROSSINGS.max(1)].lane(lane)
    }

    fn plans(&self, instance: usize) -> Vec<(usize, u32)> {
        let cols = self.wiring.cols_of(instance);
        self.element.plans(instance).iter().map(|k| (*k, cols[*k])).collect()
    }

    fn planned(&self, instance: usize, terminal: usize, lane: usize, t: f64) -> Planned {
        self.element.planned(instance, terminal, lane, t)
    }

    fn silence(&mut self, instance: usize) {
        self.silent[instance] = true;
    }

    fn on_event(&mut self, crossing: usize, cx: &EvalCx<'_, R>, mask: R::Mask) -> Discontinuity {
        let i = crossing / E::CROSSINGS.max(1);
        let at = At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS };
        let after = self.element.on_event(i, crossing % E::CROSSINGS.max(1), &at, mask);
        if self.silent[i] { Discontinuity::None } else { after }
    }

    fn settle(&mut self, cx: &EvalCx<'_, R>, mask: R::Mask) -> R::Mask {
        let mut changed = R::Mask::splat(false);
        if E::CROSSINGS > 0 {
            for i in 0..self.instances.len() {
                let at = At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS };
                changed = changed | self.element.settle(i, &at, mask);
            }
        }
        changed
    }

    fn accept(&mut self, cx: &EvalCx<'_, R>, mask: R::Mask) {
        if E::ACCEPTS {
            for i in 0..self.instances.len() {
                let at = At { cx, cols: self.wiring.cols_of(i), limit_base: self.limit_base + i * E::LIMITS };
                self.element.accept(i, &at, mask);
            }
        }
    }

    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        self.element.reload(lane, instances, setting);
    }

    fn reset(&mut self, lane: usize) {
        self.element.reset(lane);
    }

    fn state(&mut self, instance: usize, fields: &mut StateFields<'_>) {
        self.element.state(instance, fields);
    }

    fn limits(&self, instance: usize) -> std::ops::Range<usize> {
        let first = self.limit_base + instance * E::LIMITS;
        first..first + E::LIMITS
    }

    fn set_frequency(&mut self, hertz: f64) {
        self.element.set_frequency(hertz);
    }

    fn ac_rhs(&self, re: &mut [R], im: &mut [R]) {
        for i in 0..self.instances.len() {
            let rows = self.wiring.rows_of(i);
            self.element.ac_rhs(i, &mut |k, a, b| {
                re[rows[k] as usize] += a;
                im[rows[k] as usize] += b;
            });
        }
    }

    fn initial_values(&self, x: &mut [R]) {
        let n = self.wiring.n_locals;
        for (at, col) in self.wiring.cols.iter().enumerate() {
            if let Some(value) = self.element.initial(at / n, at % n) {
                x[*col as usize] = value;
            }
        }
    }

    fn initial_voltages(&self, out: &mut Vec<(u32, u32, R)>) {
        for i in 0..self.instances.len() {
            let cols = self.wiring.cols_of(i);
            let both = [self.element.initial_voltage(i), self.element.second_initial_voltage(i)];
            for (a, b, value) in both.into_iter().flatten() {
                out.push((cols[a], cols[b], value));
            }
            for (k, row) in cols.iter().enumerate() {
                if let Some(terminal) = self.element.behind(i, k).filter(|t| cols[*t] != *row) {
                    out.push((*row, cols[terminal], R::zero()));
                }
            }
        }
    }
}
