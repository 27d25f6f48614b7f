# syntax=docker/dockerfile:1
# The images of `make image`, for those who have Docker (their CA roots are Debian's):
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.0.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.0.0 --target nodeimage-controller .

# Go cross-compiles, so this stage runs on the machine's own platform.
FROM --platform=$BUILDPLATFORM golang:1.26 AS source
WORKDIR /src
COPY . .
# /tmp is the home directory: the one that is writable on a read-only root file system.
RUN mkdir -p -m 0755 /image/etc/ssl/certs && mkdir -m 1777 /image/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && printf '%s\n' root:x:0:0:root:/:/sbin/nologin nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin > /image/etc/passwd
ENV CGO_ENABLED=0
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev

FROM source AS build-nodeimage
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /image/ ./cmd/nodeimage

FROM source AS build-nodeimage-controller
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /image/ ./cmd/nodeimage-controller

FROM scratch AS base
ARG VERSION=dev
LABEL org.opencontainers.image.source=https://github.com/giantswarm/nodeimage \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses=Apache-2.0
USER 65532:65532

FROM base AS nodeimage-controller
COPY --from=build-nodeimage-controller /image/ /
ENTRYPOINT ["/nodeimage-controller"]

# The last is what is built where no target is named.
FROM base AS nodeimage
COPY --from=build-nodeimage /image/ /
ENTRYPOINT ["/nodeimage"]
