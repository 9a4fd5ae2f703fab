// The Backend over Tauri, and with the generated bindings the only file that imports it.
import { getCurrentWindow } from '@tauri-apps/api/window';
import { open, save } from '@tauri-apps/plugin-dialog';
import type { Backend } from './backend';
import { commands, events } from './bindings';
import type { WindowHost } from './host';

/** Rust answers nothing with null where a view expects nothing at all. */
type Silent<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<null> ? (...args: A) => Promise<void> : T[K];
};

export const tauriBackend: Backend = {
  ...(commands as unknown as Silent<typeof commands>),
  pickFolder: (title) => open({ title, directory: true }),
  pickFile: (title) => open({ title, directory: false, multiple: false }),
  pickSavePath: (title, fileName) => save({ title, defaultPath: fileName }),
  print: async () => {
    window.print();
  },
  copyText: (text) => navigator.clipboard.writeText(text),
  onEvent: (handler) => events.holdfast.listen((event) => handler(event.payload)),
};

export const tauriHost: WindowHost = {
  onCloseRequest: (mayClose) =>
    getCurrentWindow().onCloseRequested(async (event) => {
      if (!(await mayClose())) event.preventDefault();
    }),
};
