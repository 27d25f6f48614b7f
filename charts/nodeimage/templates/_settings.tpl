{{- /*
nodeimage.internal.settings takes the dict of a call and gives, as JSON, its settings and what is wrong with them. It sets
them one by one because merge takes an empty string for "not given".
*/ -}}
{{- define "nodeimage.internal.settings" -}}
{{- if not (hasKey . "values") -}}
  {{- fail "nodeimage: the templates take a dict with the chart's values: (dict \"values\" .Values.nodeimage)" -}}
{{- end -}}
{{- $settings := dict -}}
{{- $problems := list -}}
{{- $strings := list "releaseName" "flatcar" "kubernetes" "tooling" "channel" "arch" "suffix" "region" "awsOwner" "awsOwnerChina" "azureGallery" "templateSuffix" "catalog" -}}
{{- range $given := list .values (omit . "values") -}}
  {{- range $key, $value := $given -}}
    {{- if or (eq $key "release") (and (has $key $strings) (kindIs "string" $value)) -}}
      {{- $_ := set $settings $key $value -}}
    {{- else if has $key $strings -}}
      {{- /* YAML reads 706635527432 as a number that Helm prints as 7.06635527432e+11. */ -}}
      {{- $problems = append $problems (printf "%s has to be a string: quote it" $key) -}}
      {{- $_ := set $settings $key (toString $value) -}}
    {{- else if ne $key "global" -}}
      {{- /* Helm itself gives every dependency the global values. */ -}}
      {{- $problems = append $problems (printf "%q is not a setting: there are release, %s" $key (join ", " $strings)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- dict "settings" $settings "problems" $problems | toJson -}}
{{- end -}}

{{- /*
nodeimage.internal.versions takes the settings and gives, as JSON, the three versions without v, and what is wrong with
them. The Release goes first; a version among the settings stands in for a component that it lacks, as in
giantswarm/cluster, whose helpers write N/A for one that is missing.
*/ -}}
{{- define "nodeimage.internal.versions" -}}
{{- $release := include "nodeimage.internal.release" . | fromJson -}}
{{- $settings := . -}}
{{- $result := dict -}}
{{- $problems := list -}}
{{- range $part, $component := dict "flatcar" "flatcar" "kubernetes" "kubernetes" "tooling" "os-tooling" -}}
  {{- $field := $part -}}
  {{- $given := get $settings $part | default "" -}}
  {{- $inRelease := get $release.components $component -}}
  {{- if not (has (trimPrefix "v" $inRelease) (list "" "N/A")) -}}
    {{- $field = printf "component %s of %s:" $component $release.title -}}
    {{- $given = $inRelease -}}
  {{- end -}}
  {{- $version := trimPrefix "v" $given -}}
  {{- if and $release.title (not $given) -}}
    {{- $problems = append $problems (printf "%s lacks the component %s (its version is %q): no image can be named without it" $release.title $component $inRelease) -}}
  {{- else if eq $version "N/A" -}}
    {{- $problems = append $problems (printf "%s %q stands for a component that the Release lacks: %s" $field $given $component) -}}
  {{- else -}}
    {{- with include "nodeimage.internal.versionProblem" $version -}}
      {{- $problems = append $problems (printf "%s %q %s" $field $given .) -}}
    {{- end -}}
  {{- end -}}
  {{- $_ := set $result $part $version -}}
{{- end -}}
{{- $_ := set $result "problems" $problems -}}
{{- toJson $result -}}
{{- end -}}

{{- /*
nodeimage.internal.release takes the settings and gives, as JSON, how to call the Release and the versions of its
components, looking it up if only its name is known. Without a Release the title is empty.
*/ -}}
{{- define "nodeimage.internal.release" -}}
{{- $release := .release | default dict -}}
{{- if and .releaseName (not $release) -}}
  {{- /* Resources are named without v, aws-30.0.0, but people write versions with it. */ -}}
  {{- $name := regexReplaceAll "-v([0-9])" .releaseName "-${1}" -}}
  {{- $release = lookup "release.giantswarm.io/v1alpha1" "Release" "" $name -}}
  {{- if not $release -}}
    {{- fail (printf "nodeimage: there is no Release %s in the cluster. Rendering without a cluster (helm template) finds none: give the resource itself as nodeimage.release, or the versions" $name) -}}
  {{- end -}}
{{- end -}}
{{- if not (kindIs "map" $release) -}}
  {{- fail "nodeimage: release has to be a Release resource or its spec; releaseName is the name of one" -}}
{{- end -}}
{{- $title := "" -}}
{{- if $release -}}
  {{- $title = dig "metadata" "name" "" $release | printf "Release %s" | trimSuffix " " -}}
{{- end -}}
{{- $components := dict -}}
{{- range dig "components" list ($release.spec | default $release) -}}
  {{- $_ := set $components .name (.version | default "" | toString) -}}
{{- end -}}
{{- dict "title" $title "components" $components | toJson -}}
{{- end -}}
