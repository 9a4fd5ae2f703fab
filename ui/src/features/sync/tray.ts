// What the icon in the desktop's tray shows: the sidebar's words, and a picture for them. Pure: the clock is an input.
import type { SyncStatus, TrayIcon, TrayShown } from '../../ipc/types';
import type { Unsaved } from '../../lib/unsaved';
import { type Tone, statusWords, unknownWords } from './words';

const PICTURES: Record<Tone, TrayIcon> = {
  ok: 'normal',
  quiet: 'normal',
  busy: 'waiting',
  waiting: 'waiting',
  attention: 'attention',
  problem: 'attention',
};

/** No vault is open; `locked` where there is one. */
export function trayClosed(locked: boolean): TrayShown {
  return { icon: 'normal', text: locked ? 'Locked' : 'Holdfast', can_sync: false, can_lock: false };
}

/** Of an open vault; `null` while its status is being read. `failed`: why it cannot be. */
export function trayOf(status: SyncStatus | null, now: number, unsaved: Unsaved | null = null, failed = ''): TrayShown {
  const can_sync = status !== null && !['local_only', 'locked', 'needs_sign_in'].includes(status.state) && !status.paused;
  if (failed) return { icon: 'attention', text: unknownWords(failed, unsaved).text, can_sync, can_lock: true };
  if (!status) return { icon: 'normal', text: 'Reading…', can_sync: false, can_lock: true };
  const { text, tone } = statusWords(status, now, unsaved);
  const away = status.state === 'offline' || (status.state === 'unreachable' && text.startsWith("Can't reach"));
  // Who is needed is told before that the server is not there.
  const icon = away && tone !== 'attention' ? 'offline' : PICTURES[tone];
  return { icon, text, can_sync, can_lock: status.state !== 'locked' };
}
