package customrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/giantswarm/nodeimage/pkg/cli"
)

// planner makes the plans of CustomRuns.
type planner struct {
	config  Config
	kube    kubernetes.Interface
	sharing *sharing
	metrics *metrics
}

// plan makes the plan that a CustomRun asks for.
func (p *planner) plan(ctx context.Context, run *v1beta1.CustomRun, asked request) outcome {
	start := time.Now()
	o := p.attempt(ctx, run, asked)
	if ctx.Err() != nil {
		return o // which nobody wants any more
	}
	p.metrics.planned(o, time.Since(start))
	log := p.config.Logger.With("namespace", run.Namespace, "customrun", run.Name, "attempt", len(run.Status.RetriesStatus)+1)
	level := slog.LevelInfo
	if o.reason != ReasonSucceeded {
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "planned", "reason", o.reason, "message", o.message, "seconds", time.Since(start).Seconds())
	log.Debug("what the plan told", "log", o.log)
	return o
}

func (p *planner) attempt(ctx context.Context, run *v1beta1.CustomRun, asked request) outcome {
	imageSet, err := p.imageSet(ctx, run.Namespace, asked)
	var missing *missingError
	switch {
	case errors.As(err, &missing):
		asked.problems = errors.Join(missing, asked.problems)
	case err != nil:
		return broken(err)
	}
	dir, err := os.MkdirTemp(p.config.Temp, "attempt-")
	if err != nil {
		return broken(fmt.Errorf("making a folder for the plan: %w", err))
	}
	defer p.remove(dir)
	file := filepath.Join(dir, imagesFolder, asked.file())
	if err := fill(dir, file, imageSet); err != nil {
		return broken(fmt.Errorf("writing the image set: %w", err))
	}
	var log bytes.Buffer
	status, err := cli.Execute(ctx, cli.Environment{
		Args:   Arguments(asked.params, file, filepath.Join(dir, outputFolder)),
		Stdout: io.Discard, Stderr: &log, // cli writes to it by one goroutine at a time
		Getenv: getenv(p.config.Getenv, run), Version: p.config.Version, ServiceAccount: p.config.ServiceAccount,
		Sources: p.sharing.source, Problems: asked.problems,
	})
	return outcomeOf(dir, status, err, log.String())
}

// fill gives an attempt the folders that a step has, and the image set where there is one.
func fill(dir, file string, imageSet []byte) error {
	for _, folder := range []string{imagesFolder, outputFolder} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			return err
		}
	}
	if imageSet == nil {
		return nil
	}
	return os.WriteFile(file, imageSet, 0o600)
}

func (p *planner) remove(dir string) {
	if err := os.RemoveAll(dir); err != nil {
		p.config.Logger.Warn("removing the files of an attempt", "problem", err.Error())
	}
}

// missingError says that there is no image set where the CustomRun says that it is.
type missingError struct{ place string }

func (e *missingError) Error() string { return "there is no image set: " + e.place }

// imageSet is the text of the image set, or nil where the CustomRun does not say where it is. The error is a missingError, or says why
// the image set could not be read.
func (p *planner) imageSet(ctx context.Context, namespace string, asked request) ([]byte, error) {
	if asked.configMap == "" {
		return asked.inline, nil
	}
	found, err := p.configMap(ctx, namespace, asked.configMap)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &missingError{fmt.Sprintf("the namespace %s has no ConfigMap %s", namespace, asked.configMap)}
	case err != nil:
		return nil, fmt.Errorf("reading the ConfigMap %s: %w", asked.configMap, err)
	}
	if text, ok := found.Data[asked.key]; ok {
		return []byte(text), nil
	}
	if text, ok := found.BinaryData[asked.key]; ok {
		return text, nil
	}
	return nil, &missingError{fmt.Sprintf("the ConfigMap %s has no key %s", asked.configMap, asked.key)}
}

// configMap reads a ConfigMap. Where the API server doesn't answer, it is asked again until ctx ends, as a pod would wait for it.
func (p *planner) configMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error) {
	var found *corev1.ConfigMap
	var last error
	backoff := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: 9, Cap: 10 * time.Second}
	err := backoff.DelayFunc().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		found, last = p.kube.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(last) || apierrors.IsForbidden(last) {
			return false, last
		}
		return last == nil, nil
	})
	if err != nil && last != nil {
		err = last
	}
	return found, err
}
