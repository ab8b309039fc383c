// Tables of any length, with rows only for the items in view.

// The service returns this many rows at once. The lists of all viewers begin at multiples of PLACES, so that
// viewers share the documents.
const PART = 200;
const PLACES = 50;

/** Returns the start of the part of the list that has these rows in its middle. */
function placeOfPart(from, to) {
  const middle = Math.max(0, (from + to - PART) / 2);
  return Math.floor(middle / PLACES) * PLACES;
}

/** The number of rows that exist before and after those in view. */
const AROUND = 8;
// Browsers can't lay out more than about ten million pixels. Users find further rows by searching.
const LONGEST = 300000;
const TYPICAL_ROW = 30;

/**
 * Creates a table of `total` rows with the same height. `show(total, first, items)` shows the items that start at
 * `first`. `missing(first, last)` is called when others come into view. A screen reader announces the number and the
 * position of the rows.
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
      // The header is the first row.
      row.setAttribute('aria-rowindex', place + 2);
      update(row, item);
    });
    table.setAttribute('aria-rowcount', state.total + 1);
    before.grow(shown.length > 0 ? first * state.row : 0);
    after.grow(Math.max(0, rowCount() - (shown.length > 0 ? last : 0)) * state.row);
    // If the row with the focus is now out of view, the list gets the focus, so that keys still work.
    if (focused && !body.contains(document.activeElement)) region.focus({ preventScroll: true });
    if (!isMeasured && measured()) return draw(true);
    if (from < state.first || to > state.first + state.items.length) missing(from, to);
    return undefined;
  };
  /** Measures the height of the rows. Returns whether it differs from the assumed height. */
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

/** Called when the page is scrolled. It belongs to the list that was drawn last. */
let scrolled = () => {};
addEventListener('scroll', () => scrolled(), { passive: true });

/** Creates the space for rows that do not exist. */
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
