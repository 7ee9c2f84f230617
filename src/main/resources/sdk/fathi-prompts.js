/*
 * How a site asks before the browser does: banners, bells, and buttons of the site's own. fathi.js loads this file when the
 * first of them is to appear. What we draw lies in shadow trees with a style sheet made by code: the site's style and ours
 * stay apart, and a policy without `style-src 'unsafe-inline'` is enough.
 */
const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/;
const SVG = 'http://www.w3.org/2000/svg';
const BELL = 'M12 22a2.5 2.5 0 0 0 2.5-2.5h-5A2.5 2.5 0 0 0 12 22Zm7-6v-5a7 7 0 0 0-5.5-6.8v-.7a1.5 1.5 0 0 0-3 0v.7A7 7 0 0 0 5 11v5l-2 2v1h18v-1l-2-2Z';
const STRUCK = 'm4.2 2.8 17 17-1.4 1.4-17-17Z';

/** Outer styles win over ours on the host itself, hence so much of importance; inside nothing of theirs is seen. */
const STYLE = `
:host { all: initial !important; position: fixed !important; z-index: 2147483647 !important; inset: auto 0 0 !important;
  display: flex !important; flex-direction: column-reverse !important; align-items: center !important; gap: .75em !important;
  padding: max(1em, env(safe-area-inset-top)) max(1em, env(safe-area-inset-right)) max(1em, env(safe-area-inset-bottom)) max(1em, env(safe-area-inset-left)) !important;
  box-sizing: border-box !important; pointer-events: none !important; }
:host([hidden]) { display: none !important; }
:host([data-at=top]) { inset: 0 0 auto !important; }
:host([data-at=bottom-start]) { align-items: start !important; }
:host([data-at=bottom-end]) { align-items: end !important; }
.card, .card *, .bell { box-sizing: border-box; }
[hidden] { display: none !important; }
.card { --back: var(--fathi-background, #fff); --text: var(--fathi-text, #1b1f24); --accent: var(--fathi-accent, #0b57d0); --on-accent: var(--fathi-on-accent, #fff);
  pointer-events: auto; inline-size: 27em; max-inline-size: 100%; max-block-size: calc(100vh - 2em); overflow: auto; padding: 1.25em;
  display: grid; grid-template-columns: auto 1fr; font-family: var(--fathi-font, system-ui, sans-serif); line-height: 1.45;
  color: var(--text); background: var(--back); border: 1px solid color-mix(in srgb, var(--text) 18%, transparent);
  border-radius: var(--fathi-radius, 14px); box-shadow: 0 8px 30px #0003; overflow-wrap: anywhere; }
.card > * { grid-column: 2; margin: 0; }
.card > img { grid-column: 1; grid-row: 1 / span 3; margin-inline-end: 1em; inline-size: 3em; block-size: 3em; border-radius: 8px; object-fit: contain; }
h2 { font-size: 1.1em; line-height: 1.3; }
p { margin-block-start: .35em !important; }
p:empty { display: none; }
.choices { display: flex; flex-wrap: wrap; gap: .6em; margin-block-start: 1em; }
button { font: inherit; font-weight: 600; min-block-size: 44px; padding: .5em 1.1em; color: inherit; background: transparent;
  border: 1px solid color-mix(in srgb, var(--text) 45%, transparent); border-radius: calc(var(--fathi-radius, 14px) * .7); cursor: pointer; }
.yes { color: var(--on-accent); background: var(--accent); border-color: transparent; }
button:hover { text-decoration: underline; }
button:focus-visible, .card:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[aria-busy=true] button { opacity: .6; cursor: progress; }
.bell { pointer-events: auto; inline-size: 56px; block-size: 56px; padding: 0; border: 1px solid #fff8; border-radius: 50%; box-shadow: 0 4px 16px #0004;
  display: grid; place-items: center; --accent: var(--fathi-accent, #0b57d0); color: var(--fathi-on-accent, #fff); background: var(--accent); }
.aloud { max-inline-size: 100%; }
.bell svg { inline-size: 26px; block-size: 26px; fill: currentColor; }
.bell path + path { stroke: var(--accent); stroke-width: 3px; paint-order: stroke; }
@media (max-width: 30em) {
  :host([data-behind]) { display: none !important; }
  .card > .choices { grid-column: 1 / -1; }
  .choices > button { flex-grow: 1; }
}
@media (prefers-color-scheme: dark) {
  .card { --back: var(--fathi-background, #1f2328); --text: var(--fathi-text, #f0f3f6); --accent: var(--fathi-accent, #a8c7fa); --on-accent: var(--fathi-on-accent, #062e6f); }
  .bell { --accent: var(--fathi-accent, #a8c7fa); color: var(--fathi-on-accent, #062e6f); border-color: #0008; }
}
@media (prefers-reduced-motion: no-preference) {
  .card { animation: in .25s ease-out; }
  @keyframes in { from { opacity: 0; transform: translateY(12px); } }
}
@media print { :host { display: none !important; } }
`;

let sheet;
let banner; // the outcome of the one that is open: there is one at a time
const bells = new Map(); // what opens each, by the prompt's id
const bellHosts = new Set();
const drawings = new Set(); // what draws the state of bells and buttons anew
const used = new WeakSet(); // the site's elements that are buttons of ours

function make(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A shadow tree at the end of the page. */
function stage({ name, text, position }) {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  const dir = RIGHT_TO_LEFT.test(text.language) ? 'rtl' : 'ltr';
  const host = make('div', { 'data-fathi': name, 'data-at': position, lang: text.language, dir });
  const tree = host.attachShadow({ mode: 'open' });
  tree.adoptedStyleSheets = [sheet];
  document.body.append(host);
  return { host, tree };
}

/** A card with what is said and asked; `said` is read aloud when it changes. */
function card({ text, icon }, ...choices) {
  const title = make('h2', { id: 'title' }, text.title);
  const body = make('p', { id: 'body' }, text.body ?? '');
  const said = make('p', { role: 'status' });
  const buttons = make('div', { class: 'choices' }, ...choices);
  const node = make('section', { class: 'card', role: 'dialog', 'aria-labelledby': 'title', 'aria-describedby': 'body', tabindex: '-1' });
  if (icon) {
    const image = make('img', { src: icon, alt: '' });
    image.addEventListener('error', () => image.remove()); // a policy may refuse it
    node.append(image);
  }
  node.append(title, body, buttons, said);
  return { node, body, said };
}

function choice(text, kind, chosen) {
  const button = make('button', { type: 'button', class: kind }, text);
  button.addEventListener('click', chosen);
  return button;
}

/** Does what a click asks for, once at a time; what goes wrong is said where there are words for it. */
async function busy({ node, said }, text, work) {
  if (node.getAttribute('aria-busy') === 'true') return;
  node.setAttribute('aria-busy', 'true');
  said.textContent = '';
  try {
    await work();
  } catch (error) {
    said.textContent = text.failed ?? '';
    throw error;
  } finally {
    node.removeAttribute('aria-busy');
  }
}

const warn = (error) => console.warn(error?.message ?? error);
const redraw = () => drawings.forEach((draw) => draw());

/** What all kinds do alike. */
function asker(fathi, prompt, refuse) {
  const once = new Set();
  const tell = (what) => fathi.push(['track', `Prompt ${what}`, { promptId: prompt.id, prompt: prompt.name }]);
  const refused = () => {
    refuse();
    tell('Refused');
    return 'refused';
  };
  return {
    refused,
    shown() {
      if (!once.has('shown')) tell('Shown');
      once.add('shown');
    },
    /** Called in the visitor's click, for only then the browser asks. */
    async subscribe() {
      try {
        await fathi.subscribe();
      } catch (error) {
        if (['denied', 'dismissed'].includes(error.code)) return refused();
        throw error;
      } finally {
        redraw();
      }
      tell('Accepted');
      return 'accepted';
    },
    async unsubscribe() {
      await fathi.unsubscribe();
      redraw();
    },
    /** `on`, `off`, or `blocked` where only the visitor can undo it. */
    async state() {
      if (fathi.capability() !== 'ok') return 'blocked';
      return (await fathi.subscription()) ? 'on' : 'off';
    },
  };
}

/** On a small screen a banner covers the bells: they go while it is there. */
function makeRoom() {
  bellHosts.forEach((host) => host.toggleAttribute('data-behind', Boolean(banner)));
}

function showBanner(ask, prompt, byHand) {
  const { text } = prompt;
  const before = document.activeElement;
  const { host, tree } = stage(prompt);
  return new Promise((resolve) => {
    const end = (outcome) => {
      const held = document.activeElement === host;
      host.remove();
      if (held) before?.focus?.();
      resolve(outcome);
    };
    const drawn = card(
      prompt,
      choice(text.accept, 'yes', () =>
        busy(drawn, text, async () => end(await ask.subscribe())).catch((error) => {
          warn(error);
          if (!text.failed) end(undefined);
        }),
      ),
      choice(text.refuse, 'no', () => end(ask.refused())),
    );
    drawn.node.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') end(ask.refused());
    });
    const aloud = make('div', { 'aria-live': 'polite', class: 'aloud' });
    tree.append(aloud);
    setTimeout(() => {
      aloud.append(drawn.node);
      ask.shown();
      if (byHand) drawn.node.focus(); // it was asked for; else nobody's place on the page is taken from them
    });
  });
}

function drawBell(state) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  for (const shape of state === 'blocked' ? [BELL, STRUCK] : [BELL]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', shape);
    svg.append(path);
  }
  return svg;
}

function showBell(ask, prompt) {
  const { text } = prompt;
  const { host, tree } = stage(prompt);
  const bell = make('button', { type: 'button', class: 'bell', 'aria-expanded': 'false' });
  tree.append(bell);
  bellHosts.add(host);
  makeRoom();
  let state;
  let panel;

  const words = () => ({ on: text.subscribed, blocked: text.blocked, off: undefined })[state];
  const hides = () => (state === 'on' && !text.unsubscribe) || (state === 'blocked' && !text.blocked);

  async function draw() {
    const now = await ask.state();
    if (now === state) return;
    state = now;
    host.hidden = hides();
    bell.replaceChildren(drawBell(state));
    bell.dataset.state = state;
    bell.setAttribute('aria-label', [text.title, words()].filter(Boolean).join(': '));
    if (panel) open();
  }

  function open() {
    const held = panel?.node.contains(tree.activeElement);
    panel?.node.remove();
    const act = (work) => () => busy(panel, text, work).catch(warn);
    const choices = {
      off: () => [choice(text.accept, 'yes', act(ask.subscribe))],
      on: () => [choice(text.unsubscribe, 'no', act(ask.unsubscribe))],
      blocked: () => [],
    };
    panel = card({ ...prompt, text: { ...text, body: words() ?? text.body } }, ...choices[state]());
    document.addEventListener('keydown', closeOnEscape);
    tree.append(panel.node);
    bell.setAttribute('aria-expanded', 'true');
    if (held) panel.node.focus(); // the button that had it is gone
    if (state === 'off') ask.shown();
  }

  function close() {
    panel?.node.remove();
    panel = undefined;
    bell.setAttribute('aria-expanded', 'false');
    document.removeEventListener('keydown', closeOnEscape);
  }

  function closeOnEscape({ key }) {
    if (key !== 'Escape') return;
    close();
    bell.focus();
  }

  bell.addEventListener('click', () => (panel ? close() : open()));
  drawings.add(draw);
  return draw().then(() => open);
}

function useButton(ask, { element: selector, text }) {
  for (const element of document.querySelectorAll(selector)) {
    if (used.has(element)) continue;
    used.add(element);
    let state;
    const draw = async () => {
      state = await ask.state();
      element.hidden = state === 'blocked' || (state === 'on' && !text.unsubscribe);
      if (!element.childElementCount) element.textContent = (state === 'on' && text.unsubscribe) || text.accept;
      if (state === 'off') ask.shown();
    };
    element.addEventListener('click', (event) => {
      event.preventDefault(); // it may be a link
      (state === 'on' ? ask.unsubscribe() : ask.subscribe()).catch(warn);
    });
    drawings.add(draw);
    draw();
  }
}

addEventListener('focus', redraw); // what was changed in another tab

/**
 * What `fathi.js` calls.
 *
 * @param refuse remembers in this browser that the visitor does not want it
 * @param byHand whether the site asked for it: then the visitor is led to it
 * @returns of a banner its outcome, `accepted` or `refused`
 */
export async function show(fathi, prompt, refuse, byHand) {
  const ask = asker(fathi, prompt, refuse);
  if (prompt.kind === 'button') return useButton(ask, prompt);
  if (prompt.kind === 'bell') {
    if (!bells.has(prompt.id)) bells.set(prompt.id, showBell(ask, prompt));
    const open = await bells.get(prompt.id);
    return byHand ? open() : undefined;
  }
  if (await fathi.subscription()) return 'accepted';
  banner ??= showBanner(ask, prompt, byHand).finally(() => {
    banner = undefined;
    makeRoom();
  });
  makeRoom();
  return banner;
}
