#!/bin/sh
# Makes the AMI in the region where it was built and copies it to the others.
set -eu
seen='' regions=''
for region in $(printf '%s,%s' "$AWS_REGION" "$AMI_REGIONS" | tr ',' ' '); do
  case " $seen " in *" $region "*) continue ;; esac
  seen="$seen $region"
  regions="$regions${regions:+, }\"$region\""
done
case ",$AMI_GROUPS," in *,all,*) public=true ;; *) public=false ;; esac
ami="{\"name\": \"$AMI_NAME\", \"architecture\": \"$AMI_ARCH\", \"public\": $public, \"force\": $FORCE, \"regions\": [$regions]}"
echo "$ami"
if ! wget -q -O - --header 'Content-Type: application/json' --post-data "$ami" "$BOX_URL/amis"; then
  echo "the AMI was not made; after a 409 one of the regions has one of that name" >&2
  exit 1
fi
