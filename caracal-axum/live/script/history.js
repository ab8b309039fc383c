// What was read so far. A tick is one reading; tracks have a value for each tick, or NaN.

const KEEP = 900;
// A longer time between two readings is a hole, which no line crosses.
const HOLE = 5000;
// A family that is not followed is forgotten so many ticks after somebody looked at it.
const LOOKED_AT = 10;

class Track {
  /** `times` is when the values were read, by tick. */
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
  /** Times at which another process answered than before. */
  restarts: [],
  namespace: '',
  /** How many families and series the service has. */
  all: 0,
  allSeries: 0,
  families: new Map(),
  /** The families that each document has. Others are read while they are looked at. */
  followed: new Set(),
};
store.times = new Track(0);

const firstTick = () => store.times.first;
const lastTime = () => store.times.at(store.tick);

function followedBy(tracks, key, tick, value, isComplete, times) {
  let track = tracks.get(key);
  if (!track) {
    track = new Track(tick, times);
    // A series that was not there read 0.
    if (isComplete && tick > firstTick()) {
      track.first = tick - 1;
      track.set(tick - 1, 0);
    }
    tracks.set(key, track);
  }
  track.set(tick, value);
  return track;
}

/** Takes in a document. Returns whether it is a new one. */
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

/** Takes in the families of another document that are not followed. */
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

/** Whether the service has more families than the page follows. */
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

/** Where there are native buckets, classic ones would tell nothing more. */
function followBuckets({ buckets, native }, count, follow) {
  if (native) follow('native', native);
  else if (buckets) follow('buckets', [...buckets, count]);
}

/** Series that went long ago would fill the memory. */
function forgetOld(known) {
  for (const tracks of [known.series, known.groups]) {
    for (const [key, track] of tracks) {
      if (track.first + track.values.length < firstTick()) tracks.delete(key);
    }
  }
}

/** The values of a label that are followed, and their tracks. */
function groupsOf(known, label) {
  const groups = [];
  for (const [key, track] of known.groups) {
    const [of, value] = JSON.parse(key);
    if (of === label) groups.push({ value, track });
  }
  return groups;
}
