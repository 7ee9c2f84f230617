// The peer of B1: npm web-push, one thread. Reads the orders of app.fathi.bench.Contender on standard input:
//   <workload> <threads> <millis>  →  {"operations": …, "perSecond": …, "cpuMicros": …}
// message-N generates the details of a request with a payload of N octets, as a caller of the library does: each time with
// a new token. encrypted-N leaves the token out, as if a caller kept one.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import webpush from 'web-push';

const set = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const vapidDetails = { subject: set.subject, publicKey: set.publicKey, privateKey: set.privateKey };
const payloads = new Map();

function payload(octets) {
  if (!payloads.has(octets)) {
    payloads.set(octets, Buffer.from(Array.from({ length: octets }, (_, i) => 32 + ((i * 31 + octets) % 90))));
  }
  return payloads.get(octets);
}

function run(workload, millis) {
  const [kind, octets] = workload.split('-');
  const text = payload(Number(octets));
  const options = kind === 'message' ? { vapidDetails, TTL: 60 } : { TTL: 60 };
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  let operations = 0;
  let trace = 0;
  let now = start;
  while (now - start < BigInt(millis) * 1_000_000n) {
    const details = webpush.generateRequestDetails(set.subscriptions[operations % set.subscriptions.length], text, options);
    trace += details.body[details.body.length - 1];
    operations++;
    now = process.hrtime.bigint();
  }
  const used = process.cpuUsage(cpu);
  return {
    operations,
    perSecond: (operations * 1e9) / Number(now - start),
    cpuMicros: (used.user + used.system) / operations,
    trace,
  };
}

for await (const order of createInterface({ input: process.stdin })) {
  const [workload, , millis] = order.split(' ');
  console.log(JSON.stringify(run(workload, Number(millis))));
}
