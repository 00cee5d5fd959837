import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { z } from 'zod'

/** How Helm 3 and 4 keep a release: a Secret of this type, named and labelled after the release and its revision. */
export const releaseSecretType = 'helm.sh/release.v1'

/** The labels of a release's Secret. */
export interface ReleaseLabels {
  name: string
  revision: number
  status: string
}

/** Most bytes of a release once it is unpacked: a Secret holds at most 1 MiB of it. */
const mostBytes = 64 * 2 ** 20

const text = z.string().nullish()
/** The hooks of a release, as Helm writes them. */
export const storedHooks = z
  .array(
    z.object({
      name: text,
      kind: text,
      events: z.array(z.string()).nullish(),
      last_run: z.object({ phase: text }).nullish(),
    }),
  )
  .nullish()
const chartFile = z.object({ name: z.string(), data: text })
const release = z.object({
  name: z.string(),
  namespace: z.string(),
  version: z.number(),
  info: z
    .object({ last_deployed: text, description: text, status: text, notes: text })
    .nullish()
    .transform((info) => info ?? {}),
  chart: z
    .object({
      metadata: z
        .looseObject({
          name: text,
          version: text,
          appVersion: text,
          description: text,
          home: text,
          deprecated: z.boolean().nullish(),
          dependencies: z.array(z.looseObject({ name: text })).nullish(),
        })
        .nullish(),
      templates: z.array(chartFile).nullish(),
      files: z.array(chartFile).nullish(),
      values: z.record(z.string(), z.unknown()).nullish(),
      schema: text,
    })
    .nullish(),
  config: z.record(z.string(), z.unknown()).nullish(),
  manifest: text,
  hooks: storedHooks,
})
export type StoredRelease = z.infer<typeof release>

/**
 * Reads a release from `data.release` of its Secret: base64 of the Secret, base64 of Helm, gzip, JSON. Releases of before
 * Helm 3 compressed them are JSON without gzip.
 * @throws Error for the user when it is none
 */
export async function decodeRelease(data: string): Promise<StoredRelease> {
  const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64')
  const isZipped = packed[0] === 0x1f && packed[1] === 0x8b && packed[2] === 0x08
  const parsed = await readJson(isZipped, packed)
  const { success, data: found } = release.safeParse(parsed)
  if (!success) throw new Error('the Secret holds no release of Helm 3 or 4')
  return found
}

async function readJson(isZipped: boolean, packed: Buffer): Promise<unknown> {
  try {
    const json = isZipped ? await promisify(gunzip)(packed, { maxOutputLength: mostBytes }) : packed
    return JSON.parse(json.toString('utf8')) as unknown
  } catch (error) {
    throw new Error('the Secret holds no release that can be read', { cause: error })
  }
}

/** The reverse of `decodeRelease`. */
export async function encodeRelease(stored: object): Promise<string> {
  const packed = await promisify(gzip)(Buffer.from(JSON.stringify(stored)))
  return Buffer.from(packed.toString('base64'), 'latin1').toString('base64')
}

/** What the labels of a Secret say of its release; undefined where it is none. */
export function releaseLabels(labels: Readonly<Record<string, string>> | undefined): ReleaseLabels | undefined {
  const { owner, name, version, status } = labels ?? {}
  const revision = Number(version)
  if (owner !== 'helm' || name === undefined || !Number.isInteger(revision)) return undefined
  return { name, revision, status: status ?? 'unknown' }
}

/** `sh.helm.release.v1.web.v3` */
export const releaseSecretName = (name: string, revision: number): string => `sh.helm.release.v1.${name}.v${revision}`
