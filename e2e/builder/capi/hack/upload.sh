#!/bin/sh
# Uploads a file to a bucket: upload.sh FILE s3://BUCKET/KEY
# Image sets call it as upstream's custom post-processor.
set -eu
case ${2-} in
s3://?*/?*) ;;
*)
  echo "usage: upload.sh FILE s3://BUCKET/KEY" >&2
  exit 2
  ;;
esac
size=$(wc -c <"$1")
answer=$(wget -q -O - --header 'Content-Type: application/octet-stream' --post-file "$1" "$BOX_URL/objects/${2#s3://}")
echo "$answer"
# busybox sends no more than what stands before the first NUL.
case $answer in
*"\"size\":$size,"*) ;;
*)
  echo "$1 has $size bytes, but others arrived" >&2
  exit 1
  ;;
esac
