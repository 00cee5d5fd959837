/** A volume cannot be mounted yet: the pod stays in ContainerCreating, with the reason in a FailedMount event. */
export class MountFailed extends Error {}
