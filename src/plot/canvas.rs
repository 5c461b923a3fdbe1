//! Lines and text in px on any plotters backend.

use super::RenderError;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, register_font};
use std::sync::Once;

/// The embedded font, Liberation Sans 2.1.5 (SIL Open Font License 1.1): its glyphs are as wide as Arial's and
/// Helvetica's, so that an SVG looks the same where only those are installed.
static FONT: &[u8] = include_bytes!("../../assets/fonts/LiberationSans-Regular.ttf");
/// Its name in an SVG.
const FAMILY: &str = "Liberation Sans, Arial, Helvetica, sans-serif";
/// Ascent + descent of the font in em: what the rasteriser takes as the size of a text.
const HEIGHT: f64 = 1.117;

/// A colour.
pub(super) type Tint = RGBColor;
pub(super) const INK: Tint = RGBColor(38, 38, 38);
pub(super) const FRAME: Tint = RGBColor(110, 110, 110);
pub(super) const GRID: Tint = RGBColor(225, 225, 225);

/// Where a text's position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing surface measured in px.
pub(super) struct Canvas<'a, B: DrawingBackend> {
    backend: &'a mut B,
    /// Device units in a px.
    unit: f64,
    /// plotters' font size for a text of 1 em.
    per_em: f64,
    /// How far below a text's top anchor plotters puts the baseline, em.
    baseline: f64,
    /// Polylines of a bitmap are drawn piece by piece: as one polygon a thick one breaks where it turns sharply.
    pieces: bool,
}

impl<'a> Canvas<'a, SVGBackend<'_>> {
    pub(super) fn svg<'b>(
        backend: &'a mut SVGBackend<'b>,
        unit: f64,
    ) -> Result<Canvas<'a, SVGBackend<'b>>, RenderError> {
        prepare()?;
        // plotters-svg writes font-size = size/1.24 and dy = 0.76em for a text anchored at its top.
        Ok(Canvas { backend, unit, per_em: 1.24, baseline: 0.76, pieces: false })
    }
}

impl<'a> Canvas<'a, BitMapBackend<'_>> {
    pub(super) fn bitmap<'b>(
        backend: &'a mut BitMapBackend<'b>,
        unit: f64,
    ) -> Result<Canvas<'a, BitMapBackend<'b>>, RenderError> {
        prepare()?;
        // The rasteriser puts the baseline half a font size below the top.
        Ok(Canvas { backend, unit, per_em: HEIGHT, baseline: HEIGHT / 2.0, pieces: true })
    }
}

/// Registers the font, once.
fn prepare() -> Result<(), RenderError> {
    static ONCE: Once = Once::new();
    let mut valid = true;
    ONCE.call_once(|| valid = register_font(FAMILY, FontStyle::Normal, FONT).is_ok());
    if valid { Ok(()) } else { Err(RenderError::Drawing("the embedded font is not readable".into())) }
}

/// The width of a text in em.
pub(super) fn text_width(text: &str) -> f64 {
    // Measured at a large size because the result is a whole number. Without a measurement a mean letter's width serves.
    let measured = (FAMILY, 1000.0 * HEIGHT).into_font().box_size(text);
    measured.map_or(0.55 * text.chars().count() as f64, |(w, _)| f64::from(w) / 1000.0)
}

impl<B: DrawingBackend> Canvas<'_, B> {
    fn device(&self, p: (f64, f64)) -> (i32, i32) {
        ((p.0 * self.unit).round() as i32, (p.1 * self.unit).round() as i32)
    }

    fn check<E: std::fmt::Display>(outcome: Result<(), E>) -> Result<(), RenderError> {
        outcome.map_err(|e| RenderError::Drawing(e.to_string()))
    }

    /// Fills a rectangle.
    pub(super) fn fill(&mut self, a: (f64, f64), b: (f64, f64), color: Tint) -> Result<(), RenderError> {
        let (a, b) = (self.device(a), self.device(b));
        Self::check(self.backend.draw_rect(a, b, &color.filled(), true))
    }

    /// A dot of this radius.
    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, color: Tint) -> Result<(), RenderError> {
        let at = self.device(at);
        Self::check(self.backend.draw_circle(at, (radius * self.unit).round() as u32, &color.filled(), true))
    }

    /// A polyline.
    pub(super) fn line(&mut self, points: &[(f64, f64)], width: f64, color: Tint) -> Result<(), RenderError> {
        let mut device: Vec<(i32, i32)> = points.iter().map(|p| self.device(*p)).collect();
        device.dedup();
        device = without_collinear(device);
        let width = (width * self.unit).round().max(1.0) as u32;
        let style = color.stroke_width(width);
        if device.len() < 2 {
            return Ok(());
        }
        if !self.pieces {
            return Self::check(self.backend.draw_path(device, &style));
        }
        let pen = (width / 2) as i32;
        for pair in device.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            // A round pen at every pixel of the longer side: all directions come out equally wide.
            let (dx, dy) = (f64::from(b.0) - f64::from(a.0), f64::from(b.1) - f64::from(a.1));
            let steps = dx.abs().max(dy.abs());
            for k in 0..=steps as u32 {
                let s = f64::from(k) / steps;
                let at = ((f64::from(a.0) + dx * s).round() as i32, (f64::from(a.1) + dy * s).round() as i32);
                Self::check(self.backend.draw_circle(at, pen as u32, &color.filled(), true))?;
            }
        }
        Ok(())
    }

    /// A text of this size (em, px); `at` is on its baseline. A rotated text reads upwards.
    pub(super) fn text(
        &mut self,
        text: &str,
        at: (f64, f64),
        size: f64,
        anchor: Anchor,
        rotated: bool,
    ) -> Result<(), RenderError> {
        let h = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let drop = self.baseline * size;
        let at = if rotated { (at.0 - drop, at.1) } else { (at.0, at.1 - drop) };
        let transform = if rotated { FontTransform::Rotate270 } else { FontTransform::None };
        let style = TextStyle::from((FAMILY, size * self.per_em * self.unit).into_font().transform(transform))
            .color(&INK)
            .pos(Pos::new(h, VPos::Top));
        let at = self.device(at);
        Self::check(self.backend.draw_text(text, &style, at))
    }

    /// Ends the drawing.
    pub(super) fn present(&mut self) -> Result<(), RenderError> {
        Self::check(self.backend.present())
    }
}

/// Leaves out points that lie within their neighbours' straight run along an axis (the plateaus of a pulse train).
fn without_collinear(points: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    let mut kept: Vec<(i32, i32)> = Vec::with_capacity(points.len());
    for p in points {
        if let [.., a, b] = kept[..] {
            let between = |a: i32, b: i32, c: i32| (a <= b && b <= c) || (a >= b && b >= c);
            let flat = a.1 == b.1 && b.1 == p.1 && between(a.0, b.0, p.0);
            let steep = a.0 == b.0 && b.0 == p.0 && between(a.1, b.1, p.1);
            if flat || steep {
                kept.pop();
            }
        }
        kept.push(p);
    }
    kept
}
