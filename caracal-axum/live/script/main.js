// The page: the view that is shown, and the controls around it.

const view = { name: 'overview', metric: undefined, window: 120 };
const VIEWS = { overview: overviewView, metrics: familiesView, metric: detailView, cardinality: cardinalityView, files: filesView };
const byId = (id) => document.getElementById(id);

/** Shows the status. A screen reader announces the text when it changes, but not `detail`, which changes too often. */
function showStatus(kind, text, detail = '') {
  const status = byId('status');
  status.className = `status ${kind}`;
  write(status.children[1], text);
  write(status.lastElementChild, detail);
}

function redraw() {
  if (store.tick < 0) return;
  write(byId('name'), plain(store.namespace, 60) || 'metrics');
  const wrong = problems().length;
  document.title = `${wrong > 0 ? `▲ ${wrong} · ` : ''}${plain(store.namespace, 60)} · ${location.host}`;
  const { node, update } = VIEWS[view.name];
  if (node.parentElement !== byId('main')) byId('main').replaceChildren(node);
  update();
}

function route() {
  const [, name, metric] = location.hash.split('/');
  view.metric = undefined;
  if (name === 'metrics' && metric) {
    view.name = 'metric';
    try {
      view.metric = decodeURIComponent(metric);
    } catch {
      view.metric = metric;
    }
  } else view.name = Object.hasOwn(VIEWS, name) && name !== 'metric' ? name : 'overview';
  for (const link of document.querySelectorAll('nav a')) {
    const isHere = link.hash === `#/${view.name === 'metric' ? 'metrics' : view.name}`;
    if (isHere) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  redraw();
}

function begin() {
  byId('host').textContent = location.host;
  byId('theme-place').append(themeSwitch());
  const span = byId('window');
  span.addEventListener('change', () => {
    view.window = Number(span.value);
    redraw();
  });
  const pause = byId('pause');
  pause.addEventListener('click', () => {
    setPaused(!poll.isPaused);
    pause.setAttribute('aria-pressed', String(poll.isPaused));
    write(pause, poll.isPaused ? 'Resume' : 'Pause');
  });
  addEventListener('hashchange', () => {
    route();
    scrollTo(0, 0);
  });
  addEventListener('resize', () => redraw());
  route();
  read();
}

begin();
