// All families, to search and sort.

const familiesView = (() => {
  const search = make('input', {
    type: 'search', id: 'search', placeholder: 'Search names, help and labels', 'aria-label': 'Search metrics',
    oninput: () => redraw(),
  });
  const sort = make('select', { id: 'sort', 'aria-label': 'Sort by', onchange: () => redraw() },
    ...Object.keys(FAMILY_ORDERS()).map((name) => make('option', { value: name }, `Sort by ${name}`)));
  const count = make('span', { class: 'muted', role: 'status' });
  const head = (text, kind) => make('th', { scope: 'col', class: kind }, text);
  const list = longTable({
    label: 'All metrics', kind: 'families', build: familyRow, update: updateFamilyRow, keyOf: (known) => known.name,
    head: make('tr', {}, head('Metric'), head('Type'), head('Series', 'number'), head('Now', 'number')),
  });
  list.node.classList.add('card');
  const node = make('div', { class: 'view' }, make('div', { class: 'controls' }, search, sort, count), list.node);
  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = [...store.families.values()];
    const found = all.filter((known) => words.every((word) => searched(known).includes(word)));
    found.sort(FAMILY_ORDERS()[sort.value]);
    write(count, `${exact(found.length)} of ${exact(all.length)} metrics`);
    list.show(found.length, 0, found);
  };
  return { node, update };
})();

function FAMILY_ORDERS() {
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  return {
    name: byName,
    'most series': (a, b) => b.count - a.count || byName(a, b),
    'highest rate': (a, b) => speed(b) - speed(a) || byName(a, b),
    type: (a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : byName(a, b)),
  };
}

function speed(known) {
  const value = known.type === 'gauge' ? NaN : recentRate(known.totals.get('total'));
  return Number.isNaN(value) ? -1 : value;
}

const searched = (known) => `${known.name} ${known.help} ${Object.keys(known.labels).join(' ')}`.toLowerCase();

function familyRow(known) {
  return make('tr', {},
    make('td', {}, make('a', { href: `#/metrics/${encodeURIComponent(known.name)}` }, foreign(known.name)),
      make('div', { class: 'muted' }, foreign(known.help, 160))),
    make('td', {}, make('span', { class: 'badge' }, known.type)),
    make('td', { class: 'number' }), make('td', { class: 'number' }));
}

function updateFamilyRow(row, known) {
  write(row.children[2], exact(known.count));
  write(row.children[3], nowOf(known));
}

/** A family in one number. */
function nowOf(known) {
  if (known.count === 0) return '–';
  if (known.type === 'histogram' && known.bounds) {
    const p95 = quantileAt(0.95, known, store.tick);
    return Number.isNaN(p95) ? perSecond(speed(known) < 0 ? NaN : speed(known)) : `p95 ${formatOf(known.unit)(p95)}`;
  }
  if (known.type === 'gauge' || known.type === 'untyped') {
    return known.count === 1 ? formatOf(known.unit)(known.totals.get('total').at(store.tick)) : `${known.count} values`;
  }
  return perSecond(recentRate(known.totals.get('total')));
}
