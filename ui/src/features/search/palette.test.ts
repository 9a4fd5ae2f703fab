import { expect, test } from 'vitest';
import { type Place, matchPlaces, runsOf } from './palette';

const place = (label: string): Place => ({ id: label, kind: 'notebook', label, run: () => undefined });

test('places match by all words, the start first', () => {
  const places = ['Field work', 'Field work / Pump stations', 'Homework'].map(place);
  expect(matchPlaces(places, 'work').map((one) => one.label)).toEqual(['Field work', 'Field work / Pump stations', 'Homework']);
  expect(matchPlaces(places, 'pump field').map((one) => one.label)).toEqual(['Field work / Pump stations']);
  expect(matchPlaces(places, 'home')[0]?.label).toBe('Homework');
  expect(matchPlaces(places, 'nothing')).toEqual([]);
});

test('a snippet is cut at its marks, and bad marks are left out', () => {
  expect(runsOf('one two', [[4, 7]])).toEqual([{ text: 'one ', marked: false }, { text: 'two', marked: true }]);
  expect(runsOf('one', [[2, 9], [1, 1]])).toEqual([{ text: 'one', marked: false }]);
  expect(runsOf('', [])).toEqual([]);
});
