// A server of somebody who used Segment until now: nothing is changed but the host. Everything is in one batch.
//   node segment-node.mjs <host> <write key> <user id>     prints the messageIds, one a line, when all is delivered
import { Analytics } from '@segment/analytics-node';

const [host, writeKey, userId] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host });
analytics.on('error', ({ reason }) => {
  console.error(reason);
  process.exitCode = 1;
});
const delivered = (call, message) =>
  new Promise((resolve) => analytics[call](message, (error, context) => resolve(error ? undefined : context.event.messageId)));
const all = [
  delivered('identify', { userId, traits: { firstName: 'Grace', plan: 'gold' } }),
  delivered('track', { userId, event: 'Order Completed', properties: { revenue: 42.5, currency: 'EUR' } }),
  delivered('page', { userId, name: 'Home', properties: { url: 'https://shop.example/' } }),
  delivered('screen', { userId, name: 'Cart' }),
  delivered('group', { userId, groupId: 'company-7', traits: { name: 'Navy' } }),
  delivered('alias', { previousId: userId, userId: `${userId}-now` }),
];
await analytics.closeAndFlush();
for (const id of await Promise.all(all)) console.log(id);
