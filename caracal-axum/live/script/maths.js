// Rates, ratios and quantiles.

// The number of readings whose observations a quantile covers.
const QUANTILE_WINDOW = 10;

/** Returns the time between the readings of a track at this tick and the previous one. */
const secondsAt = (track, tick) => (track.times.at(tick) - track.times.at(tick - 1)) / 1000;

/** Returns the increase of a counter since the previous tick. If it fell, its process was restarted. */
function increase(track, tick) {
  const [before, now] = [track.at(tick - 1), track.at(tick)];
  if (Number.isNaN(before) || Number.isNaN(now)) return NaN;
  return now >= before ? now - before : now;
}

const rate = (track, tick) => increase(track, tick) / secondsAt(track, tick);

/** Returns the average rate of the last few seconds, which varies less than that of one second. */
function recentRate(track, ticks = 5) {
  let [rise, seconds] = [0, 0];
  for (let tick = store.tick; tick > store.tick - ticks && tick > firstTick(); tick -= 1) {
    const [more, time] = [increase(track, tick), secondsAt(track, tick)];
    if (Number.isNaN(more) || Number.isNaN(time)) continue;
    rise += more;
    seconds += time;
  }
  return seconds > 0 ? rise / seconds : NaN;
}

/** Returns the times and values of the ticks in the window. */
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
