# What developers and CI run. Needs Go, make and git; `make test` a C compiler too.
# The linters are Go tools with versions of their own in tools/go.mod: the go
# command fetches and builds them the first time (about a minute) and keeps them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REPOSITORY ?= ghcr.io/giantswarm/nodeimage
ARCH ?= $(shell go env GOARCH)
RACE ?= -race

# -buildvcs=false: the version says what was built, and stamping fails in a
# checkout that belongs to another user, which containers often have.
BUILD = CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"
TOOL = go tool -modfile=$(CURDIR)/tools/go.mod
GOTEST = CGO_ENABLED=$(if $(RACE),1,0) go test $(RACE) -shuffle=on -count=1 ./...
# The programs that are shipped, each in an image of its own.
PROGRAMS = nodeimage nodeimage-controller
# $$program is one of them.
OCIIMAGE = go -C tools run ./ociimage -name $(dir $(REPOSITORY))$$program:$(VERSION) -path /$$program \
	-label org.opencontainers.image.source=https://github.com/giantswarm/nodeimage \
	-label org.opencontainers.image.version=$(VERSION) \
	-label org.opencontainers.image.licenses=Apache-2.0

# The working tree as a git tree, new files included and ignored ones not.
TREE = export GIT_INDEX_FILE=$$(mktemp -u); trap 'rm -f "$$GIT_INDEX_FILE"' EXIT; git add --all && git write-tree

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: ## Plan the quick start's image set
	go run ./cmd/nodeimage plan --images images/quickstart.yaml

.PHONY: build
build: ## Build bin/nodeimage, static and stripped
	$(BUILD) -o bin/nodeimage ./cmd/nodeimage

.PHONY: test
test: cc ## Run all tests with the race detector (RACE= without it); those with Helm and Tekton have nothing that could race
	$(GOTEST)
	cd tools && $(GOTEST)
	cd charts/test && go test -shuffle=on -count=1 ./...
	cd tekton/test && go test -shuffle=on -count=1 ./...

# The race detector is C: without a compiler go test only says that cgo is off.
.PHONY: cc
cc:
	@cc=$$(go env CC); test -z "$(RACE)" || command -v "$${cc%% *}" >/dev/null || { \
	  echo "go test -race needs a C compiler, and $${cc%% *} isn't installed."; \
	  echo "Install one (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc;"; \
	  echo "macOS: xcode-select --install), or leave the race detector out: make test RACE="; \
	  exit 1; } >&2

.PHONY: check
check: lint generated test ## What CI runs before e2e: lint, generated, test

.PHONY: lint
lint: ## Check formatting, vet, staticcheck, revive, and what the code must not hold
	@unformatted=$$($(TOOL) gofumpt -l .); test -z "$$unformatted" || { \
	  printf 'not formatted (make fmt does it):\n%s\n' "$$unformatted" >&2; exit 1; }
	go vet ./...
	go vet -tags e2e ./e2e/tekton
	$(TOOL) staticcheck ./...
	$(TOOL) staticcheck -tags e2e ./e2e/tekton
	$(TOOL) revive -config revive.toml ./...
	cd tools && go vet ./... && $(TOOL) staticcheck ./... && $(TOOL) revive -config ../revive.toml ./...
	for module in charts/test tekton/test; do (cd $$module && go vet ./... && $(TOOL) staticcheck ./... && \
	  $(TOOL) revive -config ../../revive.toml ./...); done
	@! grep -rnE --include='*.go' '^func init\(\)|context\.TODO\(\)' . || { \
	  echo 'no init functions and no context.TODO() (CONTRIBUTING.md)' >&2; exit 1; }
	go mod tidy -diff
	cd tools && go mod tidy -diff
	for module in charts/test tekton/test e2e/cluster/kubernetes e2e/cluster/addons; do (cd $$module && go mod tidy -diff); done

.PHONY: fmt
fmt: ## Format the code
	$(TOOL) gofumpt -w .

.PHONY: generate
generate: ## Write the generated files anew
	go generate ./...
	cd tekton/test && go test -count=1 -run TestStepActions . -update

.PHONY: generated
generated: ## Fail if make generate changes a file or adds one
	@before=$$($(TREE)); $(MAKE) --no-print-directory generate; after=$$($(TREE)); \
	git --no-pager diff --exit-code "$$before" "$$after" || { \
	  echo 'generated files were not up to date; they are now: commit them' >&2; exit 1; }

.PHONY: image
image: ## Build dist/PROGRAM.oci.tar of every program for linux/amd64 and linux/arm64; needs no Docker
	for program in $(PROGRAMS); do \
	  for arch in amd64 arm64; do GOOS=linux GOARCH=$$arch $(BUILD) -o bin/linux-$$arch/$$program ./cmd/$$program; done; \
	  $(OCIIMAGE) -output $(CURDIR)/dist/$$program.oci.tar \
	    -binary linux/amd64=$(CURDIR)/bin/linux-amd64/$$program -binary linux/arm64=$(CURDIR)/bin/linux-arm64/$$program; done

.PHONY: image-docker
image-docker: ## Build dist/PROGRAM.docker.tar of every program for docker load, for one ARCH
	for program in $(PROGRAMS); do GOOS=linux GOARCH=$(ARCH) $(BUILD) -o bin/linux-$(ARCH)/$$program ./cmd/$$program; \
	  $(OCIIMAGE) -format docker -output $(CURDIR)/dist/$$program.docker.tar \
	    -binary linux/$(ARCH)=$(CURDIR)/bin/linux-$(ARCH)/$$program; done

.PHONY: bench
bench: ## Requests, time, size and start beside the obvious alternatives
	go run ./e2e/bench

include e2e/e2e.mk

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist
