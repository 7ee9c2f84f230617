// Drives one real browser for a test in Java: node browser.mjs '{"browser": "firefox" | "chromium", …}'.
// A command is one line of JSON on stdin, its answer one line on stdout: {"value": …} or {"error": "…"}.
// The browser ends with this process, and this process when stdin is closed.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const { browser: kind, home, desktop, pushService } = JSON.parse(process.argv[2]);

function program(name) {
  const found = process.env.PATH.split(delimiter).map((folder) => join(folder, name)).find(existsSync);
  if (!found) throw new Error(`'${name}' is not on the PATH: scripts/test installs it`);
  return found;
}

const FIREFOX = () => ({
  browser: 'firefox',
  executablePath: program('firefox-esr'),
  extraPrefsFirefox: {
    'dom.push.enabled': true,
    'dom.push.connection.enabled': true,
    'dom.push.serverURL': pushService,
    'dom.push.testing.allowInsecureServerURL': true,
    'dom.push.userAgentID': '',
    'dom.push.retryBaseInterval': 200, // milliseconds until a lost connection is made again
    'dom.serviceWorkers.testing.enabled': true,
    // Names that lead to this machine and are yet no secure origins.
    'network.dns.localDomains': 'shop.test',
    'network.proxy.type': 0,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'services.settings.server': 'data:,',
    'browser.safebrowsing.update.enabled': false,
  },
});
const CHROMIUM = () => ({
  browser: 'chrome',
  executablePath: program('chromium'),
  userDataDir: `${home}/profile`,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP shop.test 127.0.0.1',
  ],
});

const browser = await puppeteer.launch({
  ...(kind === 'firefox' ? FIREFOX : CHROMIUM)(),
  headless: true,
  env: { ...process.env, HOME: home, DBUS_SESSION_BUS_ADDRESS: desktop },
});
const pages = new Map();
const said = []; // what pages wrote on their consoles
const workers = {}; // DevTools sessions by origin
let registrations = []; // Chromium's service workers

async function adopt(page) {
  const id = String(pages.size + 1);
  pages.set(id, page);
  page.on('console', (message) => said.push(`${page.url()} ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`${page.url()} error: ${error.message}`));
  if (kind === 'chromium') {
    const devtools = await page.createCDPSession();
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: changed }) => {
      const ids = new Set(changed.map(({ registrationId }) => registrationId));
      registrations = [...registrations.filter(({ registrationId }) => !ids.has(registrationId)), ...changed];
    });
    await devtools.send('ServiceWorker.enable');
    page.devtools = devtools;
  }
  return id;
}

const commands = {
  /** A new tab; with `before`, a script that runs ahead of the page's own scripts. */
  async open({ url, before, userAgent }) {
    const page = await browser.newPage();
    const id = await adopt(page);
    if (userAgent) await page.setUserAgent(userAgent);
    if (before) await page.evaluateOnNewDocument(before);
    await page.goto(url);
    return id;
  },
  async reload({ page }) {
    await pages.get(page).reload();
  },
  async close({ page }) {
    await pages.get(page).close();
  },
  async front({ page }) {
    await pages.get(page).bringToFront();
  },
  /** The value of an expression, awaited. */
  evaluate: ({ page, expression }) => pages.get(page).evaluate(`(async () => (${expression}))()`),
  /** As a person does: with the mouse. */
  async click({ page, selector }) {
    await pages.get(page).click(selector);
  },
  async screenshot({ page, path }) {
    await pages.get(page).screenshot({ path });
  },
  /** What axe-core finds that keeps people out, in words: its serious and critical findings. */
  async audit({ page }) {
    await pages.get(page).evaluate(axe);
    // A policy may refuse what it loads; what is good needs no list of where it stands.
    const { violations } = await pages.get(page).evaluate(() => window.axe.run({ preload: false, resultTypes: ['violations'], selectors: false }));
    return violations
      .filter(({ impact }) => ['serious', 'critical'].includes(impact))
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  },
  async viewport({ page, width, height }) {
    await pages.get(page).setViewport({ width, height });
  },
  /** How the visitor looks at it: the size of the page in CSS pixels, and the colours that they prefer. */
  async view({ page, width, height, dark }) {
    await pages.get(page).setViewport({ width, height });
    await pages.get(page).emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  },
  async calm({ page }) {
    await pages.get(page).emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  },
  /** For what is loaded from now on. */
  async scripts({ page, enabled }) {
    await pages.get(page).setJavaScriptEnabled(enabled);
  },
  async press({ page, key }) {
    await pages.get(page).keyboard.press(key);
  },
  async type({ page, text }) {
    await pages.get(page).keyboard.type(text);
  },
  tabs: async () => (await browser.pages()).map((page) => page.url()),
  said: () => said,
  async permission({ origin, state }) {
    await browser.defaultBrowserContext().setPermission(origin, { permission: { name: 'notifications' }, state });
  },
  /** Chromium only: a push as from its push service, decrypted. */
  async push({ page, origin, data }) {
    const alive = () => registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${origin}/` && !isDeleted);
    while (!alive()) await new Promise((resolve) => setTimeout(resolve, 20)); // DevTools tells of it a little later
    const { registrationId } = alive();
    await pages.get(page).devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  },
  /** Chromium only, and for as long as the worker runs: a worker that is started anew is online. */
  async offline({ page, origin, offline }) {
    await pages.get(page).devtools.send('ServiceWorker.startWorker', { scopeURL: `${origin}/` });
    const target = await browser.waitForTarget((one) => one.type() === 'service_worker' && one.url().startsWith(origin));
    workers[origin] ??= await target.createCDPSession();
    await workers[origin].send('Network.enable');
    const everything = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await workers[origin].send('Network.emulateNetworkConditions', { offline, ...everything });
  },
};

console.log(JSON.stringify({ value: await browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await commands[command](given)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
await browser.close();
