// Mouse and touch on a panel.
function listen(panel) {
  const over = panel.plot.over, { axis } = panel;
  const place = event => {
    const r = over.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - r.left) / r.width));
  };
  const at = share => scale(axis.min, axis.max, axis.log, 0, 1).value(share);
  let down = null;
  over.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    current = axis;
    panel.root.focus({ preventScroll: true });
    over.setPointerCapture(event.pointerId);
    const share = place(event), near = 5 / over.clientWidth;
    const s = scale(axis.min, axis.max, axis.log, 0, 1);
    const grabbed = ['a', 'b'].find(w => axis.cursors[w] !== undefined && Math.abs(s.px(axis.cursors[w]) - share) < near);
    const panning = event.shiftKey !== (state.drag === 'pan');
    down = { share, last: share, moved: false, grabbed, mode: grabbed && !event.shiftKey ? 'cursor' : panning ? 'pan' : 'zoom', x: event.clientX };
  });
  over.addEventListener('pointermove', event => {
    panel.pointer = place(event);
    pointerAt = { axis, share: panel.pointer };
    if (!down) return;
    const share = place(event);
    if (!down.moved && Math.abs(event.clientX - down.x) < 4) return;
    down.moved = true;
    if (down.mode === 'pan') {
      const r = over.getBoundingClientRect(), free = (event.clientX - r.left) / r.width;
      pan(axis, down.last - free);
      down.last = free;
    } else if (down.mode === 'cursor') {
      state.active = down.grabbed;
      setCursor(axis, down.grabbed, at(share));
    } else {
      const [a, b] = [Math.min(share, down.share), Math.max(share, down.share)];
      panel.select.hidden = false;
      panel.select.style.left = 100 * a + '%';
      panel.select.style.width = 100 * (b - a) + '%';
    }
  });
  const up = event => {
    if (!down) return;
    const was = down, share = place(event);
    down = null;
    panel.select.hidden = true;
    if (event.type === 'pointercancel') return;
    if (!was.moved) {
      const which = event.ctrlKey || event.metaKey || event.altKey ? 'b' : state.active;
      setCursor(axis, which, at(share));
    } else if (was.mode === 'zoom') {
      const [a, b] = [Math.min(share, was.share), Math.max(share, was.share)];
      see(axis, at(a), at(b));
    }
  };
  over.addEventListener('pointerup', up);
  over.addEventListener('pointercancel', up);
  over.addEventListener('pointerleave', () => { pointerAt = null; });
  panel.root.addEventListener('focus', () => { current = axis; });
  panel.root.addEventListener('wheel', event => {
    if (!panel.holder.contains(event.target)) return;
    event.preventDefault();
    current = axis;
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const along = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (Math.abs(along) > 0 && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      pan(axis, along * unit / 1200);
    } else if (event.altKey) {
      const r = over.getBoundingClientRect(), share = 1 - (event.clientY - r.top) / r.height;
      const s = scale(panel.low, panel.high, panel.logY, 0, 1), f = Math.exp(event.deltaY * unit / 500);
      panel.hold = [s.value(share - share * f), s.value(share + (1 - share) * f)];
      redraw();
    } else {
      zoom(axis, Math.exp(event.deltaY * unit / 500), place(event));
    }
  }, { passive: false });
}
let pointerAt = null;

function setCursor(axis, which, at) {
  const [a, b] = axis.full;
  axis.cursors[which] = Math.min(b, Math.max(a, at));
  redraw();
}

// To the next point (or end of a stretch) of what is shown over the axis.
function stepCursor(axis, direction) {
  const at = axis.cursors[state.active];
  if (at === undefined) return setCursor(axis, state.active, scale(axis.min, axis.max, axis.log, 0, 1).value(0.5));
  let best = null;
  for (const line of panels.filter(p => p.axis === axis).flatMap(p => p.lines)) {
    const x = line.curve.x, k = direction > 0 ? upper(x, at) : lower(x, at) - 1;
    if (k < 0 || k >= x.length) continue;
    if (best === null || Math.abs(x[k] - at) < Math.abs(best - at)) best = x[k];
  }
  if (best === null) return;
  if (best < axis.min || best > axis.max) pan(axis, direction * 0.5);
  setCursor(axis, state.active, best);
}
