package clouds

import (
	"cmp"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// The accounts, places and credentials of a Box. The image sets that nodeimage ships name them.
const (
	boxAccount      = "706635527432"
	boxChinaAccount = "306934455918"
	boxGallery      = "CapzFlatcar"
	boxBucket       = "gs-public-capi-vm-images"
	boxOrg          = "giantswarm"
	boxCatalog      = "giantswarm"
	boxFolder       = "/dc/vm/templates"
	boxTenant       = "giantswarm.example"
	boxSubscription = "6b9d6f3c-0000-4000-8000-000000000000"
	boxSecret       = "in-the-box"
)

// The files of a Box, and the address for clients on this machine.
const (
	boxRoots    = "ca.pem"
	boxProfiles = "aws-config"
	loopback    = "127.0.0.1"
)

// Box is a cloud in a box: one server of each kind with the accounts, galleries, buckets and catalogs that image sets name, all
// empty. Its environment makes the clouds' own clients use them.
type Box struct {
	EC2   *EC2
	S3    *S3
	Azure *Azure
	VCD   *VCD
	// VSphere is one vCenter.
	VSphere *VSphere

	config      BoxConfig
	certificate tls.Certificate
	environment map[string]string
	servers     []*httptest.Server
}

// BoxConfig says where a box serves and what its clients are told. The zero value serves clients on this machine.
type BoxConfig struct {
	Listen string // address that all servers listen on; default: 127.0.0.1
	Host   string // name or address by which clients reach them, in URLs and the certificate; default: 127.0.0.1
	// Port is the first server's. The others follow: EC2, S3, Entra, Azure, vSphere, Cloud Director. 0: free ports.
	Port int
	// Files is the directory in which clients have the files that Box.Files returns; default: their working directory.
	Files string
}

// NewBox serves clients on this machine and writes the files that they need into dir.
func NewBox(dir string) (*Box, error) {
	b, err := NewBoxAt(BoxConfig{Files: dir})
	if err != nil {
		return nil, err
	}
	if err := b.WriteFiles(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// NewBoxAt starts the servers. It writes nothing: bringing the box's files to its clients is left to the caller.
func NewBoxAt(c BoxConfig) (*Box, error) {
	c.Listen, c.Host = cmp.Or(c.Listen, loopback), cmp.Or(c.Host, loopback)
	certificate, err := selfSigned(c.Host)
	if err != nil {
		return nil, err
	}
	entra := NewAzureEntra(AzureEntraConfig{Tenant: boxTenant, Clients: map[string]string{"nodeimage": boxSecret}})
	b := &Box{
		EC2:     NewEC2(EC2Config{Account: boxAccount, AccessKeys: map[string]string{"AKIABOX": boxAccount, "AKIABOXCHINA": boxChinaAccount}}),
		S3:      NewS3(S3Config{AccessKeys: []string{"AKIABOX", "AKIABOXCHINA"}}),
		Azure:   NewAzure(AzureConfig{Entra: entra}),
		VCD:     NewVCD(VCDConfig{Org: boxOrg}),
		VSphere: NewVSphere(VSphereConfig{User: "nodeimage", Password: boxSecret}),
		config:  c, certificate: certificate, environment: clientEnvironment(c.Files),
	}
	b.S3.AddBucket(boxBucket, S3Bucket{Region: "eu-central-1"})
	b.Azure.AddGallery(AzureGallery{Subscription: boxSubscription, ResourceGroup: "cluster-api-images", Name: boxGallery})
	b.VCD.AddUser(boxOrg, "nodeimage", boxSecret)
	b.VCD.AddCatalog(boxOrg, boxCatalog)
	b.VSphere.AddFolder(boxFolder)
	if err := b.start(entra); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// clientEnvironment are the credentials of the box, and where its files are. Where its servers are is added as they start.
func clientEnvironment(files string) map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIABOX", "AWS_SECRET_ACCESS_KEY": boxSecret, "AWS_CONFIG_FILE": filepath.Join(files, boxProfiles),
		"AZURE_SUBSCRIPTION_ID": boxSubscription, "AZURE_TENANT_ID": boxTenant,
		"AZURE_CLIENT_ID": "nodeimage", "AZURE_CLIENT_SECRET": boxSecret,
		"GOVC_USERNAME": "nodeimage", "GOVC_PASSWORD": boxSecret, "VCD_USER": "nodeimage", "VCD_PASSWORD": boxSecret,
		"SSL_CERT_FILE": filepath.Join(files, boxRoots), "AWS_CA_BUNDLE": filepath.Join(files, boxRoots),
	}
}

// endpoint is where a server of the box is found: a variable of the clients' environment, and what its value has after the port.
type endpoint struct {
	variable, path string
	encrypted      bool
}

// start starts the servers, in the order of their ports.
func (b *Box) start(entra http.Handler) error {
	for i, s := range []struct {
		cloud http.Handler
		at    endpoint
	}{
		{b.EC2, endpoint{"AWS_ENDPOINT_URL", "", false}},
		{b.S3, endpoint{"AWS_ENDPOINT_URL_S3", "", false}},
		{entra, endpoint{"AZURE_AUTHORITY_HOST", "", true}},
		{b.Azure, endpoint{"AZURE_RESOURCE_MANAGER_ENDPOINT", "", true}},
		{b.VSphere, endpoint{"GOVC_URL", "/sdk", false}},
		{b.VCD, endpoint{"VCD_URL", "/api", true}},
	} {
		port := 0
		if b.config.Port > 0 {
			port = b.config.Port + i
		}
		if err := b.serve(s.cloud, port, s.at); err != nil {
			return err
		}
	}
	return nil
}

// serve puts a handler on a port of the address that the box listens on, 0 for a free one, and its URL into the environment.
func (b *Box) serve(h http.Handler, port int, at endpoint) error {
	l, err := net.Listen("tcp", net.JoinHostPort(b.config.Listen, strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("starting a server of the box: %w", err)
	}
	s, scheme, start := on(l, h), "http", (*httptest.Server).Start
	if at.encrypted {
		scheme, start = "https", (*httptest.Server).StartTLS
		s.TLS = &tls.Config{Certificates: []tls.Certificate{b.certificate}}
	}
	address := net.JoinHostPort(b.config.Host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	b.environment[at.variable] = scheme + "://" + address + at.path // before the control can ask for it
	start(s)
	b.servers = append(b.servers, s)
	return nil
}

// ServeControl puts Control on a port of the address that the box listens on, 0 for a free one, and its URL into the environment,
// as BOX_URL.
func (b *Box) ServeControl(port int) error {
	return b.serve(b.Control(), port, endpoint{variable: "BOX_URL"})
}

// Files are the files that clients must have, by their names in the directory of BoxConfig: the certificate that all servers
// share, and an AWS configuration with the profile for China, whose partition has an account of its own.
func (b *Box) Files() map[string]string {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.certificate.Certificate[0]})
	profile := fmt.Sprintf("[profile ami-china]\naws_access_key_id = AKIABOXCHINA\naws_secret_access_key = %s\n", boxSecret)
	return map[string]string{boxRoots: string(certificate), boxProfiles: profile}
}

// WriteFiles writes the files into the directory where clients have them, which must be there.
func (b *Box) WriteFiles() error {
	for name, content := range b.Files() {
		if err := os.WriteFile(filepath.Join(b.config.Files, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("writing the files that clients need: %w", err)
		}
	}
	return nil
}

// Environment is what the clouds' clients must have in their environment, as NAME=VALUE, in the order of the names.
func (b *Box) Environment() []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(b.environment)) {
		lines = append(lines, name+"="+b.environment[name])
	}
	return lines
}

// Latency lets every request wait for d before it is answered.
func (b *Box) Latency(d time.Duration) {
	for _, behaviour := range b.behaviours() {
		behaviour.Latency(d)
	}
}

// behaviours are those of the clouds, by the type of the providers that look there.
func (b *Box) behaviours() map[string]*Behaviour {
	return map[string]*Behaviour{
		"aws": &b.EC2.Behaviour, "s3": &b.S3.Behaviour, "azure": &b.Azure.Behaviour,
		"vsphere": &b.VSphere.Behaviour, "cloud-director": &b.VCD.Behaviour,
	}
}

// Close ends the servers.
func (b *Box) Close() {
	for _, s := range b.servers {
		s.Close()
	}
}
