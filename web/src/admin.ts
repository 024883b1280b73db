import { mount } from 'svelte';
import { load } from './lib/words';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';

const target = document.getElementById('app');
// What it shares with the library is said in English, as all of it is.
const [{ default: App }] = await Promise.all([import('./pages/admin/App.svelte'), load('en')]);
if (target) mount(App, { target });
