//! The functions of time that V and I sources take, as they are written.

use super::spec::{FunctionSpec, ParamKind, ParamSpec, Range};

/// The functions that V and I sources take; [`super::source_function::SourceWave::new`] goes by their order.
pub(super) const SOURCE_FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "pulse",
        aliases: &[],
        args: &[
            ParamSpec::real("v1", "V or A", 0.0, "initial value").required(),
            ParamSpec::real("v2", "V or A", 0.0, "pulsed value").required(),
            ParamSpec::real("td", "s", 0.0, "delay of the first pulse"),
            ParamSpec::real("tr", "s", 0.0, "rise time; 0: tstep").range(Range::NonNegative),
            ParamSpec::real("tf", "s", 0.0, "fall time; 0: tstep").range(Range::NonNegative),
            ParamSpec::real("pw", "s", 0.0, "time at v2; 0: tstop").range(Range::NonNegative),
            ParamSpec::real("per", "s", 0.0, "period; 0: tstop").range(Range::NonNegative),
            ParamSpec::real("np", "", 0.0, "number of pulses; 0: no end").range(Range::NonNegative),
        ],
        options: &[],
        doc: "trapezoidal pulses: v1 until td, to v2 within tr, v2 for pw, back to v1 within tf; again every per",
    },
    FunctionSpec {
        name: "sin",
        aliases: &["sine"],
        args: &[
            ParamSpec::real("vo", "V or A", 0.0, "offset").required(),
            ParamSpec::real("va", "V or A", 0.0, "amplitude").required(),
            ParamSpec::real("freq", "Hz", 0.0, "frequency; 0: 1/tstop").range(Range::NonNegative),
            ParamSpec::real("td", "s", 0.0, "delay: held at its first value until then"),
            ParamSpec::real("theta", "1/s", 0.0, "damping"),
            ParamSpec::real("phase", "°", 0.0, "phase"),
            ParamSpec::real("ncycles", "", 0.0, "number of cycles; 0: no end").range(Range::NonNegative),
        ],
        options: &[],
        doc: "vo + va·sin(2π·freq·(t−td) + phase)·e^(−theta·(t−td)) from td on; vo + va·sin(phase) after ncycles",
    },
    FunctionSpec {
        name: "exp",
        aliases: &[],
        args: &[
            ParamSpec::real("v1", "V or A", 0.0, "initial value").required(),
            ParamSpec::real("v2", "V or A", 0.0, "value aimed at").required(),
            ParamSpec::real("td1", "s", 0.0, "delay of the rise"),
            ParamSpec::real("tau1", "s", 0.0, "time constant of the rise; 0: tstep").range(Range::NonNegative),
            ParamSpec::optional("td2", "s", "delay of the fall; default: td1 + tstep"),
            ParamSpec::real("tau2", "s", 0.0, "time constant of the fall; 0: tstep").range(Range::NonNegative),
        ],
        options: &[],
        doc: "v1 + (v2−v1)·(1−e^(−(t−td1)/tau1)) from td1 on, plus (v1−v2)·(1−e^(−(t−td2)/tau2)) from td2 on",
    },
    FunctionSpec {
        name: "pwl",
        aliases: &[],
        args: &[ParamSpec::of(
            ParamKind::List,
            "points",
            "s, V or A",
            "t1 v1 t2 v2 …, times ascending; or a file of them",
        )],
        options: &[
            ParamSpec::optional("r", "s", "repeat for ever what lies between this time and the last point")
                .range(Range::NonNegative),
            ParamSpec::real("td", "s", 0.0, "delay of all points"),
            ParamSpec::of(ParamKind::Text, "file", "", "a text file with a time and a value per line, for the points"),
        ],
        doc: "straight lines between points; the first value before them and the last one after them",
    },
    FunctionSpec {
        name: "sffm",
        aliases: &[],
        args: &[
            ParamSpec::real("vo", "V or A", 0.0, "offset").required(),
            ParamSpec::real("va", "V or A", 0.0, "amplitude").required(),
            ParamSpec::real("fc", "Hz", 0.0, "carrier frequency; 0: 1/tstop").range(Range::NonNegative),
            ParamSpec::real("mdi", "", 0.0, "modulation index"),
            ParamSpec::real("fs", "Hz", 0.0, "signal frequency; 0: 1/tstop").range(Range::NonNegative),
            ParamSpec::real("phasec", "°", 0.0, "phase of the carrier"),
            ParamSpec::real("phases", "°", 0.0, "phase of the signal"),
        ],
        options: &[],
        doc: "vo + va·sin(2π·fc·t + phasec + mdi·sin(2π·fs·t + phases))",
    },
    FunctionSpec {
        name: "am",
        aliases: &[],
        args: &[
            ParamSpec::real("va", "V or A", 0.0, "amplitude").required(),
            ParamSpec::real("vo", "", 0.0, "offset of the signal").required(),
            ParamSpec::real("mf", "Hz", 0.0, "signal frequency; 0: 1/tstop").range(Range::NonNegative),
            ParamSpec::real("fc", "Hz", 0.0, "carrier frequency").range(Range::NonNegative),
            ParamSpec::real("td", "s", 0.0, "delay: 0 until then"),
            ParamSpec::real("phases", "°", 0.0, "phase of the signal"),
            ParamSpec::real("phasec", "°", 0.0, "phase of the carrier"),
        ],
        options: &[],
        doc: "va·(vo + sin(2π·mf·(t−td) + phases))·sin(2π·fc·(t−td) + phasec) from td on",
    },
    FunctionSpec {
        name: "pat",
        aliases: &["pattern"],
        args: &[
            ParamSpec::real("vhi", "V or A", 0.0, "value of a 1").required(),
            ParamSpec::real("vlo", "V or A", 0.0, "value of a 0").required(),
            ParamSpec::real("td", "s", 0.0, "delay: the first bit's value until then").required(),
            ParamSpec::real("tr", "s", 0.0, "rise time; 0: tstep").required().range(Range::NonNegative),
            ParamSpec::real("tf", "s", 0.0, "fall time; 0: tstep").required().range(Range::NonNegative),
            ParamSpec::real("tsample", "s", 0.0, "duration of a bit").required().range(Range::Positive),
            ParamSpec::of(ParamKind::List, "data", "", "the bits, as b0110"),
        ],
        options: &[ParamSpec::real(
            "r",
            "",
            0.0,
            "0: once, then the last bit's value; 1 or −1: again and again; also behind data",
        )
        .range(Range::OneOf(&[0.0, 1.0, -1.0]))],
        doc: "bits of length tsample, from 1 to 0 within tf and from 0 to 1 within tr, half of it before the bit's beginning",
    },
    FunctionSpec {
        name: "trnoise",
        aliases: &[],
        args: &[
            ParamSpec::real("na", "V or A", 0.0, "standard deviation of the white noise")
                .required()
                .range(Range::NonNegative),
            ParamSpec::real("nt", "s", 0.0, "time between samples").required().range(Range::NonNegative),
            ParamSpec::real("nalpha", "", 0.0, "exponent of the 1/f noise, above 0 and below 2")
                .range(Range::HalfOpen(0.0, 2.0)),
            ParamSpec::real(
                "namp",
                "V or A",
                0.0,
                "standard deviation of the white noise that the 1/f noise is made of",
            )
            .range(Range::NonNegative),
            ParamSpec::real("rtsam", "V or A", 0.0, "height of the telegraph noise"),
            ParamSpec::real("rtscapt", "s", 0.0, "mean time until a trap captures").range(Range::NonNegative),
            ParamSpec::real("rtsemt", "s", 0.0, "mean time until it emits").range(Range::NonNegative),
        ],
        options: &[],
        doc: "dc + straight lines between samples of white and 1/f noise at multiples of nt + rtsam while a trap is filled",
    },
    FunctionSpec {
        name: "trrandom",
        aliases: &[],
        args: &[
            ParamSpec::real("type", "", 1.0, "1: uniform, 2: normal, 3: exponential, 4: Poisson")
                .required()
                .range(Range::OneOf(&[1.0, 2.0, 3.0, 4.0])),
            ParamSpec::real("ts", "s", 0.0, "duration of a value").required().range(Range::Positive),
            ParamSpec::real("td", "s", 0.0, "delay: the second parameter until then").range(Range::NonNegative),
            ParamSpec::real("param1", "V or A", 1.0, "half the range, standard deviation, mean, or mean number"),
            ParamSpec::real("param2", "V or A", 0.0, "mean; of exponential and Poisson values what is added to them"),
        ],
        options: &[],
        doc: "dc + a value that is drawn anew every ts, from td on",
    },
];
