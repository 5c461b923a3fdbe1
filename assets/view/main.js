// The rest of the page: the tree of signals, buttons and keys, what is said beneath the panels.

let silence = null;
function say(text) {
  byId('said').textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { byId('said').textContent = ''; }, 6000);
}

// --- The tree -------------------------------------------------------------------------------------------------------------

// `v(x1.x2.mem)` is `v(mem)` in `x2` in `x1`; `/I0/mem` and `I0.mem` are `mem` in `I0`. A number such as `0.5` is no hierarchy.
function pathOf(name) {
  const call = /^([A-Za-z]\w*)\(([^()]*)\)$/.exec(name);
  const inner = (call ? call[2] : name).replace(/^\//, '');
  if (!/^[^\s()+*=,]*$/.test(inner)) return [name];
  const path = inner.split(/[./]/);
  if (path.length < 2 || path.some(p => p === '' || /^\d+$/.test(p))) return [name];
  const leaf = path.pop();
  return [...path, call ? `${call[1]}(${leaf})` : leaf];
}

// Leaves with a key, in branches.
const roots = [];
const leaves = new Map();
function branch(label, parent) {
  const b = { label, children: [], named: new Map(), open: false, parent };
  (parent ? parent.children : roots).push(b);
  return b;
}

function grow() {
  if (meta.compare) {
    const top = branch('compared', null);
    top.open = true;
    top.head = true;
    meta.compare.pairs.forEach((pair, k) => {
      const [g, , s] = pair.result, group = meta.groups[g], [eg] = pair.error;
      const curve = curvesOf[g].length > 1 ? ` [${curvesOf[g][pair.result[1]].place}]` : '';
      const unit = meta.groups[eg].signals[0].unit;
      plant(top, { key: 'p/' + k, label: group.signals[s].name + curve, full: group.signals[s].name, path: [], pair, unit, within: pair.within });
    });
  }
  meta.groups.forEach((group, g) => {
    if (group.source === null) return;
    const file = meta.sources[group.source].name, several = meta.sources.length > 1;
    const count = group.curves.length > 1 ? ` (${group.curves.length} curves)` : '';
    const top = branch((several ? file + ': ' : '') + group.label + count, null);
    top.head = true;
    top.open = true;
    top.title = group.title;
    group.signals.forEach((signal, s) => {
      const path = pathOf(signal.name), label = path.pop();
      let at = top;
      for (const step of path) {
        if (!at.named.has(step)) at.named.set(step, branch(step, at));
        at = at.named.get(step);
      }
      const value = group.axis ? null : curvesOf[g];
      plant(at, { key: `s/${g}/${s}`, label, full: signal.name, unit: signal.unit, value, g, s });
    });
  });
}

function plant(parent, leaf) {
  leaf.parent = parent;
  parent.children.push(leaf);
  leaves.set(leaf.key, leaf);
}

const under = b => b.key ? [b] : b.children.flatMap(under);
const drawable = leaf => !leaf.value;

// Results without an axis have values instead of boxes.
function valueText(leaf) {
  const all = leaf.value.slice(0, 4).map(curve => {
    const y = curve.block(leaf.s, 0), group = curve.group;
    const text = group.complex
      ? `${significant(y[0], 6)} + ${significant(y[1], 6)}j` + (leaf.unit ? ' ' + leaf.unit : '')
      : engineering(y[0], leaf.unit, 7);
    return (curve.place ? curve.place + ': ' : '') + text;
  });
  return all.join('; ') + (leaf.value.length > 4 ? ' …' : '');
}

const MOST_FOUND = 500;
let query = '';

function leafItem(leaf, name) {
  const item = element('li');
  if (!drawable(leaf)) {
    item.append(element('span', { title: leaf.full }, name, ' '), element('span', { class: 'value' }, valueText(leaf)));
    return item;
  }
  const box = element('input', {
    type: 'checkbox', 'data-key': leaf.key,
    onchange: event => show([leaf.key], event.target.checked),
  });
  box.checked = state.shown.includes(leaf.key);
  const label = element('label', { title: leaf.full }, box, ' ', name);
  if (leaf.pair) {
    label.append(' ', element('span', { class: leaf.within ? 'good' : 'bad' },
      `${leaf.within ? 'within' : 'outside'}, ${engineering(leaf.pair.largest ?? NaN, leaf.unit, 3)}`));
  }
  item.append(label);
  return item;
}

function branchItem(b) {
  const item = element('li', { class: 'branch' });
  const inner = under(b).filter(drawable);
  const list = element('ul', { hidden: !b.open });
  const fill = () => {
    if (!list.childElementCount) list.append(...b.children.map(c => c.key ? leafItem(c, c.label) : branchItem(c)));
  };
  if (b.open) fill();
  const toggle = element('button', {
    type: 'button', 'aria-expanded': String(b.open), 'aria-label': (b.open ? 'Close ' : 'Open ') + b.label,
    onclick: () => {
      b.open = !b.open;
      toggle.setAttribute('aria-expanded', String(b.open));
      toggle.textContent = b.open ? '▾' : '▸';
      fill();
      list.hidden = !b.open;
    },
  }, b.open ? '▾' : '▸');
  item.append(toggle);
  if (inner.length) {
    const box = element('input', { type: 'checkbox', onchange: event => show(inner.map(l => l.key), event.target.checked) });
    const shown = inner.filter(l => state.shown.includes(l.key)).length;
    box.checked = shown === inner.length;
    box.indeterminate = shown > 0 && shown < inner.length;
    item.append(element('label', { class: b.head ? 'head' : null, title: b.title || null }, box, ' ', b.label,
      element('span', { class: 'count' }, ` ${inner.length}`)));
  } else {
    item.append(element('span', { class: b.head ? 'head' : null, title: b.title || null }, b.label));
  }
  item.append(list);
  return item;
}

const found = () => [...leaves.values()].filter(l => query.split(/\s+/).every(word => l.full.toLowerCase().includes(word)));

function drawTree() {
  const list = element('ul');
  if (query) {
    const all = found();
    for (const leaf of all.slice(0, MOST_FOUND)) {
      const where = meta.sources.length > 1 && leaf.g !== undefined ? `  ${meta.sources[meta.groups[leaf.g].source].name}` : leaf.pair ? '  compared' : '';
      const item = leafItem(leaf, leaf.full);
      if (where) item.append(element('span', { class: 'file' }, where));
      list.append(item);
    }
    if (all.length > MOST_FOUND) list.append(element('li', { class: 'faint' }, `and ${all.length - MOST_FOUND} more`));
    if (!all.length) list.append(element('li', { class: 'faint' }, 'no signal has this in its name'));
  } else {
    list.append(...roots.map(branchItem));
  }
  const tree = byId('tree'), focused = document.activeElement?.dataset?.key, at = byId('tree').parentElement.scrollTop;
  tree.replaceChildren(list);
  tree.parentElement.scrollTop = at;
  if (focused) tree.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

// More would be slow, and could not be told apart.
const MOST_SHOWN = 400;

function show(keys, on) {
  const set = new Set(state.shown);
  for (const key of keys) if (on) set.add(key); else set.delete(key);
  let shown = [...set];
  let curves = 0;
  const kept = shown.filter(key => (curves += key[0] === 'p' ? 3 : meta.groups[+key.split('/')[1]].curves.length) <= MOST_SHOWN || key === shown[0]);
  if (kept.length < shown.length) say(`At most ${MOST_SHOWN} curves are shown at a time; ${shown.length - kept.length} signals were left out.`);
  shown = kept;
  for (const key of state.shown) if (!shown.includes(key)) for (const k of [...state.colors.keys()]) if (k === key || k.startsWith(key + '/')) state.colors.delete(k);
  state.shown = shown;
  arrange();
  drawTree();
}

// --- Beneath the panels -----------------------------------------------------------------------------------------------------

// Says where the page has nothing finer.
function limits() {
  const at = panels.flatMap(p => p.limited ?? []);
  const box = byId('limit');
  box.classList.toggle('at', at.length > 0);
  const names = [...new Set(at.map(lineName))];
  const text = at.length
    ? `At the page's finest level: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ' …' : ''} ${names.length > 1 ? 'are' : 'is'} known as the ` +
      `range of each stretch of up to ${Math.max(...at.map(l => l.curve.info.bucket))} steps (at most ` +
      `${engineering(Math.max(...at.map(l => l.curve.info.widest)), at[0].axis.unit, 3)}); the curve runs somewhere inside the boxes.`
    : '';
  if (box.textContent !== text) box.textContent = text;
}

function readout() {
  const box = byId('cursors'), tables = [];
  for (const axis of axes.values()) {
    const { a, b } = axis.cursors;
    const own = panels.filter(p => p.axis === axis);
    if (!own.length || (a === undefined && b === undefined)) continue;
    const digits = 9, x = v => v === undefined ? '' : engineering(v, axis.unit, digits);
    const both = a !== undefined && b !== undefined, d = b - a;
    const inverse = { s: 'Hz', Hz: 's' }[axis.unit] ?? (axis.unit ? '1/' + axis.unit : '');
    const head = element('thead', {}, element('tr', {},
      element('th', {}, axis.name), element('th', { 'data-cursor': 'a', 'data-value': a }, a === undefined ? '' : 'A: ' + x(a)),
      element('th', { 'data-cursor': 'b', 'data-value': b }, b === undefined ? '' : 'B: ' + x(b)),
      element('th', { 'data-cursor': 'delta', 'data-value': both ? d : null }, both ? 'Δ = B − A: ' + engineering(d, axis.unit, 7) : ''),
      element('th', {}, both && d !== 0 ? '1/Δ: ' + engineering(1 / d, inverse, 7) : '')));
    const rows = own.flatMap(p => p.lines).slice(0, 200).map(line => {
      const trace = line.curve.trace(line.signal, line.part.view), unit = line.part.unit;
      const p = a === undefined ? null : trace.at(a), q = b === undefined ? null : trace.at(b);
      const delta = p && q ? { value: q.value - p.value, error: q.error + p.error } : null;
      const data = (name, f) => f ? { 'data-cell': name, 'data-value': f.value, 'data-error': f.error } : { 'data-cell': name };
      const style = styleOf(line.key, line.index, line.count);
      const swatch = element('span', { class: 'swatch' });
      swatch.style.borderTopColor = style.color;
      return element('tr', { 'data-signal': line.name, 'data-view': line.part.view, 'data-file': line.file, 'data-role': line.role },
        element('td', {}, swatch, lineName(line), line.file ? element('span', { class: 'file' }, '  ' + line.file) : null),
        element('td', data('a', p), a === undefined ? '' : withError(p, unit)),
        element('td', data('b', q), b === undefined ? '' : withError(q, unit)),
        element('td', data('delta', delta), delta ? 'Δ ' + withError(delta, unit) : ''),
        element('td', {}));
    });
    tables.push(element('table', { 'data-axis': axis.key }, head, element('tbody', {}, ...rows)));
  }
  box.replaceChildren(...tables);
}

// How exact the page is, in plain words.
function exactness() {
  if (meta.compare) {
    const lines = meta.compare.verdict.trim().split('\n'), box = byId('comparison');
    box.hidden = false;
    box.querySelector('summary').textContent = 'Comparison: ' + (lines.findLast(l => /^(within|outside) tolerance/.test(l)) ?? '');
    byId('verdict').textContent = meta.compare.verdict;
  }
  const about = byId('about'), own = meta.groups.map((g, k) => [g, curvesOf[k]]).filter(([g]) => g.axis);
  const curves = own.flatMap(([, c]) => c), read = meta.groups.flatMap((g, k) => g.source === null ? [] : curvesOf[k]);
  const points = read.reduce((sum, c) => sum + c.info.points, 0);
  const joined = curves.filter(c => !c.exact);
  const summary = joined.length
    ? `How exact this page is: ranges of stretches of up to ${Math.max(...joined.map(c => c.info.bucket))} steps`
    : points === 1 ? 'Exact: all digits are in this page' : `Exact: all ${points} points are in this page, with all their digits`;
  document.querySelector('#exactness summary').textContent = summary;
  const add = text => about.append(element('p', {}, text));
  for (const [group, all] of own) {
    const name = group.source === null ? `error of ${group.signals[0].name}` : `${meta.sources[group.source].name}: ${group.label}`;
    const n = all.reduce((sum, c) => sum + c.info.points, 0), reduced = all.filter(c => !c.exact);
    if (!reduced.length) {
      add(`${name}: all ${n} points, as 64-bit numbers; between two points the straight line.`);
      continue;
    }
    const bucket = Math.max(...reduced.map(c => c.info.bucket)), widest = Math.max(...reduced.map(c => c.info.widest));
    add(`${name}: of ${n} points the page has stretches of ${bucket} steps or fewer, each at most ${engineering(widest, group.axis.unit, 3)} long. ` +
      'Of each it knows where it begins and ends (exactly), and the smallest and the largest value of the signal in it (to 1.2e-7 of the ' +
      'value, rounded outwards). At a place within a stretch the signal is between the two; cursors give the middle and half the difference. ' +
      'How far apart the two are at most:');
    const list = element('ul');
    group.signals.slice(0, 200).forEach((signal, s) => parts(group, s, 'dbphase').forEach((part, k) => {
      const widestValue = Math.max(...reduced.map(c => c.info.y[s][k][2]));
      list.append(element('li', {}, `${signal.name}${part.view === 'value' ? '' : ' ' + part.name}: ${engineering(widestValue, part.unit, 3)}`));
    }));
    if (group.signals.length > 200) list.append(element('li', {}, `and ${group.signals.length - 200} more`));
    about.append(list);
  }
  for (const [group, all] of own) group.signals.forEach((signal, s) => {
    const missing = all.reduce((sum, c) => sum + c.info.y[s].reduce((m, b) => Math.max(m, b[3]), 0), 0);
    if (missing) add(`${signal.name}: ${missing} values are no finite numbers and are not drawn.`);
  });
  for (const source of meta.sources) for (const remark of source.remarks) add(`${source.name}: ${remark}`);
  add(`Made by neurospice ${meta.neurospice} from ${meta.sources.map(s => `${s.name} (${s.format})`).join(', ')}. This page fetches nothing.`);
}

// --- Buttons and keys ---------------------------------------------------------------------------------------------------------

const press = (id, on) => byId(id).setAttribute('aria-pressed', String(on));

const actions = {
  in: () => current && zoom(current, 0.5),
  out: () => current && zoom(current, 2),
  reset: () => {
    for (const axis of axes.values()) whole(axis);
    for (const panel of panels) panel.hold = null;
    redraw();
  },
  drag: () => {
    state.drag = state.drag === 'zoom' ? 'pan' : 'zoom';
    byId('drag').textContent = 'Drag: ' + state.drag;
  },
  logx: () => {
    if (!current) return;
    if (!current.log && !(current.full[1] > 0)) return say('A logarithmic axis needs values above 0.');
    current.log = !current.log;
    press('logx', current.log);
    whole(current);
    redraw();
  },
  logy: () => panels.filter(p => p.axis === current).forEach(toggleLogY),
  fit: () => {
    state.fit = !state.fit;
    press('fit', state.fit);
    for (const panel of panels) panel.hold = null;
    redraw();
  },
  apart: () => {
    state.apart = !state.apart;
    press('apart', state.apart);
    arrange();
  },
  png: exportPng,
  csv: exportCsv,
  theme: () => {
    state.dark = !isDark();
    document.documentElement.dataset.theme = state.dark ? 'dark' : 'light';
    theme();
  },
  help: () => {
    const keys = byId('keys');
    keys.hidden = !keys.hidden;
    byId('help').setAttribute('aria-expanded', String(!keys.hidden));
    resize();
  },
  all: () => show((query ? found() : [...leaves.values()]).filter(drawable).map(l => l.key), true),
  none: () => show([...state.shown], false),
};

function theme() {
  byId('theme').textContent = isDark() ? 'Light' : 'Dark';
  for (const panel of panels) legend(panel);
  redraw();
}

function cursorAt(which) {
  if (!current) return;
  state.active = which;
  const share = pointerAt?.axis === current ? pointerAt.share : 0.5;
  setCursor(current, which, scale(current.min, current.max, current.log, 0, 1).value(share));
}

const keys = {
  '+': actions.in, '=': actions.in, '-': actions.out, 0: actions.reset, r: actions.reset,
  ArrowLeft: () => current && pan(current, -0.1), ArrowRight: () => current && pan(current, 0.1),
  a: () => cursorAt('a'), b: () => cursorAt('b'),
  ',': () => current && stepCursor(current, -1), '.': () => current && stepCursor(current, 1),
  c: () => {
    for (const axis of axes.values()) axis.cursors = {};
    state.active = 'a';
    redraw();
  },
  x: actions.logx, l: actions.logy, f: actions.fit, p: actions.apart, d: actions.theme, '?': actions.help,
  '/': () => byId('search').focus(),
};

function start() {
  grow();
  for (const [id, action] of Object.entries(actions)) byId(id)?.addEventListener('click', action);
  byId('complex').hidden = !meta.groups.some(g => g.complex && g.axis);
  byId('as').addEventListener('change', event => {
    state.complexAs = event.target.value;
    arrange();
  });
  byId('search').addEventListener('input', event => {
    query = event.target.value.trim().toLowerCase();
    drawTree();
  });
  byId('search').addEventListener('keydown', event => {
    if (event.key === 'Enter' && query) actions.all();
    if (event.key === 'Escape') {
      event.target.value = query = '';
      drawTree();
      event.target.blur();
    }
  });
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.('input[type=search], select')) return;
    if (event.key === ' ' || event.key === 'Enter' || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', theme);
  new ResizeObserver(() => {
    resize();
    redraw();
  }).observe(byId('panels'));
  exactness();
  if (![...leaves.values()].some(drawable)) byId('empty').textContent = 'These results have no axis; their values are on the left.';
  first();
  drawTree();
  theme();
  press('logx', Boolean(current?.log));
}

// What is shown at first: what was asked for; of a comparison the worst signal; else the first few voltages.
function first() {
  const all = [...leaves.values()].filter(drawable);
  let keys = [];
  if (meta.compare?.pairs.length) {
    const order = meta.compare.pairs.map((p, k) => [p, k]).sort(([p], [q]) => p.within - q.within);
    keys = ['p/' + order[0][1]];
  } else {
    const signals = all.filter(l => l.key[0] === 's');
    // Results of one kind of axis: of the first that has one.
    const axis = signals[0] && (g => g.unit || g.name)(meta.groups[signals[0].g].axis);
    const same = signals.filter(l => (g => g.unit || g.name)(meta.groups[l.g].axis) === axis && !l.full.endsWith('-sweep'));
    const volts = same.filter(l => l.unit === same[0].unit);
    keys = (meta.chosen ? same : volts.length ? volts : same).slice(0, meta.chosen ? 12 : 6).map(l => l.key);
  }
  state.shown = keys;
  arrange();
}

start();
