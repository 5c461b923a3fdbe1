//! What a bipolar transistor declares about itself.

use super::super::semiconductor::TEMPERATURE;
use crate::device::*;

const fn real(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc)
}

/// A current, resistance, capacitance or time that cannot be negative.
const fn size(name: &'static str, unit: &'static str, doc: &'static str) -> ParamSpec {
    real(name, unit, 0.0, doc).range(Range::NonNegative)
}

const fn linear(name: &'static str, doc: &'static str) -> ParamSpec {
    real(name, "1/K", 0.0, doc)
}

const fn quadratic(name: &'static str, doc: &'static str) -> ParamSpec {
    real(name, "1/K²", 0.0, doc)
}

const fn shift(name: &'static str, doc: &'static str) -> ParamSpec {
    real(name, "V/K", 0.0, doc)
}

/// What is too close to 1 is held below it.
const GRADING: Range = Range::NonNegative;

pub(super) const SPEC: DeviceSpec = DeviceSpec {
    name: "bjt",
    letter: 'q',
    doc: "bipolar transistor, Gummel-Poon",
    equations: "i_c = (i_f − i_r)/q_b − i_r/br − i_bcn,  i_b = i_f/bf + i_ben + i_r/br + i_bcn\n\
                i_f = I_s·(e^(v_be/(nf·V_T)) − 1),  i_r = I_s·(e^(v_bc/(nr·V_T)) − 1)\n\
                i_ben = ise·(e^(v_be/(ne·V_T)) − 1),  i_bcn = isc·(e^(v_bc/(nc·V_T)) − 1)\n\
                q_b = q_1/2·(1 + (1 + 4·(i_f/ikf + i_r/ikr))^nkf),  q_1 = 1/(1 − v_bc/vaf − v_be/var)\n\
                q_be = tf·i_f/q_b·(1 + xtf·(i_f/(i_f + itf))²·e^(v_bc/(1.44·vtf))) + depletion charge\n\
                q_bc = tr·i_r + depletion charge; the part 1 − xcjc of it lies at the base's terminal\n\
                base: rbm + (rb − rbm)/q_b, or by irb; substrate: iss, ns, and depletion charge to the collector of an \
                npn, to the base of a pnp",
    terminals: &[
        Terminal { name: "c", optional: false, doc: "collector" },
        Terminal { name: "b", optional: false, doc: "base" },
        Terminal { name: "e", optional: false, doc: "emitter" },
        Terminal { name: "s", optional: true, doc: "substrate" },
    ],
    model: ModelUse::Required,
    model_types: &["npn", "pnp"],
    levels: &[1],
    positional: &["area"],
    instance: &[
        real("area", "", 1.0, "area factor of the emitter").range(Range::Positive),
        ParamSpec::optional("areab", "", "area factor of the base; default: area").range(Range::Positive),
        ParamSpec::optional("areac", "", "area factor of the collector; default: area").range(Range::Positive),
        real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's").range(TEMPERATURE),
        real("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::flag("off", "the operating point starts with the device off"),
        ParamSpec::of(ParamKind::List, "ic", "V", "base-emitter and collector-emitter voltage at the start, with uic"),
    ],
    model_params: PARAMETERS,
    ..DeviceSpec::EMPTY
};

const PARAMETERS: &[ParamSpec] = &[
    real("is", "A", 1e-16, "transport saturation current").range(Range::Positive),
    ParamSpec::optional("ibe", "A", "saturation current base-emitter; acts together with ibc").range(Range::Positive),
    ParamSpec::optional("ibc", "A", "saturation current base-collector; acts together with ibe").range(Range::Positive),
    real("bf", "", 100.0, "forward current gain").range(Range::Positive),
    real("nf", "", 1.0, "forward emission coefficient").range(Range::Positive),
    size("vaf", "V", "forward Early voltage; 0: infinite").alias(&["va"]),
    size("ikf", "A", "forward knee current; 0: none").alias(&["ik"]),
    size("ise", "A", "leakage saturation current base-emitter"),
    ParamSpec::optional("c2", "", "ise in saturation currents; used where ise is not given").range(Range::NonNegative),
    real("ne", "", 1.5, "emission coefficient of the base-emitter leakage").range(Range::Positive),
    real("br", "", 1.0, "reverse current gain").range(Range::Positive),
    real("nr", "", 1.0, "reverse emission coefficient").range(Range::Positive),
    size("var", "V", "reverse Early voltage; 0: infinite").alias(&["vb"]),
    size("ikr", "A", "reverse knee current; 0: none"),
    size("isc", "A", "leakage saturation current base-collector"),
    ParamSpec::optional("c4", "", "isc in saturation currents; used where isc is not given").range(Range::NonNegative),
    real("nc", "", 2.0, "emission coefficient of the base-collector leakage").range(Range::Positive),
    real("nkf", "", 0.5, "exponent of the fall of the current gain").range(Range::Positive).alias(&["nk"]),
    size("rb", "Ω", "base resistance at low currents"),
    size("irb", "A", "base current at which the base resistance is halfway to rbm; 0: it falls with 1/q_b"),
    ParamSpec::optional("rbm", "Ω", "base resistance at high currents; default: rb").range(Range::NonNegative),
    size("re", "Ω", "emitter resistance"),
    size("rc", "Ω", "collector resistance"),
    size("cje", "F", "zero-bias depletion capacitance base-emitter"),
    real("vje", "V", 0.75, "potential of the base-emitter junction").range(Range::Positive).alias(&["pe"]),
    real("mje", "", 0.33, "grading of the base-emitter junction").range(GRADING).alias(&["me"]),
    size("tf", "s", "forward transit time"),
    size("xtf", "", "how much tf grows at high currents"),
    size("vtf", "V", "voltage by which that depends on v_bc; 0: not at all"),
    size("itf", "A", "current from which tf grows; 0: at all currents"),
    size("ptf", "°", "excess phase of the collector current at 1/(2π·tf)"),
    size("cjc", "F", "zero-bias depletion capacitance base-collector"),
    real("vjc", "V", 0.75, "potential of the base-collector junction").range(Range::Positive).alias(&["pc"]),
    real("mjc", "", 0.33, "grading of the base-collector junction").range(GRADING).alias(&["mc"]),
    real("xcjc", "", 1.0, "part of cjc that lies behind the base resistance").range(Range::Closed(0.0, 1.0)),
    size("tr", "s", "reverse transit time"),
    size("cjs", "F", "zero-bias depletion capacitance of the substrate").alias(&["ccs", "csub"]),
    real("vjs", "V", 0.75, "potential of the substrate junction").range(Range::Positive).alias(&["ps"]),
    real("mjs", "", 0.0, "grading of the substrate junction").range(GRADING).alias(&["ms"]),
    ParamSpec::optional("iss", "A", "saturation current of the substrate junction").range(Range::NonNegative),
    real("ns", "", 1.0, "emission coefficient of the substrate junction").range(Range::Positive),
    ParamSpec::optional("subs", "", "1: the substrate meets the collector, -1: the base; default: npn 1, pnp -1")
        .range(Range::OneOf(&[1.0, -1.0]))
        .integer(),
    real("fc", "", 0.5, "forward bias, in junction potentials, above which depletion charge is extrapolated")
        .range(GRADING),
    real("xtb", "", 0.0, "temperature exponent of the current gains (tlev 0) or their slope in 1/K (tlev 1)"),
    real("eg", "eV", 1.11, "activation energy").range(Range::Positive),
    real("xti", "", 3.0, "temperature exponent of the saturation current"),
    ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom")
        .range(TEMPERATURE)
        .alias(&["tref"]),
    real("tlev", "", 0.0, "temperature laws: 0 and 1 by eg, xti, xtb; 3 powers of the saturation currents")
        .range(Range::OneOf(&[0.0, 1.0, 3.0]))
        .integer(),
    real("tlevc", "", 0.0, "how capacitances depend on temperature: 0 by the potential, 1 by cte, ctc, cts, tvje …")
        .range(Range::OneOf(&[0.0, 1.0]))
        .integer(),
    linear("tbf1", "linear temperature coefficient of bf; replaces xtb"),
    quadratic("tbf2", "quadratic temperature coefficient of bf"),
    linear("tbr1", "linear temperature coefficient of br; replaces xtb"),
    quadratic("tbr2", "quadratic temperature coefficient of br"),
    linear("tvaf1", "linear temperature coefficient of vaf"),
    quadratic("tvaf2", "quadratic temperature coefficient of vaf"),
    linear("tvar1", "linear temperature coefficient of var"),
    quadratic("tvar2", "quadratic temperature coefficient of var"),
    linear("tikf1", "linear temperature coefficient of ikf"),
    quadratic("tikf2", "quadratic temperature coefficient of ikf"),
    linear("tikr1", "linear temperature coefficient of ikr"),
    quadratic("tikr2", "quadratic temperature coefficient of ikr"),
    linear("tirb1", "linear temperature coefficient of irb"),
    quadratic("tirb2", "quadratic temperature coefficient of irb"),
    linear("tnf1", "linear temperature coefficient of nf"),
    quadratic("tnf2", "quadratic temperature coefficient of nf"),
    linear("tnr1", "linear temperature coefficient of nr"),
    quadratic("tnr2", "quadratic temperature coefficient of nr"),
    linear("tne1", "linear temperature coefficient of ne"),
    quadratic("tne2", "quadratic temperature coefficient of ne"),
    linear("tnc1", "linear temperature coefficient of nc"),
    quadratic("tnc2", "quadratic temperature coefficient of nc"),
    linear("tns1", "linear temperature coefficient of ns"),
    quadratic("tns2", "quadratic temperature coefficient of ns"),
    linear("trb1", "linear temperature coefficient of rb").alias(&["trb"]),
    quadratic("trb2", "quadratic temperature coefficient of rb"),
    linear("trm1", "linear temperature coefficient of rbm"),
    quadratic("trm2", "quadratic temperature coefficient of rbm"),
    linear("trc1", "linear temperature coefficient of rc").alias(&["trc"]),
    quadratic("trc2", "quadratic temperature coefficient of rc"),
    linear("tre1", "linear temperature coefficient of re").alias(&["tre"]),
    quadratic("tre2", "quadratic temperature coefficient of re"),
    linear("ttf1", "linear temperature coefficient of tf"),
    quadratic("ttf2", "quadratic temperature coefficient of tf"),
    linear("ttr1", "linear temperature coefficient of tr"),
    quadratic("ttr2", "quadratic temperature coefficient of tr"),
    linear("titf1", "linear temperature coefficient of itf"),
    quadratic("titf2", "quadratic temperature coefficient of itf"),
    linear("tmje1", "linear temperature coefficient of mje"),
    quadratic("tmje2", "quadratic temperature coefficient of mje"),
    linear("tmjc1", "linear temperature coefficient of mjc"),
    quadratic("tmjc2", "quadratic temperature coefficient of mjc"),
    linear("tmjs1", "linear temperature coefficient of mjs"),
    quadratic("tmjs2", "quadratic temperature coefficient of mjs"),
    linear("tis1", "linear temperature coefficient of the logarithm of is (tlev 3)"),
    quadratic("tis2", "quadratic temperature coefficient of the logarithm of is (tlev 3)"),
    linear("tise1", "linear temperature coefficient of the logarithm of ise (tlev 3)"),
    quadratic("tise2", "quadratic temperature coefficient of the logarithm of ise (tlev 3)"),
    linear("tisc1", "linear temperature coefficient of the logarithm of isc (tlev 3)"),
    quadratic("tisc2", "quadratic temperature coefficient of the logarithm of isc (tlev 3)"),
    linear("tiss1", "linear temperature coefficient of the logarithm of iss (tlev 3)"),
    quadratic("tiss2", "quadratic temperature coefficient of the logarithm of iss (tlev 3)"),
    linear("cte", "temperature coefficient of cje (tlevc 1)"),
    linear("ctc", "temperature coefficient of cjc (tlevc 1)"),
    linear("cts", "temperature coefficient of cjs (tlevc 1)"),
    shift("tvje", "temperature coefficient of vje (tlevc 1)"),
    shift("tvjc", "temperature coefficient of vjc (tlevc 1)"),
    shift("tvjs", "temperature coefficient of vjs (tlevc 1)"),
    real("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
    real("af", "", 1.0, "flicker noise exponent"),
];
