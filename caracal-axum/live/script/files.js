// Files for Prometheus and Grafana, made for this service.

const filesView = (() => {
  const fields = {};
  const links = make('div', { class: 'grid small-panels' });
  const field = (name, label, hint) => {
    const input = make('input', { type: 'text', id: `file-${name}`, oninput: () => show() });
    fields[name] = input;
    return make('div', { class: 'field' }, make('label', { for: input.id }, label), input,
      make('small', { class: 'muted' }, hint));
  };
  const node = make('div', { class: 'view' }, make('h2', {}, 'Files'),
    make('p', { class: 'help' }, 'A dashboard, rules with alerts, and a scrape configuration for this service, with its namespace and its own metrics.'),
    make('div', { class: 'card grid small-panels' },
      field('job', 'Job', 'The job_name in Prometheus. Alerts and the dashboard select it.'),
      field('address', 'Address', 'Host and port, as Prometheus reaches them.'),
      field('path', 'Path', 'Where the metrics are.'),
      field('runbook', 'Runbook', 'URL of a page with a section for each alert. Optional.')), links);
  const files = [
    ['dashboard.json', 'Grafana dashboard', 'Dashboards, New, Import'],
    ['rules.yml', 'Prometheus rules', 'rule_files in prometheus.yml'],
    ['scrape.yml', 'Scrape configuration', 'scrape_configs in prometheus.yml'],
  ];
  const show = () => {
    const values = Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
    const query = new URLSearchParams(values);
    if (location.protocol === 'https:') query.set('https', '1');
    links.replaceChildren(...files.map(([name, title, use]) => make('div', { class: 'card' },
      make('h3', {}, title), make('p', { class: 'muted' }, use),
      make('a', { href: new URL(`${name}?${query}`, base).href, download: name }, `Download ${name}`))));
  };
  const update = () => {
    if (links.childElementCount > 0) return;
    fields.job.value = store.namespace;
    fields.address.value = location.host;
    fields.path.value = '/metrics';
    show();
  };
  return { node, update };
})();
