//! What devices with junctions share beside their equations: temperatures, series resistances, initial voltages.

use super::bank::{At, Stamp};
use super::instance::{Instance, Setting, Value};
use super::junction::ZERO_CELSIUS;
use super::spec::Range;
use super::unknowns::{Local, UnknownSpec};
use crate::number::Real;

/// Temperatures at which the band gap's law makes sense, °C.
pub(super) const TEMPERATURE: Range = Range::Open(-273.15, 1000.0);

/// The device's temperature and that of its parameters, kelvin: `temp`, else the circuit's and `dtemp`; the model's `tnom`,
/// else the option's.
pub(super) fn temperatures(instance: &Instance, setting: &Setting) -> (f64, f64) {
    let own = &instance.params;
    let t = match own.number("temp") {
        Some(celsius) => celsius + ZERO_CELSIUS,
        None => setting.temperature + own.real("dtemp"),
    };
    let tnom = instance.model.as_ref().and_then(|m| m.params.number("tnom"));
    (t, tnom.map_or(setting.nominal_temperature, |c| c + ZERO_CELSIUS))
}

/// The node behind a series resistance at a terminal: the terminal itself if there is none.
pub(super) fn inner_node(name: &'static str, present: bool, terminal: usize) -> Local {
    if present { Local::Internal { name, spec: UnknownSpec::VOLTAGE } } else { Local::Same(terminal) }
}

/// The Jacobian positions of a series resistance from terminal a to the inner node b, but for (b, b), which the device has.
pub(super) fn series_positions(a: usize, b: usize) -> [(usize, usize); 3] {
    [(a, a), (a, b), (b, a)]
}

/// The current through a series conductance g (S) from a to b.
#[inline(always)]
pub(super) fn stamp_series<R: Real, S: Stamp<R>>(a: usize, b: usize, g: R, at: &At<'_, R>, s: &mut S) {
    s.current(a, b, g * at.v(a, b));
    s.conductance(a, b, a, b, g);
}

/// The two voltages of `ic`, as given.
pub(super) fn initial_pair(instance: &Instance) -> [Option<f64>; 2] {
    match instance.params.get("ic") {
        Some(Value::List(list)) => [list.first().copied(), list.get(1).copied()],
        _ => [None; 2],
    }
}

/// Derivatives by the voltages of `common` against two other nodes, as a row by column.
#[inline(always)]
pub(super) fn by_node<R: Real>(common: usize, others: [usize; 2], d: [R; 2], mut add: impl FnMut(usize, R)) {
    add(common, d[0] + d[1]);
    add(others[0], -d[0]);
    add(others[1], -d[1]);
}
