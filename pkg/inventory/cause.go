package inventory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Cause puts why a request got no usable answer into a few words, the same ones every time: without the ports, addresses and
// identifiers that make two runs differ, and without anything that a server sent. It is for errors below a provider's own
// protocol; what has no words of its own here is "the request failed".
func Cause(err error) string {
	var (
		dns     *net.DNSError
		errno   syscall.Errno
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "the run was cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return "the host " + dns.Name + " can't be found"
	case errors.As(err, &unknown):
		return "the server's certificate is signed by an unknown authority"
	case errors.As(err, &host):
		return "the server's certificate is for another host"
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the answer ended early"
	}
	return CauseUnknown
}

// CauseUnknown is what Cause says where it has nothing to say.
const CauseUnknown = "the request failed"
