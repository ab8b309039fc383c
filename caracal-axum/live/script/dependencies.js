// Connection pools, circuit breakers and caches.

/** Returns the sorted values that a label has in these families. */
function valuesOf(label, roles) {
  const found = new Set();
  for (const role of roles) {
    for (const { labels, track } of family(role)?.listed ?? []) {
      // A family of the catalogue has the value 0 if nothing feeds it.
      if (labels[label] || track.at(store.tick) > 0) found.add(labels[label] ?? '');
    }
  }
  return [...found].sort();
}

/** Returns the series of a family with this value of a label. */
function seriesOf(role, label, value) {
  return family(role)?.listed.filter((series) => (series.labels[label] ?? '') === value) ?? [];
}

function current(role, label, value) {
  const found = seriesOf(role, label, value);
  return found.length > 0 ? found.reduce((sum, { track }) => sum + track.at(store.tick), 0) : NaN;
}

const trackPoints = (role, label, value) => {
  const found = seriesOf(role, label, value);
  return points((tick) => (found.length > 0 ? found.reduce((sum, { track }) => sum + track.at(tick), 0) : NaN));
};

function poolPanel(pool) {
  const now = (role) => current(role, 'pool', pool);
  const meter = poolMeter(now);
  const curve = (name, paint, role) => ({
    name, colour: paint, points: trackPoints(role, 'pool', pool),
  });
  const acquire = () => {
    const series = seriesOf('poolAcquire', 'pool', pool)[0];
    return series?.observed ? quantileAt(0.95, family('poolAcquire'), store.tick, series.observed) : NaN;
  };
  return panel({
    title: pool || 'pool',
    value: () => `acquire p95 ${Number.isNaN(acquire()) ? '–' : duration(acquire())}`,
    about: () => ({
      families: ['poolUsed', 'poolIdle', 'poolPending', 'poolSize', 'poolAcquire'].map(family),
      query: selector(family('poolUsed')?.name ?? '', pool ? { pool } : {}),
    }),
    body: [meter, lineChart({
      label: `Connections of the pool ${plain(pool, 80)}`, height: 120, most: () => Math.max(1, now('poolSize') || 0),
      curves: () => [
        curve('in use', '--c1', 'poolUsed'), curve('idle', '--c3', 'poolIdle'),
        curve('waiting callers', '--c2', 'poolPending'),
      ],
    })],
  });
}

function poolMeter(now) {
  const used = make('span', { class: 'used' });
  const idle = make('span', { class: 'idle' });
  const bar = make('div', { class: 'bar', 'aria-hidden': 'true' }, used, idle);
  const text = make('p', { class: 'meter-text' });
  const draw = () => {
    const [size, out, rest, waits] = ['poolSize', 'poolUsed', 'poolIdle', 'poolPending'].map(now);
    const most = Math.max(size || 0, out || 0, 1);
    used.style.width = `${(100 * (out || 0)) / most}%`;
    idle.style.width = `${(100 * Math.min(rest || 0, most - (out || 0))) / most}%`;
    const isFull = size > 0 && out >= size;
    bar.classList.toggle('full', isFull);
    const waiting = Number.isNaN(waits) ? '' : `, ${short(waits)} waiting`;
    const idling = Number.isNaN(rest) ? '' : `, ${short(rest)} idle`;
    write(text, `${short(out)} of ${short(size)} in use${idling}${waiting}${isFull ? ' (full)' : ''}`);
  };
  return { node: make('div', { class: 'meter' }, bar, text), draw };
}

function breakerPanel(name) {
  const read = () => ({
    track: seriesOf('breakerState', 'name', name)[0]?.track ?? new Track(store.tick),
    changes: seriesOf('breakerChanges', 'name', name).map(({ labels, track }) => ({
      from: labels.from_state, to: labels.to_state, track,
    })),
  });
  const list = make('ol', { class: 'events', 'aria-label': 'Latest transitions' });
  const events = {
    node: list,
    draw: () => {
      const latest = recentTransitions(read().changes, 6);
      const items = latest.map((t) => make('li', {}, make('time', {}, clock(t.time)),
        ` ${plain(t.from)} → ${plain(t.to)}${t.times > 1 ? ` (${t.times}×)` : ''}`));
      list.replaceChildren(...(items.length > 0 ? items
        : [make('li', { class: 'none' }, 'No transition since the page was opened.')]));
    },
  };
  return panel({
    title: name, value: () => stateName(current('breakerState', 'name', name)),
    about: () => ({
      families: [family('breakerState'), family('breakerChanges')],
      query: selector(family('breakerState')?.name ?? '', { name }),
    }),
    body: [timeline({ label: `States of the breaker ${plain(name, 80)}`, breaker: read }), events],
  });
}

const stateLegend = () => make('p', { class: 'legend' }, ...STATES.map((state) => {
  const key = make('span', { class: `key ${state.name}` });
  return make('span', { class: 'entry' }, key, state.name);
}));

/** The policy cache of the catalogue has separate families, without a label. */
function cacheSources() {
  const isUsed = ['policyCacheHits', 'policyCacheMisses', 'policyCacheSize']
    .some((role) => family(role)?.totals.get('total').at(store.tick) > 0);
  const policy = isUsed && [{
    name: 'policy', hits: () => family('policyCacheHits')?.listed ?? [],
    misses: () => family('policyCacheMisses')?.listed ?? [],
    size: () => family('policyCacheSize')?.listed ?? [],
    removals: () => family('policyCacheEvictions')?.listed ?? [],
    families: ['policyCacheHits', 'policyCacheMisses', 'policyCacheSize', 'policyCacheEvictions'],
  }];
  const named = valuesOf('cache', ['cacheHits', 'cacheSize']).map((name) => ({
    name, hits: () => seriesOf('cacheHits', 'cache', name),
    misses: () => seriesOf('cacheMisses', 'cache', name),
    size: () => seriesOf('cacheSize', 'cache', name),
    removals: () => seriesOf('cacheRemovals', 'cache', name),
    families: ['cacheHits', 'cacheMisses', 'cacheSize', 'cacheRemovals'],
  }));
  return [...(policy || []), ...named];
}

function cachePanel(cache) {
  const rates = (series, rateOf) => series.map(({ track }) => rateOf(track)).reduce((a, b) => a + b, 0);
  const ratio = (rateOf) => {
    const hits = rates(cache.hits(), rateOf);
    const all = hits + rates(cache.misses(), rateOf);
    return all > 0 ? hits / all : NaN;
  };
  const size = () => rates(cache.size(), (track) => track.at(store.tick));
  const causes = () => cache.removals().filter(({ track }) => track.at(store.tick) > 0)
    .map(({ labels, track }, place) => ({
      name: labels.cause ? `removed: ${labels.cause}` : 'evicted', colour: COLOURS[(place + 1) % 8],
      points: ratePoints(track),
    }));
  return panel({
    title: cache.name, value: () => `${percent(ratio((track) => recentRate(track, 10)))} hits, ${short(size())} entries`,
    about: () => {
      const [hits, misses] = cache.families.map((role) => family(role)?.name ?? '');
      return {
        families: cache.families.map(family),
        query: `${sumRate(hits)} / (${sumRate(hits)} + ${sumRate(misses)})`,
      };
    },
    body: [
      lineChart({
        label: `Hit ratio of the cache ${plain(cache.name, 80)}`, height: 110, format: percent, most: () => 1,
        curves: () => [{
          name: 'hit ratio', colour: '--c1', points: points((tick) => ratio((track) => rate(track, tick))),
        }],
      }),
      lineChart({
        label: `Removals from the cache ${plain(cache.name, 80)}`, height: 90, format: perSecond, curves: causes,
      }),
    ],
  });
}
