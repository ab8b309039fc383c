// Light and dark, and the colours of the charts.

const THEMES = ['auto', 'light', 'dark'];
const COLOURS = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6', '--c7', '--c8'];
const cached = new Map();

/** Returns a colour of the stylesheet. */
function colour(name) {
  if (!cached.has(name)) {
    const style = getComputedStyle(document.documentElement);
    cached.set(name, style.getPropertyValue(name).trim());
  }
  return cached.get(name);
}

function setTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  cached.clear();
  try {
    localStorage.setItem('theme', theme);
  } catch {
    // The choice is not stored. It lasts until the page is closed.
  }
  redraw();
}

function rememberedTheme() {
  try {
    const theme = localStorage.getItem('theme');
    return THEMES.includes(theme) ? theme : 'auto';
  } catch {
    return 'auto';
  }
}

function themeSwitch() {
  const select = make('select', {
    id: 'theme', 'aria-label': 'Theme', onchange: () => setTheme(select.value),
  }, ...THEMES.map((theme) => make('option', { value: theme }, theme)));
  select.value = rememberedTheme();
  setTheme(select.value);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    cached.clear();
    redraw();
  });
  return select;
}
