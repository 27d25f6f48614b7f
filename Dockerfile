# syntax=docker/dockerfile:1
# The image of `make image`, for those who have Docker (its CA roots are Debian's):
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.0.0 .

# Go cross-compiles, so this stage runs on the machine's own platform.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /image/nodeimage ./cmd/nodeimage
# /tmp is the home directory: the one that is writable on a read-only root file system.
RUN mkdir -p -m 0755 /image/etc/ssl/certs && mkdir -m 1777 /image/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && printf '%s\n' root:x:0:0:root:/:/sbin/nologin nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin > /image/etc/passwd

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.source=https://github.com/giantswarm/nodeimage \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /image/ /
USER 65532:65532
ENTRYPOINT ["/nodeimage"]
