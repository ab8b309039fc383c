// Formats text and numbers for people.

const base = new URL('.', import.meta.url);

const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Returns the text with control and direction characters as escapes, so that it can't rearrange the text around it. */
function plain(text, most = Infinity) {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(INVISIBLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Formats a number with all its digits, for tables. */
function exact(value) {
  if (!Number.isFinite(value)) return String(value);
  return value.toLocaleString('en', { maximumSignificantDigits: 17 });
}

/** Formats a number with three or four digits. */
function short(value) {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const units = [[1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e4, ' k', 1e3]];
  for (const [from, unit, scale = from] of units) {
    if (size >= from) return digits(value / scale) + unit;
  }
  return digits(value);
}

function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  if (size >= 0.001) return String(Number(value.toPrecision(3)));
  return value.toExponential(1);
}

function duration(seconds) {
  const size = Math.abs(seconds);
  if (!Number.isFinite(seconds)) return short(seconds);
  if (size === 0) return '0 s';
  if (size < 1e-6) return `${digits(seconds * 1e9)} ns`;
  if (size < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (size < 1) return `${digits(seconds * 1e3)} ms`;
  if (size < 120) return `${digits(seconds)} s`;
  if (size < 7200) return `${digits(seconds / 60)} min`;
  if (size < 172800) return `${digits(seconds / 3600)} h`;
  return `${digits(seconds / 86400)} d`;
}

function bytes(value) {
  let size = value;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (Math.abs(size) < 1024) return `${digits(size)} ${unit}`;
    size /= 1024;
  }
  return `${digits(size)} TiB`;
}

const percent = (ratio) => (Number.isNaN(ratio) ? '–' : `${digits(ratio * 100)}%`);
const perSecond = (value) => (Number.isNaN(value) ? '–' : `${short(value)}/s`);

/** Returns the function that formats the values of a unit. */
function formatOf(unit) {
  return { seconds: duration, bytes, ratio: percent }[unit] || short;
}

const clock = (time) => new Date(time).toLocaleTimeString('en-GB');
