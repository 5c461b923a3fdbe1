// Traces as pixels. Every column of pixels gets the smallest and the largest value in it, whatever the number of points.

// A map from values to pixels and back.
function scale(min, max, log, start, length) {
  const of = log ? Math.log : v => v, back = log ? Math.exp : v => v;
  const a = of(min), b = of(max);
  const factor = length / (b - a);
  return {
    px: v => start + (of(v) - a) * factor,
    value: p => back(a + (p - start) / factor),
    log,
  };
}

// Fewer points than pixels by this factor are dots, too.
const ROOMY = 14;

// A line that is cut at the panel's edge before the canvas sees it: ends that are far out keep their direction.
class Pen {
  constructor(c, box) {
    this.c = c;
    this.edges = [box.left - 10, box.top - 10, box.left + box.width + 10, box.top + box.height + 10];
    this.lift();
  }
  lift() {
    this.at = null;
    this.joined = false;
  }
  to(x, y) {
    if (x !== x || y !== y) return this.lift();
    if (this.at) {
      const [x0, y0] = this.at, [left, top, right, bottom] = this.edges, dx = x - x0, dy = y - y0;
      // The part of the way that is inside (Liang and Barsky, 1984).
      let a = 0, b = 1;
      for (const [p, q] of [[-dx, x0 - left], [dx, right - x0], [-dy, y0 - top], [dy, bottom - y0]]) {
        if (p < 0) a = Math.max(a, q / p);
        else if (p > 0) b = Math.min(b, q / p);
        else if (q < 0) a = 2;
      }
      if (a <= b) {
        if (!this.joined || a > 0) this.c.moveTo(x0 + a * dx, y0 + a * dy);
        this.c.lineTo(b < 1 ? x0 + b * dx : x, b < 1 ? y0 + b * dy : y);
      }
      this.joined = a <= b && b === 1;
    }
    this.at = [x, y];
  }
}

// Draws a trace between the ends of x; true if the page has no finer ranges for what is seen.
function drawTrace(c, trace, box, x, y, view, style) {
  c.strokeStyle = style.color;
  c.fillStyle = style.color;
  c.lineWidth = style.width;
  c.lineJoin = 'bevel';
  c.setLineDash(style.dash);
  return trace.curve.exact ? points(c, trace, box, x, y, view) : ranges(c, trace, box, x, y, view, style);
}

// Where a value is; what a logarithmic axis cannot show is below the panel.
const height = (y, box, v) => y.log && !(v > 0) ? (v === v ? box.top + box.height + 20 : NaN) : y.px(v);

function points(c, trace, box, x, y, view) {
  const xs = trace.curve.x, ys = trace.low, n = xs.length;
  const first = Math.max(0, upper(xs, view.min) - 1), end = Math.min(n, lower(xs, view.max) + 1);
  const px = k => x.log && !(xs[k] > 0) ? NaN : x.px(xs[k]);
  if (end - first <= 2 * box.width) {
    const pen = new Pen(c, box), py = k => y.log && !(ys[k] > 0) ? NaN : y.px(ys[k]);
    c.beginPath();
    for (let k = first; k < end; k++) pen.to(px(k), py(k));
    c.stroke();
    if (end - first < box.width / ROOMY) {
      c.setLineDash([]);
      c.beginPath();
      for (let k = first; k < end; k++) {
        const [left, top] = [px(k), py(k)];
        if (Math.abs(left) < 1e5 && Math.abs(top) < 1e5) {
          c.moveTo(left + 2.5 * c.lineWidth, top);
          c.arc(left, top, 1.6 * c.lineWidth, 0, 2 * Math.PI);
        }
      }
      c.fill();
    }
    return false;
  }
  const found = [];
  const outside = k => {
    const at = px(k), on = height(y, box, ys[k]);
    return at === at && on === on ? [at, on, on, on, on] : null;
  };
  // The line that comes in, what is seen, and the line that goes out.
  let i = first;
  if (xs[first] < view.min) found.push(outside(i++));
  for (let column = 0; column < box.width && i < end; column++) {
    const j = lower(xs, x.value(box.left + column + 1), i, end);
    if (j === i) continue;
    const [low, high] = trace.pyramid.over(i, j);
    const [top, bottom] = [height(y, box, high), height(y, box, low)];
    const from = height(y, box, ys[i]), to = height(y, box, ys[j - 1]);
    found.push(low <= high ? [box.left + column, top, bottom, or(from, top), or(to, bottom)] : null);
    i = j;
  }
  if (i < end) found.push(outside(end - 1));
  ink(c, found, box);
  return false;
}

const or = (v, otherwise) => v === v ? v : otherwise;

// Columns of a trace, each [left, top, bottom, where the line comes in, where it goes out], or null where there is a gap. They are
// drawn as upright bars that reach to their neighbours: a line with thousands of corners looks the same and is slow to draw.
function ink(c, columns, box) {
  const pen = new Pen(c, box), least = c.lineWidth;
  c.beginPath();
  let before = null;
  for (const column of columns) {
    if (column) {
      let [left, top, bottom, from] = column;
      if (before && left - before[0] > 1) {
        pen.lift();
        pen.to(before[0] + 0.5, before[4]);
        pen.to(left + 0.5, from);
      } else if (before) {
        // Up to where the neighbour ends.
        top = Math.min(top, before[2]);
        bottom = Math.max(bottom, before[1]);
      }
      top = Math.max(top, box.top - 10);
      bottom = Math.min(bottom, box.top + box.height + 10);
      const tall = Math.max(bottom - top, least);
      c.fillRect(left, 0.5 * (top + bottom - tall), 1, tall);
    }
    before = column;
  }
  c.stroke();
}

function ranges(c, trace, box, x, y, view, style) {
  const ends = trace.curve.x, n = trace.curve.length;
  const first = Math.max(0, upper(ends, view.min) - 1), end = Math.min(n, lower(ends, view.max));
  if (end - first < box.width / 2) {
    // A stretch is several pixels wide: a box that holds the curve, as nothing finer is known.
    const top = [], bottom = [];
    c.globalAlpha = 0.28;
    c.beginPath();
    for (let k = first; k < end; k++) {
      if (!(trace.low[k] <= trace.high[k])) continue;
      const edge = v => Math.min(box.top + 2 * box.height, Math.max(box.top - box.height, height(y, box, v)));
      const a = edge(trace.high[k]), b = edge(trace.low[k]);
      const left = Math.max(box.left - 5, x.px(ends[k])), right = Math.min(box.left + box.width + 5, x.px(ends[k + 1]));
      c.rect(left, a, right - left, b - a);
      top.push([left, right, a]);
      bottom.push([left, right, b]);
    }
    c.fill();
    c.globalAlpha = 1;
    c.lineWidth = 0.7 * style.width;
    for (const edge of [top, bottom]) {
      c.beginPath();
      for (const [left, right, at] of edge) {
        c.moveTo(left, at);
        c.lineTo(right, at);
      }
      c.stroke();
    }
    return true;
  }
  const found = [];
  let k = first, last = NaN;
  for (let column = 0; column < box.width; column++) {
    const a = x.value(box.left + column), b = x.value(box.left + column + 1);
    const i = Math.max(k, upper(ends, a, k, end + 1) - 1), j = Math.min(end, Math.max(i + 1, lower(ends, b, i, end + 1)));
    if (i >= end || b < ends[first]) continue;
    k = i;
    const [low, high] = trace.pyramid.over(i, j);
    if (!(low <= high)) {
      found.push(null);
      continue;
    }
    const [top, bottom] = [height(y, box, high), height(y, box, low)];
    // Neighbours share a point: the line goes on at the nearer end.
    const down = Math.abs(top - last) < Math.abs(bottom - last);
    last = down ? bottom : top;
    found.push([box.left + column, top, bottom, down ? top : bottom, last]);
  }
  ink(c, found, box);
  return false;
}
