import type { VersionName } from '../../scripts/vscode/versions.ts';

export type Theme = 'dark' | 'light' | 'high contrast' | 'high contrast light';

export const themes: readonly Theme[] = ['dark', 'light', 'high contrast', 'high contrast light'];

/** What a version calls its default themes: in `workbench.colorTheme`, and in its list of themes. */
export function themeName(theme: Theme, version: VersionName): { readonly setting: string; readonly label: string } {
  const isOld = version === 'floor';
  switch (theme) {
    case 'dark':
      return isOld ? { setting: 'Default Dark Modern', label: 'Dark Modern' } : { setting: 'Dark 2026', label: 'Dark 2026' };
    case 'light':
      return isOld ? { setting: 'Default Light Modern', label: 'Light Modern' } : { setting: 'Light 2026', label: 'Light 2026' };
    case 'high contrast':
      return { setting: 'Default High Contrast', label: 'Dark High Contrast' };
    case 'high contrast light':
      return { setting: 'Default High Contrast Light', label: 'Light High Contrast' };
  }
}

/** The class that the workbench carries once the theme is on. */
export function themeClass(theme: Theme): string {
  return { dark: 'vs-dark', light: 'vs', 'high contrast': 'hc-black', 'high contrast light': 'hc-light' }[theme];
}
