package clouds

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// protocol is what Behaviour must know of a cloud.
type protocol interface {
	// identify tells what is asked of which location. It must leave to the real answer what that reads.
	identify(*http.Request) Request
	// refuse answers one of Forbidden, Unauthenticated, Throttled, ServerError and Unavailable as the cloud does.
	refuse(http.ResponseWriter, Fault)
}

// wrap puts the behaviour before the cloud's real answer: record, latency, fault.
func (b *Behaviour) wrap(p protocol, answer http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, latency := b.receive(p.identify(r))
		pause(r.Context(), latency)
		switch fault {
		case None:
			answer.ServeHTTP(w, r)
		case Reset:
			reset(w)
		case Truncated:
			truncate(w, r, answer)
		case Garbage:
			garbage(w)
		case Slow:
			hang(w, r)
		default:
			p.refuse(w, fault)
		}
	})
}

// pause waits for d. If the request ends first it gives up the answer: an empty 200 would be an answer, too.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// hijack takes the connection from the server. Where it can't (HTTP/2) the request is aborted, which the client sees
// as a reset stream.
func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// reset closes the connection so that the kernel sends RST in place of FIN: data is pending no longer than 0 s.
func reset(w http.ResponseWriter) {
	conn := hijack(w)
	defer conn.Close()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // fails on a closed connection only
	}
	_ = conn.Close() // before the deferred one: TLS would send its goodbye first
}

// truncate relies on net/http: a handler that returns before it has written its Content-Length loses the connection.
func truncate(w http.ResponseWriter, r *http.Request, answer http.Handler) {
	whole := httptest.NewRecorder()
	answer.ServeHTTP(whole, r)
	maps.Copy(w.Header(), whole.Result().Header)
	body := whole.Body.Bytes()
	if len(body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(whole.Code)
	_, _ = w.Write(body[:len(body)/2]) // a client that is gone needs no more
}

func garbage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<html><head><title>Sign in</title></head>"+
		"<body><h1>Welcome</h1><p>Sign in to use this network.</p></body></html>\n")
}

// hang waits for the client to hang up or for the request's context to end. It takes the connection from the server,
// because httptest.Server.Close waits for every request that the server still knows.
func hang(w http.ResponseWriter, r *http.Request) {
	conn := hijack(w)
	defer conn.Close()
	defer context.AfterFunc(r.Context(), func() { _ = conn.Close() })()
	_, _ = io.Copy(io.Discard, conn)
}
