/**
 * Field numbers of Kubernetes' protobuf messages, made by scripts/protobuf-messages.ts. A line is a message and its
 * fields as number:name:type; types are s(tring), i(nteger), b(ool), y (bytes), d(ouble), or a message; + = repeated,
 * % = a map from strings.
 */
export const protobufMessages = `
api.admissionregistration.v1.ApplyConfiguration 1:expression:s
api.admissionregistration.v1.AuditAnnotation 1:key:s 2:valueExpression:s
api.admissionregistration.v1.ExpressionWarning 2:fieldRef:s 3:warning:s
api.admissionregistration.v1.JSONPatch 1:expression:s
api.admissionregistration.v1.MatchCondition 1:name:s 2:expression:s
api.admissionregistration.v1.MatchResources 1:namespaceSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 2:objectSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:resourceRules:+api.admissionregistration.v1.NamedRuleWithOperations 4:excludeResourceRules:+api.admissionregistration.v1.NamedRuleWithOperations 7:matchPolicy:s
api.admissionregistration.v1.MutatingAdmissionPolicy 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.admissionregistration.v1.MutatingAdmissionPolicySpec
api.admissionregistration.v1.MutatingAdmissionPolicyBinding 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec
api.admissionregistration.v1.MutatingAdmissionPolicyBindingList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.admissionregistration.v1.MutatingAdmissionPolicyBinding
api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec 1:policyName:s 2:paramRef:api.admissionregistration.v1.ParamRef 3:matchResources:api.admissionregistration.v1.MatchResources
api.admissionregistration.v1.MutatingAdmissionPolicyList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.admissionregistration.v1.MutatingAdmissionPolicy
api.admissionregistration.v1.MutatingAdmissionPolicySpec 1:paramKind:api.admissionregistration.v1.ParamKind 2:matchConstraints:api.admissionregistration.v1.MatchResources 3:variables:+api.admissionregistration.v1.Variable 4:mutations:+api.admissionregistration.v1.Mutation 5:failurePolicy:s 6:matchConditions:+api.admissionregistration.v1.MatchCondition 7:reinvocationPolicy:s
api.admissionregistration.v1.MutatingWebhook 1:name:s 2:clientConfig:api.admissionregistration.v1.WebhookClientConfig 3:rules:+api.admissionregistration.v1.RuleWithOperations 4:failurePolicy:s 9:matchPolicy:s 5:namespaceSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 11:objectSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 6:sideEffects:s 7:timeoutSeconds:i 8:admissionReviewVersions:+s 10:reinvocationPolicy:s 12:matchConditions:+api.admissionregistration.v1.MatchCondition
api.admissionregistration.v1.MutatingWebhookConfiguration 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:Webhooks:+api.admissionregistration.v1.MutatingWebhook
api.admissionregistration.v1.MutatingWebhookConfigurationList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.admissionregistration.v1.MutatingWebhookConfiguration
api.admissionregistration.v1.Mutation 2:patchType:s 3:applyConfiguration:api.admissionregistration.v1.ApplyConfiguration 4:jsonPatch:api.admissionregistration.v1.JSONPatch
api.admissionregistration.v1.NamedRuleWithOperations 1:resourceNames:+s 2:ruleWithOperations:api.admissionregistration.v1.RuleWithOperations
api.admissionregistration.v1.ParamKind 1:apiVersion:s 2:kind:s
api.admissionregistration.v1.ParamRef 1:name:s 2:namespace:s 3:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 4:parameterNotFoundAction:s
api.admissionregistration.v1.Rule 1:apiGroups:+s 2:apiVersions:+s 3:resources:+s 4:scope:s
api.admissionregistration.v1.RuleWithOperations 1:operations:+s 2:rule:api.admissionregistration.v1.Rule
api.admissionregistration.v1.ServiceReference 1:namespace:s 2:name:s 3:path:s 4:port:i
api.admissionregistration.v1.TypeChecking 1:expressionWarnings:+api.admissionregistration.v1.ExpressionWarning
api.admissionregistration.v1.ValidatingAdmissionPolicy 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.admissionregistration.v1.ValidatingAdmissionPolicySpec 3:status:api.admissionregistration.v1.ValidatingAdmissionPolicyStatus
api.admissionregistration.v1.ValidatingAdmissionPolicyBinding 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec
api.admissionregistration.v1.ValidatingAdmissionPolicyBindingList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.admissionregistration.v1.ValidatingAdmissionPolicyBinding
api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec 1:policyName:s 2:paramRef:api.admissionregistration.v1.ParamRef 3:matchResources:api.admissionregistration.v1.MatchResources 4:validationActions:+s
api.admissionregistration.v1.ValidatingAdmissionPolicyList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.admissionregistration.v1.ValidatingAdmissionPolicy
api.admissionregistration.v1.ValidatingAdmissionPolicySpec 1:paramKind:api.admissionregistration.v1.ParamKind 2:matchConstraints:api.admissionregistration.v1.MatchResources 3:validations:+api.admissionregistration.v1.Validation 4:failurePolicy:s 5:auditAnnotations:+api.admissionregistration.v1.AuditAnnotation 6:matchConditions:+api.admissionregistration.v1.MatchCondition 7:variables:+api.admissionregistration.v1.Variable
api.admissionregistration.v1.ValidatingAdmissionPolicyStatus 1:observedGeneration:i 2:typeChecking:api.admissionregistration.v1.TypeChecking 3:conditions:+apimachinery.pkg.apis.meta.v1.Condition
api.admissionregistration.v1.ValidatingWebhook 1:name:s 2:clientConfig:api.admissionregistration.v1.WebhookClientConfig 3:rules:+api.admissionregistration.v1.RuleWithOperations 4:failurePolicy:s 9:matchPolicy:s 5:namespaceSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 10:objectSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 6:sideEffects:s 7:timeoutSeconds:i 8:admissionReviewVersions:+s 11:matchConditions:+api.admissionregistration.v1.MatchCondition
api.admissionregistration.v1.ValidatingWebhookConfiguration 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:Webhooks:+api.admissionregistration.v1.ValidatingWebhook
api.admissionregistration.v1.ValidatingWebhookConfigurationList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.admissionregistration.v1.ValidatingWebhookConfiguration
api.admissionregistration.v1.Validation 1:Expression:s 2:message:s 3:reason:s 4:messageExpression:s
api.admissionregistration.v1.Variable 1:Name:s 2:Expression:s
api.admissionregistration.v1.WebhookClientConfig 3:url:s 1:service:api.admissionregistration.v1.ServiceReference 2:caBundle:y
api.apps.v1.ControllerRevision 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:data:apimachinery.pkg.runtime.RawExtension 3:revision:i
api.apps.v1.ControllerRevisionList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.apps.v1.ControllerRevision
api.apps.v1.DaemonSet 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.apps.v1.DaemonSetSpec 3:status:api.apps.v1.DaemonSetStatus
api.apps.v1.DaemonSetCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.apps.v1.DaemonSetList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.apps.v1.DaemonSet
api.apps.v1.DaemonSetSpec 1:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 2:template:api.core.v1.PodTemplateSpec 3:updateStrategy:api.apps.v1.DaemonSetUpdateStrategy 4:minReadySeconds:i 6:revisionHistoryLimit:i
api.apps.v1.DaemonSetStatus 1:currentNumberScheduled:i 2:numberMisscheduled:i 3:desiredNumberScheduled:i 4:numberReady:i 5:observedGeneration:i 6:updatedNumberScheduled:i 7:numberAvailable:i 8:numberUnavailable:i 9:collisionCount:i 10:conditions:+api.apps.v1.DaemonSetCondition
api.apps.v1.DaemonSetUpdateStrategy 1:type:s 2:rollingUpdate:api.apps.v1.RollingUpdateDaemonSet
api.apps.v1.Deployment 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.apps.v1.DeploymentSpec 3:status:api.apps.v1.DeploymentStatus
api.apps.v1.DeploymentCondition 1:type:s 2:status:s 6:lastUpdateTime:apimachinery.pkg.apis.meta.v1.Time 7:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.apps.v1.DeploymentList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.apps.v1.Deployment
api.apps.v1.DeploymentSpec 1:replicas:i 2:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:template:api.core.v1.PodTemplateSpec 4:strategy:api.apps.v1.DeploymentStrategy 5:minReadySeconds:i 6:revisionHistoryLimit:i 7:paused:b 9:progressDeadlineSeconds:i
api.apps.v1.DeploymentStatus 1:observedGeneration:i 2:replicas:i 3:updatedReplicas:i 7:readyReplicas:i 4:availableReplicas:i 5:unavailableReplicas:i 6:conditions:+api.apps.v1.DeploymentCondition 8:collisionCount:i 9:terminatingReplicas:i
api.apps.v1.DeploymentStrategy 1:type:s 2:rollingUpdate:api.apps.v1.RollingUpdateDeployment
api.apps.v1.ReplicaSet 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.apps.v1.ReplicaSetSpec 3:status:api.apps.v1.ReplicaSetStatus
api.apps.v1.ReplicaSetCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.apps.v1.ReplicaSetList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.apps.v1.ReplicaSet
api.apps.v1.ReplicaSetSpec 1:replicas:i 4:minReadySeconds:i 2:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:template:api.core.v1.PodTemplateSpec
api.apps.v1.ReplicaSetStatus 1:replicas:i 2:fullyLabeledReplicas:i 4:readyReplicas:i 5:availableReplicas:i 3:observedGeneration:i 6:conditions:+api.apps.v1.ReplicaSetCondition 7:terminatingReplicas:i
api.apps.v1.RollingUpdateDaemonSet 1:maxUnavailable:apimachinery.pkg.util.intstr.IntOrString 2:maxSurge:apimachinery.pkg.util.intstr.IntOrString
api.apps.v1.RollingUpdateDeployment 1:maxUnavailable:apimachinery.pkg.util.intstr.IntOrString 2:maxSurge:apimachinery.pkg.util.intstr.IntOrString
api.apps.v1.RollingUpdateStatefulSetStrategy 1:partition:i 2:maxUnavailable:apimachinery.pkg.util.intstr.IntOrString
api.apps.v1.StatefulSet 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.apps.v1.StatefulSetSpec 3:status:api.apps.v1.StatefulSetStatus
api.apps.v1.StatefulSetCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.apps.v1.StatefulSetList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.apps.v1.StatefulSet
api.apps.v1.StatefulSetOrdinals 1:start:i
api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy 1:whenDeleted:s 2:whenScaled:s
api.apps.v1.StatefulSetSpec 1:replicas:i 2:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:template:api.core.v1.PodTemplateSpec 4:volumeClaimTemplates:+api.core.v1.PersistentVolumeClaim 5:serviceName:s 6:podManagementPolicy:s 7:updateStrategy:api.apps.v1.StatefulSetUpdateStrategy 8:revisionHistoryLimit:i 9:minReadySeconds:i 10:persistentVolumeClaimRetentionPolicy:api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy 11:ordinals:api.apps.v1.StatefulSetOrdinals
api.apps.v1.StatefulSetStatus 1:observedGeneration:i 2:replicas:i 3:readyReplicas:i 4:currentReplicas:i 5:updatedReplicas:i 6:currentRevision:s 7:updateRevision:s 9:collisionCount:i 10:conditions:+api.apps.v1.StatefulSetCondition 11:availableReplicas:i
api.apps.v1.StatefulSetUpdateStrategy 1:type:s 2:rollingUpdate:api.apps.v1.RollingUpdateStatefulSetStrategy
api.authentication.v1.BoundObjectReference 1:kind:s 2:apiVersion:s 3:name:s 4:uid:s
api.authentication.v1.ExtraValue 1:items:+s
api.authentication.v1.SelfSubjectReview 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:status:api.authentication.v1.SelfSubjectReviewStatus
api.authentication.v1.SelfSubjectReviewStatus 1:userInfo:api.authentication.v1.UserInfo
api.authentication.v1.TokenRequest 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.authentication.v1.TokenRequestSpec 3:status:api.authentication.v1.TokenRequestStatus
api.authentication.v1.TokenRequestSpec 1:audiences:+s 4:expirationSeconds:i 3:boundObjectRef:api.authentication.v1.BoundObjectReference
api.authentication.v1.TokenRequestStatus 1:token:s 2:expirationTimestamp:apimachinery.pkg.apis.meta.v1.Time
api.authentication.v1.TokenReview 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.authentication.v1.TokenReviewSpec 3:status:api.authentication.v1.TokenReviewStatus
api.authentication.v1.TokenReviewSpec 1:token:s 2:audiences:+s
api.authentication.v1.TokenReviewStatus 1:authenticated:b 2:user:api.authentication.v1.UserInfo 4:audiences:+s 3:error:s
api.authentication.v1.UserInfo 1:username:s 2:uid:s 3:groups:+s 4:extra:%api.authentication.v1.ExtraValue
api.authorization.v1.ExtraValue 1:items:+s
api.authorization.v1.FieldSelectorAttributes 1:rawSelector:s 2:requirements:+apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement
api.authorization.v1.LabelSelectorAttributes 1:rawSelector:s 2:requirements:+apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement
api.authorization.v1.LocalSubjectAccessReview 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.authorization.v1.SubjectAccessReviewSpec 3:status:api.authorization.v1.SubjectAccessReviewStatus
api.authorization.v1.NonResourceAttributes 1:path:s 2:verb:s
api.authorization.v1.NonResourceRule 1:verbs:+s 2:nonResourceURLs:+s
api.authorization.v1.ResourceAttributes 1:namespace:s 2:verb:s 3:group:s 4:version:s 5:resource:s 6:subresource:s 7:name:s 8:fieldSelector:api.authorization.v1.FieldSelectorAttributes 9:labelSelector:api.authorization.v1.LabelSelectorAttributes
api.authorization.v1.ResourceRule 1:verbs:+s 2:apiGroups:+s 3:resources:+s 4:resourceNames:+s
api.authorization.v1.SelfSubjectAccessReview 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.authorization.v1.SelfSubjectAccessReviewSpec 3:status:api.authorization.v1.SubjectAccessReviewStatus
api.authorization.v1.SelfSubjectAccessReviewSpec 1:resourceAttributes:api.authorization.v1.ResourceAttributes 2:nonResourceAttributes:api.authorization.v1.NonResourceAttributes
api.authorization.v1.SelfSubjectRulesReview 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.authorization.v1.SelfSubjectRulesReviewSpec 3:status:api.authorization.v1.SubjectRulesReviewStatus
api.authorization.v1.SelfSubjectRulesReviewSpec 1:namespace:s
api.authorization.v1.SubjectAccessReview 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.authorization.v1.SubjectAccessReviewSpec 3:status:api.authorization.v1.SubjectAccessReviewStatus
api.authorization.v1.SubjectAccessReviewSpec 1:resourceAttributes:api.authorization.v1.ResourceAttributes 2:nonResourceAttributes:api.authorization.v1.NonResourceAttributes 3:user:s 4:groups:+s 5:extra:%api.authorization.v1.ExtraValue 6:uid:s
api.authorization.v1.SubjectAccessReviewStatus 1:allowed:b 4:denied:b 2:reason:s 3:evaluationError:s
api.authorization.v1.SubjectRulesReviewStatus 1:resourceRules:+api.authorization.v1.ResourceRule 2:nonResourceRules:+api.authorization.v1.NonResourceRule 3:incomplete:b 4:evaluationError:s
api.autoscaling.v1.ContainerResourceMetricSource 1:name:s 2:targetAverageUtilization:i 3:targetAverageValue:apimachinery.pkg.api.resource.Quantity 5:container:s
api.autoscaling.v1.ContainerResourceMetricStatus 1:name:s 2:currentAverageUtilization:i 3:currentAverageValue:apimachinery.pkg.api.resource.Quantity 4:container:s
api.autoscaling.v1.CrossVersionObjectReference 1:kind:s 2:name:s 3:apiVersion:s
api.autoscaling.v1.ExternalMetricSource 1:metricName:s 2:metricSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:targetValue:apimachinery.pkg.api.resource.Quantity 4:targetAverageValue:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v1.ExternalMetricStatus 1:metricName:s 2:metricSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:currentValue:apimachinery.pkg.api.resource.Quantity 4:currentAverageValue:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v1.HorizontalPodAutoscaler 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.autoscaling.v1.HorizontalPodAutoscalerSpec 3:status:api.autoscaling.v1.HorizontalPodAutoscalerStatus
api.autoscaling.v1.HorizontalPodAutoscalerCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.autoscaling.v1.HorizontalPodAutoscalerList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.autoscaling.v1.HorizontalPodAutoscaler
api.autoscaling.v1.HorizontalPodAutoscalerSpec 1:scaleTargetRef:api.autoscaling.v1.CrossVersionObjectReference 2:minReplicas:i 3:maxReplicas:i 4:targetCPUUtilizationPercentage:i
api.autoscaling.v1.HorizontalPodAutoscalerStatus 1:observedGeneration:i 2:lastScaleTime:apimachinery.pkg.apis.meta.v1.Time 3:currentReplicas:i 4:desiredReplicas:i 5:currentCPUUtilizationPercentage:i
api.autoscaling.v1.MetricSpec 1:type:s 2:object:api.autoscaling.v1.ObjectMetricSource 3:pods:api.autoscaling.v1.PodsMetricSource 4:resource:api.autoscaling.v1.ResourceMetricSource 7:containerResource:api.autoscaling.v1.ContainerResourceMetricSource 5:external:api.autoscaling.v1.ExternalMetricSource
api.autoscaling.v1.MetricStatus 1:type:s 2:object:api.autoscaling.v1.ObjectMetricStatus 3:pods:api.autoscaling.v1.PodsMetricStatus 4:resource:api.autoscaling.v1.ResourceMetricStatus 7:containerResource:api.autoscaling.v1.ContainerResourceMetricStatus 5:external:api.autoscaling.v1.ExternalMetricStatus
api.autoscaling.v1.ObjectMetricSource 1:target:api.autoscaling.v1.CrossVersionObjectReference 2:metricName:s 3:targetValue:apimachinery.pkg.api.resource.Quantity 4:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 5:averageValue:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v1.ObjectMetricStatus 1:target:api.autoscaling.v1.CrossVersionObjectReference 2:metricName:s 3:currentValue:apimachinery.pkg.api.resource.Quantity 4:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 5:averageValue:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v1.PodsMetricSource 1:metricName:s 2:targetAverageValue:apimachinery.pkg.api.resource.Quantity 3:selector:apimachinery.pkg.apis.meta.v1.LabelSelector
api.autoscaling.v1.PodsMetricStatus 1:metricName:s 2:currentAverageValue:apimachinery.pkg.api.resource.Quantity 3:selector:apimachinery.pkg.apis.meta.v1.LabelSelector
api.autoscaling.v1.ResourceMetricSource 1:name:s 2:targetAverageUtilization:i 3:targetAverageValue:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v1.ResourceMetricStatus 1:name:s 2:currentAverageUtilization:i 3:currentAverageValue:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v1.Scale 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.autoscaling.v1.ScaleSpec 3:status:api.autoscaling.v1.ScaleStatus
api.autoscaling.v1.ScaleSpec 1:replicas:i
api.autoscaling.v1.ScaleStatus 1:replicas:i 2:selector:s
api.autoscaling.v2.ContainerResourceMetricSource 1:name:s 2:target:api.autoscaling.v2.MetricTarget 3:container:s
api.autoscaling.v2.ContainerResourceMetricStatus 1:name:s 2:current:api.autoscaling.v2.MetricValueStatus 3:container:s
api.autoscaling.v2.CrossVersionObjectReference 1:kind:s 2:name:s 3:apiVersion:s
api.autoscaling.v2.ExternalMetricSource 1:metric:api.autoscaling.v2.MetricIdentifier 2:target:api.autoscaling.v2.MetricTarget
api.autoscaling.v2.ExternalMetricStatus 1:metric:api.autoscaling.v2.MetricIdentifier 2:current:api.autoscaling.v2.MetricValueStatus
api.autoscaling.v2.HPAScalingPolicy 1:type:s 2:value:i 3:periodSeconds:i
api.autoscaling.v2.HPAScalingRules 3:stabilizationWindowSeconds:i 1:selectPolicy:s 2:policies:+api.autoscaling.v2.HPAScalingPolicy 4:tolerance:apimachinery.pkg.api.resource.Quantity
api.autoscaling.v2.HorizontalPodAutoscaler 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.autoscaling.v2.HorizontalPodAutoscalerSpec 3:status:api.autoscaling.v2.HorizontalPodAutoscalerStatus
api.autoscaling.v2.HorizontalPodAutoscalerBehavior 1:scaleUp:api.autoscaling.v2.HPAScalingRules 2:scaleDown:api.autoscaling.v2.HPAScalingRules
api.autoscaling.v2.HorizontalPodAutoscalerCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.autoscaling.v2.HorizontalPodAutoscalerList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.autoscaling.v2.HorizontalPodAutoscaler
api.autoscaling.v2.HorizontalPodAutoscalerSpec 1:scaleTargetRef:api.autoscaling.v2.CrossVersionObjectReference 2:minReplicas:i 3:maxReplicas:i 4:metrics:+api.autoscaling.v2.MetricSpec 5:behavior:api.autoscaling.v2.HorizontalPodAutoscalerBehavior
api.autoscaling.v2.HorizontalPodAutoscalerStatus 1:observedGeneration:i 2:lastScaleTime:apimachinery.pkg.apis.meta.v1.Time 3:currentReplicas:i 4:desiredReplicas:i 5:currentMetrics:+api.autoscaling.v2.MetricStatus 6:conditions:+api.autoscaling.v2.HorizontalPodAutoscalerCondition
api.autoscaling.v2.MetricIdentifier 1:name:s 2:selector:apimachinery.pkg.apis.meta.v1.LabelSelector
api.autoscaling.v2.MetricSpec 1:type:s 2:object:api.autoscaling.v2.ObjectMetricSource 3:pods:api.autoscaling.v2.PodsMetricSource 4:resource:api.autoscaling.v2.ResourceMetricSource 7:containerResource:api.autoscaling.v2.ContainerResourceMetricSource 5:external:api.autoscaling.v2.ExternalMetricSource
api.autoscaling.v2.MetricStatus 1:type:s 2:object:api.autoscaling.v2.ObjectMetricStatus 3:pods:api.autoscaling.v2.PodsMetricStatus 4:resource:api.autoscaling.v2.ResourceMetricStatus 7:containerResource:api.autoscaling.v2.ContainerResourceMetricStatus 5:external:api.autoscaling.v2.ExternalMetricStatus
api.autoscaling.v2.MetricTarget 1:type:s 2:value:apimachinery.pkg.api.resource.Quantity 3:averageValue:apimachinery.pkg.api.resource.Quantity 4:averageUtilization:i
api.autoscaling.v2.MetricValueStatus 1:value:apimachinery.pkg.api.resource.Quantity 2:averageValue:apimachinery.pkg.api.resource.Quantity 3:averageUtilization:i
api.autoscaling.v2.ObjectMetricSource 1:describedObject:api.autoscaling.v2.CrossVersionObjectReference 2:target:api.autoscaling.v2.MetricTarget 3:metric:api.autoscaling.v2.MetricIdentifier
api.autoscaling.v2.ObjectMetricStatus 1:metric:api.autoscaling.v2.MetricIdentifier 2:current:api.autoscaling.v2.MetricValueStatus 3:describedObject:api.autoscaling.v2.CrossVersionObjectReference
api.autoscaling.v2.PodsMetricSource 1:metric:api.autoscaling.v2.MetricIdentifier 2:target:api.autoscaling.v2.MetricTarget
api.autoscaling.v2.PodsMetricStatus 1:metric:api.autoscaling.v2.MetricIdentifier 2:current:api.autoscaling.v2.MetricValueStatus
api.autoscaling.v2.ResourceMetricSource 1:name:s 2:target:api.autoscaling.v2.MetricTarget
api.autoscaling.v2.ResourceMetricStatus 1:name:s 2:current:api.autoscaling.v2.MetricValueStatus
api.batch.v1.CronJob 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.batch.v1.CronJobSpec 3:status:api.batch.v1.CronJobStatus
api.batch.v1.CronJobList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.batch.v1.CronJob
api.batch.v1.CronJobSpec 1:schedule:s 8:timeZone:s 2:startingDeadlineSeconds:i 3:concurrencyPolicy:s 4:suspend:b 5:jobTemplate:api.batch.v1.JobTemplateSpec 6:successfulJobsHistoryLimit:i 7:failedJobsHistoryLimit:i
api.batch.v1.CronJobStatus 1:active:+api.core.v1.ObjectReference 4:lastScheduleTime:apimachinery.pkg.apis.meta.v1.Time 5:lastSuccessfulTime:apimachinery.pkg.apis.meta.v1.Time
api.batch.v1.Job 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.batch.v1.JobSpec 3:status:api.batch.v1.JobStatus
api.batch.v1.JobCondition 1:type:s 2:status:s 3:lastProbeTime:apimachinery.pkg.apis.meta.v1.Time 4:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 5:reason:s 6:message:s
api.batch.v1.JobList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.batch.v1.Job
api.batch.v1.JobSpec 1:parallelism:i 2:completions:i 3:activeDeadlineSeconds:i 11:podFailurePolicy:api.batch.v1.PodFailurePolicy 16:successPolicy:api.batch.v1.SuccessPolicy 7:backoffLimit:i 12:backoffLimitPerIndex:i 13:maxFailedIndexes:i 4:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 5:manualSelector:b 6:template:api.core.v1.PodTemplateSpec 8:ttlSecondsAfterFinished:i 9:completionMode:s 10:suspend:b 14:podReplacementPolicy:s 15:managedBy:s
api.batch.v1.JobStatus 1:conditions:+api.batch.v1.JobCondition 2:startTime:apimachinery.pkg.apis.meta.v1.Time 3:completionTime:apimachinery.pkg.apis.meta.v1.Time 4:active:i 5:succeeded:i 6:failed:i 11:terminating:i 7:completedIndexes:s 10:failedIndexes:s 8:uncountedTerminatedPods:api.batch.v1.UncountedTerminatedPods 9:ready:i
api.batch.v1.JobTemplateSpec 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.batch.v1.JobSpec
api.batch.v1.PodFailurePolicy 1:rules:+api.batch.v1.PodFailurePolicyRule
api.batch.v1.PodFailurePolicyOnExitCodesRequirement 1:containerName:s 2:operator:s 3:values:+i
api.batch.v1.PodFailurePolicyOnPodConditionsPattern 1:type:s 2:status:s
api.batch.v1.PodFailurePolicyRule 1:action:s 2:onExitCodes:api.batch.v1.PodFailurePolicyOnExitCodesRequirement 3:onPodConditions:+api.batch.v1.PodFailurePolicyOnPodConditionsPattern
api.batch.v1.SuccessPolicy 1:rules:+api.batch.v1.SuccessPolicyRule
api.batch.v1.SuccessPolicyRule 1:succeededIndexes:s 2:succeededCount:i
api.batch.v1.UncountedTerminatedPods 1:succeeded:+s 2:failed:+s
api.certificates.v1.CertificateSigningRequest 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.certificates.v1.CertificateSigningRequestSpec 3:status:api.certificates.v1.CertificateSigningRequestStatus
api.certificates.v1.CertificateSigningRequestCondition 1:type:s 6:status:s 2:reason:s 3:message:s 4:lastUpdateTime:apimachinery.pkg.apis.meta.v1.Time 5:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time
api.certificates.v1.CertificateSigningRequestList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.certificates.v1.CertificateSigningRequest
api.certificates.v1.CertificateSigningRequestSpec 1:request:y 7:signerName:s 8:expirationSeconds:i 5:usages:+s 2:username:s 3:uid:s 4:groups:+s 6:extra:%api.certificates.v1.ExtraValue
api.certificates.v1.CertificateSigningRequestStatus 1:conditions:+api.certificates.v1.CertificateSigningRequestCondition 2:certificate:y
api.certificates.v1.ExtraValue 1:items:+s
api.coordination.v1.Lease 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.coordination.v1.LeaseSpec
api.coordination.v1.LeaseList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.coordination.v1.Lease
api.coordination.v1.LeaseSpec 1:holderIdentity:s 2:leaseDurationSeconds:i 3:acquireTime:apimachinery.pkg.apis.meta.v1.MicroTime 4:renewTime:apimachinery.pkg.apis.meta.v1.MicroTime 5:leaseTransitions:i 6:strategy:s 7:preferredHolder:s
api.core.v1.AWSElasticBlockStoreVolumeSource 1:volumeID:s 2:fsType:s 3:partition:i 4:readOnly:b
api.core.v1.Affinity 1:nodeAffinity:api.core.v1.NodeAffinity 2:podAffinity:api.core.v1.PodAffinity 3:podAntiAffinity:api.core.v1.PodAntiAffinity
api.core.v1.AppArmorProfile 1:type:s 2:localhostProfile:s
api.core.v1.AttachedVolume 1:name:s 2:devicePath:s
api.core.v1.AvoidPods 1:preferAvoidPods:+api.core.v1.PreferAvoidPodsEntry
api.core.v1.AzureDiskVolumeSource 1:diskName:s 2:diskURI:s 3:cachingMode:s 4:fsType:s 5:readOnly:b 6:kind:s
api.core.v1.AzureFilePersistentVolumeSource 1:secretName:s 2:shareName:s 3:readOnly:b 4:secretNamespace:s
api.core.v1.AzureFileVolumeSource 1:secretName:s 2:shareName:s 3:readOnly:b
api.core.v1.Binding 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:target:api.core.v1.ObjectReference
api.core.v1.CSIPersistentVolumeSource 1:driver:s 2:volumeHandle:s 3:readOnly:b 4:fsType:s 5:volumeAttributes:%s 6:controllerPublishSecretRef:api.core.v1.SecretReference 7:nodeStageSecretRef:api.core.v1.SecretReference 8:nodePublishSecretRef:api.core.v1.SecretReference 9:controllerExpandSecretRef:api.core.v1.SecretReference 10:nodeExpandSecretRef:api.core.v1.SecretReference
api.core.v1.CSIVolumeSource 1:driver:s 2:readOnly:b 3:fsType:s 4:volumeAttributes:%s 5:nodePublishSecretRef:api.core.v1.LocalObjectReference
api.core.v1.Capabilities 1:add:+s 2:drop:+s
api.core.v1.CephFSPersistentVolumeSource 1:monitors:+s 2:path:s 3:user:s 4:secretFile:s 5:secretRef:api.core.v1.SecretReference 6:readOnly:b
api.core.v1.CephFSVolumeSource 1:monitors:+s 2:path:s 3:user:s 4:secretFile:s 5:secretRef:api.core.v1.LocalObjectReference 6:readOnly:b
api.core.v1.CinderPersistentVolumeSource 1:volumeID:s 2:fsType:s 3:readOnly:b 4:secretRef:api.core.v1.SecretReference
api.core.v1.CinderVolumeSource 1:volumeID:s 2:fsType:s 3:readOnly:b 4:secretRef:api.core.v1.LocalObjectReference
api.core.v1.ClientIPConfig 1:timeoutSeconds:i
api.core.v1.ClusterTrustBundleProjection 1:name:s 2:signerName:s 3:labelSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 5:optional:b 4:path:s
api.core.v1.ComponentCondition 1:type:s 2:status:s 3:message:s 4:error:s
api.core.v1.ComponentStatus 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:conditions:+api.core.v1.ComponentCondition
api.core.v1.ComponentStatusList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.ComponentStatus
api.core.v1.ConfigMap 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 4:immutable:b 2:data:%s 3:binaryData:%y
api.core.v1.ConfigMapEnvSource 1:localObjectReference:api.core.v1.LocalObjectReference 2:optional:b
api.core.v1.ConfigMapKeySelector 1:localObjectReference:api.core.v1.LocalObjectReference 2:key:s 3:optional:b
api.core.v1.ConfigMapList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.ConfigMap
api.core.v1.ConfigMapNodeConfigSource 1:namespace:s 2:name:s 3:uid:s 4:resourceVersion:s 5:kubeletConfigKey:s
api.core.v1.ConfigMapProjection 1:localObjectReference:api.core.v1.LocalObjectReference 2:items:+api.core.v1.KeyToPath 4:optional:b
api.core.v1.ConfigMapVolumeSource 1:localObjectReference:api.core.v1.LocalObjectReference 2:items:+api.core.v1.KeyToPath 3:defaultMode:i 4:optional:b
api.core.v1.Container 1:name:s 2:image:s 3:command:+s 4:args:+s 5:workingDir:s 6:ports:+api.core.v1.ContainerPort 19:envFrom:+api.core.v1.EnvFromSource 7:env:+api.core.v1.EnvVar 8:resources:api.core.v1.ResourceRequirements 23:resizePolicy:+api.core.v1.ContainerResizePolicy 24:restartPolicy:s 9:volumeMounts:+api.core.v1.VolumeMount 21:volumeDevices:+api.core.v1.VolumeDevice 10:livenessProbe:api.core.v1.Probe 11:readinessProbe:api.core.v1.Probe 22:startupProbe:api.core.v1.Probe 12:lifecycle:api.core.v1.Lifecycle 13:terminationMessagePath:s 20:terminationMessagePolicy:s 14:imagePullPolicy:s 15:securityContext:api.core.v1.SecurityContext 16:stdin:b 17:stdinOnce:b 18:tty:b 25:restartPolicyRules:+api.core.v1.ContainerRestartRule
api.core.v1.ContainerExtendedResourceRequest 1:containerName:s 2:resourceName:s 3:requestName:s
api.core.v1.ContainerImage 1:names:+s 2:sizeBytes:i
api.core.v1.ContainerPort 1:name:s 2:hostPort:i 3:containerPort:i 4:protocol:s 5:hostIP:s
api.core.v1.ContainerResizePolicy 1:resourceName:s 2:restartPolicy:s
api.core.v1.ContainerRestartRule 1:action:s 2:exitCodes:api.core.v1.ContainerRestartRuleOnExitCodes
api.core.v1.ContainerRestartRuleOnExitCodes 1:operator:s 2:values:+i
api.core.v1.ContainerState 1:waiting:api.core.v1.ContainerStateWaiting 2:running:api.core.v1.ContainerStateRunning 3:terminated:api.core.v1.ContainerStateTerminated
api.core.v1.ContainerStateRunning 1:startedAt:apimachinery.pkg.apis.meta.v1.Time
api.core.v1.ContainerStateTerminated 1:exitCode:i 2:signal:i 3:reason:s 4:message:s 5:startedAt:apimachinery.pkg.apis.meta.v1.Time 6:finishedAt:apimachinery.pkg.apis.meta.v1.Time 7:containerID:s
api.core.v1.ContainerStateWaiting 1:reason:s 2:message:s
api.core.v1.ContainerStatus 1:name:s 2:state:api.core.v1.ContainerState 3:lastState:api.core.v1.ContainerState 4:ready:b 5:restartCount:i 6:image:s 7:imageID:s 8:containerID:s 9:started:b 10:allocatedResources:%apimachinery.pkg.api.resource.Quantity 11:resources:api.core.v1.ResourceRequirements 12:volumeMounts:+api.core.v1.VolumeMountStatus 13:user:api.core.v1.ContainerUser 14:allocatedResourcesStatus:+api.core.v1.ResourceStatus 15:stopSignal:s
api.core.v1.ContainerUser 1:linux:api.core.v1.LinuxContainerUser
api.core.v1.DaemonEndpoint 1:Port:i
api.core.v1.DownwardAPIProjection 1:items:+api.core.v1.DownwardAPIVolumeFile
api.core.v1.DownwardAPIVolumeFile 1:path:s 2:fieldRef:api.core.v1.ObjectFieldSelector 3:resourceFieldRef:api.core.v1.ResourceFieldSelector 4:mode:i
api.core.v1.DownwardAPIVolumeSource 1:items:+api.core.v1.DownwardAPIVolumeFile 2:defaultMode:i
api.core.v1.EmptyDirVolumeSource 1:medium:s 2:sizeLimit:apimachinery.pkg.api.resource.Quantity
api.core.v1.EndpointAddress 1:ip:s 3:hostname:s 4:nodeName:s 2:targetRef:api.core.v1.ObjectReference
api.core.v1.EndpointPort 1:name:s 2:port:i 3:protocol:s 4:appProtocol:s
api.core.v1.EndpointSubset 1:addresses:+api.core.v1.EndpointAddress 2:notReadyAddresses:+api.core.v1.EndpointAddress 3:ports:+api.core.v1.EndpointPort
api.core.v1.Endpoints 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:subsets:+api.core.v1.EndpointSubset
api.core.v1.EndpointsList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Endpoints
api.core.v1.EnvFromSource 1:prefix:s 2:configMapRef:api.core.v1.ConfigMapEnvSource 3:secretRef:api.core.v1.SecretEnvSource
api.core.v1.EnvVar 1:name:s 2:value:s 3:valueFrom:api.core.v1.EnvVarSource
api.core.v1.EnvVarSource 1:fieldRef:api.core.v1.ObjectFieldSelector 2:resourceFieldRef:api.core.v1.ResourceFieldSelector 3:configMapKeyRef:api.core.v1.ConfigMapKeySelector 4:secretKeyRef:api.core.v1.SecretKeySelector 5:fileKeyRef:api.core.v1.FileKeySelector
api.core.v1.EphemeralContainer 1:ephemeralContainerCommon:api.core.v1.EphemeralContainerCommon 2:targetContainerName:s
api.core.v1.EphemeralContainerCommon 1:name:s 2:image:s 3:command:+s 4:args:+s 5:workingDir:s 6:ports:+api.core.v1.ContainerPort 19:envFrom:+api.core.v1.EnvFromSource 7:env:+api.core.v1.EnvVar 8:resources:api.core.v1.ResourceRequirements 23:resizePolicy:+api.core.v1.ContainerResizePolicy 24:restartPolicy:s 9:volumeMounts:+api.core.v1.VolumeMount 21:volumeDevices:+api.core.v1.VolumeDevice 10:livenessProbe:api.core.v1.Probe 11:readinessProbe:api.core.v1.Probe 22:startupProbe:api.core.v1.Probe 12:lifecycle:api.core.v1.Lifecycle 13:terminationMessagePath:s 20:terminationMessagePolicy:s 14:imagePullPolicy:s 15:securityContext:api.core.v1.SecurityContext 16:stdin:b 17:stdinOnce:b 18:tty:b 25:restartPolicyRules:+api.core.v1.ContainerRestartRule
api.core.v1.EphemeralVolumeSource 1:volumeClaimTemplate:api.core.v1.PersistentVolumeClaimTemplate
api.core.v1.Event 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:involvedObject:api.core.v1.ObjectReference 3:reason:s 4:message:s 5:source:api.core.v1.EventSource 6:firstTimestamp:apimachinery.pkg.apis.meta.v1.Time 7:lastTimestamp:apimachinery.pkg.apis.meta.v1.Time 8:count:i 9:type:s 10:eventTime:apimachinery.pkg.apis.meta.v1.MicroTime 11:series:api.core.v1.EventSeries 12:action:s 13:related:api.core.v1.ObjectReference 14:reportingComponent:s 15:reportingInstance:s
api.core.v1.EventList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Event
api.core.v1.EventSeries 1:count:i 2:lastObservedTime:apimachinery.pkg.apis.meta.v1.MicroTime
api.core.v1.EventSource 1:component:s 2:host:s
api.core.v1.ExecAction 1:command:+s
api.core.v1.FCVolumeSource 1:targetWWNs:+s 2:lun:i 3:fsType:s 4:readOnly:b 5:wwids:+s
api.core.v1.FileKeySelector 1:volumeName:s 2:path:s 3:key:s 4:optional:b
api.core.v1.FlexPersistentVolumeSource 1:driver:s 2:fsType:s 3:secretRef:api.core.v1.SecretReference 4:readOnly:b 5:options:%s
api.core.v1.FlexVolumeSource 1:driver:s 2:fsType:s 3:secretRef:api.core.v1.LocalObjectReference 4:readOnly:b 5:options:%s
api.core.v1.FlockerVolumeSource 1:datasetName:s 2:datasetUUID:s
api.core.v1.GCEPersistentDiskVolumeSource 1:pdName:s 2:fsType:s 3:partition:i 4:readOnly:b
api.core.v1.GRPCAction 1:port:i 2:service:s
api.core.v1.GitRepoVolumeSource 1:repository:s 2:revision:s 3:directory:s
api.core.v1.GlusterfsPersistentVolumeSource 1:endpoints:s 2:path:s 3:readOnly:b 4:endpointsNamespace:s
api.core.v1.GlusterfsVolumeSource 1:endpoints:s 2:path:s 3:readOnly:b
api.core.v1.HTTPGetAction 1:path:s 2:port:apimachinery.pkg.util.intstr.IntOrString 3:host:s 4:scheme:s 5:httpHeaders:+api.core.v1.HTTPHeader
api.core.v1.HTTPHeader 1:name:s 2:value:s
api.core.v1.HostAlias 1:ip:s 2:hostnames:+s
api.core.v1.HostIP 1:ip:s
api.core.v1.HostPathVolumeSource 1:path:s 2:type:s
api.core.v1.ISCSIPersistentVolumeSource 1:targetPortal:s 2:iqn:s 3:lun:i 4:iscsiInterface:s 5:fsType:s 6:readOnly:b 7:portals:+s 8:chapAuthDiscovery:b 11:chapAuthSession:b 10:secretRef:api.core.v1.SecretReference 12:initiatorName:s
api.core.v1.ISCSIVolumeSource 1:targetPortal:s 2:iqn:s 3:lun:i 4:iscsiInterface:s 5:fsType:s 6:readOnly:b 7:portals:+s 8:chapAuthDiscovery:b 11:chapAuthSession:b 10:secretRef:api.core.v1.LocalObjectReference 12:initiatorName:s
api.core.v1.ImageVolumeSource 1:reference:s 2:pullPolicy:s
api.core.v1.ImageVolumeStatus 1:imageRef:s
api.core.v1.KeyToPath 1:key:s 2:path:s 3:mode:i
api.core.v1.Lifecycle 1:postStart:api.core.v1.LifecycleHandler 2:preStop:api.core.v1.LifecycleHandler 3:stopSignal:s
api.core.v1.LifecycleHandler 1:exec:api.core.v1.ExecAction 2:httpGet:api.core.v1.HTTPGetAction 3:tcpSocket:api.core.v1.TCPSocketAction 4:sleep:api.core.v1.SleepAction
api.core.v1.LimitRange 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.LimitRangeSpec
api.core.v1.LimitRangeItem 1:type:s 2:max:%apimachinery.pkg.api.resource.Quantity 3:min:%apimachinery.pkg.api.resource.Quantity 4:default:%apimachinery.pkg.api.resource.Quantity 5:defaultRequest:%apimachinery.pkg.api.resource.Quantity 6:maxLimitRequestRatio:%apimachinery.pkg.api.resource.Quantity
api.core.v1.LimitRangeList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.LimitRange
api.core.v1.LimitRangeSpec 1:limits:+api.core.v1.LimitRangeItem
api.core.v1.LinuxContainerUser 1:uid:i 2:gid:i 3:supplementalGroups:+i
api.core.v1.List 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+apimachinery.pkg.runtime.RawExtension
api.core.v1.LoadBalancerIngress 1:ip:s 2:hostname:s 3:ipMode:s 4:ports:+api.core.v1.PortStatus
api.core.v1.LoadBalancerStatus 1:ingress:+api.core.v1.LoadBalancerIngress
api.core.v1.LocalObjectReference 1:name:s
api.core.v1.LocalVolumeSource 1:path:s 2:fsType:s
api.core.v1.ModifyVolumeStatus 1:targetVolumeAttributesClassName:s 2:status:s
api.core.v1.NFSVolumeSource 1:server:s 2:path:s 3:readOnly:b
api.core.v1.Namespace 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.NamespaceSpec 3:status:api.core.v1.NamespaceStatus
api.core.v1.NamespaceCondition 1:type:s 2:status:s 4:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 5:reason:s 6:message:s
api.core.v1.NamespaceList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Namespace
api.core.v1.NamespaceSpec 1:finalizers:+s
api.core.v1.NamespaceStatus 1:phase:s 2:conditions:+api.core.v1.NamespaceCondition
api.core.v1.Node 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.NodeSpec 3:status:api.core.v1.NodeStatus
api.core.v1.NodeAddress 1:type:s 2:address:s
api.core.v1.NodeAffinity 1:requiredDuringSchedulingIgnoredDuringExecution:api.core.v1.NodeSelector 2:preferredDuringSchedulingIgnoredDuringExecution:+api.core.v1.PreferredSchedulingTerm
api.core.v1.NodeAllocatableResourceClaimStatus 1:resourceClaimName:s 2:containers:+s 3:resources:%apimachinery.pkg.api.resource.Quantity
api.core.v1.NodeCondition 1:type:s 2:status:s 3:lastHeartbeatTime:apimachinery.pkg.apis.meta.v1.Time 4:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 5:reason:s 6:message:s
api.core.v1.NodeConfigSource 2:configMap:api.core.v1.ConfigMapNodeConfigSource
api.core.v1.NodeConfigStatus 1:assigned:api.core.v1.NodeConfigSource 2:active:api.core.v1.NodeConfigSource 3:lastKnownGood:api.core.v1.NodeConfigSource 4:error:s
api.core.v1.NodeDaemonEndpoints 1:kubeletEndpoint:api.core.v1.DaemonEndpoint
api.core.v1.NodeFeatures 1:supplementalGroupsPolicy:b
api.core.v1.NodeList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Node
api.core.v1.NodeProxyOptions 1:path:s
api.core.v1.NodeRuntimeHandler 1:name:s 2:features:api.core.v1.NodeRuntimeHandlerFeatures
api.core.v1.NodeRuntimeHandlerFeatures 1:recursiveReadOnlyMounts:b 2:userNamespaces:b
api.core.v1.NodeSelector 1:nodeSelectorTerms:+api.core.v1.NodeSelectorTerm
api.core.v1.NodeSelectorRequirement 1:key:s 2:operator:s 3:values:+s
api.core.v1.NodeSelectorTerm 1:matchExpressions:+api.core.v1.NodeSelectorRequirement 2:matchFields:+api.core.v1.NodeSelectorRequirement
api.core.v1.NodeSpec 1:podCIDR:s 7:podCIDRs:+s 3:providerID:s 4:unschedulable:b 5:taints:+api.core.v1.Taint 6:configSource:api.core.v1.NodeConfigSource 2:externalID:s
api.core.v1.NodeStatus 1:capacity:%apimachinery.pkg.api.resource.Quantity 2:allocatable:%apimachinery.pkg.api.resource.Quantity 3:phase:s 4:conditions:+api.core.v1.NodeCondition 5:addresses:+api.core.v1.NodeAddress 6:daemonEndpoints:api.core.v1.NodeDaemonEndpoints 7:nodeInfo:api.core.v1.NodeSystemInfo 8:images:+api.core.v1.ContainerImage 9:volumesInUse:+s 10:volumesAttached:+api.core.v1.AttachedVolume 11:config:api.core.v1.NodeConfigStatus 12:runtimeHandlers:+api.core.v1.NodeRuntimeHandler 13:features:api.core.v1.NodeFeatures 14:declaredFeatures:+s
api.core.v1.NodeSwapStatus 1:capacity:i
api.core.v1.NodeSystemInfo 1:machineID:s 2:systemUUID:s 3:bootID:s 4:kernelVersion:s 5:osImage:s 6:containerRuntimeVersion:s 7:kubeletVersion:s 8:kubeProxyVersion:s 9:operatingSystem:s 10:architecture:s 11:swap:api.core.v1.NodeSwapStatus
api.core.v1.ObjectFieldSelector 1:apiVersion:s 2:fieldPath:s
api.core.v1.ObjectReference 1:kind:s 2:namespace:s 3:name:s 4:uid:s 5:apiVersion:s 6:resourceVersion:s 7:fieldPath:s
api.core.v1.PersistentVolume 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.PersistentVolumeSpec 3:status:api.core.v1.PersistentVolumeStatus
api.core.v1.PersistentVolumeClaim 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.PersistentVolumeClaimSpec 3:status:api.core.v1.PersistentVolumeClaimStatus
api.core.v1.PersistentVolumeClaimCondition 1:type:s 2:status:s 3:lastProbeTime:apimachinery.pkg.apis.meta.v1.Time 4:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 5:reason:s 6:message:s
api.core.v1.PersistentVolumeClaimList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.PersistentVolumeClaim
api.core.v1.PersistentVolumeClaimSpec 1:accessModes:+s 4:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 2:resources:api.core.v1.VolumeResourceRequirements 3:volumeName:s 5:storageClassName:s 6:volumeMode:s 7:dataSource:api.core.v1.TypedLocalObjectReference 8:dataSourceRef:api.core.v1.TypedObjectReference 9:volumeAttributesClassName:s
api.core.v1.PersistentVolumeClaimStatus 1:phase:s 2:accessModes:+s 3:capacity:%apimachinery.pkg.api.resource.Quantity 4:conditions:+api.core.v1.PersistentVolumeClaimCondition 5:allocatedResources:%apimachinery.pkg.api.resource.Quantity 7:allocatedResourceStatuses:%s 8:currentVolumeAttributesClassName:s 9:modifyVolumeStatus:api.core.v1.ModifyVolumeStatus
api.core.v1.PersistentVolumeClaimTemplate 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.PersistentVolumeClaimSpec
api.core.v1.PersistentVolumeClaimVolumeSource 1:claimName:s 2:readOnly:b
api.core.v1.PersistentVolumeList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.PersistentVolume
api.core.v1.PersistentVolumeSource 1:gcePersistentDisk:api.core.v1.GCEPersistentDiskVolumeSource 2:awsElasticBlockStore:api.core.v1.AWSElasticBlockStoreVolumeSource 3:hostPath:api.core.v1.HostPathVolumeSource 4:glusterfs:api.core.v1.GlusterfsPersistentVolumeSource 5:nfs:api.core.v1.NFSVolumeSource 6:rbd:api.core.v1.RBDPersistentVolumeSource 7:iscsi:api.core.v1.ISCSIPersistentVolumeSource 8:cinder:api.core.v1.CinderPersistentVolumeSource 9:cephfs:api.core.v1.CephFSPersistentVolumeSource 10:fc:api.core.v1.FCVolumeSource 11:flocker:api.core.v1.FlockerVolumeSource 12:flexVolume:api.core.v1.FlexPersistentVolumeSource 13:azureFile:api.core.v1.AzureFilePersistentVolumeSource 14:vsphereVolume:api.core.v1.VsphereVirtualDiskVolumeSource 15:quobyte:api.core.v1.QuobyteVolumeSource 16:azureDisk:api.core.v1.AzureDiskVolumeSource 17:photonPersistentDisk:api.core.v1.PhotonPersistentDiskVolumeSource 18:portworxVolume:api.core.v1.PortworxVolumeSource 19:scaleIO:api.core.v1.ScaleIOPersistentVolumeSource 20:local:api.core.v1.LocalVolumeSource 21:storageos:api.core.v1.StorageOSPersistentVolumeSource 22:csi:api.core.v1.CSIPersistentVolumeSource
api.core.v1.PersistentVolumeSpec 1:capacity:%apimachinery.pkg.api.resource.Quantity 2:persistentVolumeSource:api.core.v1.PersistentVolumeSource 3:accessModes:+s 4:claimRef:api.core.v1.ObjectReference 5:persistentVolumeReclaimPolicy:s 6:storageClassName:s 7:mountOptions:+s 8:volumeMode:s 9:nodeAffinity:api.core.v1.VolumeNodeAffinity 10:volumeAttributesClassName:s
api.core.v1.PersistentVolumeStatus 1:phase:s 2:message:s 3:reason:s 4:lastPhaseTransitionTime:apimachinery.pkg.apis.meta.v1.Time
api.core.v1.PhotonPersistentDiskVolumeSource 1:pdID:s 2:fsType:s
api.core.v1.Pod 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.PodSpec 3:status:api.core.v1.PodStatus
api.core.v1.PodAffinity 1:requiredDuringSchedulingIgnoredDuringExecution:+api.core.v1.PodAffinityTerm 2:preferredDuringSchedulingIgnoredDuringExecution:+api.core.v1.WeightedPodAffinityTerm
api.core.v1.PodAffinityTerm 1:labelSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 2:namespaces:+s 3:topologyKey:s 4:namespaceSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 5:matchLabelKeys:+s 6:mismatchLabelKeys:+s
api.core.v1.PodAntiAffinity 1:requiredDuringSchedulingIgnoredDuringExecution:+api.core.v1.PodAffinityTerm 2:preferredDuringSchedulingIgnoredDuringExecution:+api.core.v1.WeightedPodAffinityTerm
api.core.v1.PodAttachOptions 1:stdin:b 2:stdout:b 3:stderr:b 4:tty:b 5:container:s
api.core.v1.PodCertificateProjection 1:signerName:s 2:keyType:s 3:maxExpirationSeconds:i 4:credentialBundlePath:s 5:keyPath:s 6:certificateChainPath:s 7:userAnnotations:%s
api.core.v1.PodCondition 1:type:s 2:status:s 3:lastProbeTime:apimachinery.pkg.apis.meta.v1.Time 4:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 5:reason:s 6:message:s 7:observedGeneration:i
api.core.v1.PodDNSConfig 1:nameservers:+s 2:searches:+s 3:options:+api.core.v1.PodDNSConfigOption
api.core.v1.PodDNSConfigOption 1:name:s 2:value:s
api.core.v1.PodExecOptions 1:stdin:b 2:stdout:b 3:stderr:b 4:tty:b 5:container:s 6:command:+s
api.core.v1.PodExtendedResourceClaimStatus 1:requestMappings:+api.core.v1.ContainerExtendedResourceRequest 2:resourceClaimName:s
api.core.v1.PodIP 1:ip:s
api.core.v1.PodList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Pod
api.core.v1.PodLogOptions 1:container:s 2:follow:b 3:previous:b 4:sinceSeconds:i 5:sinceTime:apimachinery.pkg.apis.meta.v1.Time 6:timestamps:b 7:tailLines:i 8:limitBytes:i 9:insecureSkipTLSVerifyBackend:b 10:stream:s
api.core.v1.PodOS 1:name:s
api.core.v1.PodPortForwardOptions 1:ports:+i
api.core.v1.PodProxyOptions 1:path:s
api.core.v1.PodReadinessGate 1:conditionType:s
api.core.v1.PodResourceClaim 1:name:s 3:resourceClaimName:s 4:resourceClaimTemplateName:s
api.core.v1.PodResourceClaimStatus 1:name:s 2:resourceClaimName:s
api.core.v1.PodSchedulingGate 1:name:s
api.core.v1.PodSchedulingGroup 1:podGroupName:s
api.core.v1.PodSecurityContext 1:seLinuxOptions:api.core.v1.SELinuxOptions 8:windowsOptions:api.core.v1.WindowsSecurityContextOptions 2:runAsUser:i 6:runAsGroup:i 3:runAsNonRoot:b 4:supplementalGroups:+i 12:supplementalGroupsPolicy:s 5:fsGroup:i 7:sysctls:+api.core.v1.Sysctl 9:fsGroupChangePolicy:s 10:seccompProfile:api.core.v1.SeccompProfile 11:appArmorProfile:api.core.v1.AppArmorProfile 13:seLinuxChangePolicy:s
api.core.v1.PodSignature 1:podController:apimachinery.pkg.apis.meta.v1.OwnerReference
api.core.v1.PodSpec 1:volumes:+api.core.v1.Volume 20:initContainers:+api.core.v1.Container 2:containers:+api.core.v1.Container 34:ephemeralContainers:+api.core.v1.EphemeralContainer 3:restartPolicy:s 4:terminationGracePeriodSeconds:i 5:activeDeadlineSeconds:i 6:dnsPolicy:s 7:nodeSelector:%s 8:serviceAccountName:s 9:serviceAccount:s 21:automountServiceAccountToken:b 10:nodeName:s 11:hostNetwork:b 12:hostPID:b 13:hostIPC:b 27:shareProcessNamespace:b 14:securityContext:api.core.v1.PodSecurityContext 15:imagePullSecrets:+api.core.v1.LocalObjectReference 16:hostname:s 17:subdomain:s 18:affinity:api.core.v1.Affinity 19:schedulerName:s 22:tolerations:+api.core.v1.Toleration 23:hostAliases:+api.core.v1.HostAlias 24:priorityClassName:s 25:priority:i 26:dnsConfig:api.core.v1.PodDNSConfig 28:readinessGates:+api.core.v1.PodReadinessGate 29:runtimeClassName:s 30:enableServiceLinks:b 31:preemptionPolicy:s 32:overhead:%apimachinery.pkg.api.resource.Quantity 33:topologySpreadConstraints:+api.core.v1.TopologySpreadConstraint 35:setHostnameAsFQDN:b 36:os:api.core.v1.PodOS 37:hostUsers:b 38:schedulingGates:+api.core.v1.PodSchedulingGate 39:resourceClaims:+api.core.v1.PodResourceClaim 40:resources:api.core.v1.ResourceRequirements 41:hostnameOverride:s 43:schedulingGroup:api.core.v1.PodSchedulingGroup
api.core.v1.PodStatus 1:phase:s 2:conditions:+api.core.v1.PodCondition 3:message:s 4:reason:s 11:nominatedNodeName:s 5:hostIP:s 16:hostIPs:+api.core.v1.HostIP 6:podIP:s 12:podIPs:+api.core.v1.PodIP 7:startTime:apimachinery.pkg.apis.meta.v1.Time 10:initContainerStatuses:+api.core.v1.ContainerStatus 8:containerStatuses:+api.core.v1.ContainerStatus 9:qosClass:s 13:ephemeralContainerStatuses:+api.core.v1.ContainerStatus 14:resize:s 15:resourceClaimStatuses:+api.core.v1.PodResourceClaimStatus 17:observedGeneration:i 18:extendedResourceClaimStatus:api.core.v1.PodExtendedResourceClaimStatus 19:allocatedResources:%apimachinery.pkg.api.resource.Quantity 20:resources:api.core.v1.ResourceRequirements 21:nodeAllocatableResourceClaimStatuses:+api.core.v1.NodeAllocatableResourceClaimStatus
api.core.v1.PodStatusResult 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:status:api.core.v1.PodStatus
api.core.v1.PodTemplate 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:template:api.core.v1.PodTemplateSpec
api.core.v1.PodTemplateList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.PodTemplate
api.core.v1.PodTemplateSpec 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.PodSpec
api.core.v1.PortStatus 1:port:i 2:protocol:s 3:error:s
api.core.v1.PortworxVolumeSource 1:volumeID:s 2:fsType:s 3:readOnly:b
api.core.v1.Preconditions 1:uid:s
api.core.v1.PreferAvoidPodsEntry 1:podSignature:api.core.v1.PodSignature 2:evictionTime:apimachinery.pkg.apis.meta.v1.Time 3:reason:s 4:message:s
api.core.v1.PreferredSchedulingTerm 1:weight:i 2:preference:api.core.v1.NodeSelectorTerm
api.core.v1.Probe 1:handler:api.core.v1.ProbeHandler 2:initialDelaySeconds:i 3:timeoutSeconds:i 4:periodSeconds:i 5:successThreshold:i 6:failureThreshold:i 7:terminationGracePeriodSeconds:i
api.core.v1.ProbeHandler 1:exec:api.core.v1.ExecAction 2:httpGet:api.core.v1.HTTPGetAction 3:tcpSocket:api.core.v1.TCPSocketAction 4:grpc:api.core.v1.GRPCAction
api.core.v1.ProjectedVolumeSource 1:sources:+api.core.v1.VolumeProjection 2:defaultMode:i
api.core.v1.QuobyteVolumeSource 1:registry:s 2:volume:s 3:readOnly:b 4:user:s 5:group:s 6:tenant:s
api.core.v1.RBDPersistentVolumeSource 1:monitors:+s 2:image:s 3:fsType:s 4:pool:s 5:user:s 6:keyring:s 7:secretRef:api.core.v1.SecretReference 8:readOnly:b
api.core.v1.RBDVolumeSource 1:monitors:+s 2:image:s 3:fsType:s 4:pool:s 5:user:s 6:keyring:s 7:secretRef:api.core.v1.LocalObjectReference 8:readOnly:b
api.core.v1.RangeAllocation 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:range:s 3:data:y
api.core.v1.ReplicationController 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.ReplicationControllerSpec 3:status:api.core.v1.ReplicationControllerStatus
api.core.v1.ReplicationControllerCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.core.v1.ReplicationControllerList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.ReplicationController
api.core.v1.ReplicationControllerSpec 1:replicas:i 4:minReadySeconds:i 2:selector:%s 3:template:api.core.v1.PodTemplateSpec
api.core.v1.ReplicationControllerStatus 1:replicas:i 2:fullyLabeledReplicas:i 4:readyReplicas:i 5:availableReplicas:i 3:observedGeneration:i 6:conditions:+api.core.v1.ReplicationControllerCondition
api.core.v1.ResourceClaim 1:name:s 2:request:s
api.core.v1.ResourceFieldSelector 1:containerName:s 2:resource:s 3:divisor:apimachinery.pkg.api.resource.Quantity
api.core.v1.ResourceHealth 1:resourceID:s 2:health:s 6:message:s
api.core.v1.ResourceQuota 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.ResourceQuotaSpec 3:status:api.core.v1.ResourceQuotaStatus
api.core.v1.ResourceQuotaList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.ResourceQuota
api.core.v1.ResourceQuotaSpec 1:hard:%apimachinery.pkg.api.resource.Quantity 2:scopes:+s 3:scopeSelector:api.core.v1.ScopeSelector
api.core.v1.ResourceQuotaStatus 1:hard:%apimachinery.pkg.api.resource.Quantity 2:used:%apimachinery.pkg.api.resource.Quantity
api.core.v1.ResourceRequirements 1:limits:%apimachinery.pkg.api.resource.Quantity 2:requests:%apimachinery.pkg.api.resource.Quantity 3:claims:+api.core.v1.ResourceClaim
api.core.v1.ResourceStatus 1:name:s 2:resources:+api.core.v1.ResourceHealth
api.core.v1.SELinuxOptions 1:user:s 2:role:s 3:type:s 4:level:s
api.core.v1.ScaleIOPersistentVolumeSource 1:gateway:s 2:system:s 3:secretRef:api.core.v1.SecretReference 4:sslEnabled:b 5:protectionDomain:s 6:storagePool:s 7:storageMode:s 8:volumeName:s 9:fsType:s 10:readOnly:b
api.core.v1.ScaleIOVolumeSource 1:gateway:s 2:system:s 3:secretRef:api.core.v1.LocalObjectReference 4:sslEnabled:b 5:protectionDomain:s 6:storagePool:s 7:storageMode:s 8:volumeName:s 9:fsType:s 10:readOnly:b
api.core.v1.ScopeSelector 1:matchExpressions:+api.core.v1.ScopedResourceSelectorRequirement
api.core.v1.ScopedResourceSelectorRequirement 1:scopeName:s 2:operator:s 3:values:+s
api.core.v1.SeccompProfile 1:type:s 2:localhostProfile:s
api.core.v1.Secret 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 5:immutable:b 2:data:%y 4:stringData:%s 3:type:s
api.core.v1.SecretEnvSource 1:localObjectReference:api.core.v1.LocalObjectReference 2:optional:b
api.core.v1.SecretKeySelector 1:localObjectReference:api.core.v1.LocalObjectReference 2:key:s 3:optional:b
api.core.v1.SecretList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Secret
api.core.v1.SecretProjection 1:localObjectReference:api.core.v1.LocalObjectReference 2:items:+api.core.v1.KeyToPath 4:optional:b
api.core.v1.SecretReference 1:name:s 2:namespace:s
api.core.v1.SecretVolumeSource 1:secretName:s 2:items:+api.core.v1.KeyToPath 3:defaultMode:i 4:optional:b
api.core.v1.SecurityContext 1:capabilities:api.core.v1.Capabilities 2:privileged:b 3:seLinuxOptions:api.core.v1.SELinuxOptions 10:windowsOptions:api.core.v1.WindowsSecurityContextOptions 4:runAsUser:i 8:runAsGroup:i 5:runAsNonRoot:b 6:readOnlyRootFilesystem:b 7:allowPrivilegeEscalation:b 9:procMount:s 11:seccompProfile:api.core.v1.SeccompProfile 12:appArmorProfile:api.core.v1.AppArmorProfile
api.core.v1.SerializedReference 1:reference:api.core.v1.ObjectReference
api.core.v1.Service 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.core.v1.ServiceSpec 3:status:api.core.v1.ServiceStatus
api.core.v1.ServiceAccount 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:secrets:+api.core.v1.ObjectReference 3:imagePullSecrets:+api.core.v1.LocalObjectReference 4:automountServiceAccountToken:b
api.core.v1.ServiceAccountList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.ServiceAccount
api.core.v1.ServiceAccountTokenProjection 1:audience:s 2:expirationSeconds:i 3:path:s
api.core.v1.ServiceList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.core.v1.Service
api.core.v1.ServicePort 1:name:s 2:protocol:s 6:appProtocol:s 3:port:i 4:targetPort:apimachinery.pkg.util.intstr.IntOrString 5:nodePort:i
api.core.v1.ServiceProxyOptions 1:path:s
api.core.v1.ServiceSpec 1:ports:+api.core.v1.ServicePort 2:selector:%s 3:clusterIP:s 18:clusterIPs:+s 4:type:s 5:externalIPs:+s 7:sessionAffinity:s 8:loadBalancerIP:s 9:loadBalancerSourceRanges:+s 10:externalName:s 11:externalTrafficPolicy:s 12:healthCheckNodePort:i 13:publishNotReadyAddresses:b 14:sessionAffinityConfig:api.core.v1.SessionAffinityConfig 19:ipFamilies:+s 17:ipFamilyPolicy:s 20:allocateLoadBalancerNodePorts:b 21:loadBalancerClass:s 22:internalTrafficPolicy:s 23:trafficDistribution:s
api.core.v1.ServiceStatus 1:loadBalancer:api.core.v1.LoadBalancerStatus 2:conditions:+apimachinery.pkg.apis.meta.v1.Condition
api.core.v1.SessionAffinityConfig 1:clientIP:api.core.v1.ClientIPConfig
api.core.v1.SleepAction 1:seconds:i
api.core.v1.StorageOSPersistentVolumeSource 1:volumeName:s 2:volumeNamespace:s 3:fsType:s 4:readOnly:b 5:secretRef:api.core.v1.ObjectReference
api.core.v1.StorageOSVolumeSource 1:volumeName:s 2:volumeNamespace:s 3:fsType:s 4:readOnly:b 5:secretRef:api.core.v1.LocalObjectReference
api.core.v1.Sysctl 1:name:s 2:value:s
api.core.v1.TCPSocketAction 1:port:apimachinery.pkg.util.intstr.IntOrString 2:host:s
api.core.v1.Taint 1:key:s 2:value:s 3:effect:s 4:timeAdded:apimachinery.pkg.apis.meta.v1.Time
api.core.v1.Toleration 1:key:s 2:operator:s 3:value:s 4:effect:s 5:tolerationSeconds:i
api.core.v1.TopologySelectorLabelRequirement 1:key:s 2:values:+s
api.core.v1.TopologySelectorTerm 1:matchLabelExpressions:+api.core.v1.TopologySelectorLabelRequirement
api.core.v1.TopologySpreadConstraint 1:maxSkew:i 2:topologyKey:s 3:whenUnsatisfiable:s 4:labelSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 5:minDomains:i 6:nodeAffinityPolicy:s 7:nodeTaintsPolicy:s 8:matchLabelKeys:+s
api.core.v1.TypedLocalObjectReference 1:apiGroup:s 2:kind:s 3:name:s
api.core.v1.TypedObjectReference 1:apiGroup:s 2:kind:s 3:name:s 4:namespace:s
api.core.v1.Volume 1:name:s 2:volumeSource:api.core.v1.VolumeSource
api.core.v1.VolumeDevice 1:name:s 2:devicePath:s
api.core.v1.VolumeMount 1:name:s 2:readOnly:b 7:recursiveReadOnly:s 3:mountPath:s 4:subPath:s 5:mountPropagation:s 6:subPathExpr:s
api.core.v1.VolumeMountStatus 1:name:s 2:mountPath:s 3:readOnly:b 4:recursiveReadOnly:s 5:volumeStatus:api.core.v1.VolumeStatus
api.core.v1.VolumeNodeAffinity 1:required:api.core.v1.NodeSelector
api.core.v1.VolumeProjection 1:secret:api.core.v1.SecretProjection 2:downwardAPI:api.core.v1.DownwardAPIProjection 3:configMap:api.core.v1.ConfigMapProjection 4:serviceAccountToken:api.core.v1.ServiceAccountTokenProjection 5:clusterTrustBundle:api.core.v1.ClusterTrustBundleProjection 6:podCertificate:api.core.v1.PodCertificateProjection
api.core.v1.VolumeResourceRequirements 1:limits:%apimachinery.pkg.api.resource.Quantity 2:requests:%apimachinery.pkg.api.resource.Quantity
api.core.v1.VolumeSource 1:hostPath:api.core.v1.HostPathVolumeSource 2:emptyDir:api.core.v1.EmptyDirVolumeSource 3:gcePersistentDisk:api.core.v1.GCEPersistentDiskVolumeSource 4:awsElasticBlockStore:api.core.v1.AWSElasticBlockStoreVolumeSource 5:gitRepo:api.core.v1.GitRepoVolumeSource 6:secret:api.core.v1.SecretVolumeSource 7:nfs:api.core.v1.NFSVolumeSource 8:iscsi:api.core.v1.ISCSIVolumeSource 9:glusterfs:api.core.v1.GlusterfsVolumeSource 10:persistentVolumeClaim:api.core.v1.PersistentVolumeClaimVolumeSource 11:rbd:api.core.v1.RBDVolumeSource 12:flexVolume:api.core.v1.FlexVolumeSource 13:cinder:api.core.v1.CinderVolumeSource 14:cephfs:api.core.v1.CephFSVolumeSource 15:flocker:api.core.v1.FlockerVolumeSource 16:downwardAPI:api.core.v1.DownwardAPIVolumeSource 17:fc:api.core.v1.FCVolumeSource 18:azureFile:api.core.v1.AzureFileVolumeSource 19:configMap:api.core.v1.ConfigMapVolumeSource 20:vsphereVolume:api.core.v1.VsphereVirtualDiskVolumeSource 21:quobyte:api.core.v1.QuobyteVolumeSource 22:azureDisk:api.core.v1.AzureDiskVolumeSource 23:photonPersistentDisk:api.core.v1.PhotonPersistentDiskVolumeSource 26:projected:api.core.v1.ProjectedVolumeSource 24:portworxVolume:api.core.v1.PortworxVolumeSource 25:scaleIO:api.core.v1.ScaleIOVolumeSource 27:storageos:api.core.v1.StorageOSVolumeSource 28:csi:api.core.v1.CSIVolumeSource 29:ephemeral:api.core.v1.EphemeralVolumeSource 30:image:api.core.v1.ImageVolumeSource
api.core.v1.VolumeStatus 1:image:api.core.v1.ImageVolumeStatus
api.core.v1.VsphereVirtualDiskVolumeSource 1:volumePath:s 2:fsType:s 3:storagePolicyName:s 4:storagePolicyID:s
api.core.v1.WeightedPodAffinityTerm 1:weight:i 2:podAffinityTerm:api.core.v1.PodAffinityTerm
api.core.v1.WindowsSecurityContextOptions 1:gmsaCredentialSpecName:s 2:gmsaCredentialSpec:s 3:runAsUserName:s 4:hostProcess:b
api.discovery.v1.Endpoint 1:addresses:+s 2:conditions:api.discovery.v1.EndpointConditions 3:hostname:s 4:targetRef:api.core.v1.ObjectReference 5:deprecatedTopology:%s 6:nodeName:s 7:zone:s 8:hints:api.discovery.v1.EndpointHints
api.discovery.v1.EndpointConditions 1:ready:b 2:serving:b 3:terminating:b
api.discovery.v1.EndpointHints 1:forZones:+api.discovery.v1.ForZone 2:forNodes:+api.discovery.v1.ForNode
api.discovery.v1.EndpointPort 1:name:s 2:protocol:s 3:port:i 4:appProtocol:s
api.discovery.v1.EndpointSlice 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 4:addressType:s 2:endpoints:+api.discovery.v1.Endpoint 3:ports:+api.discovery.v1.EndpointPort
api.discovery.v1.EndpointSliceList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.discovery.v1.EndpointSlice
api.discovery.v1.ForNode 1:name:s
api.discovery.v1.ForZone 1:name:s
api.events.v1.Event 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:eventTime:apimachinery.pkg.apis.meta.v1.MicroTime 3:series:api.events.v1.EventSeries 4:reportingController:s 5:reportingInstance:s 6:action:s 7:reason:s 8:regarding:api.core.v1.ObjectReference 9:related:api.core.v1.ObjectReference 10:note:s 11:type:s 12:deprecatedSource:api.core.v1.EventSource 13:deprecatedFirstTimestamp:apimachinery.pkg.apis.meta.v1.Time 14:deprecatedLastTimestamp:apimachinery.pkg.apis.meta.v1.Time 15:deprecatedCount:i
api.events.v1.EventList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.events.v1.Event
api.events.v1.EventSeries 1:count:i 2:lastObservedTime:apimachinery.pkg.apis.meta.v1.MicroTime
api.flowcontrol.v1.ExemptPriorityLevelConfiguration 1:nominalConcurrencyShares:i 2:lendablePercent:i
api.flowcontrol.v1.FlowDistinguisherMethod 1:type:s
api.flowcontrol.v1.FlowSchema 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.flowcontrol.v1.FlowSchemaSpec 3:status:api.flowcontrol.v1.FlowSchemaStatus
api.flowcontrol.v1.FlowSchemaCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.flowcontrol.v1.FlowSchemaList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.flowcontrol.v1.FlowSchema
api.flowcontrol.v1.FlowSchemaSpec 1:priorityLevelConfiguration:api.flowcontrol.v1.PriorityLevelConfigurationReference 2:matchingPrecedence:i 3:distinguisherMethod:api.flowcontrol.v1.FlowDistinguisherMethod 4:rules:+api.flowcontrol.v1.PolicyRulesWithSubjects
api.flowcontrol.v1.FlowSchemaStatus 1:conditions:+api.flowcontrol.v1.FlowSchemaCondition
api.flowcontrol.v1.GroupSubject 1:name:s
api.flowcontrol.v1.LimitResponse 1:type:s 2:queuing:api.flowcontrol.v1.QueuingConfiguration
api.flowcontrol.v1.LimitedPriorityLevelConfiguration 1:nominalConcurrencyShares:i 2:limitResponse:api.flowcontrol.v1.LimitResponse 3:lendablePercent:i 4:borrowingLimitPercent:i
api.flowcontrol.v1.NonResourcePolicyRule 1:verbs:+s 6:nonResourceURLs:+s
api.flowcontrol.v1.PolicyRulesWithSubjects 1:subjects:+api.flowcontrol.v1.Subject 2:resourceRules:+api.flowcontrol.v1.ResourcePolicyRule 3:nonResourceRules:+api.flowcontrol.v1.NonResourcePolicyRule
api.flowcontrol.v1.PriorityLevelConfiguration 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.flowcontrol.v1.PriorityLevelConfigurationSpec 3:status:api.flowcontrol.v1.PriorityLevelConfigurationStatus
api.flowcontrol.v1.PriorityLevelConfigurationCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
api.flowcontrol.v1.PriorityLevelConfigurationList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.flowcontrol.v1.PriorityLevelConfiguration
api.flowcontrol.v1.PriorityLevelConfigurationReference 1:name:s
api.flowcontrol.v1.PriorityLevelConfigurationSpec 1:type:s 2:limited:api.flowcontrol.v1.LimitedPriorityLevelConfiguration 3:exempt:api.flowcontrol.v1.ExemptPriorityLevelConfiguration
api.flowcontrol.v1.PriorityLevelConfigurationStatus 1:conditions:+api.flowcontrol.v1.PriorityLevelConfigurationCondition
api.flowcontrol.v1.QueuingConfiguration 1:queues:i 2:handSize:i 3:queueLengthLimit:i
api.flowcontrol.v1.ResourcePolicyRule 1:verbs:+s 2:apiGroups:+s 3:resources:+s 4:clusterScope:b 5:namespaces:+s
api.flowcontrol.v1.ServiceAccountSubject 1:namespace:s 2:name:s
api.flowcontrol.v1.Subject 1:kind:s 2:user:api.flowcontrol.v1.UserSubject 3:group:api.flowcontrol.v1.GroupSubject 4:serviceAccount:api.flowcontrol.v1.ServiceAccountSubject
api.flowcontrol.v1.UserSubject 1:name:s
api.networking.v1.HTTPIngressPath 1:path:s 3:pathType:s 2:backend:api.networking.v1.IngressBackend
api.networking.v1.HTTPIngressRuleValue 1:paths:+api.networking.v1.HTTPIngressPath
api.networking.v1.IPAddress 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.networking.v1.IPAddressSpec
api.networking.v1.IPAddressList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.networking.v1.IPAddress
api.networking.v1.IPAddressSpec 1:parentRef:api.networking.v1.ParentReference
api.networking.v1.IPBlock 1:cidr:s 2:except:+s
api.networking.v1.Ingress 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.networking.v1.IngressSpec 3:status:api.networking.v1.IngressStatus
api.networking.v1.IngressBackend 4:service:api.networking.v1.IngressServiceBackend 3:resource:api.core.v1.TypedLocalObjectReference
api.networking.v1.IngressClass 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.networking.v1.IngressClassSpec
api.networking.v1.IngressClassList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.networking.v1.IngressClass
api.networking.v1.IngressClassParametersReference 1:apiGroup:s 2:kind:s 3:name:s 4:scope:s 5:namespace:s
api.networking.v1.IngressClassSpec 1:controller:s 2:parameters:api.networking.v1.IngressClassParametersReference
api.networking.v1.IngressList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.networking.v1.Ingress
api.networking.v1.IngressLoadBalancerIngress 1:ip:s 2:hostname:s 4:ports:+api.networking.v1.IngressPortStatus
api.networking.v1.IngressLoadBalancerStatus 1:ingress:+api.networking.v1.IngressLoadBalancerIngress
api.networking.v1.IngressPortStatus 1:port:i 2:protocol:s 3:error:s
api.networking.v1.IngressRule 1:host:s 2:ingressRuleValue:api.networking.v1.IngressRuleValue
api.networking.v1.IngressRuleValue 1:http:api.networking.v1.HTTPIngressRuleValue
api.networking.v1.IngressServiceBackend 1:name:s 2:port:api.networking.v1.ServiceBackendPort
api.networking.v1.IngressSpec 4:ingressClassName:s 1:defaultBackend:api.networking.v1.IngressBackend 2:tls:+api.networking.v1.IngressTLS 3:rules:+api.networking.v1.IngressRule
api.networking.v1.IngressStatus 1:loadBalancer:api.networking.v1.IngressLoadBalancerStatus
api.networking.v1.IngressTLS 1:hosts:+s 2:secretName:s
api.networking.v1.NetworkPolicy 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.networking.v1.NetworkPolicySpec
api.networking.v1.NetworkPolicyEgressRule 1:ports:+api.networking.v1.NetworkPolicyPort 2:to:+api.networking.v1.NetworkPolicyPeer
api.networking.v1.NetworkPolicyIngressRule 1:ports:+api.networking.v1.NetworkPolicyPort 2:from:+api.networking.v1.NetworkPolicyPeer
api.networking.v1.NetworkPolicyList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.networking.v1.NetworkPolicy
api.networking.v1.NetworkPolicyPeer 1:podSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 2:namespaceSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:ipBlock:api.networking.v1.IPBlock
api.networking.v1.NetworkPolicyPort 1:protocol:s 2:port:apimachinery.pkg.util.intstr.IntOrString 3:endPort:i
api.networking.v1.NetworkPolicySpec 1:podSelector:apimachinery.pkg.apis.meta.v1.LabelSelector 2:ingress:+api.networking.v1.NetworkPolicyIngressRule 3:egress:+api.networking.v1.NetworkPolicyEgressRule 4:policyTypes:+s
api.networking.v1.ParentReference 1:group:s 2:resource:s 3:namespace:s 4:name:s
api.networking.v1.ServiceBackendPort 1:name:s 2:number:i
api.networking.v1.ServiceCIDR 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.networking.v1.ServiceCIDRSpec 3:status:api.networking.v1.ServiceCIDRStatus
api.networking.v1.ServiceCIDRList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.networking.v1.ServiceCIDR
api.networking.v1.ServiceCIDRSpec 1:cidrs:+s
api.networking.v1.ServiceCIDRStatus 1:conditions:+apimachinery.pkg.apis.meta.v1.Condition
api.node.v1.Overhead 1:podFixed:%apimachinery.pkg.api.resource.Quantity
api.node.v1.RuntimeClass 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:handler:s 3:overhead:api.node.v1.Overhead 4:scheduling:api.node.v1.Scheduling
api.node.v1.RuntimeClassList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.node.v1.RuntimeClass
api.node.v1.Scheduling 1:nodeSelector:%s 2:tolerations:+api.core.v1.Toleration
api.policy.v1.Eviction 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:deleteOptions:apimachinery.pkg.apis.meta.v1.DeleteOptions
api.policy.v1.PodDisruptionBudget 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.policy.v1.PodDisruptionBudgetSpec 3:status:api.policy.v1.PodDisruptionBudgetStatus
api.policy.v1.PodDisruptionBudgetList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.policy.v1.PodDisruptionBudget
api.policy.v1.PodDisruptionBudgetSpec 1:minAvailable:apimachinery.pkg.util.intstr.IntOrString 2:selector:apimachinery.pkg.apis.meta.v1.LabelSelector 3:maxUnavailable:apimachinery.pkg.util.intstr.IntOrString 4:unhealthyPodEvictionPolicy:s
api.policy.v1.PodDisruptionBudgetStatus 1:observedGeneration:i 2:disruptedPods:%apimachinery.pkg.apis.meta.v1.Time 3:disruptionsAllowed:i 4:currentHealthy:i 5:desiredHealthy:i 6:expectedPods:i 7:conditions:+apimachinery.pkg.apis.meta.v1.Condition
api.rbac.v1.AggregationRule 1:clusterRoleSelectors:+apimachinery.pkg.apis.meta.v1.LabelSelector
api.rbac.v1.ClusterRole 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:rules:+api.rbac.v1.PolicyRule 3:aggregationRule:api.rbac.v1.AggregationRule
api.rbac.v1.ClusterRoleBinding 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:subjects:+api.rbac.v1.Subject 3:roleRef:api.rbac.v1.RoleRef
api.rbac.v1.ClusterRoleBindingList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.rbac.v1.ClusterRoleBinding
api.rbac.v1.ClusterRoleList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.rbac.v1.ClusterRole
api.rbac.v1.PolicyRule 1:verbs:+s 2:apiGroups:+s 3:resources:+s 4:resourceNames:+s 5:nonResourceURLs:+s
api.rbac.v1.Role 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:rules:+api.rbac.v1.PolicyRule
api.rbac.v1.RoleBinding 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:subjects:+api.rbac.v1.Subject 3:roleRef:api.rbac.v1.RoleRef
api.rbac.v1.RoleBindingList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.rbac.v1.RoleBinding
api.rbac.v1.RoleList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.rbac.v1.Role
api.rbac.v1.RoleRef 1:apiGroup:s 2:kind:s 3:name:s
api.rbac.v1.Subject 1:kind:s 2:apiGroup:s 3:name:s 4:namespace:s
api.resource.v1.AllocatedDeviceStatus 1:driver:s 2:pool:s 3:device:s 4:conditions:+apimachinery.pkg.apis.meta.v1.Condition 5:data:apimachinery.pkg.runtime.RawExtension 6:networkData:api.resource.v1.NetworkDeviceData 7:shareID:s
api.resource.v1.AllocationResult 1:devices:api.resource.v1.DeviceAllocationResult 3:nodeSelector:api.core.v1.NodeSelector 5:allocationTimestamp:apimachinery.pkg.apis.meta.v1.Time
api.resource.v1.CELDeviceSelector 1:expression:s
api.resource.v1.CapacityRequestPolicy 1:default:apimachinery.pkg.api.resource.Quantity 3:validValues:+apimachinery.pkg.api.resource.Quantity 4:validRange:api.resource.v1.CapacityRequestPolicyRange
api.resource.v1.CapacityRequestPolicyRange 1:min:apimachinery.pkg.api.resource.Quantity 2:max:apimachinery.pkg.api.resource.Quantity 3:step:apimachinery.pkg.api.resource.Quantity
api.resource.v1.CapacityRequirements 1:requests:%apimachinery.pkg.api.resource.Quantity
api.resource.v1.Counter 1:value:apimachinery.pkg.api.resource.Quantity
api.resource.v1.CounterSet 1:name:s 2:counters:%api.resource.v1.Counter
api.resource.v1.Device 1:name:s 2:attributes:%api.resource.v1.DeviceAttribute 3:capacity:%api.resource.v1.DeviceCapacity 4:consumesCounters:+api.resource.v1.DeviceCounterConsumption 5:nodeName:s 6:nodeSelector:api.core.v1.NodeSelector 7:allNodes:b 8:taints:+api.resource.v1.DeviceTaint 9:bindsToNode:b 10:bindingConditions:+s 11:bindingFailureConditions:+s 12:allowMultipleAllocations:b 13:nodeAllocatableResourceMappings:%api.resource.v1.NodeAllocatableResourceMapping
api.resource.v1.DeviceAllocationConfiguration 1:source:s 2:requests:+s 3:deviceConfiguration:api.resource.v1.DeviceConfiguration
api.resource.v1.DeviceAllocationResult 1:results:+api.resource.v1.DeviceRequestAllocationResult 2:config:+api.resource.v1.DeviceAllocationConfiguration
api.resource.v1.DeviceAttribute 2:int:i 3:bool:b 4:string:s 5:version:s 6:ints:+i 7:bools:+b 8:strings:+s 9:versions:+s
api.resource.v1.DeviceCapacity 1:value:apimachinery.pkg.api.resource.Quantity 2:requestPolicy:api.resource.v1.CapacityRequestPolicy
api.resource.v1.DeviceClaim 1:requests:+api.resource.v1.DeviceRequest 2:constraints:+api.resource.v1.DeviceConstraint 3:config:+api.resource.v1.DeviceClaimConfiguration
api.resource.v1.DeviceClaimConfiguration 1:requests:+s 2:deviceConfiguration:api.resource.v1.DeviceConfiguration
api.resource.v1.DeviceClass 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.resource.v1.DeviceClassSpec
api.resource.v1.DeviceClassConfiguration 1:deviceConfiguration:api.resource.v1.DeviceConfiguration
api.resource.v1.DeviceClassList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.resource.v1.DeviceClass
api.resource.v1.DeviceClassSpec 1:selectors:+api.resource.v1.DeviceSelector 2:config:+api.resource.v1.DeviceClassConfiguration 4:extendedResourceName:s
api.resource.v1.DeviceConfiguration 1:opaque:api.resource.v1.OpaqueDeviceConfiguration
api.resource.v1.DeviceConstraint 1:requests:+s 2:matchAttribute:s 3:distinctAttribute:s
api.resource.v1.DeviceCounterConsumption 1:counterSet:s 2:counters:%api.resource.v1.Counter
api.resource.v1.DeviceRequest 1:name:s 2:exactly:api.resource.v1.ExactDeviceRequest 3:firstAvailable:+api.resource.v1.DeviceSubRequest
api.resource.v1.DeviceRequestAllocationResult 1:request:s 2:driver:s 3:pool:s 4:device:s 5:adminAccess:b 6:tolerations:+api.resource.v1.DeviceToleration 7:bindingConditions:+s 8:bindingFailureConditions:+s 9:shareID:s 10:consumedCapacity:%apimachinery.pkg.api.resource.Quantity
api.resource.v1.DeviceSelector 1:cel:api.resource.v1.CELDeviceSelector
api.resource.v1.DeviceSubRequest 1:name:s 2:deviceClassName:s 3:selectors:+api.resource.v1.DeviceSelector 4:allocationMode:s 5:count:i 6:tolerations:+api.resource.v1.DeviceToleration 7:capacity:api.resource.v1.CapacityRequirements
api.resource.v1.DeviceTaint 1:key:s 2:value:s 3:effect:s 4:timeAdded:apimachinery.pkg.apis.meta.v1.Time
api.resource.v1.DeviceToleration 1:key:s 2:operator:s 3:value:s 4:effect:s 5:tolerationSeconds:i
api.resource.v1.ExactDeviceRequest 1:deviceClassName:s 2:selectors:+api.resource.v1.DeviceSelector 3:allocationMode:s 4:count:i 5:adminAccess:b 6:tolerations:+api.resource.v1.DeviceToleration 7:capacity:api.resource.v1.CapacityRequirements
api.resource.v1.NetworkDeviceData 1:interfaceName:s 2:ips:+s 3:hardwareAddress:s
api.resource.v1.NodeAllocatableResourceMapping 1:capacityKey:s 2:allocationMultiplier:apimachinery.pkg.api.resource.Quantity
api.resource.v1.OpaqueDeviceConfiguration 1:driver:s 2:parameters:apimachinery.pkg.runtime.RawExtension
api.resource.v1.ResourceClaim 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.resource.v1.ResourceClaimSpec 3:status:api.resource.v1.ResourceClaimStatus
api.resource.v1.ResourceClaimConsumerReference 1:apiGroup:s 3:resource:s 4:name:s 5:uid:s
api.resource.v1.ResourceClaimList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.resource.v1.ResourceClaim
api.resource.v1.ResourceClaimSpec 1:devices:api.resource.v1.DeviceClaim
api.resource.v1.ResourceClaimStatus 1:allocation:api.resource.v1.AllocationResult 2:reservedFor:+api.resource.v1.ResourceClaimConsumerReference 4:devices:+api.resource.v1.AllocatedDeviceStatus
api.resource.v1.ResourceClaimTemplate 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.resource.v1.ResourceClaimTemplateSpec
api.resource.v1.ResourceClaimTemplateList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.resource.v1.ResourceClaimTemplate
api.resource.v1.ResourceClaimTemplateSpec 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.resource.v1.ResourceClaimSpec
api.resource.v1.ResourcePool 1:name:s 2:generation:i 3:resourceSliceCount:i
api.resource.v1.ResourceSlice 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.resource.v1.ResourceSliceSpec
api.resource.v1.ResourceSliceList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.resource.v1.ResourceSlice
api.resource.v1.ResourceSliceSpec 1:driver:s 2:pool:api.resource.v1.ResourcePool 3:nodeName:s 4:nodeSelector:api.core.v1.NodeSelector 5:allNodes:b 6:devices:+api.resource.v1.Device 7:perDeviceNodeSelection:b 8:sharedCounters:+api.resource.v1.CounterSet
api.scheduling.v1.PriorityClass 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:value:i 3:globalDefault:b 4:description:s 5:preemptionPolicy:s
api.scheduling.v1.PriorityClassList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.scheduling.v1.PriorityClass
api.storage.v1.CSIDriver 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.storage.v1.CSIDriverSpec
api.storage.v1.CSIDriverList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.storage.v1.CSIDriver
api.storage.v1.CSIDriverSpec 1:attachRequired:b 2:podInfoOnMount:b 3:volumeLifecycleModes:+s 4:storageCapacity:b 5:fsGroupPolicy:s 6:tokenRequests:+api.storage.v1.TokenRequest 7:requiresRepublish:b 8:seLinuxMount:b 9:nodeAllocatableUpdatePeriodSeconds:i 10:serviceAccountTokenInSecrets:b 11:preventPodSchedulingIfMissing:b
api.storage.v1.CSINode 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.storage.v1.CSINodeSpec
api.storage.v1.CSINodeDriver 1:name:s 2:nodeID:s 3:topologyKeys:+s 4:allocatable:api.storage.v1.VolumeNodeResources
api.storage.v1.CSINodeList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.storage.v1.CSINode
api.storage.v1.CSINodeSpec 1:drivers:+api.storage.v1.CSINodeDriver
api.storage.v1.CSIStorageCapacity 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:nodeTopology:apimachinery.pkg.apis.meta.v1.LabelSelector 3:storageClassName:s 4:capacity:apimachinery.pkg.api.resource.Quantity 5:maximumVolumeSize:apimachinery.pkg.api.resource.Quantity
api.storage.v1.CSIStorageCapacityList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.storage.v1.CSIStorageCapacity
api.storage.v1.StorageClass 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:provisioner:s 3:parameters:%s 4:reclaimPolicy:s 5:mountOptions:+s 6:allowVolumeExpansion:b 7:volumeBindingMode:s 8:allowedTopologies:+api.core.v1.TopologySelectorTerm
api.storage.v1.StorageClassList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.storage.v1.StorageClass
api.storage.v1.TokenRequest 1:audience:s 2:expirationSeconds:i
api.storage.v1.VolumeAttachment 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:api.storage.v1.VolumeAttachmentSpec 3:status:api.storage.v1.VolumeAttachmentStatus
api.storage.v1.VolumeAttachmentList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.storage.v1.VolumeAttachment
api.storage.v1.VolumeAttachmentSource 1:persistentVolumeName:s 2:inlineVolumeSpec:api.core.v1.PersistentVolumeSpec
api.storage.v1.VolumeAttachmentSpec 1:attacher:s 2:source:api.storage.v1.VolumeAttachmentSource 3:nodeName:s
api.storage.v1.VolumeAttachmentStatus 1:attached:b 2:attachmentMetadata:%s 3:attachError:api.storage.v1.VolumeError 4:detachError:api.storage.v1.VolumeError
api.storage.v1.VolumeAttributesClass 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:driverName:s 3:parameters:%s
api.storage.v1.VolumeAttributesClassList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+api.storage.v1.VolumeAttributesClass
api.storage.v1.VolumeError 1:time:apimachinery.pkg.apis.meta.v1.Time 2:message:s 3:errorCode:i
api.storage.v1.VolumeNodeResources 1:count:i
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition 1:name:s 2:type:s 3:format:s 4:description:s 5:priority:i 6:jsonPath:s
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion 1:strategy:s 2:webhook:apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookConversion
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec 3:status:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s 6:observedGeneration:i
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames 1:plural:s 2:singular:s 3:shortNames:+s 4:kind:s 5:listKind:s 6:categories:+s
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec 1:group:s 3:names:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames 4:scope:s 7:versions:+apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion 9:conversion:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion 10:preserveUnknownFields:b
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus 1:conditions:+apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition 2:acceptedNames:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames 3:storedVersions:+s 4:observedGeneration:i
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion 1:name:s 2:served:b 3:storage:b 4:schema:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation 5:subresources:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources 6:additionalPrinterColumns:+apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition 7:deprecated:b 8:deprecationWarning:s 9:selectableFields:+apiextensions_apiserver.pkg.apis.apiextensions.v1.SelectableField
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale 1:specReplicasPath:s 2:statusReplicasPath:s 3:labelSelectorPath:s
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources 1:status:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus 2:scale:apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale
apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation 1:openAPIV3Schema:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps
apiextensions_apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation 1:description:s 2:url:s
apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 1:id:s 2:$schema:s 3:$ref:s 4:description:s 5:type:s 6:format:s 7:title:s 8:default:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON 9:maximum:d 10:exclusiveMaximum:b 11:minimum:d 12:exclusiveMinimum:b 13:maxLength:i 14:minLength:i 15:pattern:s 16:maxItems:i 17:minItems:i 18:uniqueItems:b 19:multipleOf:d 20:enum:+apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON 21:maxProperties:i 22:minProperties:i 23:required:+s 24:items:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray 25:allOf:+apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 26:oneOf:+apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 27:anyOf:+apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 28:not:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 29:properties:%apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 30:additionalProperties:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool 31:patternProperties:%apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 32:dependencies:%apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray 33:additionalItems:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool 34:definitions:%apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps 35:externalDocs:apiextensions_apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation 36:example:apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON 37:nullable:b 38:x-kubernetes-preserve-unknown-fields:b 39:x-kubernetes-embedded-resource:b 40:x-kubernetes-int-or-string:b 41:x-kubernetes-list-map-keys:+s 42:x-kubernetes-list-type:s 43:x-kubernetes-map-type:s 44:x-kubernetes-validations:+apiextensions_apiserver.pkg.apis.apiextensions.v1.ValidationRule
apiextensions_apiserver.pkg.apis.apiextensions.v1.SelectableField 1:jsonPath:s
apiextensions_apiserver.pkg.apis.apiextensions.v1.ServiceReference 1:namespace:s 2:name:s 3:path:s 4:port:i
apiextensions_apiserver.pkg.apis.apiextensions.v1.ValidationRule 1:rule:s 2:message:s 3:messageExpression:s 4:reason:s 5:fieldPath:s 6:optionalOldSelf:b
apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig 1:service:apiextensions_apiserver.pkg.apis.apiextensions.v1.ServiceReference 2:caBundle:y 3:url:s
apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookConversion 2:clientConfig:apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig 3:conversionReviewVersions:+s
apimachinery.pkg.api.resource.Quantity 1:string:s
apimachinery.pkg.api.resource.QuantityValue 1:string:s
apimachinery.pkg.apis.meta.v1.APIGroup 1:name:s 2:versions:+apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery 3:preferredVersion:apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery 4:serverAddressByClientCIDRs:+apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR
apimachinery.pkg.apis.meta.v1.APIGroupList 1:groups:+apimachinery.pkg.apis.meta.v1.APIGroup
apimachinery.pkg.apis.meta.v1.APIResource 1:name:s 6:singularName:s 2:namespaced:b 8:group:s 9:version:s 3:kind:s 4:verbs:apimachinery.pkg.apis.meta.v1.Verbs 5:shortNames:+s 7:categories:+s 10:storageVersionHash:s
apimachinery.pkg.apis.meta.v1.APIResourceList 1:groupVersion:s 2:resources:+apimachinery.pkg.apis.meta.v1.APIResource
apimachinery.pkg.apis.meta.v1.APIVersions 1:versions:+s 2:serverAddressByClientCIDRs:+apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR
apimachinery.pkg.apis.meta.v1.ApplyOptions 1:dryRun:+s 2:force:b 3:fieldManager:s
apimachinery.pkg.apis.meta.v1.Condition 1:type:s 2:status:s 3:observedGeneration:i 4:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 5:reason:s 6:message:s
apimachinery.pkg.apis.meta.v1.CreateOptions 1:dryRun:+s 3:fieldManager:s 4:fieldValidation:s
apimachinery.pkg.apis.meta.v1.DeleteOptions 1:gracePeriodSeconds:i 2:preconditions:apimachinery.pkg.apis.meta.v1.Preconditions 3:orphanDependents:b 4:propagationPolicy:s 5:dryRun:+s 6:ignoreStoreReadErrorWithClusterBreakingPotential:b
apimachinery.pkg.apis.meta.v1.Duration 1:duration:i
apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement 1:key:s 2:operator:s 3:values:+s
apimachinery.pkg.apis.meta.v1.FieldsV1 1:Raw:y
apimachinery.pkg.apis.meta.v1.GetOptions 1:resourceVersion:s
apimachinery.pkg.apis.meta.v1.GroupKind 1:group:s 2:kind:s
apimachinery.pkg.apis.meta.v1.GroupResource 1:group:s 2:resource:s
apimachinery.pkg.apis.meta.v1.GroupVersion 1:group:s 2:version:s
apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery 1:groupVersion:s 2:version:s
apimachinery.pkg.apis.meta.v1.GroupVersionKind 1:group:s 2:version:s 3:kind:s
apimachinery.pkg.apis.meta.v1.GroupVersionResource 1:group:s 2:version:s 3:resource:s
apimachinery.pkg.apis.meta.v1.LabelSelector 1:matchLabels:%s 2:matchExpressions:+apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement
apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement 1:key:s 2:operator:s 3:values:+s
apimachinery.pkg.apis.meta.v1.List 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+apimachinery.pkg.runtime.RawExtension
apimachinery.pkg.apis.meta.v1.ListMeta 1:selfLink:s 2:resourceVersion:s 3:continue:s 4:remainingItemCount:i
apimachinery.pkg.apis.meta.v1.ListOptions 1:labelSelector:s 2:fieldSelector:s 3:watch:b 9:allowWatchBookmarks:b 4:resourceVersion:s 10:resourceVersionMatch:s 5:timeoutSeconds:i 7:limit:i 8:continue:s 11:sendInitialEvents:b
apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry 1:manager:s 2:operation:s 3:apiVersion:s 4:time:apimachinery.pkg.apis.meta.v1.Time 6:fieldsType:s 7:fieldsV1:apimachinery.pkg.apis.meta.v1.FieldsV1 8:subresource:s
apimachinery.pkg.apis.meta.v1.MicroTime 1:seconds:i 2:nanos:i
apimachinery.pkg.apis.meta.v1.ObjectMeta 1:name:s 2:generateName:s 3:namespace:s 4:selfLink:s 5:uid:s 6:resourceVersion:s 7:generation:i 8:creationTimestamp:apimachinery.pkg.apis.meta.v1.Time 9:deletionTimestamp:apimachinery.pkg.apis.meta.v1.Time 10:deletionGracePeriodSeconds:i 11:labels:%s 12:annotations:%s 13:ownerReferences:+apimachinery.pkg.apis.meta.v1.OwnerReference 14:finalizers:+s 17:managedFields:+apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry
apimachinery.pkg.apis.meta.v1.OwnerReference 5:apiVersion:s 1:kind:s 3:name:s 4:uid:s 6:controller:b 7:blockOwnerDeletion:b
apimachinery.pkg.apis.meta.v1.PartialObjectMetadata 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta
apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+apimachinery.pkg.apis.meta.v1.PartialObjectMetadata
apimachinery.pkg.apis.meta.v1.Patch
apimachinery.pkg.apis.meta.v1.PatchOptions 1:dryRun:+s 2:force:b 3:fieldManager:s 4:fieldValidation:s
apimachinery.pkg.apis.meta.v1.Preconditions 1:uid:s 2:resourceVersion:s
apimachinery.pkg.apis.meta.v1.RootPaths 1:paths:+s
apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR 1:clientCIDR:s 2:serverAddress:s
apimachinery.pkg.apis.meta.v1.Status 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:status:s 3:message:s 4:reason:s 5:details:apimachinery.pkg.apis.meta.v1.StatusDetails 6:code:i
apimachinery.pkg.apis.meta.v1.StatusCause 1:reason:s 2:message:s 3:field:s
apimachinery.pkg.apis.meta.v1.StatusDetails 1:name:s 2:group:s 3:kind:s 6:uid:s 4:causes:+apimachinery.pkg.apis.meta.v1.StatusCause 5:retryAfterSeconds:i
apimachinery.pkg.apis.meta.v1.TableOptions 1:includeObject:s
apimachinery.pkg.apis.meta.v1.Time 1:seconds:i 2:nanos:i
apimachinery.pkg.apis.meta.v1.Timestamp 1:seconds:i 2:nanos:i
apimachinery.pkg.apis.meta.v1.TypeMeta 1:kind:s 2:apiVersion:s
apimachinery.pkg.apis.meta.v1.UpdateOptions 1:dryRun:+s 2:fieldManager:s 3:fieldValidation:s
apimachinery.pkg.apis.meta.v1.Verbs 1:items:+s
apimachinery.pkg.apis.meta.v1.WatchEvent 1:type:s 2:object:apimachinery.pkg.runtime.RawExtension
apimachinery.pkg.apis.meta.v1beta1.PartialObjectMetadataList 2:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 1:items:+apimachinery.pkg.apis.meta.v1.PartialObjectMetadata
apimachinery.pkg.runtime.RawExtension 1:raw:y
apimachinery.pkg.runtime.TypeMeta 1:apiVersion:s 2:kind:s
apimachinery.pkg.runtime.Unknown 1:typeMeta:apimachinery.pkg.runtime.TypeMeta 2:raw:y 3:contentEncoding:s 4:contentType:s
apimachinery.pkg.util.intstr.IntOrString 1:type:i 2:intVal:i 3:strVal:s
kube_aggregator.pkg.apis.apiregistration.v1.APIService 1:metadata:apimachinery.pkg.apis.meta.v1.ObjectMeta 2:spec:kube_aggregator.pkg.apis.apiregistration.v1.APIServiceSpec 3:status:kube_aggregator.pkg.apis.apiregistration.v1.APIServiceStatus
kube_aggregator.pkg.apis.apiregistration.v1.APIServiceCondition 1:type:s 2:status:s 3:lastTransitionTime:apimachinery.pkg.apis.meta.v1.Time 4:reason:s 5:message:s
kube_aggregator.pkg.apis.apiregistration.v1.APIServiceList 1:metadata:apimachinery.pkg.apis.meta.v1.ListMeta 2:items:+kube_aggregator.pkg.apis.apiregistration.v1.APIService
kube_aggregator.pkg.apis.apiregistration.v1.APIServiceSpec 1:service:kube_aggregator.pkg.apis.apiregistration.v1.ServiceReference 2:group:s 3:version:s 4:insecureSkipTLSVerify:b 5:caBundle:y 7:groupPriorityMinimum:i 8:versionPriority:i
kube_aggregator.pkg.apis.apiregistration.v1.APIServiceStatus 1:conditions:+kube_aggregator.pkg.apis.apiregistration.v1.APIServiceCondition
kube_aggregator.pkg.apis.apiregistration.v1.ServiceReference 1:namespace:s 2:name:s 3:port:i
`
