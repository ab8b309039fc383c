// The first view: an overview of what the service does.

const overviewView = { node: make('div', { class: 'view' }), shape: undefined, sections: [] };

/** Returns everything that determines which panels there are. The panels are only rebuilt if it changes. */
function overviewShape() {
  return {
    requests: requestSources().map(({ key, routes }) => [key, Boolean(routes())]),
    pools: valuesOf('pool', ['poolSize', 'poolOpen', 'poolUsed']),
    breakers: valuesOf('name', ['breakerState']),
    caches: cacheSources().map(({ name }) => name),
    runtime: Object.keys(NAMES).filter((role) => /^(tokio|process)/.test(role) && family(role)),
  };
}

function buildOverview() {
  const sections = [attention()];
  for (const source of requestSources()) {
    sections.push(section(source.title, requestTiles(source), 'tiles'));
    const panels = requestPanels(source);
    if (source.routes()) panels.push(routePanel(source));
    sections.push(section('', panels, 'grid pairs'));
  }
  if (requestSources().length === 0) sections.push(nothing('Requests', 'No requests so far. HttpMetricsLayer or GatewayMetricsLayer records those of an axum Router.'));
  const pools = valuesOf('pool', ['poolSize', 'poolOpen', 'poolUsed']);
  if (pools.length > 0) sections.push(section('Connection pools', pools.map(poolPanel)));
  const breakers = valuesOf('name', ['breakerState']);
  if (breakers.length > 0) {
    const made = section('Circuit breakers', breakers.map(breakerPanel));
    made.node.firstChild.after(stateLegend());
    sections.push(made);
  }
  const caches = cacheSources();
  if (caches.length > 0) sections.push(section('Caches', caches.map(cachePanel)));
  const runtime = runtimePanels();
  if (runtime.length > 0) sections.push(section('Process and runtime', runtime, 'grid small-panels'));
  sections.push(rest());
  return sections;
}

/** Creates the line about the metrics that have no panel. */
function rest() {
  const text = make('span');
  const node = make('p', { class: 'help rest' }, text, ' ', make('a', { href: '#/metrics' }, 'Search all metrics'));
  const update = () => write(text, isPartial()
    ? `This service has ${exact(store.all)} metrics, too many to follow all of them: the page follows ${exact(store.followed.size)}, and those that you open.`
    : `This service has ${exact(store.all)} metrics.`);
  return { node, update };
}

function nothing(title, text) {
  const node = make('section', { class: 'part' }, make('h2', {}, title), make('p', { class: 'none' }, text));
  return { node, update: () => {} };
}

overviewView.update = () => {
  const shape = JSON.stringify(overviewShape());
  if (shape !== overviewView.shape) {
    overviewView.shape = shape;
    overviewView.sections = buildOverview();
    overviewView.node.replaceChildren(...overviewView.sections.map((part) => part.node));
  }
  overviewView.sections.forEach((part) => part.update());
};
