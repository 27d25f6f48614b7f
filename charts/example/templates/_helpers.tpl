{{- /* example.image gives the arguments of the library's templates as JSON: the values, and the name of the Release. */ -}}
{{- define "example.image" -}}
{{- $arguments := dict "values" .Values.nodeimage "region" .Values.region -}}
{{- with .Values.global.release.version -}}
  {{- $_ := set $arguments "releaseName" (printf "%s-%s" $.Values.provider .) -}}
{{- end -}}
{{- toJson $arguments -}}
{{- end -}}
