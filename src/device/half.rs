//! Four lanes as the lower half of eight.
//!
//! Every number type compiles every device again. Campaigns run eight lanes; four are for those who want to see that a
//! lane does not depend on how many there are. So a bank of four lanes is one of eight whose upper lanes repeat the
//! lower ones: the same code, the same bits, at the price of the copies and of half of the work.

use super::*;
use crate::number::{LaneMask, Mask};

/// A bank of four lanes.
pub(super) struct Half(pub Box<dyn Bank<Wide>>);

type Narrow = Lanes<4>;
type Wide = Lanes<8>;

fn wide(x: Narrow) -> Wide {
    Lanes(std::array::from_fn(|l| x.0[l % 4]))
}

fn narrow(x: Wide) -> Narrow {
    Lanes(std::array::from_fn(|l| x.0[l]))
}

fn wide_mask(mask: LaneMask<4>) -> LaneMask<8> {
    let mut all = LaneMask::splat(false);
    (0..8).for_each(|l| all.set_lane(l, mask.lane(l % 4)));
    all
}

fn narrow_mask(mask: LaneMask<8>) -> LaneMask<4> {
    let mut all = LaneMask::splat(false);
    (0..4).for_each(|l| all.set_lane(l, mask.lane(l)));
    all
}

fn widen(x: &[Narrow]) -> Vec<Wide> {
    x.iter().map(|x| wide(*x)).collect()
}

/// Calls `work` with a wide copy, and takes back what it wrote.
fn through<T>(slice: &mut [Narrow], work: impl FnOnce(&mut [Wide]) -> T) -> T {
    let mut copy = widen(slice);
    let result = work(&mut copy);
    slice.iter_mut().zip(copy).for_each(|(to, from)| *to = narrow(from));
    result
}

/// Calls `work` with the same place in eight lanes.
fn with_cx<T>(cx: &EvalCx<'_, Narrow>, work: impl FnOnce(&EvalCx<'_, Wide>) -> T) -> T {
    let (x, limits) = (widen(cx.x), widen(cx.limits));
    work(&EvalCx {
        t: wide(cx.t),
        x: &x,
        limits: &limits,
        start_junctions: wide_mask(cx.start_junctions),
        gmin: wide(cx.gmin),
        source_scale: wide(cx.source_scale),
        excitation: cx.excitation,
    })
}

impl Bank<Narrow> for Half {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn is_linear(&self) -> bool {
        self.0.is_linear()
    }
    fn declare(&mut self, table: &mut UnknownTable) {
        self.0.declare(table);
    }
    fn renumber(&mut self, rows: &[u32], cols: &[u32]) {
        self.0.renumber(rows, cols);
    }
    fn connect(&mut self, table: &UnknownTable, pattern: &mut Pattern) {
        self.0.connect(table, pattern);
    }
    fn charged(&self, slots: &mut [bool]) {
        self.0.charged(slots);
    }
    fn eval(&self, cx: &EvalCx<'_, Narrow>, want: Want, load: &mut Load<'_, Narrow>) {
        let (mut f, mut q) = (widen(load.f), widen(load.q));
        let (mut df, mut dq, mut limits) = (widen(load.df), widen(load.dq), widen(load.limits));
        let mut copy = Load {
            f: &mut f,
            q: &mut q,
            df: &mut df,
            dq: &mut dq,
            limits: &mut limits,
            limited: wide_mask(load.limited),
        };
        with_cx(cx, |cx| self.0.eval(cx, want, &mut copy));
        load.limited = narrow_mask(copy.limited);
        for (to, from) in [
            (&mut *load.f, f),
            (&mut *load.q, q),
            (&mut *load.df, df),
            (&mut *load.dq, dq),
            (&mut *load.limits, limits),
        ] {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = narrow(from));
        }
    }
    fn observe(&self, instance: usize, cx: &EvalCx<'_, Narrow>, f: &mut [Narrow], q: &mut [Narrow]) {
        through(f, |f| through(q, |q| with_cx(cx, |cx| self.0.observe(instance, cx, f, q))));
    }
    fn n_locals(&self) -> usize {
        self.0.n_locals()
    }
    fn next_breakpoint(&self, t: Narrow) -> Narrow {
        narrow(self.0.next_breakpoint(wide(t)))
    }
    fn next_jump(&self, t: Narrow) -> Narrow {
        narrow(self.0.next_jump(wide(t)))
    }
    fn roles(&self) -> Roles {
        self.0.roles()
    }
    fn bound_step(&self, cx: &EvalCx<'_, Narrow>) -> Narrow {
        narrow(with_cx(cx, |cx| self.0.bound_step(cx)))
    }
    fn n_crossings(&self) -> usize {
        self.0.n_crossings()
    }
    fn crossings(&self, cx: &EvalCx<'_, Narrow>, out: &mut [Narrow]) {
        through(out, |out| with_cx(cx, |cx| self.0.crossings(cx, out)));
    }
    fn senses(&self, instance: usize) -> Option<[u32; 2]> {
        self.0.senses(instance)
    }
    fn crossing_at(&self, crossing: usize, lane: usize, volts: f64) -> f64 {
        self.0.crossing_at(crossing, lane, volts)
    }
    fn plans(&self, instance: usize) -> Vec<(usize, u32)> {
        self.0.plans(instance)
    }
    fn planned(&self, instance: usize, terminal: usize, lane: usize, t: f64) -> Planned {
        self.0.planned(instance, terminal, lane, t)
    }
    fn silence(&mut self, instance: usize) {
        self.0.silence(instance);
    }
    fn on_event(&mut self, crossing: usize, cx: &EvalCx<'_, Narrow>, mask: LaneMask<4>) -> Discontinuity {
        with_cx(cx, |cx| self.0.on_event(crossing, cx, wide_mask(mask)))
    }
    fn settle(&mut self, cx: &EvalCx<'_, Narrow>, mask: LaneMask<4>) -> LaneMask<4> {
        narrow_mask(with_cx(cx, |cx| self.0.settle(cx, wide_mask(mask))))
    }
    fn accept(&mut self, cx: &EvalCx<'_, Narrow>, mask: LaneMask<4>) {
        with_cx(cx, |cx| self.0.accept(cx, wide_mask(mask)));
    }
    fn reload(&mut self, lane: usize, instances: &[Arc<Instance>], setting: &Setting) {
        self.0.reload(lane, instances, setting);
        self.0.reload(lane + 4, instances, setting);
    }
    fn reset(&mut self, lane: usize) {
        self.0.reset(lane);
        self.0.reset(lane + 4);
    }
    fn state(&mut self, instance: usize, fields: &mut StateFields<'_>) {
        let lane = fields.lane();
        fields.in_lane(lane + 4, |fields| self.0.state(instance, fields));
        self.0.state(instance, fields);
    }
    fn limits(&self, instance: usize) -> std::ops::Range<usize> {
        self.0.limits(instance)
    }
    fn ac_rhs(&self, re: &mut [Narrow], im: &mut [Narrow]) {
        through(re, |re| through(im, |im| self.0.ac_rhs(re, im)));
    }
    fn initial_values(&self, x: &mut [Narrow]) {
        through(x, |x| self.0.initial_values(x));
    }
    fn initial_voltages(&self, out: &mut Vec<(u32, u32, Narrow)>) {
        let mut all = Vec::new();
        self.0.initial_voltages(&mut all);
        out.extend(all.into_iter().map(|(a, b, v)| (a, b, narrow(v))));
    }
}
