// Opens what a one-time link is for: accepting an invitation, or a new password. The token stands behind the #, which no
// server sees, and leaves the address bar at once, so that no screenshot or shared address has it. It also takes people to
// an identity provider and back: the secret that is needed to come back stays in this tab.
'use strict';

const KINDS = {
  invitation: {
    title: 'You are invited',
    told: 'Choose the password that you will sign in with. If you have an account on this server already, type its password.',
    hint: 'New: at least 12 characters, and not one that others would guess. A few unrelated words are good.',
    path: '/api/v1/auth/invitation',
    body: (token, password, name) => ({ token, password, ...(name && { name }) }),
    done: 'You are in. Sign in with your e-mail address and your password.',
  },
  reset: {
    title: 'A new password',
    told: 'Choose a new password. All that you are signed in to ends.',
    hint: 'At least 12 characters, and not one that others would guess. A few unrelated words are good.',
    path: '/api/v1/auth/password/reset/confirm',
    body: (token, newPassword) => ({ token, newPassword }),
    done: 'Your password is changed. Sign in with it.',
  },
};

const at = (id) => document.getElementById(id);

const FLOW = 'fathi-sign-in';

function open() {
  if (location.pathname === '/account/callback') {
    comeBack();
    return;
  }
  const [name, token] = location.hash.slice(1).split('=');
  if (name === 'sign-in' && token) {
    leave(token);
    return;
  }
  const kind = Object.hasOwn(KINDS, name) && token ? KINDS[name] : null;
  if (!kind) {
    return;
  }
  history.replaceState(null, '', location.pathname);
  at('title').textContent = kind.title;
  at('told').textContent = kind.told;
  at('password-hint').textContent = kind.hint;
  at('name-field').hidden = name !== 'invitation';
  at('form').hidden = false;
  at('form').onsubmit = (event) => {
    event.preventDefault();
    send(kind, token);
  };
  (name === 'invitation' ? at('name') : at('password')).focus();
}

/** To the identity provider. */
async function leave(provider) {
  tell('Sign in', 'Your identity provider is being asked …');
  const { fault, answer } = await post('/api/v1/auth/oidc/start', { provider });
  if (fault) {
    tell('You cannot sign in', fault);
    return;
  }
  sessionStorage.setItem(FLOW, JSON.stringify({ flow: answer.flow, provider }));
  location.assign(answer.authorizationUrl);
}

/** From there, with a code that is worth something to this server alone, and in this tab alone. */
async function comeBack() {
  const sent = new URLSearchParams(location.search);
  const kept = JSON.parse(sessionStorage.getItem(FLOW));
  sessionStorage.removeItem(FLOW);
  history.replaceState(null, '', kept ? `/account#sign-in=${kept.provider}` : '/account');
  if (!kept) {
    tell('You cannot sign in', 'This is the end of a sign-in that was begun in another tab, or is over. Begin again.');
    return;
  }
  tell('Sign in', 'One moment …');
  const body = { flow: kept.flow };
  for (const [field, name] of [['state', 'state'], ['code', 'code'], ['issuer', 'iss'], ['error', 'error']]) {
    if (sent.get(name)) {
      body[field] = sent.get(name);
    }
  }
  const { fault, answer } = await post('/api/v1/auth/oidc/finish', body);
  if (fault) {
    tell('You cannot sign in', fault);
    return;
  }
  tell('You are signed in', `As ${answer.name}, in ${answer.workspace.name}. Give this code to the program that you want to use.`);
  at('code').value = answer.code;
  at('code-hint').textContent =
    `It works once, for ${Math.floor(answer.expiresIn / 60)} minutes: POST /api/v1/auth/oidc/token exchanges it for tokens.` +
    (answer.needsTotp ? ' Your authenticator\'s code is asked for there, too.' : '');
  at('signed-in').hidden = false;
}

function tell(title, told) {
  at('title').textContent = title;
  at('told').textContent = told;
}

async function send(kind, token) {
  at('send').disabled = true;
  at('fault').textContent = '';
  const { fault } = await post(kind.path, kind.body(token, at('password').value, at('name').value.trim()));
  at('send').disabled = false;
  if (fault) {
    at('fault').textContent = fault;
    return;
  }
  at('form').hidden = true;
  at('told').textContent = kind.done;
  at('told').tabIndex = -1;
  at('told').focus();
}

/** What was answered, or what is wrong in words. */
async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    const json = text ? JSON.parse(text) : null;
    return answer.ok ? { answer: json } : { fault: json.detail };
  } catch {
    return { fault: 'The server cannot be reached. Try again.' };
  }
}

at('show').onchange = () => {
  at('password').type = at('show').checked ? 'text' : 'password';
};
at('copy').onclick = async () => {
  at('code').select();
  try {
    await navigator.clipboard.writeText(at('code').value);
    at('copied').textContent = 'It is copied.';
  } catch {
    at('copied').textContent = 'It is selected: copy it.';
  }
};
addEventListener('hashchange', open);
open();
