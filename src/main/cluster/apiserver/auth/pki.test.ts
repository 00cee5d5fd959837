import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { systemClock, type Clock } from '#shared/base/clock.ts'
import { kubeconfigText, writeKubeconfig } from './kubeconfig.ts'
import { createPki } from './pki.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-pki-'))
})
afterEach(() => rm(dir, { recursive: true }))

const day = 24 * 3_600_000
const later = (days: number): Clock => ({ ...systemClock, now: () => Date.now() + days * day })

describe('the cluster authority', () => {
  it('stores its keys with mode 0600', async () => {
    const pki = join(dir, 'pki')
    await createPki({ dir: pki, clock: systemClock })
    expect((await stat(pki)).mode & 0o777).toBe(0o700)
    for (const file of await readdir(pki)) expect((await stat(join(pki, file))).mode & 0o777, file).toBe(0o600)
  })

  it('issues certificates with the subjects that Kubernetes expects', async () => {
    const pki = await createPki({ dir, clock: systemClock })
    const { client } = await pki.issueNode('worker-1')
    expect(new X509Certificate(pki.admin.cert).subject).toBe('O=system:masters\nCN=kubernetes-admin')
    expect(new X509Certificate(pki.tunnel.host.cert).subject).toBe('CN=slipway-host')
    expect(new X509Certificate(client.cert).subject).toBe('O=system:nodes\nCN=system:node:worker-1')
  })

  it('names every address of the API server in its certificate', async () => {
    const pki = await createPki({ dir, clock: systemClock })
    const certificate = new X509Certificate(pki.apiServer.cert)
    for (const host of ['kubernetes', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost'])
      expect(certificate.checkHost(host), host).toBe(host)
    for (const address of ['127.0.0.1', '10.96.0.1']) expect(certificate.checkIP(address), address).toBe(address)
  })

  it("issues a kubelet's serving certificate for its name and address, by the cluster's authority", async () => {
    const pki = await createPki({ dir, clock: systemClock })
    const certificate = new X509Certificate((await pki.issueKubelet('worker-1', '172.18.0.2')).cert)
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:worker-1')
    expect(certificate.subjectAltName).toBe('DNS:worker-1, IP Address:172.18.0.2')
    expect(certificate.verify(new X509Certificate(pki.ca).publicKey)).toBe(true)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  it('authenticates worker and host to each other over mutual TLS', async () => {
    const pki = await createPki({ dir, clock: systemClock })
    const { server } = await pki.issueNode('worker-1')
    const listener = createServer({ ...server, ca: pki.tunnel.ca, requestCert: true, rejectUnauthorized: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>
    const { port } = listener.address() as AddressInfo
    const socket = connect({ port, ...pki.tunnel.host, ca: pki.tunnel.ca, servername: 'worker-1' })
    await once(socket, 'secureConnect')
    const [peer] = await accepted
    expect(peer.getPeerCertificate().subject.CN).toBe('slipway-host')
    socket.destroy()
    peer.destroy()
    listener.close()
  })

  it('is the same after a restart', async () => {
    const first = await createPki({ dir, clock: systemClock })
    const second = await createPki({ dir, clock: systemClock })
    const kept = { issueNode: undefined, issueKubelet: undefined, issueServing: undefined, requests: undefined }
    expect({ ...second, ...kept }).toEqual({ ...first, ...kept })
  })

  it('renews certificates before they expire, under the same authority', async () => {
    const first = await createPki({ dir, clock: systemClock })
    const second = await createPki({ dir, clock: later(330) })
    expect(second.ca).toBe(first.ca)
    expect(second.admin.cert).not.toBe(first.admin.cert)
    expect(second.serviceAccounts).toEqual(first.serviceAccounts)
    expect(new X509Certificate(second.admin.cert).verify(new X509Certificate(first.ca).publicKey)).toBe(true)
  })

  it('opens a folder written before tunnels had their own authority', async () => {
    const first = await createPki({ dir, clock: systemClock })
    await rm(join(dir, 'tunnel-ca.pem'))
    // The old layout: signed by the cluster's authority.
    await writeFile(join(dir, 'host.pem'), first.admin.cert + first.admin.key)
    const second = await createPki({ dir, clock: systemClock })
    expect(second.ca).toBe(first.ca)
    const tunnelCa = new X509Certificate(second.tunnel.ca)
    expect(new X509Certificate(second.tunnel.host.cert).verify(tunnelCa.publicKey)).toBe(true)
    expect(second.tunnel.host.cert).not.toContain(first.admin.cert)
  })

  it('reissues certificates that are damaged or signed by another authority', async () => {
    const first = await createPki({ dir, clock: systemClock })
    await rm(join(dir, 'ca.pem'))
    await rm(join(dir, 'tunnel-ca.pem'))
    await writeFile(join(dir, 'host.pem'), 'rubbish')
    const second = await createPki({ dir, clock: systemClock })
    const ca = new X509Certificate(second.ca)
    for (const { cert } of [second.admin, second.apiServer])
      expect(new X509Certificate(cert).verify(ca.publicKey)).toBe(true)
    const tunnelCa = new X509Certificate(second.tunnel.ca)
    expect(new X509Certificate(second.tunnel.host.cert).verify(tunnelCa.publicKey)).toBe(true)
    expect(second.ca).not.toBe(first.ca)
  })
})

describe('the kubeconfig', () => {
  const options = { name: 'dev', server: 'https://127.0.0.1:1234', ca: 'CA', credentials: { cert: 'CERT', key: 'KEY' } }

  it('has one context, the current one', () => {
    const config = parse(kubeconfigText(options)) as Record<string, unknown>
    expect(config['current-context']).toBe('dev')
    expect(config.contexts).toEqual([{ name: 'dev', context: { cluster: 'dev', user: 'dev-admin' } }])
    expect(config.clusters).toEqual([
      {
        name: 'dev',
        cluster: { server: options.server, 'certificate-authority-data': Buffer.from('CA').toString('base64') },
      },
    ])
  })

  it('replaces the whole file, with mode 0600', async () => {
    const file = join(dir, 'config')
    await writeFile(file, 'older: and-longer\n'.repeat(1000), { mode: 0o644 })
    await writeKubeconfig(file, options)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toBe(kubeconfigText(options))
    expect(await readdir(dir)).toEqual(['config'])
  })
})
