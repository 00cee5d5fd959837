import type { WindowsSecurityContextOptions } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { subdomainProblems } from '#shared/kube/validation-names.ts'
import { addInvalid } from './fields.ts'
import type { Wire } from '../api/wire.ts'

/** Validates what a pod or container asks of Windows: the names of its user and of its service account. */
export function checkWindowsOptions(
  options: Wire<WindowsSecurityContextOptions> | undefined,
  field: string,
  errors: FieldError[],
): void {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options ?? {}
  if (name !== undefined) addInvalid(subdomainProblems(name), name, `${field}.gmsaCredentialSpecName`, errors)
  if (spec !== undefined) addInvalid(credentialProblems(spec), spec, `${field}.gmsaCredentialSpec`, errors)
  if (user !== undefined) addInvalid(userProblems(user), user, `${field}.runAsUserName`, errors)
}

const longestCredentialSpec = 64 * 1024

function credentialProblems(spec: string): string[] {
  if (spec === '') return ['gmsaCredentialSpec cannot be an empty string']
  return spec.length > longestCredentialSpec ? ['gmsaCredentialSpec size must be under 64 KiB'] : []
}

const longestDomain = 256
const longestUser = 104
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const dnsDomain = /^[A-Za-z0-9]+(?:[.-]?[A-Za-z0-9]+)*$/

/** `DOMAIN\USER`, the domain optional. */
function userProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string']
  if (/[\u0000-\u001f\u007f]/.test(name)) return ['runAsUserName cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const [user = '', domain] = parts.toReversed()
  const problems: string[] = []
  if (domain !== undefined && domain.length >= longestDomain)
    problems.push(`runAsUserName's Domain length must be under ${longestDomain} characters`)
  if (domain !== undefined && !netBios.test(domain) && !dnsDomain.test(domain))
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  if (user === '') problems.push("runAsUserName's User cannot be empty")
  else if (user.length > longestUser)
    problems.push(`runAsUserName's User length must not be longer than ${longestUser} characters`)
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`)
  return problems
}
