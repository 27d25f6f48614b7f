package clouddirector

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWait measures, on a clock of its own, how long a request waits before it is sent again.
func TestWait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after string
		want  time.Duration // for three waits
	}{
		"says nothing":      {"", (1 + 2 + 4) * time.Second},
		"seconds":           {"7", 21 * time.Second},
		"at once":           {"0", 0},
		"beyond the bound":  {"3600", 3 * time.Minute},
		"date":              {"Sat, 01 Jan 2000 00:00:09 GMT", 9 * time.Second}, // the clock begins at midnight
		"date that is past": {"Fri, 31 Dec 1999 23:59:59 GMT", 0},
		"nonsense":          {"soon", (1 + 2 + 4) * time.Second},
		"negative":          {"-5", (1 + 2 + 4) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { waits(t, c.after, c.want) })
		})
	}
}

// waits sends a request that is throttled for ever.
func waits(t *testing.T, after string, want time.Duration) {
	var bodies []string
	w := &wire{maxBackoff: time.Minute, next: roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {after}}, Body: http.NoBody}, err
	})}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://vcd.example", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = w.RoundTrip(r)
	if took := time.Since(start); took != want {
		t.Errorf("took %s, want %s", took, want)
	}
	if err == nil || err.Error() != "HTTP 429" || strings.Join(bodies, " ") != "body body body body" {
		t.Errorf("got %v, sent %q", err, bodies)
	}
}

// TestWaitEnds cancels a request while it waits to be sent again.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{maxBackoff: time.Hour, next: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"600"}}, Body: http.NoBody}, nil
		})}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://vcd.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := w.RoundTrip(r); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestAfterwards measures how long a log-out may take.
func TestAfterwards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  time.Duration // when the look's own context ends
		want time.Duration
	}{
		"look goes on":          {time.Hour, logOutTime},
		"look is over":          {0, farewell},
		"look ends a bit later": {time.Second, time.Second + farewell},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				look, cancelLook := context.WithTimeout(t.Context(), c.end)
				defer cancelLook()
				start := time.Now()
				ctx, cancel := afterwards(look)
				defer cancel()
				<-ctx.Done()
				if took := time.Since(start); took != c.want {
					t.Errorf("took %s, want %s", took, c.want)
				}
			})
		})
	}
}
