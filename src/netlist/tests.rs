//! What the dialect's constructs come out as.

use super::ast::{Arg, Item, Netlist};
use super::{Loader, NoFiles, parse, print};
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;
use std::io;

struct Files(HashMap<&'static str, &'static str>);
impl Loader for Files {
    fn load(&self, path: &str, _: Option<&str>) -> io::Result<(String, Vec<u8>)> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok((path.to_string(), text.as_bytes().to_vec()))
    }
}

/// The lines of the printed tree, without title and `.end`; the netlist must have no diagnostics.
fn lines(text: &str) -> Vec<String> {
    let (n, d) = parse("t.cir", format!("title\n{text}"), &NoFiles);
    assert_eq!(d, [], "{text}");
    body(&n)
}
fn body(n: &Netlist) -> Vec<String> {
    let text = print(n);
    let lines: Vec<String> = text.lines().map(String::from).collect();
    lines[1..lines.len() - 1].to_vec()
}
fn codes(d: &[Diagnostic]) -> Vec<&'static str> {
    d.iter().map(|d| d.code).collect()
}
/// The codes of the diagnostics and the text under each first label.
fn faults(text: &str) -> Vec<(&'static str, String)> {
    let (n, d) = parse("t.cir", format!("title\n{text}"), &NoFiles);
    d.iter().map(|d| (d.code, n.sources.text(d.labels[0].span).to_string())).collect()
}
fn fault(text: &str) -> (&'static str, String) {
    let all = faults(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all[0].clone()
}

#[test]
fn elements() {
    let (n, d) = parse("t", "t\nR1 A 0 10kOhm TC1=1m\nYMEMRISTOR MR1 n+ n- Model1\n", &NoFiles);
    assert_eq!(d, []);
    let Item::Element(r) = &n.items[0] else { panic!() };
    assert_eq!((r.name.value.as_str(), r.letter, r.args.len()), ("r1", 'r', 4));
    assert!(matches!(&r.args[2], Arg::Word { text, number: Some(x), .. } if text == "10kohm" && *x == 1e4));
    assert_eq!(n.sources.text(r.args[2].span()), "10kOhm");
    assert_eq!(n.sources.text(r.span), "R1 A 0 10kOhm TC1=1m");
    let Item::Element(y) = &n.items[1] else { panic!() };
    assert_eq!((y.letter, y.name.value.as_str()), ('y', "mr1"));
    assert_eq!(y.device_type.as_ref().map(|t| t.value.as_str()), Some("memristor"));
    assert_eq!(y.args.len(), 3);
}

#[test]
fn sources_with_and_without_parentheses() {
    assert_eq!(
        lines(
            "v1 a 0 PULSE (0,1, 1n 1n)\nv2 b 0 pulse 0 1 1n\nv3 c 0 dc 1 AC 1 sin(0 1 {f})\nv4 d 0 pwl(0 0\n+ 1n 1 r=0)"
        ),
        ["v1 a 0 pulse(0,1,1n,1n)", "v2 b 0 pulse 0 1 1n", "v3 c 0 dc 1 ac 1 sin(0,1,{f})", "v4 d 0 pwl(0,0,1n,1,r=0)"]
    );
    assert_eq!(lines("E1 o 0 POLY(2) (a,0) (b,0) 0 1 1"), ["e1 o 0 value={((1.0 * v(a,0)) + (1.0 * v(b,0)))}"]);
    assert_eq!(lines("E1 o 0 TABLE {V(a)} = (0,1) (1,2)"), ["e1 o 0 value={table(v(a), 0.0, 1.0, 1.0, 2.0)}"]);
}

#[test]
fn behavioural_values_need_no_braces() {
    assert_eq!(
        lines(
            "B1 a 0 V = 2*v(b) - i(V1)\nB2 a 0 i='x'\nc1 a 0 q=1n*v(a)^2 ic=0\nR1 a 0 r = 1k*(1+v(a))\nM1 d g s b n w=2*l l=1u"
        ),
        [
            "b1 a 0 v={((2.0 * v(b)) - i(v1))}",
            "b2 a 0 i={x}",
            "c1 a 0 q={(1e-9 * (v(a) ^ 2.0))} ic=0",
            "r1 a 0 r={(1000.0 * (1.0 + v(a)))}",
            "m1 d g s b n w={(2.0 * l)} l=1u",
        ]
    );
}

#[test]
fn params_and_functions() {
    assert_eq!(
        lines(".param a=1 b = {2*a} c='b' d=2*b+1 e=a, f=-1\n.func g(x, y) {x*y}\n.func h()=1\n.param k(x)=x*2\n"),
        [
            ".param a=1",
            ".param b={(2.0 * a)}",
            ".param c={b}",
            ".param d={((2.0 * b) + 1.0)}",
            ".param e={a}",
            ".param f=-1",
            ".func g(x,y) {(x * y)}",
            ".func h() {1.0}",
            ".func k(x) {(x * 2.0)}",
        ]
    );
}

#[test]
fn models() {
    for text in
        [".model N NMOS(level=1 vto = 0.7)", ".model n nmos (level=1, vto=0.7)", ".model n nmos level=1 vto=0.7"]
    {
        assert_eq!(lines(text), [".model n nmos(level=1 vto=0.7)"]);
    }
    assert_eq!(
        lines(".model s sw(vt=2*x ron={r} on version=3.3.0)"),
        [".model s sw(vt={(2.0 * x)},{r}"].map(|_| ".model s sw(vt={(2.0 * x)} ron={r} on version=3.3.0)")
    );
}

#[test]
fn subcircuits() {
    assert_eq!(
        lines(
            ".subckt s a b params: x=1 y={2}\n.subckt in p\nr1 p 0 1\n.ends in\nx1 a in\n.ends\n.subckt t (a b) z=1\n.ends t\nx1 a b s x=2"
        ),
        [
            ".subckt s a b params: x=1 y={2.0}",
            ".subckt in p",
            "r1 p 0 1",
            ".ends",
            "x1 a in",
            ".ends",
            ".subckt t a b params: z=1",
            ".ends",
            "x1 a b s x=2",
        ]
    );
}

#[test]
fn cards() {
    assert_eq!(
        lines(
            ".OPTION Reltol=1e-4 method=gear noacct\n.ic V(a)=1 v(x1.b)={c}\n.dc v1 0 5 .1 temp 0 100 10\n.tran 1n {t*2} uic\n\
             .print tran V(a) v(a,b) I(r1) {v(a)*2} v(a)*i(r1)\n.meas tran t1 WHEN v(a)=0.5*vdd rise=last\n\
             .measure tran t2 find v(b) when v(a)=v(b) cross=1 td=1n\n.meas tran p param='a*b'\n.save all @m1[id]\n.global vdd\n.op"
        ),
        [
            ".options reltol=1e-4 method=gear noacct",
            ".ic v(a)=1 v(x1.b)={c}",
            ".dc v1 0 5 .1 temp 0 100 10",
            ".tran 1n {(t * 2.0)} uic",
            ".print tran v(a) v(a,b) i(r1) {(v(a) * 2.0)} {(v(a) * i(r1))}",
            ".measure tran t1 when v(a)={(0.5 * vdd)} rise=last",
            ".measure tran t2 find v(b) when v(a)={v(b)} cross=1 td=1n",
            ".measure tran p param={(a * b)}",
            ".save all @m1[id]",
            ".global vdd",
            ".op",
        ]
    );
}

#[test]
fn titles() {
    let title = |text: &str| {
        let (n, d) = parse("t", text, &NoFiles);
        (n.title, codes(&d))
    };
    assert_eq!(title("\u{feff}RC low-pass driven by 1\r\n"), ("RC low-pass driven by 1".to_string(), vec![]));
    assert_eq!(title("a\n.TITLE The Other  \n"), ("The Other".to_string(), vec![]));
    for lost in ["R1 a 0 1k", ".tran 1n 1u", "V1 in 0 dc 5", "v1 a 0 pulse(0 1)", "M1 d g s b nch w=1u", "x1 a b sub"] {
        assert_eq!(title(lost).1, ["title-line"], "{lost}");
    }
    for fine in [
        "Voltage divider with load",
        "R and C",
        "16x16 NAND",
        "* comment",
        "",
        "Vmul test of it",
        ".foo",
        "LIF neuron with 4 inputs",
    ] {
        assert_eq!(title(fine).1, [""; 0], "{fine}");
    }
}

#[test]
fn faults_name_their_token() {
    for (text, code, token) in [
        ("r1 a b 1k5", "bad-number", "1k5"),
        ("v1 a 0 pulse(0 1 1x2)", "bad-number", "1x2"),
        ("r1 a b\n* c\n+ 1q1", "bad-number", "1q1"),
        (".tran 1n 1u5", "bad-number", "1u5"),
        (".tarn 1n 1u", "unknown-card", ".tarn"),
        ("1r a b 1", "bad-statement", "1r"),
        (".param a", "bad-param", "a"),
        (".param a=", "missing-value", ""),
        (".param a=1 2", "bad-param", "2"),
        (".param a=(1", "unclosed", "("),
        ("r1 a b {1+}", "bad-expression", "}"),
        ("v1 a 0 sin(0 1", "unclosed", "("),
        ("b1 a 0 v=v(a) v(b)", "bad-expression", "v(b)"),
        ("b1 a 0 v=1 +* 2", "bad-expression", "*"),
        (".model", "missing-name", ""),
        (".model m", "missing-name", ""),
        (".ends", "stray-card", ".ends"),
        (".endc", "stray-card", ".endc"),
        (".subckt s a\nr1 a 0 1", "missing-ends", ".subckt s a"),
        (".subckt s a\n.ends t", "ends-mismatch", "t"),
        ("+ 1k", "stray-continuation", "+"),
        (".include", "missing-name", ""),
        (".include x.cir", "missing-include", "x.cir"),
        (".lib x.lib tt ; c", "missing-include", "x.lib tt"),
        (".control\nrun", "unclosed", ".control"),
        (".end\nr1", "after-end", "r1"),
        ("r1 a b )", "unbalanced", ")"),
        ("r1 = b", "bad-statement", "="),
        (".print tran \"x", "unclosed", "\"x"),
        (".", "unknown-card", "."),
    ] {
        assert_eq!(fault(text), (code, token.to_string()), "{text}");
    }
}

#[test]
fn every_fault_of_a_file_is_told() {
    let all = faults("r1 a b 1k5\n.tarn\nr2 a b 1k\n.subckt s a\n.param q\n.ends\n.subckt\n.ends");
    let codes: Vec<&str> = all.iter().map(|f| f.0).collect();
    assert_eq!(codes, ["bad-number", "unknown-card", "bad-param", "missing-name"]);
}

// covers: include, lib
#[test]
fn includes() {
    let files = Files(HashMap::from([
        ("a.cir", "r1 a 0 1\n.inc 'b.cir'\n.end\nr9 x"),
        ("b.cir", ".include a.cir\nr2 b 0 1"),
        ("l.lib", ".lib tt\n.param p=1\n.lib 'l.lib' ff\n.endl\n.lib ff\n.param q=2\n.endl tt\n"),
        ("open.cir", ".subckt s a\nr1 a 0 1"),
    ]));
    let run = |text: &str| {
        let (n, d) = parse("m.cir", format!("t\n{text}"), &files);
        (body(&n), d, n)
    };
    let (items, d, n) = run(".include \"a.cir\"\nr3 c 0 1");
    assert_eq!(items, ["r1 a 0 1", "r2 b 0 1", "r3 c 0 1"]);
    assert_eq!(codes(&d), ["recursive-include"]);
    assert_eq!(d[0].message, "a file includes itself: a.cir → b.cir → a.cir");
    assert_eq!((n.sources.name(d[0].labels[0].span.file), d[0].labels.len()), ("b.cir", 2));
    let (items, d, _) = run(".LIB l.lib TT\n.lib own\nr9 a 0 1\n.endl\nr1 a 0 1");
    assert_eq!((items, codes(&d)), (vec![".param p=1".into(), ".param q=2".into(), "r1 a 0 1".into()], vec![]));
    let (_, d, _) = run(".lib l.lib ss");
    assert_eq!((codes(&d), d[0].help.as_deref()), (vec!["missing-section"], Some("its sections: tt, ff")));
    let (items, d, _) = run(".include open.cir\nr2 a 0 1");
    assert_eq!((items.len(), codes(&d)), (4, vec!["missing-ends"]));
}

#[test]
fn invalid_utf8_is_read_lossily() {
    let (n, d) = parse("t", b"caf\xe9\nr1 a b 1\n", &NoFiles);
    assert_eq!((codes(&d), n.items.len()), (vec!["invalid-utf8"], 1));
    assert_eq!(n.sources.text(d[0].labels[0].span), "\u{fffd}");
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("t\n{}", ".subckt s a\n".repeat(10_000));
    let (_, d) = parse("t", deep, &NoFiles);
    assert!(codes(&d).contains(&"subckt-depth"));
    let (_, d) = parse("t", format!("t\nv1 a b {}", "p(".repeat(100_000)), &NoFiles);
    assert_eq!(codes(&d), ["nesting-depth"]);
    let (_, d) = parse("t", format!("t\n{}", ".tarn\n".repeat(5000)), &NoFiles);
    assert_eq!((d.len(), d[1000].code), (1001, "too-many-errors"));
}

/// Each level includes the next one ten times: without a bound 10⁹ files would be read.
#[test]
fn inclusion_bombs_end() {
    struct Bomb;
    impl Loader for Bomb {
        fn load(&self, path: &str, _: Option<&str>) -> io::Result<(String, Vec<u8>)> {
            let next = path.parse::<u32>().map_err(io::Error::other)? + 1;
            Ok((path.to_string(), format!(".include {next}\n").repeat(10).into_bytes()))
        }
    }
    let (_, d) = parse("m", "t\n.include 1\n", &Bomb);
    assert!(codes(&d).contains(&"include-depth") && codes(&d).last() == Some(&"too-many-errors"));
}
