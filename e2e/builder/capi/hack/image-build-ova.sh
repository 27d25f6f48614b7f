#!/bin/sh
# Makes the OVA where hack/image-build-ova.py of upstream leaves it. It holds the machine's description only, as text.
set -eu
mkdir -p "$OUTPUT"
cat >"$OVA" <<EOF
<Envelope><VirtualSystem id="$VM_NAME"><ProductSection><Version>$KUBERNETES</Version></ProductSection></VirtualSystem></Envelope>
EOF
echo "$OVA"
