// Line charts, and charts of stacked areas.

/** Creates a chart. `curves()` returns `{ name, colour, points }` for each curve. */
function lineChart({ label, height = 150, format = short, unit, stacked = false, most, curves }) {
  const legend = make('div', { class: 'legend' });
  const self = frame(label, height, (context, width) => {
    const drawn = curves();
    const tops = stacked ? stack(drawn) : drawn.map((curve) => curve.points);
    const values = tops.flatMap((points) => points.map(([, value]) => value)).filter(Number.isFinite);
    const high = most ? Math.max(most(), ...values) : Math.max(...values, 0) * 1.08;
    const y = axes(context, width, height, high > 0 ? high : 1, format, unit);
    drawn.forEach((curve, place) => {
      const under = stacked && place > 0 ? tops[place - 1] : undefined;
      drawCurve(context, width, y, tops[place], colour(curve.colour), stacked, under);
    });
    if (values.length === 0) empty(context, width, height);
    drawLegend(legend, drawn, format);
    if (self.cursor === undefined) self.readout.hidden = true;
    else {
      const [time, x] = cursorLine(context, self, width);
      const rows = drawn.map((curve) => {
        const found = curve.points.find(([at]) => at === time);
        return [colour(curve.colour), curve.name, format(found ? found[1] : NaN)];
      });
      showReadout(self, time, x, width, stacked ? rows.reverse() : rows);
    }
  });
  return { node: make('div', {}, self.node, legend), draw: self.draw };
}

function empty(context, width, height) {
  context.textAlign = 'center';
  context.fillStyle = colour('--muted');
  const text = store.tick < 1 ? 'The first curve needs two readings.' : 'No value in this time.';
  context.fillText(text, LEFT + plotted(width) / 2, height / 2 - 4);
}

/** Returns, for each curve, the sums of the curves up to it. */
function stack(curves) {
  const tops = [];
  for (const { points } of curves) {
    const below = tops[tops.length - 1];
    tops.push(points.map(([time, value], place) => {
      const base = below ? below[place][1] : 0;
      // A curve that has no value yet adds nothing to the others.
      if (Number.isNaN(value)) return [time, below ? base : NaN];
      return [time, (Number.isNaN(base) ? 0 : base) + value];
    }));
  }
  return tops;
}

function drawCurve(context, width, y, points, paint, filled, under) {
  let run = [];
  const end = () => {
    if (run.length > 0) drawRun(context, width, y, run, paint, filled, under);
    run = [];
  };
  points.forEach(([time, value], place) => {
    if (Number.isFinite(value)) run.push([time, value, place]);
    else end();
  });
  end();
}

function drawRun(context, width, y, run, paint, filled, under) {
  const baseOf = ([, , place]) => {
    const base = under ? under[place][1] : 0;
    return y(Number.isFinite(base) ? base : 0);
  };
  context.beginPath();
  run.forEach(([time, value], place) => {
    if (place === 0) context.moveTo(xOf(time, width), y(value));
    else context.lineTo(xOf(time, width), y(value));
  });
  context.strokeStyle = paint;
  context.lineWidth = 1.6;
  context.lineJoin = 'round';
  context.stroke();
  if (run.length === 1) {
    context.fillStyle = paint;
    context.fillRect(xOf(run[0][0], width) - 1.5, y(run[0][1]) - 1.5, 3, 3);
  }
  if (!filled) return;
  for (const one of [...run].reverse()) context.lineTo(xOf(one[0], width), baseOf(one));
  context.closePath();
  context.globalAlpha = 0.55;
  context.fillStyle = paint;
  context.fill();
  context.globalAlpha = 1;
}

function drawLegend(legend, curves, format) {
  reconcile(legend, curves, (curve) => curve.name, (curve) => {
    const key = make('span', { class: 'key' });
    return make('span', { class: 'entry' }, key, foreign(curve.name, 80), ' ', make('b'));
  }, (entry, curve) => {
    entry.firstChild.style.background = colour(curve.colour);
    const last = curve.points[curve.points.length - 1];
    write(entry.lastChild, format(last ? last[1] : NaN));
  });
}
