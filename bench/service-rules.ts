import { spawnSync } from 'node:child_process'
import { asStored } from '../src/shared/kube/object.ts'
import type { EndpointSlice, Service } from '../src/shared/kube/generated/types.ts'
import { createRuleRenderer, restoreInput, type RuleInput, type Rules } from '../src/agent/proxy/rules.ts'

/**
 * `node bench/service-rules.ts [services] [endpoints] [image]`: how long it takes to render and to write the rules of so
 * many Services with so many endpoints each, then those of one change. Writes go to the kernel in a container of the
 * worker image, with a network of its own. One JSON line a step.
 */
const [count = 5_000, endpoints = 4] = process.argv.slice(2, 4).map(Number)
const image = process.argv[4]

const ipOf = (first: number, index: number): string =>
  `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
const services = Array.from({ length: count }, (_, index) =>
  asStored<Service>(
    {
      metadata: { name: `service-${index}`, namespace: 'bench' },
      spec: { clusterIP: ipOf(11, index + 1), ports: [{ port: 80, name: 'http' }] },
    },
    true,
  ),
)
const sliceOf = (index: number, length: number): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: Array.from({ length }, (_, at) => ({
    addresses: [ipOf(10, index * 16 + at + 1)],
    nodeName: index * length + at < 110 ? 'w1' : 'w2',
  })),
})
const slicesByName = new Map(services.map(({ metadata }, index) => [metadata.name, [sliceOf(index, endpoints)]]))
const input = (): RuleInput => ({
  services,
  slicesOf: (_, name) => slicesByName.get(name) ?? [],
  hostPorts: [],
  nodeName: 'w1',
  nodeIp: '172.18.0.2',
  apiPort: 6443,
  podCidr: '10.0.0.0/8',
  serviceCidr: '10.96.0.0/16',
  localIps: new Set(),
})

const timed = <T>(task: () => T): [T, number] => {
  const begun = performance.now()
  const result = task()
  return [result, Math.round(performance.now() - begun)]
}
const texts: string[] = []
const renderAll = createRuleRenderer()
function step(what: string, previous: Rules | undefined): Rules {
  const [rules, render] = timed(() => renderAll(input()))
  const [text, diff] = timed(() => restoreInput(rules, previous))
  texts.push(text)
  console.log(JSON.stringify({ what, renderMs: render, diffMs: diff, lines: text.split('\n').length }))
  return rules
}

let rules = step(`${count} services, ${endpoints} endpoints each`, undefined)
slicesByName.set('service-7', [sliceOf(7, endpoints - 1)])
rules = step('one endpoint fewer', rules)
services.pop()
step('one service fewer', rules)

if (image) {
  const script = `for i in ${texts.map((_, index) => index).join(' ')}; do
    read size && head -c "$size" > /tmp/rules
    begun=$(date +%s%N); iptables-restore --noflush --wait 5 < /tmp/rules || echo failed; echo "$(( ($(date +%s%N) - begun) / 1000000 )) ms"
  done`
  const run = spawnSync(
    'docker',
    ['run', '--rm', '-i', '--cap-add', 'NET_ADMIN', '--entrypoint', 'sh', image, '-c', script],
    { input: texts.map((text) => `${Buffer.byteLength(text)}\n${text}`).join(''), encoding: 'utf8' },
  )
  console.log(
    JSON.stringify({ what: 'iptables-restore of each', times: run.stdout.trim().split('\n'), errors: run.stderr }),
  )
}
