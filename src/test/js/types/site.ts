// How a site's TypeScript uses the SDK: what is right compiles, what is wrong does not.
(window.fathi ||= []).push(['page'], ['track', 'Product Viewed', { productId: 'x-7' }], (sdk) => sdk.capability());

async function offer(button: HTMLButtonElement): Promise<void> {
  if (fathi.capability() !== 'ok' || (await fathi.subscription())) return;
  button.onclick = () =>
    fathi.subscribe().then(
      ({ id }) => console.log(id),
      (error: FathiError) => console.log(error.code, error.status),
    );
  await fathi.identify('customer-42', { firstName: 'Ada' }, { identityToken: 'a.b.c' });
  await fathi.reset();
}
fathi.init({ writeKey: 'fwk_b_1' });
void offer;

// @ts-expect-error there is no such capability
fathi.capability() === 'maybe';
// @ts-expect-error an event needs its name
fathi.track();
// @ts-expect-error there is no such call
fathi.push(['subscribed']);
// @ts-expect-error the write key is needed
fathi.init({ api: 'https://fathi.example' });
// @ts-expect-error nobody changes who the visitor is this way
fathi.anonymousId = 'me';
