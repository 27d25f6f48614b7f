#!/bin/sh
# Leaves the virtual machine in the vCenter as a template, where upstream's variables ask for one.
set -eu
if [ "$CONVERT_TO_TEMPLATE" != true ]; then
  exit 0
fi
template="{\"folder\": \"/$DATACENTER/vm/$FOLDER\", \"name\": \"$VM_NAME\", \"force\": $FORCE}"
echo "$template"
if ! wget -q -O - --header 'Content-Type: application/json' --post-data "$template" "$BOX_URL/machines"; then
  echo "the template was not made; after a 409 the folder has one of that name" >&2
  exit 1
fi
