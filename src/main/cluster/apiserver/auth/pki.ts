import { randomBytes } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import {
  readCertificateRequest,
  signCertificateRequest,
  type RequestedCertificate,
  type SigningOptions,
} from './certificate-requests.ts'
import {
  coversHosts,
  createAuthority,
  createSigningKey,
  issueCertificate,
  isUsable,
  publicKeyOf,
  type Authority,
  type CertificateRequest,
  type Credentials,
  type Validity,
} from './certificates.ts'
import { keyFiles, type KeyFiles } from '#main/keys/key-files.ts'

/** The keys and certificates of one cluster; all PEM. */
export interface Pki {
  /** Certificate of the authority that signs all client and server certificates of the cluster. */
  readonly ca: string
  /** Serving certificate of the API server. */
  readonly apiServer: Credentials
  /** Client certificate of `kubernetes-admin`, group `system:masters`. */
  readonly admin: Credentials
  /**
   * For the tunnels between host and workers: their own authority, and the host's client certificate. The authority
   * signs nothing else, so that no certificate issued by the cluster is accepted on a tunnel.
   */
  readonly tunnel: { ca: string; host: Credentials }
  /**
   * Authority and client certificate with which the API server authenticates to aggregated API servers (requestheader).
   */
  readonly frontProxy: { ca: string; client: Credentials }
  /** Signs the tokens of service accounts. */
  readonly serviceAccounts: { privateKey: string; publicKey: string }
  /** The administrator's bearer token, for tools without support for client certificates; kept in its own file. */
  readonly adminToken: string
  /**
   * Issues credentials for one worker: its client certificate for the API server, and its serving certificate for the
   * tunnel.
   */
  issueNode(node: string): Promise<NodeCredentials>
  /** Issues the serving certificate of a worker's kubelet. @param address the worker's on the cluster's network */
  issueKubelet(node: string, address: string): Promise<Credentials>
  /** Issues a serving certificate of the cluster's authority for `hosts`, such as those of Ingresses. */
  issueServing(hosts: readonly string[]): Promise<Credentials>
  /** Signs certificate signing requests with the cluster's authority. */
  readonly requests: CertificateRequests
}

/** Reads and signs certificate signing requests; all PEM. */
export interface CertificateRequests {
  /** @throws Error when the PEM is not a request, or is not signed by its own key */
  read(request: string): Promise<RequestedCertificate>
  /** @returns the certificate */
  sign(request: string, options: SigningOptions): Promise<string>
}

export interface NodeCredentials {
  /** For the API server: CN `system:node:<name>`, O `system:nodes`, signed by the cluster's authority. */
  client: Credentials
  /** For the worker's end of the tunnel: the node's name as SAN, signed by the tunnels' authority. */
  server: Credentials
}

export interface PkiOptions {
  /** Folder of the key files, created with mode 0700. */
  dir: string
  /** How the keys are stored; as files of mode 0600 when unset. */
  keys?: KeyFiles
  /** Of the Service `kubernetes`; `10.96.0.1` when unset. */
  serviceAddress?: string
  clock: Clock
}

const day = 24 * 3_600_000
const authorityLife = 3650 * day
const certificateLife = 365 * day
/** Certificates that expire within this time are renewed when the cluster starts. */
const renewBefore = 60 * day
/** Allowance for workers whose clock is behind: a Docker VM wakes with the time at which it was suspended. */
const clockSkew = day

const apiServerHosts = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  'localhost',
  '127.0.0.1',
  '::1',
]

/**
 * Loads the cluster's keys and certificates. Issues those that are missing, about to expire or not signed by the CA.
 */
export async function createPki({
  dir,
  keys = keyFiles(),
  serviceAddress = '10.96.0.1',
  clock,
}: PkiOptions): Promise<Pki> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const files: Files = { dir, keys, clock }
  const [ca, frontProxyCa, tunnelCa, privateKey, adminToken] = await Promise.all([
    authority(files, 'ca', 'kubernetes'),
    authority(files, 'front-proxy-ca', 'front-proxy-ca'),
    authority(files, 'tunnel-ca', 'slipway-tunnel'),
    text(files, 'service-accounts.key', createSigningKey),
    text(files, 'admin.token', () => randomBytes(32).toString('base64url')),
  ])
  const [apiServer, admin, host, frontProxy] = await Promise.all([
    certificate(files, ca, 'apiserver', {
      name: 'kube-apiserver',
      hosts: [...apiServerHosts, serviceAddress],
      usages: ['server'],
    }),
    certificate(files, ca, 'admin', {
      name: 'kubernetes-admin',
      organizations: ['system:masters'],
      usages: ['client'],
    }),
    certificate(files, tunnelCa, 'host', { name: 'slipway-host', usages: ['client'] }),
    certificate(files, frontProxyCa, 'front-proxy-client', { name: 'front-proxy-client', usages: ['client'] }),
  ])
  return {
    ca: ca.cert,
    apiServer,
    admin,
    tunnel: { ca: tunnelCa.cert, host },
    frontProxy: { ca: frontProxyCa.cert, client: frontProxy },
    serviceAccounts: { privateKey, publicKey: publicKeyOf(privateKey) },
    adminToken,
    issueNode: (node) => issueNode({ ca, tunnelCa }, node, clock),
    // The subject of the signer kubernetes.io/kubelet-serving.
    issueKubelet: (node, address) =>
      issueCertificate(
        ca,
        {
          name: `system:node:${node}`,
          organizations: ['system:nodes'],
          hosts: [node, address],
          usages: ['server'],
        },
        validFor(clock, certificateLife),
      ),
    issueServing: (hosts) =>
      issueCertificate(ca, { name: hosts[0] ?? '', hosts, usages: ['server'] }, validFor(clock, certificateLife)),
    requests: { read: readCertificateRequest, sign: (request, order) => signCertificateRequest(ca, request, order) },
  }
}

async function issueNode(
  { ca, tunnelCa }: { ca: Authority; tunnelCa: Authority },
  node: string,
  clock: Clock,
): Promise<NodeCredentials> {
  const name = `system:node:${node}`
  const organizations = ['system:nodes']
  const [client, server] = await Promise.all([
    issueCertificate(ca, { name, organizations, usages: ['client'] }, validFor(clock, certificateLife)),
    issueCertificate(tunnelCa, { name: node, hosts: [node], usages: ['server'] }, validFor(clock, certificateLife)),
  ])
  return { client, server }
}

interface Files {
  dir: string
  keys: KeyFiles
  clock: Clock
}

async function authority(files: Files, file: string, name: string): Promise<Authority> {
  const path = join(files.dir, `${file}.pem`)
  const kept = parse((await files.keys.read(path))?.toString())
  if (kept && isUsable(kept, kept, files.clock.now() + renewBefore)) return kept
  return write(files, path, await createAuthority(name, validFor(files.clock, authorityLife)))
}

async function certificate(
  files: Files,
  ca: Authority,
  file: string,
  request: CertificateRequest,
): Promise<Credentials> {
  const path = join(files.dir, `${file}.pem`)
  const kept = parse((await files.keys.read(path))?.toString())
  const isValid = kept && isUsable(kept, ca, files.clock.now() + renewBefore) && coversHosts(kept, request.hosts ?? [])
  if (isValid) return kept
  return write(files, path, await issueCertificate(ca, request, validFor(files.clock, certificateLife)))
}

async function text({ dir, keys }: Files, file: string, make: () => string | Promise<string>): Promise<string> {
  const path = join(dir, file)
  const kept = await keys.read(path)
  if (kept) return kept.toString()
  const made = await make()
  await keys.write(path, made)
  return made
}

const validFor = (clock: Clock, life: number): Validity => ({
  notBefore: new Date(clock.now() - clockSkew),
  notAfter: new Date(clock.now() + life),
})

// Certificate and key share one file, so that a crash cannot leave one without the other.
async function write({ keys }: Files, path: string, credentials: Credentials): Promise<Credentials> {
  await keys.write(path, credentials.cert + credentials.key)
  return credentials
}

function parse(text: string | undefined): Credentials | undefined {
  const key = text?.indexOf('-----BEGIN PRIVATE KEY-----') ?? -1
  return text !== undefined && key > 0 ? { cert: text.slice(0, key), key: text.slice(key) } : undefined
}
