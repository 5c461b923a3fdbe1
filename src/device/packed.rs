//! One simulation, many instances: a bank for `f64` that evaluates W instances of a kind at a time, one in each SIMD lane.
//!
//! ```text
//! for each pack of W instances of like structure:
//!     gather     x, limited voltages of the W instances → lanes
//!     evaluate   the kind's own Element, in lanes; its stamps go to a tape, in the order in which it makes them
//!     scatter    for each instance: its lane of the tape is added to f, q, ∂f, ∂q
//! ```
//!
//! Instances are in the order of the circuit, and each adds its stamps in the order of its own equations, so every sum
//! is the same bits as without packs: [`UniformBank`] is what it is tested against (`tests/device_contract.rs`).
//!
//! It pays where the equations are long and the same in every region. A diode alone skips its exponential where it is in
//! reverse; four of them side by side compute it for all, and were no faster (instructions within 2 % on graetz and vmul).
//!
//! What a kind must promise: its stamps come in the same sequence whatever x is. It has no breakpoints, bounds or events.

use super::bank::*;
use super::instance::{Instance, Setting};
use super::state::StateFields;
use super::uniform::*;
use super::unknowns::*;
use super::wiring::Wiring;
use crate::number::{LaneMask, Lanes, Mask, Real, dispatch};
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

/// Instances per pack.
pub(super) const WIDTH: usize = 4;
/// With fewer instances than this, lanes would be mostly empty.
const FEWEST: usize = 3;
/// The most locals an instance may have.
const MOST_LOCALS: usize = 8;

type Wide = Lanes<WIDTH>;

/// A bank for one simulation: in packs if there are instances enough.
pub(super) fn bank<One: Element<f64>, Many: Element<Wide>>(
    ids: &[usize],
    instances: &[Arc<Instance>],
    setting: &Setting,
) -> Box<dyn Bank<f64>> {
    if instances.len() < FEWEST {
        return Box::new(UniformBank::<f64, One>::new(ids, instances, setting));
    }
    Box::new(PackedBank::<Many>::new(ids, instances, setting))
}

/// Some consecutive instances of like structure.
#[derive(Debug, Clone, Copy)]
struct Pack {
    /// The first instance.
    first: usize,
    /// How many: 1 to `WIDTH`.
    len: usize,
}

impl Pack {
    /// The instance in lane `w`; lanes without one of their own repeat the last.
    #[inline(always)]
    fn member(&self, w: usize) -> usize {
        self.first + w.min(self.len - 1)
    }
}

/// Where a stamp of an instance goes.
#[derive(Debug, Clone, Default)]
struct Targets {
    f: Vec<u32>,
    q: Vec<u32>,
    df: Vec<u32>,
    dq: Vec<u32>,
}

/// A [`Bank`] for one simulation made of an [`Element`] over lanes.
struct PackedBank<E: Element<Wide>> {
    element: E,
    packs: Vec<Pack>,
    instances: Vec<Arc<Instance>>,
    /// Circuit-wide index of each instance.
    ids: Vec<usize>,
    wiring: Wiring,
    /// The rows of each pack: of local k in lane w at `(p·n_locals + k)·WIDTH + w`.
    gather: Vec<u32>,
    /// The targets of each instance, one after the other: `len` of them per instance of pack p from `starts[p]` on.
    targets: Targets,
    starts: Vec<[Span; 4]>,
    limit_base: usize,
    /// Lengths of x and of the limited voltages.
    sizes: [usize; 2],
    /// Lengths of f and q, and of ∂f and ∂q, that hold every target.
    reach: [usize; 2],
    /// The stamps of the pack at hand.
    tape: RefCell<Tape>,
}

/// The targets of one pack in one of the four lists.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    /// Per instance.
    len: usize,
}

/// What packs have in common: the shape of an instance's equations.
#[derive(PartialEq)]
struct Structure {
    locals: Vec<Local>,
    footprint: Vec<(usize, usize)>,
    has_initial_voltage: bool,
}

impl Structure {
    fn of<E: Element<Wide>>(all: &E, i: usize, instance: &Instance) -> Self {
        let mut locals = all.locals(i, instance);
        for local in &mut locals {
            match local {
                Local::Node(node) => *node = 0,
                Local::Branch(branch) => *branch = 0,
                Local::Internal { .. } | Local::OwnBranch(_) | Local::Same(_) => {}
            }
        }
        Structure { locals, footprint: all.footprint(i), has_initial_voltage: all.initial_voltage(i).is_some() }
    }
}

/// Runs of like structure, cut into packs.
fn packs<E: Element<Wide>>(instances: &[Arc<Instance>]) -> Vec<Pack> {
    let all = E::new(instances);
    let mut packs: Vec<Pack> = Vec::new();
    let mut last: Option<Structure> = None;
    for (i, instance) in instances.iter().enumerate() {
        let structure = Structure::of(&all, i, instance);
        match packs.last_mut() {
            Some(pack) if pack.len < WIDTH && last.as_ref() == Some(&structure) => pack.len += 1,
            _ => packs.push(Pack { first: i, len: 1 }),
        }
        last = Some(structure);
    }
    packs
}

impl<E: Element<Wide>> PackedBank<E> {
    fn new(ids: &[usize], instances: &[Arc<Instance>], setting: &Setting) -> Self {
        const { assert!(!E::LINEAR && !E::BREAKPOINTS && !E::BOUNDS && E::CROSSINGS == 0 && E::LIMITS <= MOST_LIMITS) }
        let packs = packs::<E>(instances);
        let first: Vec<Arc<Instance>> = packs.iter().map(|p| instances[p.first].clone()).collect();
        let element = E::new(&first);
        let n_locals = packs.iter().enumerate().map(|(p, pack)| element.locals(p, &instances[pack.first]).len());
        let n_locals = n_locals.max().unwrap_or(0);
        debug_assert!(n_locals <= MOST_LOCALS, "a packed kind with too many locals");
        let mut bank = PackedBank {
            element,
            packs,
            instances: instances.to_vec(),
            ids: ids.to_vec(),
            wiring: Wiring::new(n_locals, instances.len()),
            gather: Vec::new(),
            targets: Targets::default(),
            starts: Vec::new(),
            limit_base: 0,
            sizes: [0; 2],
            reach: [usize::MAX; 2],
            tape: RefCell::new(Tape::blank()),
        };
        bank.reload(0, instances, setting);
        bank.reset(0);
        bank
    }

    /// The place of the limited voltages of instance i.
    #[inline(always)]
    fn limits_of(&self, i: usize) -> usize {
        self.limit_base + i * E::LIMITS
    }

    /// The stamps of pack p.
    #[inline(always)]
    fn record(&self, p: usize, cx: &EvalCx<'_, f64>, tape: &mut Tape) {
        let pack = &self.packs[p];
        let mut limits = [Wide::zero(); MOST_LIMITS];
        for w in 0..WIDTH {
            let from = &cx.limits[self.limits_of(pack.member(w))..][..E::LIMITS];
            for (to, from) in limits.iter_mut().zip(from) {
                to.0[w] = *from;
            }
        }
        tape.rewind();
        let (x, rows) = self.gathered(p, cx.x);
        self.element.eval(p, &At { cx: &wide(cx, &x, &limits), cols: rows, limit_base: 0 }, tape);
    }

    /// The locals of pack p in lanes, and their numbers.
    #[inline(always)]
    fn gathered(&self, p: usize, x: &[f64]) -> ([Wide; MOST_LOCALS], &[u32]) {
        let n = self.wiring.n_locals;
        let mut lanes = [Wide::zero(); MOST_LOCALS];
        for (lanes, rows) in lanes.iter_mut().zip(self.gather[p * n * WIDTH..(p + 1) * n * WIDTH].chunks_exact(WIDTH)) {
            for (lane, row) in lanes.0.iter_mut().zip(rows) {
                *lane = x[*row as usize];
            }
        }
        (lanes, self.wiring.apart().0)
    }

    /// Calls `read` with each of these packs and its tape. One compiled copy of a device's equations serves all uses.
    #[inline(never)]
    fn replay(&self, packs: Range<usize>, cx: &EvalCx<'_, f64>, read: &mut dyn FnMut(usize, &Tape)) {
        dispatch(
            WIDTH,
            #[inline(always)]
            || {
                let tape = &mut *self.tape.borrow_mut();
                for p in packs {
                    self.record(p, cx, tape);
                    read(p, tape);
                }
            },
        );
    }

    /// Finds out where the stamps of all instances go.
    fn aim(&mut self) {
        let n = self.wiring.n_locals;
        // The sequence of stamps does not depend on x: any will do to see it.
        let (x, limits) = (vec![0.0; self.sizes[0]], vec![0.0; self.sizes[1]]);
        let cx = EvalCx {
            t: 0.0,
            x: &x,
            limits: &limits,
            start_junctions: false,
            gmin: 0.0,
            source_scale: 1.0,
            excitation: Excitation::Dc,
        };
        let (mut to, mut starts) = (Targets::default(), Vec::new());
        self.replay(0..self.packs.len(), &cx, &mut |p, tape| {
            let pack = self.packs[p];
            let row = |w, k, _| self.wiring.rows_of(pack.first + w)[k];
            let slot = |w, r, c| self.wiring.of(pack.first + w).1[r * n + c];
            starts.push([
                tape.f.append(&mut to.f, pack.len, row),
                tape.q.append(&mut to.q, pack.len, row),
                tape.df.append(&mut to.df, pack.len, slot),
                tape.dq.append(&mut to.dq, pack.len, slot),
            ]);
        });
        let end = |a: &[u32], b: &[u32]| a.iter().chain(b).map(|t| *t as usize + 1).max().unwrap_or(0);
        self.reach = [end(&to.f, &to.q), end(&to.df, &to.dq)];
        (self.targets, self.starts) = (to, starts);
    }

    /// Adds the tape of pack p to where its instances have their targets.
    fn scatter(&self, p: usize, tape: &Tape, load: &mut Load<'_, f64>) {
        load.limited |= tape.limited.any();
        let (pack, [f, q, df, dq]) = (self.packs[p], self.starts[p]);
        let [rows, slots] = self.reach;
        let reached = rows <= load.f.len().min(load.q.len()) && slots <= load.df.len().min(load.dq.len());
        assert!(reached, "arrays of another system");
        // A loop of constant length, so that the lane is a constant in each turn.
        for w in 0..WIDTH {
            if w < pack.len {
                // SAFETY: no target is beyond `reach`, which was just compared with the arrays.
                unsafe {
                    scatter(load.f, &self.targets.f, f, w, &tape.f);
                    scatter(load.q, &self.targets.q, q, w, &tape.q);
                    scatter(load.df, &self.targets.df, df, w, &tape.df);
                    scatter(load.dq, &self.targets.dq, dq, w, &tape.dq);
                }
                let base = self.limits_of(pack.first + w);
                for (to, from) in load.limits[base..base + E::LIMITS].iter_mut().zip(&tape.limits) {
                    *to = from.0[w];
                }
            }
        }
    }
}

/// Adds lane w of the tape to where instance w of the pack has its targets. Checking each of
/// these indices would cost as much as the sums.
///
/// # Safety
/// Every target lies in `to`.
#[inline(always)]
unsafe fn scatter(to: &mut [f64], targets: &[u32], span: Span, w: usize, tape: &Track) {
    let targets = &targets[span.start + w * span.len..][..span.len];
    let mut add = |target: &u32, value: &Wide| {
        // SAFETY: the caller's promise.
        unsafe { *to.get_unchecked_mut(*target as usize) += value.0[w] };
    };
    // Four at a time: the ends of shorter loops cost as much as what is in them.
    let (fours, rest) = targets.as_chunks::<4>();
    let (four_values, rest_values) = tape.values[..span.len].as_chunks::<4>();
    for (targets, values) in fours.iter().zip(four_values) {
        for (target, value) in targets.iter().zip(values) {
            add(target, value);
        }
    }
    for (target, value) in rest.iter().zip(rest_values) {
        add(target, value);
    }
}

/// The most stamps of one sort that an instance may make.
const TAPE: usize = 40;

/// Stamps in the order in which they were made, each sort on a track of its own.
struct Tape {
    f: Track,
    q: Track,
    df: Track,
    dq: Track,
    limits: [Wide; MOST_LIMITS],
    limited: LaneMask<WIDTH>,
}

struct Track {
    made: usize,
    values: [Wide; TAPE],
    /// Local row and column (a residual's column is 0).
    places: [(u8, u8); TAPE],
}

impl Track {
    #[inline(always)]
    fn blank() -> Self {
        Track { made: 0, values: [Wide::zero(); TAPE], places: [(0, 0); TAPE] }
    }

    #[inline(always)]
    fn push(&mut self, row: usize, col: usize, value: Wide) {
        self.values[self.made] = value;
        self.places[self.made] = (row as u8, col as u8);
        self.made += 1;
    }

    /// Appends the targets of a pack's instances.
    fn append(&self, to: &mut Vec<u32>, members: usize, target: impl Fn(usize, usize, usize) -> u32) -> Span {
        let (start, places) = (to.len(), &self.places[..self.made]);
        for w in 0..members {
            to.extend(places.iter().map(|(row, col)| target(w, usize::from(*row), usize::from(*col))));
        }
        Span { start, len: self.made }
    }
}

impl Tape {
    #[inline(always)]
    fn blank() -> Self {
        Tape {
            f: Track::blank(),
            q: Track::blank(),
            df: Track::blank(),
            dq: Track::blank(),
            limits: [Wide::zero(); MOST_LIMITS],
            limited: LaneMask::splat(false),
        }
    }

    #[inline(always)]
    fn rewind(&mut self) {
        for track in [&mut self.f, &mut self.q, &mut self.df, &mut self.dq] {
            track.made = 0;
        }
        self.limited = LaneMask::splat(false);
    }
}

impl Stamp<Wide> for Tape {
    #[inline(always)]
    fn f(&mut self, k: usize, value: Wide) {
        self.f.push(k, 0, value);
    }
    #[inline(always)]
    fn q(&mut self, k: usize, value: Wide) {
        self.q.push(k, 0, value);
    }
    #[inline(always)]
    fn df(&mut self, row: usize, col: usize, value: Wide) {
        self.df.push(row, col, value);
    }
    #[inline(always)]
    fn dq(&mut self, row: usize, col: usize, value: Wide) {
        self.dq.push(row, col, value);
    }
    #[inline(always)]
    fn limit(&mut self, j: usize, value: Wide, limited: LaneMask<WIDTH>) {
        self.limits[j] = value;
        self.limited = self.limited | limited;
    }
}

impl<E: Element<Wide>> Bank<f64> for PackedBank<E> {
    fn len(&self) -> usize {
        self.instances.len()
    }
    fn is_linear(&self) -> bool {
        false
    }
    fn n_locals(&self) -> usize {
        self.wiring.n_locals
    }

    fn declare(&mut self, table: &mut UnknownTable) {
        for (p, pack) in self.packs.iter().enumerate() {
            for i in pack.first..pack.first + pack.len {
                let instance = &self.instances[i];
                self.wiring.declare(i, &instance.name, self.ids[i], self.element.locals(p, instance), table);
            }
        }
        self.limit_base = table.n_limits;
        table.n_limits += self.instances.len() * E::LIMITS;
    }

    fn renumber(&mut self, rows: &[u32], cols: &[u32]) {
        self.wiring.renumber(rows, cols);
    }

    fn connect(&mut self, table: &UnknownTable, pattern: &mut Pattern) {
        self.wiring.begin();
        self.gather.clear();
        self.targets = Targets::default();
        self.starts.clear();
        let n = self.wiring.n_locals;
        for p in 0..self.packs.len() {
            let pack = self.packs[p];
            for i in pack.first..pack.first + pack.len {
                let (locals, footprint) = (self.element.locals(p, &self.instances[i]), self.element.footprint(p));
                self.wiring.connect(i, locals, footprint, table, pattern);
            }
            for k in 0..n {
                self.gather.extend((0..WIDTH).map(|w| self.wiring.cols_of(pack.member(w))[k]));
            }
        }
        self.sizes = [table.n_x(), table.n_limits];
        self.aim();
    }

    fn charged(&self, slots: &mut [bool]) {
        for (p, pack) in self.packs.iter().enumerate() {
            for i in pack.first..pack.first + pack.len {
                self.wiring.mark(i, self.element.charges(p), slots);
            }
        }
    }

    fn eval(&self, cx: &EvalCx<'_, f64>, _want: Want, load: &mut Load<'_, f64>) {
        self.replay(0..self.packs.len(), cx, &mut |p, tape| self.scatter(p, tape, load));
    }

    fn observe(&self, instance: usize, cx: &EvalCx<'_, f64>, f: &mut [f64], q: &mut [f64]) {
        f.fill(0.0);
        q.fill(0.0);
        let p = self.packs.partition_point(|p| p.first + p.len <= instance);
        let lane = instance - self.packs[p].first;
        self.replay(p..p + 1, cx, &mut |_, tape| {
            for (to, track) in [(&mut *f, &tape.f), (&mut *q, &tape.q)] {
                for (value, (row, _)) in track.values.iter().zip(&track.places).take(track.made) {
                    to[usize::from(*row)] += value.0[lane];
                }
            }
        });
        self.wiring.collapse(instance, f, q);
    }

    fn next_breakpoint(&self, _t: f64) -> f64 {
        f64::INFINITY
    }
    fn next_jump(&self, _t: f64) -> f64 {
        f64::INFINITY
    }
    fn roles(&self) -> Roles {
        Roles { accepts: E::ACCEPTS, ..Roles::default() }
    }
    fn bound_step(&self, _cx: &EvalCx<'_, f64>) -> f64 {
        f64::INFINITY
    }
    fn n_crossings(&self) -> usize {
        0
    }
    fn crossings(&self, _cx: &EvalCx<'_, f64>, _out: &mut [f64]) {}
    fn on_event(&mut self, _crossing: usize, _cx: &EvalCx<'_, f64>, _mask: bool) -> Discontinuity {
        Discontinuity::None
    }
    fn settle(&mut self, _cx: &EvalCx<'_, f64>, _mask: bool) -> bool {
        false
    }

    fn accept(&mut self, cx: &EvalCx<'_, f64>, mask: bool) {
        if !E::ACCEPTS {
            return;
        }
        dispatch(
            WIDTH,
            #[inline(always)]
            || {
                for p in 0..self.packs.len() {
                    let (x, _) = self.gathered(p, cx.x);
                    let at = At { cx: &wide(cx, &x, &[]), cols: self.wiring.apart().0, limit_base: 0 };
                    self.element.accept(p, &at, LaneMask::splat(mask));
                }
            },
        );
    }

    fn reload(&mut self, _lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        for w in 0..WIDTH {
            let members: Vec<Arc<Instance>> = self.packs.iter().map(|p| instances[p.member(w)].clone()).collect();
            self.element.reload(w, &members, setting);
        }
        // What is 0 may not be stamped, and it may no longer be 0.
        if !self.starts.is_empty() {
            self.aim();
        }
    }

    fn reset(&mut self, _lane: usize) {
        for w in 0..WIDTH {
            self.element.reset(w);
        }
    }

    fn state(&mut self, instance: usize, fields: &mut StateFields<'_>) {
        let p = self.packs.partition_point(|p| p.first + p.len <= instance);
        // Lanes that repeat an instance keep its state, too.
        for w in (0..WIDTH).filter(|w| self.packs[p].member(*w) == instance) {
            fields.in_lane(w, |fields| self.element.state(p, fields));
        }
    }

    fn limits(&self, instance: usize) -> Range<usize> {
        self.limits_of(instance)..self.limits_of(instance) + E::LIMITS
    }

    fn ac_rhs(&self, _re: &mut [f64], _im: &mut [f64]) {}

    fn initial_values(&self, x: &mut [f64]) {
        for (p, pack) in self.packs.iter().enumerate() {
            for k in 0..self.wiring.n_locals {
                if let Some(value) = self.element.initial(p, k) {
                    for w in 0..pack.len {
                        x[self.wiring.cols_of(pack.first + w)[k] as usize] = value.0[w];
                    }
                }
            }
        }
    }

    fn initial_voltages(&self, out: &mut Vec<(u32, u32, f64)>) {
        for (p, pack) in self.packs.iter().enumerate() {
            if let Some((a, b, value)) = self.element.initial_voltage(p) {
                for w in 0..pack.len {
                    let rows = self.wiring.rows_of(pack.first + w);
                    out.push((rows[a], rows[b], value.0[w]));
                }
            }
        }
    }
}

/// The same context in lanes, with a pack's own x and limited voltages.
#[inline(always)]
fn wide<'a>(cx: &EvalCx<'_, f64>, x: &'a [Wide], limits: &'a [Wide]) -> EvalCx<'a, Wide> {
    EvalCx {
        t: Wide::splat(cx.t),
        x,
        limits,
        start_junctions: LaneMask::splat(cx.start_junctions),
        gmin: Wide::splat(cx.gmin),
        source_scale: Wide::splat(cx.source_scale),
        excitation: cx.excitation,
    }
}
