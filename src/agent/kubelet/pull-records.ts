import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'

/** What a pod signs in to a registry with. */
export interface PullCredential {
  auth: RegistryAuth
  /** `namespace/name/uid` of the Secret that it is from; unset for the credentials of the host, which all pods may use. */
  secret?: string
}

/**
 * Which images were pulled from a registry, and by whose credentials (v1.36: KubeletEnsureSecretPulledImages, with the
 * default policy NeverVerifyPreloadedImages): a pod without them has to pull a private image itself. What came from the
 * host's engine was never pulled here, and is everybody's.
 */
export interface PullRecords {
  /** Whether every pod may use the image under the name of this repository. */
  isOpen(imageId: string, repository: string): boolean
  allows(imageId: string, repository: string, credentials: readonly PullCredential[]): boolean
  /**
   * Written down before a pull: where an agent ends amid one, the image that it left belongs to no pod until one has pulled it.
   * @param reference with its tag or digest
   */
  pulling(reference: string): Promise<void>
  /** The pull is over, with an image or without: `pulled` has been told of it. */
  settled(reference: string): Promise<void>
  /** What an earlier agent was pulling as it ended. */
  unsettled(): string[]
  /** Nobody may use the image without having pulled it, from whatever repository. */
  close(imageId: string): Promise<void>
  /** @param by unset for a pull without credentials */
  pulled(imageId: string, repository: string, by: PullCredential | undefined): Promise<void>
  forget(imageId: string): Promise<void>
}

interface Entry {
  /** For every pod of this node. */
  isOpen: boolean
  secrets: string[]
  /** Of the credentials themselves: the same in another Secret are as good. */
  hashes: string[]
}

type Records = Record<string, Record<string, Entry>>

/** @param file where they outlive this agent; a file that cannot be read is begun anew */
export async function openPullRecords(file: string): Promise<PullRecords> {
  const images = new Map(Object.entries(await read<Records>(file, {})))
  const save = writer(file, () => Object.fromEntries(images))
  const intents = `${file}.intents`
  const earlier = await read<string[]>(intents, [])
  /** How many pulls of each are open. */
  const open = new Map(earlier.map((reference) => [reference, 1]))
  const saveIntents = writer(intents, () => [...open.keys()])
  return {
    async pulling(reference) {
      open.set(reference, (open.get(reference) ?? 0) + 1)
      await saveIntents()
    },
    async settled(reference) {
      const left = (open.get(reference) ?? 1) - 1
      if (left > 0) open.set(reference, left)
      else if (open.delete(reference)) await saveIntents()
    },
    unsettled: () => [...earlier],
    async close(imageId) {
      if (images.has(imageId)) return
      images.set(imageId, {})
      await save()
    },
    isOpen(imageId, repository) {
      const image = images.get(imageId)
      return !image || image[repository]?.isOpen === true
    },
    allows(imageId, repository, credentials) {
      const entry = images.get(imageId)?.[repository]
      if (!entry) return !images.has(imageId)
      return (
        entry.isOpen ||
        credentials.some(
          ({ auth, secret }) =>
            (secret !== undefined && entry.secrets.includes(secret)) || entry.hashes.includes(hashOf(auth)),
        )
      )
    },
    async pulled(imageId, repository, by) {
      const image = images.get(imageId) ?? {}
      const { isOpen = false, secrets = [], hashes = [] } = image[repository] ?? {}
      const isForAll = by?.secret === undefined
      image[repository] = {
        isOpen: isOpen || isForAll,
        secrets: isForAll ? secrets : [...new Set([...secrets, by.secret ?? ''])],
        hashes: isForAll ? hashes : [...new Set([...hashes, hashOf(by.auth)])],
      }
      images.set(imageId, image)
      await save()
    },
    async forget(imageId) {
      if (images.delete(imageId)) await save()
    },
  }
}

const hashOf = (auth: RegistryAuth): string => createHash('sha256').update(JSON.stringify(auth)).digest('hex')

async function read<T>(file: string, otherwise: T): Promise<T> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch {
    return otherwise
  }
}

/** Writes in the order of the calls, each what holds then. */
function writer(file: string, content: () => unknown): () => Promise<void> {
  let writing: Promise<void> = Promise.resolve()
  return () => {
    const text = JSON.stringify(content())
    return (writing = writing.catch(() => undefined).then(() => write(file, text)))
  }
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
