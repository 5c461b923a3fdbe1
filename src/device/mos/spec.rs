//! What the MOS transistors of all levels declare alike.

use super::*;

pub(super) const TERMINALS: &[Terminal] = &[
    Terminal { name: "d", optional: false, doc: "drain" },
    Terminal { name: "g", optional: false, doc: "gate" },
    Terminal { name: "s", optional: false, doc: "source" },
    Terminal { name: "b", optional: false, doc: "bulk" },
];

pub(super) const CONNECTIONS: &[Connection] = &[
    Connection::new(0, 2, Joins::Conductive),
    Connection::new(0, 3, Joins::Conductive),
    Connection::new(2, 3, Joins::Conductive),
    Connection::new(1, 0, Joins::Open),
    Connection::new(1, 2, Joins::Open),
    Connection::new(1, 3, Joins::Open),
];

/// A specification with what all levels share; parameters of the model are the level's own.
pub(super) const SHARED: DeviceSpec = DeviceSpec {
    letter: 'm',
    terminals: TERMINALS,
    connections: CONNECTIONS,
    model: ModelUse::Required,
    model_types: &["nmos", "pmos"],
    instance: &[
        real("l", "m", 1e-4, "channel length").range(Range::Positive),
        real("w", "m", 1e-4, "channel width").range(Range::Positive),
        real("m", "", 1.0, "number of devices in parallel").range(Range::Positive),
        real("ad", "m²", 0.0, "drain junction area").range(Range::NonNegative),
        real("as", "m²", 0.0, "source junction area").range(Range::NonNegative),
        real("pd", "m", 0.0, "drain junction perimeter").range(Range::NonNegative),
        real("ps", "m", 0.0, "source junction perimeter").range(Range::NonNegative),
        real("nrd", "", 1.0, "squares of the drain diffusion").range(Range::NonNegative),
        real("nrs", "", 1.0, "squares of the source diffusion").range(Range::NonNegative),
        ParamSpec::optional("temp", "°C", "device temperature; default: the circuit's").range(TEMPERATURE),
        real("dtemp", "K", 0.0, "device temperature above the circuit's; ignored where temp is given"),
        ParamSpec::flag("off", "the operating point starts with the device off"),
        ParamSpec::of(ParamKind::List, "ic", "V", "accepted, not used: with uic the node voltages decide"),
    ],
    ..DeviceSpec::EMPTY
};

/// A real parameter with a default.
pub(super) const fn real(name: &'static str, unit: &'static str, default: f64, doc: &'static str) -> ParamSpec {
    ParamSpec::real(name, unit, default, doc)
}

/// Parameters of the model that all levels have.
pub(super) const COMMON: [ParamSpec; 26] = [
    real("vto", "V", 0.0, "threshold voltage at zero bulk bias; default: from nsub where given").alias(&["vt0"]),
    real("gamma", "√V", 0.0, "bulk effect; default: from nsub where given").range(Range::NonNegative),
    real("phi", "V", 0.6, "surface potential; default: from nsub where given").range(Range::Positive),
    real("rd", "Ω", 0.0, "drain resistance").range(Range::NonNegative),
    real("rs", "Ω", 0.0, "source resistance").range(Range::NonNegative),
    real("rsh", "Ω", 0.0, "sheet resistance of drain and source, where rd and rs are not given")
        .range(Range::NonNegative),
    real("cbd", "F", 0.0, "zero-bias bulk-drain capacitance; default: cj·ad").range(Range::NonNegative),
    real("cbs", "F", 0.0, "zero-bias bulk-source capacitance; default: cj·as").range(Range::NonNegative),
    real("is", "A", 1e-14, "saturation current of the bulk junctions").range(Range::NonNegative),
    real("js", "A/m²", 0.0, "saturation current per junction area; used where ad and as are given")
        .range(Range::NonNegative),
    real("pb", "V", 0.8, "potential of the bulk junctions").range(Range::Positive),
    real("cgso", "F/m", 0.0, "gate-source overlap capacitance per width").range(Range::NonNegative),
    real("cgdo", "F/m", 0.0, "gate-drain overlap capacitance per width").range(Range::NonNegative),
    real("cgbo", "F/m", 0.0, "gate-bulk overlap capacitance per length").range(Range::NonNegative),
    real("cj", "F/m²", 0.0, "zero-bias bottom capacitance per junction area").range(Range::NonNegative),
    real("mj", "", 0.5, "grading of the bottom junctions").range(Range::HalfOpen(0.0, 1.0)),
    real("cjsw", "F/m", 0.0, "zero-bias sidewall capacitance per perimeter").range(Range::NonNegative),
    real("fc", "", 0.5, "forward bias, in pb, above which depletion charge is extrapolated")
        .range(Range::HalfOpen(0.0, 1.0)),
    real("ld", "m", 0.0, "lateral diffusion, at each end"),
    real("u0", "cm²/Vs", 600.0, "surface mobility").alias(&["uo"]).range(Range::Positive),
    ParamSpec::optional("nsub", "1/cm³", "substrate doping").range(Range::NonNegative),
    real("nss", "1/cm²", 0.0, "surface state density"),
    real("tpg", "", 1.0, "gate material: 1 opposite to the substrate, −1 the same, 0 aluminium")
        .range(Range::OneOf(&[-1.0, 0.0, 1.0])),
    ParamSpec::optional("tnom", "°C", "temperature of the parameters; default: option tnom").range(TEMPERATURE),
    real("kf", "", 0.0, "flicker noise coefficient").range(Range::NonNegative),
    real("af", "", 1.0, "flicker noise exponent"),
];

/// The grading of the sidewalls, whose default is the level's.
pub(super) const fn mjsw(default: f64) -> ParamSpec {
    real("mjsw", "", default, "grading of the sidewall junctions").range(Range::HalfOpen(0.0, 1.0))
}

/// The oxide of levels that have a channel without it.
pub(super) const TOX_OPTIONAL: ParamSpec =
    ParamSpec::optional("tox", "m", "oxide thickness; not given: no gate capacitance").range(Range::NonNegative);
/// The oxide of levels that need one.
pub(super) const TOX: ParamSpec = real("tox", "m", 1e-7, "oxide thickness").range(Range::Positive);
/// The transconductance of the square law.
pub(super) const KP: ParamSpec =
    real("kp", "A/V²", 2e-5, "transconductance; default: u0·C_ox where tox is given").range(Range::NonNegative);
/// What is added to the threshold.
pub(super) const DELVTO: ParamSpec = real("delvto", "V", 0.0, "added to the threshold").alias(&["delvt0"]);
/// The effects of levels 2 and 3 on short and narrow channels.
pub(super) const DELTA: ParamSpec = real("delta", "", 0.0, "effect of the width on the threshold");
pub(super) const VMAX: ParamSpec =
    real("vmax", "m/s", 0.0, "largest drift velocity of carriers; 0: no limit").range(Range::NonNegative);
pub(super) const XJ: ParamSpec =
    real("xj", "m", 0.0, "depth of the junctions; 0: no effect of the short channel").range(Range::NonNegative);
pub(super) const NFS: ParamSpec =
    real("nfs", "1/cm²", 0.0, "density of fast surface states; 0: no current below the threshold")
        .range(Range::NonNegative);

/// A level's own parameters, then [`COMMON`].
pub(super) const fn with_common<const OWN: usize, const ALL: usize>(own: [ParamSpec; OWN]) -> [ParamSpec; ALL] {
    assert!(ALL == OWN + COMMON.len());
    let mut all = [COMMON[0]; ALL];
    let mut k = 0;
    while k < ALL {
        all[k] = if k < OWN { own[k] } else { COMMON[k - OWN] };
        k += 1;
    }
    all
}

/// Size and junctions of the transistors in examples.
pub(super) const SIZE: &[(&str, f64)] =
    &[("w", 4e-6), ("l", 1e-6), ("ad", 8e-12), ("as", 6e-12), ("pd", 1.2e-5), ("ps", 1e-5), ("m", 2.0)];
