import { mount } from 'svelte';
import { loadAdmin } from './lib/words';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';

const target = document.getElementById('app');
const [{ default: App }] = await Promise.all([import('./pages/admin/App.svelte'), loadAdmin()]);
if (target) mount(App, { target });
