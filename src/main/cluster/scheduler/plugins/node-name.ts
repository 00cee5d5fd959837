import { unresolvable, type Plugin } from '../framework.ts'

const otherNode = unresolvable("node(s) didn't match the requested node name")

/** A pod that names its node fits no other. */
export const nodeName = (): Plugin => ({
  name: 'NodeName',

  plan({ pod }) {
    const name = pod.spec?.nodeName
    return name ? { readsNodeOnly: true, filter: (node) => (node.name === name ? undefined : otherNode) } : undefined
  },

  interests: ['node-added'],
  mayHelp: (change) => change.type === 'node-added',
})
