import '@fontsource-variable/inter/wght.css';
import '../src/styles/tokens.css';
import '../src/styles/base.css';
import { mount } from 'svelte';
import PartB from './PartB.svelte';
const params = new URLSearchParams(location.search);
if (params.has('dark')) document.documentElement.dataset['theme'] = 'dark'; else document.documentElement.dataset['theme'] = 'light';
const target = document.getElementById('app');
if (target) mount(PartB, { target, props: { view: params.get('view') ?? 'review', keys: params.get('keys') ?? '' } });
