// A page in a real browser without a network, every request and every error of which is recorded.

import { chromium } from 'playwright-core';
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? PLACES.find(p => fs.existsSync(p));
  if (!executablePath) throw new Error('no Chromium: apt-get install chromium, or set CHROMIUM to its path');
  // Chromium's sandbox does not start as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args, headless: true });
}

export class View {
  static async open(browser, file, options = {}) {
    const view = new View();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, offline: true, acceptDownloads: true, ...options });
    view.page = await context.newPage();
    view.requests = [];
    view.errors = [];
    view.page.on('request', r => view.requests.push(r.url()));
    view.page.on('console', m => { if (['error', 'warning'].includes(m.type())) view.errors.push(m.text()); });
    view.page.on('pageerror', e => view.errors.push(String(e)));
    view.url = pathToFileURL(file).href;
    const before = performance.now();
    await view.page.goto(view.url, { waitUntil: 'load', timeout: 120000 });
    await view.settled();
    view.openingTime = performance.now() - before;
    return view;
  }

  // Two frames later everything that was asked for is drawn.
  async settled() {
    await this.page.evaluate(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(r)))));
  }

  // Nothing was fetched but the page, and nobody complained.
  async close() {
    assert.deepEqual(this.errors, [], 'errors in the console');
    assert.deepEqual(this.requests.filter(u => !u.startsWith('blob:')), [this.url], 'requests');
    await this.page.context().close();
  }

  panels() {
    return this.page.$$eval('section.panel', all => all.map(p => ({
      axis: p.dataset.axis, unit: p.dataset.unit, min: +p.dataset.min, max: +p.dataset.max, low: +p.dataset.low, high: +p.dataset.high,
      labelX: p.dataset.labelX, labelY: p.dataset.labelY, legend: p.querySelector('.legend').innerText,
    })));
  }

  // The plotting area of a panel on the screen.
  async area(panel = 0) {
    const over = this.page.locator('section.panel .u-over').nth(panel);
    await over.scrollIntoViewIfNeeded();
    return over.boundingBox();
  }

  async click(share, options = {}) {
    const a = await this.area(options.panel ?? 0);
    if (options.modifier) await this.page.keyboard.down(options.modifier);
    await this.page.mouse.click(a.x + share * a.width, a.y + a.height / 2);
    if (options.modifier) await this.page.keyboard.up(options.modifier);
    await this.settled();
  }

  async drag(from, to, modifier) {
    const a = await this.area(), y = a.y + a.height / 2;
    if (modifier) await this.page.keyboard.down(modifier);
    await this.page.mouse.move(a.x + from * a.width, y);
    await this.page.mouse.down();
    await this.page.mouse.move(a.x + 0.5 * (from + to) * a.width, y, { steps: 3 });
    await this.page.mouse.move(a.x + to * a.width, y, { steps: 3 });
    await this.page.mouse.up();
    if (modifier) await this.page.keyboard.up(modifier);
    await this.settled();
  }

  async wheel(share, dy, modifier) {
    const a = await this.area();
    await this.page.mouse.move(a.x + share * a.width, a.y + a.height / 2);
    if (modifier) await this.page.keyboard.down(modifier);
    await this.page.mouse.wheel(0, dy);
    await this.page.waitForTimeout(60);
    if (modifier) await this.page.keyboard.up(modifier);
    await this.settled();
  }

  async key(name) {
    await this.page.locator('section.panel').first().focus();
    await this.page.keyboard.press(name);
    await this.settled();
  }

  // Shows exactly the signals with these names, by search and check box.
  async show(...names) {
    await this.page.click('#none');
    for (const name of names) {
      await this.page.fill('#search', name);
      await this.page.locator(`#tree label[title="${name}"] input`).first().check();
    }
    await this.page.fill('#search', '');
    await this.settled();
  }

  // Cursors and what they read: { a, b, delta, rows: [{ signal, view, file, role, a: {value, error}, … }] }
  readout() {
    return this.page.$eval('#cursors', box => {
      const head = name => {
        const cell = box.querySelector(`th[data-cursor=${name}]`);
        return cell?.dataset.value === undefined ? undefined : Number(cell.dataset.value);
      };
      const rows = [...box.querySelectorAll('tbody tr')].map(row => {
        const cell = name => {
          const td = row.querySelector(`td[data-cell=${name}]`);
          return td?.dataset.value === undefined ? undefined : { value: Number(td.dataset.value), error: Number(td.dataset.error), text: td.textContent };
        };
        return { ...row.dataset, a: cell('a'), b: cell('b'), delta: cell('delta') };
      });
      return { a: head('a'), b: head('b'), delta: head('delta'), rows };
    });
  }

  async download(button) {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.page.click(button)]);
    return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
  }

  // Is something drawn in colour at this share of the axis and this value, in the first panel?
  ink(share, value) {
    return this.page.evaluate(([share, value]) => {
      const panel = document.querySelector('section.panel'), canvas = panel.querySelector('canvas'), over = panel.querySelector('.u-over');
      const r = over.getBoundingClientRect(), c = canvas.getBoundingClientRect(), f = canvas.width / c.width;
      const { low, high } = panel.dataset;
      const x = Math.round((r.left - c.left + share * r.width) * f), y = Math.round((r.top - c.top + (high - value) / (high - low) * r.height) * f);
      // From a copy: a canvas that was read is drawn another way from then on.
      const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, x - 3, y - 2, 7, 5, 0, 0, 7, 5);
      const pixels = copy.getImageData(0, 0, 7, 5).data;
      // Colours of traces are far from grey, which the grid is.
      for (let k = 0; k < pixels.length; k += 4) {
        const rgb = [...pixels.slice(k, k + 3)];
        if (pixels[k + 3] > 60 && Math.max(...rgb) - Math.min(...rgb) > 40) return true;
      }
      return false;
    }, [share, value]);
  }

  ground() {
    return this.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  }
}
