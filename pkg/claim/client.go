package claim

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// Config says where claims are made, and for whom.
type Config struct {
	Server    string        // the API server, such as https://10.96.0.1:443
	Files     string        // folder of the service account's files token and ca.crt
	Namespace string        // of the Leases and PipelineRuns
	Run       Run           // who claims; the zero value only looks
	Limit     time.Duration // how long a claim holds at most, in whole seconds; 0: the run's own timeout, or else DefaultLimit
	// Now is the time; nil: the clock's.
	Now func() time.Time
	// MaxBackoff is the longest pause before a request is sent again to a server that is busy; 0: a minute.
	MaxBackoff time.Duration
}

// requestTimeout bounds one request, with its repetitions.
const requestTimeout = 30 * time.Second

// answerLimit is more than the API server stores of an object (1.5 MiB, etcd's limit of a request).
const answerLimit = 4 << 20

// Client makes claims, one at a time. Close ends it.
type Client struct {
	http   *http.Client
	wire   *http.Transport
	server string
	token  string // the file
	base   string // of the namespace in the paths of resources
	run    Run
	limit  time.Duration // 0: not known yet
	now    func() time.Time
}

// New makes a client. The error says which of the service account's files can't be used; it is fs.ErrNotExist where one isn't there.
func New(config Config) (*Client, error) {
	roots, err := os.ReadFile(filepath.Join(config.Files, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("reading the API server's certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, errors.New("reading the API server's certificate authority: ca.crt has no certificate")
	}
	c := &Client{
		server: config.Server, token: filepath.Join(config.Files, "token"), base: "namespaces/" + url.PathEscape(config.Namespace) + "/",
		run: config.Run, limit: config.Limit, now: config.Now,
	}
	if c.now == nil {
		c.now = time.Now
	}
	if _, err := c.bearer(); err != nil {
		return nil, err
	}
	// The API server is in the same cluster: no proxy lies between, and an answer that leads elsewhere is none.
	c.wire = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	c.http = &http.Client{
		Transport:     inventory.RetryBusy(c.wire, config.MaxBackoff),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// bearer is the token. It is read anew for each request, since the kubelet replaces it before it expires.
func (c *Client) bearer() (string, error) {
	token, err := os.ReadFile(c.token)
	if err != nil {
		return "", fmt.Errorf("reading the service account's token: %w", err)
	}
	return strings.TrimSpace(string(token)), nil
}

func (c *Client) create(ctx context.Context, l lease) (lease, error) {
	return c.lease(ctx, http.MethodPost, "", l)
}

func (c *Client) update(ctx context.Context, l lease) (lease, error) {
	return c.lease(ctx, http.MethodPut, l.Metadata.Name, l)
}

func (c *Client) get(ctx context.Context, a plan.Artifact) (lease, error) {
	found, err := c.lease(ctx, http.MethodGet, leaseName(a), nil)
	if err != nil {
		return lease{}, fmt.Errorf("reading its Lease: %w", err)
	}
	return found, nil
}

// lease sends a request that is answered by a Lease. Without a version it could not be taken over nor given back.
func (c *Client) lease(ctx context.Context, method, name string, body any) (lease, error) {
	var got lease
	if err := c.send(ctx, method, "coordination.k8s.io", "leases", name, body, &got); err != nil {
		return lease{}, err
	}
	if got.Metadata.UID == "" || got.Metadata.ResourceVersion == "" {
		return lease{}, errNoAnswer
	}
	return got, nil
}

func (c *Client) delete(ctx context.Context, m metadata) error {
	options := map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions",
		"preconditions": map[string]string{"uid": m.UID, "resourceVersion": m.ResourceVersion},
	}
	var status struct{}
	return c.send(ctx, http.MethodDelete, "coordination.k8s.io", "leases", m.Name, options, &status)
}

func (c *Client) pipelineRun(ctx context.Context, name string) (pipelineRun, error) {
	var got pipelineRun
	err := c.send(ctx, http.MethodGet, "tekton.dev", "pipelineruns", name, nil, &got)
	if err == nil && got.Metadata.UID == "" {
		err = errNoAnswer
	}
	return got, err
}

// send sends one request, and decodes the answer if it is a success. A refusal is a [*refusal].
func (c *Client) send(ctx context.Context, method, group, resource, name string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := c.request(ctx, method, c.server+"/apis/"+group+"/v1/"+c.base+resource, name, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return errors.New(inventory.Cause(err))
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	switch {
	case resp.StatusCode >= 300:
		return refused(resp.StatusCode, content)
	case err != nil:
		return errors.New(inventory.Cause(err))
	case json.Unmarshal(content, answer) != nil:
		return errNoAnswer
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, address, name string, body any) (*http.Request, error) {
	token, err := c.bearer()
	if err != nil {
		return nil, err
	}
	if name != "" {
		address += "/" + url.PathEscape(name)
	}
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("User-Agent", "nodeimage")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// Close lets go of the connections.
func (c *Client) Close() { c.wire.CloseIdleConnections() }
