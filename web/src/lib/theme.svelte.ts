// Light, dark, or as the system has it. `public/assets/theme.js` applies the choice before the first paint.

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'countersign.theme';

class ThemeChoice {
  #value = $state<Theme>(stored());

  get value(): Theme {
    return this.#value;
  }

  set(value: Theme): void {
    this.#value = value;
    if (value === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    try {
      if (value === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, value);
    } catch {
      // Storage refused: the choice lasts for this page only.
    }
  }
}

function stored(): Theme {
  const value = document.documentElement.dataset.theme;
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const theme = new ThemeChoice();
