import { readFile } from 'node:fs/promises'
import { createAuthority, issueCertificate } from '#main/cluster/apiserver/auth/certificates.ts'
import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'
import { uniqueName } from './server.ts'
import { testServer } from './workloads.ts'

/** A small server in a pod, reached by a Service: what webhooks and aggregated API servers are to Kubernetes. */
export interface PodServer {
  namespace: string
  service: string
  port: number
  /** PEM of the authority that its certificate comes from, base64, as `caBundle` has it. */
  caBundle: string
  /** Deletes its namespace and waits until it is gone. */
  remove(): Promise<void>
}

/** Starts test-server.mjs in a pod of a namespace of its own; resolves when its Service reaches it. */
export async function startPodServer(api: Api, mode: 'webhooks' | 'extension'): Promise<PodServer> {
  const namespace = uniqueName(`conformance-${mode}`)
  const service = 'test-server'
  const root = `/api/v1/namespaces/${namespace}`
  await api.create('/api/v1/namespaces', { metadata: { name: namespace } })
  const { ca, cert, key } = await certificateFor(`${service}.${namespace}.svc`)
  await api.create(`${root}/secrets`, {
    metadata: { name: 'tls' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': cert, 'tls.key': key },
  })
  await api.create(`${root}/services`, {
    metadata: { name: service },
    spec: { selector: { app: service }, ports: [{ port: 443, targetPort: 8443 }] },
  })
  if (mode === 'extension') await mayAskTheServer(api, namespace)
  await api.create(`${root}/pods`, serving(await programPod(api, root, { name: service, mode })))
  const pod = `${root}/pods/${service}`
  await eventually(`the test server in ${namespace} is ready`, async () => {
    const { status } = await api.get(pod)
    return (status.conditions ?? []).some(
      ({ type, status }: { type: string; status: string }) => type === 'Ready' && status === 'True',
    )
  })
  await eventually('its Service has an endpoint', async () => {
    const { subsets } = await api.get(`${root}/endpoints/${service}`)
    return (subsets?.[0]?.addresses ?? []).length > 0
  })
  return {
    namespace,
    service,
    port: 443,
    caBundle: Buffer.from(ca).toString('base64'),
    async remove() {
      const rbac = '/apis/rbac.authorization.k8s.io/v1'
      await api.ask('DELETE', `${rbac}/clusterrolebindings/${namespace}`)
      await api.ask('DELETE', `${rbac}/namespaces/kube-system/rolebindings/${namespace}`)
      await api.delete(root)
      await eventually(`${namespace} is gone`, async () => (await api.ask('GET', root)).status === 404)
    },
  }
}

/** A pod that runs test-server.mjs. */
export async function programPod(
  api: Api,
  root: string,
  { name, mode }: { name: string; mode: string },
): Promise<Wire> {
  const { container, volumes } = await programContainer(api, root, mode)
  return {
    metadata: { name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ ...container, name: 'server' }], volumes },
  }
}

/** A container that runs test-server.mjs, which a ConfigMap of the namespace brings, and the volumes that it needs. */
export async function programContainer(
  api: Api,
  root: string,
  mode: string,
): Promise<{ container: Wire; volumes: object[] }> {
  const code = await readFile(new URL('test-server.mjs', import.meta.url), 'utf8')
  const name = uniqueName('code')
  await api.create(`${root}/configmaps`, { metadata: { name }, data: { 'test-server.mjs': code } })
  return {
    container: {
      name: 'main',
      image: testServer,
      command: ['node', '/srv/code/test-server.mjs', mode],
      volumeMounts: [{ name: 'code', mountPath: '/srv/code' }],
    },
    volumes: [{ name: 'code', configMap: { name } }],
  }
}

/** With its certificate, a port, and a probe that tells when it answers. */
function serving(pod: Wire): Wire {
  const [container] = pod.spec.containers
  container.ports = [{ containerPort: 8443 }]
  container.readinessProbe = { httpGet: { scheme: 'HTTPS', port: 8443, path: '/healthz' }, periodSeconds: 1 }
  container.volumeMounts.push({ name: 'tls', mountPath: '/srv/tls' })
  pod.spec.volumes.push({ name: 'tls', secret: { secretName: 'tls' } })
  return pod
}

/** A certificate of an authority of its own, as PEM. */
export async function certificateFor(host: string): Promise<{ ca: string; cert: string; key: string }> {
  const now = Date.now()
  const validity = { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + 86_400_000) }
  const authority = await createAuthority('conformance', validity)
  const { cert, key } = await issueCertificate(authority, { name: host, hosts: [host], usages: ['server'] }, validity)
  return { ca: authority.cert, cert, key }
}

/** What an extension server needs: to read the front proxy's authority, and to ask who may do what. */
async function mayAskTheServer(api: Api, namespace: string): Promise<void> {
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace }]
  const roleRef = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await api.create(`${rbac}/clusterrolebindings`, {
    metadata: { name: namespace },
    subjects,
    roleRef: roleRef('ClusterRole', 'system:auth-delegator'),
  })
  await api.create(`${rbac}/namespaces/kube-system/rolebindings`, {
    metadata: { name: namespace },
    subjects,
    roleRef: roleRef('Role', 'extension-apiserver-authentication-reader'),
  })
}
