// The console's script: links and filters swap the page in place, figures refresh themselves, charts are drawn from the
// specifications that stand in the page. Every page works and stays readable without it.

import htmx from 'htmx.org';
import { drawAll, redrawAll } from './charts.js';
import { keepWhatPeopleOpened, live } from './live.js';
import { enhance } from './manners.js';

htmx.config.history = 'reload'; // going back asks the server: figures are never shown from a cache
keepWhatPeopleOpened(htmx);

function settle() {
  drawAll(document);
  enhance(document);
}

document.addEventListener('DOMContentLoaded', () => {
  document.documentElement.dataset.script = 'on';
  settle();
  live(htmx);
});
document.addEventListener('htmx:after:swap', settle);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
