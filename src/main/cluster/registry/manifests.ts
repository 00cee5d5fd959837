import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { readDigest } from './blobs.ts'
import { RegistryRefusal } from './refusal.ts'
import type { RegistryAnswer, RegistryRequest } from './request.ts'
import { digestOf, type RegistryStore, type StoredManifest } from './store.ts'

const descriptor = z.looseObject({ digest: z.string(), mediaType: z.string().optional() })
const manifestShape = z.looseObject({
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptor.optional(),
  layers: z.array(descriptor).optional(),
  manifests: z.array(descriptor).optional(),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
type Manifest = z.infer<typeof manifestShape>

/** The specification's own limit, bytes. */
const longestManifest = 4 * 2 ** 20
const indexType = 'application/vnd.oci.image.index.v1+json'

/** Manifests by tag or digest. @throws RegistryRefusal */
export async function manifestRequest(request: RegistryRequest): Promise<RegistryAnswer> {
  const { method, repository, store } = request
  const reference = readReference(request.reference)
  if (method === 'PUT') return put(request, reference)
  if (method === 'DELETE') {
    if (!(await store.removeManifest(repository, reference))) throw unknown(repository, reference)
    return { status: 202 }
  }
  if (method !== 'GET' && method !== 'HEAD') throw new RegistryRefusal('UNSUPPORTED', `no ${method} of manifests`)
  const found = await store.manifest(repository, reference)
  if (!found) throw unknown(repository, reference)
  const { digest, mediaType, content } = found
  return { status: 200, headers: { 'content-type': mediaType, 'docker-content-digest': digest }, body: content }
}

async function put({ message, repository, store }: RegistryRequest, reference: string): Promise<RegistryAnswer> {
  const content = await readBody(message)
  const manifest = parse(content)
  const digest = digestOf(content)
  const isTag = !reference.includes(':')
  if (!isTag && digest !== reference)
    throw new RegistryRefusal('DIGEST_INVALID', `provided digest did not match uploaded content: ${digest}`)
  await requireParts(store, repository, manifest)
  const mediaType =
    message.headers['content-type'] ?? manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json'
  await store.putManifest(repository, { digest, mediaType, content }, isTag ? reference : undefined)
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(manifest.subject ? { 'oci-subject': manifest.subject.digest } : {}),
    },
  }
}

/** The manifests whose subject a digest is, as an index. @throws RegistryRefusal */
export async function referrers({
  method,
  repository,
  reference,
  query,
  store,
}: RegistryRequest): Promise<RegistryAnswer> {
  if (method !== 'GET') throw new RegistryRefusal('UNSUPPORTED', `no ${method} of referrers`)
  const digest = readDigest(reference)
  const wanted = query.get('artifactType')
  const all = (await store.manifests(repository)).flatMap((stored) => describe(stored, digest))
  const manifests = wanted === null ? all : all.filter(({ artifactType }) => artifactType === wanted)
  return {
    status: 200,
    headers: { 'content-type': indexType, ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }) },
    body: JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }),
  }
}

function describe({ digest, mediaType, content }: StoredManifest, subject: string) {
  const manifest = parse(content)
  if (manifest.subject?.digest !== subject) return []
  const { annotations } = manifest
  const artifactType = manifest.artifactType ?? manifest.config?.mediaType
  return [{ mediaType, digest, size: content.length, artifactType, ...(annotations ? { annotations } : {}) }]
}

/** @throws RegistryRefusal */
function readReference(text: string): string {
  if (text.includes(':')) return readDigest(text)
  if (/^\w[\w.-]{0,127}$/.test(text)) return text
  throw new RegistryRefusal('MANIFEST_INVALID', `invalid tag: ${text.slice(0, 128)}`)
}

/** @throws RegistryRefusal */
async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longestManifest)
      throw new RegistryRefusal('SIZE_INVALID', `manifests have at most ${longestManifest} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws RegistryRefusal */
function parse(content: Buffer): Manifest {
  try {
    return manifestShape.parse(JSON.parse(content.toString('utf8')))
  } catch {
    throw new RegistryRefusal('MANIFEST_INVALID', 'manifest invalid')
  }
}

/** What a manifest consists of must be there before it; a subject may come later. @throws RegistryRefusal */
async function requireParts(store: RegistryStore, repository: string, manifest: Manifest): Promise<void> {
  for (const part of [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? [])])
    if ((await store.blobSize(readDigest(part.digest))) === undefined)
      throw new RegistryRefusal('MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: ${part.digest}`)
  for (const { digest } of manifest.manifests ?? [])
    if (!(await store.manifest(repository, readDigest(digest))))
      throw new RegistryRefusal('MANIFEST_BLOB_UNKNOWN', `manifest unknown to registry: ${digest}`)
}

const unknown = (repository: string, reference: string): RegistryRefusal =>
  new RegistryRefusal('MANIFEST_UNKNOWN', `manifest unknown: ${repository} ${reference}`)
