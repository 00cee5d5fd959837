import { readDigest } from './blobs.ts'
import { RegistryRefusal } from './refusal.ts'
import type { RegistryAnswer, RegistryRequest } from './request.ts'

/** Uploads of blobs: at once, or in chunks. @throws RegistryRefusal */
export function uploadRequest(request: RegistryRequest): Promise<RegistryAnswer> {
  const methods: Record<string, (request: RegistryRequest) => Promise<RegistryAnswer>> =
    request.reference === '' ? { POST: begin } : { PATCH: append, PUT: finish, GET: tell, DELETE: cancel }
  const handle = methods[request.method]
  if (!handle) throw new RegistryRefusal('UNSUPPORTED', `no ${request.method} of uploads`)
  return handle(request)
}

/** Also the whole upload, with its digest; and a mount, since blobs belong to all repositories. */
async function begin(request: RegistryRequest): Promise<RegistryAnswer> {
  const { message, repository, query, store } = request
  const mount = query.get('mount')
  if (mount !== null && (await store.blobSize(readDigest(mount))) !== undefined) return made(repository, mount)
  const digest = query.get('digest')
  if (digest === null) return accepted(repository, await store.startUpload(), 0)
  const wanted = readDigest(digest)
  const id = await store.startUpload()
  await store.append(id, message)
  await store.finishUpload(id, wanted)
  return made(repository, wanted)
}

async function append({ message, repository, reference, store }: RegistryRequest): Promise<RegistryAnswer> {
  requireOrder(message.headers['content-range'], sizeOf(store.uploadSize(reference)))
  return accepted(repository, reference, await store.append(reference, message))
}

async function finish({ message, repository, reference, query, store }: RegistryRequest): Promise<RegistryAnswer> {
  const digest = readDigest(query.get('digest'))
  requireOrder(message.headers['content-range'], sizeOf(store.uploadSize(reference)))
  await store.append(reference, message)
  await store.finishUpload(reference, digest)
  return made(repository, digest)
}

function tell({ repository, reference, store }: RegistryRequest): Promise<RegistryAnswer> {
  const size = sizeOf(store.uploadSize(reference))
  return Promise.resolve({ ...accepted(repository, reference, size), status: 204 })
}

async function cancel({ reference, store }: RegistryRequest): Promise<RegistryAnswer> {
  if (!(await store.cancelUpload(reference))) sizeOf(undefined)
  return { status: 204 }
}

/** @throws RegistryRefusal */
function sizeOf(size: number | undefined): number {
  if (size === undefined) throw new RegistryRefusal('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
  return size
}

/** A chunk follows the one before. @throws RegistryRefusal 416 */
function requireOrder(range: string | undefined, size: number): void {
  if (range === undefined) return
  const [, start] = /^(?:bytes )?(\d+)-\d+/.exec(range) ?? []
  if (Number(start) !== size) throw new RegistryRefusal('RANGE_INVALID', `the next byte is ${size}`)
}

const accepted = (repository: string, id: string, size: number): RegistryAnswer => ({
  status: 202,
  headers: {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    'docker-upload-uuid': id,
    range: `0-${Math.max(0, size - 1)}`,
  },
})

const made = (repository: string, digest: string): RegistryAnswer => ({
  status: 201,
  headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest },
})
