//! Noise of MOS transistors: series resistances, the channel's 4·k·T·⅔·g_m, and flicker
//! KF·|I_d|^AF/(f·W·L·C²), C the oxide's capacitance per area in F/m², of 100 nm of oxide where there is none.
//! W and L there are without the mask's adjustments xw and xl, as in ngspice.

use super::*;

/// Sources of noise at an operating point.
pub(super) fn sources<L: Law<f64>>(instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
    let mut p = Params::<f64, L>::default();
    p.load(0, instance, cx.setting);
    let Some(model) = &instance.model else { return Vec::new() };
    let [d, g, s, b] = [D, G, S, B].map(|k| cx.terminal(k));
    let (di, si) = (cx.behind(D, "drain"), cx.behind(S, "source"));
    let between = |a: usize, c: usize| p.own.sign * cx.v(a, c);
    let (_, i, _) = p.channel(between(g, si), between(di, si), between(b, si));
    let [w, l] = size(&instance.params, &model.params);
    let m = instance.params.real("m");
    let cox = if p.own.cox > 0.0 { p.own.cox / (m * w * l) } else { 3.9 * EPSILON_0 / 1e-7 };
    // What the junction at the drain takes belongs to the drain's current.
    let vbd = between(b, di);
    let junction = p.junction(1, Dual::variable(vbd, 0)).v + cx.gmin * vbd;
    let (t, _) = temperatures(instance, cx.setting);
    let mut flicker = NoiseSource::flicker(
        "1overf",
        (di, si),
        i.v - junction,
        (instance.model_real("kf"), instance.model_real("af")),
    );
    let [w, l] = [w - extra(&model.params, "xw"), l - extra(&model.params, "xl")];
    flicker.flicker /= w * m * l * cox * cox;
    vec![
        NoiseSource::thermal("rd", (d, di), p.own.series[0], t),
        NoiseSource::thermal("rs", (s, si), p.own.series[1], t),
        NoiseSource::thermal("id", (di, si), 2.0 / 3.0 * i.d[0], t),
        flicker,
    ]
}
