// Requests: their number, their errors and their durations.

const CLASSES = [
  ['1xx', '--c7'], ['2xx', '--ok'], ['3xx', '--c6'], ['4xx', '--warn'], ['5xx', '--bad'], ['other', '--c4'],
];

/** Returns the families with which the service counts its requests. */
function requestSources() {
  const gateway = family('gatewayRequests') && {
    key: 'gateway', title: 'Gateway requests', count: () => family('gatewayRequests'),
    duration: () => family('gatewayDuration'),
    status: 'status_code', inFlight: () => family('gatewayInFlight'),
    routes: () => family('gatewayRoutes'), route: 'route',
  };
  const http = family('httpDuration') && {
    key: 'http', title: 'HTTP requests', count: () => family('httpDuration'),
    duration: () => family('httpDuration'),
    status: 'http_response_status_code', inFlight: () => family('httpActive'),
    routes: () => family('httpDuration'), route: 'http_route',
  };
  return [gateway, http].filter(Boolean);
}

const classOf = (status) => (/^[1-5]\d\d$/.test(status) ? `${status[0]}xx` : 'other');

/** Returns the tracks of a class of status codes. */
function tracksOf(source, name) {
  const known = source.count();
  if (!known) return [];
  const groups = groupsOf(known, source.status);
  return groups.filter(({ value }) => classOf(value) === name).map(({ track }) => track);
}

const sumAt = (tracks, tick) => {
  const rates = tracks.map((track) => rate(track, tick)).filter((value) => !Number.isNaN(value));
  return rates.length > 0 ? rates.reduce((sum, value) => sum + value, 0) : NaN;
};

const total = (source) => source.count()?.totals.get('total');

function errorRatio(source, tick) {
  const all = total(source) ? rate(total(source), tick) : NaN;
  if (!(all > 0)) return NaN;
  const errors = sumAt(tracksOf(source, '5xx'), tick);
  return (Number.isNaN(errors) ? 0 : errors) / all;
}

function recentErrorRatio(source) {
  const all = total(source) ? recentRate(total(source)) : NaN;
  if (!(all > 0)) return NaN;
  const rates = tracksOf(source, '5xx').map((track) => recentRate(track)).filter((r) => r > 0);
  return rates.reduce((sum, value) => sum + value, 0) / all;
}

const inFlight = (source) => source.inFlight()?.totals.get('total').at(store.tick) ?? NaN;

function requestTiles(source) {
  const latency = (q) => () => {
    const known = source.duration();
    return known ? duration(quantileAt(q, known, store.tick)) : '–';
  };
  return [
    tile('Requests', () => (total(source) ? perSecond(recentRate(total(source))) : '–'),
      () => (total(source) ? `${exact(total(source).at(store.tick))} in total` : '')),
    tile('Errors (5xx)', () => percent(recentErrorRatio(source)), () => 'of the last 5 s',
      () => recentErrorRatio(source) > TOO_MANY_ERRORS),
    tile('p50', latency(0.5), () => 'of the last 10 s'),
    tile('p95', latency(0.95), () => 'of the last 10 s'),
    tile('p99', latency(0.99), () => 'of the last 10 s'),
    tile('In flight', () => short(inFlight(source)), () => 'now'),
  ];
}

function requestPanels(source) {
  const quantiles = [[0.5, '--c1'], [0.95, '--c3'], [0.99, '--c2']];
  return [
    panel({
      title: 'Request rate by status', value: () => (total(source) ? perSecond(recentRate(total(source))) : '–'),
      about: () => ({ families: [source.count()], query: countQuery(source.count(), [source.status]) }),
      body: [lineChart({
        label: `${source.title} by status class`, stacked: true, format: perSecond,
        curves: () => CLASSES.map(([name, paint]) => [name, paint, tracksOf(source, name)])
          .filter(([, , tracks]) => tracks.length > 0)
          .map(([name, paint, tracks]) => ({
            name, colour: paint, points: points((tick) => sumAt(tracks, tick)),
          })),
      })],
    }),
    panel({
      title: 'Error ratio', value: () => percent(recentErrorRatio(source)),
      about: () => ({
        families: [source.count()],
        query: countQuery(source.count(), [], (rates) => (
          `${rates(`{${source.status}=~"5.."}`)} / ${rates('')}`)),
      }),
      body: [lineChart({
        label: `${source.title}: ratio of errors`, format: percent, most: () => 0.01,
        curves: () => [{
          name: '5xx of all', colour: '--bad', points: points((tick) => errorRatio(source, tick)),
        }],
      })],
    }),
    panel({
      title: 'Latency', about: () => ({
        families: [source.duration()], query: quantileQuery(0.95, source.duration()),
      }),
      body: [lineChart({
        label: `${source.title}: latency`, format: duration, unit: 'seconds',
        curves: () => quantiles.map(([q, paint]) => ({
          name: `p${q * 100}`, colour: paint,
          points: points((tick) => (source.duration() ? quantileAt(q, source.duration(), tick) : NaN)),
        })),
      })],
    }),
    panel({
      title: 'Latency heatmap', about: () => ({
        families: [source.duration()], query: heatmapQuery(source.duration()),
      }),
      body: [heatmap({
        label: `${source.title}: latency by bucket`, height: 172, known: source.duration, format: duration,
      })],
    }),
  ];
}

/** Creates the panel of the routes with the most requests. */
function routePanel(source) {
  const body = make('tbody');
  const table = make('table', {}, make('thead', {}, make('tr', {},
    make('th', { scope: 'col' }, 'Route'), make('th', { scope: 'col', class: 'number' }, 'Rate'),
    make('th', { scope: 'col', class: 'number' }, 'Requests'))), body);
  const draw = () => {
    const known = source.routes();
    const groups = known ? groupsOf(known, source.route) : [];
    const last = ({ track }) => track.at(store.tick);
    const rows = groups.filter((group) => last(group) >= 0).sort((a, b) => last(b) - last(a)).slice(0, 10);
    reconcile(body, rows, (row) => row.value, (row) => make('tr', {},
      make('td', {}, foreign(row.value, 120)), make('td', { class: 'number' }),
      make('td', { class: 'number' })), (element, row) => {
      write(element.children[1], perSecond(recentRate(row.track)));
      write(element.children[2], exact(last(row)));
    });
  };
  return panel({
    title: 'Busiest routes', wide: true,
    about: () => ({
      families: [source.routes()],
      query: countQuery(source.routes(), [source.route], (rates) => `topk(10, ${rates('')})`),
    }),
    body: [{ node: make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Busiest routes' }, table), draw }],
  });
}
