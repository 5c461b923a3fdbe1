//! Noise of the level 1 MOS transistor: series resistances, the channel's 4·k·T·⅔·g_m, and flicker
//! KF·|I_d|^AF/(f·W·L·C²), C the oxide's capacitance per area in F/m², of 100 nm of oxide where there is none.

use super::*;

/// Sources of noise at an operating point.
pub(super) fn sources(instance: &Instance, cx: &NoiseCx<'_>) -> Vec<NoiseSource> {
    let mut p = Params::<f64>::default();
    p.load(0, instance, cx.setting);
    let [d, g, s, b] = [D, G, S, B].map(|k| cx.terminal(k));
    let (di, si) = (cx.behind(D, "drain"), cx.behind(S, "source"));
    let between = |a: usize, c: usize| p.sign * cx.v(a, c);
    let (_, i, _) = p.channel(between(g, si), between(di, si), between(b, si));
    let (w, l, m) = (
        instance.params.real("w"),
        instance.params.real("l") - 2.0 * instance.model_real("ld"),
        instance.params.real("m"),
    );
    let cox = if p.cox > 0.0 { p.cox / (m * w * l) } else { 3.9 * EPSILON_0 / 1e-7 };
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
    flicker.flicker /= w * m * l * cox * cox;
    vec![
        NoiseSource::thermal("rd", (d, di), p.series[0], t),
        NoiseSource::thermal("rs", (s, si), p.series[1], t),
        NoiseSource::thermal("id", (di, si), 2.0 / 3.0 * i.d[0], t),
        flicker,
    ]
}
