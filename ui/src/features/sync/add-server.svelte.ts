// Adding a server to a vault: the link is read and shown before anything is sent.
import type { Backend } from '../../ipc/backend';
import type { CommandError, ErrorCode, LinkInfo } from '../../ipc/types';
import { errorText, toCommandError } from '../../lib/errors';
import { isWeak } from '../../lib/strength';

const READ_AFTER_MS = 250;

export type AddServerField = 'link' | 'user' | 'passphrase' | 'device';

/** Which field an error is about; the others are shown above the form. */
const FIELD_OF: Partial<Record<ErrorCode, AddServerField>> = {
  link_invalid: 'link',
  link_expired: 'link',
  user_taken: 'user',
  wrong_passphrase: 'passphrase',
  wrong_login: 'passphrase',
};

export class AddServer {
  link = $state('');
  user = $state('');
  passphrase = $state('');
  device = $state('');
  info = $state<LinkInfo | null>(null);
  /** Notes in this vault, all of which will be sent; null until counted. */
  notes = $state<number | null>(null);
  error = $state<CommandError | null>(null);
  busy = $state(false);
  /** The passphrase is easy to guess, and was sent off: it is asked about once. */
  weak = $state('');
  /** The account is there; the first sync runs. */
  done = $state(false);

  readonly field = $derived(this.error ? (FIELD_OF[this.error.code] ?? null) : null);
  readonly ready = $derived(
    this.info !== null &&
      !this.info.expired &&
      this.info.can_create &&
      this.user.trim() !== '' &&
      this.passphrase !== '' &&
      this.device.trim() !== '',
  );

  #backend: Backend;
  #later: ReturnType<typeof setTimeout> | undefined;
  #reading = 0;
  #allowed = '';

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** What the form starts with: this computer's name, and how many notes are here. */
  async prepare(): Promise<void> {
    try {
      const [settings, sidebar] = await Promise.all([this.#backend.settings(), this.#backend.sidebar()]);
      if (this.device === '') this.device = settings.device_name;
      this.notes = sidebar.all + sidebar.trash;
    } catch (error) {
      this.error = toCommandError(error);
    }
  }

  /** Reads the link a moment after the last key. */
  linkChanged(): void {
    clearTimeout(this.#later);
    this.info = null;
    if (this.field === 'link') this.error = null;
    if (this.link.trim() === '') return;
    this.#later = setTimeout(() => void this.readLink(), READ_AFTER_MS);
  }

  async readLink(): Promise<void> {
    clearTimeout(this.#later);
    const turn = ++this.#reading;
    try {
      const info = await this.#backend.linkRead(this.link.trim());
      if (turn === this.#reading) this.info = info;
    } catch (error) {
      if (turn === this.#reading) this.error = { ...toCommandError(error), code: 'link_invalid' };
    }
  }

  async submit(): Promise<void> {
    if (this.busy) return;
    if (!this.info && this.link.trim() !== '') await this.readLink();
    if (!this.ready) return;
    if (isWeak(this.passphrase) && this.#allowed !== this.passphrase) {
      this.weak = this.passphrase;
      return;
    }
    this.busy = true;
    this.error = null;
    try {
      await this.#backend.accountCreate({
        link: this.link.trim(),
        user: this.user.trim(),
        device_name: this.device.trim(),
        passphrase: this.passphrase,
      });
      this.passphrase = '';
      this.done = true;
    } catch (error) {
      this.error = toCommandError(error);
    } finally {
      this.busy = false;
    }
  }

  /** It is used all the same. */
  useWeak(): void {
    this.#allowed = this.passphrase;
    this.weak = '';
  }

  /** The sentence under a field. */
  errorAt(field: AddServerField): string | undefined {
    return this.error && this.field === field ? errorText(this.error) : undefined;
  }
}
