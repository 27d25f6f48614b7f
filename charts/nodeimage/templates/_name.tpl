{{- /*
nodeimage.name gives the name of an image:

    {{ include "nodeimage.name" (dict "values" .Values.nodeimage) }}

It takes a dict: "values" is what the chart has under `nodeimage`, every other key overrides one of them. The rules are
those of nodeimage's Go package pkg/name; docs/name-vectors.json holds both to the same names and refusals.
*/ -}}
{{- define "nodeimage.name" -}}
{{- $image := include "nodeimage.internal.image" . | fromJson -}}
{{- include "nodeimage.internal.refuse" $image.problems -}}
{{- $image.name -}}
{{- end -}}

{{- /*
nodeimage.internal.image gives, as JSON, the name and its parts, the settings that the look-ups need, and everything that
is wrong with them. Each template adds its own problems and then refuses all at once.
*/ -}}
{{- define "nodeimage.internal.image" -}}
{{- $call := include "nodeimage.internal.settings" . | fromJson -}}
{{- $settings := $call.settings -}}
{{- $versions := include "nodeimage.internal.versions" $settings | fromJson -}}
{{- $problems := concat $call.problems $versions.problems -}}

{{- $channel := $settings.channel | default "stable" -}}
{{- with include "nodeimage.internal.channelProblem" $channel -}}
  {{- $problems = append $problems (printf "channel %q %s" $channel .) -}}
{{- end -}}
{{- $arch := $settings.arch | default "amd64" -}}
{{- if not (has $arch (list "amd64" "arm64")) -}}
  {{- $problems = append $problems (printf "arch %q is not one of amd64, arm64" $arch) -}}
{{- end -}}
{{- $suffix := $settings.suffix | default "" -}}
{{- with include "nodeimage.internal.suffixProblem" $suffix -}}
  {{- $problems = append $problems (printf "suffix %q %s" $suffix .) -}}
{{- end -}}

{{- /* Only arm64 shows: Packer refuses the name of an AMI that exists for another architecture. */ -}}
{{- $end := ternary (printf "arm64-%s" $suffix) $suffix (eq $arch "arm64") -}}
{{- $name := printf "flatcar-%s-%s-kube-%s-tooling-%s-%s" $channel $versions.flatcar $versions.kubernetes $versions.tooling $end -}}
{{- /* Cluster API machines carry the name as a label, and label values have no more than 63 characters. */ -}}
{{- if and (not $problems) (gt (len $name) 63) -}}
  {{- $problems = append $problems (printf "name %q has %d characters, but a Kubernetes label value has 63 at most" $name (len $name)) -}}
{{- end -}}
{{- dict "name" $name "flatcar" $versions.flatcar "settings" $settings "problems" ($problems | default list) | toJson -}}
{{- end -}}

{{- /* nodeimage.internal.refuse takes a list of sentences and ends the rendering if there are any. */ -}}
{{- define "nodeimage.internal.refuse" -}}
{{- if . -}}
  {{- fail (printf "nodeimage: %s" (join "\nnodeimage: " .)) -}}
{{- end -}}
{{- end -}}
