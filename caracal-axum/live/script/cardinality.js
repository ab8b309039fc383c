// Which labels make many series, and what the limits fold away.

const MOST_ROWS = 100;

const cardinalityView = (() => {
  const body = make('tbody');
  const summary = make('p', { class: 'help', role: 'status' });
  const head = (text, kind) => make('th', { scope: 'col', class: kind }, text);
  const table = make('table', { class: 'cardinality' }, make('thead', {}, make('tr', {},
    head('Metric'), head('Series', 'number'), head('Folded', 'number'), head('Labels'))), body);
  const node = make('div', { class: 'view' }, make('h2', {}, 'Cardinality'), summary,
    make('div', { class: 'card scroll', tabindex: '0', role: 'region', 'aria-label': 'Cardinality' }, table));
  const update = () => {
    const all = [...store.families.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
    const folded = foldedByMetric();
    const series = all.reduce((sum, known) => sum + known.count, 0);
    const records = [...folded.values()].reduce((sum, value) => sum + value, 0);
    write(summary, `${exact(series)} series in ${exact(all.length)} metrics. ${records > 0
      ? `${exact(records)} records went into an aggregated series because a metric had reached its limit.`
      : 'No limit was reached.'}`);
    reconcile(body, all.slice(0, MOST_ROWS), (known) => known.name, cardinalityRow,
      (row, known) => updateCardinalityRow(row, known, folded.get(known.name) ?? 0));
  };
  return { node, update };
})();

/** How many records of each metric were folded. */
function foldedByMetric() {
  const folded = new Map();
  for (const { labels, track } of family('seriesLimited')?.listed ?? []) {
    folded.set(labels.metric, track.at(store.tick));
  }
  return folded;
}

function cardinalityRow(known) {
  return make('tr', {},
    make('td', {}, make('a', { href: `#/metrics/${encodeURIComponent(known.name)}` }, foreign(known.name))),
    make('td', { class: 'number' }), make('td', { class: 'number' }), make('td', { class: 'labels' }));
}

function updateCardinalityRow(row, known, folded) {
  write(row.children[1], exact(known.count));
  write(row.children[2], folded > 0 ? exact(folded) : '–');
  const labels = Object.entries(known.labels).sort(([, a], [, b]) => b.values - a.values);
  reconcile(row.children[3], labels, ([label]) => label, ([label]) => make('details', {},
    make('summary', {}, foreign(label), ' ', make('b')), make('ol', { class: 'values' })), (element, [, { values, top }]) => {
    write(element.firstChild.lastChild, values === 1 ? '1 value' : `${exact(values)} values`);
    if (!element.open) return;
    reconcile(element.lastChild, top.slice(0, 10), ([value]) => value, ([value]) => make('li', {},
      make('span', { class: 'share' }), foreign(value || '(empty)', 120), ' ', make('b')), (item, [, series]) => {
      item.firstChild.style.width = `${(100 * series) / known.count}%`;
      write(item.lastChild, `${exact(series)} series`);
    });
  });
}
