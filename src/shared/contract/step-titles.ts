/** What the steps of long operations are called, in the log and on the command line; the window has them in its own language. */
export const stepTitles = {
  plane: 'Start the control plane',
  engine: 'Find the Docker Engine',
  image: 'Worker image',
  network: 'Cluster network',
  volume: 'Cluster volume',
  create: 'Create workers',
  start: 'Start workers',
  connect: 'Connect to the workers',
  ready: 'Wait until all are Ready',
  simulate: 'Register the simulated workers',
  removeWorker: 'Remove the worker',
  removeNode: 'Remove its node',
  copy: 'Copy objects and volumes',
  verify: 'Check the snapshot',
  prepareObjects: 'Prepare the objects',
  prepareVolumes: 'Prepare the volumes',
  commit: 'Put them in place',
  writeObjects: 'Write the objects',
  writeVolumes: 'Write the volumes',
} as const

/** The title of a step that the back reports: one that the window has a text for. */
export type StepTitle = (typeof stepTitles)[keyof typeof stepTitles]
