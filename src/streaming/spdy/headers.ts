import { createDeflate, createInflate, constants, type Deflate, type Inflate } from 'node:zlib'

/** Headers of a stream, names in lower case. */
export type SpdyHeaders = Readonly<Record<string, string>>

/**
 * Header blocks of one connection. All blocks of a direction share one compression context, so they must be coded in
 * the order of their frames.
 */
export class HeaderCodec {
  readonly #deflate: Deflate
  readonly #inflate: Inflate

  constructor() {
    this.#deflate = createDeflate({ dictionary })
    this.#inflate = createInflate({ dictionary })
  }

  async decode(block: Uint8Array): Promise<SpdyHeaders> {
    return parse(await through(this.#inflate, block))
  }

  encode(headers: SpdyHeaders): Promise<Buffer> {
    return through(this.#deflate, serialize(headers))
  }

  close(): void {
    this.#deflate.close()
    this.#inflate.close()
  }
}

/** Writes a block and collects the output for it. */
function through(coder: Deflate | Inflate, block: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const collect = (chunk: Buffer): void => void chunks.push(chunk)
    coder.once('error', reject)
    coder.on('data', collect)
    coder.write(block)
    coder.flush(constants.Z_SYNC_FLUSH, () => {
      coder.off('data', collect)
      coder.off('error', reject)
      resolve(Buffer.concat(chunks))
    })
  })
}

/**
 * `[u32 count]`, then `[u32 length][name][u32 length][value]` each; the values of one name are separated by a zero
 * byte.
 */
function parse(block: Buffer): SpdyHeaders {
  const headers: Record<string, string> = {}
  let at = 4
  const text = (): string => {
    const end = at + 4 + block.readUInt32BE(at)
    const result = block.toString('utf8', at + 4, end)
    at = end
    return result
  }
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase()
    headers[name] = text().split('\0')[0] ?? ''
  }
  return headers
}

function serialize(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers)
  return Buffer.concat([
    u32(entries.length),
    ...entries.flat().flatMap((text) => [u32(Buffer.byteLength(text)), Buffer.from(text)]),
  ])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

// The dictionary of SPDY/3: length-prefixed words, then plain text.
const words =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
  'user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie ' +
  'keep-alive origin'
const rest =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden' +
  '404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,' +
  'publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

const dictionary = Buffer.concat([
  ...words.split(' ').flatMap((word) => [u32(word.length), Buffer.from(word.replace('_', ' '))]),
  Buffer.from(rest),
])
