// The problems of the service at the moment, at the top of the overview.

// A ratio of all requests. At this ratio, the error budget of 30 days is used up in about two days, and an
// alert pages somebody.
const TOO_MANY_ERRORS = 0.0144;
const ALMOST_ALL = 0.9;
// The number of readings after which a state counts as a problem.
const LASTING = 3;

/** Returns `{ text, detail, link }` for each problem. While a problem lasts, only its detail changes. */
function problems() {
  return [...failingRequests(), ...openBreakers(), ...fullPools(), ...fewFiles(), ...lostMetrics()];
}

function failingRequests() {
  const failing = requestSources().filter((source) => recentErrorRatio(source) > TOO_MANY_ERRORS);
  return failing.map((source) => ({
    text: `${source.title} fail`, detail: `${percent(recentErrorRatio(source))} are answered with 5xx`,
  }));
}

function openBreakers() {
  const states = valuesOf('name', ['breakerState']).map((name) => [name, current('breakerState', 'name', name)]);
  return states.filter(([, state]) => state > 0).map(([name, state]) => ({
    text: `Circuit breaker ${plain(name, 80)} is ${stateName(state).replace('_', '-')}`, detail: '',
  }));
}

/** Returns the pools that have no free connection or have waiting callers in several consecutive readings. */
function fullPools() {
  const found = [];
  for (const pool of valuesOf('pool', ['poolSize'])) {
    const at = (role, tick) => seriesOf(role, 'pool', pool).reduce((sum, { track }) => sum + track.at(tick), 0);
    const isFull = (tick) => at('poolSize', tick) > 0 && at('poolUsed', tick) >= at('poolSize', tick);
    const isShort = (tick) => isFull(tick) || at('poolPending', tick) > 0;
    if (!Array.from({ length: LASTING }, (_, ago) => store.tick - ago).every(isShort)) continue;
    const name = pool ? `Connection pool ${plain(pool, 80)}` : 'Connection pool';
    const waiting = at('poolPending', store.tick);
    found.push({
      text: `${name} ${isFull(store.tick) ? 'is full' : 'has waiting callers'}`,
      detail: `${short(at('poolUsed', store.tick))} of ${short(at('poolSize', store.tick))} in use${waiting > 0 ? `, ${short(waiting)} waiting` : ''}`,
    });
  }
  return found;
}

function fewFiles() {
  const [open, most] = ['processFiles', 'processMaxFiles'].map((role) => family(role)?.totals.get('total').at(store.tick));
  return open > ALMOST_ALL * most ? [{ text: 'Few file descriptors are left', detail: `${exact(open)} of ${exact(most)} are open` }] : [];
}

function lostMetrics() {
  const moves = (role) => recentRate(family(role)?.totals.get('total') ?? new Track(store.tick)) > 0;
  return [
    ['seriesLimited', 'Metrics reached their series limit', 'updates with new label values are merged', '#/cardinality'],
    ['collectionErrors', 'Metrics are missing', 'collectors fail or do not return in time'],
  ].filter(([role]) => moves(role)).map(([, text, detail, link]) => ({ text, detail, link }));
}

/** Creates the list at the top of the overview. Screen readers announce problems that appear or end, without numbers. */
function attention() {
  const list = make('ul', { 'aria-label': 'Problems now' });
  const spoken = make('p', { class: 'offscreen', role: 'status' });
  const node = make('section', { class: 'attention', 'aria-label': 'State of the service' }, list, spoken);
  const update = () => {
    const found = problems();
    const rows = found.length > 0 ? found : [{ text: 'No problem found', detail: wellText() }];
    node.classList.toggle('bad', found.length > 0);
    reconcile(list, rows, ({ text }) => text, ({ text, link }) => make('li', {},
      make('span', { class: 'sign', 'aria-hidden': 'true' }, found.length > 0 ? '▲' : '✓'),
      make('b', {}, link ? make('a', { href: link }, text) : text), make('span', { class: 'muted' })), (row, { detail }) => {
      write(row.lastChild, detail);
    });
    write(spoken, rows.map(({ text }) => text).join('. '));
  };
  return { node, update };
}

/** Returns what was checked. */
function wellText() {
  const looked = [
    [requestSources().length > 0, `errors are below ${percent(TOO_MANY_ERRORS)}`],
    [valuesOf('name', ['breakerState']).length > 0, 'circuit breakers are closed'],
    [valuesOf('pool', ['poolSize']).length > 0, 'connection pools have room'],
  ];
  return looked.filter(([is]) => is).map(([, text]) => text).join(', ');
}
