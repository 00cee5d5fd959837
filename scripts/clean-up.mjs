// Removes what a test run may have left: containers, networks and volumes with Slipway's test label, and the engine
// that the run started. Run by .ci/run. On a developer's machine only resources with the test label are removed, and
// with SLIPWAY_TEST set only those of that run, since another may be using the same engine.
import { stopEngine } from './docker-engine.mjs'
import { spawnSync } from 'node:child_process'

const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' })
const ids = (...args) => (docker(...args).stdout ?? '').split('\n').filter(Boolean)

const label = ['label=slipway.dev/test', process.env.SLIPWAY_TEST].filter(Boolean).join('=')
const containers = ids('ps', '-aq', '--filter', label)
if (containers.length > 0) docker('rm', '-fv', ...containers)
const networks = ids('network', 'ls', '-q', '--filter', label)
if (networks.length > 0) docker('network', 'rm', ...networks)
const volumes = ids('volume', 'ls', '-q', '--filter', label)
if (volumes.length > 0) docker('volume', 'rm', '-f', ...volumes)
if (process.env.CI && ids('ps', '-q').length === 0) await stopEngine()
