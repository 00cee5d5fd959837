import type { Secret } from '#shared/kube/generated/types.ts'
import { secrets } from '#shared/kube/resources.ts'
import {
  credentialsFor,
  parseDockerConfig,
  type DockerConfigEntry,
  type RegistryAuth,
} from '../registry-credentials.ts'
import { podRef, type PodScope } from './scope.ts'

/** Where each type of Secret has its Docker configuration. */
const fields: Record<string, string> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
}

/**
 * The credentials of a pod's imagePullSecrets that apply to an image. Secrets that are missing or hold none are told in an
 * event: the image may be public.
 */
export async function pullCredentials(
  { client, recorder, pod: current }: Pick<PodScope, 'client' | 'recorder' | 'pod'>,
  image: string,
): Promise<RegistryAuth[]> {
  const pod = current()
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []))
  const missing: string[] = []
  const entries: (readonly [string, DockerConfigEntry])[] = []
  for (const name of names) {
    try {
      const secret = await client.get<Secret>(secrets, { namespace: podRef(pod).namespace, name })
      entries.push(...entriesOf(secret))
    } catch {
      missing.push(name)
    }
  }
  if (missing.length > 0)
    recorder.event(
      pod,
      'Warning',
      'FailedToRetrieveImagePullSecret',
      `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`,
    )
  return credentialsFor(image, entries)
}

function entriesOf({ type = '', data }: Secret): Map<string, DockerConfigEntry> {
  const text = data?.[fields[type] ?? '']
  return text === undefined
    ? new Map<string, DockerConfigEntry>()
    : parseDockerConfig(Buffer.from(text, 'base64').toString('utf8'))
}
