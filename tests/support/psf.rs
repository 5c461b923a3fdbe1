//! Binary PSF, written by its description.

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Layout {
    Simple,
    Grouped,
    Windowed,
}

/// A transient of two traces.
pub struct Made {
    layout: Layout,
    pub columns: Vec<Vec<f64>>,
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u32(&mut self, x: u32) -> &mut Self {
        self.0.extend(x.to_be_bytes());
        self
    }
    fn text(&mut self, text: &str) -> &mut Self {
        self.u32(text.len() as u32);
        self.0.extend(text.as_bytes());
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
        self
    }
    fn double(&mut self, x: f64) -> &mut Self {
        self.0.extend(x.to_be_bytes());
        self
    }
    fn int_property(&mut self, name: &str, x: u32) -> &mut Self {
        self.u32(34).text(name).u32(x)
    }
    /// Sets the word that was left at a place to the present end, and four more.
    fn end(&mut self, at: usize, more: u32) {
        let end = self.0.len() as u32 + more;
        self.0[at..at + 4].copy_from_slice(&end.to_be_bytes());
    }
    /// 21 and a place for the end; the place.
    fn open(&mut self) -> usize {
        self.u32(21).u32(0);
        self.0.len() - 4
    }
    /// 22, a place for the end.
    fn inner(&mut self) -> usize {
        self.u32(22).u32(0);
        self.0.len() - 4
    }
    fn index(&mut self, inner: usize) {
        self.end(inner, 0);
        self.u32(19).u32(8).u32(0).u32(0);
    }
    fn tail(&mut self, sections: &[(u32, usize)]) -> Vec<u8> {
        let toc = self.0.len() as u32;
        for (id, at) in sections {
            self.u32(*id).u32(*at as u32);
        }
        self.0.extend(b"Clarissa");
        self.u32(toc);
        std::mem::take(&mut self.0)
    }
}

const SWEEP: u32 = 100;
const GROUP: u32 = 101;
const A: u32 = 102;
const B: u32 = 103;
const WINDOW: usize = 4096;

impl Made {
    pub fn new(layout: Layout, points: usize) -> Made {
        let x: Vec<f64> = (0..points).map(|k| k as f64 * 1e-9).collect();
        let a = x.iter().map(|t| (t * 1e8).sin()).collect();
        let b = x.iter().map(|t| (t * 2e8).cos()).collect();
        Made { layout, columns: vec![x, a, b] }
    }

    /// The file; one that is not finished has no count and no tail.
    pub fn bytes(&self, finished: bool) -> Vec<u8> {
        let n = self.columns[0].len();
        let mut o = Bytes::default();
        o.u32(match self.layout {
            Layout::Simple => 0x200,
            Layout::Grouped => 0x300,
            Layout::Windowed => 0x400,
        });
        let header = o.open();
        o.u32(33).text("analysis type").text("tran");
        o.int_property("PSF sweep points", if finished { n as u32 } else { 0 });
        o.int_property("PSF sweeps", 1).int_property("PSF types", 2).int_property("PSF traces", 2);
        o.int_property("PSF groups", u32::from(self.layout != Layout::Simple));
        if self.layout == Layout::Windowed {
            o.int_property("PSF window size", WINDOW as u32);
        }
        o.end(header, 4);
        let mut sections = vec![(0, 4)];
        let mut section = |o: &mut Bytes, id: u32| {
            o.u32(id);
            sections.push((id, o.0.len()));
            o.open()
        };
        let types = section(&mut o, 1);
        let inner = o.inner();
        o.u32(16).u32(1).text("sweep").u32(0).u32(11);
        o.u32(16).u32(2).text("V").u32(0).u32(11).u32(33).text("units").text("V");
        o.index(inner);
        o.end(types, 4);
        let sweeps = section(&mut o, 2);
        o.u32(16).u32(SWEEP).text("time").u32(1).u32(33).text("units").text("s");
        o.end(sweeps, 4);
        let traces = section(&mut o, 3);
        let inner = o.inner();
        if self.layout != Layout::Simple {
            o.u32(17).u32(GROUP).text("group").u32(2);
        }
        o.u32(16).u32(A).text("a").u32(2);
        o.u32(16).u32(B).text("b").u32(2);
        o.index(inner);
        o.end(traces, 4);
        let values = section(&mut o, 4);
        match self.layout {
            Layout::Simple | Layout::Grouped => self.points(&mut o),
            Layout::Windowed => self.windows(&mut o),
        }
        if !finished {
            return o.0;
        }
        o.u32(15);
        o.end(values, 0);
        o.tail(&sections)
    }

    fn points(&self, o: &mut Bytes) {
        for k in 0..self.columns[0].len() {
            let [x, a, b] = [0, 1, 2].map(|c: usize| self.columns[c][k]);
            o.u32(16).u32(SWEEP).double(x);
            match self.layout {
                Layout::Simple => o.u32(16).u32(A).double(a).u32(16).u32(B).double(b),
                _ => o.u32(17).u32(GROUP).double(a).double(b),
            };
        }
    }

    fn windows(&self, o: &mut Bytes) {
        let pad = (WINDOW - (o.0.len() + 8) % WINDOW) % WINDOW;
        o.u32(20).u32(pad as u32);
        o.0.extend(vec![0; pad]);
        let points = self.columns[0].len();
        for start in (0..points).step_by(511) {
            let end = (start + 511).min(points);
            let begin = o.0.len();
            o.u32(16).u32(511 << 16 | (end - start) as u32);
            self.columns[0][start..end].iter().for_each(|x| {
                o.double(*x);
            });
            for column in &self.columns[1..] {
                let fill = WINDOW - 8 * (end - start);
                (0..fill / 8).for_each(|_| {
                    o.u32(u32::MAX).u32(0x7fff_ffff);
                });
                column[start..end].iter().for_each(|x| {
                    o.double(*x);
                });
            }
            // The last window keeps its place.
            while o.0.len() - begin < 3 * WINDOW {
                o.u32(u32::MAX).u32(0x7fff_ffff);
            }
        }
    }
}

/// Values without a sweep: a struct and an array.
pub fn structs() -> Vec<u8> {
    let mut o = Bytes::default();
    o.u32(0x500);
    let header = o.open();
    o.u32(35).text("temp").double(27.0);
    o.end(header, 4);
    o.u32(1);
    let types_at = o.0.len();
    let types = o.open();
    let inner = o.inner();
    o.u32(16).u32(1).text("S").u32(0).u32(16);
    o.u32(16).u32(2).text("gm").u32(0).u32(11);
    o.u32(16).u32(3).text("n").u32(0).u32(5);
    o.u32(16).u32(4).text("b").u32(0).u32(1);
    o.u32(16).u32(5).text("model").u32(0).u32(2);
    o.u32(18);
    o.u32(16).u32(6).text("A").u32(1).u32(3).u32(11);
    o.index(inner);
    o.end(types, 4);
    o.u32(4);
    let values_at = o.0.len();
    let values = o.open();
    let inner = o.inner();
    o.u32(16).u32(10).text("m").u32(1).double(1e-3).u32(-7i32 as u32).u32(255).text("nch");
    o.u32(16).u32(11).text("arr").u32(6).double(1.0).double(3.0).double(11.0);
    o.index(inner);
    o.end(values, 0);
    o.tail(&[(0, 4), (1, types_at), (4, values_at)])
}
