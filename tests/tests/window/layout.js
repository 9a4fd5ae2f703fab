// Looks at the page as it is now, and returns what is wrong with its layout. Run as a function body.
// `arguments[0]`: "look" returns the findings and remembers the controls; "focus" returns the number of
// the control that has the focus, or -1; "gone" the numbers of those that went
// with a message whose time is over.
const CONTROLS =
  'a[href], button, input:not([type="hidden"]), select, textarea, summary, [contenteditable="true"], ' +
  '[tabindex]:not([tabindex="-1"]), [role="button"], [role="link"], [role="checkbox"], [role="radio"], [role="switch"], ' +
  '[role="tab"], [role="menuitem"], [role="option"], [role="treeitem"], [role="combobox"], [role="slider"]';
// Inside these, the arrow keys move; one member is in the order of Tab.
const COMPOSITES =
  '[role="listbox"], [role="tree"], [role="tablist"], [role="radiogroup"], [role="menu"], [role="menubar"], ' +
  '[role="toolbar"], [role="grid"], [role="treegrid"]';

if (arguments[0] === "focus") {
  const active = document.activeElement;
  return (window.holdfastControls ?? []).findIndex((control) => control === active);
}

if (arguments[0] === "gone") {
  const went = (control) => !control.isConnected && control.closest('[data-testid="toast"]');
  return (window.holdfastControls ?? []).flatMap((control, number) => (went(control) ? [number] : []));
}

// Rounding puts edges up to a pixel off.
const SLACK = 1;

function name(element) {
  const label = element.getAttribute("aria-label") ?? element.innerText ?? element.getAttribute("placeholder") ?? "";
  const id = element.id ? `#${element.id}` : "";
  return `<${element.tagName.toLowerCase()}${id}> "${label.trim().replace(/\s+/g, " ").slice(0, 40)}"`;
}

// The part of an element that is seen: what the boxes around it that scroll or cut leave of it.
function seen(element) {
  let { left, top, right, bottom } = element.getBoundingClientRect();
  let fixed = getComputedStyle(element).position === "fixed";
  for (let box = element.parentElement; box && !fixed; box = box.parentElement) {
    const style = getComputedStyle(box);
    if (style.overflow !== "visible" && box !== document.body && box !== document.documentElement) {
      const edge = box.getBoundingClientRect();
      left = Math.max(left, edge.left);
      top = Math.max(top, edge.top);
      right = Math.min(right, edge.right);
      bottom = Math.min(bottom, edge.bottom);
    }
    fixed = style.position === "fixed";
  }
  return { left, top, right, bottom };
}

const empty = (rect) => rect.right - rect.left <= SLACK || rect.bottom - rect.top <= SLACK;
const visible = (element) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest("[inert]");
const enabled = (element) => !element.matches(":disabled") && element.getAttribute("aria-disabled") !== "true";
const holds = (outer, inner) =>
  outer.left <= inner.left + SLACK && outer.top <= inner.top + SLACK && outer.right >= inner.right - SLACK && outer.bottom >= inner.bottom - SLACK;

// An open dialog or popover keeps the focus, and is all there is.
const dialogs = [
  ...document.querySelectorAll('dialog[open], [role="dialog"][aria-modal="true"], [role="alertdialog"], [data-popover-content]'),
].filter(visible);
const scope = dialogs.at(-1) ?? document.body;

const outside = [];
for (const element of scope.querySelectorAll("*")) {
  const says = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!(says || element.matches(CONTROLS)) || !visible(element)) continue;
  const rect = seen(element);
  if (empty(rect)) continue;
  if (rect.left < -SLACK || rect.top < -SLACK || rect.right > innerWidth + SLACK || rect.bottom > innerHeight + SLACK) {
    outside.push(name(element));
  }
}

const controls = [...scope.querySelectorAll(CONTROLS)].filter((element) => visible(element) && enabled(element));
const shown = controls.map((element) => ({ element, rect: seen(element) })).filter(({ rect }) => !empty(rect));

const overlapping = [];
shown.forEach((one, index) => {
  for (const other of shown.slice(index + 1)) {
    if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
    const width = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
    const height = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top);
    if (width > SLACK && height > SLACK && !holds(one.rect, other.rect) && !holds(other.rect, one.rect)) {
      overlapping.push(`${name(one.element)} and ${name(other.element)}`);
    }
  }
});

// What a click in its middle would not reach.
const covered = [];
for (const { element, rect } of shown) {
  const x = (rect.left + rect.right) / 2;
  const y = (rect.top + rect.bottom) / 2;
  if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) continue;
  const hit = document.elementFromPoint(x, y);
  const labels = [...(element.labels ?? [])];
  const reached = hit && (element.contains(hit) || hit.contains(element) || labels.some((label) => label.contains(hit)));
  // A row's own button in the middle of the row is the row's.
  if (!reached) covered.push(`${name(element)} by ${hit ? name(hit) : "nothing"}`);
}

const roving = (element) => {
  // In a text that is written, the cursor comes to it.
  if (element.parentElement?.closest('[contenteditable="true"]')) return true;
  const composite = element.closest(COMPOSITES);
  // The arrow keys of the field above it move in the list.
  const field = composite?.id && document.querySelector(`[role="combobox"][aria-controls="${CSS.escape(composite.id)}"]`);
  if (field && visible(field)) return true;
  if (composite && composite !== element) {
    const members = [composite, ...composite.querySelectorAll("*")];
    return members.some((member) => member !== element && member.tabIndex >= 0 && visible(member));
  }
  return element.matches('input[type="radio"]');
};
window.holdfastControls = controls;
document.activeElement?.blur();
getSelection()?.removeAllRanges();
if (scope === document.body) {
  // Tab begins at the top: behind the last control the window goes on with the sidebar, past what is above it.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}
return { outside, overlapping, covered, controls: controls.map((element) => ({ name: name(element), roving: roving(element) })) };
