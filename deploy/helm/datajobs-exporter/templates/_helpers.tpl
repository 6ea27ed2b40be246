{{/* The name of all objects: the release's, with the chart's where alerts would not know it as an exporter. */}}
{{- define "datajobs.name" -}}
{{- $name := replace "." "-" .Release.Name -}}
{{- if not (contains "datajobs" $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end -}}
{{- .Values.fullnameOverride | default $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "datajobs.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "datajobs.labels" -}}
{{ include "datajobs.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "datajobs.metadata" -}}
name: {{ include "datajobs.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "datajobs.labels" . | nindent 2 }}
{{- end }}

{{- define "datajobs.image" -}}
{{- $repository := required "image.repository: name where you keep the image" .Values.image.repository -}}
{{- with .Values.image.digest }}{{ printf "%s@%s" $repository . }}
{{- else }}{{ printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- define "datajobs.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "datajobs.name" .) -}}
{{- end }}

{{/* The configuration as a text. */}}
{{- define "datajobs.config" -}}
{{- $config := required "config: give the exporter's configuration, or configStorage.existing" .Values.config -}}
{{- if kindIs "string" $config }}{{ trimSuffix "\n" $config }}{{ else }}{{ toYaml $config }}{{ end -}}
{{- end }}

{{/* How a page is probed. Behind a password or client certificates it would be refused: then only the port is. */}}
{{- define "datajobs.probe" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.webConfigSecret -}}
tcpSocket: {port: http}
{{- else -}}
httpGet: {path: {{ index . 1 }}, port: http}
{{- end }}
{{- end }}

{{/* Fails where files of the chart are not there: where links are no links, as in a checkout without them. */}}
{{- define "datajobs.files" -}}
{{- $root := index . 0 -}}
{{- if not ($root.Files.Glob (index . 1)) }}
{{- fail (printf "the chart has no %s, which are links into the repository: check out with links, or use a packaged chart" (index . 1)) }}
{{- end }}
{{- end }}
