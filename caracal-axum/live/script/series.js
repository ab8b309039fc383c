// The series of one family. The service sorts and searches all of them, and returns those around the ones in
// view.

function seriesTable(name) {
  const wanted = { family: name, search: '', sort: 'value', first: 0 };
  let shown = 0;
  const restart = () => {
    Object.assign(wanted, { search: search.value, sort: sort.value, first: 0 });
    list.node.scrollTop = 0;
    load({ ...wanted }, true);
  };
  const search = make('input', {
    type: 'search', placeholder: 'Search label values', 'aria-label': 'Search series', oninput: restart,
  });
  const sort = make('select', { 'aria-label': 'Sort series by', onchange: restart },
    make('option', { value: 'value' }, 'Sort by value'), make('option', { value: 'labels' }, 'Sort by labels'));
  const note = make('span', { class: 'muted', role: 'status' });
  const head = make('tr');
  const columns = { labels: [], values: ['value'] };
  const list = longTable({
    label: 'Series', kind: 'series', head,
    keyOf: ([own]) => JSON.stringify([columns, own]),
    build: ([own]) => make('tr', {}, ...columns.labels.map((label) => make('td', {}, foreign(own[label] ?? '', 300))),
      ...columns.values.map(() => make('td', { class: 'number' }))),
    update: (row, [, ...values]) => columns.values.forEach((_, place) => {
      write(row.children[columns.labels.length + place], exact(Number(values[place])));
    }),
    missing: (from, to) => {
      wanted.first = placeOfPart(from, to);
      if (wanted.first !== shown) load({ ...wanted }, true);
    },
  });
  list.node.classList.add('tall');
  const show = ({ series, matched, first }) => {
    // The series of a family may have different labels.
    const labels = [...new Set([...columns.labels, ...series.flatMap(([own]) => Object.keys(own))])];
    const values = series.some((one) => one.length > 2) ? ['count', 'sum'] : ['value'];
    if (labels.length !== columns.labels.length || series.length > 0 && values.length !== columns.values.length) {
      Object.assign(columns, { labels, values });
    }
    if (head.childElementCount !== columns.labels.length + columns.values.length) drawHead(head, columns);
    shown = first;
    write(note, `${exact(matched)} series${matched > LONGEST ? `. Search for those after the first ${exact(LONGEST)}.` : ''}`);
    list.show(matched, first, series);
  };
  const load = reader('series.json', show);
  const node = make('div', { class: 'card' }, make('h3', {}, 'Series'),
    make('div', { class: 'controls' }, search, sort, note), list.node);
  return { node, update: () => load({ ...wanted }) };
}

function drawHead(head, { labels, values }) {
  head.replaceChildren(...labels.map((label) => make('th', { scope: 'col' }, plain(label))),
    ...values.map((text) => make('th', { scope: 'col', class: 'number' }, text)));
}
