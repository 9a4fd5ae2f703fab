import { expect, test } from 'vitest';
import { markOf, markWords } from './note-mark';

test('each mark has its words, and what waits is never sent', () => {
  for (const to_review of [0, 2]) {
    const review = to_review > 0 ? ['to review'] : [];
    expect(markWords({ waiting: false, sent: false, to_review })).toEqual(review);
    expect(markWords({ waiting: false, sent: true, to_review })).toEqual(['the server has it', ...review]);
    for (const sent of [false, true]) expect(markWords({ waiting: true, sent, to_review })).toEqual(['waiting for the server', ...review]);
  }
  expect(markWords({ waiting: true, sent: false, to_review: 1 }, true)).toEqual(['not sent', 'to review']);
  expect(markOf({ waiting: false, sent: false, to_review: 0 })).toBe('');
  expect(markOf({ waiting: true, sent: false, to_review: 0 })).toBe('waiting');
  expect(markOf({ waiting: true, sent: false, to_review: 1 })).toBe('to_review');
  expect(markOf({ waiting: false, sent: true, to_review: 0 })).toBe('sent');
});
