// One real round with the generated client: arguments are the server's URL, e-mail, password, endpoint, p256dh and auth.
import { Configuration, DeliveryState, Message, ProblemFromJSON, ResponseError, UsersApi, WebpushApi } from 'fathi-client';

declare const process: { argv: string[]; exitCode?: number };

const POLLS = 600;
const POLL_MILLIS = 100;

const [, , url, email, password, endpoint, p256dh, auth] = process.argv;

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(what);
}

const as = (accessToken?: string) => new Configuration({ basePath: url, accessToken });

async function completed(webpush: WebpushApi, id: string): Promise<Message> {
  for (let i = 0; i < POLLS; i++) {
    const message = await webpush.getMessage({ id });
    if (message.state === 'completed') return message;
    await new Promise((done) => setTimeout(done, POLL_MILLIS));
  }
  throw new Error('the message does not complete');
}

async function problem(webpush: WebpushApi): Promise<void> {
  try {
    await webpush.getMessage({ id: '01932f12-3300-7c00-a000-2a2b2c2d2e2f' });
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    check(error.response.status === 404, 'unknown ids answer 404');
    const told = ProblemFromJSON(await error.response.json());
    check(told.code === 'not_found', 'the problem has its code');
    check(told.requestId !== '', 'the problem has its requestId');
    return;
  }
  throw new Error('there is such a message');
}

async function round(): Promise<void> {
  const tokens = await new UsersApi(as()).login({ loginRequest: { email, password } });
  const key = await new UsersApi(as(tokens.accessToken)).createApiKey({
    apiKeyDraft: {
      name: 'generated TypeScript client',
      permissions: new Set(['subscriptions:subscribe', 'messages:send', 'messages:read']),
    },
    idempotencyKey: 'typescript-client',
  });
  const webpush = new WebpushApi(as(key.secret));
  const { id: keyId } = await webpush.getPushKey();
  const subscription = await webpush.createSubscription({ subscriptionDraft: { endpoint, keys: { p256dh, auth }, keyId } });
  const taken = await webpush.createMessage({
    messageDraft: {
      audience: { subscriptionIds: [subscription.id] },
      purpose: 'marketing',
      content: { title: 'Hello from TypeScript' },
    },
    idempotencyKey: 'typescript-message',
  });
  check(taken.planned === 1, 'one person is planned');
  const message = await completed(webpush, taken.id!);
  check(message.counts.accepted === 1, 'the push service took it');
  const deliveries = await webpush.listDeliveries({ id: message.id, limit: 10, state: DeliveryState.Accepted });
  check(deliveries.items.length === 1, 'one delivery is listed');
  const [delivery] = deliveries.items;
  check(delivery.subscriptionId === subscription.id, 'it is the one to this browser');
  check(delivery.acceptedAt instanceof Date && delivery.clickedAt === null, 'times and nulls are read');
  check(deliveries.nextCursor === null, 'it is the last page');
  await problem(webpush);
}

round().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
