{{- /*
What is wrong with one part of a name: each template takes a string and gives the rest of a sentence that begins with it,
or nothing. The rules are those of pkg/name, in the same order.
*/ -}}

{{- /* nodeimage.internal.textProblem refuses what is never right in any part. */ -}}
{{- define "nodeimage.internal.textProblem" -}}
{{- if eq . "" -}}
  is empty
{{- else if eq . "N/A" -}}
  stands for something that the Release lacks
{{- else if contains "{{" . -}}
  contains "{{ "{{" }}", which CAPA and Packer would expand
{{- else if regexMatch `[/\\]` . -}}
  contains a path separator
{{- else if regexMatch `\p{Cc}` . -}}
  contains a control character
{{- else if regexMatch `[\s\p{Z}]` . -}}
  contains white space
{{- end -}}
{{- end -}}

{{- /* nodeimage.internal.versionProblem wants MAJOR.MINOR.PATCH without leading zeros. */ -}}
{{- define "nodeimage.internal.versionProblem" -}}
{{- /* No more digits than 64 bits surely hold, as pkg/name's semver library has it. */ -}}
{{- $exact := `^(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})` -}}
{{- $text := include "nodeimage.internal.textProblem" . -}}
{{- if $text -}}
  {{- $text -}}
{{- else if regexMatch (printf `%s(-[0-9A-Za-z.-]+)?\+[0-9A-Za-z.-]+$` $exact) . -}}
  has build metadata (+…), which no provider's names can carry
{{- else if regexMatch (printf `%s-[0-9A-Za-z.-]+$` $exact) . -}}
  is a pre-release; only releases make images
{{- else if not (regexMatch (printf `%s$` $exact) .) -}}
  is not an exact MAJOR.MINOR.PATCH version
{{- end -}}
{{- end -}}

{{- /* nodeimage.internal.channelProblem wants one of Flatcar's release channels. */ -}}
{{- define "nodeimage.internal.channelProblem" -}}
{{- if not (has . (list "stable" "beta" "alpha" "lts")) -}}
  {{- include "nodeimage.internal.textProblem" . | default "is not one of stable, beta, alpha, lts" -}}
{{- end -}}
{{- end -}}

{{- /*
nodeimage.internal.suffixProblem wants letters and digits in parts joined by single dashes, of which the first is neither
an architecture nor like a pre-release of the tooling (rc1, g839375a): those stand in the same place of a name.
*/ -}}
{{- define "nodeimage.internal.suffixProblem" -}}
{{- $text := include "nodeimage.internal.textProblem" . -}}
{{- if $text -}}
  {{- $text -}}
{{- else if not (regexMatch `^[0-9A-Za-z]+(-[0-9A-Za-z]+)*$` .) -}}
  may only have letters, digits and single dashes between them
{{- else if regexMatch `^(amd64|arm64|g[0-9a-f]{7,40}|(alpha|beta|rc|dev|pre)[0-9]*)(-|$)` . -}}
  begins like an architecture or a pre-release and could not be read back from a name
{{- end -}}
{{- end -}}
