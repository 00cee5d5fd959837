// Runs inside a pod, on the Node of the image `slipway/test-server:1`; its text comes by a ConfigMap.
//   node test-server.mjs webhooks | extension | verify-token | probed
// Files: /srv/tls/tls.crt and tls.key of the first two, /srv/token/token of the third. Plain JavaScript without dependencies.
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer, request as httpsRequest } from 'node:https'
import { json } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'

const readTls = () => ({ cert: readFileSync('/srv/tls/tls.crt'), key: readFileSync('/srv/tls/tls.key') })
const modes = { webhooks: serveWebhooks, extension: serveExtension, 'verify-token': verifyToken, probed: serveProbes }
modes[process.argv[2]]()
process.once('SIGTERM', () => process.exit(0))

// Admission and conversion webhooks, by path.

const allow = { allowed: true }
const deny = (message, code = 403) => ({ allowed: false, status: { message, reason: message, code } })
const patched = (operations) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** @type {Record<string, (request: any) => any>} */
const admissions = {
  '/always-deny': () => deny('this webhook denies all requests'),
  '/always-allow': () => allow,
  '/allow-after-5s': async () => (await pause(5_000), allow),
  '/pods': async ({ object }) => {
    if (object.metadata.name === 'hangs') await pause(3_600_000)
    return object.metadata.labels?.compliant === 'no' ? deny('the pod contains unwanted labels') : allow
  },
  '/config-maps': ({ object }) =>
    object.data?.compliant === 'no' ? deny('the configmap contains unwanted data') : allow,
  '/attach': ({ operation, subResource, name }) =>
    operation === 'CONNECT' && subResource === 'attach' ? deny(`attaching to pod '${name}' is not allowed`) : allow,
  '/custom-resources': ({ operation, object, oldObject }) =>
    (operation === 'DELETE' ? oldObject : object).data?.compliant === 'no'
      ? deny('the custom resource contains unwanted data')
      : allow,
  '/two-stages': ({ object }) => {
    const stages = []
    if (object.data?.['mutation-start'] === 'yes') stages.push('mutation-stage-1')
    if (object.data?.['mutation-stage-1'] === 'yes') stages.push('mutation-stage-2')
    return patched(stages.map((stage) => ({ op: 'add', path: `/data/${stage}`, value: 'yes' })))
  },
  '/add-init-container': () =>
    patched([
      { op: 'add', path: '/spec/initContainers', value: [{ name: 'added', image: 'busybox:1.36', command: ['true'] }] },
    ]),
  '/add-label': ({ object }) =>
    patched([
      object.metadata.labels
        ? { op: 'add', path: '/metadata/labels/mutated', value: 'true' }
        : { op: 'add', path: '/metadata/labels', value: { mutated: 'true' } },
    ]),
}

function serveWebhooks() {
  createServer(readTls(), async (request, response) => {
    const path = (request.url ?? '').split('?')[0]
    if (path === '/healthz') return response.end('ok')
    const review = await json(request)
    const answer = path === '/convert' ? { response: converted(review.request) } : await admitted(path, review)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, ...answer }))
  }).listen(8443)
}

async function admitted(path, { request }) {
  return { response: { uid: request.uid, ...(await admissions[path](request)) } }
}

/** v1 has `hostPort: "host:port"`, v2 has `host` and `port`. */
function converted({ uid, desiredAPIVersion, objects }) {
  const convertedObjects = objects.map((object) => {
    const { hostPort, host, port, ...rest } = object
    const to = { ...rest, apiVersion: desiredAPIVersion }
    if (desiredAPIVersion.endsWith('/v2') && hostPort !== undefined) {
      const [first, second] = hostPort.split(':')
      return { ...to, host: first, port: second }
    }
    if (desiredAPIVersion.endsWith('/v1') && host !== undefined) return { ...to, hostPort: `${host}:${port}` }
    return { ...to, ...(hostPort === undefined ? {} : { hostPort }), ...(host === undefined ? {} : { host, port }) }
  })
  return { uid, result: { status: 'Success' }, convertedObjects }
}

// An API server of its own, behind the aggregation layer: `flunders` of wardle.example.com/v1alpha1, kept in memory.

function serveExtension() {
  const group = 'wardle.example.com'
  const groupVersion = `${group}/v1alpha1`
  const objects = new Map()
  const watchers = new Set()
  let revision = 1
  const fail = (code, reason, message) => ({
    code,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code },
  })
  const tell = (type, object) => {
    for (const watcher of watchers) watcher.write(`${JSON.stringify({ type, object })}\n`)
  }
  const store = (type, key, object) => {
    object.metadata.resourceVersion = String(++revision)
    if (type === 'DELETED') objects.delete(key)
    else objects.set(key, object)
    tell(type, object)
    return object
  }
  const list = (namespace) => ({
    kind: 'FlunderList',
    apiVersion: groupVersion,
    metadata: { resourceVersion: String(revision) },
    items: [...objects.values()].filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  })
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
  const version = { groupVersion, version: 'v1alpha1' }
  const pages = {
    '/healthz': 'ok',
    '/apis': {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [{ name: group, versions: [version], preferredVersion: version }],
    },
    [`/apis/${group}`]: {
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: group,
      versions: [version],
      preferredVersion: version,
    },
    [`/apis/${groupVersion}`]: {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion,
      resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs }],
    },
  }
  const path = new RegExp(`^/apis/${groupVersion}(?:/namespaces/([^/]+))?/flunders(?:/([^/]+))?$`)

  async function answer(request, response, url) {
    const [, namespace, name] = path.exec(url.pathname) ?? []
    const key = `${namespace}/${name}`
    const had = objects.get(key)
    if (name === undefined && request.method === 'GET') {
      if (url.searchParams.get('watch') === null) return { code: 200, body: list(namespace) }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      watchers.add(response)
      response.once('close', () => watchers.delete(response))
      return undefined
    }
    if (request.method === 'POST') {
      const object = await json(request)
      object.metadata = {
        ...object.metadata,
        namespace,
        uid: crypto.randomUUID(),
        creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      }
      return { code: 201, body: store('ADDED', `${namespace}/${object.metadata.name}`, object) }
    }
    if (name === undefined && request.method === 'DELETE') {
      for (const object of list(namespace).items)
        store('DELETED', `${object.metadata.namespace}/${object.metadata.name}`, object)
      return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } }
    }
    if (!had) return fail(404, 'NotFound', `flunders.${group} "${name}" not found`)
    if (request.method === 'GET') return { code: 200, body: had }
    if (request.method === 'DELETE') return { code: 200, body: store('DELETED', key, had) }
    const change = await json(request)
    if (request.method === 'PUT')
      return {
        code: 200,
        body: store('MODIFIED', key, { ...change, metadata: { ...had.metadata, ...change.metadata } }),
      }
    return {
      code: 200,
      body: store('MODIFIED', key, { ...had, ...change, metadata: { ...had.metadata, ...change.metadata } }),
    }
  }

  async function handle(request, response) {
    const url = new URL(request.url ?? '', 'https://self')
    const send = (code, body) => {
      response.writeHead(code, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    }
    if (url.pathname === '/healthz') return send(200, 'ok')
    // Only the aggregator may say who asks: its certificate must come from the front proxy's authority.
    if (!(request.socket instanceof TLSSocket) || !request.socket.authorized) {
      const { code, body } = fail(401, 'Unauthorized', 'Unauthorized')
      return send(code, body)
    }
    if (url.pathname in pages) return send(200, pages[url.pathname])
    const user = String(request.headers['x-remote-user'] ?? '')
    if (!(await isAllowed(request, url, path))) {
      const { code, body } = fail(403, 'Forbidden', `flunders.${group} is forbidden: User "${user}" cannot do this`)
      return send(code, body)
    }
    if (!path.test(url.pathname))
      return send(404, fail(404, 'NotFound', 'the server could not find the requested resource').body)
    const answered = await answer(request, response, url)
    if (answered) send(answered.code, answered.body)
  }

  void (async () => {
    const { data } = await ask('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')
    const options = {
      ...readTls(),
      ca: data['requestheader-client-ca-file'],
      requestCert: true,
      rejectUnauthorized: false,
    }
    createServer(options, (request, response) => {
      handle(request, response).catch((error) => response.writeHead(500).end(String(error)))
    }).listen(8443)
  })()
}

/** Delegated authorisation: the cluster's API server knows what the user may do. */
async function isAllowed(request, url, path) {
  const [, namespace, name] = path.exec(url.pathname) ?? []
  const verbs = {
    GET: name ? 'get' : 'list',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: name ? 'delete' : 'deletecollection',
  }
  const groups = request.headers['x-remote-group']
  const { status } = await ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: request.headers['x-remote-user'],
      groups: typeof groups === 'string' ? groups.split(',').map((one) => one.trim()) : groups,
      resourceAttributes: {
        group: 'wardle.example.com',
        resource: 'flunders',
        verb: verbs[request.method],
        namespace,
        name,
      },
    },
  })
  return status.allowed === true
}

/** Finds the issuer's keys by OpenID discovery, and verifies the pod's token with them; prints its claims. */
async function verifyToken() {
  const [header, payload, signature] = readFileSync('/srv/token/token', 'utf8').split('.')
  const read = (text) => JSON.parse(Buffer.from(text, 'base64url').toString())
  const claims = read(payload)
  const { issuer, jwks_uri: keysUrl } = await ask('GET', '/.well-known/openid-configuration')
  if (issuer !== claims.iss) throw new Error(`the issuer is ${issuer}, the token says ${claims.iss}`)
  const { keys } = await ask('GET', new URL(keysUrl).pathname)
  const key = createPublicKey({ key: keys.find(({ kid }) => kid === read(header).kid), format: 'jwk' })
  const verified = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  console.log(JSON.stringify({ verified, ...claims }))
}

/**
 * What probes find: HTTP on 8080 that fails after a second while its socket stays open, and gRPC's health service on
 * 5000, which serves. The log tells of each connection and call.
 */
function serveProbes() {
  let code = 200
  setTimeout(() => (code = 500), 1_000)
  createHttpServer((request, response) => response.writeHead(code).end())
    .on('connection', () => console.log(`connection while ${code}`))
    .listen(8080)
  createHttp2Server()
    .on('stream', (stream, headers) => {
      console.log(`grpc ${headers[':path']}`)
      stream.on('error', () => undefined)
      stream.resume()
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      // One message, not compressed, of two bytes: HealthCheckResponse with status 1, SERVING.
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 1]))
    })
    .listen(5000)
}

/** Asks the cluster's API server with the pod's own token. */
function ask(method, path, body) {
  const account = '/var/run/secrets/kubernetes.io/serviceaccount'
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      method,
      path,
      ca: readFileSync(`${account}/ca.crt`),
      headers: {
        authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
    }
    const request = httpsRequest(options, async (response) => {
      const answer = await json(response)
      if (response.statusCode < 300) resolve(answer)
      else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.message}`))
    })
    request.on('error', reject)
    request.end(body ? JSON.stringify(body) : undefined)
  })
}
