import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { agentBundle } from './build-agent.ts'

test('the bundle of the agent, whose text every worker has in memory, is small and has nothing in it that is never called', async () => {
  const { metafile } = await build({ ...agentBundle, metafile: true, write: false })
  const [output] = Object.values(metafile?.outputs ?? {})
  const packages = Object.keys(output?.inputs ?? {}).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  )
  expect(packages).toContain('dockerode')
  expect(packages.filter((name) => ['ssh2', 'tar-fs', '@grpc/proto-loader'].includes(name))).toEqual([])
  expect(output?.bytes).toBeLessThan(1_750_000)
})
