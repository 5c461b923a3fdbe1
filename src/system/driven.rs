//! Nodes that are driven: their source alone says what they are, at any time, so that nothing is solved for them.
//!
//! Devices read their voltages as they read unknowns: x goes on after ground's entry. The source's own equation,
//! c·x − u(t) = 0, has a row after ground's, which is evaluated at x = 0 whenever t changes.

use super::{Group, System};
use crate::device::{Load, Want};
use crate::integrate::Mode;
use crate::number::{Mask, Real};

/// The driven nodes of a system.
pub(super) struct Driven<R> {
    pub count: usize,
    /// What they are called, such as `v(out)`.
    pub names: Vec<String>,
    /// The groups whose equations say what they are.
    groups: Vec<usize>,
    /// c of each.
    coefficients: Vec<R>,
    /// The unknowns, ground, the driven nodes: x as devices see it.
    x: Vec<R>,
    f: Vec<R>,
    q: Vec<R>,
    /// Their values at each lane's last accepted point, before anything acts there.
    accepted: Vec<R>,
    /// Where x was last driven to: time, factor on sources, and whether they have their DC values.
    at: Option<(R, R, bool)>,
    /// An event has happened there since, which may have changed what drives them.
    pub acted: bool,
}

impl<R: Real> Driven<R> {
    /// Driven nodes of these names after `n` unknowns; `groups` say what they are.
    pub fn new(n: usize, names: Vec<String>, groups: Vec<usize>) -> Self {
        let count = names.len();
        let rows = || vec![R::zero(); n + 1 + count];
        Driven {
            count,
            names,
            groups,
            coefficients: vec![R::one(); count],
            x: rows(),
            f: rows(),
            q: rows(),
            accepted: vec![R::zero(); count],
            at: None,
            acted: false,
        }
    }

    /// Their values at each lane's last accepted point.
    pub fn accepted(&self) -> &[R] {
        &self.accepted
    }

    /// Their values where x was last driven to.
    pub fn now(&self) -> &[R] {
        &self.x[self.x.len() - self.count..]
    }

    /// A point was accepted in these lanes, where x as devices see it is this.
    pub fn accept(&mut self, x: &[R], lanes: R::Mask) {
        let first = x.len() - self.count;
        for (to, from) in self.accepted.iter_mut().zip(&x[first..]) {
            *to = R::select(lanes, *from, *to);
        }
    }

    /// What drives them may have changed.
    pub fn forget(&mut self) {
        self.at = None;
    }

    fn is_at(&self, t: R, mode: &Mode<R>) -> bool {
        let same = |a: R, b: R| (a.le(b) & b.le(a)).all();
        !self.acted
            && self
                .at
                .is_some_and(|(at, scale, dc)| dc == mode.dc_sources && same(at, t) && same(scale, mode.source_scale))
    }
}

impl<R: Real> System<R> {
    /// Calls `work` with x as devices see it at time t.
    #[inline]
    pub(super) fn seeing<T>(&mut self, t: R, x: &[R], mode: &Mode<R>, work: impl FnOnce(&mut Self, &[R]) -> T) -> T {
        let seen = self.seen(t, x, mode);
        let result = work(self, seen.as_deref().unwrap_or(x));
        if let Some(x) = seen {
            self.driven.x = x;
        }
        result
    }

    /// x as devices see it at time t, if that is more than the unknowns: the room for it, which must be put back.
    fn seen(&mut self, t: R, x: &[R], mode: &Mode<R>) -> Option<Vec<R>> {
        if self.driven.count == 0 {
            return None;
        }
        self.drive(t, mode);
        let mut full = std::mem::take(&mut self.driven.x);
        full[..x.len()].copy_from_slice(x);
        Some(full)
    }

    /// Takes the driven nodes to time t.
    pub(super) fn drive(&mut self, t: R, mode: &Mode<R>) {
        if self.driven.count == 0 || self.driven.is_at(t, mode) {
            return;
        }
        let first = self.unknowns.len() + 1;
        let mut full = std::mem::take(&mut self.driven.x);
        self.residuals(t, mode, R::zero(), &mut full);
        let driven = &mut self.driven;
        for (x, (f, c)) in full[first..].iter_mut().zip(driven.f[first..].iter().zip(&driven.coefficients)) {
            *x = (R::zero() - *f) / *c;
        }
        driven.x = full;
        driven.acted = false;
        driven.at = Some((t, mode.source_scale, mode.dc_sources));
    }

    /// The equations of the driven nodes where all of these are `x`.
    fn residuals(&mut self, t: R, mode: &Mode<R>, x: R, full: &mut [R]) {
        let n = self.unknowns.len();
        full[n + 1..].fill(x);
        let driven = &mut self.driven;
        driven.f[n + 1..].fill(R::zero());
        let cx = Self::cx(t, full, &[], mode);
        let mut load = Load {
            f: &mut driven.f,
            q: &mut driven.q,
            // Linear devices that are asked for residuals touch neither.
            df: &mut [],
            dq: &mut [],
            limits: &mut [],
            limited: R::Mask::splat(false),
        };
        for g in &driven.groups {
            self.groups[*g].bank.eval(&cx, Want::Residual, &mut load);
        }
    }

    /// Finds the coefficients c. Without their sources the equations are c·x.
    pub(super) fn find_coefficients(&mut self) {
        if self.driven.count == 0 {
            return;
        }
        let n = self.unknowns.len();
        let mode = Mode {
            dc_sources: true,
            hold: false,
            gmin: R::zero(),
            source_scale: R::zero(),
            start_junctions: R::Mask::splat(false),
        };
        let mut full = vec![R::zero(); n + 1 + self.driven.count];
        self.residuals(R::zero(), &mode, R::zero(), &mut full);
        let none = self.driven.f.clone();
        self.residuals(R::zero(), &mode, R::one(), &mut full);
        let driven = &mut self.driven;
        for (c, (one, none)) in driven.coefficients.iter_mut().zip(driven.f.iter().zip(&none).skip(n + 1)) {
            *c = *one - *none;
        }
    }
}

/// Which groups say what driven nodes are, and which of these do nothing else: `rows` are the new numbers of the rows,
/// `positions` the old positions (column, row) of each group, and there are `n` unknowns.
pub(super) fn roles<R: Real>(
    groups: &mut [Group<R>],
    rows: &[u32],
    positions: &[Vec<(u32, u32)>],
    n: usize,
) -> Vec<usize> {
    let mut drive = Vec::new();
    for (k, (g, positions)) in groups.iter_mut().zip(positions).enumerate() {
        let new = |(_, row): &(u32, u32)| rows[*row as usize];
        let drives = positions.iter().map(new).any(|r| r != u32::MAX && r as usize > n);
        if drives {
            drive.push(k);
            g.only_drives = positions.iter().map(new).all(|r| r as usize > n);
        }
    }
    drive
}
