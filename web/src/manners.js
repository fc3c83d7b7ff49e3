// Small courtesies: filters apply when they change, a block can be copied, moments are written in the viewer's zone.

const ready = new WeakSet(); // not an attribute: a refresh would take it away, and the courtesy would be done twice

function fresh(root, selector) {
  const found = [...root.querySelectorAll(selector)].filter((one) => !ready.has(one));
  found.forEach((one) => ready.add(one));
  return found;
}

export function enhance(root) {
  for (const form of fresh(root, 'form[data-auto]')) {
    form.addEventListener('change', () => form.requestSubmit());
  }
  for (const button of fresh(root, 'button[data-copy]')) {
    button.addEventListener('click', () => copy(button));
  }
  for (const moment of root.querySelectorAll('time[datetime]')) localize(moment);
}

async function copy(button) {
  const block = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(block.textContent);
  button.textContent = 'Copied';
  setTimeout(() => (button.textContent = 'Copy'), 2000);
}

function localize(moment) {
  const at = new Date(moment.dateTime);
  if (Number.isNaN(at.getTime()) || !moment.dateTime.includes('T')) return;
  const shown = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
  if (moment.textContent !== shown) moment.textContent = shown;
}
