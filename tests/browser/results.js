// Results for the tests, and the truth about them: SPICE3 raw files read and written here, independent of the program.

import fs from 'node:fs';

// A binary raw file of real columns: names, types, and a function that gives a point.
export function writeRaw(path, title, columns, points, value) {
  const file = fs.openSync(path, 'w');
  const variables = columns.map(([name, type], k) => `\t${k}\t${name}\t${type}\n`).join('');
  fs.writeSync(file, `Title: ${title}\nDate: Thu Jan  1 00:00:00 1970\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: ${columns.length}\n`
    + `No. Points: ${points}\nVariables:\n${variables}Binary:\n`);
  const many = 1 << 16, row = columns.length;
  const numbers = new Float64Array(many * row);
  for (let k = 0; k < points; k += many) {
    const n = Math.min(many, points - k);
    for (let i = 0; i < n; i++) for (let c = 0; c < row; c++) numbers[i * row + c] = value(k + i, c);
    fs.writeSync(file, new Uint8Array(numbers.buffer, 0, n * row * 8));
  }
  fs.closeSync(file);
}

// All plots of a binary raw file: { name, columns: [names], data: [arrays] }, of a complex one arrays of [re, im].
export function readRaw(path) {
  const bytes = fs.readFileSync(path), plots = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf('Binary:\n', at);
    if (end < 0) throw new Error(`${path}: no 'Binary:' after byte ${at}`);
    const head = bytes.toString('latin1', at, end);
    const field = name => new RegExp(`^${name}: *(.*)$`, 'm').exec(head)[1].trim();
    const n = Number(field('No. Points')), m = Number(field('No. Variables')), complex = field('Flags').includes('complex');
    const columns = head.slice(head.indexOf('Variables:\n') + 11).trim().split('\n').map(l => l.trim().split(/\s+/)[1]);
    const start = end + 8, parts = complex ? 2 : 1;
    const data = columns.map(() => new Array(n));
    for (let k = 0; k < n; k++) for (let c = 0; c < m; c++) {
      const place = start + 8 * parts * (k * m + c);
      data[c][k] = complex ? [bytes.readDoubleLE(place), bytes.readDoubleLE(place + 8)] : bytes.readDoubleLE(place);
    }
    plots.push({ name: field('Plotname'), columns, data });
    at = start + 8 * parts * n * m;
  }
  return plots;
}

// The value at x on the straight line between the points.
export function interpolate(xs, ys, x) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle; else high = middle;
  }
  if (xs[high] <= x) return ys[high];
  if (xs[low] === x) return ys[low];
  return ys[low] + (ys[high] - ys[low]) * ((x - xs[low]) / (xs[high] - xs[low]));
}
