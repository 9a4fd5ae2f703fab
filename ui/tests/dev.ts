// The window over the fake backend, for looking at it in a browser: dev.html?scenario=review&theme=dark&open=settings
import '@fontsource-variable/inter/wght.css';
import '../src/styles/tokens.css';
import '../src/styles/base.css';
import '../src/styles/editor.css';
import { mount, tick } from 'svelte';
import App from '../src/app/App.svelte';
import { FakeBackend, type Scenario } from './fake-backend';

const asked = new URLSearchParams(location.search);
const backend = new FakeBackend((asked.get('scenario') ?? 'main') as Scenario);
const theme = asked.get('theme');
if (theme === 'dark' || theme === 'light') backend.config = { ...backend.config, theme };
if (theme) document.documentElement.dataset['theme'] = theme;

const target = document.getElementById('app');
if (!target) throw new Error('dev.html has no #app element');
mount(App, { target, props: { backend } });
Object.assign(window, { backend });

// Presses what `?click=a,b` names, one test id after the other, so that a picture can show any view.
async function click(ids: string[]): Promise<void> {
  for (const id of ids) {
    await tick();
    await new Promise((done) => setTimeout(done, 250));
    const [name, value] = id.split('=');
    const found = document.querySelector<HTMLElement>(`[data-testid="${name}"]`);
    if (value !== undefined && found instanceof HTMLInputElement) {
      found.value = value;
      found.dispatchEvent(new InputEvent('input', { bubbles: true }));
    } else if (value !== undefined) {
      found?.focus();
      document.execCommand('insertText', false, value);
    } else found?.click();
  }
}
void click((asked.get('click') ?? '').split(',').filter(Boolean));
