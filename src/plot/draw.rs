//! Puts a figure's panels, axes, legends and traces on a canvas.

use super::canvas::{Anchor, Canvas, FRAME, GRID, Tint, text_width};
use super::ticks::{self, Ticks};
use super::{Axis, Figure, Marks, Panel, RenderError, Trace};
use plotters::prelude::{DrawingBackend, RGBColor};

/// Okabe and Ito's palette, the darker colours first; its yellow is left out (too pale for a line on white).
const PALETTE: [Tint; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 94, 60),
];

/// A ramp of rising lightness, dark enough on white at both ends.
const RAMP: [Tint; 4] = [RGBColor(22, 32, 98), RGBColor(0, 106, 148), RGBColor(30, 158, 128), RGBColor(230, 150, 20)];
/// Radius of a symbol, and half the width of an error bar's ends, px.
const SYMBOL: f64 = 3.4;
const CAP: f64 = 4.0;

/// Space around the figure and between its parts, px.
const MARGIN: f64 = 12.0;
const GAP: f64 = 14.0;
const TICK: f64 = 5.0;

/// The size of a figure, px.
pub(super) fn size(figure: &Figure) -> (f64, f64) {
    let n = figure.panels.len().max(1);
    // One panel stands alone; of many each may be lower.
    let each = match n {
        1 => 380.0,
        2 => 230.0,
        3 => 170.0,
        _ => 130.0,
    };
    let legends: f64 = figure.panels.iter().map(|p| legend_height(figure, p)).sum();
    let auto = top(figure) + n as f64 * each + (n - 1) as f64 * GAP + legends + bottom(figure);
    (figure.style.width.round(), figure.style.height.unwrap_or(auto).round())
}

fn top(figure: &Figure) -> f64 {
    MARGIN + if figure.title.is_empty() { 4.0 } else { figure.style.title * 1.6 }
}

fn bottom(figure: &Figure) -> f64 {
    TICK + figure.style.text * 1.5 + figure.style.label * 1.6 + MARGIN
}

/// The legend stands above its panel, where it hides nothing. Lines of (trace, x offset).
fn legend(figure: &Figure, panel: &Panel) -> Vec<Vec<(usize, f64)>> {
    // A panel that shows the same signals as the one above (phase under magnitude) needs no second legend.
    let key = |p: &Panel| p.traces.iter().map(|t| (t.name.clone(), t.color)).collect::<Vec<_>>();
    let place = figure.panels.iter().position(|p| std::ptr::eq(p, panel)).unwrap_or(0);
    if place > 0 && key(&figure.panels[place - 1]) == key(panel) {
        return Vec::new();
    }
    let said = panel.traces.len() == 1 && panel.traces[0].name == panel.y.label;
    if said || panel.traces.iter().all(|t| t.name.is_empty()) {
        return Vec::new();
    }
    let room = figure.style.width * 0.8;
    let mut lines = vec![Vec::new()];
    let mut x = 0.0;
    for (k, t) in panel.traces.iter().enumerate().filter(|(_, t)| !t.name.is_empty()) {
        // A viewer that has not the font takes another one, up to a tenth wider.
        let width = 28.0 + 1.1 * text_width(&t.name) * figure.style.text + 18.0;
        if x + width > room && x > 0.0 {
            lines.push(Vec::new());
            x = 0.0;
        }
        if let Some(line) = lines.last_mut() {
            line.push((k, x));
        }
        x += width;
    }
    lines
}

fn legend_height(figure: &Figure, panel: &Panel) -> f64 {
    legend(figure, panel).len() as f64 * figure.style.text * 1.5
}

/// The smallest and the largest of some values; `None` without a finite one.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).fold(None, |e, v| match e {
        None => Some((v, v)),
        Some((a, b)) => Some((a.min(v), b.max(v))),
    })
}

fn axis_ticks(axis: &Axis, data: Option<(f64, f64)>, wanted: f64, snug: bool) -> Ticks {
    let given =
        axis.range.filter(|(a, b)| a.is_finite() && b.is_finite() && a != b && !(axis.log && (*a <= 0.0 || *b <= 0.0)));
    let (low, high) = given.or(data).unwrap_or(if axis.log { (1.0, 10.0) } else { (0.0, 1.0) });
    if axis.log {
        ticks::log(low, high, &axis.unit, wanted, snug || given.is_some())
    } else {
        ticks::linear(low, high, &axis.unit, wanted, snug || given.is_some())
    }
}

/// A map from values to px along one axis.
struct Scale {
    log: bool,
    from: f64,
    to: f64,
    px: (f64, f64),
}

impl Scale {
    fn new(ticks: &Ticks, log: bool, px: (f64, f64)) -> Scale {
        let map = |x: f64| if log { x.ln() } else { x };
        Scale { log, from: map(ticks.range.0), to: map(ticks.range.1), px }
    }
    /// `None` for what a logarithmic axis cannot show.
    fn at(&self, x: f64) -> Option<f64> {
        let u = if self.log { if x > 0.0 { x.ln() } else { return None } } else { x };
        // Halved before the difference: a range may span all there is.
        let share = (u / 2.0 - self.from / 2.0) / (self.to / 2.0 - self.from / 2.0);
        Some(self.px.0 + (self.px.1 - self.px.0) * share).filter(|p| p.is_finite())
    }
}

pub(super) fn draw<B: DrawingBackend>(figure: &Figure, canvas: &mut Canvas<'_, B>) -> Result<(), RenderError> {
    let style = figure.style;
    let (width, height) = size(figure);
    canvas.fill((0.0, 0.0), (width, height), RGBColor(255, 255, 255))?;

    let legends: f64 = figure.panels.iter().map(|p| legend_height(figure, p)).sum();
    let n = figure.panels.len().max(1) as f64;
    let each = ((height - top(figure) - bottom(figure) - legends - (n - 1.0) * GAP) / n).max(20.0);

    let points = || figure.panels.iter().flat_map(|p| &p.traces).flat_map(|t| &t.lines).flatten();
    let heights = |p: &Panel| -> Vec<f64> {
        let lines = p.traces.iter().flat_map(|t| &t.lines).flatten().map(|q| q.1);
        lines.chain(p.traces.iter().flat_map(|t| &t.errors).flat_map(|e| [e.1, e.2])).collect()
    };
    let shown = |x: &f64| !figure.x.log || *x > 0.0;
    let y_ticks: Vec<Ticks> = figure
        .panels
        .iter()
        .map(|p| {
            let data = extent(heights(p).into_iter().filter(|y| !p.y.log || *y > 0.0));
            axis_ticks(&p.y, data, each / 36.0, false)
        })
        .collect();
    let numbers = y_ticks.iter().flat_map(|t| &t.marks).map(|m| text_width(&m.1)).fold(0.0, f64::max) * style.text;
    let left = MARGIN + style.label * 1.5 + numbers + TICK + 4.0;
    let right = width - MARGIN - style.text * 1.2;
    // Symbols need air at the ends, lines do not.
    let snug = figure.panels.iter().flat_map(|p| &p.traces).all(|t| t.marks == Marks::Lines);
    let x_ticks = axis_ticks(&figure.x, extent(points().map(|p| p.0).filter(shown)), (right - left) / 75.0, snug);
    let x_scale = Scale::new(&x_ticks, figure.x.log, (left, right));

    if !figure.title.is_empty() {
        canvas.text(&figure.title, (left, MARGIN + style.title), style.title, Anchor::Start, false)?;
    }
    let mut y = top(figure);
    for (k, panel) in figure.panels.iter().enumerate() {
        for line in legend(figure, panel) {
            for (trace, x) in line {
                let t = &panel.traces[trace];
                let at = (left + x, y + style.text);
                let middle = at.1 - 0.33 * style.text;
                if t.marks != Marks::Symbols {
                    canvas.line(&[(at.0, middle), (at.0 + 22.0, middle)], style.line * 1.6, color(t))?;
                }
                if t.marks != Marks::Lines {
                    canvas.dot((at.0 + 11.0, middle), SYMBOL, color(t))?;
                }
                canvas.text(&t.name, (at.0 + 28.0, at.1), style.text, Anchor::Start, false)?;
            }
            y += style.text * 1.5;
        }
        let frame = Frame { left, right, top: y, bottom: y + each };
        let last = k + 1 == figure.panels.len();
        draw_panel(figure, panel, &y_ticks[k], &x_ticks, &x_scale, &frame, last, canvas)?;
        y += each + GAP;
    }
    let label = with_unit(&figure.x.label, &x_ticks.unit);
    let base = height - MARGIN - 0.25 * style.label;
    canvas.text(&label, ((left + right) / 2.0, base), style.label, Anchor::Middle, false)?;
    canvas.present()
}

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A trace's colour: of the palette, or on the ramp.
fn color(trace: &Trace) -> Tint {
    let Some(shade) = trace.shade else { return PALETTE[trace.color % PALETTE.len()] };
    let at = shade.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64;
    let k = (at as usize).min(RAMP.len() - 2);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * (at - k as f64)).round() as u8;
    let (a, b) = (RAMP[k], RAMP[k + 1]);
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

fn with_unit(label: &str, unit: &str) -> String {
    if unit.is_empty() { label.to_string() } else { format!("{label} ({unit})") }
}

#[allow(clippy::too_many_arguments)]
fn draw_panel<B: DrawingBackend>(
    figure: &Figure,
    panel: &Panel,
    y_ticks: &Ticks,
    x_ticks: &Ticks,
    x_scale: &Scale,
    frame: &Frame,
    last: bool,
    canvas: &mut Canvas<'_, B>,
) -> Result<(), RenderError> {
    let style = figure.style;
    let y_scale = Scale::new(y_ticks, panel.y.log, (frame.bottom, frame.top));
    let minor = x_ticks.minor.iter().map(|x| (*x, 0.5));
    for (x, weight) in x_ticks.marks.iter().map(|m| (m.0, 1.0)).chain(minor) {
        if let Some(px) = x_scale.at(x) {
            canvas.line(&[(px, frame.top), (px, frame.bottom)], 0.8 * weight, GRID)?;
        }
    }
    for (y, text) in &y_ticks.marks {
        let Some(py) = y_scale.at(*y) else { continue };
        canvas.line(&[(frame.left, py), (frame.right, py)], 0.8, GRID)?;
        canvas.line(&[(frame.left - TICK, py), (frame.left, py)], 1.0, FRAME)?;
        let at = (frame.left - TICK - 3.0, py + 0.36 * style.text);
        canvas.text(text, at, style.text, Anchor::End, false)?;
    }
    let inside = |p: &(f64, f64)| {
        (frame.left..=frame.right).contains(&p.0) && (frame.top - 1e-6..=frame.bottom + 1e-6).contains(&p.1)
    };
    for t in &panel.traces {
        for (x, low, high) in &t.errors {
            let ends = (x_scale.at(*x), y_scale.at(*low), y_scale.at(*high));
            // A lower end that a logarithmic axis cannot show reaches to the frame.
            let (Some(x), Some(high)) = (ends.0, ends.2) else { continue };
            let (low, high) = (ends.1.unwrap_or(frame.bottom).min(frame.bottom), high.max(frame.top));
            if !(frame.left..=frame.right).contains(&x) || low < frame.top || high > frame.bottom {
                continue;
            }
            canvas.line(&[(x, low), (x, high)], 1.2, color(t))?;
            for y in [low, high] {
                canvas.line(&[(x - CAP, y), (x + CAP, y)], 1.2, color(t))?;
            }
        }
        for line in &t.lines {
            let px: Vec<(f64, f64)> = line.iter().filter_map(|p| Some((x_scale.at(p.0)?, y_scale.at(p.1)?))).collect();
            if let [p] = px[..] {
                if inside(&p) {
                    canvas.dot(p, SYMBOL, color(t))?;
                }
                continue;
            }
            if t.marks != Marks::Symbols {
                for piece in clip(&px, frame) {
                    canvas.line(&thin(&piece), style.line, color(t))?;
                }
            }
            if t.marks != Marks::Lines {
                for p in px.iter().filter(|p| inside(p)) {
                    canvas.dot(*p, SYMBOL, color(t))?;
                }
            }
        }
    }
    let (tl, br) = ((frame.left, frame.top), (frame.right, frame.bottom));
    canvas.line(&[tl, (br.0, tl.1), br, (tl.0, br.1), tl], 1.0, FRAME)?;
    for (x, text) in &x_ticks.marks {
        let Some(px) = x_scale.at(*x) else { continue };
        canvas.line(&[(px, frame.bottom), (px, frame.bottom + TICK)], 1.0, FRAME)?;
        if last {
            canvas.text(text, (px, frame.bottom + TICK + 1.1 * style.text), style.text, Anchor::Middle, false)?;
        }
    }
    let label = with_unit(&panel.y.label, &y_ticks.unit);
    // A label longer than its panel is high is set smaller, but never below 12 px.
    let room = (frame.bottom - frame.top + GAP) / text_width(&label).max(0.1);
    let size = style.label.min(room).max(12.0);
    let at = (MARGIN + 0.8 * style.label, (frame.top + frame.bottom) / 2.0);
    canvas.text(&label, at, size, Anchor::Middle, true)?;
    Ok(())
}

/// Cuts a polyline to the frame (Liang and Barsky, ACM TOG 3(1), 1984).
fn clip(points: &[(f64, f64)], frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut joined = false;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (dx, dy) = (x1 - x0, y1 - y0);
        let (mut from, mut to) = (0.0f64, 1.0f64);
        let mut visible = true;
        // For each edge: direction towards the outside, and distance to it.
        let edges = [(-dx, x0 - frame.left), (dx, frame.right - x0), (-dy, y0 - frame.top), (dy, frame.bottom - y0)];
        for (p, q) in edges {
            if p == 0.0 {
                // A hair of tolerance keeps what lies on the frame.
                visible &= q >= -1e-6;
            } else if p < 0.0 {
                from = from.max(q / p);
            } else {
                to = to.min(q / p);
            }
        }
        if !visible || from > to {
            joined = false;
            continue;
        }
        let at = |s: f64| (x0 + dx * s, y0 + dy * s);
        match pieces.last_mut() {
            Some(piece) if joined && from == 0.0 => piece.push(at(to)),
            _ => pieces.push(vec![at(from), at(to)]),
        }
        joined = to == 1.0;
    }
    pieces
}

/// Keeps the first, lowest, highest and last point of every column of 0.4 px: no picture shows more.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const COLUMN: f64 = 0.4;
    let mut out = Vec::with_capacity(points.len().min(8192));
    let mut k = 0;
    while k < points.len() {
        let column = (points[k].0 / COLUMN).floor();
        let mut end = k;
        let (mut low, mut high) = (k, k);
        while end < points.len() && (points[end].0 / COLUMN).floor() == column {
            if points[end].1 < points[low].1 {
                low = end;
            }
            if points[end].1 > points[high].1 {
                high = end;
            }
            end += 1;
        }
        let mut chosen = [k, low.min(high), low.max(high), end - 1].to_vec();
        chosen.dedup();
        out.extend(chosen.into_iter().map(|i| points[i]));
        k = end;
    }
    out
}
