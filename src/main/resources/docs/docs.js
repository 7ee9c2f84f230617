// What the documentation gains by a script: finding operations, copying code, and one language for all examples.
// Without it every page says the same.
const LANGUAGE = 'fathi.docs.language';

function store(value) {
  try {
    if (value !== undefined) localStorage.setItem(LANGUAGE, value);
    return localStorage.getItem(LANGUAGE);
  } catch {
    return value ?? null; // storage may be forbidden
  }
}

function filter(list) {
  const input = list.querySelector('input[type=search]');
  const told = list.querySelector('.nothing');
  const items = [...list.querySelectorAll('li[data-words]')];
  list.querySelector('.filter').hidden = false;
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const item of items) {
      item.hidden = !words.every((word) => item.dataset.words.includes(word));
      if (!item.hidden) found++;
    }
    for (const group of list.querySelectorAll('section')) group.hidden = !group.querySelector('li:not([hidden])');
    told.textContent = words.length === 0 ? '' : found === 0 ? 'No operation has all these words.' : `${found} found`;
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') list.querySelector('li[data-words]:not([hidden]) a')?.click();
    if (event.key === 'Escape') {
      input.value = '';
      input.dispatchEvent(new Event('input'));
    }
  });
}

function choose(language) {
  for (const input of document.querySelectorAll(`.tabs input[value="${CSS.escape(language)}"]`)) input.checked = true;
}

function copyable(block) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.querySelector('code').textContent);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  });
  block.append(button);
}

document.querySelectorAll('[data-filtered]').forEach(filter);
if (store()) choose(store());
document.addEventListener('change', ({ target }) => {
  if (!target.matches('.tabs input')) return;
  const before = target.getBoundingClientRect().top;
  choose(store(target.value));
  window.scrollBy({ top: target.getBoundingClientRect().top - before, behavior: 'instant' }); // examples above may have grown
});
if (navigator.clipboard) document.querySelectorAll('.code').forEach(copyable);
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('input, textarea, select');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.querySelector('input[type=search]').focus();
});
