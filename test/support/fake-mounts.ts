import { readlink } from 'node:fs/promises'
import type { Mounts } from '#agent/kubelet/files/mounts.ts'
import { descriptorPath } from '#agent/kubelet/files/safe-path.ts'

/** Mounts that are only written down: what was bound where, by the path that its descriptor had. */
export function createFakeMounts(): Mounts & { bound: Map<string, string>; tmpfsOn: Map<string, string> } {
  const bound = new Map<string, string>()
  const tmpfsOn = new Map<string, string>()
  return {
    bound,
    tmpfsOn,
    async tmpfs(target, options) {
      tmpfsOn.set(target, options)
    },
    async hugePages(target, options) {
      tmpfsOn.set(target, options)
    },
    async overlay(layers, target) {
      bound.set(target, layers.join(':'))
    },
    async bind({ handle }, target) {
      bound.set(target, await readlink(descriptorPath(handle)))
    },
    async nfs(source, target) {
      bound.set(target, source)
    },
    beneath: async (folder) => [...tmpfsOn.keys(), ...bound.keys()].filter((path) => path.startsWith(folder)),
    async unmountAll(folder) {
      for (const path of await this.beneath(folder)) for (const all of [bound, tmpfsOn]) all.delete(path)
    },
  }
}
