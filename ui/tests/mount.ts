// Mounts a component over a backend, as App does.
import { configure, render } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { vi } from 'vitest';
import type { Backend } from '../src/ipc/backend';
import Host from './Host.svelte';

// A busy machine is slow, not wrong: these bound a test that hangs, nothing else.
configure({ asyncUtilTimeout: 15_000 });
vi.setConfig({ testTimeout: 60_000 });

export function mountWith<Props extends Record<string, unknown>>(
  backend: Backend,
  component: Component<Props>,
  props: Props,
): void {
  // The caller's types fit each other; Host takes any pair.
  render(Host, { props: { backend, component: component as unknown as Component<Record<string, unknown>>, props } });
}
