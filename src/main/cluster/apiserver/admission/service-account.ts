import { randomInt } from 'node:crypto'
import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '#shared/kube/generated/types.ts'
import { isMirrorPod } from '#shared/kube/pod.ts'
import { serviceAccounts } from '#shared/kube/resources.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'
import { referenceOf } from '../auth/pod-references.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const attempts = 20
const retryMs = 50

/** ServiceAccount: sets a pod's service account, which must exist, and mounts its token. */
export const serviceAccount = ({ clock }: { clock: Clock }): AdmissionPlugin => ({
  name: 'ServiceAccount',
  admit(attributes) {
    const { operation, kind, subresource, object } = attributes
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'pods' || subresource !== '') return
    const pod = object as Pod
    if (!pod.spec || isMirrorPod(pod)) return
    const name = pod.spec.serviceAccountName || 'default'
    pod.spec.serviceAccountName = name
    pod.spec.serviceAccount = name
    const account = find(attributes, name)
    if (account) equip(pod.spec, account)
    else return awaitAccount(attributes, clock, name, pod.spec)
  },
  // A mirror pod represents a static pod: it has no service account and refers to no objects of the cluster.
  validate(attributes) {
    const { operation, kind, subresource, object } = attributes
    if (operation !== 'CREATE' || kind.group !== '' || kind.plural !== 'pods' || subresource !== '') return
    const what = isMirrorPod(object as Pod) ? referenceOf(object as Pod) : undefined
    if (what !== undefined) throw refusal(attributes, `a mirror pod may not reference ${what}`)
  },
})

const find = ({ reader, namespace }: AdmissionAttributes, name: string): ServiceAccount | undefined =>
  reader.get(serviceAccounts, namespace, name)

/** Waits shortly for the default account, which a controller creates after the namespace. @throws ApiError 403 */
async function awaitAccount(attributes: AdmissionAttributes, clock: Clock, name: string, spec: PodSpec): Promise<void> {
  for (let attempt = 1; attempt < attempts && name === 'default'; attempt++) {
    await sleep(clock, retryMs)
    const account = find(attributes, name)
    if (account) {
      equip(spec, account)
      return
    }
  }
  throw refusal(
    attributes,
    `error looking up service account ${attributes.namespace}/${name}: serviceaccount "${name}" not found`,
  )
}

function equip(spec: PodSpec, account: ServiceAccount): void {
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec)
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
    spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }))
}

function mountToken(spec: PodSpec): void {
  const containers: Container[] = [...(spec.initContainers ?? []), ...spec.containers]
  const lacking = containers.filter(({ volumeMounts }) => !volumeMounts?.some((mount) => mount.mountPath === mountPath))
  if (lacking.length === 0) return
  const kept = spec.volumes?.find(({ name }) => name.startsWith('kube-api-access-'))
  const volume = kept ?? tokenVolume(`kube-api-access-${randomSuffix()}`)
  if (!kept) spec.volumes = [...(spec.volumes ?? []), volume]
  for (const container of lacking)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume.name, readOnly: true, mountPath }]
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      // 3607 seconds mark the automatically mounted token, as in Kubernetes.
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
})

/** Without vowels and characters that are easily confused (utilrand of Kubernetes). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const randomSuffix = (): string => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
