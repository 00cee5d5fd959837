import { qualifiedNameProblems } from './validation-names.ts'

/** Whether a resource is one that nodes or drivers add: its name has a domain outside `kubernetes.io`. */
export const isExtendedResource = (name: string): boolean =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedNameProblems(`requests.${name}`).length === 0
