// How observations spread over the buckets of a histogram, second by second.

function heatmap({ label, height = 150, known, format }) {
  const self = frame(label, height, (context, width) => {
    const found = known();
    if (!found || !found.bounds) return;
    const bounds = found.bounds.map(Number);
    const columns = heatColumns(found, width);
    const rows = bounds.length + 1;
    const high = (height - TOP - BOTTOM) / rows;
    const largest = Math.max(1e-9, ...columns.flatMap((column) => column.counts));
    for (const { time, until, counts } of columns) {
      const [left, right] = [Math.max(LEFT, xOf(time, width)), xOf(until, width)];
      counts.forEach((count, row) => {
        if (count <= 0) return;
        context.globalAlpha = 0.15 + 0.85 * Math.sqrt(count / largest);
        context.fillStyle = colour('--heat');
        const top = height - BOTTOM - (row + 1) * high;
        context.fillRect(left, top, Math.max(1, right - left - 0.5), high - 0.5);
      });
    }
    context.globalAlpha = 1;
    bucketAxis(context, bounds, height, high, format);
    timeAxis(context, width, height);
    if (self.cursor === undefined) self.readout.hidden = true;
    else {
      const [time, x] = cursorLine(context, self, width);
      const column = columns.find((one) => one.time < time && time <= one.until);
      showReadout(self, time, x, width, column ? heatRows(bounds, column, format) : []);
    }
  });
  return { node: self.node, draw: self.draw };
}

/** Ticks, or several together where there are more than pixels. */
function heatColumns(known, width) {
  const track = known.totals.get('buckets');
  const together = Math.max(1, Math.ceil((span() * 2) / plotted(width)));
  const columns = [];
  for (let tick = store.tick; tick - together >= firstTick(); tick -= together) {
    const time = store.times.at(tick - together);
    if (store.times.at(tick) < start()) break;
    const counts = track && observed(track, tick, together);
    if (counts) columns.push({ time, until: store.times.at(tick), counts });
  }
  return columns;
}

function bucketAxis(context, bounds, height, high, format) {
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = colour('--muted');
  const every = Math.max(1, Math.ceil(14 / high));
  bounds.forEach((bound, row) => {
    if (row % every === 0) context.fillText(format(bound), LEFT - 6, height - BOTTOM - (row + 1) * high);
  });
}

function heatRows(bounds, column, format) {
  const name = (row) => (row === 0 ? `up to ${format(bounds[0])}`
    : row === bounds.length ? `over ${format(bounds[row - 1])}`
      : `${format(bounds[row - 1])} to ${format(bounds[row])}`);
  const rows = column.counts.map((count, row) => [colour('--heat'), name(row), short(count), count]);
  return rows.filter(([, , , count]) => count > 0).reverse();
}
