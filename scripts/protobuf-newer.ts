/**
 * Field numbers that kubectl 1.32's descriptors lack, from the generated.proto files of Kubernetes 1.36; names are those
 * of JSON, also where Go's protobuf has another (uID, ref, xKubernetes…). A line is a message of the package above it and
 * its fields as number:name:type. A type without a dot is of the same package, or one of `common`.
 */
const newer = `
package api.admissionregistration.v1
ApplyConfiguration 1:expression:s
JSONPatch 1:expression:s
MutatingAdmissionPolicy 1:metadata:ObjectMeta 2:spec:MutatingAdmissionPolicySpec
MutatingAdmissionPolicyBinding 1:metadata:ObjectMeta 2:spec:MutatingAdmissionPolicyBindingSpec
MutatingAdmissionPolicyBindingList 1:metadata:ListMeta 2:items:+MutatingAdmissionPolicyBinding
MutatingAdmissionPolicyBindingSpec 1:policyName:s 2:paramRef:ParamRef 3:matchResources:MatchResources
MutatingAdmissionPolicyList 1:metadata:ListMeta 2:items:+MutatingAdmissionPolicy
MutatingAdmissionPolicySpec 1:paramKind:ParamKind 2:matchConstraints:MatchResources 3:variables:+Variable 4:mutations:+Mutation 5:failurePolicy:s 6:matchConditions:+MatchCondition 7:reinvocationPolicy:s
Mutation 2:patchType:s 3:applyConfiguration:ApplyConfiguration 4:jsonPatch:JSONPatch

package api.apps.v1
DeploymentStatus 9:terminatingReplicas:i
ReplicaSetStatus 7:terminatingReplicas:i

package api.authentication.v1
BoundObjectReference 4:uid:s

package api.autoscaling.v2
HPAScalingRules 4:tolerance:Quantity

package api.core.v1
Container 25:restartPolicyRules:+ContainerRestartRule
ContainerExtendedResourceRequest 1:containerName:s 2:resourceName:s 3:requestName:s
ContainerRestartRule 1:action:s 2:exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes 1:operator:s 2:values:+i
ContainerStatus 15:stopSignal:s
EnvVarSource 5:fileKeyRef:FileKeySelector
EphemeralContainerCommon 25:restartPolicyRules:+ContainerRestartRule
FileKeySelector 1:volumeName:s 2:path:s 3:key:s 4:optional:b
ImageVolumeStatus 1:imageRef:s
Lifecycle 3:stopSignal:s
NodeAllocatableResourceClaimStatus 1:resourceClaimName:s 2:containers:+s 3:resources:%Quantity
NodeStatus 14:declaredFeatures:+s
NodeSwapStatus 1:capacity:i
NodeSystemInfo 11:swap:NodeSwapStatus
PodCertificateProjection 1:signerName:s 2:keyType:s 3:maxExpirationSeconds:i 4:credentialBundlePath:s 5:keyPath:s 6:certificateChainPath:s 7:userAnnotations:%s
PodCondition 7:observedGeneration:i
PodExtendedResourceClaimStatus 1:requestMappings:+ContainerExtendedResourceRequest 2:resourceClaimName:s
PodSchedulingGroup 1:podGroupName:s
PodSpec 41:hostnameOverride:s 43:schedulingGroup:PodSchedulingGroup
PodStatus 17:observedGeneration:i 18:extendedResourceClaimStatus:PodExtendedResourceClaimStatus 19:allocatedResources:%Quantity 20:resources:ResourceRequirements 21:nodeAllocatableResourceClaimStatuses:+NodeAllocatableResourceClaimStatus
ResourceHealth 6:message:s
VolumeMountStatus 5:volumeStatus:VolumeStatus
VolumeProjection 6:podCertificate:PodCertificateProjection
VolumeStatus 1:image:ImageVolumeStatus

package api.discovery.v1
EndpointHints 2:forNodes:+ForNode
ForNode 1:name:s

package api.networking.v1
IngressClassParametersReference 1:apiGroup:s
IPAddress 1:metadata:ObjectMeta 2:spec:IPAddressSpec
IPAddressList 1:metadata:ListMeta 2:items:+IPAddress
IPAddressSpec 1:parentRef:ParentReference
ParentReference 1:group:s 2:resource:s 3:namespace:s 4:name:s
ServiceCIDR 1:metadata:ObjectMeta 2:spec:ServiceCIDRSpec 3:status:ServiceCIDRStatus
ServiceCIDRList 1:metadata:ListMeta 2:items:+ServiceCIDR
ServiceCIDRSpec 1:cidrs:+s
ServiceCIDRStatus 1:conditions:+Condition

package api.resource.v1
AllocatedDeviceStatus 1:driver:s 2:pool:s 3:device:s 4:conditions:+Condition 5:data:RawExtension 6:networkData:NetworkDeviceData 7:shareID:s
AllocationResult 1:devices:DeviceAllocationResult 3:nodeSelector:NodeSelector 5:allocationTimestamp:Time
CapacityRequestPolicy 1:default:Quantity 3:validValues:+Quantity 4:validRange:CapacityRequestPolicyRange
CapacityRequestPolicyRange 1:min:Quantity 2:max:Quantity 3:step:Quantity
CapacityRequirements 1:requests:%Quantity
CELDeviceSelector 1:expression:s
Counter 1:value:Quantity
CounterSet 1:name:s 2:counters:%Counter
Device 1:name:s 2:attributes:%DeviceAttribute 3:capacity:%DeviceCapacity 4:consumesCounters:+DeviceCounterConsumption 5:nodeName:s 6:nodeSelector:NodeSelector 7:allNodes:b 8:taints:+DeviceTaint 9:bindsToNode:b 10:bindingConditions:+s 11:bindingFailureConditions:+s 12:allowMultipleAllocations:b 13:nodeAllocatableResourceMappings:%NodeAllocatableResourceMapping
DeviceAllocationConfiguration 1:source:s 2:requests:+s 3:deviceConfiguration:DeviceConfiguration
DeviceAllocationResult 1:results:+DeviceRequestAllocationResult 2:config:+DeviceAllocationConfiguration
DeviceAttribute 2:int:i 3:bool:b 4:string:s 5:version:s 6:ints:+i 7:bools:+b 8:strings:+s 9:versions:+s
DeviceCapacity 1:value:Quantity 2:requestPolicy:CapacityRequestPolicy
DeviceClaim 1:requests:+DeviceRequest 2:constraints:+DeviceConstraint 3:config:+DeviceClaimConfiguration
DeviceClaimConfiguration 1:requests:+s 2:deviceConfiguration:DeviceConfiguration
DeviceClass 1:metadata:ObjectMeta 2:spec:DeviceClassSpec
DeviceClassConfiguration 1:deviceConfiguration:DeviceConfiguration
DeviceClassList 1:metadata:ListMeta 2:items:+DeviceClass
DeviceClassSpec 1:selectors:+DeviceSelector 2:config:+DeviceClassConfiguration 4:extendedResourceName:s
DeviceConfiguration 1:opaque:OpaqueDeviceConfiguration
DeviceConstraint 1:requests:+s 2:matchAttribute:s 3:distinctAttribute:s
DeviceCounterConsumption 1:counterSet:s 2:counters:%Counter
DeviceRequest 1:name:s 2:exactly:ExactDeviceRequest 3:firstAvailable:+DeviceSubRequest
DeviceRequestAllocationResult 1:request:s 2:driver:s 3:pool:s 4:device:s 5:adminAccess:b 6:tolerations:+DeviceToleration 7:bindingConditions:+s 8:bindingFailureConditions:+s 9:shareID:s 10:consumedCapacity:%Quantity
DeviceSelector 1:cel:CELDeviceSelector
DeviceSubRequest 1:name:s 2:deviceClassName:s 3:selectors:+DeviceSelector 4:allocationMode:s 5:count:i 6:tolerations:+DeviceToleration 7:capacity:CapacityRequirements
DeviceTaint 1:key:s 2:value:s 3:effect:s 4:timeAdded:Time
DeviceToleration 1:key:s 2:operator:s 3:value:s 4:effect:s 5:tolerationSeconds:i
ExactDeviceRequest 1:deviceClassName:s 2:selectors:+DeviceSelector 3:allocationMode:s 4:count:i 5:adminAccess:b 6:tolerations:+DeviceToleration 7:capacity:CapacityRequirements
NetworkDeviceData 1:interfaceName:s 2:ips:+s 3:hardwareAddress:s
NodeAllocatableResourceMapping 1:capacityKey:s 2:allocationMultiplier:Quantity
OpaqueDeviceConfiguration 1:driver:s 2:parameters:RawExtension
ResourceClaim 1:metadata:ObjectMeta 2:spec:ResourceClaimSpec 3:status:ResourceClaimStatus
ResourceClaimConsumerReference 1:apiGroup:s 3:resource:s 4:name:s 5:uid:s
ResourceClaimList 1:metadata:ListMeta 2:items:+ResourceClaim
ResourceClaimSpec 1:devices:DeviceClaim
ResourceClaimStatus 1:allocation:AllocationResult 2:reservedFor:+ResourceClaimConsumerReference 4:devices:+AllocatedDeviceStatus
ResourceClaimTemplate 1:metadata:ObjectMeta 2:spec:ResourceClaimTemplateSpec
ResourceClaimTemplateList 1:metadata:ListMeta 2:items:+ResourceClaimTemplate
ResourceClaimTemplateSpec 1:metadata:ObjectMeta 2:spec:ResourceClaimSpec
ResourcePool 1:name:s 2:generation:i 3:resourceSliceCount:i
ResourceSlice 1:metadata:ObjectMeta 2:spec:ResourceSliceSpec
ResourceSliceList 1:metadata:ListMeta 2:items:+ResourceSlice
ResourceSliceSpec 1:driver:s 2:pool:ResourcePool 3:nodeName:s 4:nodeSelector:NodeSelector 5:allNodes:b 6:devices:+Device 7:perDeviceNodeSelection:b 8:sharedCounters:+CounterSet

package api.storage.v1
CSIDriverSpec 9:nodeAllocatableUpdatePeriodSeconds:i 10:serviceAccountTokenInSecrets:b 11:preventPodSchedulingIfMissing:b
VolumeAttributesClass 1:metadata:ObjectMeta 2:driverName:s 3:parameters:%s
VolumeAttributesClassList 1:metadata:ListMeta 2:items:+VolumeAttributesClass
VolumeError 3:errorCode:i

package apiextensions_apiserver.pkg.apis.apiextensions.v1
CustomResourceColumnDefinition 1:name:s 2:type:s 3:format:s 4:description:s 5:priority:i 6:jsonPath:s
CustomResourceConversion 1:strategy:s 2:webhook:WebhookConversion
CustomResourceDefinition 1:metadata:ObjectMeta 2:spec:CustomResourceDefinitionSpec 3:status:CustomResourceDefinitionStatus
CustomResourceDefinitionCondition 1:type:s 2:status:s 3:lastTransitionTime:Time 4:reason:s 5:message:s 6:observedGeneration:i
CustomResourceDefinitionList 1:metadata:ListMeta 2:items:+CustomResourceDefinition
CustomResourceDefinitionNames 1:plural:s 2:singular:s 3:shortNames:+s 4:kind:s 5:listKind:s 6:categories:+s
CustomResourceDefinitionSpec 1:group:s 3:names:CustomResourceDefinitionNames 4:scope:s 7:versions:+CustomResourceDefinitionVersion 9:conversion:CustomResourceConversion 10:preserveUnknownFields:b
CustomResourceDefinitionStatus 1:conditions:+CustomResourceDefinitionCondition 2:acceptedNames:CustomResourceDefinitionNames 3:storedVersions:+s 4:observedGeneration:i
CustomResourceDefinitionVersion 1:name:s 2:served:b 3:storage:b 4:schema:CustomResourceValidation 5:subresources:CustomResourceSubresources 6:additionalPrinterColumns:+CustomResourceColumnDefinition 7:deprecated:b 8:deprecationWarning:s 9:selectableFields:+SelectableField
CustomResourceSubresourceScale 1:specReplicasPath:s 2:statusReplicasPath:s 3:labelSelectorPath:s
CustomResourceSubresourceStatus
CustomResourceSubresources 1:status:CustomResourceSubresourceStatus 2:scale:CustomResourceSubresourceScale
CustomResourceValidation 1:openAPIV3Schema:JSONSchemaProps
ExternalDocumentation 1:description:s 2:url:s
JSONSchemaProps 1:id:s 2:$schema:s 3:$ref:s 4:description:s 5:type:s 6:format:s 7:title:s 8:default:JSON 9:maximum:d 10:exclusiveMaximum:b 11:minimum:d 12:exclusiveMinimum:b 13:maxLength:i 14:minLength:i 15:pattern:s 16:maxItems:i 17:minItems:i 18:uniqueItems:b 19:multipleOf:d 20:enum:+JSON 21:maxProperties:i 22:minProperties:i 23:required:+s 24:items:JSONSchemaPropsOrArray 25:allOf:+JSONSchemaProps 26:oneOf:+JSONSchemaProps 27:anyOf:+JSONSchemaProps 28:not:JSONSchemaProps 29:properties:%JSONSchemaProps 30:additionalProperties:JSONSchemaPropsOrBool 31:patternProperties:%JSONSchemaProps 32:dependencies:%JSONSchemaPropsOrStringArray 33:additionalItems:JSONSchemaPropsOrBool 34:definitions:%JSONSchemaProps 35:externalDocs:ExternalDocumentation 36:example:JSON 37:nullable:b 38:x-kubernetes-preserve-unknown-fields:b 39:x-kubernetes-embedded-resource:b 40:x-kubernetes-int-or-string:b 41:x-kubernetes-list-map-keys:+s 42:x-kubernetes-list-type:s 43:x-kubernetes-map-type:s 44:x-kubernetes-validations:+ValidationRule
SelectableField 1:jsonPath:s
ServiceReference 1:namespace:s 2:name:s 3:path:s 4:port:i
ValidationRule 1:rule:s 2:message:s 3:messageExpression:s 4:reason:s 5:fieldPath:s 6:optionalOldSelf:b
WebhookClientConfig 1:service:ServiceReference 2:caBundle:y 3:url:s
WebhookConversion 2:clientConfig:WebhookClientConfig 3:conversionReviewVersions:+s

package kube_aggregator.pkg.apis.apiregistration.v1
APIService 1:metadata:ObjectMeta 2:spec:APIServiceSpec 3:status:APIServiceStatus
APIServiceCondition 1:type:s 2:status:s 3:lastTransitionTime:Time 4:reason:s 5:message:s
APIServiceList 1:metadata:ListMeta 2:items:+APIService
APIServiceSpec 1:service:ServiceReference 2:group:s 3:version:s 4:insecureSkipTLSVerify:b 5:caBundle:y 7:groupPriorityMinimum:i 8:versionPriority:i
APIServiceStatus 1:conditions:+APIServiceCondition
ServiceReference 1:namespace:s 2:name:s 3:port:i

package apimachinery.pkg.apis.meta.v1
ListMeta 5:shardInfo:ShardInfo
ShardInfo 1:selector:s
`

const common: Readonly<Record<string, string>> = {
  Condition: 'apimachinery.pkg.apis.meta.v1.Condition',
  ListMeta: 'apimachinery.pkg.apis.meta.v1.ListMeta',
  NodeSelector: 'api.core.v1.NodeSelector',
  ObjectMeta: 'apimachinery.pkg.apis.meta.v1.ObjectMeta',
  Quantity: 'apimachinery.pkg.api.resource.Quantity',
  RawExtension: 'apimachinery.pkg.runtime.RawExtension',
  Time: 'apimachinery.pkg.apis.meta.v1.Time',
}

/** The table's messages, with the names of types in full. */
export function newerMessages(): { name: string; fields: string[] }[] {
  const messages: { name: string; fields: string[] }[] = []
  let scope = ''
  for (const line of newer.split('\n')) {
    const [name = '', ...fields] = line.split(' ')
    if (name === 'package') scope = fields[0] ?? ''
    else if (name !== '')
      messages.push({
        name: `${scope}.${name}`,
        fields: fields.map((field) => field.replace(/[A-Z]\w*$/, (type) => common[type] ?? `${scope}.${type}`)),
      })
  }
  return messages
}
