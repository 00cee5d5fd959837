import { expect, test } from 'vitest'
import { addressOfLink } from './deep-link.ts'

test.each([
  ['slipway://cluster/dev', '/c/local:dev/pods'],
  ['slipway://cluster/dev/', '/c/local:dev/pods'],
  ['slipway://cluster/dev/widgets.example.com', '/c/local:dev/widgets.example.com'],
  ['slipway://cluster/dev/pods/shop/web-1', '/c/local:dev/pods/shop/web-1'],
  ['slipway://cluster/dev/nodes/dev-worker-1', '/c/local:dev/nodes/-/dev-worker-1'],
  ['slipway://context/prod%2Feu/pods', '/c/kubeconfig:prod%2Feu/pods'],
])('%s is %s', (link, address) => expect(addressOfLink(link)).toBe(address))

test.each([
  'slipway://',
  'slipway://cluster',
  'slipway://settings/quit',
  'slipway://cluster/dev/pods/shop/web-1/exec',
  'slipway://cluster/dev/pods/%00/x',
  'slipway://cluster/%zz',
  'https://cluster/dev',
  'slipway:cluster/dev',
])('%s names nothing', (link) => expect(addressOfLink(link)).toBeUndefined())
