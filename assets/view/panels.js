// Panels: one for each unit over each kind of axis. uPlot draws axes and grid, in shares of the panel from 0 to 1; what they mean
// is decided here, so that any unit and any zoom goes.

const state = {
  shown: [],            // keys of what is shown, in the order in which it was chosen
  complexAs: 'dbphase',
  apart: false,         // a panel for each signal
  fit: true,            // the vertical axis follows what is seen
  drag: 'zoom',
  active: 'a',          // the cursor that the next click places
  dark: null,
  colors: new Map(),
};

const axes = new Map(); // kinds of axis by unit
let panels = [];
let current = null;     // the axis that keys act on

const byId = id => document.getElementById(id);
function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') e.className = value;
    else if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (value === true) e.setAttribute(name, '');
    else if (value !== false && value != null) e.setAttribute(name, value);
  }
  e.append(...children.filter(c => c != null));
  return e;
}

// Okabe and Ito's palette, and the same lighter for a dark ground.
const LIGHT = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#a67c00', '#56b4e9', '#000000', '#7a5195'];
const DARK = ['#4fb0ec', '#ff8a3d', '#2fd3a5', '#f0a3cb', '#f0e442', '#9bd6ff', '#ffffff', '#c69ae6'];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

const isDark = () => state.dark ?? matchMedia('(prefers-color-scheme: dark)').matches;
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function mixed(a, b, share) {
  const of = hex => [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16));
  const [p, q] = [of(a), of(b)];
  return '#' + p.map((v, k) => Math.round(v + (q[k] - v) * share).toString(16).padStart(2, '0')).join('');
}

function styleOf(key, index, count) {
  if (!state.colors.has(key)) {
    const used = new Set(state.colors.values());
    let k = 0;
    while (used.has(k)) k++;
    state.colors.set(key, k);
  }
  const k = state.colors.get(key), palette = isDark() ? DARK : LIGHT;
  const share = count > 1 ? 0.55 * index / (count - 1) : 0;
  return {
    color: mixed(palette[k % palette.length], isDark() ? '#16191d' : '#ffffff', share),
    dash: DASHES[Math.floor(k / palette.length) % DASHES.length],
    width: 1.4,
  };
}

// The kind of axis of a group.
function axisOf(group) {
  const { name, unit, log } = group.axis;
  const key = unit || name;
  if (!axes.has(key)) {
    const nice = { s: 'time', Hz: 'frequency' }[unit] ?? name;
    axes.set(key, { key, name: nice, unit, log, min: null, max: null, full: [Infinity, -Infinity], positive: Infinity, cursors: {} });
  }
  return axes.get(key);
}

// What a key stands for: lines with their names. `s/group/signal`, or `p/pair` of two results.
function linesOf(key) {
  const [what, a, b] = key.split('/');
  if (what === 's') return signalLines(key, +a, +b);
  const pair = meta.compare.pairs[+a];
  const line = (which, role) => {
    const [g, curve, signal] = pair[which];
    return signalLines(key + '/' + role, g, signal, curve).map(l => ({ ...l, role, pair: +a }));
  };
  return [...line('reference', 'reference'), ...line('result', 'result'), ...line('error', 'error')];
}

function signalLines(key, g, signal, only) {
  const group = meta.groups[g], out = [];
  const several = meta.sources.length > 1;
  const curves = curvesOf[g].filter((_, k) => only === undefined || k === only);
  for (const part of parts(group, signal, state.complexAs)) {
    curves.forEach((curve, k) => {
      const file = group.source === null ? 'result − reference' : several ? meta.sources[group.source].name : '';
      out.push({
        key, group, signal, curve, part, index: k, count: curves.length, role: '',
        name: group.signals[signal].name, file, place: only === undefined ? curve.place : '',
        axis: axisOf(group),
      });
    });
  }
  return out;
}

function lines() {
  return state.shown.flatMap(linesOf);
}

// Puts what is shown into panels.
function arrange() {
  const wanted = new Map();
  for (const line of lines()) {
    const error = line.role === 'error';
    const own = state.apart ? line.pair !== undefined ? 'p' + line.pair : line.name : '';
    const key = [line.axis.key, error ? 'error' : line.part.name === 'phase' ? 'phase' : '', line.part.unit || line.part.view, own].join('|');
    if (!wanted.has(key)) {
      const name = error ? 'error' : state.apart && line.pair === undefined ? line.name : line.part.name;
      wanted.set(key, { key, name, unit: line.part.unit, axis: line.axis, error, lines: [] });
    }
    const panel = wanted.get(key);
    if (!error && panel.name !== line.part.name && !state.apart) panel.name = 'value';
    panel.lines.push(line);
  }
  // An error stands beneath what it is the error of, a phase beneath its magnitude.
  let ordered = [...wanted.values()];
  for (const error of ordered.filter(p => p.error)) {
    const above = ordered.filter(p => !p.error && p.lines.some(l => error.lines.some(e => e.pair === l.pair)));
    if (!above.length) continue;
    ordered = ordered.filter(p => p !== error);
    ordered.splice(ordered.indexOf(above[above.length - 1]) + 1, 0, error);
  }
  const main = byId('panels');
  const before = new Map(panels.map(p => [p.key, p]));
  for (const old of panels) if (!wanted.has(old.key)) {
    old.plot.destroy();
    old.root.remove();
  }
  panels = ordered.map(want => {
    const panel = before.get(want.key) ?? { logY: null, hold: null };
    Object.assign(panel, want);
    if (panel.logY === null) panel.logY = panel.lines[0].group.log && !['dB', '°'].includes(panel.unit);
    return panel;
  });
  for (const axis of axes.values()) {
    axis.full = [Infinity, -Infinity];
    axis.positive = Infinity;
  }
  for (const panel of panels) for (const { axis, curve } of panel.lines) {
    const x = curve.x;
    axis.full = [Math.min(axis.full[0], x[0]), Math.max(axis.full[1], x[x.length - 1])];
    axis.positive = Math.min(axis.positive, x[upper(x, 0)] ?? Infinity);
  }
  for (const axis of axes.values()) if (axis.min === null && axis.full[0] <= axis.full[1]) whole(axis);
  if (!panels.some(p => p.axis === current)) current = panels[0]?.axis ?? null;
  byId('empty').hidden = panels.length > 0;
  for (const panel of panels) {
    if (!panel.root) build(panel);
    main.append(panel.root);
    legend(panel);
  }
  resize();
  redraw();
}

// All that there is.
function whole(axis) {
  let [min, max] = axis.full;
  if (axis.log) min = Math.max(min, Math.min(axis.positive, max));
  if (min === max) [min, max] = axis.log ? [min / 2, max * 2] : [min - (Math.abs(min) || 1) * 0.5, max + (Math.abs(max) || 1) * 0.5];
  axis.min = min;
  axis.max = max;
}

// Shows another part of an axis, if it can be drawn.
function see(axis, min, max) {
  if (axis.log && (!(min > 0) || !(max > 0))) return;
  const size = Math.max(Math.abs(min), Math.abs(max));
  if (!(max - min > 1e-13 * size) || !Number.isFinite(max - min)) return;
  const [a, b] = axis.full;
  if (min > b || max < a) return;
  axis.min = min;
  axis.max = max;
  redraw();
}

const moved = (axis, f) => {
  const [to, from] = axis.log ? [Math.log, Math.exp] : [v => v, v => v];
  const [a, b] = f(to(axis.min), to(axis.max));
  see(axis, from(a), from(b));
};
const pan = (axis, share) => moved(axis, (a, b) => [a + share * (b - a), b + share * (b - a)]);
const zoom = (axis, factor, share = 0.5) => moved(axis, (a, b) => {
  const at = a + share * (b - a);
  return [at - (at - a) * factor, at + (b - at) * factor];
});

function build(panel) {
  const ink = () => css('--ink'), rule = () => css('--rule');
  const font = '12px system-ui, sans-serif';
  const shares = all => all.all.map(t => t.share);
  const axisOptions = (side, of) => ({
    side,
    stroke: ink,
    font,
    labelFont: font,
    grid: { stroke: rule, width: 1 },
    ticks: { stroke: rule, width: 1, size: 5 },
    splits: () => shares(of()),
    values: () => of().all.map(t => t.text),
  });
  panel.ticksX = panel.ticksY = { all: [] };
  panel.legend = element('div', { class: 'legend' });
  panel.holder = element('div', { class: 'holder' });
  panel.root = element('section', { class: 'panel', tabindex: '0', 'aria-label': 'panel ' + panel.name }, panel.legend, panel.holder);
  panel.plot = new uPlot({
    width: 600,
    height: 200,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 24, 0, 0],
    scales: { x: { time: false, range: () => [0, 1] }, y: { range: () => [0, 1] } },
    axes: [
      { ...axisOptions(2, () => panel.ticksX), label: () => panel.labelX, labelSize: 18, labelGap: 0, size: 26, gap: 3 },
      { ...axisOptions(3, () => panel.ticksY), label: () => panel.labelY, labelSize: 18, labelGap: 0, size: 62, gap: 4 },
    ],
    series: [{}, { scale: 'y', show: true }],
    hooks: { draw: [() => paint(panel)] },
  }, [[0, 1], [null, null]], panel.holder);
  panel.select = element('div', { class: 'select', hidden: true });
  panel.plot.over.append(panel.select);
  listen(panel);
}

// The vertical span of what is seen, with some air.
function vertical(panel) {
  const { axis } = panel;
  let low = Infinity, high = -Infinity, positive = Infinity;
  const [a, b] = state.fit ? [axis.min, axis.max] : axis.full;
  for (const line of panel.lines) {
    const [p, q] = line.curve.trace(line.signal, line.part.view).over(a, b);
    low = Math.min(low, p);
    high = Math.max(high, q);
    if (p > 0) positive = Math.min(positive, p);
  }
  if (!(low <= high)) [low, high] = [0, 1];
  if (panel.logY) {
    if (!(high > 0)) [low, high] = [0.1, 1];
    else if (!(low > 0)) low = Math.min(positive, high / 10, Math.max(high * 1e-6, smallest(panel, a, b)));
    if (high / low < 1.01) [low, high] = [low / 1.5, high * 1.5];
    const air = (high / low) ** 0.04;
    return [low / air, high * air];
  }
  let air = 0.05 * (high - low);
  if (air <= 1e-12 * Math.max(Math.abs(low), Math.abs(high))) air = 0.1 * Math.abs(high) || 0.5;
  return [low - air, high + air];
}

// The smallest value above 0 that is seen, looked for in at most some thousand places.
function smallest(panel, a, b) {
  let found = Infinity;
  for (const line of panel.lines) {
    const trace = line.curve.trace(line.signal, line.part.view), x = line.curve.x;
    const i = Math.max(0, upper(x, a) - 1), j = Math.min(trace.low.length, lower(x, b) + 1);
    for (let k = i; k < j; k += Math.max(1, Math.floor((j - i) / 4000))) if (trace.low[k] > 0) found = Math.min(found, trace.low[k]);
  }
  return Number.isFinite(found) ? found : 0;
}

function prepare(panel) {
  const { axis } = panel, width = panel.plot.over.clientWidth || 500, height = panel.plot.over.clientHeight || 150;
  const [low, high] = panel.hold ?? vertical(panel);
  panel.low = low;
  panel.high = high;
  const place = (made, min, max, log) => {
    const s = scale(min, max, log, 0, 1);
    for (const t of made.all) t.share = s.px(t.at);
    made.all = made.all.filter(t => t.share >= -1e-6 && t.share <= 1 + 1e-6);
    return made;
  };
  panel.ticksX = place(ticks(axis.min, axis.max, width / 90, axis.unit, axis.log), axis.min, axis.max, axis.log);
  panel.ticksY = place(ticks(low, high, Math.max(2, height / 32), panel.unit, panel.logY), low, high, panel.logY);
  panel.ticksX.fromUnit = axis.unit;
  panel.ticksY.fromUnit = panel.unit;
  panel.labelX = axisLabel(axis.name, panel.ticksX);
  panel.labelY = axisLabel(panel.name, panel.ticksY);
  // For those who cannot see the canvas, and for tests.
  const root = panel.root.dataset;
  [root.axis, root.min, root.max, root.low, root.high, root.unit] = [axis.key, axis.min, axis.max, low, high, panel.unit];
  root.labelX = panel.labelX;
  root.labelY = panel.labelY;
}

// Traces and cursors, over the axes that uPlot has drawn.
function paint(panel) {
  if (panel.low === undefined) return;
  const { plot, axis } = panel, c = plot.ctx, box = plot.bbox;
  const x = scale(axis.min, axis.max, axis.log, box.left, box.width);
  const y = scale(panel.low, panel.high, panel.logY, box.top + box.height, -box.height);
  c.save();
  c.beginPath();
  c.rect(box.left, box.top, box.width, box.height);
  c.clip();
  panel.limited = [];
  for (const line of panel.lines) {
    const trace = line.curve.trace(line.signal, line.part.view);
    const style = styleOf(line.key, line.index, line.count);
    style.width *= uPlot.pxRatio;
    style.dash = style.dash.map(d => d * uPlot.pxRatio);
    if (drawTrace(c, trace, box, x, y, axis, style)) panel.limited.push(line);
  }
  c.setLineDash([]);
  for (const which of ['a', 'b']) {
    const at = axis.cursors[which];
    if (at === undefined || at < axis.min || at > axis.max) continue;
    const px = Math.round(x.px(at)) + 0.5;
    c.strokeStyle = c.fillStyle = css('--cursor-' + which);
    c.lineWidth = uPlot.pxRatio;
    c.setLineDash(which === 'a' ? [] : [6 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
    c.beginPath();
    c.moveTo(px, box.top);
    c.lineTo(px, box.top + box.height);
    c.stroke();
    c.setLineDash([]);
    c.font = `bold ${12 * uPlot.pxRatio}px system-ui, sans-serif`;
    c.textAlign = px > box.left + box.width - 20 * uPlot.pxRatio ? 'right' : 'left';
    c.fillText(which.toUpperCase(), px + (c.textAlign === 'left' ? 4 : -4) * uPlot.pxRatio, box.top + 13 * uPlot.pxRatio);
    for (const line of panel.lines) {
      const found = line.curve.trace(line.signal, line.part.view).at(at);
      if (!found || (panel.logY && !(found.value > 0))) continue;
      c.beginPath();
      c.arc(px, y.px(found.value), 3 * uPlot.pxRatio, 0, 2 * Math.PI);
      c.fillStyle = styleOf(line.key, line.index, line.count).color;
      c.fill();
    }
  }
  c.restore();
}

// All panels, once for each frame.
let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const panel of panels) {
      prepare(panel);
      panel.plot.redraw(true, true);
    }
    queueMicrotask(() => {
      limits();
      readout();
    });
  });
}

// Panels share the height that legends leave, an error having less; where that is too little they can be scrolled.
function resize() {
  const main = byId('panels'), width = Math.max(240, main.clientWidth - 2);
  const share = panel => panel.error ? 0.7 : 1;
  const left = panels.reduce((sum, p) => sum - p.legend.offsetHeight - 1, main.clientHeight);
  const each = Math.min(640, left / Math.max(1, panels.reduce((sum, p) => sum + share(p), 0)));
  for (const panel of panels) {
    const height = Math.max(150, Math.floor(each * share(panel)));
    if (panel.width !== width || panel.height !== height) {
      panel.width = width;
      panel.height = height;
      panel.plot.setSize({ width, height });
    }
  }
}

const lineName = line => line.name
  + (line.part.view === 'value' ? '' : ' ' + { db: 'dB', phase: 'phase', mag: 'magnitude', re: 're', im: 'im' }[line.part.view])
  + (line.place ? ` [${line.place}]` : '');

function legend(panel) {
  const chips = [];
  let hidden = 0;
  for (const line of panel.lines) {
    if (chips.length >= 24) {
      hidden++;
      continue;
    }
    const style = styleOf(line.key, line.index, line.count);
    const swatch = element('span', { class: 'swatch' });
    swatch.style.borderTopColor = style.color;
    swatch.style.borderTopStyle = style.dash.length ? 'dashed' : 'solid';
    chips.push(element('span', { class: 'chip' }, swatch, lineName(line),
      line.file ? element('span', { class: 'file' }, line.role && line.role !== 'error' ? `${line.file} (${line.role})` : line.file) : null));
  }
  if (hidden) chips.push(element('span', { class: 'chip' }, `and ${hidden} more`));
  const logable = !['dB', '°'].includes(panel.unit);
  const log = element('button', {
    type: 'button', class: 'small', 'aria-pressed': String(Boolean(panel.logY)), title: 'Logarithmic vertical axis (l)',
    onclick: () => toggleLogY(panel),
  }, 'log y');
  panel.legend.replaceChildren(...chips, element('span', { class: 'space' }), ...(logable ? [log] : []));
}

function toggleLogY(panel) {
  if (['dB', '°'].includes(panel.unit)) return;
  panel.logY = !panel.logY;
  panel.hold = null;
  legend(panel);
  redraw();
}
