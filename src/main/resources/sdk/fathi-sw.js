/*
 * Fathi's part of a service worker: shows pushes, opens what is clicked, reports what became of them.
 *
 *   importScripts('https://fathi.example/sdk/fathi-sw.js');   // the whole worker file, or the first line of the one you have
 *
 * It touches only its own pushes and notifications (`data.fathi`), so it lives beside any other worker code. What it
 * remembers lies in the IndexedDB database that it shares with the page's SDK.
 */
(() => {
  'use strict';

  const REMEMBERED = 200; // deliveries known by id, to tell a repeated push from a new one
  const REPORTS = 100; // reports that wait for a connection; the oldest go first
  const DISPLAY_MS = 1_000; // Chromium on Linux loses a closing that comes before the desktop has answered the showing
  const OPTIONS = ['body', 'lang', 'dir', 'silent', 'tag', 'icon', 'image', 'badge', 'requireInteraction', 'renotify', 'vibrate', 'timestamp', 'data'];

  // ---- what this browser remembers -------------------------------------------------------------------------------

  /** Reads a value of the shared database, lets `change` make the new one, writes it; all in one transaction. */
  function update(name, change) {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open('fathi', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('kv');
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const db = opening.result;
        const transaction = db.transaction('kv', 'readwrite');
        const kv = transaction.objectStore('kv');
        const reading = kv.get(name);
        let result;
        reading.onsuccess = () => {
          const [next, answer] = change(reading.result);
          result = answer;
          if (next !== undefined) kv.put(next, name);
        };
        transaction.oncomplete = () => {
          db.close();
          resolve(result);
        };
        transaction.onabort = () => {
          db.close();
          reject(transaction.error);
        };
      };
    });
  }

  const read = (name) => update(name, (value) => [undefined, value]);

  /** The delivery as it was known before this push, or nothing; from now on it is known. */
  async function meet(id) {
    if (!id) return undefined;
    return update('shown', (known = []) => {
      const before = known.find((one) => one.id === id);
      return before ? [undefined, before] : [[...known, { id, closed: false }].slice(-REMEMBERED), undefined];
    }).catch(() => undefined); // without storage every push is a new one
  }

  /** Whether it was open until now. */
  function markClosed(id) {
    return update('shown', (known = []) => [
      known.map((one) => (one.id === id ? { id, closed: true } : one)),
      !known.some((one) => one.id === id && one.closed),
    ]).catch(() => true);
  }

  // ---- reports -----------------------------------------------------------------------------------------------------

  /** Tells the server; what does not get through waits for the next occasion. */
  async function report(ours, type, action) {
    if (!ours.token || !ours.track) return;
    const interaction = { token: ours.token, type, timestamp: new Date().toISOString() };
    if (action) interaction.action = action;
    await update('reports', (waiting = []) => [[...waiting, { track: ours.track, interaction }].slice(-REPORTS)]).catch(() => {});
    await sendReports().catch(() => {});
  }

  let sending;
  function sendReports() {
    sending = (sending ?? Promise.resolve()).catch(() => {}).then(async () => {
      const waiting = (await read('reports')) ?? [];
      for (const track of new Set(waiting.map((one) => one.track))) {
        const batch = waiting.filter((one) => one.track === track);
        const response = await fetch(track, {
          method: 'POST',
          // A string goes as text/plain, which browsers send without asking the server first.
          body: JSON.stringify({ interactions: batch.map((one) => one.interaction) }),
          keepalive: true,
          credentials: 'omit',
        });
        if (response.status >= 500 || response.status === 429) continue; // refused for ever is done with, too
        const sent = new Set(batch.map(key));
        await update('reports', (now = []) => [now.filter((one) => !sent.has(key(one)))]);
      }
    });
    return sending;
  }

  const key = ({ interaction }) => `${interaction.token} ${interaction.type} ${interaction.timestamp}`;

  // ---- pushes ------------------------------------------------------------------------------------------------------

  function ourPush(event) {
    try {
      const message = event.data?.json();
      return message?.web_push === 8030 && message.notification?.data?.fathi ? message.notification : undefined;
    } catch {
      return undefined; // somebody else's
    }
  }

  async function show(notification) {
    const ours = notification.data.fathi;
    const options = {};
    for (const name of OPTIONS) if (notification[name] !== undefined) options[name] = notification[name];
    options.actions = (notification.actions ?? []).map(({ action, title, icon }) => ({ action, title, icon }));
    options.data = {
      ...notification.data,
      fathi: {
        ...ours,
        navigate: notification.navigate,
        actions: Object.fromEntries((notification.actions ?? []).map(({ action, navigate }) => [action, navigate])),
      },
    };
    const before = await meet(ours.id);
    if (before) {
      // A push that shows nothing is punished by browsers: the repetition takes the first one's place, in silence.
      Object.assign(options, { renotify: false, silent: true });
      delete options.vibrate;
    }
    await display(notification.title ?? self.location.hostname, options);
    if (before?.closed) {
      await new Promise((resolve) => setTimeout(resolve, DISPLAY_MS));
      const shown = await self.registration.getNotifications({ tag: options.tag });
      shown.filter((one) => one.data?.fathi?.id === ours.id).forEach((one) => one.close());
    }
    if (!before) await report(ours, 'shown');
  }

  /** With all that this browser understands; what it refuses (to vibrate in silence, say) is shown plainly. */
  async function display(title, options) {
    try {
      await self.registration.showNotification(title, options);
    } catch {
      await self.registration.showNotification(title, { body: options.body, tag: options.tag, data: options.data });
    }
  }

  /** For a push that says nothing that we could read. */
  function showThatSomethingCame() {
    return self.registration.showNotification(self.location.hostname, {
      tag: 'fathi',
      data: { fathi: { navigate: self.registration.scope } },
    });
  }

  /** A window that shows the URL already comes to the front; else a new one opens. */
  async function open(url) {
    const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const shown = windows.find((one) => one.url === url);
    return (await shown?.focus().catch(() => {})) ?? self.clients.openWindow(url);
  }

  self.addEventListener('push', (event) => {
    const notification = ourPush(event);
    if (notification) {
      event.waitUntil(show(notification));
      return;
    }
    // Empty, broken, or for other code of this worker, which then waits for something. If nobody takes it, the browser
    // would say in its own words that the site did something behind the visitor's back.
    const waitUntil = event.waitUntil.bind(event);
    let taken = false;
    event.waitUntil = (promise) => {
      taken = true;
      waitUntil(promise);
    };
    waitUntil(new Promise((resolve) => setTimeout(resolve)).then(() => (taken ? undefined : showThatSomethingCame())));
  });

  self.addEventListener('notificationclick', (event) => {
    const ours = event.notification.data?.fathi;
    if (!ours) return;
    event.notification.close(); // Firefox then tells that it was closed, which is no news
    const url = (event.action && ours.actions?.[event.action]) || ours.navigate;
    event.waitUntil(
      Promise.all([
        url ? open(new URL(url, self.location.href).href).catch(() => {}) : undefined,
        markClosed(ours.id),
        report(ours, 'clicked', event.action),
      ]),
    );
  });

  self.addEventListener('notificationclose', (event) => {
    const ours = event.notification.data?.fathi;
    if (ours) event.waitUntil(markClosed(ours.id).then((wasOpen) => (wasOpen ? report(ours, 'closed') : undefined)));
  });

  // ---- a subscription that the browser has changed --------------------------------------------------------------------

  self.addEventListener('pushsubscriptionchange', (event) => {
    event.waitUntil(
      (async () => {
        const known = await read('subscription');
        if (!known || known.ended) return;
        const applicationServerKey = Uint8Array.from(
          atob(known.key.replace(/-/g, '+').replace(/_/g, '/')),
          (character) => character.charCodeAt(0),
        );
        const fresh =
          event.newSubscription ??
          (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
        const { endpoint, keys } = fresh.toJSON();
        const response = await fetch(`${known.api}/api/v1/webpush/subscriptions/${known.id}`, {
          method: 'PUT',
          headers: {
            'Content-Type': 'application/json',
            'X-Write-Key': known.writeKey,
            'X-Device-Secret': known.secret,
          },
          body: JSON.stringify({ endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth }, keyId: known.keyId }),
          credentials: 'omit',
        });
        // What fails here is healed when a page opens: it compares the endpoint with what was saved.
        if (response.ok) await update('subscription', (now) => [{ ...now, endpoint }]);
      })(),
    );
  });
})();
