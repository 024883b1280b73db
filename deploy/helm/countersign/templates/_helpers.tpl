{{- define "countersign.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "countersign.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "countersign.labels" -}}
{{ include "countersign.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* What cannot work is told before anything is installed. */}}
{{- define "countersign.check" -}}
{{- if and (gt (int .Values.replicas) 1) (or (not .Values.postgresql.host) (not .Values.redis.host)) -}}
{{- fail "replicas: more than one needs postgresql.host and redis.host" -}}
{{- end -}}
{{- if and (gt (int .Values.worker.replicas) 0) (or (not .Values.postgresql.host) (not .Values.redis.host)) -}}
{{- fail "worker.replicas: workers of their own need postgresql.host and redis.host" -}}
{{- end -}}
{{- if and .Values.postgresql.host (not .Values.secretKey) (not .Values.existingSecret) -}}
{{- fail "secretKey: with PostgreSQL set secretKey (made by: countersign generate secret) or existingSecret" -}}
{{- end -}}
{{- if and .Values.secretKey (lt (len .Values.secretKey) 32) -}}
{{- fail "secretKey: at least 32 characters" -}}
{{- end -}}
{{- end -}}

{{/* The environment of every process. */}}
{{- define "countersign.env" -}}
- name: COUNTERSIGN_DATA_DIR
  value: /data
{{- with .Values.baseUrl }}
- name: COUNTERSIGN_BASE_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.bootstrap.email }}
- name: AUTHENTIK_BOOTSTRAP_EMAIL
  value: {{ . | quote }}
{{- end }}
{{- if .Values.postgresql.host }}
- name: AUTHENTIK_POSTGRESQL__HOST
  value: {{ .Values.postgresql.host | quote }}
- name: AUTHENTIK_POSTGRESQL__PORT
  value: {{ .Values.postgresql.port | int | quote }}
- name: AUTHENTIK_POSTGRESQL__NAME
  value: {{ .Values.postgresql.name | quote }}
- name: AUTHENTIK_POSTGRESQL__USER
  value: {{ .Values.postgresql.user | quote }}
{{- end }}
{{- if .Values.redis.host }}
- name: AUTHENTIK_REDIS__HOST
  value: {{ .Values.redis.host | quote }}
- name: AUTHENTIK_REDIS__PORT
  value: {{ .Values.redis.port | int | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}
