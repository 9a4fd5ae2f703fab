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

/** Where in the window a menu opens, in CSS pixels from its top left. */
export interface MenuPoint {
  x: number;
  y: number;
}

/** Where the click was; of the Menu key, which has no place, the foot of the element that has the focus. */
export function menuPoint(event: MouseEvent, element: Element): MenuPoint {
  if (event.clientX !== 0 || event.clientY !== 0) return { x: event.clientX, y: event.clientY };
  const { left, bottom } = element.getBoundingClientRect();
  return { x: left + 8, y: bottom };
}
