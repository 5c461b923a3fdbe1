//! What becomes of a finished step: it is accepted or tried again, shorter or up to an event.

use super::bracket::{Bracket, crossed_earliest, event_tolerance};
use super::error::worst;
use super::lane::Phase;
use super::trace::Fate;
use super::{Stepper, copy_lanes, copy_rows};
use crate::integrate::dae::Dae;
use crate::integrate::scheme::{GAMMA, Method};
use crate::number::{Mask, Real, dispatch};
use crate::solve::StepFailure;

/// A step is repeated if its error exceeds the tolerance by this factor; below, only the next one is shortened. The
/// estimate is no better than that, and a repeated step costs twice.
const REJECT_ABOVE: f64 = 1.5;
/// Steps aim at this part of the tolerance's third root…
const SAFETY: f64 = 0.9;
/// …and grow by no more than this factor, or by this one where a stretch begins eagerly.
const GROWTH: f64 = 2.0;
const EAGER_GROWTH: f64 = 10.0;
/// In a linear circuit another step needs other factors, which cost several steps where they are large: it grows by no less.
const WORTH_FACTORS: f64 = 1.5;
/// A bound on an error that lets a step grow that far, with room for rounding.
const SMALL: f64 = 0.999;
/// So many steps after a rejection do not grow.
const CALM_STEPS: u32 = 3;
/// So often a time of crossing is tried for.
const MAX_LOCATING: u32 = 80;

/// A lane's finished step: its error over the tolerance, what its length should be times for the next one's, and whether
/// anything crossed in it.
#[derive(Clone, Copy)]
struct Judged {
    error: f64,
    factor: f64,
    crossed: bool,
}

/// The verdict on a lane's finished step.
enum Verdict {
    Reject,
    Accept {
        events: bool,
    },
    /// With the point moved to an event at this time, which is near.
    Slide {
        to: f64,
    },
}

impl<R: Real> Stepper<R> {
    /// Judges the finished solves of the masked lanes; returns the lanes that accepted a point.
    pub(super) fn judge(&mut self, dae: &mut impl Dae<R>, solved: R::Mask) -> R::Mask {
        let none = R::Mask::splat(false);
        let (mut first, mut second, mut single, mut ramp, mut restart) = (none, none, none, none, none);
        for (l, lane) in self.lanes.iter_mut().enumerate().filter(|(l, _)| solved.lane(*l)) {
            match lane.phase {
                Phase::First => {
                    first.set_lane(l, true);
                    lane.phase = Phase::Second;
                }
                Phase::Second => second.set_lane(l, true),
                Phase::Single => single.set_lane(l, true),
                Phase::Ramp => ramp.set_lane(l, true),
                Phase::Restart => restart.set_lane(l, true),
                Phase::Plan => {}
            }
        }
        if self.options.eager && restart.any() {
            self.first_steps(restart);
        }
        if first.any() {
            copy_lanes(&mut self.x_s, &self.x, first);
            dispatch(
                R::LANES,
                #[inline(always)]
                || {
                    copy_rows(&mut self.q_s, &self.q, &self.charged, first);
                    copy_rows(&mut self.qd_s, &self.qd, &self.charged, first);
                },
            );
        }
        let done = solved & !first;
        let mut error = R::zero();
        if done.any() {
            error = self.truncation_error(single, second, ramp);
            if self.options.eager && second.any() {
                self.extrapolate(dae.charges(), second);
            }
        }
        let mut crossed = none;
        if !self.g.is_empty() {
            dae.crossings(self.solves.t, &self.x, &self.mode, &mut self.g);
            // Inside a step as well: three points tell much better where something crossed.
            copy_lanes(&mut self.g_s, &self.g, first);
            crossed = self.crossed();
        }
        if !done.any() {
            return none;
        }
        let most = if self.options.eager { EAGER_GROWTH } else { GROWTH };
        let factor = if error.lt(R::splat(SMALL * (SAFETY / most).powi(3))).all() {
            // By more than that no step grows.
            R::splat(most)
        } else {
            // No platform power function here: step sizes must be the same bits everywhere.
            dispatch(
                R::LANES,
                #[inline(always)]
                || (error.max(R::splat(1e-6)).ln() * (-1.0 / 3.0)).exp() * SAFETY,
            )
        };
        let (mut accepted, mut events, mut slid) = (none, none, none);
        let mut target = self.solves.t;
        for l in (0..R::LANES).filter(|l| done.lane(*l)) {
            let step = Judged { error: error.lane(l), factor: factor.lane(l), crossed: crossed.lane(l) };
            let verdict = self.verdict(l, step);
            if self.trace.is_some() && l == 0 {
                self.explain(l, step.error, &verdict);
            }
            match verdict {
                Verdict::Reject => {}
                Verdict::Accept { events: e } => {
                    accepted.set_lane(l, true);
                    events.set_lane(l, e);
                }
                Verdict::Slide { to } => {
                    slid.set_lane(l, true);
                    target.set_lane(l, to);
                }
            }
        }
        if slid.any() {
            self.slide(dae, target, slid);
            (accepted, events) = (accepted | slid, events | slid);
        }
        if accepted.any() {
            self.accept(dae, accepted, events, second);
        }
        accepted
    }

    /// Notes what was decided of a finished step.
    #[cold]
    fn explain(&mut self, l: usize, error: f64, verdict: &Verdict) {
        let unknown = worst(&self.lte, &self.x_max, &self.weights, l);
        let fate = match (verdict, self.lanes[l].bracket) {
            (Verdict::Accept { .. } | Verdict::Slide { .. }, _) => Fate::Accepted { error, unknown },
            (Verdict::Reject, None) => Fate::TooLarge { error, unknown },
            (Verdict::Reject, Some(b)) if self.g[b.k].lane(l) >= 0.0 => Fate::Crossed { crossing: b.k },
            (Verdict::Reject, Some(_)) => Fate::NotYet,
        };
        self.note(l, fate);
    }

    /// The lanes in which anything crossed between the last point and this one.
    fn crossed(&self) -> R::Mask {
        let zero = R::zero();
        let all = self.watched.iter().map(|k| (self.g_n[*k as usize], self.g[*k as usize]));
        all.fold(R::Mask::splat(false), |any, (before, now)| any | (before.lt(zero) & now.ge(zero)))
    }

    /// Accept, reject, or look for an event in lane `l`, whose step is done.
    fn verdict(&mut self, l: usize, step: Judged) -> Verdict {
        let Judged { error, mut factor, crossed } = step;
        let lane = &mut self.lanes[l];
        let (t0, t1) = (lane.t, lane.t_try);
        if lane.phase == Phase::Restart {
            return Verdict::Accept { events: crossed || t1 >= lane.foretold };
        }
        if self.options.method == Method::BackwardEuler && lane.phase == Phase::Single {
            // Of first order.
            factor = SAFETY / error.max(1e-6).sqrt();
        }
        if lane.phase == Phase::Ramp {
            if error > 1.0 || error.is_nan() {
                self.stats.rejected_truncation += 1;
                self.rejecting[worst(&self.lte, &self.x_max, &self.weights, l)] += 1;
                lane.steep = true;
                lane.phase = Phase::Plan;
                return Verdict::Reject;
            }
            lane.next_h = lane.h;
        }
        if lane.bracket.is_none() && lane.phase != Phase::Ramp {
            if error > REJECT_ABOVE || error.is_nan() {
                self.stats.rejected_truncation += 1;
                let unknown = worst(&self.lte, &self.x_max, &self.weights, l);
                self.rejecting[unknown] += 1;
                let first = *lane.first_try.get_or_insert(lane.step);
                if lane.step > 1e-7 * first {
                    lane.cut(factor.clamp(0.1, 0.5), StepFailure::TruncationError { unknown });
                    return Verdict::Reject;
                }
                // However short the step, the change stays: a value jumps here without an event to say so.
                self.stats.jumps += 1;
                lane.restart = true;
                lane.next_h = lane.step.max(1e-3 * first);
            } else {
                // After a rejection the step does not grow for a while: it would only be rejected again.
                if lane.first_try.is_some() {
                    lane.calm = CALM_STEPS;
                }
                let growth = match (lane.calm, lane.quick) {
                    (1.., _) => 1.0,
                    (0, 1..) if self.options.eager => EAGER_GROWTH,
                    _ => GROWTH,
                };
                lane.calm = lane.calm.saturating_sub(1);
                lane.quick = lane.quick.saturating_sub(1);
                lane.next_h = lane.step * factor.clamp(0.3, growth);
                if self.linear && (1.0..WORTH_FACTORS).contains(&(lane.next_h / lane.step)) {
                    lane.next_h = lane.step;
                }
                if lane.step < 0.999 * lane.h && lane.target.is_some() {
                    // Shortened for a corner, not for accuracy: the old step stays the proposal.
                    lane.next_h = lane.next_h.max(lane.h);
                }
            }
        }
        let earliest = if crossed { crossed_earliest(&self.watched, &self.g_n, &self.g, l) } else { None };
        let Some((k, g0, g1)) = earliest else {
            let events = t1 >= lane.foretold;
            let Some(b) = &mut lane.bracket else { return Verdict::Accept { events } };
            let tolerance = event_tolerance(b.hi - lane.last_corner, b.hi, self.options.eager);
            if b.hi - t1 <= tolerance || b.tries > MAX_LOCATING {
                // On the way there in another number of steps it did not cross: it only grazes, and nothing happens.
                lane.bracket = None;
                return Verdict::Accept { events };
            }
            // Still before the event: the lower end moves up.
            self.stats.locating += 1;
            b.tries += 1;
            b.take(t1, self.g[b.k].lane(l));
            if let Some(to) = lane.near_event(tolerance, self.options.eager) {
                return Verdict::Slide { to };
            }
            lane.phase = Phase::Plan;
            return Verdict::Reject;
        };
        let tolerance = event_tolerance(t1 - lane.last_corner, t1, self.options.eager);
        let bracket = match lane.bracket {
            None => {
                let mut b = Bracket::new(k, (t0, g0), (t1, g1), 0);
                if lane.phase == Phase::Second {
                    b.take(t0 + GAMMA * lane.step, self.g_s[k].lane(l));
                }
                b
            }
            Some(mut b) => {
                if b.k == k {
                    b.tries += 1;
                    b.take(t1, g1);
                } else {
                    // Another function crosses even earlier.
                    b = Bracket::new(k, (t0, g0), (t1, g1), b.tries);
                }
                b
            }
        };
        if t1 - bracket.root().min(t1) <= tolerance && bracket.tries > 0
            || t1 - bracket.lo <= tolerance
            || bracket.tries > MAX_LOCATING
        {
            lane.bracket = None;
            return Verdict::Accept { events: true };
        }
        self.stats.locating += 1;
        lane.bracket = Some(bracket);
        if let Some(to) = lane.near_event(tolerance, self.options.eager) {
            return Verdict::Slide { to };
        }
        lane.phase = Phase::Plan;
        Verdict::Reject
    }
}
