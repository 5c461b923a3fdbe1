// Numbers for people: a power of 1000 written as a prefix, ticks at round numbers.

const PREFIXES = ['a', 'f', 'p', 'n', 'µ', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

const takesPrefix = unit => unit !== '' && !['dB', '°', 'rad', '°C', '%'].includes(unit) && !/[²³^/·]/.test(unit);

// The factor and the prefix for a largest magnitude.
function prefix(magnitude, unit) {
  if (!takesPrefix(unit) || !Number.isFinite(magnitude) || magnitude <= 0) return [1, ''];
  const k = Math.min(6, Math.max(-6, Math.floor(Math.log10(magnitude * (1 + 1e-9)) / 3)));
  return [1000 ** k, PREFIXES[k + 6]];
}

// A number with so many significant digits, without trailing zeros.
function significant(value, digits) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e7) {
    const text = value.toPrecision(digits);
    return text.includes('e') ? String(Number(text)) : text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
  return value.toExponential(digits - 1).replace(/\.?0+e/, 'e').replace('e+', 'e');
}

// 1.234 ms
function engineering(value, unit, digits = 6) {
  if (!Number.isFinite(value)) return String(value);
  // Rounding comes first: 999.96 is 1 k at four digits.
  const [factor, letter] = prefix(Math.abs(Number(value.toPrecision(digits))), unit);
  return significant(value / factor, digits) + (letter + unit ? '\u2009' + letter + unit : '');
}

// A value and its error, as one: 1.2345(12) would be short, but few read it.
function withError(found, unit) {
  if (!found) return '–';
  const digits = found.error > 0 && found.value !== 0
    ? Math.min(9, Math.max(2, Math.ceil(Math.log10(Math.abs(found.value) / found.error)) + 2))
    : 7;
  return engineering(found.value, unit, digits) + (found.error > 0 ? ' ± ' + engineering(found.error, unit, 2) : '');
}

// 1, 2 or 5 times a power of ten, at least x.
function round(x) {
  const power = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 5, 10].map(m => m * power).find(step => step >= x * (1 - 1e-9));
}

// The ticks between two values, at most about `most` of them: { at, text } and what belongs into the axis' label.
function ticks(min, max, most, unit, log) {
  if (log && max / min >= 5) return logTicks(min, max, most, unit);
  const step = round((max - min) / Math.max(1, most));
  const first = Math.ceil(min / step - 1e-9), last = Math.floor(max / step + 1e-9);
  // One number alone tells no scale.
  if (last - first < 1 && most < 16) return ticks(min, max, 2 * most, unit, log);
  const largest = Math.max(Math.abs(min), Math.abs(max));
  // Zoomed in far from zero, the labels count from a round number that the axis' label names.
  let from = 0;
  if (largest / step > 2e5) from = Math.round(first + (last - first) / 2) * step;
  const far = from ? Math.max(Math.abs(min - from), Math.abs(max - from)) : largest;
  const [factor, letter] = prefix(far, unit);
  const decimals = Math.max(0, Math.min(12, -Math.floor(Math.log10(step / factor) + 1e-9)));
  const all = [];
  const plain = far / factor < 1e6 && step / factor > 1e-7;
  for (let k = first; k <= last && all.length < 100; k++) {
    const at = k * step, shown = (at - from) / factor;
    const text = plain ? shown.toFixed(decimals) : significant(shown, 4);
    all.push({ at, text: /^-0(\.0*)?$/.test(text) ? text.slice(1) : text });
  }
  return { all, unit: letter + unit, from };
}

// Decades, with the numbers between them as lines.
function logTicks(min, max, most, unit) {
  const low = Math.floor(Math.log10(min) + 1e-9), high = Math.ceil(Math.log10(max) - 1e-9);
  const decades = high - low;
  const skip = Math.max(1, Math.ceil(decades / Math.max(1, most)));
  const numbers = decades <= 2 ? [1, 2, 5] : [1];
  const all = [];
  for (let e = low; e <= high; e++) {
    for (let m = 1; m < 10; m++) {
      const at = Number(m + 'e' + e);
      if (at < min * (1 - 1e-9) || at > max * (1 + 1e-9) || (m > 1 && skip > 1)) continue;
      const [factor, letter] = prefix(at, unit);
      const labelled = numbers.includes(m) && (m > 1 || e % skip === 0);
      // Far out of the prefixes a power of ten says it better.
      const text = takesPrefix(unit) ? significant(at / factor, 3) + letter : significant(at, 3);
      all.push({ at, text: labelled ? text : null });
    }
  }
  return { all, unit, from: 0, each: true };
}

// "time (ms)", "time − 1.25 s (ns)"
function axisLabel(name, made) {
  const from = made.from ? ' − ' + engineering(made.from, made.fromUnit, 16) : '';
  return name + from + (made.unit ? ` (${made.unit})` : '');
}
