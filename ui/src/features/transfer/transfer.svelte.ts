// Import and export. An import is shown before it runs: what would come in, and what would not.
import type { Backend } from '../../ipc/backend';
import type { ExportReport, ImportReport } from '../../ipc/types';

export class Import {
  path = $state('');
  /** What would come in; null until it was looked at. */
  preview = $state.raw<ImportReport | null>(null);
  result = $state.raw<ImportReport | null>(null);
  error = $state<unknown>(null);
  busy = $state<'look' | 'run' | null>(null);
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async choose(): Promise<void> {
    try {
      const picked = await this.#backend.pickFolder('Import a folder of Markdown');
      if (picked === null) return;
      this.path = picked;
      await this.look();
    } catch (error) {
      this.error = error;
    }
  }

  /** The path changed: what was looked at belongs to another folder. */
  pathChanged(): void {
    this.preview = null;
    this.error = null;
  }

  async look(): Promise<void> {
    await this.#run('look', async (path) => (this.preview = await this.#backend.importFolder(path, true)));
  }

  async run(): Promise<void> {
    await this.#run('run', async (path) => (this.result = await this.#backend.importFolder(path, false)));
  }

  async #run(which: 'look' | 'run', act: (path: string) => Promise<unknown>): Promise<void> {
    const path = this.path.trim();
    if (this.busy || path === '') return;
    this.busy = which;
    this.error = null;
    try {
      await act(path);
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = null;
    }
  }
}

export class Export {
  path = $state('');
  result = $state.raw<ExportReport | null>(null);
  /** Notes that there are to write; null until counted. */
  notes = $state<number | null>(null);
  error = $state<unknown>(null);
  busy = $state(false);
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async prepare(): Promise<void> {
    try {
      this.notes = (await this.#backend.sidebar()).all;
    } catch (error) {
      this.error = error;
    }
  }

  async choose(): Promise<void> {
    try {
      this.path = (await this.#backend.pickFolder('Export into a folder')) ?? this.path;
    } catch (error) {
      this.error = error;
    }
  }

  async run(): Promise<void> {
    const path = this.path.trim();
    if (this.busy || path === '') return;
    this.busy = true;
    this.error = null;
    try {
      this.result = await this.#backend.exportFolder(path);
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}
