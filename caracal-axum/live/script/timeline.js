// The states of circuit breakers over time.

const STATES = [
  { name: 'closed', colour: '--closed' },
  { name: 'open', colour: '--open' },
  { name: 'half_open', colour: '--half-open' },
];
const stateName = (value) => (STATES[value] ? STATES[value].name : 'unknown');

/** Creates a timeline. `breaker()` returns the track of the state and the tracks of the transitions. */
function timeline({ label, breaker }) {
  const height = 58;
  const self = frame(label, height, (context, width) => {
    const { track, changes } = breaker();
    for (let tick = firstTick() + 1; tick <= store.tick; tick += 1) {
      drawState(context, width, tick, track, changes);
    }
    timeAxis(context, width, height);
    if (self.cursor === undefined) self.readout.hidden = true;
    else {
      const [time, x] = cursorLine(context, self, width);
      const tick = tickAt(time);
      const state = track.at(tick);
      const paint = STATES[state] ? colour(STATES[state].colour) : colour('--muted');
      const moved = transitionsAt(changes, tick).map((t) => [paint, `${t.from} to ${t.to}`, `${t.times}×`]);
      showReadout(self, time, x, width, [[paint, 'state', stateName(state)], ...moved]);
    }
  });
  return { node: self.node, draw: self.draw };
}

function drawState(context, width, tick, track, changes) {
  const [from, to] = [store.times.at(tick - 1), store.times.at(tick)];
  const [x1, x2] = [Math.max(LEFT, xOf(from, width)), xOf(to, width)];
  const state = track.at(tick);
  if (x2 <= LEFT || to - from > HOLE || !STATES[state]) return;
  const [top, bottom] = [TOP, 58 - BOTTOM];
  context.fillStyle = colour(STATES[state].colour);
  // The heights distinguish the states for users who can't distinguish the colours.
  const rise = [0.3, 1, 0.65][state] * (bottom - top);
  context.fillRect(x1, bottom - rise, x2 - x1 + 0.5, rise);
  // The half-open state often lasts for one call, which is shorter than the time between two readings.
  if (state !== 2 && transitionsAt(changes, tick).some((change) => change.to === 'half_open')) {
    context.fillStyle = colour('--half-open');
    const half = 0.65 * (bottom - top);
    context.fillRect(x1, bottom - half, Math.max(3, (x2 - x1) / 3), half);
  }
}

/** Returns the transitions between the previous tick and this one, from the counters of a breaker. */
function transitionsAt(changes, tick) {
  const happened = [];
  for (const { from, to, track } of changes) {
    const times = increase(track, tick);
    if (times > 0) happened.push({ from, to, times, time: store.times.at(tick) });
  }
  return happened.sort((a, b) => order(a) - order(b));
}

// Within one second, a breaker can only have changed its states in this order.
const order = ({ from }) => ['closed', 'open', 'half_open'].indexOf(from);

function recentTransitions(changes, most) {
  const list = [];
  for (let tick = store.tick; tick > firstTick() && list.length < most; tick -= 1) {
    list.push(...transitionsAt(changes, tick).reverse());
  }
  return list.slice(0, most);
}
