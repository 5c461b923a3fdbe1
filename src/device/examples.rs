//! Expressions for the examples of behavioural kinds.

use super::*;
use crate::program::{Builder, Node};

/// An expression of these inputs and states; `build` gives its value, then the operand of each state.
pub(super) fn expression(
    inputs: &[ExpressionInput],
    states: &[ExpressionState],
    build: impl FnOnce(&mut Builder, &[Node]) -> Vec<Node>,
) -> Arc<Expression> {
    let mut builder = Builder::new();
    let nodes: Vec<Node> = (0..inputs.len()).map(|k| builder.input(k)).collect();
    let outputs = build(&mut builder, &nodes);
    Arc::new(Expression {
        text: "example".to_string(),
        inputs: inputs.to_vec(),
        program: builder.finish(&outputs),
        states: states.to_vec(),
    })
}
