//! Programs over complex numbers, for outputs of small-signal analyses.
//!
//! What is analytic goes on into the complex plane, |x| is the modulus, and what compares or rounds looks at real parts. Where
//! all operands are real the result is that of the real program, wherever that exists: √−1 is j. An operation without a
//! complex meaning here (atan2, asin …) gives not-a-number off the real axis.

use super::Program;
use super::op::{Code, Instr, step};

/// Real and imaginary part.
type Complex = (f64, f64);

const NONE: Complex = (f64::NAN, f64::NAN);

fn mul(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn div(a: Complex, b: Complex) -> Complex {
    // By the larger part, so that no square overflows (R. L. Smith, Comm. ACM 5 (1962) 435).
    if b.0.abs() >= b.1.abs() {
        let r = b.1 / b.0;
        let d = b.0 + b.1 * r;
        ((a.0 + a.1 * r) / d, (a.1 - a.0 * r) / d)
    } else {
        let r = b.0 / b.1;
        let d = b.0 * r + b.1;
        ((a.0 * r + a.1) / d, (a.1 * r - a.0) / d)
    }
}

fn exp(a: Complex) -> Complex {
    let m = a.0.exp();
    (m * a.1.cos(), m * a.1.sin())
}

fn ln(a: Complex) -> Complex {
    (a.0.hypot(a.1).ln(), a.1.atan2(a.0))
}

fn pow(a: Complex, b: Complex) -> Complex {
    if a == (0.0, 0.0) { if b == (0.0, 0.0) { (1.0, 0.0) } else { (0.0, 0.0) } } else { exp(mul(b, ln(a))) }
}

/// (e^x − e^−x)/2 and (e^x + e^−x)/2.
fn hyperbolic(a: Complex) -> (Complex, Complex) {
    let (sinh, cosh) = (a.0.sinh(), a.0.cosh());
    ((sinh * a.1.cos(), cosh * a.1.sin()), (cosh * a.1.cos(), sinh * a.1.sin()))
}

/// sin x = −j·sinh(j·x) and cos x = cosh(j·x).
fn circular(a: Complex) -> (Complex, Complex) {
    let (s, c) = hyperbolic((-a.1, a.0));
    ((s.1, -s.0), c)
}

fn complex_step(i: &Instr, inputs: &[Complex], s: &[Complex]) -> Complex {
    let at = |k: u32| s.get(k as usize).copied().unwrap_or(NONE);
    let (a, b) = (at(i.a), at(i.b));
    match i.code {
        Code::Input => inputs.get(i.a as usize).copied().unwrap_or(NONE),
        Code::Constant => (i.constant(), 0.0),
        Code::Neg => (-a.0, -a.1),
        Code::Abs => (a.0.hypot(a.1), 0.0),
        Code::Sqrt => pow(a, (0.5, 0.0)),
        Code::Exp => exp(a),
        Code::Ln => ln(a),
        Code::Log10 => {
            let l = ln(a);
            (l.0 / std::f64::consts::LN_10, l.1 / std::f64::consts::LN_10)
        }
        Code::Sin => circular(a).0,
        Code::Cos => circular(a).1,
        Code::Tan => div(circular(a).0, circular(a).1),
        Code::Sinh => hyperbolic(a).0,
        Code::Cosh => hyperbolic(a).1,
        Code::Tanh => div(hyperbolic(a).0, hyperbolic(a).1),
        Code::Powi => pow(a, (f64::from(i.b as i32), 0.0)),
        Code::Add => (a.0 + b.0, a.1 + b.1),
        Code::Sub => (a.0 - b.0, a.1 - b.1),
        Code::Mul => mul(a, b),
        Code::Div => div(a, b),
        Code::Pow => pow(a, b),
        Code::Min => {
            if b.0 < a.0 {
                b
            } else {
                a
            }
        }
        Code::Max => {
            if b.0 > a.0 {
                b
            } else {
                a
            }
        }
        Code::Lt => (f64::from(a.0 < b.0), 0.0),
        Code::Le => (f64::from(a.0 <= b.0), 0.0),
        Code::Eq => (f64::from(a == b), 0.0),
        Code::Not => (f64::from(a == (0.0, 0.0)), 0.0),
        Code::And => (f64::from(a != (0.0, 0.0) && b != (0.0, 0.0)), 0.0),
        Code::Or => (f64::from(a != (0.0, 0.0) || b != (0.0, 0.0)), 0.0),
        Code::Select => {
            if a == (0.0, 0.0) {
                at(i.c)
            } else {
                b
            }
        }
        Code::Floor => (a.0.floor(), 0.0),
        Code::Re => (a.0, 0.0),
        Code::Im => (a.1, 0.0),
        Code::Arg => (a.1.atan2(a.0), 0.0),
        Code::Asin | Code::Acos | Code::Atan | Code::Asinh | Code::Acosh | Code::Atanh | Code::Atan2 => NONE,
    }
}

impl Program {
    /// Output 0 at complex inputs, (real, imaginary); not a number where there is none.
    pub fn eval_complex(&self, inputs: &[(f64, f64)]) -> (f64, f64) {
        let mut s: Vec<Complex> = Vec::with_capacity(self.values.code.len());
        for i in &self.values.code {
            let real = match i.n_operands() {
                0 => false,
                n => [i.a, i.b, i.c].iter().take(n).all(|k| s.get(*k as usize).is_some_and(|z| z.1 == 0.0)),
            };
            let mut value = NONE;
            if real {
                // The instruction on the real numbers, its operands at the places that it names.
                let x: Vec<f64> =
                    [i.a, i.b, i.c].iter().map(|k| s.get(*k as usize).map_or(f64::NAN, |z| z.0)).collect();
                let b = if i.code == Code::Powi { i.b } else { 1 };
                value = (step(&Instr { code: i.code, a: 0, b, c: 2 }, &[], &x), 0.0);
            }
            if value.0.is_nan() {
                value = complex_step(i, inputs, &s);
            }
            s.push(value);
        }
        self.values.results.first().and_then(|k| s.get(*k as usize).copied()).unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Builder;
    use super::*;

    #[track_caller]
    fn near(found: Complex, expected: Complex) {
        let error = (found.0 - expected.0).hypot(found.1 - expected.1);
        assert!(error <= 1e-12 * (1.0 + expected.0.hypot(expected.1)), "{found:?}, not {expected:?}");
    }

    #[test]
    fn complex_values_are_those_of_the_plane() {
        let z = (0.3, -1.2);
        let of = |make: &dyn Fn(&mut Builder, super::super::Node) -> super::super::Node| {
            let mut b = Builder::new();
            let x = b.input(0);
            let y = make(&mut b, x);
            b.finish(&[y]).eval_complex(&[z])
        };
        near(of(&|b, x| b.mul(x, x)), (0.09 - 1.44, -0.72));
        near(
            of(&|b, x| {
                let one = b.constant(1.0);
                let y = b.div(one, x);
                b.mul(y, x)
            }),
            (1.0, 0.0),
        );
        near(of(&|b, x| b.abs(x)), (1.53f64.sqrt(), 0.0));
        near(
            of(&|b, x| {
                let y = b.sqrt(x);
                b.mul(y, y)
            }),
            z,
        );
        near(
            of(&|b, x| {
                let y = b.ln(x);
                b.exp(y)
            }),
            z,
        );
        near(
            of(&|b, x| {
                let (s, c) = (b.sin(x), b.cos(x));
                let s = b.mul(s, s);
                let c = b.mul(c, c);
                b.add(s, c)
            }),
            (1.0, 0.0),
        );
        near(
            of(&|b, x| {
                let (s, c) = (b.sinh(x), b.cosh(x));
                let t = b.tanh(x);
                let y = b.mul(t, c);
                b.sub(y, s)
            }),
            (0.0, 0.0),
        );
        near(
            of(&|b, x| {
                let three = b.constant(3.0);
                let y = b.pow(x, three);
                b.div(y, x)
            }),
            (0.09 - 1.44, -0.72),
        );
        // Real operands: as ever; and beyond where the real function ends.
        near(
            of(&|b, _| {
                let m = b.constant(0.4);
                b.tan(m)
            }),
            (0.4f64.tan(), 0.0),
        );
        near(
            of(&|b, x| {
                let m = b.abs(x);
                let m = b.neg(m);
                let y = b.sqrt(m);
                b.mul(y, y)
            }),
            (-(1.53f64.sqrt()), 0.0),
        );
        near(
            of(&|b, x| {
                let m = b.abs(x);
                let one = b.constant(1.0);
                let c = b.lt(one, m);
                b.select(c, x, one)
            }),
            z,
        );
    }
}
