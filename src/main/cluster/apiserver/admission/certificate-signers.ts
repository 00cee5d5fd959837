import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Authorizer } from '../api/access.ts'
import { readCertificateRequest } from '../auth/certificate-requests.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

const group = 'certificates.k8s.io'

/** CertificateApproval: approving or denying a request needs the verb `approve` for its signer. */
export const certificateApproval = ({ rbac }: { rbac: Authorizer }): AdmissionPlugin => ({
  name: 'CertificateApproval',
  async validate(attributes) {
    if (!concerns(attributes, 'UPDATE', 'approval')) return
    const { signerName } = (attributes.oldObject as CertificateSigningRequest).spec
    if (!(await mayUse(rbac, attributes, 'approve', signerName)))
      throw refusal(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`)
  },
})

/** CertificateSigning: issuing or failing a certificate needs the verb `sign` for its signer. */
export const certificateSigning = ({ rbac }: { rbac: Authorizer }): AdmissionPlugin => ({
  name: 'CertificateSigning',
  async validate(attributes) {
    if (!concerns(attributes, 'UPDATE', 'status')) return
    const next = attributes.object as CertificateSigningRequest
    const previous = attributes.oldObject as CertificateSigningRequest
    const isSame =
      next.status?.certificate === previous.status?.certificate &&
      jsonEqual(next.status?.conditions, previous.status?.conditions)
    const { signerName } = previous.spec
    if (!isSame && !(await mayUse(rbac, attributes, 'sign', signerName)))
      throw refusal(attributes, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`)
  },
})

/** CertificateSubjectRestriction: no certificate for the group system:masters. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  async validate(attributes) {
    if (!concerns(attributes, 'CREATE', '')) return
    const { signerName, request } = (attributes.object as CertificateSigningRequest).spec
    if (signerName !== 'kubernetes.io/kube-apiserver-client') return
    const wanted = await readCertificateRequest(Buffer.from(request, 'base64').toString()).catch(() => undefined)
    if (wanted?.organizations.includes('system:masters'))
      throw refusal(attributes, `use of ${signerName} signer with system:masters group is not allowed`)
  },
}

const concerns = (
  { kind, operation, subresource }: AdmissionAttributes,
  wanted: AdmissionAttributes['operation'],
  part: string,
): boolean =>
  kind.group === group && kind.plural === 'certificatesigningrequests' && operation === wanted && subresource === part

/** Granted for the signer by name, or for all signers of its domain. */
async function mayUse(
  authorizer: Authorizer,
  { user }: AdmissionAttributes,
  verb: string,
  signerName: string,
): Promise<boolean> {
  const domain = signerName.slice(0, signerName.indexOf('/'))
  for (const name of [signerName, `${domain}/*`]) {
    const { allowed } = await authorizer.authorize({
      user,
      resourceRequest: true,
      verb,
      group,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
    })
    if (allowed) return true
  }
  return false
}
