// One family: its curves, its series and its labels.

const detailView = { node: make('div', { class: 'view' }), name: undefined, parts: [], missing: undefined };

/** Reads a family that the page does not follow. */
const readDetail = reader('families.json', (document) => {
  takeOthers(document);
  detailView.missing = document.matched === 0 ? document.family : undefined;
  if (view.name === 'metric') showDetail();
});

detailView.update = () => {
  if (!store.followed.has(view.metric)) {
    readDetail({ family: view.metric }, view.metric !== detailView.asked);
    detailView.asked = view.metric;
  }
  showDetail();
};

function showDetail() {
  const known = store.families.get(view.metric);
  if (!known?.isWhole) {
    detailView.name = undefined;
    detailView.parts = [];
    detailView.node.replaceChildren(backLink(), make('p', { class: 'none' },
      detailView.missing === view.metric ? 'The service has no metric ' : 'Reading ', foreign(view.metric, 200), '.'));
    return;
  }
  const shape = `${known.name} ${known.type} ${hasBuckets(known)} ${known.native}`;
  if (detailView.name !== shape) {
    detailView.name = shape;
    detailView.parts = buildDetail(known.name);
    detailView.node.replaceChildren(backLink(), make('h2', {}, foreign(known.name)),
      make('p', { class: 'help' }, make('span', { class: 'badge' }, known.type), ' ',
        known.unit ? `in ${plain(known.unit)} · ` : '', foreign(known.help)),
      ...detailView.parts.map((part) => part.node));
  }
  detailView.parts.forEach((part) => part.update());
}

const backLink = () => make('p', {}, make('a', { href: '#/metrics' }, '← All metrics'));

function buildDetail(name) {
  const known = () => store.families.get(name);
  const format = formatOf(known().unit);
  const about = () => ({ families: [known()], query: queryOf(known()) });
  const parts = [];
  if (known().type === 'histogram' && hasBuckets(known())) {
    parts.push(panel({
      title: 'Quantiles', about, body: [lineChart({
        label: `Quantiles of ${name}`, format, unit: known().unit, height: 190,
        curves: () => [[0.5, '--c1'], [0.95, '--c3'], [0.99, '--c2']].map(([q, paint]) => ({
          name: `p${q * 100}`, colour: paint, points: points((tick) => quantileAt(q, known(), tick)),
        })),
      })],
    }), panel({
      title: 'Heatmap', about, body: [heatmap({ label: `Heatmap of ${name}`, height: 212, known, format })],
    }));
  } else {
    const isGauge = ['gauge', 'untyped'].includes(known().type);
    parts.push(panel({
      title: isGauge ? 'Values' : 'Rates', about, wide: true, body: [lineChart({
        label: `${isGauge ? 'Values' : 'Rates'} of ${name}`, height: 220, unit: isGauge ? known().unit : undefined,
        format: isGauge ? format : perSecond,
        curves: () => known().listed.slice(0, 8).map((series, place) => ({
          name: labelText(series.labels), colour: COLOURS[place],
          points: isGauge ? valuePoints(series.track) : ratePoints(series.track),
        })),
      })],
    }));
  }
  const charts = { node: make('div', { class: 'grid' }, ...parts.map((part) => part.node)) };
  charts.update = () => parts.forEach((part) => part.update());
  return [charts, queryPart(name), seriesTable(name)];
}

const labelText = (labels) => Object.entries(labels).map(([label, value]) => `${label}=${value}`).join(' ') || 'value';

function queryPart(name) {
  const node = make('div', { class: 'card' }, make('h3', {}, 'PromQL'));
  node.append(...queryBoxes(queryOf(store.families.get(name))));
  return { node, update: () => {} };
}
