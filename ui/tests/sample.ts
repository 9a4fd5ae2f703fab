// The sample content of the fake backend: the notes of the design's mock, and each state of sync.
import type { ActivityItem, AsideChoice, AsideItem, AsideText, BackupItem, Health, HeldNote, NotebookItem, NoteDetail, Receipt, Review, SideDevice, SyncStatus, Tripwire } from '../src/ipc/types';

export const WORDS = 'acid brick candle drift ember fable garden hollow island jacket kitten ladder marble nectar orbit pepper quartz ribbon saddle timber urban velvet window yellow'.split(' ');

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function notebook(id: string, path: string, parent: string | null): NotebookItem {
  const names = path.split('/');
  return { id, name: names.at(-1) ?? '', path, parent, depth: names.length - 1, notes: 0, kept_offline: false };
}

export function sampleNotebooks(): NotebookItem[] {
  return [
    notebook('field', 'Field work', null),
    notebook('pumps', 'Field work/Pump stations', 'field'),
    notebook('talks', 'Field work/Interviews', 'field'),
    notebook('home', 'Home', null),
    notebook('reading', 'Reading', null),
  ];
}

const PUMP = `Seal replaced on the east pump. Pressure holds at **4.1 bar** after the second cycle, see the photo.

## To do before Friday
- [x] Order a second seal kit
- [ ] Ask the night shift about the 02:10 alarm
- [ ] Photograph the gauge with the date in view

## What we saw
The bearing is warm to the touch but within the maker's limits. The housing has a hairline mark on the left side, about two centimetres, that was not in the spring pictures.
`;

export function sampleNotes(scenario: string): NoteDetail[] {
  const now = Date.now();
  const make = (id: string, title: string, where: [string, string] | null, ageMs: number, body: string, more: Partial<NoteDetail> = {}): NoteDetail => ({
    id, title, body, notebook: where?.[1] ?? '', notebook_id: where?.[0] ?? null, preview: body.replace(/[#*|]/g, '').replace(/\s+/g, ' ').slice(0, 160),
    tags: [], due: null, done: false, trashed: false, to_review: 0, waiting: false, sent: false, created_ms: now - ageMs - DAY, updated_ms: now - ageMs,
    attachments: [], seen_heads: [`${id}@0`], review_devices: [], in_trashed_notebook: false, read_only: false, ...more,
  });
  const pumps: [string, string] = ['pumps', 'Field work/Pump stations'];
  const review = scenario === 'review' || scenario === 'main' ? { to_review: 3, review_devices: ['Office PC'] } : {};
  const notes = [
    make('pump4', 'Site visit: pump 4', pumps, 5 * MINUTE, PUMP, {
      tags: ['maintenance', 'follow-up'], due: `${new Date(now).getFullYear()}-11-28`, ...review,
      attachments: [{ id: 'a1', path: 'files/gauge.jpg', name: 'gauge.jpg', media_type: 'image/jpeg', size: 2_400_000, here: true, here_bytes: 2_400_000, wanted: false }],
    }),
    make('night', 'Interview with the night shift', ['talks', 'Field work/Interviews'], 3 * HOUR, 'Three people, forty minutes. They all mention the alarm at 02:10 and nobody had logged it.\n\n> It rings, we look, it stops.\n', { waiting: scenario === 'offline' }),
    make('packing', 'Packing list, October trip', ['home', 'Home'], DAY, '- [x] Tickets\n- [x] Charger\n- [x] Maps\n- [ ] Spare batteries\n- [ ] The small tripod\n- [ ] Rain cover\n', { tags: ['follow-up'], waiting: scenario === 'offline' }),
    make('seeing', 'Notes on Seeing Like a State', ['reading', 'Reading'], 3 * DAY, 'Legibility is the word to hold on to: what the map leaves out is what the people on the ground *use*.\n'),
    make('valves', 'Valve inventory', pumps, 4 * DAY, '| Valve | Size | Last checked |\n|---|---|---|\n| A1 | 40 | May |\n', { waiting: scenario === 'offline' }),
    make('council', 'Questions for the council', ['field', 'Field work'], 12 * DAY, 'Who signs for the emergency line? Is the 2019 survey still the one in force?\n', { due: '2020-01-15' }),
    make('old', 'Old shopping list', null, 20 * DAY, 'Milk, bread.\n', { trashed: true }),
  ];
  if (scenario === 'many') for (let i = 0; i < 10_000; i += 1) notes.push(make(`m${i}`, `Note number ${i}`, pumps, 30 * DAY + i * MINUTE, `The body of note ${i}.`));
  return notes;
}

const NONE_ON_THE_WAY = { files: 0, done_bytes: 0, total_bytes: 0 };

export function syncOf(scenario: string): SyncStatus {
  const now = Date.now();
  const base: SyncStatus = {
    state: 'up_to_date', paused: false, waiting: 0, waiting_attachments: 0, waiting_attachment_bytes: null, sending: NONE_ON_THE_WAY, receiving: NONE_ON_THE_WAY, not_here: { files: 0, bytes: 0 }, to_review: 1, notebooks_to_review: 0, last_confirmed_ms: now - 4 * MINUTE,
    last_changes: 41, last_duration_ms: 600, next_try_ms: null, server: 'https://notes.example.org', user: 'ada', problem: null, passphrase: null,
    devices: [
      { id: 'd1', name: 'This laptop', platform: 'linux', this_device: true, last_seen_ms: now, added_ms: now - 20 * DAY, clock_ahead: false },
      { id: 'd2', name: 'Office PC', platform: 'linux', this_device: false, last_seen_ms: now - 15 * MINUTE, added_ms: now - 12 * DAY, clock_ahead: false },
    ],
    catch_up: null, quarantined: 0, set_aside: [], tripwire: null,
  };
  if (scenario === 'offline') return { ...base, state: 'offline', waiting: 3, waiting_attachments: 1, waiting_attachment_bytes: 2_400_000, next_try_ms: now + 24_000 };
  if (scenario === 'held') return { ...base, state: 'paused', to_review: 0, tripwire: sampleTripwire() };
  if (scenario === 'joining') return { ...base, state: 'syncing', to_review: 0, last_confirmed_ms: null, catch_up: { first: true, done: 312, total: 1204, left: 'About 2 minutes left' } };
  if (['local', 'first', 'empty', 'many'].includes(scenario)) return { ...base, state: 'local_only', to_review: 0, last_confirmed_ms: null, server: null, user: null, devices: [] };
  return base;
}

export function sampleTripwire(): Tripwire {
  return { number: 1, since_ms: Date.now() - 4 * MINUTE, trashed: 24, emptied: 3, notebooks: 1, of: 120, devices: ['Office PC'], backup: '/home/ada/.local/share/holdfast/default/backups/2026-11-28T140203Z-before-decision' };
}

export function sampleHeld(): HeldNote[] {
  return Array.from({ length: 27 }, (_, n) => ({ id: `held-${n}`, title: n === 3 ? '' : `Pump station ${n}, service plan`, trashed: n < 24, updated_ms: Date.now() - n * DAY }));
}

export function sampleAside(): AsideText[] {
  const now = Date.now();
  const late = 'A computer sent it that was removed from the account, or was never in it.';
  const item = (id: string, title: string | null, choice: AsideChoice, action: string): AsideItem => ({
    id, who: 'Old phone', arrived_ms: now - HOUR, why: late, action, bytes: 2048, kind: title === null ? null : 'note', title, choice,
  });
  return [
    { item: item('aside-1', 'Pump log', 'take', 'Taken over, it becomes yours, and merges with what you have.'), written_ms: now - 2 * HOUR, text: '# Pump log\n\nPressure at 14:00 was 3.1 bar.\n', tags: ['field'] },
    { item: item('aside-2', 'Shopping', 'take_as_new', 'It cannot merge with what you have. Taken over, it becomes a note of its own; nothing else changes.'), written_ms: now - 2 * HOUR, text: 'Bread\n', tags: [] },
    { item: { ...item('aside-3', null, 'wait', 'Update Holdfast on this computer; what was set aside is then taken in by itself.'), why: 'A newer version of Holdfast wrote it.', who: 'Office PC' }, written_ms: null, text: null, tags: [] },
  ];
}

export function sampleActivity(): ActivityItem[] {
  const now = Date.now();
  return [
    { at_ms: now - MINUTE, what: 'Synced', ok: true, duration_ms: 600, bytes_up: 24_000, bytes_down: 180_000, message: '3 sent, 38 received', code: null },
    { at_ms: now - 2 * MINUTE, what: 'Sending changes', ok: false, duration_ms: 5000, bytes_up: 900, bytes_down: 0, message: "The server didn't answer", code: 'server_unreachable' },
    { at_ms: now - HOUR, what: 'Backup made', ok: true, duration_ms: 0, bytes_up: 0, bytes_down: 0, message: '15400000 bytes, checked', code: null },
  ];
}

export function sampleHealth(): Health {
  return {
    at_ms: Date.now(), ok: false,
    lines: [
      { id: 'database', name: 'Database', ok: true, sentence: 'Every page was read, and is whole.', action: null },
      { id: 'clock', name: 'Clock', ok: false, sentence: 'This computer is 12 minutes ahead of the server.', action: "Set this computer's clock, or let it set itself." },
      { id: 'disk', name: 'Disk space', ok: true, sentence: '41.2 GB free; the vault has 15.4 MB.', action: null },
    ],
  };
}

export function sampleBackups(): BackupItem[] {
  const at = (n: number, reason: string): BackupItem => ({ path: `/home/ada/.local/share/holdfast/default/backups/${n}`, at_ms: Date.now() - n * DAY, reason, bytes: 15_400_000 });
  return [at(0, 'Every day'), at(1, 'Before a decision about many notes'), at(2, 'Every day')];
}

export function sampleReceipts(): Receipt[] {
  const at = Date.now() - HOUR;
  return [
    {
      id: 'r1', note: 'night', is_note: true, why: null, title: 'Interview with the night shift', at_ms: at, undone: false, seen: false, devices: ['This laptop', 'Office PC'],
      sides: [
        { device: 'This laptop', this_device: true, at_ms: at, revision: 'rev-a', fields: [], diff: [{ kind: 'same', text: 'Three people, ' }, { kind: 'added', text: 'forty minutes. ' }] },
        { device: 'Office PC', this_device: false, at_ms: at, revision: 'rev-b', fields: ['Tags'], diff: [{ kind: 'same', text: 'nobody had logged ' }, { kind: 'removed', text: 'them' }, { kind: 'added', text: 'it' }] },
      ],
    },
  ];
}

export function sampleReview(): Review {
  const now = Date.now();
  const laptop: SideDevice = { name: 'This laptop', this_device: true, at_ms: now - 5 * MINUTE, revision: 'rev-l' };
  const office: SideDevice = { name: 'Office PC', this_device: false, at_ms: now - 20 * MINUTE, revision: 'rev-o' };
  const side = (number: number, device: SideDevice, text: string, from = '', removed = false) => ({
    number, devices: [device], text, removed, hides_changes: 0,
    diff: from ? [{ kind: 'same' as const, text: from }, { kind: 'added' as const, text: text.slice(from.length) }] : [{ kind: 'added' as const, text }],
  });
  const start = 'The bearing is ';
  const year = new Date(now).getFullYear();
  return {
    id: 'pump4', is_note: true, title: 'Site visit: pump 4', left: 3, devices: [laptop, office], edited_result: null, set_aside: null, seen_heads: ['rev-l', 'rev-o'], stale_choices: 0,
    merged: [{ label: '“two centimetres”', device: 'This laptop', this_device: true }, { label: 'New to-do', device: 'Office PC', this_device: false }],
    result: [
      { text: `## What we saw\n`, place: null, merged: null, open: false, this_device: false, other_device: false },
      { text: `${start}hot, 71 °C by the infrared gun, over the limit of 65 °C.`, place: 2, merged: null, open: true, this_device: false, other_device: true },
      { text: ' The housing has a hairline mark on the left side, ', place: null, merged: null, open: false, this_device: false, other_device: false },
      { text: 'about two centimetres', place: null, merged: 0, open: false, this_device: true, other_device: false },
      { text: '.\n', place: null, merged: null, open: false, this_device: false, other_device: false },
    ],
    places: [
      { id: 'due', number: 1, field: 'due', label: 'Due date', original: `${year}-11-20`, has_original: true, sides: [side(1, laptop, `${year}-11-28`), side(2, office, `${year}-11-30`)], can_keep_all: false, all_begins_with: null, can_take_original: true, suggested: null, choice: null, before: '', after: '' },
      { id: 'saw', number: 2, field: 'text', label: 'What we saw', original: `${start}fine.`, has_original: true, sides: [side(1, laptop, `${start}warm to the touch but within the maker's limits.`, start), side(2, office, `${start}hot, 71 °C by the infrared gun, over the limit of 65 °C.`, start)], can_keep_all: true, all_begins_with: 1, can_take_original: true, suggested: null, choice: null, before: '## What we saw\n', after: ' The housing has a hairline mark on the left side.' },
      { id: 'visit', number: 3, field: 'text', label: 'Return visit', original: 'In spring.', has_original: true, sides: [side(1, laptop, 'In May.'), side(2, office, '', '', true)], can_keep_all: true, all_begins_with: 1, can_take_original: true, suggested: null, choice: null, before: '', after: '' },
    ],
  };
}
