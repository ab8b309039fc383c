// The queries that draw the same curves in Prometheus or Grafana.

const RANGE = '[1m]';

const quoted = (text) => JSON.stringify(text);

function selector(name, labels = {}) {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${quoted(value)}`);
  return pairs.length > 0 ? `${name}{${pairs.join(',')}}` : name;
}

const by = (labels) => (labels.length > 0 ? ` by (${labels.join(', ')})` : '');
const sumRate = (name, labels = []) => `sum${by(labels)} (rate(${name}${RANGE}))`;

function quantileQuery(q, name, labels = []) {
  return `histogram_quantile(${q}, ${sumRate(`${name}_bucket`, ['le', ...labels])})`;
}

/** The query for a family of this type. */
function queryOf(known) {
  if (known.type === 'histogram') return quantileQuery(0.95, known.name);
  if (known.type === 'counter') return `rate(${known.name}${RANGE})`;
  if (known.type === 'summary') {
    return `rate(${known.name}_sum${RANGE}) / rate(${known.name}_count${RANGE})`;
  }
  return known.name;
}
