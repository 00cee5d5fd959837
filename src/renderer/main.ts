/**
 * Loads the page, again where a request for a part of it fails: browsers give up all that are on their way when a network
 * interface of the machine comes or goes (ERR_NETWORK_CHANGED), as one does with each worker.
 */
const pausesMs = [200, 500, 1_000, 3_000]
const words = {
  en: 'The window could not be loaded yet. It is tried again.',
  de: 'Das Fenster konnte noch nicht geladen werden. Es wird erneut versucht.',
}

for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]'))
  if (!hasRules(link)) askAgain(link)
for (let attempt = 0; ; attempt++) {
  const failure = await load()
  if (failure === undefined) break
  const pause = pausesMs[attempt]
  if (pause === undefined) tell(failure)
  await new Promise((resolve) => setTimeout(resolve, pause ?? 3_000))
}

/** @returns why it could not be loaded */
async function load(): Promise<unknown> {
  try {
    await import('./app.ts')
    return undefined
  } catch (error) {
    return error
  }
}

/** Scripts wait for the styles: those without rules by now have failed. */
function hasRules({ sheet }: HTMLLinkElement): boolean {
  try {
    return (sheet?.cssRules.length ?? 0) > 0
  } catch {
    return false
  }
}

function askAgain(link: HTMLLinkElement): void {
  const again = document.createElement('link')
  Object.assign(again, { rel: link.rel, href: link.href })
  again.addEventListener('error', () => setTimeout(() => askAgain(again), 500))
  link.replaceWith(again)
}

/** One that is over at the next attempt is told nobody. */
function tell(failure: unknown): void {
  reportError(failure)
  const place = document.querySelector('#app')
  if (!place || place.childElementCount > 0) return
  place.setAttribute('role', 'alert')
  place.textContent = navigator.language.startsWith('de') ? words.de : words.en
}

export {}
