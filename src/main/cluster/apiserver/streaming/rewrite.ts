import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable, type Transform } from 'node:stream'
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import { RewritingStream } from 'parse5-html-rewriting-stream'
import { forwardedHeaders, type Rewrite } from './forward.ts'

/** The target of a proxied response, and the path under which its client sees it. */
export interface Place {
  /** `/api/v1/namespaces/x/pods/y/proxy`: the prefix before the target's own path. */
  prefix: string
  /** The target's authority as its responses may name it: `10.244.0.3:80`. */
  host: string
  /** The API server's authority as the client named it: the `Host` of its request. */
  requestHost: string
}

/**
 * Rewrites responses of a program that does not know of the proxy: root-relative links in `Location` and in HTML get
 * the proxy's path. Everything else passes unchanged. Matches apimachinery `util/proxy/transport.go`.
 */
export const rewriteFor =
  (place: Place): Rewrite =>
  (answer) => {
    const headers = forwardedHeaders(answer.headers, false)
    // A page of the cluster must not allow other sites' scripts to access the API server.
    for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) delete headers[name]
    if (answer.headers.location !== undefined) headers['location'] = rewriteUrl(answer.headers.location, place)
    const body = rewriteBody(answer, place)
    if (body) delete headers['content-length']
    return { headers, ...(body ? { body } : {}) }
  }

/** @returns the URL as the client must request it; unchanged when it leads elsewhere or is relative */
export function rewriteUrl(text: string, { prefix, host, requestHost }: Place): string {
  // Parsed by hand: `URL` would resolve and normalize it.
  const [, authority = '', path = '', rest = ''] =
    /^(?:(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(text) ?? []
  const leadsElsewhere = authority !== '' && authority !== host && authority !== requestHost
  if (leadsElsewhere || !path.startsWith('/')) return text
  return path === prefix || path.startsWith(`${prefix}/`) ? `${path}${rest}` : `${prefix}${path}${rest}`
}

/** The HTML attributes that hold a URL, by element. */
const urlAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

/** @returns undefined when the body is not HTML or has an unsupported encoding */
function rewriteBody(answer: IncomingMessage, place: Place): Readable | undefined {
  const type = /^\s*text\/html\s*(?:;.*charset\s*=\s*"?([^\s";]+))?/i.exec(answer.headers['content-type'] ?? '')
  if (!type || (type[1] !== undefined && !/^(utf-?8|us-ascii)$/i.test(type[1]))) return undefined
  const coding = codings[answer.headers['content-encoding'] ?? '']
  if (!coding) return undefined
  const [decode, encode] = [coding.decode(), coding.encode()]
  const html = htmlRewriter(place)
  const stages = [decode, html, encode]
  for (const stage of [answer, ...stages]) stage.once('error', (error: Error) => encode.destroy(error))
  answer.pipe(decode)
  decode.setEncoding('utf8').pipe(html).pipe(encode)
  return encode
}

const codings: Readonly<Record<string, { decode: () => Transform; encode: () => Transform }>> = {
  '': { decode: () => new PassThrough(), encode: () => new PassThrough() },
  gzip: { decode: createGunzip, encode: createGzip },
  deflate: { decode: createInflate, encode: createDeflate },
}

function htmlRewriter(place: Place): RewritingStream {
  const html = new RewritingStream()
  html.on('startTag', (tag, raw) => {
    const names = urlAttributes[tag.tagName] ?? []
    let changed = false
    for (const attribute of tag.attrs) {
      if (!names.includes(attribute.name)) continue
      const value = rewriteUrl(attribute.value, place)
      changed ||= value !== attribute.value
      attribute.value = value
    }
    if (changed) html.emitStartTag(tag)
    else html.emitRaw(raw)
  })
  return html
}
