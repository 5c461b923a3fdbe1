// What is seen as a picture, and as a table.

function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = element('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const fileName = ending => (meta.title.replace(/^.*[/\\]/, '').replace(/\.[A-Za-z0-9]+$/, '').replace(/[^\p{L}\p{N}._-]+/gu, '_') || 'view') + ending;

function exportPng() {
  if (!panels.length) return say('Nothing is shown.');
  const ratio = uPlot.pxRatio, gap = 8 * ratio, line = 20 * ratio;
  const width = Math.max(...panels.map(p => p.plot.ctx.canvas.width)) + 2 * gap;
  const measure = document.createElement('canvas').getContext('2d');
  const font = `${13 * ratio}px system-ui, sans-serif`;
  measure.font = font;
  // The legend, in as many rows as it needs.
  const rows = panels.map(panel => {
    const all = [[]];
    let used = 0;
    for (const l of panel.lines) {
      const text = lineName(l) + (l.file ? '  ' + l.file : ''), w = measure.measureText(text).width + 50 * ratio;
      if (used + w > width - 2 * gap && used > 0) {
        all.push([]);
        used = 0;
      }
      all[all.length - 1].push([l, text, used]);
      used += w;
    }
    return all;
  });
  const height = panels.reduce((sum, p, k) => sum + p.plot.ctx.canvas.height + rows[k].length * line + gap, 2 * line);
  const canvas = element('canvas');
  canvas.width = width;
  canvas.height = height;
  const c = canvas.getContext('2d');
  c.fillStyle = css('--ground');
  c.fillRect(0, 0, width, height);
  c.fillStyle = css('--ink');
  c.font = `bold ${14 * ratio}px system-ui, sans-serif`;
  c.fillText(meta.title, gap, line * 1.1);
  let y = 2 * line;
  panels.forEach((panel, k) => {
    for (const row of rows[k]) {
      for (const [l, text, left] of row) {
        const style = styleOf(l.key, l.index, l.count);
        c.strokeStyle = style.color;
        c.lineWidth = 2 * ratio;
        c.setLineDash(style.dash.map(d => d * ratio));
        c.beginPath();
        c.moveTo(gap + left, y - 4 * ratio);
        c.lineTo(gap + left + 22 * ratio, y - 4 * ratio);
        c.stroke();
        c.font = font;
        c.fillText(text, gap + left + 28 * ratio, y);
      }
      y += line;
    }
    const source = panel.plot.ctx.canvas;
    c.drawImage(source, gap, y - line + 4 * ratio);
    y += source.height + gap;
  });
  canvas.toBlob(blob => {
    download(fileName('.png'), blob);
    say('The view was saved as a picture.');
  });
}

const cell = text => /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;

// A table of the visible span: all points of what is shown, or the ends and ranges of its stretches. Signals over the same points
// share an axis; others follow with an axis of their own.
function csvTable() {
  const columns = [];
  const blocks = new Map();
  let joined = 0;
  for (const panel of panels) for (const line of panel.lines) {
    if (!blocks.has(line.curve)) blocks.set(line.curve, []);
    blocks.get(line.curve).push(line);
  }
  for (const [curve, all] of blocks) {
    const axis = all[0].axis, x = curve.x;
    const several = blocks.size > 1 ? ` [${[all[0].file, curve.place].filter(Boolean).join(' ') || all[0].group.label}]` : '';
    const name = curve.group.axis.name;
    const first = lower(x, axis.min), end = upper(x, axis.max);
    const label = line => ({ db: 'db(', phase: 'phase(', mag: 'mag(', re: 're(', im: 'im(', value: '' })[line.part.view] + line.name
      + (line.part.view === 'value' ? '' : ')');
    const unique = [...new Map(all.map(l => [l.signal + l.part.view, l])).values()];
    if (curve.exact) {
      columns.push([name + several, k => x[k], first, end]);
      for (const line of unique) {
        const trace = curve.trace(line.signal, line.part.view);
        columns.push([label(line) + several, k => trace.low[k], first, end]);
      }
    } else {
      joined = Math.max(joined, curve.info.bucket);
      const from = Math.max(0, upper(x, axis.min) - 1), to = Math.min(curve.length, lower(x, axis.max));
      columns.push([name + ' from' + several, k => x[k], from, to], [name + ' to' + several, k => x[k + 1], from, to]);
      for (const line of unique) {
        const trace = curve.trace(line.signal, line.part.view);
        columns.push([label(line) + ' smallest' + several, k => trace.low[k], from, to]);
        columns.push([label(line) + ' largest' + several, k => trace.high[k], from, to]);
      }
    }
  }
  const rows = Math.max(0, ...columns.map(c => c[3] - c[2]));
  const parts = [columns.map(c => cell(c[0])).join(',') + '\n'];
  let text = '';
  for (let r = 0; r < rows; r++) {
    text += columns.map(([, value, first, end]) => first + r < end ? String(value(first + r)) : '').join(',') + '\n';
    if (text.length > 1 << 20) {
      parts.push(text);
      text = '';
    }
  }
  parts.push(text);
  return { parts, rows, joined };
}

function exportCsv() {
  if (!panels.length) return say('Nothing is shown.');
  const { parts, rows, joined } = csvTable();
  download(fileName('.csv'), new Blob(parts, { type: 'text/csv' }));
  say(joined
    ? `${rows} rows were saved. A row is a stretch of up to ${joined} steps: each signal is between its smallest and its largest value there.`
    : `${rows} rows were saved: all points of the span, with all their digits.`);
}
