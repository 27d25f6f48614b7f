package customrun

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// accountOf is the account that a source asks, by the settings of its provider. AWS limits each account in each region by itself
// (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html), Azure each subscription
// (https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling), and a vCenter or a
// Cloud Director is one itself.
func accountOf(settings string, locations []string) account {
	var p imageset.Provider
	if err := json.Unmarshal([]byte(settings), &p); err != nil {
		return account{kind: "unknown", id: settings}
	}
	places := strings.Join(locations, " ")
	var parts []string
	switch {
	case p.AWS != nil:
		parts = []string{p.AWS.Profile, places}
	case p.Azure != nil:
		parts = []string{p.Azure.Cloud, p.Azure.Subscription}
	case p.S3 != nil:
		parts = []string{p.S3.Profile, p.S3.Region}
	case p.VSphere != nil:
		parts = []string{p.VSphere.Prefix, places}
	case p.CloudDirector != nil:
		parts = []string{p.CloudDirector.Prefix, p.CloudDirector.URL}
	}
	return account{kind: p.Type(), id: strings.Join(parts, "|")}
}

// admit waits until a request may be sent. The error is that of a context that ends before.
type admit = func(context.Context) error

// limits are those of the accounts.
type limits struct {
	rate  rate.Limit
	burst int

	mu  sync.Mutex
	all map[account]*rate.Limiter
}

func newLimits(r rate.Limit, burst int) *limits {
	return &limits{rate: r, burst: burst, all: make(map[account]*rate.Limiter)}
}

// of is the limit of an account. Nobody limits directories.
func (l *limits) of(a account) admit {
	if a.kind == imageset.TypeDirectory {
		return func(ctx context.Context) error { return ctx.Err() }
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all[a] == nil {
		l.all[a] = rate.NewLimiter(l.rate, l.burst)
	}
	return l.all[a].Wait
}

// afterFirst is a limit for all requests but one, which was waited for before.
func afterFirst(limit admit) admit {
	var first atomic.Bool
	return func(ctx context.Context) error {
		if first.CompareAndSwap(false, true) {
			return nil
		}
		return limit(ctx)
	}
}

// account is what a provider limits requests for.
type account struct {
	kind string // the provider's type
	id   string
}
