/** What a request to the kubelet's port asks for, in the terms of a SubjectAccessReview on this node. */
export interface Access {
  /** Empty for a method that has no verb, which is allowed to nobody. */
  verb: string
  /** One of these must be allowed; the first is the narrowest. */
  subresources: readonly string[]
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Paths with a subresource of their own, beside which `proxy` allows them as well. */
const orProxy: Readonly<Record<string, string>> = {
  pods: 'pods',
  runningpods: 'pods',
  healthz: 'healthz',
  configz: 'configz',
  statusz: 'statusz',
}

/** Paths with a subresource of their own, which `proxy` does not include. */
const alone: Readonly<Record<string, string>> = {
  stats: 'stats',
  metrics: 'metrics',
  logs: 'log',
  checkpoint: 'checkpoint',
}

/** What runs a command in a pod or connects to one: `create`, also for WebSocket handshakes, which are GET. */
const commands = new Set(['exec', 'attach', 'portForward', 'run'])

/**
 * Kubernetes v1.36, pkg/kubelet/server/auth.go with KubeletFineGrainedAuthz: by the first part of the path; `proxy` for
 * everything that has no subresource. Other than there, `get` does not open a session in a pod.
 * @param path decoded, from the root
 */
export function accessOf(method: string, path: string): Access {
  const [, first = ''] = path.split('/')
  const own = (map: Readonly<Record<string, string>>): string | undefined =>
    Object.hasOwn(map, first) ? map[first] : undefined
  const single = own(alone)
  const narrow = own(orProxy)
  return {
    verb:
      method === 'GET' && commands.has(first) ? 'create' : Object.hasOwn(verbs, method) ? (verbs[method] ?? '') : '',
    subresources: single ? [single] : narrow ? [narrow, 'proxy'] : ['proxy'],
  }
}

/** The kubelet's text of a 403. */
export const forbiddenText = (user: string, { verb, subresources }: Access): string =>
  `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])`
