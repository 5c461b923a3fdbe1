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

// Draws a trace between the ends of x; true if the page has no finer ranges for what is seen.
function drawTrace(c, trace, box, x, y, view, style) {
  c.strokeStyle = style.color;
  c.fillStyle = style.color;
  c.lineWidth = style.width;
  c.lineJoin = 'round';
  c.setLineDash(style.dash);
  const height = v => {
    if (y.log && !(v > 0)) return v === v ? box.top + box.height + 4 : NaN;
    // Browsers draw nothing of lines that are very long.
    return Math.min(box.top + 3 * box.height, Math.max(box.top - 2 * box.height, y.px(v)));
  };
  return trace.curve.exact ? points(c, trace, box, x, height, y, view) : ranges(c, trace, box, x, height, view, style);
}

function points(c, trace, box, x, height, y, view) {
  const xs = trace.curve.x, ys = trace.low, n = xs.length;
  const first = Math.max(0, upper(xs, view.min) - 1), end = Math.min(n, lower(xs, view.max) + 1);
  let pen = false;
  c.beginPath();
  const to = (px, v) => {
    const py = y.log && !(v > 0) ? NaN : height(v);
    if (py !== py) pen = false;
    else if (pen) c.lineTo(px, py);
    else {
      c.moveTo(px, py);
      pen = true;
    }
  };
  const clamp = px => Math.min(box.left + 2 * box.width, Math.max(box.left - box.width, px));
  const px = k => x.log && !(xs[k] > 0) ? box.left - box.width : clamp(x.px(xs[k]));
  if (end - first <= 2 * box.width) {
    for (let k = first; k < end; k++) to(px(k), ys[k]);
    c.stroke();
    if (end - first < box.width / ROOMY) {
      c.setLineDash([]);
      c.beginPath();
      for (let k = first; k < end; k++) {
        const py = height(ys[k]);
        if (py === py) {
          c.moveTo(px(k) + 2.5 * c.lineWidth, py);
          c.arc(px(k), py, 1.6 * c.lineWidth, 0, 2 * Math.PI);
        }
      }
      c.fill();
    }
    return false;
  }
  // Upright bars on whole pixels: far cheaper than a line with thousands of corners. A bar reaches to the end of the last one.
  let i = first, last = NaN;
  for (let column = 0; column < box.width && i < end; column++) {
    const j = lower(xs, x.value(box.left + column + 1), i, end);
    if (j === i) continue;
    let [low, high] = trace.pyramid.over(i, j);
    if (low <= high) {
      if (last < low) low = last;
      if (last > high) high = last;
      bar(c, box.left + column, height(high), height(low), c.lineWidth);
    }
    last = ys[j - 1];
    i = j;
  }
  return false;
}

// A column of ink, at least as high as a line is wide.
function bar(c, left, top, bottom, width) {
  const high = Math.max(bottom - top, width);
  c.fillRect(left, Math.round(0.5 * (top + bottom - high)), Math.max(1, Math.round(width)), Math.max(1, Math.round(high)));
}

function ranges(c, trace, box, x, height, view, style) {
  const ends = trace.curve.x, n = trace.curve.length;
  const first = Math.max(0, upper(ends, view.min) - 1), end = Math.min(n, lower(ends, view.max));
  if (end - first < box.width / 2) {
    // A stretch is several pixels wide: a box that holds the curve, as nothing finer is known.
    const top = [], bottom = [];
    c.globalAlpha = 0.28;
    c.beginPath();
    for (let k = first; k < end; k++) {
      if (!(trace.low[k] <= trace.high[k])) continue;
      const a = height(trace.high[k]), b = height(trace.low[k]);
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
  let k = first;
  for (let column = 0; column < box.width; column++) {
    const a = x.value(box.left + column), b = x.value(box.left + column + 1);
    const i = Math.max(k, upper(ends, a, k, end + 1) - 1), j = Math.min(end, Math.max(i + 1, lower(ends, b, i, end + 1)));
    if (i >= end || b < ends[first]) continue;
    k = i;
    // Neighbours share a point, so their bars touch.
    const [low, high] = trace.pyramid.over(i, j);
    if (low <= high) bar(c, box.left + column, height(high), height(low), c.lineWidth);
  }
  return false;
}
