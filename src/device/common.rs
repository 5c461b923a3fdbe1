//! What passive devices share: values that come from the instance or its model, temperature, initial conditions.

use super::*;

/// A number of the instance, else of its model.
pub(super) fn value_or_model(instance: &Instance, name: &str) -> Option<f64> {
    // Some parameters belong to the model alone.
    let own = instance.params.index(name).and_then(|_| instance.params.number(name));
    own.or_else(|| instance.model.as_ref()?.params.number(name))
}

/// 1 + tc1·ΔT + tc2·ΔT² with ΔT = T − tnom in kelvin; `temp` in °C. The coefficients are the instance's, else its
/// model's, else 0.
pub(super) fn temperature_factor(instance: &Instance, setting: &Setting) -> f64 {
    let coefficient = |name| match &instance.model {
        Some(_) => value_or_model(instance, name).unwrap_or(0.0),
        None => instance.params.real(name),
    };
    // Only some kinds have a temperature of their own beside the circuit's, and a model with one.
    let above = instance.params.index("dtemp").map_or(0.0, |_| instance.params.real("dtemp"));
    let t = instance.params.number("temp").map_or(setting.temperature + above, |c| c + ZERO_CELSIUS);
    let model = instance.model.as_ref().filter(|m| m.params.index("tnom").is_some());
    let tnom = model.and_then(|m| m.params.number("tnom")).map_or(setting.nominal_temperature, |c| c + ZERO_CELSIUS);
    let dt = t - tnom;
    1.0 + coefficient("tc1") * dt + coefficient("tc2") * dt * dt
}

/// An error if neither the instance nor its model gives the value.
pub(super) fn needs_value(instance: &Instance, name: &str, what: &str) -> Vec<String> {
    if value_or_model(instance, name).is_some() {
        return Vec::new();
    }
    vec![format!("'{name}' is missing: give {what}, or a model that has it")]
}

/// Sets one lane of a value that all lanes have or none.
pub(super) fn set_optional<R: Real>(slot: &mut Option<R>, lane: usize, value: Option<f64>) {
    match value {
        Some(value) => slot.get_or_insert(R::zero()).set_lane(lane, value),
        None => *slot = None,
    }
}
