import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable, type Transform } from 'node:stream'
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import { RewritingStream } from 'parse5-html-rewriting-stream'
import { forwardedHeaders, type Rewrite } from './forward.ts'

/** Where a proxied answer comes from, and under which path its client sees it. */
export interface Place {
  /** `/api/v1/namespaces/x/pods/y/proxy`: what stands before the target's own path. */
  prefix: string
  /** The target as an answer may name itself: `10.244.0.3:80`. */
  host: string
  /** How the client named the API server: the `Host` of its request. */
  requestHost: string
}

/**
 * What a program answers that does not know of the proxy before it: links from the root in `Location` and in HTML lead
 * to nowhere unless they are given the proxy's own path. Everything else passes as it is.
 * Specified by Kubernetes' behaviour: apimachinery `util/proxy/transport.go`.
 */
export const rewriteFor =
  (place: Place): Rewrite =>
  (answer) => {
    const headers = forwardedHeaders(answer.headers, false)
    // A page of the cluster must not open the API server to other sites' scripts.
    for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) delete headers[name]
    if (answer.headers.location !== undefined) headers['location'] = rewriteUrl(answer.headers.location, place)
    const body = rewriteBody(answer, place)
    if (body) delete headers['content-length']
    return { headers, ...(body ? { body } : {}) }
  }

/** @returns the URL as the client must ask for it; unchanged when it leads elsewhere or is relative */
export function rewriteUrl(text: string, { prefix, host, requestHost }: Place): string {
  // Taken apart by hand: `URL` would resolve and normalise what must pass untouched.
  const [, authority = '', path = '', rest = ''] =
    /^(?:(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(text) ?? []
  const leadsElsewhere = authority !== '' && authority !== host && authority !== requestHost
  if (leadsElsewhere || !path.startsWith('/')) return text
  return path === prefix || path.startsWith(`${prefix}/`) ? `${path}${rest}` : `${prefix}${path}${rest}`
}

/** The attributes of HTML that hold a URL, by element. */
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

/** @returns undefined where the body is not HTML, or is written in a way that is not read here */
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
