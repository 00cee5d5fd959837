/** A volume cannot be mounted yet: the pod stays in ContainerCreating, with the reason in a FailedMount event. */
export class MountFailed extends Error {}

/** A block device cannot be given to the pod's containers yet: as above, with a FailedMapVolume event. */
export class MapFailed extends MountFailed {}
