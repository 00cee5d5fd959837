import type { about as en } from '../en/about.ts'
import type { Translation } from '../translation.ts'

export const about: Translation<typeof en> = {
  APIService: 'Ein APIService übergibt eine Gruppe der API einem eigenen Server, etwa einem Metrikserver.',
  CertificateSigningRequest:
    'Ein CertificateSigningRequest bittet einen Aussteller des Clusters um ein Zertifikat und wartet auf die Genehmigung.',
  ClusterRole:
    'Eine ClusterRole ist eine Menge von Rechten, die in jedem Namespace gilt oder wo eine Bindung sie gibt.',
  ClusterRoleBinding: 'Ein ClusterRoleBinding gibt eine ClusterRole überall an Benutzer, Gruppen oder ServiceAccounts.',
  ClusterTrustBundle: 'Ein ClusterTrustBundle enthält Zertifikate von Stellen, denen Pods vertrauen sollen.',
  ComponentStatus: 'Ein ComponentStatus sagt, ob ein Teil der Steuerungsebene gesund ist. Er ist veraltet.',
  ConfigMap: 'Eine ConfigMap enthält Einstellungen, die Pods als Dateien oder Umgebungsvariablen lesen.',
  ControllerRevision:
    'Eine ControllerRevision bewahrt eine frühere Vorlage eines StatefulSets oder DaemonSets auf. Controller schreiben sie.',
  CronJob: 'Ein CronJob startet zu festen Zeiten einen Job.',
  CSIDriver: 'Ein CSIDriver sagt, wie der Cluster mit einem installierten Speichertreiber arbeitet.',
  CSINode: 'Ein CSINode nennt die Speichertreiber, die auf einem Node laufen. Das Kubelet schreibt ihn.',
  CSIStorageCapacity:
    'Eine CSIStorageCapacity sagt, wie viel Platz ein Speichertreiber in einem Teil des Clusters noch hat.',
  CustomResourceDefinition: 'Eine CustomResourceDefinition fügt der API eine eigene Art hinzu.',
  DaemonSet: 'Ein DaemonSet betreibt auf jedem Node einen Pod, etwa um Logs zu sammeln.',
  Deployment:
    'Ein Deployment betreibt eine Anzahl gleicher Pods und ersetzt sie schrittweise, wenn sich seine Vorlage ändert.',
  DeviceClass: 'Eine DeviceClass beschreibt Geräte wie GPUs, die angefordert werden können.',
  DeviceTaintRule: 'Eine DeviceTaintRule hält Pods von passenden Geräten fern.',
  EndpointSlice: 'Ein EndpointSlice nennt die Adressen hinter einem Service. Ein Controller schreibt es.',
  Endpoints: 'Endpoints nennen die Adressen hinter einem Service in der älteren Form; EndpointSlices lösen sie ab.',
  Event: 'Ein Event sagt, was einem Objekt geschehen ist, etwa dass ein Pod eingeplant wurde. Es bleibt eine Stunde.',
  FlowSchema: 'Ein FlowSchema ordnet Anfragen an den API-Server in Prioritätsstufen ein.',
  HorizontalPodAutoscaler:
    'Ein HorizontalPodAutoscaler ändert die Anzahl der Pods eines Workloads nach ihrem Verbrauch.',
  IPAddress: 'Eine IPAddress hält fest, welcher Service eine Cluster-IP hat. Der API-Server schreibt sie.',
  Ingress: 'Ein Ingress leitet HTTP-Anfragen von außen nach Host und Pfad an Services.',
  IngressClass: 'Eine IngressClass nennt den Controller, der Ingresses dieser Klasse bedient.',
  Job: 'Ein Job führt Pods aus, bis genug von ihnen erfolgreich geendet haben.',
  Lease:
    'Eine Lease sagt, wer eine Rolle gerade innehat und sie zuletzt wann erneuert hat. Nodes und Leader schreiben sie.',
  LeaseCandidate: 'Ein LeaseCandidate meldet einen Server für eine Lease, die nur einer von mehreren haben darf.',
  LimitRange: 'Eine LimitRange gibt Containern eines Namespace übliche Anforderungen und Limits und Grenzen dafür.',
  MutatingAdmissionPolicy:
    'Eine MutatingAdmissionPolicy ändert Objekte, während sie geschrieben werden, mit Ausdrücken in CEL.',
  MutatingAdmissionPolicyBinding: 'Ein MutatingAdmissionPolicyBinding setzt eine Regel in Kraft, die Objekte ändert.',
  MutatingWebhookConfiguration:
    'Eine MutatingWebhookConfiguration lässt einen Dienst Objekte ändern, bevor sie gespeichert werden.',
  Namespace: 'Ein Namespace enthält Objekte mit darin eindeutigen Namen und hat eigene Rechte und Quoten.',
  NetworkPolicy: 'Eine NetworkPolicy erlaubt Verkehr von und zu gewählten Pods und verbietet so ihren übrigen.',
  Node: 'Ein Node ist eine Maschine, die Pods ausführt: ein Worker eines lokalen Clusters.',
  NodeMetrics: 'NodeMetrics nennen CPU und Speicher, die ein Node gerade verwendet.',
  PersistentVolume: 'Ein PersistentVolume ist ein Stück Speicher, an das ein Claim gebunden werden kann.',
  PersistentVolumeClaim: 'Ein PersistentVolumeClaim fordert Speicher an, der die Pods überdauert, die ihn verwenden.',
  Pod: 'Ein Pod ist ein oder mehrere Container, die zusammen auf einem Node laufen. Workloads wie Deployments starten ihn.',
  PodCertificateRequest:
    'Ein PodCertificateRequest bittet einen Aussteller um das Zertifikat eines Pods. Das Kubelet schreibt ihn.',
  PodDisruptionBudget:
    'Ein PodDisruptionBudget sagt, wie viele Pods einer App fehlen dürfen, während Nodes geleert werden.',
  PodMetrics: 'PodMetrics nennen CPU und Speicher, die die Container eines Pods gerade verwenden.',
  PodTemplate: 'Ein PodTemplate ist die Beschreibung eines Pods für sich. Workloads haben ihre in eigenen Feldern.',
  PriorityClass: 'Eine PriorityClass sagt, welche Pods zuerst eingeplant werden und welche anderen weichen.',
  PriorityLevelConfiguration:
    'Eine PriorityLevelConfiguration sagt, wie viele Anfragen einer Stufe der API-Server zugleich bearbeitet.',
  ReplicaSet: 'Ein ReplicaSet hält eine Anzahl gleicher Pods am Laufen. Deployments legen eines je Revision an.',
  ReplicationController:
    'Ein ReplicationController hält eine Anzahl gleicher Pods am Laufen; Deployments lösen ihn ab.',
  ResourceClaim: 'Ein ResourceClaim fordert Geräte wie eine GPU für die Pods an, die ihn nennen.',
  ResourceClaimTemplate: 'Ein ResourceClaimTemplate legt für jeden Pod, der es nennt, einen eigenen ResourceClaim an.',
  ResourceQuota: 'Eine ResourceQuota begrenzt, wie viel die Objekte eines Namespace zusammen verwenden dürfen.',
  ResourceSlice: 'Ein ResourceSlice nennt die Geräte, die ein Treiber auf einem Node anbietet.',
  Role: 'Eine Role ist eine Menge von Rechten in einem Namespace.',
  RoleBinding: 'Ein RoleBinding gibt eine Rolle in einem Namespace an Benutzer, Gruppen oder ServiceAccounts.',
  RuntimeClass: 'Eine RuntimeClass nennt eine Art, Container auszuführen, die Pods wählen können.',
  Secret: 'Ein Secret enthält Passwörter, Tokens und Schlüssel, die Pods als Dateien oder Umgebungsvariablen lesen.',
  Service: 'Ein Service gibt einer Menge von Pods einen Namen und eine Adresse.',
  ServiceAccount: 'Ein ServiceAccount ist die Identität, mit der Pods mit der API sprechen.',
  ServiceCIDR: 'Ein ServiceCIDR ist ein Adressbereich, aus dem Services ihre Adressen bekommen.',
  StatefulSet: 'Ein StatefulSet betreibt Pods mit festen Namen und eigenem Speicher, etwa eine Datenbank.',
  StorageClass: 'Eine StorageClass nennt eine Sorte Speicher und wer davon Volumes für Claims anlegt.',
  StorageVersion: 'Eine StorageVersion sagt, in welcher Version API-Server eine Art speichern.',
  StorageVersionMigration:
    'Eine StorageVersionMigration lässt gespeicherte Objekte in der aktuellen Version neu schreiben.',
  ValidatingAdmissionPolicy:
    'Eine ValidatingAdmissionPolicy weist Objekte ab, die ihre in CEL geschriebenen Regeln verletzen.',
  ValidatingAdmissionPolicyBinding:
    'Ein ValidatingAdmissionPolicyBinding setzt eine Regel in Kraft, die Objekte abweist.',
  ValidatingWebhookConfiguration:
    'Eine ValidatingWebhookConfiguration fragt einen Dienst, ob ein Objekt gespeichert werden darf.',
  VolumeAttachment:
    'Ein VolumeAttachment sagt, dass ein Volume an einen Node angehängt werden soll. Ein Controller schreibt es.',
  VolumeAttributesClass:
    'Eine VolumeAttributesClass nennt Eigenschaften von Volumes, die während der Nutzung geändert werden können.',
  Workload: 'Ein Workload beschreibt Pods, die zusammen eingeplant werden oder gar nicht.',
}
