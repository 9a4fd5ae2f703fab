// The backend travels by context: a view asks for it, a test hands in its own.
import { getContext, setContext } from 'svelte';
import type { Backend } from '../ipc/backend';

const key = Symbol('backend');

export function setBackend(backend: Backend): Backend {
  return setContext(key, backend);
}

/** Only while a component is being made, like every context. */
export function getBackend(): Backend {
  const backend = getContext<Backend | undefined>(key);
  if (!backend) throw new Error('no backend in the context: a component was mounted outside of App');
  return backend;
}
