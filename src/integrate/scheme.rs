//! Integration formulas: the only place that knows them.
//!
//! With q' = −f, every formula gives the new derivative as `q'₊ = α·q(x) + h`, so the step's equation is
//!
//! ```text
//! r(x) = f(x, t₊) + α·q(x) + h,     h = a0·qₙ + a1·qₙ₋₁ + as·qₛ + b0·q'ₙ
//! ```
//!
//! qₙ, qₙ₋₁: charges at the last two accepted points, qₛ: at the inner stage of TR-BDF2, q'ₙ: derivative at the last
//! point. Steps: h to the new point, h1 between the last two.
//!
//! | formula | α | a0 | a1 | as | b0 |
//! |---|---|---|---|---|---|
//! | backward Euler | 1/h | −1/h | | | |
//! | trapezoidal | 2/h | −2/h | | | −1 |
//! | Gear 2, ω = h/h1 | (1+2ω)/((1+ω)h) | −(1+ω)/h | ω²/((1+ω)h) | | |
//! | TR-BDF2, stage 1 to tₙ + γh | 2/(γh) | −2/(γh) | | | −1 |
//! | TR-BDF2, stage 2 to tₙ + h | (2−γ)/((1−γ)h) | (1−γ)/(γh) | | −1/(γ(1−γ)h) | |
//!
//! γ = 2 − √2 gives both stages the same α (Bank et al., IEEE Trans. CAD 4, 436, 1985; Hosea and Shampine, Appl. Numer.
//! Math. 20, 21, 1996); the second stage makes it L-stable.

/// The integration methods a user can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Backward Euler, order 1, L-stable.
    BackwardEuler,
    /// Trapezoidal rule, order 2, A-stable: no damping of fast modes.
    Trapezoidal,
    /// Second-order backward differentiation (Gear) with variable steps.
    Gear2,
    /// Trapezoidal rule to tₙ + γh, then BDF2: one step, order 2, L-stable.
    TrBdf2,
}

/// γ of TR-BDF2: 2 − √2.
pub const GAMMA: f64 = 2.0 - std::f64::consts::SQRT_2;

/// The coefficients of one formula.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Coefficients {
    /// Factor of the new charge.
    pub alpha: f64,
    /// Factor of the charge at the last point.
    pub a0: f64,
    /// Factor of the charge at the point before.
    pub a1: f64,
    /// Factor of the charge at the inner stage.
    pub a_stage: f64,
    /// Factor of the derivative at the last point.
    pub b0: f64,
}

/// Backward Euler with step h.
pub fn backward_euler(h: f64) -> Coefficients {
    Coefficients { alpha: 1.0 / h, a0: -1.0 / h, ..Coefficients::default() }
}

/// Trapezoidal rule with step h.
pub fn trapezoidal(h: f64) -> Coefficients {
    Coefficients { alpha: 2.0 / h, a0: -2.0 / h, b0: -1.0, ..Coefficients::default() }
}

/// Gear's second-order formula with step h after a step h1.
pub fn gear2(h: f64, h1: f64) -> Coefficients {
    let w = h / h1;
    Coefficients {
        alpha: (1.0 + 2.0 * w) / ((1.0 + w) * h),
        a0: -(1.0 + w) / h,
        a1: w * w / ((1.0 + w) * h),
        ..Coefficients::default()
    }
}

/// TR-BDF2's second stage, for a whole step h.
pub fn tr_bdf2_second(h: f64) -> Coefficients {
    Coefficients {
        // Equal to the first stage's 2/(γh) in exact arithmetic; written as that so that a linear circuit's factors
        // serve both stages.
        alpha: 2.0 / (GAMMA * h),
        a0: (1.0 - GAMMA) / (GAMMA * h),
        a_stage: -1.0 / (GAMMA * (1.0 - GAMMA) * h),
        ..Coefficients::default()
    }
}

/// The factors of q'ₙ, q'ₛ, q'ₙ₊₁ in TR-BDF2's local error of q (times h): 2C·(1/γ, −1/(γ(1−γ)), 1/(1−γ)) with
/// C = (−3γ² + 4γ − 2)/(12(2 − γ)).
pub fn tr_bdf2_error(h: f64) -> [f64; 3] {
    let c = (-3.0 * GAMMA * GAMMA + 4.0 * GAMMA - 2.0) / (12.0 * (2.0 - GAMMA));
    [2.0 * c * h / GAMMA, -2.0 * c * h / (GAMMA * (1.0 - GAMMA)), 2.0 * c * h / (1.0 - GAMMA)]
}

/// Lagrange weights that extrapolate from values at `times` to time `t`. At most three points.
pub fn extrapolation(t: f64, times: &[f64], weights: &mut [f64]) {
    for (k, w) in weights.iter_mut().enumerate() {
        *w = 0.0;
        if k < times.len() {
            *w = 1.0;
            for (j, tj) in times.iter().enumerate() {
                if j != k {
                    *w *= (t - tj) / (times[k] - tj);
                }
            }
        }
    }
}

/// The part of (corrector − predictor) that is the corrector's local error, for a method of order p whose predictor is
/// the polynomial through p + 1 past points at distances `back` from the new time (back[0] = h).
///
/// With x⁽ᵖ⁺¹⁾ taken constant, predictor error = Π back / (p+1)! · x⁽ᵖ⁺¹⁾ and corrector error = c · x⁽ᵖ⁺¹⁾.
pub fn error_fraction(method: Method, h: f64, h1: f64, back: &[f64]) -> f64 {
    let (corrector, factorial) = match method {
        // ½h²x''
        Method::BackwardEuler => (h * h / 2.0, 2.0),
        // Gear 2 with variable step: h²(h + h1)²/(6(2h + h1))·x'''
        Method::Gear2 => (h * h * (h + h1) * (h + h1) / (6.0 * (2.0 * h + h1)), 6.0),
        // h³/12·x'''; TR-BDF2 has its own estimate.
        Method::Trapezoidal | Method::TrBdf2 => (h * h * h / 12.0, 6.0),
    };
    let predictor = back.iter().product::<f64>() / factorial;
    // Predictor and corrector err to opposite sides, so their distance is the sum of both errors.
    corrector / (predictor + corrector)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each formula is exact for q(t) = 1, t and, where its order says so, t²: α·q(t₊) + … = q'(t₊).
    fn defect(c: Coefficients, times: [f64; 4], q: impl Fn(f64) -> f64, dq: impl Fn(f64) -> f64) -> f64 {
        let [new, last, before, stage] = times;
        c.alpha * q(new) + c.a0 * q(last) + c.a1 * q(before) + c.a_stage * q(stage) + c.b0 * dq(last) - dq(new)
    }

    #[test]
    fn formulas_are_exact_to_their_order() {
        let (t, h, h1) = (0.3, 0.02, 0.013);
        let stage = t + GAMMA * h;
        let all = [
            (backward_euler(h), [t + h, t, t - h1, stage], 1),
            (trapezoidal(h), [t + h, t, t - h1, stage], 2),
            (gear2(h, h1), [t + h, t, t - h1, stage], 2),
            (trapezoidal(GAMMA * h), [stage, t, t - h1, stage], 2),
            (tr_bdf2_second(h), [t + h, t, t - h1, stage], 2),
        ];
        for (c, times, order) in all {
            assert!(defect(c, times, |_| 1.0, |_| 0.0).abs() < 1e-9);
            assert!(defect(c, times, |t| t, |_| 1.0).abs() < 1e-9);
            let second = defect(c, times, |t| t * t, |t| 2.0 * t).abs();
            assert_eq!(second < 1e-9, order >= 2, "{c:?} {second}");
        }
    }

    #[test]
    fn error_of_tr_bdf2_vanishes_for_parabolas() {
        // q' is linear in t for a parabola: the third difference that the estimate is made of vanishes.
        let e = tr_bdf2_error(0.1);
        let line = |t: f64| 3.0 + 2.0 * t;
        assert!((e[0] * line(0.0) + e[1] * line(GAMMA * 0.1) + e[2] * line(0.1)).abs() < 1e-15);
    }

    #[test]
    fn extrapolation_is_exact_for_parabolas() {
        let mut w = [0.0; 3];
        extrapolation(1.7, &[1.0, 0.6, -0.1], &mut w);
        let p = |t: f64| 2.0 - t + 3.0 * t * t;
        assert!((w[0] * p(1.0) + w[1] * p(0.6) + w[2] * p(-0.1) - p(1.7)).abs() < 1e-12);
    }
}
