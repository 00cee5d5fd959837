import type { Secret } from '#shared/kube/generated/types.ts'
import { secrets } from '#shared/kube/resources.ts'
import { credentialsFor, parseDockerConfig, type DockerConfigEntry } from '#shared/kube/registry-credentials.ts'
import type { PullCredential } from '../pull-records.ts'
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
): Promise<PullCredential[]> {
  const pod = current()
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []))
  const missing: string[] = []
  const found: PullCredential[] = []
  for (const name of names) {
    try {
      const secret = await client.get<Secret>(secrets, { namespace: podRef(pod).namespace, name })
      const { namespace, uid } = secret.metadata
      for (const auth of credentialsFor(image, entriesOf(secret)))
        found.push({ auth, secret: `${namespace}/${name}/${uid}` })
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
  return found
}

function entriesOf({ type = '', data }: Secret): Map<string, DockerConfigEntry> {
  const text = data?.[fields[type] ?? '']
  return text === undefined
    ? new Map<string, DockerConfigEntry>()
    : parseDockerConfig(Buffer.from(text, 'base64').toString('utf8'))
}
