import type { Client } from '#shared/client/client.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { pods } from '#shared/kube/resources.ts'
import { ApiError } from '#shared/kube/status.ts'

/** Where the pods of node shells are made, as kubectl does without another namespace. */
export const nodeShellNamespace = 'default'
export const nodeShellContainer = 'debugger'
/** After this the pod ends by itself, should the window that made it be gone, s. */
const longest = 12 * 3_600

/**
 * The pod that `kubectl debug node/NAME --profile=sysadmin` makes: in the node's own namespaces, privileged, with the
 * node's files at /host.
 */
export function nodeShellPod(node: string, name: string, image: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: nodeShellNamespace, labels: { 'app.kubernetes.io/managed-by': 'slipway' } },
    spec: {
      nodeName: node,
      hostIPC: true,
      hostNetwork: true,
      hostPID: true,
      restartPolicy: 'Never',
      activeDeadlineSeconds: longest,
      terminationGracePeriodSeconds: 1,
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: 'host-root', hostPath: { path: '/' } }],
      containers: [
        {
          name: nodeShellContainer,
          image,
          imagePullPolicy: 'IfNotPresent',
          stdin: true,
          tty: true,
          terminationMessagePolicy: 'File',
          securityContext: { privileged: true },
          volumeMounts: [{ name: 'host-root', mountPath: '/host' }],
        },
      ],
    },
  }
}

/** @throws ApiError; a pod that no longer exists counts as removed */
export const removeNodeShell = (client: Client, name: string): Promise<unknown> =>
  client.delete(pods, { namespace: nodeShellNamespace, name }, { gracePeriodSeconds: 0 }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 404) throw error
  })
