package aws_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/provider/aws"
)

const (
	owner  = "706635527432"
	region = "eu-west-1"
)

func day(month time.Month) time.Time {
	return time.Date(2024, month, 1, 12, 0, 0, 123_000_000, time.UTC)
}

func open(t *testing.T, cloud *clouds.EC2, settings imageset.AWS) []inventory.Source {
	t.Helper()
	server := clouds.Start(cloud)
	t.Cleanup(server.Close)
	return sourcesAt(t, server.URL, settings)
}

func sourcesAt(t *testing.T, url string, settings imageset.AWS) []inventory.Source {
	t.Helper()
	settings.Owner = owner
	sources, err := aws.New(t.Context(), settings, aws.Options{
		MaxBackoff: time.Millisecond, Now: func() time.Time { return day(time.June) },
		Load: []func(*config.LoadOptions) error{
			config.WithBaseEndpoint(url),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIATEST", "secret", "")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func images(n int) []inventory.Image {
	all := make([]inventory.Image, n)
	for i := range all {
		all[i] = inventory.Image{Lookup: fmt.Sprintf("image-%d", i), Name: name.Name{Arch: name.AMD64}}
	}
	return all
}

// TestFindings holds what EC2 answers about one name against what the consumer would take.
func TestFindings(t *testing.T) {
	t.Parallel()
	absent := func(note string) inventory.Finding {
		f := inventory.Finding{Location: region, State: inventory.Absent}
		if note != "" {
			f.Notes = []string{note}
		}
		return f
	}
	found := func(state inventory.State, notes ...string) inventory.Finding {
		return inventory.Finding{Location: region, State: state, ID: "ami-1", Created: "2024-05-01T12:00:00Z", Notes: notes}
	}
	for caseName, tc := range map[string]struct {
		public bool
		arch   string
		amis   []clouds.AMI
		want   inventory.Finding
	}{
		"nothing":      {want: absent("")},
		"available":    {amis: []clouds.AMI{{}}, want: found(inventory.Present)},
		"pending":      {amis: []clouds.AMI{{State: "pending"}}, want: found(inventory.Pending, "ami-1 is pending")},
		"transient":    {amis: []clouds.AMI{{State: "transient"}}, want: found(inventory.Pending, "ami-1 is transient")},
		"failed":       {amis: []clouds.AMI{{State: "failed", StateReason: "Client.ImageFailed: it broke"}}, want: found(inventory.Failed, "ami-1 is failed (Client.ImageFailed): deregister it")},
		"error":        {amis: []clouds.AMI{{State: "error"}}, want: found(inventory.Failed, "ami-1 is error: deregister it")},
		"invalid":      {amis: []clouds.AMI{{State: "invalid"}}, want: found(inventory.Failed, "ami-1 is invalid: deregister it")},
		"disabled":     {amis: []clouds.AMI{{State: "disabled"}}, want: found(inventory.Failed, "ami-1 is disabled: enable or deregister it")},
		"deregistered": {amis: []clouds.AMI{{State: "deregistered"}}, want: absent("ami-1 was deregistered")},
		"a new state":  {amis: []clouds.AMI{{State: "melting"}}, want: found(inventory.Unknown, `ami-1 is in the state "melting", which this version does not know`)},
		"arm64":        {amis: []clouds.AMI{{Architecture: "arm64"}}, want: absent("ami-1 has the architecture arm64, not x86_64: a build would stop at its name")},
		"arm64 wanted": {arch: name.ARM64, amis: []clouds.AMI{{Architecture: "arm64"}}, want: found(inventory.Present)},
		"paravirtual":  {amis: []clouds.AMI{{Virtualization: "paravirtual"}}, want: absent("ami-1 has the virtualization paravirtual, not hvm: a build would stop at its name")},
		"private":      {public: true, amis: []clouds.AMI{{}}, want: absent("ami-1 is private, so other accounts do not find it: make it public, a build would stop at its name")},
		"public":       {public: true, amis: []clouds.AMI{{Public: true}}, want: found(inventory.Present)},
		"deprecated":   {amis: []clouds.AMI{{Deprecated: day(time.May)}}, want: found(inventory.Present, "ami-1 is deprecated")},
		"deprecated for others": {
			public: true, amis: []clouds.AMI{{Public: true, Deprecated: day(time.May)}},
			want: absent("ami-1 is deprecated, so other accounts do not find it: cancel the deprecation, a build would stop at its name"),
		},
		"to be deprecated": {public: true, amis: []clouds.AMI{{Public: true, Deprecated: day(time.July)}}, want: found(inventory.Present)},
		"the newest of two": {
			amis: []clouds.AMI{{}, {ID: "ami-2", Created: day(time.April)}}, want: found(inventory.Present, "2 images have this name; the newest counts"),
		},
		"one that works beside others": {
			amis: []clouds.AMI{{ID: "ami-3", State: "pending", Created: day(time.June)}, {}, {ID: "ami-2", State: "failed"}},
			want: found(inventory.Present, "ami-3 is pending", "ami-2 is failed: deregister it"),
		},
		"a new state beside a broken one": {
			amis: []clouds.AMI{{State: "melting"}, {ID: "ami-2", State: "failed"}},
			want: found(inventory.Unknown, `ami-1 is in the state "melting", which this version does not know`, "ami-2 is failed: deregister it"),
		},
		"somebody else's": {amis: []clouds.AMI{{Owner: "111122223333", Public: true}}, want: absent("")},
	} {
		t.Run(caseName, func(t *testing.T) {
			t.Parallel()
			cloud := clouds.NewEC2(clouds.EC2Config{Account: owner})
			for _, ami := range tc.amis {
				ami.Name = "image-0"
				if ami.ID == "" {
					ami.ID = "ami-1"
				}
				if ami.Created.IsZero() {
					ami.Created = day(time.May)
				}
				cloud.AddImage(region, ami)
			}
			wanted := images(1)
			if tc.arch != "" {
				wanted[0].Name.Arch = tc.arch
			}
			findings, err := open(t, cloud, imageset.AWS{Regions: []string{region}, Public: tc.public})[0].Look(t.Context(), wanted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]inventory.Finding{tc.want}, findings["image-0"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnswersThatAreNone has proxies in front of EC2 that answer with a success of their own.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for caseName, tc := range map[string]struct {
		status int
		body   string
	}{
		"empty": {200, ""}, "no content": {204, ""}, "a page": {200, "<html>log in</html>"}, "accepted": {202, "<html>log in</html>"},
		"partial":       {206, "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>"},
		"without a set": {200, "<DescribeImagesResponse></DescribeImagesResponse>"},
	} {
		t.Run(caseName, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			}))
			t.Cleanup(server.Close)
			findings, err := sourcesAt(t, server.URL, imageset.AWS{Regions: []string{region}})[0].Look(t.Context(), images(1))
			if err == nil || len(findings) != 0 {
				t.Errorf("got %v, %v", findings, err)
			}
		})
	}
}

// TestBatches asks about more names than a request takes; what the first request answered outlives a second one that fails.
func TestBatches(t *testing.T) {
	t.Parallel()
	cloud := clouds.NewEC2(clouds.EC2Config{Account: owner, EmptyPages: true})
	cloud.AddImage(region, clouds.AMI{Name: "image-0"})
	cloud.AddImage(region, clouds.AMI{Name: "image-400"})
	source := open(t, cloud, imageset.AWS{Regions: []string{region}})[0]
	findings, err := source.Look(t.Context(), images(401))
	if err != nil || len(findings) != 401 || findings["image-400"][0].State != inventory.Present || findings["image-399"][0].State != inventory.Absent {
		t.Errorf("%d findings, %v", len(findings), err)
	}

	cloud.Reset()
	cloud.FailFrom(region, 3, clouds.Forbidden) // the first batch takes two requests, an empty page and one with the image
	findings, err = source.Look(t.Context(), images(401))
	if err == nil || !strings.Contains(err.Error(), "UnauthorizedOperation (HTTP 403)") {
		t.Errorf("got %v", err)
	}
	if len(findings) != 200 || findings["image-0"][0].State != inventory.Present {
		t.Errorf("%d findings of the first batch, want 200", len(findings))
	}
}

// TestRegions asks each region once, for all names, with what EC2 takes for patterns escaped.
func TestRegions(t *testing.T) {
	t.Parallel()
	cloud := clouds.NewEC2(clouds.EC2Config{Account: owner})
	sources := open(t, cloud, imageset.AWS{Regions: []string{"eu-west-1", "us-east-1"}})
	for _, s := range sources {
		if _, err := s.Look(t.Context(), []inventory.Image{{Lookup: `a*b?c\d`}, {Lookup: "plain"}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sources {
		requests := cloud.Requests(s.Locations()...)
		if len(requests) != 1 {
			t.Fatalf("%v: %d requests, want 1", s.Locations(), len(requests))
		}
		got := requests[0].Params
		want := map[string]string{
			"Owner.1": owner, "Filter.1.Name": "name", "Filter.1.Value.1": `a\*b\?c\\d`, "Filter.1.Value.2": "plain", "MaxResults": "500",
		}
		for key, value := range want {
			if got.Get(key) != value {
				t.Errorf("%s is %q, want %q", key, got.Get(key), value)
			}
		}
	}
}

// TestCredentials are asked for before any request, and their absence is said in words of its own.
func TestCredentials(t *testing.T) {
	t.Parallel()
	sources, err := aws.New(t.Context(), imageset.AWS{Owner: owner, Regions: []string{region}}, aws.Options{
		Load: []func(*config.LoadOptions) error{config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("", "", ""))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sources[0].Look(t.Context(), images(1)); err == nil || !strings.HasPrefix(err.Error(), "there are no usable AWS credentials") {
		t.Errorf("got %v", err)
	}
	if _, err := aws.New(t.Context(), imageset.AWS{Owner: owner, Regions: []string{region}, Profile: "no-such-profile"}, aws.Options{}); err == nil {
		t.Error("a profile that doesn't exist is accepted")
	}
}
