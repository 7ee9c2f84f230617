// Opens what a one-time link is for: accepting an invitation, or a new password. The token stands behind the #, which no
// server sees, and leaves the address bar at once, so that no screenshot or shared address has it.
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

function open() {
  const [name, token] = location.hash.slice(1).split('=');
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

async function send(kind, token) {
  at('send').disabled = true;
  at('fault').textContent = '';
  const fault = await ask(kind.path, kind.body(token, at('password').value, at('name').value.trim()));
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

/** Empty when it worked. */
async function ask(path, body) {
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.ok ? '' : (await answer.json()).detail;
  } catch {
    return 'The server cannot be reached. Try again.';
  }
}

at('show').onchange = () => {
  at('password').type = at('show').checked ? 'text' : 'password';
};
addEventListener('hashchange', open);
open();
