import { expect, test } from 'vitest';
import { sampleNotebooks } from '../../../tests/sample';
import { countBelow, moveTargets, treeKey, visibleLines } from './tree';

const notebooks = sampleNotebooks();
const open = visibleLines(notebooks, new Set());
const shut = visibleLines(notebooks, new Set(['field']));
const find = (id: string) => {
  const found = notebooks.find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};

test('a closed notebook hides what is below it', () => {
  expect(open.map((line) => line.item.id)).toEqual(['field', 'pumps', 'talks', 'home', 'reading']);
  expect(shut.map((line) => line.item.id)).toEqual(['field', 'home', 'reading']);
  expect(shut[0]).toMatchObject({ hasChildren: true, expanded: false });
  expect(open[1]).toMatchObject({ hasChildren: false, expanded: false });
});

test.each([
  ['ArrowDown', 'field', { focus: 'pumps' }],
  ['ArrowUp', 'field', null],
  ['ArrowRight', 'field', { focus: 'pumps' }],
  ['ArrowLeft', 'field', { toggle: 'field' }],
  ['ArrowLeft', 'pumps', { focus: 'field' }],
  ['ArrowRight', 'pumps', null],
  ['Home', 'reading', { focus: 'field' }],
  ['End', 'field', { focus: 'reading' }],
  ['Enter', 'home', { select: 'home' }],
  ['x', 'home', null],
])('%s on %s', (key, id, move) => expect(treeKey(key, open, id)).toEqual(move));

test('arrow right opens what is closed', () => expect(treeKey('ArrowRight', shut, 'field')).toEqual({ toggle: 'field' }));

test('a notebook moves neither into itself nor below itself nor to where it is', () => {
  expect(moveTargets(notebooks, find('field')).map((one) => one.id)).toEqual(['home', 'reading']);
  expect(moveTargets(notebooks, find('pumps')).map((one) => one.id)).toEqual(['talks', 'home', 'reading']);
  expect(countBelow(notebooks, find('field'))).toBe(2);
});
