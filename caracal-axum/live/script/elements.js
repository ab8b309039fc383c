// Making elements. Text from the service goes into text nodes only.

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes, listeners (`onclick`) and children, which are nodes or text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Sets the text where it differs, so that a selection of the user's survives. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Text of the service's own, in a direction of its own. */
const foreign = (text, most) => make('bdi', {}, plain(text, most));

/** Makes the children of an element those of a list, and keeps those whose keys are there already. */
function reconcile(parent, items, keyOf, build, update) {
  const old = new Map([...parent.children].map((child) => [child.reconcileKey, child]));
  const kept = new Set(items.map(keyOf));
  // First, so that those that stay do not move: an element that moves loses the focus.
  for (const [key, child] of old) if (!kept.has(key)) child.remove();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = old.get(key);
    if (!child) {
      child = build(item);
      child.reconcileKey = key;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
}

// Two readings of the page are a second apart, more or less.
const ALMOST_A_SECOND = 900;

/** Reads one of the service's documents: once a second, and at once where the query is a new one. */
function reader(name, show) {
  let [last, isReading, next] = [0, false, undefined];
  const load = async (query, isNew = false) => {
    if (isReading && isNew) next = query;
    if (isReading || (!isNew && Date.now() - last < ALMOST_A_SECOND)) return;
    isReading = true;
    last = Date.now();
    try {
      const answer = await fetch(new URL(`${name}?${new URLSearchParams(query)}`, base), {
        cache: 'no-store', signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.ok) show(await answer.json());
    } catch {
      // The next reading says that the service is away.
    }
    isReading = false;
    if (next) {
      const query = next;
      next = undefined;
      load(query, true);
    }
  };
  return load;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain HTTP to another host has no clipboard.
    const area = make('textarea', { class: 'offscreen' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    button.focus();
  }
  write(button, 'Copied');
  setTimeout(() => write(button, 'Copy'), 1500);
}

const copyButton = (text) => {
  const button = make('button', {
    class: 'small', type: 'button', onclick: () => copy(text(), button),
  }, 'Copy');
  return button;
};
