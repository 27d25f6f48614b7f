package s3_test

import (
	"fmt"
	"net/http/httptest"
	"os"
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
	"github.com/giantswarm/nodeimage/pkg/provider/s3"
)

const (
	bucket    = "gs-public-capi-vm-images"
	region    = "eu-central-1"
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	key       = "capv/{name}/flatcar-{channel}-{flatcar}-kube-v{kubernetes}.ova"
	marker    = "{key}.sha256sums"
)

// TestMain keeps the configuration of whoever runs the tests out of them.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	_ = os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	m.Run()
}

// The keys of image 1.29.7.
const (
	imageName = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"
	ova       = "capv/" + imageName + "/flatcar-stable-3815.2.5-kube-v1.29.7.ova"
	ovaMarker = ova + ".sha256sums"
)

// image is one of Flatcar 3815.2.5 and tooling 1.15.0.
func image(t *testing.T, kubernetes string) inventory.Image {
	t.Helper()
	n, err := name.New(name.Name{Flatcar: "3815.2.5", Kubernetes: kubernetes, Tooling: "1.15.0", Suffix: "gs"}, name.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inventory.Image{Name: n, Lookup: n.String()}
}

// serve starts a cloud with the bucket in it.
func serve(t *testing.T, b clouds.S3Bucket) (*clouds.S3, *httptest.Server) {
	t.Helper()
	cloud := clouds.NewS3(clouds.S3Config{AccessKeys: []string{accessKey}})
	b.Region = region
	cloud.AddBucket(bucket, b)
	server := clouds.Start(cloud)
	t.Cleanup(server.Close)
	return cloud, server
}

func settings() imageset.S3 {
	return imageset.S3{Bucket: bucket, Region: region, Key: key, Marker: marker, PathStyle: true}
}

// at makes the SDK use a server and credentials for it.
func at(url string, more ...func(*config.LoadOptions) error) s3.Options {
	return s3.Options{MaxBackoff: time.Millisecond, Load: append([]func(*config.LoadOptions) error{
		config.WithBaseEndpoint(url),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")),
	}, more...)}
}

// look looks once.
func look(t *testing.T, settings imageset.S3, opts s3.Options, images ...inventory.Image) inventory.Result {
	t.Helper()
	sources, err := s3.New(t.Context(), settings, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) != 1 {
		t.Fatalf("got %d sources, want 1", len(sources))
	}
	target := inventory.Target{Source: sources[0], Images: images}
	return inventory.Gather(t.Context(), []inventory.Target{target}, inventory.Options{Timeout: time.Minute})[0]
}

// finding is the only finding of an image.
func finding(t *testing.T, r inventory.Result, image inventory.Image) inventory.Finding {
	t.Helper()
	findings := r.Findings[image.Lookup]
	if len(findings) != 1 {
		t.Fatalf("got %d findings, want 1: %+v", len(findings), findings)
	}
	return findings[0]
}

// expect checks what was found of images.
func expect(t *testing.T, r inventory.Result, want inventory.State, images ...inventory.Image) {
	t.Helper()
	for _, i := range images {
		if got := finding(t, r, i); got.State != want {
			t.Errorf("%s: got %+v, want it to be %s", i.Lookup, got, want)
		}
	}
}

// expectNote checks what was found of an image, with the only note on it; "" is none.
func expectNote(t *testing.T, r inventory.Result, image inventory.Image, want inventory.State, note string) {
	t.Helper()
	expect(t, r, want, image)
	notes := []string{}
	if note != "" {
		notes = append(notes, note)
	}
	if diff := cmp.Diff(notes, finding(t, r, image).Notes); diff != "" {
		t.Error(diff)
	}
}

// objects are bodies by key.
type objects map[string]string

func put(cloud *clouds.S3, all objects) {
	for key, body := range all {
		cloud.PutObject(bucket, key, clouds.S3Object{Body: []byte(body), Modified: time.Date(2024, 7, 2, 13, 35, 34, 0, time.UTC)})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	const created, id = "2024-07-02T13:35:34Z", "s3://" + bucket + "/" + ova
	for name, c := range map[string]struct {
		marker string
		there  objects
		want   inventory.Finding
	}{
		"object and marker": {
			marker,
			objects{ova: "ova", ovaMarker: "sums"},
			inventory.Finding{State: inventory.Present, ID: id, Created: created},
		},
		"no marker wanted": {
			"",
			objects{ova: "ova"},
			inventory.Finding{State: inventory.Present, ID: id, Created: created},
		},
		"no marker yet": {
			marker,
			objects{ova: "ova"},
			inventory.Finding{State: inventory.Pending, ID: id, Created: created, Notes: []string{"waits for its marker s3://" + bucket + "/" + ovaMarker}},
		},
		"empty marker": {
			marker,
			objects{ova: "ova", ovaMarker: ""},
			inventory.Finding{State: inventory.Pending, ID: id, Created: created, Notes: []string{"waits for its marker s3://" + bucket + "/" + ovaMarker + ", which has 0 bytes"}},
		},
		"marker elsewhere": {
			"done/{name}",
			objects{ova: "ova", "done/" + imageName: "done"},
			inventory.Finding{State: inventory.Present, ID: id, Created: created},
		},
		"only the marker": {
			marker,
			objects{ovaMarker: "sums"},
			inventory.Finding{State: inventory.Absent, Notes: []string{"its marker s3://" + bucket + "/" + ovaMarker + " is there without it"}},
		},
		"empty object": {
			marker,
			objects{ova: "", ovaMarker: "sums"},
			inventory.Finding{State: inventory.Failed, ID: id, Created: created, Notes: []string{"has 0 bytes"}},
		},
		"nothing":               {marker, objects{}, inventory.Finding{State: inventory.Absent}},
		"longer key":            {"", objects{ova + ".part": "ov", ova + "/x": "ova"}, inventory.Finding{State: inventory.Absent}},
		"other case":            {"", objects{strings.ToUpper(ova): "ova", strings.Replace(ova, ".ova", ".OVA", 1): "ova"}, inventory.Finding{State: inventory.Absent}},
		"name without a v only": {"", objects{strings.Replace(ova, "kube-v", "kube-", 1): "ova"}, inventory.Finding{State: inventory.Absent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, server := serve(t, clouds.S3Bucket{})
			put(cloud, c.there)
			s := settings()
			s.Marker = c.marker
			wanted := image(t, "1.29.7")
			c.want.Location = bucket
			if c.want.Notes == nil {
				c.want.Notes = []string{}
			}
			if diff := cmp.Diff(c.want, finding(t, look(t, s, at(server.URL), wanted), wanted)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestArchived(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]inventory.State{
		"STANDARD": inventory.Present, "STANDARD_IA": inventory.Present, "GLACIER_IR": inventory.Present,
		"GLACIER": inventory.Failed, "DEEP_ARCHIVE": inventory.Failed,
	} {
		for access, b := range map[string]clouds.S3Bucket{"listed": {}, "asked for": {NoList: true}} {
			t.Run(class+" "+access, func(t *testing.T) {
				t.Parallel()
				cloud, server := serve(t, b)
				cloud.PutObject(bucket, ova, clouds.S3Object{Body: []byte("ova"), StorageClass: class})
				cloud.PutObject(bucket, ovaMarker, clouds.S3Object{Body: []byte("sums")})
				wanted := image(t, "1.29.7")
				expect(t, look(t, settings(), at(server.URL), wanted), want, wanted)
			})
		}
	}
}

// TestUncommonKeys has keys whose characters mean something in URLs, in XML and in the encoding of listings.
func TestUncommonKeys(t *testing.T) {
	t.Parallel()
	cloud, server := serve(t, clouds.S3Bucket{})
	s := settings()
	s.Key, s.Marker = "a b+c%20d/ü&<é>/{name}.ova", ""
	wanted, missing := image(t, "1.29.7"), image(t, "1.29.8")
	put(cloud, objects{
		"a b+c%20d/ü&<é>/" + wanted.Lookup + ".ova":     "ova",
		"a b+c%20d/ü&<é>/" + wanted.Lookup + ".ova\x01": "a character that XML can't hold",
	})
	r := look(t, s, at(server.URL), wanted, missing)
	expect(t, r, inventory.Present, wanted)
	expect(t, r, inventory.Absent, missing)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings imageset.S3
		want     string
	}{
		"no region":        {imageset.S3{Bucket: bucket, Key: key}, "the bucket gs-public-capi-vm-images has no region: set region, or AWS_REGION"},
		"unknown profile":  {imageset.S3{Bucket: bucket, Key: key, Region: region, Profile: "nobody"}, "loading the AWS configuration for the bucket gs-public-capi-vm-images: failed to get shared config profile, nobody"},
		"directory bucket": {imageset.S3{Bucket: "images--euc1-az1--x-s3", Key: key, Region: region}, "the bucket images--euc1-az1--x-s3 is a directory bucket, whose listings are in no order: only general purpose buckets will do"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sources, err := s3.New(t.Context(), c.settings, s3.Options{})
			if diff := cmp.Diff(c.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("%v %s", sources, diff)
			}
		})
	}
}
