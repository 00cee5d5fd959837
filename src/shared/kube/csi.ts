/** Names that the attach-detach controller, the agent and external attachers must form alike. */

/** Of a volume in a node's `volumesInUse` and `volumesAttached` (GetUniqueVolumeName of the CSI plugin). */
export const uniqueVolumeName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`

/**
 * Of the VolumeAttachment of a volume to a node (csi_attacher.go: getAttachmentName).
 * @param sha256 hash of a text, in hexadecimal digits
 */
export const attachmentName = (
  { driver, handle, node }: { driver: string; handle: string; node: string },
  sha256: (text: string) => string,
): string => `csi-${sha256(handle + driver + node)}`
