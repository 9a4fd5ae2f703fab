import type { LucideProps } from '@lucide/svelte';
import type { Component } from 'svelte';

/** An icon of @lucide/svelte, e.g. `import Trash from '@lucide/svelte/icons/trash-2'`. */
export type IconComponent = Component<LucideProps>;
