// Markdown shown as prose: marks are hidden where the cursor is not, checkboxes can be clicked, headings are large.
// Only the look changes, never the text.
import { syntaxTree } from '@codemirror/language';
import type { EditorState, Range } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view';
import type { SyntaxNode, SyntaxNodeRef } from '@lezer/common';
import { toggleTaskAt } from './tasks';

const hide = Decoration.replace({});

class Checkbox extends WidgetType {
  constructor(readonly checked: boolean) {
    super();
  }
  override eq(other: Checkbox): boolean {
    return other.checked === this.checked;
  }
  override toDOM(view: EditorView): HTMLElement {
    const box = document.createElement('span');
    box.className = this.checked ? 'cm-box cm-box-on' : 'cm-box';
    box.setAttribute('role', 'checkbox');
    box.setAttribute('aria-label', 'Done');
    box.setAttribute('aria-checked', String(this.checked));
    box.dataset['testid'] = 'task-box';
    box.addEventListener('mousedown', (event) => {
      event.preventDefault();
      if (!view.state.readOnly) toggleTaskAt(view, view.posAtDOM(box));
    });
    return box;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

class Bullet extends WidgetType {
  override eq(): boolean {
    return true;
  }
  override toDOM(): HTMLElement {
    const dot = document.createElement('span');
    dot.className = 'cm-bullet';
    dot.textContent = '•';
    return dot;
  }
}
const bullet = Decoration.replace({ widget: new Bullet() });

export const livePreview = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }
    update(update: ViewUpdate): void {
      const parsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      if (update.docChanged || update.viewportChanged || update.selectionSet || update.focusChanged || parsed) {
        this.decorations = decorate(update.view);
      }
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function decorate(view: EditorView): DecorationSet {
  const found: Range<Decoration>[] = [];
  const near = (from: number, to: number) => view.hasFocus && touches(view.state, from, to);
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({ from, to, enter: (node) => visit(view.state, node, near, found) });
  }
  return Decoration.set(found, true);
}

function touches(state: EditorState, from: number, to: number): boolean {
  return state.selection.ranges.some((range) => range.from <= to && range.to >= from);
}

type Near = (from: number, to: number) => boolean;

function visit(state: EditorState, node: SyntaxNodeRef, near: Near, found: Range<Decoration>[]): void {
  const heading = /^(?:ATX|Setext)Heading(\d)$/.exec(node.name);
  if (heading) lineClass(state, node.from, node.from, `cm-h cm-h${heading[1] ?? '1'}`, found);
  switch (node.name) {
    case 'FencedCode':
    case 'CodeBlock':
      lineClass(state, node.from, node.to, 'cm-code', found);
      break;
    case 'Table':
      lineClass(state, node.from, node.to, 'cm-table', found);
      break;
    case 'Blockquote':
      lineClass(state, node.from, node.to, 'cm-quote', found);
      break;
    case 'HeaderMark': {
      const line = state.doc.lineAt(node.from);
      const parent = node.node.parent;
      if (parent?.name.startsWith('ATX') && !near(line.from, line.to)) hideWithSpace(state, node.from, node.to, line, found);
      break;
    }
    case 'EmphasisMark':
    case 'StrikethroughMark':
    case 'CodeMark':
      if (inline(node.node.parent) && !nearParent(node, near)) found.push(hide.range(node.from, node.to));
      break;
    case 'LinkMark':
    case 'URL':
      if (node.node.parent?.name === 'Link' && node.node.parent.getChild('URL') && !nearParent(node, near)) {
        if (node.to > node.from) found.push(hide.range(node.from, node.to));
      }
      break;
    case 'ListMark':
      listMark(state, node, near, found);
      break;
  }
}

function listMark(state: EditorState, node: SyntaxNodeRef, near: Near, found: Range<Decoration>[]): void {
  const task = node.node.parent?.getChild('Task');
  const marker = task?.getChild('TaskMarker');
  if (marker) {
    const line = state.doc.lineAt(marker.from);
    const checked = /x/i.test(state.sliceDoc(marker.from, marker.to));
    lineClass(state, line.from, line.from, 'cm-task', found);
    const end = Math.min(marker.to + 1, line.to);
    if (!near(node.from, marker.to)) found.push(Decoration.replace({ widget: new Checkbox(checked) }).range(node.from, end));
    if (checked && end < line.to) found.push(Decoration.mark({ class: 'cm-task-done' }).range(end, line.to));
    return;
  }
  const ordered = node.node.parent?.parent?.name === 'OrderedList';
  if (!ordered && !near(node.from, node.to)) found.push(bullet.range(node.from, node.to));
}

function inline(node: SyntaxNode | null): boolean {
  return node !== null && ['Emphasis', 'StrongEmphasis', 'Strikethrough', 'InlineCode'].includes(node.name);
}

function nearParent(node: SyntaxNodeRef, near: Near): boolean {
  const parent = node.node.parent;
  return parent !== null && near(parent.from, parent.to);
}

function hideWithSpace(state: EditorState, from: number, to: number, line: { from: number; to: number }, found: Range<Decoration>[]): void {
  const space = to < line.to && state.sliceDoc(to, to + 1) === ' ' ? 1 : 0;
  found.push(hide.range(from, to + space));
}

function lineClass(state: EditorState, from: number, to: number, name: string, found: Range<Decoration>[]): void {
  for (let at = from; at <= to; ) {
    const line = state.doc.lineAt(at);
    found.push(Decoration.line({ class: name }).range(line.from));
    at = line.to + 1;
  }
}
