import type { IconComponent } from './icon-type';

/** A line of a `Menu`. */
export type MenuEntry =
  | 'separator'
  | {
      label: string;
      run: () => void;
      icon?: IconComponent | undefined;
      danger?: boolean | undefined;
      disabled?: boolean | undefined;
      /** Present in menus that choose one of several. */
      checked?: boolean | undefined;
      testid?: string | undefined;
    };
