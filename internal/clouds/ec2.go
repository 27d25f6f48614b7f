package clouds

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// EC2Config is what an EC2 server can't change while it runs.
type EC2Config struct {
	// Account is the account of the caller, and the owner of images added without one. Default: 123456789012.
	Account string
	// AccessKeys maps access key IDs to the accounts that they belong to. Every other key is refused. Empty: every
	// key belongs to Account.
	AccessKeys map[string]string
	// PageLimit is the most images in one answer, whatever MaxResults asks for. 0: no limit but MaxResults.
	PageLimit int
	// EmptyPages puts a page without images, but with a NextToken, before every page. EC2 sends such pages to
	// filtered requests: https://github.com/amazon-archives/aws-sdk-core-ruby/issues/196
	EmptyPages bool
}

// An AMI is a machine image in one region. Fields left empty get the default that their comment names.
type AMI struct {
	ID             string    // ami- and 17 hex digits; default: the next free one
	Name           string    // 3 to 128 characters; not unique, as CopyImage doesn't check
	Owner          string    // 12 digits; default: EC2Config.Account
	OwnerAlias     string    // amazon, aws-marketplace or aws-backup-vault; default: none
	Architecture   string    // x86_64 (default), arm64, …
	State          string    // available (default), pending, failed, disabled, …
	StateReason    string    // "Code: text", as EC2 writes it; default: none
	Virtualization string    // hvm (default) or paravirtual
	RootDevice     string    // ebs (default) or instance-store
	Public         bool      // may be seen and started by every account
	Created        time.Time // default: 2024, one second after the image added before
	Deprecated     time.Time // when it becomes or became deprecated; zero: never
}

// EC2 answers the action DescribeImages of the EC2 Query API, and refuses every other action. One server answers for
// all regions, as AWS_ENDPOINT_URL makes the clients expect: the region is the one that the request is signed for. It
// is also the location of faults and requests; a request without a readable signature has none.
// See https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
type EC2 struct {
	Behaviour
	config  EC2Config
	handler http.Handler
	answers atomic.Int64 // numbers the request IDs

	mu     sync.Mutex
	added  int // numbers the images
	images map[string][]ec2Image
}

// ec2Image is an AMI with its place in the order of adding, which is the order of answers and what a NextToken points at.
type ec2Image struct {
	AMI
	seq int
}

// NewEC2 returns a server without images.
func NewEC2(c EC2Config) *EC2 {
	c.Account = cmp.Or(c.Account, "123456789012")
	c.AccessKeys = maps.Clone(c.AccessKeys)
	e := &EC2{config: c, images: map[string][]ec2Image{}}
	e.handler = e.wrap(e, http.HandlerFunc(e.answer))
	return e
}

// ServeHTTP answers one request.
func (e *EC2) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.handler.ServeHTTP(w, r) }

// AddImage puts an image into a region and returns its ID. An image with the same ID is replaced.
func (e *EC2) AddImage(region string, a AMI) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.added++
	a = e.complete(a)
	same := func(i ec2Image) bool { return i.ID == a.ID }
	if n := slices.IndexFunc(e.images[region], same); n >= 0 {
		e.images[region][n].AMI = a
		return a.ID
	}
	e.images[region] = append(e.images[region], ec2Image{AMI: a, seq: e.added})
	return a.ID
}

// complete fills in the defaults of an image. What is disabled has lost its launch permissions:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisableImage.html
func (e *EC2) complete(a AMI) AMI {
	a.ID = cmp.Or(a.ID, fmt.Sprintf("ami-%017x", e.added))
	a.Owner = cmp.Or(a.Owner, e.config.Account)
	a.Architecture = cmp.Or(a.Architecture, "x86_64")
	a.State = cmp.Or(a.State, "available")
	a.Virtualization = cmp.Or(a.Virtualization, "hvm")
	a.RootDevice = cmp.Or(a.RootDevice, "ebs")
	a.Public = a.Public && a.State != "disabled"
	if a.Created.IsZero() {
		a.Created = time.Date(2024, time.January, 1, 0, 0, e.added, 0, time.UTC)
	}
	return a
}

// RemoveImage takes an image out of a region. It reports whether there was one.
func (e *EC2) RemoveImage(region, id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := len(e.images[region])
	e.images[region] = slices.DeleteFunc(e.images[region], func(i ec2Image) bool { return i.ID == id })
	return len(e.images[region]) < before
}

// region returns a copy of the images of a region.
func (e *EC2) region(name string) []ec2Image {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.images[name])
}

func (e *EC2) identify(r *http.Request) Request {
	if err := r.ParseForm(); err != nil {
		r.Form = nil // describe refuses it
	}
	s, _ := parseSigV4(r.Header)
	return Request{Location: s.region, Operation: r.Form.Get("Action"), Params: maps.Clone(r.Form)}
}

// authenticate returns the account that signed the request and the region that it was signed for.
func (e *EC2) authenticate(r *http.Request) (account, region string, err error) {
	if r.Header.Get("Authorization") == "" {
		return "", "", errEC2MissingToken
	}
	s, ok := parseSigV4(r.Header)
	if !ok || s.service != "ec2" {
		return "", "", errEC2Auth
	}
	if age := time.Since(s.signed); age.Abs() > sigV4Age {
		return "", "", errEC2Expired
	}
	if len(e.config.AccessKeys) == 0 {
		return e.config.Account, s.region, nil
	}
	account, ok = e.config.AccessKeys[s.accessKey]
	if !ok {
		return "", "", errEC2Auth
	}
	return account, s.region, nil
}
