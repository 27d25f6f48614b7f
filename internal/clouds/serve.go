package clouds

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
)

// Start serves a cloud on a free port of this machine until Close. Unlike httptest.NewServer, its Close ends the
// contexts of all requests, so that none that waits (Slow, Latency) outlives the server.
func Start(cloud http.Handler) *httptest.Server {
	s := unstarted(cloud)
	s.Start()
	return s
}

// StartTLS is Start over TLS. The server's Client trusts its certificate.
func StartTLS(cloud http.Handler) *httptest.Server {
	s := unstarted(cloud)
	s.StartTLS()
	return s
}

func unstarted(cloud http.Handler) *httptest.Server {
	return on(httptest.NewUnstartedServer(nil).Listener, cloud)
}

// on makes a server that is not started. Its Close ends the contexts of all requests.
func on(l net.Listener, cloud http.Handler) *httptest.Server {
	ctx, cancel := context.WithCancel(context.Background())
	return &httptest.Server{
		Listener: listener{Listener: l, closed: cancel},
		Config:   &http.Server{Handler: cloud, BaseContext: func(net.Listener) context.Context { return ctx }},
	}
}

// listener tells when it is closed, which is the first thing that httptest.Server.Close does.
type listener struct {
	net.Listener
	closed context.CancelFunc
}

func (l listener) Close() error {
	l.closed()
	return l.Listener.Close()
}
