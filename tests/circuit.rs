//! Elaboration: what a netlist becomes, and what is said about a wrong one.
//!
//! Every class of bad input has a netlist here with a snapshot of its diagnostics as users see them.

use neurospice::circuit::{AnalysisKind, Circuit, MeasureQuantity, Method, Output, elaborate};
use neurospice::device::{ExpressionState, Value};
use neurospice::diagnostic::{Diagnostic, Format, Severity, render};
use neurospice::netlist::{NoFiles, parse};
use proptest::prelude::*;

fn run_with(text: &str, overrides: &[(&str, f64)]) -> (Option<Circuit>, Vec<Diagnostic>, String) {
    let (netlist, mut diagnostics) = parse("test.cir", text, &NoFiles);
    let overrides: Vec<(String, f64)> = overrides.iter().map(|(n, v)| (n.to_string(), *v)).collect();
    let (circuit, more) = elaborate(&netlist, &overrides);
    let failed = more.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(circuit.is_none(), failed, "a circuit exists exactly if elaboration reports no error");
    // What could not be read is missing in the tree: the rest may be a circuit, but not the one that was meant.
    let circuit = circuit.filter(|_| diagnostics.iter().all(|d| d.severity != Severity::Error));
    diagnostics.extend(more);
    let rendered = render(&diagnostics, &netlist.sources, Format::Full, false);
    (circuit, diagnostics, rendered)
}

fn run(text: &str) -> (Option<Circuit>, Vec<Diagnostic>, String) {
    run_with(text, &[])
}

/// The circuit of a netlist that must be without any diagnostic.
fn clean(text: &str) -> Circuit {
    let (circuit, diagnostics, rendered) = run(text);
    assert!(diagnostics.is_empty(), "{rendered}");
    circuit.expect("no diagnostics, so a circuit")
}

fn number(c: &Circuit, instance: &str, param: &str) -> f64 {
    let k = c.instance(instance).unwrap_or_else(|| panic!("no instance {instance}"));
    c.instances[k].params.number(param).unwrap_or_else(|| panic!("no value {instance}.{param}"))
}

/// A value in a one-resistor circuit.
fn evaluated(params: &str, expr: &str) -> f64 {
    let c = clean(&format!("t\n{params}\nV1 a 0 1\nR1 a 0 {{{expr}}}\n.op\n.end\n"));
    number(&c, "r1", "r")
}

#[test]
fn parameters_are_order_free_and_fold_functions_and_constants() {
    assert_eq!(evaluated(".param b={2*a} a=3", "b+1"), 7.0);
    assert_eq!(evaluated(".param a=3\n.func f(x,y) {x*y+a}", "f(2,5)"), 13.0);
    assert_eq!(evaluated(".param a=-3", "abs(a) + pwr(a,2) + pow(2,3) + 2**3 + 2^3 + 100"), 3.0 + 9.0 + 24.0 + 100.0);
    assert_eq!(evaluated(".param a=3", "a>2 ? 5 : 1/0"), 5.0);
    assert_eq!(
        evaluated("", "min(3,1,2) + max(4,9,5) + int(-2.5) + floor(-2.5) + ceil(-2.5) + nint(2.5)"),
        10.0 - 7.0 + 2.0
    );
    assert_eq!(evaluated("", "u(1) + uramp(-3) + limit(5,0,2) + sgn(-4) + if(0,7,8)"), 1.0 + 0.0 + 2.0 - 1.0 + 8.0);
    assert_eq!(evaluated("", "temper"), 27.0 + 300.15 - 27.0 - 273.15);
    assert!((evaluated("", "1.5*pi") - 4.71238898038469).abs() < 1e-13);
    assert_eq!(evaluated(".param pi=2", "pi"), 2.0);
}

#[test]
fn subcircuits_nest_with_parameters_and_local_names() {
    let c = clean(
        "nested\n.param r0=10\n.model top r r=7\n\
         .subckt inner a b r=1\n.param twice={2*r}\nR1 a m {r}\nR2 m b {twice}\n.ends\n\
         .subckt outer a b w=5\n.model local r r={w}\n.subckt leaf p q\nR1 p q local\n.ends\n\
         X1 a n inner r={w+r0}\nX2 n b inner\nX3 a b leaf\n.ends\n\
         V1 in 0 1\nX1 in 0 outer w=2\nX2 in gnd outer\n.op\n.end\n",
    );
    assert_eq!(number(&c, "x1.x1.r1", "r"), 12.0);
    assert_eq!(number(&c, "x1.x1.r2", "r"), 24.0);
    assert_eq!(number(&c, "x1.x2.r1", "r"), 1.0);
    assert_eq!(number(&c, "x2.x1.r1", "r"), 15.0);
    let leaf = &c.instances[c.instance("x1.x3.r1").unwrap()];
    assert_eq!(leaf.model.as_ref().unwrap().params.number("r"), Some(2.0));
    assert_eq!(leaf.model.as_ref().unwrap().name, "x1.local");
    let names: Vec<&str> = c.node_names().collect();
    assert_eq!(names, ["in", "x1.n", "x2.n", "x1.x1.m", "x1.x2.m", "x2.x1.m", "x2.x2.m"]);
    // The ports of the inner instance are the nodes of the outer one.
    assert_eq!(c.instances[c.instance("x2.x2.r2").unwrap()].nodes, [c.node("x2.x2.m").unwrap(), 0]);
    assert_eq!(c.origins.len(), c.instances.len());
}

#[test]
fn global_nodes_are_the_same_everywhere() {
    let c = clean("t\n.global vdd\n.subckt s a\nR1 a vdd 1k\n.ends\nV1 vdd 0 1\nX1 b s\nR2 b 0 1k\n.op\n.end\n");
    assert_eq!(c.instances[c.instance("x1.r1").unwrap()].nodes[1], c.node("vdd").unwrap());
    assert_eq!(c.node("x1.vdd"), None);
}

#[test]
fn sources_take_values_in_any_order_and_without_parentheses() {
    let c = clean(
        "t\nV1 a 0 DC 5 AC 1 90 PULSE(0 1 1n 2n)\nV2 b 0 pulse 0 5 1n ac 2 dc 3\nV3 c 0 7\nV4 d 0 PWL(0 0 1m 1 r=0)\n\
         V5 e 0 sin(0 1 1k)\nR1 a b 1\nR2 c d 1\nR3 e 0 1\n.tran 1u 1m\n.end\n",
    );
    let get = |n: &str, p: &str| c.instances[c.instance(n).unwrap()].params.get(p).cloned();
    assert_eq!(get("v1", "dc"), Some(Value::Number(5.0)));
    assert_eq!(get("v1", "ac"), Some(Value::List(vec![1.0, 90.0])));
    let Some(Value::Function(f)) = get("v1", "function") else { panic!("no function") };
    assert_eq!(f.args, [0.0, 1.0, 1e-9, 2e-9]);
    assert_eq!(get("v2", "dc"), Some(Value::Number(3.0)));
    let Some(Value::Function(f)) = get("v2", "function") else { panic!("no function") };
    assert_eq!(f.args, [0.0, 5.0, 1e-9]);
    assert_eq!(get("v3", "dc"), Some(Value::Number(7.0)));
    let Some(Value::Function(f)) = get("v4", "function") else { panic!("no function") };
    assert_eq!(f.args, [0.0, 0.0, 1e-3, 1.0]);
    assert_eq!(f.options[0], Some(Value::Number(0.0)));
    assert_eq!((c.setting.tstep, c.setting.tstop), (1e-6, 1e-3));
}

#[test]
fn references_and_models_are_resolved() {
    let c = clean(
        "t\n.model sw1 sw vt=1 ron=10\n.model dd d is=1p\n.model nch nmos level=1 vto=0.7\n\
         V1 a 0 1\nF1 0 b V1 2\nR1 b 0 1k\nH1 c 0 v1 5\nR2 c 0 1\nE1 d 0 a b 10\nR3 d 0 1\nS1 a b d 0 sw1 on\n\
         D1 a b dd\nM1 a d b 0 nch w=2u l=1u\nR9 a a2 1\nL1 a2 e 1u\nL2 e 0 2u\nL3 b 0 1u\nK1 L1 L2 L3 0.2\n.op\n.end\n",
    );
    let at = |n: &str| &c.instances[c.instance(n).unwrap()];
    assert_eq!(at("f1").controls, [c.instance("v1").unwrap()]);
    assert_eq!(at("k1").controls.len(), 3);
    assert_eq!(at("k1").controlled[1].params.real("l"), 2e-6);
    assert_eq!(at("s1").model_real("ron"), 10.0);
    assert_eq!(at("m1").params.real("w"), 2e-6);
    assert_eq!(at("m1").model.as_ref().unwrap().type_index, 0);
}

#[test]
fn overrides_win_over_the_netlist() {
    let text = "t\n.param w=1 v={w*2}\n.model dd d is=1p\n.subckt s a b r=4\nR1 a b {r}\n.ends\n\
                V1 a 0 {v}\nR1 a 0 3\nX1 a 0 s\nD1 a 0 dd\n.op\n.end\n";
    let set = [("w", 5.0), ("r1", 6.0), ("x1.r", 7.0), ("dd.is", 2e-12), ("temp", 50.0)];
    let (c, diagnostics, rendered) = run_with(text, &set);
    assert!(diagnostics.is_empty(), "{rendered}");
    let c = c.unwrap();
    assert_eq!(number(&c, "v1", "dc"), 10.0);
    assert_eq!(number(&c, "r1", "r"), 6.0);
    assert_eq!(number(&c, "x1.r1", "r"), 7.0);
    assert_eq!(c.instances[c.instance("d1").unwrap()].model_real("is"), 2e-12);
    assert_eq!(c.setting.temperature, 323.15);
    let (c, diagnostics, _) = run_with(text, &[("ww", 1.0)]);
    assert!(c.is_none());
    assert_eq!(diagnostics[0].code, "unknown-override");
    assert_eq!(diagnostics[0].help.as_deref(), Some("did you mean 'w'?"));
}

#[test]
fn analyses_and_options_are_read() {
    let c = clean(
        "t\nV1 a 0 1\nR1 a 0 1k\n.op\n.dc V1 0 1 0.25 temp 0 20 10\n.ac dec 10 1 1meg\n.tran 1u 1m 0 2u uic\n\
         .options method=gear maxord=2 reltol=1e-4 acct temp=50\n.ic v(a)=2\n.nodeset v(a)={1+2}\n.end\n",
    );
    assert_eq!(c.analyses.iter().map(|a| a.kind.name()).collect::<Vec<_>>(), ["op", "dc", "ac", "tran"]);
    let AnalysisKind::Dc(sweeps) = &c.analyses[1].kind else { panic!("no dc") };
    assert_eq!(sweeps[0].points(), 5);
    assert_eq!(sweeps[1].value(2), 20.0);
    assert_eq!(c.options.method, Some(Method::Gear));
    assert_eq!(c.options.reltol, 1e-4);
    assert_eq!(c.setting.temperature, 323.15);
    assert_eq!((c.ics[0].node, c.ics[0].volts), (1, 2.0));
    assert_eq!(c.nodesets[0].volts, 3.0);
}

// covers: print, print/expression, save
#[test]
fn outputs_and_measures_are_read() {
    let c = clean(
        "t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.tran 1u 1m\n.save v(a) i(r1)\n.print tran v(a,b) {v(a)*i(r1)} v(b)*2\n\
         .measure tran t1 WHEN v(b)=0.5 RISE=1\n.measure tran d TRIG v(a) VAL=0.5 RISE=1 TARG v(b) VAL=0.2 FALL=LAST\n\
         .measure tran m MAX v(b) FROM=1u TO=2u\n.measure tran f FIND v(a,b) AT=3u\n.measure tran p PARAM='t1*2+m'\n\
         .measure tran w WHEN v(a)=v(b) CROSS=2\n.end\n",
    );
    assert_eq!(c.saves.len(), 2);
    assert_eq!(c.prints.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["v(a,b)", "v(a)*i(r1)", "v(b)*2"]);
    assert_eq!(c.prints[0].output, Output::Voltage(1, 2));
    assert!(matches!(c.prints[1].output, Output::Expression(..)));
    assert_eq!(c.measures.len(), 6);
    let MeasureQuantity::Param { inputs, program } = &c.measures[4].quantity else { panic!("no param") };
    assert_eq!(inputs, &[0, 2]);
    let mut out = [0.0];
    program.eval(&[3.0, 4.0], &mut vec![0.0; program.scratch_len()], &mut out);
    assert_eq!(out[0], 10.0);
}

/// Wrong netlists by the class of their fault; the title line is added.
const WRONG: &[(&str, &str)] = &[
    ("unknown_device", "N1 a b 0 qq\nV1 a 0 1\nYnothing y1 a b\n.op\n"),
    ("missing_node", "V1 a 0 1\nR1 a 1k\nR2 a\nM1 a b\n.op\n"),
    ("bad_number", "V1 a 0 1\nR1 a 0 abc\nR2 a 0 {1/0}\n.param w=2\nR3 a 0 w\n.op\n"),
    ("wrong_node_count", "V1 a 0 1\nR1 a b 0 1k\n.subckt s p q\nR1 p q 1\n.ends\nX1 a s\nX2 a 0 a s\n.op\n"),
    ("recursive_subckt", ".subckt a p\nX1 p b\n.ends\n.subckt b p\nX1 p a\n.ends\nV1 n 0 1\nX1 n a\n.op\n"),
    ("undefined_param", ".param width=1\nV1 a 0 {widht}\nR1 a 0 {nothing*2}\nR2 a 0 r=other\n.op\n"),
    ("circular_param", ".param a={b+1}\n.param b={c}\n.param c={2*a}\nV1 n 0 {a}\nR1 n 0 1\n.op\n"),
    (
        "unknown_model",
        ".model nch nmos\nV1 d 0 1\nM1 d d 0 0 nhc\nD1 d 0 nch\nM2 d d 0 0\n.model n2 nmos level=99\nM3 d d 0 0 n2\n.op\n",
    ),
    ("unknown_subckt", ".subckt inv a b\nR1 a b 1\n.ends\nV1 a 0 1\nX1 a 0 inf\n.op\n"),
    ("duplicate_instance", "V1 a 0 1\nR1 a 0 1\nr1 a 0 2\n.op\n"),
    (
        "out_of_range",
        ".subckt s a b\nR1 a b 0\n.ends\nV1 a 0 1\nX1 a 0 s\nX2 a 0 s\nR2 a 0 1 m=-1\n.options reltol=2\n.op\n",
    ),
    (
        "malformed_analysis",
        "V1 a 0 1\nR1 a 0 1\n.tran uic\n.tran 1u -1\n.dc V1 0 1\n.dc V1 0 1 -0.1\n.dc V9 0 1 0.1\n.ac dec 10 1\n.ac foo 10 1 1k\n",
    ),
    (
        "malformed_measure",
        "V1 a 0 1\nR1 a 0 1\n.tran 1u 1m\n.measure tran x FROB v(a)\n.measure tran y WHEN v(q)=1\n.measure z MAX v(a)\n.measure tran w TRIG v(a) VAL=1\n",
    ),
    ("voltage_loop", "V1 a 0 1\nV2 a b 1\nE1 b 0 a 0 2\nR1 a 0 1\n.tran 1u 1m uic\n"),
    ("inductor_loop", "V1 a 0 1\nL1 a b 1u\nL2 b 0 1u\nR1 b 0 1\n.op\n"),
    ("current_fed", "V1 a 0 1\nR1 a 0 1\nI1 0 n 1m\n.op\n"),
    ("no_ground", "V1 a b 1\nR1 a b 1k\n.op\n"),
    ("wrong_reference", "V1 a 0 1\nR1 a 0 1\nF1 0 b R1 2\nF2 0 b V7 2\nR2 b 0 1\n.op\n"),
    ("bad_function", "V1 a 0 PULSE(0)\nV2 b 0 SIN(0 1 1k 0 0 0 7)\nV3 c 0 PWL(0 0 q=1)\nR1 a b 1\nR2 b c 1\n.op\n"),
    ("bad_expression", "V1 a 0 {frob(1)}\nR1 a 0 {sin(1,2)}\nR2 a 0 {v(a)}\nR3 a 0 {time}\n.op\n"),
    ("bad_output", "V1 a 0 1\nR1 a 0 1\n.op\n.print op v(q) i(r9) hello\n.save v(a,b)\n.ic v(zz)=1 a=2\n"),
    (
        "unknown_names",
        "V1 a 0 1\nR1 a 0 1 tc11=2\n.model dd d iss=1\nD1 a 0 dd\n.options retlol=1\n.frob 1\n.subckt s a w=1\nR1 a 0 {w}\n.ends\nX1 a s ww=2\n.op\n",
    ),
    (
        "floating",
        "V1 a 0 1\nR1 a 0 1\nE1 b 0 g 0 1\nR2 b 0 1\n.model n nmos\nM1 a g2 0 0 n\nR3 a dangling 1\nC1 a m 1n\nC2 m 0 1n\n.op\n",
    ),
    ("loop_of_inductors", "V1 a 0 1\nR1 a b 1\nL1 b 0 1u\nL2 b 0 1u\n.op\n"),
];

#[test]
fn wrong_netlists_are_explained() {
    for (name, body) in WRONG {
        let (circuit, diagnostics, rendered) = run(&format!("{name}\n{body}.end\n"));
        let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
        assert!(!diagnostics.is_empty(), "{name}: nothing is said");
        assert_eq!(circuit.is_none(), failed, "{name}: {rendered}");
        insta::assert_snapshot!(*name, rendered);
    }
}

#[test]
fn expressions_become_programs_with_inputs_and_states() {
    let c = clean(
        "t\n.param k=2\nV1 a 0 1\nB1 b 0 v={k*v(a,b) + i(v1) + ddt(v(a)) + idt(time, 3)}\nR1 b 0 1\n\
         E1 c 0 value={v(a)*k}\nR2 c d 1\nC1 d 0 q={1n*v(d)}\n.tran 1u 1m\n.end\n",
    );
    let b = &c.instances[c.instance("b1").unwrap()];
    let e = b.params.expression("v").expect("an expression");
    assert_eq!((e.inputs.len(), e.states.len(), e.program.n_outputs()), (6, 2, 3));
    assert_eq!(e.states[1], ExpressionState::Idt { initial: 3.0 });
    let e1 = c.instance("e1").unwrap();
    assert_eq!(c.origins[e1].kind.spec().letter, 'b');
    let program = &c.instances[e1].params.expression("v").unwrap().program;
    let mut out = [0.0];
    program.eval(&[1.5], &mut vec![0.0; program.scratch_len()], &mut out);
    assert_eq!(out[0], 3.0);
}

#[test]
fn the_current_of_an_element_without_a_branch_current_is_refused() {
    let (circuit, diagnostics, _) = run("t\nV1 a 0 1\nR1 a 0 1\nB1 b 0 v={i(r1)}\nR2 b 0 1\n.op\n.end\n");
    assert!(circuit.is_none());
    assert_eq!(diagnostics[0].code, "no-branch-current");
    assert!(diagnostics[0].help.as_deref().is_some_and(|h| h.contains("0 V")));
}

#[test]
fn cards_of_transistors_are_taken_as_their_makers_give_them() {
    let text = "cards
q1 c b 0 2N2222
q2 c b 0 sub BC547B 2 off
j1 c b 0 J310
r1 c 0 1k
r2 b 0 1k
r3 sub 0 1k
.model 2N2222 NPN(IS=1E-14 VAF=100 BF=200 IKF=0.3 XTB=1.5 BR=3 CJC=8E-12 RB=10 Vceo=30 Icrating=800m mfg=NXP)
.model BC547B NPN(IS=2.39E-14 NF=1.008 MJC=1 FC=0.9579 Vceo=45 Icrating=100m mfg=Philips)
.model J310 NJF(Beta=3.384m Vto=-3.409 Isr=1.889p Alpha=311.7u Vk=243.6 mfg=Vishay)
.op
.end
";
    let (circuit, diagnostics, said) = run(text);
    let circuit = circuit.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(diagnostics.len(), 10, "{said}");
    assert!(diagnostics.iter().all(|d| d.code == "unknown-param" && d.severity == Severity::Warning), "{said}");
    let of = |name: &str| circuit.instances.iter().find(|i| i.name == name).expect("an instance");
    // The fourth node is a substrate only where the model stands behind it.
    assert_eq!(of("q1").nodes[3], 0);
    assert_ne!(of("q2").nodes[3], 0);
    assert_eq!(number(&circuit, "q2", "area"), 2.0);
    assert_eq!(of("q1").model_real("ikf"), 0.3);
    assert_eq!(of("j1").model_real("vto"), -3.409);
}

#[test]
fn uic_skips_the_checks_of_the_dc_point() {
    clean("t\nV1 a 0 1\nR1 a b 1\nR2 b 0 1\nL1 b 0 1u\nL2 b 0 1u\n.tran 1u 1m uic\n.end\n");
}

#[test]
fn expansion_is_bounded() {
    let mut text = String::from("t\nV1 n 0 1\n.subckt s0 p\nR1 p 0 1\n.ends\n");
    for k in 1..30 {
        text += &format!(".subckt s{k} p\n");
        for j in 0..10 {
            text += &format!("X{j} p s{}\n", k - 1);
        }
        text += ".ends\n";
    }
    text += "X1 n s29\n.op\n.end\n";
    let (circuit, diagnostics, _) = run(&text);
    assert!(circuit.is_none());
    assert!(diagnostics.iter().any(|d| d.code == "too-large"));
    // Functions that double one another.
    let mut text = String::from("t\nV1 n 0 {f60(1)}\nR1 n 0 1\n.func f0(x) {x}\n");
    for k in 1..61 {
        text += &format!(".func f{k}(x) {{f{}(x)+f{}(x)}}\n", k - 1, k - 1);
    }
    let (circuit, diagnostics, _) = run(&text);
    assert!(circuit.is_none());
    assert!(diagnostics.iter().any(|d| d.code == "too-large"));
    // A chain of parameters, each defined by the next.
    let mut text = String::from("t\nV1 n 0 {p0}\nR1 n 0 1\n");
    for k in 0..5000 {
        text += &format!(".param p{k}={{p{}}}\n", k + 1);
    }
    let (circuit, diagnostics, _) = run(&text);
    assert!(circuit.is_none());
    assert!(diagnostics.iter().any(|d| d.code == "too-deep"));
    // A function that calls itself.
    let (circuit, _, _) = run("t\n.func f(x) {f(x)+1}\nV1 n 0 {f(1)}\nR1 n 0 1\n");
    assert!(circuit.is_none());
}

const VALID: &str = "seed\n.param w=2 v={w*2}\n.func f(x) {x*w}\n.model nch nmos level=1 vto=0.7\n.model sw1 sw vt=1\n\
    .model dd d is=1p\n.subckt s a b r=4\nR1 a m {r}\nL1 m b 1u ic=1\n.ends\nV1 a 0 DC {v} AC 1 0 PULSE(0 1 1n 1n 1n 5n 10n)\n\
    V2 p 0 pwl 0 0 1m 1\nR1 a 0 {f(3)} tc1=1m\nX1 a p s r={w}\nD1 a 0 dd\nM1 a p 0 0 nch w=2u l=1u\nS1 a p p 0 sw1\n\
    E1 e 0 a p 2\nR2 e 0 1\nF1 0 q V2 3\nR3 q 0 1k\nK1 L1 L2 0.5\nL1 a k 1u\nL2 k 0 1u\nYcomparator c1 a p out vt=1\n\
    .tran 1u 1m 0 1u uic\n.dc V1 0 1 0.1 temp 0 10 5\n.ac dec 5 1 1k\n.options reltol=1e-4 method=gear\n.ic v(a)=1\n\
    .print tran v(a) i(r1) {v(a)*2}\n.measure tran m MAX v(a) FROM=1u\n.measure tran t WHEN v(a)=0.5 RISE=LAST\n.end\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Cutting, doubling and swapping pieces of a valid netlist never panics, and a circuit exists exactly without error.
    #[test]
    fn mutated_netlists_never_panic(
        edits in prop::collection::vec((0usize..VALID.len(), 0usize..40, 0usize..VALID.len(), 0u8..4, any::<char>()), 1..8)
    ) {
        let mut text: Vec<char> = VALID.chars().collect();
        for (at, len, from, what, c) in edits {
            let at = at.min(text.len());
            let end = (at + len).min(text.len());
            match what {
                0 => { text.drain(at..end); }
                1 => {
                    let from = from.min(text.len());
                    let piece: Vec<char> = text[from..(from + len).min(text.len())].to_vec();
                    text.splice(at..at, piece);
                }
                2 => text.insert(at, c),
                _ => text.insert(at, ['{', '}', '(', '=', '\n', '.', '-', '0'][from % 8]),
            }
        }
        let text: String = text.into_iter().collect();
        let (circuit, diagnostics, _) = run(&text);
        prop_assert_eq!(circuit.is_none(), diagnostics.iter().any(|d| d.severity == Severity::Error));
    }
}

/// The value of `expr` in a one-resistor circuit with these options.
fn resistance(options: &str, params: &str, expr: &str) -> f64 {
    let c = clean(&format!("t\n{options}\n{params}\nV1 a 0 1\nR1 a 0 {{{expr}}}\n.op\n.end\n"));
    number(&c, "r1", "r")
}

#[test]
fn dialects_differ_where_their_table_says() {
    let each =
        |expr: &str| ["ngspice", "ltspice", "xyce"].map(|d| resistance(&format!(".options dialect={d}"), "", expr));
    let e = std::f64::consts::E;
    assert_eq!(each("round(100*log(10))"), [230.0, 230.0, 100.0]);
    assert_eq!(each("pwr(-2,3)+100"), [108.0; 3]);
    assert_eq!(each("(2^3)+(2^0)*10"), [18.0, 10.0, 10.0]);
    assert!(each("exp(1)").iter().all(|x| (x - e).abs() < 1e-12));
    let (_, said, _) = run("t\nV1 a 0 1\nR1 a 0 1\n.options dialect=spectre\n.op\n.end\n");
    assert!(said.iter().any(|d| d.message == "unknown dialect 'spectre'"), "{said:?}");
}

// covers: fn/temper, fn/vt
#[test]
fn names_of_the_circuits_temperature_and_thermal_voltage() {
    let at = |expr: &str| resistance(".options temp=50 gmin=1e-10", "", expr);
    assert_eq!(at("temp"), 323.15 - 273.15);
    assert!((at("vt") / (1.380649e-23 * 323.15 / 1.602176634e-19) - 1.0).abs() < 1e-15);
    assert_eq!(at("1/gmin"), 1e10);
}

// covers: fn/sqr, fn/hypot, fn/db, fn/buf, fn/inv, fn/fmod, fn/round
#[test]
fn functions_that_other_simulators_have() {
    assert_eq!(
        evaluated("", "sqr(3) + hypot(3,4) + db(0.1) + buf(0.7) + inv(0.2) + fmod(7,4) + 100"),
        9.0 + 5.0 - 20.0 + 2.0 + 3.0 + 100.0
    );
    assert_eq!(evaluated("", "10*round(2.5) + round(-2.5) + round(0.49999999999999994)"), 27.0);
}

// covers: fn/agauss, fn/gauss, fn/aunif, fn/unif, fn/mc, fn/flat, fn/limit
#[test]
fn random_values_are_nominal_until_a_seed_is_asked_for() {
    for f in [
        "agauss(1k,100,3)",
        "gauss(1k,0.1,3)",
        "aunif(1k,100)",
        "unif(1k,0.1)",
        "mc(1k,0.1)",
        "limit(1k,100)",
        "1k+flat(100)",
    ] {
        assert_eq!(resistance("", "", f), 1000.0, "{f}");
        let [a, b, c] = ["1", "1", "2"].map(|n| resistance(&format!(".options seed={n}"), "", f));
        assert_eq!(a.to_bits(), b.to_bits(), "{f}: the same seed gives the same value");
        assert!(a != 1000.0 && (a - 1000.0).abs() <= 400.0, "{f} = {a}");
        assert!(a != c || f.starts_with("limit"), "{f} = {a}");
    }
    let (_, said, _) = run("t\nV1 a 0 1\nR1 a 0 {agauss(1)}\n.op\n.end\n");
    assert!(said.iter().any(|d| d.message == "it is written agauss(nominal, deviation, sigmas)"), "{said:?}");
}

#[test]
fn a_draw_belongs_to_its_parameter_or_instance() {
    let values = |more: &str| {
        let c = clean(&format!(
            "t\n.options seed=3\n.param p={{agauss(1k,100,1)}}\n.func d(x) {{agauss(x,100,1)}}\n{more}V1 a 0 1\nR1 a 0 {{p}}\n\
             R2 a 0 {{p}}\nR3 a 0 {{d(1k)}}\nR4 a 0 {{d(1k)+d(1k)}}\n.op\n.end\n"
        ));
        ["r1", "r2", "r3", "r4"].map(|r| number(&c, r, "r"))
    };
    let [r1, r2, r3, r4] = values("");
    assert_eq!(r1, r2, "a parameter is drawn once");
    assert!(r1 != r3 && r4 != 2.0 * r3, "{r1} {r3} {r4}");
    assert_eq!(values("R0 a 0 {d(1k)}\n"), [r1, r2, r3, r4], "another device changes nothing");
}

/// 10 000 resistors: mean and spread of a normal and of a uniform distribution.
// covers: fn/agauss, fn/aunif
#[test]
fn draws_have_their_distribution() {
    let mut text = String::from("t\n.options seed=11\nV1 a 0 1\n");
    for k in 0..10_000 {
        text += &format!("Rg{k} a 0 {{agauss(1k,30,3)}}\nRu{k} a 0 {{aunif(1k,30)}}\n");
    }
    let c = clean(&(text + ".op\n.end\n"));
    let moments = |name: &str| {
        let x: Vec<f64> = (0..10_000).map(|k| number(&c, &format!("{name}{k}"), "r") - 1000.0).collect();
        let mean = x.iter().sum::<f64>() / 1e4;
        (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e4).sqrt())
    };
    // Four standard errors of 10⁴ draws.
    let (mean, sd) = moments("rg");
    assert!(mean.abs() < 0.4 && (sd - 10.0).abs() < 0.3, "{mean} {sd}");
    let (mean, sd) = moments("ru");
    assert!(mean.abs() < 0.7 && (sd - 30.0 / 3f64.sqrt()).abs() < 0.4, "{mean} {sd}");
}

#[test]
fn subcircuits_in_parallel_multiply_what_they_hold() {
    let c = clean(
        "t\nV1 a 0 1\n.subckt two p\nR1 p 0 1k m=2\nV1 q 0 1\nR2 q 0 1k\n.ends\n.subckt four p\nX1 p two m={1+1}\n.ends\n\
         .subckt own p m=5\nR1 p 0 1k m={m}\n.ends\nX1 a two\nX2 a four m=3\nX3 a own m=7\n.op\n.end\n",
    );
    assert_eq!(["x1.r1", "x2.x1.r1", "x2.x1.r2", "x3.r1"].map(|r| number(&c, r, "m")), [2.0, 12.0, 6.0, 7.0]);
    let (_, said, _) = run("t\nV1 a 0 1\n.subckt s p\nR1 p 0 1k\n.ends\nX1 a s m=-1\n.op\n.end\n");
    assert!(said.iter().any(|d| d.message == "m = -1 is out of range: it must be greater than 0"), "{said:?}");
}

// covers: print, global_param
#[test]
fn spellings_of_xyce() {
    let (c, said, rendered) = run(
        "t\nV1 1 0 1\n.subckt sub a\nR1 a b 1k\nR2 b 0 3k\n.ends\nX1 1 sub\nM1 1 1 0 0 nm\n.model nm nmos\n\
         .global_param gp=2\nR3 1 0 {gp}\n.options timeint method=gear reltol=1e-5 abstol=1e-3\n.options nonlin reltol=0.5 maxstep=3\n\
         .options device temp=50 numsavedmaxima=3\n\
         .print tran format=csv width=10 v(*) i(*) {V(X1:b)*2} N(X1:b) P(X1:R1) W(R3) ID(M1) IG(M1) V(X1:b) I(X1:R2) {P(R3)+N(1)}\n\
         .tran 0 1m\n.end\n",
    );
    assert!(said.is_empty(), "{rendered}");
    let c = c.unwrap();
    assert_eq!((c.options.method, c.options.reltol, c.options.temp), (Some(Method::Gear), 1e-5, 50.0));
    assert_eq!(c.options.abstol, 1e-12);
    let b = c.node("x1.b").unwrap();
    let shown: Vec<&Output> = c.prints.iter().map(|p| &p.output).collect();
    assert_eq!(shown.len(), 9);
    assert_eq!([shown[1], shown[6]], [&Output::Voltage(b, 0); 2]);
    let index = |name: &str| c.instance(name).unwrap();
    assert_eq!([shown[4], shown[5]], [&Output::Terminal(index("m1"), 0), &Output::Terminal(index("m1"), 1)]);
    assert_eq!(shown[7], &Output::Current(index("x1.r2")));
    assert!(matches!(&c.analyses[0].kind, AnalysisKind::Tran { tstep, .. } if *tstep == 2e-5));
}

#[test]
fn forms_of_controlled_sources_that_are_wrong() {
    let said = |line: &str| {
        let (_, said, _) = run(&format!("t\nV1 a 0 1\nR1 a 0 1\n{line}\nR2 o 0 1\n.op\n.end\n"));
        said.into_iter().filter(|d| d.severity == Severity::Error).map(|d| d.message).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(said("E1 o 0 POLY(0) a 0 1"), "POLY has 1 to 20 controls");
    assert_eq!(said("E1 o 0 POLY(2) a 0 b"), "POLY(2) of e1 needs 4 nodes");
    assert_eq!(said("F1 o 0 POLY(1) V1"), "POLY has 1 to 500 coefficients");
    assert_eq!(said("E1 o 0 TABLE {v(a)} = (0,0) (1)"), "a table has pairs of numbers");
    assert_eq!(
        said("E1 o 0 LAPLACE {v(a)} {1/s}"),
        "the function has a pole at s = 0: integrate with sdt() in a B source"
    );
    assert_eq!(said("E1 o 0 LAPLACE {v(a)} {exp(-s)}"), "this function of s is no ratio of polynomials");
    assert_eq!(said("E1 o 0 LAPLACE {v(a)}"), "LAPLACE has no function of s");
    assert_eq!(
        said("E1 o 0 LAPLACE {v(a)} {s**2/(1+s*1n)*s}"),
        "the numerator is of a higher degree than the denominator"
    );
}
