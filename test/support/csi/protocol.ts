import { csiProto, registrationProto, type Call } from '#agent/kubelet/csi/protocol.ts'

/** Of the controller service what the stand-in sidecars call. */
const controllerProto = `
service Controller {
  rpc CreateVolume(CreateVolumeRequest) returns (CreateVolumeResponse);
  rpc DeleteVolume(DeleteVolumeRequest) returns (DeleteVolumeResponse);
  rpc ControllerPublishVolume(ControllerPublishVolumeRequest) returns (ControllerPublishVolumeResponse);
  rpc ControllerUnpublishVolume(ControllerUnpublishVolumeRequest) returns (ControllerUnpublishVolumeResponse);
  rpc ControllerExpandVolume(ControllerExpandVolumeRequest) returns (ControllerExpandVolumeResponse);
}
message CreateVolumeRequest { string name = 1; CapacityRange capacity_range = 2; map<string, string> parameters = 4; }
message CreateVolumeResponse { Volume volume = 1; }
message Volume { int64 capacity_bytes = 1; string volume_id = 2; map<string, string> volume_context = 3; }
message DeleteVolumeRequest { string volume_id = 1; }
message DeleteVolumeResponse {}
message ControllerPublishVolumeRequest { string volume_id = 1; string node_id = 2; }
message ControllerPublishVolumeResponse { map<string, string> publish_context = 1; }
message ControllerUnpublishVolumeRequest { string volume_id = 1; string node_id = 2; }
message ControllerUnpublishVolumeResponse {}
message ControllerExpandVolumeRequest { string volume_id = 1; CapacityRange capacity_range = 2; }
message ControllerExpandVolumeResponse { int64 capacity_bytes = 1; bool node_expansion_required = 2; }
`

export const protos = { registration: registrationProto, csi: csiProto + controllerProto }

export interface ControllerCalls {
  CreateVolume: Call<
    { name: string; capacity_range: { required_bytes: number } },
    { volume: { capacity_bytes: number; volume_id: string; volume_context: Record<string, string> } }
  >
  DeleteVolume: Call<{ volume_id: string }, object>
  ControllerPublishVolume: Call<{ volume_id: string; node_id: string }, { publish_context: Record<string, string> }>
  ControllerUnpublishVolume: Call<{ volume_id: string; node_id: string }, object>
  ControllerExpandVolume: Call<
    { volume_id: string; capacity_range: { required_bytes: number } },
    { capacity_bytes: number; node_expansion_required: boolean }
  >
}
