//! The functions that an expression may call, by name.

use super::{Builder, Node};

macro_rules! functions {
    ($($variant:ident $arity:literal [$($name:literal),+] $doc:literal => |$b:ident, $x:ident| $build:expr;)*) => {
        /// A function that an expression may call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function {
            $(#[doc = $doc] $variant,)*
        }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Function] = &[$(Function::$variant),*];

            /// The function with this name (lower case).
            pub fn from_name(name: &str) -> Option<Function> {
                match name {
                    $($($name)|+ => Some(Function::$variant),)*
                    _ => None,
                }
            }
            /// The names it has, the usual one first.
            pub fn names(self) -> &'static [&'static str] {
                match self {
                    $(Function::$variant => &[$($name),+],)*
                }
            }
            /// How many arguments it takes.
            pub fn arity(self) -> usize {
                match self {
                    $(Function::$variant => $arity,)*
                }
            }
            /// What it computes, in one line.
            pub fn doc(self) -> &'static str {
                match self {
                    $(Function::$variant => $doc,)*
                }
            }
        }

        impl Builder {
            /// A call of `function`; `None` if the number of arguments is not its arity.
            pub fn call(&mut self, function: Function, args: &[Node]) -> Option<Node> {
                match function {
                    $(Function::$variant => {
                        let $x: &[Node; $arity] = args.try_into().ok()?;
                        let $b = self;
                        Some($build)
                    })*
                }
            }
        }
    };
}

functions! {
    Exp 1 ["exp"] "e^x" => |b, x| b.exp(x[0]);
    Ln 1 ["ln", "log"] "natural logarithm of x" => |b, x| b.ln(x[0]);
    Log10 1 ["log10"] "logarithm of x to base 10" => |b, x| b.log10(x[0]);
    Sqrt 1 ["sqrt"] "square root of x" => |b, x| b.sqrt(x[0]);
    Abs 1 ["abs", "mag", "m"] "absolute value of x" => |b, x| b.abs(x[0]);
    Re 1 ["re", "real"] "real part of x" => |b, x| b.re(x[0]);
    Im 1 ["img", "imag"] "imaginary part of x" => |b, x| b.im(x[0]);
    Arg 1 ["ph", "phase"] "angle of x, radians" => |b, x| b.arg(x[0]);
    Sin 1 ["sin"] "sine of x radians" => |b, x| b.sin(x[0]);
    Cos 1 ["cos"] "cosine of x radians" => |b, x| b.cos(x[0]);
    Tan 1 ["tan"] "tangent of x radians" => |b, x| b.tan(x[0]);
    Asin 1 ["asin", "arcsin"] "arc sine of x, radians" => |b, x| b.asin(x[0]);
    Acos 1 ["acos", "arccos"] "arc cosine of x, radians" => |b, x| b.acos(x[0]);
    Atan 1 ["atan", "arctan"] "arc tangent of x, radians" => |b, x| b.atan(x[0]);
    Atan2 2 ["atan2"] "angle of the point (x, y) from its y and x, radians" => |b, x| b.atan2(x[0], x[1]);
    Sinh 1 ["sinh"] "hyperbolic sine of x" => |b, x| b.sinh(x[0]);
    Cosh 1 ["cosh"] "hyperbolic cosine of x" => |b, x| b.cosh(x[0]);
    Tanh 1 ["tanh"] "hyperbolic tangent of x" => |b, x| b.tanh(x[0]);
    Asinh 1 ["asinh"] "inverse hyperbolic sine of x" => |b, x| b.asinh(x[0]);
    Acosh 1 ["acosh"] "inverse hyperbolic cosine of x" => |b, x| b.acosh(x[0]);
    Atanh 1 ["atanh"] "inverse hyperbolic tangent of x" => |b, x| b.atanh(x[0]);
    Floor 1 ["floor"] "largest integer not above x" => |b, x| b.floor(x[0]);
    Ceil 1 ["ceil"] "smallest integer not below x" => |b, x| b.ceil(x[0]);
    Nint 1 ["nint"] "integer nearest to x; halves go to the even one" => |b, x| b.nint(x[0]);
    Round 1 ["round"] "integer nearest to x; halves go away from 0" => |b, x| b.round(x[0]);
    Int 1 ["int"] "integer part of x (toward zero)" => |b, x| b.int(x[0]);
    Min 2 ["min"] "the smaller of x and y" => |b, x| b.min(x[0], x[1]);
    Max 2 ["max"] "the larger of x and y" => |b, x| b.max(x[0], x[1]);
    Sgn 1 ["sgn", "sign"] "sign of x: -1, 0 or 1" => |b, x| b.sgn(x[0]);
    U 1 ["u", "stp"] "unit step: 0 below 0, 0.5 at 0, 1 above" => |b, x| b.u(x[0]);
    Uramp 1 ["uramp"] "unit ramp: 0 below 0, x above" => |b, x| b.uramp(x[0]);
    U2 1 ["u2"] "ramp of height 1: 0 below 0, x from 0 to 1, 1 above" => |b, x| { let (lo, hi) = (b.constant(0.0), b.constant(1.0)); b.limit(x[0], lo, hi) };
    Eq0 1 ["eq0"] "1 where x is 0, else 0" => |b, x| { let z = b.constant(0.0); b.eq(x[0], z) };
    Ne0 1 ["ne0"] "1 where x is not 0, else 0" => |b, x| { let z = b.constant(0.0); b.ne(x[0], z) };
    Gt0 1 ["gt0"] "1 where x is above 0, else 0" => |b, x| { let z = b.constant(0.0); b.gt(x[0], z) };
    Lt0 1 ["lt0"] "1 where x is below 0, else 0" => |b, x| { let z = b.constant(0.0); b.lt(x[0], z) };
    Ge0 1 ["ge0"] "1 where x is 0 or above, else 0" => |b, x| { let z = b.constant(0.0); b.ge(x[0], z) };
    Le0 1 ["le0"] "1 where x is 0 or below, else 0" => |b, x| { let z = b.constant(0.0); b.le(x[0], z) };
    Limit 3 ["limit"] "x held between lo and hi" => |b, x| b.limit(x[0], x[1], x[2]);
    Pow 2 ["pow"] "x to the power y" => |b, x| b.pow(x[0], x[1]);
    Square 1 ["sqr"] "x squared" => |b, x| b.mul(x[0], x[0]);
    Hypot 2 ["hypot"] "√(x² + y²)" => |b, x| b.hypot(x[0], x[1]);
    Db 1 ["db"] "20·log10 of |x|" => |b, x| b.db(x[0]);
    Buf 1 ["buf"] "1 where x is above 0.5, else 0" => |b, x| b.buf(x[0]);
    Inv 1 ["inv"] "0 where x is above 0.5, else 1" => |b, x| b.inv(x[0]);
    Fmod 2 ["fmod", "mod"] "remainder of x/y, with the sign of x" => |b, x| b.rem(x[0], x[1]);
    Pwr 2 ["pwr", "pwrs"] "sgn(x)·|x|^y" => |b, x| b.pwr(x[0], x[1]);
    If 3 ["if", "ternary_fcn"] "y where x is not 0, else z" => |b, x| b.select(x[0], x[1], x[2]);
}
