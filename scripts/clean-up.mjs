// Ends what a test run may have left: containers, networks and volumes labelled as Slipway's tests, and the engine that
// the run itself started. Run by .ci/run; on a developer's machine only what carries the test label goes, and where
// SLIPWAY_TEST names the run, only what is that run's: another may be at work on the same engine.
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
