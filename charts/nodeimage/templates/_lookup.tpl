{{- /*
How the consumers of each provider look an image up. Every template takes what nodeimage.name takes and gives a JSON
object, which is YAML too: use it as it is where the manifest wants an object of these fields, or take it apart with
fromJson.
*/ -}}

{{- /* nodeimage.aws gives {"name", "owner"} of an AMI, the words of CAPA's imageLookupFormat and imageLookupOrg. */ -}}
{{- define "nodeimage.aws" -}}
{{- $image := include "nodeimage.internal.image" . | fromJson -}}
{{- $problems := $image.problems -}}
{{- $key := ternary "awsOwnerChina" "awsOwner" (hasPrefix "cn-" ($image.settings.region | default "")) -}}
{{- $owner := get $image.settings $key -}}
{{- if not (regexMatch "^[0-9]{12}$" $owner) -}}
  {{- $problems = append $problems (printf "%s %q is not the 12 digits of an AWS account" $key $owner) -}}
{{- end -}}
{{- include "nodeimage.internal.refuse" $problems -}}
{{- dict "name" $image.name "owner" $owner | toJson -}}
{{- end -}}

{{- /*
nodeimage.azure gives {"gallery", "name", "version"}, CAPZ's image.computeGallery. Without a resource group and a
subscription CAPZ takes the gallery for a community gallery. The version of an image is Flatcar's.
*/ -}}
{{- define "nodeimage.azure" -}}
{{- $image := include "nodeimage.internal.image" . | fromJson -}}
{{- $problems := $image.problems -}}
{{- $gallery := get $image.settings "azureGallery" -}}
{{- with include "nodeimage.internal.textProblem" $gallery -}}
  {{- $problems = append $problems (printf "azureGallery %q %s" $gallery .) -}}
{{- end -}}
{{- include "nodeimage.internal.refuse" $problems -}}
{{- dict "gallery" $gallery "name" $image.name "version" $image.flatcar | toJson -}}
{{- end -}}

{{- /*
nodeimage.vsphere gives {"template"}, of CAPV: the name, and what the site appends to it. A dash that nothing follows is
dropped, as in giantswarm/cluster-vsphere.
*/ -}}
{{- define "nodeimage.vsphere" -}}
{{- $image := include "nodeimage.internal.image" . | fromJson -}}
{{- $problems := $image.problems -}}
{{- $suffix := get $image.settings "templateSuffix" -}}
{{- if not (regexMatch "^[0-9A-Za-z-]*$" $suffix) -}}
  {{- $problems = append $problems (printf "templateSuffix %q may only have letters, digits and dashes" $suffix) -}}
{{- end -}}
{{- $template := printf "%s-%s" $image.name $suffix | trimSuffix "-" -}}
{{- if and (not $problems) (gt (len $template) 80) -}}
  {{- $problems = append $problems (printf "template %q has %d characters, but vSphere allows a virtual machine 80" $template (len $template)) -}}
{{- end -}}
{{- include "nodeimage.internal.refuse" $problems -}}
{{- dict "template" $template | toJson -}}
{{- end -}}

{{- /* nodeimage.cloudDirector gives {"catalog", "template"}, of CAPVCD. */ -}}
{{- define "nodeimage.cloudDirector" -}}
{{- $image := include "nodeimage.internal.image" . | fromJson -}}
{{- $problems := $image.problems -}}
{{- $catalog := get $image.settings "catalog" -}}
{{- if not $catalog -}}
  {{- $problems = append $problems "catalog \"\" is empty" -}}
{{- end -}}
{{- include "nodeimage.internal.refuse" $problems -}}
{{- dict "catalog" $catalog "template" $image.name | toJson -}}
{{- end -}}
