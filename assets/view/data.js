// The numbers of the page. Blocks are decoded when a signal is first shown.
//
// A curve is an axis with the traces over it. Where all points are in the page (bucket 0) a trace has a value for each point.
// Else it has a range for each stretch between two neighbouring ends of the axis: the signal is nowhere outside it.

const meta = JSON.parse(document.getElementById('meta').textContent);

function bytes(id) {
  const element = document.getElementById('b' + id);
  const text = element.textContent;
  element.textContent = '';
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let k = 0; k < out.length; k++) out[k] = binary.charCodeAt(k);
  return out;
}

// Index of the first element that is not below x, from `from` on.
function lower(xs, x, from = 0, to = xs.length) {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (xs[middle] < x) from = middle + 1; else to = middle;
  }
  return from;
}

// Index of the first element above x.
function upper(xs, x, from = 0, to = xs.length) {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (xs[middle] <= x) from = middle + 1; else to = middle;
  }
  return from;
}

// The smallest and the largest value of any run of elements, by a pyramid whose levels join 16 elements each.
const JOIN = 16;
class Pyramid {
  constructor(low, high) {
    this.levels = [[low, high]];
    while (low.length > 4 * JOIN) {
      const n = Math.ceil(low.length / JOIN);
      const l = new Float64Array(n), h = new Float64Array(n);
      for (let k = 0; k < n; k++) {
        let a = Infinity, b = -Infinity;
        const end = Math.min((k + 1) * JOIN, low.length);
        for (let i = k * JOIN; i < end; i++) {
          if (low[i] < a) a = low[i];
          if (high[i] > b) b = high[i];
        }
        l[k] = a;
        h[k] = b;
      }
      this.levels.push([l, h]);
      [low, high] = [l, h];
    }
  }
  // [smallest, largest] of i … j − 1; [Infinity, −Infinity] if there is no number.
  over(i, j) {
    let a = Infinity, b = -Infinity;
    for (let level = 0; i < j; level++) {
      const [low, high] = this.levels[level];
      const last = level + 1 === this.levels.length;
      const take = k => {
        if (low[k] < a) a = low[k];
        if (high[k] > b) b = high[k];
      };
      while (i < j && (last || i % JOIN)) take(i++);
      while (i < j && j % JOIN) take(--j);
      i /= JOIN;
      j /= JOIN;
    }
    return [a, b];
  }
}

// One run along an axis.
class Curve {
  constructor(group, index) {
    this.group = group;
    this.index = index;
    this.info = group.curves[index];
    this.exact = this.info.bucket === 0;
    this.place = this.info.place;
    this.decoded = new Map();
    this.traces = new Map();
  }
  // The axis: all points, or the ends of the stretches.
  get x() {
    return this.axis ??= new Float64Array(bytes(this.info.x).buffer);
  }
  // Points, or stretches.
  get length() {
    return this.exact ? this.x.length : this.x.length - 1;
  }
  block(signal, part) {
    const key = signal + '/' + part;
    if (!this.decoded.has(key)) {
      const [id, exponent, widest] = this.info.y[signal][part];
      const raw = bytes(id).buffer;
      if (this.exact) {
        this.decoded.set(key, new Float64Array(raw));
      } else {
        const all = new Float32Array(raw), unit = 2 ** exponent, n = all.length / 2;
        const low = new Float64Array(n), high = new Float64Array(n);
        for (let k = 0; k < n; k++) {
          low[k] = all[k] * unit;
          high[k] = all[n + k] * unit;
        }
        this.decoded.set(key, { low, high, widest });
      }
    }
    return this.decoded.get(key);
  }
  // What is drawn of a signal: its `value`; of a complex one `db`, `phase`, `mag`, `re` or `im`.
  trace(signal, view) {
    const key = signal + '/' + view;
    if (!this.traces.has(key)) this.traces.set(key, new Trace(this, signal, view));
    return this.traces.get(key);
  }
}

// As in the figures of this program: what is exactly 0 is drawn far below everything.
const NOTHING_DB = -400;

class Trace {
  constructor(curve, signal, view) {
    this.curve = curve;
    if (curve.exact) {
      const y = curve.block(signal, 0);
      this.low = this.high = view === 'value' ? y : part(y, view);
      this.widest = 0;
    } else {
      const block = curve.block(signal, view === 'phase' ? 1 : 0);
      if (view === 'mag') {
        const size = db => db <= NOTHING_DB ? 0 : 10 ** (db / 20);
        this.low = block.low.map(size);
        this.high = block.high.map(size);
      } else {
        this.low = block.low;
        this.high = block.high;
      }
      this.widest = block.widest;
    }
    this.pyramid = new Pyramid(this.low, this.high);
  }
  // The smallest and the largest value between a and b on the axis.
  over(a, b) {
    const x = this.curve.x, n = this.curve.length;
    const i = Math.max(0, upper(x, a) - 1), j = Math.min(n, lower(x, b) + (this.curve.exact ? 1 : 0));
    return this.pyramid.over(i, Math.max(i + 1, j));
  }
  // The value at x with its error (half the range), and null where there is none. Between points it is that on the straight line
  // that is drawn (over a frequency: straight over its logarithm).
  at(at) {
    const x = this.curve.x, last = x.length - 1;
    if (!(at >= x[0] && at <= x[last])) return null;
    if (this.curve.exact) {
      const k = upper(x, at) - 1, y = this.low;
      if (x[k] === at || k === last) return number(y[k], 0);
      const log = this.curve.group.axis?.log && x[k] > 0;
      const of = log ? Math.log : v => v;
      const share = (of(at) - of(x[k])) / (of(x[k + 1]) - of(x[k]));
      return number(y[k] + (y[k + 1] - y[k]) * share, 0);
    }
    const k = Math.min(upper(x, at) - 1, last - 1);
    let low = this.low[k], high = this.high[k];
    if (at === x[k] && k > 0 && x[k - 1] < at) {
      // An end belongs to both of its stretches.
      low = Math.max(low, this.low[k - 1]);
      high = Math.min(high, this.high[k - 1]);
      if (!(low <= high)) [low, high] = [this.low[k], this.high[k]];
    }
    return number(0.5 * (low + high), 0.5 * (high - low));
  }
}

const number = (value, error) => Number.isFinite(value) ? { value, error } : null;

// A part of interleaved complex numbers.
function part(z, view) {
  const n = z.length / 2, out = new Float64Array(n);
  let turn = 0, before = NaN;
  for (let k = 0; k < n; k++) {
    const re = z[2 * k], im = z[2 * k + 1];
    if (view === 're') out[k] = re;
    else if (view === 'im') out[k] = im;
    else if (view === 'phase') {
      let angle = Math.atan2(im, re) * 180 / Math.PI;
      if (re === 0 && im === 0) angle = 0;
      if (Number.isFinite(before)) turn = -360 * Math.round((angle - before) / 360);
      out[k] = angle + turn;
      before = out[k];
    } else {
      const size = Math.hypot(re, im);
      out[k] = view === 'mag' ? size : size > 0 ? Math.max(20 * Math.log10(size), NOTHING_DB) : NOTHING_DB;
    }
  }
  return out;
}

// What is shown of a signal, with the unit of each part.
const VIEWS = { dbphase: ['db', 'phase'], magphase: ['mag', 'phase'], reim: ['re', 'im'] };
function parts(group, signal, as) {
  const unit = group.signals[signal].unit;
  if (!group.complex) return [{ view: 'value', unit, name: group.signals[signal].quantity || (unit.includes('/√Hz') ? 'noise density' : 'value') }];
  const ranges = group.curves.some(c => c.bucket > 0);
  return VIEWS[ranges && as === 'reim' ? 'dbphase' : as].map(view => ({
    view,
    unit: view === 'db' ? 'dB' : view === 'phase' ? '°' : unit,
    name: { db: 'magnitude', mag: 'magnitude', phase: 'phase', re: 'real part', im: 'imaginary part' }[view],
  }));
}

const curvesOf = meta.groups.map(group => group.curves.map((_, k) => new Curve(group, k)));
