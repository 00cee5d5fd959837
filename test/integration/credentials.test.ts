import 'reflect-metadata'
import { KubeConfig } from '@kubernetes/client-node'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApi, type Api, type Wire } from '../conformance/support/api.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let api: Api
let config: KubeConfig
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  config = new KubeConfig()
  config.loadFromString(cluster.plane.kubeconfig())
  api = createApi(config)
})
afterAll(() => cluster?.stop())

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

async function ask(name: string, subject: string, signer: string, as = api): Promise<{ key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: algorithm })
  await as.create(requests, {
    metadata: { name },
    spec: {
      request: Buffer.from(made.toString('pem')).toString('base64'),
      signerName: `kubernetes.io/${signer}`,
      usages: ['digital signature', 'client auth'],
    },
  })
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { key: `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n` }
}

/** The base64 of what the signer made. */
async function issued(name: string): Promise<string> {
  const watching = await api.watch(requests, { fieldSelector: `metadata.name=${name}` })
  return (await watching.until(({ object }) => object.status.certificate)).object.status.certificate
}

it('makes a user by a certificate that kubectl approves', async () => {
  const { key } = await ask('jane', 'CN=jane,O=dev', 'kube-apiserver-client')
  expect(await cluster.kubectl.ok('get', 'csr', 'jane')).toMatch(/kubernetes-admin\s+\S*\s*Pending/)
  await cluster.kubectl.ok('certificate', 'approve', 'jane')
  const certData = await issued('jane')
  const server = config.getCurrentCluster()
  const own = new KubeConfig()
  own.loadFromClusterAndUser(server as Wire, {
    name: 'jane',
    certData,
    keyData: Buffer.from(key).toString('base64'),
  })
  const review = await createApi(own).create('/apis/authentication.k8s.io/v1/selfsubjectreviews', {})
  expect(review.status.userInfo).toMatchObject({ username: 'jane', groups: ['dev', 'system:authenticated'] })
})

it('lets a node renew its own certificate, and nobody make a master', async () => {
  const node = api.as({ impersonate: 'system:node:w1', groups: ['system:nodes', 'system:authenticated'] })
  await ask('renewal', 'O=system:nodes,CN=system:node:w1', 'kube-apiserver-client-kubelet', node)
  expect(await issued('renewal')).toBeTruthy()
  await expect(ask('master', 'O=system:masters,CN=root', 'kube-apiserver-client')).rejects.toMatchObject({ code: 403 })
})

it('refuses approval to who may not approve for the signer', async () => {
  await ask('wish', 'CN=jane', 'kube-apiserver-client')
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'half-approver' },
    rules: [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
        verbs: ['get', 'update'],
      },
    ],
  })
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'half-approver' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'half-approver' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
  })
  const bob = api.as({ impersonate: 'bob' })
  const approve = (): Promise<Wire> =>
    bob.change(`${requests}/wish/approval`, (object) => {
      object.status.conditions = [{ type: 'Approved', status: 'True', reason: 'Test' }]
    })
  await expect(approve()).rejects.toMatchObject({ code: 403 })
})

it('fills the token of a Secret, which is the account until the account goes', async () => {
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'ci' } })
  const path = '/api/v1/namespaces/default/secrets'
  const watching = await api.watch(path, { fieldSelector: 'metadata.name=ci-token' })
  await api.create(path, {
    metadata: { name: 'ci-token', annotations: { 'kubernetes.io/service-account.name': 'ci' } },
    type: 'kubernetes.io/service-account-token',
  })
  const { object } = await watching.until((event) => event.object.data?.token)
  const account = api.as({ token: Buffer.from(object.data.token, 'base64').toString() })
  const whoAmI = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const { status } = await account.create(whoAmI, {})
  expect(status.userInfo.username).toBe('system:serviceaccount:default:ci')
  await api.delete('/api/v1/namespaces/default/serviceaccounts/ci')
  await watching.until(({ type }) => type === 'DELETED')
  await expect(account.create(whoAmI, {})).rejects.toMatchObject({ code: 401 })
})

it('has logged nothing worse than notices', () => {
  expect(cluster.complaints).toEqual([])
})
