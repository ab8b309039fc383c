// What a histogram observed between two readings, from its native buckets where it has some.

/** The bound of a native bucket: bucket `index` has the numbers over that of `index - 1` and up to this one. */
const nativeBound = (index, schema) => 2 ** (index * 2 ** -schema);

/** Counts by index, at a resolution that was halved so many times. */
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

/** The rise of each count, ascending by index; `undefined` where one fell. */
function risen(now, before) {
  for (const [index, count] of before) if ((now.get(index) ?? 0) < count) return undefined;
  const rise = [...now].map(([index, count]) => [index, count - (before.get(index) ?? 0)]);
  return rise.filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
}

/**
 * Buckets as `{ low, high, count }`, ascending. Native ones that are not the zero bucket have an `index` and the `sign`
 * of their numbers; empty ones are left out.
 */
function nativeObserved(now, before) {
  const schema = Math.min(now.schema, before?.schema ?? Infinity);
  const [positive, negative] = ['positive', 'negative'].map((sign) => risen(
    spread(now[sign], now.schema - schema), spread(before?.[sign], (before?.schema ?? schema) - schema),
  ));
  const zero = now.zero - (before?.zero ?? 0);
  // A count fell: its process began anew.
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

/** The value `back` ticks before, or the oldest one after that. */
function valueBefore(track, tick, back) {
  for (let from = Math.max(tick - back, firstTick()); from < tick; from += 1) {
    if (typeof track.at(from) === 'object') return track.at(from);
  }
  return undefined;
}

/**
 * What was observed in the `back` ticks up to this one: `{ schema, buckets }`, without a schema where the buckets are
 * classic ones. `tracks` is where the buckets are followed: those of the whole family by default.
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

/** Whether there is a distribution to show. */
const hasBuckets = (known) => Boolean(known?.bounds || known?.native);

/** As `histogram_quantile` of Prometheus 3. */
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
  // Of the bucket without an upper bound, only the lower one is known.
  if (high === Infinity) return low;
  const part = Math.min(1, rest / count);
  // Native buckets are alike on a logarithmic scale, classic ones on no scale that is known.
  if (schema !== undefined && low * high > 0) return low * (high / low) ** part;
  return low + (high - low) * part;
}

function quantileAt(q, known, tick, tracks = known.totals) {
  const found = observed(known, tick, QUANTILE_WINDOW, tracks);
  return found ? quantile(q, found) : NaN;
}
