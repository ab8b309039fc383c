// Lines and stacked areas over time, on a canvas.

const LEFT = 58;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 20;

/** Creates the frame of a chart: a canvas, a cursor, and the values at the cursor as text. */
function frame(label, height, paint) {
  const canvas = make('canvas', { 'aria-hidden': 'true' });
  const readout = make('div', { class: 'readout', role: 'status', hidden: true });
  const node = make('div', {
    class: 'chart', tabindex: '0', role: 'group', 'aria-roledescription': 'chart',
    'aria-label': `${label}. Arrow keys read values.`,
  }, canvas, readout);
  node.style.height = `${height}px`;
  const self = { node, canvas, readout, cursor: undefined, height };
  const moveTo = (time) => {
    self.cursor = time;
    self.draw();
  };
  node.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    moveTo(timeAt(event.clientX - box.left, box.width));
  });
  node.addEventListener('pointerleave', () => moveTo(undefined));
  node.addEventListener('blur', () => moveTo(undefined));
  node.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === 'Escape') moveTo(undefined);
    else if (steps) moveTo(stepped(self.cursor, steps));
    else return;
    event.preventDefault();
  });
  self.draw = () => {
    const box = node.getBoundingClientRect();
    if (box.width === 0 || store.tick < 0) return;
    const scale = devicePixelRatio || 1;
    const [width, high] = [Math.round(box.width * scale), Math.round(height * scale)];
    if (canvas.width !== width || canvas.height !== high) {
      canvas.width = width;
      canvas.height = high;
    }
    const context = canvas.getContext('2d');
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, box.width, height);
    context.font = `${box.width > 700 && innerWidth >= 2400 ? 14 : 11}px system-ui, sans-serif`;
    paint(context, box.width, self);
  };
  return self;
}

const plotted = (width) => Math.max(1, width - LEFT - RIGHT);
/** Returns the number of seconds shown: the chosen number, or fewer if the page was opened later. */
const span = () => Math.min(view.window, Math.max(20, (lastTime() - store.times.at(firstTick())) / 1000));
const start = () => lastTime() - span() * 1000;
const xOf = (time, width) => LEFT + ((time - start()) / (span() * 1000)) * plotted(width);
const timeAt = (x, width) => start() + ((x - LEFT) / plotted(width)) * span() * 1000;

/** Returns the tick that is nearest to a time. */
function tickAt(time) {
  let best = store.tick;
  for (let tick = store.tick; tick >= firstTick(); tick -= 1) {
    if (Math.abs(store.times.at(tick) - time) <= Math.abs(store.times.at(best) - time)) best = tick;
  }
  return best;
}

function stepped(cursor, steps) {
  const at = cursor === undefined ? store.tick + (steps < 0 ? 1 : 0) : tickAt(cursor);
  const tick = Math.min(store.tick, Math.max(firstTick(), at + steps));
  return store.times.at(tick);
}

/** Returns round numbers that divide the axis. */
function axisSteps(high, unit) {
  const base = unit === 'bytes' ? 1024 : 10;
  let size = base ** Math.floor(Math.log(high) / Math.log(base));
  if (unit === 'bytes') {
    while (high / size > 4) size *= 2;
    while (high / size < 2) size /= 2;
    return size;
  }
  const part = high / size;
  if (part <= 1.5) size /= 2;
  else if (part > 6) size *= 2.5;
  else if (part > 3) size *= 1;
  else size /= 2;
  return size * (high / size > 5 ? 2 : 1);
}

/** Draws the axes. Returns the y of a value. */
function axes(context, width, height, high, format, unit) {
  const bottom = height - BOTTOM;
  const y = (value) => bottom - (value / high) * (bottom - TOP);
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  const step = axisSteps(high, unit);
  for (let value = 0; value <= high * 1.0001; value += step) {
    context.strokeStyle = colour('--grid');
    line(context, LEFT, y(value), width - RIGHT, y(value));
    context.fillStyle = colour('--muted');
    context.fillText(format(value), LEFT - 6, y(value));
  }
  timeAxis(context, width, height);
  return y;
}

function timeAxis(context, width, height) {
  context.textBaseline = 'alphabetic';
  context.textAlign = 'center';
  context.fillStyle = colour('--muted');
  const seconds = [5, 10, 15, 30, 60, 120, 300, 600, 900];
  const step = seconds.find((s) => (span() / s) * 62 <= plotted(width)) || 900;
  const first = Math.ceil(start() / (step * 1000)) * step * 1000;
  for (let time = first; time <= lastTime(); time += step * 1000) {
    const x = xOf(time, width);
    if (x > LEFT + 12 && x < width - RIGHT - 22) context.fillText(clock(time), x, height - 5);
  }
  context.strokeStyle = colour('--strong');
  context.setLineDash([2, 3]);
  for (const time of store.restarts) {
    if (time < start()) continue;
    const x = Math.round(xOf(time, width)) + 0.5;
    line(context, x, TOP, x, height - BOTTOM);
    context.textAlign = x > width - 60 ? 'right' : 'left';
    context.fillStyle = colour('--text');
    context.fillText('restart', x + (x > width - 60 ? -3 : 3), TOP + 10);
  }
  context.setLineDash([]);
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, Math.round(y1) + 0.5);
  context.lineTo(x2, Math.round(y2) + 0.5);
  context.stroke();
}

function cursorLine(context, self, width) {
  const time = store.times.at(tickAt(self.cursor));
  const x = Math.round(xOf(time, width)) + 0.5;
  context.strokeStyle = colour('--strong');
  context.beginPath();
  context.moveTo(x, TOP);
  context.lineTo(x, self.height - BOTTOM);
  context.stroke();
  return [time, x];
}

/** Shows what is under the cursor: lines of a colour, a name and a value. */
function showReadout(self, time, x, width, rows) {
  const entries = rows.map(([paint, name, value]) => {
    const key = make('span', { class: 'key' });
    key.style.background = paint;
    return make('div', {}, key, foreign(name, 60), ' ', make('b', {}, value));
  });
  self.readout.replaceChildren(make('div', { class: 'when' }, clock(time)), ...entries);
  self.readout.hidden = false;
  self.readout.classList.toggle('leftwards', x > width / 2);
  self.readout.style.left = x > width / 2 ? '' : `${x + 10}px`;
  self.readout.style.right = x > width / 2 ? `${width - x + 10}px` : '';
}
