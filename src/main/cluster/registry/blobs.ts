import { RegistryRefusal } from './refusal.ts'
import type { RegistryAnswer, RegistryRequest } from './request.ts'

/** @throws RegistryRefusal */
export function readDigest(text: string | null): string {
  if (text !== null && /^sha256:[0-9a-f]{64}$/.test(text)) return text
  throw new RegistryRefusal('DIGEST_INVALID', `invalid digest: ${(text ?? '').slice(0, 100)}; sha256 is supported`)
}

/** `GET`, `HEAD` and `DELETE` of a blob; a GET may ask for a range. @throws RegistryRefusal */
export async function blobRequest({ message, method, reference, store }: RegistryRequest): Promise<RegistryAnswer> {
  const digest = readDigest(reference)
  if (method === 'DELETE') {
    if (!(await store.removeBlob(digest))) throw unknownBlob(digest)
    return { status: 202 }
  }
  if (method !== 'GET' && method !== 'HEAD') throw new RegistryRefusal('UNSUPPORTED', `no ${method} of blobs`)
  const size = await store.blobSize(digest)
  if (size === undefined) throw unknownBlob(digest)
  const headers = {
    'docker-content-digest': digest,
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'content-length': size,
  }
  const range = method === 'GET' ? rangeOf(message.headers.range, size) : undefined
  if (!range) return { status: 200, headers, ...(method === 'GET' ? { body: store.readBlob(digest) } : {}) }
  return {
    status: 206,
    headers: {
      ...headers,
      'content-length': range.end - range.start + 1,
      'content-range': `bytes ${range.start}-${range.end}/${size}`,
    },
    body: store.readBlob(digest, range),
  }
}

const unknownBlob = (digest: string): RegistryRefusal =>
  new RegistryRefusal('BLOB_UNKNOWN', `blob unknown to registry: ${digest}`)

/** One range of bytes; what is none of ours is ignored (RFC 9110). @throws RegistryRefusal beyond the blob's end */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last))
  if (start >= size || start > end) throw new RegistryRefusal('RANGE_INVALID', `the blob has ${size} bytes`)
  return { start, end }
}
