//! What a system is built for: two circuits of the same shape differ in numbers alone, and one system serves both.

use super::group_instances;
use crate::circuit::Circuit;
use crate::device::{BankNumber, ExpressionInput, ExpressionState, Pattern, Setting, UnknownTable, Value, Values};
use std::mem::{Discriminant, discriminant};

/// The shape of a circuit: all that banks build rows, columns and rooms from.
///
/// Equal shapes: [`super::System::reload`] takes the one circuit into the other's system. Other shapes need a system of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    instances: Vec<InstanceShape>,
    /// Names of the unknowns: nodes, branch currents, and inner nodes, which are there or not by the value of a resistance.
    unknowns: Vec<String>,
    /// Where the Jacobian has entries, (column, row) in the order in which banks declare them.
    positions: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq)]
struct InstanceShape {
    kind: &'static str,
    name: String,
    nodes: Vec<u32>,
    controls: Vec<usize>,
    model_type: Option<usize>,
    values: Vec<ValueShape>,
}

/// What banks may build from a value beside its numbers.
#[derive(Debug, Clone, PartialEq)]
enum ValueShape {
    /// There is none.
    Missing,
    /// A number, a list, a word, a source function: taken anew with each reload.
    Loaded,
    /// Inputs, kinds of states, and how many inputs and outputs its program has.
    Expression(Vec<ExpressionInput>, Vec<Discriminant<ExpressionState>>, usize, usize),
}

impl ValueShape {
    fn of(value: &Option<Value>) -> Self {
        match value {
            None => ValueShape::Missing,
            Some(Value::Expression(e)) => ValueShape::Expression(
                e.inputs.clone(),
                e.states.iter().map(discriminant).collect(),
                e.program.n_inputs(),
                e.program.n_outputs(),
            ),
            Some(_) => ValueShape::Loaded,
        }
    }
}

impl Shape {
    /// The shape of a circuit as a system of this number type is built for it.
    pub fn of<R: BankNumber>(circuit: &Circuit, setting: &Setting) -> Shape {
        let mut table = UnknownTable::with_nodes(circuit.node_names());
        let banks = group_instances(circuit).into_iter().map(|(kind, ids)| {
            let own: Vec<_> = ids.iter().map(|i| circuit.instances[*i].clone()).collect();
            let mut bank = R::bank(kind, &ids, &own, setting);
            bank.declare(&mut table);
            bank
        });
        let mut banks: Vec<_> = banks.collect();
        let mut positions = Pattern::new(table.unknowns.len());
        for bank in &mut banks {
            bank.connect(&table, &mut positions);
        }
        let values = |v: &Values| v.values.iter().map(ValueShape::of).collect::<Vec<_>>();
        let instances = circuit.instances.iter().zip(&circuit.origins).map(|(i, origin)| InstanceShape {
            kind: origin.kind.spec().name,
            name: i.name.clone(),
            nodes: i.nodes.clone(),
            controls: i.controls.clone(),
            model_type: i.model.as_ref().map(|m| m.type_index),
            values: [values(&i.params), i.model.as_ref().map(|m| values(&m.params)).unwrap_or_default()].concat(),
        });
        Shape {
            instances: instances.collect(),
            unknowns: table.unknowns.into_iter().map(|u| u.name).collect(),
            positions: positions.positions().to_vec(),
        }
    }
}
