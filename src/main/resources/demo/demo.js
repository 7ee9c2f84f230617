/*
 * The demo's page. What a site does with the SDK (capability, subscribe, unsubscribe) is what you would write, too; what
 * asks /demo/… asks this site's backend, which holds the secret key.
 */
(() => {
  'use strict';

  const LOOK_MS = 400; // at a message that is on its way, and at the visitor
  const FIGURES_MS = 1_000;
  const RESTING_MS = 5_000; // when all is counted
  const HINT_MS = 12_000; // accepted, and still not shown
  const PATIENCE_MS = 10 * 60_000;

  const STATES = {
    denied: 'Notifications are blocked for this page. Allow them in the site settings beside the address bar, then reload.',
    unsupported: 'This browser has no web push. Firefox, Chrome, Edge and Safari have; private windows often have not.',
    insecure: 'Browsers take pushes on https pages and on localhost only. Open this page by the address that the terminal shows.',
    'ios-needs-install': 'On iPhone and iPad: Share → Add to Home Screen, then open it from there.',
    dismissed: 'The question was closed without an answer. Try again when you like.',
    push_service: 'The browser’s push service did not answer. Chrome asks Google’s and Firefox Mozilla’s: both need a way to the Internet, and private windows have none.',
    network: 'The server was not reached. Does the demo still run in its terminal?',
  };
  const $ = (id) => document.getElementById(id);
  const numbers = new Intl.NumberFormat('en');

  // ---- this browser ------------------------------------------------------------------------------------------------

  let fathi;
  let watched = 0; // which push the steps are about

  function say(text, bad = false) {
    $('state').textContent = text;
    $('state').classList.toggle('bad', bad);
  }

  function explain(error) {
    console.warn(error?.message ?? error);
    say(STATES[error?.code] ?? error?.message ?? String(error), true);
  }

  async function draw() {
    const able = fathi.capability();
    const subscription = able === 'ok' ? await fathi.subscription() : null;
    $('subscribe').hidden = able !== 'ok' || subscription !== null;
    $('send').hidden = $('unsubscribe').hidden = subscription === null;
    if (able !== 'ok') say(STATES[able], true);
    else if (subscription) say('This browser is subscribed.');
    else say('This browser can take pushes. It asks you once whether it may.');
  }

  /** Runs what a button asks for, the button at rest meanwhile. */
  async function busy(button, work) {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      explain(error);
    } finally {
      button.disabled = false;
    }
  }

  const subscribe = () =>
    busy($('subscribe'), async () => {
      await fathi.subscribe();
      await draw();
      $('text').focus();
    });

  const unsubscribe = () =>
    busy($('unsubscribe'), async () => {
      watched++;
      await fathi.unsubscribe();
      $('steps').hidden = true;
      $('hint').textContent = '';
      await draw();
      $('subscribe').focus();
    });

  async function ask(path, body) {
    let response;
    try {
      response = await fetch(path, {
        method: body ? 'POST' : 'GET',
        headers: body ? { 'Content-Type': 'application/json' } : {},
        body: body && JSON.stringify(body),
      });
    } catch {
      throw Object.assign(new Error(STATES.network), { code: 'network' });
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.errors?.[0]?.detail ?? answer.detail ?? `The server answers ${response.status}.`);
    return answer;
  }

  async function push() {
    const began = performance.now();
    const number = ++watched;
    // What proves to the backend that this browser is the subscriber.
    const [{ id, deviceSecret: secret }, registration] = await Promise.all([
      fathi.browser(),
      navigator.serviceWorker.getRegistration('/demo/'),
    ]);
    const { endpoint, keys } = (await registration.pushManager.getSubscription()).toJSON();
    const renewal = {
      endpoint,
      keys: { p256dh: keys.p256dh, auth: keys.auth },
      language: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    for (const step of $('steps').children) {
      step.className = '';
      step.querySelector('output').value = '';
    }
    $('steps').hidden = false;
    $('hint').textContent = '';
    const taken = await ask('/demo/push', { id, secret, renewal, text: $('text').value });
    reached('taken', began);
    follow(taken.id, number, began).catch(explain);
  }

  function reached(name, began) {
    const step = $(`step-${name}`);
    if (step.className) return;
    step.className = 'done';
    step.querySelector('output').value = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  }

  /** Until it was clicked, or another one is sent. */
  async function follow(message, number, began) {
    while (number === watched && performance.now() - began < PATIENCE_MS) {
      const { state, counts, reasons } = await ask(`/demo/push/${message}`);
      if (number !== watched) return;
      if (counts.accepted) reached('accepted', began);
      if (counts.shown) reached('shown', began);
      if (counts.clicked) {
        reached('clicked', began);
        $('hint').textContent = 'Counted. That is the whole way, there and back.';
        return;
      }
      if (state === 'completed' && !counts.accepted) {
        $('step-accepted').className = 'failed';
        $('hint').textContent = `It was not sent: ${Object.keys(reasons).join(', ')}.`;
        return;
      }
      hint(counts, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  function hint(counts, waited) {
    let text = '';
    if (counts.shown) text = 'Now click the notification.';
    else if (counts.accepted && waited > HINT_MS) text = 'Accepted, and not shown yet. Does the system hold notifications back (“do not disturb”)?';
    else if (!counts.accepted && waited > HINT_MS) text = 'The push service has not taken it yet. The server goes on trying.';
    if ($('hint').textContent !== text) $('hint').textContent = text;
  }

  // ---- the visitor -------------------------------------------------------------------------------------------------

  const CATEGORIES = { shoes: 79, coats: 149, hats: 29.5 };
  const times = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  const lists = new Intl.ListFormat('en');
  let seen = ''; // what is drawn
  let member; // names of segments
  let looking;

  /** Also at once after a button; what came meanwhile is shown by the next look. */
  async function look() {
    clearTimeout(looking);
    let rest = LOOK_MS;
    if (document.visibilityState === 'visible') {
      try {
        const visitor = await ask(`/demo/visitor?id=${encodeURIComponent(fathi.anonymousId)}`);
        if (JSON.stringify(visitor) !== seen) show(visitor);
        seen = JSON.stringify(visitor);
      } catch {
        rest = RESTING_MS;
      }
    }
    clearTimeout(looking);
    looking = setTimeout(look, rest);
  }

  function element(name, text, className = '') {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = className;
    return made;
  }

  function show({ userId, traits = [], segments, events = [] }) {
    $('sign-in').hidden = !!userId;
    $('sign-out').hidden = !userId;
    notice(segments);
    $('segments').replaceChildren(
      ...segments.map((segment) => {
        const item = element('li', '', segment.in ? 'in' : '');
        item.append(element('b', segment.name), element('em', segment.in ? 'in' : 'not in'), element('span', segment.description));
        return item;
      }),
    );
    $('traits').replaceChildren(
      ...traits.map((trait) => {
        const pair = document.createElement('div');
        const name = element('dt', trait.name);
        if (trait.computed) name.append(element('small', 'computed'));
        pair.append(name, element('dd', trait.value));
        return pair;
      }),
    );
    $('timeline').replaceChildren(
      ...events.map((event) => {
        const item = document.createElement('li');
        const time = element('time', times.format(new Date(event.at)));
        time.dateTime = event.at;
        item.append(element('b', event.name ?? event.type), time);
        return item;
      }),
    );
    $('traits').hidden = traits.length === 0;
    $('no-traits').hidden = traits.length > 0;
    $('timeline').hidden = events.length === 0;
    $('no-events').hidden = events.length > 0;
  }

  /** Says which segments were entered and left since the last look. */
  function notice(segments) {
    const now = segments.filter((segment) => segment.in).map((segment) => segment.name);
    if (member) {
      const entered = now.filter((name) => !member.includes(name));
      const left = member.filter((name) => !now.includes(name));
      const parts = [];
      if (entered.length) parts.push(`You have entered ${lists.format(entered)}.`);
      if (left.length) parts.push(`You have left ${lists.format(left)}.`);
      if (parts.length) $('noticed').textContent = parts.join(' ');
    }
    member = now;
  }

  const act = (button, work) =>
    busy(button, async () => {
      await work();
      await fathi.flush();
      look();
    });

  function viewed() {
    const names = Object.keys(CATEGORIES);
    const category = names[Math.floor(Math.random() * names.length)];
    return fathi.track('Product Viewed', { category, price: CATEGORIES[category] });
  }

  async function signIn() {
    const { userId, identityToken } = await ask('/demo/sign-in', { visitor: fathi.anonymousId });
    await fathi.identify(userId, { firstName: 'Ada', plan: 'gold' }, { identityToken });
  }

  async function signOut() {
    await fathi.reset();
    member = undefined;
    $('noticed').textContent = 'You are somebody new to this site.';
    $('sign-in').hidden = false;
    $('sign-in').focus();
    await draw();
  }

  // ---- the others --------------------------------------------------------------------------------------------------

  async function figures() {
    let rest = FIGURES_MS;
    try {
      const { people, counts, state } = await ask('/demo/figures');
      if (counts) {
        $('message').textContent = `One message to ${numbers.format(people)} virtual subscribers, each greeted in their language, by their name.`;
        row('planned', counts.planned, people, people, '');
        row('accepted', counts.accepted, people, counts.planned, ' of planned');
        row('shown', counts.shown, people, counts.accepted, ' of accepted');
        row('clicked', counts.clicked, people, counts.shown, ' of shown');
        if (state === 'completed' && counts.shown >= counts.accepted) rest = RESTING_MS;
      }
    } catch {
      rest = RESTING_MS;
    }
    setTimeout(figures, rest);
  }

  function row(id, count, people, whole, of) {
    const cells = $(id).children;
    cells[1].textContent = numbers.format(count);
    cells[2].replaceChildren();
    if (of && whole) {
      const denominator = document.createElement('span');
      denominator.className = 'of';
      denominator.textContent = of;
      cells[2].append(`${((100 * count) / whole).toFixed(count === whole ? 0 : 1)} %`, denominator);
    }
    cells[3].querySelector('i').style.width = `${people ? (100 * count) / people : 0}%`;
  }

  // ---- the door ----------------------------------------------------------------------------------------------------

  $('subscribe').onclick = subscribe;
  $('unsubscribe').onclick = unsubscribe;
  $('view').onclick = () => act($('view'), viewed);
  $('order').onclick = () => act($('order'), () => fathi.track('Order Completed', { total: 79 }));
  $('sign-in').onclick = () => act($('sign-in'), signIn);
  $('sign-out').onclick = () => act($('sign-out'), signOut);
  $('send').onsubmit = (event) => {
    event.preventDefault();
    busy(event.submitter ?? $('send').querySelector('button'), push);
  };
  for (const button of document.querySelectorAll('[data-copies]')) {
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText($(button.dataset.copies).textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren($(button.dataset.copies)); // then Ctrl-C does it
      }
      setTimeout(() => (button.textContent = 'Copy'), 2_000);
    };
  }
  (window.fathi ||= []).push((sdk) => {
    fathi = sdk;
    draw().catch(explain);
    $('view').disabled = $('order').disabled = $('sign-in').disabled = false;
    look();
  });
  figures();
})();
