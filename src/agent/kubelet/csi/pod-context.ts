import type { CSIDriver, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'

/** Requests a token of the pod's service account. */
export type IssueToken = (
  audience: string,
  expirationSeconds: number,
) => Promise<{ token: string; expirationTimestamp: string }>

const tokensKey = 'csi.storage.k8s.io/serviceAccount.tokens'

/**
 * What a driver is told about the pod, as far as its CSIDriver asks for it: who it is (`podInfoOnMount`) and tokens of its
 * service account (`tokenRequests`), in the context or, with `serviceAccountTokenInSecrets`, among the secrets.
 */
export async function podContext({
  pod,
  driver,
  isInline,
  issueToken,
}: {
  pod: Stored<Pod>
  driver: CSIDriver | undefined
  isInline: boolean
  issueToken: IssueToken
}): Promise<{ volumeContext: Record<string, string>; secrets: Record<string, string> }> {
  const { podInfoOnMount, tokenRequests = [], serviceAccountTokenInSecrets } = driver?.spec ?? {}
  const { name, namespace, uid } = pod.metadata
  const info: Record<string, string> = podInfoOnMount
    ? {
        'csi.storage.k8s.io/pod.name': name,
        'csi.storage.k8s.io/pod.namespace': namespace ?? '',
        'csi.storage.k8s.io/pod.uid': uid,
        'csi.storage.k8s.io/serviceAccount.name': pod.spec?.serviceAccountName ?? '',
        'csi.storage.k8s.io/ephemeral': String(isInline),
      }
    : {}
  if (tokenRequests.length === 0) return { volumeContext: info, secrets: {} }
  const tokens = await Promise.all(
    tokenRequests.map(async ({ audience, expirationSeconds }) => [
      audience,
      await issueToken(audience, expirationSeconds ?? 3_600),
    ]),
  )
  const text = { [tokensKey]: JSON.stringify(Object.fromEntries(tokens)) }
  return serviceAccountTokenInSecrets
    ? { volumeContext: info, secrets: text }
    : { volumeContext: { ...info, ...text }, secrets: {} }
}
