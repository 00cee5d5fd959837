import { qualifiedNameProblems } from './validation-names.ts'

/** Whether a resource is one that nodes or drivers add: its name has a domain outside `kubernetes.io`. */
export const isExtendedResource = (name: string): boolean =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedNameProblems(`requests.${name}`).length === 0

const implicitPrefix = 'deviceclass.resource.kubernetes.io/'

/** The extended resource that every DeviceClass offers besides the one that it names. */
export const implicitResourceOf = (className: string): string => implicitPrefix + className

/** Whether the devices of a class may serve requests for the resource. */
export const isClassResource = (name: string): boolean => name.startsWith(implicitPrefix) || isExtendedResource(name)
