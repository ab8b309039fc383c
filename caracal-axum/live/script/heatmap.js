// The distribution of observations over the buckets of a histogram, for each second.

// Lower rows could not be distinguished.
const LOWEST_ROW = 5;
const LISTED_ROWS = 10;

function heatmap({ label, height = 150, known, format }) {
  const self = frame(label, height, (context, width) => {
    const columns = known() ? heatColumns(known(), width) : [];
    const rows = heatRows(columns, height - TOP - BOTTOM);
    const high = (height - TOP - BOTTOM) / Math.max(1, rows.all.length);
    for (const column of columns) column.counts = rows.count(column);
    let largest = 1e-9;
    for (const { counts } of columns) for (const count of counts.values()) largest = Math.max(largest, count);
    for (const { time, until, counts } of columns) {
      const [left, right] = [Math.max(LEFT, xOf(time, width)), xOf(until, width)];
      for (const [row, count] of counts) {
        context.globalAlpha = 0.15 + 0.85 * Math.sqrt(count / largest);
        context.fillStyle = colour('--heat');
        const top = height - BOTTOM - (row + 1) * high;
        context.fillRect(left, top, Math.max(1, right - left - 0.5), high - (high > 3 ? 0.5 : 0));
      }
    }
    context.globalAlpha = 1;
    if (rows.all.length > 0) valueAxis(context, rows, height, high, format);
    else empty(context, width, height);
    timeAxis(context, width, height);
    if (self.cursor === undefined) self.readout.hidden = true;
    else {
      const [time, x] = cursorLine(context, self, width);
      const column = columns.find((one) => one.time < time && time <= one.until);
      showReadout(self, time, x, width, column ? heatValues(rows, column, format) : []);
    }
  });
  return { node: self.node, draw: self.draw };
}

/** Returns a column for each tick, or for several ticks together if there are more ticks than pixels. */
function heatColumns(known, width) {
  const together = Math.max(1, Math.ceil((span() * 2) / plotted(width)));
  const columns = [];
  for (let tick = store.tick; tick - together >= firstTick(); tick -= together) {
    const time = store.times.at(tick - together);
    if (store.times.at(tick) < start()) break;
    const found = observed(known, tick, together);
    if (found) columns.push({ time, until: store.times.at(tick), ...found });
  }
  return columns;
}

/**
 * Returns the rows of all columns, the lowest first, as `{ all, count, place }`. `count` returns the observations of a
 * column by row, and `place` the position of a value, in rows from the bottom.
 */
function heatRows(columns, height) {
  const schema = columns[0]?.schema;
  // If the family has changed its kind of buckets, only columns of the newer kind are shown.
  const alike = columns.filter((column) => (column.schema === undefined) === (schema === undefined));
  return schema === undefined ? classicRows(alike) : nativeRows(alike, height);
}

function classicRows(columns) {
  const all = columns[0]?.buckets ?? [];
  const count = ({ schema, buckets }) => new Map(schema === undefined
    ? [...buckets.entries()].map(([row, bucket]) => [row, bucket.count]).filter(([, number]) => number > 0) : []);
  return { all, count };
}

/** Returns rows for native buckets, at the highest resolution for which there is room. */
function nativeRows(columns, height) {
  const finest = Math.min(...columns.map((column) => column.schema));
  // The first and the last index for each sign, at the resolution that all columns have.
  const ranges = new Map();
  let hasZero = false;
  for (const column of columns) {
    for (const { index, sign } of column.buckets) {
      if (!sign) hasZero = true;
      else {
        const at = Math.ceil(index / 2 ** (column.schema - finest));
        const [first, last] = ranges.get(sign) ?? [at, at];
        ranges.set(sign, [Math.min(first, at), Math.max(last, at)]);
      }
    }
  }
  let schema = finest;
  const range = (sign) => ranges.get(sign)?.map((index) => Math.ceil(index / 2 ** (finest - schema)));
  const rowsOf = (found) => (found ? found[1] - found[0] + 1 : 0);
  while (schema > -4 && (rowsOf(range(1)) + rowsOf(range(-1)) + 1) * LOWEST_ROW > height) schema -= 1;
  const [negative, positive] = [range(-1), range(1)];
  const zeros = hasZero || (negative && positive) ? 1 : 0;
  const [below, until] = [rowsOf(negative), rowsOf(negative) + zeros];
  const all = [];
  for (let index = negative?.[1]; index >= negative?.[0]; index -= 1) {
    all.push({ low: -nativeBound(index, schema), high: -nativeBound(index - 1, schema) });
  }
  if (zeros) all.push({ low: 0, high: 0 });
  for (let index = positive?.[0]; index <= positive?.[1]; index += 1) {
    all.push({ low: nativeBound(index - 1, schema), high: nativeBound(index, schema) });
  }
  const rowOf = ({ index, sign }, own) => {
    if (!sign) return below;
    const at = Math.ceil(index / 2 ** (own - schema));
    return sign > 0 ? until + at - positive[0] : below - 1 - (at - negative[0]);
  };
  const count = ({ schema: own, buckets: observations }) => {
    const counts = new Map();
    for (const bucket of own === undefined ? [] : observations) {
      const row = rowOf(bucket, own);
      counts.set(row, (counts.get(row) ?? 0) + bucket.count);
    }
    return counts;
  };
  const place = (value) => {
    const index = Math.log2(Math.abs(value)) * 2 ** schema;
    if (value > 0 && positive && index >= positive[0] - 1 && index <= positive[1]) return until + index - positive[0] + 1;
    if (value < 0 && negative && index >= negative[0] - 1 && index <= negative[1]) return below - (index - negative[0] + 1);
    return value === 0 && zeros ? below + 0.5 : NaN;
  };
  return { all, count, place };
}

/** Writes the values at the edges of rows, or round values if the rows have a logarithmic scale. */
function valueAxis(context, rows, height, high, format) {
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = colour('--muted');
  const write = (value, place) => context.fillText(format(value), LEFT - 6, height - BOTTOM - place * high);
  const round = rows.place ? roundValues(rows, high) : [];
  if (round.length > 1) round.forEach((value) => write(value, rows.place(value)));
  else {
    const every = Math.max(1, Math.ceil(14 / high));
    rows.all.forEach((row, place) => {
      if (place % every === 0 && Number.isFinite(row.high)) write(row.high, place + 1);
    });
  }
}

/** Returns the values 1, 2 and 5 of each decade, or fewer if there is no room. */
function roundValues({ all, place }, high) {
  const sizes = all.flatMap(({ low, high: top }) => [Math.abs(low), Math.abs(top)]).filter((size) => size > 0);
  const [from, to] = [Math.min(...sizes), Math.max(...sizes)].map((size) => Math.floor(Math.log10(size)));
  for (const [steps, every] of [[[1, 2, 5], 1], [[1, 3], 1], [[1], 1], [[1], 3], [[1], 6], [[1], 30]]) {
    const values = [0];
    for (let decade = from; decade <= to; decade += 1) {
      if (decade % every === 0) values.push(...steps.flatMap((step) => [step * 10 ** decade, -step * 10 ** decade]));
    }
    const shown = values.filter((value) => !Number.isNaN(place(value))).sort((a, b) => a - b);
    const gaps = shown.slice(1).map((value, at) => (place(value) - place(shown[at])) * high);
    if (gaps.every((gap) => gap >= 14)) return shown;
  }
  return [];
}

/** Returns the rows with the most observations, the highest row first. */
function heatValues({ all }, { counts }, format) {
  const name = ({ low, high }, row) => {
    if (high === Infinity) return `over ${format(low)}`;
    if (low === high) return 'zero';
    return row === 0 && low === 0 ? `up to ${format(high)}` : `${format(low)} to ${format(high)}`;
  };
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, LISTED_ROWS).sort(([a], [b]) => b - a);
  const rows = most.map(([row, count]) => [colour('--heat'), name(all[row], row), short(count)]);
  const others = counts.size - most.length;
  return others > 0 ? [...rows, ['transparent', `and ${others} other rows`, '']] : rows;
}
