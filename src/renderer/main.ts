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
for (let attempt = 0; !(await isLoaded()); attempt++) {
  const pause = pausesMs[attempt]
  if (pause === undefined) tell()
  await new Promise((resolve) => setTimeout(resolve, pause ?? 3_000))
}

async function isLoaded(): Promise<boolean> {
  try {
    await import('./app.ts')
    return true
  } catch (error) {
    reportError(error)
    return false
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

function tell(): void {
  const place = document.querySelector('#app')
  if (!place || place.childElementCount > 0) return
  place.setAttribute('role', 'alert')
  place.textContent = navigator.language.startsWith('de') ? words.de : words.en
}

export {}
