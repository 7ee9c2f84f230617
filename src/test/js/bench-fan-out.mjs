// The peer of B2: a sender as its users write it, with npm web-push for the message, node:http2 for the request and pg for the
// results, a hundred in one statement. One process; the benchmark starts two. Reads orders on standard input:
//   <first> <count> <fresh|kept>  →  {"operations": …, "perSecond": …, "cpuMicros": …}
// which sends to so many subscriptions from that one on, each with a new token as the library does it, or with one that is kept.
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { createInterface } from 'node:readline';
import pg from 'pg';
import webpush from 'web-push';
import vapid from 'web-push/src/vapid-helper.js';

const STREAMS = 100;
const RESULTS = 100;

const set = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const subscriptions = readFileSync(set.subscriptions, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const origin = new URL(subscriptions[0].endpoint).origin;
const session = http2.connect(origin, { ca: readFileSync(set.certificate) });
const database = new pg.Client(set.database);
await database.connect();

const vapidDetails = { subject: set.subject, publicKey: set.publicKey, privateKey: set.privateKey };
const payload = JSON.stringify({
  web_push: 8030,
  notification: {
    title: 'Hello there',
    body: 'The quick brown fox jumps over the lazy dog, and again.',
    navigate: 'https://shop.example/',
    data: { padding: 'x'.repeat(220) },
  },
});
let keptToken;

function details(subscription, kept) {
  if (!kept) {
    return webpush.generateRequestDetails(subscription, payload, { vapidDetails, TTL: 60 });
  }
  const request = webpush.generateRequestDetails(subscription, payload, { TTL: 60 });
  keptToken ??= vapid.getVapidHeaders(origin, set.subject, set.publicKey, set.privateKey, 'aes128gcm').Authorization;
  request.headers.Authorization = keptToken;
  return request;
}

function post(subscription, kept) {
  const request = details(subscription, kept);
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': new URL(request.endpoint).pathname, ...request.headers });
    let status;
    stream.on('response', (headers) => (status = headers[':status']));
    stream.on('error', reject);
    stream.on('end', () => resolve(status));
    stream.resume();
    stream.end(request.body);
  });
}

async function run(first, count, kept) {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  let next = first;
  let results = [];
  const writing = [];
  const write = () => {
    const some = results;
    results = [];
    writing.push(
      database.query('INSERT INTO bench_result (endpoint, status) SELECT * FROM unnest($1::text[], $2::int[])', [
        some.map((result) => result.endpoint),
        some.map((result) => result.status),
      ]),
    );
  };
  const lane = async () => {
    while (next < first + count) {
      const subscription = subscriptions[next++ % subscriptions.length];
      const status = await post(subscription, kept);
      if (status !== 201) {
        throw new Error(`${subscription.endpoint} was answered ${status}`);
      }
      results.push({ endpoint: subscription.endpoint, status });
      if (results.length === RESULTS) {
        write();
      }
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, lane));
  write();
  await Promise.all(writing);
  const used = process.cpuUsage(cpu);
  return {
    operations: count,
    perSecond: (count * 1e9) / Number(process.hrtime.bigint() - start),
    cpuMicros: (used.user + used.system) / count,
  };
}

for await (const order of createInterface({ input: process.stdin })) {
  const [first, count, token] = order.split(' ');
  console.log(JSON.stringify(await run(Number(first), Number(count), token === 'kept')));
}
session.close();
await database.end();
