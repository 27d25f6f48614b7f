package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestServesOtherHosts starts the box as a Pod has it, and finds everything out from its control server.
func TestServesOtherHosts(t *testing.T) {
	t.Parallel()
	port := freePorts(t, servers)
	control := startBox(t, "-listen", "0.0.0.0", "-host", "localhost", "-port", strconv.Itoa(port), "-control", "0", "-files", "/not/here", "-empty")
	var settings struct{ Environment, Files map[string]string }
	if err := json.Unmarshal(get(t, http.DefaultClient, control+"/environment"), &settings); err != nil {
		t.Fatal(err)
	}
	at := func(scheme string, n int, path string) string {
		return scheme + "://localhost:" + strconv.Itoa(port+n) + path
	}
	for name, want := range map[string]string{
		"AWS_ENDPOINT_URL": at("http", 0, ""), "AWS_ENDPOINT_URL_S3": at("http", 1, ""), "AZURE_AUTHORITY_HOST": at("https", 2, ""),
		"AZURE_RESOURCE_MANAGER_ENDPOINT": at("https", 3, ""), "GOVC_URL": at("http", 4, "/sdk"), "VCD_URL": at("https", 5, "/api"),
		"BOX_URL": control, "AWS_CA_BUNDLE": "/not/here/ca.pem", "SSL_CERT_FILE": "/not/here/ca.pem", "AWS_CONFIG_FILE": "/not/here/aws-config",
	} {
		if got := settings.Environment[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(settings.Files["ca.pem"])) {
		t.Fatalf("no certificate in the files %q", settings.Files)
	}
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(trusting.CloseIdleConnections)
	get(t, trusting, settings.Environment["VCD_URL"]+"/versions")
	if got := string(get(t, http.DefaultClient, control+"/amis")); got != "{}\n" {
		t.Errorf("an empty box has %s", got)
	}
}

// TestIsFull starts the box without -empty.
func TestIsFull(t *testing.T) {
	t.Parallel()
	control := startBox(t, "-control", "0")
	if got := string(get(t, http.DefaultClient, control+"/amis?region=eu-central-1")); !strings.Contains(got, `"state":"pending"`) {
		t.Errorf("got %s", got)
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o, err := parse([]string{"-control", strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := run(t.Context(), o, io.Discard, io.Discard); status != 1 || err == nil {
		t.Errorf("got status %d, %v", status, err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		want []string
	}{
		"none":         {nil, nil},
		"as in a Pod":  {[]string{"-listen", "::", "-host", "clouds.example.svc", "-port", "8001", "-control", "8000", "-files", "/x"}, nil},
		"with command": {[]string{"-empty", "nodeimage", "plan", "-o", "table"}, nil},
		"everything wrong": {
			[]string{"-listen", "here", "-host", "", "-port", "65534", "-control", "70000", "-files", "/x", "nodeimage"},
			[]string{
				`-listen "here": want an IP address`, "-host is empty", "-port 65534: want 6 ports up to 65535",
				"-control 70000: want a port up to 65535", "-files: nothing is written there, so a command would miss them",
			},
		},
		"control among the others": {
			[]string{"-port", "8000", "-control", "8005"}, []string{"-control 8005: is one of the 6 ports from -port 8000 on"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			if _, err := parse(tc.args, io.Discard); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	var usage bytes.Buffer
	if _, err := parse([]string{"-h"}, &usage); !errors.Is(err, flag.ErrHelp) || !strings.Contains(usage.String(), "-control port") {
		t.Errorf("-h: %v, %s", err, usage.String())
	}
}

// startBox runs the command until the test ends, and returns the URL of its control server once that answers.
func startBox(t *testing.T, args ...string) string {
	t.Helper()
	o, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stdout := make(environment, 1)
	ended := make(chan error, 1)
	go func() {
		_, err := run(ctx, o, stdout, io.Discard)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case control := <-stdout:
		get(t, http.DefaultClient, control+"/ready")
		return control
	case err := <-ended:
		ended <- nil
		t.Fatalf("the box ended: %v", err)
		return ""
	}
}

// environment waits for the line with the URL of the control server.
type environment chan string

func (e environment) Write(line []byte) (int, error) {
	if _, value, ok := strings.Cut(string(line), "export BOX_URL='"); ok {
		e <- strings.TrimSuffix(value, "'\n")
	}
	return len(line), nil
}

func get(t *testing.T, client *http.Client, address string) []byte {
	t.Helper()
	if _, err := url.Parse(address); err != nil {
		t.Fatal(err)
	}
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", address, res.Status, body, err)
	}
	return body
}

// freePorts returns the first of n ports in a row that nobody listens on.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 20 {
		first, err := net.Listen("tcp", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		all := []net.Listener{first}
		for i := 1; i < n && port+i < 65536; i++ {
			if l, err := net.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(port+i))); err == nil {
				all = append(all, l)
			}
		}
		for l := range slices.Values(all) {
			_ = l.Close()
		}
		if len(all) == n {
			return port
		}
	}
	t.Fatal("no free ports in a row")
	return 0
}
