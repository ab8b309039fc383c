// Tables with rows for what is in view, however long they are.

// The service gives so many rows at once. Lists of several viewers begin at the same places, so that they share them.
const PART = 200;
const PLACES = 50;

/** Where a part of the list begins that has these rows in its middle. */
function placeOfPart(from, to) {
  const middle = Math.max(0, (from + to - PART) / 2);
  return Math.floor(middle / PLACES) * PLACES;
}

/** Rows that are made before and after those in view. */
const AROUND = 8;
// Browsers lay out no more than some ten million pixels. Further rows are found by searching.
const LONGEST = 300000;
const TYPICAL_ROW = 30;

/**
 * A table of `total` rows of one height. `show(total, first, items)` has those from `first`; `missing(first, last)` is
 * called when others come into view. A screen reader is told the number and the place of the rows.
 */
function longTable({ label, kind, head, build, update, keyOf, missing = () => {} }) {
  const [before, body, after] = [spacer(), make('tbody', { class: 'rows' }), spacer()];
  const top = make('thead', {}, head);
  const table = make('table', { class: kind }, top, before.node, body, after.node);
  const region = make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, table);
  const state = { total: 0, first: 0, items: [], row: TYPICAL_ROW };
  const inView = () => {
    const clip = region.getBoundingClientRect();
    const start = table.getBoundingClientRect().top + top.offsetHeight;
    const from = Math.floor((Math.max(clip.top, 0) - start) / state.row);
    const to = Math.ceil((Math.min(clip.bottom, innerHeight) - start) / state.row);
    const within = (place) => Math.max(0, Math.min(rowCount(), place));
    return [within(from - AROUND), within(Math.max(to, from) + AROUND)];
  };
  const rowCount = () => Math.min(state.total, LONGEST);
  const draw = (isMeasured = false) => {
    if (!region.isConnected) return;
    scrolled = soon;
    const [from, to] = inView();
    const first = Math.max(from, state.first);
    const last = Math.max(first, Math.min(to, state.first + state.items.length));
    const focused = body.contains(document.activeElement);
    const shown = state.items.slice(first - state.first, last - state.first).map((item, place) => ({ item, place: first + place }));
    reconcile(body, shown, ({ item }) => keyOf(item), ({ item }) => build(item), (row, { item, place }) => {
      // The head is the first row.
      row.setAttribute('aria-rowindex', place + 2);
      update(row, item);
    });
    table.setAttribute('aria-rowcount', state.total + 1);
    before.grow(shown.length > 0 ? first * state.row : 0);
    after.grow(Math.max(0, rowCount() - (shown.length > 0 ? last : 0)) * state.row);
    // The row with the focus is out of view: keys go on from the list.
    if (focused && !body.contains(document.activeElement)) region.focus({ preventScroll: true });
    if (!isMeasured && measured()) return draw(true);
    if (from < state.first || to > state.first + state.items.length) missing(from, to);
    return undefined;
  };
  /** Whether the rows are higher or lower than was thought. */
  const measured = () => {
    const height = body.getBoundingClientRect().height / body.childElementCount;
    if (!(height > 0) || Math.abs(height - state.row) < 0.01) return false;
    state.row = height;
    return true;
  };
  let isDue = false;
  const soon = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  };
  region.addEventListener('scroll', soon, { passive: true });
  const show = (total, first, items) => {
    Object.assign(state, { total, first, items });
    draw();
  };
  return { node: region, show };
}

/** What is to be done when the page was scrolled: of the list that was drawn last. */
let scrolled = () => {};
addEventListener('scroll', () => scrolled(), { passive: true });

/** The place of rows that are not made. */
function spacer() {
  const cell = make('td');
  const node = make('tbody', { class: 'space', 'aria-hidden': 'true' }, make('tr', {}, cell));
  const grow = (height) => {
    node.hidden = height === 0;
    cell.style.height = `${height}px`;
  };
  grow(0);
  return { node, grow };
}
