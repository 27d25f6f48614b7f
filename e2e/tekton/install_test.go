//go:build e2e

package tekton

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Where users get Tekton from, and what the scenarios install in its place: the same, built from its modules.
const (
	pipelinesRelease = "https://infra.tekton.dev/tekton-releases/pipeline/previous/v1.15.0/release.yaml"
	triggersRelease  = "https://infra.tekton.dev/tekton-releases/triggers/previous/v0.37.0/release.yaml"
	interceptors     = "https://infra.tekton.dev/tekton-releases/triggers/previous/v0.37.0/interceptors.yaml"
)

// hookSecret signs webhooks.
const hookSecret = "a secret of the e2e"

// installTekton installs Tekton Pipelines and Triggers where the cluster has none, and waits until their webhooks answer.
func installTekton(ctx context.Context) error {
	manifests := func(name string) string { return filepath.Join(built, "manifests", name+".yaml") }
	const apply = "kubectl apply --server-side --filename "
	if _, err := try(ctx, "", "get", "deployment", "tekton-triggers-core-interceptors", "--namespace=tekton-pipelines"); err == nil {
		for _, url := range []string{pipelinesRelease, triggersRelease, interceptors} {
			if _, err := arguments(apply+url, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if err := persistAsDocumented(ctx, apply+pipelinesRelease, pipelinesRelease, manifests("pipeline")); err != nil {
		return err
	}
	if err := persistAsDocumented(ctx, apply+triggersRelease, triggersRelease, manifests("triggers")); err != nil {
		return err
	}
	if err := ready(ctx, "tekton-pipelines", "tekton-pipelines-webhook", "tekton-triggers-webhook"); err != nil {
		return err
	}
	if err := persistAsDocumented(ctx, apply+interceptors, interceptors, manifests("interceptors")); err != nil {
		return err
	}
	return ready(ctx, "tekton-pipelines", "tekton-pipelines-controller", "tekton-triggers-controller", "tekton-triggers-core-interceptors")
}

func ready(ctx context.Context, namespace string, deployments ...string) error {
	for _, d := range deployments {
		if err := persist(ctx, "rollout", "status", "--namespace="+namespace, "deployment/"+d, "--timeout=10s"); err != nil {
			return err
		}
	}
	return nil
}

// startClouds starts the cloud in a box and waits until it answers.
func startClouds(ctx context.Context) error {
	if err := persist(ctx, "apply", "--filename", "e2e/tekton/clouds.yaml"); err != nil {
		return err
	}
	return ready(ctx, "clouds", "clouds")
}

// installNodeimage does what docs/tekton.md tells users to do.
func installNodeimage(ctx context.Context) error {
	if _, err := try(ctx, "", "delete", "namespace", namespace, "--ignore-not-found"); err != nil {
		return err
	}
	secrets, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return err
	}
	defer os.RemoveAll(secrets)
	file := func(name string) string { return filepath.Join(secrets, name) }
	for name, text := range map[string]string{
		"lookup-aws.env": cloudEnvironment, "build-aws.env": cloudEnvironment + "BOX_URL=" + boxURL + "\n",
		"lookup-vsphere.env": vcenterEnvironment, "webhook-secret": hookSecret,
	} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, command := range []string{
		`kubectl patch configmap feature-flags --namespace tekton-pipelines --patch '{"data": {"set-security-context": "true"}}'`,
		"kubectl apply -k tekton",
		"kubectl create configmap node-images --namespace node-images --from-file=images.yaml=images/giantswarm.yaml",
		"kubectl create secret generic nodeimage-lookup-aws --namespace node-images --from-env-file=lookup-aws.env",
		"kubectl create secret generic nodeimage-build-aws --namespace node-images --from-env-file=build-aws.env",
		"kubectl create secret generic node-images-webhook --namespace node-images --from-file=secret=webhook-secret",
	} {
		err := persistAsDocumented(ctx, command, "images/giantswarm.yaml", "e2e/images.yaml", "lookup-aws.env", file("lookup-aws.env"),
			"build-aws.env", file("build-aws.env"), "=webhook-secret", "="+file("webhook-secret"))
		if err != nil && !strings.Contains(err.Error(), "AlreadyExists") { // an answer that was lost does not undo what was done
			return err
		}
	}
	secret := []string{"create", "secret", "generic", "--namespace=" + namespace}
	vsphere := append(slices.Clone(secret), "nodeimage-lookup-vsphere", "--from-env-file="+file("lookup-vsphere.env"))
	if _, err := try(ctx, "", vsphere...); err != nil {
		return err
	}
	// Builds that last long enough to meet.
	slow := append(slices.Clone(secret), "slow-aws", "--from-literal=BOX_URL="+boxURL, "--from-literal=BUILD_SECONDS=10")
	if _, err := try(ctx, "", slow...); err != nil {
		return err
	}
	return ready(ctx, namespace, "el-node-images")
}

// These make the clouds' clients use the box, and builds leave what they make there.
const (
	boxURL             = "http://clouds.clouds.svc:8000"
	vcenterEnvironment = "GOVC_URL=http://clouds.clouds.svc:8005/sdk\nGOVC_USERNAME=nodeimage\nGOVC_PASSWORD=in-the-box\n"
	cloudEnvironment   = `AWS_ENDPOINT_URL=http://clouds.clouds.svc:8001
AWS_ENDPOINT_URL_S3=http://clouds.clouds.svc:8002
AWS_ACCESS_KEY_ID=AKIABOX
AWS_SECRET_ACCESS_KEY=in-the-box
`
)
