/// <reference types="node" />
// Every text colour on every ground it is used on, in both themes: a contrast of at least 4.5 (WCAG 2.2, 1.4.3).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// Vitest answers imports of styles with nothing; it runs in the folder of the UI.
const css = readFileSync('src/styles/tokens.css', 'utf8');

function tokens(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((match) => [match[1] ?? '', match[2] ?? '']));
}
const blocks = css.split(/(?=:root)/).filter((block) => block.startsWith(':root'));
const [light, dark, system] = blocks.map(tokens);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['panel', 'paper', 'raised', 'sel', 'hover'];
const pairs: [string, string][] = [
  ...['ink', 'ink-2'].flatMap((ink) => grounds.map((ground): [string, string] => [ink, ground])),
  ...['panel', 'paper', 'raised'].map((ground): [string, string] => ['ink-3', ground]),
  ...['accent', 'danger', 'theirs', 'mine', 'warn', 'ok'].flatMap((ink) => ['panel', 'paper', 'raised'].map((ground): [string, string] => [ink, ground])),
  ...['accent', 'theirs', 'mine', 'ok', 'warn', 'danger'].map((ink): [string, string] => [ink, `${ink}-soft`]),
  ...['theirs-soft', 'mine-soft', 'ok-soft', 'warn-soft', 'danger-soft', 'accent-soft', 'mark'].map((ground): [string, string] => ['ink', ground]),
  ['accent', 'sel'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['on-danger', 'danger'],
];

test.each([['light', light], ['dark', dark]])('%s', (_name, theme) => {
  const read = (name: string) => theme?.get(name) ?? expect.fail(`no token ${name}`);
  const low = pairs.map(([ink, ground]) => [ink, ground, contrast(read(ink), read(ground)).toFixed(2)]).filter(([, , value]) => Number(value) < 4.5);
  expect(low).toEqual([]);
});

test("the system's dark theme is the same as the chosen one", () => {
  expect(system).toEqual(dark);
});
