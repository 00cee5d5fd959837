import { createHash, randomUUID, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RegistryRefusal } from './refusal.ts'

export interface StoredManifest {
  digest: string
  mediaType: string
  content: Buffer
}

/** Blobs by digest, shared by all repositories; manifests and tags by repository; uploads that are under way. */
export interface RegistryStore {
  /** Bytes of a blob; undefined when it is missing. */
  blobSize(digest: string): Promise<number | undefined>
  /** @param range first and last byte */
  readBlob(digest: string, range?: { start: number; end: number }): Readable
  removeBlob(digest: string): Promise<boolean>
  startUpload(): Promise<string>
  /** Bytes received so far; undefined for an upload that is not under way. */
  uploadSize(id: string): number | undefined
  /** @throws RegistryRefusal while another request writes to it */
  append(id: string, body: Readable): Promise<number>
  /** Makes a blob of the upload, which is over either way. @throws RegistryRefusal when the digest is another */
  finishUpload(id: string, digest: string): Promise<void>
  cancelUpload(id: string): Promise<boolean>
  /** @param reference tag or digest */
  manifest(repository: string, reference: string): Promise<StoredManifest | undefined>
  manifests(repository: string): Promise<StoredManifest[]>
  putManifest(repository: string, manifest: StoredManifest, tag?: string): Promise<void>
  /** A tag alone, or a manifest with all its tags. */
  removeManifest(repository: string, reference: string): Promise<boolean>
  /** Sorted; undefined where nothing was ever pushed. */
  tags(repository: string): Promise<string[] | undefined>
  repositories(): Promise<string[]>
}

interface Upload {
  file: string
  size: number
  hash: Hash
  isBusy: boolean
}

export const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

/** Opens the registry's folder; uploads that an earlier process has not finished are gone. */
export async function openRegistryStore(folder: string): Promise<RegistryStore> {
  const [blobs, repositories, uploading] = ['blobs', 'repositories', 'uploads'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await rm(uploading, { recursive: true, force: true })
  for (const one of [blobs, repositories, uploading]) await mkdir(one, { recursive: true, mode: 0o700 })
  const uploads = new Map<string, Upload>()
  const blobFile = (digest: string): string => join(blobs, digest.replace(':', '-'))
  // A name's slashes are not folders: `a` and `a/tags` are two repositories.
  const repository = (name: string, ...rest: string[]): string => join(repositories, encodeURIComponent(name), ...rest)
  const manifestFile = (name: string, digest: string): string => repository(name, 'manifests', digest.replace(':', '-'))

  async function digestFor(name: string, reference: string): Promise<string | undefined> {
    if (reference.includes(':')) return reference
    return readFile(repository(name, 'tags', reference), 'utf8').catch(undefinedIfMissing)
  }
  async function manifest(name: string, reference: string): Promise<StoredManifest | undefined> {
    const digest = await digestFor(name, reference)
    if (digest === undefined) return undefined
    const mediaType = await readFile(manifestFile(name, digest), 'utf8').catch(undefinedIfMissing)
    const content = mediaType === undefined ? undefined : await readFile(blobFile(digest)).catch(undefinedIfMissing)
    return mediaType === undefined || content === undefined ? undefined : { digest, mediaType, content }
  }
  const tags = async (name: string): Promise<string[] | undefined> =>
    (await readdir(repository(name, 'tags')).catch(undefinedIfMissing))?.sort()

  return {
    blobSize: async (digest) => (await stat(blobFile(digest)).catch(undefinedIfMissing))?.size,
    readBlob: (digest, range) => createReadStream(blobFile(digest), range ?? {}),
    removeBlob: (digest) => remove(blobFile(digest)),
    async startUpload() {
      const id = randomUUID()
      const file = join(uploading, id)
      await writeFile(file, '', { mode: 0o600 })
      uploads.set(id, { file, size: 0, hash: createHash('sha256'), isBusy: false })
      return id
    },
    uploadSize: (id) => uploads.get(id)?.size,
    async append(id, body) {
      const upload = uploads.get(id)
      if (!upload) throw new RegistryRefusal('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
      if (upload.isBusy) throw new RegistryRefusal('BLOB_UPLOAD_INVALID', 'another request writes to this upload')
      upload.isBusy = true
      try {
        const counted = new Transform({
          transform(chunk: Buffer, _encoding, done) {
            upload.hash.update(chunk)
            upload.size += chunk.length
            done(null, chunk)
          },
        })
        await pipeline(body, counted, createWriteStream(upload.file, { flags: 'a' }))
        return upload.size
      } catch (error) {
        // Bytes may be counted that are not in the file: the client begins anew.
        uploads.delete(id)
        await rm(upload.file, { force: true })
        throw error
      } finally {
        upload.isBusy = false
      }
    },
    async finishUpload(id, digest) {
      const upload = uploads.get(id)
      if (!upload) throw new RegistryRefusal('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
      if (upload.isBusy) throw new RegistryRefusal('BLOB_UPLOAD_INVALID', 'another request writes to this upload')
      uploads.delete(id)
      const found = `sha256:${upload.hash.digest('hex')}`
      if (found !== digest) {
        await rm(upload.file, { force: true })
        throw new RegistryRefusal('DIGEST_INVALID', `provided digest did not match uploaded content: ${found}`)
      }
      await synced(upload.file)
      await rename(upload.file, blobFile(digest))
    },
    async cancelUpload(id) {
      const upload = uploads.get(id)
      uploads.delete(id)
      return upload !== undefined && remove(upload.file)
    },
    manifest,
    async manifests(name) {
      const files = (await readdir(repository(name, 'manifests')).catch(undefinedIfMissing)) ?? []
      const all = await Promise.all(files.sort().map((file) => manifest(name, file.replace('-', ':'))))
      return all.filter((one) => one !== undefined)
    },
    async putManifest(name, { digest, mediaType, content }, tag) {
      for (const one of ['manifests', 'tags']) await mkdir(repository(name, one), { recursive: true, mode: 0o700 })
      await replace(blobFile(digest), content)
      await replace(manifestFile(name, digest), mediaType)
      if (tag !== undefined) await replace(repository(name, 'tags', tag), digest)
    },
    async removeManifest(name, reference) {
      if (!reference.includes(':')) return remove(repository(name, 'tags', reference))
      for (const tag of (await tags(name)) ?? [])
        if ((await digestFor(name, tag)) === reference) await remove(repository(name, 'tags', tag))
      return remove(manifestFile(name, reference))
    },
    tags,
    repositories: async () => (await readdir(repositories)).map(decodeURIComponent).sort(),
  }
}

async function replace(file: string, content: string | Buffer): Promise<void> {
  const fresh = `${file}.${randomUUID()}`
  await writeFile(fresh, content, { mode: 0o600 })
  await synced(fresh)
  await rename(fresh, file)
}

async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r')
  await handle.datasync().finally(() => handle.close())
}

async function remove(file: string): Promise<boolean> {
  return rm(file).then(
    () => true,
    (error: unknown) => {
      undefinedIfMissing(error)
      return false
    },
  )
}

function undefinedIfMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  return undefined
}
