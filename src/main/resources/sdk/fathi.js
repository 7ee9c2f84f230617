/*
 * Fathi SDK: subscribes this browser to the site's notifications and tells what its visitor does.
 *
 *   <script async src="https://fathi.example/sdk/fathi.js" data-write-key="fwk_…"></script>
 *   <script>(window.fathi ||= []).push(['page'])</script>
 *
 * `fathi.push` works before and after this file has loaded. Types and meaning: fathi.d.ts; guide: docs/guides/add-the-sdk.md.
 * The device's secret lives in IndexedDB, which the service worker shares; the visitor and unsent events in localStorage.
 */
(() => {
  'use strict';

  const VERSION = '0.1.0';
  const QUEUE_EVENTS = 100; // unsent events kept; the oldest go first
  const BATCH_EVENTS = 50;
  const BATCH_CHARACTERS = 48_000; // browsers allow 64 KB in flight to requests that outlive their page
  const EVENT_CHARACTERS = 30_000; // the server takes 32 KB an event
  const TAG_CHARACTERS = 64;
  const GATHER_MS = 250;
  const RETRY_MS = [2_000, 300_000]; // first and longest pause
  const DAY_MS = 86_400_000;
  const SUBSCRIPTIONS = '/api/v1/webpush/subscriptions';
  const WHY = {
    insecure: 'notifications need a page served over https',
    unsupported: 'this browser has no web push',
    'ios-needs-install': 'on iPhone and iPad the site must first be added to the home screen',
    denied: 'the visitor has blocked notifications for this site',
    dismissed: 'the visitor closed the question without an answer',
    no_prompt: 'there is no such prompt',
    not_configured: 'no write key: set data-write-key on the script or call fathi.init',
  };

  const early = window.fathi;
  if (early && !Array.isArray(early)) return; // this file was loaded twice
  const script = document.currentScript;
  let config;

  function failure(code, detail = WHY[code], status) {
    return Object.assign(new Error(`fathi: ${detail ?? code}`), { code, status });
  }

  function warn(error) {
    console.warn(error?.message ?? error);
  }

  function randomId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    // Pages without https have no randomUUID, and may track all the same.
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (octet) => octet.toString(16).padStart(2, '0')).join('');
  }

  // ---- what this browser remembers -------------------------------------------------------------------------------

  const memory = new Map(); // stands in where the visitor has switched storage off

  const local = {
    get(name) {
      try {
        return localStorage.getItem(`fathi.${name}`);
      } catch {
        return memory.get(name) ?? null;
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(`fathi.${name}`, value);
      } catch {
        memory.set(name, value);
      }
    },
    remove(name) {
      memory.delete(name);
      try {
        localStorage.removeItem(`fathi.${name}`);
      } catch {
        // nothing is stored where nothing can be
      }
    },
    /** Names that begin so, in order. */
    names(prefix) {
      let stored = [];
      try {
        stored = Object.keys(localStorage).map((key) => (key.startsWith('fathi.') ? key.slice(6) : ''));
      } catch {
        // no storage: memory has it all
      }
      return [...stored, ...memory.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
  };

  /** One record of the database that page and worker share: {id, secret, keyId, key, endpoint, …} or nothing. */
  function shared(mode, work) {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open('fathi', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('kv');
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const db = opening.result;
        const transaction = db.transaction('kv', mode);
        const request = work(transaction.objectStore('kv'));
        transaction.oncomplete = () => {
          db.close();
          resolve(request.result);
        };
        transaction.onabort = () => {
          db.close();
          reject(transaction.error);
        };
      };
    });
  }

  const device = {
    read: () => shared('readonly', (kv) => kv.get('subscription')).catch(() => undefined),
    write: (record) => shared('readwrite', (kv) => kv.put(record, 'subscription')),
    forget: () => shared('readwrite', (kv) => kv.delete('subscription')),
  };

  function anonymousId() {
    let id = local.get('anonymousId');
    if (!id) local.set('anonymousId', (id = randomId()));
    return id;
  }

  function stored(name) {
    try {
      return JSON.parse(local.get(name)) ?? {};
    } catch {
      return {};
    }
  }

  const user = () => stored('user');

  // ---- talking to the server ---------------------------------------------------------------------------------------

  async function call(method, path, body, secret) {
    const headers = { 'X-Write-Key': config.writeKey };
    if (body) headers['Content-Type'] = 'application/json';
    if (secret) headers['X-Device-Secret'] = secret;
    let response;
    try {
      response = await fetch(config.api + path, { method, headers, body: body && JSON.stringify(body), credentials: 'omit' });
    } catch (cause) {
      throw failure('network', `${config.api} could not be reached (${cause.message})`);
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      throw failure(answer.code ?? `http_${response.status}`, answer.detail ?? answer.title, response.status);
    }
    return answer;
  }

  // ---- events ------------------------------------------------------------------------------------------------------
  // One localStorage entry an event, so that tabs never overwrite each other's; an entry goes when the server has
  // answered. A page that closes meanwhile leads to a second sending, and the server takes a messageId once.

  let gathering;
  let sending;
  let pauseMs = RETRY_MS[0];
  let count = 0;
  let clock = 0; // no two events of a page at once: of traits and tags the later word counts

  async function record(type, fields) {
    clock = Math.max(clock + 1, Date.now());
    const event = {
      type,
      messageId: randomId(),
      anonymousId: anonymousId(),
      userId: user().id,
      ...fields,
      originalTimestamp: new Date(clock).toISOString(),
      context: {
        ...fields.context,
        library: { name: 'fathi.js', version: VERSION },
        locale: navigator.language,
        timezone: timezone(),
        userAgent: navigator.userAgent,
        page: {
          url: location.href,
          path: location.pathname,
          search: location.search,
          title: document.title,
          referrer: document.referrer,
        },
      },
    };
    const text = JSON.stringify(event);
    if (text.length > EVENT_CHARACTERS) throw failure('too_large', `an event may have ${EVENT_CHARACTERS} characters`);
    const order = `${Date.now()}.${String(count++).padStart(6, '0')}`;
    local.set(`event.${order}.${event.messageId}`, text);
    for (const name of local.names('event.').slice(0, -QUEUE_EVENTS)) local.remove(name);
    later(GATHER_MS);
  }

  function later(ms) {
    if (config) gathering ??= setTimeout(flushQuietly, ms);
  }

  /** Sends what waits; resolves when nothing does. */
  function flush() {
    clearTimeout(gathering);
    gathering = undefined;
    if (!config) return Promise.reject(failure('not_configured'));
    sending ??= sendAll().finally(() => (sending = undefined));
    return sending;
  }

  function flushQuietly() {
    const told = sending ? () => {} : warn; // who began the sending tells what became of it
    flush().catch(told);
  }

  async function sendAll() {
    let atOnce = BATCH_EVENTS;
    for (;;) {
      const names = [];
      const events = [];
      let characters = 0;
      for (const name of local.names('event.').slice(0, atOnce)) {
        const text = local.get(name);
        characters += text?.length ?? 0;
        if (events.length && characters > BATCH_CHARACTERS) break;
        names.push(name);
        if (text) events.push(JSON.parse(text));
      }
      if (!events.length) return;
      const { error, refused } = await send(events);
      if (error && !refused) {
        later(pauseMs * (0.5 + Math.random()));
        pauseMs = Math.min(pauseMs * 2, RETRY_MS[1]);
        throw error;
      }
      if (error && events.length > 1) {
        atOnce = 1; // one bad event spoils its batch: find it alone
        continue;
      }
      if (error) warn(error);
      pauseMs = RETRY_MS[0];
      names.forEach(local.remove);
    }
  }

  async function send(events) {
    // Never before what it tells of: `clock` may be ahead, and what the server takes for the future all becomes one moment.
    const said = events.map(({ originalTimestamp }) => Date.parse(originalTimestamp) || 0);
    const common = { writeKey: config.writeKey, sentAt: new Date(Math.max(Date.now(), ...said)).toISOString() };
    const [{ type, ...alone }] = events;
    const body = events.length > 1 ? { ...common, batch: events } : { ...common, ...alone };
    try {
      // A string goes as text/plain, which browsers send without asking the server first.
      const response = await fetch(`${config.api}/v1/${events.length > 1 ? 'batch' : type}`, {
        method: 'POST',
        body: JSON.stringify(body),
        keepalive: true,
        credentials: 'omit',
      });
      if (response.ok) return {};
      const problem = await response.json().catch(() => ({}));
      const refused = [400, 413, 415, 422].includes(response.status);
      return { refused, error: failure(problem.code ?? `http_${response.status}`, problem.detail, response.status) };
    } catch (cause) {
      return { error: failure('network', `${config.api} could not be reached (${cause.message})`) };
    }
  }

  const track = (event, properties = {}) => record('track', { event, properties });

  async function tagging(event, tag) {
    const name = String(tag ?? '').trim();
    if (!name || name.length > TAG_CHARACTERS) throw failure('invalid_tag', `a tag has 1 to ${TAG_CHARACTERS} characters`);
    return track(event, { tag: name });
  }

  function page(name, properties = {}) {
    const { pathname: path, href: url } = location;
    if (offeredOn && offeredOn !== path) offer().catch(warn); // a site that changes its pages by itself
    return record('page', { name, properties: { path, url, title: document.title, referrer: document.referrer, ...properties } });
  }

  // ---- the subscription --------------------------------------------------------------------------------------------

  /** What stands in the way of subscribing, or `ok`. Asks nobody anything. */
  function capability() {
    if (!isSecureContext) return 'insecure';
    if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) {
      const iOS = /iP(hone|ad|od)/.test(navigator.userAgent) || (/Mac/.test(navigator.platform) && navigator.maxTouchPoints > 1);
      return iOS && !navigator.standalone ? 'ios-needs-install' : 'unsupported';
    }
    return Notification.permission === 'denied' ? 'denied' : 'ok';
  }

  /** Runs one change at a time, over all tabs of the site. */
  let last = Promise.resolve();
  function oneByOne(work) {
    const result = last.then(() => (navigator.locks ? navigator.locks.request('fathi', work) : work()));
    last = result.catch(() => {});
    return result;
  }

  const timezone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

  function base64url(buffer) {
    return btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }

  function octets(base64) {
    return Uint8Array.from(atob(base64.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
  }

  async function existingWorker() {
    const found = await navigator.serviceWorker.getRegistration(config.scope ?? new URL('.', config.worker).href);
    const bare = (url) => url?.split('?')[0]; // sites add versions to it
    return bare(found?.active?.scriptURL) === bare(config.worker) ? found : undefined;
  }

  async function activeWorker() {
    const existing = await existingWorker();
    if (existing) return existing;
    let registration;
    try {
      registration = await navigator.serviceWorker.register(config.worker, { scope: config.scope, updateViaCache: 'none' });
    } catch (cause) {
      throw failure('worker', `${config.worker} could not be registered (${cause.message})`);
    }
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    await new Promise((resolve, reject) => {
      const look = () => {
        if (worker.state === 'activated' || registration.active) resolve();
        else if (worker.state === 'redundant') reject(failure('worker', `${config.worker} could not be installed`));
      };
      worker.addEventListener('statechange', look);
      look();
    });
    return registration;
  }

  /** The browser's subscription for this key; one made with another key is ended first, since browsers refuse two. */
  async function browserSubscription(registration, key) {
    const { pushManager } = registration;
    const existing = await pushManager.getSubscription();
    if (existing) {
      const made = existing.options.applicationServerKey;
      if (made && base64url(made) === key.publicKey) return existing;
      await existing.unsubscribe();
    }
    try {
      return await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: octets(key.publicKey) });
    } catch (cause) {
      if (cause.name === 'NotAllowedError') throw failure('denied');
      throw failure('push_service', `the browser's push service refused (${cause.message})`);
    }
  }

  /** What we know of our own subscription; one that was made for another workspace or server is none. */
  async function ours() {
    const record = await device.read();
    return record?.api === config.api && record.writeKey === config.writeKey ? record : undefined;
  }

  /** Saves the browser's subscription; one that its push service has ended (409) first gives way to a new one. */
  async function saveLiving(registration, key, save) {
    const subscription = await browserSubscription(registration, key);
    try {
      return await save(subscription, key);
    } catch (error) {
      if (error.status !== 409) throw error;
      await subscription.unsubscribe();
      return save(await browserSubscription(registration, key), key);
    }
  }

  /** What every saving tells; a subscription that took the place of ours is the same one to the server. */
  async function keep(subscription, key, who) {
    const before = await ours();
    const body = { ...describe(subscription, key), ...who };
    if (before && before.endpoint !== subscription.endpoint) body.replaces = before.id;
    const { userId, anonymousId } = who;
    return remember(subscription, key, await call('POST', SUBSCRIPTIONS, body, before?.secret), { userId, anonymousId });
  }

  /** Saves it under the person that this browser now is. */
  function attach(subscription, key) {
    const { id: userId, token: identityToken } = user();
    return keep(subscription, key, { anonymousId: anonymousId(), ...(userId && { userId, identityToken }) });
  }

  /** As `attach`, but rather as a nobody than not at all: without a valid token nobody is taken at their word. */
  async function attachOrStayAnonymous(subscription, key) {
    try {
      return await attach(subscription, key);
    } catch (error) {
      if (!user().id || ![400, 401, 403, 422].includes(error.status)) throw error;
      const saved = await keep(subscription, key, { anonymousId: anonymousId() });
      warn(failure('identity_unverified', `subscribed, but not as ${user().id}: ${error.message}`));
      return saved;
    }
  }

  /** A subscription that our worker has and we remember nothing of, because it was imported: the server may know it. */
  async function adopt() {
    if (capability() !== 'ok' || Notification.permission !== 'granted') return;
    const found = await (await existingWorker())?.pushManager.getSubscription();
    const made = found?.options.applicationServerKey;
    if (!made) return;
    const visitor = anonymousId();
    const body = { ...describe(found, {}), anonymousId: visitor, adopt: true };
    try {
      const answer = await call('POST', SUBSCRIPTIONS, body);
      await remember(found, { id: answer.keyId, publicKey: base64url(made) }, answer, { anonymousId: visitor });
    } catch (error) {
      if (![404, 409, 410].includes(error.status)) throw error; // not one of ours
    }
  }

  /** Saves a new endpoint or simply that we are still here; the person stays. Nothing, if it was unsubscribed elsewhere. */
  async function renew(subscription, key, known) {
    try {
      const answer = await call('PUT', `${SUBSCRIPTIONS}/${known.id}`, describe(subscription, key), known.secret);
      return await remember(subscription, key, answer, known);
    } catch (error) {
      if (error.status === 410) {
        await subscription.unsubscribe();
        return device.forget();
      }
      if (![403, 404].includes(error.status)) throw error;
      return attachOrStayAnonymous(subscription, key); // the server knows it no longer
    }
  }

  function describe(subscription, key) {
    const { endpoint, keys } = subscription.toJSON();
    return {
      endpoint,
      expirationTime: subscription.expirationTime ?? null,
      keys: { p256dh: keys.p256dh, auth: keys.auth },
      keyId: key.id,
      language: navigator.language,
      timezone: timezone(),
    };
  }

  async function remember(subscription, key, answer, { userId, anonymousId }) {
    const { api, writeKey } = config;
    await device.write({
      ...{ api, writeKey, userId, anonymousId },
      id: answer.id,
      secret: answer.deviceSecret ?? (await ours())?.secret,
      keyId: key.id,
      key: key.publicKey,
      endpoint: subscription.endpoint,
    });
    return { id: answer.id };
  }

  const pushKey = () => call('GET', '/api/v1/webpush/key');

  async function subscribe() {
    const able = capability();
    if (able !== 'ok') throw failure(able);
    if (!config) throw failure('not_configured');
    // Nothing may be awaited before this: browsers ask only while they handle the visitor's click.
    const permission = await Notification.requestPermission();
    if (permission !== 'granted') throw failure(permission === 'denied' ? 'denied' : 'dismissed');
    return oneByOne(async () => {
      const [key, registration] = await Promise.all([pushKey(), activeWorker()]);
      return saveLiving(registration, key, attachOrStayAnonymous);
    });
  }

  /** Ends it at the server and in the browser; either alone is enough that nothing more is shown. */
  async function unsubscribe() {
    if (!config) throw failure('not_configured');
    if (!('serviceWorker' in navigator)) return;
    refuse();
    await oneByOne(async () => {
      const known = await ours();
      const outcomes = await Promise.allSettled([
        known && end(known),
        existingWorker().then((registration) => registration?.pushManager.getSubscription()).then((found) => found?.unsubscribe()),
      ]);
      const failed = outcomes.filter(({ status }) => status === 'rejected');
      if (failed.length === 2) throw failed[0].reason;
    });
  }

  /** DELETE at the server; what does not get through is tried again when a page opens. */
  async function end(known) {
    await device.write({ ...known, ended: true });
    try {
      await call('DELETE', `${SUBSCRIPTIONS}/${known.id}`, undefined, known.secret);
    } catch (error) {
      if (![403, 404].includes(error.status)) throw error; // not ours any more: nothing to end
    }
    await device.forget();
  }

  /**
   * Brings browser and server together again, for subscriptions vanish, change and are ended without telling anybody:
   * what we know of ours afterwards, if there is still one.
   */
  async function recheck() {
    const known = await ours();
    if (!known || capability() === 'unsupported') return undefined;
    if (known.ended || Notification.permission !== 'granted') return end(known);
    const [key, registration] = await Promise.all([pushKey(), activeWorker()]);
    await saveLiving(registration, key, (subscription) => renew(subscription, key, known));
    return ours();
  }

  /** Attaches a subscription that lives to the person that this browser now is. */
  async function follow(known, save) {
    const found = known && (await (await existingWorker())?.pushManager.getSubscription());
    if (found) await save(found, { id: known.keyId, publicKey: known.key });
  }

  async function onOpen() {
    if (!(await ours())) await adopt();
    const known = await recheck();
    if (known && known.anonymousId !== anonymousId()) await follow(known, attachOrStayAnonymous);
  }

  /** This browser as the server knows it, `{id, deviceSecret}`, or null: whoever shows both is who sits before it. */
  async function browser() {
    const known = config && (await ours());
    return known && !known.ended ? { id: known.id, deviceSecret: known.secret } : null;
  }

  /** This browser's subscription, `{id}`, or null. */
  async function subscription() {
    const known = await browser();
    return known && { id: known.id };
  }

  // ---- prompts -----------------------------------------------------------------------------------------------------
  // When one may appear is decided here; the file that shows them is loaded when the first of them does.

  let asked;
  let offeredOn;

  async function pagePrompts() {
    if (!config) throw failure('not_configured');
    const language = (document.documentElement.lang || navigator.language).slice(0, 35);
    const query = new URLSearchParams({ language, anonymousId: anonymousId() });
    return (asked ??= await call('GET', `/api/v1/webpush/prompts/active?${query}`));
  }

  /** Who has refused, or has ended it, is left alone for a while. */
  function refuse() {
    const { count = 0 } = stored('refusals');
    local.set('refusals', JSON.stringify({ count: count + 1, at: Date.now() }));
  }

  /** In a pattern `*` is anything; the server takes two at most, so this cannot take long. */
  function isHere(pattern) {
    const expression = pattern.split('*').map((part) => part.replace(/\W/g, '\\$&')).join('.*');
    return new RegExp(`^${expression}$`).test(location.pathname);
  }

  async function isDue({ kind, pages, exceptPages, pageViews, pauseDays }) {
    if ((pages.length && !pages.some(isHere)) || exceptPages.some(isHere) || local.get('views') < pageViews) return false;
    if (kind !== 'banner') return true; // waits for the visitor
    const { count = 0, at = 0 } = stored('refusals');
    const { refusals } = await pagePrompts(); // in other browsers, too
    const often = Math.max(count, refusals.count);
    const pause = often && (pauseDays[often - 1] ?? pauseDays.at(-1));
    const over = Math.max(at, Date.parse(refusals.lastAt) || 0) + pause * DAY_MS;
    return Date.now() >= over && capability() === 'ok' && !(await subscription());
  }

  async function offer() {
    offeredOn = location.pathname;
    local.set('views', Number(local.get('views')) + 1);
    if (!['ok', 'denied'].includes(capability())) return;
    const { items } = await pagePrompts();
    for (const one of items) {
      setTimeout(() => isDue(one).then((due) => due && show(one)).catch(warn), one.delaySeconds * 1_000);
    }
  }

  async function show(one, byHand) {
    const shower = await import(`${config.api}/sdk/fathi-prompts.js`);
    return shower.show(fathi, one, refuse, byHand);
  }

  /** Shows one although it is not its time. */
  async function prompt(name) {
    const able = capability();
    if (able !== 'ok') throw failure(able);
    const { items } = await pagePrompts();
    const found = items.find((one) => (name ? one.name === name : one.kind === 'banner'));
    if (!found) throw failure('no_prompt');
    return show(found, true);
  }

  // ---- who the visitor is ------------------------------------------------------------------------------------------

  async function identify(userId, traits = {}, { identityToken } = {}) {
    const before = user();
    if (before.id && before.id !== userId) newVisitor(); // somebody else signs in here: nothing is joined to the former
    const token = identityToken ?? (before.id === userId ? before.token : undefined);
    local.set('user', JSON.stringify({ id: userId, token }));
    await record('identify', { userId, traits, context: identityToken && { identityToken } });
    if (!config || !('serviceWorker' in navigator)) return;
    await oneByOne(async () => {
      const known = await ours();
      const moved = known && known.anonymousId !== anonymousId();
      if (known && ((identityToken && known.userId !== userId) || moved)) await follow(await recheck(), attach);
    });
  }

  /** For signing out: this browser becomes a new, unknown visitor, and so does its subscription. */
  async function reset() {
    newVisitor();
    if (config && 'serviceWorker' in navigator) await oneByOne(async () => follow(await recheck(), attach));
  }

  function newVisitor() {
    local.remove('user');
    local.set('anonymousId', randomId());
  }

  // ---- the door ----------------------------------------------------------------------------------------------------

  /** Later calls change nothing: a page has one workspace. */
  function init({ api, writeKey, worker = '/fathi-sw.js', scope } = {}) {
    if (config) return;
    const server = api ?? (script?.src ? new URL('..', script.src).href : undefined);
    if (!server || !writeKey) throw failure('not_configured');
    config = {
      api: server.replace(/\/+$/, ''),
      writeKey,
      worker: new URL(worker, location.href).href,
      scope: scope && new URL(scope, location.href).href,
    };
    const wake = () => {
      flushQuietly();
      if ('serviceWorker' in navigator) oneByOne(onOpen).catch(warn);
    };
    setTimeout(() => {
      wake(); // after the calls that the page made before we were here
      last.then(offer).catch(warn);
    });
    addEventListener('online', wake);
    addEventListener('visibilitychange', () => {
      if (document.hidden && gathering) flushQuietly();
    });
  }

  /** `['track', 'Product Viewed', {…}]` or `(fathi) => …`; what fails is told on the console. */
  function push(...items) {
    for (const item of items) {
      Promise.resolve()
        .then(() => (typeof item === 'function' ? item(fathi) : fathi[item[0]](...item.slice(1))))
        .catch(warn);
    }
  }

  const fathi = Object.freeze({
    ...{ version: VERSION, push, init, capability, subscribe, unsubscribe, subscription, browser },
    ...{ identify, track, page, reset, flush, prompt },
    tag: (name) => tagging('Tag Added', name),
    untag: (name) => tagging('Tag Removed', name),
    get anonymousId() {
      return anonymousId();
    },
  });

  window.fathi = fathi;
  const { writeKey, api, worker, scope } = script?.dataset ?? {};
  if (writeKey) init({ api, writeKey, worker, scope });
  push(...(early ?? []));
})();
