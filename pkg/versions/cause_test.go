package versions_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
)

// resolver asks a name server of its own, which answers every question with one DNS response code (RFC 1035, 4.1.1).
func resolver(t *testing.T, code byte) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		message := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(message)
			if err != nil {
				return
			}
			message[2] |= 0x80       // it is a response
			message[3] = 0x80 | code // from a server that recurses
			_, _ = server.WriteTo(message[:n], from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func looksUpWith(r *net.Resolver) *http.Transport {
	return &http.Transport{DialContext: (&net.Dialer{Resolver: r}).DialContext}
}

// refused is an address at which nobody listens any more.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return "http://" + l.Addr().String()
}

// hangsUp sends text and then closes the connection, with a reset if so wanted.
func hangsUp(text string, reset bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = conn.Write([]byte(text))
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// What an error says is the same wherever and whenever it happens: no resolver, no ports, no time of day. What it was is
// still in its chain.
func TestCauseIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	const marker = "/release/stable.txt"
	u := kubernetesUpstream(t)
	secure := httptest.NewUnstartedServer(u)
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	late := secure.Client().Transport.(*http.Transport).Clone()
	late.TLSClientConfig.Time = func() time.Time { return now.AddDate(200, 0, 0) }
	proxy, err := url.Parse(refused(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		base      string
		transport *http.Transport
		want      string
		is        func(error) bool
	}{
		"no such host":    {"http://dl.example", looksUpWith(resolver(t, 3)), "the host dl.example can't be found", isNotFound(true)},
		"resolver failed": {"http://dl.example", looksUpWith(resolver(t, 2)), "the host dl.example could not be looked up", isNotFound(false)},
		"refused":         {refused(t), nil, "connection refused", isErrno(syscall.ECONNREFUSED)},
		"proxy refused": {
			"http://dl.example", &http.Transport{Proxy: http.ProxyURL(proxy)},
			"the proxy can't be reached: connection refused", isErrno(syscall.ECONNREFUSED),
		},
		"reset half-way": {
			serve(t, map[string]http.HandlerFunc{marker: hangsUp("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nv1.3", true)}).URL, nil,
			"the answer broke off: connection reset by peer", isErrno(syscall.ECONNRESET),
		},
		"closed": {
			serve(t, map[string]http.HandlerFunc{marker: hangsUp("", false)}).URL, nil,
			"the connection was closed before an answer came", func(error) bool { return true },
		},
		"closed on this side": {u.URL, &http.Transport{DialContext: dialsAndCloses}, "use of closed network connection", isClosed},
		"certificate expired": {secure.URL, late, "the server's certificate has expired or is not valid yet", func(err error) bool {
			_, ok := errors.AsType[*tls.CertificateVerificationError](err)
			return ok
		}},
		"timeout": {
			serve(t, map[string]http.HandlerFunc{marker: stuck}).URL, nil, "no whole answer within 200ms",
			func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := versions.Config{HTTP: &http.Client{}, Sources: versions.Sources{Kubernetes: tc.base}}
			if tc.transport != nil {
				config.HTTP.Transport = tc.transport
			}
			if name == "timeout" {
				config.Timeout = 200 * time.Millisecond
			}
			_, err := resolve(t, config, versions.Kubernetes, "stable")
			if want := "kubernetes version marker (" + tc.base + marker + "): " + tc.want; err == nil || err.Error() != want || !tc.is(err) {
				t.Errorf("got %v, want %s with its cause in the chain", err, want)
			}
		})
	}
}

// dialsAndCloses gives a connection that has an address on both sides and can't be used.
func dialsAndCloses(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		err = conn.Close()
	}
	return conn, err
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

func isErrno(want syscall.Errno) func(error) bool {
	return func(err error) bool { return errors.Is(err, want) }
}

func isNotFound(want bool) func(error) bool {
	return func(err error) bool {
		dns, ok := errors.AsType[*net.DNSError](err)
		return ok && dns.IsNotFound == want
	}
}

// A caller that gives up, or has no more time, hears just that, of a server and of a file, whatever stood in the way.
func TestCauseIsTheCaller(t *testing.T) {
	t.Parallel()
	server := serve(t, map[string]http.HandlerFunc{"/release/stable.txt": stuck}).URL
	for name, tc := range map[string]struct {
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want string
	}{
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, "the run was cancelled"},
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		}, "no answer in time"},
		"deadline passed": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, now)
		}, "no answer in time"},
	} {
		for place, want := range map[string]string{
			server:                "kubernetes version marker (" + server + "/release/stable.txt): " + tc.want,
			"testdata/kubernetes": "kubernetes source (testdata/kubernetes): " + tc.want,
		} {
			if name == "deadline" && place != server {
				continue // a file is read before that
			}
			t.Run(name+" "+place, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := tc.ctx(t.Context())
				defer cancel()
				r, err := versions.New(versions.Config{Now: now, Sources: versions.Sources{Kubernetes: place}})
				if err != nil {
					t.Fatal(err)
				}
				q, err := versions.Parse(versions.Kubernetes, "stable")
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.Resolve(ctx, q)
				if err == nil || err.Error() != want || !errors.Is(err, ctx.Err()) {
					t.Errorf("got %v, want %s because of %v", err, want, ctx.Err())
				}
			})
		}
	}
}
