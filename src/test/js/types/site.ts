// How a site's TypeScript uses the SDK: what is right compiles, what is wrong does not.
(window.fathi ||= []).push(['page'], ['tag', 'vip'], ['prompt'], ['track', 'Product Viewed', { productId: 'x-7' }], (sdk) => sdk.capability());

async function offer(button: HTMLButtonElement): Promise<void> {
  if (fathi.capability() !== 'ok' || (await fathi.subscription())) return;
  button.onclick = () =>
    fathi.subscribe().then(
      ({ id }) => console.log(id),
      (error: FathiError) => console.log(error.code, error.status),
    );
  await fathi.identify('customer-42', { firstName: 'Ada' }, { identityToken: 'a.b.c' });
  const own: { id: string; deviceSecret: string } | null = await fathi.browser();
  console.log(own?.deviceSecret);
  await fathi.reset();
  await fathi.tag('vip');
  await fathi.untag('vip');
  const outcome: 'accepted' | 'refused' | undefined = await fathi.prompt('new-arrivals');
  if (outcome !== 'refused') await fathi.prompt();
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
// @ts-expect-error a tag is a text
fathi.tag(7);
// @ts-expect-error one tag at a time
fathi.untag('vip', 'member');
// @ts-expect-error there may be no subscription
fathi.browser().then(({ deviceSecret }) => deviceSecret);
// @ts-expect-error there is no such outcome
fathi.prompt().then((outcome) => outcome === 'later');
