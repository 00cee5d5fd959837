import { errorOf } from '#shared/client/answer-error.ts'
import type { BuildDeployment } from '#shared/contract/builds.ts'
import type { KubeContext } from '../kube-context.ts'

/**
 * Runs an image: creates a Deployment, with a Service where it has a port, or gives it to a container of what is there and
 * restarts that.
 * @throws Error with the server's reason
 */
export async function deployImage(
  context: KubeContext,
  { image, deploy, now }: { image: string; deploy: BuildDeployment; now: Date },
  log: (line: string) => void,
): Promise<void> {
  if ('update' in deploy) {
    const { kind, namespace, name, container } = deploy.update
    const path = `${pathOf('apps/v1', plurals[kind], namespace)}/${encodeURIComponent(name)}`
    await send(context, {
      method: 'PATCH',
      path,
      contentType: 'application/strategic-merge-patch+json',
      // A tag that stays the same changes nothing by itself.
      body: JSON.stringify({
        spec: {
          template: {
            metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': now.toISOString() } },
            spec: { containers: [{ name: container, image }] },
          },
        },
      }),
    })
    log(`${kind} ${name} runs ${image}`)
    return
  }
  const { namespace, name, port } = deploy.create
  const create = (apiVersion: string, plural: string, object: object): Promise<void> =>
    send(context, { method: 'POST', path: pathOf(apiVersion, plural, namespace), body: JSON.stringify(object) })
  await create('apps/v1', 'deployments', deploymentOf(image, deploy.create))
  log(`Deployment ${name} is created`)
  if (port === undefined) return
  await create('v1', 'services', serviceOf({ name, port }))
  log(`Service ${name} is created`)
}

const plurals = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' }

const pathOf = (apiVersion: string, plural: string, namespace: string): string =>
  `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/${plural}`

interface Sent {
  method: 'POST' | 'PATCH'
  path: string
  body: string
  contentType?: string
}

async function send(context: KubeContext, { path, ...request }: Sent): Promise<void> {
  const { status, body } = await context.request({ ...request, path: `${path}?fieldManager=slipway` })
  if (status < 400) return
  throw errorOf(status, body)
}

const labelsOf = (name: string): Record<string, string> => ({ app: name })

function deploymentOf(
  image: string,
  { name, replicas, port }: { name: string; replicas: number; port?: number | undefined },
): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: labelsOf(name) },
    spec: {
      replicas,
      selector: { matchLabels: labelsOf(name) },
      template: {
        metadata: { labels: labelsOf(name) },
        spec: { containers: [{ name, image, ...(port === undefined ? {} : { ports: [{ containerPort: port }] }) }] },
      },
    },
  }
}

const serviceOf = ({ name, port }: { name: string; port: number }): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, labels: labelsOf(name) },
  spec: { selector: labelsOf(name), ports: [{ port, targetPort: port }] },
})
