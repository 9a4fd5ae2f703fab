// The notebooks as a tree on screen: which lines are seen, and where a key goes (WAI-ARIA tree pattern).
import type { NotebookItem } from '../../ipc/types';

export interface TreeLine {
  item: NotebookItem;
  hasChildren: boolean;
  expanded: boolean;
}

/** `notebooks` are in the order of a tree that is all open. */
export function visibleLines(notebooks: NotebookItem[], collapsed: ReadonlySet<string>): TreeLine[] {
  const lines: TreeLine[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  notebooks.forEach((item, at) => {
    if (item.depth > hiddenBelow) return;
    hiddenBelow = Number.POSITIVE_INFINITY;
    const hasChildren = (notebooks[at + 1]?.depth ?? 0) > item.depth;
    const expanded = hasChildren && !collapsed.has(item.id);
    if (hasChildren && !expanded) hiddenBelow = item.depth;
    lines.push({ item, hasChildren, expanded });
  });
  return lines;
}

export type TreeMove = { focus: string } | { toggle: string } | { select: string } | null;

export function treeKey(key: string, lines: TreeLine[], focused: string): TreeMove {
  const at = lines.findIndex((line) => line.item.id === focused);
  const line = lines[at];
  if (!line) return null;
  const to = (target: TreeLine | undefined): TreeMove => (target ? { focus: target.item.id } : null);
  switch (key) {
    case 'ArrowDown':
      return to(lines[at + 1]);
    case 'ArrowUp':
      return to(lines[at - 1]);
    case 'Home':
      return to(lines[0]);
    case 'End':
      return to(lines.at(-1));
    case 'ArrowRight':
      if (!line.hasChildren) return null;
      return line.expanded ? to(lines[at + 1]) : { toggle: focused };
    case 'ArrowLeft':
      if (line.expanded) return { toggle: focused };
      return to(lines.find((other) => other.item.id === line.item.parent));
    case 'Enter':
    case ' ':
      return { select: focused };
    default:
      return null;
  }
}

/** Where a notebook can go: anywhere but into itself and what is below it, and not where it is. */
export function moveTargets(notebooks: NotebookItem[], moved: NotebookItem): NotebookItem[] {
  return notebooks.filter(
    (one) => one.id !== moved.parent && one.id !== moved.id && !one.path.startsWith(`${moved.path}/`),
  );
}

/** Notebooks below it, at any depth. */
export function countBelow(notebooks: NotebookItem[], of: NotebookItem): number {
  return notebooks.filter((one) => one.path.startsWith(`${of.path}/`)).length;
}
