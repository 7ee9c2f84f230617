// One message by npm web-push: reads {"subscription": …, "payload": …} on standard input, prints the status of the answer.
import { text } from 'node:stream/consumers';
import webpush from 'web-push';

const order = JSON.parse(await text(process.stdin));
const vapidDetails = { subject: 'mailto:push@fathi.dev', ...webpush.generateVAPIDKeys() };
const answer = await webpush
  .sendNotification(order.subscription, order.payload, { vapidDetails, TTL: 60, urgency: 'high', topic: 'interop' })
  .catch((failure) => failure);
console.log(answer.statusCode ?? String(answer));
