/**
 * What the agent says to plugins, in protocol buffers: of the kubelet's plugin registration (v1) and of the node service of
 * the Container Storage Interface (v1.12) the messages and fields that it uses. Unknown fields are skipped.
 */
export const registrationProto = `
syntax = "proto3";
package pluginregistration;

service Registration {
  rpc GetInfo(InfoRequest) returns (PluginInfo);
  rpc NotifyRegistrationStatus(RegistrationStatus) returns (RegistrationStatusResponse);
}
message InfoRequest {}
message PluginInfo {
  string type = 1;
  string name = 2;
  string endpoint = 3;
  repeated string supported_versions = 4;
}
message RegistrationStatus {
  bool plugin_registered = 1;
  string error = 2;
}
message RegistrationStatusResponse {}
`

export const csiProto = `
syntax = "proto3";
package csi.v1;

service Node {
  rpc NodeGetInfo(NodeGetInfoRequest) returns (NodeGetInfoResponse);
  rpc NodeGetCapabilities(NodeGetCapabilitiesRequest) returns (NodeGetCapabilitiesResponse);
  rpc NodeStageVolume(NodeStageVolumeRequest) returns (NodeStageVolumeResponse);
  rpc NodeUnstageVolume(NodeUnstageVolumeRequest) returns (NodeUnstageVolumeResponse);
  rpc NodePublishVolume(NodePublishVolumeRequest) returns (NodePublishVolumeResponse);
  rpc NodeUnpublishVolume(NodeUnpublishVolumeRequest) returns (NodeUnpublishVolumeResponse);
  rpc NodeGetVolumeStats(NodeGetVolumeStatsRequest) returns (NodeGetVolumeStatsResponse);
  rpc NodeExpandVolume(NodeExpandVolumeRequest) returns (NodeExpandVolumeResponse);
}
message Topology { map<string, string> segments = 1; }
message CapacityRange { int64 required_bytes = 1; int64 limit_bytes = 2; }
message VolumeCapability {
  message BlockVolume {}
  message MountVolume { string fs_type = 1; repeated string mount_flags = 2; string volume_mount_group = 3; }
  message AccessMode {
    enum Mode {
      UNKNOWN = 0;
      SINGLE_NODE_WRITER = 1;
      SINGLE_NODE_READER_ONLY = 2;
      MULTI_NODE_READER_ONLY = 3;
      MULTI_NODE_SINGLE_WRITER = 4;
      MULTI_NODE_MULTI_WRITER = 5;
      SINGLE_NODE_SINGLE_WRITER = 6;
      SINGLE_NODE_MULTI_WRITER = 7;
    }
    Mode mode = 1;
  }
  oneof access_type { BlockVolume block = 1; MountVolume mount = 2; }
  AccessMode access_mode = 3;
}
message NodeGetInfoRequest {}
message NodeGetInfoResponse {
  string node_id = 1;
  int64 max_volumes_per_node = 2;
  Topology accessible_topology = 3;
}
message NodeGetCapabilitiesRequest {}
message NodeGetCapabilitiesResponse { repeated NodeServiceCapability capabilities = 1; }
message NodeServiceCapability {
  message RPC {
    enum Type {
      UNKNOWN = 0;
      STAGE_UNSTAGE_VOLUME = 1;
      GET_VOLUME_STATS = 2;
      EXPAND_VOLUME = 3;
      VOLUME_CONDITION = 4;
      SINGLE_NODE_MULTI_WRITER = 5;
      VOLUME_MOUNT_GROUP = 6;
    }
    Type type = 1;
  }
  oneof type { RPC rpc = 1; }
}
message NodeStageVolumeRequest {
  string volume_id = 1;
  map<string, string> publish_context = 2;
  string staging_target_path = 3;
  VolumeCapability volume_capability = 4;
  map<string, string> secrets = 5;
  map<string, string> volume_context = 6;
}
message NodeStageVolumeResponse {}
message NodeUnstageVolumeRequest { string volume_id = 1; string staging_target_path = 2; }
message NodeUnstageVolumeResponse {}
message NodePublishVolumeRequest {
  string volume_id = 1;
  map<string, string> publish_context = 2;
  string staging_target_path = 3;
  string target_path = 4;
  VolumeCapability volume_capability = 5;
  bool readonly = 6;
  map<string, string> secrets = 7;
  map<string, string> volume_context = 8;
}
message NodePublishVolumeResponse {}
message NodeUnpublishVolumeRequest { string volume_id = 1; string target_path = 2; }
message NodeUnpublishVolumeResponse {}
message NodeGetVolumeStatsRequest { string volume_id = 1; string volume_path = 2; string staging_target_path = 3; }
message NodeGetVolumeStatsResponse { VolumeCondition volume_condition = 2; }
message VolumeCondition { bool abnormal = 1; string message = 2; }
message NodeExpandVolumeRequest {
  string volume_id = 1;
  string volume_path = 2;
  CapacityRange capacity_range = 3;
  string staging_target_path = 4;
  VolumeCapability volume_capability = 5;
  map<string, string> secrets = 6;
}
message NodeExpandVolumeResponse { int64 capacity_bytes = 1; }
`

/** Requests and answers of `pluginregistration.Registration`. */
export interface RegistrationCalls {
  GetInfo: Call<object, { type: string; name: string; endpoint: string; supported_versions: string[] }>
  NotifyRegistrationStatus: Call<{ plugin_registered: boolean; error: string }, object>
}

/** Requests and answers of `csi.v1.Node`. */
export interface NodeCalls {
  NodeGetInfo: Call<
    object,
    { node_id: string; max_volumes_per_node: number; accessible_topology?: { segments: Record<string, string> } | null }
  >
  NodeGetCapabilities: Call<object, { capabilities: { rpc?: { type: NodeCapability } | null }[] }>
  NodeStageVolume: Call<StageRequest, object>
  NodeUnstageVolume: Call<{ volume_id: string; staging_target_path: string }, object>
  NodePublishVolume: Call<StageRequest & { target_path: string; readonly: boolean }, object>
  NodeUnpublishVolume: Call<{ volume_id: string; target_path: string }, object>
  NodeGetVolumeStats: Call<
    { volume_id: string; volume_path: string; staging_target_path?: string },
    { volume_condition?: { abnormal: boolean; message: string } | null }
  >
  NodeExpandVolume: Call<
    {
      volume_id: string
      volume_path: string
      staging_target_path?: string
      capacity_range: { required_bytes: number }
      volume_capability: VolumeCapability
      secrets: Record<string, string>
    },
    { capacity_bytes: number }
  >
}

export interface Call<Request extends object, Answer extends object> {
  request: Request
  answer: Answer
}

export type NodeCapability =
  | 'UNKNOWN'
  | 'STAGE_UNSTAGE_VOLUME'
  | 'GET_VOLUME_STATS'
  | 'EXPAND_VOLUME'
  | 'VOLUME_CONDITION'
  | 'SINGLE_NODE_MULTI_WRITER'
  | 'VOLUME_MOUNT_GROUP'

export interface VolumeCapability {
  block?: object
  mount?: { fs_type?: string; mount_flags?: string[]; volume_mount_group?: string }
  access_mode: { mode: string }
}

interface StageRequest {
  volume_id: string
  publish_context: Record<string, string>
  staging_target_path?: string
  volume_capability: VolumeCapability
  secrets: Record<string, string>
  volume_context: Record<string, string>
}
