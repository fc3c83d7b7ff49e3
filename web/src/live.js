// Figures refresh by themselves: the page is asked for again and what changed is changed in place, so nothing flickers, and
// what somebody opened, typed or pointed at stays.

const EVERY = 10_000;
const WAITING = 1_000; // while something is still counted, or the first event is waited for
const PAGE = '#page';

export function live(htmx) {
  let asked = Date.now();
  setInterval(async () => {
    const page = document.querySelector(PAGE);
    const pause = page?.hasAttribute('data-waiting') ? WAITING : EVERY;
    if (!page || page.hasAttribute('data-still') || document.hidden || Date.now() - asked < pause || isTyping()) return;
    asked = Date.now();
    const address = location.pathname + location.search;
    try {
      await refresh(htmx, address);
    } catch {
      return; // the server is away for a moment: the next round asks again
    }
  }, 500);
}

async function refresh(htmx, address) {
  const answer = await fetch(address, { headers: { 'X-Upwell-Refresh': '1' }, credentials: 'same-origin' });
  if (!answer.ok || answer.redirected || location.pathname + location.search !== address) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector(PAGE);
  if (fresh) await htmx.swap({ text: fresh.outerHTML, target: document.querySelector(PAGE), swap: 'outerMorph', sourceElement: document.body });
}

function isTyping() {
  const active = document.activeElement;
  return active instanceof HTMLSelectElement || active instanceof HTMLTextAreaElement || active instanceof HTMLInputElement;
}

export function keepWhatPeopleOpened(htmx) {
  htmx.config.morphSkipChildren = '[data-chart]';
  htmx.registerExtension('kept', {
    htmx_before_morph_attr: (element, detail) => !(element.tagName === 'DETAILS' && (detail?.attrName) === 'open'),
  });
}
