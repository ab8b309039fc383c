// All families, searched and sorted. If the page does not follow all of them, the service does this.

const familiesView = (() => {
  const wanted = { search: '', sort: 'name', first: 0 };
  const changed = () => {
    Object.assign(wanted, { search: search.value, sort: sort.value, first: 0 });
    if (isPartial()) load({ ...wanted }, true);
    else redraw();
  };
  const search = make('input', {
    type: 'search', id: 'search', placeholder: 'Search names, help and labels', 'aria-label': 'Search metrics',
    oninput: changed,
  });
  const sort = make('select', { id: 'sort', 'aria-label': 'Sort by', onchange: changed },
    ...Object.entries(FAMILY_ORDERS()).map(([value, { title }]) => make('option', { value }, `Sort by ${title}`)));
  const count = make('span', { class: 'muted', role: 'status' });
  const head = (text, kind) => make('th', { scope: 'col', class: kind }, text);
  const list = longTable({
    label: 'All metrics', kind: 'families', build: familyRow, update: updateFamilyRow, keyOf: (known) => known.name,
    head: make('tr', {}, head('Metric'), head('Type'), head('Series', 'number'), head('Now', 'number')),
    missing: (from, to) => {
      if (!isPartial()) return;
      const first = placeOfPart(from, to);
      if (first === wanted.first) return;
      wanted.first = first;
      load({ ...wanted }, true);
    },
  });
  list.node.classList.add('card');
  const note = make('p', { class: 'help', hidden: true });
  const node = make('div', { class: 'view' }, make('div', { class: 'controls' }, search, sort, count), note, list.node);
  const show = (matched, first, families) => {
    write(count, `${exact(matched)} of ${exact(store.all)} metrics`);
    list.show(matched, first, families);
  };
  const load = reader('families.json', (document) => {
    takeOthers(document);
    show(document.matched, document.first, document.families.map(({ name }) => store.families.get(name)).filter(Boolean));
  });
  const update = () => {
    const isPart = isPartial();
    note.hidden = !isPart;
    write(note, isPart ? `The page follows ${exact(store.followed.size)} of these metrics all the time. It reads the others while they are in view, so their curves begin when you open them.` : '');
    const byRate = sort.querySelector('[value="rate"]');
    byRate.disabled = isPart;
    if (isPart && byRate.selected) {
      sort.value = 'name';
      changed();
    }
    if (isPart) load({ ...wanted });
    else {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = [...store.families.values()].filter((known) => words.every((word) => searched(known).includes(word)));
      found.sort(FAMILY_ORDERS()[sort.value].compare);
      show(found.length, 0, found);
    }
  };
  return { node, update };
})();

/** Returns the orders, by their names in queries. The service does not know rates. */
function FAMILY_ORDERS() {
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  return {
    name: { title: 'name', compare: byName },
    series: { title: 'most series', compare: (a, b) => b.count - a.count || byName(a, b) },
    rate: { title: 'highest rate', compare: (a, b) => speed(b) - speed(a) || byName(a, b) },
    type: { title: 'type', compare: (a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : byName(a, b)) },
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

/** Returns the current value of a family, as one number. */
function nowOf(known) {
  if (known.count === 0) return '–';
  if (known.type === 'histogram' && hasBuckets(known)) {
    const p95 = quantileAt(0.95, known, known.last);
    return Number.isNaN(p95) ? perSecond(speed(known) < 0 ? NaN : speed(known)) : `p95 ${formatOf(known.unit)(p95)}`;
  }
  if (known.type === 'gauge' || known.type === 'untyped') {
    return known.count === 1 ? formatOf(known.unit)(known.totals.get('total').at(known.last)) : `${known.count} values`;
  }
  return perSecond(recentRate(known.totals.get('total')));
}
