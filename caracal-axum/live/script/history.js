// The readings so far. A tick is one reading. A track has a value for each tick, or NaN.

const KEEP = 900;
// If two readings are further apart, in milliseconds, there is a gap in the lines.
const HOLE = 5000;
// The number of ticks after which a family that is not followed is dropped, if no view shows it.
const LOOKED_AT = 10;

class Track {
  /** `times` contains the time of each reading, by tick. */
  constructor(tick, times = store.times) {
    this.first = tick;
    this.values = [];
    this.times = times;
  }

  set(tick, value) {
    while (this.first + this.values.length < tick) this.values.push(NaN);
    this.values[tick - this.first] = value;
    while (this.values.length > KEEP) {
      this.values.shift();
      this.first += 1;
    }
  }

  at(tick) {
    const value = this.values[tick - this.first];
    return value === undefined ? NaN : value;
  }
}

const store = {
  tick: -1,
  times: undefined,
  instance: undefined,
  /** The times at which a new process answered for the first time. */
  restarts: [],
  namespace: '',
  /** The number of families and of series in the service. */
  all: 0,
  allSeries: 0,
  families: new Map(),
  /** The families that every document contains. Others are read while a view shows them. */
  followed: new Set(),
};
store.times = new Track(0);

const firstTick = () => store.times.first;
const lastTime = () => store.times.at(store.tick);

function followedBy(tracks, key, tick, value, isComplete, times) {
  let track = tracks.get(key);
  if (!track) {
    track = new Track(tick, times);
    // Before a series exists, its value is 0.
    if (isComplete && tick > firstTick()) {
      track.first = tick - 1;
      track.set(tick - 1, 0);
    }
    tracks.set(key, track);
  }
  track.set(tick, value);
  return track;
}

/** Adds a document to the history. Returns whether it is a new one. */
function take(document) {
  if (document.time === lastTime() && document.instance === store.instance) return false;
  const isRestart = store.instance !== undefined && store.instance !== document.instance;
  store.instance = document.instance;
  store.namespace = document.namespace;
  store.tick += 1;
  store.times.set(store.tick, document.time);
  if (isRestart) store.restarts.push(document.time);
  Object.assign(store, { all: document.all, allSeries: document.allSeries });
  store.followed = new Set(document.families.map(({ name }) => name));
  for (const read of document.families) takeFamily(read, isRestart, store.times);
  for (const [name, known] of store.families) {
    const isLookedAt = !isRestart && known.times !== store.times && known.last > store.tick - LOOKED_AT;
    if (!store.followed.has(name) && !isLookedAt) store.families.delete(name);
  }
  return true;
}

/** Adds the families of another document that are not followed. */
function takeOthers({ time, instance, families }) {
  if (instance !== store.instance) return;
  for (const read of families) {
    if (store.followed.has(read.name)) continue;
    const known = store.families.get(read.name);
    if (known?.times.at(known.last) === time) continue;
    const times = known?.times ?? new Track(store.tick);
    times.set(store.tick, time);
    takeFamily(read, false, times);
  }
}

/** Returns whether the service has more families than the page follows. */
const isPartial = () => store.followed.size < store.all;

function takeFamily(read, isRestart, times) {
  const { tick } = store;
  let known = store.families.get(read.name);
  if (!known || known.type !== read.type || known.times !== times) {
    known = { totals: new Map(), series: new Map(), groups: new Map(), times };
    store.families.set(read.name, known);
  }
  const follow = (tracks, key, value, isComplete) => followedBy(tracks, key, tick, value, isComplete, times);
  const isCounted = read.type !== 'gauge' && read.type !== 'untyped';
  const wasComplete = isCounted && !isRestart && known.count !== undefined;
  Object.assign(known, {
    name: read.name, type: read.type, help: read.help, unit: read.unit, foreign: read.foreign === 1,
    count: read.count, bounds: read.bounds, native: Boolean(read.native), last: tick, listed: [],
    labels: read.labels ?? known.labels ?? {}, isWhole: Boolean(read.series),
  });
  follow(known.totals, 'total', Number(read.total || 0), wasComplete);
  if (read.sum !== undefined) follow(known.totals, 'sum', Number(read.sum), wasComplete);
  followBuckets(read, read.total, (kind, value) => follow(known.totals, kind, value, false));
  for (const [labels, value, sum, buckets, native] of read.series ?? []) {
    const key = JSON.stringify(labels);
    const isNew = wasComplete && read.count <= read.series.length;
    const one = { labels, key, track: follow(known.series, key, Number(value), isNew) };
    if (sum !== undefined) one.sum = follow(known.series, `${key}sum`, Number(sum), isNew);
    if (buckets) {
      one.observed = new Map();
      followBuckets({ buckets, native }, value, (kind, counts) => (
        one.observed.set(kind, follow(known.series, key + kind, counts, false))));
    }
    known.listed.push(one);
  }
  for (const [label, { values, top }] of Object.entries(read.labels ?? {})) {
    if (!FOLLOWED.has(label)) continue;
    for (const [value, sum] of top) {
      const isNew = wasComplete && values <= top.length;
      follow(known.groups, JSON.stringify([label, value]), Number(sum), isNew);
    }
  }
  if (tick % 60 === 0) forgetOld(known);
}

/** Follows the native buckets if there are some, because the classic ones add no information. */
function followBuckets({ buckets, native }, count, follow) {
  if (native) follow('native', native);
  else if (buckets) follow('buckets', [...buckets, count]);
}

/** Drops series that disappeared long ago, so that they do not fill the memory. */
function forgetOld(known) {
  for (const tracks of [known.series, known.groups]) {
    for (const [key, track] of tracks) {
      if (track.first + track.values.length < firstTick()) tracks.delete(key);
    }
  }
}

/** Returns the values of a label that are followed, and their tracks. */
function groupsOf(known, label) {
  const groups = [];
  for (const [key, track] of known.groups) {
    const [of, value] = JSON.parse(key);
    if (of === label) groups.push({ value, track });
  }
  return groups;
}
