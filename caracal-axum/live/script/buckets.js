// The observations of a histogram between two readings, from its native buckets if it has some.

/** Returns the upper bound of a native bucket. The bucket contains the numbers above the bound of `index - 1`. */
const nativeBound = (index, schema) => 2 ** (index * 2 ** -schema);

/** Returns the counts by index, after the resolution was halved `halvings` times. */
function spread(spans, halvings) {
  const counts = new Map();
  for (const [first, ...ofSpan] of spans ?? []) {
    ofSpan.forEach((count, place) => {
      const index = Math.ceil((first + place) / 2 ** halvings);
      counts.set(index, (counts.get(index) ?? 0) + count);
    });
  }
  return counts;
}

/** Returns the increase of each count, sorted by index, or `undefined` if a count fell. */
function risen(now, before) {
  for (const [index, count] of before) if ((now.get(index) ?? 0) < count) return undefined;
  const rise = [...now].map(([index, count]) => [index, count - (before.get(index) ?? 0)]);
  return rise.filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
}

/**
 * Returns the buckets as `{ low, high, count }`, in ascending order, without empty ones. Native buckets except the zero
 * bucket also have an `index` and the `sign` of their numbers.
 */
function nativeObserved(now, before) {
  const schema = Math.min(now.schema, before?.schema ?? Infinity);
  const [positive, negative] = ['positive', 'negative'].map((sign) => risen(
    spread(now[sign], now.schema - schema), spread(before?.[sign], (before?.schema ?? schema) - schema),
  ));
  const zero = now.zero - (before?.zero ?? 0);
  // If a count fell, the process was restarted.
  if (!positive || !negative || zero < 0) return nativeObserved(now);
  const bucket = (sign) => ([index, count]) => {
    const [near, far] = [nativeBound(index - 1, schema), nativeBound(index, schema)];
    return { low: sign < 0 ? -far : near, high: sign < 0 ? -near : far, count, index, sign };
  };
  const zeros = zero > 0 ? [{ low: 0, high: 0, count: zero }] : [];
  return {
    schema, buckets: [...negative.map(bucket(-1)).reverse(), ...zeros, ...positive.map(bucket(1))],
  };
}

function classicObserved(bounds, now, before) {
  const fell = before.some((count, place) => now[place] < count);
  const rise = now.map((count, place) => (fell ? count : count - before[place]));
  const buckets = rise.map((count, place) => ({
    low: place > 0 ? bounds[place - 1] : Math.min(0, bounds[0]),
    high: place < bounds.length ? bounds[place] : Infinity,
    count: Math.max(0, count - (place > 0 ? rise[place - 1] : 0)),
  }));
  return { buckets };
}

/** Returns the value from `back` ticks ago, or the oldest one since then. */
function valueBefore(track, tick, back) {
  for (let from = Math.max(tick - back, firstTick()); from < tick; from += 1) {
    if (typeof track.at(from) === 'object') return track.at(from);
  }
  return undefined;
}

/**
 * Returns the observations of the `back` ticks up to this one, as `{ schema, buckets }`. Classic buckets have no
 * schema. `tracks` contains the tracks of the buckets. It defaults to those of the whole family.
 */
function observed(known, tick, back, tracks = known.totals) {
  for (const kind of ['native', 'buckets']) {
    const track = tracks.get(kind);
    const before = track && valueBefore(track, tick, back);
    if (!before || typeof track.at(tick) !== 'object') continue;
    if (kind === 'native') return nativeObserved(track.at(tick), before);
    return classicObserved(known.bounds.map(Number), track.at(tick), before);
  }
  return undefined;
}

/** Returns whether there is a distribution to show. */
const hasBuckets = (known) => Boolean(known?.bounds || known?.native);

/** Returns a quantile, computed like `histogram_quantile` in Prometheus 3. */
function quantile(q, { schema, buckets }) {
  const all = buckets.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return NaN;
  let rest = q * all;
  let last;
  for (const one of buckets) {
    if (one.count === 0) continue;
    last = one;
    if (rest <= one.count) break;
    rest -= one.count;
  }
  const { low, high, count } = last;
  // The last bucket has no upper bound, so its lower bound is used.
  if (high === Infinity) return low;
  const part = Math.min(1, rest / count);
  // Native buckets have the same width on a logarithmic scale. For classic ones, no such scale is known.
  if (schema !== undefined && low * high > 0) return low * (high / low) ** part;
  return low + (high - low) * part;
}

function quantileAt(q, known, tick, tracks = known.totals) {
  const found = observed(known, tick, QUANTILE_WINDOW, tracks);
  return found ? quantile(q, found) : NaN;
}
