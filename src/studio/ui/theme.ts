/** Light, dark, or as the system has it; remembered. */
import { useEffect, useState } from 'react';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'crpo-theme';

/** `forced` is for pictures that must look the same everywhere. */
export function useTheme(forced?: Theme): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((each) => each === stored) ?? 'auto';
  });
  const shown = forced ?? theme;
  useEffect(() => {
    if (shown === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = shown;
  }, [shown]);
  const choose = (next: Theme) => {
    localStorage.setItem(KEY, next);
    setTheme(next);
  };
  return [theme, choose];
}
