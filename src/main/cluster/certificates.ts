import { X509Certificate } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterCertificate } from '#shared/contract/care.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import type { Secret } from '#shared/kube/generated/types.ts'
import type { KeyFiles } from '#main/keys/key-files.ts'
import type { Contents } from './store/store.ts'

/** Files of the cluster's keys that are certificates: authorities, and what they have issued. Other keys are of no time. */
const authorities = ['ca.pem', 'front-proxy-ca.pem', 'tunnel-ca.pem']
const issued = ['apiserver.pem', 'admin.pem', 'host.pem', 'front-proxy-client.pem']

/**
 * The certificates of a cluster, those that end first at first: its own, its workers', and those in Secrets of type
 * `kubernetes.io/tls`, where it runs.
 */
export async function certificatesOf({
  dir,
  keys,
  running,
}: {
  dir: string
  keys: KeyFiles
  running?: { objects(): Contents; workerCertificates(): ReadonlyMap<string, string> } | undefined
}): Promise<ClusterCertificate[]> {
  const files = await readdir(join(dir, 'pki')).catch((): string[] => [])
  const own = await Promise.all(
    files
      .filter((file) => authorities.includes(file) || issued.includes(file))
      .map(async (file) => {
        const kind = authorities.includes(file) ? 'authority' : 'own'
        return describe(file.replace('.pem', ''), kind, (await keys.read(join(dir, 'pki', file)))?.toString())
      }),
  )
  const workers = [...(running?.workerCertificates() ?? [])].map(([name, pem]) => describe(name, 'worker', pem))
  return [...own, ...workers, ...(running ? secretsOf(running.objects()) : [])]
    .filter((each) => each !== undefined)
    .sort((a, b) => a.expires - b.expires || a.name.localeCompare(b.name))
}

/** Removes them, so that they are issued anew when the cluster starts. */
export async function discardCertificates({ dir, all }: { dir: string; all: boolean }): Promise<void> {
  for (const file of [...issued, ...(all ? authorities : [])]) await rm(join(dir, 'pki', file), { force: true })
}

function secretsOf({ entries }: Contents): (ClusterCertificate | undefined)[] {
  return entries
    .filter(({ key }) => key.startsWith('/registry/core/secrets/'))
    .map(({ json }) => parseExact(Buffer.from(json).toString()) as Secret)
    .filter(({ type }) => type === 'kubernetes.io/tls')
    .map(({ metadata, data }) => {
      const pem = Buffer.from(data?.['tls.crt'] ?? '', 'base64').toString()
      return describe(`secret/${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`, 'secret', pem)
    })
}

/** The first certificate of the text; undefined where there is none that can be read. */
function describe(name: string, kind: ClusterCertificate['kind'], pem?: string): ClusterCertificate | undefined {
  const text = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(pem ?? '')?.[0]
  if (text === undefined) return undefined
  try {
    const { subject, validToDate } = new X509Certificate(text)
    return { name, kind, subject: subject.replaceAll('\n', ', '), expires: validToDate.getTime() }
  } catch {
    return undefined
  }
}
