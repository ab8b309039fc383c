// Reads the service once a second, while the page is visible.

const EVERY = 1000;
const PATIENCE = 5000;

const poll = { timer: undefined, isReading: false, isPaused: false, awaySince: undefined };

async function read() {
  if (poll.isReading || poll.isPaused || document.hidden) return;
  poll.isReading = true;
  const began = Date.now();
  try {
    const answer = await fetch(new URL('live.json', base), {
      cache: 'no-store', signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 503) throw new Busy();
    if (!answer.ok) throw new Error(answer.status === 401 ? 'Not authorized. Reload the page to sign in.' : `The service answers ${answer.status}.`);
    if (take(await answer.json())) redraw();
    poll.awaySince = undefined;
    showStatus('live', 'Live', liveDetail());
  } catch (error) {
    away(error, began);
  } finally {
    poll.isReading = false;
    next(Math.max(50, EVERY - (Date.now() - began)));
  }
}

function liveDetail() {
  const restart = store.restarts.at(-1);
  return `${clock(lastTime())}${restart ? `, restarted at ${clock(restart)}` : ''}`;
}

/** The service already answers the maximum number of viewers. */
class Busy extends Error {}

function away(error, began) {
  if (error instanceof Busy) return showStatus('live', 'The service is busy.');
  poll.awaySince ??= began;
  const since = `Not reachable since ${clock(poll.awaySince)}`;
  const isUnreachable = error instanceof TypeError || error.name === 'TimeoutError' || error instanceof SyntaxError;
  return showStatus('away', isUnreachable ? since : error.message);
}

function next(delay) {
  clearTimeout(poll.timer);
  poll.timer = setTimeout(read, delay);
}

function setPaused(isPaused) {
  poll.isPaused = isPaused;
  if (isPaused) showStatus('paused', 'Paused', clock(lastTime()));
  else read();
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) read();
});
