// The npm package oidc-provider as a process: an OpenID provider that nobody here wrote. Whoever types a name is that person.
//   node openid-provider.mjs <port> <redirect uri>     prints "ready" when it listens; ends with its standard input
import { Provider } from 'oidc-provider';

const [port, redirectUri] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'fathi', client_secret: 'a secret of theirs', redirect_uris: [redirectUri] }],
  claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Grace Hopper', email: `${id}@staff.test`, email_verified: true, groups: ['lookers'] }),
  }),
});
process.stdin.resume().on('end', () => process.exit(0));
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
