const scheme = 'slipway:'

/** Whether an argument of the program is a link to it. */
export const isDeepLink = (text: string): boolean => text.startsWith(`${scheme}//`)

/**
 * The address within the app that a link names: `slipway://cluster/dev`, with `/pods` a list, with `/pods/shop/web-1` an object and
 * with `/nodes/dev-worker-1` one without a namespace. `slipway://context/NAME` is the same for a context of a kubeconfig.
 * Any web page may offer a link, so links only show, and never change anything.
 * @returns undefined for a text that is no such link
 */
export function addressOfLink(link: string): string | undefined {
  const { host, path } = partsOf(link) ?? {}
  const [name, kind, ...object] = path ?? []
  if (name === undefined || object.length > 2) return undefined
  const prefix = host === 'cluster' ? 'local:' : host === 'context' ? 'kubeconfig:' : undefined
  if (prefix === undefined) return undefined
  const place = object.length === 1 ? ['-', ...object] : object
  return `/c/${prefix}${[name, kind ?? 'pods', ...place].map(encodeURIComponent).join('/')}`
}

function partsOf(link: string): { host: string; path: string[] } | undefined {
  try {
    const { protocol, host, pathname } = new URL(link)
    const path = pathname.split('/').filter(Boolean).map(decodeURIComponent)
    return protocol === scheme && path.every(isName) ? { host, path } : undefined
  } catch {
    return undefined
  }
}

/** Names of contexts are free texts; those of kinds and objects are subsets of this. */
const isName = (text: string): boolean => text.length <= 253 && !/[\u0000-\u001f]/.test(text)
