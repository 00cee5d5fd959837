// A registry with one image, run by a worker's own Node.js: `node fake-registry.cjs [HOST:]PORT [USER:PASSWORD]`.
// `GET /requests` tells the paths that were asked for. `/v2/broken/app` is garbage, and `/v2/half/app` ends amid its layer, until somebody sends POST /repair.
// Nobody gets a manifest of `/v2/held-…` until somebody sends POST /release.
const { createHash } = require('node:crypto')
const { createServer } = require('node:http')
const { gzipSync } = require('node:zlib')

const [address, credentials] = process.argv.slice(2)
const [port, host = '127.0.0.1'] = address.split(':').reverse()
const digestOf = (data) => `sha256:${createHash('sha256').update(data).digest('hex')}`

/** A tar of one file, padded to blocks of 512 bytes. */
function tarOf(name, data) {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write('0000755\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\0' + '00', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((512 - (data.length % 512)) % 512)
  return Buffer.concat([header, data, padding, Buffer.alloc(1024)])
}

// Random bytes: a layer that can be cut must not compress to nothing.
const tar = tarOf('file', require('node:crypto').randomBytes(200_000))
const layer = gzipSync(tar)
const config = Buffer.from(
  JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Cmd: ['/file'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  }),
)
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: config.length,
      digest: digestOf(config),
    },
    layers: [
      { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size: layer.length, digest: digestOf(layer) },
    ],
  }),
)
const blobs = new Map([config, layer].map((data) => [digestOf(data), data]))
let isRepaired = false
let release
const released = new Promise((resolve) => (release = resolve))
const seen = []

createServer(async (request, response) => {
  const { method, url = '', headers } = request
  const send = (status, type, data, more = {}) => {
    response.writeHead(status, { 'content-type': type, 'content-length': data.length, ...more })
    response.end(method === 'HEAD' ? undefined : data)
  }
  if (method === 'POST' && url === '/repair') {
    isRepaired = true
    return send(200, 'text/plain', Buffer.alloc(0))
  }
  if (method === 'POST' && url === '/release') {
    release()
    seen.push('released')
    return send(200, 'text/plain', Buffer.alloc(0))
  }
  if (url === '/requests') return send(200, 'application/json', Buffer.from(JSON.stringify(seen)))
  seen.push(`${method} ${url}${headers.authorization ? ' with credentials' : ''}`)
  const given = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
  if (credentials && given !== credentials)
    return send(401, 'text/plain', Buffer.alloc(0), { 'www-authenticate': 'Basic realm="fake"' })
  if (url === '/v2/') return send(200, 'application/json', Buffer.from('{}'))
  if (url.startsWith('/v2/broken/') && !isRepaired) return send(200, 'text/html', Buffer.from('<html>hello</html>'))
  if (url.includes('/manifests/')) {
    if (url.startsWith('/v2/held-')) await released
    return send(200, manifestType, manifest, { 'docker-content-digest': digestOf(manifest) })
  }
  const blob = blobs.get(url.split('/').at(-1) ?? '')
  if (!blob) return send(404, 'text/plain', Buffer.from('not found'))
  if (url.startsWith('/v2/half/') && blob === layer && !isRepaired) {
    response.writeHead(200, { 'content-length': blob.length })
    response.write(blob.subarray(0, blob.length / 2), () => response.destroy())
    return
  }
  send(200, 'application/octet-stream', blob)
}).listen(Number(port), host)
