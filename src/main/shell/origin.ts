/** Whether `url` is the app's own page: parsed, never compared by prefix (`app://slipway.evil` is not). */
export function isOwnPage(url: string): boolean {
  const parsed = parse(url)
  return parsed?.protocol === 'app:' && parsed.host === 'slipway' && parsed.username === '' && parsed.password === ''
}

/** Whether a link may open in the user's browser: only https to the documentation of Kubernetes and Docker. */
export function mayOpenOutside(url: string): boolean {
  const parsed = parse(url)
  if (parsed?.protocol !== 'https:' || parsed.username !== '') return false
  return allowedSites.some((site) => parsed.hostname === site || parsed.hostname.endsWith(`.${site}`))
}

const allowedSites = ['kubernetes.io', 'docker.com']

function parse(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}
