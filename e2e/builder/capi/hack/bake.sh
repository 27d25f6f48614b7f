#!/bin/sh
# Stands for the hour in which a machine is started and Ansible runs.
set -eu
echo "from $SOURCE: Kubernetes $KUBERNETES, roles [$ROLES] with [$VARS]"
sleep "${BUILD_SECONDS:-0}"
