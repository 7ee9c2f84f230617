/*
 * Types of the Fathi SDK. Copy this file beside your sources, or name it in `types`/`files` of tsconfig.json; it declares
 * globals, as the script makes them. Before the script has loaded only `window.fathi.push` is there:
 *
 *   (window.fathi ||= []).push(['track', 'Product Viewed', { productId: 'x-7' }], (fathi) => fathi.capability());
 */

/** What may stand in the way of notifications; `ok` when nothing does. */
type FathiCapability =
  | 'ok'
  /** The visitor has blocked notifications for this site; only the visitor can change that, in the browser's settings. */
  | 'denied'
  /** This browser has no web push. */
  | 'unsupported'
  /** The page was not served over https (or from localhost). */
  | 'insecure'
  /** iPhone or iPad: the site must first be added to the home screen. */
  | 'ios-needs-install';

/** Why a call failed. Codes of the server's problems (`/docs/errors/<code>`) come through as they are. */
interface FathiError extends Error {
  /**
   * A capability that is not `ok`; `dismissed` (the visitor closed the question without an answer); `not_configured` (no write
   * key); `worker` (the service worker cannot be registered); `push_service` (the browser's push service refused);
   * `network` (the server was not reached); `too_large` (an event of more than 30,000 characters); `invalid_tag` (a tag of no or more
   * than 64 characters); `no_prompt` (no prompt is called so); or a problem's code.
   */
  readonly code: string;
  /** The server's status, where it answered. */
  readonly status?: number;
}

interface FathiSubscription {
  /** The subscription's id, for `audience.subscriptionIds` of the push API. */
  readonly id: string;
}

interface FathiBrowser {
  /** The subscription's id. */
  readonly id: string;
  /**
   * What this browser alone got when it subscribed. It proves that who shows it sits before this browser, and changes or ends the
   * subscription: give it to nobody but your own Fathi.
   */
  readonly deviceSecret: string;
}

interface FathiOptions {
  /** Of kind `browser`, as the server printed it at its start; `data-write-key` on the script. */
  writeKey: string;
  /** The server; where the script came from when left out. `data-api`. */
  api?: string;
  /** The worker's URL on your own origin, `/fathi-sw.js` when left out. `data-worker`. */
  worker?: string;
  /** The worker's scope, the folder it lies in when left out. `data-scope`. */
  scope?: string;
}

/** What the SDK can do; each may be called through `push`, too. */
interface FathiMethods {
  /** For pages that cannot set `data-write-key`. Later calls change nothing. */
  init(options: FathiOptions): void;

  /** Asks nobody anything. */
  capability(): FathiCapability;

  /**
   * Asks the visitor for permission, unless it was given, and subscribes. Call it from a click, with nothing awaited in
   * between: browsers ask only then. Fails with a `FathiError`.
   */
  subscribe(): Promise<FathiSubscription>;

  /** Ends the subscription at the server and in the browser. What cannot reach the server is made good on a later page. */
  unsubscribe(): Promise<void>;

  /** This browser's subscription, or null. */
  subscription(): Promise<FathiSubscription | null>;

  /**
   * What links this browser to a colleague who is signed in, so that tests of campaigns come to it:
   * `PUT /api/v1/webpush/own-browsers/{id}` with the `deviceSecret`. Null without a subscription. Nothing is sent.
   */
  browser(): Promise<FathiBrowser | null>;

  /**
   * Says who the visitor is. With an `identityToken`, signed by your backend, pushes for this person come to this browser;
   * without one only the events are the person's. Fails with a `FathiError` when the token proves nobody.
   */
  identify(userId: string, traits?: Record<string, unknown>, options?: { identityToken?: string }): Promise<void>;

  /** Something that the visitor did. Kept until the server has it, over pages and lost connections. */
  track(event: string, properties?: Record<string, unknown>): Promise<void>;

  /** A page view, with path, URL, title and referrer. */
  page(name?: string, properties?: Record<string, unknown>): Promise<void>;

  /** Gives the person a tag, a text of 1 to 64 characters. Of each visitor the 100 that were named last are kept. */
  tag(name: string): Promise<void>;

  /** Takes it away. */
  untag(name: string): Promise<void>;

  /**
   * Shows a prompt now, whether or not its time has come: the one of this name, or the first banner. Of a banner it gives what
   * came of it, `accepted` at once where there is a subscription already; of a bell and a button nothing. Fails with a
   * `FathiError` where nothing can be asked.
   */
  prompt(name?: string): Promise<'accepted' | 'refused' | undefined>;

  /** For signing out: this browser becomes a new, unknown visitor, and so does its subscription. */
  reset(): Promise<void>;

  /** Sends what waits; resolves when nothing does. */
  flush(): Promise<void>;
}

/** `['track', 'Product Viewed', {…}]`, or a function that is given the SDK once it is there. */
type FathiCall =
  | { [Name in keyof FathiMethods]: [Name, ...Parameters<FathiMethods[Name]>] }[keyof FathiMethods]
  | ((fathi: Fathi) => unknown);

interface Fathi extends Readonly<FathiMethods> {
  readonly version: string;

  /** Who this browser's visitor is as long as nobody has signed in. Kept in localStorage. */
  readonly anonymousId: string;

  /** Starts calls in order; what fails is told on the console. Works before the script has loaded, too. */
  push(...calls: FathiCall[]): void;
}

/** The SDK, once the script has loaded. */
declare const fathi: Fathi;

interface Window {
  fathi: Fathi | FathiCall[];
}
