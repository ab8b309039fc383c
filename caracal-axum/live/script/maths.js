// Rates, ratios and quantiles.

// Quantiles are of the observations of so many seconds.
const QUANTILE_WINDOW = 10;

const secondsAt = (tick) => (store.times.at(tick) - store.times.at(tick - 1)) / 1000;

/** By how much a counter rose up to this tick. One that fell began anew with its process. */
function increase(track, tick) {
  const [before, now] = [track.at(tick - 1), track.at(tick)];
  if (Number.isNaN(before) || Number.isNaN(now)) return NaN;
  return now >= before ? now - before : now;
}

const rate = (track, tick) => increase(track, tick) / secondsAt(tick);

/** The rate of the last seconds, which is calmer than that of one. */
function recentRate(track, ticks = 5) {
  let [rise, seconds] = [0, 0];
  for (let tick = store.tick; tick > store.tick - ticks && tick > firstTick(); tick -= 1) {
    const more = increase(track, tick);
    if (Number.isNaN(more)) continue;
    rise += more;
    seconds += secondsAt(tick);
  }
  return seconds > 0 ? rise / seconds : NaN;
}

/** Observations for each bucket since a tick, not cumulative; the last one is that of +Inf. */
function observed(track, tick, back) {
  const now = track.at(tick);
  if (!Array.isArray(now)) return undefined;
  let from = Math.max(tick - back, firstTick());
  while (from < tick && !Array.isArray(track.at(from))) from += 1;
  if (from >= tick) return undefined;
  const before = track.at(from);
  const fell = now.some((count, place) => count < before[place]);
  const risen = now.map((count, place) => (fell ? count : count - before[place]));
  return risen.map((count, place) => Math.max(0, count - (place > 0 ? risen[place - 1] : 0)));
}

/** As `histogram_quantile` of PromQL. */
function quantile(q, bounds, counts) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0 || bounds.length === 0) return NaN;
  let rest = q * all;
  for (let place = 0; place < bounds.length; place += 1) {
    if (rest <= counts[place] && counts[place] > 0) {
      const low = place > 0 ? bounds[place - 1] : Math.min(0, bounds[0]);
      return low + (bounds[place] - low) * (rest / counts[place]);
    }
    rest -= counts[place];
  }
  return bounds[bounds.length - 1];
}

function quantileAt(q, known, tick, track = known.totals.get('buckets')) {
  if (!track || !known.bounds) return NaN;
  const counts = observed(track, tick, QUANTILE_WINDOW);
  return counts ? quantile(q, known.bounds.map(Number), counts) : NaN;
}

/** Times and values of the ticks in the window. */
function points(valueAt) {
  const list = [];
  const from = lastTime() - view.window * 1000;
  for (let tick = firstTick(); tick <= store.tick; tick += 1) {
    const time = store.times.at(tick);
    if (time < from) continue;
    if (tick > firstTick() && time - store.times.at(tick - 1) > HOLE) list.push([time - 1, NaN]);
    list.push([time, valueAt(tick)]);
  }
  return list;
}

const ratePoints = (track) => points((tick) => rate(track, tick));
const valuePoints = (track) => points((tick) => track.at(tick));
