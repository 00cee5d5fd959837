/** On a Deployment, StatefulSet or DaemonSet: `true` rolls it whenever its image is rebuilt on this machine. */
export const rollOnRebuild = 'slipway.dev/roll-on-rebuild'

/** Kinds that are rolled by their template. */
export const rolledKinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const
