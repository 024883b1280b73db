import { mount } from 'svelte';
import { load } from './lib/words';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';

const target = document.getElementById('app');
// What is drawn says something at once, so its texts come first.
const [{ default: App }] = await Promise.all([import('./pages/user/App.svelte'), load()]);
if (target) mount(App, { target });
