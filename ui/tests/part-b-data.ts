import type { DiffSpan, Review, SideDevice } from '../src/ipc/types';
import { sampleReview } from './sample';
const now = Date.now();
const laptop: SideDevice = { name: 'This laptop', this_device: true, at_ms: now - 300_000, revision: 'rev-l' };
const office: SideDevice = { name: 'Office PC', this_device: false, at_ms: now - 200_000, revision: 'rev-o' };
const tablet: SideDevice = { name: 'Tablet', this_device: false, at_ms: now - 900_000, revision: 'rev-t' };
const phone: SideDevice = { name: 'Phone', this_device: false, at_ms: now - 900_000, revision: 'rev-p' };
export function mockReview(): Review {
  const review = sampleReview();
  const saw = review.places[1]!;
  const tail = '. The housing has a hairline mark on the left side.';
  const d = (text: string): DiffSpan[] => [{ kind: 'same', text: 'The bearing is ' }, { kind: 'removed', text: 'fine' }, { kind: 'added', text }, { kind: 'same', text: tail }];
  saw.original = `The bearing is fine${tail}`;
  saw.before = ''; saw.after = '';
  saw.sides[0]!.diff = d("warm to the touch but within the maker's limits"); saw.sides[0]!.devices = [laptop];
  saw.sides[1]!.diff = d('hot, 71 °C by the infrared gun, over the limit of 65 °C'); saw.sides[1]!.devices = [office];
  review.places[0]!.choice = { kind: 'side', number: 1 };
  review.left = 2; review.devices = [laptop, office];
  review.result.push({ text: '\n## Return visit\n', place: null, open: false, this_device: false, other_device: false }, { text: 'In May.\n', place: 3, open: true, this_device: true, other_device: false });
  return review;
}
export function trashReview(): Review {
  const r = sampleReview();
  return { ...r, left: 1, result: [{ text: 'Body of the note.\n', place: null, open: false, this_device: false, other_device: false }], merged: [], devices: [laptop, office], places: [{ id: 't', number: 1, field: 'trash', label: 'In the Trash?', original: 'Not in the Trash', has_original: true, can_keep_all: false, choice: null, before: '', after: '', sides: [
    { number: 1, devices: [laptop], text: 'Moved to Trash', diff: [], removed: true, hides_changes: 2 },
    { number: 2, devices: [office], text: 'Pressure holds at 4.3 bar now.', diff: [{ kind: 'same', text: 'Pressure holds at ' }, { kind: 'added', text: '4.3 bar now' }, { kind: 'same', text: '.' }], removed: false, hides_changes: 0 },
  ] }] };
}
export function threeReview(): Review {
  const r = mockReview();
  r.devices = [laptop, office, tablet, phone];
  const saw = r.places[1]!;
  saw.sides.push({ number: 3, devices: [tablet, phone], text: 'x', removed: true, hides_changes: 0, diff: [{ kind: 'removed', text: saw.original }] });
  return r;
}
export function bigReview(): Review {
  const r = mockReview();
  const filler = 'A long line of the note that stays the same on every computer, word for word.\n'.repeat(65);
  r.places = Array.from({ length: 200 }, (_, i) => {
    const saw = structuredClone(r.places[1]!);
    const long: DiffSpan = { kind: 'same', text: filler.slice(0, 1200) };
    return { ...saw, id: `p${i}`, number: i + 1, label: `Heading number ${i + 1}`, original: long.text + saw.original, sides: saw.sides.map((s) => ({ ...s, diff: [long, ...s.diff] })) };
  });
  r.result = r.places.flatMap((p) => [{ text: filler, place: null, open: false, this_device: false, other_device: false }, { text: 'The bearing is hot.\n', place: p.number, open: true, this_device: false, other_device: true }]);
  r.left = 200;
  return r;
}
