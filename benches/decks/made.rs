//! Decks that are made in any size, for how the cost of a run grows with its circuit.
//!
//! - `crossbarN`: N × N cells of a transistor and a memristor (linear drift, Joglekar's window). All rows are selected; for
//!   5 ms each column is written with 1 V or not, then all are read with 50 mV. Our deck has our memristor; what peers run
//!   (`crossbarN.peer`) has the same equations in B sources, its state the voltage of a capacitor.
//! - `chainN`: N neurons of `lif.cir`, each driving the next through a resistor. A spike starts at the head and
//!   goes on from neuron to neuron, about one each millisecond for 20 ms, while the others rest. Everybody runs the same deck.

//! - `meshN`: N × N nodes, each with a capacitor to ground and a resistor to the next on the right and below; a step enters at
//!   one corner.
//! - `invertersN`: N inverters of two transistors in chains of 100; all chains see the same step.

use std::fmt::Write;

/// A deck by its name, if it is one of these: for us and for the others.
pub fn made(name: &str) -> Option<(String, String)> {
    let size = |prefix: &str| name.strip_prefix(prefix)?.parse::<usize>().ok().filter(|n| *n > 0);
    if let Some(n) = size("crossbar") {
        return Some((crossbar(n, false), crossbar(n, true)));
    }
    let text = match (size("chain"), size("mesh"), size("inverters")) {
        (Some(n), ..) => chain(n),
        (_, Some(n), _) => mesh(n),
        (.., Some(n)) => inverters(n),
        _ => return None,
    };
    Some((text.clone(), text))
}

/// The family of a deck of this name, and how many cells, neurons, elements or transistors are in it.
pub fn family(name: &str) -> Option<(&'static str, f64)> {
    let size = |prefix: &str| name.strip_prefix(prefix)?.parse::<f64>().ok();
    let crossbar = size("crossbar").map(|n| ("crossbar", n * n));
    let chain = || Some(("chain", size("chain")?));
    let mesh = || size("mesh").map(|n| ("mesh", n * n + 2.0 * n * (n - 1.0)));
    let inverters = || Some(("inverters", 2.0 * size("inverters")?));
    crossbar.or_else(chain).or_else(mesh).or_else(inverters)
}

/// Memristor of the crossbar: resistances on and off, Ω, and uv·ron/d², 1/C.
const RON: f64 = 10e3;
const ROFF: f64 = 100e3;
const RATE: f64 = 1e-14 * RON / (5e-9 * 5e-9);

fn crossbar(n: usize, plain: bool) -> String {
    let mut out = format!("Crossbar of {n} by {n} cells of one transistor and one memristor: written, then read\n");
    // A string takes whatever is written to it.
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(out, "{text}");
    };
    line(format_args!(".model nsw nmos level=1 vto=0.7 kp=200u gamma=0.4 lambda=0.02 cgso=0.2n cgdo=0.2n"));
    if !plain {
        line(format_args!(
            ".model drift memristor level=1 ron={RON:e} roff={ROFF:e} d=5n uv=1e-14 window=joglekar p=1"
        ));
    }
    for j in 0..n {
        let write = if j % 2 == 0 { "1" } else { "0" };
        line(format_args!("vb{j} s{j} 0 pwl(0 0 10u {write} 5m {write} 5.01m 50m 1 50m)"));
        line(format_args!("rb{j} s{j} b{j} 100"));
        line(format_args!("vw{j} w{j} 0 pwl(0 0 5u 5 1 5)"));
    }
    for i in 0..n {
        for j in 0..n {
            // Where a cell begins: anywhere between 0.1 and 0.9, the same for everybody.
            let x = 0.1 + 0.8 * ((i * 7919 + j * 104_729) % 1009) as f64 / 1009.0;
            line(format_args!("m{i}_{j} c{i}_{j} w{i} 0 0 nsw w=2u l=1u"));
            if plain {
                let current = format!("(v(b{j})-v(c{i}_{j}))/({RON}*v(x{i}_{j})+{ROFF}*(1-v(x{i}_{j})))");
                line(format_args!("bm{i}_{j} b{j} c{i}_{j} i={current}"));
                line(format_args!("bx{i}_{j} 0 x{i}_{j} i={RATE}*{current}*(1-(2*v(x{i}_{j})-1)*(2*v(x{i}_{j})-1))"));
                line(format_args!("cx{i}_{j} x{i}_{j} 0 1"));
                line(format_args!(".ic v(x{i}_{j})={x}"));
            } else {
                line(format_args!("ymemristor r{i}_{j} b{j} c{i}_{j} drift x0={x}"));
            }
        }
    }
    line(format_args!(".tran 20u 6m\n.end"));
    out
}

fn chain(n: usize) -> String {
    let mut out = format!("Chain of {n} leaky integrate-and-fire neurons\n");
    out += "\
.model swrst sw(vt=2.5 vh=1.5 ron=1k roff=1g)
.subckt neuron in spk
rs in vg 100k
eop mem 0 0 vg 1e5
cint vg mem 100n
rleak vg mem 250k
bcmp cmp 0 v=2.5*(1+tanh(400*(-v(mem)-0.15)))
rd cmp spk 10k
cd spk 0 100n
srst vg mem spk 0 swrst
.ends
vin n0 0 pulse(0 5 1m 10u 10u 1m 50m)
";
    for k in 1..=n {
        out += &format!("x{k} n{} n{k} neuron\n", k - 1);
    }
    out + ".tran 0.2m 20m 0 0.2m\n.end\n"
}

fn mesh(n: usize) -> String {
    let mut out = format!("RC mesh of {n} by {n} nodes\nvin in 0 pulse(0 1 1n 1n 1n 1 2)\nrin in n0_0 50\n");
    for i in 0..n {
        for j in 0..n {
            // A string takes whatever is written to it.
            let _ = writeln!(out, "c{i}_{j} n{i}_{j} 0 10f");
            if j + 1 < n {
                let _ = writeln!(out, "rr{i}_{j} n{i}_{j} n{i}_{} 100", j + 1);
            }
            if i + 1 < n {
                let _ = writeln!(out, "rd{i}_{j} n{i}_{j} n{}_{j} 100", i + 1);
            }
        }
    }
    out + ".save v(n0_0)\n.tran 1n 10n\n.end\n"
}

fn inverters(n: usize) -> String {
    let mut out = String::from(
        "Chains of inverters
.model nch nmos level=1 vto=0.7 kp=110u gamma=0.4 lambda=0.04 phi=0.7 tox=20n cgso=0.3n cgdo=0.3n cj=0.3m
.model pch pmos level=1 vto=-0.7 kp=40u gamma=0.5 lambda=0.05 phi=0.7 tox=20n cgso=0.3n cgdo=0.3n cj=0.5m
.subckt inv a y vdd
mp y a vdd vdd pch w=4u l=1u ad=8p as=8p
mn y a 0 0 nch w=2u l=1u ad=4p as=4p
.ends
vdd vdd 0 5
vin in 0 pulse(0 5 1n 0.5n 0.5n 1 2)
",
    );
    for k in 0..n {
        let from = if k % 100 == 0 { "in".into() } else { format!("y{}", k - 1) };
        let _ = writeln!(out, "x{k} {from} y{k} vdd inv");
    }
    out + ".save v(y0)\n.tran 0.1n 10n\n.end\n"
}
