# The pipeline on a real cluster. Everything is built first, outside of the cluster: its network reaches nothing.

E2E = $(CURDIR)/dist/e2e
KUBERNETES_VERSION = v1.34.3
E2E_STATIC = CGO_ENABLED=0 go build -ldflags "-s -w"
# $(call archive,FILE,IMAGE,PATH,BINARY): pack one static binary as an image.
archive = $(E2E)/bin/ociimage -format docker -output $(E2E)/$(1) -name $(2) -path $(3) -binary linux/$(ARCH)=$(4)

.PHONY: e2e
e2e: ## Run the pipeline on a cluster: the one that KUBECONFIG names, or with E2E_CLUSTER=local (root, Linux) one of its own
	@case "$${E2E_CLUSTER:-}" in \
	  local) ;; \
	  "") test -n "$${KUBECONFIG:-}" || { \
	    echo "make e2e needs a cluster: set KUBECONFIG, and E2E_LOAD to the command that loads an image archive into it"; \
	    echo "(such as 'kind load image-archive'); or set E2E_CLUSTER=local to make one here, as root on Linux."; exit 1; } >&2 ;; \
	  *) echo "E2E_CLUSTER is '$$E2E_CLUSTER': want local, or nothing and a KUBECONFIG" >&2; exit 2 ;; \
	esac
	@if [ "$${E2E_CLUSTER:-}" = local ]; then $(MAKE) --no-print-directory e2e-cluster; fi
	@$(MAKE) --no-print-directory e2e-images
	@if [ "$${E2E_CLUSTER:-}" = local ]; then \
	  $(E2E)/bin/cluster -bin $(E2E)/bin -images $(E2E)/node -logs $(E2E)/logs $(E2E)/bin/scenarios $(SCENARIOS); \
	else $(E2E)/bin/scenarios $(SCENARIOS); fi

# Which scenarios run, as flags of go test: make e2e SCENARIOS='-test.run=TestPipeline/hook'
SCENARIOS ?=
override SCENARIOS += -test.v -test.timeout=30m

.PHONY: bench-customrun
bench-customrun: ## Decisions by the custom task beside the same by the task, on the cluster that make e2e uses
	@$(MAKE) --no-print-directory e2e SCENARIOS='-test.run=NONE -test.bench=Decisions -test.benchtime=1x'

.PHONY: e2e-cluster
e2e-cluster: $(E2E)/bin/ociimage
	cd e2e/cluster/kubernetes && CGO_ENABLED=0 go build -o $(E2E)/bin/ \
	  -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$(KUBERNETES_VERSION)" tool
	$(E2E_STATIC) -o $(E2E)/bin/ ./e2e/cluster ./e2e/cluster/pause
	cd e2e/cluster/addons && $(E2E_STATIC) -o $(E2E)/bin/ ./coredns
	mkdir -p $(E2E)/node
	$(call archive,node/pause.tar,e2e.nodeimage.test/pause:e2e,/pause,$(E2E)/bin/pause)
	$(call archive,node/coredns.tar,e2e.nodeimage.test/coredns:e2e,/coredns,$(E2E)/bin/coredns)

.PHONY: e2e-images
e2e-images: $(E2E)/bin/ociimage e2e-tekton
	mkdir -p $(E2E)/images
	for program in $(PROGRAMS); do $(BUILD) -o $(E2E)/bin/$$program ./cmd/$$program; \
	  $(call archive,images/$$program.tar,ghcr.io/giantswarm/$$program:main,/$$program,$(E2E)/bin/$$program); done
	$(E2E_STATIC) -o $(E2E)/bin/clouds ./e2e/clouds
	$(call archive,images/clouds.tar,e2e.nodeimage.test/clouds:e2e,/clouds,$(E2E)/bin/clouds)
	go run ./e2e/builder -builder $(E2E)/images/capi-image-builder.tar -busybox $(E2E)/images/busybox.tar
	cd e2e/cluster/kubernetes && CGO_ENABLED=0 go build -o $(E2E)/bin/ \
	  -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$(KUBERNETES_VERSION)" k8s.io/kubernetes/cmd/kubectl
	$(call archive,images/kubectl.tar,registry.k8s.io/kubectl:v1.34.3,/bin/kubectl,$(E2E)/bin/kubectl)
	CGO_ENABLED=0 go test -c -tags e2e -o $(E2E)/bin/scenarios ./e2e/tekton

# Tekton is built from its modules, and its manifests are those in the modules, with the names of our images in place of ko's. Its
# remote resolvers are left out: they need git and tini in their image, and nothing here is resolved from elsewhere.
.PHONY: e2e-tekton
e2e-tekton: $(E2E)/bin/ociimage
	cd e2e/cluster/addons && for part in pipeline triggers; do \
	  $(E2E_STATIC) -o $(E2E)/bin/$$part/ $$(go list -f '{{.ImportPath}}' tool | grep "tektoncd/$$part/"); done
	mkdir -p $(E2E)/images $(E2E)/manifests
	for part in pipeline triggers; do for program in $(E2E)/bin/$$part/*; do name=$$part-$$(basename $$program); \
	  $(call archive,images/$$name.tar,e2e.nodeimage.test/$$name:e2e,/ko-app/$$(basename $$program),$$program); done; done
	$(call manifests,pipeline,pipeline,-not -path '*/resolvers/*')
	$(call manifests,triggers,triggers,-not -path '*/interceptors/*')
	$(call manifests,interceptors,triggers,-path '*/interceptors/*')

# $(call manifests,FILE,MODULE,FIND): one file of the manifests in a module of Tekton.
manifests = cd e2e/cluster/addons && config=$$(go list -m -f '{{.Dir}}' github.com/tektoncd/$(2))/config && \
	find $$config -name '*.yaml' $(3) | LC_ALL=C sort | while read -r file; do printf '\n---\n'; sed -E \
	  -e 's!ko://github.com/tektoncd/([a-z]+)/cmd/([a-z]+)!e2e.nodeimage.test/\1-\2:e2e!' \
	  -e 's!cgr.dev/chainguard/busybox@sha256:[0-9a-f]+!docker.io/library/busybox:1.37.0!' $$file; done > $(E2E)/manifests/$(1).yaml

.PHONY: $(E2E)/bin/ociimage
$(E2E)/bin/ociimage:
	cd tools && go build -o $@ ./ociimage
