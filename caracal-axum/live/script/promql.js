// Queries for the same curves in Prometheus or Grafana.

const RANGE = '[1m]';

const quoted = (text) => JSON.stringify(text);

function selector(name, labels = {}) {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${quoted(value)}`);
  return pairs.length > 0 ? `${name}{${pairs.join(',')}}` : name;
}

const by = (labels) => (labels.length > 0 ? ` by (${labels.join(', ')}) ` : '');
const sumRate = (name, labels = []) => `sum${by(labels)}(rate(${name}${RANGE}))`;

/** Returns the queries for both ways in which Prometheus can store a histogram, with their titles. */
const eitherWay = (known, native, classic) => (known.native
  ? [['Native histograms', native], ['Classic buckets', classic]] : classic);

function quantileQuery(q, known, labels = []) {
  if (!known) return '';
  return eitherWay(known, `histogram_quantile(${q}, ${sumRate(known.name, labels)})`,
    `histogram_quantile(${q}, ${sumRate(`${known.name}_bucket`, ['le', ...labels])})`);
}

function heatmapQuery(known) {
  return known ? eitherWay(known, sumRate(known.name), sumRate(`${known.name}_bucket`, ['le'])) : '';
}

/** Returns a query. `of` receives a function that returns the rates with the given matchers. */
function countQuery(known, labels, of = (rates) => rates('')) {
  if (!known) return '';
  const rates = (name, wrap) => (matchers) => wrap(sumRate(`${name}${matchers}`, labels));
  if (known.type !== 'histogram') return of(rates(known.name, (rate) => rate));
  return eitherWay(known, of(rates(known.name, (rate) => `histogram_count(${rate})`)),
    of(rates(`${known.name}_count`, (rate) => rate)));
}

/** Returns the query for a family of this type. */
function queryOf(known) {
  if (known.type === 'histogram') return quantileQuery(0.95, known);
  if (known.type === 'counter') return `rate(${known.name}${RANGE})`;
  if (known.type === 'summary') {
    return `rate(${known.name}_sum${RANGE}) / rate(${known.name}_count${RANGE})`;
  }
  return known.name;
}
