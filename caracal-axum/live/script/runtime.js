// The process and its runtime.

/** Creates a panel for one family. Each series is a curve. */
function simplePanel(title, role, { counter = false, format, unit, name = () => 'value' }) {
  const known = () => family(role);
  const shown = counter ? ratePoints : valuePoints;
  return panel({
    title, about: () => ({ families: [known()], query: known() ? queryOf(known()) : '' }),
    body: [lineChart({
      label: title, height: 110, format: format || formatOf(known()?.unit), unit: unit || known()?.unit,
      curves: () => (known()?.listed ?? []).slice(0, 8).map((series, place) => ({
        name: name(series.labels), colour: COLOURS[place], points: shown(series.track),
      })),
    })],
  });
}

function runtimePanels() {
  const worker = ({ worker: number }) => `worker ${number}`;
  const runtime = (labels) => labels.runtime ?? 'runtime';
  const candidates = [
    ['processCpu', 'CPU', { counter: true, format: short, name: () => 'cores' }],
    ['processMemory', 'Resident memory', { format: bytes, unit: 'bytes', name: () => 'resident' }],
    ['processFiles', 'Open files', { name: () => 'open' }],
    ['processThreads', 'Threads', { name: () => 'threads' }],
    ['tokioBusy', 'Busy tokio workers', { counter: true, format: percent, name: worker }],
    ['tokioTasks', 'Alive tasks', { name: runtime }],
    ['tokioDelay', 'Scheduling delay', { format: duration, name: runtime }],
    ['tokioQueue', 'Global queue', { name: runtime }],
  ];
  return candidates.filter(([role]) => family(role))
    .map(([role, title, options]) => simplePanel(title, role, options));
}
