import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { setCondition } from '#shared/kube/conditions.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { certificateSigningRequests, subjectAccessReviews } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { defined } from '#shared/kube/json.ts'

export interface CertificatesOptions {
  requests: CertificateRequests
}

/** The part of the cluster's authority that signs certificates for others; all PEM. */
export interface CertificateRequests {
  /** @throws Error for anything but a certificate request that is signed by its own key */
  read(request: string): Promise<RequestedCertificate>
  sign(request: string, order: { usages: readonly string[]; notBefore: Date; notAfter: Date }): Promise<string>
}

export interface RequestedCertificate {
  name: string
  organizations: string[]
  dnsNames: string[]
  ipAddresses: string[]
  emailAddresses: string[]
  uris: string[]
}

/**
 * Approves kubelets' requests for their own certificates, signs approved requests of Kubernetes' built-in signers, and
 * deletes stale requests.
 */
export function startCertificates(context: ControllerContext, { requests }: CertificatesOptions): Stop {
  const { client, clock } = context
  const informer = context.informers.share(certificateSigningRequests)

  async function reconcile(key: string): Promise<Outcome> {
    const request = informer.get(key)
    if (!request || request.metadata.deletionTimestamp) return undefined
    const remaining = deadlineOf(request) - clock.now()
    if (remaining <= 0) {
      await remove(request)
      return undefined
    }
    const written = (await approve(request)) ?? (await sign(request))
    if (written) await informer.caughtUp(written)
    return remaining < Infinity ? { requeueAfter: remaining } : undefined
  }

  /** Whether RBAC lets a kubelet's request for its own certificate be approved automatically. */
  async function approve(
    request: Stored<CertificateSigningRequest>,
  ): Promise<Stored<CertificateSigningRequest> | undefined> {
    const { spec } = request
    if (has(request, 'Approved') || has(request, 'Denied') || spec.signerName !== kubeletClient) return undefined
    const wanted = await requests.read(pemOf(request)).catch(() => undefined)
    if (!wanted || problemOf(kubeletClient, spec.usages ?? [], wanted)) return undefined
    const subresource =
      wanted.name === spec.username && (await allows(request, 'selfnodeclient')) ? 'selfnodeclient' : 'nodeclient'
    if (subresource === 'nodeclient' && !(await allows(request, subresource))) return undefined
    const what = subresource === 'selfnodeclient' ? 'self kubelet client certificate' : 'kubelet client certificate'
    const message = `Auto approving ${what} after SubjectAccessReview.`
    const approved = withCondition(request, 'Approved', 'AutoApproved', message)
    return client.update(certificateSigningRequests, approved, { subresource: 'approval' })
  }

  async function allows({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username, groups, uid, extra } = spec
    const review = await client.create(subjectAccessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: defined({
        user: username,
        groups,
        uid,
        extra,
        resourceAttributes: {
          group: 'certificates.k8s.io',
          version: '*',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource,
        },
      }),
    })
    return review.status?.allowed === true
  }

  async function sign(
    request: Stored<CertificateSigningRequest>,
  ): Promise<Stored<CertificateSigningRequest> | undefined> {
    const { spec, status } = request
    if (!has(request, 'Approved') || has(request, 'Denied') || has(request, 'Failed') || status?.certificate)
      return undefined
    if (!signers.has(spec.signerName)) return undefined
    const problem = await problemWith(request)
    if (problem)
      return client.updateStatus(
        certificateSigningRequests,
        withCondition(request, 'Failed', 'SignerValidationFailure', problem),
      )
    const now = clock.now()
    const seconds = Math.max(Math.min(spec.expirationSeconds ?? longest, longest), shortest)
    const certificate = await requests.sign(pemOf(request), {
      usages: spec.usages ?? [],
      notBefore: new Date(now - backdate),
      notAfter: new Date(now - (spec.expirationSeconds === undefined ? backdate : 0) + seconds * 1000),
    })
    return client.updateStatus(certificateSigningRequests, {
      ...request,
      status: { ...status, certificate: Buffer.from(certificate).toString('base64') },
    })
  }

  async function problemWith(request: CertificateSigningRequest): Promise<string | undefined> {
    const { signerName, usages = [] } = request.spec
    try {
      return problemOf(signerName, usages, await requests.read(pemOf(request)))
    } catch (error) {
      return `unable to parse csr "${request.metadata.name}": ${messageOf(error)}`
    }
  }

  const withCondition = (
    request: Stored<CertificateSigningRequest>,
    type: string,
    reason: string,
    message: string,
  ): Stored<CertificateSigningRequest> => {
    const now = timestamp(clock.now())
    const update = { type, status: 'True', reason, message, lastUpdateTime: now }
    const conditions = setCondition(request.status?.conditions, update, now)
    return { ...request, status: { ...request.status, conditions } }
  }

  async function remove({ metadata }: Stored<CertificateSigningRequest>): Promise<void> {
    const { uid, resourceVersion } = metadata
    try {
      await client.delete(
        certificateSigningRequests,
        { name: metadata.name },
        { preconditions: { uid, resourceVersion } },
      )
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  const controller = runController({
    ...context,
    name: 'certificates',
    reconcile,
    shares: [informer],
    watches: [watch(informer, ({ metadata }) => metadata.name)],
  })

  return () => controller.stop()
}

const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet'
const kubeletServing = 'kubernetes.io/kubelet-serving'
const apiServerClient = 'kubernetes.io/kube-apiserver-client'
const signers = new Set([apiServerClient, kubeletClient, kubeletServing, 'kubernetes.io/legacy-unknown'])

/** Longest and shortest validity, in seconds: a year, and ten minutes. */
const longest = 365 * 24 * 3600
const shortest = 600
/** How far certificates are backdated, ms: clocks of clients may be behind. */
const backdate = 5 * 60_000

const hour = 3_600_000

/** When a request is stale, ms: an hour after it was decided, a day after its creation where nobody decided. */
function deadlineOf(request: CertificateSigningRequest): number {
  const { status, metadata } = request
  const decided = (type: string): number => {
    const condition = status?.conditions?.find((each) => each.type === type)
    const at = condition?.lastUpdateTime ?? condition?.lastTransitionTime
    return condition ? Date.parse(at ?? metadata.creationTimestamp ?? '') : Infinity
  }
  const settled = Math.min(
    decided('Denied'),
    decided('Failed'),
    // An approved request without a certificate still waits for its signer.
    status?.certificate ? decided('Approved') : Infinity,
  )
  if (settled < Infinity) return settled + hour
  return (status?.conditions ?? []).length === 0 ? Date.parse(metadata.creationTimestamp ?? '') + 24 * hour : Infinity
}

const has = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type) ?? false

const pemOf = ({ spec }: CertificateSigningRequest): string => Buffer.from(spec.request, 'base64').toString()

/** Why a built-in signer refuses the request; undefined where it signs it. */
function problemOf(signer: string, usages: readonly string[], wanted: RequestedCertificate): string | undefined {
  if (signer === apiServerClient) {
    const known = ['digital signature', 'key encipherment', 'client auth']
    return usages.includes('client auth') && usages.every((usage) => known.includes(usage))
      ? undefined
      : `invalid usages for client certificate: [${usages.join(' ')}]`
  }
  if (signer !== kubeletClient && signer !== kubeletServing) return undefined
  const { organizations, name, dnsNames, ipAddresses, emailAddresses, uris } = wanted
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes')
    return 'subject organization is not system:nodes'
  if (!name.startsWith('system:node:')) return 'subject common name does not begin with system:node: '
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (uris.length > 0) return 'URI subjectAltNames are not allowed'
  const purpose = signer === kubeletClient ? 'client auth' : 'server auth'
  if (signer === kubeletClient) {
    if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
    if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  } else if (dnsNames.length === 0 && ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  const rest = usages.filter((usage) => usage !== 'key encipherment')
  return rest.length === 2 && rest.includes('digital signature') && rest.includes(purpose)
    ? undefined
    : `usages did not match [key encipherment digital signature ${purpose}] or [digital signature ${purpose}]`
}
