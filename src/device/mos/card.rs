//! What an instance and its model say, at the instance's temperature: sizes, process, series resistances.

use super::*;
use crate::number::ln;

/// Permittivity of vacuum, F/m: the digits that SPICE has used for this model since 1975.
pub(super) const EPSILON_0: f64 = 8.854214871e-12;
/// Permittivity of silicon, F/m.
pub(super) const EPSILON_SI: f64 = 11.7 * EPSILON_0;
/// Intrinsic carrier density of silicon, 1/m³.
pub(super) const INTRINSIC: f64 = 1.45e16;

/// A parameter that only some levels have.
pub(super) fn extra(model: &Values, name: &str) -> f64 {
    model.index(name).map_or(0.0, |_| model.real(name))
}

/// Effective width and length of the channel, m.
pub(super) fn size(own: &Values, model: &Values) -> [f64; 2] {
    let w = own.real("w") - 2.0 * extra(model, "wd") + extra(model, "xw");
    [w, own.real("l") - 2.0 * model.real("ld") + extra(model, "xl")]
}

/// (rd, rs) of one device in parallel, ohms.
pub(super) fn series_resistances(instance: &Instance) -> [f64; 2] {
    let Some(model) = &instance.model else { return [0.0; 2] };
    let one = |name, squares| {
        if model.params.given(name) || !model.params.given("rsh") {
            model.params.real(name)
        } else {
            model.params.real("rsh") * instance.params.real(squares)
        }
    };
    [one("rd", "nrd"), one("rs", "nrs")]
}

/// What is wrong across parameters; `intrinsic` is the density that the doping must exceed, 1/m³.
pub(super) fn check(instance: &Instance, intrinsic: impl Fn(f64) -> f64) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(model) = &instance.model else { return wrong };
    let [width, length] = size(&instance.params, &model.params);
    if length <= 0.0 {
        let what = if model.params.index("xl").is_some() { "l − 2·ld + xl" } else { "l − 2·ld" };
        wrong.push(format!("the effective channel length {what} must be positive"));
    }
    if width <= 0.0 {
        wrong.push("the effective channel width w − 2·wd + xw must be positive".to_string());
    }
    let tnom = model.params.number("tnom").map_or(REFERENCE_TEMPERATURE, |c| c + ZERO_CELSIUS);
    let density = intrinsic(tnom);
    if model.params.number("nsub").is_some_and(|n| n * 1e6 <= density) {
        wrong.push(format!("nsub must be above silicon's intrinsic density of {:.2e} /cm³", density * 1e-6));
    }
    wrong
}

/// vto, gamma and phi as given, or from the process parameters; C_ox in F/m².
pub(super) struct Process {
    pub vto: f64,
    pub gamma: f64,
    pub phi: f64,
    pub cox: f64,
    /// Substrate doping, 1/m³; 0 where it is not given or there is no oxide.
    pub nsub: f64,
}

impl Process {
    pub fn of(model: &Values, sign: f64, tnom: f64, intrinsic: f64) -> Process {
        let mut p =
            Process { vto: model.real("vto"), gamma: model.real("gamma"), phi: model.real("phi"), cox: 0.0, nsub: 0.0 };
        let tox = model.number("tox").unwrap_or(0.0);
        if tox <= 0.0 {
            return p;
        }
        p.cox = 3.9 * EPSILON_0 / tox;
        let nsub = model.number("nsub").unwrap_or(0.0) * 1e6;
        if nsub <= intrinsic {
            return p;
        }
        p.nsub = nsub;
        if !model.given("phi") {
            p.phi = (2.0 * thermal_voltage(tnom) * ln(nsub / intrinsic)).max(0.1);
        }
        if !model.given("gamma") {
            p.gamma = (2.0 * 11.7 * EPSILON_0 * CHARGE * nsub).sqrt() / p.cox;
        }
        if !model.given("vto") {
            // Work functions, eV: silicon's affinity 3.25 plus half the gap, plus or minus the Fermi level.
            let half_gap = 0.5 * band_gap(tnom);
            let tpg = model.real("tpg");
            let gate = if tpg == 0.0 { 3.2 } else { 3.25 + half_gap - sign * tpg * half_gap };
            let bulk = 3.25 + half_gap + sign * 0.5 * p.phi;
            let flat_band = gate - bulk - model.real("nss") * 1e4 * CHARGE / p.cox;
            p.vto = flat_band + sign * (p.gamma * p.phi.sqrt() + p.phi);
        }
        p
    }

    /// kp as given, or of the mobility where there is an oxide, A/V².
    pub fn kp(&self, model: &Values) -> f64 {
        if model.given("kp") || self.cox == 0.0 { model.real("kp") } else { model.real("u0") * 1e-4 * self.cox }
    }
}

/// An instance with its model, as the law of a channel takes it.
pub(super) struct Card<'a> {
    pub model: &'a Values,
    pub process: Process,
    /// Number in parallel.
    pub m: f64,
    /// Effective width and length, m.
    pub w: f64,
    pub l: f64,
    /// (T/T_nom)^1.5, by which mobilities fall.
    pub mobility_fall: f64,
    /// Potential of the bulk junctions at the device's temperature, V.
    pub pb: f64,
}
