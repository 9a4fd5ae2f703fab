import '@fontsource-variable/inter/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/editor.css';
import { mount } from 'svelte';
import App from './app/App.svelte';
import { tauriBackend, tauriHost } from './ipc/tauri';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app element');

export default mount(App, { target, props: { backend: tauriBackend, host: tauriHost } });
