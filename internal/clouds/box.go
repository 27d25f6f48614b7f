package clouds

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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

// Box is a cloud in a box: one server of each kind with the accounts, galleries, buckets and catalogs that image sets name, all
// empty. Its environment makes the clouds' own clients use them.
type Box struct {
	EC2   *EC2
	S3    *S3
	Azure *Azure
	VCD   *VCD
	// VSphere is one vCenter.
	VSphere *VSphere

	environment map[string]string
	servers     []*httptest.Server
}

// NewBox starts the servers. It writes the certificate that they have, and profiles for AWS, into dir.
func NewBox(dir string) (*Box, error) {
	entra := NewAzureEntra(AzureEntraConfig{Tenant: boxTenant, Clients: map[string]string{"nodeimage": boxSecret}})
	b := &Box{
		EC2:     NewEC2(EC2Config{Account: boxAccount, AccessKeys: map[string]string{"AKIABOX": boxAccount, "AKIABOXCHINA": boxChinaAccount}}),
		S3:      NewS3(S3Config{AccessKeys: []string{"AKIABOX", "AKIABOXCHINA"}}),
		Azure:   NewAzure(AzureConfig{Entra: entra}),
		VCD:     NewVCD(VCDConfig{Org: boxOrg}),
		VSphere: NewVSphere(VSphereConfig{User: "nodeimage", Password: boxSecret}),
	}
	b.S3.AddBucket(boxBucket, S3Bucket{Region: "eu-central-1"})
	b.Azure.AddGallery(AzureGallery{Subscription: boxSubscription, ResourceGroup: "cluster-api-images", Name: boxGallery})
	b.VCD.AddUser(boxOrg, "nodeimage", boxSecret)
	b.VCD.AddCatalog(boxOrg, boxCatalog)
	b.VSphere.AddFolder(boxFolder)
	authority := b.serve(StartTLS, entra)
	b.environment = map[string]string{
		"AWS_ENDPOINT_URL": b.serve(Start, b.EC2).URL, "AWS_ENDPOINT_URL_S3": b.serve(Start, b.S3).URL,
		"AWS_ACCESS_KEY_ID": "AKIABOX", "AWS_SECRET_ACCESS_KEY": boxSecret, "AWS_CONFIG_FILE": filepath.Join(dir, "aws-config"),
		"AZURE_RESOURCE_MANAGER_ENDPOINT": b.serve(StartTLS, b.Azure).URL, "AZURE_AUTHORITY_HOST": authority.URL,
		"AZURE_SUBSCRIPTION_ID": boxSubscription, "AZURE_TENANT_ID": boxTenant,
		"AZURE_CLIENT_ID": "nodeimage", "AZURE_CLIENT_SECRET": boxSecret,
		"GOVC_URL": b.serve(Start, b.VSphere).URL + "/sdk", "GOVC_USERNAME": "nodeimage", "GOVC_PASSWORD": boxSecret,
		"VCD_URL": b.serve(StartTLS, b.VCD).URL + "/api", "VCD_USER": "nodeimage", "VCD_PASSWORD": boxSecret,
		"SSL_CERT_FILE": filepath.Join(dir, "ca.pem"), "AWS_CA_BUNDLE": filepath.Join(dir, "ca.pem"),
	}
	if err := b.writeFiles(authority); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Box) serve(start func(http.Handler) *httptest.Server, cloud http.Handler) *httptest.Server {
	s := start(cloud)
	b.servers = append(b.servers, s)
	return s
}

// writeFiles writes the certificate, which all servers share, and the profile for China, whose partition has an account of its own.
func (b *Box) writeFiles(server *httptest.Server) error {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(b.environment["SSL_CERT_FILE"], certificate, 0o600); err != nil {
		return fmt.Errorf("writing the certificate: %w", err)
	}
	profile := fmt.Sprintf("[profile ami-china]\naws_access_key_id = AKIABOXCHINA\naws_secret_access_key = %s\n", boxSecret)
	if err := os.WriteFile(b.environment["AWS_CONFIG_FILE"], []byte(profile), 0o600); err != nil {
		return fmt.Errorf("writing the AWS profiles: %w", err)
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
	for _, behaviour := range []*Behaviour{&b.EC2.Behaviour, &b.S3.Behaviour, &b.Azure.Behaviour, &b.VCD.Behaviour, &b.VSphere.Behaviour} {
		behaviour.Latency(d)
	}
}

// Close ends the servers.
func (b *Box) Close() {
	for _, s := range b.servers {
		s.Close()
	}
}
