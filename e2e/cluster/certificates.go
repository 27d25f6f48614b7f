//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs the certificates of a cluster (https://kubernetes.io/docs/setup/best-practices/certificates/).
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

// newAuthority writes ca.crt, and the key pair of service account tokens: service-accounts.key and .pub.
func newAuthority(dir string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{dir: dir, key: key}
	template := a.template(pkix.Name{CommonName: "nodeimage-e2e"})
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	a.certificate = template
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if err := a.write("ca.crt", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return a, a.writeTokenKeys()
}

func (a *authority) writeTokenKeys() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := a.write("service-accounts.pub", "PUBLIC KEY", public); err != nil {
		return err
	}
	return a.write("service-accounts.key", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func (a *authority) template(subject pkix.Name) *x509.Certificate {
	a.serial++
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: subject,
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
}

// issue writes name.crt and name.key for a subject, which may be a client, and a server at the addresses.
func (a *authority) issue(name string, subject pkix.Name, hosts []string, addresses ...net.IP) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := a.template(subject)
	template.DNSNames, template.IPAddresses = hosts, addresses
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("issuing the certificate of %s: %w", name, err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := a.write(name+".key", "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return a.write(name+".crt", "CERTIFICATE", der)
}

func (a *authority) write(name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// issueAll writes the certificates and kubeconfigs of everything that talks to the API server, and the API server's own.
func (a *authority) issueAll() error {
	err := a.issue("kube-apiserver", pkix.Name{CommonName: "kube-apiserver"},
		[]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"},
		net.ParseIP("127.0.0.1"), net.ParseIP(nodeAddress), net.ParseIP(apiService))
	if err != nil {
		return err
	}
	clients := map[string]pkix.Name{
		"admin":                   {CommonName: "admin", Organization: []string{"system:masters"}},
		"kube-controller-manager": {CommonName: "system:kube-controller-manager"},
		"kube-scheduler":          {CommonName: "system:kube-scheduler"},
		"kube-proxy":              {CommonName: "system:kube-proxy"},
		"kubelet":                 {CommonName: "system:node:" + nodeName, Organization: []string{"system:nodes"}},
	}
	for name, subject := range clients {
		if err := a.issue(name, subject, []string{nodeName}, net.ParseIP(nodeAddress)); err != nil {
			return err
		}
		if err := a.writeKubeconfig(name); err != nil {
			return err
		}
	}
	return nil
}

// writeKubeconfig writes name.kubeconfig, with which the client of that name finds the API server.
func (a *authority) writeKubeconfig(name string) error {
	file := func(base string) string { return filepath.Join(a.dir, base) }
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: e2e
contexts: [{name: e2e, context: {cluster: e2e, user: %[1]s}}]
clusters: [{name: e2e, cluster: {server: "%[2]s", certificate-authority: %[3]s}}]
users: [{name: %[1]s, user: {client-certificate: %[4]s, client-key: %[5]s}}]
`, name, apiServer, file("ca.crt"), file(name+".crt"), file(name+".key"))
	return os.WriteFile(file(name+".kubeconfig"), []byte(text), 0o600)
}
