import type { Theme } from '../ipc/types';

/** Sets the window's colours; `system` follows the system (styles/tokens.css). */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
