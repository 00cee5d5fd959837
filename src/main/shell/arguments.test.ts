import { expect, test } from 'vitest'
import { openedByArguments } from './arguments.ts'

test('links and manifests are told from options and the app itself', () => {
  const words = [
    '/opt/Slipway/slipway-desktop',
    '--hidden',
    'slipway://cluster/dev',
    'web.yaml',
    '/srv/a.YML',
    '--x=a.yaml',
  ]
  expect(openedByArguments(words, '/home/jane')).toEqual({
    links: ['slipway://cluster/dev'],
    files: ['/home/jane/web.yaml', '/srv/a.YML'],
  })
})
