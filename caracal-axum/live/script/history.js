// What was read so far. A tick is one reading; tracks have a value for each tick, or NaN.

const KEEP = 900;
// A longer time between two readings is a hole, which no line crosses.
const HOLE = 5000;

class Track {
  constructor(tick) {
    this.first = tick;
    this.values = [];
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
  times: new Track(0),
  instance: undefined,
  /** Times at which another process answered than before. */
  restarts: [],
  namespace: '',
  families: new Map(),
};

const firstTick = () => store.times.first;
const lastTime = () => store.times.at(store.tick);

function followedBy(tracks, key, tick, value, isComplete) {
  let track = tracks.get(key);
  if (!track) {
    track = new Track(tick);
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
  const seen = new Set();
  for (const read of document.families) {
    seen.add(read.name);
    takeFamily(read, isRestart);
  }
  for (const name of store.families.keys()) if (!seen.has(name)) store.families.delete(name);
  return true;
}

function takeFamily(read, isRestart) {
  const { tick } = store;
  let known = store.families.get(read.name);
  if (!known || known.type !== read.type) {
    known = { totals: new Map(), series: new Map(), groups: new Map() };
    store.families.set(read.name, known);
  }
  const isCounted = read.type !== 'gauge' && read.type !== 'untyped';
  const wasComplete = isCounted && !isRestart && known.count !== undefined;
  Object.assign(known, {
    name: read.name, type: read.type, help: read.help, unit: read.unit, foreign: read.foreign === 1,
    count: read.count, labels: read.labels, bounds: read.bounds, listed: [],
  });
  followedBy(known.totals, 'total', tick, Number(read.total || 0), wasComplete);
  if (read.sum !== undefined) followedBy(known.totals, 'sum', tick, Number(read.sum), wasComplete);
  if (read.buckets) followedBy(known.totals, 'buckets', tick, [...read.buckets, read.total], false);
  for (const [labels, value, sum, buckets] of read.series) {
    const key = JSON.stringify(labels);
    const isNew = wasComplete && read.count <= read.series.length;
    const track = followedBy(known.series, key, tick, Number(value), isNew);
    const one = { labels, key, track };
    if (sum !== undefined) one.sum = followedBy(known.series, `${key}sum`, tick, Number(sum), isNew);
    if (buckets) {
      one.buckets = followedBy(known.series, `${key}buckets`, tick, [...buckets, value], false);
    }
    known.listed.push(one);
  }
  for (const [label, { values, top }] of Object.entries(read.labels)) {
    if (!FOLLOWED.has(label)) continue;
    for (const [value, sum] of top) {
      const isNew = wasComplete && values <= top.length;
      followedBy(known.groups, JSON.stringify([label, value]), tick, Number(sum), isNew);
    }
  }
  if (tick % 60 === 0) forgetOld(known);
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
