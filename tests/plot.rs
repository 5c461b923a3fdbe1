//! Figures: what is in the drawing, how large its text is, and that odd data draws too.

use neurospice::plot::{
    Axis, Figure, FigureError, Format, Layout, Marks, Panel, RenderError, Style, Trace, figure, render, render_bytes,
};
use neurospice::waveform::decimate::Decimator;
use neurospice::waveform::{Column, Header, Quantity, Sink, data};
use std::path::{Path, PathBuf};

/// Two input spike trains, a leaky membrane that sums them and is reset, and the output spikes; 200 ms.
fn neuron() -> Decimator {
    let names = ["v(in1)", "v(in2)", "v(mem)", "v(out)"];
    let mut columns = vec![Column::new("time", Quantity::Time)];
    columns.extend(names.iter().map(|n| Column::new(*n, Quantity::Voltage)));
    columns.push(Column::new("i(vdd)", Quantity::Current));
    let mut d = Decimator::default();
    d.begin(&Header {
        title: "Leaky integrate-and-fire neuron".into(),
        plot_name: "Transient Analysis".into(),
        analysis: "tran".into(),
        columns,
        complex: false,
    })
    .unwrap();
    let (mut membrane, mut fired) = (0.0, f64::NEG_INFINITY);
    let h = 2e-6;
    for k in 0..=100_000 {
        let t = f64::from(k) * h;
        let pulse = |period: f64, shift: f64| if (t + shift).rem_euclid(period) < 1e-3 { 1.0 } else { 0.0 };
        let (a, b) = (pulse(11e-3, 3e-3), pulse(17e-3, 9e-3));
        membrane += h * (0.085 * (40.0 * a + 65.0 * b) - membrane / 30e-3);
        if t - fired < 1e-3 {
            membrane = 0.0;
        } else if membrane > 12e-3 {
            fired = t;
        }
        let out = if t - fired < 1e-3 { 1.0 } else { 0.0 };
        d.point(&[t, a, b, membrane, out, -1e-6 * (a + b) - 0.2e-6]).unwrap();
    }
    d.end().unwrap();
    d
}

fn svg(f: &Figure) -> String {
    String::from_utf8(render_bytes(f, Format::Svg).unwrap()).unwrap()
}

/// Text sizes of an SVG in px at its natural size.
fn text_sizes(svg: &str) -> Vec<f64> {
    let number = |after: &str| {
        let rest = svg.split(after).nth(1).unwrap();
        rest[..rest.find('"').unwrap()].to_string()
    };
    let natural: f64 = number("<svg width=\"").parse().unwrap();
    let view: f64 = number("viewBox=\"").split_whitespace().nth(2).unwrap().parse().unwrap();
    let sizes = svg.split("font-size=\"").skip(1);
    sizes.map(|s| s[..s.find('"').unwrap()].parse::<f64>().unwrap() * natural / view).collect()
}

fn out(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_neuron_is_drawn_with_labels_units_and_legible_text() {
    let d = neuron();
    let f = figure(&d.results()[0], &[], Layout::Auto).unwrap();
    assert_eq!(f.panels.len(), 5, "signals of different size are stacked");
    let text = svg(&f);
    for label in ["Leaky integrate-and-fire neuron", "time (ms)", "v(mem) (mV)", "v(out) (V)", "i(vdd) (µA)", "\n200\n"]
    {
        assert!(text.contains(label), "'{label}' is not in the figure");
    }
    let sizes = text_sizes(&text);
    assert!(sizes.len() > 30 && sizes.iter().all(|s| *s >= 12.0), "{sizes:?}");
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    let (svg_file, png_file) = (out("neuron.svg"), out("neuron.png"));
    render(&f, &svg_file).unwrap();
    render(&f, &png_file).unwrap();
    assert_eq!(std::fs::read(&svg_file).unwrap(), text.as_bytes());
    let png = image::load_from_memory(&std::fs::read(&png_file).unwrap()).unwrap().to_rgb8();
    assert_eq!(png.width(), 1800);
    let blue = png.pixels().filter(|p| p.0 == [0, 114, 178]).count();
    assert!(blue > 5_000, "the traces are there: {blue} px");
}

#[test]
fn overlaid_signals_have_a_legend() {
    let d = neuron();
    let names: Vec<String> = ["v(mem)", "V(OUT)"].map(String::from).to_vec();
    let f = figure(&d.results()[0], &names, Layout::Overlaid).unwrap();
    assert_eq!((f.panels.len(), f.panels[0].traces.len()), (1, 2));
    let text = svg(&f);
    for label in ["voltage (V)", "v(mem)", "v(out)", "#0072B2", "#D55E00"] {
        assert!(text.contains(label), "'{label}' is not in the figure");
    }
    render(&f, &out("overlaid.png")).unwrap();
    match figure(&d.results()[0], &["v(nix)".to_string()], Layout::Auto) {
        Err(FigureError::UnknownSignal { name, available }) => {
            assert_eq!(name, "v(nix)");
            assert!(available.contains(&"v(mem)".to_string()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_ac_result_is_drawn_in_decibels_and_degrees() {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw/measure_ac.raw");
    let w = data::read(&stored).unwrap().waveforms.remove(0);
    let mut d = Decimator::default();
    w.feed(&mut d).unwrap();
    let f = figure(&d.results()[0], &["v(b)".to_string(), "v(c)".to_string()], Layout::Auto).unwrap();
    let text = svg(&f);
    for label in ["frequency (Hz)", "magnitude (dB)", "phase (°)", "100k", "v(b)"] {
        assert!(text.contains(label), "'{label}' is not in the figure");
    }
    // An RC low-pass: −90° at the end of the sweep, −20 dB per decade.
    let last = |panel: usize| *f.panels[panel].traces[0].lines[0].last().unwrap();
    assert!((last(1).1 + 90.0).abs() < 0.1);
    let slope = f.panels[0].traces[0].lines[0].windows(2).last().map(|p| (p[1].1 - p[0].1) / (p[1].0 / p[0].0).log10());
    assert!((slope.unwrap() + 20.0).abs() < 0.01, "{slope:?}");
    render(&f, &out("ac.png")).unwrap();
}

#[test]
fn a_dc_sweep_is_drawn_over_its_source() {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw/measure_dc.raw");
    let w = data::read(&stored).unwrap().waveforms.remove(0);
    let mut d = Decimator::default();
    w.feed(&mut d).unwrap();
    let f = figure(&d.results()[0], &[], Layout::Auto).unwrap();
    let text = svg(&f);
    assert!(text.contains("v-sweep") && text.contains("(V)") && text.contains("i(v1) (mA)"), "{}", &text[..400]);
    render(&f, &out("dc.png")).unwrap();
}

#[test]
fn odd_figures_are_drawn_or_refused() {
    let panel = |lines: Vec<Vec<(f64, f64)>>| Panel {
        y: Axis { label: "y".into(), unit: "V".into(), log: false, range: None },
        traces: vec![Trace { name: "y".into(), lines, color: 11, ..Trace::default() }],
    };
    let x = Axis { label: "x".into(), unit: String::new(), log: false, range: None };
    let base = Figure { title: String::new(), x, panels: Vec::new(), style: Style::default() };
    for lines in [
        vec![],
        vec![vec![]],
        vec![vec![(1.0, 2.0)]],
        vec![vec![(0.0, 1.0), (0.0, 1.0)]],
        vec![vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)]],
        vec![vec![(-1e308, -1e308), (1e308, 1e308)]],
        vec![vec![(0.0, 1e-320), (1e-320, 0.0)]],
    ] {
        let f = Figure { panels: vec![panel(lines)], ..base.clone() };
        assert!(svg(&f).contains("</svg>"));
        assert!(!render_bytes(&f, Format::Png).unwrap().is_empty());
        let mut log = f.clone();
        log.x.log = true;
        log.panels[0].y.log = true;
        assert!(svg(&log).contains("</svg>"));
    }
    assert!(svg(&base).contains("</svg>"), "without panels");
    let large = Figure { style: Style { width: 1e9, ..Style::default() }, ..base.clone() };
    assert!(matches!(render_bytes(&large, Format::Png), Err(RenderError::Size)));
    assert!(matches!(render(&base, Path::new("x.pdf")), Err(RenderError::UnknownFormat)));
}

#[test]
fn a_range_cuts_the_traces_at_the_frame() {
    let x = Axis { label: "x".into(), unit: "s".into(), log: false, range: Some((0.0, 1.0)) };
    let y = Axis { label: "y".into(), unit: "V".into(), log: false, range: Some((0.0, 1.0)) };
    let lines = vec![vec![(-1.0, -1.0), (2.0, 2.0)]];
    let panels = vec![Panel { y, traces: vec![Trace { name: "y".into(), lines, color: 0, ..Trace::default() }] }];
    let text = svg(&Figure { title: String::new(), x, panels, style: Style::default() });
    let line = text.lines().find(|l| l.contains("polyline") && l.contains("#0072B2")).unwrap();
    let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    let numbers: Vec<f64> = points.split([' ', ',']).filter_map(|n| n.parse().ok()).collect();
    assert_eq!(numbers.len(), 4, "{line}");
    assert!(numbers.iter().all(|n| (0.0..9000.0).contains(n)), "{line}");
}

#[test]
fn symbols_error_bars_and_ramps_are_drawn() {
    let line = |k: f64| vec![(1.0, k), (2.0, k + 1.0), (3.0, k + 1.5)];
    let trace = |k: usize, marks: Marks| Trace {
        name: if k == 0 { "first".into() } else { String::new() },
        lines: vec![line(k as f64)],
        shade: Some(k as f64 / 2.0),
        marks,
        errors: vec![(2.0, k as f64 + 0.5, k as f64 + 2.0)],
        ..Trace::default()
    };
    let axis = |label: &str| Axis { label: label.into(), unit: String::new(), log: false, range: None };
    let traces = vec![trace(0, Marks::Both), trace(1, Marks::Symbols), trace(2, Marks::Lines)];
    let panels = vec![Panel { y: axis("y"), traces }];
    let figure = Figure { title: String::new(), x: axis("x"), panels, style: Style::default() };
    let drawn = svg(&figure);
    // Three symbols for each of two traces, and one in the legend, which has but one entry.
    assert_eq!(drawn.matches("<circle").count(), 7);
    assert!(drawn.contains(">\nfirst\n<"), "no legend");
    // The ends of the ramp.
    assert!(drawn.contains("#162062") && drawn.contains("#E69614"), "no ramp");
    render_bytes(&figure, Format::Png).unwrap();
}
