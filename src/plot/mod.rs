//! Figures from plain data.
//!
//! A [`Figure`] says what is to be seen: panels one above the other over one axis, each with its traces, in SI units.
//! [`figure`] makes one from a (decimated) result, [`render`] draws it as SVG or PNG. Sizes are in px at the natural size of
//! the figure (1 px = 1/96 inch): no text is smaller than 12 px.

mod build;
mod canvas;
mod compare;
mod draw;
pub mod page;
mod ticks;
mod views;

pub use build::{FigureError, Layout, figure};
pub use compare::comparison;
pub use views::{Sight, view};

use crate::waveform::file::PartialFile;
use canvas::Canvas;
use plotters::prelude::{BitMapBackend, SVGBackend};
use std::fmt;
use std::io;
use std::path::Path;

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stands above the panels; may be empty.
    pub title: String,
    /// The axis that all panels share.
    pub x: Axis,
    /// The panels, from the top.
    pub panels: Vec<Panel>,
    /// Sizes.
    pub style: Style,
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The quantity: `time`, `v(mem)`. The unit is added in parentheses.
    pub label: String,
    /// The unit, such as `s`; values are in it, the labels get a prefix by size.
    pub unit: String,
    /// Logarithmic? Values that are not positive are then left out.
    pub log: bool,
    /// From, to; `None` takes what the data needs.
    pub range: Option<(f64, f64)>,
}

/// One pair of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub traces: Vec<Trace>,
}

/// One signal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// Its name, for the legend; one without a name is not in the legend.
    pub name: String,
    /// Its polylines: one, except for nested sweeps. A polyline of one point is drawn as a dot.
    pub lines: Vec<Vec<(f64, f64)>>,
    /// Which colour of the palette; the palette is colour-blind-safe (Okabe and Ito, 2008) and repeats after eight.
    pub color: usize,
    /// Instead of the palette, a place between 0 and 1 on a ramp from dark blue to orange: for families with an order.
    pub shade: Option<f64>,
    /// How points are drawn.
    pub marks: Marks,
    /// Error bars: x, lower and upper end.
    pub errors: Vec<(f64, f64, f64)>,
}

/// How the points of a trace are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// As polylines.
    #[default]
    Lines,
    /// As symbols.
    Symbols,
    /// As symbols on polylines.
    Both,
}

/// Sizes, px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Width of the figure.
    pub width: f64,
    /// Height of the figure; `None` gives each panel what it needs.
    pub height: Option<f64>,
    /// Numbers at the axes and legends.
    pub text: f64,
    /// Labels of the axes.
    pub label: f64,
    /// The title.
    pub title: f64,
    /// Width of a trace.
    pub line: f64,
    /// Pixels of a PNG for each px.
    pub density: u32,
}

impl Default for Style {
    fn default() -> Self {
        Style { width: 900.0, height: None, text: 13.0, label: 14.0, title: 16.0, line: 1.5, density: 2 }
    }
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable.
    Svg,
    /// Pixels.
    Png,
}

impl Format {
    /// The format that a file name's ending asks for.
    pub fn of(path: &Path) -> Option<Format> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "svg" => Some(Format::Svg),
            "png" => Some(Format::Png),
            _ => None,
        }
    }
}

/// Why a figure was not drawn.
#[derive(Debug)]
pub enum RenderError {
    /// The file name's ending is neither `.svg` nor `.png`.
    UnknownFormat,
    /// The figure is too small or too large to be drawn.
    Size,
    /// Drawing failed; what the drawing library says.
    Drawing(String),
    /// The file could not be written.
    Io(io::Error),
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenderError::UnknownFormat => f.write_str("a figure's name must end in .svg or .png"),
            RenderError::Size => f.write_str("a figure must be between 100 px and 10000 px wide and high"),
            RenderError::Drawing(text) => write!(f, "drawing failed: {text}"),
            RenderError::Io(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for RenderError {}

/// Draws a figure into a file, in the format that its name asks for.
pub fn render(figure: &Figure, path: &Path) -> Result<(), RenderError> {
    let format = Format::of(path).ok_or(RenderError::UnknownFormat)?;
    let bytes = render_bytes(figure, format)?;
    let mut file = PartialFile::create(path).map_err(RenderError::Io)?;
    file.put(&bytes).and_then(|_| file.finish()).map_err(RenderError::Io)
}

/// SVG coordinates are whole numbers in this fraction of a px, so that curves stay smooth in print.
const SVG_UNIT: f64 = 10.0;
/// A PNG is drawn this many times too large in each direction and averaged down.
const OVERSAMPLING: u32 = 2;

/// Draws a figure into memory.
pub fn render_bytes(figure: &Figure, format: Format) -> Result<Vec<u8>, RenderError> {
    let (width, height) = draw::size(figure);
    let density = figure.style.density.clamp(1, 8);
    let sane = |x: f64| (100.0..=10_000.0).contains(&x);
    if !(sane(width) && sane(height)) {
        return Err(RenderError::Size);
    }
    match format {
        Format::Svg => {
            let mut text = String::new();
            let (w, h) = ((width * SVG_UNIT) as u32, (height * SVG_UNIT) as u32);
            {
                let mut backend = SVGBackend::with_string(&mut text, (w, h));
                draw::draw(figure, &mut Canvas::svg(&mut backend, SVG_UNIT)?)?;
            }
            // The natural size is in px; the view box keeps the finer unit.
            let from = format!("<svg width=\"{w}\" height=\"{h}\"");
            Ok(text.replacen(&from, &format!("<svg width=\"{width}\" height=\"{height}\""), 1).into_bytes())
        }
        Format::Png => {
            let (w, h) = ((width * f64::from(density)) as u32, (height * f64::from(density)) as u32);
            let (wide, high) = (w * OVERSAMPLING, h * OVERSAMPLING);
            // 400 million bytes: a figure of 4000 px at the usual density.
            if u64::from(wide) * u64::from(high) * 3 > 400_000_000 {
                return Err(RenderError::Size);
            }
            let mut pixels = vec![255u8; wide as usize * high as usize * 3];
            {
                let mut backend = BitMapBackend::with_buffer(&mut pixels, (wide, high));
                draw::draw(figure, &mut Canvas::bitmap(&mut backend, f64::from(density * OVERSAMPLING))?)?;
            }
            encode(&average(&pixels, wide as usize, w as usize, h as usize), w, h)
        }
    }
}

/// Averages squares of pixels.
fn average(pixels: &[u8], wide: usize, w: usize, h: usize) -> Vec<u8> {
    let n = OVERSAMPLING as usize;
    let mut out = Vec::with_capacity(w * h * 3);
    for y in 0..h {
        for x in 0..w {
            for c in 0..3 {
                let mut sum = 0u32;
                for dy in 0..n {
                    for dx in 0..n {
                        sum += u32::from(pixels[((y * n + dy) * wide + x * n + dx) * 3 + c]);
                    }
                }
                out.push((sum / (OVERSAMPLING * OVERSAMPLING)) as u8);
            }
        }
    }
    out
}

fn encode(pixels: &[u8], w: u32, h: u32) -> Result<Vec<u8>, RenderError> {
    use image::ImageEncoder;
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out)
        .write_image(pixels, w, h, image::ColorType::Rgb8)
        .map_err(|e| RenderError::Drawing(e.to_string()))?;
    Ok(out)
}
