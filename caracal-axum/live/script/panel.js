// The box around a chart: its title, its current value, and its source.

let panels = 0;

/** Creates a panel. `about` returns `{ families, query }`: the metrics in it, and the query for the same curves. */
function panel({ title, about, value, body, wide = false }) {
  panels += 1;
  const id = `about-${panels}`;
  const now = make('output', { class: 'now' });
  const info = make('div', { class: 'about', id, hidden: true });
  const button = make('button', {
    class: 'info', type: 'button', 'aria-expanded': 'false', 'aria-controls': id,
    'aria-label': `About ${title}`,
    onclick: () => {
      info.hidden = !info.hidden;
      button.setAttribute('aria-expanded', String(!info.hidden));
      if (!info.hidden) info.replaceChildren(...aboutOf(about()));
    },
  }, '?');
  const node = make('section', { class: wide ? 'panel wide' : 'panel', 'aria-label': plain(title, 200) },
    make('header', {}, make('h3', {}, foreign(title, 200)), now, button), info,
    ...body.map((part) => part.node));
  const update = () => {
    if (value) write(now, value());
    body.forEach((part) => part.draw());
  };
  return { node, update };
}

function aboutOf({ families, query }) {
  const names = families.filter(Boolean).map((known) => make('div', { class: 'metric' },
    make('a', { href: `#/metrics/${encodeURIComponent(known.name)}` }, foreign(known.name)),
    make('span', {}, known.unit ? ` ${known.type} in ${plain(known.unit)}` : ` ${known.type}`),
    make('p', {}, foreign(known.help))));
  return [...names, ...queryBoxes(query)];
}

/** Creates the box of a query, or of several queries with their titles. */
function queryBoxes(query) {
  const all = Array.isArray(query) ? query : [['', query]];
  return all.flatMap(([title, text]) => [
    ...(title ? [make('p', { class: 'query-title' }, title)] : []), queryBox(text),
  ]);
}

function queryBox(query) {
  return make('div', { class: 'query' }, make('code', {}, foreign(query)), copyButton(() => query));
}

/** Creates a tile with a number and its name. `isBad` returns whether the number is a problem. */
function tile(title, value, note, isBad = () => false) {
  const number = make('b');
  const small = make('small');
  const node = make('div', { class: 'tile' }, make('span', {}, title), number, small);
  const update = () => {
    write(number, value());
    write(small, note ? note() : '');
    node.classList.toggle('bad', isBad());
  };
  return { node, update };
}

/** Creates a section of the overview. `parts` are panels and tiles. */
function section(title, parts, kind = 'grid') {
  const node = make('section', { class: 'part' }, make('h2', {}, title),
    make('div', { class: kind }, ...parts.map((part) => part.node)));
  return { node, update: () => parts.forEach((part) => part.update()) };
}
