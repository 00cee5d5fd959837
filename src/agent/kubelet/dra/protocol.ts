import type { Call } from '../csi/protocol.ts'

/** The versions of the kubelet's API for drivers of devices, newest first, as drivers name them at registration. */
export const draServices = ['v1.DRAPlugin', 'v1beta1.DRAPlugin'] as const
export type DraService = (typeof draServices)[number]

export const draPackage = (service: DraService): string =>
  `k8s.io.kubelet.pkg.apis.dra.${service.slice(0, service.indexOf('.'))}`

/** The messages of `DRAPlugin`, which are the same in its versions. */
export const draProto = (service: DraService): string => `
syntax = "proto3";
package ${draPackage(service)};

service DRAPlugin {
  rpc NodePrepareResources(NodePrepareResourcesRequest) returns (NodePrepareResourcesResponse);
  rpc NodeUnprepareResources(NodeUnprepareResourcesRequest) returns (NodeUnprepareResourcesResponse);
}
message Claim { string namespace = 1; string uid = 2; string name = 3; }
message NodePrepareResourcesRequest { repeated Claim claims = 1; }
message NodePrepareResourcesResponse { map<string, NodePrepareResourceResponse> claims = 1; }
message NodePrepareResourceResponse { repeated Device devices = 1; string error = 2; }
message Device {
  repeated string request_names = 1;
  string pool_name = 2;
  string device_name = 3;
  repeated string cdi_device_ids = 4;
}
message NodeUnprepareResourcesRequest { repeated Claim claims = 1; }
message NodeUnprepareResourcesResponse { map<string, NodeUnprepareResourceResponse> claims = 1; }
message NodeUnprepareResourceResponse { string error = 1; }
`

export interface ClaimMessage {
  namespace: string
  uid: string
  name: string
}

/** A device that a driver has prepared. */
export interface PreparedDevice {
  /** Of the claim; all of them when empty. */
  request_names: string[]
  pool_name: string
  device_name: string
  /** `vendor/class=name`, of the Container Device Interface. */
  cdi_device_ids: string[]
}

/** Requests and answers of `DRAPlugin`; answers by the claim's uid. */
export interface DraCalls {
  NodePrepareResources: Call<
    { claims: ClaimMessage[] },
    { claims: Record<string, { devices: PreparedDevice[]; error: string }> }
  >
  NodeUnprepareResources: Call<{ claims: ClaimMessage[] }, { claims: Record<string, { error: string }> }>
}
