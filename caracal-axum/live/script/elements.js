// Creates elements. Text from the service is only put into text nodes.

const SVG = 'http://www.w3.org/2000/svg';

/** Creates an element with attributes, listeners (`onclick`) and children, which are nodes or text. */
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

/** Sets the text if it differs, so that the user's selection is kept. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Creates an element for text from the service, isolated from the text direction around it. */
const foreign = (text, most) => make('bdi', {}, plain(text, most));

/** Replaces the children of an element with those of a list, and keeps children whose keys are already there. */
function reconcile(parent, items, keyOf, build, update) {
  const old = new Map([...parent.children].map((child) => [child.reconcileKey, child]));
  const kept = new Set(items.map(keyOf));
  // This comes first, so that the remaining elements do not move. An element that moves loses the focus.
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

// The readings of the page are about a second apart.
const ALMOST_A_SECOND = 900;

/** Returns a function that reads a document of the service, once a second, and immediately if the query is new. */
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
      // The next reading reports that the service can't be reached.
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
    // A page that was loaded over plain HTTP from another host can't use the clipboard.
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
