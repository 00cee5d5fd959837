import type { Environment } from '@marcbachmann/cel-js'

/** A URL as a CEL value. */
class Url {
  readonly url: URL
  constructor(url: URL) {
    this.url = url
  }
}

const type = 'kubernetes.URL'

/** Kubernetes' url library. */
export function registerUrls(environment: Environment): void {
  environment
    .registerType(type, { ctor: Url, fields: {} })
    .registerFunction('isURL(string): bool', isUrl)
    .registerFunction(`url(string): ${type}`, (text: string) => {
      const url = urlOf(text)
      if (!url) throw new Error(`URL parse error during conversion from string: ${JSON.stringify(text)}`)
      return new Url(url)
    })
    // A path has neither scheme nor host.
    .registerFunction(`${type}.getScheme(): string`, ({ url }: Url) =>
      url.protocol === pathOnly ? '' : url.protocol.replace(/:$/, ''),
    )
    .registerFunction(`${type}.getHost(): string`, ({ url }: Url) => hostOf(url, url.host))
    .registerFunction(`${type}.getHostname(): string`, ({ url }: Url) =>
      hostOf(url, url.hostname.replace(/^\[(.*)\]$/, '$1')),
    )
    .registerFunction(`${type}.getPort(): string`, ({ url }: Url) => url.port)
    .registerFunction(`${type}.getEscapedPath(): string`, ({ url }: Url) => url.pathname)
    .registerFunction(`${type}.getQuery(): map<string, list<string>>`, ({ url }: Url) => {
      const query: Record<string, string[]> = {}
      for (const [name, value] of url.searchParams) (query[name] ??= []).push(value)
      return query
    })
    .registerOperator(`${type} == ${type}`, (a: Url, b: Url) => a.url.href === b.url.href)
}

const pathOnly = 'path:'
const hostOf = (url: URL, host: string): string => (url.protocol === pathOnly ? '' : host)

export const isUrl = (text: string): boolean => urlOf(text) !== undefined

/** An absolute URI or an absolute path, as Go's ParseRequestURI accepts them. */
function urlOf(text: string): URL | undefined {
  if (text.startsWith('/')) return URL.canParse(text, `${pathOnly}//x`) ? new URL(text, `${pathOnly}//x`) : undefined
  return URL.canParse(text) ? new URL(text) : undefined
}
