// Shows which labels cause many series, and what was merged because of a limit.

const MOST_ROWS = 100;

const cardinalityView = (() => {
  const body = make('tbody');
  const summary = make('p', { class: 'help', role: 'status' });
  const head = (text, kind) => make('th', { scope: 'col', class: kind }, text);
  const table = make('table', { class: 'cardinality' }, make('thead', {}, make('tr', {},
    head('Metric'), head('Series', 'number'), head('Of the limit', 'number'), head('Merged', 'number'),
    head('Labels'))), body);
  const node = make('div', { class: 'view' }, make('h2', {}, 'Cardinality'), summary,
    make('div', { class: 'card scroll', tabindex: '0', role: 'region', 'aria-label': 'Cardinality' }, table));
  let known = new Map();
  const load = reader('cardinality.json', ({ families }) => {
    known = new Map(families.map((one) => [one.name, one]));
    show();
  });
  const show = () => {
    // The document also contains families that the page does not follow: those of this service with the most
    // series.
    const counts = new Map([...known.values()].map(({ name, series }) => [name, series]));
    for (const { name, count } of store.families.values()) counts.set(name, count);
    const all = [...counts].map(([name, count]) => ({ name, count }));
    all.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
    const merged = [...known.values()].reduce((sum, one) => sum + one.merged, 0);
    write(summary, `${exact(store.allSeries)} series in ${exact(store.all)} metrics. ${merged > 0
      ? `${exact(merged)} updates were merged or dropped, because their metrics had reached their limits.`
      : 'No limit was reached.'}`);
    reconcile(body, all.slice(0, MOST_ROWS), ({ name }) => name, cardinalityRow,
      (row, { name, count }) => updateCardinalityRow(row, count, known.get(name)));
  };
  const update = () => {
    load({});
    show();
  };
  return { node, update };
})();

function cardinalityRow({ name }) {
  return make('tr', {},
    make('td', {}, make('a', { href: `#/metrics/${encodeURIComponent(name)}` }, foreign(name)),
      make('div', { class: 'muted' })),
    make('td', { class: 'number' }), make('td', { class: 'number' }), make('td', { class: 'number' }),
    make('td', { class: 'labels' }));
}

function updateCardinalityRow(row, count, known) {
  const limit = known?.limit;
  write(row.children[1], exact(count));
  write(row.children[2], limit > 0 ? `${percent(known.counted / limit)} of ${exact(limit)}` : '–');
  write(row.children[3], known?.merged > 0 ? exact(known.merged) : '–');
  const last = known?.last.at(-1);
  write(row.firstChild.lastChild, last ? `last merged: ${plain(labelText(last), 160)}` : '');
  const labels = known ? [...known.labels].sort((a, b) => b.values - a.values) : [];
  reconcile(row.children[4], labels, ({ label }) => label, ({ label }) => make('details', {},
    make('summary', {}, foreign(label), ' ', make('b')), make('ol', { class: 'values' })), (element, { values, top }) => {
    write(element.firstChild.lastChild, values === 1 ? '1 value' : `${exact(values)} values`);
    if (!element.open) return;
    reconcile(element.lastChild, top, ([value]) => value, ([value]) => make('li', {},
      make('span', { class: 'share' }), foreign(value || '(empty)', 120), ' ', make('b')), (item, [, series]) => {
      item.firstChild.style.width = `${(100 * series) / count}%`;
      write(item.lastChild, `${exact(series)} series`);
    });
  });
}
