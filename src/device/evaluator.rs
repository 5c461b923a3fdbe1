//! An [`Expression`] inside an instance: which locals its inputs are, its value with derivatives, and its states.
//!
//! States are unknowns w of the instance: `w = d(operand)/dt` is the row `f = w, q = −operand` (solved at the operating
//! point, where it gives w = 0); `dw/dt = operand` is the row `q = w, f = −operand` (held at its initial value there).

use super::*;
use std::cell::{RefCell, RefMut};

/// Names of the states; an expression has no more of them.
pub(super) const STATE_NAMES: &[&str] = &[
    "state1", "state2", "state3", "state4", "state5", "state6", "state7", "state8", "state9", "state10", "state11",
    "state12", "state13", "state14", "state15", "state16", "state17", "state18", "state19", "state20",
];

/// A derivative: its scale is unknown, so that its absolute tolerance is one of a value of order one; it follows from
/// its operand and takes no part in the error control.
const DDT: UnknownSpec = UnknownSpec {
    unit: "1/s",
    abstol: Some(1e-6),
    residual_abstol: Some(1e-6),
    lte_weight: 0.0,
    initial: 0.0,
    at_op: AtOp::Solve,
};

/// What an input is among the locals.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Input {
    Voltage(usize, usize),
    One(usize),
    Time,
    Hertz,
}

/// Beyond any voltage, current or slope of a circuit, and small enough that products of two stay finite.
const HUGE: f64 = 1e30;

/// Replaces infinities, such as ln(v) and √v have at v = 0, where Newton's method starts: with them the iterate is not
/// a number, with a huge number it moves off the pole.
fn hold_finite<R: Real>(e: &mut Evaluated<R>) {
    let (low, high) = (R::splat(-HUGE), R::splat(HUGE));
    for x in e.values.iter_mut().chain(&mut e.jacobian) {
        *x = R::select(x.gt(high), high, R::select(x.lt(low), low, *x));
    }
}

/// One expression at work.
pub(super) struct Evaluator<R> {
    /// The expression of each lane; they differ in constants only.
    expressions: Vec<Arc<Expression>>,
    /// Do all lanes have the same constants?
    uniform: bool,
    inputs: Vec<Input>,
    /// The local of the first state.
    first_state: usize,
    initial: Vec<R>,
    /// The frequency of a small-signal analysis, Hz.
    hertz: f64,
    scratch: RefCell<Evaluated<R>>,
}

/// The value and operands of an expression, with derivatives, and the room they are computed in.
#[derive(Debug, Default)]
pub(super) struct Evaluated<R> {
    /// The value, then the operand of each state.
    pub values: Vec<R>,
    /// ∂values[o]/∂inputs[k] at `o·n + k`, n the number of inputs that the program reads.
    jacobian: Vec<R>,
    inputs: Vec<R>,
    slots: Vec<R>,
    lane: LaneRoom,
}

/// The same for one lane.
#[derive(Debug, Default)]
struct LaneRoom {
    values: Vec<f64>,
    jacobian: Vec<f64>,
    inputs: Vec<f64>,
    slots: Vec<f64>,
}

impl<R: Real> Evaluator<R> {
    /// An expression whose locals begin at `base`.
    pub fn new(expression: &Arc<Expression>, base: usize) -> Self {
        let mut next = base;
        let mut take = |n: usize| {
            next += n;
            next - n
        };
        let mut inputs: Vec<Input> = expression
            .inputs
            .iter()
            .map(|input| match input {
                ExpressionInput::Voltage(..) => {
                    let a = take(2);
                    Input::Voltage(a, a + 1)
                }
                ExpressionInput::Current(_) => Input::One(take(1)),
                ExpressionInput::Time => Input::Time,
                ExpressionInput::Hertz => Input::Hertz,
                // Only outputs have such inputs; their value in a device is that of the time.
                ExpressionInput::Quantity(_) => Input::Time,
                ExpressionInput::State(k) => Input::One(*k),
            })
            .collect();
        let first_state = take(0);
        for (input, e) in inputs.iter_mut().zip(&expression.inputs) {
            if let ExpressionInput::State(k) = e {
                *input = Input::One(first_state + k);
            }
        }
        // The program may read fewer inputs than there are, never more.
        let program = &expression.program;
        let (n, m) = (program.n_inputs(), program.n_outputs());
        let scratch = Evaluated {
            values: vec![R::zero(); m],
            jacobian: vec![R::zero(); n * m],
            inputs: vec![R::zero(); inputs.len()],
            slots: vec![R::zero(); program.scratch_len()],
            lane: LaneRoom {
                values: vec![0.0; m],
                jacobian: vec![0.0; n * m],
                inputs: vec![0.0; inputs.len()],
                slots: Vec::new(),
            },
        };
        Evaluator {
            expressions: vec![expression.clone(); R::LANES],
            uniform: true,
            inputs,
            first_state,
            initial: vec![R::zero(); expression.states.len()],
            hertz: 0.0,
            scratch: RefCell::new(scratch),
        }
    }

    /// Takes the expression of one lane, which has the same inputs, outputs and states.
    pub fn reload(&mut self, lane: usize, expression: &Arc<Expression>) {
        self.expressions[lane] = expression.clone();
        self.uniform = self.expressions.iter().all(|e| Arc::ptr_eq(e, expression) || e.program == expression.program);
        for (initial, state) in self.initial.iter_mut().zip(&expression.states) {
            if let ExpressionState::Idt { initial: value } = state {
                initial.set_lane(lane, *value);
            }
        }
    }

    /// See [`Bank::set_frequency`].
    pub fn set_frequency(&mut self, hertz: f64) {
        self.hertz = hertz;
    }

    /// The locals of an expression: nodes and branches of its inputs, then its states.
    pub fn locals(expression: &Expression) -> Vec<Local> {
        let mut locals = Vec::new();
        for input in &expression.inputs {
            match *input {
                ExpressionInput::Voltage(a, b) => locals.extend([Local::Node(a), Local::Node(b)]),
                ExpressionInput::Current(instance) => locals.push(Local::Branch(instance)),
                ExpressionInput::Time
                | ExpressionInput::Hertz
                | ExpressionInput::State(_)
                | ExpressionInput::Quantity(_) => {}
            }
        }
        for (k, state) in expression.states.iter().enumerate() {
            let spec = match state {
                ExpressionState::Ddt => DDT,
                // An integral may be a charge of femtocoulombs, or a phase of many radians.
                ExpressionState::Idt { initial } => UnknownSpec::state("s", 1e-15, 1e-12, *initial),
            };
            locals.push(Local::Internal { name: STATE_NAMES.get(k).copied().unwrap_or("state"), spec });
        }
        locals
    }

    /// The initial value of local k if it is a state.
    pub fn initial(&self, k: usize) -> Option<R> {
        self.initial.get(k.checked_sub(self.first_state)?).copied()
    }

    /// The Jacobian positions of a row that the value adds to.
    pub fn footprint(&self, row: usize) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        for input in &self.inputs {
            match *input {
                Input::Voltage(a, b) => all.extend([(row, a), (row, b)]),
                Input::One(k) => all.push((row, k)),
                Input::Time | Input::Hertz => {}
            }
        }
        all
    }

    /// The Jacobian positions of the states' rows.
    pub fn state_footprint(&self) -> Vec<(usize, usize)> {
        let states = self.first_state..self.first_state + self.initial.len();
        states.flat_map(|w| self.footprint(w).into_iter().chain([(w, w)])).collect()
    }

    /// Value, operands and derivatives here.
    pub fn at(&self, at: &At<'_, R>) -> RefMut<'_, Evaluated<R>> {
        let mut scratch = self.scratch.borrow_mut();
        let e = &mut *scratch;
        for (x, input) in e.inputs.iter_mut().zip(&self.inputs) {
            *x = match *input {
                Input::Voltage(a, b) => at.v(a, b),
                Input::One(k) => at.x(k),
                Input::Time => at.t(),
                Input::Hertz => R::splat(self.hertz),
            };
        }
        if self.uniform {
            let program = &self.expressions[0].program;
            e.slots.resize(program.scratch_len(), R::zero());
            program.eval_with_derivatives(&e.inputs, &mut e.slots, &mut e.values, &mut e.jacobian);
            hold_finite(e);
            return scratch;
        }
        // Lanes with different constants run one by one; what a lane computes is the same either way.
        for (lane, expression) in self.expressions.iter().enumerate() {
            let l = &mut e.lane;
            for (x, y) in l.inputs.iter_mut().zip(&e.inputs) {
                *x = y.lane(lane);
            }
            let program = &expression.program;
            l.slots.resize(program.scratch_len(), 0.0);
            program.eval_with_derivatives(&l.inputs, &mut l.slots, &mut l.values, &mut l.jacobian);
            for (x, y) in e.values.iter_mut().zip(&l.values).chain(e.jacobian.iter_mut().zip(&l.jacobian)) {
                x.set_lane(lane, *y);
            }
        }
        hold_finite(e);
        scratch
    }

    /// Calls `add(col, derivative)` for what output `o`, times `scale`, depends on.
    #[inline(always)]
    pub fn derivatives(&self, e: &Evaluated<R>, o: usize, scale: R, mut add: impl FnMut(usize, R)) {
        let n = self.expressions[0].program.n_inputs();
        for (input, d) in self.inputs.iter().zip(&e.jacobian[o * n..(o + 1) * n]) {
            let d = scale * *d;
            match *input {
                Input::Voltage(a, b) => {
                    add(a, d);
                    add(b, -d);
                }
                Input::One(k) => add(k, d),
                Input::Time | Input::Hertz => {}
            }
        }
    }

    /// Adds the rows of the states.
    pub fn stamp_states<S: Stamp<R>>(&self, e: &Evaluated<R>, at: &At<'_, R>, s: &mut S) {
        for (k, state) in self.expressions[0].states.iter().enumerate() {
            let w = self.first_state + k;
            let operand = e.values[1 + k];
            match state {
                ExpressionState::Ddt => {
                    s.f(w, at.x(w));
                    s.df(w, w, R::one());
                    s.q(w, -operand);
                    self.derivatives(e, 1 + k, -R::one(), |col, d| s.dq(w, col, d));
                }
                ExpressionState::Idt { .. } => {
                    s.q(w, at.x(w));
                    s.dq(w, w, R::one());
                    s.f(w, -operand);
                    self.derivatives(e, 1 + k, -R::one(), |col, d| s.df(w, col, d));
                }
            }
        }
    }
}

/// What is wrong with an expression as a device uses it.
pub(super) fn check(expression: &Expression) -> Vec<String> {
    let mut errors = Vec::new();
    if expression.states.len() > STATE_NAMES.len() {
        errors.push(format!("an expression has at most {} ddt() and idt()", STATE_NAMES.len()));
    }
    let (inputs, outputs) = (expression.program.n_inputs(), expression.program.n_outputs());
    if inputs > expression.inputs.len() || outputs != 1 + expression.states.len() {
        errors.push(format!("'{}' is not a complete expression", expression.text));
    }
    errors
}
