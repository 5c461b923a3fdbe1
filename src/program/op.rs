//! The instructions of a program and the loop that runs them.

use crate::number::Real;

/// What an instruction computes from its operands a, b, c.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Code {
    /// Input number a.
    Input,
    /// The constant whose bits are a (low) and b (high).
    Constant,
    Neg,
    Not,
    Abs,
    Sqrt,
    Exp,
    Ln,
    Log10,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Floor,
    /// Real part, imaginary part and angle: of a complex number in `complex.rs`.
    Re,
    Im,
    Arg,
    /// a to the integer power b (the bits of an i32).
    Powi,
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Atan2,
    Min,
    Max,
    Lt,
    Le,
    Eq,
    And,
    Or,
    /// b where a is not 0, else c.
    Select,
}

/// One instruction; its operands are scratch slots of earlier instructions unless its code says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Instr {
    pub code: Code,
    pub a: u32,
    pub b: u32,
    pub c: u32,
}

impl Instr {
    /// The constant's value.
    #[inline(always)]
    pub fn constant(&self) -> f64 {
        f64::from_bits(u64::from(self.a) | u64::from(self.b) << 32)
    }
    /// Which of a, b, c are scratch slots: the first so many.
    pub fn n_operands(&self) -> usize {
        match self.code {
            Code::Input | Code::Constant => 0,
            Code::Select => 3,
            Code::Add
            | Code::Sub
            | Code::Mul
            | Code::Div
            | Code::Pow
            | Code::Atan2
            | Code::Min
            | Code::Max
            | Code::Lt
            | Code::Le
            | Code::Eq
            | Code::And
            | Code::Or => 2,
            _ => 1,
        }
    }
}

/// A list of instructions and what is read off it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tape {
    /// Instruction k writes scratch slot k.
    pub code: Vec<Instr>,
    /// Scratch slots of the results.
    pub results: Vec<u32>,
}

/// One derivative that is not zero by structure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// Where it stands in the Jacobian, row-major.
    pub at: usize,
    /// The scratch slot that holds it.
    pub slot: u32,
}

/// Runs the instructions in order; instruction k writes `s[k]`.
#[inline(always)]
pub(super) fn run<R: Real>(code: &[Instr], inputs: &[R], s: &mut [R]) {
    let s = &mut s[..code.len()];
    for (k, i) in code.iter().enumerate() {
        s[k] = step(i, inputs, s);
    }
}

#[inline(always)]
fn truth<R: Real>(x: R) -> R::Mask {
    !(x.le(R::zero()) & x.ge(R::zero()))
}

#[inline(always)]
fn number<R: Real>(mask: R::Mask) -> R {
    R::select(mask, R::one(), R::zero())
}

/// The value of one instruction.
#[inline(always)]
pub(super) fn step<R: Real>(i: &Instr, inputs: &[R], s: &[R]) -> R {
    let a = || s[i.a as usize];
    let b = || s[i.b as usize];
    match i.code {
        Code::Input => inputs[i.a as usize],
        Code::Constant => R::splat(i.constant()),
        Code::Neg => -a(),
        Code::Not => number(!truth(a())),
        Code::Abs => a().abs(),
        Code::Sqrt => a().sqrt(),
        Code::Exp => a().exp(),
        Code::Ln => a().ln(),
        Code::Log10 => a().log10(),
        Code::Sin => a().sin(),
        Code::Cos => a().cos(),
        Code::Tan => a().tan(),
        Code::Asin => a().asin(),
        Code::Acos => a().acos(),
        Code::Atan => a().atan(),
        Code::Sinh => a().sinh(),
        Code::Cosh => a().cosh(),
        Code::Tanh => a().tanh(),
        Code::Asinh => a().asinh(),
        Code::Acosh => a().acosh(),
        Code::Atanh => a().atanh(),
        Code::Floor => a().floor(),
        Code::Re => a(),
        Code::Im => R::zero(),
        Code::Arg => R::zero().atan2(a()),
        Code::Powi => a().powi(i.b as i32),
        Code::Add => a() + b(),
        Code::Sub => a() - b(),
        Code::Mul => a() * b(),
        Code::Div => a() / b(),
        Code::Pow => a().powf(b()),
        Code::Atan2 => a().atan2(b()),
        Code::Min => a().min(b()),
        Code::Max => a().max(b()),
        Code::Lt => number(a().lt(b())),
        Code::Le => number(a().le(b())),
        Code::Eq => number(a().le(b()) & a().ge(b())),
        Code::And => number(truth(a()) & truth(b())),
        Code::Or => number(truth(a()) | truth(b())),
        Code::Select => R::select(truth(a()), b(), s[i.c as usize]),
    }
}
