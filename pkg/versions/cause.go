package versions

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// worded says an error in words that are the same on every machine and in every run, and keeps it in the chain.
type worded struct {
	text string
	err  error
}

func (w *worded) Error() string { return w.text }

// Unwrap keeps what errors.Is and errors.As can tell of the error.
func (w *worded) Unwrap() error { return w.err }

// inWords takes out of an error of the network what belongs to this machine or moment: the resolver's address, the ports
// of a connection, the time. An error without such things stays as it is.
func inWords(err error) error {
	if _, already := errors.AsType[*worded](err); already {
		return err
	}
	if text := cause(err); text != "" {
		return &worded{text, err}
	}
	return err
}

func cause(err error) string {
	op, isOp := errors.AsType[*net.OpError](err)
	dns, isDNS := errors.AsType[*net.DNSError](err)
	errno, isErrno := errors.AsType[syscall.Errno](err)
	certificate, isCertificate := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "the run was cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case isOp && op.Op == "proxyconnect": // net/http puts it around whatever went wrong on the way to a proxy
		return "the proxy can't be reached: " + inWords(op.Err).Error()
	case isDNS && dns.IsNotFound:
		return "the host " + dns.Name + " can't be found"
	case isDNS: // the resolver failed, so whether there is such a host is not known
		return "the host " + dns.Name + " could not be looked up"
	case isErrno:
		return errno.Error()
	case isCertificate && certificate.Reason == x509.Expired:
		return "the server's certificate has expired or is not valid yet"
	case isOp && (op.Addr != nil || op.Source != nil):
		return inWords(op.Err).Error()
	case errors.Is(err, io.EOF):
		return "the connection was closed before an answer came"
	}
	return ""
}
