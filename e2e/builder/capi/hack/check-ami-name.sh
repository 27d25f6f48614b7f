#!/bin/sh
# As Packer's amazon builder does it before it starts anything: the account must not have the name yet, unless what has it is to
# be replaced.
set -eu
if [ "$FORCE" = true ]; then
  echo "Force Deregister flag found, skipping prevalidating AMI Name"
  exit 0
fi
found=$(wget -q -O - "$BOX_URL/amis?owner=self&region=$AWS_REGION&name=$AMI_NAME")
case $found in
*'"name":'*)
  echo "AMI Name: '$AMI_NAME' is used by an existing AMI: $found" >&2
  exit 1
  ;;
esac
