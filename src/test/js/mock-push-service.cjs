// The npm package web-push-testing as a process: a mock push service with its own decryption and VAPID check.
//   node mock-push-service.cjs <port>     prints "Server running on port …" when it listens; ends with its standard input
const Server = require('web-push-testing/src/server.js');
const { PushApiModel } = require('web-push-testing/src/PushApiModel.js');

process.stdin.resume().on('end', () => process.exit(0));
new Server(new PushApiModel(), Number(process.argv[2])).startServer();
